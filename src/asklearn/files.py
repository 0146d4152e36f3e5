"""Files that are whole or not there, known by their content, and locked against a second writer."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any

from asklearn.errors import BadInput, Conflict

_AT_ONCE = 1 << 20


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Write a file under another name in its folder, and rename it once all of it is on the disk.

    Examples
    --------
    >>> file = Path(tempfile.mkdtemp()) / "a.txt"
    >>> with replacing(file) as out:
    ...     out.write(b"whole or not at all")
    19
    >>> file.read_text(), len(list(file.parent.iterdir()))
    ('whole or not at all', 1)
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o666 & ~mask)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Put the folder's list of names on the disk, where the system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def digest_of(path: Path) -> str:
    """Return a BLAKE2b digest of a file's content, or of every name and content in a folder.

    Hidden files and folders in a folder are passed over.

    Raises
    ------
    BadInput
        If there is no such file or folder, or it cannot be read.

    Examples
    --------
    >>> file = Path(tempfile.mkdtemp()) / "a.txt"
    >>> _ = file.write_text("a")
    >>> digest_of(file)
    '27c35e6e9373877f29e562464e46497e'
    """
    digest = blake2b(digest_size=16)
    try:
        for file in sorted(_visible(path)) if path.is_dir() else [path]:
            if file != path:
                digest.update(
                    f"{file.relative_to(path).as_posix()}\0{file.stat().st_size}\0".encode(
                        "utf-8", "surrogateescape"
                    )
                )
            with file.open("rb") as opened:
                for part in iter(lambda: opened.read(_AT_ONCE), b""):
                    digest.update(part)
    except FileNotFoundError as error:
        raise BadInput(f"There is no file {str(path)!r}.") from error
    except OSError as error:
        raise BadInput(f"{path.name} cannot be read: {error.strerror}.") from error
    return digest.hexdigest()


def _visible(folder: Path) -> Iterator[Path]:
    for top, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(top, name) for name in files if not name.startswith("."))


@contextmanager
def locked(path: Path, refusal: str) -> Iterator[None]:
    """Keep other processes out; the lock ends with the process, however that ends.

    Parameters
    ----------
    path : Path
        A file to lock; made where there is none, and left empty.
    refusal : str
        What to say when another process is at it.

    Raises
    ------
    Conflict
        If another process holds the lock.
    BadInput
        If the file cannot be written.

    Examples
    --------
    >>> file = Path(tempfile.mkdtemp()) / "lock"
    >>> with locked(file, "Somebody was faster."), locked(file, "Somebody was faster."):
    ...     pass
    Traceback (most recent call last):
        ...
    asklearn.errors.Conflict: Somebody was faster.
    """
    try:
        connection = sqlite3.connect(path, timeout=0, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = MEMORY")
            connection.execute("BEGIN EXCLUSIVE")
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        if _is_busy(error):
            raise Conflict(refusal) from error
        raise BadInput(f"{path} cannot be locked: {error}. Is the folder yours to write to?") from error
    try:
        yield
    finally:
        connection.close()


def _is_busy(error: Any) -> bool:
    return getattr(error, "sqlite_errorcode", None) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
