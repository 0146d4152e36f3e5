"""Every kind of bad input, through the command line: the words, the exit status, and that nothing is lost.

``WHERE`` maps each kind that is promised to the tests that show it.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import resource
import signal
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from asklearn.journals.sql import SqlJournal
from asklearn.project import Project
from asklearn.registry import register, unregister

WHERE = {
    "an empty file": ["test_an_empty_file"],
    "a missing column": ["test_a_missing_column_names_the_nearest"],
    "duplicate ids": ["test_duplicate_ids_name_both_rows"],
    "unknown ids in tell": ["test_an_unknown_id_in_tell"],
    "an unknown label": ["test_an_unknown_label_names_the_nearest"],
    "a byte-order mark": ["test_labels_in_every_dress"],
    "other encodings": ["test_labels_in_every_dress", "test_an_encoding_that_cannot_be_told_names_the_line"],
    "Windows line ends": ["test_labels_in_every_dress"],
    "quoted newlines": ["test_labels_in_every_dress"],
    "10 MB cells": ["test_labels_in_every_dress", "test_ten_megabytes_in_a_cell_of_the_data"],
    "NaN and infinite features": ["test_features_that_are_not_finite", "test_missing_numbers_in_a_table"],
    "constant features": ["test_constant_features"],
    "one class only": ["test_one_class_only"],
    "fewer rows than asked": ["test_fewer_rows_than_asked"],
    "an exhausted pool": ["test_an_exhausted_pool"],
    "unreadable, truncated or animated images": ["test_images_that_are_none", "test_an_animated_image"],
    "decompression bombs": ["test_an_image_bomb", "test_a_compressed_bomb"],
    "a Parquet file cut in half": ["test_a_parquet_file_cut_in_half"],
    "a project made by a newer version": ["test_a_newer_project", "test_a_newer_journal"],
    "a corrupted journal tail": ["test_a_corrupted_tail_is_reported_and_set_aside"],
    "a full disk during tell": ["test_a_full_disk_during_tell"],
    "two processes on one project": ["test_two_processes_tell_and_ask_at_once"],
    "Ctrl-C in any command": ["test_ctrl_c"],
    "a model that raises in fit or returns NaN": ["test_a_model_that_fails"],
    "a locale that is not UTF-8": ["test_a_locale_that_is_not_utf8"],
    "CSV cells that start with =, +, -, @": ["test_formula_cells_go_out_and_come_back"],
}


def test_every_kind_has_its_test():
    named = {name for tests in WHERE.values() for name in tests}
    assert named <= set(globals())
    assert len(WHERE) == 26
    others = {name for name in globals() if name.startswith("test_")} - named
    assert others == {"test_every_kind_has_its_test"}


# Helpers


def events(folder: Path) -> list[object]:
    with SqlJournal(folder / "journal.db") as journal:
        return list(journal.read())


def labels(folder: Path) -> dict[object, object]:
    return dict(Project(folder).learner.labels)


def write_csv(path: Path, rows: list[list[object]], encoding: str = "utf-8") -> None:
    with path.open("w", newline="", encoding=encoding) as file:
        csv.writer(file).writerows(rows)


def process(
    *words: object, cwd: Path, env: dict[str, str] | None = None, **more: object
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "asklearn.cli", *map(str, words)], cwd=cwd, text=True, encoding="utf-8",
        errors="surrogateescape", env={**os.environ, "OMP_NUM_THREADS": "1", **(env or {})},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more,
    )  # fmt: skip


@pytest.fixture
def told(run, project, tmp_path) -> list[object]:
    """Tell twelve labels, and return the events that must never go."""
    write_csv(tmp_path / "told.csv", [["id", "label"], *([f"t{i}", project[f"t{i}"]] for i in range(12))])
    assert run("tell", "told.csv").exit_code == 0
    return events(tmp_path)


@pytest.fixture
def kept(tmp_path, told) -> Callable[..., None]:
    """Check that every event is still there, and as many further ones as are said."""

    def kept(more: int = 0) -> None:
        now = events(tmp_path)
        assert now[: len(told)] == told
        assert len(now) == len(told) + more

    return kept


# Files


@pytest.mark.parametrize("name", ["d.csv", "d.jsonl", "d.parquet", "d.csv.gz", "d.npz"])
def test_an_empty_file(run, refused, told, kept, tmp_path, name):
    (tmp_path / name).write_bytes(b"")
    refused(run("init", name, "--text", "note", "--into", "new"), name, "is empty")
    assert not (tmp_path / "new").exists()
    refused(run("tell", name), name, "empty")
    kept()


def test_a_missing_column_names_the_nearest(run, refused, told, kept, tmp_path):
    refused(run("init", "things.csv", "--text", "nots", "--into", "new"),
            "things.csv has no column 'nots'", "Did you mean 'note'?")  # fmt: skip
    refused(
        run("init", "things.csv", "--text", "note", "--id", "cod", "--into", "new"), "Did you mean 'code'?"
    )
    assert not (tmp_path / "new").exists()
    (tmp_path / "b.csv").write_text("id,lable\nt20,fruit\n")
    refused(run("tell", "b.csv"), "b.csv has no column 'label'", "Did you mean 'lable'?")
    kept()


def test_duplicate_ids_name_both_rows(run, refused, told, kept, tmp_path):
    write_csv(tmp_path / "d.csv", [["code", "note"], ["a", "x"], ["b", "y"], ["a", "z"]])
    done = run("init", "d.csv", "--text", "note", "--id", "code", "--into", "new")
    refused(done, "'code' of d.csv", "'a'", "1", "3")
    assert not (tmp_path / "new" / "journal.db").exists()
    (tmp_path / "b.csv").write_text("id,label\nt20,fruit\nt20,tool\n")
    refused(run("tell", "b.csv"), "b.csv", "'t20'", "row 2", "row 3", "Nothing was recorded")
    kept()


def test_an_unknown_id_in_tell(run, refused, told, kept, tmp_path):
    (tmp_path / "b.csv").write_text("id,label\nt20,fruit\nt99,tool\n")
    refused(run("tell", "b.csv"), "no item 't99'", "row 3 of b.csv", "Nothing was recorded")
    kept()


def test_an_unknown_label_names_the_nearest(run, refused, told, kept, tmp_path):
    (tmp_path / "b.csv").write_text("id,label\nt20,fruit\nt21,animl\n")
    refused(
        run("tell", "b.csv"), "'animl' in row 3 of b.csv", "Did you mean 'animal'?", "Nothing was recorded"
    )
    kept()


# Label sheets

_PLAIN = "id,note,label\nt20,ä,fruit\nt21,,animal\n"
DRESSES = {
    "a byte-order mark": _PLAIN.encode("utf-8-sig"),
    "UTF-16": _PLAIN.encode("utf-16"),
    "Windows line ends": _PLAIN.replace("\n", "\r\n").encode(),
    "old Mac line ends": _PLAIN.replace("\n", "\r").encode(),
    "quoted newlines": b'id,note,label\nt20,"a\r\nb\n",fruit\nt21,"""",animal\n',
    "semicolons": _PLAIN.replace(",", ";").encode(),
    "tabs": _PLAIN.replace(",", "\t").encode(),
    "ten megabytes in a cell": f"id,note,label\nt20,{'x' * 10_000_000},fruit\nt21,,animal\n".encode(),
    "spaces and case": b"label,id\n Fruit ,t20\nANIMAL,t21\n",
}


