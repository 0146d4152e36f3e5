"""The front door: every format in the same shape, whole or in pieces, and none but our own errors."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asklearn.errors import BadInput
from asklearn.registry import lookup
from asklearn.sources import _files
from asklearn.sources.tables import FORMATS, Table, feature_columns, iter_table, labels_of, read_table

FUZZ = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

ROWS = [{"n": i, "x": i / 4, "word": f"w{i}" if i % 3 else None} for i in range(11)]


@pytest.fixture
def write(tmp_path):
    def keep(name, content):
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    return keep


@pytest.fixture(params=["parquet", "csv", "tsv", "jsonl"])
def plain(request, tmp_path):
    """The same eleven rows in each format."""
    file, table = tmp_path / f"t.{request.param}", pa.Table.from_pylist(ROWS)
    if request.param == "parquet":
        pq.write_table(table, file, row_group_size=4)
    elif request.param == "jsonl":
        file.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    else:
        options = pyarrow.csv.WriteOptions(delimiter="," if request.param == "csv" else "\t")
        pyarrow.csv.write_csv(table, file, options)
    return file


def check_rows(table):
    assert table.columns["n"].dtype == np.int64
    np.testing.assert_array_equal(table.columns["n"], [row["n"] for row in ROWS])
    np.testing.assert_array_equal(table.columns["x"], [row["x"] for row in ROWS])
    assert table.columns["word"].tolist() == [row["word"] for row in ROWS]


def packed(file, ending):
    to = file.with_name(file.name + ending)
    content = file.read_bytes()
    to.write_bytes(gzip.compress(content) if ending == ".gz" else pa.compress(content, "zstd", asbytes=True))
    return to


class TestEveryFormat:
    def test_same_columns(self, plain):
        check_rows(read_table(plain))

    @pytest.mark.parametrize("ending", [".gz", ".zst", ".GZ"])
    def test_compressed(self, plain, ending):
        file = packed(plain, ending if ending != ".GZ" else ".gz")
        if ending == ".GZ":
            file = file.rename(file.with_name(file.name.upper()))
        check_rows(read_table(file))
        assert read_table(file, ["x", "n"]).columns.keys() == {"x": 0, "n": 0}.keys()

    @pytest.mark.parametrize("ending", ["", ".gz"])
    @pytest.mark.parametrize("rows", [1, 3, 4, 11, 1000])
    def test_pieces_are_the_whole(self, plain, rows, ending):
        tables = list(iter_table(packed(plain, ending) if ending else plain, rows=rows))
        assert max(len(table) for table in tables) <= rows
        assert all(table.columns["n"].dtype == np.int64 for table in tables)
        check_rows(
            Table(
                "t",
                {name: np.concatenate([t.columns[name] for t in tables]) for name in tables[0].columns},
                11,
            )
        )

    @pytest.mark.parametrize("ending", [".gz", ".zst"])
    def test_cut_anywhere_is_refused(self, plain, ending):
        file = packed(plain, ending)
        content = file.read_bytes()
        for size in {3, 10, len(content) // 2, len(content) - 9, len(content) - 1}:
            file.write_bytes(content[:size])
            with pytest.raises(BadInput, match=file.name):
                read_table(file)

    @pytest.mark.parametrize("ending", [".gz", ".zst"])
    def test_decompression_bomb_is_refused(self, monkeypatch, plain, ending):
        monkeypatch.setattr(_files, "INFLATED_FREELY", 1 << 16)
        plain.write_bytes(plain.read_bytes() + b"\n" * (1 << 21))
        with pytest.raises(BadInput, match=r"inflates to more than \d+ bytes.*decompression bomb"):
            read_table(packed(plain, ending))

    def test_missing_column_suggests_the_nearest(self, plain):
        for read in (read_table, lambda *args: next(iter_table(*args))):
            with pytest.raises(BadInput, match=r"has no column 'wrd'. Did you mean 'word'\?"):
                read(plain, ["wrd"])

    def test_file_may_be_removed_while_pieces_are_left(self, plain):
        tables = iter_table(plain, rows=2)
        next(tables)
        tables.close()
        plain.unlink()

    @FUZZ
    @given(
        content=st.binary(min_size=1, max_size=120),
        ending=st.sampled_from([*FORMATS, ".csv.gz", ".jsonl.zst"]),
    )
    def test_any_bytes_are_read_or_refused(self, tmp_path, content, ending):
        file = tmp_path / f"t{ending}"
        file.write_bytes(content)
        try:
            assert read_table(file).rows > 0
        except BadInput as error:
            assert file.name in str(error)  # noqa: PT017

    @FUZZ
    @given(st.integers(0, 10**6), st.integers(0, 255), st.sampled_from(["", ".gz", ".zst"]))
    def test_a_changed_byte_is_read_or_refused(self, plain, place, byte, ending):
        file = packed(plain, ending) if ending else plain
        whole = file.read_bytes()
        content = bytearray(whole)
        content[place % len(content)] = byte
        file.write_bytes(content)
        try:
            assert read_table(file).rows > 0
        except BadInput as error:
            assert file.name in str(error)  # noqa: PT017
        finally:
            file.write_bytes(whole)


MEASURED = r"""
import re, sys, time
from asklearn.sources.tables import iter_table
start, rows, total = time.perf_counter(), 0, 0.0
for table in iter_table(sys.argv[1]):
    rows += len(table)
    total += table.columns["x0"].sum()
    assert len(table) <= 65_536
