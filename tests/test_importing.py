"""A project is made and grown piece by piece: stopped anywhere and begun again, it ends the same."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asklearn import importing, survey
from asklearn.errors import BadInput, Conflict
from asklearn.files import locked
from asklearn.importing import NOTHING, Entered, add, create
from asklearn.journals.sql import SqlJournal
from asklearn.learner import ActiveLearner
from asklearn.manifest import Manifest
from asklearn.project import IMPORT, Project
from asklearn.saved_model import load_encoder
from asklearn.settings import Settings

TABLE = Settings(kind="tabular", columns=("size", "town"), show=("note",), id="code", label="kind")


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "PIECE", 7)
    monkeypatch.setattr(survey, "PIECE", 7)
    monkeypatch.setattr(importing, "TOLD_AT_ONCE", 4)


def written(file: Path, rows: range, kinds: str = "ab ") -> Path:
    """Write a table whose rows differ; one label in so many is missing."""
    with file.open("w", newline="", encoding="utf-8") as out:
        lines = csv.writer(out)
        lines.writerow(["code", "size", "town", "note", "kind"])
        for i in rows:
            lines.writerow([f"t{i}", i * 1.5, "uvw"[i % 3], f"note {i}", kinds[i % len(kinds)].strip()])
    return file


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return written(tmp_path / "things.csv", range(30))


@pytest.fixture
def further(tmp_path: Path) -> Path:
    return written(tmp_path / "more.csv", range(30, 49))


@pytest.fixture
def project(tmp_path: Path, source: Path) -> Path:
    create(tmp_path / "p", source, TABLE)
    return tmp_path / "p"


def content(folder: Path) -> dict[str, Any]:
    """Return everything that a project says, and every byte of its pool."""
    project = Project(folder)
    state = project.learner.state
    said = {item: [(one.annotator, one.label) for one in told] for item, told in state.said.items()}
    pool = folder / "pool"
    files = {str(one.relative_to(pool)): one.read_bytes() for one in pool.rglob("*") if one.is_file()}
    return {
        "items": [state.item(row) for row in range(state.rows)],
        "cohorts": [(one.start, one.stop, one.fingerprint, one.origin) for one in state.cohorts],
        "said": dict(sorted(said.items())),
        "files": {name: bytes_ for name, bytes_ in files.items() if "encoder" not in name},
        "payload": project.payload(range(state.rows)),
    }


class Stopper:
    """Raises KeyboardInterrupt at one of the writes: before it, or after it is done."""

    def __init__(self, at: int, after: bool) -> None:
        self.left, self.after = at, after

    def __call__(self, write: Callable[..., Any]) -> Callable[..., Any]:
        def stopping(*args: Any, **kwargs: Any) -> Any:
            self.left -= 1
            if self.left == 0 and not self.after:
                raise KeyboardInterrupt
            made = write(*args, **kwargs)
            if self.left == 0:
                raise KeyboardInterrupt
            return made

        return stopping


def stopped_everywhere(work: Callable[[Path], object], folders: Iterator[Path]) -> Iterator[Path]:
    """Yield a folder for each place at which `work` was stopped, having been called again."""
    at = 0
    while True:
        at += 1
        for after in (False, True):
            folder, stopper = next(folders), Stopper(at, after)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(os, "replace", stopper(os.replace))
                patch.setattr(SqlJournal, "append", stopper(SqlJournal.append))
                try:
                    work(folder)
                except KeyboardInterrupt:
                    pass
                else:
                    assert stopper.left > 0
                    return
            work(folder)
            yield folder


def test_a_project_that_was_stopped_anywhere_ends_the_same(project, source, tmp_path):
    whole, places = content(project), 0
    folders = (tmp_path / f"s{i}" for i in range(1000))
    for folder in stopped_everywhere(lambda one: create(one, source, TABLE), folders):
        assert content(folder) == whole
        places += 1
    assert places > 40
    assert len(whole["said"]) == 20


def test_an_addition_that_was_stopped_anywhere_ends_the_same(project, source, further, tmp_path):
    import shutil

    def folders() -> Iterator[Path]:
        for i in range(1000):
            yield Path(shutil.copytree(project, tmp_path / f"a{i}"))

    copies = folders()
    add(first := next(copies), further)
    whole, places = content(first), 0
    for folder in stopped_everywhere(lambda one: add(one, further), copies):
        assert content(folder) == whole
        places += 1
    assert places > 25
    assert whole["cohorts"][1][:2] == (30, 49)
    assert whole["items"] == [f"t{i}" for i in range(49)]


def test_finished_pieces_are_not_encoded_again(source, tmp_path, monkeypatch):
    from asklearn.encoders.tabular import TabularEncoder

    seen, real = [], TabularEncoder.encode

    def counting(self, items, progress=None):
        seen.append(len(items["size"]))
        return real(self, items, progress)

    monkeypatch.setattr(TabularEncoder, "encode", counting)

    def stop(phase: str, done: int, total: int | None) -> None:
        if phase == "encoding" and done == 14:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        create(tmp_path / "p", source, TABLE, stop)
    with pytest.raises(BadInput, match=r"not finished.*same asklearn init again"):
        Project(tmp_path / "p")
    told = []
    create(tmp_path / "p", source, TABLE, lambda *one: told.append(one))
    assert seen == [7, 7, 7, 7, 2]
    assert [one for one in told if one[0] == "encoding"] == [("encoding", n, 30) for n in (21, 28, 30)]
    assert not [one for one in told if one[0].startswith("learning")]


def test_other_data_after_an_interruption_begin_anew(source, tmp_path):
    def stop(phase: str, done: int, total: int | None) -> None:
        if phase == "encoding" and done > 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        create(tmp_path / "p", source, TABLE, stop)
    written(source, range(50, 60))
    create(tmp_path / "p", source, TABLE)
    assert content(tmp_path / "p")["items"] == [f"t{i}" for i in range(50, 60)]
    assert [one.name for one in sorted((tmp_path / "p" / "pool" / "features").iterdir())] == [
        "00000.f32", "00001.f32", "manifest.json",
    ]  # fmt: skip
    with pytest.raises(BadInput, match="is a project already"):
        create(tmp_path / "p", written(tmp_path / "x.csv", range(5)), TABLE)


def test_added_items_are_encoded_by_the_project_s_encoder_and_asked(project, source, further):
    assert add(project, further) == Entered(19, 13)
    opened = Project(project)
    encoder = load_encoder(project / "pool" / "encoder.skops")
    columns = {
        "size": np.arange(30, 49) * 1.5,
        "town": np.array(["uvw"[i % 3] for i in range(30, 49)], dtype=object),
    }
    np.testing.assert_array_equal(opened.features[30:49], encoder.encode(columns))
    assert opened.payload([48, 0])[0]["note"] == "note 48"
    assert {one.origin for one in opened.learner.state.cohorts} == {IMPORT}
    assert {opened.learner.state.row(item) >= 30 for item in opened.learner.ask(10).ids} == {False, True}


def test_the_same_content_is_added_once(project, source, further, tmp_path):
    add(project, further)
    before = content(project)
    copy = tmp_path / "renamed.csv"
    copy.write_bytes(further.read_bytes())
    assert add(project, further) == add(project, copy) == add(project, source) == NOTHING
    assert content(project) == before


def test_ids_that_are_in_the_pool_or_twice_are_named_and_nothing_enters(project, tmp_path):
    before = content(project)
    for rows, words in (
        ([40, 3, 41, 5, 6, 7], r"'t3' in data row 2, 't5' in data row 4, 't6' in data row 5 and 1 more"),
        ([40, 41, 40], "'t40' in data rows 1 and 3"),
    ):
        with pytest.raises(BadInput, match=words):
            add(project, written(tmp_path / "x.csv", rows))
    assert content(project) == before
    assert Manifest.read(project / "pool").done


def test_rows_go_on_counting_where_there_is_no_column_of_ids(tmp_path):
    settings = Settings(kind="tabular", columns=("size",))
    create(tmp_path / "p", written(tmp_path / "a.csv", range(9)), settings)
    add(tmp_path / "p", written(tmp_path / "b.csv", range(9, 13)))
    assert content(tmp_path / "p")["items"] == list(range(13))


def test_labels_of_an_added_file(project, tmp_path):
    (tmp_path / "bare.csv").write_text("code,size,town,note\nx1,1,u,n\n")
    assert add(project, tmp_path / "bare.csv") == Entered(1, 0)
    (tmp_path / "other.csv").write_text("code,size,town,note,class\nx2,1,u,n,a\n")
    assert add(project, tmp_path / "other.csv", "class") == Entered(1, 1)
    assert Project(project).learner.labels["x2"] == "a"
    (tmp_path / "third.csv").write_text("code,size,town,note,clas\nx3,1,u,n,a\n")
    with pytest.raises(BadInput, match="Did you mean 'clas'"):
        add(project, tmp_path / "third.csv", "class")
    (tmp_path / "short.csv").write_text("code,size,note\nx3,1,n\n")
    with pytest.raises(BadInput, match="no column 'town'"):
        add(project, tmp_path / "short.csv")


def test_a_correction_between_two_calls_is_kept(project, source):
    """An imported label that somebody corrects is not told again by another init or add."""
    learner = Project(project).learner
    learner.tell(["t0"], ["b"], annotator=IMPORT)
    learner.retract(["t1"], annotator=IMPORT)
    create(project, source, TABLE)
    add(project, source)
    assert Project(project).learner.labels["t0"] == "b"
    assert "t1" not in Project(project).learner.labels


def test_an_addition_that_was_given_up_leaves_nothing(project, further, tmp_path):
    def stop(phase: str, done: int, total: int | None) -> None:
        if phase == "encoding" and done > 10:
            raise KeyboardInterrupt

    before = content(project)
    with pytest.raises(KeyboardInterrupt):
        add(project, further, progress=stop)
    opened = Project(project)
    assert (len(opened.features), opened.learner.state.rows) == (30, 30)
    opened.tell([("t2", "a")], "me")
    other = written(tmp_path / "other.csv", range(70, 74))
    assert add(project, other).items == 4
    assert content(project)["items"] == [*before["items"], *(f"t{i}" for i in range(70, 74))]
    assert add(project, further).items == 19


def test_another_file_does_not_overtake_one_whose_labels_are_not_told(project, further, tmp_path):
    def stop(phase: str, done: int, total: int | None) -> None:
        if phase == "telling labels":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        add(project, further, progress=stop)
    assert Project(project).learner.state.rows == 49
    other = written(tmp_path / "other.csv", range(70, 74))
    with pytest.raises(BadInput, match=r"asklearn add more\.csv again first"):
        add(project, other)
    assert add(project, further) == Entered(19, 9)
    assert add(project, other).items == 4


def test_one_process_at_a_time(project, source, further, tmp_path):
    with (
        locked(project / "pool" / "lock", "me"),
        pytest.raises(Conflict, match="Another asklearn init or add"),
    ):
        add(project, further)
    (tmp_path / "q" / "pool").mkdir(parents=True)
    with locked(tmp_path / "q" / "pool" / "lock", "me"):
        with pytest.raises(Conflict, match="Another asklearn init or add"):
            create(tmp_path / "q", source, TABLE)
        assert not (tmp_path / "q" / "asklearn.toml").exists()
    assert create(tmp_path / "q", source, TABLE)[1].items == 30


def test_somebody_who_asks_meanwhile_is_no_obstacle(project, further, monkeypatch):
    real, others = ActiveLearner.add, []

    def contested(self, X, ids=None):
        if len(others) < 3:
            others.append(Project(project).learner.ask(1))
            raise Conflict("somebody was faster")
        return real(self, X, ids)

    monkeypatch.setattr(ActiveLearner, "add", contested)
    assert add(project, further).items == 19
    assert len(Project(project).learner.state.asks) == 3


def test_an_encoder_that_is_not_the_project_s_is_refused(project, further, tmp_path):
    other = written(tmp_path / "o.csv", range(5, 90))
    create(tmp_path / "q", other, TABLE)
    encoder = project / "pool" / "encoder.skops"
    kept = encoder.read_bytes()
    encoder.write_bytes((tmp_path / "q" / "pool" / "encoder.skops").read_bytes())
    with pytest.raises(BadInput, match="the features were made by"):
        add(project, further)
    encoder.unlink()
    with pytest.raises(BadInput, match="is missing"):
        add(project, further)
    encoder.write_bytes(kept)
    assert add(project, further).items == 19


def test_an_encoder_of_a_plug_in_s_own_types_makes_a_project_too(tmp_path, source):
    """It cannot be stored, so it is fitted again on the same sample; nothing can be added."""
    from asklearn.registry import register, unregister

    @register("encoders", "length")
    class Length:
        def fit(self, items):
            self.mean = np.mean([len(one) for one in items])
            return self

        def encode(self, items):
            return np.array([[len(one) - self.mean] for one in items], np.float32)

        def fingerprint(self):
            return f"length#{self.mean}"

    def stop(phase: str, done: int, total: int | None) -> None:
        if (phase, done) == ("encoding", 14):
            raise KeyboardInterrupt

    try:
        settings = Settings(kind="text", columns=("note",), encoder="length")
        with pytest.raises(KeyboardInterrupt):
            create(tmp_path / "p", source, settings, stop)
        create(tmp_path / "p", source, settings)
        features = Project(tmp_path / "p").features[0:11].ravel()
        np.testing.assert_allclose(features, [-2 / 3] * 10 + [1 / 3], rtol=1e-6)
        with pytest.raises(BadInput, match="types that cannot be stored"):
            add(tmp_path / "p", written(tmp_path / "x.csv", range(30, 33)))
    finally:
        unregister("encoders", "length")


def test_what_an_encoder_refuses_is_named_by_its_row_in_the_file(tmp_path):
    import io

    from PIL import Image

    from asklearn.sources.items import write_items

    pictures = []
    for shade in range(20):
        out = io.BytesIO()
        noise = np.random.default_rng(shade).integers(0, 15, (8, 8), np.uint8)
        Image.fromarray(noise + np.uint8(shade * 9)).save(out, "PNG")
        pictures.append(out.getvalue())
    settings = Settings(kind="image", columns=("png",))
    write_items(tmp_path / "p.parquet", {"png": pictures})
    create(tmp_path / "p", tmp_path / "p.parquet", settings)
    pictures = [one[:-9] + b"x" + one[-8:] for one in pictures]
    pictures[11] = pictures[11][:40]
    write_items(tmp_path / "q.parquet", {"png": pictures[:1] + pictures[10:13]})
    before = content(tmp_path / "p")
    with pytest.raises(BadInput, match=r"In q\.parquet that is data row \d"):
        add(tmp_path / "p", tmp_path / "q.parquet")
    assert len(Project(tmp_path / "p").features) == len(before["items"])


def test_a_saved_dataset_with_its_classes(tmp_path):
    import json

    import pyarrow as pa

    saved = tmp_path / "saved"
    saved.mkdir()
    texts = [f"{'red apple' if i % 2 else 'old dog'} number {i}" for i in range(40)]
    table = pa.table({"note": texts, "kind": [i % 2 for i in range(40)]})
    with pa.ipc.new_stream(str(saved / "data.arrow"), table.schema) as out:
        out.write_table(table, max_chunksize=9)
    (saved / "state.json").write_text(json.dumps({"_data_files": [{"filename": "data.arrow"}]}))
    features = {"kind": {"names": ["x", "y"], "_type": "ClassLabel"}}
    (saved / "dataset_info.json").write_text(json.dumps({"features": features}))
    settings = Settings(kind="text", columns=("note",), label="kind", encoder="text(dim=4)")
    made, entered = create(tmp_path / "p", saved, settings)
    assert entered == Entered(40, 40)
    assert made.learner.labels == {i: "xy"[i % 2] for i in range(40)}