@pytest.mark.parametrize("name", DRESSES)
def test_labels_in_every_dress(run, told, kept, tmp_path, name):
    (tmp_path / "b.csv").write_bytes(DRESSES[name])
    done = run("tell", "b.csv", "--annotator", "ann")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("2 labels recorded")
    assert {one: labels(tmp_path)[one] for one in ("t20", "t21")} == {"t20": "fruit", "t21": "animal"}
    kept(more=2)


def test_an_encoding_that_cannot_be_told_names_the_line(run, refused, told, kept, tmp_path):
    (tmp_path / "b.csv").write_bytes("id,label,note\nt20,fruit,\nt21,tool,schön\n".encode("latin-1"))
    refused(run("tell", "b.csv"), "b.csv is not UTF-8", "0xf6 in line 3", "CSV UTF-8")
    kept()
    (tmp_path / "d.csv").write_bytes("note\nschön\n".encode("latin-1"))
    refused(run("init", "d.csv", "--text", "note", "--into", "new"), "d.csv is not UTF-8", "line 2")


def test_ten_megabytes_in_a_cell_of_the_data(run, tmp_path):
    write_csv(tmp_path / "d.csv", [["note"], ["x " * 5_000_000], *([f"short {i}"] for i in range(20))])
    done = run("init", "d.csv", "--text", "note", "--into", "new", "--encoder", "text(dim=4)")
    assert done.exit_code == 0, done.output
    assert run("ask", "-n", 21, "-o", "b.csv", "-p", "new").exit_code == 0
    assert (tmp_path / "b.csv").stat().st_size < 100_000


