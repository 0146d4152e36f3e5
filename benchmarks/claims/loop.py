"""Labels that strategies save against random, on whole projects with their audit.

Encoder by the data set's columns with its defaults, model ``logistic``. Sets of more than 20 classes get
1,400 labels in batches of 100, others 400 in batches of 20. Labels saved: 1 - (labels at which the mean
curve reaches random's final score) / (random's labels); the interval resamples seeds, pairs kept together.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from asklearn.curves import area, mean_interval, savings
from asklearn.forecast import LEAST_POINTS
from asklearn.simulate import run_one
from encoded import encoded
from harness import ROOT, Run, main

STRATEGIES = ("random", "random+k_means", "margin", "cluster_margin", "auto+k_means")
SETS = ("text_banking77", "text_agnews", "text_trec", "img_fashion_mnist", "tab_covertype20k", "tab_adult")
MANY = 20
KEPT = ("labels", "score", "estimate", "forecast", "seconds")


def project(data: str, name: str, strategy: str, seed: int) -> dict[str, object]:
    """Replay one project and return its curve."""
    from threadpoolctl import threadpool_limits

    items = encoded(data, name)
    many = len(set(items.y_pool)) > MANY
    budget = min(1400 if many else 400, len(items.X_pool) // 2)
    sizes = {"start": 100, "batch": 100} if many else {"start": 20, "batch": 20}
    settings = {**sizes, "budget": budget, "metric": "accuracy", "model": "logistic", "audit": 0.1}
    with threadpool_limits(1):
        run = run_one(items, strategy, seed, settings)
    return {key: run[key] for key in KEPT}


def measure(run: Run) -> None:
    """Run every project and state one claim for each set and strategy."""
    for name in run.sets:
        encoded(run.data, name)
    units = [
        {"data": os.path.relpath(run.data, ROOT), "name": name, "strategy": strategy, "seed": seed}
        for name in run.sets for strategy in STRATEGIES for seed in range(run.seeds)
    ]  # fmt: skip
    found = {
        (u["name"], u["strategy"], u["seed"]): made
        for u, made in zip(units, run.map(project, units), strict=True)
    }
    for name in run.sets:
        score = {
            s: np.array([found[name, s, seed]["score"] for seed in range(run.seeds)]) for s in STRATEGIES
        }
        labels = found[name, STRATEGIES[0], 0]["labels"]
        for strategy in STRATEGIES[1:]:
            _state(run, name, strategy, labels, score[strategy], score["random"])
    _forecasts(run, found)


def _state(
    run: Run, name: str, strategy: str, labels: list[int], ours: np.ndarray, random: np.ndarray
) -> None:
    saved = savings(labels, ours, random, np.random.default_rng(0))
    gain = [area(labels, a) - area(labels, b) for a, b in zip(ours, random, strict=True)]
    value, low, high = mean_interval(gain)
    run.details[f"{name}.{strategy}"] = {
        "saved": saved,
        "gain": [value, low, high],
        "final": float(ours[:, -1].mean()),
    }
    run.claim(
        f"loop.area_gain.{name}.{strategy}",
        value,
        low,
        high,
        ">=-0.005",
        "points of accuracy over log2(labels)",
    )
    if strategy == "random+k_means":
        return
    none = -1.0
    figures = [none if saved[key] is None else saved[key] for key in ("value", "low", "high")]
    target = ">=0.25" if (name, strategy) == ("text_banking77", "cluster_margin") else ">=0"
    run.claim(f"loop.labels_saved.{name}.{strategy}", *figures, target, "-1: not reached within the budget")


def _forecasts(run: Run, found: dict[tuple[str, str, int], dict[str, list]]) -> None:
    """Count how often the 90% forecast for twice the labels held the test score that came.

    Forecasts from fewer than three estimates say that they know nothing, and are not counted. The interval
    resamples (set, seed): projects that share an audit stay together.
    """
    held: dict[tuple[str, int], list[bool]] = {}
    misses: list[float] = []
    for (name, _, seed), made in found.items():
        score_at = dict(zip(made["labels"], made["score"], strict=True))
        for one in made["forecast"][LEAST_POINTS - 1 :]:
            if one["at"] in score_at:
                truth = score_at[one["at"]]
                held.setdefault((name, seed), []).append(one["low"] <= truth <= one["high"])
                misses.append(abs(one["value"] - truth))
    clusters = [np.array(hits) for hits in held.values()]
    rng = np.random.default_rng(0)
    draws = [
        np.concatenate([clusters[i] for i in rng.integers(len(clusters), size=len(clusters))]).mean()
        for _ in range(2000)
    ]
    low, high = np.quantile(draws, [0.025, 0.975])
    by_set = {
        name: float(np.mean(np.concatenate([np.array(v) for k, v in held.items() if k[0] == name])))
        for name in run.sets
    }
    run.details["forecast"] = {
        "coverage_by_set": by_set,
        "median_absolute_error": float(np.median(misses)),
        "count": len(misses),
    }
    run.claim("loop.forecast_coverage_90_at_2x", np.concatenate(clusters).mean(), low, high, ">=0.87")


if __name__ == "__main__":
    sys.exit(
        main("loop", measure, cpu_hours=1.0, sets=SETS, seeds=5, quick={"sets": ["text_trec"], "seeds": 1})
    )
