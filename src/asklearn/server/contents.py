"""What is shown of items, kept in memory, and read ahead of those who will ask for it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any, TypeAlias

from asklearn.errors import UnknownItem
from asklearn.project import Project
from asklearn.server.together import Together
from asklearn.state import State
from asklearn.types import ItemId

KEPT = 2_000
"""Items whose content is kept in memory."""

MOST_BYTES = 256 << 20
"""Bytes of images that are kept in memory, whatever the number of items."""

AHEAD = 64
"""Items that are read with those that are missing: a file is opened once for all of them."""

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
        return found

    async def _read(self, asked: Sequence[Sequence[ItemId]]) -> Sequence[None]:
        wanted = dict.fromkeys(item for items in asked for item in items if item not in self._kept)
        if wanted:
            await self._keep([*wanted, *self._next(wanted)])
        return [None] * len(asked)

    def _next(self, wanted: Iterable[ItemId]) -> Iterable[ItemId]:
        fresh = (item for item in self._ahead() if item not in self._kept and item not in wanted)
        return islice(fresh, AHEAD)

    async def _keep(self, items: Sequence[ItemId]) -> None:
        rows = [row for item in items if (row := self._state.row(item)) is not None]
        found = await asyncio.to_thread(self._project.payload, rows)
        for item, content in zip(items, found, strict=True):
            self._bytes += _size(content) - _size(self._kept.get(item, {}))
            self._kept[item] = content


def _size(content: Content) -> int:
    return sum(len(one) for one in content.values() if isinstance(one, bytes))
