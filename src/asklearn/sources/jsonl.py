"""JSON lines: one object a line, read twice, so that a key's type is known before its first value is given out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from asklearn.errors import BadInput
from asklearn.registry import require
from asklearn.sources._arrow import Arrays
from asklearn.sources._files import LARGEST_BLOCK, ROWS, Block, Columns, not_utf8, reading, refuse_utf16

_MOST_KEYS = 10_000
_MISSING = type(None)
_ARROW = {int: "int64", float: "float64", str: "large_string", bool: "bool_", _MISSING: "float64"}
_WORDS = {int: "a number", float: "a number", str: "text", bool: "true or false", list: "a list"}


@contextmanager
def open_jsonl(file: Path) -> Iterator[Columns]:
    """Open a file of JSON objects, one a line; a key that is missing in a row is a missing value."""
    types, rows_of = _types(file)
    yield Columns(list(types), lambda chosen, rows: _blocks(file, types, rows_of, chosen, rows))


def _blocks(
    file: Path, types: dict[str, dict[type, int]], total: int, chosen: list[str], rows: int | None
) -> Iterator[Block]:
    kinds = {name: _kind(file.name, name, types[name]) for name in chosen}
    gaps = {name for name in chosen if _MISSING in types[name]}
    arrays, arrow = Arrays(file.name, gaps), require("pyarrow", "app")
    for held in _gathered(_objects(file), rows or ROWS):
        columns = {name: [one.get(name) for _, one in held] for name in chosen}
        yield arrays(
            arrow.table(
                {
                    name: _column(file.name, name, values, kinds[name], held)
                    for name, values in columns.items()
                }
            ),
            chosen,
        )


def _gathered(
    objects: Iterator[tuple[int, int, dict[str, Any]]], rows: int
) -> Iterator[list[tuple[int, dict[str, Any]]]]:
    held: list[tuple[int, dict[str, Any]]] = []
    size = 0
    for line, length, one in objects:
        held.append((line, one))
        size += length
        if len(held) == rows or size > LARGEST_BLOCK:
            yield held
            held, size = [], 0
    if held:
        yield held


def _types(file: Path) -> tuple[dict[str, dict[type, int]], int]:
    """Return, for each key, the types of its values, each with the first line that has it."""
    types: dict[str, dict[type, int]] = {}
    seen: set[Any] = set()
    rows = 0
    for line, _, one in _objects(file):
        rows += 1
        shape = (*one, *map(type, one.values()))
        if shape in seen:
            continue
        if len(seen) >= _MOST_KEYS:
            seen.clear()
        seen.add(shape)
        for name, value in one.items():
            if name not in types:
                types[name] = {} if rows == 1 else {_MISSING: 1}
                if len(types) > _MOST_KEYS:
                    raise BadInput(
                        f"{file.name} has over {_MOST_KEYS} different keys by line {line}. Keys are column "
                        "names: move what varies into values."
                    )
            types[name].setdefault(type(value), line)
        for name in types.keys() - one.keys():
            types[name].setdefault(_MISSING, line)
    return types, rows


def _objects(file: Path) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Yield each line's number, counted from 1, its length in bytes, and its object."""
    with reading(file) as opened:
        for number, line in enumerate(iter(lambda: opened.readline(LARGEST_BLOCK + 1), b""), 1):
            if len(line) > LARGEST_BLOCK:
                raise BadInput(
                    f"{file.name} has a line of more than {LARGEST_BLOCK >> 20} MB: line {number}."
                )
            if number == 1:
                refuse_utf16(line, file.name)
                line = line.removeprefix(b"\xef\xbb\xbf")
            if not line.isspace() and line:
                yield number, len(line), _object(file, number, line)


def _object(file: Path, number: int, line: bytes) -> dict[str, Any]:
    where = f"Line {number} of {file.name}"
    try:
        read = json.loads(line.decode("utf-8").strip(), object_pairs_hook=_once)
    except UnicodeDecodeError as error:
        raise not_utf8(file) from error
    except _DoubleKeyError as error:
        raise BadInput(f"{where} has the key {error.args[0]!r:.80} more than once; keep one.") from error
    except (ValueError, RecursionError) as error:
        reason = (
            f"{error.msg}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else "too big"
        )
        hint = " This looks like one JSON array; write one object a line." if line[:1] == b"[" else ""
        raise BadInput(
            f"{where} is not JSON ({reason}). It begins {line[:60].decode(errors='replace')!r}.{hint}"
        ) from error
    if not isinstance(read, dict):
        raise BadInput(f'{where} must be an object, as in {{"text": "..."}}. Got {line[:60].decode()!r}.')
    return read


class _DoubleKeyError(Exception):
    pass


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) < len(pairs):
        seen: set[str] = set()
        raise _DoubleKeyError(next(name for name, _ in pairs if name in seen or seen.add(name)))  # type: ignore[func-returns-value]
    return read


def _kind(file: str, name: str, found: dict[type, int]) -> Any:
    """Return the Arrow type of a key, if its values have one."""
    arrow = require("pyarrow", "app")
    if dict in found:
        raise BadInput(
            f"{name!r} holds an object in line {found[dict]} of {file}; values must be plain. Write its fields "
            f'as keys of their own, such as "{name}.field", or ask for other columns.'
        )
    present = {kind: line for kind, line in found.items() if kind is not _MISSING}
    if present.keys() == {int, float}:
        return arrow.float64()
    if len(present) > 1:
        (first, one), (second, other) = sorted(present.items(), key=lambda item: item[1])[:2]
        raise BadInput(
            f"{name!r} must be of one kind. {file} has {_WORDS[first]} in line {one} and {_WORDS[second]} in "
            f"line {other}. Write all of them as text, say."
        )
    kind = next(iter(present), _MISSING)
    return arrow.list_(arrow.float32()) if kind is list else getattr(arrow, _ARROW[kind])()


def _column(
    file: str, name: str, values: Sequence[Any], kind: Any, held: list[tuple[int, dict[str, Any]]]
) -> Any:
    arrow = require("pyarrow", "app")
    try:
        return arrow.array(values, kind)
    except (arrow.ArrowException, ValueError, OverflowError, TypeError) as error:
        wrong = next(i for i in range(len(values)) if not _fits(values[i], kind))
        shown = ascii(values[wrong])[:60]
        raise BadInput(
            f"{name!r} cannot be kept as {_what(kind)} in line {held[wrong][0]} of {file}. Got {shown}. "
            f"{_advice(kind)}"
        ) from error


def _fits(value: Any, kind: Any) -> bool:
    arrow = require("pyarrow", "app")
    try:
        arrow.array([value], kind)
    except (arrow.ArrowException, ValueError, OverflowError, TypeError):
        return False
    return True


def _what(kind: Any) -> str:
    types = require("pyarrow", "app").types
    if types.is_list(kind):
        return "a list of numbers (an embedding)"
    return "text" if types.is_large_string(kind) else f"a number ({kind})"


def _advice(kind: Any) -> str:
    types = require("pyarrow", "app").types
    if types.is_list(kind):
        return "Nested values must be flat lists of numbers; join words into one text."
    return "Mend the lone surrogate." if types.is_large_string(kind) else "Write all of them as text."
