"""The sections of a project's page that rest on the audit's labels: how good the model is, and in what."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from asklearn.report.charts import Series, dot_chart, dot_swatch, line_chart, swatch
from asklearn.report.confusion import confusion_table
from asklearn.report.html import Html, shorten, tag
from asklearn.report.page import SHOWN_ROWS, details, figure, legend, section, table
from asklearn.report.words import SHARE, Scale, percentage, plural, scale, value_cell

SHOWN_CLASSES = 20
WHISKERS = 25
FEW = 100
_UNKNOWN = {"value": math.nan, "low": 0.0, "high": 0.0, "n": 0}


def learning_curve(found: Mapping[str, Any]) -> Html:
    """Return the estimates so far against the number of labels, and the fan of the forecast."""
    history, estimate = [one for one in found["history"] if one["n"]], found["estimate"]
    if not history or estimate is None:
        return Html("")
    form, name, now = scale(estimate["metric"]), estimate["metric"].replace("_", " "), found["labels"]["n"]
    fan = [] if any(one["method"].startswith("too few") for one in found["fan"]) else found["fan"]
    looks = found.get("watched", [])
    drawn = [
        _so_far(history, name, form),
        *([_fan(fan, now, form)] if fan else []),
        *([_watched(looks, form)] if len(looks) > 1 else []),
    ]
    last = history[-1]
    told = f"Each estimate rests on the labels drawn at random by then, {last['n']:,} at the last."
    if fan:
        told += " The dashed line is the forecast; it follows all estimates together, and need not begin at the last."
    ends = "bars" if drawn[0].whiskers else "the band"
    caption = f"{name.capitalize()} on random labels; {ends}: {last['level']:.0%} intervals."
    caption += f" The band ahead: the {fan[0]['level']:.0%} interval of the forecast." if fan else ""
    if len(looks) > 1:
        caption += " The grey band: intervals of all looks together, 95% likely to hold everywhere at once."

    def draw(width: int) -> Html:
        title = f"{name} against labels, measured and forecast"
        height = 340 if width > 500 else 270
        return line_chart(
            drawn, title=title, y_title=name, width=width, height=height, end_labels=False, whole=True
        )

    rows = [
        [f"{one['labels']:,}", value_cell(form.words(one)), f"{one['n']:,}"] for one in history[-SHOWN_ROWS:]
    ]
    rows += [
        [f"{now + one['more']:,}", value_cell(form.words(one)), "forecast"] for one in fan if one["more"]
    ]
    head = ["labels", f"{name} [interval]", "random labels"]
    numbers = details("The numbers of this chart", table(f"{name} by number of labels", head, rows))
    return section(
        "How good the model is", tag("p", told), legend(swatch, drawn), figure(draw, caption, data=numbers)
    )


def _so_far(history: Sequence[Mapping[str, Any]], name: str, form: Scale) -> Series:
    notes = [
        f"{name} at {one['labels']:,} labels: {' '.join(form.words(one))}, {plural(one['n'], 'random label')}"
        for one in history
    ]
    return _series(
        "measured", [one["labels"] for one in history], history, 1, notes, len(history) <= WHISKERS
    )


def _watched(looks: Sequence[Mapping[str, Any]], form: Scale) -> Series:
    notes = [
        f"at {one['labels']:,} labels, every look held to it: {' '.join(form.words(one))}" for one in looks
    ]
    return _series("however often one looks", [one["labels"] for one in looks], looks, 0, notes, False)


def _fan(fan: Sequence[Mapping[str, Any]], now: int, form: Scale) -> Series:
    at = [now + one["more"] for one in fan]
    notes = [
        f"forecast for {x:,} labels: {' '.join(form.words(one))}" for x, one in zip(at, fan, strict=True)
    ]
    return _series("forecast", at, fan, 2, notes, False)


def _series(
    name: str,
    at: Sequence[float],
    parts: Sequence[Mapping[str, Any]],
    style: int,
    notes: Sequence[str],
    bars: bool,
) -> Series:
    value, low, high = ([one[key] for one in parts] for key in ("value", "low", "high"))
    return Series(name, at, value, low, high, style, notes, whiskers=bars)


def class_balance(found: Mapping[str, Any]) -> Html:
    """Return which classes were labelled, and what part of the pool each is by the audit."""
    counts, total = found["classes"], sum(found["classes"].values())
    if not total:
        return Html("")
    pool = {one["label"]: one for one in found["balance"] if one["n"]}
    top = list(counts)[:SHOWN_CLASSES]
    notes = [f"{counts[name]:,} of {total:,} labels" for name in top]
    labels = {"value": [counts[name] / total for name in top]}
    dots = [Series("all labels so far", labels["value"], [], style=0, notes=_named(top, notes))]
    if pool:
        parts = [pool.get(name, _UNKNOWN) for name in top]
        notes = [f"{percentage(one)} of the pool, by {plural(one['n'], 'random label')}" for one in parts]
        dots.insert(0, _rows("share of the pool, by the audit", top, parts, notes))

    def draw(width: int) -> Html:
        return dot_chart(
            top, dots, title="Labels and share of the pool by class", x_title="share", width=width
        )

    more = len(counts) - len(top)
    rest = f"; {more:,} more are not drawn" if more > 0 else ""
    numbers = details("The numbers of this chart", _balance_table(counts, pool))
    return section(
        "Which classes there are",
        tag("p", _balance_words(found, pool)),
        legend(dot_swatch, dots),
        figure(draw, f"Classes with the most labels first{rest}.", data=numbers),
    )


def _balance_words(found: Mapping[str, Any], pool: Mapping[str, Any]) -> str:
    counts = found["classes"]
    empty = sum(not count for count in counts.values())
    none = f", {empty:,} of them without a label yet" if empty else ""
    said = f"{plural(len(counts), 'class', 'classes')}{none}. "
    if not pool:
        return (
            said
            + "How frequent each is in the pool, only labels drawn at random can tell: there are none yet."
        )
    n = next(iter(pool.values()))["n"]
    return (
        f"{said}Filled dots say how frequent each is in the pool, by {plural(n, 'label')} drawn at random, with 95% "
        "intervals. Hollow dots are the labels so far, of which more were picked where the model finds it hard."
    )


def _balance_table(counts: Mapping[str, int], pool: Mapping[str, Any]) -> Html:
    rows = []
    for name, count in list(counts.items())[: 2 * SHOWN_ROWS]:
        cell = value_cell(SHARE.words(pool[name])) if name in pool else tag("td", "–")
        rows.append([tag("bdi", shorten(name, 60)), f"{count:,}", cell])
    more = len(counts) - len(rows)
    rest = f"; {more:,} more classes are not shown" if more > 0 else ""
    return table(
        f"Labels and share of the pool by class{rest}", ["class", "labels", "share of the pool"], rows
    )


def _rows(
    name: str, labels: Sequence[str], parts: Sequence[Mapping[str, Any]], notes: Sequence[str]
) -> Series:
    """Return a dot with a whisker for each label."""
    value, low, high = ([one[key] for one in parts] for key in ("value", "low", "high"))
    return Series(name, value, [], low, high, 1, _named(labels, notes), whiskers=True)


def _named(labels: Sequence[str], notes: Sequence[str]) -> list[str]:
    return [f"{shorten(label, 60)}: {note}" for label, note in zip(labels, notes, strict=True)]


def recalls(found: Mapping[str, Any]) -> Html:
    """Return how many of each class's items are recognised, where there are labels enough to say."""
    heading, every = "How well each class is recognised", found["recall"]
    known = sorted(
        (one for one in every if one["value"] is not None), key=lambda one: (one["value"], one["label"])
    )
    if not every:
        return Html("")
    few = len(every) - len(known)
    have = plural(few, "class has", "classes have")
    rest = f" {have} fewer than 5 random labels, too few to say." if few else ""
    if not known:
        return section(heading, tag("p", rest.strip() + " They come with the audit, a share of every batch."))
    names = [one["label"] for one in known[:SHOWN_CLASSES]]
    notes = [f"{percentage(one)} of {plural(one['n'], 'random label')}" for one in known[:SHOWN_CLASSES]]
    drawn = _rows("recognised", names, known[:SHOWN_CLASSES], notes)

    def draw(width: int) -> Html:
        title = "Share of each class that is recognised"
        return dot_chart(names, [drawn], title=title, x_title="recognised", width=width)

    rows = [
        [tag("bdi", shorten(one["label"], 60)), value_cell(SHARE.words(one)), f"{one['n']:,}"]
        for one in known[: 2 * SHOWN_ROWS]
    ]
    head = ["class", "recognised", "random labels"]
    numbers = details(
        "The numbers of this chart", table("Share recognised, with its 95% interval", head, rows)
    )
    told = f"The share of each class’s items that the model gets right, the lowest first.{rest}"
    caption = (
        f"Counted on {plural(sum(one['n'] for one in known), 'label')} drawn at random; bars: 95% intervals."
    )
    return section(heading, tag("p", told), figure(draw, caption, data=numbers))


