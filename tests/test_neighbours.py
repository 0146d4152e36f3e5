"""Nearest neighbours and radius graphs, against every distance taken one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asklearn import neighbours
from asklearn.errors import BadInput
from asklearn.neighbours import nearest, squared_distances, within

FOUR = np.array([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0], [3.0, 4.0]])


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(neighbours, "QUERIES", 7)
    monkeypatch.setattr(neighbours, "REFERENCES", 11)


def every_distance(query_MD, reference_ND):
    return [
        [sum((float(a) - float(b)) ** 2 for a, b in zip(q, r, strict=True)) ** 0.5 for r in reference_ND]
        for q in query_MD
    ]


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 20), st.integers(1, 60), st.integers(1, 5), st.integers(1, 70), st.integers(0, 99),
    st.sampled_from([np.float32, np.float64]), st.sampled_from([0.0, 1000.0]),
)  # fmt: skip
def test_nearest_are_the_least_of_all_distances(queries, references, dims, k, seed, dtype, shift):
    rng = np.random.default_rng(seed)
    query_MD = (rng.normal(size=(queries, dims)) + shift).astype(dtype)
    reference_ND = (rng.normal(size=(references, dims)) + shift).astype(dtype)
    index_MK, distance_MK = nearest(query_MD, reference_ND, k)
    assert distance_MK.dtype == dtype
    assert index_MK.shape == (queries, min(k, references))
    for row, gaps in enumerate(every_distance(query_MD, reference_ND)):
        assert len(set(index_MK[row].tolist())) == index_MK.shape[1]
        np.testing.assert_allclose(distance_MK[row], [gaps[i] for i in index_MK[row]], rtol=1e-5)
        np.testing.assert_allclose(distance_MK[row], sorted(gaps)[: index_MK.shape[1]], rtol=1e-5)


def test_by_hand():
    index_MK, distance_MK = nearest(FOUR[:2], FOUR, 3)
    assert index_MK.tolist() == [[0, 2, 1], [1, 3, 2]]
    np.testing.assert_allclose(distance_MK, [[0, 1, 5], [0, 0, 18**0.5]])


def test_nobody_is_their_own_neighbour_but_a_copy_may_be():
    index_MK, distance_MK = nearest(FOUR, FOUR, 9, itself_M=np.arange(4))
    assert index_MK.tolist() == [[2, 1, 3], [3, 2, 0], [0, 1, 3], [1, 2, 0]]
    assert distance_MK[1, 0] == 0


@pytest.mark.parametrize("shift", [0.0, 1e4])
def test_copies_are_at_no_distance_at_all(shift):
    rng = np.random.default_rng(0)
    features_ND = (rng.normal(size=(30, 16)) + shift).astype(np.float32)
    index_MK, distance_MK = nearest(features_ND, features_ND, 1)
    assert index_MK[:, 0].tolist() == list(range(30))
    assert not distance_MK.any()


def test_nothing_to_be_near_to():
    assert [found.shape for found in nearest(FOUR, FOUR[:0], 3)] == [(4, 0), (4, 0)]
    assert [found.shape for found in nearest(FOUR[:1], FOUR[:1], 3, itself_M=np.array([0]))] == [(1, 0)] * 2
    assert [found.shape for found in nearest(FOUR[:0], FOUR, 3)] == [(0, 3), (0, 3)]


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 30), st.integers(0, 40), st.floats(0, 4), st.integers(0, 99))
def test_within_is_every_pair_closer_than_the_radius(queries, references, radius, seed):
    rng = np.random.default_rng(seed)
    query_MD, reference_ND = rng.normal(size=(queries, 3)), rng.normal(size=(references, 3))
    starts, rows = within(query_MD, reference_ND, radius)
    for query, gaps in enumerate(every_distance(query_MD, reference_ND)):
        close = [row for row, gap in enumerate(gaps) if gap < radius]
        assert rows[starts[query] : starts[query + 1]].tolist() == close


def test_squared_distances_are_never_negative():
    features_ND = np.random.default_rng(0).normal(size=(50, 8)).astype(np.float32) + 100
    assert squared_distances(features_ND, features_ND).min() >= 0


@pytest.mark.parametrize(
    ("query", "reference", "k", "said"),
    [
        (FOUR, FOUR, 0, "k must be 1 or more"),
        (FOUR, FOUR[:, :1], 1, "Got"),
        (FOUR[0], FOUR, 1, "shapes"),
        (FOUR * np.nan, FOUR, 1, "finite"),
        (FOUR, FOUR + np.inf, 1, "finite"),
    ],
)
def test_refusals(query, reference, k, said):
    with pytest.raises(BadInput, match=said):
        nearest(query, reference, k)
