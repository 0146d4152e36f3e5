"""When to stop asking: advice with a reason in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from asklearn.intervals import exact_binomial
from asklearn.types import Estimate, Indices

STABLE = 0.99
SUCCESSIVE = 3


def agreement(before_N: Indices, after_N: Indices, classes: int) -> Estimate:
    """Return Cohen's kappa between the predictions of two successive models on the same items.

    Parameters
    ----------
    before_N, after_N : ndarray of int, shape (N,)
        Predicted class of each item by the earlier and the later model.
    classes : int
        Number of classes.

    Returns
    -------
    Estimate
        The interval comes from the exact binomial one of the share of equal predictions.

    References
    ----------
    Bloodgood & Vijay-Shanker 2009, "A method for stopping active learning based on stabilizing
    predictions".

    Examples
    --------
    >>> import numpy as np
    >>> round(agreement(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 0]), 2).value, 2)
    0.5
    """
    n = len(before_N)
    share_B = np.bincount(before_N, minlength=classes) / n
    share_A = np.bincount(after_N, minlength=classes) / n
    chance = float(share_B @ share_A)
    same = int((before_N == after_N).sum())

    def kappa(observed: float) -> float:
        return 1.0 if chance >= 1 else max((observed - chance) / (1 - chance), -1.0)

    low, high = exact_binomial(same, n)
    return Estimate(
        "agreement", kappa(same / n), kappa(low), kappa(high), n, "Cohen's kappa of successive models"
    )


def stable(agreements: Sequence[float]) -> str | None:
    """Return the reason to stop if successive models hardly differ any more, else None.

    Examples
    --------
    >>> stable([0.90, 0.991, 0.995, 0.998])
    'the last 3 models agree with their predecessors (mean kappa 0.995)'
    """
    recent = list(agreements)[-SUCCESSIVE:]
    if len(recent) < SUCCESSIVE or np.mean(recent) < STABLE:
        return None
    return f"the last {SUCCESSIVE} models agree with their predecessors (mean kappa {np.mean(recent):.3f})"


def spent(asked: int, budget: int | None) -> str | None:
    """Return the reason to stop if the budget of labels is used up, else None.

    Examples
    --------
    >>> spent(400, 400)
    'the budget of 400 labels is spent'
    """
    return f"the budget of {budget} labels is spent" if budget is not None and asked >= budget else None
