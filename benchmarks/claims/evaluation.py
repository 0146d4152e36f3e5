"""Does the 95% interval of ``evaluate`` cover the truth, and what is an audit label worth?

Whole projects through ``ActiveLearner`` with its defaults (10% uniform audit, 5% weighted). Each draws a pool
of 2,000 items anew, and tests on the rest; asks and tells 800 labels (to 200 in batches of 50, then of 100;
strategies in turn); and evaluates at 50, 200 and 800. Truth is the accuracy of the present model on the test
set. Every fourth project is watched: evaluated after each batch, by levels that hold for all looks together; and
has a twin without an audit, with the same seed, for what the audit costs the learning curve. Further projects
with a uniform audit of 20% end at 200 audit labels, where the worth of an audit label is promised. Encoder by
columns, model ``logistic``.

As a check of the check, the same audit labels predicted by the model that trained on them must fail.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from asklearn.intervals import exact_binomial, watched_levels
from asklearn.learner import ActiveLearner
from asklearn.statistics import holm
from encoded import encoded, shuffled
from harness import ROOT, Run, main

SETS = (
    "text_banking77", "text_trec", "text_agnews", "text_stackoverflow20", "img_fashion_mnist", "tab_adult",
    "tab_covertype20k", "tab_letter",
)  # fmt: skip
STRATEGIES = ("auto", "margin", "cluster_margin", "random")
LEAST = 1500
"""Items that a data set must have, for 800 to be labelled."""

POOL, LOOKS = 2000, (50, 200, 800)
BATCHES = (50,) * 4 + (100,) * 6
WATCHED = 4
AUDIT, LARGE_AUDIT = 0.1, 0.2
LARGE = 5
"""One further project with a large audit for so many of the others."""

DRAWS = 2000


def project(data: str, name: str, seed: int, audit: float = AUDIT) -> dict[str, Any]:
    """Replay one project; return what it said at each look, and the truth."""
    from threadpoolctl import threadpool_limits

    items = shuffled(encoded(data, name), POOL, seed)
    learner = ActiveLearner(
        "logistic", items.X_pool, strategy=_strategy(seed), seed=seed, audit=audit, clock=lambda: 0.0
    )
    watched = audit == AUDIT and _watched(seed)
    told: dict[str, Any] = {"looks": [], "curve": [], "watched": [], "test": len(items.y_test)}
    sizes: list[int] = []
    with threadpool_limits(1):
        for batch in BATCHES:
            score = _learn(learner, items, batch)
            told["curve"].append(score)
            labels = len(learner.labels)
            if watched:
                sizes.append(len(learner.audited().ids))
                look = learner.evaluate(level=watched_levels(sizes)[-1])
                told["watched"].append([look.low, look.high, score])
            if labels in LOOKS:
                found = learner.evaluate()
                told["looks"].append(
                    {
                        "labels": labels, "value": found.value, "low": found.low, "high": found.high,
                        "n": found.n, "truth": score, "planted": in_sample(learner, items),
                    }
                )  # fmt: skip
        told["asked"] = sum(ask.stream == "audit" for ask in learner.state.asks.values())
        if watched:
            plain = ActiveLearner(
                "logistic", items.X_pool, strategy=_strategy(seed), seed=seed, audit=0.0, clock=lambda: 0.0
            )
            told["without"] = [_learn(plain, items, batch) for batch in BATCHES]
    return told


def _strategy(seed: int) -> str:
    return STRATEGIES[seed % len(STRATEGIES)]


def _watched(seed: int) -> bool:
    """Whether this project is watched: of every four in a row one, each time with another strategy."""
    return seed // WATCHED % WATCHED == seed % WATCHED


def _learn(learner: ActiveLearner, items: Any, n: int) -> float:
    batch = learner.ask(n)
    learner.tell(batch.ids, [items.y_pool[row] for row in batch.rows])
    return float(learner.model.score(items.X_test, np.array(items.y_test)))


def in_sample(learner: ActiveLearner, items: Any) -> list[float]:
    """Return the interval from the audit's labels as predicted by the model that trained on them."""
    rows = [row for row in map(learner.state.row, learner.audited().ids) if row is not None]
    guess_N, truth_N = learner.model.predict(items.X_pool[rows]), np.array(items.y_pool)[rows]
    return [*exact_binomial(int((guess_N == truth_N).sum()), len(rows))]


