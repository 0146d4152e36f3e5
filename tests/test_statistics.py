"""Tests by scipy where it has them, by enumeration where it has not, by simulation where they promise a rate."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from asklearn.errors import BadInput
from asklearn.statistics import (
    EXACT,
    _groups,
    _pairwise,
    holm,
    least_datasets,
    nemenyi,
    non_inferiority,
    over_datasets,
    paired_t,
    ranks,
    signed_rank,
)


def rng0() -> np.random.Generator:
    return np.random.default_rng(0)


def made(n: int, seed: int = 0, shift: float = 0.3) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).normal(shift, 1, n)


@pytest.mark.parametrize("n", [2, 5, 30])
def test_the_paired_t_test_is_scipys(n: int) -> None:
    x = made(n)
    found, truth = paired_t(x, 0.9), stats.ttest_1samp(x, 0)
    assert found.p == pytest.approx(truth.pvalue)
    interval = truth.confidence_interval(0.9)
    assert (found.estimate.low, found.estimate.high) == pytest.approx((interval.low, interval.high))
    assert found.estimate.n == n


@pytest.mark.parametrize("margin", [0.1, 0.5])
def test_non_inferiority_is_the_shifted_one_sided_t_test(margin: float) -> None:
    x = made(12, shift=0.0)
    found = non_inferiority(x, margin)
    assert found.p == pytest.approx(stats.ttest_1samp(x, -margin, alternative="greater").pvalue)
    assert (found.estimate.low > -margin) == (found.p < 0.025)


def test_non_inferiority_is_shown_wrongly_as_often_as_stated() -> None:
    """At the margin itself: 1,000 draws of eight differences; 2.5% is meant, three standard errors allowed."""
    rng = np.random.default_rng(1)
    shown = np.mean([non_inferiority(rng.normal(-0.5, 1, 8), 0.5).p <= 0.025 for _ in range(1000)])
    assert abs(shown - 0.025) < 3 * math.sqrt(0.025 * 0.975 / 1000)


@pytest.mark.parametrize("n", [1, 2, 6, 15, 40])
def test_the_signed_rank_test_is_scipys_without_ties(n: int) -> None:
    x = made(n, n)
    assert signed_rank(x).p == pytest.approx(stats.wilcoxon(x, method="exact").pvalue)


def by_signs(x: np.ndarray[Any, Any]) -> float:
    """Two-sided p of the signed ranks by every choice of signs; zeros are ranked and then left out."""
    rank = stats.rankdata(np.abs(x))[x != 0]
    positive = rank[x[x != 0] > 0].sum()
    sums = np.array([rank @ signs for signs in itertools.product((0, 1), repeat=len(rank))])
    below, above = np.mean(sums <= positive + 1e-9), np.mean(sums >= positive - 1e-9)
    return min(1.0, 2 * min(below, above))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-4, 4), min_size=1, max_size=9))
def test_with_ties_and_zeros_it_is_exact(values: list[int]) -> None:
    x = np.array(values, float)
    assert signed_rank(x).p == pytest.approx(by_signs(x))
    assert signed_rank(-x).p == pytest.approx(signed_rank(x).p)


def test_beyond_the_exact_size_it_is_the_normal_test() -> None:
    x = made(EXACT + 50, shift=0.05)
    assert signed_rank(x).p == pytest.approx(stats.wilcoxon(x, method="approx").pvalue)
    exact, normal = signed_rank(x[:EXACT]), stats.wilcoxon(x[:EXACT], method="approx")
    assert exact.p == pytest.approx(normal.pvalue, abs=2e-3)


@pytest.mark.parametrize("n", [6, 7, 12, 25])
def test_its_interval_holds_the_shifts_that_the_test_does_not_reject(n: int) -> None:
    x = made(n, n)
    found = signed_rank(x).estimate
    for bound, inward in ((found.low, 1e-6), (found.high, -1e-6)):
        assert signed_rank(x - (bound + inward)).p > 0.05
        assert signed_rank(x - (bound - inward)).p <= 0.05


@pytest.mark.parametrize("n", [3, 5, 6, 10])
def test_its_interval_covers_and_says_nothing_of_five(n: int) -> None:
    """1,000 draws; at least 95% is meant, three standard errors allowed."""
    rng = np.random.default_rng(2)
    spans = [signed_rank(rng.normal(0, 1, n)).estimate for _ in range(1000)]
    assert np.mean([one.low <= 0 <= one.high for one in spans]) > 0.95 - 3 * math.sqrt(0.05 * 0.95 / 1000)
    assert all(math.isinf(one.low) for one in spans) == (n < 6)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-1, 1), min_size=1, max_size=12))
def test_no_p_is_below_what_so_many_pairs_can_give(values: list[float]) -> None:
    found = signed_rank(values)
    assert found.p >= found.least_p - 1e-12


def test_the_least_number_of_data_sets() -> None:
    for tests in (1, 3, 6, 28):
        n = least_datasets(tests)
        best = signed_rank(np.arange(1.0, n + 1))
        assert best.p * tests <= 0.05
        assert best.can_tell(tests)
        assert not signed_rank(np.arange(1.0, n)).can_tell(tests)


def closed(p: list[float]) -> list[float]:
    """Holm's correction as the closed test of all Bonferroni tests of subsets."""
    every = range(len(p))
    subsets = [s for size in range(1, len(p) + 1) for s in itertools.combinations(every, size)]
    level = {s: min(1.0, len(s) * min(p[i] for i in s)) for s in subsets}
    return [max(level[s] for s in subsets if i in s) for i in every]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_holm_is_the_closed_bonferroni_test(p: list[float]) -> None:
    assert holm(p).tolist() == pytest.approx(closed(p))


