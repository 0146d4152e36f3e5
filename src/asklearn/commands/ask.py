"""``asklearn ask``: choose items, and write them as a sheet to fill in."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from asklearn.commands.shared import image_file, in_project, measure, plural, working, writable
from asklearn.errors import BadInput, PoolExhausted

if TYPE_CHECKING:
    from asklearn.project import Project
    from asklearn.types import ItemId

_OURS = ("id", "label", "reason")


@click.command(short_help="Choose what to label next, and write it as a sheet.")
@click.option("-n", "n", type=click.IntRange(1),
              help="How many items; by default 20, or a fifth of the labels once learning is flat.")  # fmt: skip
@click.option("-o", "out", metavar="CSV", type=click.Path(dir_okay=False, path_type=Path),
              help="Sheet to write; by default it is shown.")  # fmt: skip
@click.option(
    "--pending", is_flag=True, help="Write again what was asked and has no answer; ask nothing new."
)
@click.option("--force", is_flag=True, help="Write over a sheet that is there.")
@in_project
def ask(n: int | None, out: Path | None, pending: bool, force: bool, folder: Path) -> None:
    """Choose the items to label next, and write them as a sheet with an empty column label.

    Fill that column in, in any order and as far as you like, and give the sheet to asklearn tell. Once the sheet
    is written, the model is measured, so that forecasts have an estimate of every round.

    \b
    Examples:
      asklearn ask -n 50 -o batch.csv
      asklearn ask --pending -o batch.csv --force
    """
    from asklearn.files import replacing
    from asklearn.project import Project

    if out is not None:
        writable(str(out), project=folder)
        if out.exists() and not force:
            mend = "Give another name, or add --force once it is told."
            raise BadInput(f"{out} is there already, and may hold labels. {mend}")
    project = Project(folder)
    if project.settings.kind == "image" and out is None:
        raise BadInput("Images are written beside the sheet: name one by -o batch.csv.")
    ids, reasons = _chosen(project, n, pending)
    sheet = _sheet(project, ids, reasons, out)
    if out is None:
        click.echo(sheet, nl=False)
        return
    with replacing(out) as file:
        file.write(sheet.encode("utf-8-sig"))
    click.echo(f"{plural(len(ids), 'item')} in {out}. Fill in the column label, then: asklearn tell {out}")
    with working("Measuring"):
        measure(project.learner, 0 if pending else len(ids))


def _chosen(project: Project, n: int | None, pending: bool) -> tuple[list[ItemId], list[str]]:
    if not pending:
        try:
            with working("Choosing"):
                batch = project.learner.ask(n)
        except PoolExhausted as error:
            waiting = len(project.learner.pending)
            mend = f" Write those {waiting} again with asklearn ask --pending." if waiting else ""
            raise PoolExhausted(f"{str(error).partition(' See ')[0]}{mend}") from error
        if n is not None and len(batch) < n:
            click.echo(f"Only {plural(len(batch), 'item')} could be asked: no more are left.", err=True)
        return batch.ids, batch.reasons
    ids = project.learner.pending if n is None else project.learner.pending[-n:]
    if not ids:
        raise BadInput("Nothing is pending: every item that was asked has a reply. Leave out --pending.")
    return ids, project.reasons(ids)


def _sheet(project: Project, ids: Sequence[ItemId], reasons: Sequence[str], out: Path | None) -> str:
    from asklearn.sheets import LONGEST_CELL, write_sheet

    state = project.learner.state
    rows = [row for row in map(state.row, ids) if row is not None]
    items = project.payload(rows)
    names = list(items[0])
    written = io.StringIO()
    header = ["id", *(f"{name} (item)" if name.casefold() in _OURS else name for name in names)]
    lines = []
    for row, item, identity, reason in zip(rows, items, ids, reasons, strict=True):
        cells = [_cell(item[name], f"{row:07d}", out) for name in names]
        cells = [one[:LONGEST_CELL] if isinstance(one, str) else one for one in cells]
        lines.append([identity, *cells, "", reason])
    write_sheet(written, [*header, "label", "reason"], lines)
    return written.getvalue()


def _cell(value: Any, name: str, out: Path | None) -> Any:
    """Return what a cell shows; an image is written to a folder beside the sheet, and the cell names it."""
    if isinstance(value, bytes) and out is not None:
        images = out.with_name(f"{out.stem}_images")
        images.mkdir(exist_ok=True)
        return f"{images.name}/{image_file(images, name, value).name}"
    return f"({len(value):,} bytes)" if isinstance(value, bytes) else value
