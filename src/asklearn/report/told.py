"""The sections of a project's page about questions, answers and the people who gave them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from asklearn.report.cards import card, noted
from asklearn.report.charts import column_chart
from asklearn.report.html import Html, join, shorten, tag
from asklearn.report.items import Contents
from asklearn.report.page import figure, section, table
from asklearn.report.words import SHARE, day, percentage, plural, value_cell

STREAMS = {
    "audit": "Drawn at random",
    "start": "Asked before there was a model",
    "exploit": "Picked by the strategy",
    "given": "Not asked",
}
TAGS = {"audit": "audit", "start": "start", "exploit": "picked"}
_DATES = {"minute": "%H:%M", "hour": "%d %b %H:00", "day": "%d %b", "week": "%d %b", "month": "%b %Y"}


def asked(found: Mapping[str, Any]) -> Html:
    """Return what decided that items were asked, and when their labels came."""
    if not found["asked"]:
        return Html("")
    rows = [
        [
            join([STREAMS[one["stream"]], tag("small", tag("bdi", shorten(one["why"], 200)))]),
            f"{one['asked']:,}" if one["asked"] else "–",
            f"{one['labelled']:,}",
        ]
        for one in found["asked"]
    ]
    how = found["how"]
    lot = how["audit"] + how.get("audit_weighted", 0)
    told = (
        f"The strategy {shorten(how['strategy'], 60)} picks what should teach the model most; {lot:.0%} of all "
        "questions are drawn at random instead, to measure it."
    )
    counts = table("Items by what decided that they were asked", ["decided by", "asked", "labelled"], rows)
    parts = [tag("p", told), _guard(found.get("guard")), counts, _over_time(found["timeline"])]
    return section("What was asked, and why", *parts)


def _guard(found: Mapping[str, Any] | None) -> Html:
    """Return whether the strategy was seen to be behind asking at random, and what could have been seen."""
    if not found:
        return Html("")
    value, low, high = (f"{100 * found[key]:+.0f}" for key in ("value", "low", "high"))
    looked = f"when it last looked, after {plural(found['labels'], 'label')}"
    then = " So batches are now drawn at random." if found["high"] < 0 else ""
    return tag(
        "p",
        f"Its guard compares it with asking at random, at equal numbers of labels: {value} points "
        f"[{low}, {high}] {looked} ({found['level']:.0%} interval, "
        f"{plural(found['n'], 'random label')}).{then} A deficit of {100 * found['detectable']:.0f} points it would "
        "have seen four times in five.",
    )


def _over_time(timeline: Mapping[str, Any]) -> Html:
    counts = [one["labels"] for one in timeline["counts"]]
    if len(counts) < 2:
        return Html("")
    period, begins = timeline["period"], [datetime.fromisoformat(one["begin"]) for one in timeline["counts"]]
    names = [at.strftime(_DATES[period]).removeprefix("0") for at in begins]

    def draw(width: int) -> Html:
        title = f"Labels per {period}, from {names[0]} to {names[-1]}"
        return column_chart(counts, names, title=title, y_title=f"labels per {period}", width=width)

    since = day(begins[0].timestamp())
    named = " Weeks are named by their Mondays." if period == "week" else ""
    return figure(draw, f"Labels told per {period} (UTC) since {since}, {sum(counts):,} in all.{named}")


def second_look(found: Mapping[str, Any], contents: Contents) -> Html:
    """Return the items on which people differ, and the labels that the model surely disagrees with."""
    contested = found["contested"]
    cards = [_contested(one, contents) for one in contested["items"]]
    cards += [
        noted(
            "model differs",
            _item(one, contents),
            join(["Label: ", _bold(one["label"])]),
            join(
                [
                    "The model, trained without it, says ",
                    _bold(one["model"]),
                    f" and is {one['sure']:.0%} sure.",
                ]
            ),
        )
        for one in found["doubtful"]
    ]
    if not cards:
        return Html("")
    more = contested["n"] - len(contested["items"])
    rest = (
        f" {plural(more, 'more item')} on which people differ or that were flagged are not shown."
        if more
        else ""
    )
    told = (
        "Labels that may be wrong, or items that are hard. Tell the right label to mend a wrong one. Only labels "
        f"drawn at random are checked against the model.{rest}"
    )
    return section("Worth a second look", tag("p", told), tag("ul", *cards, class_="cards"))


def _contested(one: Mapping[str, Any], contents: Contents) -> Html:
    answers, flags = one["answers"], one["flagged"]
    kind = "people differ" if len({said["label"] for said in answers}) > 1 else "flagged"
    lines = [join([_who(said["annotator"]), ": ", _bold(said["label"])]) for said in answers[:6]]
    return noted(
        kind, _item(one, contents), *lines, *(join(["Flagged by ", _who(name)]) for name in flags[:3])
    )


def _who(name: str) -> Html:
    return tag("bdi", shorten(name, 40))


def _bold(text: str) -> Html:
    return tag("b", tag("bdi", shorten(text, 80)))


def _item(one: Mapping[str, Any], contents: Contents) -> dict[str, Any]:
    return {"id": one["id"], **contents.get(one["id"], {})}


def people(found: Mapping[str, Any]) -> Html:
    """Return who labelled how much, how fast, and how often others said the same."""
    rows = [
        [tag("bdi", shorten(one["name"], 60)), _labels(one), _time(one), _agreed(one["agreed"])]
        for one in found["annotators"]
    ]  # fmt: skip
    if not rows:
        return Html("")
    both = found["agreement"]
    told = (
        "No item was labelled by two people, so nothing is known of how well they agree."
        if both is None
        else f"Where two or more labelled the same item, they agreed in {percentage(both)} of "
        f"{plural(both['n'], 'item')} (95% interval)."
    )
    head = ["annotator", "labels", "median time", "agreed with others"]
    return section("Who labelled", tag("p", told), table("Replies that hold, by annotator", head, rows))


def _labels(one: Mapping[str, Any]) -> Html:
    others = [f"{one[kind]:,} {kind}" for kind in ("skipped", "flagged") if one[kind]]
    return tag("td", f"{one['labels']:,}", *(tag("small", other) for other in others))


def _time(one: Mapping[str, Any]) -> Html:
    if one["median_seconds"] is None:
        return tag("td", "–")
    return tag("td", _seconds(one["median_seconds"]), tag("small", f"of {one['timed']:,}"))


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if value < 10 else f"{value:,.0f} s"


def _agreed(part: Mapping[str, Any] | None) -> Html:
    return (
        tag("td", "–") if part is None else value_cell(SHARE.words(part), f"on {plural(part['n'], 'item')}")
    )


def slowest(found: Mapping[str, Any], contents: Contents) -> Html:
    """Return the answers that took longest: hard items, unclear classes, or a break."""
    cards = [
        noted(
            _seconds(one["seconds"]),
            _item(one, contents),
            join(["Answer: ", _bold(one["label"]), ", by ", _who(one["annotator"])]),
        )
        for one in found["slowest"]
    ]
    if not cards:
        return Html("")
    told = "Hard items, classes that are unclear, or somebody at lunch."
    return section("What took longest", tag("p", told), tag("ul", *cards, class_="cards"))


def examples(found: Mapping[str, Any], contents: Contents) -> Html:
    """Return some labelled items, and why they were asked."""
    cards = [
        card(_item(one, contents) | {**one, "stream": TAGS.get(one["stream"], one["stream"])})
        for one in found["examples"]
    ]
    if not cards:
        return Html("")
    told = (
        "From the first question to the latest. Those of the audit are drawn at random and measure the model; the "
        "others should teach it most."
    )
    return section(
        "Some questions, and why they were asked", tag("p", told), tag("ul", *cards, class_="cards")
    )
