"""What the parts of a server tell each other: under each name the value that was put there last."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from asklearn.registry import require
from asklearn.server.database import beside

require("sqlalchemy", "app")
import sqlalchemy as sa  # noqa: E402

_tables = sa.MetaData()
_board = sa.Table(
    "board",
    _tables,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)


STANDING, OUTLOOK = "worker", "outlook"
"""Names: what the worker does, and what it found out that is no event."""


class Board:
    """Names and values, shared by the server processes and the worker of a project.

    Parameters
    ----------
    journal : Path or str
        The project's journal: its file, or its URL.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     board = Board(Path(folder) / "journal.db")
    ...     board.put("worker", {"doing": "training"})
    ...     found = board.get("worker"), board.get("outlook")
    ...     board.close()
    >>> found
    ({'doing': 'training'}, None)
    """

    def __init__(self, journal: Path | str) -> None:
        self._engine = beside(journal, "board", _tables, durable=False)
        self._writes = self._engine.execution_options(turn="other")

    def put(self, name: str, value: Any) -> None:
        """Put a value that JSON can hold under a name, in place of the one there."""
        statement = sa.text(
            "INSERT INTO board VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
        )
        with self._writes.begin() as connection:
            connection.execute(statement, {"name": name, "value": json.dumps(value)})

    def get(self, name: str) -> Any:
        """Return the value under a name, or None."""
        with self._engine.connect() as connection:
            found = connection.execute(sa.select(_board.c.value).where(_board.c.name == name)).scalar()
        return None if found is None else json.loads(found)

    def close(self) -> None:
        """Close the database; it opens by itself when used again."""
        self._engine.dispose()
