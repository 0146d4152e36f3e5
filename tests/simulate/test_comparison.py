"""Comparisons over data sets, on curves that are known."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from asklearn.simulate.comparison import compared
from asklearn.statistics import paired_t, signed_rank


def made(name: str, gains: dict[str, float], seeds: int = 4, noise: float = 0.002) -> dict[str, Any]:
    """Straight lines over log2(labels); random's rises from 0.5 to 0.7."""
    rng = np.random.default_rng(sum(map(ord, name)))
    runs = [
        {"strategy": strategy, "seed": seed, "labels": [20, 40, 80],
         "score": (np.array([0.5, 0.6, 0.7]) + gain + rng.normal(0, noise)).tolist()}
        for strategy, gain in gains.items() for seed in range(seeds)
    ]  # fmt: skip
    return {"dataset": name, "runs": runs}


GAINS = {"random": 0.0, "margin": 0.05, "awful": -0.1}


def test_gains_are_those_of_the_areas_and_a_data_set_counts_once() -> None:
    results = [made(f"set {i}", GAINS, seeds=3 + i) for i in range(8)]
    found = compared(results)
    assert found is not None
    json.dumps(found, allow_nan=False)
    means = []
    for result in results:
        score = {
            name: np.array([run["score"] for run in result["runs"] if run["strategy"] == name]).mean()
            for name in GAINS
        }
        means.append(score["margin"] - score["random"])
    margin = found["strategies"]["margin"]
    assert margin["gain"]["value"] == pytest.approx(np.mean(means))
    assert margin["gain"]["low"] == pytest.approx(paired_t(means).estimate.low)
    assert margin["p"] == signed_rank(means).p == 2**-7
    assert margin["p_holm"] == 2**-6
    assert (margin["better"], margin["even"], margin["worse"]) == (8, 0, 0)
    assert found["strategies"]["awful"]["worse"] == 8
    assert found["ranks"]["names"] == ["margin", "random", "awful"]
    assert found["ranks"]["groups"] == []
    assert found["seeds"]["set 2"] == 5


def test_labels_needed_are_a_ratio_and_a_miss_is_counted() -> None:
    found = compared([made(f"set {i}", GAINS, noise=0.0) for i in range(3)])
    assert found is not None
    margin, awful = (found["strategies"][name]["labels_needed"] for name in ("margin", "awful"))
    assert margin["value"] == pytest.approx((40 + 0.5 * 40) / 80)
    assert margin["missed"] == 0
    assert (awful["value"], awful["missed"]) == (pytest.approx(1.0), 3)


def test_few_data_sets_show_nothing_and_say_how_many_would() -> None:
    found = compared([made(f"set {i}", GAINS) for i in range(3)])
    assert found is not None
    assert found["strategies"]["margin"]["median"]["low"] is None
    assert found["ranks"]["groups"] == [[0, 2]]
    assert not found["ranks"]["can_tell"]
    assert (found["needed"], found["ranks"]["needed"]) == (7, 7)


def test_only_shared_seeds_and_data_sets_count() -> None:
    results = [made(f"set {i}", GAINS) for i in range(3)]
    results[0]["runs"] = [run for run in results[0]["runs"] if run["strategy"] != "awful"]
    results[1]["runs"] = [r for r in results[1]["runs"] if (r["strategy"], r["seed"]) != ("margin", 2)]
    found = compared(results)
    assert found is not None
    assert found["datasets"] == ["set 1", "set 2"]
    assert found["seeds"] == {"set 1": 3, "set 2": 4}
    assert found["gains"]["set 1"]["margin"]["n"] == 3


def test_without_random_there_are_ranks_and_no_gains() -> None:
    found = compared([made(f"set {i}", {"a": 0.0, "b": 0.1}) for i in range(2)])
    assert found is not None
    assert (found["baseline"], found["strategies"]) == (None, {})
    assert found["ranks"]["names"] == ["b", "a"]


def test_one_data_set_or_strategy_is_no_comparison() -> None:
    assert compared([made("a", GAINS)]) is None
    assert compared([made("a", {"random": 0.0}), made("b", {"random": 0.0})]) is None
    assert compared([]) is None


def test_one_seed_has_no_interval_on_a_data_set() -> None:
    found = compared([made(f"set {i}", GAINS, seeds=1) for i in range(2)])
    assert found is not None
    assert found["gains"]["set 0"]["margin"]["low"] is None
    assert math.isfinite(found["strategies"]["margin"]["gain"]["low"])
