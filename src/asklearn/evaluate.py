"""An estimate and an interval from the labels of an audit: no test set needed.

The audit's items are a uniform sample of the pool, and their predictions come from models that did not
see their labels (cross-fitting), so the estimate is of the error on a new item from the pool's
distribution. An audit item that nobody could label counts as wrong at the low end and as right at the
high end.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from asklearn.errors import BadInput
from asklearn.intervals import betting, exact_binomial
from asklearn.metrics import Metric, calibration_bins
from asklearn.types import Estimate, Floats, Indices

UNKNOWN = -1
MIN_PER_CLASS = 5


def estimate(
    metric: Metric,
    proba_NC: Floats,
    truth_N: Indices,
    rng: Generator,
    *,
    weight_N: Floats | None = None,
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
        Weights of mean one where parts of the population were sampled at different rates.
    level : float
        Confidence of the interval.

    Returns
    -------
    Estimate
        Accuracy has an exact binomial interval (betting if weighted); other means over items, and what
        each mistake takes from balanced accuracy and macro-F1, a betting one; the calibration error
        simultaneous exact bounds over its bins. Where there are too few labels the interval is everything
        that is possible, and `method` says so.

    Raises
    ------
    BadInput
        If shapes do not match.

    Examples
    --------
    >>> import numpy as np
    >>> from asklearn.metrics import metric
    >>> proba = np.tile([0.8, 0.2], (50, 1))
    >>> truth = np.r_[np.zeros(40, int), np.ones(10, int)]
    >>> print(estimate(metric("accuracy"), proba, truth, np.random.default_rng(0)))
    accuracy 0.800 [0.663, 0.900] (95%, 50 labels, exact binomial)
    """
    if len(proba_NC) != len(truth_N):
        raise BadInput(f"Expected a true class for each of {len(proba_NC)} predictions. Got {len(truth_N)}.")
    known_N = truth_N != UNKNOWN
    if not known_N.any():
        middle = (metric.low + metric.high) / 2
        return Estimate(
            metric.name, middle, metric.low, metric.high, 0, "too few labels: no audit label", level
        )
    interval = _interval(metric)
    weight_N = np.ones(len(truth_N)) if weight_N is None else np.asarray(weight_N, np.float64)
    value = _value(metric, proba_NC[known_N], truth_N[known_N], weight_N[known_N])
    if known_N.all() or interval is _ece_interval:
        low, high, method = interval(metric, proba_NC, truth_N, weight_N, rng, level)
    else:
        worst_N = _worst(metric, proba_NC, truth_N)
        best_N = np.where(known_N, truth_N, proba_NC.argmax(1))
        low = interval(metric, proba_NC, worst_N, weight_N, rng, level)[0]
        _, high, method = interval(metric, proba_NC, best_N, weight_N, rng, level)
    if not known_N.all():
        method += f", {int((~known_N).sum())} without a label counted as wrong and as right"
    return Estimate(metric.name, value, min(low, value), max(high, value), int(known_N.sum()), method, level)


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


def _value(metric: Metric, proba_NC: Floats, truth_N: Indices, weight_N: Floats) -> float:
    if metric.name == "neg_ece":
        return metric.score(proba_NC, truth_N)
    if metric.items is None:
        return 1 - float(_per_class_losses(metric, proba_NC, truth_N, weight_N)[0].mean())
    return float(np.average(metric.items(proba_NC, truth_N), weights=weight_N))


Interval = Callable[[Metric, Floats, Indices, Floats, Generator, float], tuple[float, float, str]]


def _interval(metric: Metric) -> Interval:
    if metric.items is not None:
        return _mean_interval
    return _ece_interval if metric.name == "neg_ece" else _per_class_interval


