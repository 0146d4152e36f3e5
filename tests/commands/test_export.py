"""asklearn export: labels and predictions in three formats, read back."""

from __future__ import annotations

import csv
import json
import subprocess
import sys

import pytest

from asklearn.registry import lookup


@pytest.fixture
def labelled(run, project, tmp_path):
    (tmp_path / "b.csv").write_text("id,label\n" + "".join(f"t{i},{project[f't{i}']}\n" for i in range(30)))
    assert run("tell", "b.csv", "--annotator", "ann").exit_code == 0
    return project


def read(path):
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text().splitlines()]
    table = lookup("sources", "tables")(path)
    return [dict(zip(table.columns, row, strict=True)) for row in zip(*table.columns.values(), strict=True)]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_labels(run, labelled, tmp_path, ending):
    done = run("export", "-o", f"l.{ending}")
    assert done.exit_code == 0, done.output
    rows = read(tmp_path / f"l.{ending}")
    assert {row["id"]: row["label"] for row in rows} == {f"t{i}": labelled[f"t{i}"] for i in range(30)}
    assert list(rows[0]) == ["id", "note", "label", "annotators", "time", "stream"]
    assert rows[0]["annotators"] == "ann"
    assert rows[0]["time"].endswith("Z")


def test_labels_say_which_stream_asked(run, labelled, tmp_path, fill):
    run("ask", "-n", "10", "-o", "ask.csv")
    fill("ask.csv", labelled)
    run("tell", "ask.csv")
    run("export", "-o", "l.jsonl")
    streams = {row["id"]: row["stream"] for row in read(tmp_path / "l.jsonl")}
    assert len(streams) == 40
    assert {streams[f"t{i}"] for i in range(30)} == {""}
    assert sorted({stream for stream in streams.values() if stream}) == ["audit", "exploit"]


def test_the_model_predicts_in_another_process_as_it_does_here(run, labelled, tmp_path):
    done = run("export", "--model", "model")
    assert done.exit_code == 0, done.output
    assert "A model of 3 classes, trained on 30 labels, in model: " in (done_first := done.output)
    run("export", "-o", "p.jsonl", "--what", "predictions")
    rows = read(tmp_path / "p.jsonl")
    program = (
        "import json, sys; from asklearn.saved_model import load_model; model = load_model('model'); "
        "texts = json.load(sys.stdin); proba = model.predict_proba(texts); "
        "print(json.dumps([model.predict(texts).tolist(), proba.max(1).tolist(), model.card.labels]))"
    )
    texts = json.dumps([row["note"] for row in rows])
    done = subprocess.run(
        [sys.executable, "-c", program], input=texts, capture_output=True, text=True, cwd=tmp_path, check=True
    )
    guesses, proba, labels = json.loads(done.stdout)
    assert guesses == [row["prediction"] for row in rows]
    assert proba == pytest.approx([row["probability"] for row in rows], abs=1e-5)
    assert labels == 30
    card = json.loads((tmp_path / "model" / "card.json").read_text())
    assert (card["kind"], card["columns"]) == ("text", ["note"])
    assert card["estimates"] == []
    assert "was not measured, for want of audit labels" in done_first


def test_the_card_of_a_model_has_its_estimate(run, labelled, tmp_path, fill):
    run("ask", "-n", "20", "-o", "ask.csv")
    fill("ask.csv", labelled)
    run("tell", "ask.csv")
    done = run("export", "--model", "model")
    (estimate,) = json.loads((tmp_path / "model" / "card.json").read_text())["estimates"]
    assert estimate["name"] == "accuracy"
    assert estimate["n"] >= 6
    assert f"in model: accuracy {estimate['value']:.3f} [" in done.output


def test_a_model_is_not_written_over_what_it_does_not_know(run, labelled, tmp_path, refused):
    assert run("export", "--model", "model").exit_code == 0
    refused(run("export", "--model", "model"), "model is there already", "--force")
    assert run("export", "--model", "model", "--force").exit_code == 0
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "precious.txt").write_text("precious")
    refused(run("export", "--model", "mine", "--force"), "it holds no model")
    refused(run("export", "--model", "pool"), "keeps its own things")
    refused(run("export"), "-o FILE", "--model FOLDER")


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_predictions(run, labelled, tmp_path, ending):
    assert run("export", "-o", f"p.{ending}", "--what", "predictions").exit_code == 0
    rows = read(tmp_path / f"p.{ending}")
    assert [row["id"] for row in rows] == list(labelled)
    assert all(1 / 3 <= float(row["probability"]) <= 1 for row in rows)
    right = sum(row["prediction"] == labelled[row["id"]] for row in rows[30:])
    assert right >= 27
    assert {row["label"] or None for row in rows[30:]} == {None}


def test_a_disputed_item_has_no_label(run, labelled, tmp_path):
    (tmp_path / "b.csv").write_text("id,label\nt0,tool\n")
    run("tell", "b.csv", "--annotator", "ben")
    run("export", "-o", "l.jsonl")
    first = read(tmp_path / "l.jsonl")[0]
    assert (first["id"], first["label"], first["annotators"]) == ("t0", None, "ann, ben")


def test_formulas_are_escaped_for_spreadsheets_only(run, tmp_path):
    (tmp_path / "f.csv").write_text("note\n=1+1\nplain\n")
    run("init", "f.csv", "--text", "note")
    (tmp_path / "b.csv").write_text("id,label\n0,a\n1,b\n")
    run("tell", "b.csv")
    run("export", "-o", "l.csv")
    run("export", "-o", "l.jsonl")
    assert read(tmp_path / "l.csv")[0]["note"] == "'=1+1"
    assert read(tmp_path / "l.jsonl")[0]["note"] == "=1+1"


def test_what_is_refused(run, project, tmp_path, refused):
    refused(run("export", "-o", "l.csv"), "Nothing is labelled yet")
    refused(run("export", "-o", "l.xlsx"), "must end in .csv")
    refused(run("export", "-o", "l.csv", "--what", "predictions"), "two classes")
    (tmp_path / "l.csv").write_text("precious")
    refused(run("export", "-o", "l.csv"), "is there already")
    assert (tmp_path / "l.csv").read_text() == "precious"
