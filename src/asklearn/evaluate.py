"""An estimate and an interval from the labels of an audit: no test set needed.

The audit's items are a random sample of the pool, drawn with known probabilities, and their predictions come
from models that did not see their labels (cross-fitting), so the estimate is of the error on a new item from
the pool's distribution. An audit item that nobody could label counts as wrong at the low end and as right at
the high end.

What is counted, and how, is decided by the metric and the number of labels alone, before any is looked at;
never by which interval comes out narrowest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from asklearn.errors import BadInput
from asklearn.estimators import WeightedMean, weighted_mean
from asklearn.intervals import betting, effective_binomial, exact_binomial
from asklearn.metrics import Metric, calibration_bins, confidence_bins
from asklearn.types import Estimate, Floats, Indices

UNKNOWN = -1
MIN_PER_CLASS = 5
MIN_FOR_ECE = 30
MIN_FOR_CONTROL = 20
MIN_FOR_VARIANCE = 100
UNSEEN = 2
UNSEEN_BY_CLASS = 4
SKEWED = 4

Flags: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Control:
    """A control variate: what predictions say of each item's value, and of the population's mean.

    Attributes
    ----------
    values_N : ndarray of shape (N,)
        Predicted value of the metric for each audit item, by a model that did not see its label: the
        predicted probability that the answer is right, say.
    mean : float
        Mean of such predictions over the pool, or over a uniform sample of it.
    size : int
        Number of items behind that mean.
    """

    values_N: Floats
    mean: float
    size: int


def estimate(
    metric: Metric,
    proba_NC: Floats,
    truth_N: Indices,
    rng: Generator,
    *,
    weight_N: Floats | None = None,
    control: Control | None = None,
    level: float = 0.95,
) -> Estimate:
    """Estimate a metric from a random sample of items, with an interval.

    Parameters
    ----------
    metric : Metric
        What to estimate.
    proba_NC : ndarray of shape (N, C)
        Predictions for the sample, from models that did not train on it.
    truth_N : ndarray of int, shape (N,)
        Column of the true class, or ``UNKNOWN`` (-1) for an item that nobody could label.
    rng : Generator
        Puts the items into random order for betting.
    weight_N : ndarray of shape (N,), optional
        Design weights, proportional to the inverse probability of each draw; above zero.
    control : Control, optional
        What predictions alone say of the metric; for metrics that are means over items, and used from
        20 labels on.
    level : float
        Confidence of the interval.

    Returns
    -------
    Estimate
        For a mean over items the weighted mean with the control variate (prediction-powered, its share by
        :func:`~asklearn.estimators.weighted_mean`). Accuracy has an exact binomial interval, at the
        effective number of labels if weighted or controlled; other means a betting one below 100 labels and
        from there on one at the effective number of labels. So have balanced accuracy and macro-F1, from
        five labels of each class on; the calibration error has simultaneous exact bounds over its bins.
        Where there are too few labels the interval is everything that is possible, and `method` says so.

    Raises
    ------
    BadInput
        If shapes do not match, or a weight is not above zero.

    References
    ----------
    Hajek 1971; Zrnic & Candès 2024 ("Active statistical inference"); Angelopoulos, Duchi & Zrnic 2023
    ("PPI++"); Korn & Graubard 1998 (the interval at an effective number of labels).

    Examples
    --------
    >>> import numpy as np
    >>> from asklearn.metrics import metric
    >>> proba = np.tile([0.8, 0.2], (50, 1))
    >>> truth = np.r_[np.zeros(40, int), np.ones(10, int)]
    >>> print(estimate(metric("accuracy"), proba, truth, np.random.default_rng(0)))
    accuracy 0.800 [0.663, 0.900] (95%, 50 labels, exact binomial)
    """
    weight_N = checked_weights(proba_NC, truth_N, weight_N, control)
    known_N = truth_N != UNKNOWN
    if not known_N.any():
        middle = (metric.low + metric.high) / 2
        return Estimate(
            metric.name, middle, metric.low, metric.high, 0, "too few labels: no audit label", level
        )
    if metric.items is None or len(truth_N) < MIN_FOR_CONTROL:
        control = None
    interval = _interval(metric, control)
    value = _value(metric, proba_NC[known_N], truth_N[known_N], weight_N[known_N], _take(control, known_N))
    if known_N.all() or metric.name == "neg_ece":
        low, high, method = interval(metric, proba_NC, truth_N, weight_N, rng, level)
    else:
        worst_N = _worst(metric, proba_NC, truth_N)
        best_N = np.where(known_N, truth_N, proba_NC.argmax(1))
        low = interval(metric, proba_NC, worst_N, weight_N, rng, level)[0]
        _, high, method = interval(metric, proba_NC, best_N, weight_N, rng, level)
    if not known_N.all():
        method += f", {int((~known_N).sum())} without a label counted as wrong and as right"
    return Estimate(metric.name, value, min(low, value), max(high, value), int(known_N.sum()), method, level)


def checked_weights(
    proba_NC: Floats, truth_N: Indices, weight_N: Floats | None, control: Control | None = None
) -> Floats:
    """Return the weights of a sample, equal ones by default.

    Raises
    ------
    BadInput
        If there is not one true class, weight above zero and control value for each prediction.
    """
    n = len(proba_NC)
    if len(truth_N) != n:
        raise BadInput(f"Expected a true class for each of {n} predictions. Got {len(truth_N)}.")
    if control is not None and len(control.values_N) != n:
        raise BadInput(f"Expected a control value for each of {n} items. Got {len(control.values_N)}.")
    weight_N = np.ones(n) if weight_N is None else np.asarray(weight_N, np.float64)
    if weight_N.shape != (n,) or not (weight_N > 0).all():
        raise BadInput(f"Expected a weight above zero for each of {n} items. Got {weight_N}.")
    return weight_N


def _take(control: Control | None, chosen_N: Flags) -> Control | None:
    return None if control is None else Control(control.values_N[chosen_N], control.mean, control.size)


def _worst(metric: Metric, proba_NC: Floats, truth_N: Indices) -> Indices:
    """Return the true classes with each unknown one a mistake that costs the metric most."""
    worst_N = np.where(truth_N == UNKNOWN, proba_NC.argmin(1), truth_N)
    if metric.items is not None or metric.name == "neg_ece":
        return worst_N
    for i in np.flatnonzero(truth_N == UNKNOWN):
        scores = []
        for c in range(proba_NC.shape[1]):
            worst_N[i] = c
            scores.append(metric.score(proba_NC, worst_N))
        worst_N[i] = int(np.argmin(scores))
    return worst_N


def _value(
    metric: Metric, proba_NC: Floats, truth_N: Indices, weight_N: Floats, control: Control | None
) -> float:
    if metric.name == "neg_ece":
        return _neg_ece(proba_NC, truth_N, weight_N)
    if metric.items is None:
        return _per_class(metric, proba_NC, truth_N, weight_N)[0]
    value = _mean(metric.items(proba_NC, truth_N), weight_N, control).value
    return min(max(value, metric.low), metric.high)


Interval = Callable[[Metric, Floats, Indices, Floats, Generator, float], tuple[float, float, str]]


def _interval(metric: Metric, control: Control | None) -> Interval:
    if metric.items is not None:
        return partial(_mean_interval, control=control)
    return _ece_interval if metric.name == "neg_ece" else _per_class_interval


def _mean(values_N: Floats, weight_N: Floats, control: Control | None) -> WeightedMean:
    if control is None:
        return weighted_mean(values_N, weight_N)
    alone = weighted_mean(control.values_N, weight_N)
    error = float(np.sqrt(alone.plain * alone.effective / max(control.size, 1)))
    return weighted_mean(values_N, weight_N, control.values_N, control_mean=control.mean, control_error=error)


def _mean_interval(
    metric: Metric,
    proba_NC: Floats,
    truth_N: Indices,
    weight_N: Floats,
    rng: Generator,
    level: float,
    *,
    control: Control | None,
) -> tuple[float, float, str]:
    assert metric.items is not None
    values_N, span = metric.items(proba_NC, truth_N), metric.high - metric.low
    scaled_N = np.clip((values_N - metric.low) / span, 0, 1)
    counted = metric.name == "accuracy"
    if counted and control is None and np.allclose(weight_N, weight_N[0]):
        return *exact_binomial(round(float(values_N.sum())), len(values_N), level), "exact binomial"
    if counted or len(values_N) >= MIN_FOR_VARIANCE:
        mean = _mean(scaled_N, weight_N, _scaled(control, metric))
        freedom = (mean.effective - 1) / (1 if counted else SKEWED)
        low, high = effective_binomial(
            mean.value, _cautious(mean, scaled_N, weight_N), mean.effective, level, freedom=freedom
        )
        method = "exact binomial" if counted else "beta"
        method += " of effective labels" + (f", control variate {mean.share:.0%}" if control else "")
    else:
        order = rng.permutation(len(scaled_N))
        low, high = betting(scaled_N[order], level, weight_N=(weight_N / weight_N.mean())[order])
        method = "betting"
    return metric.low + span * low, metric.low + span * high, method


def _scaled(control: Control | None, metric: Metric) -> Control | None:
    if control is None:
        return None
    span = metric.high - metric.low
    return Control((control.values_N - metric.low) / span, (control.mean - metric.low) / span, control.size)


def _cautious(mean: WeightedMean, scaled_N: Floats, weight_N: Floats) -> float:
    """Return the variance, drawn to what it would be if weights and predictions knew nothing.

    Few mistakes tell little of how mistakes are spread over weights and predictions: a heavy one may not
    have been seen yet. So two mistakes without any such pattern are added to those seen, of which each
    counts by its weight relative to the heaviest.
    """
    seen = _seen(scaled_N, weight_N)
    return (seen * mean.variance + UNSEEN * mean.plain) / (seen + UNSEEN)


def _seen(scaled_N: Floats, weight_N: Floats) -> float:
    """Return how many mistakes (or hits, if rarer) were seen, each by its weight against the heaviest."""
    rarer_N = scaled_N if scaled_N.mean() < 0.5 else 1 - scaled_N
    return float(rarer_N @ weight_N) / float(weight_N.max())


def _per_class_interval(
    metric: Metric, proba_NC: Floats, truth_N: Indices, weight_N: Floats, rng: Generator, level: float
) -> tuple[float, float, str]:
    rarest = int(np.bincount(truth_N, minlength=proba_NC.shape[1]).min())
    if rarest < MIN_PER_CLASS:
        few = f"too few labels: {MIN_PER_CLASS} of each class are needed, the rarest has {rarest}"
        return metric.low, metric.high, few
    value, part_N = _per_class(metric, proba_NC, truth_N, weight_N)
    mean, effective_C = _class_mean(value, part_N, truth_N, weight_N)
    seen = _seen(np.asarray(proba_NC.argmax(1) == truth_N, np.float64), weight_N)
    pull_C = np.array([seen, UNSEEN_BY_CLASS]) / (seen + UNSEEN_BY_CLASS)
    share_N = weight_N / weight_N.sum()
    observed_C = np.bincount(truth_N, (share_N * part_N) ** 2)
    variance_C = pull_C[0] * observed_C + pull_C[1] * mean.plain / effective_C / (1 / effective_C).sum()
    variance = float(variance_C.sum())
    freedom = variance**2 / float((variance_C**2 / np.maximum(effective_C - 1, 1)).sum()) if variance else 1.0
    low, high = effective_binomial(value, variance, mean.effective, level, freedom=freedom)
    return low, high, "beta of effective labels per class"


def _class_mean(
    value: float, part_N: Floats, truth_N: Indices, weight_N: Floats
) -> tuple[WeightedMean, Floats]:
    """Return the mean over classes as if all were equally hard, and each class's effective labels."""
    effective_C = np.bincount(truth_N, weight_N) ** 2 / np.bincount(truth_N, weight_N**2)
    effective = len(effective_C) ** 2 / float((1 / effective_C).sum())
    share_N = weight_N / weight_N.sum()
    variance = float((share_N * part_N) @ (share_N * part_N))
    return WeightedMean(value, variance, value * (1 - value) / effective, effective, 0.0), effective_C


