"""Several strategies with several seeds on one data set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from asklearn.dataset import Dataset
from asklearn.errors import BadInput
from asklearn.metrics import metric as metric_named
from asklearn.simulate.kept import Kept
from asklearn.simulate.replay import check_names, full_data_score
from asklearn.simulate.result import result_of
from asklearn.simulate.workers import one_thread, replayed

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
    kept: Kept | None = None,
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
        ``progress(done, total)`` in runs that were not kept.
    kept : Kept, optional
        Where finished runs are kept; those that are there are not run again.

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
    check_numbers(start, batch, budget, seeds, jobs)
    _check_fits(data, start, budget)
    settings = settings_of(start, batch, budget, metric, model, audit)
    units = [(name, seed) for seed in range(seeds) for name in names]
    if kept:
        kept.bind(data)
    done = dict(kept.runs) if kept else {}
    full = kept.full_data_score if kept else None
    todo, complete = [unit for unit in units if unit not in done], True
    try:
        with one_thread():
            for count, run in enumerate(replayed(data, todo, settings, jobs), 1):
                done[run["strategy"], run["seed"]] = run
                if kept:
                    kept.add(run)
                if progress:
                    progress(count, len(todo))
            if full is None:
                full = full_data_score(data, metric_named(metric), model)
                if kept:
                    kept.add_full(full)
    except KeyboardInterrupt:
        complete = False
    return result_of(data, names, [done[unit] for unit in units if unit in done], settings, full, complete)


def settings_of(start: int, batch: int, budget: int, metric: str, model: str, audit: float) -> dict[str, Any]:
    """Return what all runs of a data set share."""
    return {
        "start": start, "batch": batch, "budget": budget, "metric": metric, "model": model, "audit": audit,
    }  # fmt: skip


def check_numbers(start: int, batch: int, budget: int, seeds: int, jobs: int) -> None:
    """Refuse numbers that make no sense on any data set."""
    for name, value in (("start", start), ("batch", batch), ("seeds", seeds), ("jobs", jobs)):
        if value < 1:
            raise BadInput(f"{name} must be at least 1. Got {value}.")
    if budget < start:
        raise BadInput(f"budget must be at least start={start}. Got {budget}.")


def _check_fits(data: Dataset, start: int, budget: int) -> None:
    if budget > len(data.X_pool):
        raise BadInput(
            f"A budget of {budget} is more than the pool of {data.name} has: {len(data.X_pool)} items, besides "
            f"the {len(data.X_test)} of the test set. Give a smaller budget (and start, now {start})."
        )
    if len(set(data.y_pool)) < 2:
        raise BadInput(
            f"The pool of {data.name} has one class only, {data.y_pool[0]!r}; there is nothing to learn."
        )
