"""Unbiased where that is promised, by enumeration of whole designs; coverage by simulation with stated error."""

from __future__ import annotations

import math
from itertools import combinations, permutations, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asklearn.errors import BadInput
from asklearn.estimators import (
    active_statistical_inference,
    deciles,
    horvitz_thompson,
    lure,
    neyman_allocation,
    ppi_plus_plus,
    stratified,
    weighted_mean,
)
from asklearn.types import Estimate

Z = np.array([0.3, 1.0, 0.0, 0.7, 2.0])
PI = np.array([0.2, 0.9, 0.5, 1.0, 0.35])
F = np.array([0.1, 0.8, 0.6, 0.7, 0.0])


def subsets(pi: Any) -> list[tuple[Any, float]]:
    """Every outcome of a Poisson design with its probability."""
    outcomes = []
    for drawn in product([False, True], repeat=len(pi)):
        mask = np.array(drawn)
        chance = float(np.where(mask, pi, 1 - pi).prod())
        if chance > 0:
            outcomes.append((np.flatnonzero(mask), chance))
    return outcomes


def test_horvitz_thompson_is_unbiased_over_every_sample_and_so_is_its_variance() -> None:
    found = [(horvitz_thompson(Z[rows], PI[rows], 5), chance) for rows, chance in subsets(PI)]
    mean = sum(one.value * chance for one, chance in found)
    assert mean == pytest.approx(Z.mean())
    variance = sum((one.value - mean) ** 2 * chance for one, chance in found)
    half = sum(((one.high - one.low) / 2 / 1.959964) ** 2 * chance for one, chance in found)
    assert half == pytest.approx(variance, rel=1e-5)


def test_active_statistical_inference_is_unbiased_whatever_the_predictions() -> None:
    for predicted in (F, Z, np.zeros(5), 5 - Z):
        found = sum(
            active_statistical_inference(Z[rows], PI[rows], rows, predicted).value * chance
            for rows, chance in subsets(PI)
        )
        assert found == pytest.approx(Z.mean())


@pytest.mark.parametrize("drawn", [1, 2, 3, 5])
def test_lure_is_unbiased_over_every_order_with_probabilities_that_follow_what_was_seen(drawn: int) -> None:
    total = together = 0.0
    for order in permutations(range(5), drawn):
        q, chance = [], 1.0
        for m, item in enumerate(order):
            seen = sum(Z[i] for i in order[:m])
            wish = {i: 0.2 + F[i] + (seen * i) % 0.7 for i in range(5) if i not in order[:m]}
            q.append(wish[item] / sum(wish.values()))
            chance *= q[-1]
        found = lure(Z[list(order)], np.array(q), 5)
        total += chance * found.value
        together += chance
        if drawn == 5:
            assert found.value == pytest.approx(Z.mean())
            assert found.high - found.low == pytest.approx(0)
    assert together == pytest.approx(1)
    assert total == pytest.approx(Z.mean())


def test_the_naive_mean_of_the_same_draws_is_biased() -> None:
    share = F / F.sum()
    assert abs(float(share @ Z) - Z.mean()) > 0.1


def test_stratified_is_unbiased_over_every_sample() -> None:
    strata = [np.array([0, 1, 2, 3]), np.array([4, 5, 6])]
    z = np.array([0.0, 1.0, 3.0, 2.0, 7.0, 5.0, 6.0])
    values, variances = [], []
    for first, second in product(combinations(strata[0], 2), combinations(strata[1], 2)):
        rows = [*first, *second]
        found = stratified(z[rows], np.repeat([0, 1], 2), np.array([4 / 7, 3 / 7]))
        values.append(found.value)
        spread = [z[list(first)].var(ddof=1), z[list(second)].var(ddof=1)]
        variances.append((4 / 7) ** 2 * spread[0] / 2 + (3 / 7) ** 2 * spread[1] / 2)
        assert found.low < found.value < found.high
    assert np.mean(values) == pytest.approx(z.mean())
    assert np.mean(variances) > np.var(values)


