"""asklearn add: said in words, and from every kind of source."""

from __future__ import annotations

import csv
from pathlib import Path

from asklearn.project import Project


def more(name: str, codes: list[str], kind: str | None = None) -> None:
    with Path(name).open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        lines.writerow(["code", "note", *(["kind"] if kind else [])])
        lines.writerows([[code, f"apple no {code}", *([kind] if kind else [])] for code in codes])


def test_further_items_enter_once(run, project, tmp_path):
    more("more.csv", ["m1", "m2"])
    done = run("add", "more.csv")
    assert (done.exit_code, done.stdout) == (0, "2 items of more.csv added.\n")
    assert "in the project already" in run("add", "more.csv").stdout
    learner = Project(tmp_path).learner
    assert (learner.state.rows, learner.state.row("m2")) == (62, 61)


def test_labels_are_told(run, project, tmp_path, refused):
    more("more.csv", ["m1", "m2"], "Fruit")
    assert "2 labels of more.csv told" in run("add", "more.csv", "--label", "kind").stdout
    assert Project(tmp_path).learner.labels == {"m1": "fruit", "m2": "fruit"}
    more("bare.csv", ["m4"], " ")
    assert (
        "No label was told: bare.csv has no column 'kind'" in run("add", "bare.csv", "--label", "kind").stdout
    )
    more("third.csv", ["m3"], "fruity")
    refused(run("add", "third.csv", "--label", "kind"), "'fruity' in data row 1", "Did you mean 'fruit'")


def test_what_is_wrong_is_named(run, project, things, refused, tmp_path):
    more("more.csv", ["m1", "t7"])
    refused(run("add", "more.csv"), "'t7' in data row 2", "the pool has already")
    refused(run("add", "gone.csv"), "no file")
    refused(run("add", "more.csv", "-p", "elsewhere"), "There is no project")
    assert Project(tmp_path).learner.state.rows == 60


def test_an_interruption_says_that_nothing_is_lost(run, project, monkeypatch):
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    more("more.csv", ["m1", "m2"])
    for words in (("add", "more.csv"), ("init", "more.csv", "--text", "note", "--into", "other")):
        with monkeypatch.context() as patch:
            patch.setattr("asklearn.importing._store", stopped)
            done = run(*words)
        assert (done.exit_code, done.stderr) == (
            130,
            "Interrupted. The same command goes on where it stopped.\n",
        )
        assert run(*words).exit_code == 0


def test_nothing_is_written_over_what_the_project_keeps(run, project, refused):
    assert run("ask", "-n", 3, "-o", "b.csv").exit_code == 0
    for path in ("asklearn.toml", "journal.db", "pool/x.csv", "pool/features/x.csv"):
        refused(run("ask", "-o", path, "--force"), "keeps its own things")
    refused(run("export", "-o", "pool/labels.csv"), "keeps its own things")
