"""Intervals that hold at the sample sizes that annotation affords.

Exact binomial (Clopper & Pearson 1934) for a proportion, the same at an effective number of labels (Korn &
Graubard 1998) for a weighted one, betting (Waudby-Smith & Ramdas 2024, "Estimating means of bounded random
variables by betting") for a bounded mean at one time or at all times, Student's t over seeds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from asklearn.errors import BadInput
from asklearn.types import Floats

_FRACTIONS = np.geomspace(0.05, 0.95, 10)
BLOCK = 256
TYPICAL_AUDIT = 100


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


def effective_binomial(
    mean: float, variance: float, effective: float, level: float = 0.95, *, freedom: float
) -> tuple[float, float]:
    """Return the Clopper-Pearson interval at the number of labels that explains an estimate's variance.

    An estimate of a mean in [0, 1] with some variance is worth as many labels as would give a proportion the
    same variance; for these, which need not be a whole number, the exact interval is taken. It never leaves
    [0, 1] and never shrinks to a point, and for equal weights without a control variate it is the exact one,
    but for the factor of Student's t.

    Parameters
    ----------
    mean, variance : float
        The estimate and its variance.
    effective : float
        Number of labels that it counts for where the variance is zero (no mistake seen).
    level : float
        Confidence, in (0, 1).
    freedom : float
        Degrees of freedom of the variance.

    Returns
    -------
    low, high : float

    References
    ----------
    Korn & Graubard 1998, "Confidence intervals for proportions with small expected number of positive counts
    estimated from survey data".

    Examples
    --------
    >>> low, high = effective_binomial(0.9, 0.9 * 0.1 / 20, 20, freedom=19)
    >>> round(low, 3), round(high, 3)
    (0.663, 0.99)
    """
    from scipy.stats import beta, norm, t

    tail = (1 - level) / 2
    mean = min(max(mean, 0.0), 1.0)
    labels = mean * (1 - mean) / variance if variance > 0 and 0 < mean < 1 else effective
    labels *= float(norm.isf(tail) / t.isf(tail, max(freedom, 1.0))) ** 2
    right = mean * labels
    low = float(beta.ppf(tail, right, labels - right + 1)) if right > 0 else 0.0
    high = float(beta.isf(tail, right + 1, labels - right)) if mean < 1 else 1.0
    return low, high


def betting(
    values_N: Floats, level: float = 0.95, grid: int = 1001, *, weight_N: Floats | None = None
) -> tuple[float, float]:
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
    weight_N : ndarray of shape (N,), optional
        Inverse probability of each draw, so scaled that its expectation is one. They need no upper bound:
        one gambler bets on ``weight * value``, the other on ``weight * (1 - value)``, and neither can fall
        below zero.

    Returns
    -------
    low, high : float

    Notes
    -----
    O(N * grid) time. Predictable plug-in stakes, hedged capital (Waudby-Smith & Ramdas 2024, section 4).

    Examples
    --------
    >>> import numpy as np
    >>> low, high = betting(np.random.default_rng(0).beta(8, 2, size=100))
    >>> round(low, 3), round(high, 3)
    (0.732, 0.825)
    """
    low_N, high_N = _bet(values_N, weight_N, level, grid, len(values_N))
    return (float(low_N[-1]), float(high_N[-1])) if len(low_N) else (0.0, 1.0)


def betting_sequence(
    values_N: Floats, level: float = 0.95, grid: int = 1001, *, weight_N: Floats | None = None
) -> tuple[Floats, Floats]:
    """Return intervals for a mean after each value that hold for all of them together.

    As :func:`betting`, but one may look after every label and stop when one likes: with probability
    `level` the mean lies in every interval of the sequence. For a frozen model; when the model changes, so
    does the mean, and :func:`watched_levels` is for that.

    Parameters
    ----------
    values_N, level, grid, weight_N
        As for :func:`betting`; weights may depend on everything seen before their draw.

    Returns
    -------
    low_N, high_N : ndarray of shape (N,)
        The running intersection: they never widen.

    References
    ----------
    Waudby-Smith & Ramdas 2024; Xu, Waudby-Smith & Ramdas 2024 for weighted draws.

    Examples
    --------
    >>> import numpy as np
    >>> low, high = betting_sequence(np.random.default_rng(0).beta(8, 2, size=400))
    >>> (low[[49, 399]].round(3).tolist(), high[[49, 399]].round(3).tolist())
    ([0.671, 0.777], [0.833, 0.812])
    """
    return _bet(values_N, weight_N, level, grid, None)


