"""``asklearn gaps``: the kinds of items on which the model errs more than elsewhere."""

from __future__ import annotations

from pathlib import Path

import click

from asklearn.commands.shared import as_json, in_project, plural, show_json, working
from asklearn.commands.terminal import wrapped
from asklearn.errors import NotFitted

NONE = (
    "No gap is confirmed. Small or mild ones take hundreds of labels of the audit to be seen, "
    "so this does not say that there is none."
)


@click.command(short_help="Find kinds of items on which the model errs more.")
@click.option(
    "--rate", default=0.1, show_default=True, type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Share of the gaps that may be none, on average.",
)  # fmt: skip
@as_json
@in_project
def gaps(rate: float, plain: bool, folder: Path) -> None:
    """Find the kinds of items on which the model errs more than elsewhere, the most mistakes first.

    Found on one half of the audit's labels and confirmed on the other. Named by words of a text, or by
    ranges of columns. Up to five are shown, each mostly of other items than those before; --json has all, surest
    first.

    \b
    Examples:
      asklearn gaps
      asklearn gaps --json --rate 0.05
    """
    from asklearn.gaps import leading
    from asklearn.project import Project

    project = Project(folder)
    try:
        with working("Looking for gaps"):
            found = project.learner.gaps(**project.described(), rate=rate)
    except NotFitted:
        found = []
    if plain:
        show_json([one.as_plain() for one in found])
        return
    for number, one in enumerate(shown := leading(found), 1):
        for place, line in enumerate(str(one).splitlines()):
            click.echo(wrapped(line.strip(), f"{number}. " if place == 0 else "   ", "   "))
    if len(found) > len(shown):
        rest = plural(len(found) - len(shown), "more is", "more are")
        click.echo(wrapped(f"{rest} confirmed, within these or of less weight; --json has all."))
    if not found:
        click.echo(wrapped(NONE))
