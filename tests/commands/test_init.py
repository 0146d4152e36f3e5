"""asklearn init: what is refused before anything is written, what is imported, and how it goes on."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from asklearn.project import IMPORT, Project


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
    assert np.array_equal(Project(tmp_path).features[0:4], np.eye(4, 3))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (["--text", "nte"], ["nte", "Did you mean 'note'"]),
        (["--id", "kind"], ["'fruit' in data rows 1 and 4"]),
        (["--label", "kind", "--labels", "fruit,animal,tol"], ["'tool' in data row 3", "Did you mean 'tol'"]),
        (["--columns", "note"], ["one of --text", "Got 2"]),
        (["--model", "logistc"], ["Did you mean 'logistic'"]),
        (["--model", "logistic(C=-1)"], ["'logistic(C=-1)' cannot be trained", "'C'"]),
        (["--model", "logistic(c=1)"], ["no option 'c'", "Did you mean 'C'"]),
        (["--strategy", "margn"], ["Did you mean 'margin'"]),
        (["--encoder", "txt"], ["Did you mean 'text'"]),
        (["--encoder", "text(dim=0)"], ["dim must be"]),
        (["--labels", "a,a"], ["must differ"]),
        (["--into", "things.csv"], ["is a file"]),
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
    assert ".png" in run("label", keys="q").stdout
    assert run("tell", "b.csv").exit_code == 0
    assert json.loads(run("status", "--json").stdout)["counts"]["asked"] == 3


@pytest.fixture
def photos(tmp_path):
    """Write photos/{dark,light}/*.png and return the label of each path."""
    from PIL import Image

    truth = {}
    for label, shade in (("dark", 20), ("light", 220)):
        (tmp_path / "photos" / label).mkdir(parents=True)
        for number in range(5):
            noise = np.random.default_rng([shade, number]).integers(0, 30, (8, 8), np.uint8)
            Image.fromarray(noise + np.uint8(shade)).save(tmp_path / "photos" / label / f"{number}.png")
            truth[f"{label}/{number}.png"] = label
    return truth


@pytest.mark.parametrize("words", [[], ["--image", "image"]])
def test_a_folder_of_images_needs_no_words_and_its_paths_are_ids(run, photos, tmp_path, words):
    done = run("init", "photos", *words, "--label", "label", "--into", "p")
    assert done.exit_code == 0, done.output
    learner = Project(tmp_path / "p").learner
    assert learner.labels == photos
    assert learner.state.item(0) == "dark/0.png"


def test_a_project_is_not_made_inside_its_data(run, photos, refused, tmp_path):
    for into in ("photos", "photos/here"):
        refused(run("init", "photos", "--into", into), "inside the data", "--into")
    assert not (tmp_path / "photos" / "asklearn.toml").exists()


def test_all_columns_of_a_table_but_those_with_another_use(run, tmp_path):
    (tmp_path / "n.csv").write_text(
        "id,who,age,split,kind,note,town\n"
        + "".join(f"{i},p{i},{i % 7},test,{'ab'[i % 2]},x,{'uv'[i % 2]}\n" for i in range(9))
    )
    done = run("init", "n.csv", "--columns", "all", "--id", "who", "--label", "kind", "--show", "note")
    assert done.exit_code == 0, done.output
    assert Project(tmp_path).settings.columns == ("age", "town")


def test_a_column_that_is_named_all_is_that_column(run, tmp_path):
    (tmp_path / "n.csv").write_text("all,age\n1.5,2\n2.5,3\n")
    assert run("init", "n.csv", "--columns", "all").exit_code == 0
    assert Project(tmp_path).settings.columns == ("all",)


def test_numpy_files(run, tmp_path, refused):
    X = np.random.default_rng(0).normal(size=(6, 3))
    np.save(tmp_path / "x.npy", X)
    assert run("init", "x.npy", "--into", "a").exit_code == 0
    assert np.array_equal(Project(tmp_path / "a").features[0:6], X.astype(np.float32))
    np.savez(tmp_path / "x.npz", vectors=X, names=np.array(list("abcdef")))
    refused(run("init", "x.npz", "--into", "b"), "--embedding", "Got 0")
    assert run("init", "x.npz", "--embedding", "vectors", "--id", "names", "--into", "b").exit_code == 0
    assert Project(tmp_path / "b").learner.state.item(2) == "c"


def test_a_seed_or_a_task_that_cannot_be_is_wrong_usage(run, things):
    for words in (["--seed", "9" * 70], ["--task", "boxes"]):
        done = run("init", "things.csv", "--text", "note", *words)
        assert done.exit_code == 2
        assert words[0] in done.stderr


def test_a_seed_that_cannot_be_is_refused_in_the_settings_too(run, project, refused, tmp_path):
    file = tmp_path / "asklearn.toml"
    file.write_text(file.read_text().replace("seed = 0", "seed = 1" + "0" * 70))
    refused(run("status"), "seed must be a whole number")


def test_endless_names_and_ids_are_quoted_in_part(run, refused, tmp_path):
    endless = "x" * 70_000
    (tmp_path / "names.csv").write_text(f"{endless},other\n1,2\n")
    (tmp_path / "ids.csv").write_text(f"id,text\n{endless},a\n{endless},b\n")
    for words in (("names.csv", "--text", "text"), ("ids.csv", "--text", "text", "--id", "id")):
        done = run("init", *words, "--into", "new")
        refused(done, words[0])
        assert len(done.stderr) < 1_000
