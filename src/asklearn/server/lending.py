"""Leases as one server process sees them: its own as they are, those of other processes a second late.

Who is lent what is decided by the table alone; what is known here saves asking it about every item.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

from asklearn.registry import require
from asklearn.server.health import Health
from asklearn.server.leases import Leases, Rows
from asklearn.server.together import Together
from asklearn.types import ItemId

require("sqlalchemy", "app")
from sqlalchemy.exc import SQLAlchemyError  # noqa: E402

LATE = 1.0
"""Seconds for which it may not be known here what other processes lend."""

ENDS = 0.05
"""Seconds within which a lease ends about which nobody waits."""

Step: TypeAlias = Callable[[Rows], Any]


class Lending:
    """The leases of a project, of which this process remembers who holds what.

    Parameters
    ----------
    leases : Leases
        The table.
    health : Health
        Told whether the table can be reached.
    """

    def __init__(self, leases: Leases, health: Health) -> None:
        self.leases, self._health = leases, health
        self.taken: dict[ItemId, set[str]] = {}
        self._read_at = float("-inf")
        self._do: Together[Step, Any] = Together(self._all)
        self._looking: Together[float, None] = Together(self._look)
        self._ending: list[Step] = []
        self._ends: asyncio.Task[None] | None = None

    async def look(self, now: float) -> Mapping[ItemId, Collection[str]]:
        """Return who holds each item that is lent."""
        if not 0 <= now - self._read_at < LATE:
            await self._looking(now)
        return self.taken

    async def take(
        self, wanted: Sequence[tuple[ItemId, int]], annotator: str, *, until: float, now: float, most: int
    ) -> list[ItemId]:
        """Lend up to `most` of the `wanted` items, each with its number of places, in their order.

        The first ones are kept for the annotator while the table is asked; what others were lent meanwhile,
        in another process, is passed over.
        """
        kept = [item for item, _ in wanted[:most]]
        for item in kept:
            self.taken.setdefault(item, set()).add(annotator)
        lent: list[ItemId] = await self._do(
            partial(Rows.take, wanted=wanted, annotator=annotator, until=until, now=now, most=most)
        )
        self._forget(kept, annotator)
        for item in lent:
            self.taken.setdefault(item, set()).add(annotator)
        if lent != kept:
            self._read_at = float("-inf")
        return lent

    async def renew(self, items: Iterable[ItemId], annotator: str, *, until: float) -> int:
        """Lend items on that the annotator still holds; return how many."""
        renewed: int = await self._do(partial(Rows.renew, items=items, annotator=annotator, until=until))
        return renewed

    async def give_back(self, items: Sequence[ItemId], annotator: str) -> None:
        """End the annotator's leases of items."""
        await self._do(partial(Rows.give_back, items=items, annotator=annotator))
        self._forget(items, annotator)

    def end(self, items: Sequence[ItemId], annotator: str) -> None:
        """End the annotator's leases of items soon, together with what is done next."""
        if self._ends is None or self._ends.done():
            self._ends = asyncio.create_task(self._end())
        self._ending.append(partial(Rows.give_back, items=items, annotator=annotator))
        self._forget(items, annotator)

    async def _end(self) -> None:
        pause = ENDS
        while True:
            await asyncio.sleep(pause)
            if not self._ending:
                return
            try:
                await self._do(Rows.nothing)
                pause = ENDS
            except (SQLAlchemyError, OSError):  # it is noted by then
                pause = LATE

    def _forget(self, items: Iterable[ItemId], annotator: str) -> None:
        for item in items:
            holders = self.taken.get(item)
            if holders is not None:
                holders.discard(annotator)
                if not holders:
                    del self.taken[item]

    async def _look(self, times: Sequence[float]) -> Sequence[None]:
        held = await self._do(partial(Rows.held, now=max(times)))
        self._read_at, self.taken = max(times), {}
        for lease in held:
            self.taken.setdefault(lease.item, set()).add(lease.annotator)
        return [None] * len(times)

    async def _all(self, steps: Sequence[Step]) -> Sequence[Any]:
        ending = list(self._ending)
        every = [*ending, *steps]
        with self._health.of("leases"):
            local = self.leases.local
            found = self.leases.do(every) if local else await asyncio.to_thread(self.leases.do, every)
        del self._ending[: len(ending)]
        return found[len(ending) :]
