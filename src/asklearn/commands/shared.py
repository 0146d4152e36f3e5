"""What several commands share: options, progress, and checks of paths."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from asklearn.errors import BadInput, NotFitted

if TYPE_CHECKING:
    from asklearn.learner import ActiveLearner

INTERRUPTED = 130

in_project = click.option(
    "--project", "-p", "folder", default=".", metavar="DIR", type=click.Path(path_type=Path),
    help="Folder of the project; by default the present one.",
)  # fmt: skip
by_annotator = click.option(
    "--annotator", default="me", show_default=True, metavar="NAME", help="Whose answers these are."
)
INTERRUPTED = 130
_ENDINGS = {b"\x89PNG": ".png", b"\xff\xd8\xff": ".jpg", b"GIF8": ".gif", b"RIFF": ".webp", b"BM": ".bmp"}

as_json = click.option("--json", "plain", is_flag=True, help="Say it as JSON.")


def show_json(content: Any) -> None:
    """Print content as JSON that is ASCII, whatever the terminal's encoding."""
    click.echo(json.dumps(content, indent=1, allow_nan=False))


def image_file(folder: Path, name: str, content: bytes) -> Path:
    """Write an image into a folder, under a name that ends as its kind does, and return the path."""
    ending = next((one for start, one in _ENDINGS.items() if content.startswith(start)), ".bin")
    path = folder / f"{name}{ending}"
    path.write_bytes(content)
    return path


def measure(learner: ActiveLearner, asked: int = 0) -> dict[str, Any] | None:
    """Return the model's estimate, and keep it as a look at the curve: forecasts need one of every round.

    So is the price of what was asked, to be compared with what comes. None without a model.
    """
    from asklearn.report.facts import plain

    try:
        learner.curve()
        if asked:
            with contextlib.suppress(NotFitted, BadInput):
                learner.price(asked)
        return plain(learner.evaluate())
    except NotFitted:
        return None


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


def writable(*paths: str, source: str | None = None, project: Path | None = None) -> None:
    """Refuse a path that cannot be written or is taken, before hours of work rather than after.

    Taken are the file to read, what is given twice, and what a project keeps its own things in.
    """
    taken = {} if source is None else {os.path.realpath(source): "it is the file to read"}
    if project is not None:
        taken |= dict.fromkeys(_own_files(project), "the project keeps its own things there")
    for path in paths:
        real = os.path.realpath(path)
        if project is not None and os.path.dirname(real) in taken:
            raise BadInput(f"Cannot write {path}: the project keeps its own things there. Give another path.")
        if real in taken:
            raise BadInput(f"Cannot write {path}: {taken[real]}. Give another path.")
        taken[real] = "it is given twice"
        folder = os.path.dirname(real)
        if not (os.access(path, os.W_OK) if os.path.exists(path) else _creatable(path)):
            raise BadInput(f"Cannot write {path}: {folder} is not a folder that you may write to.")


def _own_files(folder: Path) -> list[str]:
    from asklearn.settings import FILE, read_settings

    pool, journal = folder / "pool", read_settings(folder).journal_in(folder)
    inner = [one for one in pool.glob("*") if one.is_dir()]
    ends = ("", "-wal", "-shm", "-journal") if isinstance(journal, Path) else ()
    journals = [Path(f"{journal}{end}") for end in ends]
    return [os.path.realpath(one) for one in (folder / FILE, pool, *inner, *journals)]


def _creatable(path: str) -> bool:
    try:
        with open(path, "xb"):
            pass
        os.remove(path)
    except OSError:
        return False
    return True


@contextlib.contextmanager
def working(what: str) -> Iterator[None]:
    """Show on a terminal that something is at work whose length is not known."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(f"{what} ..."):
        yield


@contextlib.contextmanager
def resumable() -> Iterator[Callable[[str, int, int | None], None]]:
    """Show progress as :func:`phases` does, and say after an interruption that nothing is lost."""
    try:
        with phases() as progress:
            yield progress
    except KeyboardInterrupt:
        click.echo("Interrupted. The same command goes on where it stopped.", err=True)
        sys.exit(INTERRUPTED)


@contextlib.contextmanager
def bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show how far something has come; yields ``progress(done, total)``."""
    with phases() as progress:
        yield lambda done, total: progress(what, done, total)


@contextlib.contextmanager
def phases() -> Iterator[Callable[[str, int, int | None], None]]:
    """Show how far each of several phases has come; yields ``progress(phase, done, total)``."""
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
    still = not console.is_terminal
    with Progress(
        *columns, console=console, transient=True, disable=still, speed_estimate_period=3600
    ) as shown:
        tasks: dict[str, Any] = {}

        def progress(phase: str, done: int, total: int | None) -> None:
            if phase not in tasks:
                for task in tasks.values():
                    shown.stop_task(task)
                tasks[phase] = shown.add_task(phase, total=total)
            shown.update(tasks[phase], completed=done, total=total)

        yield progress
