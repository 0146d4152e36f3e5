"""Weighted scores against plain loops, and cases worked by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asklearn.acquisition.uncertainty import entropy, margin
from asklearn.acquisition.weighted import DensityWeighted, PerCost
from asklearn.errors import BadInput, UnknownName
from asklearn.registry import resolve
from asklearn.types import Candidates, Categorical

RNG = np.random.default_rng(0)


def made(seed=0, size=15):
    rng = np.random.default_rng(seed)
    return Candidates(
        size,
        Categorical(rng.dirichlet(np.ones(3), size)),
        features_ND=rng.normal(size=(size, 4)),
        costs_N=rng.uniform(1, 9, size),
    )


def plain_similarity(rows):
    mean = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
    apart = [[x - m for x, m in zip(row, mean, strict=True)] for row in rows]
    means = []
    for one in apart:
        total = 0.0
        for other in apart:
            product = sum(a * b for a, b in zip(one, other, strict=True))
            lengths = math.hypot(*one) * math.hypot(*other)
            total += (1 + (product / lengths if lengths else 0)) / 2
        means.append(total / len(rows))
    return means


@given(seed=st.integers(0, 500), beta=st.sampled_from([0.0, 0.5, 1.0, 3.0]))
def test_density_weighted_equals_all_pairs(seed, beta):
    candidates = made(seed)
    similar = plain_similarity(candidates.features_ND.tolist())
    for score, zero in ((margin, -1), (entropy, 0)):
        worth = score(candidates, RNG) - zero
        expected = [w * s**beta for w, s in zip(worth, similar, strict=True)]
        np.testing.assert_allclose(DensityWeighted(score, beta)(candidates, RNG), expected, atol=1e-12)


def test_an_item_at_the_mean_has_no_direction():
    known = Candidates(
        3, Categorical(np.full((3, 2), 0.5)), features_ND=np.array([[-1.0, 0.0], [0.0, 0.0], [1.0, 0.0]])
    )
    np.testing.assert_allclose(DensityWeighted()(known, RNG), [0.5, 0.5, 0.5])


def test_an_outlier_is_not_preferred():
    """Weights that grow with distance, as in ALiPy, would prefer it."""
    features_ND = np.array([[1.0, 0.1], [1.0, 0.0], [1.0, -0.1], [1.1, 0.0], [-30.0, 5.0]])
    known = Candidates(5, Categorical(np.full((5, 2), 0.5)), features_ND=features_ND)
    assert DensityWeighted()(known, RNG).argmin() == 4


def test_per_cost_by_hand_and_by_loop():
    candidates = made()
    worth = 1 + margin(candidates, RNG)
    expected = [w / c for w, c in zip(worth, candidates.costs_N, strict=True)]
    np.testing.assert_allclose(PerCost()(candidates, RNG), expected)
    known = Candidates(2, Categorical(np.array([[0.5, 0.5], [1.0, 0.0]])), costs_N=np.array([4, 1]))
    assert PerCost()(known, RNG).tolist() == [0.25, 0.0]
    assert PerCost("least_confidence")(known, RNG).tolist() == [0.125, 0.0]


def test_the_cheaper_of_equals_is_asked():
    known = Candidates(2, Categorical(np.full((2, 2), 0.5)), costs_N=np.array([60.0, 2.0]))
    assert PerCost("entropy")(known, RNG).argmax() == 1


def test_what_the_score_needs_is_needed_too():
    assert resolve("acquisition", "per_cost(score='bald')").needs == {"draws", "costs"}
    assert resolve("acquisition", "density_weighted(score='random')").needs == {"features"}
    assert not resolve("acquisition", "per_cost(score='density')").pointwise


@pytest.mark.parametrize("cost", [0.0, -1.0, np.nan, np.inf])
def test_a_cost_that_is_none_is_refused(cost):
    known = Candidates(2, Categorical(np.full((2, 2), 0.5)), costs_N=np.array([1.0, cost]))
    with pytest.raises(BadInput, match=r"must cost more than 0.*row 1"):
        PerCost()(known, RNG)


def test_a_score_below_zero_is_refused_until_zero_is_told():
    candidates = made()
    with pytest.raises(BadInput, match=r"none may be below zero=0\.0.*'density'"):
        PerCost("density")(candidates, RNG)
    assert (PerCost("density", zero=-100)(candidates, RNG) > 0).all()


def test_options_are_checked():
    with pytest.raises(UnknownName):
        PerCost("margn")
    with pytest.raises(BadInput, match="must be an acquisition function or its name"):
        DensityWeighted(3)
    with pytest.raises(BadInput, match="beta must be"):
        DensityWeighted(beta=-1)


def plain_worth(candidates):
    """One minus the margin."""
    worths = []
    for row in candidates.posterior.proba_NC.tolist():
        second, first = sorted(row)[-2:]
        worths.append(1 - (first - second))
    return worths


def plain_density_weighted(candidates):
    similar = plain_similarity(candidates.features_ND.tolist())
    return [w * s for w, s in zip(plain_worth(candidates), similar, strict=True)]


def plain_per_cost(candidates):
    return [w / c for w, c in zip(plain_worth(candidates), candidates.costs_N, strict=True)]


ORACLES = {"density_weighted": plain_density_weighted, "per_cost": plain_per_cost}
