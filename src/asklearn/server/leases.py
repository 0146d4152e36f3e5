"""Who is looking at what just now: places of items, lent for minutes.

Operational, never part of the truth: without this table people would merely be shown what others are looking
at. Beside the journal: ``leases.db`` next to its file, or a table of the same PostgreSQL database.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from asklearn.registry import require
from asklearn.server.database import beside
from asklearn.types import ItemId

require("sqlalchemy", "app")
import sqlalchemy as sa  # noqa: E402

LONGEST = 600.0
"""A lease that ends later than so many seconds from now was given before a clock was set back: it has ended."""

CLEARED = 0.5
"""Leases that have ended are looked for after so many seconds."""

_tables = sa.MetaData()
_lease = sa.Table(
    "lease",
    _tables,
    sa.Column("item", sa.Text, primary_key=True),
    sa.Column("place", sa.Integer, primary_key=True),
    sa.Column("annotator", sa.Text, nullable=False),
    sa.Column("until", sa.Float, nullable=False, index=True),
    sa.UniqueConstraint("item", "annotator"),
)

_values = "CAST(:item AS text), :place, CAST(:annotator AS text), :until"
_insert = f"INSERT INTO lease SELECT {_values} WHERE {{}} ON CONFLICT DO NOTHING"
_delete = "DELETE FROM lease WHERE item = :item AND annotator = :annotator"
_mine = "pg_try_advisory_xact_lock(1818588005, hashtext(:item))"
_put = {"sqlite": sa.text(_insert.format("true")), "postgresql": sa.text(_insert.format(_mine))}
_given_back = {"sqlite": sa.text(_delete), "postgresql": sa.text(f"{_delete} AND {_mine} IS NOT NULL")}
"""In PostgreSQL who lends an item, or takes it back, marks it until the commit; nobody waits for it, but goes on."""

_held = sa.select(_lease.c.item, _lease.c.place, _lease.c.annotator).where(
    _lease.c.item.in_(sa.bindparam("items", expanding=True))
)
_renewed = sa.text("UPDATE lease SET until = :until WHERE item = :item AND annotator = :annotator")
_ended = sa.text("DELETE FROM lease WHERE until NOT BETWEEN :now AND :now + :longest")
_running = sa.select(_lease).where(
    _lease.c.until.between(sa.bindparam("now"), sa.bindparam("now") + sa.bindparam("longest"))
)


class Lease(NamedTuple):
    """A place of an item, lent to an annotator until some time."""

    item: ItemId
    place: int
    annotator: str
    until: float


@dataclass(slots=True)
class Cleared:
    """When leases that had ended were deleted last."""

    at: float = float("-inf")


class Leases:
    """The table of leases.

    Parameters
    ----------
    journal : Path or str
        The project's journal: its file, or its URL.

    Attributes
    ----------
    local : bool
        Whether what is done takes microseconds: in a file, where nothing waits for the disk.

    Notes
    -----
    Safe between threads, processes and, in PostgreSQL, machines: a place of an item is a row with a unique key, so
    that two people can never hold the same one; who comes second goes on to the next item.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     leases = Leases(Path(folder) / "journal.db")
    ...     first = leases.take([("a", 1), ("b", 1)], "ann", until=60.0, now=0.0, most=1)
    ...     second = leases.take([("a", 1), ("b", 1)], "ben", until=60.0, now=0.0, most=2)
    ...     leases.close()
    >>> first, second
    (['a'], ['b'])
    """

    def __init__(self, journal: Path | str) -> None:
        self._engine = beside(journal, "leases", _tables, durable=False)
        self._writes = self._engine.execution_options(turn="other")
        self._cleared = Cleared()
        self.local = isinstance(journal, Path)

    def take(
        self,
        wanted: Sequence[tuple[ItemId, int]],
        annotator: str,
        *,
        until: float,
        now: float,
        most: int,
    ) -> list[ItemId]:
        """Lend up to `most` of the `wanted` items, each with its number of places, in their order.

        An item that the annotator holds already is lent on. What others hold in full is passed over.
        """
        with self._writes.begin() as connection:
            return Rows(connection, self._cleared).take(wanted, annotator, until=until, now=now, most=most)

    def renew(self, items: Iterable[ItemId], annotator: str, *, until: float) -> int:
        """Lend items on that the annotator still holds; return how many."""
        with self._writes.begin() as connection:
            return Rows(connection, self._cleared).renew(items, annotator, until=until)

    def give_back(self, items: Iterable[ItemId], annotator: str) -> None:
        """End the annotator's leases of items."""
        with self._writes.begin() as connection:
            Rows(connection, self._cleared).give_back(items, annotator)

    def held(self, now: float) -> list[Lease]:
        """Return every lease that is running."""
        with self._engine.connect() as connection:
            return Rows(connection, self._cleared).held(now)

    def count(self) -> int:
        """Return how many leases there are, besides some that have just ended."""
        with self._engine.connect() as connection:
            return int(connection.execute(sa.select(sa.func.count()).select_from(_lease)).scalar_one())

    def do(self, steps: Sequence[Callable[[Rows], Any]]) -> list[Any]:
        """Do several things in one transaction, one after another, and return what each gives."""
        with self._writes.begin() as connection:
            rows = Rows(connection, self._cleared)
            return [step(rows) for step in steps]

    def close(self) -> None:
        """Close the database; it opens by itself when used again."""
        self._engine.dispose()


