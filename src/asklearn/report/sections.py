"""The further sections of the page; each is empty where the result has nothing to tell."""

from __future__ import annotations

import math
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from asklearn.report.cards import card
from asklearn.report.charts import Series, dot_chart, dot_swatch, line_chart, stacked_bar, swatch
from asklearn.report.confusion import confusion_table
from asklearn.report.curves import curve_series
from asklearn.report.html import Html, join, shorten, tag
from asklearn.report.numbers import (
    NAN,
    Run,
    coverage,
    estimate_hits,
    forecast_hits,
    forecasts_that_came,
    listed,
    mapping,
    number,
    on_grid,
)
from asklearn.report.page import SHOWN_ROWS, details, figure, legend, section, table
from asklearn.report.view import View, log_axis
from asklearn.report.words import percent, plural

SHOWN_CLASSES = 20
SHOWN_EXAMPLES = 24
TERMS = (
    (
        "Learning curve",
        "The test score after each round of questions. All strategies of one seed begin with the same labels.",
    ),
    (
        "Interval over seeds",
        "A 95% Student t-interval over repeated runs on this data from other random starts. It says what "
        "chance in a run can do; it does not say how another data set or test set would come out.",
    ),
    (
        "Labels saved",
        "How many labels fewer than random’s the strategy took to reach random’s final score in the same seed. "
        "The interval holds every saving that these runs do not contradict; three dots mean that they give no "
        "bound.",
    ),
    (
        "Audit labels",
        "A share of the questions is drawn at random instead of picked. Only these labels measure the "
        "learner: picked ones are unlike the pool and would mislead. All label counts here include them.",
    ),
    (
        "Held",
        "An interval held when the test score lay within it. The test score is itself measured on finitely "
        "many rows, which counts against the learner.",
    ),
)
PARTS = ("fit", "score", "select")


def own_estimate(view: View) -> Html:
    """Return the learner's own estimate against the test score: does it know how good it is?"""
    hits = estimate_hits(view.all_runs)
    run = next((run for run in view.runs[view.leader] if run.estimate), None)
    if run is None or not hits:
        return Html("")
    rows = [(at, entry, _audited(entry)) for at, entry in sorted(run.estimate.items())]
    share = number(view.result.get("audit"))
    how = f" {share:.0%} of all questions are drawn at random for this." if math.isfinite(share) else ""
    told = (
        f"It estimates its {view.metric} from its own audit labels, without a test set.{how} "
        f"{_held(hits)}, where 95% is meant. Rounds of one seed share labels and count as one."
    )
    caption = (
        f"{shorten(run.strategy, 40)}, seed {run.seed}: the test score, and the learner’s own estimate with its "
        "95% interval."
    )
    return section(
        "Does the learner know how good it is?",
        tag("p", told),
        _whisker_figure(view, run, _whiskers("its own estimate", rows, style=2), caption),
    )


def _audited(entry: Mapping[str, float]) -> str:
    n = entry.get("n_audit", NAN)
    return f"from {plural(int(n), 'audit label')}" if math.isfinite(n) else ""


def forecasts(view: View) -> Html:
    """Return what the learner forecast against what came."""
    hits = forecast_hits(view.all_runs)
    run = next((run for run in view.runs[view.leader] if forecasts_that_came(run)), None)
    if run is None:
        return Html("")
    latest = {
        entry["at"]: (entry["at"], entry, f"made at {made:,.0f} labels")
        for made, entry in sorted(run.forecast.items())
        if run.labels_R[0] <= entry.get("at", NAN) <= run.labels_R[-1]
    }
    told = (
        "At each round the learner says what more labels would bring. Of the forecasts whose label count was "
        f"reached: {_held(hits)}."
    )
    caption = (
        f"{shorten(run.strategy, 40)}, seed {run.seed}: the test score, and the latest forecast for that label count "
        "with its interval."
    )
    rows = [latest[at] for at in sorted(latest)]
    return section(
        "Forecast, and what came",
        tag("p", told),
        _whisker_figure(view, run, _whiskers("forecast", rows, style=3), caption),
    )


