"""One run: a strategy with a seed, replayed on known labels through :class:`~asklearn.learner.ActiveLearner`.

The audit is included, as in a user's project.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from asklearn.dataset import Dataset
from asklearn.errors import BadInput, NotFitted, PoolExhausted
from asklearn.learner import ActiveLearner
from asklearn.metrics import Metric
from asklearn.metrics import metric as metric_named
from asklearn.registry import adapt, resolve
from asklearn.strategies import Strategy
from asklearn.strategies import strategy as strategy_of
from asklearn.types import Estimate, Floats, Label

BASELINE = "random"
SAME_START = "random+k_means"

Run = dict[str, Any]


def check_names(strategies: Sequence[str], metric: str, model: str) -> list[str]:
    """Return the strategies that will be run; refuse a name that is none, without any data.

    Examples
    --------
    >>> check_names(["random", "margin"], "accuracy", "logistic")
    ['random', 'margin', 'random+k_means']
    """
    names = _with_baseline(strategies)
    for name in names:
        _strategy(name)
    adapt("models", model)
    metric_named(metric)
    return names


def run_one(data: Dataset, name: str, seed: int, settings: dict[str, Any]) -> Run:
    """Replay one strategy with one seed; see ``simulate`` for the meaning of the result."""
    measure = metric_named(settings["metric"])
    learner = ActiveLearner(
        settings["model"],
        data.X_pool,
        strategy=_strategy(name),
        seed=seed,
        audit=settings["audit"],
        metric=settings["metric"],
    )
    run: Run = {
        "strategy": name, "seed": seed, "labels": [], "score": [], "estimate": [], "forecast": [],
        "seconds": {"fit": [], "score": [], "select": []},
        "asked": [], "streams": [], "reasons": [], "scores": [],
    }  # fmt: skip
    want = settings["start"]
    while want > 0:
        learner.seconds.update(dict.fromkeys(learner.seconds, 0.0))
        try:
            asked = learner.ask(want)
        except PoolExhausted:
            break
        learner.tell(asked.ids, [data.y_pool[row] for row in asked.rows])
        run["asked"] += [int(data.ids[row]) for row in asked.rows]
        run["streams"] += asked.streams
        run["reasons"] += asked.reasons
        run["scores"] += asked.scores
        _record(run, learner, data, measure)
        want = min(settings["batch"], settings["budget"] - len(run["asked"]))
    run["confusion"] = _confusion(learner, data)
    return run


def _record(run: Run, learner: ActiveLearner, data: Dataset, measure: Metric) -> None:
    labels = len(run["asked"])
    run["labels"].append(labels)
    try:
        classes, proba_NC = learner.model.classes_.tolist(), learner.model.predict_proba(data.X_test)
        found, later = learner.evaluate(), learner.forecast(labels)
    except NotFitted:
        classes = sorted(set(learner.labels.values()), key=str)
        proba_NC = np.ones((len(data.y_test), 1))
        nothing = "too few labels: one class only"
        found = later = Estimate(
            measure.name, (measure.low + measure.high) / 2, measure.low, measure.high, 0, nothing
        )
    for part, seconds in learner.seconds.items():
        run["seconds"][part].append(round(seconds, 6))
    run["score"].append(_test_score(measure, classes, proba_NC, data.y_test))
    run["estimate"].append({"value": found.value, "low": found.low, "high": found.high, "n_audit": found.n})
    run["forecast"].append({"at": 2 * labels, "value": later.value, "low": later.low, "high": later.high})


def _test_score(measure: Metric, classes: Sequence[Label], proba_NC: Floats, truth: Sequence[Label]) -> float:
    every = list(dict.fromkeys([*classes, *truth]))
    column = {label: c for c, label in enumerate(every)}
    wide_NC = np.zeros((len(truth), len(every)))
    wide_NC[:, : len(classes)] = proba_NC
    return measure(wide_NC, np.array([column[label] for label in truth]))


def full_data_score(data: Dataset, measure: Metric, model: str) -> float:
    """Return the test score of the model trained on every label of the pool."""
    fitted = adapt("models", model).fresh(0).fit(data.X_pool, data.y_pool)
    return _test_score(measure, fitted.classes, fitted.posterior(data.X_test).proba_NC, data.y_test)


def _confusion(learner: ActiveLearner, data: Dataset) -> dict[str, Any] | None:
    try:
        guesses = learner.model.predict(data.X_test).tolist()
    except NotFitted:
        return None
    every = sorted({*guesses, *data.y_test}, key=str)
    column = {label: c for c, label in enumerate(every)}
    counts = np.zeros((len(every), len(every)), int)
    np.add.at(counts, ([column[one] for one in data.y_test], [column[one] for one in guesses]), 1)
    return {"labels": every, "counts": counts.tolist()}


def _strategy(name: str) -> Strategy:
    """Return the strategy `name`, with the shared random start unless ``+SELECTION`` names another."""
    plain, _, begin = name.partition("+")
    return replace(strategy_of(plain), name=name, start=resolve("selection", begin) if begin else "random")


def _with_baseline(strategies: Sequence[str]) -> list[str]:
    names = list(dict.fromkeys(strategies))
    if not names:
        raise BadInput("Name at least one strategy, such as random,margin,auto.")
    return [*names, SAME_START] if BASELINE in names and SAME_START not in names else names
