"""A labelled file becomes a pool and a test set that share nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from asklearn.dataset import load_dataset
from asklearn.errors import BadInput


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    rows = [
        f"{i},{rng.normal():.4f},{'abc'[i % 10 % 3]},word{i} text,{'test' if i < 20 else 'train'}"
        for i in range(100)
    ]
    path = tmp_path / "things.csv"
    path.write_text("\n".join(["id,size,kind,note,split", *rows]) + "\n")
    return path


def test_the_rows_marked_test_are_the_test_set(table: Path) -> None:
    data = load_dataset(table, label="kind", columns=["size"], split="split")
    assert data.ids.tolist() == list(range(20, 100))
    assert (len(data.X_pool), len(data.y_pool), len(data.X_test), len(data.y_test)) == (80, 80, 20, 20)
    assert data.y_pool == ["abc"[i % 10 % 3] for i in range(20, 100)]
    assert data.name == "things"
    assert data.encoder == "tabular"


def test_else_it_is_a_stratified_fifth_and_always_the_same(table: Path) -> None:
    one, other = (load_dataset(table, label="kind", columns=["size"]) for _ in range(2))
    np.testing.assert_array_equal(one.ids, other.ids)
    assert len(one.y_test) == 20
    for kind in "abc":
        every = one.y_pool.count(kind) + one.y_test.count(kind)
        assert abs(one.y_test.count(kind) - every / 5) <= 1


def test_label_id_and_split_are_no_features(table: Path) -> None:
    data = load_dataset(table, label="kind", split="split", columns=())
    only = load_dataset(table, label="kind", split="split", columns=["size", "note"])
    np.testing.assert_array_equal(data.X_pool, only.X_pool)
    assert set(data.preview(0)["row"]) == {"size", "note"}


def test_the_encoder_sees_the_pool_alone(table: Path) -> None:
    """A test row that changes must not change the features of the pool."""
    before = load_dataset(table, label="kind", columns=["size"], split="split")
    lines = table.read_text().splitlines()
    lines[1] = lines[1].replace(lines[1].split(",")[1], "1000.0", 1)
    table.write_text("\n".join(lines) + "\n")
    after = load_dataset(table, label="kind", columns=["size"], split="split")
    np.testing.assert_array_equal(before.X_pool, after.X_pool)


def test_texts_and_their_preview(table: Path) -> None:
    data = load_dataset(table, label="kind", text="note", split="split", encoder="text(dim=8)")
    assert data.encoder == "text(dim=8)"
    assert data.preview(0) == {"text": "word20 text"}
    assert data.X_pool.shape[0] == 80


@pytest.mark.parametrize(
    ("options", "words"),
    [({"label": "knd"}, "kind"), ({"label": "kind", "text": "not"}, "note"),
     ({"label": "kind", "text": "note", "columns": ["size"]}, "Give one of"),
     ({"label": "kind", "columns": ["size", "kind"]}, "'kind' as both"), ({"label": "kind", "text": "kind"}, "as both"),
     ({"label": "kind", "split": "split", "columns": ["split"]}, "'split' as both"),
     ({"label": "kind", "split": "kind"}, "as 'test'"), ({"label": "kind", "encoder": "tabullar"}, "tabular")],
)  # fmt: skip
def test_what_is_wrong_is_named(table: Path, options: dict[str, object], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        load_dataset(table, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", [20, 57, 7])
def test_an_item_that_cannot_be_encoded_is_named_by_its_row_in_the_file(tmp_path: Path, bad: int) -> None:
    """Rows 0 to 19 are the test set, so that the encoder counts from elsewhere."""
    X = np.random.default_rng(0).normal(size=(100, 4))
    X[bad, 2] = np.nan
    kind, split = np.where(np.arange(100) % 2, "a", "b"), np.where(np.arange(100) < 20, "test", "train")
    np.savez(tmp_path / "things.npz", X=X, kind=kind, split=split)
    with pytest.raises(BadInput, match=rf"nan at row .*In things\.npz that is data row {bad + 1}\."):
        load_dataset(tmp_path / "things.npz", label="kind", embedding="X", split="split")


def test_a_table_needs_a_feature_and_more_than_one_row(tmp_path: Path) -> None:
    path = tmp_path / "bare.csv"
    path.write_text("id,kind\n1,a\n2,b\n3,a\n4,b\n5,a\n6,b\n")
    with pytest.raises(BadInput, match="no column left for features"):
        load_dataset(path, label="kind")
    path.write_text("size,kind\n1,a\n")
    with pytest.raises(BadInput, match="needs more rows than these 1"):
        load_dataset(path, label="kind")


def test_a_folder_of_images_needs_no_column_named(tmp_path: Path) -> None:
    from PIL import Image

    rng = np.random.default_rng(0)
    for kind in ("cat", "dog"):
        (tmp_path / "pets" / kind).mkdir(parents=True)
        for number in range(6):
            pixels = rng.integers(0, 255, (8, 8), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pets" / kind / f"{number}.png")
    data = load_dataset(tmp_path / "pets", label="label", encoder="image(patches=8, patch=3)")
    assert set(data.y_pool) == {"cat", "dog"}
    assert data.preview(0)["image"].startswith("data:image/png;base64,")
