"""The error head: how likely the model is wrong about an item, learnt from its held-out mistakes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from asklearn.types import Floats

DIRECTIONS = 16
STRENGTH = 0.1
FEW = 3

ErrorHead = Callable[[Floats, Floats], Floats]


def error_head(
    proba_LC: Floats,
    features_LD: Floats,
    wrong_L: NDArray[np.bool_],
    *,
    random_L: NDArray[np.bool_] | None = None,
) -> ErrorHead:
    """Learn the probability of an error from items whose held-out predictions were right or wrong.

    A small logistic regression on how sure the model is (log odds of its first choice, margin, entropy)
    and on the 16 directions in which the items vary most.

    Parameters
    ----------
    proba_LC : ndarray of shape (L, C)
        Held-out predictions.
    features_LD : ndarray of shape (L, D)
        Features.
    wrong_L : ndarray of bool, shape (L,)
        Whether each was wrong.
    random_L : ndarray of bool, shape (L,), optional
        Which items were drawn at random; the rest, which a strategy picked, get an intercept of their own,
        so that their larger share of mistakes is not taken for that of the pool.

    Returns
    -------
    callable
        ``head(proba_NC, features_ND)`` gives the probability of an error, shape (N,). With fewer than
        three mistakes, or three right ones, it is one minus the first choice's probability.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> first_L, features_LD = rng.uniform(0.5, 1, 2000), rng.normal(size=(2000, 2))
    >>> wrong_L = rng.random(2000) < np.where(features_LD[:, 0] > 1, 0.8, 1 - first_L)
    >>> head = error_head(np.stack([first_L, 1 - first_L], 1), features_LD, wrong_L)
    >>> head(np.array([[0.9, 0.1], [0.9, 0.1]]), np.array([[0.0, 0.0], [2.0, 0.0]])).round(1)
    array([0.2, 0.5])
    """
    from sklearn.linear_model import LogisticRegression

    if min(wrong_L.sum(), (~wrong_L).sum()) < FEW:
        return lambda proba_NC, features_ND: np.asarray(1 - proba_NC.max(1), np.float64)
    mean_D = features_LD.mean(0)
    _, sizes, turned = np.linalg.svd(features_LD - mean_D, full_matrices=False)
    turned_KD = turned[: min(DIRECTIONS, len(features_LD) // 10 + 1)]
    scale = float(sizes[0] / np.sqrt(len(features_LD))) or 1.0

    def inputs(proba_NC: Floats, features_ND: Floats) -> Floats:
        return np.hstack([_doubts(proba_NC), (features_ND - mean_D) @ turned_KD.T / scale])

    picked_L1 = np.zeros((len(wrong_L), 1)) if random_L is None else ~np.asarray(random_L, bool)[:, None]
    X = np.hstack([inputs(proba_LC, features_LD), picked_L1])
    middle, spread = X.mean(0), X.std(0)
    middle[-1], spread[spread < 1e-9] = 0.0, 1.0
    fitted = LogisticRegression(C=STRENGTH, max_iter=200).fit((X - middle) / spread, wrong_L.astype(int))

    def head(proba_NC: Floats, features_ND: Floats) -> Floats:
        X = np.hstack([inputs(proba_NC, features_ND), np.zeros((len(proba_NC), 1))])
        return np.asarray(fitted.predict_proba((X - middle) / spread)[:, 1])

    return head


def _doubts(proba_NC: Floats) -> Floats:
    """Return the log odds of the first choice, the margin, and the entropy: shape (N, 3)."""
    sure_NC = np.clip(np.asarray(proba_NC, np.float64), 1e-6, 1 - 1e-6)
    two_N2 = np.partition(sure_NC, -2, axis=1)[:, -2:]
    odds_N = np.log(two_N2[:, 1] / (1 - two_N2[:, 1]))
    return np.stack([odds_N, two_N2[:, 1] - two_N2[:, 0], -(sure_NC * np.log(sure_NC)).sum(1)], 1)
