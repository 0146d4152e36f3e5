"""A project's own items on disk: written once as Parquet, and read back by row."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from os import PathLike
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from asklearn.errors import BadInput
from asklearn.registry import require

_GROUP = 1_000


def write_items(path: str | PathLike[str] | IO[bytes], columns: Mapping[str, Any]) -> None:
    """Write columns of equal length as a Parquet file that :func:`read_items` reads by row.

    Parameters
    ----------
    path : path or file
        Where to write; a file must be open for bytes.
    columns : mapping of str to sequence or ndarray
        Numbers, str, bytes, None where missing; or embeddings of shape (N, D).

    Raises
    ------
    BadInput
        If a column mixes kinds of values.
    """
    arrow, parquet = require("pyarrow", "app"), require("pyarrow.parquet", "app")
    made = {}
    for name, values in columns.items():
        try:
            made[name] = _to_arrow(arrow, values)
        except (arrow.ArrowException, UnicodeError) as error:
            raise BadInput(f"Column {name!r} must hold values of one kind. {error}.") from error
    parquet.write_table(arrow.table(made), path, row_group_size=_GROUP)


def read_items(
    path: str | PathLike[str], rows: Sequence[int], columns: Sequence[str] | None = None
) -> list[dict[str, Any]]:
    """Return some rows as plain values, in the order of `rows`; only what holds them is read.

    Raises
    ------
    BadInput
        If the file is not a whole Parquet file.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "items.parquet"
    >>> write_items(file, {"text": ["a", "b", None], "size": [1.5, 2.0, float("nan")]})
    >>> read_items(file, [2, 0])
    [{'text': None, 'size': None}, {'text': 'a', 'size': 1.5}]
    """
    arrow = require("pyarrow", "app")
    wanted = np.unique(np.asarray(rows, np.intp))
    try:
        metadata, ends = _layout(os.fspath(path), os.stat(path).st_mtime_ns)
        found = _rows(path, metadata, ends, wanted, columns)
    except (arrow.ArrowException, OSError) as error:
        raise BadInput(
            f"{path} is not a whole Parquet file ({error}). Restore it from a copy, or run init again."
        ) from error
    return [{name: _plain(value) for name, value in found[int(row)].items()} for row in rows]


@lru_cache(maxsize=64)
def _layout(path: str, _changed: int) -> tuple[Any, NDArray[np.intp]]:
    """Return a file's metadata and the row after each of its row groups; reading them takes longer than a group."""
    metadata = require("pyarrow.parquet", "app").read_metadata(path)
    counts = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
    return metadata, np.cumsum(counts, dtype=np.intp)


def _rows(
    path: str | PathLike[str],
    metadata: Any,
    ends: NDArray[np.intp],
    wanted: NDArray[np.intp],
    columns: Sequence[str] | None,
) -> dict[int, dict[str, Any]]:
    parquet = require("pyarrow.parquet", "app")
    found: dict[int, dict[str, Any]] = {}
    group_of = np.searchsorted(ends, wanted, side="right")
    with parquet.ParquetFile(path, metadata=metadata) as opened:
        for group in np.unique(group_of).tolist():
            start = int(ends[group - 1]) if group else 0
            part = opened.read_row_group(group, columns=columns)  # its take() would import pandas
            for row in wanted[group_of == group].tolist():
                found[row] = part.slice(row - start, 1).to_pylist()[0]
    return found


def _to_arrow(arrow: Any, values: Any) -> Any:
    if isinstance(values, np.ndarray) and values.ndim == 2:
        flat = arrow.array(np.ascontiguousarray(values, np.float32).ravel())
        return arrow.FixedSizeListArray.from_arrays(flat, values.shape[1])
    if not isinstance(values, np.ndarray) or values.dtype != object:
        return arrow.array(values)
    made = arrow.array(values.tolist())
    return made.cast(arrow.string()) if arrow.types.is_null(made.type) else made


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and value != value else value
