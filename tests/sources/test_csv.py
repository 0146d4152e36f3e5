"""CSV: numbers only where every value is one, and every fault named."""

import gzip
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asklearn.errors import BadInput
from asklearn.sources import csv
from asklearn.sources.tables import iter_table, read_table

FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def write(tmp_path):
    def keep(name, content):
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    return keep


def test_types_and_missing_values(write):
    table = read_table(write("t.csv", "i,f,gap,word,code\n1,0.5,,a,007\n-2,nan,3,,010\n"))
    assert table.rows == len(table) == 2
    assert table.columns["i"].dtype == np.int64
    np.testing.assert_array_equal(table.columns["f"], [0.5, np.nan])
    np.testing.assert_array_equal(table.columns["gap"], [np.nan, 3.0])
    assert table.columns["word"].tolist() == ["a", None]
    assert table.columns["code"].tolist() == ["007", "010"]


@pytest.mark.parametrize("word", ["99999999999999999999", "0x1F", "true", "1_000", "1e"])
def test_what_a_number_would_change_stays_text(write, word):
    assert read_table(write("t.csv", f"a\n{word}\n")).columns["a"].tolist() == [word]


def test_big_integer_with_a_gap_stays_text(write):
    table = read_table(write("t.csv", "a,b\n9007199254740993,1\n,2\n"))
    assert table.columns["a"].tolist() == ["9007199254740993", None]


def test_byte_order_mark_windows_line_ends_and_quoted_newlines(write):
    table = read_table(write("t.csv", b'\xef\xbb\xbfa,"b,c"\r\n1,"x\r\ny ""q"""\r\n2,z\r\n'))
    assert list(table.columns) == ["a", "b,c"]
    assert table.columns["b,c"].tolist() == ['x\r\ny "q"', "z"]


@pytest.mark.parametrize(("name", "mark"), [("t.csv", ";"), ("t.tsv", "\t"), ("t.csv", "\t")])
def test_other_delimiters(write, name, mark):
    assert list(read_table(write(name, f"a{mark}b\n1{mark}x\n")).columns) == ["a", "b"]


def test_cell_of_ten_megabytes(write):
    cell = "word, \n" * 1_500_000
    table = read_table(write("t.csv", f'a,b\n1,"{cell}"\n2,y\n'))
    assert table.columns["b"][0] == cell


def test_only_asked_columns_in_order(write):
    assert list(read_table(write("t.csv", "a,b,c\n1,2,3\n"), ["c", "a"]).columns) == ["c", "a"]


def test_long_file_changes_type_late(write):
    rows = "\n".join(["1"] * 200_000 + ["x"])
    column = read_table(write("t.csv", f"a\n{rows}\n")).columns["a"]
    assert column[0] == "1"
    assert column[-1] == "x"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "t.csv is empty"),
        (b"\n\n", "no header line"),
        (b"a,b\n", "t.csv has no rows"),
        (b"a,b", "t.csv"),
        (b"a,b\n1,2\n3\n", r"t.csv has 1 values in row 3 .* header has 2"),
        (b"a,b\n1,2,3\n", "t.csv has 3 values in row 2"),
        (b"a,b,a\n1,2,3\n", "has 'a' more than once"),
        (b"a,b\nx,2\n\xff,3\n", r"byte 0xff at position 8, line 3"),
        (b"a\xff\n1\n", "byte 0xff at position 1, line 1"),
        ("a,b\n1,2\n".encode("utf-16"), "UTF-16"),
        (b'a,b\n1,"2\n3,4\n5,6\n', "quote that is never closed"),
    ],
)
def test_problem_is_named(write, content, message):
    with pytest.raises(BadInput, match=message):
        read_table(write("t.csv", content))


def test_inches_are_no_open_quote(write):
    table = read_table(write("t.csv", 'a,b\n5" pipe,1\n"x\ny",2\n'))
    assert table.columns["a"].tolist() == ['5" pipe', "x\ny"]


