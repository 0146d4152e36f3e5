"""``asklearn gaps``: the kinds of items on which the model errs more than elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from asklearn.commands.shared import as_json, in_project, show_json
from asklearn.commands.terminal import wrapped
from asklearn.errors import NotFitted

if TYPE_CHECKING:
    from asklearn.gaps import Gap

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
    """Find the kinds of items on which the model errs more than elsewhere, surest first.

    Found on one half of the audit's labels and confirmed on the other. Named by words of a text, or by
    ranges of columns.

    \b
    Examples:
      asklearn gaps
      asklearn gaps --json --rate 0.05
    """
    from asklearn.project import Project

    project = Project(folder)
    try:
        found = project.learner.gaps(**project.described(), rate=rate)
    except NotFitted:
        found = []
    if plain:
        show_json([as_plain(one) for one in found])
        return
    for number, one in enumerate(found, 1):
        for place, line in enumerate(str(one).splitlines()):
            click.echo(wrapped(line.strip(), f"{number}. " if place == 0 else "   ", "   "))
    if not found:
        click.echo(wrapped(NONE))


def as_plain(gap: Gap) -> dict[str, Any]:
    """Return a gap as JSON can hold it."""
    return {
        "name": gap.name, "predicates": gap.predicates, "words": gap.words, "size": gap.size,
        "share": gap.share, "unlabelled": gap.unlabelled, "confusion": gap.confusion,
        "exemplars": gap.exemplars, "p": gap.p,
        **{
            key: {"value": one.value, "low": one.low, "high": one.high, "n": one.n, "level": one.level}
            for key, one in (("error", gap.error), ("rest", gap.rest))
        },
    }  # fmt: skip
