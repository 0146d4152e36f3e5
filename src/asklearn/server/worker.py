"""The process that trains: it asks further items before the open ones run out, and measures when it is idle.

It works through the journal alone, like any learner: what it is killed in the midst of is done again by the
next one. How it fares is written to a file that the server reads.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from asklearn.errors import AskLearnError, NotFitted, PoolExhausted
from asklearn.files import replacing
from asklearn.learner import ActiveLearner
from asklearn.project import Project
from asklearn.server.leases import Leases

STATUS = "worker.json"
PAUSE = 0.25
NEW_LABELS = 20
NEW_SECONDS = 15.0
LOW, BATCH = 40, 20
"""Ask so many more where fewer are open: small rounds, since the audit counts a round when it is answered."""


class Worker:
    """One project's training, round after round.

    Parameters
    ----------
    folder : Path
        Of the project.
    labels, seconds : int, float
        Train anew after so many new labels, or after so many seconds with any.
    """

    def __init__(self, folder: Path, *, labels: int = NEW_LABELS, seconds: float = NEW_SECONDS) -> None:
        self.folder = folder
        self.labels, self.seconds = labels, seconds
        project = Project(folder)
        self.learner: ActiveLearner = project.learner
        self.leases = Leases(project.journal)
        self._parent = os.getppid()
        self._exhausted: int | None = None  # how many items there were when none was left to ask
        self._fitted_at = 0.0
        self._replied_at = 0

    def run(self) -> None:
        """Work until the process ends, or the server that started it has."""
        self._say("idle")
        while os.getppid() == self._parent:
            try:
                did = self.step()
            except AskLearnError as error:
                self._say("failing", str(error))
                did = False
            if not did:
                time.sleep(PAUSE)

    def step(self) -> bool:
        """Do what is most urgent: fill the queue, train anew, or measure; return whether there was anything."""
        state = self.learner.state
        lent = len(self.leases.held(time.time()))
        if state.rows != self._exhausted and len(self.learner.pending) < max(LOW, 2 * lent):
            self._say("choosing")
            try:
                self.learner.ask(BATCH)
            except PoolExhausted:
                self._exhausted = state.rows
            self._say("idle")
            return True
        if not self._due(state.replied_at):
            return False
        self._say("training")
        self.learner.refresh()
        self._fitted_at, self._replied_at = time.monotonic(), state.replied_at
        self._say("measuring")
        with suppress(NotFitted):
            self.learner.evaluate()
        self._say("idle")
        return True

    def _due(self, replied_at: int) -> bool:
        if replied_at == self._replied_at:
            return False
        fits = self.learner.state.fits
        new = replied_at - (fits[-1].position if fits else 0)
        return new >= self.labels or time.monotonic() - self._fitted_at >= self.seconds

    def _say(self, doing: str, error: str = "") -> None:
        """Write down what the worker does; never a reason to stop working."""
        fits = self.learner.state.fits
        said: dict[str, Any] = {
            "pid": os.getpid(), "doing": doing, "error": error, "time": time.time(),
            "model": fits[-1].model if fits else None, "labels": fits[-1].labels if fits else 0,
        }  # fmt: skip
        with suppress(OSError), replacing(self.folder / STATUS) as out:
            out.write(json.dumps(said).encode())


def status(folder: Path) -> dict[str, Any] | None:
    """Return what the worker of a project said last, or None if it said nothing yet."""
    try:
        found: dict[str, Any] = json.loads((folder / STATUS).read_bytes())
    except (OSError, ValueError):
        return None
    return found


def work(folder: str, labels: int = NEW_LABELS, seconds: float = NEW_SECONDS) -> None:
    """Work on the project in `folder` until the process ends; what a supervisor starts."""
    Worker(Path(folder), labels=labels, seconds=seconds).run()
