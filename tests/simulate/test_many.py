"""Many data sets: resumed, interrupted, refused, and the same numbers however they came about."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asklearn.dataset import Dataset
from asklearn.errors import BadInput, Conflict
from asklearn.files import locked
from asklearn.simulate import simulate, simulate_many

SIZES: dict[str, Any] = {
    "start": 8, "batch": 8, "budget": 24, "seeds": 2, "model": "logistic(C=10.0, temperature=1.0)",
}  # fmt: skip
NAMES = ["random", "margin"]


def blobs(seed: int) -> Dataset:
    rng = np.random.default_rng(seed)
    y = rng.integers(3, size=120)
    X = rng.normal(size=(120, 2)) + np.eye(3)[y][:, :2] * 2
    return Dataset(f"blobs{seed}", "none", X[:80], y[:80].tolist(), X[80:], y[80:].tolist(), np.arange(80))


LOADERS: dict[str, Callable[[], Dataset]] = {f"blobs{seed}": lambda seed=seed: blobs(seed) for seed in (1, 2)}


def plain(found: dict[str, Any]) -> Any:
    """Without times, which differ from run to run."""
    return json.loads(
        json.dumps(found),
        object_hook=lambda one: {k: v for k, v in one.items() if k not in ("seconds", "kept")},
    )


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    return simulate_many(LOADERS, NAMES, **SIZES)


def test_each_data_set_has_the_result_of_a_simulation_of_its_own(whole: dict[str, Any]) -> None:
    for one, name in zip(whole["datasets"], LOADERS, strict=True):
        assert plain(one) == plain(simulate(LOADERS[name](), NAMES, **SIZES))
    assert whole["comparison"]["datasets"] == list(LOADERS)
    assert (whole["complete"], whole["left_out"]) == (True, {})
    json.dumps(whole, allow_nan=False)


@pytest.mark.parametrize("stop_at", [1, 4, 8])
def test_interrupted_and_resumed_it_is_the_same_and_nothing_is_run_twice(
    tmp_path: Path, whole: dict[str, Any], stop_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, int, int]] = []

    def stop(name: str, done: int, total: int) -> None:
        told.append((name, done, total))
        if len(told) == stop_at:
            raise KeyboardInterrupt

    first = simulate_many(LOADERS, NAMES, **SIZES, results=tmp_path, progress=stop)
    assert not first["complete"]
    assert told[-1][1:] == (stop_at, 12)
    rest: list[int] = []
    again = simulate_many(
        LOADERS, NAMES, **SIZES, results=tmp_path, progress=lambda _, done, total: rest.append(total)
    )
    assert rest == [12 - stop_at] * (12 - stop_at)
    assert plain(again) == plain(whole)
    monkeypatch.setattr("asklearn.simulate.workers.run_one", None)
    assert plain(simulate_many(LOADERS, NAMES, **SIZES, results=tmp_path)) == plain(whole)


def test_seeds_and_strategies_may_be_added(tmp_path: Path, whole: dict[str, Any]) -> None:
    simulate_many(LOADERS, ["random"], **{**SIZES, "seeds": 1}, results=tmp_path)
    told: list[int] = []
    found = simulate_many(LOADERS, NAMES, **SIZES, results=tmp_path, progress=lambda *a: told.append(a[2]))
    assert set(told) == {12 - 4}
    assert plain(found) == plain(whole)


def test_other_settings_are_refused_before_any_data_is_read(tmp_path: Path) -> None:
    simulate_many({"blobs1": LOADERS["blobs1"]}, ["margin"], **{**SIZES, "seeds": 1}, results=tmp_path)

    def never() -> Dataset:
        raise AssertionError("loaded")

    with pytest.raises(BadInput, match=r"with budget=24\. Got budget=32"):
        simulate_many({"new": never, "blobs1": never}, NAMES, **{**SIZES, "budget": 32}, results=tmp_path)


def test_data_that_has_changed_is_left_out_and_told(tmp_path: Path) -> None:
    simulate_many(LOADERS, ["margin"], **{**SIZES, "seeds": 1}, results=tmp_path)
    changed = {**LOADERS, "blobs1": lambda: replace(blobs(1), X_test=blobs(3).X_test)}
    found = simulate_many(changed, ["margin"], **{**SIZES, "seeds": 1}, results=tmp_path)
    assert "on other items" in found["left_out"]["blobs1"]
    assert [one["dataset"] for one in found["datasets"]] == ["blobs2"]


def test_a_data_set_that_is_too_small_is_left_out_and_the_others_run() -> None:
    def tiny() -> Dataset:
        return replace(blobs(1), X_pool=blobs(1).X_pool[:20], y_pool=blobs(1).y_pool[:20])

    found = simulate_many({"tiny": tiny, **LOADERS}, ["margin"], **{**SIZES, "seeds": 1})
    assert "A budget of 24" in found["left_out"]["tiny"]
    assert len(found["datasets"]) == 2
    with pytest.raises(BadInput, match="A budget of 24"):
        simulate_many({"tiny": tiny}, ["margin"], **{**SIZES, "seeds": 1})


def test_two_at_once_are_refused(tmp_path: Path) -> None:
    with locked(tmp_path / ".lock", "mine"), pytest.raises(Conflict, match="Another simulation is at work"):
        simulate_many(LOADERS, NAMES, **SIZES, results=tmp_path)


def test_no_data_set_and_a_folder_that_cannot_be_made_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="at least one data set"):
        simulate_many({}, NAMES, **SIZES)
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="Cannot make the folder"):
        simulate_many(LOADERS, NAMES, **SIZES, results=tmp_path / "file" / "x")