def _per_class(metric: Metric, proba_NC: Floats, truth_N: Indices, weight_N: Floats) -> tuple[float, Floats]:
    """Return balanced accuracy or macro-F1, and what each item moves it by (linearised; their mean is 0).

    Both are means over classes of a ratio: TP / (TP + FN), and 2 TP / (2 TP + FN + FP). An item moves a
    ratio by what it adds to the numerator less the ratio times what it adds to the denominator, over the
    denominator.
    """
    guess_N, classes = proba_NC.argmax(1), proba_NC.shape[1]
    f1 = metric.name == "macro_f1"
    hit_N, times = (guess_N == truth_N).astype(np.float64), 2.0 if f1 else 1.0
    size_C = np.bincount(truth_N, weight_N, classes)
    if f1:
        size_C += np.bincount(guess_N, weight_N, classes)
    here_C = size_C > 0
    ratio_C = np.divide(
        times * np.bincount(truth_N, weight_N * hit_N, classes), size_C, out=np.zeros(classes), where=here_C
    )
    scale_C = np.divide(weight_N.sum() / here_C.sum(), size_C, out=np.zeros(classes), where=here_C)
    part_N = scale_C[truth_N] * (times * hit_N - ratio_C[truth_N])
    if f1:
        part_N -= scale_C[guess_N] * ratio_C[guess_N]
    return float(ratio_C[here_C].mean()), part_N