class Rows:
    """What can be done to the table within a transaction; see the methods of the same names of :class:`Leases`."""

    def __init__(self, connection: sa.Connection, cleared: Cleared) -> None:
        self._connection, self._cleared = connection, cleared

    def take(
        self,
        wanted: Sequence[tuple[ItemId, int]],
        annotator: str,
        *,
        until: float,
        now: float,
        most: int,
    ) -> list[ItemId]:
        if not self._cleared.at <= now < self._cleared.at + CLEARED:
            self._connection.execute(_ended, {"now": now, "longest": LONGEST})
            self._cleared.at = now
        if most == 1 and wanted and self._is_put(wanted[0][0], 0, annotator, until):
            return [wanted[0][0]]
        holders = self._holders([item for item, _ in wanted])
        lent: list[ItemId] = []
        for item, places in wanted:
            if len(lent) == most:
                break
            held = holders.get(item, {})
            free = (place for place in range(places) if place not in held)
            if annotator in held.values():
                self.renew([item], annotator, until=until)
                lent.append(item)
            elif any(self._is_put(item, place, annotator, until) for place in free):
                lent.append(item)
        return lent

    def _is_put(self, item: ItemId, place: int, annotator: str, until: float) -> bool:
        """Lend a place of an item, unless another transaction has done so meanwhile."""
        row = {"item": json.dumps(item), "place": place, "annotator": annotator, "until": until}
        return self._connection.execute(_put[self._connection.dialect.name], row).rowcount == 1

    def _holders(self, items: Sequence[ItemId]) -> dict[ItemId, dict[int, str]]:
        """Return who holds which place of items."""
        found: dict[ItemId, dict[int, str]] = {}
        rows = self._connection.execute(_held, {"items": [json.dumps(item) for item in items]})
        for item, place, annotator in rows:
            found.setdefault(json.loads(item), {})[place] = annotator
        return found

    def renew(self, items: Iterable[ItemId], annotator: str, *, until: float) -> int:
        found = (
            self._connection.execute(
                _renewed, {"until": until, "item": json.dumps(item), "annotator": annotator}
            )
            for item in items
        )
        return sum(int(one.rowcount) for one in found)

    def give_back(self, items: Iterable[ItemId], annotator: str) -> None:
        rows = [{"item": json.dumps(item), "annotator": annotator} for item in items]
        if rows:
            self._connection.execute(_given_back[self._connection.dialect.name], rows)

    def nothing(self) -> None:
        """Do nothing: what waited for a transaction is done in it."""

    def held(self, now: float) -> list[Lease]:
        rows = self._connection.execute(_running, {"now": now, "longest": LONGEST}).all()
        return [Lease(json.loads(item), place, annotator, until) for item, place, annotator, until in rows]
