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
from asklearn.intervals import betting, exact_binomial, student_t

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
