"""The section of a project's page about gaps: kinds of items on which the model errs more than elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from asklearn.report.cards import noted
from asklearn.report.html import Html, join, shorten, tag
from asklearn.report.items import Contents
from asklearn.report.page import section
from asklearn.report.words import percentage, plural

EXEMPLARS = 3


def gaps(found: Mapping[str, Any], contents: Contents) -> Html:
    """Return the confirmed gaps, each with its error, its confusion and exemplars; or why there is none."""
    given, heading = found.get("gaps"), "Where it errs more than elsewhere"
    if not given:
        return Html("")
    if not given["found"]:
        return section(heading, tag("p", given["none"]))
    shown = given["found"]
    more = given["confirmed"] - len(shown)
    rest = (
        f" {plural(more, 'more gap lies', 'more gaps lie')} within these or cost fewer mistakes."
        if more
        else ""
    )
    told = (
        "Kinds of items that one part of the evidence suggested and random labels that did not suggest them "
        f"confirmed, the most mistakes first. asklearn can ask for one kind alone.{rest}"
    )
    return section(heading, tag("p", told), *(part for one in shown for part in _gap(one, contents)))


def _gap(one: Mapping[str, Any], contents: Contents) -> list[Html]:
    error, rest = one["error"], one["rest"]
    words = [
        f"Wrong in {percentage(error)} ({100 * error['level']:.3g}% interval, {plural(error['n'], 'random label')}); "
        f"elsewhere in {percentage(rest)}. ",
        f"{plural(one['size'], 'item')}, {one['share']:.1%} of the pool; {one['unlabelled']:,} without a label. ",
    ]
    parts: list[object] = list(words)
    if one["confusion"]:
        truth, guess, share = one["confusion"]
        parts += [_name(truth), " is taken for ", _name(guess), f" in {share:.0%} of its mistakes."]
    cards = [
        noted("example", {"id": item, **contents.get(item, {})}) for item in one["exemplars"][:EXEMPLARS]
    ]
    listed = tag("ul", *cards, class_="cards") if cards else Html("")
    return [tag("h3", tag("bdi", shorten(one["name"], 120))), tag("p", join(parts)), listed]


def _name(label: object) -> Html:
    return tag("b", tag("bdi", shorten(label, 60)))
