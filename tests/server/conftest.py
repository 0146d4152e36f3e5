"""A small project to serve."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from asklearn.importing import create
from asklearn.project import Project
from asklearn.settings import Settings

sys.path.insert(0, str(Path(__file__).parent))
from staging import Stage

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


@pytest.fixture
def staged(browser: Any) -> Iterator[Callable[..., tuple[Any, Stage]]]:
    """Opens the pages before a played server: the page and its stage; no script may fail in one."""
    from asklearn.server.serving import STATIC

    if not (STATIC / "index.html").exists():
        pytest.skip("the web pages are not built: python hatch_build.py")
    opened, wrong = [], []

    def complained(said: Any) -> None:
        if "Content Security" in said.text:
            wrong.append(said.text)

    def open_page(stage: Stage | None = None, where: str = "", **context: Any) -> tuple[Any, Stage]:
        stage = stage or Stage()
        page = stage.open(browser, where, **context)
        opened.append(page.context)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", complained)
        page.wait_for_selector("main")
        return page, stage

    yield open_page
    for context in opened:
        context.close()
    assert wrong == []


@pytest.fixture(params=["file", pytest.param("server", marks=pytest.mark.postgresql)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path | str]:
    """Where a journal may be: a file, or a schema of a PostgreSQL server."""
    if request.param == "file":
        yield tmp_path / "journal.db"
        return
    url = request.getfixturevalue("postgresql")
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    name = f"l{time.monotonic_ns()}"
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {name}")
    yield f"{url}&options=-csearch_path%3D{name}"
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP SCHEMA {name} CASCADE")
    engine.dispose()
