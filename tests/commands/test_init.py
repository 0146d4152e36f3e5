"""asklearn init: what is refused before anything is written, what is imported, and how it goes on."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

import asklearn.project
from asklearn.project import IMPORT, Manifest, Project


def test_known_labels_are_told_and_a_second_init_changes_nothing(run, things):
    words = [
        "init",
        "things.csv",
        "--text",
        "note",
        "--id",
        "code",
        "--label",
        "kind",
        "--encoder",
        "text(dim=8)",
    ]
    done = run(*words)
    assert done.exit_code == 0, done.output
    assert "60 items" in done.stdout
    assert "60 labels of things.csv told" in done.stdout
    first = Project(Path()).learner
    assert first.labels == things
    assert {one.annotator for said in first.state.said.values() for one in said} == {IMPORT}
    again = run(*words)
    assert again.exit_code == 0, again.output
    assert "labels of things.csv" not in again.stdout
    assert Project(Path()).learner.state.position == first.state.position


def test_rows_without_a_label_stay_open_and_ids_are_rows_by_default(run, tmp_path):
    (tmp_path / "n.csv").write_text("size,kind\n1.5,a\n2.5,\n3.5,b\n")
    assert run("init", "n.csv", "--columns", "size", "--label", "kind").exit_code == 0
    assert Project(tmp_path).learner.labels == {0: "a", 2: "b"}


def test_whole_numbers_are_labels_as_texts(run, tmp_path):
    (tmp_path / "n.csv").write_text("size,kind\n1.5,1\n2.5,\n3.5,0\n")
    assert run("init", "n.csv", "--columns", "size", "--label", "kind", "--labels", "0,1").exit_code == 0
    assert Project(tmp_path).learner.labels == {0: "1", 2: "0"}


def test_embeddings_with_what_to_show(run, tmp_path):
    from asklearn.sources.items import write_items

    write_items(tmp_path / "e.parquet", {"v": np.eye(4, 3, dtype=np.float32), "title": list("abcd")})
    done = run("init", "e.parquet", "--embedding", "v", "--show", "title")
    assert done.exit_code == 0, done.output
    assert Project(tmp_path).payload([3, 0]) == [{"title": "d"}, {"title": "a"}]
    assert np.array_equal(np.load("pool/features.npy"), np.eye(4, 3))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (["--text", "nte"], ["nte", "Did you mean 'note'"]),
        (["--id", "kind"], ["'fruit' in data rows 1 and 4"]),
        (["--label", "kind", "--labels", "fruit,animal,tol"], ["'tool' in data row 3", "Did you mean 'tol'"]),
        (["--columns", "note"], ["one of --text", "Got 2"]),
        (["--model", "logistc"], ["Did you mean 'logistic'"]),
        (["--strategy", "margn"], ["Did you mean 'margin'"]),
        (["--encoder", "txt"], ["Did you mean 'text'"]),
        (["--encoder", "text(dim=0)"], ["dim must be"]),
        (["--labels", "a,a"], ["must differ"]),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_written(run, things, refused, change, words, tmp_path):
    refused(run("init", "things.csv", "--text", "note", *change), *words)
    assert [path.name for path in tmp_path.iterdir()] == ["things.csv"]


@pytest.mark.parametrize("content", ["", "a,b\n", "\x00\x01"])
def test_a_file_that_is_no_table_is_refused(run, refused, tmp_path, content):
    (tmp_path / "x.csv").write_text(content)
    refused(run("init", "x.csv", "--text", "a"), "x.csv")
    refused(run("init", "gone.csv", "--text", "a"), "gone.csv")


def test_a_column_that_is_no_image_is_refused(run, things, refused):
    refused(run("init", "things.csv", "--image", "note"), "must hold images", "data row 1")


def test_another_project_is_not_written_over(run, project, refused):
    refused(run("init", "things.csv", "--text", "kind"), "is a project already", "--into")
    assert run("init", "things.csv", "--text", "kind", "--into", "other").exit_code == 0


def test_an_interrupted_init_goes_on_where_it_stopped(run, things, tmp_path, monkeypatch, refused):
    """Interrupted after the first piece of features, it encodes only the others, and the same."""
    monkeypatch.setattr(asklearn.project, "ENCODED_AT_ONCE", 16)
    words = ["init", "things.csv", "--text", "note", "--id", "code"]
    assert run(*words, "--into", "whole").exit_code == 0

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    settings = Project(tmp_path / "whole").settings
    with pytest.raises(KeyboardInterrupt):
        asklearn.project.create(tmp_path / "part", tmp_path / "things.csv", settings, stop)
    assert Manifest.read(tmp_path / "part" / "pool").encoded == 16
    refused(run("status", "-p", "part"), "not finished", "same asklearn init again")
    seen = []
    asklearn.project.create(
        tmp_path / "part", tmp_path / "things.csv", settings, lambda *one: seen.append(one)
    )
    assert seen == [(32, 60), (48, 60), (60, 60)]
    features = [np.load(tmp_path / one / "pool" / "features.npy") for one in ("whole", "part")]
    assert np.array_equal(*features)
    assert not list((tmp_path / "part" / "pool").glob("*.part.npy"))


def test_other_data_after_an_interruption_begin_anew(run, things, tmp_path, monkeypatch):
    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(asklearn.project, "_encode", fail)
        assert run("init", "things.csv", "--text", "note").exit_code == 130
    (tmp_path / "things.csv").write_text("note\nred\nblue\n")
    assert run("init", "things.csv", "--text", "note").exit_code == 0
    assert Project(tmp_path).learner.state.rows == 2


def test_images_are_written_beside_the_sheet(run, tmp_path, refused):
    from PIL import Image

    from asklearn.sources.items import write_items

    pictures = []
    for shade in range(0, 240, 20):
        out = io.BytesIO()
        noise = np.random.default_rng(shade).integers(0, 15, (8, 8), np.uint8)
        Image.fromarray(noise + np.uint8(shade)).save(out, "PNG")
        pictures.append(out.getvalue())
    write_items(tmp_path / "p.parquet", {"png": pictures})
    assert run("init", "p.parquet", "--image", "png", "--labels", "dark,light").exit_code == 0
    refused(run("ask"), "-o batch.csv")
    assert run("ask", "-n", 3, "-o", "b.csv").exit_code == 0
    for row in csv.DictReader((tmp_path / "b.csv").open(encoding="utf-8-sig")):
        assert (tmp_path / row["png"]).read_bytes() == pictures[int(row["id"])]
    refused(run("label"), "cannot show images")
    assert run("tell", "b.csv").exit_code == 0
    assert json.loads(run("status", "--json").stdout)["counts"]["asked"] == 3
