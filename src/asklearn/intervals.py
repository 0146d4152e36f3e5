"""Intervals that hold at the sample sizes that annotation affords.

Exact binomial (Clopper & Pearson 1934) for a proportion, betting (Waudby-Smith & Ramdas 2024,
"Estimating means of bounded random variables by betting") for a bounded mean, Student's t over seeds.
"""

from __future__ import annotations

import math

import numpy as np

from asklearn.errors import BadInput
from asklearn.types import Floats


def exact_binomial(successes: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Return the Clopper-Pearson interval for a proportion.

    Parameters
    ----------
    successes, n : int
        Number of successes among `n` independent trials.
    level : float
        Confidence, in (0, 1).

    Returns
    -------
    low, high : float
        Covers the true proportion with probability at least `level`, for every n.

    Examples
    --------
    >>> low, high = exact_binomial(18, 20)
    >>> round(low, 3), round(high, 3)
    (0.683, 0.988)
    """
    from scipy.stats import beta

    if not 0 <= successes <= n:
        raise BadInput(f"Expected 0 <= successes <= n. Got successes={successes}, n={n}.")
    tail = (1 - level) / 2
    low = float(beta.ppf(tail, successes, n - successes + 1)) if successes > 0 else 0.0
    high = float(beta.ppf(1 - tail, successes + 1, n - successes)) if successes < n else 1.0
    return low, high


def betting(values_N: Floats, level: float = 0.95, grid: int = 1001) -> tuple[float, float]:
    """Return an interval for the mean of variables in [0, 1], valid for every sample size.

    Two gamblers bet, one against each side, that the mean is not m; the interval is every m against
    which neither has multiplied the stake by 2 / (1 - level). Their stakes use only past values, so the
    guarantee needs independence and bounds, and nothing else.

    Parameters
    ----------
    values_N : ndarray of shape (N,)
        In [0, 1], in an order that does not depend on the values.
    level : float
        Confidence, in (0, 1).
    grid : int
        Number of candidate means that are tried; the interval is rounded outwards to them.

    Returns
    -------
    low, high : float

    Notes
    -----
    O(N * grid) time and memory. Predictable plug-in stakes, hedged capital (Waudby-Smith & Ramdas 2024,
    section 4).

    Examples
    --------
    >>> import numpy as np
    >>> low, high = betting(np.random.default_rng(0).beta(8, 2, size=100))
    >>> round(low, 3), round(high, 3)
    (0.732, 0.825)
    """
    x = np.asarray(values_N, np.float64)
    n = len(x)
    if n == 0:
        return 0.0, 1.0
    if not (np.isfinite(x).all() and x.min() >= 0 and x.max() <= 1):
        raise BadInput(f"Betting needs values in [0, 1]. Got values from {x.min()} to {x.max()}.")
    alpha = 1 - level
    counts = np.arange(1, n + 1)
    means = (0.5 + np.cumsum(x)) / (counts + 1)
    variances = (0.25 + np.cumsum((x - means) ** 2)) / (counts + 1)
    stakes = np.sqrt(2 * math.log(2 / alpha) / (n * np.concatenate([[0.25], variances[:-1]])))
    m = np.linspace(0, 1, grid)
    bound = math.log(2 / alpha)
    up = np.zeros(grid)
    down = np.zeros(grid)
    worst = np.full(grid, -np.inf)
    for value, stake in zip(x, stakes, strict=True):
        with np.errstate(divide="ignore"):
            up += np.log1p(np.minimum(stake, 0.5 / np.maximum(m, 1e-12)) * (value - m))
            down += np.log1p(-np.minimum(stake, 0.5 / np.maximum(1 - m, 1e-12)) * (value - m))
        np.maximum(worst, np.maximum(up, down), out=worst)
    kept = np.flatnonzero(worst < bound)
    if len(kept) == 0:
        return max(float(x.mean()) - 1 / grid, 0.0), min(float(x.mean()) + 1 / grid, 1.0)
    step = 1 / (grid - 1)
    return max(float(m[kept[0]]) - step, 0.0), min(float(m[kept[-1]]) + step, 1.0)


def student_t(values_N: Floats, level: float = 0.95) -> tuple[float, float]:
    """Return the t interval for the mean of a few roughly normal values (results over seeds, say).

    With a single value nothing is known about the spread, and the interval is infinite.

    Examples
    --------
    >>> import numpy as np
    >>> low, high = student_t(np.array([0.80, 0.82, 0.81, 0.79, 0.83]))
    >>> round(low, 3), round(high, 3)
    (0.79, 0.83)
    """
    from scipy.stats import t

    x = np.asarray(values_N, np.float64)
    if len(x) < 2:
        return -math.inf, math.inf
    half = float(t.ppf((1 + level) / 2, len(x) - 1)) * float(x.std(ddof=1)) / math.sqrt(len(x))
    return float(x.mean()) - half, float(x.mean()) + half
