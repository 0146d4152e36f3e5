"""A small project of texts, and commands run as a shell runs them."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from asklearn.cli import main

Run = Callable[..., Result]
WORDS = {"fruit": "apple pear plum fig", "animal": "dog cat cow pig", "tool": "saw drill nail file"}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in an empty folder; what is typed is `keys`."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object, keys: str = "") -> Result:
        return CliRunner().invoke(main, [str(one) for one in arguments], input=keys)

    return call


@pytest.fixture
def things(tmp_path: Path) -> dict[str, str]:
    """Write things.csv, sixty texts with ids, and return the class of each id."""
    truth = {}
    with (tmp_path / "things.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["code", "note", "kind"])
        for i in range(60):
            kind = list(WORDS)[i % 3]
            words = WORDS[kind].split()
            truth[f"t{i}"] = kind
            writer.writerow([f"t{i}", f"{words[i % 4]} {words[(i + 1) % 4]} no {i}", kind])
    return truth


@pytest.fixture
def project(run: Run, things: dict[str, str]) -> dict[str, str]:
    """Make a project of things.csv in the present folder, and return the class of each id."""
    done = run("init", "things.csv", "--text", "note", "--id", "code", "--labels", "fruit,animal,tool",
               "--model", "logistic(C=10.0, temperature=1.0)", "--encoder", "text(dim=16)", "--audit", 0.3)  # fmt: skip
    assert done.exit_code == 0, done.output
    return things


@pytest.fixture
def fill(tmp_path: Path) -> Callable[..., None]:
    """Fill the label column of a sheet in."""

    def fill(name: str, truth: dict[str, str], most: int = 10**6) -> None:
        path = tmp_path / name
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        for row in rows[:most]:
            row["label"] = truth[row["id"]]
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)

    return fill


@pytest.fixture
def refused() -> Callable[..., None]:
    """Check that a command was refused in one line that holds some words."""

    def refused(done: Result, *words: str) -> None:
        assert done.exit_code == 1, done.output
        assert done.stderr.startswith("Error: ")
        assert "Traceback" not in done.output
        for word in words:
            assert word in done.stderr

    return refused
