"""What several commands share: options, progress, and checks of paths."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from asklearn.errors import BadInput

in_project = click.option(
    "--project", "-p", "folder", default=".", metavar="DIR", type=click.Path(path_type=Path),
    help="Folder of the project; by default the present one.",
)  # fmt: skip
by_annotator = click.option(
    "--annotator", default="me", show_default=True, metavar="NAME", help="Whose answers these are."
)
as_json = click.option("--json", "plain", is_flag=True, help="Say it as JSON.")


def show_json(content: Any) -> None:
    """Print content as JSON that is ASCII, whatever the terminal's encoding."""
    click.echo(json.dumps(content, indent=1, allow_nan=False))


def plural(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun.

    Examples
    --------
    >>> plural(1, "label"), plural(1200, "label")
    ('1 label', '1,200 labels')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(names: str | None) -> list[str]:
    """Split at commas outside brackets: ``power(beta=2.0),random`` is two names."""
    listed, depth, start = [], 0, 0
    text = (names or "") + ","
    for place, letter in enumerate(text):
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and depth == 0:
            listed.append(text[start:place].strip())
            start = place + 1
    return [one for one in listed if one]


def writable(*paths: str, source: str | None = None) -> None:
    """Refuse a path that cannot be written or is taken, before hours of work rather than after."""
    taken = {} if source is None else {os.path.realpath(source): "it is the file to read"}
    for path in paths:
        real = os.path.realpath(path)
        if real in taken:
            raise BadInput(f"Cannot write {path}: {taken[real]}. Give another path.")
        taken[real] = "it is given twice"
        folder = os.path.dirname(real)
        if not (os.access(path, os.W_OK) if os.path.exists(path) else _creatable(path)):
            raise BadInput(f"Cannot write {path}: {folder} is not a folder that you may write to.")


def _creatable(path: str) -> bool:
    try:
        with open(path, "xb"):
            pass
        os.remove(path)
    except OSError:
        return False
    return True


@contextlib.contextmanager
def bar(what: str) -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        task = shown.add_task(what, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)
