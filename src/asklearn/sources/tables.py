"""The one way in: every file and folder that can be read, as plain columns, whole or in pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asklearn.errors import BadInput
from asklearn.registry import register
from asklearn.sources._files import (
    ROWS,
    Block,
    Columns,
    ending,
    first_line,
    joined,
    known,
    listed,
    plain_memory,
    unique,
)
from asklearn.sources.arrays import open_npy, open_npz
from asklearn.sources.csv import open_csv
from asklearn.sources.huggingface import is_saved, open_saved
from asklearn.sources.images import open_images
from asklearn.sources.jsonl import open_jsonl
from asklearn.sources.parquet import open_parquet
from asklearn.types import Indices, Label

NOT_FEATURES = ("id", "label", "split", "", "__index_level_0__")
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of equal length, read from a file.

    Attributes
    ----------
    name : str
        Name of the file, for messages.
    columns : dict of str to ndarray
        Numbers (floats with nan where missing, ints where complete), objects that are str, bytes or
        None, or embeddings of shape (N, D), float32.
    rows : int
        Number of rows N.

    Examples
    --------
    >>> import numpy as np
    >>> Table("people.csv", {"age": np.array([31, 47])}, 2).column("agee")
    Traceback (most recent call last):
        ...
    asklearn.errors.BadInput: people.csv has no column 'agee'. Did you mean 'age'? It has: 'age'.
    """

    name: str
    columns: dict[str, NDArray[Any]]
    rows: int

    def __len__(self) -> int:
        return self.rows

    def column(self, name: str) -> NDArray[Any]:
        """Return one column, or say which there are.

        Raises
        ------
        BadInput
            If there is no column of that name.
        """
        return self.columns[known([name], list(self.columns), self.name)[0]]

    def take(self, rows: Indices) -> Table:
        """Return the table of only `rows`, in that order."""
        columns = {name: column[rows] for name, column in self.columns.items()}
        return Table(self.name, columns, len(next(iter(columns.values()), rows)))

    def labels(self, column: str) -> list[Label]:
        """Return a column as class labels; see :func:`labels_of`."""
        return labels_of(self, column)

    def feature_columns(self) -> list[str]:
        """Return the columns that may serve as features; see :func:`feature_columns`."""
        return feature_columns(self)


FORMATS: dict[str, Callable[[Path], AbstractContextManager[Columns]]] = {
    ".parquet": open_parquet,
    ".pq": open_parquet,
    ".csv": open_csv,
    ".tsv": open_csv,
    ".jsonl": open_jsonl,
    ".ndjson": open_jsonl,
    ".npy": open_npy,
    ".npz": open_npz,
}


@register("sources", "tables")
def read_table(path: str | PathLike[str], columns: Sequence[str] | None = None) -> Table:
    """Read a file, or a folder of images, or a saved Hugging Face dataset.

    ======================================  ======================================================
    Parquet (.parquet, .pq)                 booleans become "true" and "false", times ISO text, lists
                                            of numbers an embedding, a struct its field "bytes"
    CSV (.csv, .tsv)                        a column is numbers if every value is; numbers with
                                            leading zeros stay text; an empty field is missing
    JSON lines (.jsonl, .ndjson)            one flat object a line; a key that is not there is missing
    numpy (.npy, .npz)                      the column "X", or one column per array
    a folder of images                      the columns "image" (bytes), "path" and, where there is one
                                            subfolder per class, "label"
    a folder saved by ``save_to_disk``      classes by their names; several splits become the column
                                            "split"
    ======================================  ======================================================

    Parquet, CSV and JSON lines may be compressed (.gz, .zst), as in ``people.csv.gz``; a file that
    inflates to over 200 times its size (and over 64 MB) is refused.

    Parameters
    ----------
    path : path
        The ending decides the format.
    columns : sequence of str, optional
        Only these are read, in this order; all by default.

    Returns
    -------
    Table
        At least one row.

    Raises
    ------
    BadInput
        If the file is absent, empty, damaged or of another kind, has no rows, or a column is missing,
        doubled or cannot be represented. The message names file, row and column.
    MissingExtra
        If pyarrow is needed and not installed.

    See Also
    --------
    iter_table : The same in pieces, for files larger than memory.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "people.csv"
    >>> _ = file.write_text("name,age\\nAda,36\\nMax,\\n")
    >>> read_table(file).columns["age"]
    array([36., nan])
    """
    file = Path(path)
    blocks = list(_blocks(file, columns, None))
    with plain_memory(file.name):
        return _table(file.name, joined(blocks))


@register("sources", "stream")
def iter_table(
    path: str | PathLike[str], columns: Sequence[str] | None = None, rows: int = ROWS
) -> Iterator[Table]:
    """Read what :func:`read_table` reads, piece by piece, for files larger than memory.

    Parameters
    ----------
    path, columns
        As in :func:`read_table`.
    rows : int
        A table has at most so many rows; it has fewer where rows are large, such as images.

    Yields
    ------
    Table
        The rows in order. A column has one dtype, and one width, in every table; rows in messages are
        counted from the beginning of the file.

    Raises
    ------
    BadInput, MissingExtra
        As in :func:`read_table`; tables that came before the fault have been handed out by then.

    Notes
    -----
    CSV and JSON lines are read twice, and whole numbers in Parquet too, so that types are known before
    the first table. A piece holds some tens of megabytes.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "people.jsonl"
    >>> _ = file.write_text('{"age": 36}\\n{"age": 41}\\n{"name": "Max"}\\n')
    >>> [table.columns["age"].tolist() for table in iter_table(file, ["age"], rows=2)]
    [[36.0, 41.0], [nan]]
    """
    if not isinstance(rows, int) or rows < 1:
        raise BadInput(f"rows must be a whole number of at least 1. Got {rows!r}.")
    file = Path(path)
    return (_table(file.name, block) for block in _blocks(file, columns, rows))