def _held(hits: Mapping[int, Sequence[bool]]) -> str:
    held = coverage(hits)
    counted = f"{sum(map(sum, hits.values())):,} of {sum(map(len, hits.values())):,}"
    return (
        f"{counted} intervals held the test score, over all strategies: {percent(held)} "
        f"counted over {plural(held.n, 'seed')}"
    )


def _whiskers(name: str, rows: Sequence[tuple[float, Mapping[str, float], str]], style: int) -> Series:
    return Series(
        name,
        [at for at, _, _ in rows],
        [entry["value"] for _, entry, _ in rows],
        [entry["low"] for _, entry, _ in rows],
        [entry["high"] for _, entry, _ in rows],
        style,
        [f"{name} at {at:,.0f} labels: {_interval(entry)} {note}".rstrip() for at, entry, note in rows],
        whiskers=True,
    )


def _interval(entry: Mapping[str, float]) -> str:
    return f"{entry['value']:.3f} [{entry['low']:.3f}, {entry['high']:.3f}]"


def _whisker_figure(view: View, run: Run, said: Series, caption: str) -> Html:
    scores = list(zip(run.labels_R.tolist(), run.score_R.tolist(), strict=True))
    notes = [f"test {view.metric} at {at:,.0f} labels: {score:.3f}" for at, score in scores]
    truth = Series("test score", [at for at, _ in scores], [score for _, score in scores], notes=notes)
    came = on_grid([run], np.array(said.x))[0]
    rows = [
        [f"{at:,.0f}", note.split(": ", 1)[1], f"{score:.3f}" if math.isfinite(score) else "–"]
        for at, note, score in zip(said.x, said.notes, came, strict=True)
    ]
    head = ["labels", f"{said.name} [interval]", "test score"]

    def draw(width: int) -> Html:
        return line_chart(
            [truth, said],
            title=f"{said.name} against the test score",
            y_title=view.metric,
            width=width,
            height=330 if width > 500 else 260,
            log_x=log_axis(view),
            end_labels=False,
        )

    numbers = details(
        "The numbers of this chart", table(f"{said.name} and test score", head, rows[-SHOWN_ROWS:])
    )
    return join([legend(swatch, [truth, said]), figure(draw, caption, data=numbers)])


def class_balance(view: View) -> Html:
    """Return which classes each strategy asked for."""
    given = mapping(view.result.get("class_counts"))
    told = [one for one in curve_series(view) if _counts(given.get(one.name))]
    drawn = [one for one in told if one.style][:3] + [one for one in told if not one.style]
    if not drawn:
        return Html("")
    counts = {one.name: _counts(given[one.name]) for one in drawn}
    totals = {name: sum(by_label.values()) for name, by_label in counts.items()}
    together: Counter[str] = sum(map(Counter, counts.values()), Counter())
    top = [
        label for label, _ in sorted(together.items(), key=lambda pair: (-pair[1], pair[0]))[:SHOWN_CLASSES]
    ]
    dots = [_dots(one, counts[one.name], totals[one.name], top) for one in drawn]
    asked = ", ".join(f"{shorten(name, 40)} {total:,.0f}" for name, total in totals.items())
    more = len(together) - len(top)
    rest = f" These are the {len(top)} most asked classes; {more:,} more are not shown." if more > 0 else ""
    rows = [
        [tag("bdi", shorten(label, 60)), *(f"{by_label.get(label, 0):,.0f}" for by_label in counts.values())]
        for label in top
    ]
    numbers = table("Questions by class", ["class", *(shorten(name, 40) for name in counts)], rows)

    def draw(width: int) -> Html:
        title = "Share of questions by class and strategy"
        return dot_chart(top, dots, title=title, x_title="share of questions", width=width)

    return section(
        "What was asked",
        tag(
            "p",
            "Share of questions by true class. What a strategy asks more often, it finds harder, or rarer.",
        ),
        legend(dot_swatch, dots),
        figure(
            draw, f"Questions counted: {asked}.{rest}", data=details("The numbers of this chart", numbers)
        ),
    )


