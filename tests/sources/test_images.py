"""Folders of images: classes by folder, nothing from outside the folder, unreadable files named."""

import os

import numpy as np
import pytest

from asklearn.dataset import load_dataset
from asklearn.errors import BadInput
from asklearn.sources import images
from asklearn.sources.tables import iter_table, read_table

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def folder(tmp_path):
    for name in ("dog/b.png", "dog/a.PNG", "cat/z.png", "cat/.hidden.png", "cat/notes.txt", ".git/x.png"):
        file = tmp_path / "pets" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(PNG + name.encode())
    return tmp_path / "pets"


def test_a_subfolder_is_a_class(folder):
    table = read_table(folder)
    assert table.columns["path"].tolist() == ["cat/z.png", "dog/a.PNG", "dog/b.png"]
    assert table.columns["image"].tolist() == [PNG + path.encode() for path in table.columns["path"]]
    assert table.labels("label") == ["cat", "dog", "dog"]


def test_a_flat_folder_has_no_label(folder):
    flat = read_table(folder / "dog")
    assert list(flat.columns) == ["image", "path"]
    assert flat.columns["path"].tolist() == ["a.PNG", "b.png"]


def test_in_pieces_bounded_by_rows_and_bytes(folder, monkeypatch):
    assert [len(piece) for piece in iter_table(folder, rows=2)] == [2, 1]
    monkeypatch.setattr(images, "LARGEST_BLOCK", 10)
    assert [len(piece) for piece in iter_table(folder)] == [1, 1, 1]


def test_only_names_are_read_where_only_they_are_asked_for(folder):
    (folder / "dog" / "b.png").write_bytes(b"")
    assert read_table(folder, ["label", "path"]).labels("label") == ["cat", "dog", "dog"]


@pytest.mark.parametrize("content", [b"", b"<html>", b"PK\3\4"])
def test_unreadable_images_are_named(folder, content):
    (folder / "dog" / "b.png").write_bytes(content)
    with pytest.raises(BadInput, match=r"Some images of pets cannot be read: dog/b\.png \("):
        read_table(folder)


def test_an_image_too_large_is_named(folder, monkeypatch):
    monkeypatch.setattr(images, "LARGEST_IMAGE", 16)
    with pytest.raises(BadInput, match=r"cat/z\.png \(0 MB, which is over 0\)"):
        read_table(folder)


def test_no_regular_file(folder):
    os.mkfifo(folder / "dog" / "c.png")
    with pytest.raises(BadInput, match=r"dog/c\.png \(no regular file\)"):
        read_table(folder)


@pytest.mark.parametrize("place", ["dog/link.png", "bird"])
def test_links_that_lead_out_are_refused(folder, tmp_path, place):
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "s.png").write_bytes(PNG)
    (folder / place).symlink_to(secret / "s.png" if place.endswith(".png") else secret)
    with pytest.raises(BadInput, match=f"{place} is a link that leads out of pets"):
        read_table(folder)


def test_links_within_are_followed_and_broken_ones_refused(folder):
    (folder / "dog" / "c.png").symlink_to(folder / "cat" / "z.png")
    assert read_table(folder).columns["image"][3] == PNG + b"cat/z.png"
    (folder / "dog" / "d.png").symlink_to(folder / "gone.png")
    with pytest.raises(BadInput, match=r"dog/d\.png cannot be read"):
        read_table(folder)


def test_a_loop_of_links_ends(folder):
    (folder / "dog" / "again").symlink_to(folder)
    with pytest.raises(BadInput, match="a folder in a subfolder: dog/again"):
        read_table(folder)


def test_images_beside_subfolders_and_deeper_folders_are_refused(folder):
    (folder / "a.png").write_bytes(PNG)
    with pytest.raises(BadInput, match=r"images beside subfolders \(a\.png and cat/z\.png\)"):
        read_table(folder)
    (folder / "a.png").unlink()
    (folder / "cat" / "deep").mkdir()
    with pytest.raises(BadInput, match="a folder in a subfolder: cat/deep"):
        read_table(folder)


def test_names_that_are_not_utf8_are_refused(folder):
    try:
        (folder / os.fsdecode(b"dog/\xff.png")).write_bytes(PNG)
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    with pytest.raises(BadInput, match=r"must be UTF-8. Rename 'dog/\\udcff\.png'"):
        read_table(folder)


def test_a_dataset_from_a_folder(tmp_path):
    pillow = pytest.importorskip("PIL.Image")
    rng = np.random.default_rng(0)
    for i in range(40):
        file = tmp_path / "shades" / ("dark" if i % 2 else "light") / f"{i}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 100, (16, 16), dtype=np.uint8) + np.uint8(0 if i % 2 else 120)
        pillow.fromarray(pixels).save(file)
    data = load_dataset(tmp_path / "shades", label="label", image="image", encoder="image(dim=4)")
    assert (data.name, len(data.y_pool), len(data.y_test)) == ("shades", 32, 8)
    assert data.preview(0)["image"].startswith("data:image/png")