@pytest.mark.parametrize("start", ["=1+1", "+a", "-x", "@sum", "'=1", "\t=1"])
def test_formula_cells_go_out_and_come_back(run, tmp_path, start):
    write_csv(tmp_path / "d.csv", [["code", "note"], *([f"{start}{i}", f"{start} {i}"] for i in range(6))])
    assert run("init", "d.csv", "--text", "note", "--id", "code", "--encoder", "text(dim=2)").exit_code == 0
    run("ask", "-n", 6, "-o", "b.csv")
    with (tmp_path / "b.csv").open(encoding="utf-8-sig", newline="") as file:
        sheet = list(csv.DictReader(file))
    assert not [cell for row in sheet for cell in row.values() if cell[:1] in ("=", "+", "-", "@", "\t")]
    label = f"{start}good".strip()
    typed = f"'{label}" if label.startswith("'") else label  # one apostrophe is taken off what looks escaped
    write_csv(tmp_path / "b.csv", [["id", "label"], *([row["id"], typed] for row in sheet)])
    done = run("tell", "b.csv", "--new-labels")
    assert done.exit_code == 0, done.output
    assert set(labels(tmp_path)) == {f"{start}{i}".strip() for i in range(6)}
    run("export", "-o", "out.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert {line["note"] for line in lines} == {f"{start} {i}" for i in range(6)}
    assert {line["label"] for line in lines} == {label}


# Features


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_features_that_are_not_finite(run, refused, tmp_path, bad):
    X = np.ones((30, 4), np.float32)
    X[17, 2] = bad
    np.savez(tmp_path / "d.npz", X=X)
    refused(run("init", "d.npz", "--embedding", "X", "--into", "new"), "Column 'X' of d.npz", "data row 18")
    assert not (tmp_path / "new" / "journal.db").exists()


def test_missing_numbers_in_a_table(run, tmp_path):
    rows = [[i, "" if i % 3 else i * i, "a" if i % 2 else ""] for i in range(40)]
    write_csv(tmp_path / "d.csv", [["age", "pay", "town"], *rows])
    done = run("init", "d.csv", "--columns", "age,pay,town", "--labels", "low,high")
    assert done.exit_code == 0, done.output
    assert run("ask", "-n", 5, "-o", "b.csv").exit_code == 0


def test_constant_features(run, tmp_path):
    write_csv(tmp_path / "d.csv", [["a", "b", "y"], *([1, "same", "xy"[i % 2]] for i in range(60))])
    done = run("init", "d.csv", "--columns", "a,b", "--label", "y")
    assert done.exit_code == 0, done.output
    assert run("status").exit_code == 0
    write_csv(tmp_path / "e.csv", [["a", "b"], *([1, "same"] for i in range(60))])
    assert run("init", "e.csv", "--columns", "a,b", "--labels", "x,y", "--into", "new").exit_code == 0
    assert run("ask", "-n", 10, "-o", "b.csv", "-p", "new").exit_code == 0


def test_one_class_only(run, project, tmp_path):
    (tmp_path / "b.csv").write_text("id,label\n" + "".join(f"t{i},fruit\n" for i in range(20)))
    assert run("tell", "b.csv").exit_code == 0
    for words in (
        ["status"],
        ["status", "--json"],
        ["ask", "-n", 5, "-o", "c.csv"],
        ["export", "-o", "l.csv"],
    ):
        done = run(*words)
        assert done.exit_code == 0, done.output
    done = run("export", "-o", "p.csv", "--what", "predictions")
    assert done.exit_code == 0 or ("class" in done.stderr and done.stderr.startswith("Error: "))
    assert len(labels(tmp_path)) == 20


def test_fewer_rows_than_asked(run, told, kept, tmp_path):
    done = run("ask", "-n", 1000, "-o", "b.csv")
    assert done.exit_code == 0, done.output
    assert "48 items" in done.stderr
    with (tmp_path / "b.csv").open(encoding="utf-8-sig") as file:
        assert len(list(csv.DictReader(file))) == 48


def test_an_exhausted_pool(run, refused, told, kept, project, tmp_path):
    run("ask", "-n", 48, "-o", "b.csv")
    before = events(tmp_path)
    refused(run("ask", "-n", 5, "-o", "c.csv"), "--pending")
    assert not (tmp_path / "c.csv").exists()
    write_csv(tmp_path / "all.csv", [["id", "label"], *project.items()])
    assert run("tell", "all.csv").exit_code == 0
    refused(run("ask", "-n", 5, "-o", "c.csv"), "left")
    assert events(tmp_path)[: len(before)] == before
    assert labels(tmp_path) == project


# Images, bombs, broken containers


def png(width: int, height: int, body: bytes | None = None) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    raw = b"".join(b"\0" + bytes(3 * width) for _ in range(height)) if body is None else body
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
    )


