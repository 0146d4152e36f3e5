"""``asklearn tell``: take labels back in from a sheet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from asklearn.commands.shared import by_annotator, in_project, plural
from asklearn.errors import BadInput, UnknownItem
from asklearn.labels import match, no_label

if TYPE_CHECKING:
    from asklearn.project import Project
    from asklearn.sheets import Line
    from asklearn.types import ItemId


@click.command(short_help="Record the labels of a sheet.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--new-labels", is_flag=True, help="Take labels that nobody used before as new classes.")
@by_annotator
@in_project
def tell(file: Path, new_labels: bool, annotator: str, folder: Path) -> None:
    """Record the labels of FILE, a sheet with the columns id and label.

    Rows without a label are passed over. Either every label is recorded or, when anything is wrong, none;
    when this returns they are on the disk. Telling a file twice changes nothing, and telling it again after
    a correction records the correction.

    \b
    Examples:
      asklearn tell batch.csv
      asklearn tell batch.csv --annotator ann
    """
    from asklearn.project import Project
    from asklearn.sheets import read_labels

    lines = read_labels(file)
    project = Project(folder)
    answers = _answers(project, lines, file.name, new_labels)
    new = project.tell(answers, annotator)
    empty = len(lines) - sum(bool(line.label) for line in lines)
    known = len(answers) - new
    notes = [f"{known:,} were known"] * bool(known) + [f"{plural(empty, 'row')} without a label"] * bool(
        empty
    )
    more = f" ({', '.join(notes)})" if notes else ""
    click.echo(f"{plural(new, 'label')} recorded{more}.")


def _answers(
    project: Project, lines: Sequence[Line], file: str, new_labels: bool
) -> list[tuple[ItemId, str]]:
    """Return what the lines say, or name the first that is wrong."""
    classes = project.labels()
    open_ = not project.settings.labels and (new_labels or not classes)
    if new_labels and project.settings.labels:
        raise BadInput("The classes of this project are fixed; edit labels in asklearn.toml to add one.")
    said: dict[ItemId, tuple[str, int]] = {}
    for line in lines:
        where = f"row {line.number} of {file} (the header is row 1)"
        item = project.item(line.item)
        if item is None:
            raise UnknownItem(
                f"There is no item {line.item[:60]!r}, the id in {where}. Nothing was recorded. "
                "Has the spreadsheet changed the ids, or is this a sheet of another project?"
            )
        if not line.label:
            continue
        label = match(line.label, classes)
        if label is None and open_:
            label = line.label
            classes.append(label)
        if label is None:
            mend = "" if project.settings.labels else " For a new class add --new-labels."
            raise no_label(line.label, classes, where, f"{mend} Nothing was recorded.")
        before = said.setdefault(item, (label, line.number))
        if before[0] != label:
            raise BadInput(
                f"{file} gives the item {line.item!r} two labels: {before[0]!r} in row {before[1]} and "
                f"{label!r} in row {line.number}. Keep one. Nothing was recorded."
            )
    return [(item, label) for item, (label, _) in said.items()]
