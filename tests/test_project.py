"""A project on disk: what is whole, what is refused, and the walk through real texts."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from asklearn.errors import BadInput, JournalError, NewerFormat
from asklearn.importing import create
from asklearn.project import Project, tell
from asklearn.settings import Settings


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "n.csv").write_text("size\n" + "".join(f"{i / 7}\n" for i in range(30)))
    return create(tmp_path / "p", tmp_path / "n.csv", Settings(kind="tabular", columns=("size",)))[0]


def test_items_are_named_by_texts(project):
    assert (project.item("7"), project.item("29")) == (7, 29)
    for text in ("30", "-1", "07", "7.0", "", "٧", "9" * 30, "x"):
        assert project.item(text) is None


def test_an_answer_that_holds_is_not_told_again_but_one_taken_back_is(project):
    learner = project.learner
    assert tell(learner, [(1, "a"), (2, "b")], "ann") == 2
    assert tell(learner, [(1, "a"), (2, "c")], "ann") == 1
    assert tell(learner, [(1, "a")], "ben") == 1
    learner.retract([1], annotator="ann")
    assert tell(learner, [(1, "a")], "ann") == 1
    assert learner.labels == {1: "a", 2: "c"}


def test_settings_that_are_edited_take_effect(project):
    file = project.folder / "asklearn.toml"
    text = file.read_text().replace("labels = []", 'labels = ["a", "b"]').replace("budget = 0", "budget = 9")
    file.write_text(text)
    settings = Project(project.folder).learner.state.settings
    assert (settings.labels, settings.open_labels, settings.budget) == (("a", "b"), False, 9)
    file.write_text(text.replace("budget = 9", "budget = 0"))
    assert Project(project.folder).learner.state.settings.budget is None
    file.write_text(text.replace("seed = 0", "seed = 1"))
    with pytest.raises(BadInput, match="begun with seed 0"):
        Project(project.folder).learner  # noqa: B018


def test_a_newer_or_unfinished_pool_is_told(project):
    file = project.folder / "pool" / "manifest.json"
    plain = json.loads(file.read_text())
    file.write_text(json.dumps(plain | {"format": 9}))
    with pytest.raises(NewerFormat, match="format 9"):
        Project(project.folder)
    plain["sources"][0]["done"] = False
    file.write_text(json.dumps(plain))
    with pytest.raises(BadInput, match="not finished"):
        Project(project.folder)


def test_a_pool_and_a_journal_that_do_not_belong_together(project, tmp_path):
    (tmp_path / "m.csv").write_text("size\n1.5\n2.5\n3.5\n")
    other, _ = create(tmp_path / "q", tmp_path / "m.csv", Settings(kind="tabular", columns=("size",)))
    for journals, words in ((other.folder.glob("journal.db*"), "journal is about 3 items"), ((), "is empty")):
        for file in project.folder.glob("journal.db*"):
            file.unlink()
        (project.folder / "journal.db").touch()
        for file in journals:
            (project.folder / file.name).write_bytes(file.read_bytes())
        with pytest.raises((BadInput, JournalError), match=words):
            Project(project.folder).learner  # noqa: B018


def test_missing_features_are_told(project):
    manifest = project.folder / "pool" / "features" / "manifest.json"
    manifest.unlink()
    with pytest.raises(JournalError, match="features of 0 items; 30 were added"):
        Project(project.folder).learner  # noqa: B018


def test_rows_are_found_in_whichever_piece_they_are(tmp_path, monkeypatch):
    monkeypatch.setattr("asklearn.survey.PIECE", 7)
    monkeypatch.setattr("asklearn.importing.PIECE", 7)
    (tmp_path / "n.csv").write_text("size\n" + "".join(f"{i}.5\n" for i in range(30)))
    made, _ = create(tmp_path / "p", tmp_path / "n.csv", Settings(kind="tabular", columns=("size",)))
    assert len(made.features.shards) == 5
    rows = [29, 0, 7, 6, 7]
    assert made.payload(rows) == [{"size": row + 0.5} for row in rows]
    assert np.all(np.diff(made.features[0:30][:, 0]) > 0)


def shell(*words: object, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "asklearn.cli", *map(str, words)], cwd=cwd, text=True, capture_output=True,
        check=False, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.data
def test_the_walk_through_on_real_texts_each_command_a_process(tmp_path, data):
    """From the raw file to exported labels, and predictions far better than chance on 20 classes."""
    from asklearn.registry import lookup

    source = data / "text_stackoverflow20.parquet"
    table = lookup("sources", "tables")(source, columns=["id", "label"])
    truth = dict(zip(map(str, table.columns["id"].tolist()), table.columns["label"], strict=True))
    classes = ",".join(sorted(set(truth.values())))
    assert "20,000 items" in shell(
        "init", source, "--text", "text", "--id", "id", "--labels", classes, cwd=tmp_path
    )
    for _ in range(2):
        shell("ask", "-n", 90, "-o", "b.csv", "--force", cwd=tmp_path)
        with (tmp_path / "b.csv").open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        with (tmp_path / "back.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter=";")
            writer.writerow(["label", "reason", "id"])
            writer.writerows([truth[row["id"]].upper(), "", row["id"]] for row in reversed(rows))
        assert "90 labels recorded" in shell("tell", "back.csv", cwd=tmp_path)
    said = json.loads(shell("status", "--json", cwd=tmp_path))
    assert said["labels"] == 180
    assert 18 <= said["estimate"]["n"] < 60  # a tenth of it drawn uniformly, and the weighted part
    shell("export", "-o", "labels.csv", cwd=tmp_path)
    with (tmp_path / "labels.csv").open(encoding="utf-8-sig", newline="") as file:
        told = {row["id"]: row["label"] for row in csv.DictReader(file)}
    assert len(told) == 180
    assert all(truth[item] == label for item, label in told.items())
    shell("export", "-o", "all.jsonl", "--what", "predictions", cwd=tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text().splitlines()]
    right = sum(line["prediction"] == truth[line["id"]] for line in lines) / len(lines)
    assert right > 0.4
    assert said["estimate"]["low"] <= right <= said["estimate"]["high"]
    assert json.loads(shell("doctor", "--json", cwd=tmp_path))["problems"] == []
