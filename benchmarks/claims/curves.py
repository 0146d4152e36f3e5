"""Learning curves of every strategy for classification, as one table with intervals and ranks.

Pools are subsampled to 5,000 items, by seed; encoder by the data set's columns with its defaults, model
``logistic``. All strategies of a seed share one random start set and no audit is drawn, so that a curve is
the strategy's own. Sets of more than 20 classes get 1,000 labels, others 400, in six batches. The area is
the mean accuracy on the official test set over log2(labels); a gain is a strategy's area less that of
random, seed by seed, with Student's 95% interval.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from asklearn import strategies
from asklearn.curves import area, mean_interval, savings
from asklearn.dataset import Dataset
from asklearn.learner import ActiveLearner
from asklearn.registry import resolve
from encoded import encoded
from harness import ROOT, Run, main

SETS = ("text_banking77", "text_agnews", "text_trec", "img_fashion_mnist", "tab_covertype20k", "tab_adult")
POOL = 5_000
MANY = 20
BATCHES = (1, 1, 2, 2, 2, 2)
EARLY = slice(1, 3)
"""Counts that are called early: the second and the third."""

DIVERSE = "cluster_margin"
LEFT_OUT = {
    (name, "text_banking77"): "its cost grows with the square of 77 classes: minutes a batch"
    for name in ("epig", "mocu", "wmocu")
}
"""Strategies without a curve on a set, and why."""


def project(data: str, name: str, strategy: str, seed: int) -> dict[str, Any]:
    """Replay one strategy and return its curve, and the processor seconds that choosing took."""
    from threadpoolctl import threadpool_limits

    items = _subsampled(encoded(data, name), seed)
    many = len(set(items.y_pool)) > MANY
    unit = 100 if many else 40
    plain, _, begin = strategy.partition("+")
    start = resolve("selection", begin) if begin else "random"
    with threadpool_limits(1):
        learner = ActiveLearner(
            "logistic", items.X_pool, seed=seed, audit=0.0,
            strategy=replace(strategies.strategy(plain), name=strategy, start=start),
        )  # fmt: skip
        test = np.array(items.y_test)
        curve: dict[str, Any] = {"labels": [], "score": [], "choosing": []}
        for batches in BATCHES:
            batch = learner.ask(batches * unit)
            learner.tell(batch.ids, [items.y_pool[row] for row in batch.rows])
            curve["labels"].append(len(learner.labels))
            curve["score"].append(float((learner.model.predict(items.X_test) == test).mean()))
            curve["choosing"].append(round(learner.seconds["score"] + learner.seconds["select"], 4))
    return curve


def _subsampled(items: Dataset, seed: int) -> Dataset:
    rows = np.random.default_rng(seed).permutation(len(items.X_pool))[:POOL]
    return replace(items, X_pool=items.X_pool[rows], y_pool=[items.y_pool[i] for i in rows], ids=rows)


def names(wanted: str = "") -> list[str]:
    """Return the strategies that have a curve; random comes first, with and without the k-means start."""
    found = wanted.split(",") if wanted else [*strategies.names(), "auto+k_means"]
    return ["random", "random+k_means", *(s for s in found if s != "random")]


def measure(run: Run) -> None:
    """Run every project, and state each strategy's gain over random."""
    every = names(str(run.options["strategies"]))
    for name in run.sets:
        encoded(run.data, name)
    units = [
        {"data": os.path.relpath(run.data, ROOT), "name": name, "strategy": strategy, "seed": seed}
        for seed in range(run.seeds) for name in run.sets for strategy in every
        if (strategy, name) not in LEFT_OUT
    ]  # fmt: skip
    made = run.map(project, units)
    curves = {(u["name"], u["strategy"], u["seed"]): one for u, one in zip(units, made, strict=True)}
    table = {name: _table(curves, name, every, run.seeds) for name in run.sets}
    ranks = {s: float(np.mean([rows[s]["rank"] for rows in table.values() if s in rows])) for s in every}
    run.details.update(table=table, mean_rank=ranks)
    for strategy in every[1:]:
        _state(run, table, strategy)
    if "badge" in every:
        for name in {"text_banking77", "img_fashion_mnist"} & set(run.sets):
            _against_badge(run, curves, name)
    _write_page(run, table, ranks)


