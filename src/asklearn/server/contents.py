"""What is shown of items, kept in memory, and read ahead of those who will ask for it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any, TypeAlias

from asklearn.errors import AskLearnError, UnknownItem
from asklearn.project import Project
from asklearn.server.together import Together
from asklearn.state import State
from asklearn.types import ItemId

KEPT = 2_000
"""Items whose content is kept in memory."""

MOST_BYTES = 256 << 20
"""Bytes of images that are kept in memory, whatever the number of items."""

AHEAD, AT_ONCE = 64, 32
"""So many of the items that will be wanted next are kept, and so many read at once: who misses one waits so long."""

Content: TypeAlias = dict[str, Any]


class Contents:
    """The contents of a project's items.

    Parameters
    ----------
    project : Project
        Whose items these are.
    state : State
        Says where in the pool an item is.
    ahead : callable
        Gives the items that will probably be wanted next.
    """

    def __init__(self, project: Project, state: State, ahead: Callable[[], Iterable[ItemId]]) -> None:
        self._project, self._state, self._ahead = project, state, ahead
        self._kept: OrderedDict[ItemId, Content] = OrderedDict()
        self._bytes = 0
        self._reading: Together[Sequence[ItemId], None] = Together(self._read)
        self._filling: asyncio.Task[None] | None = None

    async def of(self, items: Sequence[ItemId]) -> list[Content]:
        """Return the contents of items.

        Raises
        ------
        UnknownItem
            If there is no such item.
        """
        unknown = next((item for item in items if self._state.row(item) is None), None)
        if unknown is not None:
            raise UnknownItem(f"There is no item {unknown!r} in this project.")
        while missing := [item for item in items if item not in self._kept]:
            await self._reading(missing)
        found = [self._kept[item] for item in items]
        for item in items:
            self._kept.move_to_end(item)
        while len(self._kept) > KEPT or (self._bytes > MOST_BYTES and self._kept):
            self._bytes -= _size(self._kept.popitem(last=False)[1])
        if self._filling is None or self._filling.done():
            self._filling = asyncio.create_task(self._fill())
        return found

    async def _fill(self) -> None:
        """Read what will be wanted next; what cannot be read is said to those who want it."""
        with suppress(AskLearnError, OSError):
            while self._bytes < MOST_BYTES // 2:
                fresh = [item for item in islice(self._ahead(), AHEAD) if item not in self._kept]
                if not fresh:
                    break
                await self._reading(fresh[:AT_ONCE])

    async def _read(self, asked: Sequence[Sequence[ItemId]]) -> Sequence[None]:
        wanted = list(dict.fromkeys(item for items in asked for item in items if item not in self._kept))
        rows = [row for item in wanted if (row := self._state.row(item)) is not None]
        if wanted:
            found = await asyncio.to_thread(self._project.payload, rows)
            self._kept.update(zip(wanted, found, strict=True))
            self._bytes += sum(map(_size, found))
        return [None] * len(asked)


def _size(content: Content) -> int:
    return sum(len(one) for one in content.values() if isinstance(one, bytes))
