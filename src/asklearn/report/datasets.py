"""The report of a simulation over several data sets: does asking well pay in general, as far as these can say?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from asklearn.report.charts import Series, difference_chart, dot_swatch, rank_chart
from asklearn.report.curves import learning_curves
from asklearn.report.html import Html, join, shorten, tag
from asklearn.report.numbers import NAN, Span, mapping
from asklearn.report.page import SHOWN_ROWS, details, document, figure, figures, legend, section, table
from asklearn.report.sections import reproduce
from asklearn.report.simulation import headline as own_headline
from asklearn.report.view import View, read
from asklearn.report.words import bounds, measured, nowrap, plural, spell

SHOWN_LINES = 7
ALPHA = 0.05
TERMS = (
    (
        "A data set counts once",
        "More seeds make a data set’s mean sharper; they never make two data sets of one. Gains over data sets "
        "are therefore means of means, and their intervals Student’s over data sets.",
    ),
    (
        "Told apart",
        "Wilcoxon’s signed-rank test over data sets, exact, Holm-corrected for the number of pairs: the chance "
        "that any two equal strategies are told apart is at most one in twenty.",
    ),
    (
        "Better, even, worse",
        "On how many data sets the strategy is surely above random, not told from it, and surely below: paired t "
        "tests over seeds, Holm-corrected for the number of data sets.",
    ),
    (
        "Labels needed",
        "Labels until the mean curve reaches random’s final score, over those that random needs itself, as a "
        "geometric mean over data sets. Where it is not reached, the budget is counted, and ‘at least’ is said.",
    ),
    (
        "What it speaks for",
        "For data sets like these, if these are a fair draw of them. Data sets that one happens to have seldom are.",
    ),
)  # fmt: skip


def datasets_page(result: Mapping[str, Any]) -> str:
    """Return the report of a simulation over several data sets as one HTML page without network or script.

    Parameters
    ----------
    result : mapping
        What ``simulate_many`` returns.

    Returns
    -------
    str
        UTF-8 text; every string of the result is escaped.

    Examples
    --------
    >>> run = {"strategy": "margin", "seed": 0, "labels": [20, 40], "score": [0.5, 0.75]}
    >>> sets = [{"dataset": name, "metric": "accuracy", "runs": [run]} for name in ("digits", "wine")]
    >>> datasets_page({"datasets": sets, "comparison": None}).count("wine") > 0
    True
    """
    done = [one for one in result["datasets"] if one["runs"]]
    views = [read(one) for one in done]
    found = mapping(result.get("comparison"))
    sections = (
        over_datasets(found),
        told_apart(found),
        each(found),
        curves(views),
        left_out(result),
        _how_to_read() if found else Html(""),
        _again(views),
    )
    header = tag(
        "header",
        tag(
            "p",
            tag("b", "Active learning simulation"),
            f" · {plural(len(done), 'data set')}",
            class_="eyebrow",
        ),
        tag("h1", headline(found, views)),
        tag("p", _lede(result, views), class_="lede"),
        _key_figures(found),
    )
    footer = tag(
        "footer", tag("p", "Made by asklearn. This page is one file: it loads nothing and runs no script.")
    )
    return document("Active learning simulation over data sets", header, tag("main", *sections), footer)


def headline(found: Mapping[str, Any], views: Sequence[View]) -> Html:
    """Return what was found over data sets, in one sentence, and never more than their number allows."""
    if not found:
        return join(["No comparison over data sets: it takes two that all strategies have finished."])
    sets, best = len(found["datasets"]), found["ranks"]["names"][0]
    if not found["strategies"]:
        return join([_name(best), f" has the best mean rank over {sets} data sets; random was not run."])
    if sets < found["needed"]:
        return join([
            f"{sets} data sets cannot show that a strategy beats random in general; on these, ", _name(best),
            f" has the best mean rank. It takes {found['needed']} data sets at least.",
        ])  # fmt: skip
    sure = [name for name, one in found["strategies"].items() if one["p_holm"] <= ALPHA]
    better = [name for name in sure if found["strategies"][name]["median"]["value"] > 0]
    worse = [name for name in sure if name not in better]
    if better:
        winner = next(name for name in found["ranks"]["names"] if name in better)
        gain = _span(found["strategies"][winner]["gain"])
        metric = views[0].metric
        return join([
            f"Over {sets} data sets ", _name(winner), f" beat random: by {metric} {gain.value:+.3f} ",
            nowrap(bounds(gain)), " along the curve, on average.",
        ])  # fmt: skip
    but = join(["; ", join([_name(name) for name in worse[:3]], ", "), " did worse"]) if worse else ""
    return join([f"Over {sets} data sets no strategy beat random by more than chance", but, "."])


def _lede(result: Mapping[str, Any], views: Sequence[View]) -> str:
    runs = sum(len(view.all_runs) for view in views)
    seeds = sorted({len(view.seeds) for view in views})
    each = plural(seeds[0], "seed") if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]} seeds"
    left = len(mapping(result.get("left_out")))
    part = (
        ""
        if result.get("complete", True)
        else " Interrupted: the same command with its results folder goes on."
    )
    out = f" {plural(left, 'data set was', 'data sets were')} left out, with reasons below." if left else ""
    return (
        f"{plural(runs, 'run')}, {each} of each strategy on each data set. Brackets hold 95% intervals over data "
        f"sets where nothing else is said.{out}{part}"
    )


def _key_figures(found: Mapping[str, Any]) -> Html:
    if not found or not found["strategies"]:
        return Html("")
    sets, cards = plural(len(found["datasets"]), "data set"), []
    leader = next(name for name in found["ranks"]["names"] if name in found["strategies"])
    one = found["strategies"][leader]
    gain, name = _span(one["gain"]), shorten(leader, 40)
    cards.append(("Mean gain over random", f"{gain.value:+.3f}", f"{bounds(gain)} {name}, {sets}"))
    needed, note = _needed(one["labels_needed"])
    cards.append(("Labels needed of random’s", needed, f"{note} {name}, geometric mean".strip()))
    verdict = f"{one['better']}, {one['even']}, {one['worse']}"
    cards.append(("Better, even, worse", verdict, f"{name} against random, by data set"))
    ranked = found["ranks"]
    cards.append(
        (
            "Best mean rank",
            f"{ranked['mean_rank'][0]:.2f}",
            f"{shorten(ranked['names'][0], 40)}, of {plural(len(ranked['names']), 'strategy', 'strategies')}",
        )
    )
    return figures(cards)


def over_datasets(found: Mapping[str, Any]) -> Html:
    """Return every strategy against random, over data sets."""
    if not found or not found["strategies"]:
        return Html("")
    rows = []
    ranked = dict(zip(found["ranks"]["names"], found["ranks"]["mean_rank"], strict=True))
    for name in list(ranked)[:SHOWN_ROWS]:
        one = found["strategies"].get(name)
        place = tag("td", f"{ranked[name]:.2f}")
        if one is None:
            rows.append([tag("bdi", shorten(name, 60)), place, *[tag("td", "baseline", class_="muted")] * 4])
            continue
        needed, note = _needed(one["labels_needed"])
        rows.append([
            tag("bdi", shorten(name, 60)), place, measured(_span(one["gain"]), signed=True),
            tag("td", f"{one['better']}, {one['even']}, {one['worse']}"),
            tag("td", tag("b", needed), tag("small", note)), tag("td", _p(one["p_holm"])),
        ])  # fmt: skip
    head = ["strategy", "mean rank", "gain over random", "better, even, worse", "labels needed", "p, Holm"]
    sets = len(found["datasets"])
    few = (
        f" With {sets} data sets no p can be small enough, whatever came out: it takes {found['needed']}."
        if sets < found["needed"]
        else ""
    )
    told = (
        f"Gains are in area under the learning curve, paired within seeds, each data set counted once.{few}"
    )
    caption = f"Over {plural(sets, 'data set')}, with 95% intervals"
    return section("Against random", tag("p", told), table(caption, head, rows))


def told_apart(found: Mapping[str, Any]) -> Html:
    """Return the mean ranks, and which strategies the data sets tell apart."""
    if not found:
        return Html("")
    ranked = found["ranks"]
    names = ranked["names"]
    pairs = len(names) * (len(names) - 1) // 2
    if not ranked["can_tell"]:
        said = (
            f"{ranked['n']} data sets cannot tell any two of {len(names)} strategies apart, whatever came out: "
            f"{plural(pairs, 'pair')} need {ranked['needed']} at least."
        )
    else:
        said = (
            "A bracket joins strategies that these data sets do not tell apart. "
            f"Ranks as unlike as these come of chance alone with p = {_p(ranked['friedman_p'])} (Friedman)."
        )

    def draw(width: int) -> Html:
        groups = [(first, last) for first, last in ranked["groups"]]
        return rank_chart(names, ranked["mean_rank"], groups, title="Mean ranks of strategies", width=width)

    rows = [
        [tag("bdi", shorten(name, 40)), f"{ranked['mean_rank'][i]:.2f}",
         *(_p(p) if k != i else "–" for k, p in enumerate(ranked["p_holm"][i]))]
        for i, name in enumerate(names)
    ]  # fmt: skip
    head = ["strategy", "mean rank", *(shorten(name, 20) for name in names)]
    caption = f"p of each pair, Holm-corrected; Nemenyi’s critical difference of mean ranks is {ranked['nemenyi']:.2f}"
    note = f"Mean ranks by area under the learning curve over {plural(ranked['n'], 'data set')}."
    numbers = details("The numbers of this chart", table(caption, head, rows))
    return section("Which strategies can be told apart", tag("p", said), figure(draw, note, data=numbers))


def each(found: Mapping[str, Any]) -> Html:
    """Return the gain of each strategy on each data set."""
    if not found or not found["strategies"]:
        return Html("")
    names = [name for name in found["ranks"]["names"] if name in found["strategies"]]
    sets = list(found["gains"])
    drawn = [_gains(found, name, style) for style, name in enumerate(names[:SHOWN_LINES], 1)]

    def draw(width: int) -> Html:
        title = "Gain over random by data set and strategy"
        return difference_chart(sets, drawn, title=title, x_title="gain over random", width=width)

    rows = [
        [tag("bdi", shorten(data, 60)), str(found["seeds"][data]),
         *(measured(_span(found["gains"][data][name]), signed=True) for name in names)]
        for data in sets[: 2 * SHOWN_ROWS]
    ]  # fmt: skip
    head = ["data set", "seeds", *(shorten(name, 40) for name in names)]
    numbers = details(
        "The numbers of this chart", table("Gain over random, 95% intervals over seeds", head, rows)
    )
    more = (
        f" {len(names) - len(drawn)} more strategies are only in the table."
        if len(names) > len(drawn)
        else ""
    )
    note = f"Gain in area under the learning curve; bars: 95% intervals over seeds, not corrected.{more}"
    told = "What holds on average need not hold here and there: right of the line is better than random."
    return section(
        "On each data set", tag("p", told), legend(dot_swatch, drawn), figure(draw, note, data=numbers)
    )


def _gains(found: Mapping[str, Any], name: str, style: int) -> Series:
    gains = [_span(by_name[name]) for by_name in found["gains"].values()]
    notes = [
        f"{shorten(name, 40)} on {shorten(data, 60)}: {spell(gain, True, True)}"
        for data, gain in zip(found["gains"], gains, strict=True)
    ]
    return Series(
        name, [g.value for g in gains], [], [g.low for g in gains], [g.high for g in gains], style, notes
    )


def curves(views: Sequence[View]) -> Html:
    """Return the learning curves of each data set, folded away."""
    folded = [
        details(
            shorten(view.result.get("dataset") or "unnamed data", 80),
            tag("p", own_headline(view)),
            _curve(view),
        )
        for view in views
    ]
    told = "One by one, with what was found on each alone."
    return section("Learning curves", tag("p", told), *folded)


def _curve(view: View) -> Html:
    found = learning_curves(view)
    start = found.index("<figure")
    return Html(found[start : found.rindex("</section>")])


def left_out(result: Mapping[str, Any]) -> Html:
    """Return the data sets that could not be simulated, and why."""
    given = mapping(result.get("left_out"))
    if not given:
        return Html("")
    entries = (
        tag("li", tag("b", tag("bdi", shorten(name, 60))), ": ", shorten(why, 400))
        for name, why in given.items()
    )
    return section("Left out", tag("ul", *entries, class_="points"))


def _how_to_read() -> Html:
    entries = (join([tag("dt", term), tag("dd", meaning)]) for term, meaning in TERMS)
    return section("How to read this", tag("dl", *entries, class_="reading"))


def _again(views: Sequence[View]) -> Html:
    return reproduce(views[0]) if views else Html("")


def _span(one: Mapping[str, Any]) -> Span:
    low, high = (NAN if one[key] is None else one[key] for key in ("low", "high"))
    return Span(one["value"], low, high, one["n"])


def _needed(one: Mapping[str, Any]) -> tuple[str, str]:
    """Return the share of labels needed and its interval; a bound from below where the score was missed."""
    if one["missed"]:
        return f"at least {one['value']:.0%}", f"not reached on {one['missed']} of {one['n']}"
    if one["low"] is None:
        return f"{one['value']:.0%}", "(no interval)"
    return f"{one['value']:.0%}", f"[{one['low']:.0%}, {one['high']:.0%}]"


def _p(p: float) -> str:
    if not math.isfinite(p):
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def _name(name: str) -> Html:
    return tag("bdi", shorten(name, 40))
