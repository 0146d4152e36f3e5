"""``asklearn label``: label in the terminal, one key per class."""

from __future__ import annotations

import string
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from asklearn.commands.shared import INTERRUPTED, by_annotator, image_file, in_project, measure, plural
from asklearn.commands.terminal import columns, cut, estimate_words, flowed, wrapped
from asklearn.errors import BadInput, PoolExhausted

if TYPE_CHECKING:
    from asklearn.project import Project
    from asklearn.types import ItemId

SKIP, UNDO, QUIT, HELP = "s", "u", "q", "?"
KEYS = string.digits[1:] + "".join(one for one in string.ascii_lowercase if one not in SKIP + UNDO + QUIT)
_LONGEST = 2_000
_INDENT = "    "


@click.command(short_help="Label in the terminal, one key per class.")
@click.option(
    "-n", "n", default=10, show_default=True, type=click.IntRange(1), help="Items to ask for at a time."
)
@click.option("--open", "viewer", is_flag=True, help="Open each image in the system's viewer.")
@by_annotator
@in_project
def label(n: int, viewer: bool, annotator: str, folder: Path) -> None:
    """Label in the terminal: one key for each class, s to skip, u to undo, q to quit, ? to see the keys.

    What was asked before and is still open comes first. Each answer is on the disk before the next item is
    shown. Images are written to files, whose paths are shown. Keys may be piped in.

    \b
    Examples:
      asklearn label --annotator ann
      asklearn label --open
    """
    from asklearn.project import Project

    project = Project(folder)
    classes = project.labels()
    if not 1 < len(classes) <= len(KEYS):
        raise BadInput(
            f"Labelling by keys needs 2 to {len(KEYS)} classes. Got {len(classes)}; name them by labels = [...] "
            "in asklearn.toml."
        )
    with tempfile.TemporaryDirectory(prefix="asklearn-") as images:
        keys = dict(zip(KEYS, classes, strict=False))
        session = Session(project, keys, annotator, n, Path(images), viewer)
        try:
            session.run(_keys())
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)
        finally:
            click.echo(f"\n{plural(session.told, 'label')} recorded, {session.skipped:,} skipped.")
    found = measure(project.learner) if session.told else None
    if found is not None:
        click.echo(wrapped(f"{estimate_words(found)}, {plural(found['n'], 'label')} drawn at random"))


def _keys() -> Iterator[str]:
    """Yield keys as they are pressed, or the characters of what is piped in."""
    read: Callable[[], str] = click.getchar if sys.stdin.isatty() else lambda: sys.stdin.read(1)
    while True:
        try:
            key = read()
        except EOFError:
            return
        if key in ("", "\x04", "\x1a"):
            return
        if not key.isspace():
            yield key.lower()


class Session:
    """One sitting of one annotator."""

    def __init__(
        self, project: Project, label_of: dict[str, str], annotator: str, n: int, images: Path, viewer: bool
    ) -> None:
        self.project, self.label_of, self.annotator, self.n = project, label_of, annotator, n
        self.images, self.viewer = images, viewer
        self.told = self.skipped = 0
        self.done: list[ItemId] = []
        self.open = project.learner.pending

    def run(self, keys: Iterator[str]) -> None:
        """Show item by item, and record what the keys say, until they end."""
        click.echo(self._legend())
        while self._next():
            item = self.open[0]
            click.echo(f"\n{self._shown(item)}")
            if not self._reply(item, keys, time.monotonic()):
                return
        click.echo("\nNothing is left to ask.")

    def _next(self) -> bool:
        if not self.open:
            try:
                self.open = self.project.learner.ask(self.n).ids
            except PoolExhausted:
                return False
        return True

    def _reply(self, item: ItemId, keys: Iterator[str], started: float) -> bool:
        """Take keys until one says something about the item or goes back; False when it is over."""
        learner = self.project.learner
        click.echo(f"{_INDENT}> ", nl=False)
        for key in keys:
            if key == QUIT:
                click.echo("quit")
                return False
            if key == UNDO and self.done:
                self._undo()
                return True
            if key == SKIP:
                learner.skip([item], annotator=self.annotator)
                self._record(item, "skipped")
                return True
            if key in self.label_of:
                seconds = round(time.monotonic() - started, 2)
                learner.tell([item], [self.label_of[key]], annotator=self.annotator, seconds=[seconds])
                self._record(item, self.label_of[key])
                return True
            click.echo(self._no_answer(key))
            click.echo(f"{_INDENT}> ", nl=False)
        click.echo()
        return False

    def _no_answer(self, key: str) -> str:
        if key == HELP:
            return f"\n{self._legend()}"
        if key == UNDO:
            return "Nothing to undo."
        return f"No class has the key {key!r}. Press {HELP} to see the keys."

    def _record(self, item: ItemId, what: str) -> None:
        self.done.append(self.open.pop(0))
        self._count(item, 1)
        click.echo(cut(what, columns() - len(_INDENT) - 2))

    def _undo(self) -> None:
        item = self.done.pop()
        self._count(item, -1)
        self.project.learner.retract([item], annotator=self.annotator)
        self.open.insert(0, item)
        click.echo("taken back")

    def _count(self, item: ItemId, by: int) -> None:
        said = self.project.learner.state.said[item]
        mine = next(one for one in said if one.annotator == self.annotator)
        if mine.kind == "Answered":
            self.told += by
        else:
            self.skipped += by

    def _legend(self) -> str:
        classes = [f"[{key}] {cut(label, 32)}" for key, label in self.label_of.items()]
        keys = [*classes, f"[{SKIP}] skip", f"[{UNDO}] undo", f"[{QUIT}] quit", f"[{HELP}] keys"]
        return flowed(keys)

    def _shown(self, item: ItemId) -> str:
        row = self.project.learner.state.row(item)
        assert row is not None
        content = self.project.payload([row])[0]
        number = f"{len(self.done) + 1}. ".ljust(len(_INDENT))
        values = [self._value(one, row) for one in content.values()]
        if len(content) == 1:
            return wrapped(values[0], number)
        told = [f"{name}: {value}" for name, value in zip(content, values, strict=True)]
        return wrapped("\n".join(told) or f"item {item}", number)

    def _value(self, value: Any, row: int) -> str:
        if isinstance(value, bytes):
            path = image_file(self.images, f"{row:07d}", value)
            if self.viewer:
                click.launch(str(path))
            return str(path)
        text = "" if value is None else str(value)
        return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}\n... {len(text):,} characters, cut here"
