"""``asklearn doctor``: what is installed, and whether the project is sound."""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import click

from asklearn import __version__
from asklearn.commands.shared import as_json, in_project, plural, show_json
from asklearn.errors import AskLearnError, BadInput

CORE = ("numpy", "scipy", "scikit-learn")
APP = ("click", "rich", "sqlalchemy", "pyarrow", "pillow", "threadpoolctl")


@click.command()
@as_json
@in_project
def doctor(plain: bool, folder: Path) -> None:
    """Say which versions are installed, and whether the project here can be written to and is sound.

    Every event of the journal is read and checked. Exit status 1 if anything is wrong.

    \b
    Examples:
      asklearn doctor
      asklearn doctor --project reviews --json
    """
    found = examine(folder)
    if plain:
        show_json(found)
    else:
        click.echo("\n".join(in_words(found)))
    if found["problems"]:
        sys.exit(1)


def examine(folder: Path) -> dict[str, Any]:
    """Return what is installed and how the project stands, as plain values."""
    packages = {name: _version(name) for name in (*CORE, *APP)}
    missing = [name for name in APP if packages[name] is None]
    problems = [f"{name} is missing. Run: pip install 'asklearn[app]'" for name in missing]
    found: dict[str, Any] = {
        "asklearn": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": packages,
        "project": None,
        "problems": problems,
    }
    if (folder / "asklearn.toml").exists():
        found["project"] = _project(folder, problems)
    return found


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _project(folder: Path, problems: list[str]) -> dict[str, Any]:
    from asklearn.project import Project

    found: dict[str, Any] = {"folder": str(folder.resolve()), "writable": os.access(folder, os.W_OK)}
    if not found["writable"]:
        problems.append(f"{folder.resolve()} cannot be written to.")
    found |= {"items": None, "events": None, "intact": None}
    try:
        project = Project(folder)
        found["events"] = _count_events(project.journal_file)
        found["intact"] = True
        found["items"] = project.learner.state.rows
    except AskLearnError as error:
        found["intact"] = found["intact"] is True
        problems.append(str(error))
    except OSError as error:
        problems.append(f"{error.strerror}: {error.filename}.")
    return found


def _count_events(journal: Path) -> int:
    """Read every event, past any snapshot, so that the whole chain is checked."""
    from asklearn.registry import lookup

    if not journal.is_file():
        raise BadInput(f"There is no journal {journal}. Restore it from a copy.")
    opened = lookup("journals", "sql")(journal)
    return sum(1 for _ in opened.read())


def in_words(found: dict[str, Any]) -> list[str]:
    """Say it in lines."""
    lines = [f"asklearn {found['asklearn']}, Python {found['python']}, {found['platform']}"]
    lines += [f"  {name} {version or 'is not installed'}" for name, version in found["packages"].items()]
    project = found["project"]
    if project is None:
        lines.append("No project here; name one by --project, or make one with asklearn init.")
    else:
        lines.append(f"Project {project['folder']}")
        if project["items"] is not None:
            lines.append(
                f"  {plural(project['items'], 'item')}, {plural(project['events'], 'event')}, all intact"
            )
    return lines + ([f"Problem: {one}" for one in found["problems"]] or ["No problems found."])
