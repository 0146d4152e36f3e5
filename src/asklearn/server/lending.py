"""Leases as one server process sees them: its own as they are, those of other processes a second late.

Who is lent what is decided by the table alone; what is known here saves asking it about every item.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

from asklearn.server.leases import Leases, Rows
from asklearn.server.together import Together
from asklearn.types import ItemId

LATE = 1.0
"""Seconds for which it may not be known here what other processes lend."""

Step: TypeAlias = Callable[[Rows], Any]


class Lending:
    """The leases of a project, of which this process remembers who holds what.

    Parameters
    ----------
    leases : Leases
        The table.
    """

    def __init__(self, leases: Leases) -> None:
        self.leases = leases
        self.taken: dict[ItemId, set[str]] = {}
        self._read_at = float("-inf")
        self._do: Together[Step, Any] = Together(self._all)
        self._looking: Together[float, None] = Together(self._look)

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
        return await asyncio.to_thread(self.leases.do, steps)
