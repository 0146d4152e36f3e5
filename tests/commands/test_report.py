"""asklearn report: one page, and the same numbers as JSON."""

from __future__ import annotations

import json
import re

import pytest


@pytest.fixture
def labelled(run, project, fill, tmp_path):
    """Three batches, told by two people."""
    for turn in range(3):
        assert run("ask", "-n", 12, "-o", f"b{turn}.csv").exit_code == 0
        fill(f"b{turn}.csv", project)
        assert run("tell", f"b{turn}.csv", "--annotator", ["ann", "ben"][turn % 2]).exit_code == 0
        assert run("status").exit_code == 0


def test_the_page_goes_into_the_project_unless_told_otherwise(run, labelled, tmp_path):
    done = run("report")
    assert done.exit_code == 0, done.output
    page = (tmp_path / "reports" / "report.html").read_text(encoding="utf-8")
    assert f"Wrote {tmp_path / 'reports' / 'report.html'}" in done.stdout
    assert "The model gets " in page
    assert "36 of 60 items have a label, by " in page
    assert re.search(r"(apple|dog|saw) \w+ no \d", page)  # what the items hold is shown
    assert run("report", "-o", "here.html").exit_code == 0
    assert (tmp_path / "here.html").exists()


def test_json_has_the_numbers_and_not_the_items(run, labelled, tmp_path):
    done = run("report", "--json")
    assert done.exit_code == 0, done.output
    assert done.stdout.isascii()
    said = json.loads(done.stdout)
    status = json.loads(run("status", "--json").stdout)
    assert said["estimate"] == status["estimate"]
    assert said["classes"] == status["classes"]
    assert {one["name"]: one["labels"] for one in said["annotators"]} == status["annotators"]
    assert len(said["history"]) == 3
    assert "apple" not in done.stdout
    assert not (tmp_path / "reports").exists()
    both = run("report", "--json", "-o", "both.html")
    assert json.loads(both.stdout)["estimate"] == said["estimate"]
    assert (tmp_path / "both.html").exists()


def test_before_the_first_label(run, project, tmp_path):
    done = run("report")
    assert done.exit_code == 0, done.output
    assert "Nothing is labelled yet." in (tmp_path / "reports" / "report.html").read_text(encoding="utf-8")


def test_a_place_that_cannot_be_written_is_refused_before_the_work(run, project, refused, tmp_path):
    refused(run("report", "-o", "nowhere/r.html"), "Cannot write")
    refused(run("report", "-p", "nothing"), "no project")
    assert not (tmp_path / "reports").exists()


def test_a_file_in_the_way_is_said(run, project, refused, tmp_path):
    (tmp_path / "reports").write_text("notes")
    refused(run("report"), "Cannot make the folder reports", "-o")
    assert (tmp_path / "reports").read_text() == "notes"
    refused(run("report", "-o", "journal.db"), "Cannot write journal.db")
