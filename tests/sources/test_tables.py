import io
import random
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asklearn.errors import BadInput
from asklearn.sources.tables import Table, feature_columns, labels_of, read_table

FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


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


class TestCsv:
    def test_types_and_missing_values(self, write):
        table = read_table(write("t.csv", "i,f,gap,word,code\n1,0.5,,a,007\n-2,nan,3,,010\n"))
        assert table.rows == len(table) == 2
        assert table.columns["i"].dtype == np.int64
        np.testing.assert_array_equal(table.columns["f"], [0.5, np.nan])
        np.testing.assert_array_equal(table.columns["gap"], [np.nan, 3.0])
        assert table.columns["word"].tolist() == ["a", None]
        assert table.columns["code"].tolist() == ["007", "010"]

    @pytest.mark.parametrize("word", ["99999999999999999999", "0x1F", "true", "1_000", "1e"])
    def test_what_a_number_would_change_stays_text(self, write, word):
        assert read_table(write("t.csv", f"a\n{word}\n")).columns["a"].tolist() == [word]

    def test_big_integer_with_a_gap_stays_text(self, write):
        table = read_table(write("t.csv", "a,b\n9007199254740993,1\n,2\n"))
        assert table.columns["a"].tolist() == ["9007199254740993", None]

    def test_byte_order_mark_windows_line_ends_and_quoted_newlines(self, write):
        table = read_table(write("t.csv", b'\xef\xbb\xbfa,"b,c"\r\n1,"x\r\ny ""q"""\r\n2,z\r\n'))
        assert list(table.columns) == ["a", "b,c"]
        assert table.columns["b,c"].tolist() == ['x\r\ny "q"', "z"]

    @pytest.mark.parametrize(("name", "mark"), [("t.csv", ";"), ("t.tsv", "\t"), ("t.csv", "\t")])
    def test_other_delimiters(self, write, name, mark):
        assert list(read_table(write(name, f"a{mark}b\n1{mark}x\n")).columns) == ["a", "b"]

    def test_cell_of_ten_megabytes(self, write):
        cell = "word, \n" * 1_500_000
        table = read_table(write("t.csv", f'a,b\n1,"{cell}"\n2,y\n'))
        assert table.columns["b"][0] == cell

    def test_only_asked_columns_in_order(self, write):
        assert list(read_table(write("t.csv", "a,b,c\n1,2,3\n"), ["c", "a"]).columns) == ["c", "a"]

    def test_long_file_changes_type_late(self, write):
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
    def test_problem_is_named(self, write, content, message):
        with pytest.raises(BadInput, match=message):
            read_table(write("t.csv", content))

    def test_inches_are_no_open_quote(self, write):
        table = read_table(write("t.csv", 'a,b\n5" pipe,1\n"x\ny",2\n'))
        assert table.columns["a"].tolist() == ['5" pipe', "x\ny"]

    @FUZZ
    @given(st.binary(min_size=1, max_size=80))
    def test_any_bytes_are_read_or_refused(self, tmp_path, content):
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
    def test_quoted_text_comes_back(self, tmp_path, cells):
        file = tmp_path / "t.csv"
        lines = ['"' + cell.replace('"', '""') + '",word' for cell in cells]
        file.write_bytes(("a,b\n" + "\n".join(lines) + "\n").encode())
        got = read_table(file).columns["a"]
        if got.dtype == object:
            assert got.tolist() == cells
        else:
            assert len(got) == len(cells)