def _neg_ece(proba_NC: Floats, truth_N: Indices, weight_N: Floats) -> float:
    weight_B, said_B, right_B = calibration_bins(proba_NC, truth_N, weight_N)
    return -float((weight_B * np.abs(said_B - right_B)).sum() / weight_B.sum())


def _ece_interval(
    metric: Metric, proba_NC: Floats, truth_N: Indices, weight_N: Floats, rng: Generator, level: float
) -> tuple[float, float, str]:
    if len(truth_N) < MIN_FOR_ECE:
        few = f"too few labels: {MIN_FOR_ECE} are needed, there are {len(truth_N)}"
        return metric.low, metric.high, few
    bin_N, surest_N = confidence_bins(proba_NC), proba_NC.argmax(1)
    right_N, perhaps_N = surest_N == truth_N, (surest_N == truth_N) | (truth_N == UNKNOWN)
    used = np.unique(bin_N)
    per_bin = 1 - (1 - level) / len(used)
    least = most = 0.0
    for b in used:
        here = bin_N == b
        said = float(np.average(proba_NC[here].max(1), weights=weight_N[here]))
        low = share_interval(right_N[here], weight_N[here], per_bin)[0]
        high = share_interval(perhaps_N[here], weight_N[here], per_bin)[1]
        part = float(weight_N[here].sum() / weight_N.sum())
        least += part * max(low - said, said - high, 0.0)
        most += part * max(abs(low - said), abs(high - said))
    return -most, 0.0 - least, "exact bounds over the bins"


