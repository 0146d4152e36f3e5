"""The fuzzer: quiet on what is sound, loud about what was planted, and the same for the same seed."""

from __future__ import annotations

import importlib.util
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import click
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def fuzz():
    spec = importlib.util.spec_from_file_location("fuzz", ROOT / "benchmarks" / "fuzz.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["fuzz"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["fuzz"]


@pytest.fixture(scope="module")
def template(fuzz, tmp_path_factory):
    before = Path.cwd()
    made = fuzz.make_template(tmp_path_factory.mktemp("fuzz"))
    os.chdir(before)
    return made


@pytest.fixture
def planted(monkeypatch):
    """Put another callback behind a command."""
    from asklearn.cli import main

    return lambda name, callback: monkeypatch.setattr(main.commands[name], "callback", callback)


@pytest.fixture(autouse=True)
def _here():
    before = Path.cwd()
    yield
    os.chdir(before)


def test_nothing_is_found_in_some_cases_of_every_door(fuzz, template, tmp_path):
    for name in fuzz.DOORS:
        for number in range(3):
            door, case, found = fuzz.run_case(12, number, template, name)
            assert (door, found) == (name, None), case.ran


def test_cases_run_in_a_child_and_are_counted(fuzz, tmp_path, capsys):
    assert fuzz.fuzz(3, 60.0, 8, tmp_path / "log.jsonl", only="keys") == []
    assert capsys.readouterr().out.splitlines()[-1].partition(" cases")[0] == "8"


def test_the_same_case_is_the_same(fuzz, template):
    first, second = (fuzz.run_case(5, 17, template, "settings")[1] for _ in range(2))
    assert [words[0] for words in first.ran] == [words[0] for words in second.ran]
    assert first.codes == second.codes
    content = bytes(range(256)) * 4
    broken = [fuzz.mutate(random.Random(i), content) for i in range(20)]
    assert broken == [fuzz.mutate(random.Random(i), content) for i in range(20)]
    assert len(set(broken)) > 15


def _raises(**_: object) -> None:
    raise LookupError("planted")


def _spins(**_: object) -> None:
    while True:
        time.monotonic()


def _exits(**_: object) -> None:
    sys.exit(3)


def _silent(**_: object) -> None:
    sys.exit(1)


@pytest.mark.parametrize(
    ("callback", "words"),
    [(_raises, "LookupError: planted"), (_spins, "took more than"), (_exits, "exit status 3"),
     (_silent, "refused without a reason")],
)  # fmt: skip
def test_what_is_planted_is_found(fuzz, template, planted, monkeypatch, callback, words):
    monkeypatch.setattr(fuzz, "HANG_SECONDS", 1)
    planted("label", callback)
    assert words in fuzz.run_case(1, 0, template, "keys")[2]


def test_a_lost_label_is_found(fuzz, template, planted):
    import sqlite3

    def forgets(folder: Path, **_: object) -> None:
        with sqlite3.connect(folder / "journal.db") as database:
            database.execute("DELETE FROM event WHERE position = (SELECT max(position) FROM event)")
            database.execute("UPDATE meta SET value = value")

    planted("label", forgets)
    assert fuzz.run_case(1, 0, template, "keys")[2]


def test_half_a_refused_sheet_is_found(fuzz, template, planted):
    from asklearn.project import Project

    def half(folder: Path, **_: object) -> None:
        Project(folder).learner.tell(["t39"], ["red"], annotator="half")
        click.echo("Error: no", err=True)
        sys.exit(1)

    planted("tell", half)
    assert "in part" in fuzz.run_case(1, 0, template, "sheet")[2]


def test_a_crash_is_found(fuzz, planted, tmp_path, capsys):
    planted("label", lambda **_: os.kill(os.getpid(), signal.SIGKILL))
    log = tmp_path / "log.jsonl"
    (found,) = fuzz.fuzz(1, 60.0, 1, log, only="keys")
    assert "the process ended" in found["found"]
    assert json.loads(log.read_text())["seed"] == 1