@FUZZ
@given(st.binary(min_size=1, max_size=80))
def test_any_bytes_are_read_or_refused(tmp_path, content):
    file = tmp_path / "t.csv"
    file.write_bytes(content)
    try:
        assert read_table(file).rows > 0
    except BadInput as error:
        assert "t.csv" in str(error)  # noqa: PT017


@FUZZ
@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1), min_size=1
    )
)
def test_quoted_text_comes_back(tmp_path, cells):
    file = tmp_path / "t.csv"
    lines = ['"' + cell.replace('"', '""') + '",word' for cell in cells]
    file.write_bytes(("a,b\n" + "\n".join(lines) + "\n").encode())
    got = read_table(file).columns["a"]
    if got.dtype == object:
        assert got.tolist() == cells
    else:
        assert len(got) == len(cells)


@pytest.mark.parametrize(
    ("late", "kind"), [("x", object), ("0.5", np.float64), ("", np.float64), ("7", np.int64), ("007", object)]
)
def test_a_late_value_decides_for_every_piece(write, late, kind):
    pieces = list(iter_table(write("t.csv", "a,b\n" + "1,2\n" * 9 + f"{late},2\n"), rows=4))
    assert [len(piece) for piece in pieces] == [4, 4, 2]
    assert {piece.columns["a"].dtype for piece in pieces} == {np.dtype(kind)}


def test_large_whole_numbers_and_a_late_fraction_stay_text(write):
    file = write("t.csv", "a\n9007199254740993\n" + "1\n" * 9 + "0.5\n")
    assert read_table(file).columns["a"][0] == "9007199254740993"


def test_rows_are_counted_from_the_beginning(write, monkeypatch):
    monkeypatch.setattr(csv, "LARGEST_BLOCK", 1 << 10)
    content = "a,b\n" + "1,2\n" * 5000
    with pytest.raises(BadInput, match=r"1 values in row 5002 .* header has 2. It begins '3'"):
        read_table(write("t.csv", content + "3\n"))
    with pytest.raises(BadInput, match=r"byte 0xff at position 20006, line 5002"):
        read_table(write("t.csv.gz", gzip.compress((content + "3,").encode() + b"\xff\n")))
    with pytest.raises(BadInput, match=r"a row of more than 0 MB. Is a quote never closed"):
        read_table(write("t.csv", content + '3,"' + "x\n" * 5000))
    with pytest.raises(BadInput, match="quote that is never closed: its last value begins"):
        read_table(write("t.csv.gz", gzip.compress((content + '3,"x\n4,5\n').encode())))


def test_a_header_that_never_ends(write):
    with pytest.raises(BadInput, match=r"t\.csv"):
        read_table(write("t.csv", "x" * (3 << 20)))


def test_ragged_row_that_is_not_utf8(write):
    with pytest.raises(BadInput, match=r"t\.csv"):
        read_table(write("t.csv", b"a,b\n1,2\n\xff\n"))


_GIVEN_UP = """
import sys
from asklearn.errors import BadInput
from asklearn.sources.tables import iter_table
for _ in range(5):
    try:
        for table in iter_table(sys.argv[1], rows=10):
            break
    except BadInput as error:
        print(error)
print("done")
"""


@pytest.mark.parametrize("second", ["a", "a,b,c", "\udcff,b", "\udcff", '"' + 2**24 * "a" + '",b'])
def test_a_process_ends_when_reading_was_given_up(tmp_path, second):
    """Arrow reads ahead in a thread; dropped while that is at work, its reader would never let the process end."""
    file = tmp_path / "t.csv"
    rows = "x,y\n" + second + "\n" + (1023 * "a" + ",b\n") * (40 << 10)
    file.write_bytes(rows.encode("utf-8", "surrogateescape"))
    done = subprocess.run(
        [sys.executable, "-c", _GIVEN_UP, str(file)], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout.splitlines()[-1], done.stderr) == (0, "done", "")


def test_a_process_ends_when_only_the_beginning_was_read(tmp_path):
    file = tmp_path / "t.csv"
    file.write_text("x,y\n" + (1023 * "a" + ",b\n") * (80 << 10))
    done = subprocess.run(
        [sys.executable, "-c", _GIVEN_UP, str(file)], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")
