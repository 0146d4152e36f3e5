"""Comparisons of strategies that would stand in print: paired, ranked, corrected for how many there are.

Runs of one seed share their start, so strategies are compared within seeds; seeds of one data set say
nothing of another one, so over data sets a data set counts once. Demsar (2006), "Statistical comparisons of
classifiers over multiple data sets"; Benavoli, Corani and Mangili (2016), "Should we really use post-hoc
tests based on mean-ranks?"; Holm (1979), "A simple sequentially rejective multiple test procedure".
N differences, D data sets, K strategies, M tests.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from asklearn.errors import BadInput
from asklearn.intervals import student_t
from asklearn.types import Estimate, Floats, Indices

EXACT = 400
DEALS = 4999


@dataclass(frozen=True, slots=True)
class Comparison:
    """A difference with its interval, and how surely it is not zero.

    Attributes
    ----------
    estimate : Estimate
        The difference; ``n`` counts pairs. An infinite bound says that so few pairs give none.
    p : float
        Two-sided, not corrected; of :func:`non_inferiority` one-sided.
    least_p : float
        The smallest p that so many pairs can give, whatever they are.
    """

    estimate: Estimate
    p: float
    least_p: float

    def can_tell(self, tests: int = 1, alpha: float = 0.05) -> bool:
        """Return whether so many pairs can show anything at all, as one of `tests` tests.

        Examples
        --------
        >>> signed_rank([1.0, 2.0, 3.0, 4.0, 5.0]).can_tell()
        False
        """
        return self.least_p * tests <= alpha


def paired_t(differences_N: Sequence[float] | Floats, level: float = 0.95) -> Comparison:
    """Compare by Student's t test of paired differences: right for means over seeds of one data set.

    Parameters
    ----------
    differences_N : array of shape (N,)
        One strategy's score less the other's, pair by pair.
    level : float
        Confidence of the interval.

    Raises
    ------
    BadInput
        If there is no difference, or one that is not a number.

    Examples
    --------
    >>> found = paired_t([0.02, 0.03, 0.01, 0.04, 0.02])
    >>> round(found.p, 4), round(found.estimate.low, 4)
    (0.0093, 0.0098)
    """
    from scipy.stats import t

    x_N = _checked(differences_N)
    n, mean, method = len(x_N), float(x_N.mean()), "paired t"
    low, high = student_t(x_N, level)
    if n < 2:
        return Comparison(Estimate("mean difference", mean, low, high, n, method, level), 1.0, 1.0)
    error = float(x_N.std(ddof=1)) / math.sqrt(n)
    p = float(2 * t.sf(abs(mean) / error, n - 1)) if error else float(mean == 0)
    return Comparison(Estimate("mean difference", mean, low, high, n, method, level), p, 0.0)


def signed_rank(differences_N: Sequence[float] | Floats, level: float = 0.95) -> Comparison:
    """Compare by Wilcoxon's signed-rank test: right over data sets, whose differences are of unlike size.

    Parameters
    ----------
    differences_N : array of shape (N,)
        One strategy's score less the other's; over data sets each the mean over its seeds.
    level : float
        Confidence of the interval.

    Returns
    -------
    Comparison
        Of the pseudomedian (Hodges and Lehmann 1963), its interval from the Walsh averages. No interval at
        95% is finite with fewer than six differences, and no two-sided p below 0.05.

    Raises
    ------
    BadInput
        If there is no difference, or one that is not a number.

    Notes
    -----
    Exact up to 400 differences, ties and zeros included (by the distribution of the signs given the ranks;
    zeros are ranked and then left out, Pratt 1959); normal beyond. O(N^3) at most.

    Examples
    --------
    >>> found = signed_rank([0.02, 0.05, -0.01, 0.03, 0.08, 0.04])
    >>> found.p, found.least_p, round(found.estimate.value, 4)
    (0.0625, 0.03125, 0.035)
    """
    from scipy.stats import rankdata

    x_N = _checked(differences_N)
    n = len(x_N)
    rank_N = np.rint(2 * rankdata(np.abs(x_N))).astype(int)
    kept = x_N != 0
    walsh = np.sort(((x_N[:, None] + x_N) / 2)[np.triu_indices(n)])
    outside = _quantile_of_ranks(n, (1 - level) / 2)
    low, high = (walsh[outside], walsh[-1 - outside]) if outside >= 0 else (-math.inf, math.inf)
    method = "exact signed rank" if n <= EXACT else "signed rank"
    middle = Estimate("pseudomedian", float(np.median(walsh)), float(low), float(high), n, method, level)
    p = _two_sided(rank_N[kept], int(rank_N[x_N > 0].sum()))
    return Comparison(middle, p, min(1.0, 2.0 ** (1 - n)))


def _two_sided(rank_N: Indices, observed: int) -> float:
    """Return how often random signs give a sum of positive (doubled) ranks as far from the middle."""
    from scipy.stats import norm

    if len(rank_N) == 0:
        return 1.0
    if len(rank_N) > EXACT:
        spread = math.sqrt(float((rank_N**2.0).sum())) / 2
        return float(2 * norm.sf(abs(observed - float(rank_N.sum()) / 2) / spread))
    chance = _sums(rank_N)
    return min(1.0, 2 * float(min(chance[: observed + 1].sum(), chance[observed:].sum())))


def _sums(rank_N: Indices) -> Floats:
    """Return the chance of each sum of a random subset of whole numbers."""
    chance = np.zeros(int(rank_N.sum()) + 1)
    chance[0] = 1.0
    for rank in map(int, rank_N):
        moved = np.zeros_like(chance)
        moved[rank:] = chance[: len(chance) - rank]
        chance = (chance + moved) / 2
    return chance


def _quantile_of_ranks(n: int, tail: float) -> int:
    """Return the largest sum of ranks that is not exceeded with at most a chance of `tail`; -1 for none."""
    from scipy.stats import norm

    if n > EXACT:
        middle, spread = n * (n + 1) / 4, math.sqrt(n * (n + 1) * (2 * n + 1) / 24)
        return math.floor(middle + float(norm.ppf(tail)) * spread)
    return int(np.searchsorted(np.cumsum(_sums(np.arange(1, n + 1))), tail * (1 + 1e-12), "right")) - 1


def non_inferiority(
    differences_N: Sequence[float] | Floats, margin: float, level: float = 0.95
) -> Comparison:
    """Test that a mean difference is above ``-margin``: no worse by more than what does not matter.

    Shown at `level` if the lower bound of the estimate is above ``-margin``, and then p is at most
    ``(1 - level) / 2``.

    Parameters
    ----------
    differences_N : array of shape (N,)
        The new one's score less the old one's, pair by pair.
    margin : float
        What does not matter, above zero; fixed before the differences are seen.
    level : float
        Confidence of the two-sided interval.

    Raises
    ------
    BadInput
        If the margin is not above zero, or a difference is not a number.

    Examples
    --------
    >>> found = non_inferiority([-0.002, 0.001, 0.003, -0.001, 0.002], margin=0.005)
    >>> found.estimate.low > -0.005, round(found.p, 4)
    (True, 0.0019)
    """
    from scipy.stats import t

    if not margin > 0:
        raise BadInput(f"margin must be above 0: a loss that does not matter. Got {margin}.")
    found = paired_t(differences_N, level)
    x_N = _checked(differences_N)
    n, error = len(x_N), float(x_N.std()) / math.sqrt(max(len(x_N) - 1, 1))
    excess = float(x_N.mean()) + margin
    if n < 2:
        return Comparison(found.estimate, 1.0, 1.0)
    p = float(t.sf(excess / error, n - 1)) if error else float(excess <= 0)
    return Comparison(found.estimate, p, 0.0)


def holm(p_M: Sequence[float] | Floats) -> Floats:
    """Return p-values corrected for their number: any at most alpha are wrong with chance alpha at most.

    Parameters
    ----------
    p_M : array of shape (M,)
        In [0, 1], of tests that may depend on one another in any way.

    Raises
    ------
    BadInput
        If one is not in [0, 1].

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    p_M = np.asarray(p_M, float)
    if not ((p_M >= 0) & (p_M <= 1)).all():
        raise BadInput(f"p-values must be in [0, 1]. Got {p_M}.")
    order = np.argsort(p_M, kind="stable")
    steps = np.arange(len(p_M), 0, -1)
    corrected = np.empty(len(p_M))
    corrected[order] = np.minimum(np.maximum.accumulate(p_M[order] * steps), 1.0) if len(p_M) else []
    return corrected


