"""Where the time of one refresh goes: 100,000 x 384 float32, 77 classes, 2,000 labels, CPU seconds.

Beside it, in the same run: the same work by hand (scikit-learn's logistic regression with the same strength,
its ``predict_proba`` on the whole pool, the difference of the two largest probabilities by ``np.partition``,
``np.argpartition``), and the matrix product that scoring cannot do without. Features are made: 77 Gaussian
clusters. One thread.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from harness import Run, main

CLASSES, FEATURES, LABELS, BATCH = 77, 384, 2000, 100


def once(items: int, repeat: int) -> dict[str, float]:
    """Return CPU seconds of each part of a refresh, ours and by hand."""
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    from asklearn import ranking
    from asklearn.learner import ActiveLearner

    ranking.time = SimpleNamespace(perf_counter=time.process_time)  # its seconds are CPU seconds here
    rng = np.random.default_rng(repeat)
    y = rng.integers(CLASSES, size=items)
    centres = rng.normal(size=(CLASSES, FEATURES)).astype(np.float32)
    X = 0.35 * centres[y] + rng.standard_normal((items, FEATURES), dtype=np.float32)
    spent: dict[str, float] = {}

    def timed(name: str, work):
        began = time.process_time()
        made = work()
        spent[name] = time.process_time() - began
        return made

    with threadpool_limits(1):
        learner = timed("open", lambda: ActiveLearner("logistic", X, strategy="cluster_margin", seed=repeat))
        first = rng.choice(items, LABELS, replace=False)
        learner.tell(first[:-1].tolist(), y[first[:-1]])
        timed("fit_tuned", learner.refresh)
        learner.tell(first[-1:].tolist(), y[first[-1:]])
        timed("fit", learner.refresh)
        timed("ask", lambda: learner.ask(BATCH))
        spent["score"], spent["select"] = learner.seconds["score"], learner.seconds["select"]
        strength = learner.state.fits[-1].params["C"]
        scaled = ((X - X[first].mean(0)) / np.sqrt(FEATURES)).astype(np.float32)
        by_hand = timed(
            "fit_by_hand",
            lambda: LogisticRegression(C=strength, max_iter=300).fit(scaled[first], y[first]),
        )
        timed("score_by_hand", lambda: _margin(by_hand.predict_proba(scaled)))
        timed("matrix_product", lambda: scaled @ by_hand.coef_.T.astype(np.float32))
    return spent


def _margin(proba: np.ndarray) -> np.ndarray:
    two = np.partition(proba, -2, axis=1)[:, -2:]
    return np.argpartition(two[:, 1] - two[:, 0], BATCH)[:BATCH]


def measure(run: Run) -> None:
    """State the median over repeats of each part, and of the ratios within a repeat."""
    units = [{"items": run.options["items"], "repeat": repeat} for repeat in range(run.options["repeats"])]
    made = run.map(once, units)
    parts = {name: sorted(one[name] for one in made) for name in made[0]}
    run.details["cpu_seconds"] = {
        name: {"median": float(np.median(v)), "low": v[0], "high": v[-1]} for name, v in parts.items()
    }
    for name, figures in run.details["cpu_seconds"].items():
        print(f"{name:16s} {figures['median']:8.3f} CPU s [{figures['low']:.3f}, {figures['high']:.3f}]")
    for ours, theirs, target in (
        ("score", "score_by_hand", "<=1.2"),
        ("fit", "fit_by_hand", "<=1.5"),
        ("score", "matrix_product", "<=10"),
    ):
        ratios = sorted(one[ours] / one[theirs] for one in made)
        run.claim(
            f"refresh.{ours}_over_{theirs}",
            float(np.median(ratios)),
            ratios[0],
            ratios[-1],
            target,
            "range over repeats",
        )


if __name__ == "__main__":
    sys.exit(
        main(
            "refresh",
            measure,
            cpu_hours=0.05,
            items=100_000,
            repeats=5,
            quick={"items": 20_000, "repeats": 1},
        )
    )
