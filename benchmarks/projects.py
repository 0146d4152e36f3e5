"""Whole projects through ``ActiveLearner``, round by round: what forecast, price and stopping are judged on.

A round is one batch: the first of 20 items (two for each class where there are more than 20), then as many
as make the labels grow by the square root of two, to a third of the pool (to half of it where that would
give fewer than nine rounds). Claims share finished ones::

    run.map(project, units(run.data, run.sets, ["random", "auto"], range(run.seeds)), cache="projects")
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import default_rng

from asklearn.asking import open_rows
from asklearn.dataset import Dataset
from asklearn.learner import ActiveLearner
from encoded import encoded
from harness import ROOT

POOL, START, MANY, ROUNDS, WATCHED = 5000, 20, 20, 9, 2000
STEP = 2**0.5


def project(
    data: str, name: str, strategy: str, seed: int, *, model: str = "logistic", audit: float = 0.1
) -> dict[str, Any]:
    """Replay one project on at most 5,000 items of a set's pool and return what each round was like.

    Parameters
    ----------
    data, name : str
        Folder and data set; the official test part tells the truth.
    strategy, model : str
        As :class:`~asklearn.learner.ActiveLearner` takes them.
    seed : int
        Draws the pool; the learner's seed.
    audit : float
        Share of every batch that is drawn at random.

    Returns
    -------
    dict
        A list of each, one entry a round: ``labels``; ``score`` (accuracy on the test part); ``estimate``
        (value, low, high and audit labels of ``evaluate``); ``hits`` (for each audit label, in the audit's
        order, whether its held-out prediction is right: a string of 0 and 1); ``confidence`` and ``margin``
        (means over 2,000 unlabelled items, drawn once and kept while they are open); ``counts`` (labels of each
        class, largest first); ``cpu`` (seconds of the round). Once: ``classes``, ``test`` (items), ``pool``
        (items).
    """
    from threadpoolctl import threadpool_limits

    items = drawn(encoded(data, name), seed)
    y_test = np.array(items.y_test)
    learner = ActiveLearner(model, items.X_pool, strategy=strategy, seed=seed, audit=audit, clock=lambda: 0.0)
    watched = default_rng([seed, 1]).permutation(len(items.X_pool))
    rounds: list[dict[str, Any]] = []
    with threadpool_limits(1):
        for labels in label_counts(len(set(items.y_pool)), len(items.X_pool)):
            began = cpu_seconds()
            batch = learner.ask(labels - len(learner.labels))
            learner.tell(batch.ids, [items.y_pool[row] for row in batch.rows])
            if len(set(learner.labels.values())) > 1:
                rounds.append(_round(learner, items, y_test, watched) | {"cpu": cpu_seconds() - began})
    return {
        **{key: [one[key] for one in rounds] for key in rounds[0]},
        "classes": len(set(items.y_pool)), "test": len(y_test), "pool": len(items.X_pool),
    }  # fmt: skip


def units(
    data: Path, names: Iterable[str], strategies: Iterable[str], seeds: Iterable[int],
    models: Iterable[str] = ("logistic",),
) -> list[dict[str, Any]]:  # fmt: skip
    """Return what to call :func:`project` with, worded alike in every claim so that its units are shared."""
    return [
        {"data": os.path.relpath(data, ROOT), "name": name, "strategy": strategy, "seed": seed, "model": model}
        for seed in seeds for name in names for model in models for strategy in strategies
    ]  # fmt: skip


def label_counts(classes: int, pool: int) -> list[int]:
    """Return the number of labels after each round.

    Examples
    --------
    >>> label_counts(2, 1000)
    [20, 28, 40, 57, 80, 113, 160, 226, 320]
    """
    start = START if classes <= MANY else 2 * classes
    counts = [start]
    while (following := round(start * STEP ** len(counts))) <= pool // (3 if len(counts) >= ROUNDS else 2):
        counts.append(following)
    return counts


def drawn(items: Dataset, seed: int) -> Dataset:
    """Return a set with at most 5,000 items of its pool, drawn by `seed`; the test part stays whole."""
    rows = np.sort(default_rng([seed, 0]).permutation(len(items.X_pool))[:POOL])
    return Dataset(
        name=items.name, encoder=items.encoder, X_pool=items.X_pool[rows],
        y_pool=[items.y_pool[row] for row in rows], X_test=items.X_test, y_test=items.y_test, ids=rows,
    )  # fmt: skip


def cpu_seconds() -> float:
    """Return the processor time of this process so far."""
    return time.process_time()


def _round(learner: ActiveLearner, items: Dataset, y_test: np.ndarray, watched: np.ndarray) -> dict[str, Any]:
    found, audited, model = learner.evaluate(), learner.audited(), learner.model
    column = {label: c for c, label in enumerate(audited.classes)}
    hits = audited.proba_NC.argmax(1) == [column.get(label, -1) for label in audited.labels]
    rows = watched[np.isin(watched, open_rows(learner.state, len(items.X_pool)))][:WATCHED]
    best_NC = -np.sort(-model.predict_proba(items.X_pool[rows]), axis=1)
    labels = list(learner.labels.values())
    return {
        "labels": len(labels),
        "score": float((model.predict(items.X_test) == y_test).mean()),
        "estimate": [found.value, found.low, found.high, found.n],
        "hits": "".join("01"[hit] for hit in hits.astype(int)),
        "confidence": float(best_NC[:, 0].mean()),
        "margin": float((best_NC[:, 0] - best_NC[:, 1]).mean()),
        "counts": sorted(np.unique(labels, return_counts=True)[1].tolist(), reverse=True),
    }