@dataclass(frozen=True, slots=True)
class Ranks:
    """How strategies rank over data sets: the content of a critical-difference diagram.

    Attributes
    ----------
    names : tuple of str
        Best first; every array is in this order.
    mean_rank_K : ndarray of shape (K,)
        1 is best; equal scores share their ranks.
    friedman_p : float
        That ranks as unlike come of chance, if no strategy is better than another on any data set.
    p_KK : ndarray of shape (K, K)
        Signed-rank tests of each pair, Holm-corrected for the number of pairs.
    groups : tuple of (int, int)
        First and last place of each run of strategies of which no two are told apart.
    nemenyi : float
        The difference of mean ranks that Nemenyi's test takes for more than chance; for comparison.
    n : int
        Number of data sets.
    alpha : float
        Chance of telling any two apart wrongly.
    """

    names: tuple[str, ...]
    mean_rank_K: Floats
    friedman_p: float
    p_KK: Floats
    groups: tuple[tuple[int, int], ...]
    nemenyi: float
    n: int
    alpha: float

    @property
    def can_tell(self) -> bool:
        """Whether so many data sets can tell any two strategies apart, among so many pairs."""
        return least_datasets(len(self.names) * (len(self.names) - 1) // 2, self.alpha) <= self.n


def least_datasets(tests: int = 1, alpha: float = 0.05) -> int:
    """Return how many data sets a signed-rank test needs at least to show anything, as one of `tests`.

    Examples
    --------
    >>> least_datasets(), least_datasets(tests=6)
    (6, 8)
    """
    return max(1, math.ceil(1 + math.log2(max(tests, 1) / alpha) - 1e-12))


def ranks(scores_DK: Floats, names: Sequence[str], rng: Generator, alpha: float = 0.05) -> Ranks:
    """Rank strategies on each data set, and say which of them the data sets tell apart.

    Parameters
    ----------
    scores_DK : array of shape (D, K)
        Score of each strategy on each data set, mean over seeds; higher is better.
    names : sequence of K str
        What the strategies are called.
    rng : Generator
        Deals the ranks for the test of all at once.
    alpha : float
        Chance of telling any two apart wrongly.

    Raises
    ------
    BadInput
        If there is no data set, fewer than two strategies, or a score that is not a number.

    Notes
    -----
    The test of all at once is Friedman's, its p by 4,999 deals of the ranks: neither chi-squared nor the
    correction of Iman and Davenport (1980) keeps its level with a handful of data sets (enumeration gives up to
    7% and 7.5% at 5%). Pairs are told apart by signed-rank tests, which do not depend on what else was compared,
    and not by differences of mean ranks, which do (Benavoli et al. 2016).

    Examples
    --------
    >>> scores_DK = np.array([[0.7, 0.8, 0.6]] * 9) + np.arange(9)[:, None] / 100
    >>> found = ranks(scores_DK, ["margin", "auto", "random"], np.random.default_rng(0))
    >>> found.names, found.mean_rank_K.tolist(), found.groups
    (('auto', 'margin', 'random'), [1.0, 2.0, 3.0], ())
    """
    from scipy.stats import rankdata

    scores_DK = np.asarray(scores_DK, float)
    if scores_DK.ndim != 2 or scores_DK.shape[0] < 1 or scores_DK.shape[1] < 2:
        raise BadInput(
            f"Scores must have a row per data set and two columns at least. Got {scores_DK.shape}."
        )
    if len(names) != scores_DK.shape[1] or not np.isfinite(scores_DK).all():
        raise BadInput(
            f"Each of {scores_DK.shape[1]} strategies needs a name, and a score on every data set. "
            f"Got {len(names)} names and {int((~np.isfinite(scores_DK)).sum())} scores that are not numbers."
        )
    rank_DK = rankdata(-scores_DK, axis=1)
    order = np.argsort(rank_DK.mean(0), kind="stable")
    p_KK = _pairwise(scores_DK[:, order])
    n, strategies = scores_DK.shape
    return Ranks(
        tuple(names[k] for k in order), rank_DK.mean(0)[order], _friedman(rank_DK, rng), p_KK,
        _groups(p_KK, alpha), nemenyi(n, strategies, alpha), n, alpha,
    )  # fmt: skip


def _friedman(rank_DK: Floats, rng: Generator) -> float:
    """Return how often ranks dealt out anew on each data set make mean ranks as unlike as these are."""

    def unlike(dealt: Floats) -> Floats:
        return np.asarray(((dealt.mean(axis=-2) - middle) ** 2).sum(axis=-1))

    n, strategies = rank_DK.shape
    middle, reached = (strategies + 1) / 2, 0
    observed = float(unlike(rank_DK)) - 1e-9
    at_once = max(1, (1 << 20) // rank_DK.size)
    for start in range(0, DEALS, at_once):
        dealt = np.broadcast_to(rank_DK, (min(at_once, DEALS - start), n, strategies))
        reached += int((unlike(rng.permuted(dealt, axis=2)) >= observed).sum())
    return (1 + reached) / (1 + DEALS)


def _pairwise(scores_DK: Floats) -> Floats:
    strategies = scores_DK.shape[1]
    first, second = np.triu_indices(strategies, 1)
    corrected = holm(
        [signed_rank(scores_DK[:, a] - scores_DK[:, b]).p for a, b in zip(first, second, strict=True)]
    )
    p_KK = np.ones((strategies, strategies))
    p_KK[first, second] = p_KK[second, first] = corrected
    return p_KK


def _groups(p_KK: Floats, alpha: float) -> tuple[tuple[int, int], ...]:
    """Return the longest runs of places within which no pair is told apart; single places are none."""
    apart_KK = p_KK <= alpha
    found: list[tuple[int, int]] = []
    for first in range(len(p_KK)):
        last = first
        while last + 1 < len(p_KK) and not apart_KK[first : last + 2, last + 1].any():
            last += 1
        if last > first and not (found and found[-1][1] >= last):
            found.append((first, last))
    return tuple(found)


def nemenyi(datasets: int, strategies: int, alpha: float = 0.05) -> float:
    """Return Nemenyi's critical difference of mean ranks (Demsar 2006, equation 8).

    Examples
    --------
    >>> round(nemenyi(datasets=14, strategies=4), 3)
    1.254
    """
    from scipy.stats import studentized_range

    quantile = float(studentized_range.ppf(1 - alpha, strategies, np.inf)) / math.sqrt(2)
    return quantile * math.sqrt(strategies * (strategies + 1) / (6 * datasets))


@dataclass(frozen=True, slots=True)
class OverDatasets:
    """One strategy against another on several data sets, with several seeds on each.

    Attributes
    ----------
    each : dict of str to Comparison
        On each data set over its seeds, by :func:`paired_t`; it speaks for that data set alone.
    each_p : dict of str to float
        The same p-values, Holm-corrected for the number of data sets.
    mean : Comparison
        Over data sets, by :func:`paired_t` of their means.
    ranked : Comparison
        Over data sets, by :func:`signed_rank` of their means.
    """

    each: dict[str, Comparison]
    each_p: dict[str, float]
    mean: Comparison
    ranked: Comparison

    def counted(self, alpha: float = 0.05) -> tuple[int, int, int]:
        """Return on how many data sets it was surely better, not told apart, and surely worse."""
        sure = [self.each[name].estimate.value for name, p in self.each_p.items() if p <= alpha]
        better, worse = sum(value > 0 for value in sure), sum(value < 0 for value in sure)
        return better, len(self.each) - better - worse, worse


def over_datasets(differences: Mapping[str, Sequence[float] | Floats], level: float = 0.95) -> OverDatasets:
    """Compare two strategies on several data sets: on each over its seeds, and over data sets.

    Parameters
    ----------
    differences : mapping of str to array of shape (S,)
        By data set: one strategy's score less the other's, seed by seed.
    level : float
        Confidence of the intervals.

    Raises
    ------
    BadInput
        If there is no data set, or a difference that is not a number.

    Notes
    -----
    Over data sets the unit is the data set, however many seeds each has: more seeds make its mean sharper
    and never make one data set two. The data sets at hand are seldom drawn from those to come; an interval
    over them says what would hold if they were.

    Examples
    --------
    >>> found = over_datasets({"digits": [0.02, 0.03, 0.025], "wine": [0.0, 0.01, -0.01]})
    >>> found.counted(), round(found.mean.estimate.value, 4), found.ranked.can_tell()
    ((1, 1, 0), 0.0125, False)
    """
    if not differences:
        raise BadInput("Give the differences of at least one data set.")
    each = {name: paired_t(some, level) for name, some in differences.items()}
    corrected = holm([one.p for one in each.values()])
    means = [one.estimate.value for one in each.values()]
    return OverDatasets(
        each,
        dict(zip(each, corrected.tolist(), strict=True)),
        paired_t(means, level),
        signed_rank(means, level),
    )


def _checked(differences_N: Sequence[float] | Floats) -> Floats:
    x_N = np.asarray(differences_N, float)
    if x_N.ndim != 1 or not len(x_N) or not np.isfinite(x_N).all():
        raise BadInput(f"Differences must be a list of at least one number. Got {x_N}.")
    return x_N
