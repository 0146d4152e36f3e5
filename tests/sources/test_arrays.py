"""Numpy files: plain arrays, no pickles."""

import io
import zipfile

import numpy as np
import pytest

from asklearn.errors import BadInput
from asklearn.sources import _files
from asklearn.sources.tables import iter_table, labels_of, read_table


@pytest.fixture
def write(tmp_path):
    def keep(name, content):
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    return keep


def test_npy_and_npz(tmp_path):
    x = np.arange(6.0).reshape(3, 2)
    np.save(tmp_path / "x.npy", x)
    np.savez(tmp_path / "xy.npz", X=x, y=np.array(["a", "b", "a"]))
    np.testing.assert_array_equal(read_table(tmp_path / "x.npy").columns["X"], x)
    table = read_table(tmp_path / "xy.npz")
    assert list(table.columns) == ["X", "y"]
    assert labels_of(table, "y") == ["a", "b", "a"]
    assert list(read_table(tmp_path / "xy.npz", ["y"]).columns) == ["y"]


def test_pickles_are_refused(tmp_path):
    np.save(tmp_path / "o.npy", np.array([{}], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "o.npz", X=np.array([{}], dtype=object))
    for name in ("o.npy", "o.npz"):
        with pytest.raises(BadInput, match=f"{name} is not a whole numpy file of plain arrays"):
            read_table(tmp_path / name)


def test_damage_is_refused(tmp_path, write):
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


def test_a_header_with_an_open_bracket_is_refused(tmp_path, write):
    np.save(tmp_path / "x.npy", np.arange(4.0))
    content = (tmp_path / "x.npy").read_bytes().replace(b"(4,)", b"(4,(")
    with pytest.raises(BadInput, match="not a whole numpy file"):
        read_table(write("open.npy", content))


def test_uneven_arrays_and_single_values(tmp_path):
    np.savez(tmp_path / "t.npz", X=np.ones(3), y=np.ones(2))
    with pytest.raises(BadInput, match="equally many rows"):
        read_table(tmp_path / "t.npz")
    np.save(tmp_path / "one.npy", np.float64(3))
    with pytest.raises(BadInput, match="single value"):
        read_table(tmp_path / "one.npy")


def test_in_pieces(tmp_path):
    np.savez(tmp_path / "t.npz", X=np.arange(10.0).reshape(5, 2), y=np.array([True, False] * 2 + [True]))
    pieces = list(iter_table(tmp_path / "t.npz", rows=2))
    assert [len(piece) for piece in pieces] == [2, 2, 1]
    np.testing.assert_array_equal(np.concatenate([piece.columns["X"] for piece in pieces]).ravel(), range(10))
    assert pieces[2].columns["y"].tolist() == ["true"]


def test_a_npy_file_stays_on_disk(tmp_path):
    np.save(tmp_path / "x.npy", np.ones((4, 2)))
    assert isinstance(read_table(tmp_path / "x.npy").columns["X"], np.memmap)


def test_a_decompression_bomb_is_refused(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "bomb.npz", X=np.zeros(1 << 18))
    assert read_table(tmp_path / "bomb.npz").rows == 1 << 18
    monkeypatch.setattr(_files, "INFLATED_FREELY", 1 << 16)
    with pytest.raises(BadInput, match="decompression bomb"):
        read_table(tmp_path / "bomb.npz")


def test_no_rows_and_other_types(tmp_path):
    np.save(tmp_path / "x.npy", np.ones((0, 2)))
    with pytest.raises(BadInput, match=r"x\.npy has no rows"):
        read_table(tmp_path / "x.npy")
    np.save(tmp_path / "c.npy", np.ones(3) * 1j)
    with pytest.raises(BadInput, match=r"must hold numbers or str. Got dtype complex128"):
        read_table(tmp_path / "c.npy")
