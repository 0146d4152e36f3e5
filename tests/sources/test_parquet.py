"""Parquet: every type that items have, and no damaged file taken for a whole one."""

import random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from asklearn.errors import BadInput
from asklearn.sources import parquet as module
from asklearn.sources.tables import iter_table, read_table


@pytest.fixture
def write(tmp_path):
    def keep(name, content):
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    return keep


@pytest.fixture
def parquet(tmp_path):
    def keep(columns, name="t.parquet"):
        file = tmp_path / name
        pq.write_table(columns if isinstance(columns, pa.Table) else pa.table(columns), file)
        return file

    return keep


def test_types(parquet):
    import datetime

    columns = {
        "i": pa.array([1, 2], pa.int8()),
        "gap": pa.array([1, None], pa.int32()),
        "f": pa.array([0.5, None], pa.float32()),
        "word": pa.array(["a", None]).dictionary_encode(),
        "flag": pa.array([True, None]),
        "day": pa.array([datetime.date(2020, 1, 2), None]),
        "image": pa.array([b"x", b"\xff"]),
        "hub": pa.array([{"bytes": b"x", "path": "p"}, {"bytes": None, "path": "q"}]),
        "vector": pa.array([[1.0, 2.0], [3.0, 4.0]]),
        "fixed": pa.array([[1, 2], [3, 4]], pa.list_(pa.int16(), 2)),
        "nothing": pa.nulls(2),
    }
    read = read_table(parquet(columns)).columns
    assert read["i"].dtype == np.int8
    np.testing.assert_array_equal(read["gap"], [1, np.nan])
    np.testing.assert_array_equal(read["f"], np.array([0.5, np.nan], np.float32))
    assert read["word"].tolist() == ["a", None]
    assert read["flag"].tolist() == ["true", None]
    assert read["day"].tolist() == ["2020-01-02", None]
    assert read["image"].tolist() == [b"x", b"\xff"]
    assert read["hub"].tolist() == [b"x", None]
    for name in ("vector", "fixed"):
        assert read[name].dtype == np.float32
        np.testing.assert_array_equal(read[name], [[1, 2], [3, 4]])
    assert np.isnan(read["nothing"]).all()


def test_reads_only_asked_columns(parquet):
    file = parquet({"a": [1], "a.b": [2], "odd": [[["nested"]]]})
    assert list(read_table(file, ["a"]).columns) == ["a"]
    with pytest.raises(BadInput, match=r"'odd' of t.parquet holds lists"):
        read_table(file)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ([[1.0], [1.0, 2.0]], "1 values in row 0 and 2 in row 1"),
        ([[1.0], None], "no embedding in row 1"),
        ([{"x": 1}, {"x": 2}], "has type struct"),
        ([2**60, None], r"beyond 2\*\*53"),
    ],
)
def test_column_that_cannot_be_represented(parquet, column, message):
    with pytest.raises(BadInput, match=message):
        read_table(parquet({"a": column}))


def test_missing_column_suggests_the_nearest(parquet):
    with pytest.raises(BadInput, match=r"t.parquet has no column 'txt'. Did you mean 'text'\?"):
        read_table(parquet({"text": ["a"], "label": ["b"]}), ["txt"])


def test_no_rows_and_doubled_names(parquet):
    with pytest.raises(BadInput, match="no rows"):
        read_table(parquet({"a": pa.array([], pa.int8())}))
    with pytest.raises(BadInput, match="'a' more than once"):
        read_table(parquet(pa.table([pa.array([1]), pa.array([2])], names=["a", "a"])))


def test_cut_anywhere_or_another_format(parquet, write):
    content = parquet({"a": list(range(1000)), "b": ["word"] * 1000}).read_bytes()
    for size in {1, 4, 100, len(content) // 2, len(content) - 1}:
        with pytest.raises(BadInput, match="not a whole Parquet file"):
            read_table(write("cut.parquet", content[:size]))
    with pytest.raises(BadInput, match="not a whole Parquet file"):
        read_table(write("text.parquet", "a,b\n1,2\n" * 10))


def test_flipped_bytes_are_read_or_refused(parquet, write):
    content = bytearray(parquet({"a": list(range(100)), "b": ["word"] * 100}).read_bytes())
    random_ = random.Random(0)
    for _ in range(150):
        broken = bytearray(content)
        broken[random_.randrange(4, len(broken) - 8)] ^= 1 << random_.randrange(8)
        try:
            read_table(write("flipped.parquet", bytes(broken)))
        except BadInput as error:
            assert "flipped.parquet" in str(error)  # noqa: PT017


def test_a_late_gap_decides_for_every_piece(parquet):
    file = parquet(
        {"n": [*range(9), None], "whole": range(10), "word": pa.array(["1"] * 10).dictionary_encode()}
    )
    pieces = list(iter_table(file, rows=4))
    assert [len(piece) for piece in pieces] == [4, 4, 2]
    assert {piece.columns["n"].dtype for piece in pieces} == {np.dtype("float64")}
    assert {piece.columns["whole"].dtype for piece in pieces} == {np.dtype("int64")}
    assert read_table(file).columns["word"].tolist() == ["1"] * 10


def test_rows_are_counted_from_the_beginning(parquet):
    with pytest.raises(BadInput, match="1 values in row 0 and 2 in row 9"):
        list(iter_table(parquet({"v": [[1.0]] * 9 + [[1.0, 2.0]]}), rows=4))
    with pytest.raises(BadInput, match="no embedding in row 9"):
        list(iter_table(parquet({"v": [[1.0]] * 9 + [None]}), rows=4))


def test_large_rows_come_few_at_a_time(parquet, monkeypatch):
    monkeypatch.setattr(module, "LARGEST_BLOCK", 1000)
    pieces = list(iter_table(parquet({"image": [bytes([i]) * 500 for i in range(20)]})))
    assert max(len(piece) for piece in pieces) <= 4
    assert sum(len(piece) for piece in pieces) == 20


def test_names_and_texts_that_are_not_utf8(parquet, write):
    content = parquet({"name": ["word"] * 3}, "plain.parquet").read_bytes()
    for part in (b"name", b"word"):
        with pytest.raises(BadInput, match=r"t\.parquet is not a whole Parquet file"):
            read_table(write("t.parquet", content.replace(part, b"\xff\xfe\xfd\xfc")))
