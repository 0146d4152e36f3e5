"""The desk of a project: hands items to annotators and takes their replies, without a model and without waiting.

Everything that is remembered is the journal's, or a lease. Methods are coroutines of one event loop; what
blocks (the disk, a database) is done in threads, so that replies that arrive together are committed together.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from asklearn.errors import Conflict, UnknownItem
from asklearn.events import Asked, Event, Flagged, Retracted, Skipped
from asklearn.project import Project
from asklearn.server.board import Board
from asklearn.server.clock import steady
from asklearn.server.contents import Contents
from asklearn.server.health import Health, in_trouble
from asklearn.server.leases import Leases
from asklearn.server.ledger import Ledger
from asklearn.server.lending import Lending
from asklearn.server.notes import Note, Notes
from asklearn.server.offer import OFFER, OFFERED, offer_from
from asklearn.server.options import options_from
from asklearn.server.queue import Overlap
from asklearn.server.similar import may_be_audited, similar_items
from asklearn.server.streams import Skills, Streams
from asklearn.server.tags import Tags
from asklearn.state import State, Status
from asklearn.types import ItemId, Label

LEASE_SECONDS = 300.0
FURTHER = 20
"""So many more items are looked at than are wanted where other processes may have lent some."""

TRIES = 5
"""How many times further items are looked for where others took some at the same moment."""

TRIES_TO_ASK = 20
LATE = 1.0
"""Seconds for which it may not be known here what the worker offers."""

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
        Who asked: ``audit``, ``exploit``, ``review``, ``similar`` or ``grid``.
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
            project.journal, clock=clock or time.time, moved=lambda events: self.streams.moved(events)
        )
        self.leases, self.board = Leases(project.journal), Board(project.journal)
        self.notes = Notes(project.journal)
        self.lending = Lending(self.leases, self.health)
        self._alone = isinstance(project.journal, Path)
        self.options = options_from(project.settings.server)
        self.overlap = overlap or Overlap()
        state = self.recorder.state
        self.contents = Contents(project, state, self._unlent)
        self.tags = Tags(project, state, self.options)
        self.streams = Streams(
            state, self.overlap, self.options, self.tags.priority, self.tags.skills, self.tags.group,
            lambda: self.skills(),
        )  # fmt: skip
        self.skills: Callable[[], Skills] = dict
        self._offered: Any = None
        self._looked_at, self._tagged = float("-inf"), -1
        self._clock = clock or steady()

    async def state(self) -> State:
        """Return everything that the journal says, up to date."""
        with self.health.of("journal"):
            return await self.recorder.refresh()

    @property
    def known(self) -> State:
        """What the journal said when it could be read last, as a copy that stands still."""
        return self.recorder.still()

    async def hand_out(self, annotator: str, n: int, without: Sequence[ItemId] = ()) -> list[Card]:
        """Lend an annotator up to `n` further items, besides those that they hold already."""
        await self._look()
        lent: list[ItemId] = []
        until = self._clock() + LEASE_SECONDS
        for attempt in range(TRIES):
            if attempt:
                await self.state()
            taken = await self.lending.look(self._clock())
            further = FURTHER if attempt or not self._alone else 0
            wanted = self.streams.next(annotator, n - len(lent) + further, {*without, *lent}, taken)
            if wanted:
                lent += await self._lend(wanted, annotator, until, n - len(lent))
            if len(lent) == n or (attempt and not wanted):
                break
        return await self.cards(lent, until)

    async def warm(self) -> None:
        """Do beforehand what the first hand-out would wait for: read the first items, and load what words need."""
        try:
            await self._look()
            await self.cards(list(islice(self._unlent(), 1)), 0.0)
        except Exception as error:
            if not in_trouble(error):
                raise

    async def _look(self) -> None:
        """See what is new, each second: in the journal, and of what the worker offers; learn what decides on turns."""
        now = self._clock()
        if not 0 <= now - self._looked_at < LATE:
            self._looked_at = now
            await self.state()
            await asyncio.to_thread(lambda: self.health.asked("board", self._read_offer, None))
        entered = self.streams.entered
        if self.tags.columns and self._tagged != entered:
            await self.tags.learn(list(self.streams.waiting))
            self._tagged = entered
            self.streams.reorder()

    def _read_offer(self) -> None:
        mark = self.board.get(OFFERED)
        if mark != self._offered:
            self.streams.offer, self._offered = offer_from(self.board.get(OFFER)), mark

    async def _lend(
        self, wanted: Sequence[tuple[ItemId, int]], annotator: str, until: float, most: int
    ) -> list[ItemId]:
        """Lend items, and return those that are still open now; the rest is given back.

        A lease ends after its answer is in the journal, so that whoever gets it next can see the answer.
        """
        now = self._clock()
        lent = await self.lending.take(wanted, annotator, until=until, now=now, most=most)
        await self.state()
        late = [item for item in lent if item not in self.streams]
        if late:
            await self.give_back(late, annotator)
        return [item for item in lent if item in self.streams]

    async def renew(self, items: Sequence[ItemId], annotator: str) -> int:
        """Lend items on that an annotator still holds; return how many."""
        return await self.lending.renew(items, annotator, until=self._clock() + LEASE_SECONDS)

    async def give_back(self, items: Sequence[ItemId], annotator: str) -> None:
        """End an annotator's leases of items."""
        await self.lending.give_back(items, annotator)

    def _unlent(self) -> Iterator[ItemId]:
        """Yield the items that will be lent next."""
        return (item for item in self.streams.order if item not in self.lending.taken)

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
            Card(item, content, self.streams.stream(item), reason, until, self._suggested(item))
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
        """Lend an annotator items that nobody was asked about and that are like one."""
        if (await self.state()).row(item) is None:
            raise UnknownItem(f"There is no item {item!r} in this project.")
        state = self.known
        items = await asyncio.to_thread(lambda: similar_items(self.project.features, state, item, n))
        return await self._lend_unasked(items, annotator, "similar", n)

    async def grid(self, annotator: str, n: int) -> tuple[str | None, list[Card]]:
        """Lend an annotator items that nobody was asked about and that the model takes for one class."""
        if not self.options.suggestions:
            return None, []
        state = await self.state()
        await self._look()
        left = {
            label: [item for item in items if self._is_fresh(state, item)]
            for label, items in self.streams.offer.grid.items()
        }
        label = max(left, key=lambda one: min(len(left[one]), n), default=None)
        if label is None:
            return None, []
        cards = await self._lend_unasked(left[label], annotator, "grid", n)
        return (label if cards else None), cards

    async def _lend_unasked(self, items: Sequence[ItemId], annotator: str, stream: str, n: int) -> list[Card]:
        """Lend items and record that they are asked; those that the worker asked meanwhile are given back."""
        until = self._clock() + LEASE_SECONDS
        wanted = [(item, 1) for item in items]
        lent = await self.lending.take(wanted, annotator, until=until, now=self._clock(), most=n)
        asked = await self._ask(lent, annotator, stream) if lent else []
        late = [item for item in lent if item not in asked]
        if late:
            await self.give_back(late, annotator)
        return await self.cards(asked, until)

    async def _ask(self, items: Sequence[ItemId], annotator: str, stream: str) -> list[ItemId]:
        """Record that items are asked, as far as the budget goes and nobody was faster."""
        for _ in range(TRIES_TO_ASK):
            state = await self.state()
            assert state.settings is not None
            budget = state.settings.budget
            left = len(items) if budget is None else max(budget - len(state.asks), 0)
            fresh = [item for item in items if self._is_fresh(state, item)][:left]
            model = state.fits[-1].model if state.fits else None
            now = time.time()
            events = [
                Asked(item=item, stream=stream, model=model, annotator=annotator, time=now) for item in fresh
            ]
            with suppress(Conflict), self.health.of("journal"):
                if events:
                    await asyncio.to_thread(self.recorder.journal.append, events, at=state.position)
                await self.state()
                return fresh
        return []

    def _is_fresh(self, state: State, item: ItemId) -> bool:
        return state.status(item) is Status.WAITING and not may_be_audited(state, item)

    def _suggested(self, item: ItemId) -> list[dict[str, Any]] | None:
        state = self.recorder.state
        blind = item in state.drawn or item not in state.asks or self.streams.is_gold(item)
        return None if blind or not self.options.suggestions else self.streams.offer.suggested.get(item)

    async def _store(self, events: Sequence[Event], annotator: str, items: Sequence[ItemId]) -> None:
        with self.health.of("answers"):
            await self.recorder.store(events)
        self.lending.end(items, annotator)
