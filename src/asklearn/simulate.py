"""Active learning replayed on labels that are known: does it beat random on this data?

Every run goes through :class:`~asklearn.learner.ActiveLearner` as a user's project would, audit included.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from multiprocessing import active_children
from typing import Any

import numpy as np
from numpy.random import default_rng

from asklearn.curves import area, labels_to, mean_interval, savings
from asklearn.dataset import Dataset, no_preview
from asklearn.errors import BadInput, NotFitted, PoolExhausted
from asklearn.learner import ActiveLearner
from asklearn.metrics import Metric
from asklearn.metrics import metric as metric_named
from asklearn.registry import adapt, resolve
from asklearn.strategies import Strategy
from asklearn.strategies import strategy as strategy_of
from asklearn.types import Estimate, Floats, Label

FRACTIONS = (0.8, 0.9, 0.95, 0.98, 1.0)
BASELINE = "random"
SAME_START = "random+k_means"
SHOWN = 12

Run = dict[str, Any]
Progress = Callable[[int, int], None]


def simulate(
    data: Dataset,
    strategies: Sequence[str] = ("random", "margin", "auto"),
    *,
    start: int = 20,
    batch: int = 20,
    budget: int = 400,
    seeds: int = 5,
    metric: str = "accuracy",
    model: str = "logistic",
    audit: float = 0.1,
    jobs: int = 1,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Run strategies over seeds and return what happened, ready for JSON.

    Parameters
    ----------
    data : Dataset
        Items with known labels.
    strategies : sequence of str
        Names, with options if wanted. All strategies of a seed share one random start set;
        ``NAME+SELECTION`` starts with that selection instead. With ``random`` also ``random+k_means`` is
        run, so that a strategy is not credited for a better start alone.
    start, batch, budget : int
        Size of the first batch, of the others, and labels in all; the audit's labels count.
    seeds : int
        Seeds 0 to ``seeds - 1``.
    metric : str
        A registered metric, measured on the test set and estimated by the learner itself.
    model : str
        A registered model with options.
    audit : float
        Share of every batch that is drawn at random.
    jobs : int
        Processes; results do not depend on it.
    progress : callable, optional
        ``progress(done, total)`` in runs.

    Returns
    -------
    dict
        ``runs`` and ``summary`` as documented for ``asklearn simulate``. After an interruption (Ctrl-C) it
        holds the runs that had finished, and ``complete`` is False.

    Raises
    ------
    BadInput
        If a number or a name is not what it should be.
    """
    names = check_names(strategies, metric, model)
    _check_sizes(data, start, batch, budget, seeds, jobs)
    measure = metric_named(metric)
    settings = {
        "start": start,
        "batch": batch,
        "budget": budget,
        "metric": metric,
        "model": model,
        "audit": audit,
    }
    units = [(name, seed) for seed in range(seeds) for name in names]
    runs, complete, full = [], True, None
    try:
        with one_thread():
            for done, run in enumerate(_runs(data, units, settings, jobs), 1):
                runs.append(run)
                if progress:
                    progress(done, len(units))
            full = _full_data_score(data, measure, model)
    except KeyboardInterrupt:
        complete = False
    order = {unit: place for place, unit in enumerate(units)}
    runs.sort(key=lambda run: order[run["strategy"], run["seed"]])
    return _result(data, names, runs, settings, full, complete)


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
    """Replay one strategy with one seed; see :func:`simulate` for the meaning of the result."""
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


def _full_data_score(data: Dataset, measure: Metric, model: str) -> float:
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


def _check_sizes(data: Dataset, start: int, batch: int, budget: int, seeds: int, jobs: int) -> None:
    for name, value in (("start", start), ("batch", batch), ("seeds", seeds), ("jobs", jobs)):
        if value < 1:
            raise BadInput(f"{name} must be at least 1. Got {value}.")
    if budget < start:
        raise BadInput(f"budget must be at least start={start}. Got {budget}.")
    if budget > len(data.X_pool):
        raise BadInput(
            f"A budget of {budget} is more than the pool of {data.name} has: {len(data.X_pool)} items, besides "
            f"the {len(data.X_test)} of the test set. Give a smaller budget (and start, now {start})."
        )
    if len(set(data.y_pool)) < 2:
        raise BadInput(
            f"The pool of {data.name} has one class only, {data.y_pool[0]!r}; there is nothing to learn."
        )


def _runs(
    data: Dataset, units: Sequence[tuple[str, int]], settings: dict[str, Any], jobs: int
) -> Iterator[Run]:
    if jobs == 1:
        for name, seed in units:
            yield run_one(data, name, seed, settings)
        return
    start_worker = partial(_share, replace(data, preview=no_preview), settings)
    others = set(active_children())
    workers = ProcessPoolExecutor(jobs, initializer=start_worker)
    try:
        waiting: list[Future[Run]] = [workers.submit(_shared_run, name, seed) for name, seed in units]
        for finished in as_completed(waiting):
            yield finished.result()
    except BaseException:  # nobody wants what is still running
        for worker in set(active_children()) - others:
            worker.terminate()
        raise
    finally:
        workers.shutdown(cancel_futures=True)


