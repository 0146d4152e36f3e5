"""Selective prediction: which predictions may go unchecked, for a promised rate of errors among them.

Fixed-sequence testing (Bauer 1991; Angelopoulos et al. 2021, "Learn then test"): thresholds that were fixed
beforehand are tested from the strictest on, each at the full level, until one fails.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from asklearn.errors import BadInput
from asklearn.intervals import weighted_wealth
from asklearn.types import Floats

THRESHOLDS = 50


@dataclass(frozen=True, slots=True)
class Selective:
    """A threshold of confidence, and what is promised of the predictions above it.

    Attributes
    ----------
    threshold : float
        Accept a prediction whose confidence is at least this; inf where nothing can be promised.
    share : float
        Share of the pool that is accepted.
    bound : float
        Upper bound of the error among the accepted, in steps of 0.001; 1 where nothing can be promised.
    error : float
        What was asked for.
    confidence : float
        Probability, over audits, that the promise holds.
    n : int
        Labels that it was made of.
    accepted : int
        How many of them lie above the threshold.
    """

    threshold: float
    share: float
    bound: float
    error: float
    confidence: float
    n: int
    accepted: int

    def __bool__(self) -> bool:
        """Whether anything could be promised."""
        return math.isfinite(self.threshold)

    def __call__(self, proba_NC: Floats) -> NDArray[np.bool_]:
        """Return which predictions may be accepted, shape (N,)."""
        return np.asarray(np.max(proba_NC, axis=1) >= self.threshold)

    @property
    def guarantee(self) -> str:
        """What is promised, in words."""
        if not self:
            return (
                f"No threshold can be promised with {self.n} labels: for an error of at most {self.error:.1%} with "
                f"{self.confidence:.0%} confidence, {labels_needed(self.error, self.confidence)} accepted ones "
                "without a mistake are the least. Label more of the audit, or promise less."
            )
        return (
            f"If future inputs resemble this pool, then with probability {self.confidence:.0%} over audits, the "
            f"error among accepted items is at most {self.error:.1%}: of all together, not of each "
            f"({self.share:.0%} of the pool accepted, {self.accepted} of {self.n} labels)."
        )


def labels_needed(error: float, confidence: float = 0.9, mistakes: int = 0) -> int:
    """Return how many accepted labels it takes to promise an error, if so many of them are mistakes.

    Examples
    --------
    >>> labels_needed(0.05), labels_needed(0.05, mistakes=1)
    (45, 77)
    """
    from scipy.special import bdtr

    n = math.ceil(math.log(1 - confidence) / math.log1p(-error))
    while bdtr(mistakes, n, error) > 1 - confidence:
        n += 1
    return n


def thresholds(confidence_M: Floats, n: int, error: float, confidence: float = 0.9) -> Floats:
    """Return the thresholds to test, strictest first, without a look at any label of the audit.

    The strictest is where so many of `n` labels are to be expected above it that the promise could survive
    ``n * error / 10`` mistakes (rounded: none with a few labels); the others take ever more of the pool, in
    equal steps up to all of it.

    Parameters
    ----------
    confidence_M : ndarray of shape (M,)
        The model's confidence in its predictions for the pool, or a random part of it.
    n : int
        Number of labels that there are to test with.
    error, confidence : float
        The promise.

    Returns
    -------
    ndarray of shape (T,)
        At most fifty, descending.

    Examples
    --------
    >>> import numpy as np
    >>> thresholds(np.linspace(0, 1, 1001), 100, 0.05)[[0, -1]].round(2)
    array([0.55, 0.  ])
    """
    spare = round(n * error / 10)
    least = min(labels_needed(error, confidence, spare) / max(n, 1), 1.0)
    shares_T = np.linspace(least, 1.0, THRESHOLDS)
    return np.unique(np.quantile(confidence_M, 1 - shares_T, method="lower"))[::-1]


def select(
    confidence_N: Floats,
    wrong_N: NDArray[np.bool_],
    thresholds_T: Floats,
    *,
    error: float = 0.05,
    confidence: float = 0.9,
    weight_N: Floats | None = None,
    pool_M: Floats | None = None,
) -> Selective:
    """Return the least threshold above which the error is at most `error`, with stated confidence.

    Parameters
    ----------
    confidence_N : ndarray of shape (N,)
        The model's confidence in its predictions for a random sample of items that it did not train on.
    wrong_N : ndarray of bool, shape (N,)
        Whether each prediction is wrong; true for an item that nobody could label.
    thresholds_T : ndarray of shape (T,)
        In the order in which to test them, strictest first, fixed without `wrong_N`: see :func:`thresholds`.
    error : float
        Share of the accepted predictions that may be wrong, in (0, 1).
    confidence : float
        Probability of the promise, in (0, 1).
    weight_N : ndarray of shape (N,), optional
        Inverse of each item's probability to be drawn, up to a factor. Where weights differ, bounds are by
        betting, else exact binomial (Clopper and Pearson 1934).
    pool_M : ndarray of shape (M,), optional
        Confidence in predictions for the pool, to tell the share that is accepted; by default the sample's.

    Returns
    -------
    Selective
        If items are drawn independently of the model: P(error among accepted > `error`) <= 1 - `confidence`,
        over samples. Nothing is promised where the first threshold fails.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> sure = rng.uniform(size=400) ** 0.2
    >>> wrong = rng.random(400) > sure
    >>> found = select(sure, wrong, thresholds(sure, 400, 0.1), error=0.1)
    >>> round(found.threshold, 2), round(found.share, 2), round(found.bound, 3)
    (0.94, 0.3, 0.077)
    """
    if not (0 < error < 1 and 0 < confidence < 1):
        raise BadInput(f"error and confidence are in (0, 1). Got error={error}, confidence={confidence}.")
    w_N = np.ones(len(wrong_N)) if weight_N is None else np.asarray(weight_N, np.float64)
    kept = math.inf
    for threshold in thresholds_T:
        above = confidence_N >= threshold
        if not _fewer(wrong_N[above], w_N[above], np.array([error]), confidence)[0]:
            break
        kept = float(threshold)
    above = confidence_N >= kept
    pool_M = confidence_N if pool_M is None else pool_M
    share = float(np.mean(pool_M >= kept)) if len(pool_M) else 0.0
    bound = min(_upper_bound(wrong_N[above], w_N[above], confidence), error) if above.any() else 1.0
    return Selective(kept, share, bound, error, confidence, len(wrong_N), int(above.sum()))


def _fewer(wrong_N: NDArray[np.bool_], w_N: Floats, rate_G: Floats, confidence: float) -> NDArray[np.bool_]:
    """Return of each rate whether the weighted share of wrong ones is surely below it."""
    from scipy.special import bdtr

    if len(wrong_N) == 0:
        return np.zeros(len(rate_G), bool)
    if np.allclose(w_N, w_N[0]):
        return np.asarray(bdtr(wrong_N.sum(), len(wrong_N), rate_G) <= 1 - confidence)
    return np.asarray(weighted_wealth(wrong_N, w_N, rate_G, -1) >= -math.log(1 - confidence))


def _upper_bound(wrong_N: NDArray[np.bool_], w_N: Floats, confidence: float) -> float:
    rate_G = np.linspace(0, 1, 1001)
    not_below = np.flatnonzero(~_fewer(wrong_N, w_N, rate_G, confidence))
    return min(float(rate_G[not_below[-1]]) + 0.001, 1.0)
