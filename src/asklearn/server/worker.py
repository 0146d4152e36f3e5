"""The process that trains: new labels first, then further items to ask, and measuring beside it.

It works through the journal alone, like any learner: what it is killed in the midst of is done again by the
next one. How it fares it says on the board that the servers read.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from asklearn.errors import AskLearnError, PoolExhausted
from asklearn.learner import ActiveLearner
from asklearn.project import Project
from asklearn.server.board import OUTLOOK, STANDING, Board
from asklearn.server.endings import end_with_parent
from asklearn.server.leases import Leases
from asklearn.server.measuring import GROWN, Measuring, measured, set_back
from asklearn.server.offer import OFFER, OFFERED, offered
from asklearn.server.options import Options, options_from

PAUSE = 0.25
LONGEST_PAUSE = 60.0
NICE = 10
LOW, BATCH, MOST = 40, 20, 500
"""Ask so many more where fewer are open: small rounds, since the audit counts a round when it is answered."""


class Worker:
    """One project's training, round after round.

    Parameters
    ----------
    folder : Path
        Of the project.
    options : Options, optional
        When to train anew; by default as the project's settings say.
    """

    def __init__(self, folder: Path, options: Options | None = None) -> None:
        self.folder = folder
        self.project = Project(folder)
        self.options = options or options_from(self.project.settings.server)
        self.leases, self.board = Leases(self.project.journal), Board(self.project.journal)
        self.error = self._told_last()
        self.measuring = Measuring()
        self._said: dict[str, Any] = {}
        self._pending = (-1, 0)  # a position of the journal, and how many items were open then
        self._exhausted: int | None = None  # how many items there were when none was left to ask
        self._fitted_at = 0.0
        self._trained_at = self._answers_at = self._measured_at = self._gaps_at = 0
        self.learner: ActiveLearner = self.project.learner

    def run(self) -> None:
        """Work until the process ends; what fails is said, and tried again after growing pauses."""
        pause = PAUSE
        while True:
            try:
                did = self.step()
            except Exception as error:
                self.error, did = _in_words(error), False
                self._say("failing")
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                pause = PAUSE
            if not did:
                time.sleep(pause)

    def step(self) -> bool:
        """Do what is most urgent: train anew, or fill the queue; return whether there was anything.

        Where there is not, the newest model is measured beside it.
        """
        if self.learner.state.rows > len(self.project.features):
            self._reopen()
        if self._due():
            self._train()
        elif self._low():
            self._say("choosing")
            self._ask()
        else:
            self._measure()
            return False
        self.board.put(OFFER, offered(self.learner, suggestions=self.options.suggestions))
        self.board.put(OFFERED, self.learner.state.position)
        return True

    def _reopen(self) -> None:
        """Take in the items that were added since the project was opened."""
        self._say("opening")
        self.project = Project(self.folder)
        self.learner = self.project.learner
        self._trained_at = self._answers_at = 0

    def _due(self) -> bool:
        state = self.learner.state
        if state.replied_at == self._trained_at:
            return False
        new = abs(sum(1 for _ in state.answers()) - self._answers_at)
        return new >= self.options.refresh_labels or (
            time.monotonic() - self._fitted_at >= self.options.refresh_seconds
        )

    def _train(self) -> None:
        self._say("training")
        state = self.learner.state
        replied_at, answers = state.replied_at, sum(1 for _ in state.answers())
        self.learner.refresh()
        self._fitted_at, self._trained_at, self._answers_at = time.monotonic(), replied_at, answers
        if self._low():
            self._ask()
        self.error = ""

    def _low(self) -> bool:
        return self.learner.state.rows != self._exhausted and self._missing() > 0

    def _missing(self) -> int:
        state = self.learner.state
        if self._pending[0] != state.position:
            self._pending = state.position, len(self.learner.pending)
        return max(LOW, 2 * self.leases.count()) - self._pending[1]

    def _ask(self) -> None:
        try:
            self.learner.ask(min(max(BATCH, self._missing()), MOST))
        except PoolExhausted:
            self._exhausted = self.learner.state.rows

    def _measure(self) -> None:
        """Measure the newest model unless it was, or another still is being measured."""
        busy, state = self.measuring.busy, self.learner.state
        self.error = self.measuring.error
        self._say("measuring" if busy else "idle")
        newest = state.fits[-1].model if state.fits else 0
        if busy or self._trained_at == 0 or newest == self._measured_at:
            return
        labels = state.fits[-1].labels
        with_gaps = labels >= GROWN * self._gaps_at
        self._measured_at = newest
        self._gaps_at = labels if with_gaps else self._gaps_at
        for one in (self.leases, self.board):
            one.close()  # connections must not cross a fork
        self.measuring.start(lambda: self._measured(with_gaps))

    def _measured(self, with_gaps: bool) -> None:
        set_back(self.learner)
        found = measured(self.learner, described=self.project.described if with_gaps else None)
        kept = self.board.get(OUTLOOK) or {}
        self.board.put(OUTLOOK, kept | found)

    def _told_last(self) -> str:
        """Return why the worker before this one ended, to say it until a training succeeds."""
        with suppress(Exception):
            return str((self.board.get(STANDING) or {}).get("error", ""))
        return ""

    def _say(self, doing: str) -> None:
        """Tell what the worker does; never a reason to stop working."""
        fits = self.learner.state.fits
        said = {
            "pid": os.getpid(), "doing": doing, "error": self.error,
            "model": fits[-1].model if fits else None, "labels": fits[-1].labels if fits else 0,
        }  # fmt: skip
        if said != self._said:
            with suppress(Exception):
                self.board.put(STANDING, said | {"time": time.time()})
                self._said = said


def _in_words(error: Exception) -> str:
    if isinstance(error, AskLearnError):
        return str(error)
    if isinstance(error, MemoryError):
        return f"The worker has too little memory to go on ({error}). Free some, or choose a smaller model."
    return f"{type(error).__name__}: {error}"[:1000]


def work(folder: str, parent: int | None = None) -> None:
    """Work on the project in `folder` until the process that started it, `parent`, ends; for a supervisor."""
    os.setpgrp()  # Ctrl-C is for the server, which then ends this process; its session, and so its share, is the same
    end_with_parent(parent)
    os.nice(NICE)
    Worker(Path(folder)).run()