def photos(folder: Path, odd: bytes) -> None:
    """Write a file of nine images, the sixth of which is odd."""
    images = [png(8, 8) for _ in range(9)]
    images[5] = odd
    pq.write_table(pa.table({"picture": images}), folder / "d.parquet")


WORD_OF_IMAGE = {
    "no image at all": b"hello",
    "truncated": png(200, 200, os.urandom(200 * 601))[:2000],
    "nothing": b"",
    "only a beginning": b"\x89PNG\r\n\x1a\n",
    "a lie about its size": png(8, 8, b""),
}


@pytest.mark.parametrize("name", WORD_OF_IMAGE)
def test_images_that_are_none(run, refused, tmp_path, name):
    photos(tmp_path, WORD_OF_IMAGE[name])
    done = run(
        "init", "d.parquet", "--image", "picture", "--into", "new", "--encoder", "image(dim=4, size=8)"
    )
    refused(done, "image", "d.parquet", "data row 6", "'picture'")


def test_an_animated_image(run, tmp_path):
    from PIL import Image

    out = io.BytesIO()
    frames = [Image.new("RGB", (8, 8), (20 * i, 0, 0)) for i in range(5)]
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    photos(tmp_path, out.getvalue())
    done = run(
        "init", "d.parquet", "--image", "picture", "--encoder", "image(dim=4, size=8)", "--labels", "a,b"
    )
    assert done.exit_code == 0, done.output  # its first frame counts
    assert run("ask", "-n", 9, "-o", "b.csv").exit_code == 0
    assert len(list((tmp_path / "b_images").glob("*.gif"))) == 1


def test_an_image_bomb(run, refused, tmp_path):
    photos(tmp_path, png(50_000, 50_000, bytes(1000)))
    done = run(
        "init", "d.parquet", "--image", "picture", "--into", "new", "--encoder", "image(dim=4, size=8)"
    )
    refused(done, "2500000000 pixels", "d.parquet", "data row 6", "'picture'")


def test_a_compressed_bomb(run, refused, told, kept, tmp_path):
    (tmp_path / "d.csv.gz").write_bytes(gzip.compress(b"note\n" + (b"a" * 1023 + b"\n") * (80 << 10), 9))
    refused(run("init", "d.csv.gz", "--text", "note", "--into", "new"), "d.csv.gz", "bomb")
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress((b" " * 1023 + b"\n") * (80 << 10), 9))
    refused(run("tell", "b.jsonl.gz"), "b.jsonl.gz", "bomb")
    kept()


