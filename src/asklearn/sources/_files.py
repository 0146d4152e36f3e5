"""What every format shares: columns by name, bytes from files that may be compressed, and words for errors."""

from __future__ import annotations

import codecs
import difflib
import io
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from asklearn.errors import BadInput
from asklearn.registry import require

ROWS = 65_536
LARGEST_BLOCK = 16 << 20
"""Bytes of text that are parsed at a time, and so the longest row."""
INFLATED_FREELY = 64 << 20
MOST_INFLATED = 200
"""A file may inflate to this many times its size, or to `INFLATED_FREELY` bytes if that is more."""

CODECS = {".gz": "gzip", ".zst": "zstd"}

Block: TypeAlias = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Columns:
    """An opened file: the names of its columns, and a way through its rows.

    Attributes
    ----------
    names : list of str
        As they stand in the file; may hold doubles.
    blocks : callable
        ``blocks(chosen, rows)`` yields the chosen columns in pieces of at most that many rows, or of
        whatever size suits the format if `rows` is None. A column has one dtype and width throughout.
    """

    names: list[str]
    blocks: Callable[[list[str], int | None], Iterator[Block]]


def ending(file: Path) -> tuple[str, str | None]:
    """Return the ending that tells the format, and the codec if the file is compressed.

    Examples
    --------
    >>> ending(Path("people.CSV.gz"))
    ('.csv', 'gzip')
    """
    last = file.suffix.lower()
    return (Path(file.stem).suffix.lower(), CODECS[last]) if last in CODECS else (last, None)


class Stream(io.RawIOBase):
    """The bytes of a file, inflated if its ending says so, and no more of them than is sane."""

    def __init__(self, file: Path) -> None:
        self.name = file.name
        self._codec = ending(file)[1]
        self._limit = most_inflated(file.stat().st_size) if self._codec else None
        self._given = 0
        self._source: Any = _inflating(file, self._codec) if self._codec else file.open("rb", buffering=0)

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Fill `buffer`; see :meth:`io.RawIOBase.readinto`."""
        try:
            data = self._source.read(len(buffer))
        except (OSError, ValueError) as error:
            if not self._codec:
                raise
            raise BadInput(
                f"{self.name} is not a whole {self._codec} file: {first_line(error)}. Compress it again."
            ) from error
        self._given += len(data)
        if self._limit is not None and self._given > self._limit:
            raise BadInput(inflates(self.name, self._limit))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close the file."""
        source = getattr(self, "_source", None)
        if source is not None:
            source.close()
        super().close()


def reading(file: Path) -> io.BufferedReader:
    """Return a file's bytes, inflated, for reading once from front to end."""
    return io.BufferedReader(Stream(file), 1 << 20)


def _inflating(file: Path, codec: str) -> Any:
    arrow = require("pyarrow", "app")
    if not arrow.Codec.is_available(codec):
        raise BadInput(
            f"{file.name} cannot be read: this pyarrow was built without {codec}. Unpack the file."
        )
    return arrow.CompressedInputStream(arrow.OSFile(str(file)), codec)


def most_inflated(size: int) -> int:
    """Return how many bytes a compressed file of `size` bytes may become.

    Examples
    --------
    >>> most_inflated(1000) >> 20
    64
    """
    return max(INFLATED_FREELY, MOST_INFLATED * size)


def inflates(name: str, limit: int) -> str:
    """Return the words by which a decompression bomb is refused."""
    return (
        f"{name} inflates to more than {limit} bytes, over {MOST_INFLATED} times its size. "
        "That looks like a decompression bomb; if it is not, unpack the file first."
    )


def known(wanted: Sequence[str], there: Sequence[str], name: str) -> list[str]:
    """Return `wanted`, or say which column is missing and which is nearest.

    Raises
    ------
    BadInput
        If a column is not there.
    """
    for one in wanted:
        if one not in there:
            near = difflib.get_close_matches(str(one), there, n=1, cutoff=0.5)
            hint = f" Did you mean {near[0]!r:.80}?" if near else ""
            raise BadInput(f"{name} has no column {one!r:.80}.{hint} It has: {listed(there)}.")
    return list(wanted)


def unique(there: Sequence[str], name: str) -> None:
    """Refuse column names that occur twice.

    Raises
    ------
    BadInput
        If one does.
    """
    twice = [one for one, seen in Counter(there).items() if seen > 1]
    if twice:
        raise BadInput(
            f"Column names must be unique. {name} has {twice[0]!r:.80} more than once; rename one."
        )


def listed(names: Any) -> str:
    """Return up to twenty names, quoted.

    Examples
    --------
    >>> listed(["a", "b"])
    "'a', 'b'"
    """
    shown = [f"{name!r:.80}" for name in names]
    return ", ".join(shown[:20]) + (f" and {len(shown) - 20} more" if len(shown) > 20 else "")


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message."""
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")


@contextmanager
def plain_memory(name: str) -> Iterator[None]:
    """Turn a lack of memory into a clear refusal."""
    try:
        yield
    except MemoryError as error:
        raise BadInput(f"{name} does not fit into memory. Read fewer columns, or piece by piece.") from error


def refuse_utf16(head: bytes, name: str) -> None:
    """Refuse text that begins with the byte-order mark of UTF-16.

    Raises
    ------
    BadInput
        If it does.
    """
    if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raise BadInput(f"{name} is UTF-16; it must be UTF-8. Save it again as UTF-8.")


def not_utf8(file: Path) -> BadInput:
    """Return the error that says where a text file stops being UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    position = line = 0
    with reading(file) as opened:
        for part in chain(iter(lambda: opened.read(1 << 20), b""), [b""]):
            block = decoder.getstate()[0] + part
            try:
                decoder.decode(part, final=not part)
            except UnicodeDecodeError as error:
                line += block.count(b"\n", 0, error.start) + 1
                return BadInput(
                    f"{file.name} is not UTF-8: byte 0x{block[error.start]:02x} at position "
                    f"{position + error.start}, line {line}. "
                    "Save it again as UTF-8."
                )
            rest = len(decoder.getstate()[0])
            position, line = position + len(block) - rest, line + part.count(b"\n")
    return BadInput(f"{file.name} is not UTF-8. Save it again as UTF-8.")


def joined(blocks: list[Block]) -> Block:
    """Return pieces as one; each list of arrays is let go as soon as it is joined."""
    if len(blocks) == 1:
        return blocks[0]
    return {name: np.concatenate([block.pop(name) for block in blocks]) for name in list(blocks[0])}
