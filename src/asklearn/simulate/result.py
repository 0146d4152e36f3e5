"""What the runs on one data set say, ready for JSON."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.random import default_rng

from asklearn.curves import area, labels_to, mean_interval, savings
from asklearn.dataset import Dataset
from asklearn.metrics import Metric
from asklearn.metrics import metric as metric_named
from asklearn.simulate.replay import BASELINE, Run

FRACTIONS = (0.8, 0.9, 0.95, 0.98, 1.0)
SHOWN = 12


def result_of(
    data: Dataset,
    names: Sequence[str],
    runs: list[Run],
    settings: dict[str, Any],
    full: float | None,
    complete: bool,
) -> dict[str, Any]:
    """Return the result of ``simulate`` on one data set."""
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
