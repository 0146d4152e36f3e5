"""The worker: it keeps the queue filled, trains when labels came, and can be killed at any time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asklearn.errors import NotStored
from asklearn.importing import add
from asklearn.journal import open_state
from asklearn.journals.sql import SqlJournal
from asklearn.project import Project, tell
from asklearn.server import worker as workers
from asklearn.server.board import OUTLOOK, STANDING, Board
from asklearn.server.options import Options
from asklearn.server.worker import Worker
from asklearn.state import State, Status


def truth(project: Project, item: int) -> str:
    return "good" if item % 2 == 0 else "bad"


def standing(project: Project) -> dict[str, Any]:
    found: dict[str, Any] = Board(project.journal).get(STANDING)
    return found


def test_it_asks_before_the_queue_runs_dry_and_trains_on_new_labels(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "LOW", 10)
    monkeypatch.setattr(workers, "BATCH", 20)
    worker = Worker(project.folder, Options(refresh_labels=10, refresh_seconds=1e9))
    assert worker.step()
    assert len(worker.learner.pending) == 20
    assert not worker.step()
    told = worker.learner.pending[:10]
    tell(project.learner, [(item, truth(project, item)) for item in told], "ann")
    assert worker.step()
    assert not worker.step()  # it measures beside it
    worker.measuring.wait()
    assert not worker.step()
    said = standing(project)
    assert (said["model"], said["labels"], said["doing"], said["pid"]) == (1, 10, "idle", os.getpid())
    assert any(one.name == "accuracy" for one in worker.learner.state.measured)
    assert not worker.step()
    tell(project.learner, [(worker.learner.pending[0], "good")], "ann")
    assert worker.step()  # the queue is low
    assert not worker.step()  # one new label is not worth a training


def test_it_asks_for_twice_what_people_hold(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "LOW", 10)
    worker = Worker(project.folder)
    assert worker.step()
    held = [(item, 1) for item in worker.learner.pending[:15]]
    worker.leases.take(held, "ann", until=time.time() + 60, now=time.time(), most=15)
    assert worker.step()
    assert len(worker.learner.pending) == 40
    assert not worker.step()


def test_a_few_labels_are_trained_on_after_a_while(project: Project) -> None:
    worker = Worker(project.folder, Options(refresh_labels=1000, refresh_seconds=0.0))
    worker.step()
    tell(project.learner, [(item, truth(project, item)) for item in worker.learner.pending[:6]], "ann")
    assert worker.step()
    assert worker.learner.state.fits[-1].labels == 6


def test_an_error_is_said_and_the_next_round_tries_again(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = Worker(project.folder)
    steps = iter([NotStored("the disk is full"), KeyboardInterrupt()])

    def step() -> bool:
        raise next(steps)

    monkeypatch.setattr(worker, "step", step)
    monkeypatch.setattr(workers, "PAUSE", 0.0)
    with pytest.raises(KeyboardInterrupt):
        worker.run()
    said = standing(project)
    assert (said["doing"], said["error"]) == ("failing", "the disk is full")


def test_a_model_that_cannot_train_leaves_the_last_one_serving(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = Worker(project.folder, Options(refresh_labels=5, refresh_seconds=1e9))
    worker.step()
    items = worker.learner.pending
    tell(project.learner, [(item, truth(project, item)) for item in items[:10]], "ann")
    assert worker.step()
    tell(project.learner, [(item, truth(project, item)) for item in items[10:20]], "ann")
    monkeypatch.setattr(workers, "PAUSE", 0.0)
    refresh = worker.learner.refresh
    failures = iter([MemoryError("Unable to allocate 3 GiB"), ValueError("not this model")])
    said = []

    def failing() -> None:
        said.append(standing(project)["error"])
        error = next(failures, None)
        if error is not None:
            raise error
        refresh()
        raise KeyboardInterrupt

    monkeypatch.setattr(worker.learner, "refresh", failing)
    with pytest.raises(KeyboardInterrupt):
        worker.run()
    assert "too little memory to go on (Unable to allocate 3 GiB)" in said[1]
    assert said[2] == "ValueError: not this model"
    assert [fit.labels for fit in project.learner.state.fits] == [10, 20]


def test_a_measurement_that_dies_is_said_and_the_next_model_is_measured(project: Project) -> None:
    worker = Worker(project.folder, Options(refresh_labels=5, refresh_seconds=1e9))
    worker.measuring.start(lambda: os.kill(os.getpid(), signal.SIGKILL))
    worker.measuring.wait()
    worker.step()
    assert not worker.step()
    assert "could not be measured: it was killed" in standing(project)["error"]
    told = worker.learner.pending[:10]
    tell(project.learner, [(item, truth(project, item)) for item in told], "ann")
    while worker.step():
        pass
    worker.measuring.wait()
    assert not worker.step()
    assert standing(project)["error"] == ""
    assert any(one.model == 1 for one in worker.learner.state.measured)


def test_measuring_sees_no_label_that_comes_meanwhile_and_says_what_lies_ahead(project: Project) -> None:
    worker = Worker(project.folder, Options(refresh_labels=5, refresh_seconds=0.0))
    worker.step()
    tell(project.learner, [(item, truth(project, item)) for item in range(0, 20)], "ann")
    assert worker.step()
    tell(project.learner, [(item, truth(project, item)) for item in range(20, 40)], "ann")
    assert len(list(worker.learner.state.answers())) == 40
    worker.measuring.start(lambda: worker._measured(False))
    worker.measuring.wait()
    outlook = Board(project.journal).get(OUTLOOK)
    assert (outlook["labels"], outlook["forecast"]["labels"]) == (20, 40)
    assert outlook["forecast"]["low"] <= outlook["forecast"]["value"] <= outlook["forecast"]["high"]
    assert [one.labels for one in worker.learner.state.measured if one.name == "accuracy"] == [20]
    assert [fit.labels for fit in worker.learner.state.fits] == [20]


def test_items_that_are_added_meanwhile_are_taken_in(project: Project, tmp_path: Path) -> None:
    serving = Project(project.folder)
    assert len(serving.payload([0, 79])) == 2
    worker = Worker(project.folder, Options(refresh_labels=5, refresh_seconds=1e9))
    worker.step()
    tell(project.learner, [(item, truth(project, item)) for item in range(10)], "ann")
    worker.step()
    for part in range(2):
        (tmp_path / f"more{part}.csv").write_text("review,truth\n" + f"fine and new {part},good\n" * 30)
        add(project.folder, tmp_path / f"more{part}.csv")
    assert worker.step()
    assert (len(worker.project.features), worker.learner.state.rows) == (140, 140)
    assert worker.learner.state.fits[-1].labels == 10
    assert [one["review"] for one in serving.payload([80, 139])] == ["fine and new 0", "fine and new 1"]


def _until(state: Callable[[], State], reached: Callable[[State], bool], seconds: float = 90.0) -> State:
    end = time.monotonic() + seconds
    while not reached(state()):
        assert time.monotonic() < end, "the worker did not get there"
        time.sleep(0.1)
    return state()


def test_killed_in_its_work_another_one_goes_on(project: Project) -> None:
    command = [
        sys.executable,
        "-c",
        f"from asklearn.server.worker import work; work({str(project.folder)!r})",
    ]

    def state() -> State:
        return open_state(SqlJournal(project.journal))

    first = subprocess.Popen(command)
    asked = _until(state, lambda one: len(one.asks) > 0)
    first.send_signal(signal.SIGKILL)
    first.wait()
    items = [item for item in asked.asks if asked.status(item) is Status.ASKED]
    tell(project.learner, [(item, truth(project, item)) for item in items[:20]], "ann")
    second = subprocess.Popen(command)
    try:
        found = _until(state, lambda one: bool(one.fits))
    finally:
        second.terminate()
        second.wait()
    assert found.fits[-1].labels == 20
    assert len(list(found.answers())) == 20


def test_with_nothing_left_to_ask_it_rests_until_labels_are_worth_a_training(project: Project) -> None:
    project.learner.ask(80)
    worker = Worker(project.folder, Options(refresh_labels=60, refresh_seconds=1e9))
    tell(project.learner, [(item, truth(project, item)) for item in range(50)], "ann")
    assert worker.step()  # few are open: it finds that nothing is left, having trained to see what to ask
    tell(project.learner, [(item, truth(project, item)) for item in range(50, 55)], "ann")
    assert not worker.step()
    said = standing(project)
    assert (said["doing"], [fit.labels for fit in worker.learner.state.fits]) == ("idle", [50])
