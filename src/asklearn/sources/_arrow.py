"""Arrow columns as plain arrays, piece by piece, of one dtype and width from first to last."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asklearn.errors import BadInput
from asklearn.registry import require
from asklearn.sources._files import LARGEST_BLOCK, ROWS, Block


def pieces(batches: Iterable[Any], rows: int | None) -> Iterator[Any]:
    """Yield Arrow tables of at most `rows` rows, small neighbours joined up to a bounded size."""
    arrow, most = require("pyarrow", "app"), rows or ROWS
    held: list[Any] = []
    count = size = 0
    for batch in batches:
        if held and count + batch.num_rows > most:
            yield arrow.Table.from_batches(held)
            held, count, size = [], 0, 0
        for start in range(0, batch.num_rows, most):
            held.append(batch.slice(start, most))
            count, size = count + held[-1].num_rows, size + held[-1].nbytes
            if count == most or size > LARGEST_BLOCK:
                yield arrow.Table.from_batches(held)
                held, count, size = [], 0, 0
    if held:
        yield arrow.Table.from_batches(held)


def whole_numbers(schema: Any) -> list[str]:
    """Return the columns of whole numbers, which become floats where values are missing."""
    types = require("pyarrow", "app").types
    return [
        field.name
        for field in schema
        if types.is_integer(field.type.value_type if types.is_dictionary(field.type) else field.type)
    ]


def with_gaps(batches: Iterable[Any], columns: list[str]) -> set[str]:
    """Return those of `columns` in which any value is missing."""
    return {name for batch in batches for name in columns if _decoded(batch.column(name)).null_count}


class Arrays:
    """Turns tables into arrays, and remembers what must not change between them.

    Parameters
    ----------
    name : str
        Name of the file, for messages.
    gaps : set of str
        Columns of whole numbers with missing values somewhere: floats throughout.
    """

    def __init__(self, name: str, gaps: set[str]) -> None:
        self.name, self.gaps = name, gaps
        self.row = 0
        self._widths: dict[str, int] = {}

    def __call__(self, table: Any, columns: list[str]) -> Block:
        """Return the columns of the next table."""
        block = {name: self._array(name, table.column(name)) for name in columns}
        self.row += table.num_rows
        return block

    def _array(self, name: str, column: Any) -> NDArray[Any]:
        arrow, where = require("pyarrow", "app"), f"Column {name!r} of {self.name}"
        column = _decoded(column)
        kind, is_ = column.type, arrow.types
        if is_.is_struct(kind) and kind.get_field_index("bytes") >= 0:
            return self._array(name, require("pyarrow.compute", "app").struct_field(column, "bytes"))
        if is_.is_integer(kind):
            return _with_nan(column, where) if name in self.gaps else np.asarray(column)
        if is_.is_floating(kind) or is_.is_decimal(kind) or is_.is_null(kind):
            wide = kind if kind in (arrow.float32(), arrow.float64()) else arrow.float64()
            return np.asarray(column.cast(wide))
        if is_.is_boolean(kind) or is_.is_temporal(kind):
            return text(column.cast("string"))
        if kind in (arrow.string(), arrow.large_string(), arrow.binary(), arrow.large_binary()):
            return text(column)
        if is_.is_string_view(kind):
            return text(column.cast("large_string"))
        if is_.is_binary_view(kind) or is_.is_fixed_size_binary(kind):
            return text(column.cast("large_binary"))
        if is_.is_list(kind) or is_.is_large_list(kind) or is_.is_fixed_size_list(kind):
            return self._embedding(name, column, where)
        raise BadInput(
            f"{where} has type {kind}, which is not supported. Ask for other columns, or convert it."
        )

    def _embedding(self, name: str, column: Any, where: str) -> NDArray[np.float32]:
        arrow, compute = require("pyarrow", "app"), require("pyarrow.compute", "app")
        inner = column.type.value_type
        if not (arrow.types.is_floating(inner) or arrow.types.is_integer(inner)):
            raise BadInput(f"{where} holds lists of {inner}; only lists of numbers (embeddings) can be read.")
        if column.null_count:
            row = self.row + int(np.flatnonzero(np.asarray(compute.is_null(column)))[0])
            raise BadInput(
                f"{where} has no embedding in row {row} (counted from 0). Fill it in or drop that row."
            )
        length = np.asarray(compute.list_value_length(column))
        width = self._widths.setdefault(name, int(length[0]))
        other = np.flatnonzero(length != width)
        if len(other):
            raise BadInput(
                f"Embeddings must be of equal length. {where} has {width} values in row 0 and "
                f"{length[other[0]]} in row {self.row + int(other[0])} (counted from 0)."
            )
        return np.asarray(compute.list_flatten(column).cast("float32")).reshape(len(length), width)


def text(column: Any) -> NDArray[np.object_]:
    """Return a column of texts or bytes as Python objects, None where missing."""
    return np.asarray(column.to_numpy(), dtype=object)


def _decoded(column: Any) -> Any:
    kind = column.type
    if require("pyarrow", "app").types.is_dictionary(kind):
        return column.cast(kind.value_type)
    return column


def _with_nan(column: Any, where: str) -> NDArray[Any]:
    arrow = require("pyarrow", "app")
    try:
        return np.asarray(column.cast("float64"))
    except arrow.ArrowInvalid as error:
        raise BadInput(
            f"{where} holds both missing values and whole numbers beyond 2**53; make it text."
        ) from error
