"""Finished runs survive whatever happens, and never mix with runs of another kind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asklearn.dataset import Dataset
from asklearn.errors import BadInput
from asklearn.simulate.kept import Kept

SETTINGS = {"budget": 40, "model": "logistic"}
RUN: dict[str, Any] = {"strategy": "margin", "seed": 0, "score": [0.1, 1 / 3]}
DATA = Dataset("a", "none", np.eye(3), ["x", "y", "x"], np.eye(3)[:1], ["x"], np.arange(3))


def test_what_was_added_is_read_back_exactly(tmp_path: Path) -> None:
    kept = Kept(tmp_path, "a", SETTINGS)
    kept.bind(DATA)
    kept.add(RUN)
    kept.add_full(0.9)
    again = Kept(tmp_path, "a", SETTINGS)
    again.bind(DATA)
    assert again.runs == {("margin", 0): RUN}
    assert again.full_data_score == 0.9


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_a_line_cut_short_loses_only_itself(tmp_path: Path, cut: int) -> None:
    kept = Kept(tmp_path, "a", SETTINGS)
    kept.add(RUN)
    kept.add({**RUN, "seed": 1})
    content = kept.path.read_bytes().rstrip()
    kept.path.write_bytes(content[:-cut])
    torn = Kept(tmp_path, "a", SETTINGS)
    assert set(torn.runs) == {("margin", 0)}
    torn.add({**RUN, "seed": 2})
    assert set(Kept(tmp_path, "a", SETTINGS).runs) == {("margin", 0), ("margin", 2)}


def test_other_settings_and_versions_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept(tmp_path, "a", SETTINGS)
    kept.add(RUN)
    with pytest.raises(BadInput, match=r"a\.jsonl holds runs with budget=40. Got budget=60"):
        Kept(tmp_path, "a", {**SETTINGS, "budget": 60})
    monkeypatch.setattr("asklearn.simulate.kept.version", lambda _: "99.0")
    with pytest.raises(BadInput, match=r"version of asklearn=.*Got version of asklearn=99\.0"):
        Kept(tmp_path, "a", SETTINGS)


@pytest.mark.parametrize(
    "changed",
    [{"X_pool": np.eye(3) * 2}, {"y_pool": ["x", "x", "y"]}, {"X_test": np.zeros((1, 3))}, {"y_test": ["y"]},
     {"ids": np.arange(3) + 1}],
)  # fmt: skip
def test_other_items_are_refused(tmp_path: Path, changed: dict[str, Any]) -> None:
    Kept(tmp_path, "a", SETTINGS).bind(DATA)
    with pytest.raises(BadInput, match="on other items or features than a has now"):
        Kept(tmp_path, "a", SETTINGS).bind(replace(DATA, **changed))


def test_a_file_that_holds_no_runs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("these are\nmy notes\n")
    with pytest.raises(BadInput, match="not a file of finished runs"):
        Kept(tmp_path, "a", SETTINGS)


def test_a_name_is_no_path(tmp_path: Path) -> None:
    Kept(tmp_path / "runs", "../b", SETTINGS).add(RUN)
    assert [one.name for one in (tmp_path / "runs").iterdir()] == ["..%2Fb.jsonl"]
