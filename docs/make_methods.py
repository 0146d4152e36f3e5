"""Write docs/methods/: a page for every acquisition function, selection and strategy.

The words come from the docstrings, the figures from benchmarks/results/curves.json (`make claim NAME=curves`).
"""

from __future__ import annotations

import inspect
import json
import re
import shutil
from pathlib import Path
from typing import Any

from asklearn import registry

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "docs" / "methods"
FIGURES = ROOT / "docs" / "images" / "curves"
RESULTS = [ROOT / "benchmarks" / "results" / f"curves{kind}.json" for kind in ("", ".partial")]
GROUPS = {"strategies": "strategy", "acquisition": "acquisition function", "selection": "selection"}
HEADINGS = {"Notes": "Cost, and when to use it", "Parameters": "Options", "References": "Source"}
ORDER = ("", "Parameters", "Returns", "Notes", "References", "Examples")


def main() -> None:
    """Write every page anew, and the list of them."""
    for folder in (PAGES, FIGURES):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    for file, text in files().items():
        file.write_text(text, encoding="utf-8")


def files() -> dict[Path, str]:
    """Return what is written, by file."""
    found = next((one for one in RESULTS if one.exists()), None)
    curves = json.loads(found.read_text(encoding="utf-8")) if found else None
    methods = {
        name: (group, registry.lookup(group, name))
        for group in reversed(GROUPS) for name in registry.names(group)
    }  # fmt: skip
    made = {PAGES / "index.md": index(methods, curves)}
    for name, (group, plugin) in methods.items():
        made[PAGES / f"{name}.md"] = page(name, group, plugin, curves)
        table = _table(name, curves)
        if table:
            made[FIGURES / f"{name}.svg"] = picture(name, table)
    return made


def page(name: str, group: str, plugin: Any, curves: dict[str, Any] | None) -> str:
    """Return the page of one method."""
    parts = sections(inspect.getdoc(plugin) or "")
    lines = [f"# {name}", "", f"*{GROUPS[group].capitalize()}* `{name}`{needs(plugin)}.", ""]
    for title in ORDER:
        if title in parts:
            heading = HEADINGS.get(title, title)
            lines += [f"## {heading}", ""] * bool(title) + [*body(title, parts[title]), ""]
    return "\n".join([*lines, *measured(name, curves)]).rstrip() + "\n"


def sections(doc: str) -> dict[str, list[str]]:
    """Split a numpydoc docstring at its underlined titles; what comes before the first has the title ""."""
    found: dict[str, list[str]] = {"": []}
    title, lines = "", doc.splitlines()
    for place, line in enumerate(lines):
        below = lines[place + 1] if place + 1 < len(lines) else ""
        if line and set(below) == {"-"} and len(below) >= len(line):
            title = line
            found[title] = []
        elif not (line and set(line) == {"-"} and lines[place - 1] == title):
            found[title].append(line)
    return {title: "\n".join(text).strip("\n").splitlines() for title, text in found.items()}


def body(title: str, lines: list[str]) -> list[str]:
    """Return a section as Markdown."""
    if title == "Examples":
        return ["```pycon", *lines, "```"]
    if title in ("Parameters", "Returns"):
        return [
            markdown(f"- {one}" if one and not one.startswith(" ") else f"  {one.strip()}") for one in lines
        ]
    return [markdown(one) for one in lines]


def markdown(line: str) -> str:
    """Turn the markup of docstrings into Markdown's."""
    line = re.sub(r":[a-z]+:`~?(?:[\w.]*\.)?(\w+)`", r"`\1`", line).replace("``", "`")
    return line if "`" in line else line.replace("<", "&lt;")


def needs(plugin: Any) -> str:
    """Say what a method must know of the candidates."""
    wanted = getattr(plugin, "needs", None)
    return f", from {', '.join(sorted(wanted))}" if isinstance(wanted, frozenset) and wanted else ""


