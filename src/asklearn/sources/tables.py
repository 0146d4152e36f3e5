"""Tables from Parquet, CSV and numpy files as plain columns."""

from __future__ import annotations

import codecs
import csv
import difflib
import zipfile
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asklearn.errors import BadInput
from asklearn.registry import register, require
from asklearn.types import Indices, Label

NOT_FEATURES = ("id", "label", "split", "", "__index_level_0__")
_MISSING_NUMBERS = ("", "?", "-", "NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "None")
_LARGEST_BLOCK = 1 << 28
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
        return self.columns[_known([name], list(self.columns), self.name)[0]]

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


@register("sources", "tables")
def read_table(path: str | PathLike[str], columns: Sequence[str] | None = None) -> Table:
    """Read a Parquet (.parquet, .pq), CSV (.csv, .tsv) or numpy (.npy, .npz) file.

    Parameters
    ----------
    path : path
        The ending decides the format. A .npy file has the single column "X", a .npz file one column
        per array.
    columns : sequence of str, optional
        Only these are read, in this order; all by default.

    Returns
    -------
    Table
        At least one row. In Parquet, booleans become "true" and "false", times become ISO text, lists
        of numbers become an embedding, and structs with a field "bytes" become that field. In CSV, a
        column is numbers if every value is; numbers with leading zeros stay text, and an empty field
        is missing.

    Raises
    ------
    BadInput
        If the file is absent, empty, damaged or of another kind, has no rows, or a column is missing,
        doubled or cannot be represented. The message names file, row and column.
    MissingExtra
        If pyarrow is needed and not installed.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "people.csv"
    >>> _ = file.write_text("name,age\\nAda,36\\nMax,\\n")
    >>> read_table(file).columns["age"]
    array([36., nan])
    """
    file = Path(path)
    readers = {
        ".parquet": _read_parquet,
        ".pq": _read_parquet,
        ".csv": _read_csv,
        ".tsv": _read_csv,
        ".npy": _read_npy,
        ".npz": _read_npz,
    }
    reader = readers.get(file.suffix.lower())
    if reader is None:
        raise BadInput(f"A table must end in {', '.join(readers)}. Got {file.name!r}.")
    if not file.is_file():
        raise BadInput(f"There is no file {str(path)!r}.")
    if not file.stat().st_size:
        raise BadInput(f"{file.name} is empty (0 bytes). Write the file again.")
    if columns is not None and (isinstance(columns, str) or not columns):
        raise BadInput(f"columns must be a list of at least one column name. Got {columns!r}.")
    try:
        read = reader(file, None if columns is None else list(dict.fromkeys(columns)))
    except OSError as error:
        raise BadInput(f"{file.name} cannot be read: {_first_line(error)}.") from error
    return _checked(file.name, read)


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
        raise BadInput(f"{table.name} has no columns left for features. It has: {_listed(table.columns)}.")
    return left


def _checked(name: str, columns: dict[str, NDArray[Any]]) -> Table:
    if not columns:
        raise BadInput(f"{name} has no columns.")
    sizes = {column: len(values) for column, values in columns.items()}
    if len(set(sizes.values())) > 1:
        raise BadInput(f"All columns must have equally many rows. {name} has {sizes}.")
    rows = next(iter(sizes.values()))
    if not rows:
        raise BadInput(f"{name} has no rows.")
    return Table(name, columns, rows)


def _known(wanted: Sequence[str], there: Sequence[str], name: str) -> Sequence[str]:
    for one in wanted:
        if one not in there:
            near = difflib.get_close_matches(str(one), there, n=1, cutoff=0.5)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise BadInput(f"{name} has no column {one!r}.{hint} It has: {_listed(there)}.")
    return wanted


def _unique(there: Sequence[str], name: str) -> None:
    twice = [one for one, seen in Counter(there).items() if seen > 1]
    if twice:
        raise BadInput(f"Column names must be unique. {name} has {twice[0]!r} more than once; rename one.")


def _listed(names: Any) -> str:
    shown = [repr(name) for name in names]
    return ", ".join(shown[:20]) + (f" and {len(shown) - 20} more" if len(shown) > 20 else "")


def _complete(missing: list[int], where: str, rows: int) -> None:
    if missing:
        first = ", ".join(map(str, missing[:_SHOWN])) + (", ..." if len(missing) > _SHOWN else "")
        raise BadInput(
            f"{len(missing)} of {rows} labels are missing in {where}: row {first} (counted from 0). "
            "Fill them in or drop those rows."
        )


def _kind(values: NDArray[Any]) -> str:
    return f"an array of shape {values.shape}" if values.ndim > 1 else f"dtype {values.dtype}"


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")


# Parquet


def _read_parquet(file: Path, wanted: list[str] | None) -> dict[str, NDArray[Any]]:
    arrow, parquet = require("pyarrow", "app"), require("pyarrow.parquet", "app")
    try:
        with parquet.ParquetFile(file) as opened:
            there = list(opened.schema_arrow.names)
            _unique(there, file.name)
            chosen = _known(there if wanted is None else wanted, there, file.name)
            read = opened.read(columns=list(chosen))
            return {
                name: _from_arrow(read.column(name), f"Column {name!r} of {file.name}") for name in chosen
            }
    except (arrow.ArrowException, OSError) as error:
        raise BadInput(
            f"{file.name} is not a whole Parquet file: {_first_line(error)}. "
            "It may be cut short or of another format; write it again."
        ) from error


def _from_arrow(column: Any, where: str) -> NDArray[Any]:
    arrow = require("pyarrow", "app")
    kind, is_ = column.type, arrow.types
    if is_.is_dictionary(kind):
        return _from_arrow(column.cast(kind.value_type), where)
    if is_.is_struct(kind) and kind.get_field_index("bytes") >= 0:
        compute = require("pyarrow.compute", "app")
        return _from_arrow(compute.struct_field(column, "bytes"), where)
    if is_.is_integer(kind):
        return _whole(column, where)
    if is_.is_floating(kind) or is_.is_decimal(kind) or is_.is_null(kind):
        wide = kind if kind in (arrow.float32(), arrow.float64()) else arrow.float64()
        return np.asarray(column.cast(wide))
    if is_.is_boolean(kind) or is_.is_temporal(kind):
        return _from_arrow(column.cast("string"), where)
    if kind in (arrow.string(), arrow.large_string(), arrow.binary(), arrow.large_binary()):
        return _text(column)
    if is_.is_string_view(kind) or is_.is_binary_view(kind) or is_.is_fixed_size_binary(kind):
        return _from_arrow(column.cast("large_string" if is_.is_string_view(kind) else "large_binary"), where)
    if is_.is_list(kind) or is_.is_large_list(kind) or is_.is_fixed_size_list(kind):
        return _embedding(column, where)
    raise BadInput(f"{where} has type {kind}, which is not supported. Ask for other columns, or convert it.")


def _whole(column: Any, where: str) -> NDArray[Any]:
    if not column.null_count:
        return np.asarray(column)
    arrow = require("pyarrow", "app")
    try:
        return np.asarray(column.cast("float64"))
    except arrow.ArrowInvalid as error:
        raise BadInput(
            f"{where} holds both missing values and whole numbers beyond 2**53; make it text."
        ) from error


def _embedding(column: Any, where: str) -> NDArray[np.float32]:
    arrow, compute = require("pyarrow", "app"), require("pyarrow.compute", "app")
    inner = column.type.value_type
    if not (arrow.types.is_floating(inner) or arrow.types.is_integer(inner)):
        raise BadInput(f"{where} holds lists of {inner}; only lists of numbers (embeddings) can be read.")
    if column.null_count:
        row = int(np.flatnonzero(np.asarray(compute.is_null(column)))[0])
        raise BadInput(
            f"{where} has no embedding in row {row} (counted from 0). Fill it in or drop that row."
        )
    length = np.asarray(compute.list_value_length(column))
    other = np.flatnonzero(length != length[:1])
    if len(other):
        raise BadInput(
            f"Embeddings must be of equal length. {where} has {length[0]} values in row 0 and "
            f"{length[other[0]]} in row {other[0]} (counted from 0)."
        )
    flat = np.asarray(compute.list_flatten(column).cast("float32"))
    return flat.reshape(len(length), int(length[0]) if len(length) else 0)


# CSV


def _read_csv(file: Path, wanted: list[str] | None) -> dict[str, NDArray[Any]]:
    arrow = require("pyarrow", "app")
    there, delimiter = _csv_header(file)
    _unique(there, file.name)
    chosen = list(_known(there if wanted is None else wanted, there, file.name))
    ragged: list[Any] = []
    try:
        table = _csv_columns(file, delimiter, chosen, ragged)
    except (arrow.ArrowException, UnicodeDecodeError) as error:
        raise BadInput(_csv_problem(file, ragged, error)) from error
    _check_quotes(file, delimiter, there)
    return {name: _inferred(table.column(name)) for name in chosen}


def _csv_header(file: Path) -> tuple[list[str], str]:
    """Return the column names and the delimiter, which is a comma unless the header has none."""
    with file.open("rb") as opened:
        head = opened.read(4)
    if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raise BadInput(f"{file.name} is UTF-16; a CSV file must be UTF-8. Save it again as 'CSV UTF-8'.")
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            line = next((line for line in lines if line.strip()), "")
            delimiter = next((one for one in ",\t;" if one in line), ",")
            lines.seek(0)
            names = next((row for row in csv.reader(lines, delimiter=delimiter) if row), [])
    except UnicodeDecodeError as error:
        raise BadInput(_not_utf8(file)) from error
    except csv.Error as error:
        raise BadInput(f"The header of {file.name} cannot be read: {_first_line(error)}.") from error
    if not names:
        raise BadInput(f"{file.name} has no header line. The first line must hold the column names.")
    return names, delimiter


def _csv_columns(file: Path, delimiter: str, chosen: list[str], ragged: list[Any]) -> Any:
    arrow, reader = require("pyarrow", "app"), require("pyarrow.csv", "app")

    def note(row: Any) -> str:
        ragged.append(row)
        return "error"

    block = min(file.stat().st_size + 1, _LARGEST_BLOCK)
    return reader.read_csv(
        file,
        read_options=reader.ReadOptions(use_threads=False, block_size=block),
        parse_options=reader.ParseOptions(
            delimiter=delimiter, newlines_in_values=True, invalid_row_handler=note
        ),
        convert_options=reader.ConvertOptions(
            include_columns=chosen,
            column_types=dict.fromkeys(chosen, arrow.large_string()),
            null_values=[""],
            strings_can_be_null=True,
        ),
    )


def _csv_problem(file: Path, ragged: list[Any], error: Exception) -> str:
    if ragged:
        row = ragged[-1]
        return (
            f"{file.name} has {row.actual_columns} values in row {row.number} (the header is row 1); the "
            f"header has {row.expected_columns}. It begins {row.text[:60]!r}. "
            "Quote values that hold the delimiter."
        )
    if "UTF8" in str(error) or isinstance(error, UnicodeDecodeError):
        return _not_utf8(file)
    if "straddling" in str(error):
        return f"{file.name} has a row of more than {_LARGEST_BLOCK >> 20} MB. Is a quote never closed?"
    return f"{file.name} is not a CSV file that can be read: {_first_line(error)}."


def _not_utf8(file: Path) -> str:
    content = file.read_bytes()
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return (
            f"{file.name} is not UTF-8: byte 0x{content[error.start]:02x} at position {error.start}, "
            f"line {line}. Save it again as 'CSV UTF-8'."
        )
    return f"{file.name} is not UTF-8. Save it again as 'CSV UTF-8'."


def _check_quotes(file: Path, delimiter: str, there: list[str]) -> None:
    """A quote that is never closed swallows the rest of the file without a complaint: complain."""
    with file.open("rb") as opened:
        quotes = sum(part.count(b'"') for part in iter(lambda: opened.read(1 << 24), b""))
        if quotes % 2 == 0:
            return
        opened.seek(max(0, file.stat().st_size - 400))
        tail = opened.read().replace(b'""', b'"')
    last = _csv_columns(file, delimiter, there[-1:], []).column(0)
    value = (last[-1].as_py() or "") if len(last) else ""
    if "\n" in value and tail.endswith(value[-50:].encode()):
        raise BadInput(
            f"{file.name} has a quote that is never closed: its last value begins {value[:60]!r} and runs to "
            'the end of the file. Close it, or write a quote inside a value as "".'
        )


def _inferred(column: Any) -> NDArray[Any]:
    """Numbers where every value is one and none would change by being read so, else text."""
    arrow, compute = require("pyarrow", "app"), require("pyarrow.compute", "app")
    trimmed = compute.utf8_trim_whitespace(column)
    missing = compute.is_in(trimmed, value_set=arrow.array(_MISSING_NUMBERS, arrow.large_string()))
    numbers = compute.if_else(missing, arrow.scalar(None, arrow.large_string()), trimmed)
    if numbers.null_count == len(numbers) and column.null_count < len(column):
        return _text(column)
    for kind, changed in (("int64", r"^[+-]?0[0-9xX]"), ("float64", r"^[+-]?(0[0-9xX]|[0-9]{16,}$)")):
        try:
            read = _from_arrow(numbers.cast(kind), "A column")
        except (arrow.ArrowInvalid, BadInput):
            continue
        if not compute.any(compute.match_substring_regex(numbers, changed)).as_py():
            return read
    return _text(column)


def _text(column: Any) -> NDArray[np.object_]:
    return np.asarray(column.to_numpy(), dtype=object)


# numpy


def _read_npy(file: Path, wanted: list[str] | None) -> dict[str, NDArray[Any]]:
    _known(["X"] if wanted is None else wanted, ["X"], file.name)
    try:
        return {"X": _from_numpy(np.load(file, mmap_mode="r", allow_pickle=False), "X", file.name)}
    except (ValueError, EOFError, SyntaxError, MemoryError, TypeError) as error:
        raise _not_numpy(file, error) from error


def _read_npz(file: Path, wanted: list[str] | None) -> dict[str, NDArray[Any]]:
    try:
        with np.load(file, allow_pickle=False) as opened:
            if not hasattr(opened, "files"):
                raise BadInput(f"{file.name} holds a single array; name it .npy.")
            _unique(opened.files, file.name)
            chosen = _known(opened.files if wanted is None else wanted, opened.files, file.name)
            return {name: _from_numpy(opened[name], name, file.name) for name in chosen}
    except BadInput:
        raise
    except (ValueError, EOFError, SyntaxError, MemoryError, TypeError, KeyError) as error:
        raise _not_numpy(file, error) from error
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, AttributeError) as error:
        raise _not_numpy(file, error) from error


def _not_numpy(file: Path, error: Exception) -> BadInput:
    if isinstance(error, BadInput):
        return error
    return BadInput(
        f"{file.name} is not a whole numpy file of plain arrays: {_first_line(error)}. "
        "Write it again by numpy.save or numpy.savez, without objects."
    )


def _from_numpy(values: Any, name: str, where: str) -> NDArray[Any]:
    if not isinstance(values, np.ndarray) or values.ndim == 0:
        raise BadInput(f"Array {name!r} of {where} must have one entry per row. Got a single value.")
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8", "replace")
    if values.dtype.kind == "U":
        values = values.astype(object)
    if values.dtype.kind == "b":
        values = np.where(values, "true", "false").astype(object)
    if values.dtype.kind not in "iufO":
        raise BadInput(f"Array {name!r} of {where} must hold numbers or str. Got dtype {values.dtype}.")
    plain: NDArray[Any] = values
    return plain
