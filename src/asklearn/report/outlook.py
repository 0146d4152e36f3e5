"""The sections of a project's page about what is to come: what labels are worth, when to stop, what was saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from asklearn.report.charts import Series, difference_chart, dot_swatch
from asklearn.report.html import Html, tag
from asklearn.report.page import details, figure, legend, section, table
from asklearn.report.words import Scale, plural, scale, value_cell

SHOWN_PRICES = 8
RULES = {
    "target": "Target",
    "cost": "Cost",
    "plateau": "Plateau",
    "stable": "Stable predictions",
    "uncertainty": "Little doubt left",
    "budget": "Budget",
    "money": "Money",
    "hours": "Hours",
    "pool": "Pool",
}
VERDICTS = {True: "stop", False: "go on", None: "cannot tell"}


def price(found: Mapping[str, Any]) -> Html:
    """Return what the next labels would add to the score, and what became of earlier prices."""
    given, heading = found.get("price"), "What the next labels are worth"
    if not given:
        return Html("")
    if not given["next"]:
        return section(heading, tag("p", given["none"]))
    form = scale(given["metric"])
    name = given["metric"].replace("_", " ")
    first = given["next"][0]
    told = (
        f"The next {plural(first['n'], 'label')}, chosen as before, should add {gain_words(first, form)} to {name} "
        f"({first['level']:.0%} interval, by {first['method']})."
    )
    caption = f"What further labels should add, with {first['level']:.0%} intervals"
    columns, rows = (
        ["labels", f"gain in {name}"],
        [[f"{one['n']:,}", _cell(one, form)] for one in given["next"]],
    )
    if given["corrected"]:
        columns.append("by past batches")
        rows = [[*row, _cell(one, form)] for row, one in zip(rows, given["corrected"], strict=True)]
        told += f" Corrected by this project's own past batches: {gain_words(given['corrected'][0], form)}."
    parts = [tag("p", told), table(caption, columns, rows), *_open(given["open"], form)]
    return section(heading, *parts, *_past(given["past"], form))


def _open(items: Sequence[Mapping[str, Any]], form: Scale) -> list[Html]:
    """Return the best of the open items; nothing where none is open."""
    if not items:
        return []
    rows = [
        [
            str(one["rank"]),
            str(one["item"]),
            "not known yet" if one["gain"] is None else _cell(one["gain"], form, 2),
        ]
        for one in items
    ]
    note = (
        ""
        if items[0]["gain"]
        else " Five batches that were priced and measured are needed to say what one adds."
    )
    return [
        tag("h3", "Open items, best first"),
        tag("p", f"By the strategy's score; a label adds what is left after those before it.{note}"),
        table("What single labels should add", ["rank", "item", "gain"], rows),
    ]


def _cell(one: Mapping[str, Any], form: Scale, more: int = 0) -> Html:
    return value_cell(_gain(one, form, more))


def gain_words(one: Mapping[str, Any], form: Scale) -> str:
    """Return a gain with its interval, in points where the metric is a share.

    Examples
    --------
    >>> gain_words({"value": 0.004, "low": 0.001, "high": 0.009}, Scale(True))
    '+0.4 [+0.1, +0.9] points'
    """
    return " ".join(_gain(one, form)) + (" points" if form.share else "")


def _gain(one: Mapping[str, Any], form: Scale, more: int = 0) -> tuple[str, str]:
    """Return a gain and its interval in words, with so many digits more."""
    digits, unit = (1 + more, 100) if form.share else (3 + more, 1)
    value, low, high = (
        f"{round(unit * one[key], digits) + 0.0:+.{digits}f}" for key in ("value", "low", "high")
    )
    return value, f"[{low}, {high}]"


def _past(past: Sequence[Mapping[str, Any]], form: Scale) -> list[Html]:
    """Return what was said of past batches beside what came; nothing where nothing has come yet."""
    if not past:
        return []
    shown = past[-SHOWN_PRICES:]
    names = [f"{one['labels']:,} + {one['more']:,}" for one in shown]
    unit = 100.0 if form.share else 1.0
    drawn = [
        _spans("said", names, [one["said"] for one in shown], 1, unit),
        _spans("came", names, [one["came"] for one in shown], 2, unit),
    ]

    def draw(width: int) -> Html:
        title = "Gains of past batches, as said and as they came"
        x_title = "points gained" if form.share else "gained"
        return difference_chart(names, drawn, title=title, x_title=x_title, width=width)

    held = sum(
        one["said"]["low"] <= one["came"]["high"] and one["came"]["low"] <= one["said"]["high"]
        for one in past
    )
    told = (
        f"Of {plural(len(past), 'past batch', 'past batches')}, what was said and what came do not contradict each "
        f"other in {held}. What came is a difference of two estimates from few random labels, and so rough."
    )
    rows = [
        [name, _cell(one["said"], form), _cell(one["came"], form)]
        for name, one in zip(names, shown, strict=True)
    ]
    numbers = details("The numbers of this chart", table("Gains", ["labels", "said", "came"], rows))
    note = (
        f"Labels before and added, {plural(len(shown), 'latest batch', 'latest batches')}; bars: intervals."
    )
    return [tag("h3", "What was said, and what came"), tag("p", told), legend(dot_swatch, drawn),
            figure(draw, note, data=numbers)]  # fmt: skip


def _spans(
    name: str, rows: Sequence[str], parts: Sequence[Mapping[str, Any]], style: int, unit: float
) -> Series:
    value, low, high = ([unit * one[key] for one in parts] for key in ("value", "low", "high"))
    notes = [
        f"{row} labels, {name}: {v:+.3g} [{a:+.3g}, {b:+.3g}]"
        for row, v, a, b in zip(rows, value, low, high, strict=True)
    ]
    return Series(name, value, [], low, high, style, notes)


def needed(found: Mapping[str, Any]) -> Html:
    """Return how many labels it takes to some scores above the present one."""
    given = found.get("needed")
    if not given:
        return Html("")
    form, name = scale(found["estimate"]["metric"]), found["estimate"]["metric"].replace("_", " ")
    rows = [
        [f"{one['target']:.1%}".replace(".0%", "%") if form.share else f"{one['target']:g}",
         value_cell((_labels(one, "value"), f"[{_labels(one, 'low')}, {_labels(one, 'high')}]"))]
        for one in given
    ]  # fmt: skip
    told = (
        f"By the same forecast, labels in all until {name} reaches a score, if they are chosen as before. Beyond "
        f"{given[0]['farthest']:,}, ten times the present labels, nothing is said."
    )
    caption = f"Labels in all, with {given[0]['level']:.0%} intervals"
    return section("How many labels a score takes", tag("p", told), table(caption, [name, "labels"], rows))


def _labels(one: Mapping[str, Any], key: str) -> str:
    return "beyond" if one[key] is None else f"{one[key]:,}"


def saved(found: Mapping[str, Any]) -> Html:
    """Return how many labels a learner that chooses at random would have needed beyond those spent."""
    given, heading = found.get("saved"), "What choosing well has saved"
    if not given:
        return Html("")
    if given.get("none"):
        return section(heading, tag("p", given["none"]))
    form, score = scale(given["score"]["metric"]), given["score"]
    told = (
        f"For the present {score['metric'].replace('_', ' ')} of {' '.join(form.words(score))}, reached with "
        f"{plural(given['spent'], 'label')}, a learner that chooses at random would have needed {_beyond(given)}."
    )
    basis = (
        f"Models trained on parts of the uniform audit alone, up to {plural(given['base'], 'label')}, are what "
        "random choice would have given; their curve is forecast to the present score. Audit labels count as spent."
    )
    return section(heading, tag("p", told), tag("p", _verdict(given), " ", basis))


def _beyond(given: Mapping[str, Any]) -> str:
    most = given["farthest"] - given["spent"]

    def words(one: int | None) -> str:
        return f"over {most:,}" if one is None else f"{one:,}"

    value = given["value"]
    said = f"{-value:,} fewer" if value is not None and value < 0 else f"{words(value)} more"
    return f"{said} [{words(given['low'])}, {words(given['high'])}] ({given['level']:.0%} interval)"


def _verdict(given: Mapping[str, Any]) -> str:
    if given["low"] is None or given["low"] > 0:
        return "So choosing has saved labels."
    if given["high"] is not None and given["high"] < 0:
        return "So choosing has cost labels: asking at random would have been better so far."
    return "Whether choosing has saved labels, so few random ones cannot tell yet."


def stop_rules(found: Mapping[str, Any]) -> Html:
    """Return what every rule says of stopping, those that do not decide included; a table without a section."""
    advice = found.get("advice")
    if not advice:
        return Html("")
    rows = [
        [
            RULES.get(one["rule"], one["rule"]),
            tag("td", VERDICTS[one["stop"]], class_="nowrap"),
            tag("td", _sentence(one["reason"])),
        ]
        for one in advice
    ]
    return table("What each rule says of stopping", ["rule", "says", "because"], rows, "settings")


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:] + "."
