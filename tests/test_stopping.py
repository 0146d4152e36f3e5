"""Advice on stopping: kappa against scikit-learn's, every rule at the right moment, and which rules decide."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom
from sklearn.datasets import load_digits
from sklearn.metrics import cohen_kappa_score

from asklearn.errors import BadInput
from asklearn.learner import ActiveLearner
from asklearn.stopping import (
    RULES,
    STABLE,
    Standing,
    Stopping,
    advise,
    agreement,
    labels_to_know,
    stopping_with,
)
from asklearn.types import Advice, Estimate, Stop


@pytest.mark.parametrize("seed", range(8))
def test_kappa_is_scikit_learns(seed: int) -> None:
    rng = np.random.default_rng(seed)
    before = rng.integers(4, size=200)
    after = np.where(rng.random(200) < 0.8, before, rng.integers(4, size=200))
    found = agreement(before, after, 4)
    assert found.value == pytest.approx(cohen_kappa_score(before, after))
    assert -1 <= found.low < found.value < found.high <= 1
    assert found.n == 200


def test_models_that_say_the_same_agree_even_where_chance_would() -> None:
    same = np.zeros(10, int)
    assert agreement(same, same, 3).value == 1.0
    assert agreement(np.arange(6) % 3, np.arange(6) % 3, 3).value == 1.0


def test_models_that_contradict_agree_less_than_by_chance() -> None:
    before = np.array([0, 1] * 10)
    assert agreement(before, 1 - before, 2).value == -1.0


def score(value: float, low: float) -> Estimate:
    return Estimate("accuracy", value, low, 1.0, 40, "audit and confidence", 0.6)


def gain(high: float, n: int = 100) -> Estimate:
    return Estimate("accuracy gain", high / 2, 0.0, high, n, "changed predictions", 0.6)


def kappa(value: float) -> Estimate:
    return Estimate("agreement", value, value - 0.01, min(value + 0.01, 1), 2000, "")


def standing(**known: Any) -> Standing:
    return Standing(**({"asked": 100, "left": 500} | known))


def told(stop: Stop, rule: str) -> Advice:
    return next(one for one in stop.advice if one.rule == rule)


@pytest.mark.parametrize(("low", "stops"), [(0.881, True), (0.88, True), (0.879, False)])
def test_a_target_is_reached_when_the_lower_end_is_within_the_tolerance(low: float, stops: bool) -> None:
    stop = advise(standing(score=score(0.92, low)), Stopping(target=0.9))
    assert bool(stop) is stops
    assert told(stop, "target").figures["audit_labels_needed"] == labels_to_know(0.92, 0.88, 0.02)
    assert "would need about" in told(stop, "target").reason


@pytest.mark.parametrize(("p", "least"), [(0.9, 0.86), (0.9, 0.94), (0.6, 0.55)])
def test_as_many_audit_labels_as_it_says_would_show_the_side(p: float, least: float) -> None:
    """With n labels the estimate is on the true side of the bound 95 times in 100, by the binomial itself."""
    n = labels_to_know(p, least, 0.02)
    right = binom.sf(math.ceil(least * n) - 1, n, p) if p > least else binom.cdf(math.floor(least * n), n, p)
    assert right == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize(
    ("value", "cost", "stops"),
    [(10.0, 0.49, False), (10.0, 0.51, True), (0.0, 0.01, True), (10.0, 0.0, False)],
)
def test_a_batch_that_costs_more_than_it_can_bring_is_not_worth_it(
    value: float, cost: float, stops: bool
) -> None:
    known = standing(batch=gain(0.05), agreement=kappa(0.99))
    assert bool(advise(known, Stopping(value=value, cost=cost))) is stops
    assert told(advise(known, Stopping(value=value, cost=cost)), "cost").stop is stops


def test_stabilisation_has_a_say_beside_the_cost() -> None:
    dear = Stopping(value=1.0, cost=10.0)
    assert not advise(standing(batch=gain(0.05), agreement=kappa(0.8)), dear)
    assert advise(standing(batch=gain(0.05), agreement=kappa(STABLE)), dear)
    assert advise(
        standing(batch=gain(0.05), agreement=kappa(0.8)), Stopping(value=1.0, cost=10.0, rules=("cost",))
    )


def test_a_label_costs_the_recorded_time_unless_told() -> None:
    timed = standing(batch=gain(0.02, n=60), agreement=kappa(1.0), median_hours=1 / 60)
    assert told(advise(timed, Stopping(value=0.4)), "cost").figures == {
        "costs": 1.0, "brings_at_most": pytest.approx(0.8)
    }  # fmt: skip
    untimed = advise(standing(batch=gain(0.02)), Stopping(value=0.4))
    assert told(untimed, "cost").stop is None
    assert not untimed


def test_a_plateau_needs_both_a_small_price_and_a_stable_model() -> None:
    for high, value, stops in ((0.02, 0.96, True), (0.021, 0.96, False), (0.01, 0.94, False)):
        assert bool(advise(standing(doubling=gain(high), agreement=kappa(value)), Stopping())) is stops


def test_a_target_that_is_out_of_reach_gives_way_to_the_plateau() -> None:
    known = standing(score=score(0.7, 0.6), doubling=gain(0.01), agreement=kappa(0.97))
    assert "twice the labels" in advise(known, Stopping(target=0.95)).reasons[0]


def test_uncertainty_decides_only_where_it_is_named() -> None:
    sure = standing(score=score(0.8, 0.75), confidence=0.95)
    assert not advise(sure, Stopping(target=0.99))
    assert advise(sure, Stopping(rules=("uncertainty",)))
    assert not advise(standing(score=score(0.8, 0.75), confidence=0.85), Stopping(rules=("uncertainty",)))


@pytest.mark.parametrize(
    ("asked", "budget", "stops"),
    [(0, None, False), (10**9, None, False), (9, 10, False), (10, 10, True), (11, 10, True)],
)
def test_a_budget_is_spent_when_it_is_reached(asked: int, budget: int | None, stops: bool) -> None:
    assert bool(advise(standing(asked=asked, budget=budget), Stopping())) is stops


def test_money_hours_and_pool_are_limits_whatever_the_rules() -> None:
    for known, wanted in (
        (standing(asked=100), Stopping(cost=0.1, money=10.05, rules=("stable",))),
        (standing(hours=8.0), Stopping(hours=8.0, rules=("stable",))),
        (standing(left=0), Stopping(rules=("stable",))),
    ):
        assert advise(known, wanted).reasons
    assert not advise(standing(asked=99), Stopping(cost=0.1, money=10.0))
    assert told(advise(standing(), Stopping(hours=1.0)), "hours").stop is None


def test_nothing_known_is_no_reason() -> None:
    assert not advise(standing(), Stopping())
    assert not advise(standing(), Stopping(target=0.5, value=1.0, rules=RULES))


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"target": "0.9"}, "target is a number"), ({"tolerance": -0.1}, "at least 0"),
        ({"confidence": 1.0}, "below 1"), ({"rules": "cost+stale"}, "A rule is one of"),
        ({"hours": float("nan")}, "hours is a number"), ({"volume": 1}, "There is no setting 'volume'"),
    ],
)  # fmt: skip
def test_settings_that_are_none_are_refused(wanted: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        stopping_with(Stopping(), wanted)


def test_advice_depends_on_labels_and_not_on_how_they_were_batched() -> None:
    X, y = load_digits(return_X_y=True)
    found = []
    for size in (4, 40, 120):
        learner = ActiveLearner("logistic(C=1.0)", X, strategy="random", audit=1.0, seed=3)
        while len(learner.labels) < 240:
            batch = learner.ask(size)
            learner.tell(batch.ids, y[batch.rows])
            if len(learner.labels) % 120 == 0:
                learner.should_stop()
        found.append(told(learner.should_stop(), "stable").figures["kappa"])
    assert max(found) - min(found) < 0.02


def test_a_project_of_its_own_settings(tmp_path: Any) -> None:
    X, y = load_digits(return_X_y=True)
    learner = ActiveLearner("logistic(C=1.0)", X, seed=0)
    learner.stopping = Stopping(target=0.6)
    batch = learner.ask(120)
    learner.tell(batch.ids, y[batch.rows])
    assert "the target of 0.6" in learner.should_stop().reasons[0]
    assert not learner.should_stop(target=0.999)
    assert {one.rule for one in learner.should_stop(value=1.0).advice} == {*RULES, "pool"}
