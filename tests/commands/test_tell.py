"""asklearn tell: sheets as people send them back, all or nothing, twice, at once, and killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from asklearn.journals.sql import SqlJournal
from asklearn.project import Project

HEADERS = {
    "plain": "id,label\nt0,fruit\nt1,animal\n",
    "reordered, extra columns": "x,Label,note,ID\n1,fruit,n,t0\n2,animal,n,t1\n",
    "semicolons, Windows ends": "id;note;label\r\nt0;a,b;fruit\r\nt1;;animal\r\n",
    "tabs": "id\tlabel\nt0\tfruit\nt1\tanimal\n",
    "spaces and case": "id,label\nt0, FRUIT \nt1,Animal\n",
    "quoted newlines": 'id,note,label\nt0,"a\nb",fruit\nt1,"""q""",animal\n',
    "blank rows and empty labels": "\nid,label\n\nt0,fruit\n,\nt2,\nt1,animal\nt3\n",
    "the same twice": "id,label\nt0,fruit\nt1,animal\nt0,fruit\n",
    "ten megabytes in a cell": f"id,note,label\nt0,{'x' * 10_000_000},fruit\nt1,,animal\n",
}


@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_every_shape_says_the_same(run, project, tmp_path, name, encoding):
    if name == "ten megabytes in a cell" and encoding != "utf-8":
        pytest.skip("once is enough")
    (tmp_path / "b.csv").write_bytes(HEADERS[name].encode(encoding))
    done = run("tell", "b.csv", "--annotator", "ann")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("2 labels recorded")
    learner = Project(tmp_path).learner
    assert learner.labels == {"t0": "fruit", "t1": "animal"}
    assert {one.annotator for said in learner.state.said.values() for one in said} == {"ann"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ["is empty"]),
        (b"  \n", ["is empty"]),
        (b"id,lable\nt0,fruit\n", ["no column 'label'", "Did you mean 'lable'"]),
        (b"label\nfruit\n", ["no column 'id'"]),
        (b"id,label,label\nt0,a,b\n", ["more than once"]),
        (b"id,label\nt0,fruit\nt99,tool\n", ["no item 't99'", "row 3 of b.csv"]),
        (b"id,label\nt0,fruit\nt1,animl\n", ["'animl' in row 3", "Did you mean 'animal'"]),
        (b"id,label\nt0,fruit\nt0,tool\n", ["two labels", "row 2", "row 3"]),
        (b"id,label\nt0,fruit\n,tool\n", ["no id in row 3"]),
        (b"id,label\nt0,fruit\nt1,tool,more\n", ["3 values in row 3"]),
        (b"id,label\nt0,fruit\nt1,\"tool\n", ["quote never closed"]),
        (b"id,label\nt0,fruit\nt1,B\xe4r\n", ["not UTF-8", "0xe4 in line 3"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_and_nothing_is_recorded(run, project, tmp_path, refused, content, words):
    before = Project(tmp_path).learner.state.position
    (tmp_path / "b.csv").write_bytes(content)
    refused(run("tell", "b.csv"), *words)
    assert Project(tmp_path).learner.state.position == before


def test_a_file_that_is_not_there(run, project, refused):
    refused(run("tell", "gone.csv"), "There is no file 'gone.csv'")


def test_told_twice_it_counts_once_and_a_correction_counts(run, project, tmp_path):
    sheet = tmp_path / "b.csv"
    sheet.write_text("id,label\nt0,fruit\nt1,tool\n")
    run("tell", "b.csv")
    position = Project(tmp_path).learner.state.position
    assert "0 labels recorded (2 were known)" in run("tell", "b.csv").stdout
    assert Project(tmp_path).learner.state.position == position
    sheet.write_text("id,label\nt0,fruit\nt1,animal\n")
    assert "1 label recorded (1 were known)" in run("tell", "b.csv").stdout
    state = Project(tmp_path).learner.state
    assert (state.said["t1"][0].label, state.said["t1"][0].revision) == ("animal", 2)
    sheet.write_text("id,label\nt1,tool\n")
    run("tell", "b.csv")
    assert Project(tmp_path).learner.labels["t1"] == "tool"


def test_new_classes_are_taken_only_when_that_is_said(run, things, tmp_path, refused):
    run("init", "things.csv", "--text", "note", "--id", "code")
    sheet = tmp_path / "b.csv"
    sheet.write_text("id,label\nt0,good\nt1,bad\nt2, GOOD\n")
    assert run("tell", "b.csv").exit_code == 0
    assert set(Project(tmp_path).learner.labels.values()) == {"good", "bad"}
    sheet.write_text("id,label\nt3,goood\n")
    refused(run("tell", "b.csv"), "Did you mean 'good'", "--new-labels")
    assert run("tell", "b.csv", "--new-labels").exit_code == 0
    assert Project(tmp_path).labels() == ["bad", "good", "goood"]


def test_fixed_classes_stay_fixed(run, project, tmp_path, refused):
    (tmp_path / "b.csv").write_text("id,label\nt0,new\n")
    refused(run("tell", "b.csv", "--new-labels"), "are fixed")


def test_parquet(run, project, tmp_path):
    from asklearn.sources.items import write_items

    write_items(tmp_path / "b.parquet", {"label": ["fruit", None], "id": ["t0", "t1"]})
    assert run("tell", "b.parquet").stdout.startswith("1 label recorded (1 row without a label)")


def command(*words: str, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "asklearn.cli", *words], cwd=cwd, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def test_two_processes_on_one_project(project, tmp_path):
    """Both tell the same file, which counts once; both ask, and no item is handed out twice."""
    (tmp_path / "b.csv").write_text("id,label\n" + "".join(f"t{i},{project[f't{i}']}\n" for i in range(20)))
    both = [command("tell", "b.csv", cwd=tmp_path) for _ in range(2)]
    assert [one.communicate()[1] for one in both] == ["", ""]
    learner = Project(tmp_path).learner
    assert learner.labels == {f"t{i}": project[f"t{i}"] for i in range(20)}
    assert [type(event).__name__ for event in learner.journal.read()].count("Answered") == 20
    both = [command("ask", "-n", "10", cwd=tmp_path) for _ in range(2)]
    shown = [one.communicate() for one in both]
    assert [one[1] for one in shown] == ["", ""]
    ids = [line.partition(",")[0] for out, _ in shown for line in out.splitlines()[1:]]
    assert len(set(ids)) == len(ids) == 20


def test_kill_9_loses_nothing_that_was_acknowledged(project, tmp_path):
    """Killed at any moment, a sheet was told as a whole or not at all; a new process goes on."""
    told: dict[str, str] = {}
    for i, wait in enumerate((0.4, 0.7, 0.9, 1.1, 5.0)):
        some = {f"t{j}": project[f"t{j}"] for j in range(10 * i, 10 * i + 10)}
        (tmp_path / "b.csv").write_text("id,label\n" + "".join(f"{k},{v}\n" for k, v in some.items()))
        running = command("tell", "b.csv", cwd=tmp_path)
        deadline = time.monotonic() + wait
        while running.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        if running.poll() is None and i < 4:
            os.kill(running.pid, signal.SIGKILL)
        out, _ = running.communicate()
        labels = Project(tmp_path).learner.labels
        assert all(labels[item] == label for item, label in told.items())
        assert set(labels) - set(told) in (set(), set(some))
        if out:
            assert set(some) <= set(labels)
        told = dict(labels)
    assert "t40" in told


def test_a_full_disk_is_said_and_nothing_is_acknowledged(run, project, tmp_path, monkeypatch, refused):
    from asklearn.errors import NotStored

    def full(self: SqlJournal, *_: object, **__: object) -> int:
        raise NotStored("The journal could not be stored: no space is left on the disk.")

    (tmp_path / "b.csv").write_text("id,label\nt0,fruit\n")
    with monkeypatch.context() as patch:
        patch.setattr(SqlJournal, "append", full)
        done = run("tell", "b.csv")
    refused(done, "no space is left")
    assert "recorded" not in done.stdout
    assert Project(tmp_path).learner.labels == {}
