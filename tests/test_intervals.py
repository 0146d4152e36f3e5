"""Intervals that keep their promise: exact where it can be enumerated, simulated with stated error elsewhere."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from asklearn.errors import BadInput
from asklearn.intervals import (
    betting,
    betting_sequence,
    effective_binomial,
    exact_binomial,
    student_t,
    watched_levels,
)

REPEATS = 400


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
@pytest.mark.parametrize(
    ("successes", "n"), [(0, 1), (1, 1), (3, 10), (18, 20), (0, 50), (50, 50), (250, 400)]
)
def test_clopper_pearson_inverts_the_two_one_sided_binomial_tests(
    successes: int, n: int, level: float
) -> None:
    low, high = exact_binomial(successes, n, level)
    tail = (1 - level) / 2
    assert low == 0 if successes == 0 else stats.binom.sf(successes - 1, n, low) == pytest.approx(tail)
    assert high == 1 if successes == n else stats.binom.cdf(successes, n, high) == pytest.approx(tail)
    assert low <= successes / n <= high


@pytest.mark.parametrize("n", [1, 2, 5, 11, 20, 60])
def test_clopper_pearson_covers_every_proportion_by_enumeration(n: int) -> None:
    bounds = np.array([exact_binomial(k, n) for k in range(n + 1)])
    for p in np.linspace(0, 1, 201):
        covers = (bounds[:, 0] <= p) & (p <= bounds[:, 1])
        assert stats.binom.pmf(np.arange(n + 1)[covers], n, p).sum() >= 0.95 - 1e-12


def test_without_trials_everything_is_possible() -> None:
    assert exact_binomial(0, 0) == (0.0, 1.0)
    assert betting(np.array([])) == (0.0, 1.0)


@pytest.mark.parametrize(("successes", "n"), [(-1, 5), (6, 5)])
def test_impossible_counts_are_refused(successes: int, n: int) -> None:
    with pytest.raises(BadInput, match="0 <= successes <= n"):
        exact_binomial(successes, n)


DISTRIBUTIONS: dict[str, tuple[Callable[[np.random.Generator, int], np.ndarray], float]] = {
    "bernoulli 0.9": (lambda rng, n: rng.binomial(1, 0.9, n).astype(float), 0.9),
    "beta 8, 2": (lambda rng, n: rng.beta(8, 2, n), 0.8),
    "rarely one": (lambda rng, n: (rng.random(n) < 0.02).astype(float), 0.02),
    "nearly always a little": (lambda rng, n: np.where(rng.random(n) < 0.03, 1.0, 0.1), 0.03 + 0.97 * 0.1),
    "constant": (lambda rng, n: np.full(n, 0.37), 0.37),
}


@pytest.mark.parametrize("n", [5, 20, 100])
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_betting_covers_the_mean(name: str, n: int) -> None:
    """Fewer than 95% in 400 repetitions are allowed for by chance only (3 standard errors: 3.3%)."""
    draw, mean = DISTRIBUTIONS[name]
    rng = np.random.default_rng(n)
    covered = 0
    for _ in range(REPEATS):
        low, high = betting(draw(rng, n), grid=201)
        covered += low <= mean <= high
    assert covered / REPEATS >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / REPEATS)


def test_betting_that_looks_into_the_future_would_not_cover() -> None:
    """The same test catches an interval that is too narrow: the plug-in normal one, for rare ones."""
    draw, mean = DISTRIBUTIONS["rarely one"]
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(REPEATS):
        x = draw(rng, 20)
        half = 1.96 * x.std() / math.sqrt(len(x))
        covered += x.mean() - half <= mean <= x.mean() + half
    assert covered / REPEATS < 0.95 - 3 * math.sqrt(0.95 * 0.05 / REPEATS)


def capital(x: list[float], m: float, level: float) -> float:
    """The most that either gambler ever held against the mean m, in logarithms; one value at a time."""
    alpha, up, down, most = 1 - level, 0.0, 0.0, -math.inf
    for t, value in enumerate(x):
        seen = x[:t]
        means = [(0.5 + sum(x[: i + 1])) / (i + 2) for i in range(t)]
        variance = (0.25 + sum((v - mean) ** 2 for v, mean in zip(seen, means, strict=True))) / (t + 1)
        stake = math.sqrt(2 * math.log(2 / alpha) / (len(x) * variance))
        up += math.log(1 + min(stake, 0.5 / m) * (value - m))
        down += math.log(1 - min(stake, 0.5 / (1 - m)) * (value - m))
        most = max(most, up, down)
    return most


@pytest.mark.parametrize("seed", range(4))
def test_betting_is_the_papers_with_stakes_that_know_the_past_alone(seed: int) -> None:
    x = np.random.default_rng(seed).beta(2, 1, 12)
    low, high = betting(x, 0.9, grid=101)
    kept = [m for m in np.linspace(0, 1, 101)[1:-1] if capital(x.tolist(), float(m), 0.9) < math.log(2 / 0.1)]
    assert (low, high) == pytest.approx((max(kept[0] - 0.01, 0), min(kept[-1] + 0.01, 1)))


def test_betting_narrows_with_labels_and_widens_with_the_level() -> None:
    x = np.random.default_rng(0).beta(5, 2, 400)
    widths = [np.diff(betting(x[:n]))[0] for n in (20, 100, 400)]
    assert widths[0] > widths[1] > widths[2]
    assert np.diff(betting(x, 0.8))[0] < widths[2] < np.diff(betting(x, 0.99))[0]


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=40))
@settings(max_examples=40, deadline=None)
def test_betting_mirrors_and_stays_within_the_bounds(values: list[float]) -> None:
    x = np.array(values)
    low, high = betting(x, grid=101)
    assert 0 <= low <= high <= 1
    mirrored_low, mirrored_high = betting(1 - x, grid=101)
    assert (mirrored_low, mirrored_high) == pytest.approx((1 - high, 1 - low), abs=0.03)


@pytest.mark.parametrize("values", [[-0.1, 0.5], [0.5, 1.1], [0.5, float("nan")]])
def test_betting_refuses_what_is_out_of_bounds(values: list[float]) -> None:
    with pytest.raises(BadInput, match=r"values in \[0, 1\]"):
        betting(np.array(values))


def test_student_t_is_scipys() -> None:
    x = np.random.default_rng(0).normal(3, 2, 7)
    expected = stats.t.interval(0.9, 6, x.mean(), stats.sem(x))
    assert student_t(x, 0.9) == pytest.approx(expected)
    assert student_t(x[:1]) == (-math.inf, math.inf)


# An effective number of labels


@given(n=st.integers(5, 200), successes=st.integers(0, 200))
@settings(max_examples=50, deadline=None)
def test_with_a_proportions_own_variance_it_is_the_exact_interval(n: int, successes: int) -> None:
    p = min(successes, n) / n
    found = effective_binomial(p, p * (1 - p) / n, n, freedom=1e12)
    assert found == pytest.approx(exact_binomial(min(successes, n), n), abs=1e-9)


def test_fewer_degrees_of_freedom_and_more_variance_widen() -> None:
    def width(variance: float, freedom: float) -> float:
        low, high = effective_binomial(0.8, variance, 50, freedom=freedom)
        return high - low

    assert width(0.001, 99) < width(0.002, 99) < width(0.002, 5)
    assert effective_binomial(1.0, 0.0, 20, freedom=19)[0] < 0.9
    assert effective_binomial(1.2, 0.01, 20, freedom=19)[1] == 1.0


# Weights, and every time


def test_weights_of_one_change_nothing() -> None:
    x = np.random.default_rng(0).beta(3, 2, 80)
    assert betting(x, weight_N=np.ones(80)) == betting(x)


@pytest.mark.parametrize("n", [10, 50])
def test_weighted_betting_covers_with_heavy_weights(n: int) -> None:
    """Items that are mostly ones are drawn a tenth as often; weights reach five times their mean."""
    rng = np.random.default_rng(n)
    covered = 0
    for _ in range(REPEATS):
        rare = rng.random(n) < 0.1
        weight = np.where(rare, 0.5 / 0.1, 0.5 / 0.9)
        x = (rng.random(n) < np.where(rare, 0.9, 0.1)).astype(float)
        low, high = betting(x, grid=201, weight_N=weight)
        covered += low <= 0.5 <= high
    assert covered / REPEATS >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / REPEATS)


def test_bad_weights_are_refused() -> None:
    with pytest.raises(BadInput, match="a weight of at least 0 for each of 3"):
        betting(np.array([0.1, 0.2, 0.3]), weight_N=np.array([1.0, -1.0, 1.0]))


@pytest.mark.parametrize("name", ["bernoulli 0.9", "beta 8, 2", "rarely one"])
def test_a_sequence_covers_at_all_times_together(name: str) -> None:
    """Whoever looks after each of 300 values is wrong at some time in at most 5% of 300 repetitions."""
    draw, mean = DISTRIBUTIONS[name]
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(300):
        low, high = betting_sequence(draw(rng, 300), grid=201)
        covered += bool(((low <= mean) & (mean <= high)).all())
    assert covered / 300 >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / 300)


def test_looking_all_the_time_with_an_interval_for_one_time_would_not_cover() -> None:
    rng = np.random.default_rng(0)
    x = rng.random((300, 300)) < 0.5
    seen = x.cumsum(1)
    missed = np.zeros(300, bool)
    for n in range(10, 301, 10):
        table = np.array([exact_binomial(k, n) for k in range(n + 1)])
        here = table[seen[:, n - 1]]
        missed |= (here[:, 0] > 0.5) | (here[:, 1] < 0.5)
    assert missed.mean() > 0.05 + 3 * math.sqrt(0.05 * 0.95 / 300)


def test_a_sequence_only_narrows_and_knows_the_past_alone() -> None:
    x = np.random.default_rng(0).beta(4, 2, 700)
    low, high = betting_sequence(x)
    assert (np.diff(low) >= 0).all()
    assert (np.diff(high) <= 0).all()
    assert (low < high).all()
    first = betting_sequence(x[:300])
    np.testing.assert_array_equal(low[:300], first[0])
    np.testing.assert_array_equal(high[:300], first[1])
    assert [len(one) for one in betting_sequence(np.empty(0))] == [0, 0]


# Looks at a growing audit


@given(st.lists(st.integers(0, 60), min_size=1, max_size=60))
@settings(max_examples=60, deadline=None)
def test_looks_spend_no_more_than_there_is_and_never_look_ahead(steps: list[int]) -> None:
    sizes = np.cumsum(steps).tolist()
    levels = watched_levels(sizes, 0.9)
    assert sum(1 - one for one in levels) <= 0.1
    assert all(0.9 < one < 1 for one in levels)
    assert watched_levels(sizes[: len(sizes) // 2], 0.9) == levels[: len(sizes) // 2]


def test_a_look_without_a_new_label_spends_as_if_one_had_come() -> None:
    assert watched_levels([8, 8, 5]) == watched_levels([8, 9, 10])
    with pytest.raises(BadInput, match=r"numbers of audit labels\. Got -1"):
        watched_levels([8, -1])


@pytest.mark.parametrize("agree", [0.0, 0.9])
def test_a_watched_curve_is_right_at_every_look(agree: float) -> None:
    """Models that are new at each look, or agree with the last one: any miss in at most 5% of 400 curves."""
    rng = np.random.default_rng(0)
    sizes = list(range(8, 129, 8))
    levels = watched_levels(sizes)
    tables = [
        np.array([exact_binomial(k, n, level) for k in range(n + 1)])
        for n, level in zip(sizes, levels, strict=True)
    ]
    plain = [np.array([exact_binomial(k, n) for k in range(n + 1)]) for n in sizes]
    missed = np.zeros((2, 400), bool)
    luck = rng.random((400, sizes[-1]))
    for look, n in enumerate(sizes):
        true = 0.6 + 0.02 * look
        luck = np.where(rng.random(luck.shape) < agree, luck, rng.random(luck.shape))
        right = (luck[:, :n] < true).sum(1)
        for kind, table in enumerate((tables[look], plain[look])):
            missed[kind] |= (table[right, 0] > true) | (table[right, 1] < true)
    assert missed[0].mean() <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 400)
    assert missed[1].mean() > 0.05 + 3 * math.sqrt(0.05 * 0.95 / 400)
