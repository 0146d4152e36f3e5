"""The learning curves, as a section of the page and as a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from asklearn.report.charts import Series, line_chart
from asklearn.report.html import Html, shorten, tag
from asklearn.report.numbers import NOTHING, number, spans
from asklearn.report.page import SHOWN_ROWS, details, figure, section, table
from asklearn.report.view import BASELINE, View, log_axis
from asklearn.report.words import measured, plural, spell

SHOWN_LINES = 7


def learning_curves(view: View) -> Html:
    """Return the mean score over seeds against labels, for every strategy."""
    drawn = curve_series(view)
    hidden = len(view.runs) - len(drawn)
    words = [f"Mean {view.metric} over {plural(len(view.seeds), 'seed')}"]
    if any(one.low is not None for one in drawn):
        who = "" if len(drawn) <= 4 else f" ({shorten(drawn[0].name, 40)} and random only)"
        words.append(f"bands are 95% t-intervals{who}")
    else:
        words.append("no bands, because one seed says nothing about chance")
    if log_axis(view):
        words.append("the label axis is logarithmic")
    if hidden > 0:
        words.append(f"{plural(hidden, 'more strategy', 'more strategies')} only in the table")
    return section(
        "Learning curves",
        tag("p", "Higher and further left is better: the same score for fewer labels."),
        figure(
            lambda width: draw_curves(view, width, 400 if width > 500 else 290, width > 500),
            "; ".join(words) + ".",
            drawn,
            details("The numbers of this chart", _curve_table(view, drawn)),
        ),
    )


def draw_curves(view: View, width: int, height: int, end_labels: bool = True) -> Html:
    """Return the chart of the learning curves."""
    full = number(view.result.get("full_data_score"))
    tests = number(view.result.get("test_rows"))
    return line_chart(
        curve_series(view),
        title=f"Learning curves: {view.metric} against labels for "
        + ", ".join(shorten(n, 30) for n in list(view.runs)[:SHOWN_LINES]),
        y_title=view.metric + (f" on {tests:,.0f} test rows" if math.isfinite(tests) else " on the test set"),
        width=width,
        height=height,
        log_x=log_axis(view),
        reference=(full, f"all labels: {full:.3f}") if math.isfinite(full) else None,
        end_labels=end_labels,
    )


def curve_series(view: View) -> list[Series]:
    """Return the mean curves, the best first and the baseline last; bands where they do not crowd."""
    names = [name for name in view.runs if name != BASELINE and len(view.curves[name].labels_R)][:SHOWN_LINES]
    banded = set(names if len(names) < 4 else names[:1]) | {BASELINE}
    if BASELINE in view.curves and len(view.curves[BASELINE].labels_R):
        names.append(BASELINE)
    drawn = []
    for style, name in enumerate(names, start=1):
        curve = view.curves[name]
        bands = name in banded and bool(np.isfinite(curve.low_R).any())
        notes = [f"{shorten(name, 40)}, {at:,.0f} labels: {spell(span, True)}" for at, span in spans(curve)]
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


def _curve_table(view: View, drawn: Sequence[Series]) -> Html:
    labels = np.unique(np.concatenate([one.x for one in drawn])) if drawn else np.array([])
    every = max(1, math.ceil(len(labels) / SHOWN_ROWS))
    by_name = {one.name: dict(spans(view.curves[one.name])) for one in drawn}
    rows = [
        [f"{at:,.0f}", *(measured(by_name[one.name].get(float(at), NOTHING)) for one in drawn)]
        for at in labels[::every]
    ]
    caption = f"{view.metric} [95% interval] by number of labels" + (
        f", one round in {every}" if every > 1 else ""
    )
    return table(caption, ["labels", *(shorten(one.name, 40) for one in drawn)], rows)
