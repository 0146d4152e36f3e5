"""The guard: what it estimates against brute force, whom it lets pass, and whom it must not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from asklearn import ActiveLearner
from asklearn.acquisition.base import acquisition
from asklearn.acquisition.uncertainty import margin
from asklearn.events import Measured
from asklearn.guard import FOLDS, HORIZON, LEAST, NAME, detectable, guarded, lead_over_random
from asklearn.registry import adapt, unregister
from asklearn.selection.top import Top
from asklearn.strategies import Strategy, strategy

FAST = "logistic(C=10.0, temperature=1.0)"


def problem(seed: int, size: int = 3_000) -> tuple[np.ndarray, np.ndarray]:
    """Twelve classes in 20 dimensions, some of them near each other."""
    rng = np.random.default_rng(seed)
    y = rng.integers(12, size=size)
    middles = 1.1 * rng.normal(size=(12, 20))
    return (middles[y] + rng.normal(size=(size, 20))).astype(np.float32), y


def measured(low: float, high: float, n: int = 60) -> Measured:
    return Measured(
        name=NAME, value=(low + high) / 2, low=low, high=high, n=n, method="", level=0.95, labels=300, model=3
    )


@dataclass
class Nearest:
    """A model that says the class of the nearest training item: it makes brute force short."""

    X: Any = None
    y: Any = None

    def fresh(self, seed: int, params: Any = None) -> Nearest:
        return Nearest()

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Nearest:
        self.X, self.y = X, np.array(y)
        self.classes = sorted(set(y))
        return self

    def posterior(self, X: Any) -> Any:
        nearest = ((X[:, None] - self.X[None]) ** 2).sum(2).argmin(1)
        return type("Belief", (), {"proba_NC": (self.y[nearest][:, None] == np.array(self.classes)) * 1.0})


def test_a_strategy_whose_labels_say_nothing_is_behind_by_what_the_lot_knows() -> None:
    X, y = problem(0)
    same = np.zeros(200, int)
    lead = lead_over_random(
        Nearest(), (X[:200], same.tolist()), (X[200:500], y[200:500].tolist()), np.random.default_rng(0)
    )
    size = 300 - 300 // FOLDS
    right = np.mean(y[200:500] == 0)
    whole = np.mean([
        (y[part] == y[rest[((X[part][:, None] - X[rest][None]) ** 2).sum(2).argmin(1)]]).mean()
        for part in np.array_split(np.arange(200, 500), 20)
        for rest in [np.setdiff1d(np.arange(200, 500), part)[:size]]
    ])  # fmt: skip
    assert lead.value == pytest.approx(right - whole, abs=0.06)
    assert lead.high < 0
    assert lead.n == 300
    assert "at 200 labels each" in lead.method


def test_the_forecast_is_exact_for_an_error_that_falls_as_one_over_n(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that is right on each item with a known chance: 1 - 8/n after n labels."""
    from asklearn import guard

    def right(prototype: Any, training: Any, tested: Any) -> np.ndarray:
        return np.full(len(tested[1]), 1 - 8 / len(training[1]))

    monkeypatch.setattr(guard, "_right", right)
    ours, lot = (np.zeros((n, 1), np.float32) for n in (1_000, 80))
    lead = lead_over_random(Nearest(), (ours, [0] * 1_000), (lot, [0] * 80), np.random.default_rng(0))
    assert lead.value == pytest.approx(0, abs=1e-12)
    assert f"at {HORIZON * 60} labels" in lead.method


@pytest.mark.parametrize("classes", [["a", "b"], [0, 1]])
def test_labels_of_one_class_are_no_error(classes: list[Any]) -> None:
    X, _ = problem(2)
    ours, lot = [classes[0]] * 60, [classes[i % 2] for i in range(60)]
    lead = lead_over_random(adapt("models", FAST), (X[:60], ours), (X[60:120], lot), np.random.default_rng(0))
    assert -1 <= lead.low <= lead.value <= lead.high


def test_only_a_guarded_strategy_that_is_surely_behind_yields() -> None:
    plain, auto = strategy("margin"), strategy("auto")
    behind, unsure = measured(-0.3, -0.1), measured(-0.3, 0.1)
    assert guarded(plain, [behind]) is plain
    assert guarded(auto, []) is auto
    assert guarded(auto, [unsure]) is auto
    assert guarded(auto, [behind, unsure]) is auto
    lot = guarded(auto, [unsure, behind])
    assert "auto is 20% [10%, 30%] behind asking at random, by 60 audit labels" in lot.why()
    assert lot.needs == frozenset()


