"""Which files are data sets, and which of their columns are meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from asklearn.commands.datasets import data_files, loaders
from asklearn.errors import BadInput

NONE: dict[str, Any] = dict.fromkeys(("text", "image", "embedding", "split", "encoder")) | {"columns": []}


def write(path: Path, *columns: str) -> Path:
    path.write_text(
        ",".join(columns) + "\n" + (",".join("ab"[i % 2] for i, _ in enumerate(columns)) + "\n") * 20
    )
    return path


def test_a_folder_of_files_is_its_files_and_one_of_folders_is_one(tmp_path: Path) -> None:
    for name in ("b.csv", "a.parquet", "c.jsonl.gz", ".hidden.csv", "notes.txt"):
        (tmp_path / name).write_text("x")
    assert [one.name for one in data_files([str(tmp_path)])] == ["a.parquet", "b.csv", "c.jsonl.gz"]
    (tmp_path / "cats").mkdir()
    assert data_files([str(tmp_path)]) == [tmp_path]


def test_names_must_differ(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="both 'a'"):
        data_files([str(tmp_path / "a.csv"), str(tmp_path / "a.parquet")])


def test_each_file_takes_the_named_columns_that_it_has(tmp_path: Path) -> None:
    files = [write(tmp_path / "texts.csv", "y", "words"), write(tmp_path / "tables.csv", "y", "size"),
             write(tmp_path / "other.csv", "size")]  # fmt: skip
    found = loaders(files, {**NONE, "label": "y", "text": "words", "columns": ["size"]})
    assert list(found) == ["texts", "tables"]
    assert [one.keywords["text"] for one in found.values()] == ["words", None]  # type: ignore[attr-defined]
    assert [one.keywords["columns"] for one in found.values()] == [[], ["size"]]  # type: ignore[attr-defined]


@pytest.mark.parametrize("wrong", [{"label": "z"}, {"text": "z"}, {"split": "z"}])
def test_a_name_that_no_file_has_is_refused(tmp_path: Path, wrong: dict[str, str]) -> None:
    with pytest.raises(BadInput, match="None of 1 files has a column 'z'"):
        loaders([write(tmp_path / "a.csv", "y", "x")], {**NONE, "label": "y", **wrong})
