"""Write docs/claims.md from benchmarks/results/*.json: every claim with its interval, shortfalls included."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness import RESULTS, ROOT

HEAD = """# Claims

Made by `python benchmarks/report.py` from `benchmarks/results/*.json`; not edited by hand. Each family is
run by `make claim`, as in `make claim NAME=loop`. A claim is **met** if its whole interval lies in the
target, **short** if none of it does, **open** if the interval cannot tell yet.
"""


def main() -> None:
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in _newest_of_each_family()]
    page = HEAD + "\n" + _summary(documents) + "".join(map(_section, documents))
    (ROOT / "docs" / "claims.md").write_text(page, encoding="utf-8")


def _newest_of_each_family() -> list[Path]:
    """A full run of each family, or a partial one where there is no full one."""
    full = {path.stem: path for path in RESULTS.glob("*.json") if not path.stem.endswith(".partial")}
    some = {path.stem.removesuffix(".partial"): path for path in RESULTS.glob("*.partial.json")}
    return [path for _, path in sorted({**some, **full}.items())]


def _summary(documents: list[dict[str, Any]]) -> str:
    verdicts = [claim["verdict"] for document in documents for claim in document["claims"]]
    counts = ", ".join(f"{verdicts.count(one)} {one}" for one in ("met", "short", "open"))
    return f"{len(verdicts)} claims: {counts}.\n"


def _section(document: dict[str, Any]) -> str:
    lines = [f"\n## {document['name']}{' (partial run)' if document['partial'] else ''}\n"]
    lines += ["| claim | value | low | high | target | verdict | |", "|-|-|-|-|-|-|-|"]
    for claim in document["claims"]:
        figures = " | ".join(f"{claim[key]:.4g}" for key in ("value", "low", "high"))
        verdict = claim["verdict"] if claim["verdict"] == "met" else f"**{claim['verdict']}**"
        lines.append(f"| {claim['name']} | {figures} | {claim['target']} | {verdict} | {claim['note']} |")
    versions = ", ".join(f"{name} {version}" for name, version in document["versions"].items())
    machine = document["machine"]
    chosen = {key: document[key] for key in ("sets", "seeds") if document[key]} | document["options"]
    settings = ", ".join(
        f"{key} {','.join(value) if isinstance(value, list) else value}" for key, value in chosen.items()
    )
    lines.append(
        f"\n{document['date']}, revision {document['revision']}, {settings}; "
        f"{document['cpu_seconds']:.0f} CPU s on {machine['cores']} cores of {machine['cpu']} "
        f"({machine['system']}); {versions}."
    )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
