"""Known vulnerabilities in what is installed: ``make audit``, which ``make check`` runs.

The installed Python packages are looked up by pip-audit, and the web pages' by npm audit. Both say "none
found" when nothing could be looked up; this says so. What needs no network is checked anyway: the lock file
must name every package of the pages by its digest, and none from outside of the registry.

Exit status 1 if something is known; with ``--strict`` also if something could not be looked up.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WEB = Path(__file__).resolve().parents[1] / "web"
REGISTRY = "https://registry.npmjs.org/"
OWN = "asklearn"
LONGEST = 300


@dataclass(frozen=True, slots=True)
class Found:
    """What was found out of some packages.

    Attributes
    ----------
    what : str
        Which packages.
    audited : int
        How many could be looked up.
    known : tuple of str
        What is wrong with them.
    unknown : str
        Why the others could not be looked up; empty if all were.
    """

    what: str
    audited: int
    known: tuple[str, ...] = ()
    unknown: str = ""

    def __str__(self) -> str:
        said = [f"{self.what}: {self.audited} packages looked up, {len(self.known) or 'no'} known problems."]
        said += [f"  {one}" for one in self.known]
        if self.unknown:
            said.append(f"  NOT AUDITED: {self.unknown}")
        return "\n".join(said)


def of_python(said: str, words: str = "") -> Found:
    """Return what pip-audit's JSON says; `words` is what it said beside it."""
    try:
        packages = [one for one in json.loads(said)["dependencies"] if one["name"] != OWN]
    except (ValueError, KeyError, TypeError):
        return Found("Python", 0, unknown=_last_line(words) or "pip-audit said nothing.")
    skipped = [one for one in packages if "skip_reason" in one]
    known = tuple(
        f"{one['name']} {one['version']}: {wrong['id']}, mended in {', '.join(wrong['fix_versions']) or 'no version'}"
        for one in packages
        for wrong in one.get("vulns", ())
    )
    unknown = f"{len(skipped)} packages: {skipped[0]['skip_reason']}" if skipped else ""
    return Found("Python", len(packages) - len(skipped), known, unknown)


def of_pages(said: str) -> Found:
    """Return what npm audit's JSON says."""
    try:
        found = json.loads(said)
        number = int(found["metadata"]["dependencies"]["total"])
        known = tuple(f"{name}: {one['severity']}" for name, one in sorted(found["vulnerabilities"].items()))
    except (ValueError, KeyError, TypeError):
        return Found("Web pages", 0, unknown=_reason(said))
    return Found("Web pages", number, known)


def of_lock(lock: dict[str, Any]) -> Found:
    """Return which packages of a lock file are not named by their digest, or are from elsewhere."""
    packages = {name: one for name, one in lock["packages"].items() if name}
    loose = tuple(
        f"{name} has no digest, or is not from {REGISTRY}"
        for name, one in sorted(packages.items())
        if not str(one.get("integrity", "")).startswith("sha512-")
        or not str(one.get("resolved", REGISTRY)).startswith(REGISTRY)
    )
    return Found("Lock file", len(packages), loose)


def audit() -> list[Found]:
    """Look everything up."""
    pip = _run([sys.executable, "-m", "pip_audit", "--progress-spinner=off", "--format=json", "--local"])
    npm = shutil.which("npm")
    pages = Found("Web pages", 0, unknown="there is no npm on this machine.")
    if npm is not None:
        pages = of_pages(_run([npm, "audit", "--json", "--package-lock-only"], WEB)[0])
    lock = json.loads((WEB / "package-lock.json").read_text())
    return [of_python(*pip), pages, of_lock(lock)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what was found; return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--strict", action="store_true", help="fail where something could not be looked up")
    strict = parser.parse_args(arguments).strict
    found = audit()
    print(*found, sep="\n")
    return int(any(one.known or (strict and one.unknown) for one in found))


def _run(command: Sequence[str], folder: Path | None = None) -> tuple[str, str]:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=LONGEST, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return "", str(error)
    return done.stdout, done.stderr


def _reason(said: str) -> str:
    try:
        return str(json.loads(said)["message"])
    except (ValueError, KeyError, TypeError):
        return _last_line(said) or "npm audit said nothing."


def _last_line(words: str) -> str:
    return (words.strip().splitlines() or [""])[-1][:300]


if __name__ == "__main__":
    raise SystemExit(main())
