"""Finished runs on disk, a line each, so that a simulation goes on where it stopped."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from asklearn.dataset import Dataset
from asklearn.errors import BadInput
from asklearn.simulate.replay import Run

FORMAT = 1
_SAID = {"asklearn": "version of asklearn"}


class Kept:
    """The finished runs of one data set.

    A line is written at once when its run has finished. One that a crash cut short is passed over, and its run is
    made again.

    Parameters
    ----------
    folder : Path
        Where the files of runs are, one per data set; made where there is none.
    name : str
        The data set's name.
    settings : mapping
        What every run of the file shares: sizes, metric, model, audit.

    Raises
    ------
    BadInput
        If the runs that are there were made with other settings or by another version.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> kept = Kept(folder, "digits", {"budget": 40})
    >>> kept.add({"strategy": "margin", "seed": 0, "score": [0.5]})
    >>> Kept(folder, "digits", {"budget": 40}).runs["margin", 0]["score"]
    [0.5]
    >>> Kept(folder, "digits", {"budget": 60})
    Traceback (most recent call last):
        ...
    asklearn.errors.BadInput: digits.jsonl holds runs with budget=40. Got budget=60. Give the same again, or ...
    """

    def __init__(self, folder: Path, name: str, settings: Mapping[str, Any]) -> None:
        self.path = folder / f"{quote(name, safe=' ')}.jsonl"
        self.runs: dict[tuple[str, int], Run] = {}
        self.full_data_score: float | None = None
        self._head = {"format": FORMAT, **settings, "asklearn": version("asklearn")}
        folder.mkdir(parents=True, exist_ok=True)
        self._said = self._read()

    def bind(self, data: Dataset) -> None:
        """Check that the runs are of these items, and write down which they are before the first run.

        Raises
        ------
        BadInput
            If they are of others: the file has changed, or its columns, or the encoder.
        """
        items = {"encoder": data.encoder, "items": _digest(data)}
        if self._said is None:
            self._write({"head": {**self._head, **items}})
            self._said = {**self._head, **items}
        elif self._said.get("items", items["items"]) != items["items"]:
            raise BadInput(
                f"{self.path.name} holds runs on other items or features than {data.name} has now: the data, its "
                f"columns or the encoder ({self._said.get('encoder')}, now {data.encoder}) have changed. Give the "
                "same again, or another results folder."
            )

    def add(self, run: Run) -> None:
        """Keep a run that has finished."""
        if self._said is None:
            self._write({"head": self._head})
            self._said = self._head
        self._write({"run": run})
        self.runs[run["strategy"], run["seed"]] = run

    def add_full(self, score: float) -> None:
        """Keep the score of the model trained on every label."""
        self._write({"full_data_score": score})
        self.full_data_score = score

    def _read(self) -> dict[str, Any] | None:
        head = None
        lines = self.path.read_text("utf-8").splitlines() if self.path.exists() else []
        for line in lines:
            try:
                found = json.loads(line)
            except ValueError:
                continue
            if "head" in found:
                head = found["head"]
                self._check(head)
            elif "run" in found:
                self.runs[found["run"]["strategy"], found["run"]["seed"]] = found["run"]
            elif "full_data_score" in found:
                self.full_data_score = found["full_data_score"]
        if head is None and any(lines):
            raise BadInput(
                f"{self.path} is not a file of finished runs, or its first line is damaged. Give another folder."
            )
        return head

    def _check(self, head: Mapping[str, Any]) -> None:
        other = [key for key in self._head if head.get(key) != self._head[key]]
        if other:
            before, now = (
                ", ".join(f"{_SAID.get(key, key)}={one.get(key)}" for key in other)
                for one in (head, self._head)
            )
            raise BadInput(
                f"{self.path.name} holds runs with {before}. Got {now}. Give the same again, or another results "
                "folder; strategies and seeds may be added."
            )

    def _write(self, content: Mapping[str, Any]) -> None:
        with self.path.open("a", encoding="utf-8") as lines:
            lines.write("\n" + json.dumps(content, allow_nan=False) + "\n")
            lines.flush()
            os.fsync(lines.fileno())


def _digest(data: Dataset) -> str:
    digest = blake2b(digest_size=16)
    for part in (data.X_pool, data.X_test, data.ids):
        digest.update(np.ascontiguousarray(part).data)
    digest.update(json.dumps([list(map(str, data.y_pool)), list(map(str, data.y_test))]).encode())
    return digest.hexdigest()
