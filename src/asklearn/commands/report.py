"""``asklearn report``: where a project stands, as one page to show around."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from asklearn.commands.shared import as_json, in_project, show_json, working, writable
from asklearn.errors import BadInput

if TYPE_CHECKING:
    from asklearn.project import Project

NAMED_BY_CONTENT = 50_000


@click.command(short_help="Write a page about the project, to show around.")
@click.option(
    "-o", "out", metavar="HTML", type=click.Path(dir_okay=False, path_type=Path),
    help="Page to write; by default reports/report.html in the project's folder.",
)  # fmt: skip
@as_json
@in_project
def report(out: Path | None, plain: bool, folder: Path) -> None:
    """Write a page that says how good the model is, what was asked and why, and what more labels would bring.

    The page is one file that loads nothing: it can be mailed, printed and opened anywhere. It shows some of
    the items, so mind who gets it. Some forty models are trained for it, which can take minutes. With --json
    the same numbers are shown instead, without the items, and a page is written only where -o names one.

    \b
    Examples:
      asklearn report
      asklearn report -o for-the-board.html
      asklearn report --json
    """
    from asklearn.files import replacing
    from asklearn.project import Project
    from asklearn.report.facts import shown_items
    from asklearn.report.items import contents
    from asklearn.report.project import project_page

    if out is not None:
        writable(str(out), project=folder)
    project = Project(folder)
    if out is None and not plain:
        out = _in_project(folder)
    with working("Training and measuring"):
        found = gather(project)
    if plain:
        show_json(found)
    if out is None:
        return
    page = project_page(found, contents(project, shown_items(found)))
    with replacing(out) as file:
        file.write(page.encode())
    click.echo(f"Wrote {out.resolve()}", err=plain)


def _in_project(folder: Path) -> Path:
    """Return the page's place in the project, whose folder is made where it is missing."""
    reports = folder / "reports"
    try:
        reports.mkdir(exist_ok=True)
    except OSError as error:
        raise BadInput(f"Cannot make the folder {reports}: {error.strerror}. Name a page by -o.") from error
    return reports / "report.html"


def gather(project: Project) -> dict[str, Any]:
    """Return the facts of a project."""
    from asklearn.report.facts import facts

    settings = project.settings
    about = {
        "items": settings.kind,
        "columns": ", ".join(settings.columns),
        "encoder": settings.encoder or settings.kind,
    }
    return facts(
        project.learner,
        name=project.folder.resolve().name,
        about=about,
        classes=settings.labels,
        described=_described(project),
        now=time.time(),
    )


def _described(project: Project) -> dict[str, Any]:
    """Return what gaps are named by; nothing where nothing is labelled, or where reading it all would take long."""
    small = project.learner.state.rows <= NAMED_BY_CONTENT
    return project.described() if small and project.learner.labels else {}