def _counts(given: Any) -> dict[str, float]:
    counts = {str(label): number(count) for label, count in mapping(given).items()}
    return {label: count for label, count in counts.items() if 0 < count < math.inf}


def _dots(one: Series, counts: Mapping[str, float], total: float, labels: Sequence[str]) -> Series:
    shares = [counts.get(label, 0) / total for label in labels]
    notes = [
        f"{shorten(one.name, 40)}: {shorten(label, 60)} {counts.get(label, 0):,.0f} of {total:,.0f}"
        for label in labels
    ]
    return Series(one.name, shares, [], style=one.style, notes=notes)


def confusion(view: View) -> Html:
    """Return what the final model still takes for something else: a small matrix, or the worst pairs."""
    given = mapping(view.result.get("confusion"))
    labels = [str(label) for label in listed(given.get("labels"))]
    try:
        counts_CC = np.asarray(given.get("counts"), dtype=float)
    except (TypeError, ValueError):
        return Html("")
    square = counts_CC.shape == (len(labels), len(labels))
    if not (labels and square and np.isfinite(counts_CC).all() and counts_CC.min() >= 0 and counts_CC.sum()):
        return Html("")
    how, body = confusion_table(labels, counts_CC, "test rows")
    return section(
        "What it still confuses", tag("p", f"{how} Counted on {counts_CC.sum():,.0f} answers."), body
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
    given = [one for one in listed(view.result.get("examples")) if isinstance(one, Mapping)]
    if not given:
        return Html("")
    cards = [card(one, images) for one in given[:SHOWN_EXAMPLES]]
    more = len(given) - len(cards)
    note = f" {more:,} more are in the result file." if more > 0 else ""
    told = "Audit questions are drawn at random and measure the learner; the others should teach it most."
    return section(
        "Some questions, and why they were asked", tag("p", told + note), tag("ul", *cards, class_="cards")
    )


def how_to_read(view: View) -> Html:
    """Return what the words and intervals mean, and what they do not."""
    rivals = len(view.gains)
    beat = "The gain in AULC, paired within seeds, is above zero at the 5% level"
    terms = [
        *TERMS,
        ("Beat random", beat + (f", corrected for {rivals} comparisons." if rivals > 1 else ".")),
    ]
    entries = (join([tag("dt", term), tag("dd", meaning)]) for term, meaning in terms)
    return section("How to read this", tag("dl", *entries, class_="reading"))


def reproduce(view: View) -> Html:
    """Return the command, the seeds and the versions behind the page."""
    versions = list(mapping(view.result.get("versions")).items())[:30]
    rows = [[shorten(name, 40), shorten(version, 60)] for name, version in versions]
    shown = details("Versions", table("Versions that this was run with", ["package", "version"], rows))
    seeds = ", ".join(map(str, view.seeds[:20])) + (", …" if len(view.seeds) > 20 else "")
    told = (
        f"Seeds {seeds}. With the same versions, machine and thread count come the same questions and curves."
    )
    return section(
        "Run it again", tag("p", told), tag("pre", tag("code", command(view))), shown if rows else Html("")
    )


def command(view: View) -> str:
    """Return the command line that repeats the simulation, as far as the result tells."""
    result = view.result
    if isinstance(result.get("command"), str):
        return shorten(result["command"], 2000)
    options = {
        "strategies": ",".join(sorted(view.runs)),
        **{key: result.get(key) for key in ("start", "batch", "budget")},
        "seeds": len(view.seeds) if view.seeds == list(range(len(view.seeds))) else None,
        **{key: result.get(key) for key in ("metric", "encoder", "model")},
    }
    words = [f"--{key} {shlex.quote(str(value))}" for key, value in options.items() if value is not None]
    return shorten(
        " ".join(["asklearn simulate FILE --label COLUMN", *words, "--out result.json --html report.html"]),
        2000,
    )