def test_what_could_be_seen_is_what_is_seen_in_four_cases_of_five() -> None:
    lead = measured(-0.1, 0.1)
    spread = 0.1 / 1.96
    draws = np.random.default_rng(0).normal(-detectable(lead), spread, 20_000)
    assert np.mean(draws + 0.1 < 0) == pytest.approx(0.8, abs=0.01)


class Sure:
    """A plant: asks what the model is surest of."""

    def __enter__(self) -> Strategy:
        @acquisition("sure", needs={"proba"}, why="the model is sure of it")
        def sure(candidates: Any, rng: Any) -> Any:
            return -1 - margin(candidates, rng)

        return Strategy("sure", Top(), sure, guarded=True)

    def __exit__(self, *_: Any) -> None:
        unregister("acquisition", "sure")


def play(how: Any, seed: int, *, audit: float, total: int, batch: int = 50, **kwargs: Any) -> Any:
    X, y = problem(seed)
    learner = ActiveLearner(FAST, X, strategy=how, seed=seed, audit=audit, **kwargs)
    reasons: list[str] = []
    while len(learner.state.asks) < total:
        asked = learner.ask(batch)
        learner.tell(asked.ids, y[asked.rows].tolist())
        reasons += asked.reasons
    learner.refresh()
    return learner, [one for one in learner.state.measured if one.name == NAME], reasons


def test_a_strategy_that_asks_what_is_sure_trips_the_guard() -> None:
    with Sure() as how:
        caught = []
        for seed in range(3):
            _, looks, reasons = play(how, seed, audit=0.3, total=800)
            caught.append(any(one.high < 0 for one in looks))
            tripped = [one for one in looks if one.high < 0]
            said = [reason for reason in reasons if reason.startswith("drawn at random: sure is")]
            assert bool(said) == (bool(tripped) and tripped[0].labels < 800)
            assert all(one.n >= LEAST for one in looks)
            assert all(later.n >= 2 * one.n for one, later in pairwise(looks))
    assert sum(caught) >= 2


def test_good_strategies_are_let_be_and_unguarded_ones_are_not_measured() -> None:
    for seed in range(3):
        _, looks, reasons = play("auto", seed, audit=0.3, total=400)
        assert looks
        assert not any(one.high < 0 for one in looks)
        assert not any("behind" in reason for reason in reasons)
    assert play("margin", 0, audit=0.3, total=200)[1] == []
    assert play("auto", 0, audit=0.0, total=200)[1] == []


def test_a_restart_asks_what_would_have_been_asked(tmp_path: Any) -> None:
    """The last look is in the journal, so a new process yields as the old one did."""
    with Sure() as how:
        X, _ = problem(0)
        straight, looks, _ = play(how, 0, audit=0.3, total=300)
        assert looks
        play(how, 0, audit=0.3, total=300, journal=tmp_path / "journal.db")
        again = ActiveLearner(FAST, X, strategy=how, journal=tmp_path / "journal.db")
        assert again.ask(20).ids == straight.ask(20).ids


@pytest.mark.slow
def test_few_false_alarms_where_the_strategy_is_the_lot_itself() -> None:
    """The hardest case that is no fault: no lead at all. False in at most 5% of projects, by simulation."""
    alarms = 0
    projects = 60
    for seed in range(projects):
        how = replace(strategy("random"), guarded=True)
        _, looks, _ = play(how, seed, audit=0.3, total=700, batch=100)
        alarms += any(one.high < 0 for one in looks)
    assert alarms <= 6  # at 5%, seven or more would come in 1.6% of runs of this test


def test_any_classifier_is_guarded() -> None:
    X, y = problem(3, 1_000)
    learner = ActiveLearner(LogisticRegression(C=10), X, strategy="auto", seed=0, audit=0.5)
    for _ in range(3):
        asked = learner.ask(60)
        learner.tell(asked.ids, [f"class {k}" for k in y[asked.rows]])
    learner.refresh()
    assert [one.n for one in learner.state.measured if one.name == NAME] != []
