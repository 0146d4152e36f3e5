"""Does the 95% interval of ``evaluate`` cover the truth? Whole projects through ``ActiveLearner``.

Each project draws a pool of 2,000 items and a test set of the rest anew from the same rows, asks and tells
up to 600 labels in batches of 100 (strategies in turn, audit 10%), and evaluates after 200, 400 and 600.
Truth is the accuracy of the present model on the test set. Encoder by prefix, model ``logistic``.
As a check of the check, the same audit labels predicted by the model that trained on them must fail.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from asklearn.intervals import exact_binomial
from asklearn.learner import ActiveLearner
from encoded import encoded, shuffled
from harness import ROOT, Run, main

SETS = ("text_agnews", "img_fashion_mnist", "tab_covertype20k")
STRATEGIES = ("cluster_margin", "auto", "margin", "random")
POOL, BATCH, LABELS = 2000, 100, (200, 400, 600)


def project(data: str, name: str, seed: int) -> dict[str, list]:
    """Replay one project and return, at each look, the interval, the truth and the planted interval."""
    from threadpoolctl import threadpool_limits

    items = shuffled(encoded(data, name), POOL, seed)
    learner = ActiveLearner(
        "logistic", items.X_pool, strategy=STRATEGIES[seed % len(STRATEGIES)], seed=seed, clock=lambda: 0.0
    )
    looks: dict[str, list] = {"estimate": [], "truth": [], "planted": []}
    with threadpool_limits(1):
        while len(learner.labels) < LABELS[-1]:
            batch = learner.ask(BATCH)
            learner.tell(batch.ids, [items.y_pool[row] for row in batch.rows])
            if len(learner.labels) in LABELS:
                found = learner.evaluate()
                looks["estimate"].append([found.value, found.low, found.high, found.n])
                looks["truth"].append(float(learner.model.score(items.X_test, np.array(items.y_test))))
                looks["planted"].append(in_sample(learner, items.X_pool, items.y_pool))
    return looks


def in_sample(learner: ActiveLearner, X: np.ndarray, y: list) -> list[float]:
    """Return the interval from the audit's labels as predicted by the model that trained on them."""
    streams = learner.state.asks
    rows = [row for row, ask in streams.items() if ask.stream == "audit"]
    right = int((learner.model.predict(X[rows]) == np.array([y[row] for row in rows])).sum())
    return [right / len(rows), *exact_binomial(right, len(rows)), len(rows)]


def measure(run: Run) -> None:
    """Run the projects and state coverage, its test against 95%, and the mean width."""
    from scipy.stats import binomtest

    for name in run.sets:
        encoded(run.data, name)
    each = max(run.options["projects"] // len(run.sets), 1)
    units = [
        {"data": os.path.relpath(run.data, ROOT), "name": name, "seed": seed}
        for name in run.sets
        for seed in range(each)
    ]
    made = run.map(project, units)
    for look, labels in enumerate(LABELS):
        for kind in ("estimate", "planted"):
            inside = [one[kind][look][1] <= one["truth"][look] <= one[kind][look][2] for one in made]
            width = float(np.mean([one[kind][look][2] - one[kind][look][1] for one in made]))
            audit = float(np.mean([one[kind][look][3] for one in made]))
            by_set = {
                name: float(
                    np.mean([hit for hit, unit in zip(inside, units, strict=True) if unit["name"] == name])
                )
                for name in run.sets
            }
            below = binomtest(sum(inside), len(inside), 0.95, alternative="less").pvalue
            run.details[f"{kind}.{labels}"] = {
                "coverage": float(np.mean(inside)), "by_set": by_set, "mean_width": width,
                "mean_audit_labels": audit, "p_under_95": below, "projects": len(inside),
            }  # fmt: skip
            coverage = float(np.mean(inside))
            low, high = exact_binomial(sum(inside), len(inside))
            if kind == "estimate":
                run.claim(f"evaluation.coverage_95.{labels}_labels", coverage, low, high, ">=0.925")
                run.claim(f"evaluation.p_of_under_95.{labels}_labels", below, None, None, ">=0.05")
                run.claim(
                    f"evaluation.mean_width.{labels}_labels",
                    width,
                    None,
                    None,
                    "<=0.5",
                    f"{audit:.0f} audit labels",
                )
            else:
                run.claim(f"evaluation.planted_in_sample_p.{labels}_labels", below, None, None, "<=0.05")


if __name__ == "__main__":
    sys.exit(
        main(
            "evaluation",
            measure,
            cpu_hours=0.6,
            sets=SETS,
            projects=300,
            quick={"sets": ["text_agnews"], "projects": 4},
        )
    )
