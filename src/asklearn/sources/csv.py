"""CSV files: read twice, so that a column's type is known before its first value is given out."""

from __future__ import annotations

import codecs
import csv
import io
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asklearn.errors import BadInput
from asklearn.registry import require
from asklearn.sources._arrow import Arrays, pieces
from asklearn.sources._files import (
    LARGEST_BLOCK,
    Block,
    Columns,
    Stream,
    ending,
    first_line,
    not_utf8,
    refuse_utf16,
)

_MISSING_NUMBERS = ("", "?", "-", "NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "None")
_LARGEST_HEADER = 1 << 20
_LAST_READ = 0.05
"""Seconds that Arrow's thread has for its last steps, where a file is not read to its end."""
_WOULD_CHANGE = {"int64": r"^[+-]?0[0-9xX]", "float64": r"^[+-]?(0[0-9xX]|[0-9]{16,}$)"}


@contextmanager
def open_csv(file: Path) -> Iterator[Columns]:
    """Open a CSV file, delimited by commas, tabs or semicolons, whichever its header has."""
    names, delimiter = _header(file)
    yield Columns(names, lambda chosen, rows: _blocks(file, names, delimiter, chosen, rows))


def _blocks(
    file: Path, names: list[str], delimiter: str, chosen: list[str], rows: int | None
) -> Iterator[Block]:
    kinds = _kinds(file, names, delimiter, chosen)
    gaps = {name for name, (_, missing) in kinds.items() if missing}
    arrays = Arrays(file.name, gaps)
    arrow = require("pyarrow", "app")
    for piece in pieces(_batches(file, delimiter, chosen, _Watched(file)), rows):
        typed = {
            name: piece.column(name) if kind is None else _numbers(piece.column(name)).cast(kind)
            for name, (kind, _) in kinds.items()
        }
        yield arrays(arrow.table(typed), chosen)


def _header(file: Path) -> tuple[list[str], str]:
    """Return the column names and the delimiter, which is a comma unless the header has none."""
    with io.BufferedReader(Stream(file)) as opened:
        head = opened.read(_LARGEST_HEADER)
    refuse_utf16(head, file.name)
    content = head.decode("utf-8-sig", errors="surrogateescape")
    line = next((line for line in io.StringIO(content) if line.strip()), "")
    delimiter = next((one for one in ",\t;" if one in line), ",")
    try:
        names = next((row for row in csv.reader(io.StringIO(content, ""), delimiter=delimiter) if row), [])
    except csv.Error as error:
        raise BadInput(f"The header of {file.name} cannot be read: {first_line(error)}.") from error
    if not names:
        raise BadInput(f"{file.name} has no header line. The first line must hold the column names.")
    if any("\ud800" <= letter <= "\udfff" for name in names for letter in name):
        raise not_utf8(file)
    return names, delimiter


class _Watched(Stream):
    """Counts quotes and keeps the last bytes as they go by; keeps an error for whoever is reading.

    Arrow reads in a thread of its own. An exception there, or a reader that is dropped while that thread is at
    work, can keep the process from ending; so a fault, and `stopped`, look like the end of the file to it.
    """

    def __init__(self, file: Path) -> None:
        super().__init__(file)
        self.quotes = 0
        self.tail = b""
        self.stopped = False
        self.fault: Exception | None = None
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def readinto(self, buffer: Any, /) -> int:
        if self.stopped:
            return 0
        try:
            count = super().readinto(buffer)
            data = bytes(buffer[:count])
            self._decoder.decode(data, final=not data)
        except Exception as error:
            self.fault = error
            return 0
        self.quotes += data.count(b'"')
        self.tail = (self.tail + data)[-400:]
        return count


def _batches(file: Path, delimiter: str, columns: list[str], raw: _Watched) -> Iterator[Any]:
    arrow, reader = require("pyarrow", "app"), require("pyarrow.csv", "app")
    plain = ending(file)[1] is None
    block = min(file.stat().st_size + 1, LARGEST_BLOCK) if plain else LARGEST_BLOCK
    ragged: list[Any] = []

    def keep(row: Any) -> str:
        if not ragged:
            ragged.append(row)
        return "skip"

    try:
        with io.BufferedReader(raw, 1 << 20) as opened:
            batches = reader.open_csv(
                opened,
                read_options=reader.ReadOptions(use_threads=False, block_size=block),
                parse_options=reader.ParseOptions(
                    delimiter=delimiter, newlines_in_values=True, invalid_row_handler=keep
                ),
                convert_options=reader.ConvertOptions(
                    include_columns=columns,
                    column_types=dict.fromkeys(columns, arrow.large_string()),
                    null_values=[""],
                    strings_can_be_null=True,
                ),
            )
            try:
                for batch in batches:
                    _check(file, raw, ragged)
                    yield batch
                _check(file, raw, ragged)
            except BaseException:
                _finish(batches, raw)
                raise
    except arrow.ArrowException as error:
        _check(file, raw, ragged)
        raise _problem(file, error) from error


def _check(file: Path, raw: _Watched, ragged: list[Any]) -> None:
    """Raise what was met while reading."""
    if isinstance(raw.fault, UnicodeDecodeError):
        raise not_utf8(file)
    if raw.fault is not None:
        raise raw.fault
    if ragged:
        row = ragged[0]
        raise BadInput(
            f"{file.name} has {row.actual_columns} values in row {row.number} (the header is row 1); the header "
            f"has {row.expected_columns}. It begins {row.text[:60]!r}. Quote values that hold the delimiter."
        )


def _finish(batches: Any, raw: _Watched) -> None:
    """Let Arrow come to the end of what it reads ahead, so that its thread is done before the reader goes."""
    raw.stopped = True
    arrow = require("pyarrow", "app")
    with suppress(arrow.ArrowException):
        for _ in batches:
            pass
    time.sleep(_LAST_READ)
    batches.close()


def _problem(file: Path, error: Exception) -> BadInput:
    if "straddl" in str(error):
        return BadInput(
            f"{file.name} has a row of more than {LARGEST_BLOCK >> 20} MB. Is a quote never closed?"
        )
    if "Empty CSV" in str(error):
        return BadInput(f"{file.name} has no rows.")
    return BadInput(f"{file.name} is not a CSV file that can be read: {first_line(error)}.")


@dataclass(slots=True)
class _Seen:
    """What the values of a column have been so far."""

    whole: bool = True
    real: bool = True
    numbers: bool = False
    words: bool = False
    gaps: bool = False
    large: bool = False

    def add(self, column: Any) -> None:
        if not (self.whole or self.real):
            return
        numbers = _numbers(column)
        self.words |= column.null_count < len(column)
        self.numbers |= numbers.null_count < len(numbers)
        self.gaps |= numbers.null_count > 0
        read = _read(numbers, "int64") if self.whole else None
        self.whole = read is not None
        self.real = self.real and (self.whole or _read(numbers, "float64") is not None)
        if read is not None:
            bounds = require("pyarrow.compute", "app").min_max(read).as_py()
            self.large |= max(bounds["max"] or 0, -(bounds["min"] or 0)) > 2**53

    def kind(self) -> tuple[str | None, bool]:
        """Return the type, None for text, and whether whole numbers have gaps."""
        if self.words and not self.numbers:
            return None, False
        if self.whole and not (self.gaps and self.large):
            return "int64", self.gaps
        return ("float64", False) if self.real and not self.large else (None, False)


def _kinds(
    file: Path, names: list[str], delimiter: str, chosen: list[str]
) -> dict[str, tuple[str | None, bool]]:
    """Numbers where every value is one and none would change by being read so, else text."""
    seen = {name: _Seen() for name in chosen}
    raw, last = _Watched(file), None
    for batch in _batches(file, delimiter, list(dict.fromkeys([*chosen, names[-1]])), raw):
        for name in chosen:
            seen[name].add(batch.column(name))
        last = batch.column(names[-1]) if batch.num_rows else last
    if raw.quotes % 2 and last is not None:
        _check_quotes(file.name, raw.tail, last[len(last) - 1].as_py() or "")
    return {name: one.kind() for name, one in seen.items()}


def _check_quotes(name: str, tail: bytes, value: str) -> None:
    """A quote that is never closed swallows the rest of the file without a complaint: complain."""
    if "\n" in value and tail.replace(b'""', b'"').endswith(value[-50:].encode()):
        raise BadInput(
            f"{name} has a quote that is never closed: its last value begins {value[:60]!r} and runs to "
            'the end of the file. Close it, or write a quote inside a value as "".'
        )


def _numbers(column: Any) -> Any:
    arrow, compute = require("pyarrow", "app"), require("pyarrow.compute", "app")
    trimmed = compute.utf8_trim_whitespace(column)
    missing = compute.is_in(trimmed, value_set=arrow.array(_MISSING_NUMBERS, arrow.large_string()))
    return compute.if_else(missing, arrow.scalar(None, arrow.large_string()), trimmed)


def _read(numbers: Any, kind: str) -> Any:
    """Return texts as numbers, or None if one of them is none or would change."""
    arrow, compute = require("pyarrow", "app"), require("pyarrow.compute", "app")
    try:
        read = numbers.cast(kind)
    except arrow.ArrowInvalid:
        return None
    return None if compute.any(compute.match_substring_regex(numbers, _WOULD_CHANGE[kind])).as_py() else read
