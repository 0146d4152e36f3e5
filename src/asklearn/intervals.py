"""Intervals that hold at the sample sizes that annotation affords.

Exact binomial (Clopper & Pearson 1934) for a proportion, betting (Waudby-Smith & Ramdas 2024,
"Estimating means of bounded random variables by betting") for a bounded mean, Student's t over seeds.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from asklearn.errors import BadInput
from asklearn.types import Floats

_FRACTIONS = np.geomspace(0.05, 0.95, 10)


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


def weighted_proportion(
    hits_N: Floats | NDArray[np.bool_], weight_N: Floats, level: float = 0.95, grid: int = 1001
) -> tuple[float, float]:
    """Return an interval for sum(weight * hit) / sum(weight) of a population, from items drawn unequally.

    Two gamblers bet, one against each side, that the proportion is not m; the interval is every m against
    which neither has multiplied the stake by 2 / (1 - level). The mean weight need not be known.

    Parameters
    ----------
    hits_N : ndarray of shape (N,)
        In [0, 1].
    weight_N : ndarray of shape (N,)
        Above 0: the inverse of each item's probability to be drawn, up to a factor.
    level : float
        Confidence, in (0, 1).
    grid : int
        Number of candidate proportions that are tried; the interval is rounded outwards to them.

    Returns
    -------
    low, high : float

    Examples
    --------
    >>> import numpy as np
    >>> hits, weights = np.tile([1.0, 1.0, 0.0], 40), np.tile([1.0, 1.0, 2.0], 40)
    >>> low, high = weighted_proportion(hits, weights)
    >>> round(low, 2), round(high, 2)
    (0.35, 0.65)
    """
    m_G, bound = np.linspace(0, 1, grid), math.log(2 / (1 - level))
    more_G, fewer_G = (weighted_wealth(hits_N, weight_N, m_G, side) for side in (1, -1))
    kept = np.flatnonzero(np.maximum(more_G, fewer_G) < bound)
    step = 1 / (grid - 1)
    if len(kept) == 0:
        centre = float(np.average(hits_N, weights=weight_N))
        return max(centre - step, 0.0), min(centre + step, 1.0)
    return max(float(m_G[kept[0]]) - step, 0.0), min(float(m_G[kept[-1]]) + step, 1.0)


def weighted_wealth(hits_N: Floats | NDArray[np.bool_], weight_N: Floats, m_G: Floats, side: int) -> Floats:
    """Return the logarithm of what a gambler against each proportion has in the end.

    A tenth of the money each is staked at ten fixed fractions on ``mean(weight * (hit - m))`` being above
    (or below) zero; so the order of the items does not matter (grid Kelly: Waudby-Smith & Ramdas 2024,
    appendix B).

    Parameters
    ----------
    hits_N, weight_N : ndarray of shape (N,)
        As for :func:`weighted_proportion`.
    m_G : ndarray of shape (G,)
        Proportions to bet against.
    side : int
        1 for a bet that the true proportion is larger than m, -1 that it is smaller.

    Returns
    -------
    ndarray of shape (G,)
        Where the gambler is wrong about m, it exceeds log(1 / p) with probability at most p (Markov).

    Notes
    -----
    O(N G) time; memory for 100 items at once.

    Examples
    --------
    >>> import numpy as np
    >>> wealth = weighted_wealth(np.zeros(60), np.ones(60), np.array([0.1]), -1)
    >>> round(float(np.exp(-wealth[0])), 3)
    0.018
    """
    hits_N, share_N = np.asarray(hits_N, np.float64), np.asarray(weight_N, np.float64) / np.max(weight_N)
    stakes_SG = _FRACTIONS[:, None] / np.maximum(m_G if side > 0 else 1 - m_G, 1e-9)
    wealth_SG = np.zeros(stakes_SG.shape)
    for start in range(0, len(hits_N), 100):
        part = slice(start, start + 100)
        won_NG = side * share_N[part, None] * (hits_N[part, None] - m_G)
        for s, stake_G in enumerate(stakes_SG):
            wealth_SG[s] += np.log1p(stake_G * won_NG).sum(0)
    most_G = wealth_SG.max(0)
    return np.asarray(most_G + np.log(np.exp(wealth_SG - most_G).mean(0)))
