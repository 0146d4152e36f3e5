"""Datasets of the library `datasets`, as saved by its ``save_to_disk``, read without it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asklearn.errors import BadInput
from asklearn.registry import require
from asklearn.sources._arrow import Arrays, pieces, whole_numbers, with_gaps
from asklearn.sources._files import Block, Columns, first_line, listed

_LARGEST_NOTE = 64 << 20


def is_saved(folder: Path) -> bool:
    """Tell whether a folder was made by ``save_to_disk``."""
    return (folder / "state.json").is_file() or (folder / "dataset_dict.json").is_file()


@contextmanager
def open_saved(folder: Path) -> Iterator[Columns]:
    """Open a saved ``Dataset``, or a saved ``DatasetDict``, whose splits get a column "split"."""
    if not (folder / "dataset_dict.json").is_file():
        names, blocks = _dataset(folder, folder.name)
        yield Columns(names, blocks)
        return
    splits = {one: _dataset(_inner(folder, one), f"{folder.name}/{one}") for one in _splits(folder)}
    names = next(iter(splits.values()))[0]
    for split, (others, _) in splits.items():
        if sorted(others) != sorted(names):
            raise BadInput(
                f"All splits of {folder.name} must have the same columns. {split!r} has {listed(others)}; "
                f"{next(iter(splits))!r} has {listed(names)}. Give the folder of one split."
            )
    if "split" in names:
        raise BadInput(
            f"{folder.name} has a column 'split' besides its splits. Give the folder of one split."
        )
    yield Columns([*names, "split"], lambda chosen, rows: _every(splits, chosen, rows))


_Blocks = Callable[[list[str], int | None], Iterator[Block]]


def _every(
    splits: dict[str, tuple[list[str], _Blocks]], chosen: list[str], rows: int | None
) -> Iterator[Block]:
    for split, (names, blocks) in splits.items():
        inner = [name for name in chosen if name != "split"] or names[:1]
        for block in blocks(inner, rows):
            size = len(block[inner[0]])
            yield {
                name: np.full(size, split, dtype=object) if name == "split" else block[name]
                for name in chosen
            }


def _splits(folder: Path) -> list[str]:
    splits = _note(folder, "dataset_dict.json").get("splits")
    if not isinstance(splits, list) or not splits or not all(isinstance(one, str) for one in splits):
        raise BadInput(f"dataset_dict.json of {folder.name} must list the splits. Save the dataset again.")
    return list(dict.fromkeys(splits))


def _dataset(folder: Path, name: str) -> tuple[list[str], _Blocks]:
    """Return the columns of one dataset, and a way through its rows."""
    listing = _note(folder, "state.json").get("_data_files")
    if not isinstance(listing, list) or not listing:
        raise BadInput(f"state.json of {name} must list _data_files. Save the dataset again.")
    files = [_inner(folder, one.get("filename") if isinstance(one, dict) else None) for one in listing]
    classes = _classes(folder)
    with _opened(files[0], name) as reader:
        schema = reader.schema
        names = list(schema.names)

    def blocks(chosen: list[str], rows: int | None) -> Iterator[Block]:
        whole = [one for one in whole_numbers(schema) if one in chosen]
        gaps = with_gaps(_batches(files, name, schema), whole) if whole else set()
        arrays, start = Arrays(name, gaps), 0
        for piece in pieces((one.select(chosen) for one in _batches(files, name, schema)), rows):
            block = arrays(piece, chosen)
            for column in classes.keys() & set(chosen):
                block[column] = _named(block[column], classes[column], f"Column {column!r} of {name}", start)
            yield block
            start = arrays.row

    return names, blocks


def _classes(folder: Path) -> dict[str, list[str]]:
    """Return the names of the classes of every column that has them."""
    if not (folder / "dataset_info.json").is_file():
        return {}
    features = _note(folder, "dataset_info.json").get("features")
    kinds = features.items() if isinstance(features, dict) else ()
    return {
        column: [str(one) for one in kind["names"]]
        for column, kind in kinds
        if isinstance(kind, dict)
        and kind.get("_type") == "ClassLabel"
        and isinstance(kind.get("names"), list)
    }


def _named(codes: NDArray[Any], names: list[str], where: str, start: int) -> NDArray[np.object_]:
    """Return class codes as names; -1 and nan are missing."""
    if codes.ndim != 1 or codes.dtype.kind not in "iuf":
        raise BadInput(f"{where} must hold the numbers of classes. Got dtype {codes.dtype}.")
    missing = np.isnan(codes) | (codes == -1)
    wrong = np.flatnonzero(~missing & ~((codes >= 0) & (codes < len(names)) & (codes == np.floor(codes))))
    if len(wrong):
        raise BadInput(
            f"{where} has {len(names)} classes. Got class {codes[wrong[0]]} in row {start + int(wrong[0])} "
            "(counted from 0)."
        )
    by_code = np.array([*names, None], dtype=object)
    return by_code[np.where(missing, len(names), codes).astype(np.intp)]


def _note(folder: Path, file: str) -> dict[str, Any]:
    where = f"{file} of {folder.name}"
    try:
        if (folder / file).stat().st_size > _LARGEST_NOTE:
            raise BadInput(f"{where} is larger than {_LARGEST_NOTE >> 20} MB.")
        read = json.loads((folder / file).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        if isinstance(error, BadInput):
            raise
        raise BadInput(f"{where} cannot be read: {first_line(error)}. Save the dataset again.") from error
    if not isinstance(read, dict):
        raise BadInput(f"{where} must be a JSON object. Save the dataset again.")
    return read


def _inner(folder: Path, name: Any) -> Path:
    """Return the path of a plain name in a folder; a name that leads elsewhere is refused."""
    if not isinstance(name, str) or name in ("", ".", "..") or Path(name).name != name or "\0" in name:
        raise BadInput(f"{folder.name} must name files of its own. Got {name!r}.")
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise BadInput(f"{name!r} is a link that leads out of {folder.name}. Copy the file into it.")
    if not path.exists():
        raise BadInput(f"{folder.name} lacks {name!r}. Save the dataset again.")
    return path


@contextmanager
def _opened(file: Path, name: str) -> Iterator[Any]:
    arrow = require("pyarrow", "app")
    try:
        with arrow.OSFile(str(file)) as source, arrow.ipc.open_stream(source) as reader:
            yield reader
    except (arrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise BadInput(
            f"{file.name} of {name} is not a whole Arrow stream: {first_line(error)}. Save the dataset again."
        ) from error


def _batches(files: list[Path], name: str, schema: Any) -> Iterator[Any]:
    """Yield record batches; each is checked through, since an Arrow file's offsets may be anything."""
    for file in files:
        with _opened(file, name) as reader:
            if not reader.schema.equals(schema):
                raise BadInput(f"{file.name} of {name} has other columns than {files[0].name}.")
            for batch in reader:
                batch.validate(full=True)
                yield batch