def measure(run: Run) -> None:
    """Run the projects and state the claims."""
    sizes = {name: encoded(run.data, name) for name in run.sets}
    run.sets = [name for name, one in sizes.items() if len(one.X_pool) + len(one.X_test) >= LEAST]
    each = max(run.options["projects"] // len(run.sets), 1)
    units = [
        {"data": os.path.relpath(run.data, ROOT), "name": name, "seed": seed}
        for seed in range(each)
        for name in run.sets
    ]
    large = [unit | {"audit": LARGE_AUDIT} for unit in units if unit["seed"] < max(each // LARGE, 1)]
    made = run.map(project, [*units, *large])
    made, more = made[: len(units)], made[len(units) :]
    names = [unit["name"] for unit in units]
    _coverage(run, made, names)
    _watched_curves(run, [one for one in made if one["watched"]])
    for look, labels in enumerate(LOOKS):
        _worth(run, f"{labels}_labels", [one["looks"][look] | {"test": one["test"]} for one in made], names)
    last = [one["looks"][-1] | {"test": one["test"]} for one in more]
    _worth(run, "200_audit_labels", last, [unit["name"] for unit in large])
    hits = sum(_holds(look["low"], look["high"], look["truth"]) for look in last)
    low, high = exact_binomial(hits, len(last))
    run.claim("evaluation.coverage_95.200_audit_labels", hits / len(last), low, high, ">=0.935")
    _cost(run, [one for one in made if one["watched"]])


def _coverage(run: Run, made: Sequence[dict[str, Any]], names: Sequence[str]) -> None:
    """State coverage pooled, by cell, and how the planted evaluation fails."""
    from scipy.stats import binomtest

    inside = np.array(
        [[_holds(look["low"], look["high"], look["truth"]) for look in one["looks"]] for one in made]
    )
    planted = np.array([[_holds(*look["planted"], look["truth"]) for look in one["looks"]] for one in made])
    low, high = exact_binomial(int(inside.sum()), inside.size)
    run.claim("evaluation.coverage_95", inside.mean(), low, high, ">=0.945", f"{inside.size} intervals")
    cells = {}
    for name in sorted(set(names)):
        for look, labels in enumerate(LOOKS):
            hits = inside[np.array(names) == name, look]
            p = binomtest(int(hits.sum()), len(hits), 0.935, alternative="less").pvalue
            cells[f"{name}.{labels}"] = {"coverage": hits.mean(), "projects": len(hits), "p_under_935": p}
    run.details["cells"] = cells
    least = float(holm([cell["p_under_935"] for cell in cells.values()]).min())
    run.claim("evaluation.least_p_of_a_cell_under_935", least, None, None, ">=0.05", "Holm over the cells")
    for look, labels in enumerate(LOOKS):
        low, high = exact_binomial(int(inside[:, look].sum()), len(inside))
        width = np.mean([one["looks"][look]["high"] - one["looks"][look]["low"] for one in made])
        n = np.mean([one["looks"][look]["n"] for one in made])
        bias = np.mean([one["looks"][look]["value"] - one["looks"][look]["truth"] for one in made])
        run.details[f"at_{labels}"] = {"mean_width": width, "audit_labels": n, "bias": bias}
        run.claim(f"evaluation.coverage_95.{labels}_labels", inside[:, look].mean(), low, high, ">=0.935")
        run.claim(f"evaluation.mean_width.{labels}_labels", width, None, None, "<=1", f"{n:.0f} audit labels")
        low, high = exact_binomial(int(planted[:, look].sum()), len(planted))
        run.claim(
            f"evaluation.planted_in_sample.{labels}_labels", planted[:, look].mean(), low, high, "<=0.9"
        )


def _holds(low: float, high: float, truth: float) -> bool:
    return low - 1e-12 <= truth <= high + 1e-12


def _watched_curves(run: Run, made: Sequence[dict[str, Any]]) -> None:
    missed = sum(not all(_holds(*look) for look in one["watched"]) for one in made)
    low, high = exact_binomial(missed, len(made))
    run.claim("evaluation.watched_curves_with_a_miss", missed / len(made), low, high, "<=0.065")
    width = float(np.mean([high - low for one in made for low, high, _ in one["watched"]]))
    run.details["watched"] = {"runs": len(made), "mean_width": width}


def _worth(run: Run, what: str, looks: Sequence[dict[str, Any]], names: Sequence[str]) -> None:
    """State the squared error of a uniform test set of as many labels over that of the estimate."""
    p, n, test, value = (np.array([look[key] for look in looks]) for key in ("truth", "n", "test", "value"))
    error = (value - p) ** 2 - p * (1 - p) / test
    apart = p * (1 - p) / np.maximum(n, 1)
    ratio, low, high = _ratio(apart, error)
    note = f"{n.mean():.0f} audit labels, {len(looks)} projects"
    run.claim(f"evaluation.variance_ratio.{what}", ratio, low, high, ">=1.3", note)
    run.details[f"variance_ratio_{what}_by_set"] = {
        name: _ratio(apart[np.array(names) == name], error[np.array(names) == name])[0] for name in set(names)
    }


def _ratio(above: np.ndarray, below: np.ndarray) -> tuple[float, float, float]:
    """Return the ratio of two means over projects, and its bootstrap interval."""
    return _bootstrap(len(above), lambda i: float(above[i].mean() / max(below[i].mean(), 1e-9)))


def _cost(run: Run, made: Sequence[dict[str, Any]]) -> None:
    """State what the audit costs the learning curve, and how many labels that is."""
    ours, plain = (np.array([one[key] for one in made]) for key in ("curve", "without"))
    at = np.cumsum(BATCHES)
    points = 100 * np.trapezoid(plain - ours, at, axis=1) / (at[-1] - at[0])
    cost, low, high = _bootstrap(len(points), lambda i: float(points[i].mean()))
    run.claim("evaluation.points_of_the_learning_curve", cost, low, high, "<=0.5", "area, against no audit")
    worth = np.array([one["looks"][-1]["n"] for one in made])

    def extra(i: np.ndarray) -> float:
        curve = np.maximum.accumulate(plain[i].mean(0))
        reached = float(np.interp(ours[i].mean(0)[-1], curve, at))
        return (at[-1] - reached) / float(worth[i].mean())

    value, low, high = _bootstrap(len(made), extra)
    run.claim(
        "evaluation.extra_labels_per_audit_label", value, low, high, "<=0.5", "for the same score at 800"
    )
    run.details["audit"] = {
        "asked": float(np.mean([one["asked"] for one in made])), "counted": float(worth.mean()),
    }  # fmt: skip


def _bootstrap(n: int, of: Callable[[np.ndarray], float]) -> tuple[float, float, float]:
    rng = np.random.default_rng(0)
    drawn = [of(rng.integers(n, size=n)) for _ in range(DRAWS)]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return of(np.arange(n)), float(low), float(high)


if __name__ == "__main__":
    sys.exit(
        main(
            "evaluation",
            measure,
            cpu_hours=1.7,
            sets=SETS,
            projects=1000,
            quick={"sets": ["text_agnews"], "projects": 4},
        )
    )