seconds = time.perf_counter() - start
print(rows, total, int(re.search(r"VmHWM:\s+(\d+)", open("/proc/self/status").read())[1]) >> 10, int(rows / seconds))
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from Linux's /proc")
@pytest.mark.parametrize("name", ["t.parquet", "t.csv", "t.csv.gz", "t.jsonl"])
def test_a_million_rows_in_half_a_gigabyte(tmp_path, name):
    """Peak memory of a process of its own that goes through a million rows, libraries included."""
    rows, rng, file = 1_000_000, np.random.default_rng(0), tmp_path / name
    columns = {f"x{i}": rng.integers(0, 10**6, rows) / 64 for i in range(6)}
    columns["text"] = np.char.add("a sentence of some words about item ", np.arange(rows).astype(str))
    table = pa.table(columns)
    if name == "t.parquet":
        pq.write_table(table, file)
    elif name == "t.jsonl":
        with file.open("w") as lines:
            for batch in table.to_batches(10_000):
                lines.writelines(json.dumps(row) + "\n" for row in batch.to_pylist())
    else:
        with pa.output_stream(file, compression="gzip" if name.endswith("gz") else None) as out:
            pyarrow.csv.write_csv(table, out)
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    count, total, megabytes, speed = map(float, done.stdout.split())
    print(f"{name}: {megabytes:.0f} MB at most, {speed:,.0f} rows a second")  # noqa: T201
    assert count == rows
    assert total == columns["x0"].sum()
    assert megabytes < 500


class TestDoor:
    def test_both_are_registered(self):
        assert lookup("sources", "tables") is read_table
        assert lookup("sources", "stream") is iter_table

    @pytest.mark.parametrize("rows", [0, -1, 2.5, None])
    def test_rows_must_be_a_count(self, write, rows):
        with pytest.raises(BadInput, match="rows must be a whole number"):
            iter_table(write("t.csv", "a\n1\n"), rows=rows)

    @pytest.mark.parametrize("name", ["t.npy.gz", "t.gz", "t.csv.xz"])
    def test_what_cannot_be_compressed(self, write, name):
        with pytest.raises(BadInput, match=r"must end in .* may be compressed"):
            read_table(write(name, "x"))

    @pytest.mark.parametrize("name", ["t.xlsx", "t.pkl", "noend"])
    def test_unknown_ending(self, write, name):
        with pytest.raises(BadInput, match=r"must end in \.parquet"):
            read_table(write(name, "x"))

    def test_absent_file_and_empty_folder(self, tmp_path):
        (tmp_path / "folder.csv").mkdir()
        with pytest.raises(BadInput, match="There is no file"):
            read_table(tmp_path / "absent.csv")
        with pytest.raises(BadInput, match=r"The folder 'folder\.csv' holds neither images .* nor a dataset"):
            read_table(tmp_path / "folder.csv")

    @pytest.mark.parametrize("columns", ["text", []])
    def test_columns_must_be_a_list(self, write, columns):
        with pytest.raises(BadInput, match="columns must be a list"):
            read_table(write("t.csv", "text\nx\n"), columns)


class TestLabels:
    def table(self, column):
        return Table("t.csv", {"y": column}, len(column))

    def test_whole_numbers_and_words(self):
        assert labels_of(self.table(np.array([1.0, 2.0])), "y") == [1, 2]
        assert labels_of(self.table(np.array([1, 2], np.int8)), "y") == [1, 2]
        assert labels_of(self.table(np.array(["a", "b"], object)), "y") == ["a", "b"]
        assert all(type(one) is int for one in labels_of(self.table(np.array([1.0])), "y"))

    @pytest.mark.parametrize(
        ("column", "message"),
        [
            (np.array(["a", None, "", "b"], object), r"2 of 4 labels are missing .* row 1, 2 "),
            (np.array([1.0, np.nan]), "1 of 2 labels .* row 1 "),
            (np.array([1.0, 2.5]), r"classification task.* Got 2\.5 in row 1"),
            (np.array([1.0, np.inf]), "Got inf in row 1"),
            (np.array([b"x"], object), "Got bytes in row 0"),
            (np.ones((2, 2)), r"shape \(2, 2\)"),
        ],
    )
    def test_problem_is_named(self, column, message):
        with pytest.raises(BadInput, match=message):
            labels_of(self.table(column), "y")

    def test_feature_columns(self):
        columns = {name: np.arange(2) for name in ("id", "a", "label", "b", "split", "")}
        table = Table("t", columns, 2)
        assert feature_columns(table) == ["a", "b"]
        assert feature_columns(table, ["b"]) == ["a"]
        with pytest.raises(BadInput, match="no columns left"):
            feature_columns(table, ["a", "b"])

    def test_take(self):
        table = Table("t", {"a": np.arange(4), "v": np.eye(4)}, 4).take(np.array([3, 0]))
        assert table.rows == 2
        assert table.columns["a"].tolist() == [3, 0]
