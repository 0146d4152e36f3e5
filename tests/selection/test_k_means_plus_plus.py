"""Draws against the exact distribution of k-means++, enumerated point by point."""

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asklearn.errors import BadInput
from asklearn.selection import k_means_plus_plus as module
from asklearn.selection.k_means_plus_plus import k_means_plus_plus

TRIES = 4000


def exact_odds(points, n, first):
    """The probability of every ordered draw of n points, by plain loops over written-out points."""
    size = len(points)
    odds = {}
    for draw in itertools.permutations(range(size), n):
        chance = 1 / size if first == "uniform" else float(draw[0] == largest(points))
        for t in range(1, n):
            gaps = [min(squared(points[i], points[j]) for j in draw[:t]) for i in range(size)]
            total = sum(gaps)
            chance *= gaps[draw[t]] / total if total > 0 else 1 / (size - t)
        odds[draw] = chance
    return odds


def squared(a, b):
    return sum((x - y) ** 2 for x, y in zip(a, b, strict=True))


def largest(points):
    lengths = [sum(x * x for x in point) for point in points]
    return lengths.index(max(lengths))


def misfit(draw, odds):
    """Chi-square of drawn frequencies against the odds, less its degrees of freedom, in its own deviations."""
    counts = Counter(tuple(draw(np.random.default_rng(seed)).tolist()) for seed in range(TRIES))
    assert not {one for one in counts if odds[one] == 0}
    likely = [one for one in odds if odds[one] * TRIES >= 5]
    rare = TRIES * (1 - sum(odds[one] for one in likely))
    chi2 = sum((counts[one] - TRIES * odds[one]) ** 2 / (TRIES * odds[one]) for one in likely)
    if rare >= 5:
        chi2 += (TRIES - sum(counts[one] for one in likely) - rare) ** 2 / rare
    degrees = len(likely) - (rare < 5)
    return (chi2 - degrees) / np.sqrt(2 * degrees)


POINTS = np.array([[0.0, 1.0], [0.5, 0.0], [3.0, 3.0], [3.0, 3.5], [-2.0, 1.0]])


@pytest.mark.parametrize("proposals", [1, 2, 128])
@pytest.mark.parametrize("first", ["uniform", "largest"])
def test_draws_have_the_distribution_of_the_definition(monkeypatch, proposals, first):
    monkeypatch.setattr(module, "PROPOSALS", proposals)
    monkeypatch.setattr(module, "CHUNK", 2)
    odds = exact_odds(POINTS.tolist(), 3, first)
    assert sum(odds.values()) == pytest.approx(1)
    assert misfit(lambda rng: k_means_plus_plus(lambda rows: [POINTS[rows]], 5, 3, rng, first), odds) < 4


def test_two_factors_are_their_outer_products():
    rng = np.random.default_rng(1)
    left_NE, right_ND = rng.normal(size=(5, 2)), rng.normal(size=(5, 3))
    written_out = [np.outer(a, b).ravel().tolist() for a, b in zip(left_NE, right_ND, strict=True)]
    odds = exact_odds(written_out, 3, "uniform")
    assert misfit(lambda rng: k_means_plus_plus(lambda r: [left_NE[r], right_ND[r]], 5, 3, rng), odds) < 4


def test_an_origin_that_counts_as_a_centre_is_caught():
    """The fault of scikit-activeml: distances are never more than a point's own length."""

    def faulty(rng):
        picks = [int(rng.integers(5))]
        for _ in range(2):
            gaps = ((POINTS[:, None] - POINTS[picks]) ** 2).sum(-1).min(1)
            gaps = np.minimum(gaps, (POINTS**2).sum(1))
            gaps[picks] = 0
            picks.append(int(rng.choice(5, p=gaps / gaps.sum())))
        return np.array(picks)

    assert misfit(faulty, exact_odds(POINTS.tolist(), 3, "uniform")) > 20


def test_distances_that_are_not_squared_are_caught():
    """A fault of small-text: lengths where squared lengths belong."""

    def faulty(rng):
        picks = [int(rng.integers(5))]
        for _ in range(2):
            gaps = np.sqrt(((POINTS[:, None] - POINTS[picks]) ** 2).sum(-1).min(1))
            picks.append(int(rng.choice(5, p=gaps / gaps.sum())))
        return np.array(picks)

    assert misfit(faulty, exact_odds(POINTS.tolist(), 3, "uniform")) > 20


def test_stale_distances_that_are_never_refused_are_caught(monkeypatch):
    """The fault that this way of drawing invites."""
    kept = module._Points.draw

    def faulty(self, room, rng):
        drawn = kept(self, 1, rng)
        mass_N = self.near_N.copy()
        mass_N[drawn] = 0
        while len(drawn) < room and mass_N.sum() > 0:
            drawn.append(int(rng.choice(len(mass_N), p=mass_N / mass_N.sum())))
            mass_N[drawn] = 0
        return drawn

    monkeypatch.setattr(module._Points, "draw", faulty)
    odds = exact_odds(POINTS.tolist(), 3, "uniform")
    assert misfit(lambda rng: k_means_plus_plus(lambda rows: [POINTS[rows]], 5, 3, rng), odds) > 20


def test_by_hand():
    line_ND = np.array([[0.0], [0.0], [1.0], [3.0]])
    odds = exact_odds(line_ND.tolist(), 2, "uniform")
    assert odds[(0, 3)] == pytest.approx(1 / 4 * 9 / 10)
    assert odds[(2, 3)] == pytest.approx(1 / 4 * 4 / 6)
    assert odds[(0, 1)] == 0
    assert misfit(lambda rng: k_means_plus_plus(lambda rows: [line_ND[rows]], 4, 2, rng), odds) < 4


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-2, 2), min_size=1, max_size=12), st.data())
def test_every_place_is_drawn_before_any_place_twice(values, data):
    n = data.draw(st.integers(1, len(values)))
    line_ND = np.array(values, np.float32)[:, None] + np.float32(7)
    picks = k_means_plus_plus(lambda rows: [line_ND[rows]], len(values), n, np.random.default_rng(n))
    assert len(set(picks.tolist())) == n
    assert len({values[i] for i in picks}) == min(n, len(set(values)))


def test_copies_of_long_points_in_float32_are_copies():
    rng = np.random.default_rng(0)
    places = (rng.normal(size=(30, 384)) * 50 + 100).astype(np.float32)
    points_ND = np.tile(places, (20, 1))
    for seed in range(5):
        picks = k_means_plus_plus(lambda rows: [points_ND[rows]], 600, 30, np.random.default_rng(seed))
        assert len(set((picks % 30).tolist())) == 30


def test_bad_rows_are_named_and_first_must_be_known():
    points_ND = np.zeros((5, 2))
    points_ND[3, 1] = np.inf
    with pytest.raises(BadInput, match="Row 3 is not"):
        k_means_plus_plus(lambda rows: [points_ND[rows]], 5, 2, np.random.default_rng(0))
    with pytest.raises(BadInput, match="first must be 'uniform' or 'largest'"):
        k_means_plus_plus(lambda rows: [POINTS[rows]], 5, 2, np.random.default_rng(0), "best")