def share_interval(hit_N: Flags, weight_N: Floats, level: float = 0.95) -> tuple[float, float]:
    """Return an interval for the share of a population: exact binomial, at the effective number if weighted.

    Parameters
    ----------
    hit_N : ndarray of bool, shape (N,)
        Which items of the sample count.
    weight_N : ndarray of shape (N,)
        Design weights; above zero.
    level : float
        Confidence, in (0, 1).

    Examples
    --------
    >>> import numpy as np
    >>> low, high = share_interval(np.arange(20) < 18, np.ones(20))
    >>> round(low, 3), round(high, 3)
    (0.683, 0.988)
    """
    if len(hit_N) == 0:
        return 0.0, 1.0
    if np.allclose(weight_N, weight_N[0]):
        return exact_binomial(int(hit_N.sum()), len(hit_N), level)
    mean = weighted_mean(hit_N, weight_N)
    cautious = _cautious(mean, hit_N.astype(np.float64), np.asarray(weight_N))
    return effective_binomial(mean.value, cautious, mean.effective, level, freedom=mean.effective - 1)


def folds(n: int, k: int, rng: Generator) -> list[Indices]:
    """Split range(n) into min(n, k) random folds of near equal size.

    Examples
    --------
    >>> import numpy as np
    >>> [len(fold) for fold in folds(7, 3, np.random.default_rng(0))]
    [3, 2, 2]
    """
    return [np.sort(part) for part in np.array_split(rng.permutation(n), max(min(n, k), 1)) if len(part)]
