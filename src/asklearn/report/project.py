"""The report of a project: one page that says first, in words, how good the model is and what is still to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from asklearn.report.gaps import gaps
from asklearn.report.html import Html, join, shorten, tag
from asklearn.report.items import Contents
from asklearn.report.measured import calibration, class_balance, confused, learning_curve, recalls
from asklearn.report.method import how_computed, how_to_read
from asklearn.report.outlook import needed, price, saved, stop_rules
from asklearn.report.page import document, figures, section
from asklearn.report.told import asked, examples, people, second_look, slowest
from asklearn.report.words import Scale, day, nowrap, plural, scale

_SHOWN_NAMES = 3


def project_page(found: Mapping[str, Any], contents: Contents | None = None) -> str:
    """Return the report of a project as one HTML page that needs no network and no script.

    Parameters
    ----------
    found : mapping
        What :func:`asklearn.report.facts.facts` returns.
    contents : mapping, optional
        What the items hold, by id, as :func:`asklearn.report.items.contents` reads it; without it they are
        named and not shown.

    Returns
    -------
    str
        UTF-8 text; every string that comes from the project is escaped.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from asklearn import ActiveLearner
    >>> from asklearn.report.facts import facts
    >>> X, y = load_digits(return_X_y=True)
    >>> learner = ActiveLearner("logistic", X, audit=0.5, seed=0)
    >>> batch = learner.ask(60)
    >>> learner.tell(batch.ids, y[batch.rows])
    >>> project_page(facts(learner, name="digits")).count("60 of 1,797 items") > 0
    True
    """
    held = contents or {}
    sections = (
        _advice(found),
        learning_curve(found),
        needed(found),
        price(found),
        saved(found),
        gaps(found, held),
        asked(found),
        class_balance(found),
        recalls(found),
        confused(found),
        calibration(found),
        second_look(found, held),
        people(found),
        slowest(found, held),
        examples(found, held),
        how_to_read(found),
        how_computed(found),
    )
    name = shorten(found["name"], 120)
    made = f" · {day(found['time'])}" if found["time"] else ""
    header = tag(
        "header",
        tag("p", tag("b", "Active learning project"), " · ", tag("bdi", name), made, class_="eyebrow"),
        tag("h1", headline(found)),
        tag("p", lede(found), class_="lede"),
        figures(_figures(found)),
    )
    footer = tag(
        "footer", tag("p", "Made by asklearn. This page is one file: it loads nothing and runs no script.")
    )
    return document(f"{name}: active learning project", header, tag("main", *sections), footer)


def headline(found: Mapping[str, Any]) -> Html:
    """Return how good the model is, in one sentence for somebody who reads no further."""
    labels, estimate = found["labels"]["n"], found["estimate"]
    after = f" after {plural(labels, 'label')}."
    if not labels:
        return join(["Nothing is labelled yet."])
    if estimate is None:
        return join([f"There is no model yet{after}"])
    if not estimate["n"]:
        return join([f"After {plural(labels, 'label')} there is a model, and nothing yet to measure it by."])
    value, span = scale(estimate["metric"]).words(estimate)
    if estimate["metric"] == "accuracy":
        return join([f"The model gets {value} of items right ", nowrap(span), after])
    return join([f"The model’s {estimate['metric'].replace('_', ' ')} is {value} ", nowrap(span), after])


def lede(found: Mapping[str, Any]) -> Html:
    """Return what is labelled, by whom and since when, in a line under the headline."""
    items, labels = found["items"], found["labels"]
    names = [
        join([tag("bdi", shorten(one["name"], 40)), f" ({one['labels']:,})"])
        for one in found["annotators"]
        if one["labels"]
    ]
    more = len(names) - _SHOWN_NAMES
    rest = [f"{plural(more, 'other')}"] if more > 0 else []
    parts: list[object] = [
        f"{labels['n']:,} of {plural(items['all'], 'item')} {'has' if labels['n'] == 1 else 'have'} a label"
    ]
    if names:
        parts += [", by ", join([*names[:_SHOWN_NAMES], *rest], ", ")]
    if labels["first"]:
        first, last = day(labels["first"]), day(labels["last"])
        parts.append(f", on {first}" if first == last else f", from {first} to {last}")
    estimate = found["estimate"]
    parts.append(". ")
    if estimate and estimate["n"]:
        parts.append(
            f"The model was measured on {plural(estimate['n'], 'of them', 'of them')} that "
            f"{'was' if estimate['n'] == 1 else 'were'} drawn at random, by predictions made without their "
            f"labels. Brackets hold {estimate['level']:.0%} intervals where nothing else is said."
        )
    return join(parts)


def _figures(found: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return the few numbers that matter, each with its interval and what it was measured on."""
    items, labels, estimate = found["items"], found["labels"], found["estimate"]
    share = f"{labels['n'] / items['all']:.0%} of {plural(items['all'], 'item')}" if items["all"] else ""
    waiting = f"; {items['asked']:,} asked and not answered" if items["asked"] else ""
    cards = [("Labels", f"{labels['n']:,}", share + waiting)]
    if estimate is None:
        return cards
    form = scale(estimate["metric"])
    name = estimate["metric"].replace("_", " ").capitalize()
    value, span = form.words(estimate) if estimate["n"] else ("unknown", "")
    on = f"{estimate['level']:.0%} interval, {plural(estimate['n'], 'random label')}" if estimate["n"] else ""
    cards.append(
        (f"{name} now", value, f"{span} {on}".strip() or "no label drawn at random has an answer yet")
    )
    known = [one for one in found["forecast"] if not one["method"].startswith("too few")]
    return [*cards, *(_forecast_card(one, form) for one in known)]


