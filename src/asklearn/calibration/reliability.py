"""A reliability diagram: of the items that a model is 80% sure of, how many does it get right?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from asklearn.evaluate import UNKNOWN
from asklearn.intervals import exact_binomial, weighted_proportion
from asklearn.types import Floats, Indices

BINS = 10


@dataclass(frozen=True, slots=True)
class Reliability:
    """What a reliability diagram shows; B bins with at least one item.

    Attributes
    ----------
    from_B, to_B : ndarray of shape (B,)
        Bounds of each bin of confidence.
    count_B : ndarray of int, shape (B,)
        Items in it.
    share_B : ndarray of shape (B,)
        Share of the population in it, estimated.
    confidence_B, accuracy_B : ndarray of shape (B,)
        Mean confidence, and share of correct predictions; an item without a label is in neither.
    low_B, high_B : ndarray of shape (B,)
        Interval of the accuracy; an item without a label counts as wrong in one and as right in the other.
    level : float
        Confidence of each bin's interval, taken alone.
    """

    from_B: Floats
    to_B: Floats
    count_B: Indices
    share_B: Floats
    confidence_B: Floats
    accuracy_B: Floats
    low_B: Floats
    high_B: Floats
    level: float


def reliability(
    proba_NC: Floats,
    truth_N: Indices,
    weight_N: Floats | None = None,
    *,
    bins: int = BINS,
    level: float = 0.95,
) -> Reliability:
    """Return the reliability diagram of predictions for a random sample of items.

    Parameters
    ----------
    proba_NC : ndarray of shape (N, C)
        Predictions from models that did not train on the items.
    truth_N : ndarray of int, shape (N,)
        Column of the true class, or -1 for an item that nobody could label.
    weight_N : ndarray of shape (N,), optional
        What each item speaks for, up to a factor, where items were drawn with unequal probability.
    bins : int
        Number of bins of equal width between 0 and 1.
    level : float
        Confidence of each bin's interval.

    Returns
    -------
    Reliability
        Bins without an item are left out. Intervals are exact binomial where the weights of a bin are equal,
        else by betting.

    Examples
    --------
    >>> import numpy as np
    >>> proba = np.tile([0.85, 0.15], (40, 1))
    >>> made = reliability(proba, np.repeat([0, 1], [24, 16]))
    >>> made.confidence_B.round(2), made.accuracy_B, made.low_B.round(2), made.high_B.round(2)
    (array([0.85]), array([0.6]), array([0.43]), array([0.75]))
    """
    w_N = np.ones(len(truth_N)) if weight_N is None else np.asarray(weight_N, np.float64)
    sure_N = np.asarray(proba_NC.max(1), np.float64)
    bin_N = np.minimum((sure_N * bins).astype(np.intp), bins - 1)
    right_N, known_N = proba_NC.argmax(1) == truth_N, truth_N != UNKNOWN
    used = np.unique(bin_N)
    lines = []
    for b in used:
        here = np.flatnonzero(bin_N == b)
        low, _ = _interval(right_N[here], w_N[here], level)
        _, high = _interval(right_N[here] | ~known_N[here], w_N[here], level)
        told = here[known_N[here]]
        accuracy = float(np.average(right_N[told], weights=w_N[told])) if len(told) else np.nan
        lines.append((np.average(sure_N[here], weights=w_N[here]), accuracy, low, high))
    confidence_B, accuracy_B, low_B, high_B = np.array(lines).reshape(-1, 4).T
    share_B = np.bincount(bin_N, w_N, bins)[used] / w_N.sum() if len(used) else np.zeros(0)
    counts_B = np.bincount(bin_N, minlength=bins)[used]
    return Reliability(
        used / bins, (used + 1) / bins, counts_B, share_B, confidence_B, accuracy_B, low_B, high_B, level
    )


def _interval(right_N: NDArray[np.bool_], w_N: Floats, level: float) -> tuple[float, float]:
    if np.allclose(w_N, w_N[0]):
        return exact_binomial(int(right_N.sum()), len(right_N), level)
    return weighted_proportion(right_N, w_N, level)
