"""The report of a simulation: one page that says first, in words, whether asking well paid."""

from __future__ import annotations

import math
import re
import shlex
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from asklearn.report.charts import Series, dot_chart, dot_swatch, line_chart, stacked_bar
from asklearn.report.html import Html, join, shorten, tag
from asklearn.report.numbers import (
    NAN,
    Curve,
    Run,
    Span,
    aulc,
    aulc_difference,
    coverage,
    estimate_hits,
    forecast_hits,
    labels_saved,
    labels_to,
    mean_curve,
    number,
    read_runs,
    t_interval,
)
from asklearn.report.page import details, document, figure, section, standalone, table

BASELINE = "random"
SHOWN_LINES = 7
SHOWN_ROWS = 50
SHOWN_CLASSES = 20
SHOWN_EXAMPLES = 24
PARTS = ("fit", "score", "select")
_IMAGE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+={0,2}")
_MAGIC = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg", b"GIF8": "gif"}


@dataclass(frozen=True, slots=True)
class View:
    """A result, read: what every section draws from."""

    result: Mapping[str, Any]
    runs: dict[str, list[Run]]
    curves: dict[str, Curve]
    gains: dict[str, Span]
    winner: str | None

    @property
    def metric(self) -> str:
        """The metric's name, in words."""
        return shorten(self.result.get("metric") or "score", 40).replace("_", " ")

    @property
    def seeds(self) -> list[int]:
        """All seeds that were run."""
        return sorted({run.seed for runs in self.runs.values() for run in runs})

    @property
    def leader(self) -> str:
        """The strategy that the page follows more closely: the winner, or the best that is not the baseline."""
        return self.winner or next((name for name in self.runs if name != BASELINE), next(iter(self.runs)))


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
    return standalone(_draw_curves(view, width - 32, height - 28), width, height)


def read(result: Mapping[str, Any]) -> View:
    """Return the result with its curves and comparisons, the best strategy first and the baseline last."""
    runs: dict[str, list[Run]] = {}
    for run in read_runs(result):
        runs.setdefault(run.strategy, []).append(run)
    area = {name: t_interval(_areas(group)).value for name, group in runs.items()}
    order = sorted(runs, key=lambda name: (name == BASELINE, math.isnan(area[name]), -area[name], name))
    runs = {name: runs[name] for name in order}
    curves = {name: mean_curve(group) for name, group in runs.items()}
    rivals = [name for name in order if name != BASELINE] if BASELINE in runs else []
    gains = {name: aulc_difference(runs[name], runs[BASELINE]) for name in rivals}
    strict = {name: aulc_difference(runs[name], runs[BASELINE], 1 - 0.05 / len(rivals)) for name in rivals}
    better = [name for name in rivals if strict[name].low > 0 and strict[name].n > 1]
    winner = max(better, key=lambda name: gains[name].value, default=None)
    return View(result, runs, curves, gains, winner)


def _areas(runs: Sequence[Run]) -> np.ndarray[Any, Any]:
    return np.array([aulc(run.labels_R, run.score_R) for run in runs])


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
        return join(
            [
                "On this data ",
                best,
                f" reached random’s final {view.metric} ({score:.3f}) with ",
                percent(saved),
                " fewer labels, over ",
                seeds,
                ".",
            ]
        )
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
        "Brackets hold 95% intervals over seeds."
        if len(view.seeds) > 1
        else ("With one seed there are no intervals: run with --seeds 5 to learn what is chance.")
    )
    return (", ".join(words) + ". " if words else "") + interval + note


