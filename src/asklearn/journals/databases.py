"""Where an SQL journal lives: how a writer gets its turn there, and what the errors mean."""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path
from typing import Any, Protocol

from asklearn.errors import BadInput
from asklearn.registry import require

require("sqlalchemy", "app")
import sqlalchemy as sa  # noqa: E402

BUSY_SECONDS = 60
QUIET_SECONDS = 1.0
"""A connection that was not used for so long is tried first: it may be lost."""

CONNECT_SECONDS = 10
_LOCK = 0x61736B6C


class Broken(Exception):
    """The chain of digests, or what it should hold, is broken."""


FAULTS = (sa.exc.DBAPIError, sqlite3.Error, UnicodeDecodeError, Broken)
"""What databases raise, the last but one where SQLite's message quotes damaged bytes; and what is found by us."""


class Database(Protocol):
    """A database that holds a journal.

    ``engine`` waits, at the begin of a transaction, until no other writes, where the connection's option
    ``turn`` is ``"create"`` (the tables) or ``"append"`` (events); ``"other"`` writes wait only
    for those of the same rows.
    ``advice`` says how to mend an error, and is None for damage; ``mend`` says what to do about damage.
    ``local`` says whether what is read, or written without waiting for a disk, takes microseconds.
    ``commits`` is a number that changes with every commit, whoever's; only of a local one. ``looks`` is the same
    engine for single statements outside any transaction.
    """

    name: str
    mend: str
    local: bool
    engine: sa.Engine
    looks: sa.Engine

    def advice(self, cause: BaseException) -> str | None: ...

    def commits(self) -> int: ...

    def close(self) -> None: ...


def database_of(place: str | Path) -> Database:
    """Return the database that a path or URL means, or say why it cannot hold a journal."""
    if isinstance(place, str) and "://" in place:
        url = sa.make_url(place)
        if url.get_backend_name() == "postgresql":
            return PostgreSQL(url)
    return SQLite(file_of(place))


def file_of(path: str | Path) -> Path:
    """Return the file of a path or URL, or say why it cannot be a journal."""
    if isinstance(path, str) and "://" in path:
        url = sa.make_url(path)
        if url.get_backend_name() != "sqlite":
            raise BadInput(f"A journal's URL must begin with sqlite:/// or postgresql://. Got {url!r}.")
        path = url.database or ":memory:"
    if str(path) in ("", ":memory:"):
        raise BadInput("An SQL journal must be a file. Use MemoryJournal for one that ends with the process.")
    file = Path(path).absolute()
    if file.is_dir():
        raise BadInput(
            f"A journal must be a file. Got the folder {file}. Name a file in it: {file / 'journal.db'}"
        )
    if not file.parent.is_dir():
        raise BadInput(f"The folder {file.parent} does not exist. Make it first.")
    return file


class SQLite:
    """One file; ``journal_mode=WAL`` and, where `durable`, ``synchronous=FULL`` put a commit on the disk."""

    mend = (
        "To keep what is intact and set this file aside: asklearn doctor --repair in the project's folder, or "
        "asklearn.journals.repair.repair(path)."
    )
    local = True

    def __init__(self, file: Path, *, durable: bool = True) -> None:
        self.name = str(file)
        level = "FULL" if durable else "NORMAL"
        url = sa.URL.create("sqlite", database=self.name)
        self.engine = sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS}, hide_parameters=True)
        self.looks: sa.Engine = self.engine.execution_options(turn="look")
        self._watching = threading.Lock()
        self._watch: sqlite3.Connection | None = None

        @sa.event.listens_for(self.engine, "connect")
        def _configure(connection: Any, _: Any) -> None:
            _check_not_lost(file)
            connection.isolation_level = None
            for pragma in (
                "journal_mode=WAL",
                f"synchronous={level}",
                "cell_size_check=ON",
                "trusted_schema=OFF",
            ):
                connection.execute(f"PRAGMA {pragma}").fetchall()

        @sa.event.listens_for(self.engine, "begin")
        def _begin(connection: sa.Connection) -> None:
            turn = connection.get_execution_options().get("turn")
            if turn != "look":
                connection.exec_driver_sql("BEGIN IMMEDIATE" if turn else "BEGIN")

    def commits(self) -> int:
        """Return a number that changes with every commit, in microseconds: a connection that only looks has it."""
        with self._watching:
            if self._watch is None:
                _check_not_lost(Path(self.name))
                place = f"{Path(self.name).as_uri()}?mode=rw"
                self._watch = sqlite3.connect(place, uri=True, check_same_thread=False, isolation_level=None)
            found: int = self._watch.execute("PRAGMA data_version").fetchone()[0]
            return found

    def close(self) -> None:
        """Close every connection; they open again when used."""
        with self._watching:
            if self._watch is not None:
                self._watch.close()
            self._watch = None
        self.engine.dispose()

    def advice(self, cause: BaseException) -> str | None:
        """Say how to mend an error of SQLite's, or return None for damage."""
        name = getattr(cause, "sqlite_errorname", None)
        if name is None or name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            return None
        advice = {
            "SQLITE_FULL": "the disk is full. Free some space and try again",
            "SQLITE_BUSY": f"another process has been writing for {BUSY_SECONDS} s. Try again",
            "SQLITE_READONLY": "it may not be written to. Check the permissions of the file and its folder",
            "SQLITE_CANTOPEN": "it cannot be opened. Check the permissions of the file and its folder",
            "SQLITE_IOERR": "the disk refused. Check the disk, its free space and its quota, and try again",
        }
        return next((words for start, words in advice.items() if name.startswith(start)), "try again")


