"""Strategies compared over several data sets, by the areas under their learning curves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.random import default_rng

from asklearn.curves import area, labels_to
from asklearn.simulate.replay import BASELINE
from asklearn.statistics import Comparison, holm, least_datasets, over_datasets, paired_t, ranks
from asklearn.types import Floats

ALPHA = 0.05


def compared(results: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return how strategies compare over data sets, ready for JSON; None with fewer than two data sets.

    Only data sets count on which every strategy has a run, and only seeds that all of them finished there.

    Parameters
    ----------
    results : sequence of mapping
        What ``simulate`` returned, one per data set.

    Returns
    -------
    dict
        ``datasets`` (their names), ``baseline``, ``strategies`` (against the baseline: ``gain``, ``median``,
        ``p_holm``, ``better``, ``even``, ``worse``, ``labels_needed``), ``needed`` (how many data sets a
        comparison of so many strategies needs at least), ``ranks``, and ``gains`` by data set. A bound that is
        not known is None.
    """
    names = list(dict.fromkeys(run["strategy"] for result in results for run in result["runs"]))
    areas = {result["dataset"]: found for result in results if (found := _areas(result, names)) is not None}
    if len(areas) < 2 or len(names) < 2:
        return None
    rivals = [name for name in names if name != BASELINE] if BASELINE in names else []
    against = {
        name: over_datasets({data: area_S[name] - area_S[BASELINE] for data, area_S in areas.items()})
        for name in rivals
    }
    p_holm = dict(zip(rivals, holm([against[name].ranked.p for name in rivals]).tolist(), strict=True))
    return {
        "datasets": list(areas),
        "seeds": {data: len(next(iter(area_S.values()))) for data, area_S in areas.items()},
        "baseline": BASELINE if rivals else None,
        "needed": least_datasets(len(rivals), ALPHA) if rivals else None,
        "strategies": {
            name: {
                "gain": _plain(found.mean),
                "median": _plain(found.ranked),
                "p": found.ranked.p,
                "p_holm": p_holm[name],
                **dict(zip(("better", "even", "worse"), found.counted(ALPHA), strict=True)),
                "labels_needed": _labels_needed([r for r in results if r["dataset"] in areas], name),
            }
            for name, found in against.items()
        },
        "gains": {
            data: {
                name: {**_plain(found.each[data]), "p_holm": found.each_p[data]}
                for name, found in against.items()
            }
            for data in areas
        },
        "ranks": _ranks(areas, names),
    }


def _areas(result: Mapping[str, Any], names: Sequence[str]) -> dict[str, Floats] | None:
    """Return the area of each strategy and seed; None where a strategy or a common seed is missing."""
    by_seed: dict[str, dict[int, float]] = {name: {} for name in names}
    for run in result["runs"]:
        by_seed[run["strategy"]][run["seed"]] = area(run["labels"], run["score"])
    common = sorted(set.intersection(*(set(some) for some in by_seed.values())))
    if not common:
        return None
    return {name: np.array([some[seed] for seed in common]) for name, some in by_seed.items()}


def _labels_needed(results: Sequence[Mapping[str, Any]], name: str) -> dict[str, Any]:
    """Return the geometric mean of labels needed for random's final score, over random's own need.

    Where a strategy does not reach it within the budget, the budget is taken, so that the mean is then a
    bound from below; ``missed`` counts these data sets.
    """
    logs, missed = [], 0
    for result in results:
        curves = {one: _mean_curve(result, one) for one in (name, BASELINE)}
        labels, base = curves[BASELINE]
        needed = labels_to(labels, base, base[-1])
        reached = labels_to(*curves[name], base[-1])
        missed += reached is None
        logs.append(math.log((reached or labels[-1]) / (needed or labels[-1])))
    found = paired_t(logs).estimate
    bounds = (math.exp(one) if math.isfinite(one) else None for one in (found.low, found.high))
    low, high = bounds
    return {"value": math.exp(found.value), "low": low, "high": high, "n": found.n, "missed": missed}


def _mean_curve(result: Mapping[str, Any], name: str) -> tuple[list[int], list[float]]:
    runs = [run for run in result["runs"] if run["strategy"] == name]
    return runs[0]["labels"], np.mean([run["score"] for run in runs], axis=0).tolist()


def _ranks(areas: Mapping[str, Mapping[str, Floats]], names: Sequence[str]) -> dict[str, Any]:
    scores_DK = np.array([[some[name].mean() for name in names] for some in areas.values()])
    found = ranks(scores_DK, names, default_rng(0), ALPHA)
    return {
        "names": list(found.names),
        "mean_rank": found.mean_rank_K.tolist(),
        "friedman_p": found.friedman_p,
        "p_holm": found.p_KK.tolist(),
        "groups": [list(group) for group in found.groups],
        "nemenyi": found.nemenyi,
        "n": found.n,
        "alpha": found.alpha,
        "can_tell": found.can_tell,
        "needed": least_datasets(len(names) * (len(names) - 1) // 2, ALPHA),
    }


def _plain(found: Comparison) -> dict[str, Any]:
    one = found.estimate
    low, high = (bound if math.isfinite(bound) else None for bound in (one.low, one.high))
    return {
        "value": one.value,
        "low": low,
        "high": high,
        "n": one.n,
        "level": one.level,
        "method": one.method,
    }
