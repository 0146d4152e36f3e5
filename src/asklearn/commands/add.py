"""``asklearn add``: let further items enter a project."""

from __future__ import annotations

from pathlib import Path

import click

from asklearn.commands.shared import in_project, plural, resumable


@click.command(short_help="Add further items to the project.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--label", default="", metavar="COL",
              help="Column of labels that are known already; by default that of init, if FILE has it.")  # fmt: skip
@in_project
def add(file: Path, label: str, folder: Path) -> None:
    """Let the items of FILE enter the project's pool.

    FILE is whatever init takes, with the columns that the project was made of. Its items are encoded by the
    project's encoder, and the audit draws from them as well as from the others. Interrupted, the same command
    goes on where it stopped; a file that is in the project already changes nothing.

    \b
    Examples:
      asklearn add reviews-of-may.csv
      asklearn add more-photos/ -p photos-project
    """
    from asklearn.importing import NOTHING
    from asklearn.importing import add as enter
    from asklearn.settings import read_settings

    with resumable() as progress:
        entered = enter(folder, file, label, progress)
    if entered == NOTHING:
        click.echo(f"Nothing to add: the content of {file.name} is in the project already.")
        return
    click.echo(f"{plural(entered.items, 'item')} of {file.name} added.")
    if entered.labels:
        click.echo(f"{plural(entered.labels, 'label')} of {file.name} told, as answers of import.")
    elif wanted := label or read_settings(folder).label:
        click.echo(f"No label was told: {file.name} has no column {wanted!r}, or nothing in it.")