def _check_not_lost(file: Path) -> None:
    """Refuse to open an empty file beside its log: SQLite would delete that, and it may be all that is left."""
    log = Path(f"{file}-wal")
    if file.exists() and not file.stat().st_size and log.exists() and log.stat().st_size > 0:
        raise Broken("the file is empty, and its write-ahead log is not")


class PostgreSQL:
    """A database of a server; a row of the table ``meta`` is locked by whoever writes."""

    mend = "Restore the database from a copy; what is intact can be read until then."
    local = False

    def __init__(self, url: sa.URL) -> None:
        require("psycopg", "server")
        self.name = url.render_as_string(hide_password=True)
        patient = {"connect_timeout": str(CONNECT_SECONDS), **url.query}
        whole = url.set(drivername="postgresql+psycopg", query=patient)
        self.engine = sa.create_engine(whole, hide_parameters=True)
        self.looks: sa.Engine = self.engine.execution_options(turn="look", isolation_level="AUTOCOMMIT")
        _pinged_after(self.engine, QUIET_SECONDS)

        @sa.event.listens_for(self.engine, "connect")
        def _configure(connection: Any, _: Any) -> None:
            with connection.cursor() as cursor:
                cursor.execute("SET synchronous_commit TO on")
                cursor.execute(f"SET lock_timeout TO '{BUSY_SECONDS}s'")
            connection.commit()

        @sa.event.listens_for(self.engine, "begin")
        def _begin(connection: sa.Connection) -> None:
            first = {
                None: "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
                "look": "",
                "other": "SELECT 1",
                "create": f"SELECT pg_advisory_xact_lock({_LOCK})",
                "append": "SELECT 1 FROM meta WHERE name = 'head' FOR UPDATE",
            }
            statement = first[connection.get_execution_options().get("turn")]
            if statement:
                connection.exec_driver_sql(statement)

    def commits(self) -> int:
        """Raise: a server would have to be asked, which takes as long as reading."""
        raise NotImplementedError

    def close(self) -> None:
        """Close every connection; they open again when used."""
        self.engine.dispose()

    def advice(self, cause: BaseException) -> str | None:
        """Say how to mend an error of the server's, or return None for damage."""
        if isinstance(cause, Broken | UnicodeDecodeError):
            return None
        state = getattr(cause, "sqlstate", None) or ""
        advice = {
            "53": "the server is out of disk or memory. Free some and try again",
            "55P03": f"another process has been writing for {BUSY_SECONDS} s. Try again",
            "28": "the server refused the user. Check the user and password of the URL",
            "3D": "there is no such database. Make it first",
            "42501": "the user may not write there. Grant it the rights to create and change tables",
            "25006": "the server takes no writes now. Try again, or connect to the primary",
        }
        known = (words for start, words in advice.items() if state.startswith(start))
        lost = "the connection was lost or refused. Sending the same again is safe; try again"
        return next(known, lost if not state or state[:2] in ("08", "57") else "try again")


def _pinged_after(engine: sa.Engine, seconds: float) -> None:
    """Try connections before use, and make new ones in place of lost ones; not those that were just used."""

    @sa.event.listens_for(engine, "checkin")
    def _note(_: Any, record: Any) -> None:
        record.info["used"] = time.monotonic()

    @sa.event.listens_for(engine, "checkout")
    def _ping(connection: Any, record: Any, _: Any) -> None:
        if time.monotonic() - record.info.get("used", float("inf")) > seconds:
            try:
                engine.dialect.do_ping(connection)
            except engine.dialect.loaded_dbapi.Error as error:
                raise sa.exc.DisconnectionError from error
