"""Write a page of reference for each floor of the code, and one with every registered name.

python docs/make_reference.py    # into docs/reference, which is not kept
"""

from __future__ import annotations

import inspect
import pkgutil
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from asklearn import registry, testing

HERE = Path(__file__).resolve().parent
ABOVE = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")
LEFT_OUT = ("cli", "commands", "demo", "report", "__main__", "loop", "recorder")
WHOLE = {"learner": "\n   :inherited-members:\n"}
"""Modules whose classes are shown with what they inherit, from modules that are left out above."""


def floors() -> dict[str, list[str]]:
    """Return the modules of each floor, as the table in architecture.md has them."""
    page = (HERE / "architecture.md").read_text(encoding="utf-8")
    table = page[page.index("## Floors") : page.index("## The journal")]
    found: dict[str, list[str]] = {}
    floor = ""
    for cells in (line.split("|") for line in table.splitlines() if line.startswith("| ")):
        floor = cells[1].strip() or floor
        names = re.findall(r"`([\w.]+)`", cells[2])
        found.setdefault(floor, []).extend(one for one in names if one.split(".")[0] not in LEFT_OUT)
    return {floor: names for floor, names in found.items() if names}


def write(folder: Path) -> None:
    """Write the pages into a folder, which is made anew."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    pages = {floor: _floor(floor, names) for floor, names in floors().items()}
    pages["testing"] = _floor("testing", [f"testing.{one}" for one in _testing()])
    pages["registered"] = "\n".join(_registered())
    pages["index"] = _index(list(pages))
    for name, text in pages.items():
        (folder / f"{name}.rst").write_text(text, encoding="utf-8")


def _testing() -> list[str]:
    return sorted(found.name for found in pkgutil.iter_modules(testing.__path__))


def _index(pages: list[str]) -> str:
    listed = "\n".join(f"   {name}" for name in sorted(pages, key=lambda one: one != "registered"))
    return f"Reference\n=========\n\n.. toctree::\n   :maxdepth: 1\n\n{listed}\n"


def _floor(floor: str, modules: list[str]) -> str:
    title = floor.capitalize()
    parts = (
        f"{name}\n{'-' * len(name)}\n\n.. automodule:: asklearn.{name}{WHOLE.get(name, '')}\n"
        for name in modules
    )
    return "\n".join([f"{title}\n{'=' * len(title)}\n", *parts])


def _registered() -> Iterator[str]:
    yield "Registered names\n================\n"
    yield "What ``strategy=``, ``model=``, ``encoder=`` and the options of the same names take.\n"
    for group in registry.GROUPS:
        yield f"{group.capitalize()}\n{'-' * len(group)}\n"
        for name in registry.names(group):
            yield from _entry(group, name, registry.lookup(group, name))


def _entry(group: str, name: str, plugin: Any) -> Iterator[str]:
    yield f".. _{group}-{name.replace('_', '-')}:\n"
    yield f".. rubric:: {_signature(name, plugin)}\n"
    text = inspect.getdoc(plugin) or ""
    first = re.sub(r":\w+:`~?([^`]*)`", r"``\1``", " ".join(text.partition("\n\n")[0].split()))
    yield f"{first}\n\n:py:obj:`{object_of(plugin)}`\n"


def object_of(plugin: Any) -> str:
    """Return the full name of what is registered; of its class where it is an instance."""
    named = plugin if hasattr(plugin, "__qualname__") else type(plugin)
    return f"{named.__module__}.{named.__qualname__}"


def _signature(name: str, plugin: Any) -> str:
    """Return the name with its options, where it is a class or makes one."""
    if not isinstance(plugin, type):
        return name
    options = inspect.signature(plugin).parameters.values()
    shown = [one.name if one.default is one.empty else f"{one.name}={one.default!r}" for one in options]
    return f"{name}({', '.join(shown)})".replace("*", "\\*")


def take_in(root: Path, folder: Path) -> None:
    """Copy the pages that lie above the documents, so that links to them lead somewhere."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in ABOVE:
        text = (root / name).read_text(encoding="utf-8")
        text = re.sub(r"\]\(docs/", "](../", text)
        text = re.sub(r"\]\(([A-Z]+\.md)", lambda link: f"]({link[1].lower()}", text)
        text = re.sub(r"\]\((changelog\.d/[^)]*|LICENSE)\)", "]", text)
        (folder / name.lower()).write_text(text, encoding="utf-8")


def linked(text: str) -> str:
    """Return a page whose links to pages above the documents lead to their copies."""
    return re.sub(r"\]\(\.\./([A-Z]+\.md)", lambda link: f"](project/{link[1].lower()}", text)


if __name__ == "__main__":
    write(HERE / "reference")
