"""asklearn status: the same in words of eighty columns and as JSON."""

from __future__ import annotations

import json


def test_before_and_after_labels(run, project, fill, tmp_path):
    done = run("status")
    assert done.exit_code == 0, done.output
    assert "60 items: 60 waiting" in done.stdout
    assert "No estimate yet" in done.stdout
    for turn in range(3):
        assert run("ask", "-n", 12, "-o", f"b{turn}.csv").exit_code == 0
        fill(f"b{turn}.csv", project, 11)
        assert run("tell", f"b{turn}.csv", "--annotator", "ann").exit_code == 0
        said = json.loads(run("status", "--json", "--more", 7).stdout)
    assert said["counts"] | {"waiting": 24, "asked": 3, "answered": 33} == said["counts"]
    assert (said["labels"], said["annotators"], sum(said["classes"].values())) == (33, {"ann": 33}, 33)
    assert said["estimate"]["low"] <= said["estimate"]["value"] <= said["estimate"]["high"]
    assert said["forecast"]["more"] == 7
    assert said["forecast"]["level"] == 0.9
    words = run("status").stdout
    assert f"accuracy {said['estimate']['value']:.3f} [" in words
    assert "By annotator: ann 33" in words
    assert "With 27 more labels: accuracy" in words
    assert "(90% interval)" in words
    assert f"which says {said['forecast']['now']:.3f} now" in words
    assert max(len(line) for line in words.splitlines()) <= 80
    assert "\x1b[" not in words
    assert words.isascii()


def test_disputes_and_advice(run, project, tmp_path):
    for who, label in (("ann", "fruit"), ("ben", "tool")):
        (tmp_path / "b.csv").write_text(f"id,label\nt0,{label}\n")
        run("tell", "b.csv", "--annotator", who)
    assert "0 labels, and 1 item on which annotators differ" in run("status").stdout
    run("ask", "-n", 100)
    assert "Consider stopping: every item of the pool has been asked." in run("status").stdout


def test_names_that_would_steer_the_terminal(run, things, tmp_path):
    run("init", "things.csv", "--text", "note", "--id", "code")
    (tmp_path / "b.csv").write_text(f"id,label\nt0,\x1b[2J{'long' * 30}\nt1,b\n")
    run("tell", "b.csv")
    words = run("status").stdout
    assert "\x1b" not in words
    assert max(len(line) for line in words.splitlines()) <= 80


def test_nothing_is_forecast_where_nothing_is_left(run, project, fill):
    run("ask", "-n", 60, "-o", "b.csv")
    fill("b.csv", project)
    run("tell", "b.csv")
    assert "No forecast: nothing is left to label." in run("status").stdout
    said = json.loads(run("status", "--json").stdout)
    assert (said["left"], said["forecast"]) == (0, None)


def test_one_estimate_is_no_forecast(run, project, fill):
    run("ask", "-n", 30, "-o", "b.csv")
    fill("b.csv", project)
    run("tell", "b.csv")
    assert "No forecast yet: it needs estimates at three" in run("status").stdout


def test_wide_letters_stay_in_line(run, things, tmp_path):
    run("init", "things.csv", "--text", "note", "--id", "code")
    (tmp_path / "b.csv").write_text("id,label\nt0,猫\nt1,dog\n", encoding="utf-8")
    run("tell", "b.csv", "--new-labels")
    lines = [line for line in run("status").stdout.splitlines() if line.endswith("#")]
    assert [line.index("1") for line in lines] == [12, 11]


def test_several_looks_and_the_way_to_a_score_are_told(run, project, fill):
    for turn in range(4):
        run("ask", "-n", 12, "-o", f"b{turn}.csv")
        fill(f"b{turn}.csv", project)
        run("tell", f"b{turn}.csv")
        done = run("status")
        assert done.exit_code == 0, done.output
    found = json.loads(run("status", "--json").stdout)
    looks = found["watched"]
    assert len(looks) > 2
    assert f"so that all {len(looks)} looks so far hold together" in done.stdout
    assert looks[-1]["low"] < found["estimate"]["low"]
    for one in found["needed"][:1]:
        assert f"accuracy {one['target']:g} takes" in " ".join(done.stdout.split())
