"""The traps are what they say they are."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
from traps import TRAPS, trap


@pytest.mark.parametrize("name", TRAPS)
def test_a_trap_is_the_same_for_the_same_seed_and_another_for_another(name: str) -> None:
    one, again, other = trap(name, 0), trap(name, 0), trap(name, 1)
    assert np.array_equal(one.X_pool, again.X_pool)
    assert one.y_pool == again.y_pool
    assert not np.array_equal(one.X_pool, other.X_pool)
    assert len(one.X_pool) >= 2_000
    assert one.X_pool.dtype == np.float32
    assert set(one.y_test) <= set(range(500))


def test_rare_hidden_and_many_are_as_rare_and_many_as_they_say() -> None:
    assert 0.004 < np.mean(np.array(trap("imbalance", 0).y_pool) == 1) < 0.02
    assert 0.015 < np.mean(np.array(trap("hidden", 0).y_pool) == 3) < 0.05
    assert len(Counter(trap("many_classes", 0).y_pool)) > 480


def test_noise_is_in_what_is_told_and_not_in_the_test() -> None:
    from sklearn.linear_model import LogisticRegression

    items = trap("noise", 0)
    model = LogisticRegression().fit(items.X_test, items.y_test)
    assert model.score(items.X_test, items.y_test) > model.score(items.X_pool, items.y_pool) + 0.1


def test_most_of_the_duplicates_have_a_twin() -> None:
    from sklearn.neighbors import NearestNeighbors

    X = trap("duplicates", 0).X_pool
    distance = NearestNeighbors(n_neighbors=2).fit(X).kneighbors(X)[0][:, 1]
    assert 0.7 < np.mean(distance < 0.2) < 0.9


def test_the_honeypot_is_noise_that_nobody_can_learn() -> None:
    from sklearn.neighbors import KNeighborsClassifier

    items = trap("honeypot", 0)
    score = KNeighborsClassifier(25).fit(items.X_pool, items.y_pool).score(items.X_test, items.y_test)
    assert 0.85 < score < 0.93