def test_a_parquet_file_cut_in_half(run, refused, told, kept, tmp_path):
    whole = io.BytesIO()
    pq.write_table(pa.table({"id": [f"t{i}" for i in range(60)], "label": ["fruit"] * 60}), whole)
    for size in (len(whole.getvalue()) // 2, 4, 8, len(whole.getvalue()) - 1):
        (tmp_path / "d.parquet").write_bytes(whole.getvalue()[:size])
        refused(run("init", "d.parquet", "--text", "label", "--into", "new"), "d.parquet")
        refused(run("tell", "d.parquet"), "d.parquet")
    kept()


# Projects


@pytest.mark.parametrize("file", ["asklearn.toml", "pool/manifest.json"])
def test_a_newer_project(run, refused, told, kept, tmp_path, file):
    held = (tmp_path / file).read_text()
    newer = re.sub(r'("?format"?\s*[=:]\s*)\d+', r"\g<1>99", held, count=1)
    assert newer != held
    (tmp_path / file).write_text(newer)
    for words in (["ask"], ["status"], ["tell", "told.csv"], ["export", "-o", "x.csv"], ["label"]):
        refused(run(*words), "format 99", "pip install -U asklearn")
    assert run("doctor").exit_code == 1
    assert (tmp_path / file).read_text() == newer
    kept()


def test_a_newer_journal(run, refused, told, tmp_path):
    import sqlite3

    with sqlite3.connect(tmp_path / "journal.db") as database:
        changed = database.execute("UPDATE meta SET value = '99' WHERE name LIKE '%format%'").rowcount
    assert changed == 1
    for words in (["ask"], ["status"], ["tell", "told.csv"]):
        refused(run(*words), "99", "Upgrade")
    with sqlite3.connect(tmp_path / "journal.db") as database:
        assert database.execute("SELECT count(*) FROM event").fetchone() == (len(told),)


def test_a_corrupted_tail_is_reported_and_set_aside(run, refused, told, tmp_path):
    """The last event is damaged: the others are kept, the damaged file is set aside, and both are told."""
    import sqlite3

    with sqlite3.connect(tmp_path / "journal.db") as database:
        database.execute("UPDATE event SET body = 'x' || body WHERE position = ?", (len(told),))
    for words in (["status"], ["ask"], ["tell", "told.csv"]):
        refused(run(*words), "is damaged", f"first {len(told) - 1} events are intact", "doctor --repair")
    done = run("doctor", "--repair")
    assert done.exit_code == 0, done.output
    assert f"{len(told) - 1} events kept" in done.stdout
    assert "1 lost" in done.stdout
    aside = re.search(r"journal\S*damaged\S*", done.stdout.replace("\n", ""))
    assert aside, done.stdout
    assert events(tmp_path) == told[:-1]
    assert run("status").exit_code == 0
    assert run("tell", "told.csv").stdout.startswith("1 label recorded (11 were known)")


def test_a_full_disk_during_tell(run, told, kept, project, tmp_path):
    """A limit of file size stands for a full disk: SQLite is refused the same way."""
    write_csv(tmp_path / "b.csv", [["id", "label"], *([f"t{i}", project[f"t{i}"]] for i in range(20, 60))])
    limit = 36 << 10  # less than the write-ahead log of forty labels needs
    limited = process("tell", "b.csv", cwd=tmp_path,
                      preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))  # fmt: skip
    out, err = limited.communicate()
    assert limited.returncode == 1, out + err
    assert err.startswith("Error: ")
    assert "could not be stored" in err
    assert "recorded" not in out
    kept()
    assert run("tell", "b.csv").stdout.startswith("40 labels recorded")
    kept(more=40)


def test_two_processes_tell_and_ask_at_once(told, kept, project, tmp_path):
    for name, start in (("one.csv", 20), ("two.csv", 30)):
        rows = [[f"t{i}", project[f"t{i}"]] for i in range(start, start + 10)]
        write_csv(tmp_path / name, [["id", "label"], *rows])
    running = [process("tell", name, cwd=tmp_path) for name in ("one.csv", "two.csv")]
    assert [one.communicate()[1] for one in running] == ["", ""]
    kept(more=20)
    running = [process("ask", "-n", 5, cwd=tmp_path) for _ in range(2)]
    shown = [one.communicate() for one in running]
    assert [err for _, err in shown] == ["", ""]
    asked = [line.partition(",")[0] for out, _ in shown for line in out.splitlines()[1:]]
    assert len(asked) == len(set(asked)) == 10


_INTERRUPTED = """
import os, signal, sys, threading, time
from asklearn.__main__ import run
import asklearn.cli
def stop(after=float(sys.argv.pop(1))):
    until = time.process_time() + after
    while time.process_time() < until:
        time.sleep(0.005)
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=stop, daemon=True).start()
run()
"""
COMMANDS = {
    "init": "init things.csv --text note --id code --into new",
    "ask": "ask -n 5 -o sheet.csv",
    "tell": "tell more.csv",
    "label": "label",
    "status": "status",
    "export": "export -o out.parquet --what predictions",
    "doctor": "doctor",
    "simulate": "simulate things.csv --label kind --text note --out result.json --seeds 50",
    "demo": "demo --out demo.html --jobs 1",
    "add": "add more_things.csv",
    "report": "report -o page.html",
}


