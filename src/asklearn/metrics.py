"""How good predictions are. Higher is better for every metric, so losses come negated.

A metric is either the mean of a value per item, within known bounds (accuracy, negated Brier score and log
loss), or a number that only a whole set has (balanced accuracy, macro-F1, calibration error).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from asklearn.errors import BadInput
from asklearn.registry import register
from asklearn.types import Floats, Indices

LOG_LOSS_FLOOR = 1e-6
ECE_BINS = 10


@dataclass(frozen=True, slots=True)
class Metric:
    """A named measure of predictions.

    Attributes
    ----------
    name : str
        As registered.
    score : callable
        ``score(proba_NC, truth_N) -> float``; ``truth_N`` are column numbers.
    items : callable or None
        ``items(proba_NC, truth_N) -> values_N`` whose mean is the score; None if there is no such thing.
    low, high : float
        Bounds of the score (and of each item's value).
    """

    name: str
    score: Callable[[Floats, Indices], float]
    items: Callable[[Floats, Indices], Floats] | None
    low: float
    high: float

    def __call__(self, proba_NC: Floats, truth_N: Indices) -> float:
        if len(proba_NC) != len(truth_N) or len(truth_N) == 0:
            raise BadInput(
                f"Expected a true class for each of {len(proba_NC)} predictions. Got {len(truth_N)}."
            )
        return self.score(proba_NC, truth_N)


def metric(name: str) -> Metric:
    """Return the metric registered as `name`.

    Examples
    --------
    >>> import numpy as np
    >>> metric("accuracy")(np.array([[0.7, 0.3], [0.6, 0.4]]), np.array([0, 1]))
    0.5
    """
    from asklearn.registry import lookup

    found: Metric = lookup("metrics", name)
    return found


def _of_items(name: str, items: Callable[[Floats, Indices], Floats], low: float, high: float) -> None:
    def score(proba_NC: Floats, truth_N: Indices) -> float:
        return float(items(proba_NC, truth_N).mean())

    register("metrics", name)(Metric(name, score, items, low, high))


def _correct(proba_NC: Floats, truth_N: Indices) -> Floats:
    return np.asarray(proba_NC.argmax(1) == truth_N, np.float64)


def _neg_log_loss(proba_NC: Floats, truth_N: Indices) -> Floats:
    true_N = proba_NC[np.arange(len(truth_N)), truth_N].astype(np.float64)
    return np.asarray(np.log(np.clip(true_N, LOG_LOSS_FLOOR, 1.0)))


def _neg_brier(proba_NC: Floats, truth_N: Indices) -> Floats:
    off_NC = proba_NC.astype(np.float64)
    off_NC[np.arange(len(truth_N)), truth_N] -= 1
    return np.asarray(-(off_NC**2).sum(1))


def _balanced_accuracy(proba_NC: Floats, truth_N: Indices) -> float:
    hits_C = np.bincount(truth_N, proba_NC.argmax(1) == truth_N, minlength=proba_NC.shape[1])
    count_C = np.bincount(truth_N, minlength=proba_NC.shape[1])
    return float((hits_C[count_C > 0] / count_C[count_C > 0]).mean())


def _macro_f1(proba_NC: Floats, truth_N: Indices) -> float:
    guess_N = proba_NC.argmax(1)
    classes = proba_NC.shape[1]
    hits_C = np.bincount(truth_N, guess_N == truth_N, minlength=classes)
    both_C = np.bincount(truth_N, minlength=classes) + np.bincount(guess_N, minlength=classes)
    return float((2 * hits_C[both_C > 0] / both_C[both_C > 0]).mean())


def confidence_bins(proba_NC: Floats) -> Indices:
    """Return which of the ten equal bins of top-class confidence each item falls into.

    Examples
    --------
    >>> import numpy as np
    >>> confidence_bins(np.array([[0.95, 0.05], [0.52, 0.48]]))
    array([9, 5])
    """
    confidence_N = proba_NC.max(1).astype(np.float64)
    return np.asarray(np.minimum((confidence_N * ECE_BINS).astype(np.intp), ECE_BINS - 1))


def calibration_bins(
    proba_NC: Floats, truth_N: Indices, weight_N: Floats | None = None
) -> tuple[Floats, Floats, Floats]:
    """Return (count, mean confidence, accuracy) of the ten equal bins of top-class confidence.

    With weights the count is their sum, and the means are weighted.

    Examples
    --------
    >>> import numpy as np
    >>> calibration_bins(np.array([[0.95, 0.05], [0.93, 0.07]]), np.array([0, 1]))[2][9]
    np.float64(0.5)
    """
    weight_N = np.ones(len(truth_N)) if weight_N is None else np.asarray(weight_N, np.float64)
    confidence_N, bin_N = proba_NC.max(1).astype(np.float64), confidence_bins(proba_NC)
    count_B = np.bincount(bin_N, weights=weight_N, minlength=ECE_BINS).astype(np.float64)
    safe_B = np.where(count_B > 0, count_B, 1.0)
    mean_B = np.bincount(bin_N, weight_N * confidence_N, minlength=ECE_BINS) / safe_B
    right_B = np.bincount(bin_N, weight_N * (proba_NC.argmax(1) == truth_N), minlength=ECE_BINS) / safe_B
    return count_B, mean_B, right_B


def _neg_ece(proba_NC: Floats, truth_N: Indices) -> float:
    count_B, mean_B, right_B = calibration_bins(proba_NC, truth_N)
    return -float((count_B * np.abs(mean_B - right_B)).sum() / count_B.sum())


_of_items("accuracy", _correct, 0.0, 1.0)
_of_items("neg_log_loss", _neg_log_loss, float(np.log(LOG_LOSS_FLOOR)), 0.0)
_of_items("neg_brier", _neg_brier, -2.0, 0.0)
register("metrics", "balanced_accuracy")(Metric("balanced_accuracy", _balanced_accuracy, None, 0.0, 1.0))
register("metrics", "macro_f1")(Metric("macro_f1", _macro_f1, None, 0.0, 1.0))
register("metrics", "neg_ece")(Metric("neg_ece", _neg_ece, None, -1.0, 0.0))
