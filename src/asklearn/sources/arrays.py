"""Numpy files."""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asklearn.errors import BadInput
from asklearn.sources._files import Block, Columns, first_line, inflates, most_inflated, unique

_DAMAGE = (ValueError, EOFError, SyntaxError, TypeError, KeyError, zipfile.BadZipFile, zlib.error)
_ODD_DAMAGE = (
    NotImplementedError, RuntimeError, AttributeError, OverflowError, MemoryError, tokenize.TokenError,
)  # fmt: skip


@contextmanager
def open_npy(file: Path) -> Iterator[Columns]:
    """Open a .npy file, whose single column is "X", without reading it."""
    with _undamaged(file):
        held = {"X": np.load(file, mmap_mode="r", allow_pickle=False)}
        yield Columns(["X"], lambda chosen, rows: _blocks(held, file.name, chosen, rows))


@contextmanager
def open_npz(file: Path) -> Iterator[Columns]:
    """Open a .npz file, which has a column per array."""
    with _undamaged(file), np.load(file, allow_pickle=False) as held:
        if not hasattr(held, "files"):
            raise BadInput(f"{file.name} holds a single array; name it .npy.")
        unique(held.files, file.name)
        most = most_inflated(file.stat().st_size)
        if sum(one.file_size for one in held.zip.infolist()) > most:
            raise BadInput(inflates(file.name, most))
        yield Columns(held.files, lambda chosen, rows: _blocks(held, file.name, chosen, rows))


@contextmanager
def _undamaged(file: Path) -> Iterator[None]:
    try:
        yield
    except BadInput:
        raise
    except (*_DAMAGE, *_ODD_DAMAGE) as error:
        raise BadInput(
            f"{file.name} is not a whole numpy file of plain arrays: {first_line(error)}. "
            "Write it again by numpy.save or numpy.savez, without objects."
        ) from error


def _blocks(held: Mapping[str, Any], name: str, chosen: list[str], rows: int | None) -> Iterator[Block]:
    arrays = {one: _plain(held[one], one, name) for one in chosen}
    sizes = {one: len(values) for one, values in arrays.items()}
    if len(set(sizes.values())) > 1:
        raise BadInput(f"All columns must have equally many rows. {name} has {sizes}.")
    total = sizes[chosen[0]]
    for start in range(0, total, rows or max(1, total)):
        stop = start + rows if rows else total
        yield {one: _objects(values[start:stop]) for one, values in arrays.items()}


def _plain(values: Any, name: str, where: str) -> NDArray[Any]:
    if not isinstance(values, np.ndarray) or values.ndim == 0:
        raise BadInput(f"Array {name!r} of {where} must have one entry per row. Got a single value.")
    if values.dtype.kind not in "iufSUb":
        raise BadInput(f"Array {name!r} of {where} must hold numbers or str. Got dtype {values.dtype}.")
    return values


def _objects(values: NDArray[Any]) -> NDArray[Any]:
    """Return texts as Python objects, and booleans as texts."""
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8", "replace")
    if values.dtype.kind == "b":
        values = np.where(values, "true", "false")
    return values.astype(object) if values.dtype.kind == "U" else values