def _forecast_card(one: Mapping[str, Any], form: Scale) -> tuple[str, str, str]:
    value, span = form.words(one)
    title = f"With {plural(one['more'], 'more label')}"
    if one["method"].startswith("too few"):
        return title, "unknown", f"{span}, which is all that {plural(one['n'], 'random label')} can tell yet"
    return (
        title,
        value,
        f"{span} {one['level']:.0%} interval; the same curve says {form.value(one['now'])} now",
    )


def _advice(found: Mapping[str, Any]) -> Html:
    """Return what more labels would bring, and whether to stop."""
    points = _points(found) if found["labels"]["n"] else [_first_steps()]
    listed = tag("ul", *(tag("li", one) for one in points), class_="points")
    return section("Where it stands, and what to do next", listed, stop_rules(found))


def _first_steps() -> Html:
    sheet, keys = tag("code", "asklearn ask -n 50 -o batch.csv"), tag("code", "asklearn label")
    return join(["Ask for a first batch: ", sheet, ", or ", keys, "."])


def _points(found: Mapping[str, Any]) -> list[str]:
    items, labels, estimate = found["items"], found["labels"], found["estimate"]
    points = []
    if estimate is None:
        points.append(found["no_estimate"])
    elif not estimate["n"]:
        points.append(
            "Nothing measures the model yet: a share of what is asked is drawn at random, and only answers to "
            "those can."
        )
    else:
        points += [_outlook(found), *_rough(estimate)]
    points += [f"Consider stopping: {one}." for one in found["stop"]]
    if len(found["history"]) > 2 and not found["stop"]:
        points.append("No rule that decides says stop; below is what each of them sees.")
    if items["asked"]:
        were = plural(items["asked"], "item was", "items were")
        points.append(f"{were} asked and not answered. Estimates wait for those drawn at random.")
    if labels["disputed"]:
        on = plural(labels["disputed"], "item")
        points.append(f"On {on} the annotators differ evenly: these train nothing until they are settled.")
    look = found["contested"]["n"] + len(found["doubtful"])
    return (
        [*points, f"{plural(look, 'item deserves', 'items deserve')} a second look, below."]
        if look
        else points
    )


def _outlook(found: Mapping[str, Any]) -> str:
    estimate, form = found["estimate"], scale(found["estimate"]["metric"])
    name = estimate["metric"].replace("_", " ")
    if not found["forecast"]:
        return "There is nothing left to ask: no more labels can come."
    if any(one["method"].startswith("too few") for one in found["forecast"]):
        return (
            "There is no forecast yet: it needs estimates at three numbers of labels. Each asklearn ask, status or "
            "report makes one."
        )
    now = form.value(found["forecast"][0]["now"])
    steps = [f"{' '.join(form.words(one))} with {one['more']:,} more" for one in found["forecast"]]
    return (
        f"What more labels would bring: by all estimates together, {name} is {now} now, and would be "
        f"{' and '.join(steps)} ({found['forecast'][0]['level']:.0%} intervals)."
    )


def _rough(estimate: Mapping[str, Any]) -> list[str]:
    if not scale(estimate["metric"]).share or estimate["high"] - estimate["low"] <= 0.1:
        return []
    on = plural(estimate["n"], "random label")
    return [
        f"The estimate is rough because it rests on {on}. Four times as many would about halve its interval."
    ]