class TestParquet:
    def test_types(self, parquet):
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

    def test_reads_only_asked_columns(self, parquet):
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
    def test_column_that_cannot_be_represented(self, parquet, column, message):
        with pytest.raises(BadInput, match=message):
            read_table(parquet({"a": column}))

    def test_missing_column_suggests_the_nearest(self, parquet):
        with pytest.raises(BadInput, match=r"t.parquet has no column 'txt'. Did you mean 'text'\?"):
            read_table(parquet({"text": ["a"], "label": ["b"]}), ["txt"])

    def test_no_rows_and_doubled_names(self, parquet):
        with pytest.raises(BadInput, match="no rows"):
            read_table(parquet({"a": pa.array([], pa.int8())}))
        with pytest.raises(BadInput, match="'a' more than once"):
            read_table(parquet(pa.table([pa.array([1]), pa.array([2])], names=["a", "a"])))

    def test_cut_anywhere_or_another_format(self, parquet, write):
        content = parquet({"a": list(range(1000)), "b": ["word"] * 1000}).read_bytes()
        for size in {1, 4, 100, len(content) // 2, len(content) - 1}:
            with pytest.raises(BadInput, match="not a whole Parquet file"):
                read_table(write("cut.parquet", content[:size]))
        with pytest.raises(BadInput, match="not a whole Parquet file"):
            read_table(write("text.parquet", "a,b\n1,2\n" * 10))

    def test_flipped_bytes_are_read_or_refused(self, parquet, write):
        content = bytearray(parquet({"a": list(range(100)), "b": ["word"] * 100}).read_bytes())
        random_ = random.Random(0)
        for _ in range(150):
            broken = bytearray(content)
            broken[random_.randrange(4, len(broken) - 8)] ^= 1 << random_.randrange(8)
            try:
                read_table(write("flipped.parquet", bytes(broken)))
            except BadInput as error:
                assert "flipped.parquet" in str(error)  # noqa: PT017


class TestNumpy:
    def test_npy_and_npz(self, tmp_path):
        x = np.arange(6.0).reshape(3, 2)
        np.save(tmp_path / "x.npy", x)
        np.savez(tmp_path / "xy.npz", X=x, y=np.array(["a", "b", "a"]))
        np.testing.assert_array_equal(read_table(tmp_path / "x.npy").columns["X"], x)
        table = read_table(tmp_path / "xy.npz")
        assert list(table.columns) == ["X", "y"]
        assert labels_of(table, "y") == ["a", "b", "a"]
        assert list(read_table(tmp_path / "xy.npz", ["y"]).columns) == ["y"]

    def test_pickles_are_refused(self, tmp_path):
        np.save(tmp_path / "o.npy", np.array([{}], dtype=object), allow_pickle=True)
        np.savez(tmp_path / "o.npz", X=np.array([{}], dtype=object))
        for name in ("o.npy", "o.npz"):
            with pytest.raises(BadInput, match=f"{name} is not a whole numpy file of plain arrays"):
                read_table(tmp_path / name)

    def test_damage_is_refused(self, tmp_path, write):
        np.save(tmp_path / "x.npy", np.arange(100))
        np.savez_compressed(tmp_path / "x.npz", X=np.arange(100))
        for name in ("x.npy", "x.npz"):
            content = (tmp_path / name).read_bytes()
            for size in (1, 5, 40, len(content) - 30):
                with pytest.raises(BadInput, match=f"cut{name}"):
                    read_table(write(f"cut{name}", content[:size]))
        with pytest.raises(BadInput, match="not a whole numpy file"):
            read_table(write("t.npz", "a,b\n1,2"))
        other = io.BytesIO()
        with zipfile.ZipFile(other, "w") as archive:
            archive.writestr("readme.txt", "hello")
        with pytest.raises(BadInput, match=r"other\.npz"):
            read_table(write("other.npz", other.getvalue()))

    def test_uneven_arrays_and_single_values(self, tmp_path):
        np.savez(tmp_path / "t.npz", X=np.ones(3), y=np.ones(2))
        with pytest.raises(BadInput, match="equally many rows"):
            read_table(tmp_path / "t.npz")
        np.save(tmp_path / "one.npy", np.float64(3))
        with pytest.raises(BadInput, match="single value"):
            read_table(tmp_path / "one.npy")


class TestDoor:
    @pytest.mark.parametrize("name", ["t.xlsx", "t.pkl", "noend"])
    def test_unknown_ending(self, write, name):
        with pytest.raises(BadInput, match=r"must end in \.parquet"):
            read_table(write(name, "x"))

    def test_absent_file_and_folder(self, tmp_path):
        (tmp_path / "folder.csv").mkdir()
        for name in ("absent.csv", "folder.csv"):
            with pytest.raises(BadInput, match="There is no file"):
                read_table(tmp_path / name)

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
