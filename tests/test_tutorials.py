"""The tutorials, run from the raw file to a model that a fresh process loads; a program fills the sheets in.

A page says what a reader has and does in comments that are not shown::

    <!-- data NAME as FILE with COLUMNS where split is train -->    write a file without its labels
    <!-- images NAME as FOLDER where split is train -->             write images as files
    <!-- fill SHEET -->                                             type the true label into every row
    <!-- keys KEYS -->                                              what the next command is typed
    <!-- expect WORDS -->                                           what the last command printed

Blocks of ``csv`` and ``python`` are saved under the name that stands before them; of ``console``, every line runs.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from asklearn.cli import main

DOCS = Path(__file__).resolve().parents[1] / "docs"
STEP = re.compile(r"^<!-- (data|images|fill|keys|expect) (.*?) -->$|^```(\w+)\n(.*?)^```", re.M | re.S)
GOOD = {"tutorial-text": 0.5, "tutorial-images": 0.5, "tutorial-table": 0.76}
"""The accuracy that the exported model must reach on items that entered last; chance is 0.05, 0.1, 0.5."""


def steps(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield kind, content and, for a file, its name."""
    for found in STEP.finditer(text):
        comment, words, language, code = found.groups()
        if comment:
            yield comment, words, ""
        elif language in ("csv", "python"):
            ending = {"csv": "csv", "python": "py"}[language]
            named = re.findall(rf"`([\w-]+\.{ending})`", text[: found.start()])
            yield "file", code, named[-1]
        elif language == "console":
            yield "console", code, ""


class Reader:
    """Follows a page in a folder, and remembers what is true of each item."""

    def __init__(self, folder: Path, data: Path) -> None:
        self.folder, self.data_folder = folder, data
        self.truth: dict[str, str] = {}
        self.last: dict[str, Any] = {}
        self.typed, self.said, self.commands = "", "", 0

    def data(self, words: str) -> None:
        """Write rows of a data set as a file, without the label."""
        name, file, columns, split = re.fullmatch(
            r"(\S+) as (\S+) with (\S+) where split is (\w+)", words
        ).groups()
        table = self._rows(name, split)
        self._remember(table, [str(one) for one in table["id"].to_pylist()])
        kept = columns.split(",") if "*" not in columns else [
            one for one in table.column_names if one not in columns.removeprefix("*-").split(",")
        ]  # fmt: skip
        assert "label" not in kept
        write = pyarrow.csv.write_csv if file.endswith(".csv") else pq.write_table
        write(table.select(kept), self.folder / file)
        self.last |= {"columns": {one: table[one].to_pylist() for one in kept if one != "id"}}

    def images(self, words: str) -> None:
        """Write the images of a data set as files, named by their ids."""
        name, folder, split = re.fullmatch(r"(\S+) as (\S+) where split is (\w+)", words).groups()
        table = self._rows(name, split)
        ids = [f"{one}.jpg" for one in table["id"].to_pylist()]
        self._remember(table, ids)
        (self.folder / folder).mkdir()
        for one, image in zip(ids, table["image"].to_pylist(), strict=True):
            (self.folder / folder / one).write_bytes(image)
        self.last |= {"paths": [f"{folder}/{one}" for one in ids]}

    def _rows(self, name: str, split: str) -> Any:
        table = pq.read_table(self.data_folder / f"{name}.parquet")
        return table.filter(pyarrow.compute.equal(table["split"], split))

    def _remember(self, table: Any, ids: list[str]) -> None:
        labels = [str(one) for one in table["label"].to_pylist()]
        self.truth |= dict(zip(ids, labels, strict=True))
        self.last = {"labels": labels}

    def fill(self, words: str) -> None:
        """Type the true label into every row of a sheet, as a spreadsheet saves it."""
        path = self.folder / words
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        assert rows
        assert not any(row["label"] for row in rows)
        for row in rows:
            row["label"] = self.truth[row["id"]]
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter=";")
            writer.writeheader()
            writer.writerows(rows)

    def keys(self, words: str) -> None:
        """Remember what the next command is typed."""
        self.typed = words

    def expect(self, words: str) -> None:
        """Check what the last command printed."""
        for word in words.split():
            assert word in self.said

    def file(self, content: str, name: str) -> None:
        """Save a file."""
        (self.folder / name).write_text(content, encoding="utf-8")

    def console(self, lines: str) -> None:
        """Run every line: of asklearn in this process, of Python in a fresh one."""
        for line in lines.splitlines():
            program, *words = shlex.split(line, comments=True)
            if program == "asklearn":
                done = CliRunner().invoke(main, words, input=self.typed)
                assert done.exit_code == 0, f"{line}\n{done.output}"
                self.said, self.typed = done.output, ""
            else:
                assert program == "python"
                self.said = python(*words, cwd=self.folder)
            self.commands += 1


def python(*words: str, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, *words], cwd=cwd, text=True, capture_output=True, check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


PREDICT = """
import json, sys
from asklearn.saved_model import load_model
model = load_model("model")
print(json.dumps([str(one) for one in model.predict(json.load(open("items.json")))]))
"""


def follow(page: Path, folder: Path, data: Path) -> Reader:
    """Do what a page says."""
    reader = Reader(folder, data)
    for kind, content, name in steps(page.read_text(encoding="utf-8")):
        getattr(reader, kind)(content, *([name] if name else []))
    return reader


def exported(folder: Path) -> dict[str, str]:
    """Return the labels that a tutorial exported, by id."""
    (file,) = folder.glob("labels.*")
    if file.suffix == ".parquet":
        rows = pq.read_table(file).to_pylist()
    elif file.suffix == ".jsonl":
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    else:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            rows = list(csv.DictReader(opened))
    return {str(row["id"]): row["label"] for row in rows}


def test_the_csv_tutorial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    reader = follow(DOCS / "tutorial-csv.md", tmp_path, tmp_path)
    assert reader.commands > 5
    assert len(exported(tmp_path)) == 7


@pytest.mark.data
@pytest.mark.parametrize("name", GOOD)
def test_a_tutorial_on_real_data(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: Path):
    """Every label that was told is in the export; the model predicts in a process that knows nothing else."""
    monkeypatch.chdir(tmp_path)
    reader = follow(DOCS / f"{name}.md", tmp_path, data)
    assert reader.commands > 10
    labels = exported(tmp_path)
    assert len(labels) >= 260
    assert all(reader.truth[item] == label for item, label in labels.items())
    assert "http://" not in (tmp_path / "report.html").read_text(encoding="utf-8").replace(
        "http://www.w3.org", ""
    )
    items = reader.last.get("paths") or reader.last["columns"]
    (tmp_path / "items.json").write_text(json.dumps(items), encoding="utf-8")
    predicted = json.loads(python("-c", PREDICT, cwd=tmp_path))
    right = sum(one == other for one, other in zip(predicted, reader.last["labels"], strict=True))
    assert right / len(predicted) > GOOD[name]


def test_every_tutorial_is_run():
    pages = {page.stem for page in DOCS.glob("tutorial-*.md")}
    by_test_docs = {"tutorial-library", "tutorial-worth"}
    assert pages == {*GOOD, "tutorial-csv", *by_test_docs}


def test_a_wrong_command_and_a_wrong_expectation_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    for wrong in ("```console\nasklearn tell gone.csv\n```\n", "```console\npython gone.py\n```\n",
                  "```console\nasklearn --version\n```\n<!-- expect 99.9 -->\n"):  # fmt: skip
        (tmp_path / "page.md").write_text(wrong, encoding="utf-8")
        with pytest.raises(AssertionError):
            follow(tmp_path / "page.md", tmp_path, tmp_path)
