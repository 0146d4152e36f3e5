"""The report of a simulation: one page that says first, in words, whether asking well paid."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from asklearn.report.curves import draw_curves, learning_curves
from asklearn.report.html import Html, join, shorten, tag
from asklearn.report.numbers import (
    NAN,
    NOTHING,
    Curve,
    Span,
    areas,
    coverage,
    estimate_hits,
    labels_to,
    mapping,
    number,
    t_interval,
)
from asklearn.report.page import SHOWN_ROWS, document, figures, section, standalone, table
from asklearn.report.sections import (
    class_balance,
    confusion,
    examples,
    forecasts,
    how_to_read,
    own_estimate,
    reproduce,
    times,
)
from asklearn.report.view import BASELINE, View, final, read, savings, summary
from asklearn.report.words import bounds, bounds_percent, measured, nowrap, plural, spell


def simulation_page(result: Mapping[str, Any], *, images: Mapping[str, bytes] | None = None) -> str:
    """Return the report of a simulation as one HTML page that needs no network and no script.

    Parameters
    ----------
    result : mapping
        What ``asklearn simulate --out`` writes: ``runs`` is required, everything else may be missing.
    images : mapping of str to bytes, optional
        PNG, JPEG, GIF or WebP files of the examples, by item id.

    Returns
    -------
    str
        UTF-8 text; every string of the result is escaped.

    Raises
    ------
    BadInput
        If the result holds no runs, or they are not as the contract says.

    Examples
    --------
    >>> run = {"strategy": "margin", "seed": 0, "labels": [20, 40], "score": [0.5, 0.75]}
    >>> page = simulation_page({"dataset": "digits", "metric": "accuracy", "runs": [run]})
    >>> page.count("0.750") > 0
    True
    """
    view = read(result)
    sections = (
        learning_curves(view),
        strategies_table(view),
        own_estimate(view),
        forecasts(view),
        class_balance(view),
        confusion(view),
        times(view),
        examples(view, images or {}),
        how_to_read(view),
        reproduce(view),
    )
    dataset = shorten(result.get("dataset") or "unnamed data", 120)
    header = tag(
        "header",
        tag("p", tag("b", "Active learning simulation"), " · ", tag("bdi", dataset), class_="eyebrow"),
        tag("h1", headline(view)),
        tag("p", lede(view), class_="lede"),
        key_figures(view),
    )
    footer = tag(
        "footer", tag("p", "Made by asklearn. This page is one file: it loads nothing and runs no script.")
    )
    return document(f"{dataset}: active learning simulation", header, tag("main", *sections), footer)


def learning_curve_svg(result: Mapping[str, Any], width: int = 880, height: int = 460) -> str:
    """Return the learning curves as a standalone SVG file, for light and dark pages.

    Raises
    ------
    BadInput
        If the result holds no runs, or they are not as the contract says.

    Examples
    --------
    >>> run = {"strategy": "margin", "seed": 0, "labels": [20, 40], "score": [0.5, 0.75]}
    >>> learning_curve_svg({"runs": [run]}).count("<polyline")
    1
    """
    view = read(result)
    title = f"Learning curves: {view.metric} against labels"
    return standalone(draw_curves(view, width - 32, height - 28), title, width, height)


def headline(view: View) -> Html:
    """Return what was found, in one sentence for somebody who reads no further."""
    seeds = plural(len(view.seeds), "seed")
    best = _name(view.leader)
    if BASELINE not in view.runs:
        last = final(view, view.leader)
        return join(
            [
                "There is no random run to compare with; ",
                best,
                f" ended at {view.metric} ",
                spell(last, seeds=True),
                ".",
            ]
        )
    if not view.gains:
        return join(
            ["Only random was run: it ended at ", view.metric, " ", spell(final(view, BASELINE), True), "."]
        )
    if max(gain.n for gain in view.gains.values()) < 2:
        return join(
            [
                "One seed cannot tell a gain from chance: ",
                best,
                " ended at ",
                spell(final(view, view.leader)),
                ", random at ",
                spell(final(view, BASELINE)),
                ".",
            ]
        )
    if view.winner is None:
        worse = [name for name, gain in view.gains.items() if gain.high < 0]
        but = join(["; ", join([_name(name) for name in worse[:3]], ", "), " did worse"]) if worse else ""
        return join(["On this data no strategy beat random by more than chance, over ", seeds, but, "."])
    saved, score = savings(view, view.winner)
    if saved.low > 0:
        fewer = [f"{saved.value:.0%} fewer labels ", nowrap(bounds_percent(saved))]
        reached = f" reached random’s final {view.metric} ({score:.3f}) with "
        return join(["On this data ", best, reached, *fewer, " over ", seeds, "."])
    return join(
        [
            "On this data ",
            best,
            f" beat random along the way, by {view.metric} ",
            spell(view.gains[view.winner], signed=True),
            " on average over ",
            seeds,
            "; how many labels that saves, these runs cannot say.",
        ]
    )


def lede(view: View) -> str:
    """Return what was run, in a line under the headline."""
    result = view.result
    classes = result.get("classes")
    count = number(classes) if not isinstance(classes, Sequence) or isinstance(classes, str) else len(classes)
    known = [
        (number(result.get("rows")), "{:,.0f} rows"),
        (count, "{:,.0f} classes"),
        (number(result.get("test_rows")), "tested on {:,.0f} rows that were never asked"),
    ]
    words = [form.format(value) for value, form in known if math.isfinite(value)]
    words += [f"{key} {shorten(result[key], 80)}" for key in ("encoder", "model") if result.get(key)]
    dropped = sum(run.dropped for runs in view.runs.values() for run in runs)
    note = (
        f" {plural(dropped, 'round')} had no score and {'is' if dropped == 1 else 'are'} left out."
        if dropped
        else ""
    )
    interval = (
        f"Brackets hold 95% intervals over {len(view.seeds)} seeds."
        if len(view.seeds) > 1
        else ("With one seed there are no intervals: run with --seeds 5 to learn what is chance.")
    )
    return (", ".join(words) + ". " if words else "") + interval + note


def key_figures(view: View) -> Html:
    """Return the few numbers that matter, each with its interval and what it was measured on."""
    leader, seeds, cards = view.leader, plural(len(view.seeds), "seed"), []
    name = shorten(leader, 40)
    last = final(view, leader)
    if leader in view.gains:
        saved, score = savings(view, leader)
        gain = view.gains[leader]
        if math.isfinite(saved.value):
            cards.append(_saving_card(saved, f"by {name}, at random’s final {view.metric} of {score:.3f}"))
        if gain.n:
            note = f"{bounds(gain)} {name} over random, along the whole curve"
            cards.append((f"Mean gain in {view.metric}", f"{gain.value:+.3f}", note))
    if last.n:
        title = f"{view.metric.capitalize()} at {view.curves[leader].labels_R[-1]:,.0f} labels"
        versus = f"; random {spell(final(view, BASELINE))}" if leader in view.gains else ""
        cards.append((title, f"{last.value:.3f}", f"{bounds(last)} {name}{versus}"))
    hits = estimate_hits(view.all_runs)
    held = coverage(hits)
    if held.n:
        rounds = plural(sum(map(len, hits.values())), "round")
        note = f"{bounds_percent(held)} of {rounds} in {seeds}; 95% is meant"
        cards.append(("Own estimates that held", f"{held.value:.0%}", note))
    return figures(cards)


def _saving_card(saved: Span, note: str) -> tuple[str, str, str]:
    if math.isfinite(saved.low) or not math.isfinite(saved.high):
        return "Labels saved", f"{saved.value:.0%}", f"{bounds_percent(saved)} {note}"
    return "Labels saved", f"at most {max(saved.high, 0):.0%}", f"{note}; a loss is not excluded"


def strategies_table(view: View) -> Html:
    """Return every strategy with its area, its difference from the baseline and the labels it needs."""
    compared = BASELINE in view.runs
    fractions = _fractions(view)
    head = ["strategy", "AULC", *(["gain over random", "labels saved"] if compared else [])]
    head += [f"labels to {fraction:.0%} of full-data score" for fraction in fractions]
    rows = [
        [
            tag("bdi", shorten(name, 60)),
            measured(t_interval(areas(runs))),
            *(_against_random(view, name) if compared else []),
            *(_labels_to(view, name, fraction) for fraction in fractions),
        ]
        for name, runs in list(view.runs.items())[:SHOWN_ROWS]
    ]
    more = len(view.runs) - len(rows)
    notes = [
        "AULC is the mean score over log2(labels): the whole curve in one number.",
        "Gains are paired within seeds.",
        "A dash: never reached, or not measured." if fractions or compared else "",
        f"{plural(more, 'more strategy is', 'more strategies are')} not shown." if more > 0 else "",
    ]
    caption = f"{view.metric} over {plural(len(view.seeds), 'seed')}, with 95% intervals"
    return section("Strategies", tag("p", " ".join(filter(None, notes))), table(caption, head, rows))


def _against_random(view: View, name: str) -> list[Html]:
    if name == BASELINE:
        return [tag("td", "baseline", class_="muted")] * 2
    return [measured(view.gains[name], signed=True), measured(savings(view, name)[0], share=True)]


def _fractions(view: View) -> list[float]:
    found: set[float] = set()
    for name in view.runs:
        for key in mapping(summary(view, name).get("labels_to")):
            try:
                fraction = float(key)
            except ValueError:
                continue
            if 0 < fraction <= 1:
                found.add(fraction)
    if not found and math.isfinite(number(view.result.get("full_data_score"))):
        found = {0.8, 0.9, 0.95}
    return sorted(found & {0.8, 0.9, 0.95} or found)[:4]


def _labels_to(view: View, name: str, fraction: float) -> Html:
    """Return the labels that the mean curve took, with the interval snapped outwards to rounds."""
    stated = {
        _float(key): number(value) for key, value in mapping(summary(view, name).get("labels_to")).items()
    }
    full = number(view.result.get("full_data_score"))
    curve, runs = view.curves[name], view.runs[name]
    needed = NOTHING
    if math.isfinite(full):
        needed = labels_to(
            [run for run in runs if len(run.labels_R)],
            np.full(sum(len(r.labels_R) > 0 for r in runs), fraction * full),
        )
    value = stated.get(fraction, NAN) if stated else _next_round(curve, needed.value)
    if not math.isfinite(value):
        return tag("td", "–")
    low, high = _round_before(curve, needed.low), _next_round(curve, needed.high)
    if needed.n > 1 and math.isfinite(needed.low):
        above = f"{max(high, value):,.0f}" if math.isfinite(high) else "…"
        return tag("td", tag("b", f"{value:,.0f}"), tag("small", f"[{min(low, value):,.0f}, {above}]"))
    return tag("td", tag("b", f"{value:,.0f}"), tag("small", f"mean of {plural(len(runs), 'seed')}"))


def _next_round(curve: Curve, labels: float) -> float:
    later = curve.labels_R[curve.labels_R >= labels - 1e-9]
    return float(later[0]) if len(later) else NAN


def _round_before(curve: Curve, labels: float) -> float:
    earlier = curve.labels_R[curve.labels_R <= labels + 1e-9]
    return float(earlier[-1]) if len(earlier) else NAN


def _float(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        return NAN


def _name(name: str) -> Html:
    return tag("bdi", shorten(name, 40))
