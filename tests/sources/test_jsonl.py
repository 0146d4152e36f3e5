"""JSON lines: types are those of the values, and every bad line has its number."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asklearn.errors import BadInput
from asklearn.sources import jsonl
from asklearn.sources.tables import iter_table, read_table

FUZZ = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def write(tmp_path):
    def keep(*lines, name="t.jsonl"):
        file = tmp_path / name
        rows = [
            line
            if isinstance(line, bytes)
            else (line if isinstance(line, str) else json.dumps(line)).encode()
            for line in lines
        ]
        file.write_bytes(b"\n".join(rows) + b"\n")
        return file

    return keep


def test_types_and_missing_keys(write):
    read = read_table(
        write(
            {"i": 1, "f": 1, "gap": 3, "word": "a", "flag": True, "v": [1, 2], "no": None},
            {"i": -2, "f": 0.5, "word": "007", "flag": None, "v": [0.5, 3], "no": None, "late": "x"},
        )
    ).columns
    assert list(read) == ["i", "f", "gap", "word", "flag", "v", "no", "late"]
    assert read["i"].dtype == np.int64
    assert read["i"].tolist() == [1, -2]
    assert read["f"].tolist() == [1.0, 0.5]
    np.testing.assert_array_equal(read["gap"], [3, np.nan])
    assert read["word"].tolist() == ["a", "007"]
    assert read["flag"].tolist() == ["true", None]
    assert read["v"].dtype == np.float32
    np.testing.assert_array_equal(read["v"], [[1, 2], [0.5, 3]])
    assert np.isnan(read["no"]).all()
    assert read["late"].tolist() == [None, "x"]


def test_byte_order_mark_windows_line_ends_and_blank_lines(write):
    read = read_table(write(b'\xef\xbb\xbf{"a": "x\\ny"}\r', b"", b"  \r", b'{"a": "\xc3\xa9"}'))
    assert read.columns["a"].tolist() == ["x\ny", "é"]


def test_nan_is_missing_and_infinity_stays(write):
    np.testing.assert_array_equal(
        read_table(write(b'{"a": NaN}', b'{"a": -Infinity}', b'{"a": 1}')).columns["a"], [np.nan, -np.inf, 1]
    )


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([{"a": 1}, "", '{"a": '], r"Line 3 of t.jsonl is not JSON \(Expecting value, column 6\)"),
        ([{"a": 1}, "[1]"], r"Line 2 of t.jsonl must be an object"),
        (["[", '{"a": 1}', "]"], "Line 1 .* one JSON array; write one object a line"),
        (['{"a": 1, "b": 2, "a": 3}'], "Line 1 of t.jsonl has the key 'a' more than once"),
        ([{"a": 1}, b'{"a": "\xff"}'], r"byte 0xff at position 16, line 2"),
        (['{"a": 1}'.encode("utf-16")], "t.jsonl is UTF-16"),
        ([{"a": 1}, {"a": {"b": 2}}], r"'a' holds an object in line 2 .*such as \"a.field\""),
        ([{"a": 1}, {"a": "x"}], "must be of one kind. t.jsonl has a number in line 1 and text in line 2"),
        ([{"a": True}, {"a": 1}], "true or false in line 1 and a number in line 2"),
        ([{"a": [1]}, {"a": ["x"]}], r"a list of numbers \(an embedding\) in line 2 .*\['x'\]"),
        ([{"a": [1]}, {"a": [[1]]}], r"an embedding\) in line 2"),
        ([{"a": [1, 2]}, {"a": [1]}], "2 values in row 0 and 1 in row 1"),
        ([{"a": [1, 2]}, {"b": 1}], "no embedding in row 1"),
        ([{"a": 1}, {"a": 2**63}], r"cannot be kept as a number \(int64\) in line 2 .*9223372036854775808"),
        ([{"a": 2**60}, {"b": 1}], r"beyond 2\*\*53"),
        ([{"a": 0.5}, {"a": 2**63}], r"a number \(double\) in line 2"),
        (['{"a": "\\ud800"}'], "cannot be kept as text in line 1 .* lone surrogate"),
        ([{"a": 1}, "9" * 5000], "Line 2 of t.jsonl is not JSON"),
        (['{"a": ' + "[" * 100_000], "Line 1 of t.jsonl is not JSON"),
        (["", " "], "t.jsonl has no columns"),
        (["{}"], "t.jsonl has no columns"),
    ],
)
def test_problem_is_named(write, lines, message):
    with pytest.raises(BadInput, match=message):
        read_table(write(*lines))


def test_only_asked_columns_must_be_plain(write):
    file = write({"a": 1, "b": {"c": 1}}, {"a": 2, "b": "x"})
    assert read_table(file, ["a"]).columns["a"].tolist() == [1, 2]


def test_a_type_that_changes_late_holds_for_every_piece(write):
    file = write(*[{"a": i, "b": "x", "v": [i]} for i in range(5)], {"a": 0.5, "v": [0]}, name="t.ndjson")
    pieces = list(iter_table(file, rows=2))
    assert [piece.columns["a"].dtype for piece in pieces] == [np.float64] * 3
    assert [len(piece) for piece in pieces] == [2, 2, 2]
    with pytest.raises(BadInput, match="1 values in row 0 and 2 in row 6"):
        list(iter_table(write(*[{"v": [i]} for i in range(6)], {"v": [1, 2]}, name="t.ndjson"), rows=2))


def test_too_many_keys_and_too_long_a_line(write, monkeypatch):
    monkeypatch.setattr(jsonl, "_MOST_KEYS", 10)
    with pytest.raises(BadInput, match="over 10 different keys by line 11"):
        read_table(write(*[{f"k{i}": 1} for i in range(20)]))
    monkeypatch.setattr(jsonl, "LARGEST_BLOCK", 1 << 20)
    with pytest.raises(BadInput, match="more than 1 MB: line 2"):
        read_table(write({"a": 1}, {"a": "x" * (1 << 20)}))


values = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.lists(st.floats())
)


@FUZZ
@given(st.lists(st.dictionaries(st.sampled_from("abc"), values), min_size=1, max_size=6), st.integers(1, 7))
def test_any_objects_are_read_or_refused(tmp_path, rows, size):
    file = tmp_path / "t.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    try:
        whole = read_table(file)
    except BadInput as error:
        assert "t.jsonl" in str(error)  # noqa: PT017
        return
    assert whole.rows == len(rows)
    pieces = list(iter_table(file, rows=size))
    for name, column in whole.columns.items():
        np.testing.assert_array_equal(np.concatenate([piece.columns[name] for piece in pieces]), column)
        for row, value in zip(rows, column.tolist(), strict=True):
            if isinstance(row.get(name), str):
                assert value == row[name]