def _table(
    curves: dict[tuple[str, str, int], dict[str, Any]], name: str, every: list[str], seeds: int
) -> dict[str, dict[str, Any]]:
    """Return areas, gains over random, ranks and labels saved on one set."""
    every = [s for s in every if (s, name) not in LEFT_OUT]
    areas = {s: _areas(curves, name, s, seeds) for s in every}
    order = np.array([-areas[s] for s in every]).argsort(axis=0, kind="stable").argsort(axis=0)
    labels = curves[name, every[0], 0]["labels"]
    base = np.array([curves[name, "random", seed]["score"] for seed in range(seeds)])
    found = {}
    for place, strategy in enumerate(every):
        ours = np.array([curves[name, strategy, seed]["score"] for seed in range(seeds)])
        found[strategy] = {
            "area": mean_interval(areas[strategy].tolist()),
            "gain": mean_interval((areas[strategy] - areas["random"]).tolist()),
            "rank": float(order[place].mean() + 1),
            "final": float(ours[:, -1].mean()),
            "early": float((ours - base)[:, EARLY].mean()),
            "late": float((ours - base)[:, -1].mean()),
            "curve": [labels, ours.mean(axis=0).round(4).tolist()],
            "saved": savings(labels, ours, base, np.random.default_rng(0)),
            "choosing": float(np.median([curves[name, strategy, s]["choosing"] for s in range(seeds)])),
        }
    return found


def _areas(curves: dict[tuple[str, str, int], dict[str, Any]], name: str, strategy: str, seeds: int) -> Any:
    each = [curves[name, strategy, seed] for seed in range(seeds)]
    return np.array([area(one["labels"], one["score"]) for one in each])


def _state(run: Run, table: dict[str, dict[str, dict[str, Any]]], strategy: str) -> None:
    """State the worst gain of a strategy over the sets: never surely below random is what one wants."""
    measured = [name for name in run.sets if strategy in table[name]]
    worst = min(measured, key=lambda name: table[name][strategy]["gain"][0])
    run.claim(
        f"curves.worst_gain.{strategy}", *table[worst][strategy]["gain"], ">=0",
        f"area less random's, on its worst set: {worst}",
    )  # fmt: skip


def _against_badge(run: Run, curves: dict[tuple[str, str, int], dict[str, Any]], name: str) -> None:
    gap = _areas(curves, name, DIVERSE, run.seeds) - _areas(curves, name, "badge", run.seeds)
    note = f"area of {DIVERSE} less that of exact BADGE"
    run.claim(f"curves.diverse_less_badge.{name}", *mean_interval(gap.tolist()), ">=-0.003", note)


def _write_page(run: Run, table: dict[str, dict[str, dict[str, Any]]], ranks: dict[str, float]) -> None:
    """Write docs/curves.md, best mean rank first; wins in bold, losses marked as plainly."""
    short = {name: name.partition("_")[2] for name in run.sets}
    lines = [
        "# Learning curves of every strategy",
        "",
        "Made by `make claim NAME=curves`; not edited by hand." + " **A partial run.**" * run.partial,
        "",
        *str(__doc__).strip().splitlines()[2:],
        "",
        f"{run.seeds} seeds, {run.cpu_seconds / 3600:.1f} CPU hours. A cell is the gain in points of area over",
        "random [95% interval]: **bold** where surely above 0, *loses* where surely below. The rank is the mean",
        "over sets and seeds, 1 being best. Intervals are not corrected for the number of cells: one in forty",
        "lies above 0 by luck alone. No publication that we know of used these encodings, pools and batches, so",
        "no published number stands beside ours. Early is the mean gain in accuracy at the second and third",
        "count, late the one at the last, in points over all sets.",
        "",
        "| strategy | mean rank | early | late | " + " | ".join(short[name] for name in run.sets) + " |",
        "|-|-|-|-|" + "-|" * len(run.sets),
    ]
    for strategy in sorted(ranks, key=ranks.__getitem__):
        cells = [
            _cell(*table[name][strategy]["gain"]) if strategy in table[name] else "" for name in run.sets
        ]
        mean = [
            np.mean([rows[strategy][when] for rows in table.values() if strategy in rows])
            for when in ("early", "late")
        ]
        lines.append(
            f"| {strategy} | {ranks[strategy]:.1f} | {100 * mean[0]:+.1f} | {100 * mean[1]:+.1f} | "
            + " | ".join(cells) + " |"
        )  # fmt: skip
    lines += ["", "Random itself: " + ", ".join(_random(table, name, short[name]) for name in run.sets) + "."]
    lines += [
        f"\nWithout a curve: {strategy} on {short[name]}, {why}."
        for (strategy, name), why in LEFT_OUT.items()
        if name in short
    ]
    if not run.quick:
        (ROOT / "docs" / "curves.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _cell(value: float, low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return f"{100 * value:+.1f}"
    shown = f"{100 * value:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]"
    return f"**{shown}**" if low > 0 else f"*loses* {shown}" if high < 0 else shown


def _random(table: dict[str, dict[str, dict[str, Any]]], name: str, short: str) -> str:
    value, low, high = table[name]["random"]["area"]
    inner = "" if low is None else f" [{100 * low:.1f}, {100 * high:.1f}]"
    return f"{short} {100 * value:.1f}{inner}"


if __name__ == "__main__":
    quick = {"sets": ["text_trec"], "seeds": 2, "strategies": "margin,cluster_margin"}
    sys.exit(main("curves", measure, cpu_hours=4.0, sets=SETS, seeds=10, quick=quick, strategies=""))
