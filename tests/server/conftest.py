"""A small project to serve."""

from __future__ import annotations

from pathlib import Path

import pytest

from asklearn.importing import create
from asklearn.project import Project
from asklearn.settings import Settings

WORDS = {"good": "fine great lovely", "bad": "poor awful dull"}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Eighty short texts of two classes, of which nothing was asked yet."""
    kinds = ["good", "bad"] * 40
    rows = [f"{WORDS[kind]} number {n},{kind}" for n, kind in enumerate(kinds)]
    (tmp_path / "data.csv").write_text("\n".join(["review,truth", *rows]))
    settings = Settings(kind="text", columns=("review",), show=("truth",), labels=("good", "bad"))
    create(tmp_path / "project", tmp_path / "data.csv", settings)
    return Project(tmp_path / "project")