def _mean_interval(
    metric: Metric, proba_NC: Floats, truth_N: Indices, weight_N: Floats, rng: Generator, level: float
) -> tuple[float, float, str]:
    assert metric.items is not None
    values_N = metric.items(proba_NC, truth_N)
    equal = bool(np.allclose(weight_N, weight_N[0]))
    if metric.name == "accuracy" and equal:
        return *exact_binomial(round(float(values_N.sum())), len(values_N), level), "exact binomial"
    span = metric.high - metric.low
    scaled_N = np.clip((values_N - metric.low) / span, 0, 1) * weight_N / weight_N.max()
    low, high = betting(rng.permutation(scaled_N), level)
    top = float(weight_N.max() / weight_N.mean())
    return metric.low + span * low * top, min(metric.low + span * high * top, metric.high), "betting"


def _per_class_interval(
    metric: Metric, proba_NC: Floats, truth_N: Indices, weight_N: Floats, rng: Generator, level: float
) -> tuple[float, float, str]:
    rarest = int(np.bincount(truth_N, minlength=proba_NC.shape[1]).min())
    if rarest < MIN_PER_CLASS:
        few = f"too few labels: {MIN_PER_CLASS} of each class are needed, the rarest has {rarest}"
        return metric.low, metric.high, few
    loss_N, most = _per_class_losses(metric, proba_NC, truth_N, weight_N)
    low, high = betting(rng.permutation(loss_N) / most, level)
    return max(1 - high * most, metric.low), min(1 - low * most, metric.high), "betting on losses per class"


def _per_class_losses(
    metric: Metric, proba_NC: Floats, truth_N: Indices, weight_N: Floats
) -> tuple[Floats, float]:
    """Return what each item takes from the metric, and the most that one could; 1 - mean is the metric.

    Balanced accuracy is one less the mean over classes of FN / (TP + FN), and macro-F1 that of
    (FN + FP) / (2 TP + FN + FP). So a mistake costs the inverse size of its true class, or for macro-F1 the
    inverse sizes of the two classes that it confuses, and a correct prediction costs nothing.
    """
    guess_N, classes = proba_NC.argmax(1), proba_NC.shape[1]
    size_C = np.bincount(truth_N, weight_N, classes)
    if metric.name == "macro_f1":
        size_C += np.bincount(guess_N, weight_N, classes)
    here_C = size_C > 0
    cost_C = np.divide(weight_N.sum() / here_C.sum(), size_C, out=np.zeros(classes), where=here_C)
    cost_N, most = cost_C[truth_N], float(cost_C.max())
    if metric.name == "macro_f1":
        cost_N, most = cost_N + cost_C[guess_N], float(np.sort(cost_C)[-2:].sum())
    scale = weight_N * len(weight_N) / weight_N.sum()
    return np.where(guess_N == truth_N, 0.0, cost_N * scale), most * float(scale.max())


def _ece_interval(
    metric: Metric, proba_NC: Floats, truth_N: Indices, weight_N: Floats, rng: Generator, level: float
) -> tuple[float, float, str]:
    count_B, mean_B, right_B = calibration_bins(proba_NC, truth_N)
    perhaps_B = calibration_bins(proba_NC, np.where(truth_N == UNKNOWN, proba_NC.argmax(1), truth_N))[2]
    used = np.flatnonzero(count_B)
    per_bin = 1 - (1 - level) / len(used)
    least = most = 0.0
    for b in used:
        n = int(count_B[b])
        low = exact_binomial(round(float(right_B[b] * n)), n, per_bin)[0]
        high = exact_binomial(round(float(perhaps_B[b] * n)), n, per_bin)[1]
        share = count_B[b] / count_B.sum()
        least += share * max(low - mean_B[b], mean_B[b] - high, 0.0)
        most += share * max(abs(low - mean_B[b]), abs(high - mean_B[b]))
    return -float(most), 0.0 - float(least), "exact bounds over the bins"


def folds(n: int, k: int, rng: Generator) -> list[Indices]:
    """Split range(n) into min(n, k) random folds of near equal size.

    Examples
    --------
    >>> import numpy as np
    >>> [len(fold) for fold in folds(7, 3, np.random.default_rng(0))]
    [3, 2, 2]
    """
    return [np.sort(part) for part in np.array_split(rng.permutation(n), max(min(n, k), 1)) if len(part)]
