"""Rows of features: taken in any order, in chunks, over shards, without a copy of the whole."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from asklearn import pool as pools
from asklearn.errors import BadInput
from asklearn.pool import Pool, check_features


def sharded(sizes: list[int], width: int = 3) -> tuple[Pool, np.ndarray]:
    X = np.arange(sum(sizes) * width, dtype=np.float32).reshape(-1, width)
    return Pool(*np.split(X, np.cumsum(sizes)[:-1])), X


@given(st.lists(st.integers(1, 9), min_size=1, max_size=4), st.data())
@settings(max_examples=60, deadline=None)
def test_taking_is_indexing_whatever_the_shards(sizes: list[int], data: st.DataObject) -> None:
    pool, X = sharded(sizes)
    rows = np.array(data.draw(st.lists(st.integers(0, len(X) - 1))), np.intp)
    assert len(pool) == len(X)
    np.testing.assert_array_equal(pool.take(rows), X[rows])


@given(st.lists(st.integers(1, 700), min_size=1, max_size=3), st.data())
@settings(max_examples=30, deadline=None)
def test_chunks_are_the_rows_in_order(sizes: list[int], data: st.DataObject) -> None:
    pool, X = sharded(sizes)
    keep = np.array(data.draw(st.lists(st.booleans(), min_size=len(X), max_size=len(X))))
    rows = np.flatnonzero(keep | (np.arange(len(X)) % 7 < 4))
    before, pools.CHUNK_BYTES = pools.CHUNK_BYTES, 3 * 4 * 300
    try:
        pieces = list(pool.chunks(rows))
    finally:
        pools.CHUNK_BYTES = before
    places = [np.arange(len(rows))[piece.place] for piece in pieces]
    assert np.concatenate(places).tolist() == list(range(len(rows)))
    np.testing.assert_array_equal(np.concatenate([one.features_BD[one.inside] for one in pieces]), X[rows])
    assert all(len(one.features_BD) <= 300 / pools.MOSTLY for one in pieces)


def test_a_stretch_is_copied_only_where_few_of_its_rows_are_wanted() -> None:
    pool, X = sharded([100, 100])
    most, few = np.setdiff1d(np.arange(100), [3, 7]), np.arange(100, 200, 2)
    whole, some = pool.chunks(np.concatenate([most, few]))
    assert np.shares_memory(whole.features_BD, pool.shards[0])
    assert (len(whole.features_BD), len(some.features_BD)) == (100, 50)
    np.testing.assert_array_equal(whole.features_BD[whole.inside], X[most])
    np.testing.assert_array_equal(some.features_BD[some.inside], X[few])


@given(st.lists(st.integers(1, 9), min_size=1, max_size=4), st.integers(-40, 40), st.integers(-40, 40))
@settings(max_examples=60, deadline=None)
def test_slices_are_those_of_an_array(sizes: list[int], start: int, stop: int) -> None:
    pool, X = sharded(sizes)
    np.testing.assert_array_equal(pool[start:stop], X[start:stop])
    np.testing.assert_array_equal(pool[np.arange(len(X))[::-2]], X[::-2])


def test_a_slice_of_one_shard_is_not_copied() -> None:
    pool, _ = sharded([10, 10])
    assert np.shares_memory(pool[10:20], pool.shards[1])


def test_no_rows_are_no_chunks() -> None:
    pool, _ = sharded([4])
    assert list(pool.chunks(np.empty(0, np.intp))) == []
    assert pool.take(np.empty(0, np.intp)).shape == (0, 3)


def test_consecutive_rows_are_not_copied() -> None:
    pool, _ = sharded([50])
    (chunk,) = pool.chunks(np.arange(10, 40))
    assert np.shares_memory(chunk.features_BD, pool.shards[0])


def test_memory_mapped_features_stay_on_disk(tmp_path: Path) -> None:
    np.save(tmp_path / "X.npy", np.ones((10, 2), np.float32))
    X = np.load(tmp_path / "X.npy", mmap_mode="r")
    assert Pool(X).shards[0] is X


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="counts pages as Linux does")
def test_pages_of_a_mapped_shard_are_let_go(tmp_path: Path) -> None:
    """What was read of a file does not stay in this process's memory: after rows taken, and after chunks."""
    file = tmp_path / "X.npy"
    np.save(file, np.ones((100_000, 64), np.float32))
    pool = Pool(np.load(file, mmap_mode="r"))
    assert _resident(file) < 1 << 20
    assert pool.take(np.arange(0, 100_000, 50)).sum() == 64 * 2000
    assert _resident(file) < 1 << 20
    for chunk in pool.chunks(np.arange(100_000)):
        chunk.features_BD.sum()
        assert _resident(file) > 20 << 20
    assert _resident(file) < 1 << 20


