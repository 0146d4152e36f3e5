"""Information about targets, against enumeration of every label of every pair, and cases worked by hand."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asklearn.acquisition import information
from asklearn.acquisition.committee import bald
from asklearn.acquisition.information import WMOCU, epig, epig_gaussian, mocu
from asklearn.errors import BadInput
from asklearn.testing.candidates import peak_bytes
from asklearn.types import Candidates, Categorical, Targets

RNG = np.random.default_rng(0)


def of(draws_KNC, draws_KMC):
    known, wanted = (Categorical(draws.mean(axis=0), draws) for draws in (draws_KNC, draws_KMC))
    return Candidates(len(known), known, targets=Targets(np.zeros((len(wanted), 1)), wanted))


def some(seed, members, size, classes, targets, dtype=np.float64, sharp=0.5):
    rng = np.random.default_rng(seed)
    alpha = np.full(classes, sharp)
    return (rng.dirichlet(alpha, (members, n)).astype(dtype) for n in (size, targets))


def pairs(candidates):
    """Yield, for each candidate, the rows of its draws; and those of every target."""
    draws_KNC, draws_KMC = candidates.posterior.draws_KNC, candidates.targets.posterior.draws_KNC
    targets = [draws_KMC[:, m].tolist() for m in range(draws_KMC.shape[1])]
    for n in range(draws_KNC.shape[1]):
        yield draws_KNC[:, n].tolist(), targets


def plain_epig(candidates):
    return [sum(mutual_information(mine, theirs) for theirs in targets) / len(targets)
            for mine, targets in pairs(candidates)]  # fmt: skip


def mutual_information(mine, theirs):
    members, nats = len(mine), 0.0
    for c in range(len(mine[0])):
        for d in range(len(mine[0])):
            joint = sum(mine[k][c] * theirs[k][d] for k in range(members)) / members
            apart = sum(p[c] for p in mine) * sum(q[d] for q in theirs) / members**2
            nats += joint * math.log(joint / apart) if joint > 0 else 0.0
    return nats


def cost_of_uncertainty(weights, theirs):
    """What the best decision on average loses to the best decision of each draw."""
    best_each = sum(w * max(q) for w, q in zip(weights, theirs, strict=True))
    mean = [sum(w * q[d] for w, q in zip(weights, theirs, strict=True)) for d in range(len(theirs[0]))]
    return best_each - max(mean)


def plain_weighted_mocu(candidates, c):
    def objective(weights, targets):
        costs = [cost_of_uncertainty(weights, theirs) for theirs in targets]
        return sum((1 - c * cost) * cost for cost in costs) / len(costs)

    scores = []
    for mine, targets in pairs(candidates):
        members = len(mine)
        score = objective([1 / members] * members, targets)
        for label in range(len(mine[0])):
            proba = sum(p[label] for p in mine) / members
            if proba > 0:
                score -= proba * objective([p[label] / members / proba for p in mine], targets)
        scores.append(score)
    return scores


def plain_mocu(candidates):
    return plain_weighted_mocu(candidates, 0.0)


def plain_wmocu(candidates):
    return plain_weighted_mocu(candidates, 0.5)


ORACLES = {"epig": plain_epig, "mocu": plain_mocu, "wmocu": plain_wmocu}
BOTH = [(epig, plain_epig), (mocu, plain_mocu), (WMOCU(), plain_wmocu)]
ids = [fn.name for fn, _ in BOTH]


@pytest.mark.parametrize(("fn", "plain"), BOTH, ids=ids)
@pytest.mark.parametrize(("members", "classes", "targets"), [(1, 3, 2), (2, 2, 9), (7, 4, 5), (3, 60, 3)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equals_enumeration(fn, plain, members, classes, targets, dtype):
    candidates = of(*some(classes, members, 12, classes, targets, dtype))
    scores_N = fn(candidates, RNG)
    assert scores_N.dtype == dtype
    np.testing.assert_allclose(scores_N, plain(candidates), atol=5e-7 if dtype == np.float32 else 1e-12)


@pytest.mark.parametrize(("fn", "plain"), BOTH, ids=ids)
@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (7, 9), (30, 6)])
def test_tiles_join_without_a_seam(fn, plain, rows, columns, monkeypatch):
    monkeypatch.setattr(information, "ROWS", rows)
    monkeypatch.setattr(information, "COLUMNS", columns)
    candidates = of(*some(5, 4, 13, 3, 11))
    np.testing.assert_allclose(fn(candidates, RNG), plain(candidates), atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(1, 5), st.floats(0.05, 5))
def test_invariants(seed, members, classes, sharp):
    candidates = of(*some(seed, members, 6, classes, 4, sharp=sharp))
    nats = epig(candidates, RNG)
    assert (nats >= 0).all()
    assert (nats <= bald(candidates, RNG) + 1e-9).all(), "a target cannot be told more than the parameters"
    assert (nats <= math.log(min(members, classes)) + 1e-9).all()
    falls = mocu(candidates, RNG)
    assert (falls >= 0).all()
    assert (falls <= 1 - 1 / classes + 1e-9).all()
    assert (WMOCU()(candidates, RNG) >= -1e-12).all()
    np.testing.assert_allclose(WMOCU(c=0.0)(candidates, RNG), falls, atol=1e-12)


def test_by_hand():
    divided, unsure = [[1.0, 0.0], [0.0, 1.0]], [[0.5, 0.5], [0.5, 0.5]]
    candidates = of(np.array([divided, unsure]).transpose(1, 0, 2), np.array([divided]).transpose(1, 0, 2))
    np.testing.assert_allclose(epig(candidates, RNG), [math.log(2), 0], atol=1e-12)
    np.testing.assert_allclose(mocu(candidates, RNG), [0.5, 0], atol=1e-12)
    np.testing.assert_allclose(WMOCU(c=1.0)(candidates, RNG), [0.25, 0], atol=1e-12)


def test_what_disagrees_about_nothing_that_matters_is_worth_nothing():
    """Where BALD is greatest and the targets are known, there is nothing to be told about them."""
    divided = np.array([[[1.0, 0.0]], [[0.0, 1.0]]])
    candidates = of(divided, np.full((2, 3, 2), 0.5))
    assert bald(candidates, RNG) == pytest.approx(math.log(2))
    for fn, _ in BOTH:
        assert fn(candidates, RNG) == pytest.approx(0, abs=1e-12)


def test_a_plateau_is_exactly_flat_for_mocu_and_not_for_wmocu():
    members = np.random.default_rng(0).dirichlet(np.full(3, 20.0), (5, 30)).astype(np.float32)
    sure = np.random.default_rng(1).dirichlet([50.0, 5.0, 5.0], (5, 8)).astype(np.float32)
    candidates = of(members, sure)
    assert (mocu(candidates, RNG) == 0).all()
    one_objects_KMC = np.array([[[0.3, 0.4, 0.3]]] + [[[0.8, 0.1, 0.1]]] * 4)
    candidates = of(members.astype(np.float64), one_objects_KMC)
    assert (mocu(candidates, RNG) == 0).all()
    assert (WMOCU()(candidates, RNG) > 1e-8).all()


@pytest.mark.parametrize("fn", [fn for fn, _ in BOTH], ids=ids)
def test_no_array_of_candidates_by_targets(fn):
    """Pairs alone would take 800 MB, in single precision, with every label of either."""
    candidates = of(*some(0, 10, 1000, 10, 2000, np.float32))
    assert peak_bytes(lambda: fn(candidates, RNG)) < 16 << 20


def test_small_gains_are_not_lost_in_single_precision():
    draws_KNC, draws_KMC = some(0, 20, 200, 10, 300, sharp=5.0)
    single = epig(of(draws_KNC.astype(np.float32), draws_KMC.astype(np.float32)), RNG)
    double = epig(of(draws_KNC, draws_KMC), RNG)
    assert np.abs(single - double).max() < 1e-6 * max(1, double.max())
    assert np.corrcoef(single.argsort().argsort(), double.argsort().argsort())[0, 1] > 0.9999


@pytest.mark.parametrize("fn", [fn for fn, _ in BOTH], ids=ids)
@pytest.mark.parametrize(
    ("draws_KMC", "said"),
    [
        (np.full((3, 4, 2), 0.5), r"must have draws of shape \(2, M, 2\).* Got shape \(3, 4, 2\)"),
        (np.full((2, 4, 3), 1 / 3), r"Got shape \(2, 4, 3\)"),
        (np.full((2, 0, 2), 0.5), r"M > 0"),
        (np.full((2, 4, 2), np.nan), "nan in row 0 of the targets"),
    ],
    ids=["members", "classes", "none", "nan"],
)
def test_targets_must_fit(fn, draws_KMC, said):
    with pytest.raises(BadInput, match=said):
        fn(of(np.full((2, 3, 2), 0.5), draws_KMC), RNG)


@pytest.mark.parametrize("fn", [fn for fn, _ in BOTH], ids=ids)
def test_targets_without_draws_are_refused(fn):
    candidates = of(np.full((2, 3, 2), 0.5), np.full((2, 3, 2), 0.5))
    bare = Targets(np.zeros((3, 1)), Categorical(np.full((3, 2), 0.5)))
    with pytest.raises(BadInput, match="Got none"):
        fn(Candidates(3, candidates.posterior, targets=bare), RNG)


@pytest.mark.parametrize("c", [-0.1, 1.1, math.nan])
def test_c_must_be_a_share(c):
    with pytest.raises(BadInput, match="c must be a number from 0 to 1"):
        WMOCU(c=c)


def plain_gaussian_gain(covariance, mine, theirs, steps=400):
    """Mutual information of two Gaussian answers, by summing over a grid."""
    joint = np.array([[mine, covariance], [covariance, theirs]])
    grid = np.linspace(-8, 8, steps)
    a, b = np.meshgrid(grid * math.sqrt(mine), grid * math.sqrt(theirs))
    cell = (grid[1] - grid[0]) ** 2 * math.sqrt(mine * theirs)
    inverse = np.linalg.inv(joint)
    density = np.exp(-(inverse[0, 0] * a**2 + 2 * inverse[0, 1] * a * b + inverse[1, 1] * b**2) / 2)
    density /= 2 * math.pi * math.sqrt(np.linalg.det(joint))
    apart = np.exp(-(a**2 / mine + b**2 / theirs) / 2) / (2 * math.pi * math.sqrt(mine * theirs))
    return float((density * np.log(np.maximum(density, 1e-300) / np.maximum(apart, 1e-300))).sum() * cell)


def test_gaussian_form_equals_the_integral():
    rng = np.random.default_rng(0)
    root = rng.normal(size=(7, 9))
    covariance = root @ root.T + 0.5 * np.eye(7)
    variance = np.diag(covariance)
    gain_N = epig_gaussian(covariance[:3, 3:], variance[:3], variance[3:])
    expected = [np.mean([plain_gaussian_gain(covariance[n, m], variance[n], variance[m]) for m in range(3, 7)])
                for n in range(3)]  # fmt: skip
    np.testing.assert_allclose(gain_N, expected, rtol=1e-4)


def test_gaussian_form_at_the_ends():
    gain_N = epig_gaussian(np.array([[0.0], [1.0]]), np.ones(2), np.ones(1))
    assert gain_N.tolist() == [0.0, math.inf]
    with pytest.raises(BadInput, match="above 0"):
        epig_gaussian(np.zeros((1, 1)), np.zeros(1), np.ones(1))
    with pytest.raises(BadInput, match="correlation squared is 4"):
        epig_gaussian(np.full((1, 1), 2.0), np.ones(1), np.ones(1))
