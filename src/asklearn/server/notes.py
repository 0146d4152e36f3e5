"""What people write about items: kept outside the journal, so that it can be deleted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from asklearn.errors import KeyReused
from asklearn.registry import require
from asklearn.server.database import beside
from asklearn.types import ItemId

require("sqlalchemy", "app")
import sqlalchemy as sa  # noqa: E402

_tables = sa.MetaData()
_note = sa.Table(
    "note",
    _tables,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("item", sa.Text, nullable=False, index=True),
    sa.Column("annotator", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("time", sa.Float, nullable=False),
)


class Note(NamedTuple):
    """What somebody wrote about an item; `key` names the message, and the reply that it came with."""

    key: str
    item: ItemId
    annotator: str
    text: str
    time: float


class Notes:
    """The table of notes: durable, like the journal.

    Parameters
    ----------
    journal : Path or str
        The project's journal: its file, or its URL.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     notes = Notes(Path(folder) / "journal.db")
    ...     notes.keep(Note("k1", "a", "ann", "torn page", 0.0))
    ...     [one.text for one in notes.of("a")]
    ['torn page']
    """

    def __init__(self, journal: Path | str) -> None:
        self._engine = beside(journal, "notes", _tables, durable=True)
        self._writes = self._engine.execution_options(turn="other")

    def keep(self, note: Note) -> None:
        """Keep a note; sent again under its key it counts once.

        Raises
        ------
        KeyReused
            If another note has the key.
        """
        row = note._replace(item=json.dumps(note.item))
        statement = "INSERT INTO note VALUES (:key, :item, :annotator, :text, :time) ON CONFLICT DO NOTHING"
        with self._writes.begin() as connection:
            if connection.execute(sa.text(statement), row._asdict()).rowcount:
                return
            held = Note(*connection.execute(sa.select(_note).where(_note.c.key == note.key)).one())
        if held._replace(time=row.time) != row:
            raise KeyReused(f"The client key {note.key!r} was used for another note. Send a new key.")

    def of(self, item: ItemId) -> list[Note]:
        """Return the notes on an item, the oldest first."""
        wanted = sa.select(_note).where(_note.c.item == json.dumps(item)).order_by(_note.c.time, _note.c.key)
        with self._engine.connect() as connection:
            rows = connection.execute(wanted).all()
        return [Note(*row)._replace(item=item) for row in rows]

    def erase(self, item: ItemId) -> int:
        """Delete the notes on an item; return how many there were."""
        with self._writes.begin() as connection:
            done = connection.execute(sa.delete(_note).where(_note.c.item == json.dumps(item)))
        return int(done.rowcount)

    def close(self) -> None:
        """Close the database; it opens by itself when used again."""
        self._engine.dispose()
