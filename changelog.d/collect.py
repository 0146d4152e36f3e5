"""Collect the fragments of this folder into a section of CHANGELOG.md, and remove them.

python changelog.d/collect.py VERSION
"""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from pathlib import Path

FOLDER = Path(__file__).parent
KINDS = ("added", "changed", "fixed", "removed", "security")
NAME = re.compile(rf"(\d+)\.({'|'.join(KINDS)})\.md")
MARK = "<!-- newest first -->"


def fragments(folder: Path) -> list[Path]:
    """Return the fragments by kind and issue; refuse a file whose name is none."""
    found = []
    for path in folder.glob("*.md"):
        named = NAME.fullmatch(path.name)
        if named:
            found.append((KINDS.index(named[2]), int(named[1]), path))
        elif path.name != "README.md":
            raise SystemExit(
                f"Expected <issue>.<kind>.md, kind being {', '.join(KINDS)}. Got {path.name}: rename it."
            )
    return [path for *_, path in sorted(found)]


def section(version: str, date: str, paths: list[Path]) -> str:
    """Return the text of a release: a heading for each kind that has fragments."""
    lines = [f"## {version} ({date})"]
    for kind in KINDS:
        some = [path for path in paths if path.name.endswith(f".{kind}.md")]
        if some:
            lines += ["", f"### {kind.capitalize()}", ""]
        for path in some:
            issue = path.name.partition(".")[0]
            texts = filter(None, map(str.strip, path.read_text(encoding="utf-8").splitlines()))
            lines += [f"- {text.removeprefix('- ')} (#{issue})" for text in texts]
    return "\n".join(lines)


def collect(version: str, folder: Path, page: Path) -> None:
    """Put the section of `version` below the mark of `page`, and remove the fragments."""
    paths = fragments(folder)
    head, mark, tail = page.read_text(encoding="utf-8").partition(MARK)
    if not mark:
        raise SystemExit(f"Expected the mark {MARK} in {page.name}. Put it back above the newest section.")
    date = datetime.now(UTC).date().isoformat()
    page.write_text(f"{head}{mark}\n\n{section(version, date, paths)}{tail}", encoding="utf-8")
    for path in paths:
        path.unlink()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Say which version: python changelog.d/collect.py 0.1.0")
    collect(sys.argv[1], FOLDER, FOLDER.parent / "CHANGELOG.md")
