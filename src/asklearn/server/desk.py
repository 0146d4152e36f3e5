"""The desk of a project: hands items to annotators and takes their replies, without a model and without waiting.

Everything that is remembered is the journal's, or a lease. Methods are coroutines of one event loop; what
blocks (the disk, a database) is done in threads, so that replies that arrive together are committed together.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from asklearn.errors import UnknownItem
from asklearn.events import Event, Flagged, Retracted, Skipped
from asklearn.project import Project
from asklearn.server.board import Board
from asklearn.server.clock import steady
from asklearn.server.contents import Contents
from asklearn.server.health import Health
from asklearn.server.leases import Leases
from asklearn.server.ledger import Ledger
from asklearn.server.lending import Lending
from asklearn.server.notes import Note, Notes
from asklearn.server.options import options_from
from asklearn.server.queue import OpenPlaces, Overlap, for_annotator
from asklearn.state import State
from asklearn.types import ItemId, Label

LEASE_SECONDS = 300.0
FURTHER = 30
"""So many more items are looked at than are wanted, since other processes may have lent some."""

TRIES = 3
"""How many times further items are looked for where others took some at the same moment."""

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
    suggested : list of dict, or None
        The classes in which the model believes most, as ``label`` and ``share``; None where nobody is to see it.
    notes : list of str
        What is to be said of the item besides.
    """

    item: ItemId
    content: dict[str, Any]
    stream: str
    reason: str
    until: float
    suggested: list[dict[str, Any]] | None = None
    notes: list[str] = field(default_factory=list)


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
        self.recorder = Ledger(
            project.journal, clock=clock or time.time, moved=lambda events: self._open.moved(events)
        )
        self.leases, self.board = Leases(project.journal), Board(project.journal)
        self.notes = Notes(project.journal)
        self.lending = Lending(self.leases)
        self.options = options_from(project.settings.server)
        self.overlap = overlap or Overlap()
        self._open = OpenPlaces(self.recorder.state, self.overlap)
        self.contents = Contents(project, self.recorder.state, self._unlent)
        self._clock = clock or steady()

    async def state(self) -> State:
        """Return everything that the journal says, up to date."""
        with self.health.of("journal"):
            return await self.recorder.refresh()

    @property
    def known(self) -> State:
        """What the journal said when it could be read last, as a copy that stands still."""
        return self.recorder.still()

    @property
    def open(self) -> int:
        """How many asked items still need somebody."""
        return len(self._open.needed)

    async def hand_out(self, annotator: str, n: int, without: Sequence[ItemId] = ()) -> list[Card]:
        """Lend an annotator up to `n` further items, besides those that they hold already."""
        await self.state()
        lent: list[ItemId] = []
        until = self._clock() + LEASE_SECONDS
        for _ in range(TRIES):
            with self.health.of("leases"):
                taken = await self.lending.look(self._clock())
            wanted = self._next(annotator, n + FURTHER, {*without, *lent}, taken)
            if not wanted:
                break
            lent += await self._lend(wanted, annotator, until, n - len(lent))
            if len(lent) == n:
                break
        return await self.cards(lent, until)

    def _next(
        self, annotator: str, n: int, without: Collection[ItemId], taken: Mapping[ItemId, Collection[str]]
    ) -> list[tuple[ItemId, int]]:
        """Return the next `n` items for an annotator, with their places, as far as is known here."""
        likely = (
            (item, people)
            for item, people in self._open.needed.items()
            if item not in taken or len(taken[item]) < people or annotator in taken[item]
        )
        shown = for_annotator(likely, self.recorder.state, taken, annotator)
        return list(islice(((item, people) for item, people in shown if item not in without), n))

    async def _lend(
        self, wanted: Sequence[tuple[ItemId, int]], annotator: str, until: float, most: int
    ) -> list[ItemId]:
        """Lend items, and return those that are still open now; the rest is given back.

        A lease ends after its answer is in the journal, so that whoever gets it next can see the answer.
        """
        now = self._clock()
        with self.health.of("leases"):
            lent = await self.lending.take(wanted, annotator, until=until, now=now, most=most)
        await self.state()
        late = [item for item in lent if item not in self._open.needed]
        if late:
            await self.give_back(late, annotator)
        return [item for item in lent if item in self._open.needed]

    async def renew(self, items: Sequence[ItemId], annotator: str) -> int:
        """Lend items on that an annotator still holds; return how many."""
        return await self.lending.renew(items, annotator, until=self._clock() + LEASE_SECONDS)

    async def give_back(self, items: Sequence[ItemId], annotator: str) -> None:
        """End an annotator's leases of items."""
        await self.lending.give_back(items, annotator)

    def _unlent(self) -> Iterator[ItemId]:
        """Yield the items that will be lent next."""
        return (item for item in self._open.needed if item not in self.lending.taken)

    def close(self) -> None:
        """Close the databases."""
        self.leases.close()
        self.board.close()
        self.notes.close()

    async def cards(self, items: Sequence[ItemId], until: float) -> list[Card]:
        """Return items as they are shown."""
        state = self.recorder.state
        contents, reasons = await self.contents.of(items), self.project.reasons(items, state)
        return [
            Card(item, content, state.asks[item].stream, reason, until)
            for item, content, reason in zip(items, contents, reasons, strict=True)
        ]

    async def answer(
        self,
        annotator: str,
        items: Sequence[ItemId],
        labels: Sequence[Label],
        *,
        keys: Sequence[str],
        seconds: Sequence[float | None] | None = None,
    ) -> None:
        """Record labels, all or none; when this returns they are as durable as the journal makes them."""
        await self.state()
        events = self.recorder.answers(items, labels, annotator=annotator, seconds=seconds, keys=keys)
        await self._store(events, annotator, items)

    async def reply(
        self, kind: str, annotator: str, item: ItemId, *, key: str, note: str | None = None
    ) -> None:
        """Record that somebody skips, flags, or takes back what they said of an item, and why."""
        if note is not None:
            await self.note(annotator, item, note, key=key)
        await self.state()
        events = self.recorder.replies(REPLIES[kind], [item], annotator, [key])
        await self._store(events, annotator, [item])

    async def note(self, annotator: str, item: ItemId, text: str, *, key: str) -> None:
        """Keep what somebody writes about an item."""
        if (await self.state()).row(item) is None:
            raise UnknownItem(f"There is no item {item!r} in this project.")
        note = Note(key, item, annotator, text, self._clock())
        await asyncio.to_thread(self.notes.keep, note)

    async def similar(self, annotator: str, item: ItemId, n: int) -> list[Card]:
        """Lend an annotator items that are like one."""
        return []

    async def grid(self, annotator: str, n: int) -> tuple[Label | None, list[Card]]:
        """Lend an annotator items that the model takes for one class."""
        return None, []

    async def _store(self, events: Sequence[Event], annotator: str, items: Sequence[ItemId]) -> None:
        with self.health.of("answers"):
            await self.recorder.store(events)
        with self.health.of("leases"):
            await self.give_back(items, annotator)
