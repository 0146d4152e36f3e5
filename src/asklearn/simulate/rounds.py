"""Results as one table: a row per data set, strategy, seed and round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

PARTS = ("fit", "score", "select")


def rounds(results: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return the rounds of all runs of all data sets as columns of equal length.

    Parameters
    ----------
    results : sequence of mapping
        What ``simulate`` returned, one per data set.

    Returns
    -------
    dict of str to list
        ``dataset``, ``metric``, ``encoder``, ``model``, ``strategy``, ``seed``, ``round`` (from one),
        ``labels``, ``score`` (on the test set), ``estimate``, ``estimate_low``, ``estimate_high``, ``n_audit``
        (the learner's own), ``forecast_at``, ``forecast``, ``forecast_low``, ``forecast_high``,
        ``fit_seconds``, ``score_seconds``, ``select_seconds``.

    Examples
    --------
    >>> import numpy as np
    >>> from asklearn.dataset import Dataset
    >>> from asklearn.simulate import simulate
    >>> X = np.random.default_rng(0).normal(size=(90, 2))
    >>> y = (X[:, 0] > 0).astype(int).tolist()
    >>> data = Dataset("halves", "none", X[:60], y[:60], X[60:], y[60:], np.arange(60))
    >>> table = rounds([simulate(data, ["margin"], start=10, batch=10, budget=30, seeds=2)])
    >>> table["labels"], table["seed"]
    ([10, 20, 30, 10, 20, 30], [0, 0, 0, 1, 1, 1])
    """
    rows = [row for result in results for run in result["runs"] for row in _rows(result, run)]
    names = rows[0] if rows else {}
    return {name: [row[name] for row in rows] for name in names}


def _rows(result: Mapping[str, Any], run: Mapping[str, Any]) -> list[dict[str, Any]]:
    shared = {key: result[key] for key in ("dataset", "metric", "encoder", "model")}
    shared |= {key: run[key] for key in ("strategy", "seed")}
    return [
        {
            **shared,
            "round": place + 1,
            "labels": labels,
            "score": run["score"][place],
            **_spread("estimate", run["estimate"][place]),
            "n_audit": run["estimate"][place]["n_audit"],
            "forecast_at": run["forecast"][place]["at"],
            **_spread("forecast", run["forecast"][place]),
            **{f"{part}_seconds": run["seconds"][part][place] for part in PARTS},
        }
        for place, labels in enumerate(run["labels"])
    ]


def _spread(name: str, found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: found["value"], f"{name}_low": found["low"], f"{name}_high": found["high"]}
