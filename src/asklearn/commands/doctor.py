"""``asklearn doctor``: what is installed, and whether the project is sound."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import click

from asklearn import __version__
from asklearn.commands.shared import as_json, in_project, plural, show_json
from asklearn.commands.terminal import printable, wrapped
from asklearn.errors import AskLearnError, BadInput

CORE, APP = "core", "app"
_UNTOLD = {"asklearn"}
_FOR_DEVELOPERS = {"test", "dev", "docs"}


@click.command(short_help="Check what is installed, and whether the project is sound.")
@click.option("--repair", "mend", is_flag=True, help="Mend a damaged journal; the damaged file is kept.")
@as_json
@in_project
def doctor(mend: bool, plain: bool, folder: Path) -> None:
    """Say which versions are installed, and whether the project here can be written to and is sound.

    Every event of the journal is read and checked. Exit status 1 if anything is wrong.

    With --repair what is intact of a damaged journal becomes a sound one, and the damaged file is set aside
    beside it; nothing is deleted. No other command may use the project meanwhile.

    \b
    Examples:
      asklearn doctor
      asklearn doctor --repair
      asklearn doctor --project reviews --json
    """
    repaired = _mend(folder) if mend else None
    found = {**examine(folder), "repaired": repaired}
    if plain:
        show_json(found)
    else:
        click.echo("\n".join([*_mended(repaired), *in_words(found)]))
    if found["problems"]:
        sys.exit(1)


def examine(folder: Path) -> dict[str, Any]:
    """Return what is installed and how the project stands, as plain values."""
    packages = {extra: {name: _version(name) for name in names} for extra, names in _needed().items()}
    needed = {**packages.get(CORE, {}), **packages.get(APP, {})}
    missing = [name for name, version in needed.items() if version is None]
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


def _mend(folder: Path) -> dict[str, Any]:
    """Repair the journal of the project, and return what was kept, recovered and lost."""
    from asklearn.journals.repair import repair
    from asklearn.settings import read_settings

    journal = read_settings(folder).journal_in(folder)
    if isinstance(journal, str):
        raise BadInput("A journal in PostgreSQL is not repaired in place. Restore its database from a copy.")
    done = repair(journal)
    aside = None if done.aside is None else str(done.aside)
    return {"kept": done.kept, "recovered": done.recovered, "lost": done.lost, "aside": aside}


def _mended(done: dict[str, Any] | None) -> list[str]:
    if done is None:
        return []
    if done["aside"] is None:
        return ["The journal is sound; there was nothing to repair."]
    recovered = plural(done["recovered"], "reply", "replies")
    told = (
        f"The journal was repaired: {plural(done['kept'], 'event')} kept, {recovered} recovered from behind the "
        f"damage, {done['lost']:,} lost."
    )
    return [
        wrapped(told, further="  "),
        f"The damaged file is now {printable(done['aside'])}",
    ]


def _needed() -> dict[str, list[str]]:
    """Return the packages of the core and of each extra, as the installed asklearn declares them."""
    found: dict[str, list[str]] = {CORE: [], APP: []}
    try:
        declared = metadata.requires("asklearn") or []
    except metadata.PackageNotFoundError:
        declared = []
    for line in declared:
        name, extra = re.match(r"[\w.-]+", line), re.search(r"extra == ['\"]([\w-]+)", line)
        if name is not None and name[0] not in _UNTOLD and (extra is None or extra[1] not in _FOR_DEVELOPERS):
            found.setdefault(CORE if extra is None else extra[1], []).append(name[0])
    return found


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _project(folder: Path, problems: list[str]) -> dict[str, Any]:
    from asklearn.project import Project

    found: dict[str, Any] = {"folder": str(folder.resolve()), "writable": os.access(folder, os.W_OK)}
    found["free_bytes"] = shutil.disk_usage(folder).free
    if not found["writable"]:
        problems.append(f"{folder.resolve()} cannot be written to.")
    found |= {"items": None, "events": None, "intact": None}
    try:
        project = Project(folder)
        found["events"] = _count_events(project.journal)
        found["intact"] = True
        found["items"] = project.learner.state.rows
    except AskLearnError as error:
        found["intact"] = found["intact"] is True
        problems.append(str(error))
    except OSError as error:
        problems.append(f"{error.strerror}: {error.filename}.")
    return found


def _count_events(journal: Path | str) -> int:
    """Read every event, past any snapshot, so that the whole chain is checked."""
    from asklearn.registry import lookup

    if isinstance(journal, Path) and not journal.is_file():
        raise BadInput(f"There is no journal {journal}. Restore it from a copy.")
    opened = lookup("journals", "sql")(journal)
    return sum(1 for _ in opened.read())


def in_words(found: dict[str, Any]) -> list[str]:
    """Say it in lines."""
    lines = [f"asklearn {found['asklearn']}, Python {found['python']}, {found['platform']}"]
    lines += [wrapped(", ".join(_told(*one) for one in names.items()), f"  {extra}: ")
              for extra, names in found["packages"].items() if names]  # fmt: skip
    project = found["project"]
    if project is None:
        lines.append("No project here. Name one by --project, or make one with asklearn init.")
    else:
        lines.append(f"Project {printable(project['folder'])}")
        lines.append(
            f"  {'can' if project['writable'] else 'cannot'} be written to, {_size(project['free_bytes'])} free"
        )
        if project["items"] is not None:
            lines.append(
                f"  {plural(project['items'], 'item')}, {plural(project['events'], 'event')}, all intact"
            )
    problems = [wrapped(f"Problem: {one}", further="  ") for one in found["problems"]]
    return [*lines, *(problems or ["No problems found."])]


def _told(name: str, version: str | None) -> str:
    return f"{name} {version or '(not installed)'}"


def _size(count: int) -> str:
    return f"{count / 2**30:,.1f} GiB" if count >= 2**30 else f"{count / 2**20:,.0f} MiB"