def test_ppi_is_the_mean_where_predictions_are_constant_and_takes_the_best_lambda() -> None:
    rng = np.random.default_rng(0)
    f = rng.random(1100)
    z = 0.5 * f[:100] + rng.normal(0, 0.2, 100)
    plain = ppi_plus_plus(z, np.full(100, 0.3), np.full(1000, 0.3))
    assert plain.value == pytest.approx(z.mean())
    assert plain.high - plain.low == pytest.approx(2 * 1.959964 * z.std(ddof=1) / 10)

    def variance(lam: float) -> float:
        return float(lam**2 * f.var(ddof=1) / 1000 + (z - lam * f[:100]).var(ddof=1) / 100)

    found = ppi_plus_plus(z, f[:100], f[100:])
    half = (found.high - found.low) / 2 / 1.959964
    assert half**2 <= min(variance(lam) for lam in np.linspace(-1, 2, 301)) * 1.01
    assert found.high - found.low < plain.high - plain.low


@given(
    sizes=st.lists(st.integers(2, 9), min_size=2, max_size=4),
    seed=st.integers(0, 999),
    extra=st.integers(0, 12),
)
@settings(max_examples=40, deadline=None)
def test_neyman_deals_every_label_and_never_too_many_of_a_stratum(
    sizes: list[int], seed: int, extra: int
) -> None:
    spread = np.random.default_rng(seed).random(len(sizes))
    n = 2 * len(sizes) + extra
    found = neyman_allocation(sizes, spread, n)
    assert found.sum() == min(n, sum(sizes))
    assert (found >= np.minimum(sizes, 2)).all()
    assert (found <= sizes).all()


def test_neyman_is_the_best_of_all_allocations() -> None:
    size, spread = np.array([30, 50, 20]), np.array([0.1, 0.3, 0.5])

    def variance(count: Any) -> float:
        return float((size**2 * spread**2 / np.asarray(count)).sum())

    best = min(variance([a, b, 24 - a - b]) for a in range(2, 21) for b in range(2, 23 - a))
    assert variance(neyman_allocation(size, spread, 24)) == pytest.approx(best)
    assert neyman_allocation([5, 100], [10.0, 0.1], 20).tolist() == [5, 15]
    assert neyman_allocation([5, 0], [1.0, 1.0], 5).tolist() == [5, 0]


def test_deciles_are_even_and_ordered() -> None:
    score = np.random.default_rng(0).random(105)
    stratum = deciles(score)
    assert np.bincount(stratum).min() >= 10
    assert all(score[stratum == k].max() < score[stratum == k + 1].min() for k in range(9))


# The weighted mean with a control variate


def test_equal_weights_without_control_are_the_plain_mean() -> None:
    found = weighted_mean(Z, np.full(5, 7.0))
    assert found.value == pytest.approx(Z.mean())
    assert found.variance == pytest.approx(Z.var(ddof=1) / 5)
    assert (found.plain, found.effective, found.share) == pytest.approx((Z.var() / 5, 5, 0))


def test_a_perfect_control_variate_gives_the_mean_of_the_population() -> None:
    rng = np.random.default_rng(0)
    z, weight = rng.random(50), rng.random(50) + 0.1
    found = weighted_mean(z, weight, z, control_mean=0.123)
    assert (found.value, found.share) == pytest.approx((0.123, 1))
    assert found.variance == pytest.approx(0)


@pytest.mark.parametrize("kind", ["constant", "misleading"])
def test_a_control_variate_that_does_not_help_changes_nothing(kind: str) -> None:
    rng = np.random.default_rng(0)
    z, weight = rng.random(40), rng.random(40) + 0.5
    control = np.full(40, 0.4) if kind == "constant" else 1 - z
    assert weighted_mean(z, weight, control, control_mean=0.9) == weighted_mean(z, weight)


def test_a_useless_control_variate_costs_almost_nothing() -> None:
    """Mean squared error at 40 labels against that of the plain mean; standard error of the ratio 2%."""
    rng = np.random.default_rng(0)
    off = []
    for _ in range(3000):
        z, f = (rng.random(40) < 0.8) * 1.0, rng.random(40)
        off.append([weighted_mean(z, None, f, control_mean=0.5).value - 0.8, z.mean() - 0.8])
    ratio = np.square(off).mean(0)
    assert ratio[0] / ratio[1] < 1.05