def column_names(path: str | PathLike[str]) -> list[str]:
    """Return the names of the columns of what :func:`read_table` reads, without reading its rows.

    Raises
    ------
    BadInput, MissingExtra
        As in :func:`read_table`.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "people.csv"
    >>> _ = file.write_text("name,age\\nAda,36\\n")
    >>> column_names(file)
    ['name', 'age']
    """
    file = Path(path)
    with _opened(file) as opened:
        return list(opened.names)


def is_image_folder(path: str | PathLike[str]) -> bool:
    """Tell whether a path is a folder that is read as one of images.

    Examples
    --------
    >>> is_image_folder("people.csv")
    False
    """
    return Path(path).is_dir() and not is_saved(Path(path))


@contextmanager
def _opened(file: Path) -> Iterator[Columns]:
    try:
        with plain_memory(file.name), _opener(file)(file) as opened:
            unique(opened.names, file.name)
            if not opened.names:
                raise BadInput(f"{file.name} has no columns.")
            yield opened
    except OSError as error:
        raise BadInput(f"{file.name} cannot be read: {first_line(error)}.") from error


def _blocks(file: Path, columns: Sequence[str] | None, rows: int | None) -> Iterator[Block]:
    if columns is not None and (isinstance(columns, str) or not columns):
        raise BadInput(f"columns must be a list of at least one column name. Got {columns!r}.")
    empty = True
    with _opened(file) as opened:
        chosen = opened.names if columns is None else list(dict.fromkeys(columns))
        for block in opened.blocks(known(chosen, opened.names, file.name), rows):
            empty = False
            yield block
    if empty:
        raise BadInput(f"{file.name} has no rows.")


def _opener(file: Path) -> Callable[[Path], AbstractContextManager[Columns]]:
    if file.is_dir():
        return open_saved if is_saved(file) else open_images
    kind, codec = ending(file)
    if kind not in FORMATS or (codec and kind in (".npy", ".npz")):
        raise BadInput(
            f"A table must end in {', '.join(FORMATS)}; text and Parquet may be compressed, as in .csv.gz or "
            f".csv.zst. Got {file.name!r}."
        )
    if not file.is_file():
        raise BadInput(f"There is no file {str(file)!r}.")
    if not file.stat().st_size:
        raise BadInput(f"{file.name} is empty (0 bytes). Write the file again.")
    return FORMATS[kind]


def _table(name: str, block: Block) -> Table:
    return Table(name, block, len(next(iter(block.values()))))


def labels_of(table: Table, column: str) -> list[Label]:
    """Return a column as class labels: str, or int where all are whole numbers.

    Raises
    ------
    BadInput
        If a label is missing, a number is not whole, or the column holds no labels at all.

    Examples
    --------
    >>> import numpy as np
    >>> labels_of(Table("t.csv", {"y": np.array([0.0, 2.0])}, 2), "y")
    [0, 2]
    """
    values = table.column(column)
    where = f"column {column!r} of {table.name}"
    if values.ndim != 1 or values.dtype.kind not in "iufO":
        raise BadInput(f"Labels must be str or whole numbers. Got {_kind(values)} in {where}.")
    if values.dtype.kind == "O":
        _complete(
            [row for row, value in enumerate(values) if value is None or value == ""], where, len(values)
        )
        wrong = next((row for row, value in enumerate(values) if not isinstance(value, str)), None)
        if wrong is not None:
            raise BadInput(
                f"Labels must be str. Got {type(values[wrong]).__name__} in row {wrong} of {where}."
            )
        return values.tolist()  # type: ignore[no-any-return]
    if values.dtype.kind == "f":
        _complete(np.flatnonzero(np.isnan(values)).tolist(), where, len(values))
        broken = np.flatnonzero(~np.isfinite(values) | (values != np.floor(values)))
        if len(broken):
            raise BadInput(
                f"This is a classification task: labels must be str or whole numbers. Got "
                f"{values[broken[0]]} in row {broken[0]} (counted from 0) of {where}. "
                "Choose another column, or cut it into classes."
            )
    return [int(value) for value in values.tolist()]


def feature_columns(table: Table, exclude: Sequence[str] = ()) -> list[str]:
    """Return every column but "id", "label", "split", unnamed indices and those to exclude.

    Raises
    ------
    BadInput
        If nothing is left.

    Examples
    --------
    >>> import numpy as np
    >>> feature_columns(Table("t", {"id": np.arange(2), "age": np.ones(2), "y": np.ones(2)}, 2), ["y"])
    ['age']
    """
    left = [name for name in table.columns if name not in (*NOT_FEATURES, *exclude)]
    if not left:
        raise BadInput(f"{table.name} has no columns left for features. It has: {listed(table.columns)}.")
    return left


def _complete(missing: list[int], where: str, rows: int) -> None:
    if missing:
        first = ", ".join(map(str, missing[:_SHOWN])) + (", ..." if len(missing) > _SHOWN else "")
        raise BadInput(
            f"{len(missing)} of {rows} labels are missing in {where}: row {first} (counted from 0). "
            "Fill them in or drop those rows."
        )


def _kind(values: NDArray[Any]) -> str:
    return f"an array of shape {values.shape}" if values.ndim > 1 else f"dtype {values.dtype}"