def confused(found: Mapping[str, Any]) -> Html:
    """Return what the model takes for what, on the audit's labels."""
    given = found["confusion"]
    if not given or not given["n"]:
        return Html("")
    how, body = confusion_table(given["labels"], np.asarray(given["counts"], float), "random labels")
    few = " That is few, and another sample would show other mistakes." if given["n"] < FEW else ""
    if not given.get("equal", True):
        few += " Items that the model may err on were likelier to be drawn, so these are more mistakes than usual."
    told = f"{how} Counted on {plural(given['n'], 'label')} drawn at random.{few}"
    return section("What it still confuses", tag("p", told), body)


def calibration(found: Mapping[str, Any]) -> Html:
    """Return whether the model is right as often as it says it is."""
    given, heading = found["calibration"], "Can its confidence be trusted?"
    if not given or not given["n"]:
        return Html("")
    if not given["bins"]:
        told = (
            f"Too few labels to say: {given['needed']} drawn at random are needed, there are {given['n']:,}."
        )
        return section(heading, tag("p", told))
    bins = given["bins"]
    said = [one["said"] for one in bins]
    notes = [
        f"says {one['said']:.0%}, is right in {percentage(one)} of {plural(one['n'], 'item')}" for one in bins
    ]
    ends = [min(said), 1.0]
    drawn = [_series("measured", said, bins, 1, notes, True), Series("as it should be", ends, ends, style=0)]
    if after := given.get("after"):
        drawn.insert(1, _recalibrated(after))

    def draw(width: int) -> Html:
        return line_chart(
            drawn,
            title="Share right against confidence",
            y_title="share right",
            x_title="how sure the model is",
            width=min(width, 560),
            height=360 if width > 500 else 280,
            end_labels=False,
            whole=True,
        )

    rows = [[f"{one['said']:.0%}", value_cell(SHARE.words(one)), f"{one['n']:,}"] for one in bins]
    head = ["says", "right [95% interval]", "random labels"]
    numbers = details("The numbers of this chart", table("Share right by confidence", head, rows))
    caption = (
        f"Each point is a group of items that the model is about as sure of; {plural(given['n'], 'random label')} in "
        "all. Bars: 95% intervals."
    )
    return section(
        heading,
        tag("p", _calibrated(given["said"], given["right"])),
        _promised(given.get("promise")),
        legend(swatch, drawn),
        figure(draw, caption, data=numbers, css="square"),
    )


def _recalibrated(bins: Sequence[Mapping[str, Any]]) -> Series:
    said = [one["said"] for one in bins]
    notes = [f"scaled, it says {one['said']:.0%}, and is right in {percentage(one)}" for one in bins]
    return Series(
        "with its temperature learnt anew", said, [one["value"] for one in bins], style=2, notes=notes
    )


def _promised(promise: Mapping[str, Any] | None) -> Html:
    """Return what may be promised of a model that abstains where it is not sure enough, in its own words."""
    return tag("p", "If it may abstain: ", tag("q", promise["words"])) if promise else Html("")


def _calibrated(said: float, right: Mapping[str, Any]) -> str:
    told = f"On average the model is {said:.0%} sure of its best guess, and right in {percentage(right)}. "
    if said > right["high"]:
        return told + "It is too sure of itself."
    if said < right["low"]:
        return told + "It is better than it says."
    return told + "As far as these labels can tell, it means what it says."