@pytest.mark.parametrize(
    "after", [0.4, *(pytest.param(after, marks=pytest.mark.slow) for after in (0.05, 0.2, 0.7, 1.0, 1.5))]
)
@pytest.mark.parametrize("name", COMMANDS)
def test_ctrl_c(run, told, kept, project, tmp_path, name, after):
    """Interrupted after so many seconds of work, a command ends quietly; what it was doing can be done again."""
    write_csv(tmp_path / "more.csv", [["id", "label"], *([f"t{i}", project[f"t{i}"]] for i in range(20, 60))])
    write_csv(tmp_path / "more_things.csv", [["code", "note"], *([f"n{i}", f"apple {i}"] for i in range(30))])
    running = subprocess.Popen(
        [sys.executable, "-c", _INTERRUPTED, str(after), *COMMANDS[name].split()], cwd=tmp_path, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    try:
        out, err = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode in (0, 130, -signal.SIGINT), out + err
    assert "Traceback" not in err, err
    now = events(tmp_path)
    assert now[: len(told)] == told
    if name == "tell":
        assert len(now) - len(told) in (0, 40)
        assert ("recorded" not in out) or len(now) - len(told) == 40
    if name == "init" and running.returncode:
        assert run(*COMMANDS[name].split()).exit_code == 0
        assert run("doctor", "-p", "new").exit_code == 0
    assert run("doctor").exit_code == 0
    assert not [one.name for one in tmp_path.rglob(".*") if one.is_file()]


# Models


class _Raises:
    def fit(self, X, y):
        raise RuntimeError("out of luck")

    def predict_proba(self, X):
        return np.full((len(X), 3), 1 / 3)

    def get_params(self, deep=True):
        return {}

    def set_params(self, **_):
        return self


class _Nan(_Raises):
    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return np.full((len(X), len(self.classes_)), np.nan)


@pytest.mark.parametrize(("model", "words"), [(_Raises, ["out of luck"]), (_Nan, ["finite", "nan"])])
def test_a_model_that_fails(run, refused, things, fill, tmp_path, model, words):
    register("models", "failing")(model)
    try:
        done = run(
            "init", "things.csv", "--text", "note", "--id", "code", "--model", "failing", "--audit", 0.3
        )
        assert done.exit_code == 0, done.output
        assert run("ask", "-n", 40, "-o", "asked.csv").exit_code == 0
        fill("asked.csv", things)
        assert run("tell", "asked.csv").stdout.startswith("40 labels recorded")
        before = events(tmp_path)
        for command in (["ask", "-n", 5], ["status"], ["export", "-o", "p.csv", "--what", "predictions"]):
            refused(run(*command), *words)
        assert events(tmp_path)[: len(before)] == before
        assert len(labels(tmp_path)) == 40
        assert run("export", "-o", "l.csv").exit_code == 0
    finally:
        unregister("models", "failing")


# The terminal


@pytest.mark.parametrize("encoding", [None, "ascii"])
def test_a_locale_that_is_not_utf8(tmp_path, encoding):
    """Texts, labels and names outside ASCII go through every command, whatever the terminal can show."""
    env = {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    env |= {"PYTHONIOENCODING": encoding} if encoding else {}
    rows = [[f"é{i}", f"größe 日本 {i % 5} 😀"] for i in range(30)]
    write_csv(tmp_path / "d.csv", [["code", "note"], *rows])
    write_csv(
        tmp_path / "b.csv", [["id", "label"], *([f"é{i}", "süß" if i % 2 else "bitter"] for i in range(10))]
    )
    write_csv(tmp_path / "wrong.csv", [["id", "label"], ["é11", "sü"]])
    init = ["init", "d.csv", "--text", "note", "--id", "code", "--encoder", "text(dim=4)"]
    shown = [
        (["tell", "wrong.csv"], 1, ""),
        (["ask", "-n", "3"], 0, ""),
        (["status"], 0, ""),
        (["label"], 0, "12q"),
    ]
    written = [(["ask", "-n", "3", "-o", "s.csv"], 0, ""), (["export", "-o", "out.csv"], 0, "")]
    for words, status, keys in [(init, 0, ""), (["tell", "b.csv", "--new-labels"], 0, ""), *shown, *written]:
        running = process(*words, cwd=tmp_path, env=env)
        out, err = running.communicate(keys)
        assert running.returncode == status, (words, out, err)
        assert "Traceback" not in err
        assert err.startswith("Error: ") == bool(status)
    assert labels(tmp_path)["é1"] == "süß"
    assert "süß" in (tmp_path / "out.csv").read_text(encoding="utf-8")
