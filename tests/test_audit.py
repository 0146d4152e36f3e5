"""The audit: uniform, nested, and decided by nothing but ids, seed and the number of asks."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from asklearn.audit import (
    AuditPlan,
    audit_order,
    design_weights,
    inclusion_probabilities,
    permanent_numbers,
    round_numbers,
    weighted_share,
)


@pytest.mark.parametrize("seed", [0, 1, -7, 2**62])
@pytest.mark.parametrize("which", [1, 2])
@pytest.mark.parametrize("ids", [range(20_000), [f"item-{n}" for n in range(20_000)]], ids=["rows", "names"])
def test_permanent_numbers_are_uniform(seed, which, ids):
    numbers = permanent_numbers(ids, seed, which)
    assert numbers.dtype == np.float64
    assert numbers.min() >= 0
    assert numbers.max() < 1
    assert stats.kstest(numbers, "uniform").pvalue > 1e-4
    assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 0.03


def test_the_uniformity_test_can_fail():
    assert stats.kstest(permanent_numbers(range(20_000), 0) ** 1.1, "uniform").pvalue < 1e-4


@pytest.mark.parametrize("other", [{"seed": 0, "which": 2}, {"seed": 1, "which": 1}])
def test_other_purposes_and_seeds_are_independent(other):
    one, two = permanent_numbers(range(20_000), 0), permanent_numbers(range(20_000), **other)
    assert abs(np.corrcoef(one, two)[0, 1]) < 0.03
    counts, *_ = np.histogram2d(one, two, bins=10, range=[[0, 1], [0, 1]])
    assert stats.chisquare(counts.ravel()).pvalue > 1e-4


def test_numbers_belong_to_ids_and_not_to_places():
    ids = ["b", 1, "1", "a", 2**80, "ä", ""]
    alone = [permanent_numbers([one], 5)[0] for one in ids]
    np.testing.assert_array_equal(permanent_numbers(ids, 5), alone)
    assert len(set(alone)) == len(ids)


def test_numbers_never_change():
    np.testing.assert_allclose(
        permanent_numbers([0, 1, "a", "ä", -5, 2**70], 42, 2),
        [0.973283487832, 0.56094283171, 0.004199725354, 0.588475686588, 0.143462908673, 0.888660106796],
        atol=1e-11,
    )


def test_order_is_that_of_the_numbers():
    ids = [f"x{n}" for n in range(500)]
    numbers = permanent_numbers(ids, 3)
    assert np.all(np.diff(numbers[audit_order(ids, 3)]) > 0)


def test_a_sample_of_a_larger_pool_is_nested():
    """Items added later never reorder those that were there."""
    few, many = audit_order(range(100), 0), audit_order(range(1000), 0)
    np.testing.assert_array_equal(few, many[many < 100])


@given(st.lists(st.integers(1, 300), min_size=1, max_size=4), st.lists(st.integers(0, 40), max_size=30),
       st.sampled_from([0.05, 0.1, 0.25, 0.5, 1.0]))  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_the_plan_depends_on_the_number_of_asks_alone(sizes, asks, share):
    one, two = AuditPlan(share), AuditPlan(share)
    for size in sizes:
        one.add_cohort(size)
        two.add_cohort(size)
    for n in asks:
        one.ask(n)
    for _ in range(sum(asks)):
        two.ask()
    assert one.prefixes == two.prefixes
    assert sum(one.prefixes) == min(int(sum(asks) * share + 1e-6), sum(sizes))
    assert all(prefix <= size for prefix, size in zip(one.prefixes, sizes, strict=True))


@given(st.lists(st.integers(1, 50) | st.tuples(st.integers(1, 500)), max_size=30))
@settings(max_examples=200, deadline=None)
def test_prefixes_only_grow(steps):
    plan, before = AuditPlan(0.2), []
    for step in steps:
        plan.add_cohort(step[0]) if isinstance(step, tuple) else plan.ask(step)
        assert all(now >= was for now, was in zip(plan.prefixes, before, strict=False))
        before = list(plan.prefixes)


def test_cohorts_are_sampled_alike():
    plan = AuditPlan(0.1)
    for size in (1000, 200, 50):
        plan.add_cohort(size)
    plan.ask(6000)
    shares = [prefix / size for prefix, size in zip(plan.prefixes, plan.sizes, strict=True)]
    assert max(shares) - min(shares) <= 1 / 50


def test_a_new_cohort_catches_up_first():
    plan = AuditPlan(0.1)
    plan.add_cohort(1000)
    plan.ask(1000)
    plan.add_cohort(100)
    plan.ask(50)
    assert plan.prefixes == [100, 5]
    plan.ask(60)
    assert plan.prefixes == [101, 10]


def test_what_is_exhausted_is_not_planned_and_leaves_no_credit():
    plan = AuditPlan(1.0)
    plan.add_cohort(3)
    plan.ask(50)
    assert plan.prefixes == [3]
    plan.add_cohort(10)
    assert plan.prefixes == [3, 0]
    plan.ask(2)
    assert plan.prefixes == [3, 2]


def test_no_share_no_audit():
    plan = AuditPlan(0.0)
    plan.add_cohort(10)
    plan.ask(1000)
    assert plan.prefixes == [0]


def test_looking_ahead_changes_nothing():
    plan = AuditPlan(0.3)
    plan.add_cohort(100)
    plan.ask(5)
    later = plan.after(10)
    assert plan.prefixes == [1]
    later.add_cohort(7)
    assert plan.sizes == [100]
    plan.ask(10)
    assert later.prefixes[:1] == plan.prefixes


def test_the_weighted_audit_is_owed_its_share_of_every_ask():
    plan = AuditPlan(0.1, weighted=0.05)
    plan.add_cohort(100)
    plan.ask(30)
    assert plan.owed == pytest.approx(1.5)
    assert plan.after(10).owed == pytest.approx(2.0)
    assert plan.owed == pytest.approx(1.5)


@pytest.mark.parametrize(("audit", "share"), [(0.0, 0.0), (0.1, 0.05), (0.97, 0.03), (1.0, 0.0)])
def test_the_weighted_share_leaves_room(audit, share):
    assert weighted_share(audit) == pytest.approx(share)


class TestRoundNumbers:
    numbers = permanent_numbers(range(20_000), 4, which=2)

    @pytest.mark.parametrize("number", [0, 1, 2, 999])
    def test_they_are_uniform(self, number):
        fresh = round_numbers(self.numbers, 4, number)
        assert fresh.min() >= 0
        assert fresh.max() < 1
        assert stats.kstest(fresh, "uniform").pvalue > 1e-4

    @pytest.mark.parametrize(("one", "other"), [((4, 0), (4, 1)), ((4, 1), (4, 2)), ((4, 3), (5, 3))])
    def test_rounds_and_seeds_are_independent(self, one, other):
        pair = [round_numbers(self.numbers, *each) for each in (one, other)]
        counts, *_ = np.histogram2d(*pair, bins=10, range=[[0, 1], [0, 1]])
        assert stats.chisquare(counts.ravel()).pvalue > 1e-4
        counts, *_ = np.histogram2d(pair[0], self.numbers, bins=10, range=[[0, 1], [0, 1]])
        assert stats.chisquare(counts.ravel()).pvalue > 1e-4

    def test_they_never_change(self):
        found = round_numbers(permanent_numbers([0, "a"], 42, 2), 42, 3)
        np.testing.assert_allclose(found, [0.9887955364363276, 0.5724676570687971], atol=1e-12)


class TestInclusion:
    @given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.floats(0.01, 50))
    @settings(max_examples=200, deadline=None)
    def test_the_sum_is_what_was_expected_and_none_is_above_one(self, errors, expected):
        w = inclusion_probabilities(np.array(errors), expected)
        assert w.sum() == pytest.approx(min(expected, len(errors)))
        assert w.min() > 0
        assert w.max() <= 1
        assert w.min() >= 0.19 * min(expected / len(errors), 1)

    def test_likely_mistakes_are_likelier(self):
        w = inclusion_probabilities(np.array([0.01, 0.1, 0.3, 0.5]), 0.5)
        assert np.all(np.diff(w) > 0)

    def test_what_is_unknown_counts_as_the_mean(self):
        w = inclusion_probabilities(np.array([0.5, 0.02, np.nan, np.nan]), 1.0)
        assert w[2] == w[3] == pytest.approx((w[0] + w[1]) / 2)
        np.testing.assert_allclose(inclusion_probabilities(np.full(4, np.nan), 1.0), 0.25)


class TestDesignWeights:
    def test_uniform_rounds_give_equal_weights(self):
        sizes, size, taken = [3, 1, 6, 2], 40, 0
        rounds, p = [], []
        for number, m in enumerate(sizes):
            rounds += [number] * m
            p += [m / (size - taken)] * m
            taken += m
        weights = design_weights(np.array(rounds), np.array(p), np.array(sizes), size)
        np.testing.assert_allclose(weights, size / taken)

    def test_a_population_that_was_drawn_whole_stands_for_itself(self):
        weights = design_weights(np.array([0, 0, 1, 1]), np.array([0.5, 0.5, 1, 1]), np.array([2, 2]), 4)
        np.testing.assert_allclose(weights, 1, atol=1e-5)

    def test_they_are_those_of_lure_where_a_round_draws_one(self):
        """Farquhar, Gal and Rainforth (2021), equation for v_m, with N items and M draws."""
        N, M = 9, 4
        q = np.array([0.2, 0.05, 0.4, 0.1])
        m = np.arange(1, M + 1)
        v = 1 + (N - M) / (N - m) * (1 / ((N - m + 1) * q) - 1)
        np.testing.assert_allclose(design_weights(m - 1, q, np.ones(M), N), v * N / M)

    def test_no_bias_over_every_outcome_of_a_design_that_reacts_to_labels(self):
        """Three items, two Poisson rounds, all 64 outcomes; the second round depends on what was found."""
        z = np.array([1.0, 0.0, 0.7])
        first = np.array([0.5, 0.2, 0.9])
        expected = np.array([1.0, 0.8])
        mean = 0.0
        for one, two in product(product([0, 1], repeat=3), repeat=2):
            one, two = np.array(one, bool), np.array(two, bool)
            second = np.where(one, 0.0, 0.3 + 0.4 * (z * one).sum() / 1.7)
            chance = np.prod(np.where(one, first, 1 - first)) * np.prod(np.where(two, second, 1 - second))
            if chance == 0:
                continue
            entered = [(i, 0, first[i]) for i in np.flatnonzero(one)]
            entered += [(i, 1, second[i]) for i in np.flatnonzero(two)]
            items, rounds, p = np.array(entered or [(0, 0, np.inf)]).T
            weights = design_weights(rounds.astype(int), p, expected, 3) if entered else np.zeros(1)
            mean += chance * (weights * z[items.astype(int)]).sum()
        assert mean == pytest.approx(z.sum())
