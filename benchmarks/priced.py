"""Whole projects with what prices and stopping are judged on: shared by their claims and by the price's bank.

Rounds are those of ``projects.py``, the labels growing by the square root of two; each is asked as a batch of a
sixth and a batch of the rest, so that gains of small batches are known too.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from asklearn.learner import ActiveLearner
from asklearn.metrics import metric
from encoded import encoded
from harness import ROOT
from projects import drawn, label_counts

METRICS = ("accuracy", "balanced_accuracy", "macro_f1")
TESTED = 5000
SMALL = 6
JUDGED = 2


def priced(
    data: str, name: str, strategy: str, seed: int, *, model: str = "logistic", judged: bool = True
) -> dict[str, Any]:
    """Replay one project on at most 5,000 items of a set's pool and return what each round was like.

    Parameters
    ----------
    data, name : str
        Folder and data set; up to 5,000 items of the official test part tell the truth.
    strategy, model : str
        As :class:`~asklearn.learner.ActiveLearner` takes them.
    seed : int
        Draws the pool; the learner's seed.
    judged : bool
        Whether :meth:`~asklearn.learner.ActiveLearner.evaluate` is called in each round.

    Returns
    -------
    dict
        ``rounds``: for each, ``labels``, ``score`` (metric by metric, on the test part), ``changed`` (share of
        the watched items that a model of the first ``1 / sqrt(2)`` of the labels saw otherwise), ``believed``,
        ``kappa``, ``confidence``, ``estimate`` (value, low, high, audit labels). ``between``: labels and score after
        the small batches. ``classes``, ``test``.
    """
    from threadpoolctl import threadpool_limits

    items = drawn(encoded(data, name), seed)
    X_test, y_test = items.X_test[:TESTED], items.y_test[:TESTED]
    learner = ActiveLearner(model, items.X_pool, strategy=strategy, seed=seed, clock=lambda: 0.0)
    rounds: list[dict[str, Any]] = []
    between: list[dict[str, Any]] = []

    def answer(upto: int) -> dict[str, Any] | None:
        batch = learner.ask(upto - len(learner.labels))
        learner.tell(batch.ids, [items.y_pool[row] for row in batch.rows])
        if len(set(learner.labels.values())) < 2:
            return None
        return {"labels": len(learner.labels), "score": scores(learner.model, X_test, y_test)}

    with threadpool_limits(1):
        for labels in label_counts(len(set(items.y_pool)), len(items.X_pool)):
            if rounds and (small := answer(rounds[-1]["labels"] + (labels - rounds[-1]["labels"]) // SMALL)):
                between.append(small)
            if here := answer(labels):
                rounds.append(here | _seen(learner, judged))
    return {"rounds": rounds, "between": between, "classes": len(set(items.y_pool)), "test": len(y_test)}


def scores(model: Any, X: np.ndarray, y: list[Any]) -> dict[str, float]:
    """Return each metric of a model's predictions; classes that it does not know count."""
    every = {label: c for c, label in enumerate(sorted({*model.classes_.tolist(), *y}))}
    proba_NC = np.zeros((len(y), len(every)), np.float32)
    proba_NC[:, [every[label] for label in model.classes_.tolist()]] = model.predict_proba(X)
    truth_N = np.array([every[label] for label in y])
    return {name: round(metric(name)(proba_NC, truth_N), 5) for name in METRICS}


def units(
    data: Path, names: Iterable[str], strategies: Iterable[str], seeds: Iterable[int], model: str = "logistic"
) -> list[dict[str, Any]]:
    """Return what to call :func:`priced` with, worded alike in every claim so that its units are shared."""
    return [
        {"data": os.path.relpath(data, ROOT), "name": name, "strategy": strategy, "seed": seed, "model": model,
         "judged": strategy != "random" and seed < JUDGED}
        for seed in seeds for name in names for strategy in strategies
    ]  # fmt: skip


def _seen(learner: ActiveLearner, judged: bool) -> dict[str, Any]:
    seen = learner._watch()
    found = learner.evaluate() if judged else None
    return {
        "confidence": round(seen.confidence, 5),
        "changed": None if seen.changed is None else seen.changed / seen.size,
        "believed": None if seen.believed is None else round(seen.believed, 6),
        "kappa": None if seen.agreement is None else round(seen.agreement.value, 5),
        "estimate": None if found is None else [found.value, found.low, found.high, found.n],
    }
