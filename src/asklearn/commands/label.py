"""``asklearn label``: label in the terminal, one key per class."""

from __future__ import annotations

import string
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from asklearn.commands.shared import by_annotator, in_project, plural
from asklearn.errors import BadInput, PoolExhausted

if TYPE_CHECKING:
    from asklearn.project import Project
    from asklearn.types import ItemId

SKIP, UNDO, QUIT = "s", "u", "q"
KEYS = string.digits[1:] + "".join(one for one in string.ascii_lowercase if one not in SKIP + UNDO + QUIT)
_LONGEST = 2_000


@click.command()
@click.option(
    "-n", "n", default=10, show_default=True, type=click.IntRange(1), help="Items to ask for at a time."
)
@by_annotator
@in_project
def label(n: int, annotator: str, folder: Path) -> None:
    """Label in the terminal: one key for each class, s to skip, u to undo, q to quit.

    What was asked before and is still open comes first. Each answer is on the disk before the next item is
    shown. Keys may be piped in.

    \b
    Example:
      asklearn label --annotator ann
    """
    from asklearn.project import Project

    project = Project(folder)
    if project.settings.kind == "image":
        raise BadInput(
            "A terminal cannot show images. Use asklearn ask -o batch.csv, which writes them as files."
        )
    classes = project.labels()
    if not 1 < len(classes) <= len(KEYS):
        raise BadInput(
            f"Labelling by keys needs 2 to {len(KEYS)} classes. Got {len(classes)}; name them by labels = [...] "
            "in asklearn.toml."
        )
    session = Session(project, dict(zip(KEYS, classes, strict=False)), annotator, n)
    try:
        session.run(_keys())
    finally:
        click.echo(f"\n{plural(session.told, 'label')} recorded, {session.skipped:,} skipped.")


def _keys() -> Iterator[str]:
    """Yield keys as they are pressed, or the characters of what is piped in."""
    read: Callable[[], str] = click.getchar if sys.stdin.isatty() else lambda: sys.stdin.read(1)
    while key := read():
        if key in ("\x04", "\x1a"):
            return
        if not key.isspace():
            yield key.lower()


class Session:
    """One sitting of one annotator."""

    def __init__(self, project: Project, label_of: dict[str, str], annotator: str, n: int) -> None:
        self.project, self.label_of, self.annotator, self.n = project, label_of, annotator, n
        self.told = self.skipped = 0
        self.done: list[ItemId] = []
        self.open = self._pending()

    def _pending(self) -> list[ItemId]:
        return self.project.learner.pending

    def run(self, keys: Iterator[str]) -> None:
        """Show item by item, and record what the keys say, until they end."""
        click.echo(self._legend())
        while self._next():
            item = self.open[0]
            click.echo(f"\n{self._shown(item)}")
            started = time.monotonic()
            if not self._reply(item, keys, started):
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
        for key in keys:
            if key == QUIT:
                return False
            if key == UNDO:
                if self._undo():
                    return True
                click.echo("  Nothing to undo.")
            elif key == SKIP:
                learner.skip([item], annotator=self.annotator)
                self._record(item, "skipped")
                return True
            elif key in self.label_of:
                seconds = round(time.monotonic() - started, 2)
                learner.tell([item], [self.label_of[key]], annotator=self.annotator, seconds=[seconds])
                self._record(item, self.label_of[key])
                return True
            else:
                click.echo(f"  No class has the key {key!r}.\n{self._legend()}")
        return False

    def _record(self, item: ItemId, what: str) -> None:
        self.done.append(self.open.pop(0))
        self._count(item, 1)
        click.echo(f"  {what}")

    def _undo(self) -> bool:
        if not self.done:
            return False
        item = self.done.pop()
        self._count(item, -1)
        self.project.learner.retract([item], annotator=self.annotator)
        self.open.insert(0, item)
        click.echo("  taken back")
        return True

    def _count(self, item: ItemId, by: int) -> None:
        said = self.project.learner.state.said[item]
        mine = next(one for one in said if one.annotator == self.annotator)
        if mine.kind == "Answered":
            self.told += by
        else:
            self.skipped += by

    def _legend(self) -> str:
        classes = [f"[{key}] {label}" for key, label in self.label_of.items()]
        keys = [*classes, f"[{SKIP}] skip", f"[{UNDO}] undo", f"[{QUIT}] quit"]
        return textwrap.fill("  ".join(one.replace(" ", "\xa0") for one in keys), 80).replace("\xa0", " ")

    def _shown(self, item: ItemId) -> str:
        row = self.project.learner.state.row(item)
        assert row is not None
        content = self.project.payload([row])[0]
        if len(content) == 1:
            return _printable(next(iter(content.values())))
        return "\n".join(f"{name}: {_printable(one)}" for name, one in content.items()) or f"item {item}"


def _printable(value: Any) -> str:
    """Return text without what would steer the terminal."""
    text = "" if value is None else str(value)
    return "".join(one if one.isprintable() or one == "\n" else " " for one in text[:_LONGEST])
