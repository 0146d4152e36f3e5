"""The journal as a server reads and writes it: once for all who ask, or reply, at the same moment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from copy import copy
from itertools import islice
from pathlib import Path

from asklearn.errors import KeyReused
from asklearn.events import Event
from asklearn.journals.sql import SqlJournal
from asklearn.recorder import Recorder
from asklearn.server.together import Together
from asklearn.state import State, fold

FOLDED_AT_ONCE = 1_000
"""Events that are read and folded before others get their turn: some milliseconds' worth."""


class Ledger(Recorder):
    """A recorder of one event loop: what blocks is done in threads, the fold between two steps of the loop.

    Parameters
    ----------
    journal : Path or str
        The project's journal.
    clock : callable
        Gives the time that is written into events, in seconds since 1970.
    moved : callable
        Told of events once they are folded.
    """

    def __init__(
        self, journal: Path | str, *, clock: Callable[[], float], moved: Callable[[Sequence[Event]], None]
    ) -> None:
        self.journal: SqlJournal = SqlJournal(journal)
        super().__init__(self.journal, clock=clock)
        self._moved = moved
        self._reading: Together[None, None] = Together(self._read)
        self._storing: Together[Sequence[Event], None] = Together(self._append)
        self._folding = asyncio.Lock()

    @property
    def state(self) -> State:
        """Everything that the journal said when it was read last; see :meth:`refresh`."""
        return self._state

    async def refresh(self) -> State:
        """Read what the journal says by now, and return all of it."""
        if not (self.journal.local and self.journal.unchanged(self._state.position)):
            await self._reading(None)
        return self._state

    async def store(self, events: Sequence[Event]) -> None:
        """Append replies; when this returns they are as durable as the journal makes them, and folded."""
        await self._storing(events)

    def still(self) -> State:
        """Return the state as it is now, which what comes later leaves alone: for a thread to read."""
        made = copy(self._state)
        for name, value in vars(made).items():
            if isinstance(value, dict | list | set) and name != "row_of":
                setattr(made, name, copy(value))
        return made

    async def _read(self, asked: Sequence[None]) -> Sequence[None]:
        await self._take_in()
        return [None] * len(asked)

    async def _append(self, asked: Sequence[Sequence[Event]]) -> Sequence[BaseException | None]:
        refused, stored = await asyncio.to_thread(self._append_all, asked)
        events = [event for events in asked for event in events]
        async with self._folding:
            if stored == range(
                self._state.position, self._state.position + len(events)
            ):  # all, and nobody else's
                fold(events, self._state)
                self._moved(events)
        return refused

    async def _take_in(self) -> None:
        """Fold what the journal has after what was folded; a file's few new events cost less than a thread."""
        async with self._folding:
            while True:
                some = self._some() if self.journal.local else await asyncio.to_thread(self._some)
                fold(some, self._state)
                self._moved(some)
                if len(some) < FOLDED_AT_ONCE:
                    break
                await asyncio.sleep(0)

    def _some(self) -> list[Event]:
        return list(islice(self.journal.read(self._state.position), FOLDED_AT_ONCE))

    def _append_all(self, asked: Sequence[Sequence[Event]]) -> tuple[Sequence[BaseException | None], range]:
        """Append everything at once; where a key is refused, each by itself, so that only one gets the error."""
        try:
            stored = self.journal.put([event for events in asked for event in events])
        except KeyReused as error:
            if len(asked) == 1:
                return [error], range(0)
            return [self._append_all([events])[0][0] for events in asked], range(0)
        return [None] * len(asked), stored
