"""Sheets that people fill in: CSV that opens in a spreadsheet, and comes back changed in every way.

A cell that a spreadsheet would take for a formula gets a leading apostrophe on the way out, and loses it on
the way in, so that what was written is what is read.
"""

from __future__ import annotations

import codecs
import csv
import difflib
import io
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from asklearn.errors import BadInput
from asklearn.registry import lookup

LONGEST_CELL = 32_000
"""Characters that a spreadsheet shows of one cell; longer texts are cut in sheets that are only looked at."""

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_ESCAPED = re.compile(r"'+[=+\-@\t\r]")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def escape(cell: Any) -> Any:
    """Return a cell so that no spreadsheet takes it for a formula; numbers stay numbers.

    Examples
    --------
    >>> escape("=1+1"), escape("a=1"), escape(-2)
    ("'=1+1", 'a=1', -2)
    """
    return f"'{cell}" if isinstance(cell, str) and _FORMULA.match(cell) else cell


def restore(cell: str) -> str:
    """Undo :func:`escape`.

    Examples
    --------
    >>> restore(escape("'=1")), restore("-5")
    ("'=1", '-5')
    """
    return cell[1:] if _ESCAPED.match(cell) else cell


def write_sheet(out: TextIO, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a header and rows as CSV, formula cells escaped.

    Examples
    --------
    >>> write_sheet(sys.stdout, ["id", "note"], [[1, "=x"], [2, None]])
    id,note
    1,'=x
    2,
    """
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([escape(one) for one in header])
    writer.writerows([escape(cell) for cell in row] for row in rows)


@dataclass(frozen=True, slots=True)
class Line:
    """One filled row of a sheet: its number (the header is row 1), its id and its label, which may be empty."""

    number: int
    item: str
    label: str


def read_sheet(path: Path, item: str = "id", label: str = "label") -> list[Line]:
    """Read ids and labels out of a CSV file as a spreadsheet leaves it.

    The delimiter may be a comma, a semicolon or a tab; columns may be reordered and further ones added;
    a byte-order mark, UTF-16 and Windows line ends are fine. Rows without anything in them are passed over.

    Raises
    ------
    BadInput
        If the file is absent, empty, not a sheet, or a column is missing; file and row are named.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "batch.csv"
    >>> _ = file.write_text("Label;note;id\\n cat ;x;'=1\\n;;\\n;y;7\\n")
    >>> read_sheet(file)
    [Line(number=2, item='=1', label='cat'), Line(number=4, item='7', label='')]
    """
    text = _decoded(path)
    with _wide_cells():
        header, rows = _parsed(path.name, text, (item, label))
        places = [_place(header, name, path.name) for name in (item, label)]
        return list(_lines(path.name, header, rows, places))


def _decoded(path: Path) -> str:
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise BadInput(f"There is no file {str(path)!r}.") from error
    except OSError as error:
        raise BadInput(f"{path.name} cannot be read: {error.strerror}.") from error
    try:
        text = content.decode("utf-16" if content[:2] in _UTF16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadInput(
            f"{path.name} is not UTF-8: byte 0x{content[error.start]:02x} in line {line}. "
            "Save it again as 'CSV UTF-8'."
        ) from error
    if not text.strip():
        raise BadInput(f"{path.name} is empty. Expected a header line with the columns id and label.")
    return text


def _parsed(name: str, text: str, wanted: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    """Return header and rows by the delimiter that shows most of the wanted columns."""
    head = text.lstrip("\r\n").splitlines()[:1]
    found = {one: sum(want in _names(head, one) for want in wanted) for one in ",;\t"}
    delimiter = max(found, key=lambda one: (found[one], head[0].count(one)))
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise BadInput(
            f"{name} is not a CSV file that can be read ({error}). Is a quote never closed? "
            'Write a quote inside a value as "".'
        ) from error
    first = next(place for place, row in enumerate(rows) if row)
    return rows[first], rows[first + 1 :]


def _names(head: Sequence[str], delimiter: str) -> list[str]:
    return [one.strip().strip('"').casefold() for one in head[0].split(delimiter)]


def _place(header: Sequence[str], name: str, file: str) -> int:
    names = [restore(one.strip()).casefold() for one in header]
    if names.count(name.casefold()) == 1:
        return names.index(name.casefold())
    if name.casefold() in names:
        raise BadInput(f"{file} has the column {name!r} more than once. Rename or remove one of them.")
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f" Did you mean {header[names.index(near[0])]!r:.80}?" if near else ""
    shown = ", ".join(repr(one[:40]) for one in header[:20])
    raise BadInput(f"{file} has no column {name!r}.{hint} It has: {shown}.")


def _lines(
    file: str, header: Sequence[str], rows: Sequence[Sequence[str]], places: Sequence[int]
) -> Iterator[Line]:
    for number, row in enumerate(rows, start=2):
        if not any(cell.strip() for cell in row):
            continue
        if any(cell.strip() for cell in row[len(header) :]):
            raise BadInput(
                f"{file} has {len(row)} values in row {number} (the header is row 1); the header has "
                f"{len(header)}. Quote values that hold the delimiter."
            )
        item, label = (restore(row[at].strip()) if at < len(row) else "" for at in places)
        if not item:
            if label:
                raise BadInput(
                    f"{file} has the label {label[:60]!r} but no id in row {number} (the header is row 1). "
                    "Put the id of its item back."
                )
            continue
        yield Line(number, item, label)


@contextmanager
def _wide_cells() -> Iterator[None]:
    """Lift the limit of 128 KB a cell while one file is read."""
    before = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        yield
    finally:
        csv.field_size_limit(before)


def read_labels(path: Path) -> list[Line]:
    """Read ids and labels: from CSV as :func:`read_sheet`, from any other kind of file as a source does.

    Raises
    ------
    BadInput
        If the file is not what it should be.
    """
    if path.suffix.lower() in ("", ".csv", ".tsv", ".txt") or not path.exists():
        return read_sheet(path)
    table = lookup("sources", "tables")(path, columns=["id", "label"])
    columns = [texts(table.column(name), name, table.name) for name in ("id", "label")]
    lines = [
        Line(row, (i or "").strip(), (v or "").strip())
        for row, (i, v) in enumerate(zip(*columns, strict=True), 2)
    ]
    return [line for line in lines if line.item]


def texts(column: Any, name: str, file: str) -> list[str | None]:
    """Return a column as texts, None where missing; whole numbers without a point.

    Raises
    ------
    BadInput
        If it holds bytes or embeddings.

    Examples
    --------
    >>> import numpy as np
    >>> texts(np.array([1.0, np.nan]), "y", "t.csv")
    ['1', None]
    """
    if column.ndim != 1:
        raise BadInput(f"Column {name!r} of {file} holds arrays; expected one text or number per row.")
    values = column.tolist()
    if any(isinstance(one, bytes) for one in values):
        raise BadInput(f"Column {name!r} of {file} holds bytes; expected texts. Is it one of images?")
    return [_text(one) for one in values]


def _text(value: Any) -> str | None:
    if value is None or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
