"""The first reading of a data file: is every row in order, which ids and labels are there, and a fair sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.random import Generator, default_rng

from asklearn.errors import BadInput
from asklearn.labels import match, no_label
from asklearn.registry import lookup
from asklearn.seeds import seed_for
from asklearn.settings import Settings
from asklearn.sheets import texts
from asklearn.types import Indices

PIECE = 16_384
"""Rows that are read at a time; fewer where they are large."""

SAMPLE_ROWS = 100_000
SAMPLE_BYTES = 128 << 20

Progress: TypeAlias = Callable[[str, int, int | None], None]
Columns: TypeAlias = dict[str, Any]


@dataclass(slots=True)
class Survey:
    """What the first reading of a data file brings.

    Attributes
    ----------
    rows : int
        Number of items.
    ids : list of str or None
        Their ids; None where an item's id is its row.
    labels : list of (int, str)
        The rows that have a label, and which.
    sample : Sample or None
        Items for an encoder to be fitted on.
    """

    rows: int = 0
    ids: list[str] | None = None
    labels: list[tuple[int, str]] = field(default_factory=list)
    sample: Sample | None = None


class Sample:
    """A uniform sample of rows that come in pieces, at most so many and of at most so many bytes.

    Every row gets a random number; those with the smallest are kept. So the sample does not depend on how
    the rows were cut into pieces.

    Examples
    --------
    >>> sample = Sample(default_rng(0), rows=2)
    >>> sample.add({"n": np.arange(3)})
    >>> sample.add({"n": np.arange(3, 5)})
    >>> sample.taken()
    (array([2, 3]), {'n': array([2, 3])})
    """

    def __init__(self, rng: Generator, rows: int = SAMPLE_ROWS, size: int = SAMPLE_BYTES) -> None:
        self.rng, self.rows, self.size = rng, rows, size
        self._seen = 0
        self._below = 1.0
        self._held: list[tuple[Any, Indices, Columns]] = []
        self._waiting = [0, 0]

    def add(self, columns: Columns) -> None:
        """Look at further rows."""
        count = len(next(iter(columns.values())))
        lot = self.rng.random(count)
        kept = np.flatnonzero(lot < self._below)
        part = {name: column[kept] for name, column in columns.items()}
        self._held.append((lot[kept], self._seen + kept, part))
        self._seen += count
        self._waiting[0] += len(kept)
        self._waiting[1] += int(_bytes(part).sum())
        if self._waiting[0] > self.rows or self._waiting[1] > self.size:
            self._shrink()

    def taken(self) -> tuple[Indices, Columns]:
        """Return the rows of the sample, counted from 0, and their columns, in order."""
        self._shrink()
        _, rows, columns = self._held[0]
        order = np.argsort(rows)
        return rows[order], {name: column[order] for name, column in columns.items()}

    def _shrink(self) -> None:
        lot = np.concatenate([one for one, _, _ in self._held])
        rows = np.concatenate([one for _, one, _ in self._held])
        parts = [one for _, _, one in self._held]
        columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        order = np.argsort(lot)
        fits = int(np.searchsorted(np.cumsum(_bytes(columns)[order]), self.size, side="right"))
        kept = order[: max(1, min(self.rows, fits))]
        if len(kept) < len(order):
            self._below = float(lot[order[len(kept)]])
        columns = {name: column[kept] for name, column in columns.items()}
        self._held = [(lot[kept], rows[kept], columns)]
        self._waiting = [0, 0]


def _bytes(columns: Columns) -> Indices:
    """Return about how many bytes each row takes."""
    size_N = np.zeros(len(next(iter(columns.values()))), np.int64)
    for column in columns.values():
        if column.dtype == object:
            size_N += np.fromiter((8 if one is None else len(one) for one in column), np.int64, len(column))
        else:
            size_N += column.dtype.itemsize * int(np.prod(column.shape[1:]))
    return size_N


def survey(
    source: Path, settings: Settings, progress: Progress, *, label: str | None = None, sampling: bool = True
) -> Survey:
    """Read a data file from end to end.

    Parameters
    ----------
    source : Path
        Whatever the source ``stream`` reads.
    settings : Settings
        Which columns to look at, and what they must hold.
    progress : callable
        ``progress("checking", rows, None)`` after each piece.
    label : str, optional
        Column of known labels, "" for none; that of the settings by default.
    sampling : bool
        Whether to draw a sample of the items.

    Raises
    ------
    BadInput
        If a value is not what its column must hold, an id is missing or doubled, or a label is none of
        the classes. File, column and row are named.
    """
    label = settings.label if label is None else label
    found = Survey(ids=[] if settings.id else None)
    ids, labels = _Ids(settings.id), _Labels(label, settings.labels)
    if sampling:
        found.sample = Sample(default_rng(seed_for(settings.seed, "encoder", 0)))
    wanted = dict.fromkeys([*settings.columns, *settings.show, settings.id, label])
    for table in lookup("sources", "stream")(source, columns=[*filter(None, wanted)], rows=PIECE):
        items = items_of(table, settings, found.rows)
        if found.sample is not None:
            found.sample.add({name: items[name] for name in settings.columns})
        if found.ids is not None:
            found.ids += ids.of(table, found.rows)
        if label:
            found.labels += labels.of(table, found.rows)
        found.rows += table.rows
        progress("checking", found.rows, None)
    return found


def items_of(table: Any, settings: Settings, start: int) -> Columns:
    """Return what of a piece is kept: the columns of the items and those to show.

    Raises
    ------
    BadInput
        If a column does not hold what the kind of the items needs.
    """
    items = {name: table.columns[name] for name in dict.fromkeys([*settings.columns, *settings.show])}
    for name in settings.columns:
        items[name] = _CHECKS[settings.kind](items[name], name, table.name, start)
    return items


def encodable(items: Columns, settings: Settings) -> Any:
    """Return items as an encoder of their kind takes them."""
    if settings.kind == "tabular":
        return {name: items[name] for name in settings.columns}
    return items[settings.columns[0]]


def _texts(column: Any, name: str, file: str, start: int) -> Any:
    return np.array([one or "" for one in texts(column, name, file)], dtype=object)


def _images(column: Any, name: str, file: str, start: int) -> Any:
    for row, value in enumerate(column.tolist() if column.ndim == 1 else [None], start + 1):
        if not isinstance(value, bytes):
            raise BadInput(
                f"Column {name!r} of {file} must hold images (PNG or JPEG bytes). "
                f"Got {type(value).__name__} in data row {row}."
            )
    return column


def _cells(column: Any, name: str, file: str, start: int) -> Any:
    if column.ndim > 1:
        raise BadInput(f"Column {name!r} of {file} holds arrays; a table needs one text or number per row.")
    if column.dtype == object:
        texts(column, name, file)
        return column
    return _finite(column, name, file, start)


def _embeddings(column: Any, name: str, file: str, start: int) -> Any:
    if column.ndim != 2 or column.dtype.kind not in "fiub":
        raise BadInput(
            f"Column {name!r} of {file} must hold embeddings: a list of numbers in each row. "
            f"Got {'single values' if column.ndim == 1 else column.dtype}."
        )
    with np.errstate(over="ignore"):
        return _finite(column.astype(np.float32), name, file, start, gaps=False)


def _finite(column: Any, name: str, file: str, start: int, gaps: bool = True) -> Any:
    """Refuse infinite numbers, and missing ones too unless there may be gaps."""
    wrong = ~np.isfinite(column)
    if gaps:
        wrong &= ~np.isnan(column)
    if wrong.any():
        at = np.argwhere(wrong)[0]
        raise BadInput(
            f"Numbers must be finite. Column {name!r} of {file} has {column[tuple(at)]} in data row "
            f"{start + int(at[0]) + 1}. Mend or drop that row{', or leave the cell empty' if gaps else ''}."
        )
    return column


_CHECKS: dict[str, Callable[[Any, str, str, int], Any]] = {
    "text": _texts, "image": _images, "tabular": _cells, "embedding": _embeddings,
}  # fmt: skip


class _Ids:
    """The ids of piece after piece, each of them new."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.first: dict[str, int] = {}

    def of(self, table: Any, start: int) -> list[str]:
        found = [(one or "").strip() for one in texts(table.columns[self.name], self.name, table.name)]
        for row, one in enumerate(found, start + 1):
            if not one or "\0" in one:
                raise BadInput(
                    f"Column {self.name!r} of {table.name} has no id in data row {row}. Fill it in."
                )
            if self.first.setdefault(one, row) != row:
                raise BadInput(
                    f"Ids must differ. Column {self.name!r} of {table.name} has {one!r:.80} in data rows "
                    f"{self.first[one]} and {row}."
                )
        return found


class _Labels:
    """The labels of piece after piece, each of them known if the classes are."""

    def __init__(self, name: str, classes: tuple[str, ...]) -> None:
        self.name, self.classes = name, classes
        self.meant: dict[str, str] = {}

    def of(self, table: Any, start: int) -> list[tuple[int, str]]:
        told = []
        for row, raw in enumerate(texts(table.columns[self.name], self.name, table.name), start):
            if raw is None or not raw.strip():
                continue
            label = self.meant.get(raw) or (match(raw, self.classes) if self.classes else raw.strip())
            if label is None:
                raise no_label(raw, self.classes, f"data row {row + 1} of {table.name}")
            told.append((row, self.meant.setdefault(raw, label)))
        return told
