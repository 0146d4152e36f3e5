"""``asklearn status``: where a project stands."""

from __future__ import annotations

import textwrap
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from asklearn.commands.shared import as_json, in_project, plural, show_json
from asklearn.errors import NotFitted

if TYPE_CHECKING:
    from asklearn.project import Project
    from asklearn.types import Estimate

_BAR = 24
_SHOWN = 20


@click.command()
@click.option(
    "--more", default=100, show_default=True, type=click.IntRange(1), help="Labels to forecast for."
)
@as_json
@in_project
def status(more: int, plain: bool, folder: Path) -> None:
    """Say where the project stands: counts, classes, how good the model is, and what more labels would bring.

    The model is trained if labels have changed, and estimates are kept in the journal.

    \b
    Examples:
      asklearn status
      asklearn status --json --more 500
    """
    from asklearn.project import Project

    found = summary(Project(folder), more)
    if plain:
        show_json(found)
    else:
        click.echo("\n".join(in_words(found)))


def summary(project: Project, more: int) -> dict[str, Any]:
    """Return what status says, as plain values."""
    learner = project.learner
    labels = learner.labels
    counts = project.counts()
    said = [one for every in learner.state.said.values() for one in every if one.kind == "Answered"]
    classes = dict.fromkeys(project.labels(), 0) | Counter(str(one) for one in labels.values())
    found: dict[str, Any] = {
        "project": str(project.folder.resolve()),
        "counts": counts,
        "labels": len(labels),
        "disputed": counts["answered"] + counts["resolved"] - len(labels),
        "classes": dict(sorted(classes.items(), key=lambda one: (-one[1], one[0]))),
        "annotators": dict(Counter(one.annotator for one in said).most_common()),
        "estimate": None,
        "forecast": None,
        "no_estimate": None,
        "stop": list(learner.should_stop().reasons),
    }
    try:
        found["estimate"] = _plain(learner.evaluate())
        found["forecast"] = {"more": more, **_plain(learner.forecast(more))}
    except NotFitted as error:
        found["no_estimate"] = str(error)
    return found | {"journal": {"file": str(project.journal_file), "events": learner.state.position}}


def _plain(one: Estimate) -> dict[str, Any]:
    return {
        "metric": one.name, "value": one.value, "low": one.low, "high": one.high, "level": one.level,
        "n": one.n, "method": one.method,
    }  # fmt: skip


def in_words(found: dict[str, Any]) -> list[str]:
    """Say a summary in lines of up to 80 columns."""
    counts = found["counts"]
    standing = [f"{counts[name]:,} {name}" for name in counts if name != "items" and counts[name]]
    lines = [f"{plural(counts['items'], 'item')}: {', '.join(standing)}"]
    lines.append(f"{plural(found['labels'], 'label')}" + _disputed(found["disputed"]))
    lines += _bars(found["classes"])
    if found["annotators"]:
        told = [f"{_short(name)} {count:,}" for name, count in found["annotators"].items()]
        lines += ["", *_wrapped("By annotator: ", told[:_SHOWN])]
    return [*lines, "", *_how_good(found), *_advice(found), _journal(found["journal"])]


def _disputed(count: int) -> str:
    return f", and {plural(count, 'item')} on which annotators differ" if count else ""


def _bars(classes: dict[str, int]) -> list[str]:
    most = max([1, *classes.values()])
    shown = list(classes.items())[:_SHOWN]
    width = max([len(_short(name)) for name, _ in shown], default=0)
    lines = [
        f"  {_short(name):<{width}} {count:>7,} {'#' * round(_BAR * count / most)}".rstrip()
        for name, count in shown
    ]
    return [*lines, f"  and {len(classes) - _SHOWN} more classes"] if len(classes) > _SHOWN else lines


def _short(name: str) -> str:
    printable = "".join(one if one.isprintable() else " " for one in name)
    return printable if len(printable) <= 32 else f"{printable[:31]}…"


def _how_good(found: dict[str, Any]) -> list[str]:
    if found["estimate"] is None:
        return [f"No estimate yet. {found['no_estimate']}"]
    forecast = found["forecast"]
    return [
        f"Estimate: {_said(found['estimate'])}",
        *_wrapped("  ", [f"on {found['estimate']['n']} labels of the audit", found["estimate"]["method"]]),
        f"With {plural(forecast['more'], 'more label')}: {_said(forecast)}",
        *_wrapped("  ", [forecast["method"]]),
    ]


def _said(one: dict[str, Any]) -> str:
    if one["method"].startswith("too few"):
        return f"{one['metric']} from {one['low']:.3f} to {one['high']:.3f}"
    return f"{one['metric']} {one['value']:.3f} [{one['low']:.3f}, {one['high']:.3f}] ({one['level']:.0%} interval)"


def _advice(found: dict[str, Any]) -> list[str]:
    return [f"Consider stopping: {reason}." for reason in found["stop"]]


def _journal(journal: dict[str, Any]) -> str:
    return f"Journal: {plural(journal['events'], 'event')}; asklearn doctor checks them"


def _wrapped(start: str, parts: list[str]) -> list[str]:
    return textwrap.wrap(start + ", ".join(parts), 80, subsequent_indent="  ")
