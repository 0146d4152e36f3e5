"""Densities and distances against plain loops over all pairs, and cases worked by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asklearn.acquisition import density as module
from asklearn.acquisition.density import Density, Typicality, distance
from asklearn.errors import BadInput
from asklearn.types import Candidates

RNG = np.random.default_rng(0)


def of(features_ND, labelled_LD=None):
    features_ND = np.asarray(features_ND)
    return Candidates(len(features_ND), features_ND=features_ND, labelled_LD=labelled_LD)


def plain_to_others(rows, k):
    found = []
    for i, row in enumerate(rows):
        found.append(sorted(math.dist(row, other) for j, other in enumerate(rows) if j != i)[:k])
    return found


@given(seed=st.integers(0, 1000), size=st.integers(2, 25), k=st.integers(1, 30))
def test_equal_plain_loops(seed, size, k):
    features_ND = np.random.default_rng(seed).integers(-2, 3, (size, 2)).astype(float)
    near = plain_to_others(features_ND.tolist(), k)
    np.testing.assert_allclose(Density(k)(of(features_ND), RNG), [-each[-1] for each in near])
    expected = [len(each) / sum(each) if sum(each) else 1e12 for each in near]
    np.testing.assert_allclose(Typicality(k)(of(features_ND), RNG), expected)


@given(seed=st.integers(0, 1000), labelled=st.integers(1, 9))
def test_distance_equals_plain_loops(seed, labelled):
    rng = np.random.default_rng(seed)
    features_ND, labelled_LD = rng.normal(size=(12, 3)), rng.normal(size=(labelled, 3))
    expected = [min(math.dist(row, other) for other in labelled_LD) for row in features_ND]
    np.testing.assert_allclose(distance(of(features_ND, labelled_LD), RNG), expected)


def test_by_hand():
    line = [[0.0], [1.0], [2.0], [10.0]]
    np.testing.assert_array_equal(Density(2)(of(line), RNG), [-2, -1, -2, -9])
    np.testing.assert_allclose(Typicality(2)(of(line), RNG), [1 / 1.5, 1, 1 / 1.5, 1 / 8.5])
    np.testing.assert_array_equal(distance(of(line, np.array([[1.0], [4.0]])), RNG), [1, 0, 1, 6])


def test_an_outlier_is_not_dense():
    features_ND = np.random.default_rng(0).normal(size=(50, 3))
    features_ND[7] += 40
    assert Density()(of(features_ND), RNG).argmin() == 7
    assert Typicality()(of(features_ND), RNG).argmin() == 7


def test_no_candidate_is_its_own_neighbour():
    """The nearest to itself is itself, at 0, unless that is left out."""
    features_ND = np.arange(6.0)[:, None] ** 2
    assert (Density(1)(of(features_ND), RNG) < 0).all()


def test_a_sample_of_a_large_pool_keeps_the_order(monkeypatch):
    rng = np.random.default_rng(0)
    features_ND = np.concatenate([rng.normal(size=(400, 2)), 9 + 4 * rng.normal(size=(400, 2))])
    exact_N = Density()(of(features_ND), RNG)
    monkeypatch.setattr(module, "REFERENCE", 300)
    sampled_N = Density()(of(features_ND), np.random.default_rng(1))
    again_N = Density()(of(features_ND), np.random.default_rng(1))
    ranks = [scores_N.argsort().argsort() for scores_N in (exact_N, sampled_N)]
    assert np.corrcoef(*ranks)[0, 1] > 0.95
    assert (sampled_N < 0).all()
    np.testing.assert_array_equal(sampled_N, again_N)


def test_nothing_labelled_and_nobody_else():
    assert distance(of(np.ones((2, 2)), np.ones((0, 2))), RNG).tolist() == [0, 0]
    assert Density()(of([[3.0]]), RNG).tolist() == Typicality()(of([[3.0]]), RNG).tolist() == [0]


@pytest.mark.parametrize("make", [Density, Typicality])
def test_no_neighbours_are_refused(make):
    with pytest.raises(BadInput, match="neighbours must be 1 or more"):
        make(0)


@pytest.mark.parametrize("score", [Density(), Typicality(), distance], ids=lambda score: score.name)
def test_nan_is_refused(score):
    features_ND = np.ones((4, 2))
    features_ND[2, 1] = np.nan
    with pytest.raises(BadInput, match="finite"):
        score(of(features_ND, np.ones((1, 2))), RNG)


def plain_density(candidates):
    return [-near[-1] for near in plain_to_others(candidates.features_ND.tolist(), 20)]


def plain_typicality(candidates):
    return [len(near) / sum(near) for near in plain_to_others(candidates.features_ND.tolist(), 20)]


def plain_distance(candidates):
    return [min(math.dist(row, other) for other in candidates.labelled_LD) for row in candidates.features_ND]


ORACLES = {"density": plain_density, "typicality": plain_typicality, "distance": plain_distance}
