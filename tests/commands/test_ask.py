"""asklearn ask: a sheet that opens in a spreadsheet, and what was asked is never lost."""

from __future__ import annotations

import csv
from pathlib import Path

from asklearn.project import Project


def sheet(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_a_sheet_has_what_a_person_needs(run, project, tmp_path):
    done = run("ask", "-n", 10, "-o", "batch.csv")
    assert done.exit_code == 0, done.output
    rows = sheet(tmp_path / "batch.csv")
    assert list(rows[0]) == ["id", "note", "label", "reason"]
    assert len({row["id"] for row in rows}) == 10
    assert {row["label"] for row in rows} == {""}
    assert any("at random" in row["reason"] for row in rows)
    assert (tmp_path / "batch.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    notes = {row["code"]: row["note"] for row in sheet(tmp_path / "things.csv")}
    assert all(notes[row["id"]] == row["note"] for row in rows)


def test_without_a_file_the_sheet_is_shown(run, project):
    done = run("ask", "-n", 2)
    assert done.stdout.splitlines()[0] == "id,note,label,reason"
    assert len(done.stdout.splitlines()) == 3


def test_a_sheet_that_may_hold_labels_is_not_written_over(run, project, tmp_path, refused):
    (tmp_path / "batch.csv").write_text("precious")
    refused(run("ask", "-o", "batch.csv"), "batch.csv is there already")
    assert (tmp_path / "batch.csv").read_text() == "precious"
    assert Project(tmp_path).learner.pending == []
    assert run("ask", "-o", "batch.csv", "--force").exit_code == 0
    refused(run("ask", "-o", "no/such/batch.csv"), "Cannot write")


def test_what_was_asked_can_be_written_again(run, project, tmp_path, refused):
    refused(run("ask", "--pending"), "Nothing is pending")
    assert run("ask", "-n", 5, "-o", "a.csv").exit_code == 0
    assert run("ask", "--pending", "-o", "b.csv").exit_code == 0
    first, again = sheet(tmp_path / "a.csv"), sheet(tmp_path / "b.csv")
    assert [row["id"] for row in first] == [row["id"] for row in again]
    assert len(Project(tmp_path).learner.pending) == 5


def test_fewer_than_asked_and_none_at_all(run, project, refused):
    done = run("ask", "-n", 100)
    assert "Only 60 items" in done.stderr
    refused(run("ask"), "Nothing is left to ask", "ask --pending")


def test_formula_cells_and_columns_of_our_names(run, tmp_path):
    (tmp_path / "f.csv").write_text('code,label\n"=HYPERLINK(1)",=1+1\n@x,plain\n')
    assert run("init", "f.csv", "--text", "label", "--id", "code").exit_code == 0
    run("ask", "-o", "b.csv")
    rows = {row["id"]: row["label (item)"] for row in sheet(tmp_path / "b.csv")}
    assert rows == {"'=HYPERLINK(1)": "'=1+1", "'@x": "plain"}
    (tmp_path / "t.csv").write_text("id,label\n'=HYPERLINK(1),'-a\n@x,b\n")
    assert run("tell", "t.csv").exit_code == 0
    assert Project(tmp_path).learner.labels == {"=HYPERLINK(1)": "-a", "@x": "b"}


def test_outside_a_project(run, refused):
    refused(run("ask"), "There is no project", "asklearn init")
    refused(run("ask", "-p", "gone"), "There is no project")
