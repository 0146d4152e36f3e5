"""Advice on stopping: kappa against scikit-learn's, and reasons at the right moment."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from asklearn.stopping import agreement, spent, stable


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


@pytest.mark.parametrize(
    ("agreements", "stops"),
    [([], False), ([1.0, 1.0], False), ([0.99, 0.991, 0.99], True), ([0.5, 1.0, 1.0, 1.0], True),
     ([1.0, 1.0, 1.0, 0.5], False), ([0.99, 0.98, 0.99], False)],
)  # fmt: skip
def test_only_the_last_three_count(agreements: list[float], stops: bool) -> None:
    assert bool(stable(agreements)) is stops


@pytest.mark.parametrize(
    ("asked", "budget", "stops"),
    [(0, None, False), (10**9, None, False), (9, 10, False), (10, 10, True), (11, 10, True)],
)
def test_a_budget_is_spent_when_it_is_reached(asked: int, budget: int | None, stops: bool) -> None:
    assert bool(spent(asked, budget)) is stops
