"""A simulation's result, read once for all sections of its page."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from asklearn.report.html import shorten
from asklearn.report.numbers import (
    NOTHING,
    Curve,
    Run,
    Span,
    areas,
    aulc_difference,
    labels_saved,
    mapping,
    mean_curve,
    number,
    read_runs,
    spans,
    t_interval,
)

BASELINE = "random"


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
        return sorted({run.seed for run in self.all_runs})

    @property
    def all_runs(self) -> list[Run]:
        """The runs of all strategies."""
        return [run for runs in self.runs.values() for run in runs]

    @property
    def leader(self) -> str:
        """The strategy that the page follows: the winner, or the best that is not the baseline."""
        return self.winner or next((name for name in self.runs if name != BASELINE), next(iter(self.runs)))


def read(result: Mapping[str, Any]) -> View:
    """Return the result with its curves and comparisons, the best strategy first and the baseline last."""
    runs: dict[str, list[Run]] = {}
    for run in sorted(read_runs(result), key=lambda run: run.seed):
        runs.setdefault(run.strategy, []).append(run)
    area = {name: t_interval(areas(group)).value for name, group in runs.items()}
    order = sorted(runs, key=lambda name: (name == BASELINE, math.isnan(area[name]), -area[name], name))
    runs = {name: runs[name] for name in order}
    curves = {name: mean_curve(group) for name, group in runs.items()}
    rivals = [name for name in order if name != BASELINE] if BASELINE in runs else []
    gains = {name: aulc_difference(runs[name], runs[BASELINE]) for name in rivals}
    strict = {name: aulc_difference(runs[name], runs[BASELINE], 1 - 0.05 / len(rivals)) for name in rivals}
    better = [name for name in rivals if strict[name].low > 0 and strict[name].n > 1]
    winner = max(better, key=lambda name: gains[name].value, default=None)
    return View(result, runs, curves, gains, winner)


def savings(view: View, name: str) -> tuple[Span, float]:
    """Return the share of labels saved and the score it holds for: the result's own, or counted here.

    A NaN share says that the strategy did not reach the score within the budget.
    """
    given = mapping(mapping(view.result.get("savings")).get(name))
    value, score = number(given.get("value")), number(given.get("at"))
    if math.isfinite(score):
        return Span(value, number(given.get("low")), number(given.get("high")), view.gains[name].n), score
    return labels_saved(view.runs[name], view.runs[BASELINE])


def final(view: View, name: str) -> Span:
    """Return the score at the strategy's last label count."""
    rounds = spans(view.curves[name])
    return rounds[-1][1] if rounds else NOTHING


def summary(view: View, name: str) -> Mapping[str, Any]:
    """Return what the result's own summary says of a strategy."""
    return mapping(mapping(view.result.get("summary")).get(name))


def log_axis(view: View) -> bool:
    """Return whether the label counts span enough for a logarithmic axis to read better."""
    ends = [(c.labels_R[0], c.labels_R[-1]) for c in view.curves.values() if len(c.labels_R)]
    return bool(ends) and max(last for _, last in ends) >= 8 * min(first for first, _ in ends)