def _resident(file: Path) -> int:
    """Return how many bytes of a mapped file are in this process's memory."""
    regions = re.split(r"(?m)^(?=[0-9a-f]+-[0-9a-f]+ )", Path("/proc/self/smaps").read_text())
    here = [one for one in regions if str(file) in one.partition("\n")[0]]
    assert here
    return sum(1024 * int(re.search(r"(?m)^Rss: +(\d+) kB$", one)[1]) for one in here)


def test_a_writable_mapping_keeps_what_was_written(tmp_path: Path) -> None:
    np.save(tmp_path / "X.npy", np.ones((1000, 2), np.float32))
    X = np.load(tmp_path / "X.npy", mmap_mode="c")
    X[5] = 7
    pool = Pool(X)
    list(pool.chunks(np.arange(1000)))
    assert pool.take(np.array([5])).tolist() == [[7, 7]]


def test_shards_agree_in_width() -> None:
    pool, _ = sharded([4])
    with pytest.raises(BadInput, match=r"Expected 3 features per item.* Got 2"):
        pool.add(np.zeros((1, 2)))
    assert len(pool) == 4


def test_features_are_not_changed_and_small_floats_become_float32() -> None:
    X = np.ones((2, 2), np.float16)
    assert check_features(X).dtype == np.float32
    assert X.dtype == np.float16
    wide = np.ones((2, 2))
    assert check_features(wide) is wide


def test_a_fingerprint_tells_values_shape_and_order_apart_and_not_the_type() -> None:
    X = np.random.default_rng(0).normal(size=(3000, 4)).astype(np.float32)
    prints = {Pool(one).fingerprint() for one in (X, X[:-1], X[::-1], X + 1, X.reshape(1500, 8))}
    assert len(prints) == 5
    assert Pool(X.astype(np.float64)).fingerprint() == Pool(X).fingerprint()
    assert Pool(X[:7], X[7:]).fingerprint() == Pool(X).fingerprint()
    assert Pool(X[:7], X[7:]).fingerprint(3, 900) == Pool(X[3:900]).fingerprint()


@given(st.lists(st.integers(1, 9), min_size=1, max_size=4), st.data())
@settings(max_examples=40, deadline=None)
def test_sparse_rows_are_taken_as_dense_ones_are(sizes: list[int], data: st.DataObject) -> None:
    rng = np.random.default_rng(sum(sizes))
    X = rng.integers(0, 3, size=(sum(sizes), 4)).astype(np.float32)
    pool = Pool(*(sparse.csr_array(part) for part in np.split(X, np.cumsum(sizes)[:-1])))
    rows = np.array(data.draw(st.lists(st.integers(0, len(X) - 1))), np.intp)
    assert len(pool) == len(X)
    taken = pool.take(rows)
    assert sparse.issparse(taken)
    np.testing.assert_array_equal(taken.toarray(), X[rows])
    wanted = np.unique(rows)
    for place, features, inside in pool.chunks(wanted):
        np.testing.assert_array_equal(features.toarray()[inside], X[wanted[place]])
    assert pool.fingerprint() == Pool(sparse.csr_array(X)).fingerprint()
    X[-1, 0] += 1
    assert pool.fingerprint() != Pool(sparse.csr_array(X)).fingerprint()


def test_dense_and_sparse_do_not_mix() -> None:
    with pytest.raises(BadInput, match="must be dense or all sparse"):
        Pool(np.eye(3), sparse.csr_array(np.eye(3)))


def test_groups_stay_with_their_rows_when_items_come_later() -> None:
    first = Pool(np.eye(3), groups=[7, 8, 7])
    assert np.array_equal(first.groups, [7, 8, 7])  # type: ignore[arg-type]
    both = Pool(first, Pool(np.eye(3)[:2], groups=[9, 9]))
    assert np.array_equal(both.groups, [7, 8, 7, 9, 9])  # type: ignore[arg-type]
    assert Pool(np.eye(3)).groups is None
    for parts, groups in (((np.eye(3),), [1, 2]), ((first, np.eye(3)), None)):
        with pytest.raises(BadInput, match="group of each"):
            Pool(*parts, groups=groups)
    with pytest.raises(BadInput, match=r"whole numbers.*Got 0.5"):
        Pool(np.eye(3), groups=[0.5, 1, 2])  # type: ignore[list-item]
