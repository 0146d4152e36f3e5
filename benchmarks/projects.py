"""Whole projects through ``ActiveLearner``, round by round: what forecast, price and stopping are judged on.

Pool and test part are dealt anew from all items of a set, so that a new item of the pool's distribution is what
the truth is about: an official test part may have another mix of classes. A round is one batch: the first of 20
items (two for each class where there are more than 20), then as many as make the labels grow by the square root
of two, to a third of the pool (to half of it where that would give fewer than nine rounds). A model of a random
sixth of each batch tells what a small one brings. Claims share finished projects::

    run.map(project, units(run.data, run.sets, ["random", "auto"], range(run.seeds)), cache="projects")
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import default_rng

from asklearn.dataset import Dataset
from asklearn.learner import ActiveLearner
from asklearn.metrics import metric
from asklearn.registry import adapt
from encoded import encoded, shuffled
from harness import ROOT

SETS = (
    "text_agnews", "text_airline_tweets", "text_banking77", "text_movie_reviews", "text_sms_spam",
    "text_stackoverflow20", "text_trec", "text_20newsgroups", "img_fashion_mnist", "img_sign_digits", "tab_adult",
    "tab_covertype20k", "tab_letter", "tab_mammography", "tab_spambase", "tab_wine_quality",
)  # fmt: skip
STRATEGIES = ("auto", "random")
SEEDS = 3
METRICS = ("accuracy", "balanced_accuracy", "macro_f1")
POOL, POOL_SHARE, TESTED = 3000, 2 / 3, 5000
START, MANY, ROUNDS, SMALL = 20, 20, 9, 6
STEP = 2**0.5


def project(
    data: str, name: str, strategy: str, seed: int, *, model: str = "logistic", pool: int = POOL
) -> dict[str, Any]:
    """Replay one project and return what each round was like.

    Parameters
    ----------
    data, name : str
        Folder and data set.
    strategy, model : str
        As :class:`~asklearn.learner.ActiveLearner` takes them; the audit is its default.
    seed : int
        Deals the items; the learner's seed.
    pool : int
        Most items to ask from; see :func:`dealt`.

    Returns
    -------
    dict
        ``rounds``: for each, ``labels``, ``score`` (metric by metric, on the test part), ``estimate`` (value, low,
        high, audit labels of ``evaluate``), ``changed`` (share of the watched items that a model of the first
        ``1 / sqrt(2)`` of the labels saw otherwise), ``believed``, ``kappa``, ``confidence``, and
        ``open_confidence`` (of items that nobody was asked about). ``between``: labels and score with the small
        batches, from the second round on. ``classes``, ``test``, ``pool``: how many.
    """
    from threadpoolctl import threadpool_limits

    items = dealt(encoded(data, name), seed, pool)
    learner = ActiveLearner(model, items.X_pool, strategy=strategy, seed=seed, clock=lambda: 0.0)
    classes = len(set(items.y_pool))
    rounds: list[dict[str, Any]] = []
    between: list[dict[str, Any]] = []
    with threadpool_limits(1):
        for labels in label_counts(classes, len(items.X_pool)):
            before, batch = list(learner.labels), learner.ask(labels - len(learner.labels))
            learner.tell(batch.ids, [items.y_pool[row] for row in batch.rows])
            if rounds:
                part = default_rng([seed, labels]).permutation(batch.rows)[: len(batch.rows) // SMALL]
                between.append(_fitted(model, items, [*before, *part.tolist()]))
            if len(set(learner.labels.values())) > 1:
                rounds.append(_seen(learner, items))
    sizes = {"classes": classes, "test": len(items.y_test), "pool": len(items.y_pool)}
    return {"rounds": rounds, "between": between, **sizes}


def units(
    data: Path, names: Iterable[str], strategies: Iterable[str], seeds: Iterable[int], model: str = "logistic"
) -> list[dict[str, Any]]:
    """Return what to call :func:`project` with, worded alike in every claim so that its units are shared."""
    return [
        {"data": os.path.relpath(data, ROOT), "name": name, "strategy": strategy, "seed": seed, "model": model,
         "pool": POOL}
        for seed in seeds for name in names for strategy in strategies
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


def dealt(items: Dataset, seed: int, pool: int = POOL) -> Dataset:
    """Return a set parted anew: two thirds to ask from but at most `pool`, and at most 5,000 of the rest to test on."""
    every = len(items.y_pool) + len(items.y_test)
    parted = shuffled(items, min(pool, round(every * POOL_SHARE)), seed)
    return replace(parted, X_test=parted.X_test[:TESTED], y_test=parted.y_test[:TESTED])


def scores(model: Any, X: np.ndarray, y: list[Any]) -> dict[str, float]:
    """Return each metric of a model's predictions; classes that it does not know count."""
    every = {label: c for c, label in enumerate(sorted({*model.classes_.tolist(), *y}))}
    proba_NC = np.zeros((len(y), len(every)), np.float32)
    proba_NC[:, [every[label] for label in model.classes_.tolist()]] = model.predict_proba(X)
    truth_N = np.array([every[label] for label in y])
    return {name: round(metric(name)(proba_NC, truth_N), 5) for name in METRICS}


def _fitted(model: str, items: Dataset, rows: list[int]) -> dict[str, Any]:
    """Return labels and scores of a model of some of the pool's items."""
    known = adapt("models", model).fresh(0).fit(items.X_pool[rows], [items.y_pool[row] for row in rows])
    return {"labels": len(rows), "score": scores(known.estimator, items.X_test, items.y_test)}


def _seen(learner: ActiveLearner, items: Dataset) -> dict[str, Any]:
    seen, found = learner._watch(), learner.evaluate()
    return {
        "labels": len(learner.labels),
        "score": scores(learner.model, items.X_test, items.y_test),
        "estimate": [found.value, found.low, found.high, found.n],
        "changed": None if seen.changed is None else seen.changed / seen.size,
        "believed": None if seen.believed is None else round(seen.believed, 6),
        "kappa": None if seen.agreement is None else round(seen.agreement.value, 5),
        "confidence": round(seen.confidence, 5),
        "open_confidence": round(learner._expected()["confidence"], 5),
    }
