"""Rows of features: taken in any order, in chunks, over shards, without a copy of the whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asklearn import pool as pools
from asklearn.errors import BadInput
from asklearn.pool import Pool, check_features, fingerprint


def sharded(sizes: list[int], width: int = 3) -> tuple[Pool, np.ndarray]:
    X = np.arange(sum(sizes) * width, dtype=np.float32).reshape(-1, width)
    pool = Pool()
    for part in np.split(X, np.cumsum(sizes)[:-1]):
        pool.add(part)
    return pool, X


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
    assert np.concatenate([np.arange(len(rows))[piece] for piece, _ in pieces]).tolist() == list(
        range(len(rows))
    )
    np.testing.assert_array_equal(np.concatenate([part for _, part in pieces]), X[rows])
    assert max(len(part) for _, part in pieces) <= 300


def test_no_rows_are_no_chunks() -> None:
    pool, _ = sharded([4])
    assert list(pool.chunks(np.empty(0, np.intp))) == []
    assert pool.take(np.empty(0, np.intp)).shape == (0, 3)


def test_consecutive_rows_are_not_copied() -> None:
    pool, _ = sharded([50])
    (_, part), *_ = pool.chunks(np.arange(10, 40))
    assert np.shares_memory(part, pool.shards[0])


def test_memory_mapped_features_stay_on_disk(tmp_path: Path) -> None:
    np.save(tmp_path / "X.npy", np.ones((10, 2), np.float32))
    X = np.load(tmp_path / "X.npy", mmap_mode="r")
    pool = Pool()
    pool.add(X)
    assert pool.shards[0] is X


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
    prints = {fingerprint(one) for one in (X, X[:-1], X[::-1], X + 1, X.reshape(1500, 8))}
    assert len(prints) == 5
    assert fingerprint(X.astype(np.float64)) == fingerprint(X)