def measured(name: str, curves: dict[str, Any] | None) -> list[str]:
    """Return what the learning curves say of a method, losses as plainly as gains."""
    table = _table(name, curves)
    if not table or curves is None:
        return ["## Measured", "", "No curve: it is a part of strategies, not one by itself."]
    gains = {one: table[one][name]["gain"] for one in table}
    wins = [short(one) for one, (_, low, _) in gains.items() if low is not None and low > 0]
    losses = [short(one) for one, (_, _, high) in gains.items() if high is not None and high < 0]
    seeds, rank = curves["seeds"], curves["details"]["mean_rank"]
    place = sorted(rank.values()).index(rank[name]) + 1
    lines = [
        "## Measured", "",
        f"{seeds} seeds, [all strategies and how it was measured](../curves.md). Mean rank {rank[name]:.1f}, "
        f"place {place} of {len(rank)}. Surely better than random on {', '.join(wins) or 'none'}; "
        f"surely worse on {', '.join(losses) or 'none'}.", "",
        "| set | area, points | gain over random, points | labels saved | accuracy at the end |", "|-|-|-|-|-|",
    ]  # fmt: skip
    for one, row in ((one, table[one][name]) for one in table):
        lines.append(
            f"| {short(one)} | {100 * row['area'][0]:.1f} | {interval(row['gain'])} | {saved(row['saved'])} "
            f"| {row['final']:.3f} |"
        )
    return [*lines, "", f"![Learning curves of {name} and of random](../images/curves/{name}.svg)"]


def _table(name: str, curves: dict[str, Any] | None) -> dict[str, Any]:
    """Return the rows of a method and of random, by data set."""
    every = curves["details"]["table"] if curves else {}
    return {one: {s: rows[s] for s in (name, "random")} for one, rows in every.items() if name in rows}


def short(name: str) -> str:
    """Return a set's name without its kind."""
    return name.partition("_")[2]


def interval(gain: list[float | None]) -> str:
    """Say a gain with its interval."""
    value, low, high = (None if one is None else f"{100 * one:+.1f}" for one in gain)
    return f"{value} [{low}, {high}]" if low else f"{value}"


def saved(found: dict[str, Any]) -> str:
    """Say the share of labels saved."""
    value, low, high = (found[key] for key in ("value", "low", "high"))
    shown = ["?" if one is None else f"{one:.0%}" for one in (low, high)]
    return "not reached" if value is None else f"{value:.0%} [{shown[0]}, {shown[1]}]"


def picture(name: str, table: dict[str, Any]) -> str:
    """Draw a small panel for each set: the method in blue, random in grey."""
    wide, high, pad = 150, 110, 26
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {3 * (wide + pad) + pad} {2 * (high + 2 * pad)}" '
        'font-family="sans-serif" font-size="10"><rect width="100%" height="100%" fill="#fff"/>'
    ]
    for place, one in enumerate(table):
        left, top = pad + (place % 3) * (wide + pad), pad + place // 3 * (high + 2 * pad)
        both = {"#888": table[one]["random"]["curve"], "#1d4ed8": table[one][name]["curve"]}
        low = min(min(score) for _, score in both.values())
        span = max(max(score) for _, score in both.values()) - low or 1.0
        parts.append(f'<text x="{left}" y="{top - 8}" font-weight="bold">{short(one)}</text>')
        parts.append(f'<path d="M{left} {top}V{top + high}H{left + wide}" fill="none" stroke="#bbb"/>')
        parts.append(f'<text x="{left + 3}" y="{top + 9}" fill="#555">{low + span:.2f}</text>')
        parts.append(f'<text x="{left + 3}" y="{top + high - 3}" fill="#555">{low:.2f}</text>')
        for colour, (labels, score) in both.items():
            points = " ".join(
                f"{left + wide * n / labels[-1]:.1f},{top + high * (1 - (s - low) / span):.1f}"
                for n, s in zip(labels, score, strict=True)
            )
            parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.6"/>')
        labels = both["#888"][0]
        parts.append(
            f'<text x="{left + wide}" y="{top + high + 11}" text-anchor="end">{labels[-1]} labels</text>'
        )
    return "\n".join([*parts, "</svg>"]) + "\n"


def index(methods: dict[str, tuple[str, Any]], curves: dict[str, Any] | None) -> str:
    """Return the list of all methods."""
    rank = curves["details"]["mean_rank"] if curves else {}
    lines = [
        "# Methods",
        "",
        "Made by `make docs`; not edited by hand. Which to take: [choosing](../choosing.md).",
        "",
    ]
    for group, kind in GROUPS.items():
        lines += [f"## {kind.capitalize()}s".replace("ys", "ies"), ""]
        lines += ["| name | | mean rank |", "|-|-|-|"]
        for name in registry.names(group):
            if methods[name][0] != group:
                continue
            first = markdown((inspect.getdoc(methods[name][1]) or "").partition("\n\n")[0].replace("\n", " "))
            place = f"{rank[name]:.1f}" if name in rank else ""
            lines.append(f"| [{name}]({name}.md) | {first.replace('|', chr(92) + '|')} | {place} |")
        lines.append("")
    return "\n".join([*lines, "```{toctree}", ":hidden:", ":glob:", "", "*", "```", ""])


if __name__ == "__main__":
    main()