def _bet(
    values_N: Floats, weight_N: Floats | None, level: float, grid: int, horizon: int | None
) -> tuple[Floats, Floats]:
    """Return running bounds; with a horizon the stakes are the best for that many values."""
    x_N = np.asarray(values_N, np.float64)
    w_N = np.ones(len(x_N)) if weight_N is None else np.asarray(weight_N, np.float64)
    if len(x_N) == 0:
        return np.empty(0), np.empty(0)
    if not (np.isfinite(x_N).all() and x_N.min() >= 0 and x_N.max() <= 1):
        raise BadInput(f"Betting needs values in [0, 1]. Got values from {x_N.min()} to {x_N.max()}.")
    if w_N.shape != x_N.shape or not (np.isfinite(w_N).all() and w_N.min() >= 0):
        raise BadInput(f"Betting needs a weight of at least 0 for each of {len(x_N)} values. Got {w_N}.")
    m_G = np.linspace(0, 1, grid)
    low_N = _lower(w_N * x_N, m_G, 1 - level, horizon)
    high_N = 1 - _lower(w_N * (1 - x_N), m_G, 1 - level, horizon)
    crossed_N = low_N > high_N
    if crossed_N.any():
        last = max(int(crossed_N.argmax()) - 1, 0)
        low_N[crossed_N], high_N[crossed_N] = low_N[last], high_N[last]
    return low_N, high_N


def _lower(value_N: Floats, m_G: Floats, alpha: float, horizon: int | None) -> Floats:
    """Return the running lower bound of the mean of values above zero, by one gambler at half of alpha."""
    counts_N = np.arange(1, len(value_N) + 1)
    mean_N = (0.5 + np.cumsum(value_N)) / (counts_N + 1)
    spread_N = (0.25 + np.cumsum((value_N - mean_N) ** 2)) / (counts_N + 1)
    rounds_N = counts_N * np.log1p(counts_N) if horizon is None else np.full(len(value_N), horizon)
    stake_N = np.sqrt(2 * math.log(2 / alpha) / (rounds_N * np.concatenate([[0.25], spread_N[:-1]])))
    most_G = 0.5 / np.maximum(m_G, 1e-12)
    bound, step = math.log(2 / alpha), float(m_G[1] - m_G[0])
    wealth_G, best_G = np.zeros(len(m_G)), np.full(len(m_G), -np.inf)
    low_N = np.empty(len(value_N))
    for start in range(0, len(value_N), BLOCK):
        part = slice(start, start + BLOCK)
        wealth_NG = np.minimum(stake_N[part, None], most_G) * (value_N[part, None] - m_G)
        np.cumsum(np.log1p(wealth_NG, out=wealth_NG), axis=0, out=wealth_NG)
        wealth_NG += wealth_G
        wealth_G = wealth_NG[-1].copy()
        np.maximum.accumulate(wealth_NG, axis=0, out=wealth_NG)
        np.maximum(wealth_NG, best_G, out=wealth_NG)
        best_G = wealth_NG[-1].copy()
        kept_NG = wealth_NG < bound
        first_N = np.where(kept_NG.any(axis=1), kept_NG.argmax(axis=1), len(m_G) - 1)
        low_N[part] = np.maximum(m_G[first_N] - step, 0.0)
    return low_N


def watched_levels(sizes: Sequence[int], level: float = 0.95) -> list[float]:
    """Return the confidence of each look at a growing audit, so that all of them hold together.

    The error that `level` allows is spent over the looks, in advance of what they will show and without
    knowing how many will come: a look that brings the audit from m to n labels gets ``A(n) - A(m)`` of it,
    with ``A(n) = n / (n + 100)``. So looking often costs little: looks between which few labels came
    have little to spend, and would all the same with any rule, because the model changes between looks
    and its score with it; only for one frozen model is there something better (:func:`betting_sequence`).
    By the union bound the probability that any interval of the curve misses is at most ``1 - level``,
    however looks depend on each other.

    Parameters
    ----------
    sizes : sequence of int
        Audit labels at each look. A look without a new label, or after labels were taken back, spends as if
        one had come.
    level : float
        Confidence of all looks together, in (0, 1).

    Returns
    -------
    list of float
        Level for each look; what comes later never changes it.

    Raises
    ------
    BadInput
        If a size is below zero.

    Examples
    --------
    >>> [round(one, 4) for one in watched_levels([10, 20, 40, 80])]
    [0.9955, 0.9962, 0.994, 0.9921]
    """
    if min(sizes, default=0) < 0:
        raise BadInput(f"Expected numbers of audit labels. Got {min(sizes)}.")
    spent, at, levels = 0.0, 0, []
    for size in sizes:
        at = max(size, at + 1)
        levels.append(1 - (1 - level) * (at / (at + TYPICAL_AUDIT) - spent))
        spent = at / (at + TYPICAL_AUDIT)
    return levels


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
