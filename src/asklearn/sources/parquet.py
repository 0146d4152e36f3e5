"""Parquet files."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from asklearn.errors import BadInput
from asklearn.registry import require
from asklearn.sources._arrow import Arrays, pieces, whole_numbers, with_gaps
from asklearn.sources._files import LARGEST_BLOCK, ROWS, Block, Columns, ending, first_line, reading


@contextmanager
def open_parquet(file: Path) -> Iterator[Columns]:
    """Open a Parquet file; a compressed one is unpacked into a temporary file first."""
    arrow, parquet = require("pyarrow", "app"), require("pyarrow.parquet", "app")
    try:
        with (
            _unpacked(file) as source,
            parquet.ParquetFile(source, pre_buffer=False, buffer_size=1 << 20) as opened,
        ):
            yield Columns(
                list(opened.schema_arrow.names),
                lambda chosen, rows: _blocks(opened, file.name, chosen, rows),
            )
    except (arrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise BadInput(
            f"{file.name} is not a whole Parquet file: {first_line(error)}. "
            "It may be cut short or of another format; write it again."
        ) from error


@contextmanager
def _unpacked(file: Path) -> Iterator[Any]:
    if not ending(file)[1]:
        yield str(file)
        return
    with reading(file) as packed, tempfile.TemporaryFile() as plain:
        shutil.copyfileobj(packed, plain, 1 << 20)
        plain.seek(0)
        yield plain


def _blocks(opened: Any, name: str, chosen: list[str], rows: int | None) -> Iterator[Block]:
    size = _batch(opened.metadata, rows or ROWS)
    whole = [one for one in whole_numbers(opened.schema_arrow) if one in chosen]
    gaps = with_gaps(opened.iter_batches(size, columns=whole, use_threads=False), whole) if whole else set()
    arrays = Arrays(name, gaps)
    for piece in pieces(opened.iter_batches(size, columns=chosen, use_threads=False), size):
        yield arrays(piece, chosen)


def _batch(metadata: Any, rows: int) -> int:
    """Return how many rows to decode at a time, so that images do not fill the memory."""
    content = sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
    each = max(1, content // max(1, metadata.num_rows))
    return int(max(1, min(rows, 2 * LARGEST_BLOCK // each)))