def key_figures(view: View) -> Html:
    """Return the few numbers that matter, each with its interval and what it was measured on."""
    cards = []
    leader = view.leader
    if leader in view.gains:
        saved, score = savings(view, leader)
        if math.isfinite(saved.value):
            note = f"by {leader}, at random’s final {view.metric} of {score:.3f}"
            cards.append(("Labels saved", f"{saved.value:.0%}", f"{_bounds_percent(saved)} {note}"))
        gain = view.gains[leader]
        if gain.n:
            cards.append(
                (
                    f"Mean gain in {view.metric}",
                    f"{gain.value:+.3f}",
                    f"{_bounds(gain)} {leader} over random, along the whole curve",
                )
            )
    last = final(view, leader)
    if last.n:
        at = view.curves[leader].labels_R[-1]
        cards.append(
            (
                f"{view.metric.capitalize()} at {at:,.0f} labels",
                f"{last.value:.3f}",
                f"{_bounds(last)} {leader}",
            )
        )
    held = coverage(estimate_hits(_all(view)))
    if held.n:
        rounds = sum(map(len, estimate_hits(_all(view)).values()))
        cards.append(
            (
                "Own estimates that held",
                f"{held.value:.0%}",
                f"{_bounds_percent(held)} of {rounds:,} rounds; 95% is meant",
            )
        )
    return tag("dl", *(_card(*card) for card in cards), class_="figures") if cards else Html("")


def _card(title: str, big: str, small: str) -> Html:
    return tag(
        "div",
        tag("dt", shorten(title, 60)),
        tag("dd", big, class_="big"),
        tag("dd", shorten(small, 160), class_="small"),
    )


def learning_curves(view: View) -> Html:
    """Return the mean score over seeds against labels, for every strategy."""
    drawn = _curve_series(view)
    hidden = len(view.runs) - len(drawn)
    words = [f"Mean {view.metric} over {plural(len(view.seeds), 'seed')}"]
    if any(one.low is not None for one in drawn):
        who = "" if len(drawn) <= 4 else f" ({drawn[0].name} and random only)"
        words.append(f"bands are 95% t-intervals{who}")
    else:
        words.append("no bands, because one seed says nothing about chance")
    if _log(view):
        words.append("the label axis is logarithmic")
    if hidden > 0:
        words.append(f"{plural(hidden, 'more strategy', 'more strategies')} only in the table")
    return section(
        "Learning curves",
        tag("p", "Higher and further left is better: the same score for fewer labels."),
        figure(
            lambda width: _draw_curves(view, width, 400 if width > 500 else 290, width > 500),
            "; ".join(words) + ".",
            drawn,
            details("The numbers of this chart", _curve_table(view, drawn)),
        ),
    )


def _draw_curves(view: View, width: int, height: int, end_labels: bool = True) -> Html:
    full = number(view.result.get("full_data_score"))
    tests = number(view.result.get("test_rows"))
    return line_chart(
        _curve_series(view),
        title=f"Learning curves: {view.metric} against labels for "
        + ", ".join(shorten(n, 30) for n in list(view.runs)[:SHOWN_LINES]),
        y_title=view.metric + (f" on {tests:,.0f} test rows" if math.isfinite(tests) else " on the test set"),
        width=width,
        height=height,
        log_x=_log(view),
        reference=(full, f"all labels: {full:.3f}") if math.isfinite(full) else None,
        end_labels=end_labels,
    )


def _log(view: View) -> bool:
    ends = [(c.labels_R[0], c.labels_R[-1]) for c in view.curves.values() if len(c.labels_R)]
    return bool(ends) and max(last for _, last in ends) >= 8 * min(first for first, _ in ends)


def _curve_series(view: View) -> list[Series]:
    names = [name for name in view.runs if name != BASELINE and len(view.curves[name].labels_R)][:SHOWN_LINES]
    banded = set(names if len(names) < 4 else names[:1]) | {BASELINE}
    if BASELINE in view.curves and len(view.curves[BASELINE].labels_R):
        names.append(BASELINE)
    drawn = []
    for style, name in enumerate(names, start=1):
        curve = view.curves[name]
        bands = name in banded and bool(np.isfinite(curve.low_R).any())
        notes = [f"{name}, {at:,.0f} labels: {spell(span, True)}" for at, span in _spans(curve)]
        drawn.append(
            Series(
                name,
                curve.labels_R.tolist(),
                curve.mean_R.tolist(),
                curve.low_R.tolist() if bands else None,
                curve.high_R.tolist() if bands else None,
                0 if name == BASELINE else style,
                notes,
            )
        )
    return drawn