def test_holm_of_nothing_and_of_nonsense() -> None:
    assert holm([]).tolist() == []
    with pytest.raises(BadInput, match="p-values"):
        holm([0.2, 1.5])


@pytest.mark.parametrize(("n", "k"), [(2, 3), (4, 3), (3, 4)])
def test_the_test_of_all_is_friedmans_by_enumeration(n: int, k: int) -> None:
    """Every ranking of the other data sets; 4,999 deals, three standard errors allowed."""
    orders = [np.array(order) + 1.0 for order in itertools.permutations(range(k))]
    every = [np.array([orders[0], *rest]) for rest in itertools.product(orders, repeat=n - 1)]
    chi = np.array([((one.mean(0) - (k + 1) / 2) ** 2).sum() for one in every])
    for seed in range(3):
        place = int(np.random.default_rng(seed).integers(len(every)))
        exact = np.mean(chi >= chi[place] - 1e-9)
        found = ranks(-every[place], "abcd"[:k], rng0())
        assert found.friedman_p == pytest.approx(exact, abs=3 * math.sqrt(0.25 / 4999) + 2e-4)


def test_with_many_data_sets_it_is_near_scipys() -> None:
    scores = np.random.default_rng(3).normal([0.0, 0.2, 0.3, 0.1], size=(40, 4))
    truth = stats.friedmanchisquare(*scores.T).pvalue
    assert ranks(scores, "abcd", rng0()).friedman_p == pytest.approx(truth, abs=0.02)


def test_full_agreement_claims_no_more_than_the_number_of_data_sets_allows() -> None:
    for n in (1, 2, 3):
        found = ranks(np.tile([0.1, 0.2, 0.3], (n, 1)), "abc", rng0())
        assert found.friedman_p == pytest.approx(6.0 ** (1 - n), abs=0.02)
    six, seven = (ranks(np.tile([0.1, 0.2, 0.3], (n, 1)), "abc", rng0()) for n in (6, 7))
    assert (six.can_tell, six.groups) == (False, ((0, 2),))
    assert (seven.can_tell, seven.groups) == (True, ())


def test_equal_strategies_are_one_group() -> None:
    found = ranks(np.zeros((10, 3)), "abc", rng0())
    assert (found.friedman_p, found.groups, found.mean_rank_K.tolist()) == (1.0, ((0, 2),), [2.0, 2.0, 2.0])


def test_groups_are_the_longest_runs_of_pairs_not_told_apart() -> None:
    p = np.ones((4, 4))
    for a, b in ((0, 2), (0, 3), (1, 3)):
        p[a, b] = p[b, a] = 0.01
    assert _groups(p, 0.05) == ((0, 1), (1, 2), (2, 3))
    p[1, 3] = p[3, 1] = 0.5
    assert _groups(p, 0.05) == ((0, 1), (1, 3))


def test_strategies_that_are_the_same_are_told_apart_as_seldom_as_stated() -> None:
    """500 comparisons of four equal strategies on ten data sets; at most 5%, three standard errors allowed."""
    rng = np.random.default_rng(4)
    wrong = [(_pairwise(rng.normal(size=(10, 4))) <= 0.05).any() for _ in range(500)]
    assert np.mean(wrong) < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 500)


@pytest.mark.parametrize(("k", "q"), [(2, 1.960), (5, 2.728), (10, 3.164)])
def test_the_critical_difference_has_the_published_quantiles(k: int, q: float) -> None:
    assert nemenyi(20, k) / math.sqrt(k * (k + 1) / 120) == pytest.approx(q, abs=1e-3)


def test_over_data_sets_a_data_set_counts_once() -> None:
    rng = np.random.default_rng(5)
    few = {str(i): rng.normal(0.1, 0.01, 3) for i in range(5)}
    many = {name: np.tile(some, 400) for name, some in few.items()}
    assert over_datasets(many).ranked == over_datasets(few).ranked
    assert over_datasets(many).mean.estimate.n == 5
    assert over_datasets(few).ranked.p == 2**-4


def test_over_data_sets_the_counts_are_holm_corrected() -> None:
    found = over_datasets(
        {"up": [1.0, 1.1, 0.9, 1.0], "down": [-1.0, -1.1, -0.9, -1.0], "flat": [1.0, -1.0, 0.5]}
    )
    assert found.counted() == (1, 1, 1)
    assert list(found.each_p.values()) == holm([one.p for one in found.each.values()]).tolist()


def test_a_single_seed_shows_nothing() -> None:
    for found in (paired_t([0.3]), signed_rank([0.3]), non_inferiority([0.3], 0.1)):
        assert found.p == 1.0
        assert not found.can_tell()
        assert math.isinf(found.estimate.low)


@pytest.mark.parametrize("wrong", [[], [math.nan], [[0.1]]])
def test_what_is_no_difference_is_refused(wrong: Any) -> None:
    for test in (paired_t, signed_rank):
        with pytest.raises(BadInput, match="Differences must be"):
            test(wrong)


def test_what_cannot_be_ranked_is_refused() -> None:
    with pytest.raises(BadInput, match="two columns"):
        ranks(np.ones((3, 1)), ["a"], rng0())
    with pytest.raises(BadInput, match="needs a name"):
        ranks(np.full((3, 2), math.nan), ["a", "b"], rng0())
    with pytest.raises(BadInput, match="margin"):
        non_inferiority([0.1], 0.0)
    with pytest.raises(BadInput, match="at least one data set"):
        over_datasets({})
