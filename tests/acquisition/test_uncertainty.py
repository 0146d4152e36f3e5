"""Uncertainty scores against their definitions in plain Python, and cases worked by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asklearn.acquisition.uncertainty import entropy, entropy_of, least_confidence, margin, random
from asklearn.errors import BadInput
from asklearn.types import Candidates, Categorical

RNG = np.random.default_rng(0)


def of(proba_NC):
    return Candidates(len(proba_NC), posterior=Categorical(np.asarray(proba_NC)))


def plain_least_confidence(row):
    return 1 - max(row)


def plain_margin(row):
    if len(row) == 1:
        return -1.0
    second, first = sorted(row)[-2:]
    return second - first


def plain_entropy(row):
    return -sum(p * math.log(p) for p in row if p > 0)


PLAIN = [(least_confidence, plain_least_confidence), (margin, plain_margin), (entropy, plain_entropy)]
ids = [fn.name for fn, _ in PLAIN]
ORACLES = {"random": "test_random_is_uniform"} | {
    fn.name: lambda candidates, plain=plain: [plain(row) for row in candidates.posterior.proba_NC.tolist()]
    for fn, plain in PLAIN
}


@pytest.mark.parametrize(("fn", "plain"), PLAIN, ids=ids)
@pytest.mark.parametrize("classes", [1, 2, 3, 10, 63, 64, 65, 150, 1000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equals_the_plain_definition(fn, plain, classes, dtype):
    proba_NC = np.random.default_rng(classes).dirichlet(np.full(classes, 0.2), 200).astype(dtype)
    scores_N = fn(of(proba_NC), RNG)
    assert scores_N.dtype == dtype
    expected = [plain([float(p) for p in row]) for row in proba_NC]
    np.testing.assert_allclose(scores_N, expected, atol=2e-6 if dtype == np.float32 else 1e-12)


@pytest.mark.parametrize(("fn", "plain"), PLAIN, ids=ids)
def test_blocks_join_without_a_seam(fn, plain):
    proba_NC = np.random.default_rng(1).dirichlet(np.ones(300), 2000).astype(np.float32)
    expected = [plain(row) for row in proba_NC.astype(float).tolist()]
    np.testing.assert_allclose(fn(of(proba_NC), RNG), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("fn", "expected"),
    [
        (least_confidence, [0.25, 0.5, 0.0]),
        (margin, [-0.5, 0.0, -1.0]),
        (entropy, [2 * math.log(2) - 0.75 * math.log(3), math.log(2), 0.0]),
    ],
    ids=ids,
)
def test_by_hand(fn, expected):
    proba_NC = [[0.75, 0.25, 0.0, 0.0], [0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]
    np.testing.assert_allclose(fn(of(proba_NC), RNG), expected, atol=1e-12)


def test_one_class_is_certain():
    one = of(np.ones((2, 1), np.float32))
    assert [fn(one, RNG).tolist() for fn in (least_confidence, margin, entropy)] == [[0, 0], [-1, -1], [0, 0]]


@pytest.mark.parametrize(
    "layout", [np.asfortranarray, lambda a: a[::-1][::-1], lambda a: np.repeat(a, 2, 1)[:, ::2]]
)
@pytest.mark.parametrize(("fn", "plain"), PLAIN, ids=ids)
def test_memory_layout_does_not_matter(fn, plain, layout):
    proba_NC = np.random.default_rng(2).dirichlet(np.ones(5), 50)
    np.testing.assert_allclose(fn(of(layout(proba_NC)), RNG), fn(of(proba_NC), RNG), atol=1e-12)


@pytest.mark.parametrize("fn", [least_confidence, margin, entropy], ids=ids)
@pytest.mark.parametrize(("bad", "said"), [(np.nan, "nan"), (-0.25, "-0.25"), (-np.inf, "-inf")])
def test_first_bad_row_is_named(fn, bad, said):
    proba_NC = np.full((30_000, 10), 0.1)
    proba_NC[[29_000, 29_500], 3] = bad
    with pytest.raises(BadInput, match=rf"Got {said} in row 29000 of the candidates: pass probabilities"):
        fn(of(proba_NC), RNG)


@pytest.mark.parametrize("fn", [least_confidence, margin, entropy], ids=ids)
def test_integers_are_probabilities_too(fn):
    assert np.isfinite(fn(of(np.eye(3, dtype=np.int64)), RNG)).all()


def test_no_class_is_refused():
    with pytest.raises(BadInput, match="at least one class"):
        margin(of(np.ones((3, 0))), RNG)


def test_smallest_numbers_count_as_nothing():
    tiny = np.float32(1e-45)
    assert entropy_of(np.array([1, tiny, 0], np.float32)) < 1e-30


@given(st.lists(st.floats(0, 1), min_size=2, max_size=12).filter(lambda row: sum(row) > 0.01))
def test_bounds(row):
    proba_NC = np.array([row]) / sum(row)
    classes = proba_NC.shape[1]
    assert -1 - 1e-9 <= margin(of(proba_NC), RNG)[0] <= 0
    assert -1e-9 <= least_confidence(of(proba_NC), RNG)[0] <= 1 - 1 / classes + 1e-9
    assert 0 <= entropy(of(proba_NC), RNG)[0] <= math.log(classes) + 1e-9


def test_random_is_uniform():
    scores_N = random(Candidates(20_000), np.random.default_rng(0))
    counts = np.histogram(scores_N, bins=10, range=(0, 1))[0]
    assert ((counts - 2000) ** 2 / 2000).sum() < 27.9  # chi-square, 9 degrees of freedom, p = 0.001
