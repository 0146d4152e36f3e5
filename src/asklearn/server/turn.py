"""Whose turn it is to train: one server process of a project at a time, wherever they run."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

from asklearn.errors import BadInput, Conflict
from asklearn.files import locked
from asklearn.journals.databases import PostgreSQL
from asklearn.registry import require

require("sqlalchemy", "app")
import sqlalchemy as sa  # noqa: E402

LOCK = "worker.lock"


class Turn(Protocol):
    """A right that one process holds at most, and that ends with the process, however that ends.

    ``take`` returns whether this process has it now; ``held`` looks whether it still has; ``end`` gives it up.
    A second holder for a moment, where a database was lost and found, would only do the same work twice.
    """

    def take(self) -> bool: ...

    def held(self) -> bool: ...

    def end(self) -> None: ...


def turn_of(folder: Path, journal: Path | str) -> Turn:
    """Return the turn of the project in `folder`: a file's lock, or one of the journal's PostgreSQL server.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> first, second = (turn_of(folder, folder / "journal.db") for _ in range(2))
    >>> first.take(), second.take(), first.end(), second.take()
    (True, False, None, True)
    """
    return FileTurn(folder / LOCK) if isinstance(journal, Path) else DatabaseTurn(sa.make_url(journal))


class FileTurn:
    """A locked file: for the processes of one machine."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock: ExitStack | None = None

    def take(self) -> bool:
        """Take the turn, where nobody else has it."""
        if self._lock is None:
            lock = ExitStack()
            with suppress(Conflict, BadInput):
                lock.enter_context(locked(self._file, "Another process trains."))
                self._lock = lock
        return self.held()

    def held(self) -> bool:
        """Return whether this process has it."""
        return self._lock is not None

    def end(self) -> None:
        """Give it up."""
        if self._lock is not None:
            self._lock.close()
        self._lock = None


class DatabaseTurn:
    """An advisory lock of a PostgreSQL server, which is as long as the connection that took it."""

    def __init__(self, url: sa.URL) -> None:
        self._engine = PostgreSQL(url).engine
        self._connection: sa.Connection | None = None

    def take(self) -> bool:
        """Take the turn, where nobody else has it and the database answers."""
        if self.held():
            return True
        with suppress(sa.exc.SQLAlchemyError):
            connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT", turn="other")
            if connection.execute(
                sa.text("SELECT pg_try_advisory_lock(:key)"), {"key": _key(connection)}
            ).scalar():
                self._connection = connection
            else:
                connection.close()
        return self._connection is not None

    def held(self) -> bool:
        """Return whether the connection that took it still lives."""
        if self._connection is None:
            return False
        with suppress(sa.exc.SQLAlchemyError):
            self._connection.execute(sa.text("SELECT 1"))
            return True
        self.end()
        return False

    def end(self) -> None:
        """Give it up."""
        if self._connection is not None:
            with suppress(sa.exc.SQLAlchemyError):
                self._connection.invalidate()
                self._connection.close()
        self._connection = None


def _key(connection: sa.Connection) -> int:
    """Return a number for the schema that holds the journal: two projects of a database do not share a turn."""
    schema = connection.execute(sa.text("SELECT current_schema()")).scalar()
    return int.from_bytes(blake2b(f"asklearn {schema}".encode(), digest_size=8).digest(), signed=True)