_shared: tuple[Dataset, dict[str, Any]]


def _share(data: Dataset, settings: dict[str, Any]) -> None:
    import signal

    global _shared
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _shared = data, settings


def _shared_run(name: str, seed: int) -> Run:
    with one_thread():
        return run_one(_shared[0], name, seed, _shared[1])


def one_thread() -> Any:
    """One BLAS thread, so that results do not depend on how many processes share the machine."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1)


def _result(
    data: Dataset,
    names: Sequence[str],
    runs: list[Run],
    settings: dict[str, Any],
    full: float | None,
    complete: bool,
) -> dict[str, Any]:
    classes = sorted({*data.y_pool, *data.y_test}, key=lambda one: (isinstance(one, str), one))
    by_name = {name: [run for run in runs if run["strategy"] == name] for name in names}
    by_name = {name: some for name, some in by_name.items() if some}
    shown = next((name for name in reversed(list(by_name)) if not name.startswith(BASELINE)), None)
    shown = shown or next(iter(by_name), None)
    row_of = {int(item): row for row, item in enumerate(data.ids)}
    result = {
        "dataset": data.name,
        "rows": len(data.X_pool) + len(data.X_test),
        "classes": classes,
        **{key: settings[key] for key in ("metric", "model", "start", "batch", "budget", "audit")},
        "encoder": data.encoder,
        "versions": versions(),
        "complete": complete,
        "test_rows": len(data.X_test),
        "full_data_score": full,
        "summary": {
            name: _summary(some, full, metric_named(settings["metric"])) for name, some in by_name.items()
        },
        "savings": _savings(by_name),
        "class_counts": {name: _class_counts(some, data, row_of) for name, some in by_name.items()},
        "examples": _examples(by_name[shown][0], data, row_of) if shown else [],
        "confusion": by_name[shown][0]["confusion"] if shown else None,
    }
    kept = ("strategy", "seed", "labels", "score", "estimate", "forecast", "seconds", "asked")
    result["runs"] = [{key: run[key] for key in kept} for run in runs]
    return result


def _summary(runs: Sequence[Run], full: float | None, measure: Metric) -> dict[str, Any]:
    value, low, high = mean_interval([area(run["labels"], run["score"]) for run in runs])
    low = None if low is None else max(low, measure.low)
    high = None if high is None else min(high, measure.high)
    reached: dict[str, int | None] = {}
    if full is not None:
        mean = np.mean([run["score"] for run in runs], axis=0)
        for fraction in FRACTIONS:
            found = labels_to(runs[0]["labels"], mean, full - (1 - fraction) * abs(full))
            reached[str(fraction)] = None if found is None else int(np.ceil(found))
    return {"aulc": value, "aulc_low": low, "aulc_high": high, "labels_to": reached}


def _savings(by_name: dict[str, list[Run]]) -> dict[str, Any]:
    if BASELINE not in by_name:
        return {}
    found = {}
    for name, runs in by_name.items():
        pairs = [(a, b) for a in runs for b in by_name[BASELINE] if a["seed"] == b["seed"]]
        if name != BASELINE and pairs:
            ours, theirs = (np.array([pair[side]["score"] for pair in pairs]) for side in (0, 1))
            found[name] = savings(pairs[0][0]["labels"], ours, theirs, default_rng(0))
    return found


def _class_counts(runs: Sequence[Run], data: Dataset, row_of: dict[int, int]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for item in runs[0]["asked"]:
        label = str(data.y_pool[row_of[item]])
        counts[label] = counts.get(label, 0) + 1
    return counts


def _examples(run: Run, data: Dataset, row_of: dict[int, int]) -> list[dict[str, Any]]:
    """Return the first and the last few items that a run asked, as a report shows them."""
    places = list(range(len(run["asked"])))
    chosen = places if len(places) <= SHOWN else places[: SHOWN // 3] + places[-(SHOWN - SHOWN // 3) :]
    return [
        {
            "id": run["asked"][i],
            "stream": run["streams"][i],
            "reason": run["reasons"][i],
            "score": run["scores"][i],
            "label": str(data.y_pool[row_of[run["asked"][i]]]),
            **data.preview(row_of[run["asked"][i]]),
        }
        for i in chosen
    ]


def versions() -> dict[str, str]:
    """Return the versions of Python and of what decides the numbers.

    Examples
    --------
    >>> sorted(versions())
    ['asklearn', 'numpy', 'python', 'scikit-learn', 'scipy']
    """
    named = {name: version(name) for name in ("asklearn", "numpy", "scipy", "scikit-learn")}
    return {"python": platform.python_version(), **named}


def default_jobs() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
