"""The last sections of a project's page: what its words mean, and how its numbers were computed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from asklearn.report.html import Html, join, shorten, tag
from asklearn.report.page import details, section, table
from asklearn.report.words import plural

TERMS = (
    (
        "Random label, audit",
        "A label of an item that was drawn at random from the whole pool, and not because the model finds it "
        "hard. Only these measure: picked items are unlike the pool and would mislead. Some are drawn with a higher "
        "chance where the model may err; each of them then counts for less, so that all together speak for the pool.",
    ),
    (
        "Measured without the label",
        "Random labels teach, too. To measure on one, models are trained without it and asked about it: ten "
        "times, each time without a tenth of them.",
    ),
    (
        "Interval",
        "At 95%, at most one such interval in twenty misses the true number. A wide one says that few labels "
        "measure, not that the model is bad.",
    ),
    (
        "However often one looks",
        "An interval is for one look. Who watches, and stops when it looks best, needs wider ones: those of the grey "
        "band hold at all looks together with 95%.",
    ),
    (
        "What labels are worth, and what they saved",
        "Both are forecasts from finished projects of other data, and their intervals are about this project alone. "
        "They grow sharper with random labels, of which a few hundred say much more than a few dozen.",
    ),
    (
        "Forecast",
        "What further labels would bring if they are asked for as before, from the estimates so far. The truth "
        "is meant to lie within a 90% interval nine times in ten.",
    ),
)


def how_to_read(found: Mapping[str, Any]) -> Html:
    """Return what the words mean."""
    if not found["labels"]["n"]:
        return Html("")
    entries = (join([tag("dt", term), tag("dd", meaning)]) for term, meaning in TERMS)
    return section("How to read this", tag("dl", *entries, class_="reading"))


def how_computed(found: Mapping[str, Any]) -> Html:
    """Return the settings, the position of the journal and the versions behind the page."""
    how, estimate = found["how"], found["estimate"]
    said: dict[str, Any] = {name: one for name, one in how["about"].items() if one}
    said |= {
        "strategy": how["strategy"],
        "model": how["model"],
        "fitted model": _fitted(how),
        "audit": f"{how['audit']:.0%} of all questions" + _weighted(how),
        "budget": "no limit" if how["budget"] is None else plural(how["budget"], "question"),
        "estimate": estimate and f"{estimate['method']}, {plural(estimate['n'], 'random label')}",
        "journal": f"{plural(how['position'], 'event')} read",
        "seed": how["seed"],
    }
    rows = [
        [shorten(name, 40), tag("td", tag("bdi", shorten(one, 200)))]
        for name, one in said.items()
        if one is not None
    ]
    versions = [[shorten(name, 40), shorten(version, 60)] for name, version in how["versions"].items()]
    return section(
        "How this was computed",
        table("Settings", ["setting", "value"], rows, "settings"),
        details("Versions", table("Versions that this was computed with", ["package", "version"], versions)),
    )


def _weighted(how: Mapping[str, Any]) -> str:
    share = how.get("audit_weighted", 0)
    return f", and {share:.0%} likelier where the model may err" if share else ""


def _fitted(how: Mapping[str, Any]) -> str | None:
    if how["version"] is None:
        return None
    tuned = "".join(f"; {name} = {value}" for name, value in list(how["params"].items())[:10])
    return f"number {how['version']:,}{tuned}"
