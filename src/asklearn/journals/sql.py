"""The journal in an SQL database: one SQLite file, or PostgreSQL; threads and processes may share it.

Each event is one row: its position, its client key if it is a reply, its JSON, and a digest of the digest
before it and that JSON. So a row that changed, moved or vanished breaks the chain and is noticed; the head
of the chain is kept apart, so that missing last rows are noticed too.

An append returns after its transaction is on the disk; how databases do that is in
:mod:`asklearn.journals.databases`. Threads of one process that wait to append are committed together: whoever
gets the writer's lock writes for all who wait, and each gets its own position or its own error.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias

from asklearn.errors import (
    BadInput,
    Conflict,
    JournalDamaged,
    JournalError,
    NewerFormat,
    NotStored,
)
from asklearn.events import Event, Reply, decode, encode
from asklearn.journal import conflict_message, unseen
from asklearn.journals.databases import FAULTS, Broken, database_of
from asklearn.registry import register, require

require("sqlalchemy", "app")
import sqlalchemy as sa  # noqa: E402

FORMAT = 1
PAGE = 1_000
_KEYS_AT_ONCE = 500

Head: TypeAlias = tuple[int, str]

_tables = sa.MetaData()
_meta = sa.Table(
    "meta",
    _tables,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)
_event = sa.Table(
    "event",
    _tables,
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("client_key", sa.Text, unique=True),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
)
_snapshot = sa.Table(
    "snapshot",
    _tables,
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("seal", sa.Text, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)
_page_of_events = sa.text(
    "SELECT head.value, event.position, event.body, event.digest "
    "FROM (SELECT value FROM meta WHERE name = 'head') AS head "
    "LEFT JOIN event ON event.position BETWEEN :first AND :last ORDER BY event.position"
)
_last_event = sa.select(_event.c.position, _event.c.digest).order_by(_event.c.position.desc()).limit(1)
_named = sa.text("SELECT value FROM meta WHERE name = :name")
_digest = sa.text("SELECT digest FROM event WHERE position = :position")
_replies_of = sa.select(_event.c.client_key, _event.c.body).where(
    _event.c.client_key.in_(sa.bindparam("keys", expanding=True))
)
_insert = sa.insert(_event)
_set_head = sa.update(_meta).where(_meta.c.name == "head").values(value=sa.bindparam("head"))
_newest_snapshot = sa.text("SELECT position, digest, seal, body FROM snapshot ORDER BY position DESC LIMIT 1")


@dataclass(slots=True, eq=False)
class _Request:
    """One call of append, waiting for whoever writes next."""

    events: list[Event]
    bodies: list[str]
    at: int | None
    stored: range = range(0)
    error: BaseException | None = None
    done: bool = False


@register("journals", "sql")
class SqlJournal:
    """A journal in an SQLite file, or in a PostgreSQL database.

    Parameters
    ----------
    path : str or Path
        A file, its URL (``sqlite:///journal.db``), or ``postgresql://user@host/database``, with
        ``?options=-csearch_path=NAME`` for a schema of its own. What is empty becomes a new journal.

    Raises
    ------
    BadInput
        If the path cannot be a journal: a folder, a file in a missing folder, another program's database.
    NewerFormat
        If a newer asklearn wrote it.
    JournalDamaged
        If it cannot be read; see :func:`~asklearn.journals.repair.repair`.

    Notes
    -----
    Safe to share between threads, between processes (of one machine, in a file), and across a fork.

    Examples
    --------
    >>> import tempfile
    >>> from asklearn.events import Erased
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with SqlJournal(Path(folder) / "journal.db") as journal:
    ...         journal.append([Erased(item=1), Erased(item=2)])
    ...         [event.item for event in journal.read(since=1)]
    2
    [2]
    """

    def __init__(self, path: str | Path) -> None:
        self.path = path
        self._database = database_of(path)
        self._engine = self._database.engine
        self._writes = self._engine.execution_options(turn="append")
        self._waiting: deque[_Request] = deque()
        self._seen: tuple[int, int] | None = None
        self._writing, self._reading = threading.Lock(), threading.Lock()
        try:
            with self._errors(JournalError, "opened"):
                self._prepare()
        except BaseException:
            self.close()
            raise
        _living.add(self)

    @property
    def local(self) -> bool:
        """Whether reading some events takes microseconds: in a file, not from a server."""
        return self._database.local

    @property
    def position(self) -> int:
        """Number of events in the journal."""
        with self._errors(JournalError, "read"), self._connection() as connection:
            return _head(connection)[0]

    def read(self, since: int = 0) -> Iterator[Event]:
        """Yield the events after position `since`, up to the journal's position at the first step.

        Memory is bounded by a page of rows; between pages nothing is locked, so that writers never wait.

        Raises
        ------
        JournalDamaged
            On reaching an event that was changed or is missing.
        """
        with self._errors(JournalError, "read"):
            if not self.unchanged(since):
                for body in self._bodies(since, PAGE):
                    yield _decoded(body)

    def unchanged(self, since: int) -> bool:
        """Return whether there is surely nothing after position `since`; True only where that takes microseconds."""
        with suppress(*FAULTS):
            return self._seen is not None and self._seen == (self._database.commits(), since)
        return False

    def append(self, events: Sequence[Event], *, at: int | None = None) -> int:
        """Store all of `events` or none, durably, and return the position after them.

        Raises
        ------
        Conflict
            If `at` is given and is not the journal's position.
        KeyReused
            If a client key is already stored with a different content.
        NotStored
            If the disk refused. Sending the same replies again, under the same keys, is always safe.
        """
        return self.put(events, at=at).stop

    def put(self, events: Sequence[Event], *, at: int | None = None) -> range:
        """Append, and return from which position to which new ones were stored: those held already are not."""
        request = _Request(list(events), [encode(event) for event in events], at)
        self._waiting.append(request)
        try:
            with self._writing:
                if not request.done:
                    self._commit_waiting()
        finally:
            with suppress(ValueError):
                self._waiting.remove(request)
        if request.error is not None:
            raise request.error
        return request.stored

    def load_snapshot(self) -> tuple[int, bytes] | None:
        """Return the position and the content of the newest snapshot, or None if there is no intact one."""
        with suppress(*FAULTS), self._connection() as connection:
            row = connection.execute(_newest_snapshot).first()
            if row is not None:
                position, digest, seal, body = row
                if (
                    isinstance(body, bytes)
                    and seal == _seal(body)
                    and digest == _digest_at(connection, position)
                ):
                    return position, body
        return None

    def save_snapshot(self, position: int, snapshot: bytes) -> None:
        """Keep `snapshot` as the state at `position`, unless a newer one is there.

        Raises
        ------
        BadInput
            If the journal has not come to `position`.
        NotStored
            If the disk refused.
        """
        with self._writing, self._errors(NotStored, "stored"), self._writes.begin() as connection:
            digest = _digest_at(connection, position)
            if digest is None:
                raise BadInput(
                    f"A snapshot must be of a position that the journal has reached. Got {position}."
                )
            connection.execute(sa.delete(_snapshot).where(_snapshot.c.position <= position))
            if connection.execute(sa.select(_snapshot.c.position)).first() is None:
                row = {"position": position, "digest": digest, "seal": _seal(snapshot), "body": snapshot}
                connection.execute(sa.insert(_snapshot), row)

    def close(self) -> None:
        """Close the file; it opens by itself when the journal is used again."""
        self._seen = None
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _connection(self) -> Iterator[sa.Connection]:
        with self._reading, self._engine.connect() as connection:
            yield connection

    def _prepare(self) -> None:
        with self._connection() as connection:
            names = set(sa.inspect(connection).get_table_names())
        if not names:
            with self._writing, self._engine.execution_options(turn="create").begin() as connection:
                _tables.create_all(connection)
                if connection.execute(sa.select(_meta)).first() is None:
                    connection.execute(
                        sa.insert(_meta),
                        [{"name": "format", "value": str(FORMAT)}, {"name": "head", "value": "0 "}],
                    )
        elif not names & set(_tables.tables):
            raise BadInput(
                f"{self._database.name} is a database of another program, with the tables {', '.join(sorted(names))}. "
                "Give the place of a journal, or an empty one."
            )
        with self._connection() as connection:
            _check_format(connection, self._database.name)
            last = connection.execute(_last_event).first()
            if (tuple(last) if last else (0, "")) != _head(connection):
                raise Broken("its last events are missing or changed")

    def _bodies(self, since: int, page: int) -> Iterator[str]:
        position, until, digest = since, since + 1, "" if since == 0 else None
        while position < until:
            start, commits = position, self._database.commits() if self.local else None
            with self._reading, self._database.looks.connect() as connection:
                rows = connection.execute(_page_of_events, {"first": start, "last": start + page}).all()
            if start == since:
                until = _parsed(rows[0][0] if rows else None)[0]
                self._seen = None if commits is None else (commits, until)
            for _, found, body, stored in rows:
                if found is None or found == start:  # of the event before, only the digest is wanted
                    digest = stored if digest is None else digest
                    continue
                if position == until:
                    return
                position += 1
                if digest is None or found != position or type(body) is not str:
                    raise Broken(f"event {position} is missing")
                digest = chain(digest, body)
                if digest != stored:
                    raise Broken(f"event {position} was changed")
                yield body
            if position == start < until:
                raise Broken(f"event {position + 1} is missing")

    def _intact(self) -> int:
        count = 0
        for page in (PAGE, 1):
            with suppress(*FAULTS):
                for _ in self._bodies(count, page):
                    count += 1
        return count

    def _commit_waiting(self) -> None:
        group = []
        while self._waiting:
            group.append(self._waiting.popleft())
        try:
            with self._errors(NotStored, "stored"), self._writes.begin() as connection:
                before = after = _head(connection)
                for request in group:
                    after = _store(connection, request, after)
                if after != before:
                    connection.execute(_set_head, {"head": f"{after[0]} {after[1]}"})
        except BaseException as error:
            known = isinstance(error, JournalError)
            for request in group:
                request.error = (
                    error if known else NotStored(f"Storing was interrupted by {error!r}. Try again.")
                )
            if not known:
                raise
        finally:
            for request in group:
                request.done = True

    @contextmanager
    def _errors(self, kind: type[JournalError], done: str) -> Iterator[None]:
        try:
            yield
        except FAULTS as error:
            cause = getattr(error, "orig", None) or error
            advice = self._database.advice(cause)
            if advice is not None:
                raise kind(
                    f"The journal {self._database.name} could not be {done}: {advice} ({cause})."
                ) from error
            good = self._intact()
            raise JournalDamaged(
                f"The journal {self._database.name} is damaged: {cause}. Its first {good} events are intact. "
                f"{self._database.mend}",
                good,
            ) from error


def _check_format(connection: sa.Connection, name: str) -> None:
    value = connection.execute(_named, {"name": "format"}).scalar()
    if not isinstance(value, str) or not _is_number(value):
        raise Broken(f"its format is {value!r:.60}")
    if int(value) > FORMAT:
        raise NewerFormat(
            f"The journal {name} has format {value}; this asklearn reads up to {FORMAT}. "
            "Upgrade with: pip install -U asklearn"
        )


def _head(connection: sa.Connection) -> Head:
    return _parsed(connection.execute(_named, {"name": "head"}).scalar())


def _parsed(value: object) -> Head:
    position, space, digest = value.partition(" ") if isinstance(value, str) else ("", "", "")
    if not space or not _is_number(position):
        raise Broken(f"its head is {value!r:.60}")
    return int(position), digest


def _is_number(text: str) -> bool:
    return text.isdecimal() and len(text) < 19


def _digest_at(connection: sa.Connection, position: int) -> str | None:
    if position == 0:
        return ""
    digest: str | None = connection.execute(_digest, {"position": position}).scalar()
    return digest


def chain(digest: str, body: str) -> str:
    """Return the digest of an event: of the digest before it, and its JSON."""
    return blake2b((digest + body).encode(), digest_size=16).hexdigest()


def _seal(snapshot: bytes) -> str:
    return blake2b(snapshot, digest_size=16).hexdigest()


def _decoded(body: str) -> Event:
    try:
        return decode(body)
    except BadInput as error:
        raise Broken(str(error)) from error


def _store(connection: sa.Connection, request: _Request, head: Head) -> Head:
    """Insert what is new in `request`, or note why it is refused; return the head after it."""
    position, digest = head
    try:
        if request.at is not None and request.at != position:
            raise Conflict(conflict_message(request.at, position))
        new = unseen(request.events, _held(connection, request.events))
    except JournalError as refusal:
        request.error = refusal
        return head
    rows = []
    for index in new:
        event, body = request.events[index], request.bodies[index]
        position, digest = position + 1, chain(digest, body)
        key = event.key if isinstance(event, Reply) else None
        rows.append({"position": position, "client_key": key, "body": body, "digest": digest})
    if rows:
        connection.execute(_insert, rows)
    request.stored = range(head[0], position)
    return position, digest


def _held(connection: sa.Connection, events: Sequence[Event]) -> dict[str, Reply]:
    """Return the stored replies with a client key of `events`."""
    keys = [event.key for event in events if isinstance(event, Reply)]
    held: dict[str, Reply] = {}
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        for key, body in connection.execute(_replies_of, {"keys": keys[start : start + _KEYS_AT_ONCE]}):
            held[key] = _decoded(body)  # type: ignore[assignment]
    return held


_living: weakref.WeakSet[SqlJournal] = weakref.WeakSet()
_held_over_fork: list[SqlJournal] = []


def _before_fork() -> None:
    """Connections must not cross a fork: close them all, between two transactions."""
    for journal in list(_living):
        journal._writing.acquire()
        journal._reading.acquire()
        journal.close()
        _held_over_fork.append(journal)


def _after_fork() -> None:
    while _held_over_fork:
        journal = _held_over_fork.pop()
        journal._reading.release()
        journal._writing.release()


def _after_fork_in_child() -> None:
    for journal in _held_over_fork:
        journal._waiting.clear()
    _after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork_in_child)
