"""Several strategies on several data sets, with several seeds on each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

from asklearn.dataset import Dataset
from asklearn.errors import BadInput
from asklearn.files import locked
from asklearn.simulate.comparison import compared
from asklearn.simulate.kept import Kept
from asklearn.simulate.replay import check_names
from asklearn.simulate.result import versions
from asklearn.simulate.single import check_numbers, settings_of, simulate

Progress = Callable[[str, int, int], None]


def simulate_many(
    datasets: Mapping[str, Callable[[], Dataset]],
    strategies: Sequence[str] = ("random", "margin", "auto"),
    *,
    results: str | PathLike[str] | None = None,
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
    """Run strategies on data sets and return what happened, ready for JSON.

    Parameters
    ----------
    datasets : mapping of str to callable
        By name, what loads it; called when its turn comes.
    strategies, start, batch, budget, seeds, metric, model, audit, jobs
        As for ``simulate``; the same for every data set.
    results : path, optional
        A folder in which each finished run is kept at once, under ``runs``. The same call goes on where it
        stopped; further strategies and seeds are added to what is there.
    progress : callable, optional
        ``progress(name, done, total)``: the data set at hand, and runs of all data sets that were not kept.

    Returns
    -------
    dict
        ``datasets`` (a list of what ``simulate`` returns), ``comparison`` (over data sets; None with fewer than
        two), ``left_out`` (by name, why a data set could not be simulated), ``complete``, ``kept`` (whether in a
        folder) and ``versions``.

    Raises
    ------
    BadInput
        If a number or a name is not what it should be, runs were kept with other settings, or every data set
        had to be left out.
    Conflict
        If another process is at work in the results folder.

    Examples
    --------
    >>> import numpy as np
    >>> def halves(column):
    ...     X = np.random.default_rng(column).normal(size=(90, 2))
    ...     y = (X[:, column] > 0).astype(int).tolist()
    ...     return Dataset(f"halves{column}", "none", X[:60], y[:60], X[60:], y[60:], np.arange(60))
    >>> loaders = {f"halves{column}": lambda column=column: halves(column) for column in (0, 1)}
    >>> found = simulate_many(loaders, ["random", "margin"], start=10, batch=10, budget=30, seeds=2)
    >>> found["comparison"]["datasets"], len(found["datasets"][0]["runs"])
    (['halves0', 'halves1'], 6)
    """
    names = check_names(strategies, metric, model)
    check_numbers(start, batch, budget, seeds, jobs)
    if not datasets:
        raise BadInput("Name at least one data set.")
    settings = settings_of(start, batch, budget, metric, model, audit)
    folder = None if results is None else Path(results)
    with _owned(folder):
        kept = {name: Kept(folder / "runs", name, settings) if folder else None for name in datasets}
        units = {(name, seed) for name in names for seed in range(seeds)}
        left = {name: len(units - set(one.runs) if one else units) for name, one in kept.items()}
        found: list[dict[str, Any]] = []
        left_out: dict[str, str] = {}
        complete = True
        for name, load in datasets.items():
            before, total = sum(left[one["dataset"]] for one in found), sum(left.values())

            def tell(done: int, _: int, name: str = name, before: int = before, total: int = total) -> None:
                if progress:
                    progress(name, before + done, total)

            try:
                one = simulate(
                    replace(load(), name=name),
                    strategies,
                    **settings,
                    seeds=seeds,
                    jobs=jobs,
                    progress=tell,
                    kept=kept[name],
                )  # fmt: skip
            except KeyboardInterrupt:
                complete = False
                break
            except BadInput as error:
                left_out[name] = str(error)
                left[name] = 0
                continue
            found.append(one)
            if not one["complete"]:
                complete = False
                break
    if left_out and not found and complete:
        raise BadInput(next(iter(left_out.values())))
    return {
        "datasets": found,
        "comparison": compared([one for one in found if one["complete"]]),
        "left_out": left_out,
        "complete": complete,
        "kept": results is not None,
        "versions": versions(),
    }


def _owned(folder: Path | None) -> Any:
    if folder is None:
        return nullcontext()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"Cannot make the folder {folder}: {error.strerror}. Give another one.") from error
    return locked(
        folder / ".lock", f"Another simulation is at work in {folder}. Wait for it, or give another folder."
    )
