"""The desk of a project: hands items to annotators and takes their replies, without a model and without waiting.

Everything that is remembered is the journal's, or a lease. Methods are coroutines of one event loop; what
blocks (the disk, a database) is done in threads, so that replies that arrive together are committed together.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from asklearn.errors import UnknownItem
from asklearn.events import Event, Flagged, Retracted, Skipped
from asklearn.project import Project
from asklearn.recorder import Recorder
from asklearn.server.board import Board
from asklearn.server.clock import steady
from asklearn.server.health import Health
from asklearn.server.leases import Leases
from asklearn.server.queue import Overlap, for_annotator, open_places
from asklearn.state import State
from asklearn.types import ItemId, Label

LEASE_SECONDS = 300.0
LOOKED_AT = 8
"""How many times as many items are looked at as are wanted, since others may take some at the same moment."""

CONTENTS = 2_000
"""Items whose content is kept in memory."""

REPLIES = {"skip": Skipped, "flag": Flagged, "retract": Retracted}


@dataclass(frozen=True, slots=True)
class Card:
    """An item as an annotator is shown it.

    Attributes
    ----------
    item : str or int
        Its id.
    content : dict
        What is shown: column name to value.
    stream : str
        Who asked: ``audit`` or ``exploit``.
    reason : str
        Why, in words.
    until : float
        When the lease ends, in seconds since 1970.
    """

    item: ItemId
    content: dict[str, Any]
    stream: str
    reason: str
    until: float


class Desk:
    """Hands out and takes in.

    Parameters
    ----------
    project : Project
        Whose items are labelled.
    overlap : Overlap
        How many people are asked about an item.
    clock : callable, optional
        Gives the time in seconds since 1970. By default replies carry the computer's, and leases go by one that
        does not jump with it.

    Attributes
    ----------
    health : Health
        What is in trouble.
    """

    def __init__(
        self, project: Project, *, overlap: Overlap | None = None, clock: Callable[[], float] | None = None
    ) -> None:
        self.project, self.health = project, Health()
        self.recorder = Recorder(project.journal, clock=clock or time.time)
        self.leases, self.board = Leases(project.journal), Board(project.journal)
        self.overlap = overlap or Overlap()
        self._clock = clock or steady()
        self._contents: OrderedDict[ItemId, dict[str, Any]] = OrderedDict()
        self._fold = asyncio.Lock()

    async def state(self) -> State:
        """Return everything that the journal says, up to date."""
        async with self._fold:
            with self.health.of("journal"):
                return await asyncio.to_thread(lambda: self.recorder.state)

    @property
    def known(self) -> State:
        """What the journal said when it could be read last."""
        return self.recorder._state

    async def hand_out(self, annotator: str, n: int, without: Sequence[ItemId] = ()) -> list[Card]:
        """Lend an annotator up to `n` further items, besides those that they hold already."""
        state, now = await self.state(), self._clock()
        until = now + LEASE_SECONDS
        with self.health.of("leases"):
            held = await asyncio.to_thread(self.leases.held, now)
        taken: dict[ItemId, list[str]] = {}
        for lease in held:
            taken.setdefault(lease.item, []).append(lease.annotator)
        skipped = set(without)
        wanted = []
        for item, places in for_annotator(
            open_places(state, self.overlap, list(state.asks)), state, taken, annotator
        ):
            if item not in skipped:
                wanted.append((item, places))
            if len(wanted) == LOOKED_AT * n:
                break
        with self.health.of("leases"):
            lent = await asyncio.to_thread(
                lambda: self.leases.take(wanted, annotator, until=until, now=now, most=n)
            )
        return await self.cards(await self._still_open(lent, annotator), until)

    async def _still_open(self, lent: Sequence[ItemId], annotator: str) -> list[ItemId]:
        """Return what nobody answered while it was being lent, and give the rest back.

        A lease ends after its answer is in the journal, so that whoever gets it next can see the answer.
        """
        needed = dict(open_places(await self.state(), self.overlap, lent))
        late = [item for item in lent if item not in needed]
        if late:
            await self.give_back(late, annotator)
        return [item for item in lent if item in needed]

    async def renew(self, items: Sequence[ItemId], annotator: str) -> int:
        """Lend items on that an annotator still holds; return how many."""
        until = self._clock() + LEASE_SECONDS
        return await asyncio.to_thread(lambda: self.leases.renew(items, annotator, until=until))

    async def give_back(self, items: Sequence[ItemId], annotator: str) -> None:
        """End an annotator's leases of items."""
        await asyncio.to_thread(self.leases.give_back, items, annotator)

    async def contents(self, items: Sequence[ItemId]) -> list[dict[str, Any]]:
        """Return what is shown of items."""
        await self._read(items)
        return [self._contents[item] for item in items]

    def close(self) -> None:
        """Close the databases."""
        self.leases.close()
        self.board.close()

    async def cards(self, items: Sequence[ItemId], until: float) -> list[Card]:
        """Return items as they are shown."""
        state = self.recorder._state
        contents, reasons = await self.contents(items), self.project.reasons(items, state)
        return [
            Card(item, content, state.asks[item].stream, reason, until)
            for item, content, reason in zip(items, contents, reasons, strict=True)
        ]

    async def answer(
        self, annotator: str, item: ItemId, label: Label, *, key: str, seconds: float | None = None
    ) -> None:
        """Record a label; when this returns it is as durable as the journal makes it."""
        await self.state()
        times = [seconds]
        events = self.recorder.answers([item], [label], annotator=annotator, seconds=times, keys=[key])
        await self._store(events, annotator, item)

    async def reply(self, kind: str, annotator: str, item: ItemId, *, key: str) -> None:
        """Record that somebody skips, flags, or takes back what they said of an item."""
        await self.state()
        events = self.recorder.replies(REPLIES[kind], [item], annotator, [key])
        await self._store(events, annotator, item)

    async def _store(self, events: Sequence[Event], annotator: str, item: ItemId) -> None:
        def append() -> None:
            self.recorder.journal.append(events)
            self.leases.give_back([item], annotator)

        with self.health.of("answers"):
            await asyncio.to_thread(append)

    async def _read(self, items: Sequence[ItemId]) -> None:
        """Read the contents that are not in memory, together."""
        missing = [item for item in items if item not in self._contents]
        rows = [self.recorder._state.row(item) for item in missing]
        if any(row is None for row in rows):
            raise UnknownItem(f"There is no item {missing[rows.index(None)]!r} in this project.")
        if missing:
            found = await asyncio.to_thread(self.project.payload, [row for row in rows if row is not None])
            self._contents.update(zip(missing, found, strict=True))
        for item in items:
            self._contents.move_to_end(item)
        while len(self._contents) > CONTENTS:
            self._contents.popitem(last=False)