@given(seed=st.integers(0, 999), scale=st.floats(0.1, 50), shift=st.floats(-5, 5))
@settings(max_examples=40, deadline=None)
def test_scale_of_weights_and_place_of_zero_do_not_matter(seed: int, scale: float, shift: float) -> None:
    rng = np.random.default_rng(seed)
    z, weight, control = rng.random(30), rng.random(30) + 0.1, rng.random(30)
    one = weighted_mean(z, weight, control, control_mean=0.6, control_error=0.01)
    two = weighted_mean(
        z + shift, weight * scale, control + shift, control_mean=0.6 + shift, control_error=0.01
    )
    assert two.value - shift == pytest.approx(one.value, abs=1e-9)
    assert (two.variance, two.share) == pytest.approx((one.variance, one.share), abs=1e-9)


# Coverage


def world(rng: np.random.Generator, n: int = 1500) -> tuple[Any, Any, Any]:
    """Chances of a mistake, mistakes, and probabilities for about 150 draws where they are unsure."""
    p = rng.beta(1, 4, n)
    wish = 0.8 * np.sqrt(p * (1 - p)) / np.sqrt(p * (1 - p)).mean() + 0.2
    return p, (rng.random(n) < p) * 1.0, np.minimum(150 * wish / wish.sum(), 1)


def asked(rng: np.random.Generator, kind: str) -> tuple[Estimate, float]:
    """Return one estimate and the truth that it speaks of."""
    p, z, pi = world(rng)
    rows = np.flatnonzero(rng.random(len(p)) < pi)
    uniform = rng.choice(len(p), 150, replace=False)
    if kind == "horvitz_thompson":
        return horvitz_thompson(z[rows], pi[rows], len(p)), z.mean()
    if kind == "asi":
        return active_statistical_inference(z[rows], pi[rows], rows, p), 0.2
    if kind == "ppi":
        return ppi_plus_plus(z[uniform], p[uniform], np.delete(p, uniform)), 0.2
    if kind == "stratified":
        stratum = deciles(p)
        counts = neyman_allocation(np.bincount(stratum), [math.sqrt(x * (1 - x)) for x in range_of(p)], 150)
        rows = np.concatenate(
            [rng.choice(np.flatnonzero(stratum == k), c, False) for k, c in enumerate(counts)]
        )
        return stratified(z[rows], stratum[rows], np.full(10, 0.1)), z.mean()
    order = np.argsort(np.log(rng.random(len(p))) / -pi)[:150]
    left = pi.sum() - np.concatenate([[0], pi[order].cumsum()[:-1]])
    return lure(z[order], pi[order] / left, len(p)), z.mean()


def range_of(p: Any) -> Any:
    return np.sort(p).reshape(10, -1).mean(1)


@pytest.mark.parametrize("kind", ["horvitz_thompson", "asi", "ppi", "stratified", "lure"])
def test_intervals_cover_at_150_labels(kind: str) -> None:
    """600 populations each: at least 95% less three standard errors (2.7%), so a true 92% would often fail."""
    rng = np.random.default_rng(7)
    covered = [one.low <= truth <= one.high for one, truth in (asked(rng, kind) for _ in range(600))]
    assert np.mean(covered) >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / 600)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: horvitz_thompson(Z, PI[:3], 10), "a probability for each of 5"),
        (lambda: horvitz_thompson(Z, PI, 3), "population of at least the 5"),
        (lambda: horvitz_thompson(Z, PI - 0.2, 10), "probabilities above 0"),
        (lambda: active_statistical_inference(Z[:2], PI[:2], np.array([1, 1]), F), "2 different rows"),
        (lambda: lure(Z, PI, 4), "at least the 5"),
        (lambda: ppi_plus_plus(Z, F[:2], F), "a prediction for each"),
        (lambda: stratified(Z, np.array([0, 0, 1, 1, 2]), np.array([0.5, 0.5])), "strata among"),
        (lambda: stratified(Z, np.array([0, 0, 0, 0, 1]), np.array([0.5, 0.5])), "two labels or more"),
        (lambda: stratified(Z, np.zeros(5, int), np.array([0.5])), "sum to one"),
        (lambda: neyman_allocation([5, 5], [1, 1], 3), "at least 4 labels"),
        (lambda: deciles(Z, 6), "between 1 and 5"),
        (lambda: weighted_mean([]), "a weight for each of 0"),
        (lambda: weighted_mean(Z, np.zeros(5)), "weights above zero"),
        (lambda: weighted_mean(Z, None, F[:3]), "a control value for each"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(wrong: Any, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        wrong()
