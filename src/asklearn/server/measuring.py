"""What is measured beside the labelling: one estimate after the other, in a process that everything else precedes.

It is a fork of the worker, so that it has the model and the pool without loading them. Whatever labels have
come since the model was fitted, or come meanwhile, it is set back to that moment: the next measurement is of the
newest model then.
"""

from __future__ import annotations

import multiprocessing
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any

from asklearn.errors import BadInput, NotAllowed, NotFitted
from asklearn.events import Event, Measured
from asklearn.journal import Journal
from asklearn.learner import ActiveLearner
from asklearn.server.endings import end_with_parent, reason_of
from asklearn.state import fold

NICE = 9
GROWN = 1.2
"""Gaps are looked for again when there are so many times as many labels: they take longest."""
PRICED = 20
"""Labels whose price is kept, to be held against what they bring: as many as a training waits for by default."""


class Branch:
    """A journal as it stood at some position, with what is appended since by its holder alone.

    Measurements that are appended here go to the journal itself, too, wherever that has come to: they say of
    which model they are.

    Parameters
    ----------
    trunk : Journal
        The journal.
    position : int
        Where the branch begins.
    own : sequence of Event
        What stands in it besides, and in the journal already.

    Examples
    --------
    >>> from asklearn.events import Erased
    >>> from asklearn.journal import MemoryJournal
    >>> trunk = MemoryJournal()
    >>> branch = Branch(trunk, trunk.append([Erased(item=1)]))
    >>> trunk.append([Erased(item=2)])
    2
    >>> [event.item for event in branch.read()], [event.item for event in trunk.read()]
    ([1], [1, 2])
    """

    def __init__(self, trunk: Journal, position: int, own: Sequence[Event] = ()) -> None:
        self._trunk, self._position = trunk, position
        self._own: list[Event] = list(own)

    def read(self, since: int = 0) -> Iterator[Event]:
        """Yield the events of the branch after position `since`."""
        if since < self._position:
            yield from islice(self._trunk.read(since), self._position - since)
        yield from self._own[max(since - self._position, 0) :]

    def append(self, events: Sequence[Event], *, at: int | None = None) -> int:
        """Store measurements in the journal and in the branch; return the position in the branch after them.

        Raises
        ------
        NotAllowed
            If an event is no measurement: whatever else there is depends on all that the journal says.
        """
        other = next((event for event in events if not isinstance(event, Measured)), None)
        if other is not None:
            raise NotAllowed(f"What is measured beside the labelling are Measured events. Got {other}.")
        self._trunk.append(events)
        self._own += events
        return self._position + len(self._own)


class Measuring:
    """Runs one measurement at a time.

    Attributes
    ----------
    error : str
        Why the last one failed; empty if it did not.
    """

    def __init__(self) -> None:
        self._process: Any = None
        self.error = ""

    @property
    def busy(self) -> bool:
        """Whether a measurement runs."""
        if self._process is not None and not self._process.is_alive():
            code, self._process = self._process.exitcode, None
            self.error = f"The model could not be measured: {reason_of(code)}." if code else ""
        return self._process is not None

    def start(self, measure: Callable[[], None]) -> None:
        """Begin a measurement, whose process ends with this one."""
        self._process = multiprocessing.get_context("fork").Process(target=_run, args=(measure,), daemon=True)
        with warnings.catch_warnings():  # of a fork beside threads: the only other one sleeps
            warnings.simplefilter("ignore", DeprecationWarning)
            self._process.start()

    def wait(self) -> None:
        """Wait until none runs."""
        while self.busy:
            self._process.join()


def _run(measure: Callable[[], None]) -> None:
    os.nice(NICE)
    end_with_parent()
    measure()


def set_back(learner: ActiveLearner) -> None:
    """Let a learner see the journal as it was when its model was fitted, and nothing that came later."""
    fit = learner.state.fits[-1]
    learner.journal = Branch(learner.journal, fit.position, [fit])
    learner._state = fold(learner.journal.read())


def measured(learner: ActiveLearner, *, described: Callable[[], dict[str, Any]] | None) -> dict[str, Any]:
    """Measure a learner's model and look ahead; return what is no event, as plain values.

    Parameters
    ----------
    learner : ActiveLearner
        Its model is fitted to every label that it sees.
    described : callable, optional
        Gives what gaps can be named by; without it no gaps are looked for.

    Returns
    -------
    dict
        ``labels``, and where they can be told: ``forecast`` at twice as many labels, ``gaps``.
    """
    found: dict[str, Any] = {}
    with suppress(NotFitted):
        learner.evaluate()
        found["labels"] = labels = learner.state.fits[-1].labels
        with suppress(NotFitted, BadInput):
            learner.price(PRICED)
        with suppress(BadInput):
            ahead = learner.forecast(labels)
            found["forecast"] = {
                "labels": 2 * labels, "value": ahead.value, "low": ahead.low, "high": ahead.high,
                "level": ahead.level, "method": ahead.method,
            }  # fmt: skip
        if described is not None:
            with suppress(BadInput):
                found["gaps"] = [
                    {
                        "name": gap.name, "size": int(gap.size), "error": gap.error.value, "low": gap.error.low,
                        "high": gap.error.high, "rest": gap.rest.value, "level": gap.error.level,
                    }
                    for gap in learner.gaps(**described())
                ]  # fmt: skip
    return found
