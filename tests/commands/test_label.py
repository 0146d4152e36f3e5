"""asklearn label: keys in, answers on the disk."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from asklearn.commands.label import KEYS, QUIT, SKIP, UNDO
from asklearn.project import Project


def said(tmp_path):
    state = Project(tmp_path).learner.state
    return [(item, one.kind, one.label) for item, every in state.said.items() for one in every]


def test_keys_are_unique_and_none_has_two_meanings():
    assert len(set(KEYS)) == len(KEYS) == 32
    assert not set(KEYS) & {SKIP, UNDO, QUIT}


def test_answers_skips_undo_and_quit(run, project, tmp_path):
    done = run("label", "-n", 4, "--annotator", "ann", keys="1s2\nu3!q")
    assert done.exit_code == 0, done.output
    kinds = said(tmp_path)
    assert [(kind, label) for _, kind, label in kinds] == [
        ("Answered", "fruit"), ("Skipped", None), ("Answered", "tool"),
    ]  # fmt: skip
    assert "2 labels recorded, 1 skipped" in done.stdout
    assert "No class has the key '!'" in done.stdout
    assert len(Project(tmp_path).learner.pending) == 1
    assert max(len(line) for line in done.stdout.splitlines()) <= 80


def test_undo_goes_back_over_a_batch(run, project, tmp_path):
    done = run("label", "-n", 2, keys="12" + "uuu" + "33q")
    assert done.exit_code == 0, done.output
    assert "Nothing to undo" in done.stdout
    assert {label for _, kind, label in said(tmp_path) if kind == "Answered"} == {"tool"}
    assert "2 labels recorded, 0 skipped" in done.stdout


def test_it_ends_when_the_keys_or_the_items_do(run, project, tmp_path):
    assert run("label", keys="11").exit_code == 0
    done = run("label", "-n", 50, keys="1" * 100)
    assert "Nothing is left to ask" in done.stdout
    assert len(Project(tmp_path).learner.labels) == 60


def test_pending_items_come_first(run, project, tmp_path):
    run("ask", "-n", 3)
    pending = Project(tmp_path).learner.pending
    run("label", keys="111q")
    assert sorted(Project(tmp_path).learner.labels) == sorted(pending)


def test_classes_must_be_known(run, things, refused):
    run("init", "things.csv", "--text", "note")
    refused(run("label"), "2 to 32 classes", "Got 0")


def test_what_would_steer_the_terminal_is_not_shown(run, tmp_path):
    (tmp_path / "e.csv").write_text("note\nred \x1b[2J\x07\nblue\n")
    run("init", "e.csv", "--text", "note", "--labels", "a,b")
    done = run("label", keys="12")
    assert "\x1b" not in done.stdout
    assert "\x07" not in done.stdout


def test_piped_in_a_process_of_its_own(project, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "asklearn.cli", "label"], cwd=tmp_path, input="12s\n", text=True,
        capture_output=True, check=False, env={**os.environ, "LC_ALL": "C"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "2 labels recorded, 1 skipped" in done.stdout


def test_keys_are_shown_again_when_asked_for(run, project):
    done = run("label", keys="?q")
    assert done.stdout.count("[1] fruit") == 2
    assert "[?] keys" in done.stdout


def test_the_end_says_how_good_the_model_is_and_keeps_it(run, project, tmp_path):
    done = run("label", "-n", 30, keys="123" * 10)
    assert done.exit_code == 0, done.output
    drawn = re.search(r"\(95% interval\), (\d+) labels drawn at random", done.stdout)
    assert drawn is not None
    assert 9 <= int(drawn[1]) < 20
    assert {one.name for one in Project(tmp_path).learner.state.measured} == {"accuracy", "accuracy curve"}


def test_an_interruption_loses_nothing_and_says_what_was_told(run, project, tmp_path, monkeypatch):
    def keys():
        yield "1"
        raise KeyboardInterrupt

    monkeypatch.setattr("asklearn.commands.label._keys", keys)
    done = run("label")
    assert done.exit_code == 130
    assert "1 label recorded, 0 skipped" in done.stdout
    assert "Interrupted before" not in done.output
    assert len(Project(tmp_path).learner.labels) == 1


def test_long_texts_are_cut_and_folded(run, tmp_path):
    (tmp_path / "e.csv").write_text("note\n" + "word " * 1000 + "\nb\n", encoding="utf-8")
    run("init", "e.csv", "--text", "note", "--labels", "a,b")
    done = run("label", keys="12")
    assert "... 4,999 characters, cut here" in done.stdout or "... 5,000 characters, cut here" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_thirty_classes_with_long_names_fit(run, things):
    names = ",".join(f"{i} {'long ' * 20}" for i in range(30))
    run("init", "things.csv", "--text", "note", "--labels", names)
    done = run("label", keys="xq")
    assert done.exit_code == 0, done.output
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert all(line.startswith("[") for line in done.stdout.split("\n\n")[0].splitlines())
    assert "1 label recorded" in done.stdout


def test_images_are_written_for_a_viewer_and_taken_away(run, tmp_path, monkeypatch):
    import io

    from PIL import Image

    from asklearn.sources.items import write_items

    pictures = []
    for shade in (0, 100, 200):
        out = io.BytesIO()
        Image.new("L", (8, 8), shade).save(out, "PNG")
        pictures.append(out.getvalue())
    write_items(tmp_path / "p.parquet", {"png": pictures})
    assert run("init", "p.parquet", "--image", "png", "--labels", "dark,light").exit_code == 0
    seen = []
    monkeypatch.setattr("click.launch", lambda path: seen.append((path, open(path, "rb").read())))  # noqa: SIM115
    done = run("label", "--open", keys="12q")
    assert done.exit_code == 0, done.output
    assert [content in pictures for _, content in seen] == [True, True, True]
    assert all(path in done.stdout.replace("\n    ", "") for path, _ in seen)
    assert not any(os.path.exists(path) for path, _ in seen)
