"""asklearn doctor: sound, damaged, newer, missing."""

from __future__ import annotations

import json
import sqlite3
from importlib import metadata

from asklearn import __version__


def test_without_a_project(run):
    done = run("doctor")
    assert done.exit_code == 0, done.output
    assert "No project here" in done.stdout
    assert "No problems found" in done.stdout
    said = json.loads(run("doctor", "--json").stdout)
    assert (said["asklearn"], said["project"], said["problems"]) == (__version__, None, [])
    assert said["packages"]["core"]["numpy"] == metadata.version("numpy")
    assert said["packages"]["app"]["click"] == metadata.version("click")
    assert "test" not in said["packages"]
    assert max(map(len, done.stdout.splitlines()[1:])) <= 80


def test_a_sound_project(run, project):
    said = json.loads(run("doctor", "--json").stdout)
    assert said["project"] | {"items": 60, "events": 2, "intact": True, "writable": True} == said["project"]
    assert "60 items, 2 events, all intact" in run("doctor").stdout


def test_a_damaged_journal_is_told_and_the_other_commands_refuse(run, project, tmp_path, refused):
    (tmp_path / "b.csv").write_text("id,label\nt0,fruit\nt1,tool\n")
    run("tell", "b.csv")
    with sqlite3.connect(tmp_path / "journal.db") as connection:
        connection.execute("UPDATE event SET body = replace(body, 'fruit', 'tool!') WHERE position = 3")
    done = run("doctor", "--json")
    assert done.exit_code == 1
    said = json.loads(done.stdout)
    assert said["project"]["intact"] is False
    assert "first 2 events are intact" in said["problems"][0]
    refused(run("status"), "damaged", "first 2 events are intact")


def test_a_missing_journal_and_a_newer_project(run, project, tmp_path, refused):
    text = (tmp_path / "asklearn.toml").read_text()
    (tmp_path / "asklearn.toml").write_text(text.replace("format = 1", "format = 2"))
    refused(run("status"), "format 2", "pip install -U asklearn")
    assert run("doctor").exit_code == 1
    (tmp_path / "asklearn.toml").write_text(text)
    for file in tmp_path.glob("journal.db*"):
        file.unlink()
    done = run("doctor")
    assert done.exit_code == 1
    assert "Problem:" in done.stdout


def test_a_missing_package_is_a_problem(run, monkeypatch):
    real = metadata.version

    def version(name: str) -> str:
        if name == "pyarrow":
            raise metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(metadata, "version", version)
    done = run("doctor")
    assert done.exit_code == 1
    assert "pip install 'asklearn[app]'" in done.stdout


def test_an_extra_that_is_not_installed_is_no_problem(run, monkeypatch):
    lines = [
        "numpy>=2",
        "click>=8; extra == 'app'",
        'nosuchpackage>=1; extra == "text"',
        "pytest; extra == 'test'",
    ]
    monkeypatch.setattr(metadata, "requires", lambda name: lines)
    done = run("doctor")
    assert done.exit_code == 0, done.output
    assert "text: nosuchpackage (not installed)" in done.stdout
    assert "pytest" not in done.stdout


def test_free_space_is_told(run, project):
    assert json.loads(run("doctor", "--json").stdout)["project"]["free_bytes"] > 0
    assert "can be written to" in run("doctor").stdout


def test_repair_keeps_what_is_intact_and_sets_the_rest_aside(run, project, tmp_path, refused):
    (tmp_path / "b.csv").write_text("id,label\nt0,fruit\nt1,tool\nt2,animal\n")
    run("tell", "b.csv")
    with sqlite3.connect(tmp_path / "journal.db") as connection:
        connection.execute("UPDATE event SET body = replace(body, 'tool', 'TOOL') WHERE position = 4")
    refused(run("status"), "asklearn doctor --repair")
    damaged = (tmp_path / "journal.db").read_bytes()
    done = run("doctor", "--repair")
    assert done.exit_code == 0, done.output
    assert "3 events kept, 1 reply recovered from behind the damage, 1 lost" in " ".join(done.stdout.split())
    (aside,) = (path for path in tmp_path.glob("journal.db.damaged-*") if not path.name.endswith("-wal"))
    assert aside.name in done.stdout
    assert aside.read_bytes() == damaged
    assert json.loads(run("status", "--json").stdout)["labels"] == 2
    again = json.loads(run("doctor", "--repair", "--json").stdout)
    assert again["repaired"] | {"recovered": 0, "lost": 0, "aside": None} == again["repaired"]
    assert "nothing to repair" in run("doctor", "--repair").stdout


def test_there_must_be_something_to_repair(run, refused):
    refused(run("doctor", "--repair"), "no project")