def _spans(curve: Curve) -> list[tuple[float, Span]]:
    columns = zip(curve.labels_R, curve.mean_R, curve.low_R, curve.high_R, curve.n_R, strict=True)
    return [
        (float(at), Span(float(mean), float(low), float(high), int(n))) for at, mean, low, high, n in columns
    ]


def _curve_table(view: View, drawn: Sequence[Series]) -> Html:
    labels = np.unique(np.concatenate([one.x for one in drawn])) if drawn else np.array([])
    every = max(1, math.ceil(len(labels) / SHOWN_ROWS))
    by_name = {one.name: dict(_spans(view.curves[one.name])) for one in drawn}
    rows = [
        [f"{at:,.0f}", *(measured(by_name[one.name].get(float(at), Span(NAN, NAN, NAN, 0))) for one in drawn)]
        for at in labels[::every]
    ]
    caption = f"{view.metric} [95% interval] by number of labels" + (
        f", every {every}th round" if every > 1 else ""
    )
    return table(caption, ["labels", *(shorten(one.name, 40) for one in drawn)], rows)


def strategies_table(view: View) -> Html:
    """Return every strategy with its area, its difference from the baseline and the labels it needs."""
    compared = BASELINE in view.runs
    fractions = _fractions(view)
    head = ["strategy", "AULC", *(["gain over random", "labels saved"] if compared else [])]
    head += [f"labels to {fraction:.0%} of full-data score" for fraction in fractions]
    rows = [
        [
            tag("bdi", shorten(name, 60)),
            measured(t_interval(_areas(runs))),
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
        for key in _mapping(_summary(view, name).get("labels_to")):
            try:
                fraction = float(key)
            except ValueError:
                continue
            if 0 < fraction <= 1:
                found.add(fraction)
    if not found and math.isfinite(number(view.result.get("full_data_score"))):
        found = {0.8, 0.9, 0.95}
    return sorted(found)[:5]


def _labels_to(view: View, name: str, fraction: float) -> Html:
    """Return the labels that the mean curve took, with the interval snapped outwards to rounds."""
    stated = {
        _float(key): number(value) for key, value in _mapping(_summary(view, name).get("labels_to")).items()
    }
    full = number(view.result.get("full_data_score"))
    curve, runs = view.curves[name], view.runs[name]
    needed = Span(NAN, NAN, NAN, 0)
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


def own_estimate(view: View) -> Html:
    """Return the learner's own estimate against the test score: does it know how good it is?"""
    hits = estimate_hits(_all(view))
    held = coverage(hits)
    run = next((run for run in view.runs[view.leader] if run.estimate), None)
    if run is None or not held.n:
        return Html("")
    rounds = sum(map(len, hits.values()))
    entries = sorted(run.estimate.items())
    audit = [entry.get("n_audit", NAN) for _, entry in entries]
    notes = [
        f"at {at:,.0f} labels it said {entry['value']:.3f} [{entry['low']:.3f}, {entry['high']:.3f}]"
        + (f" from {n:,.0f} audit labels" if math.isfinite(n) else "")
        for (at, entry), n in zip(entries, audit, strict=True)
    ]
    said = Series(
        "its own estimate",
        [at for at, _ in entries],
        [entry["value"] for _, entry in entries],
        [entry["low"] for _, entry in entries],
        [entry["high"] for _, entry in entries],
        2,
        notes,
        True,
    )
    known = [n for n in audit if math.isfinite(n)]
    share = number(view.result.get("audit"))
    how = f" {share:.0%} of all questions are drawn at random for this." if math.isfinite(share) else ""
    counted = f" (from {known[0]:,.0f} to {known[-1]:,.0f} audit labels)" if known else ""
    return section(
        "Does the learner know how good it is?",
        tag(
            "p",
            f"It estimates its {view.metric} from its own audit labels, without a test set.{how} Over all strategies, "
            f"{sum(map(sum, hits.values())):,} of {rounds:,} intervals held the test score: {percent(held)} "
            f"counted over {plural(held.n, 'seed')}, where 95% is meant. Rounds of one seed share labels, so the interval is wide.",
        ),
        _whisker_figure(
            view,
            run,
            said,
            f"{run.strategy}, seed {run.seed}: test score (line) and the learner’s own estimate "
            f"with its 95% interval{counted}.",
            "The learner's own estimate against the test score",
        ),
    )


def forecasts(view: View) -> Html:
    """Return what the learner forecast against what came."""
    hits = forecast_hits(_all(view))
    held = coverage(hits)
    run = next((run for run in view.runs[view.leader] if run.forecast), None)
    if run is None:
        return Html("")
    last = run.labels_R[-1] if len(run.labels_R) else NAN
    by_at: dict[float, tuple[float, dict[str, float]]] = {}
    for made, entry in sorted(run.forecast.items()):
        if entry.get("at", NAN) > 0 and not entry["at"] > last:
            by_at[entry["at"]] = (made, entry)
    if not by_at or not held.n:
        return Html("")
    rows = sorted(by_at.items())
    said = Series(
        "forecast",
        [at for at, _ in rows],
        [entry["value"] for _, (_, entry) in rows],
        [entry["low"] for _, (_, entry) in rows],
        [entry["high"] for _, (_, entry) in rows],
        3,
        [
            f"made at {made:,.0f} labels for {at:,.0f}: {entry['value']:.3f} [{entry['low']:.3f}, {entry['high']:.3f}]"
            for at, (made, entry) in rows
        ],
        True,
    )
    counted = sum(map(len, hits.values()))
    return section(
        "Forecast, and what came",
        tag(
            "p",
            f"At each round the learner says what more labels would bring. Of {counted:,} forecasts whose label count was "
            f"reached, {sum(map(sum, hits.values())):,} intervals held the score that came: {percent(held)} counted over "
            f"{plural(held.n, 'seed')}.",
        ),
        _whisker_figure(
            view,
            run,
            said,
            f"{run.strategy}, seed {run.seed}: test score (line) and the latest forecast made for that "
            "label count, with its interval.",
            "Forecasts against the test score",
        ),
    )


def _whisker_figure(view: View, run: Run, said: Series, caption: str, title: str) -> Html:
    notes = [
        f"test {view.metric} at {at:,.0f} labels: {score:.3f}"
        for at, score in zip(run.labels_R, run.score_R, strict=True)
    ]
    truth = Series("test score", run.labels_R.tolist(), run.score_R.tolist(), style=1, notes=notes)
    rows = [
        [f"{at:,.0f}", f"{value:.3f} [{low:.3f}, {high:.3f}]", f"{came:.3f}" if math.isfinite(came) else "–"]
        for at, value, low, high, came in zip(
            said.x,
            said.y,
            said.low or said.y,
            said.high or said.y,
            np.interp(said.x, run.labels_R, run.score_R).tolist()
            if len(run.labels_R)
            else [NAN] * len(said.x),
            strict=True,
        )
    ][-SHOWN_ROWS:]
    return figure(
        lambda width: line_chart(
            [truth, said],
            title=title,
            y_title=view.metric,
            width=width,
            log_x=_log(view),
            height=320 if width > 500 else 250,
            end_labels=False,
        ),
        join([tag("span", caption)]),
        [truth, said],
        details(
            "The numbers of this chart",
            table(f"{said.name} and test score", ["labels", f"{said.name} [interval]", "test score"], rows),
        ),
    )


def class_balance(view: View) -> Html:
    """Return which classes each strategy asked for."""
    counts = {
        str(name): {str(label): number(n) for label, n in _mapping(by_label).items() if number(n) >= 0}
        for name, by_label in _mapping(view.result.get("class_counts")).items()
    }
    counts = {name: counts[name] for name in view.runs if sum(counts.get(name, {}).values()) > 0}
    if not counts:
        return Html("")
    drawn = [one for one in _curve_series(view) if one.name in counts][:4]
    totals = {one.name: sum(counts[one.name].values()) for one in drawn}
    labels = sorted(
        {label for one in drawn for label in counts[one.name]},
        key=lambda label: (-sum(counts[one.name].get(label, 0) for one in drawn), label),
    )
    top = labels[:SHOWN_CLASSES]
    series = [
        Series(
            one.name,
            [counts[one.name].get(label, 0) / totals[one.name] for label in top],
            [],
            style=one.style,
            notes=[
                f"{one.name}: {shorten(label, 60)} {counts[one.name].get(label, 0):,.0f} of {totals[one.name]:,.0f}"
                for label in top
            ],
        )
        for one in drawn
    ]
    more = len(labels) - len(top)
    asked = ", ".join(f"{shorten(name, 40)} {total:,.0f}" for name, total in totals.items())
    rest = f" The {len(top)} most asked classes; {more:,} more are not shown." if more > 0 else ""
    rows = [
        [tag("bdi", shorten(label, 60)), *(f"{counts[one.name].get(label, 0):,.0f}" for one in drawn)]
        for label in top
    ]
    return section(
        "What was asked",
        tag(
            "p",
            "Share of all questions by true class. A strategy that asks much more of some classes finds them harder, or rarer.",
        ),
        _legend(series),
        figure(
            lambda width: dot_chart(
                top,
                series,
                title="Share of questions by class and strategy",
                x_title="share of questions",
                width=width,
            ),
            f"Questions counted: {asked}.{rest}",
            data=details(
                "The numbers of this chart",
                table("Questions by class", ["class", *(one.name for one in drawn)], rows),
            ),
        ),
    )


def _legend(series: Sequence[Series]) -> Html:
    return tag(
        "ul",
        *(tag("li", dot_swatch(one), tag("bdi", shorten(one.name, 60))) for one in series),
        class_="legend",
    )


def confusion(view: View) -> Html:
    """Return what the final model still takes for something else: a small matrix, or the worst pairs."""
    given = _mapping(view.result.get("confusion"))
    labels = [str(label) for label in given.get("labels") or ()]
    try:
        counts_CC = np.asarray(given.get("counts"), dtype=float)
    except (TypeError, ValueError):
        return Html("")
    if (
        not labels
        or counts_CC.shape != (len(labels),) * 2
        or not np.isfinite(counts_CC).all()
        or counts_CC.sum() <= 0
    ):
        return Html("")
    total = counts_CC.sum()
    if len(labels) <= 12:
        body = _heat(labels, counts_CC)
        what = "Rows are the true classes, columns what the model said."
    else:
        body = _worst_pairs(labels, counts_CC)
        what = "The ten most frequent mistakes."
    return section("What it still confuses", tag("p", f"{what} Counted on {total:,.0f} test rows."), body)


def _heat(labels: Sequence[str], counts_CC: np.ndarray[Any, Any]) -> Html:
    share_CC = counts_CC / np.maximum(counts_CC.sum(axis=1, keepdims=True), 1)
    rows = [
        [
            tag("bdi", shorten(labels[i], 40)),
            *(
                tag(
                    "td",
                    f"{n:,.0f}",
                    class_="right" if i == j else None,
                    style=f"background: rgba(var(--heat), {0.45 * share_CC[i, j]:.2f})",
                )
                for j, n in enumerate(row)
            ),
        ]
        for i, row in enumerate(counts_CC)
    ]
    return table(
        "Test rows by true class (rows) and predicted class (columns)",
        ["true", *(shorten(one, 20) for one in labels)],
        rows,
        "heat",
    )


def _worst_pairs(labels: Sequence[str], counts_CC: np.ndarray[Any, Any]) -> Html:
    wrong_CC = counts_CC.copy()
    np.fill_diagonal(wrong_CC, 0)
    worst = [divmod(int(k), len(labels)) for k in np.argsort(-wrong_CC, axis=None, kind="stable")[:10]]
    rows = [
        [
            tag("bdi", shorten(labels[i], 60)),
            tag("td", tag("bdi", shorten(labels[j], 60))),
            f"{wrong_CC[i, j]:,.0f} of {counts_CC[i].sum():,.0f}",
        ]
        for i, j in worst
        if wrong_CC[i, j] > 0
    ]
    return (
        table("Most frequent mistakes", ["true class", "taken for", "test rows"], rows)
        if rows
        else tag("p", "No mistakes.")
    )


def times(view: View) -> Html:
    """Return how long a round took, part by part."""
    rows = []
    for name, runs in list(view.runs.items())[:SHOWN_ROWS]:
        parts = [np.concatenate([run.seconds.get(part, np.array([])) for run in runs]) for part in PARTS]
        if any(map(len, parts)):
            rows.append((name, parts, [float(np.median(part)) if len(part) else 0.0 for part in parts]))
    if not rows:
        return Html("")
    longest = max(sum(medians) for _, _, medians in rows)
    cells = [
        [
            tag("bdi", shorten(name, 60)),
            *map(_seconds, parts),
            tag("td", stacked_bar(medians, longest, f"{shorten(name, 40)}: {sum(medians):.3g} s a round")),
        ]
        for name, parts, medians in rows
    ]
    keys = [join([tag("span", class_=f"key k{i}"), part]) for i, part in enumerate(PARTS)]
    caption = "Seconds per round: median [smallest, largest] over all rounds and seeds"
    return section(
        "Time per round",
        tag("p", "What a person would wait for if asked between rounds; nobody who labels has to."),
        table(caption, ["strategy", *keys, "together"], cells),
    )


def _seconds(values: np.ndarray[Any, Any]) -> Html:
    if not len(values):
        return tag("td", "–")
    return tag(
        "td",
        tag("b", f"{np.median(values):.3g}"),
        tag("small", f"[{values.min():.3g}, {values.max():.3g}] n = {len(values):,}"),
    )


def examples(view: View, images: Mapping[str, bytes]) -> Html:
    """Return some of the items that were asked, and why."""
    given = [one for one in view.result.get("examples") or () if isinstance(one, Mapping)]
    if not given:
        return Html("")
    cards = [tag("li", *_example(one, images)) for one in given[:SHOWN_EXAMPLES]]
    more = len(given) - len(cards)
    note = f" {more:,} more are in the result file." if more > 0 else ""
    return section(
        "Some questions, and why they were asked",
        tag(
            "p",
            f"Audit questions are drawn at random and measure the learner; the others are picked because they should teach it most.{note}",
        ),
        tag("ul", *cards, class_="cards"),
    )


def _example(one: Mapping[str, Any], images: Mapping[str, bytes]) -> list[Html]:
    stream = shorten(one.get("stream") or "asked", 20)
    parts = [tag("span", stream, class_=f"tag {'audit' if stream == 'audit' else 'exploit'}")]
    parts.append(_content(one, images))
    if one.get("label") is not None:
        parts.append(tag("p", "Answer: ", tag("b", tag("bdi", shorten(one["label"], 80)))))
    score = number(one.get("score"))
    why = shorten(one.get("reason") or "", 200)
    told = [tag("bdi", why)] if why else []
    told += [join([f"score {score:.3g}"])] if math.isfinite(score) else []
    told.append(join(["item ", tag("bdi", shorten(one.get("id", "?"), 40))]))
    parts.append(tag("p", join(told, " · "), class_="why"))
    return parts


def _content(one: Mapping[str, Any], images: Mapping[str, bytes]) -> Html:
    name = shorten(one.get("id", "?"), 40)
    picture = _data_uri(images.get(str(one.get("id")))) or one.get("image")
    if isinstance(picture, str) and _IMAGE.fullmatch(picture):
        return tag("img", src=picture, alt=f"item {name}")
    if isinstance(one.get("row"), Mapping):
        row = list(one["row"].items())
        lines = [
            tag("tr", tag("th", shorten(key, 40), scope="row"), tag("td", tag("bdi", _plain(value))))
            for key, value in row[:8]
        ]
        more = tag("p", f"and {len(row) - 8} more columns", class_="why") if len(row) > 8 else ""
        return tag("div", tag("table", tag("tbody", *lines)), more)
    if one.get("text") is not None:
        text = str(one["text"])
        length = tag("p", f"{len(text):,} characters, cut here", class_="why") if len(text) > 400 else ""
        return tag("div", tag("p", shorten(text, 400), class_="body", dir="auto"), length)
    return tag("p", "(not shown)", class_="muted")


def _data_uri(content: bytes | None) -> str | None:
    if not isinstance(content, bytes):
        return None
    kind = next((kind for magic, kind in _MAGIC.items() if content.startswith(magic)), None)
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        kind = "webp"
    return f"data:image/{kind};base64,{b64encode(content).decode()}" if kind else None


def how_to_read(view: View) -> Html:
    """Return what the words and intervals mean, and what they do not."""
    rivals = len(view.gains)
    corrected = f", corrected for {rivals} comparisons" if rivals > 1 else ""
    terms = [
        (
            "Learning curve",
            f"Test {view.metric} after each round of questions. All strategies of one seed begin with the same labelled items.",
        ),
        (
            "Interval over seeds",
            "A 95% Student t-interval over repeated runs on this data with other random starts. It says what chance "
            "in the run can do; it does not say how another data set or another test set would come out.",
        ),
        (
            "Beat random",
            "The gain in AULC, paired within seeds, is above zero at the 5% level" + corrected + ".",
        ),
        (
            "Labels saved",
            "How many labels fewer than random’s budget the strategy took to reach random’s final score in the same seed. "
            "The interval holds every saving that these runs do not contradict; three dots mean that the runs give no bound.",
        ),
        (
            "Audit labels",
            "A share of the questions is drawn at random instead of picked. Only these labels measure the learner; "
            "the picked ones are unlike the pool and would mislead. All label counts here include them.",
        ),
        (
            "Coverage",
            "How often an interval held the test score. The test score is itself measured on finitely many rows, which counts against the learner.",
        ),
    ]
    return section(
        "How to read this",
        tag("dl", *(join([tag("dt", a), tag("dd", b)]) for a, b in terms), class_="reading"),
    )


def reproduce(view: View) -> Html:
    """Return the command, the seeds and the versions behind the page."""
    versions = list(_mapping(view.result.get("versions")).items())[:30]
    parts = [
        tag(
            "p",
            f"Seeds {_seed_list(view.seeds)}. Same versions, machine and thread count: the same questions, and so the same curves.",
        )
    ]
    parts.append(tag("pre", tag("code", command(view))))
    if versions:
        rows = [[shorten(name, 40), shorten(version, 60)] for name, version in versions]
        parts.append(
            details("Versions", table("Versions that this was run with", ["package", "version"], rows))
        )
    return section("Run it again", *parts)


def command(view: View) -> str:
    """Return the command line that repeats the simulation, as far as the result tells."""
    result = view.result
    if isinstance(result.get("command"), str):
        return shorten(result["command"], 2000)
    options = {
        "strategies": ",".join(sorted(view.runs)),
        **{key: result.get(key) for key in ("start", "batch", "budget")},
        "seeds": len(view.seeds),
        **{key: result.get(key) for key in ("metric", "encoder", "model")},
    }
    words = [f"--{key} {shlex.quote(str(value))}" for key, value in options.items() if value is not None]
    return shorten(
        " ".join(["asklearn simulate FILE --label COLUMN", *words, "--out result.json --html report.html"]),
        2000,
    )


def savings(view: View, name: str) -> tuple[Span, float]:
    """Return the share of labels saved and the score it holds for: the result's own, or counted here."""
    given = _mapping(_mapping(view.result.get("savings")).get(name))
    value, score = number(given.get("value")), number(given.get("at"))
    if math.isfinite(value) and math.isfinite(score):
        return Span(value, number(given.get("low")), number(given.get("high")), view.gains[name].n), score
    return labels_saved(view.runs[name], view.runs[BASELINE])


def final(view: View, name: str) -> Span:
    """Return the score at the strategy's last label count."""
    spans = _spans(view.curves[name])
    return spans[-1][1] if spans else Span(NAN, NAN, NAN, 0)


def spell(span: Span, seeds: bool = False, signed: bool = False) -> str:
    """Return a span in words: value, interval, and its seeds where wanted.

    Examples
    --------
    >>> spell(Span(0.84, 0.82, 0.86, 5), seeds=True)
    '0.840 [0.820, 0.860], 5 seeds'
    """
    if not span.n or not math.isfinite(span.value):
        return "not measured"
    value = f"{span.value:+.3f}" if signed else f"{span.value:.3f}"
    interval = f" {_bounds(span)}" if span.n > 1 else " (1 seed)"
    return value + interval + (f", {plural(span.n, 'seed')}" if seeds and span.n > 1 else "")


def percent(span: Span) -> str:
    """Return a share with its interval in per cent.

    Examples
    --------
    >>> percent(Span(0.314, 0.18, 0.4, 5))
    '31% [18%, 40%]'
    """
    return f"{span.value:.0%} {_bounds_percent(span)}"


def measured(span: Span, signed: bool = False, share: bool = False) -> Html:
    """Return a table cell with the value and, below it, its interval."""
    if not span.n or not math.isfinite(span.value):
        return tag("td", "–")
    value = f"{span.value:.0%}" if share else f"{span.value:+.3f}" if signed else f"{span.value:.3f}"
    return tag("td", tag("b", value), tag("small", _bounds_percent(span) if share else _bounds(span)))


def _bounds(span: Span) -> str:
    return _bracket(span, lambda value: f"{value:.3f}")


def _bounds_percent(span: Span) -> str:
    return _bracket(span, lambda value: f"{value:.0%}")


def _bracket(span: Span, form: Any) -> str:
    if not (math.isfinite(span.low) or math.isfinite(span.high)):
        return "(1 seed)" if span.n == 1 else "(no interval)"
    return "[" + ", ".join(form(one) if math.isfinite(one) else "…" for one in (span.low, span.high)) + "]"


def plural(count: int, one: str, many: str | None = None) -> str:
    """Return a count with its noun.

    Examples
    --------
    >>> plural(1, "seed"), plural(5, "seed")
    ('1 seed', '5 seeds')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _name(name: str) -> Html:
    return tag("bdi", shorten(name, 40))


def _all(view: View) -> list[Run]:
    return [run for runs in view.runs.values() for run in runs]


def _summary(view: View, name: str) -> Mapping[str, Any]:
    return _mapping(_mapping(view.result.get("summary")).get(name))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _float(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        return NAN


def _plain(value: object) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "missing"
    return shorten(f"{value:.6g}" if isinstance(value, float) else value, 120)


def _seed_list(seeds: Sequence[int]) -> str:
    return ", ".join(map(str, seeds[:20])) + (f" and {len(seeds) - 20} more" if len(seeds) > 20 else "")
