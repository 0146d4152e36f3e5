"""What an item's columns say of its turn: how urgent it is, which skills it needs, and what it belongs to."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from asklearn.errors import BadInput
from asklearn.project import Project
from asklearn.server.options import Options
from asklearn.server.together import Together
from asklearn.state import State
from asklearn.types import ItemId


class Tags:
    """The priority, the skills and the group of items, each read once.

    Parameters
    ----------
    project : Project
        Whose items these are.
    state : State
        Says where in the pool an item is.
    options : Options
        Name the columns.

    Raises
    ------
    BadInput
        If a column is not one of those that the project keeps.
    """

    def __init__(self, project: Project, state: State, options: Options) -> None:
        self.columns = {name for name in (options.priority, options.skill, options.group) if name}
        kept = (*project.settings.columns, *project.settings.show)
        unknown = min(self.columns - {*kept}, default=None)
        if unknown is not None:
            raise BadInput(
                f"The [server] settings of {project.folder.resolve().name} name the column {unknown!r}, which the "
                f"project does not keep. It keeps {', '.join(map(repr, kept))}; init --show COLUMN keeps more."
            )
        self._project, self._state, self._options = project, state, options
        self._of: dict[ItemId, _Tag] = {}
        self._learning: Together[Collection[ItemId], None] = Together(self._learn)

    async def learn(self, items: Collection[ItemId]) -> None:
        """Read what is not known of items."""
        if self.columns:
            await self._learning(items)

    def priority(self, item: ItemId) -> float:
        """Return how urgent an item is: what its column says, 0 where that is no number."""
        return self._of.get(item, _NONE).priority

    def skills(self, item: ItemId) -> frozenset[str]:
        """Return the skills that an item needs."""
        return self._of.get(item, _NONE).skills

    def group(self, item: ItemId) -> str:
        """Return what an item belongs to, or an empty text."""
        return self._of.get(item, _NONE).group

    async def _learn(self, asked: Sequence[Collection[ItemId]]) -> Sequence[None]:
        fresh = [item for item in dict.fromkeys(_all(asked)) if item not in self._of]
        rows = [row for item in fresh if (row := self._state.row(item)) is not None]
        if fresh:
            found = await asyncio.to_thread(self._project.payload, rows, sorted(self.columns))
            self._of.update(zip(fresh, map(self._read, found), strict=True))
        return [None] * len(asked)

    def _read(self, content: dict[str, Any]) -> _Tag:
        of, group = self._options, content.get(self._options.group)
        return _Tag(
            number(content.get(of.priority)),
            named(content.get(of.skill)),
            "" if group is None else str(group),
        )


class _Tag(NamedTuple):
    priority: float = 0.0
    skills: frozenset[str] = frozenset()
    group: str = ""


_NONE = _Tag()


def _all(asked: Sequence[Collection[ItemId]]) -> Iterable[ItemId]:
    return (item for items in asked for item in items)


def number(value: Any) -> float:
    """Return the number that a cell holds, or 0.

    Examples
    --------
    >>> number("7"), number(None), number("nan")
    (7.0, 0.0, 0.0)
    """
    try:
        found = float(value)
    except (TypeError, ValueError):
        return 0.0
    return found if found == found else 0.0


def named(value: Any) -> frozenset[str]:
    """Return the skills that a cell names, separated by commas.

    Examples
    --------
    >>> sorted(named("German, law")), sorted(named(None))
    (['German', 'law'], [])
    """
    return frozenset(word for one in str(value or "").split(",") if (word := one.strip()))
