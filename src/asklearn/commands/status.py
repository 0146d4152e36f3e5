"""``asklearn status``: where a project stands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from asklearn.commands.shared import as_json, in_project, plural, show_json, working
from asklearn.commands.terminal import cells, cut, estimate_words, padded, wrapped
from asklearn.errors import NotFitted

if TYPE_CHECKING:
    from asklearn.project import Project

_BAR = 24
_SHOWN = 20
_LIMITS = ("budget", "money", "hours", "pool")


@click.command(short_help="Say where the project stands, and how good the model is.")
@click.option(
    "--more",
    default=100,
    show_default=True,
    type=click.IntRange(1),
    help="Labels to forecast for, as far as there are items left.",
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

    with working("Training and measuring"):
        found = summary(Project(folder), more)
    if plain:
        show_json(found)
    else:
        click.echo("\n".join(in_words(found)))


def summary(project: Project, more: int) -> dict[str, Any]:
    """Return what status says, as plain values."""
    from asklearn.project import shown
    from asklearn.report.facts import ahead, plain, standing
    from asklearn.report.people import annotators
    from asklearn.report.prospects import labels_needed, watched

    learner = project.learner
    known = standing(learner, project.labels())
    items, labels = known["items"], known["labels"]
    found: dict[str, Any] = {
        "project": str(project.folder.resolve()),
        "counts": {"items": items.pop("all"), **items},
        "labels": labels["n"],
        "disputed": labels["disputed"],
        "left": labels["left"],
        "classes": known["classes"],
        "annotators": {one["name"]: one["labels"] for one in annotators(learner.state) if one["labels"]},
        "estimate": None,
        "forecast": None,
        "no_estimate": None,
        "watched": None,
        "needed": [],
        "stop": known["stop"],
        "advice": known["advice"],
    }
    try:
        found["estimate"] = plain(learner.evaluate())
        found["forecast"] = ahead(learner, more)
        found["watched"] = watched(learner)
        found["needed"] = labels_needed(learner)
    except NotFitted as error:
        found["no_estimate"] = str(error)
    return found | {"journal": {"file": shown(project.journal), "events": learner.state.position}}


def in_words(found: dict[str, Any]) -> list[str]:
    """Say a summary in lines of up to 80 columns."""
    counts = found["counts"]
    standing = [f"{counts[name]:,} {name}" for name in counts if name != "items" and counts[name]]
    lines = [f"{plural(counts['items'], 'item')}: {', '.join(standing)}"]
    lines.append(f"{plural(found['labels'], 'label')}" + _disputed(found["disputed"]))
    lines += _bars(found["classes"])
    if found["annotators"]:
        told = [f"{cut(name, 32)} {count:,}" for name, count in found["annotators"].items()]
        lines += ["", wrapped("By annotator: " + ", ".join(told[:_SHOWN]), "", "  ")]
    return [*lines, "", *_how_good(found), *_advice(found), _journal(found["journal"])]


def _disputed(count: int) -> str:
    return f", and {plural(count, 'item')} on which annotators differ" if count else ""


def _bars(classes: dict[str, int]) -> list[str]:
    most = max([1, *classes.values()])
    shown = list(classes.items())[:_SHOWN]
    names = [cut(name, 32) for name, _ in shown]
    width = max(map(cells, names), default=0)
    lines = [
        f"  {padded(name, width)} {count:>7,} {'#' * round(_BAR * count / most)}".rstrip()
        for name, (_, count) in zip(names, shown, strict=True)
    ]
    return [*lines, f"  and {len(classes) - _SHOWN} more classes"] if len(classes) > _SHOWN else lines


def _how_good(found: dict[str, Any]) -> list[str]:
    if found["estimate"] is None:
        return [wrapped(f"No estimate yet. {found['no_estimate']}")]
    estimate = found["estimate"]
    on = f"from {plural(estimate['n'], 'label')} drawn at random ({estimate['method']})"
    lines = [f"Estimate: {estimate_words(estimate)}", wrapped(on, "  "), *_looks(found["watched"])]
    return [*lines, *_ahead(found["forecast"]), *_needed(found["needed"], estimate["metric"])]


def _looks(looks: list[dict[str, Any]] | None) -> list[str]:
    """Say what holds for who watches the estimate and stops when it looks best."""
    if not looks or len(looks) < 2:
        return []
    last = looks[-1]
    return [f"  [{last['low']:.3f}, {last['high']:.3f}] so that all {len(looks)} looks so far hold together"]


def _needed(needed: list[dict[str, Any]], metric: str) -> list[str]:
    if not needed:
        return []
    one = needed[0]
    most = f"more than {one['farthest']:,}"
    value, low, high = (most if one[key] is None else f"{one[key]:,}" for key in ("value", "low", "high"))
    said = f"{metric} {one['target']:g} takes {value} labels in all [{low}, {high}]"
    return [wrapped(f"{said} ({one['level']:.0%} interval)", "", "  ")]


def _ahead(forecast: dict[str, Any] | None) -> list[str]:
    if forecast is None:
        return ["No forecast: nothing is left to label."]
    if forecast["method"].startswith("too few"):
        return ["No forecast yet: it needs estimates at three different numbers of labels."]
    return [
        f"With {plural(forecast['more'], 'more label')}: {estimate_words(forecast)}",
        f"  forecast by a curve through all estimates, which says {forecast['now']:.3f} now",
    ]


def _advice(found: dict[str, Any]) -> list[str]:
    """Say why to stop, or else what each rule sees, but for those that only tell of what is left."""
    if found["stop"]:
        return [wrapped(f"Consider stopping: {reason}.", "", "  ") for reason in found["stop"]]
    told = [one for one in found["advice"] if one["rule"] not in _LIMITS and one["stop"] is not None]
    lines = [wrapped(f"{one['rule']}: {one['reason']}", "  ", "    ") for one in told]
    return ["No reason to stop yet:", *lines] if lines else []


def _journal(journal: dict[str, Any]) -> str:
    return f"Journal: {plural(journal['events'], 'event')}; asklearn doctor checks them"
