"""Who is looking at what just now: places of items, lent for minutes.

Operational, never part of the truth: without this table people would merely be shown what others are looking
at. Beside the journal: ``leases.db`` next to its file, or a table of the same PostgreSQL database.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from asklearn.journals.databases import PostgreSQL, SQLite
from asklearn.registry import require
from asklearn.types import ItemId

require("sqlalchemy", "app")
import sqlalchemy as sa  # noqa: E402

LONGEST = 600.0
"""A lease that ends later than so many seconds from now was given before a clock was set back: it has ended."""

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


class Lease(NamedTuple):
    """A place of an item, lent to an annotator until some time."""

    item: ItemId
    place: int
    annotator: str
    until: float


class Leases:
    """The table of leases.

    Parameters
    ----------
    journal : Path or str
        The project's journal: its file, or its URL.

    Notes
    -----
    Safe between threads, processes and, in PostgreSQL, machines: a place of an item is a row with a unique
    key, so that two people can never hold the same one.

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
        if isinstance(journal, Path):
            self._engine = SQLite(journal.with_name("leases.db"), durable=False).engine
        else:
            self._engine = PostgreSQL(sa.make_url(journal)).engine
        with self._engine.execution_options(turn="create").begin() as connection:
            _tables.create_all(connection)
        self._writes = self._engine.execution_options(turn="other")

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
        lent: list[ItemId] = []
        with self._writes.begin() as connection:
            connection.execute(sa.delete(_lease).where(~_running(now)))
            for item, places in wanted:
                if len(lent) == most:
                    break
                if self._renewed(connection, [item], annotator, until) or any(
                    self._inserted(connection, Lease(item, place, annotator, until))
                    for place in range(places)
                ):
                    lent.append(item)
        return lent

    def renew(self, items: Iterable[ItemId], annotator: str, *, until: float) -> int:
        """Lend items on that the annotator still holds; return how many."""
        with self._writes.begin() as connection:
            return self._renewed(connection, items, annotator, until)

    def give_back(self, items: Iterable[ItemId], annotator: str) -> None:
        """End the annotator's leases of items."""
        with self._writes.begin() as connection:
            connection.execute(sa.delete(_lease).where(_of(items, annotator)))

    def held(self, now: float) -> list[Lease]:
        """Return every lease that is running."""
        with self._engine.connect() as connection:
            rows = connection.execute(sa.select(_lease).where(_running(now))).all()
        return [Lease(json.loads(item), place, annotator, until) for item, place, annotator, until in rows]

    def close(self) -> None:
        """Close the database; it opens by itself when used again."""
        self._engine.dispose()

    def _renewed(
        self, connection: sa.Connection, items: Iterable[ItemId], annotator: str, until: float
    ) -> int:
        found = connection.execute(sa.update(_lease).where(_of(items, annotator)).values(until=until))
        return int(found.rowcount)

    def _inserted(self, connection: sa.Connection, lease: Lease) -> bool:
        row = lease._replace(item=json.dumps(lease.item))._asdict()
        statement = "INSERT INTO lease VALUES (:item, :place, :annotator, :until) ON CONFLICT DO NOTHING"
        return bool(connection.execute(sa.text(statement), row).rowcount)


def _of(items: Iterable[ItemId], annotator: str) -> sa.ColumnElement[bool]:
    return _lease.c.item.in_([json.dumps(item) for item in items]) & (_lease.c.annotator == annotator)


def _running(now: float) -> sa.ColumnElement[bool]:
    return _lease.c.until.between(now, now + LONGEST)
