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
     ({"label": "kind", "split": "kind"}, "as 'test'"), ({"label": "kind", "encoder": "tabullar"}, "tabular")],
)  # fmt: skip
def test_what_is_wrong_is_named(table: Path, options: dict[str, object], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        load_dataset(table, **options)  # type: ignore[arg-type]


def test_a_table_needs_a_feature_and_more_than_one_row(tmp_path: Path) -> None:
    path = tmp_path / "bare.csv"
    path.write_text("id,kind\n1,a\n2,b\n3,a\n4,b\n5,a\n6,b\n")
    with pytest.raises(BadInput, match="no column left for features"):
        load_dataset(path, label="kind")
    path.write_text("size,kind\n1,a\n")
    with pytest.raises(BadInput, match="needs more rows than these 1"):
        load_dataset(path, label="kind")
