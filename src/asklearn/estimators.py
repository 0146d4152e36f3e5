"""Means from labels that were drawn with known probabilities, with intervals.

Labels are dear and predictions are free, so all of these but the first use predictions: to draw an item
with a probability that fits its expected error, to subtract what the predictions already tell, or to part
the population into strata. S drawn items, L labelled ones, N the population, U a sample without labels, K
strata; z a value that needs a label (a loss, say), f a prediction of it.

Intervals are normal approximations, for some thirty labels and more; :mod:`asklearn.evaluate` has an
estimate that also holds for fewer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from asklearn.errors import BadInput
from asklearn.types import Estimate, Indices

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class WeightedMean:
    """A weighted mean, its variance, and what its variance rests on.

    Attributes
    ----------
    value, variance : float
        The estimate and the estimated variance of it.
    plain : float
        What the variance would be had neither the values anything to do with the weights nor the control
        variate been used: the weighted variance of the values by the effective number of labels.
    effective : float
        Effective number of labels of the weights alone (Kish 1965), at most the number of labels.
    share : float
        How much of the control variate was subtracted, in [0, 1].
    """

    value: float
    variance: float
    plain: float
    effective: float
    share: float


def weighted_mean(
    values_L: ArrayLike,
    weight_L: ArrayLike | None = None,
    control_L: ArrayLike | None = None,
    *,
    control_mean: float = 0.0,
    control_error: float = 0.0,
) -> WeightedMean:
    """Estimate the mean of a population from weighted labels and a control variate.

    The weighted (Hajek) mean, plus a share of how far the sample's mean of the control variate lies from
    the population's. The share minimises the estimated variance, as in PPI++, kept within [0, 1] and drawn
    to zero by its own uncertainty (positive-part James-Stein), so that a control variate that knows nothing
    changes nothing.

    Parameters
    ----------
    values_L : array of shape (L,)
        Values of the labelled items.
    weight_L : array of shape (L,), optional
        Proportional to the inverse probability of each item's draw; above zero.
    control_L : array of shape (L,), optional
        A prediction of each value, made without its label.
    control_mean : float
        Mean prediction over the population (or a sample of it).
    control_error : float
        Standard error of that mean; 0 if it is over all of the population.

    Returns
    -------
    WeightedMean
        Its variance is that for a new sample of items from an endless population: that of linearised
        residuals, weights included.

    Raises
    ------
    BadInput
        If shapes do not match, there is no value, or a weight is not above zero.

    References
    ----------
    Hajek 1971; Särndal, Swensson & Wretman 1992, chapter 6 (generalised regression estimator); Angelopoulos,
    Duchi & Zrnic 2023, "PPI++".

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> chance = rng.beta(4, 1, 10_100)
    >>> right = rng.random(100) < chance[:100]
    >>> plain = weighted_mean(right)
    >>> found = weighted_mean(right, control_L=chance[:100], control_mean=chance.mean(), control_error=0.002)
    >>> round(found.share, 2), round(plain.variance / found.variance, 2)
    (0.92, 1.21)
    """
    z_L = np.asarray(values_L, np.float64)
    v_L = np.ones(len(z_L)) if weight_L is None else np.asarray(weight_L, np.float64)
    _check(len(z_L) > 0 and v_L.shape == z_L.shape, f"a weight for each of {len(z_L)} values", v_L.shape)
    _check(bool((v_L > 0).all()), "weights above zero", v_L.min())
    n, share_L = len(z_L), v_L / v_L.sum()
    u_L = share_L**2
    value = min(max(float(share_L @ z_L), float(z_L.min())), float(z_L.max()))
    off_L = z_L - value
    plain = float(share_L @ off_L**2 * u_L.sum())
    residual_L, lam = off_L, 0.0
    if control_L is not None:
        f_L = np.asarray(control_L, np.float64)
        _check(f_L.shape == z_L.shape, f"a control value for each of {n} labels", f_L.shape)
        moved_L = f_L - share_L @ f_L
        lam = _share(off_L, moved_L, u_L, control_error)
        value += lam * float(control_mean - share_L @ f_L)
        residual_L = off_L - lam * moved_L
    variance = float(u_L @ residual_L**2) * n / max(n - 1, 1) + (lam * control_error) ** 2
    return WeightedMean(value, variance, plain, float(1 / u_L.sum()), lam)


def _share(off_L: Doubles, moved_L: Doubles, u_L: Doubles, control_error: float) -> float:
    spread = float(u_L @ moved_L**2) + control_error**2
    if spread <= 1e-12 * float(u_L.sum()):
        return 0.0
    best = float(u_L @ (off_L * moved_L)) / spread
    if best <= 0:
        return 0.0
    noise = float((u_L**2) @ (moved_L * (off_L - best * moved_L)) ** 2) / spread**2
    return min(max(best - noise / best, 0.0), 1.0)


def horvitz_thompson(
    values_S: ArrayLike,
    probability_S: ArrayLike,
    population: int,
    *,
    name: str = "mean",
    level: float = 0.95,
) -> Estimate:
    """Estimate the mean of a population from items drawn with known probabilities.

    Parameters
    ----------
    values_S : array of shape (S,)
        Values of the drawn items.
    probability_S : array of shape (S,)
        Probability with which each was drawn, in (0, 1]. Items were drawn independently (Poisson sampling).
    population : int
        Number of items N that could have been drawn.
    name : str
        Name of the estimate.
    level : float
        Confidence of the interval.

    Returns
    -------
    Estimate
        Unbiased for the population's mean, whatever the values. The interval speaks of this population;
        it shrinks to nothing where every item was drawn.

    References
    ----------
    Horvitz & Thompson 1952, "A generalization of sampling without replacement from a finite universe".

    Examples
    --------
    >>> import numpy as np
    >>> print(horvitz_thompson(np.ones(40), np.full(40, 0.1), 500))
    mean 0.800 [0.565, 1.035] (95%, 40 labels, Horvitz-Thompson)
    """
    z_S, pi_S = _drawn(values_S, probability_S)
    _check(population >= len(z_S), f"a population of at least the {len(z_S)} items drawn", population)
    value = float((z_S / pi_S).sum()) / population
    variance = float(((1 - pi_S) * (z_S / pi_S) ** 2).sum()) / population**2
    return _normal(name, value, variance, len(z_S), "Horvitz-Thompson", level)


def active_statistical_inference(
    values_S: ArrayLike,
    probability_S: ArrayLike,
    rows_S: Indices,
    predicted_N: ArrayLike,
    *,
    name: str = "mean",
    level: float = 0.95,
) -> Estimate:
    """Estimate a mean from labels drawn where predictions are unsure, and from all predictions.

    Every item counts with its prediction, and a drawn item corrects that by its error over the probability
    of its draw. Variance is smallest for probabilities proportional to the expected size of the error: for
    a 0/1 loss with predicted error p, to ``sqrt(p (1 - p))``, mixed with a little of the uniform design so
    that no probability comes near zero.

    Parameters
    ----------
    values_S : array of shape (S,)
        Values of the drawn items.
    probability_S : array of shape (S,)
        Probability with which each was drawn, independently of the others, in (0, 1].
    rows_S : ndarray of int, shape (S,)
        Which items of the population were drawn.
    predicted_N : array of shape (N,)
        Prediction of every item's value, made without its label.
    name : str
        Name of the estimate.
    level : float
        Confidence of the interval.

    Returns
    -------
    Estimate
        Unbiased whatever the predictions. The interval speaks of the mean of the distribution that the
        population was drawn from.

    References
    ----------
    Zrnic & Candès 2024, "Active statistical inference".

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> p = rng.beta(1, 4, 4000)
    >>> wrong = rng.random(4000) < p
    >>> chance = 0.8 * np.sqrt(p * (1 - p)) + 0.2 * np.sqrt(p * (1 - p)).mean()
    >>> chance *= 200 / chance.sum()
    >>> rows = np.flatnonzero(rng.random(4000) < chance)
    >>> print(active_statistical_inference(wrong[rows], chance[rows], rows, p))
    mean 0.191 [0.150, 0.232] (95%, 185 labels, active statistical inference)
    """
    z_S, pi_S = _drawn(values_S, probability_S)
    f_N = np.asarray(predicted_N, np.float64)
    rows_S = np.asarray(rows_S)
    _check(len(rows_S) == len(np.unique(rows_S)) == len(z_S), f"{len(z_S)} different rows", len(rows_S))
    _check(len(f_N) > 1, "predictions of two items or more", len(f_N))
    terms_N = f_N.copy()
    terms_N[rows_S] += (z_S - f_N[rows_S]) / pi_S
    variance = float(terms_N.var(ddof=1)) / len(f_N)
    return _normal(name, float(terms_N.mean()), variance, len(z_S), "active statistical inference", level)


def lure(
    losses_M: ArrayLike,
    probability_M: ArrayLike,
    population: int,
    *,
    name: str = "mean",
    level: float = 0.95,
) -> Estimate:
    """Estimate the mean loss of a population from items that were drawn one after another (LURE).

    Parameters
    ----------
    losses_M : array of shape (M,)
        Losses in the order of drawing.
    probability_M : array of shape (M,)
        Probability, at the time of the m-th draw, of the item that was drawn, among those not drawn before.
        Probabilities may depend on everything seen until then.
    population : int
        Number of items N at the start.
    name : str
        Name of the estimate.
    level : float
        Confidence of the interval.

    Returns
    -------
    Estimate
        Unbiased for the population's mean. With M = N it is that mean. The interval takes the weighted
        losses for independent.

    References
    ----------
    Farquhar, Gal & Rainforth 2021, "On statistical bias in active learning: how and when to fix it" (levelled
    unbiased risk estimator).

    Examples
    --------
    >>> import numpy as np
    >>> print(lure(np.array([1.0, 0.0, 1.0, 0.0]), np.array([0.2, 0.1, 0.2, 0.1]), 12))
    mean 0.283 [0.021, 0.544] (95%, 4 labels, LURE)
    """
    z_M, q_M = _drawn(losses_M, probability_M)
    _check(population >= len(z_M) > 0, f"a population of at least the {len(z_M)} items drawn", population)
    drawn, m_M = len(z_M), np.arange(1, len(z_M) + 1)
    rest_M = np.maximum(population - m_M, 1)
    weight_M = 1 + (population - drawn) / rest_M * (1 / ((population - m_M + 1) * q_M) - 1)
    terms_M = weight_M * z_M
    spread = float(terms_M.var(ddof=1)) if drawn > 1 else math.inf
    variance = 0.0 if drawn == population else spread * (1 - drawn / population) / drawn
    return _normal(name, float(terms_M.mean()), variance, drawn, "LURE", level)


def ppi_plus_plus(
    values_L: ArrayLike,
    predicted_L: ArrayLike,
    predicted_U: ArrayLike,
    *,
    name: str = "mean",
    level: float = 0.95,
) -> Estimate:
    """Estimate a mean from a uniform sample with labels and predictions for many items without.

    Parameters
    ----------
    values_L : array of shape (L,)
        Values of the labelled items.
    predicted_L : array of shape (L,)
        Predictions of these values, by a model that did not see them.
    predicted_U : array of shape (U,)
        Predictions for other items of the same distribution.
    name : str
        Name of the estimate.
    level : float
        Confidence of the interval.

    Returns
    -------
    Estimate
        ``lam * mean(predicted_U) + mean(values_L - lam * predicted_L)``, with the lam that minimises the
        estimated variance; never much wider than the plain mean.

    References
    ----------
    Angelopoulos, Duchi & Zrnic 2023, "PPI++: Efficient prediction-powered inference".

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> f = rng.random(5200)
    >>> z = f[:200] + rng.normal(0, 0.1, 200)
    >>> print(ppi_plus_plus(z, f[:200], f[200:]))
    mean 0.489 [0.473, 0.506] (95%, 200 labels, PPI++ with lambda 1.07)
    """
    z_L, f_L, f_U = (np.asarray(one, np.float64) for one in (values_L, predicted_L, predicted_U))
    _check(z_L.shape == f_L.shape, f"a prediction for each of {len(z_L)} values", f_L.shape)
    _check(len(z_L) > 1 and len(f_U) > 1, "two labels and two other predictions", (len(z_L), len(f_U)))
    together = float(np.concatenate([f_L, f_U]).var(ddof=1))
    covariance = float(np.cov(z_L, f_L)[0, 1])
    lam = covariance / ((1 + len(z_L) / len(f_U)) * together) if together > 0 else 0.0
    value = lam * float(f_U.mean()) + float((z_L - lam * f_L).mean())
    variance = lam**2 * float(f_U.var(ddof=1)) / len(f_U) + float((z_L - lam * f_L).var(ddof=1)) / len(z_L)
    return _normal(name, value, variance, len(z_L), f"PPI++ with lambda {lam:.2f}", level)


def stratified(
    values_S: ArrayLike,
    stratum_S: Indices,
    share_K: ArrayLike,
    *,
    name: str = "mean",
    level: float = 0.95,
) -> Estimate:
    """Estimate a mean from uniform samples of each stratum.

    Parameters
    ----------
    values_S : array of shape (S,)
        Values of the drawn items.
    stratum_S : ndarray of int, shape (S,)
        Stratum of each, in 0..K-1.
    share_K : array of shape (K,)
        Share of the population in each stratum; sums to one. Two labels or more are needed in each that is
        not empty.
    name : str
        Name of the estimate.
    level : float
        Confidence of the interval, whose degrees of freedom are Satterthwaite's.

    Returns
    -------
    Estimate
        Unbiased where the labels of a stratum are a uniform sample of it.

    References
    ----------
    Neyman 1934, "On the two different aspects of the representative method"; Satterthwaite 1946.

    Examples
    --------
    >>> import numpy as np
    >>> values = np.array([0, 0, 1, 0, 1, 1, 0, 1])
    >>> print(stratified(values, np.repeat([0, 1], 4), np.array([0.8, 0.2])))
    mean 0.350 [-0.267, 0.967] (95%, 8 labels, stratified)
    """
    from scipy.stats import t

    z_S, share_K = np.asarray(values_S, np.float64), np.asarray(share_K, np.float64)
    stratum_S = np.asarray(stratum_S)
    _check(stratum_S.shape == z_S.shape, f"a stratum for each of {len(z_S)} values", stratum_S.shape)
    _check(abs(float(share_K.sum()) - 1) < 1e-6, "shares that sum to one", share_K.sum())
    used = np.flatnonzero(share_K > 0)
    _check(
        set(stratum_S.tolist()) <= set(used.tolist()),
        f"strata among {used.tolist()}",
        set(stratum_S.tolist()),
    )
    count_K = np.bincount(stratum_S, minlength=len(share_K))[used]
    _check(bool((count_K > 1).all()), "two labels or more of each stratum", count_K.tolist())
    mean_K = np.bincount(stratum_S, z_S, len(share_K))[used] / count_K
    square_K = np.bincount(stratum_S, z_S**2, len(share_K))[used] / count_K
    spread_K = np.maximum(square_K - mean_K**2, 0) * count_K / (count_K - 1)
    part_K = share_K[used] ** 2 * spread_K / count_K
    variance = float(part_K.sum())
    freedom = variance**2 / float((part_K**2 / (count_K - 1)).sum()) if variance > 0 else math.inf
    half = float(t.ppf((1 + level) / 2, freedom)) * math.sqrt(variance)
    value = float(share_K[used] @ mean_K)
    return Estimate(name, value, value - half, value + half, len(z_S), "stratified", level)


def deciles(score_N: ArrayLike, k: int = 10) -> Indices:
    """Return the stratum of each item: `k` of near equal size in order of the score.

    Examples
    --------
    >>> import numpy as np
    >>> deciles(np.array([0.1, 0.9, 0.4, 0.3]), 2)
    array([0, 1, 1, 0])
    """
    score_N = np.asarray(score_N, np.float64)
    _check(1 <= k <= max(len(score_N), 1), f"between 1 and {len(score_N)} strata", k)
    stratum_N = np.empty(len(score_N), np.intp)
    stratum_N[np.argsort(score_N, kind="stable")] = np.arange(len(score_N)) * k // max(len(score_N), 1)
    return stratum_N


def neyman_allocation(size_K: ArrayLike, spread_K: ArrayLike, n: int, *, least: int = 2) -> Indices:
    """Return how many of `n` labels each stratum gets so that the stratified mean varies least.

    Parameters
    ----------
    size_K : array of int, shape (K,)
        Number of items in each stratum.
    spread_K : array of shape (K,)
        Expected standard deviation of the values in each: ``sqrt(p (1 - p))`` for a predicted error p.
    n : int
        Number of labels.
    least : int
        Labels for each stratum before the rest is dealt (all its items where it has fewer).

    Returns
    -------
    ndarray of int, shape (K,)
        In proportion to ``size * spread`` up to rounding, never above the size: the best of all allocations
        in whole numbers, each label going where it lowers the variance most.

    Notes
    -----
    O(n K log(n K)).

    References
    ----------
    Neyman 1934; Wright 2012, "The equivalence of Neyman optimum allocation for sampling and equal proportions
    for apportioning the U.S. House of Representatives".

    Examples
    --------
    >>> import numpy as np
    >>> neyman_allocation(np.array([500, 500]), np.array([0.1, 0.4]), 50)
    array([10, 40])
    """
    size_K, spread_K = np.asarray(size_K, np.intp), np.asarray(spread_K, np.float64)
    count_K = np.minimum(size_K, least)
    left = min(n, int(size_K.sum())) - int(count_K.sum())
    _check(n >= count_K.sum(), f"at least {count_K.sum()} labels, {least} for each stratum", n)
    _check(least > 0, "one label or more for each stratum", least)
    have_KM = count_K[:, None] + np.arange(left)
    gain_KM = (size_K * np.maximum(spread_K, 1e-12))[:, None] / np.sqrt(
        np.maximum(have_KM, 1) * (have_KM + 1)
    )
    gain_KM[have_KM >= size_K[:, None]] = -1.0
    best = np.argsort(-gain_KM, axis=None, kind="stable")[:left]
    return np.asarray(count_K + np.bincount(best // max(left, 1), minlength=len(size_K)))


def _drawn(values_S: ArrayLike, probability_S: ArrayLike) -> tuple[Doubles, Doubles]:
    z_S, pi_S = np.asarray(values_S, np.float64), np.asarray(probability_S, np.float64)
    _check(z_S.shape == pi_S.shape, f"a probability for each of {len(z_S)} values", pi_S.shape)
    _check(bool(((pi_S > 0) & (pi_S <= 1)).all()), "probabilities above 0 and up to 1", pi_S)
    return z_S, pi_S


def _normal(name: str, value: float, variance: float, n: int, method: str, level: float) -> Estimate:
    from scipy.stats import norm

    half = float(norm.ppf((1 + level) / 2)) * math.sqrt(variance)
    return Estimate(name, value, value - half, value + half, n, method, level)


def _check(fine: bool, expected: str, got: object) -> None:
    if not fine:
        raise BadInput(f"Expected {expected}. Got {got}.")
