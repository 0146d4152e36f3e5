"""Mending a damaged journal file: keep what is intact, set the rest aside, delete nothing."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from asklearn.errors import BadInput, JournalDamaged, NotAllowed
from asklearn.events import Event, Reply, decode
from asklearn.journals.databases import file_of
from asklearn.journals.sql import SqlJournal, chain
from asklearn.state import State, check, fold

_BATCH = 4096
_SMALLEST_ROW = 32


@dataclass(frozen=True, slots=True)
class Repaired:
    """What :func:`repair` did.

    Attributes
    ----------
    kept : int
        Leading events that were intact; they keep their positions.
    recovered : int
        Replies that were intact behind the damage; they were appended again, under new positions.
    lost : int
        Events that could not be read, or mean nothing without those that could not.
    aside : Path or None
        The damaged file under its new name; None if nothing was damaged.
    """

    kept: int
    recovered: int
    lost: int
    aside: Path | None


def repair(path: str | Path) -> Repaired:
    """Make a sound journal of what is intact in a damaged one, and set the damaged file aside.

    The leading events keep their positions. Behind the damage, replies are a person's work and commute,
    so those that are intact are appended again; other events there are lost. Nothing is deleted. No other
    process may use the journal meanwhile.

    Parameters
    ----------
    path : str or Path
        The journal, as for :class:`SqlJournal`.

    Returns
    -------
    Repaired
        How many events were kept, recovered and lost, and where the damaged file is.

    Raises
    ------
    BadInput
        If there is no such file.
    NewerFormat
        If a newer asklearn wrote it.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "journal.db"
    ...     SqlJournal(path).close()
    ...     repair(path)
    Repaired(kept=0, recovered=0, lost=0, aside=None)
    """
    file = file_of(path)
    if not file.is_file():
        raise BadInput(f"There is no journal {file} to repair.")
    with suppress(JournalDamaged), SqlJournal(file) as journal:
        return Repaired(sum(1 for _ in journal.read()), 0, 0, None)
    aside = _copy_aside(file)
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        copy, sound = Path(folder) / "copy.db", Path(folder) / "sound.db"
        for suffix in ("", "-wal"):
            with suppress(FileNotFoundError):
                shutil.copy2(f"{aside}{suffix}", f"{copy}{suffix}")
        with SqlJournal(sound) as journal:
            kept, recovered, lost = _salvage(copy, journal)
        _put_in_place(sound, file, aside)
    return Repaired(kept, recovered, lost, aside)


def _copy_aside(file: Path) -> Path:
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    names = (
        file.with_name(f"{file.name}.damaged-{stamp}{more}")
        for more in ("", *(f"-{n}" for n in range(1, 99)))
    )
    aside = next(name for name in names if not name.exists())
    for suffix in ("", "-wal"):
        with suppress(FileNotFoundError):
            shutil.copy2(f"{file}{suffix}", f"{aside}{suffix}")
    return aside


def _put_in_place(sound: Path, file: Path, aside: Path) -> None:
    """Replace the damaged files; whatever moment this stops at, the journal says that it is damaged."""
    notice = sound.with_name("notice")
    notice.write_text(f"This journal was being repaired. The damaged file is {aside}.\n", encoding="utf-8")
    os.replace(notice, file)
    for suffix in ("-wal", "-shm"):
        Path(f"{file}{suffix}").unlink(missing_ok=True)
    os.replace(sound, file)


def _salvage(copy: Path, journal: SqlJournal) -> tuple[int, int, int]:
    """Fill `journal` with what is intact in `copy`; return how many were kept, recovered and lost."""
    state, kept, behind, last = State(), 0, {}, 0
    batch: list[Event] = []
    for position, event in _intact_rows(copy):
        last = position
        if event is not None and position == kept + 1:
            kept = position
            batch.append(event)
            if len(batch) == _BATCH:
                journal.append(batch)
                fold(batch, state)
                batch = []
        elif isinstance(event, Reply):
            behind[event.key] = event
    journal.append(batch)
    fold(batch, state)
    recovered = [reply for reply in behind.values() if _makes_sense(state, reply)]
    journal.append(recovered)
    return kept, len(recovered), last - kept - len(recovered)


def _makes_sense(state: State, reply: Reply) -> bool:
    try:
        check(state, reply)
    except NotAllowed:
        return False
    return True


def _intact_rows(copy: Path) -> Iterator[tuple[int, Event | None]]:
    """Yield every position and its event, None where the chain does not vouch for it."""
    digest: str | None = ""
    with closing(sqlite3.connect(copy)) as connection:
        connection.text_factory = lambda text: text.decode(errors="replace")
        for position in range(1, _last_position(connection, copy) + 1):
            try:
                query = "SELECT body, digest FROM event WHERE position = ?"
                body, stored = connection.execute(query, (position,)).fetchone() or (None, None)
            except (sqlite3.Error, UnicodeDecodeError):
                body = stored = None
            vouched = digest is not None and isinstance(body, str) and stored == chain(digest, body)
            digest = stored if isinstance(stored, str) else None
            event = None
            if vouched and body:
                with suppress(BadInput):
                    event = decode(body)
            yield position, event


def _last_position(connection: sqlite3.Connection, copy: Path) -> int:
    most = sum(
        Path(f"{copy}{suffix}").stat().st_size for suffix in ("", "-wal") if Path(f"{copy}{suffix}").exists()
    )
    last = 0
    for query in (
        "SELECT max(position) FROM event",
        "SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'head'",
    ):
        with suppress(sqlite3.Error, UnicodeDecodeError, TypeError):
            found = connection.execute(query).fetchone()[0]
            last = max(last, found if found <= most // _SMALLEST_ROW else 0)
    return last
