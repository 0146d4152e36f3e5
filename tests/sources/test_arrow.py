"""Arrow pieces: at most so many rows, small ones joined, nothing lost."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asklearn.errors import BadInput
from asklearn.sources import _arrow
from asklearn.sources._arrow import Arrays, pieces, whole_numbers, with_gaps


def batches(sizes):
    starts = np.cumsum([0, *sizes])
    return [pa.record_batch({"n": np.arange(i, j)}) for i, j in pairwise(starts)]


@settings(deadline=None)
@given(st.lists(st.integers(0, 12), max_size=8), st.integers(1, 9))
def test_pieces_hold_every_row_once(sizes, rows):
    made = list(pieces(batches(sizes), rows))
    assert [n for one in made for n in one.column("n").to_pylist()] == list(range(sum(sizes)))
    assert all(0 < one.num_rows <= rows for one in made)


def test_small_batches_are_joined_and_large_ones_bounded(monkeypatch):
    assert [one.num_rows for one in pieces(batches([2] * 10), 9)] == [8, 8, 4]
    monkeypatch.setattr(_arrow, "LARGEST_BLOCK", 30)
    assert [one.num_rows for one in pieces(batches([2] * 10), 9)] == [4] * 5


def test_gaps_in_whole_numbers_and_in_their_dictionaries():
    table = pa.table(
        {
            "a": [1, 2],
            "b": [1, None],
            "c": pa.array([1, None]).dictionary_encode(),
            "d": pa.DictionaryArray.from_arrays(pa.array([0, 1]), pa.array([None, 5])),
            "e": [0.5, None],
        }
    )
    names = whole_numbers(table.schema)
    assert names == ["a", "b", "c", "d"]
    gaps = with_gaps(table.to_batches(), names)
    assert gaps == {"b", "c", "d"}
    got = Arrays("t", gaps)(table, names)
    np.testing.assert_array_equal(got["d"], [np.nan, 5])
    assert got["a"].dtype == np.int64


def test_widths_and_rows_are_remembered():
    arrays = Arrays("t", set())
    assert arrays(pa.table({"v": [[1.0, 2.0]] * 3}), ["v"])["v"].shape == (3, 2)
    with pytest.raises(BadInput, match="2 values in row 0 and 1 in row 4"):
        arrays(pa.table({"v": [[1.0, 2.0], [1.0]]}), ["v"])


def test_views_and_fixed_sizes():
    table = pa.table(
        {"s": pa.array(["x"], pa.string_view()), "b": pa.array([b"ab"], pa.binary(2)), "d": pa.array([None])}
    )
    got = Arrays("t", set())(table, ["s", "b", "d"])
    assert (got["s"].tolist(), got["b"].tolist()) == (["x"], [b"ab"])
    assert np.isnan(got["d"]).all()
