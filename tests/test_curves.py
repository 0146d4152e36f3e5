"""Areas, labels to a score, labels saved: by hand and by brute force."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asklearn.curves import area, labels_to, mean_interval, savings
from asklearn.intervals import student_t


def test_the_area_is_the_mean_over_the_doublings() -> None:
    labels, score = [20, 40, 80, 120], [0.5, 0.7, 0.8, 0.9]
    x = np.linspace(np.log2(20), np.log2(120), 400_001)
    brute = np.interp(x, np.log2(labels), score).mean()
    assert area(labels, score) == pytest.approx(brute, abs=1e-6)
    assert area([20], [0.4]) == 0.4


@given(st.floats(-2, 1), st.integers(2, 6))
@settings(max_examples=20, deadline=None)
def test_a_flat_curve_has_its_level_as_area(level: float, n: int) -> None:
    assert area([10 * 2**i for i in range(n)], [level] * n) == pytest.approx(level)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=8), st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_labels_to_is_the_first_crossing(score: list[float], target: float) -> None:
    labels = [20 * (i + 1) for i in range(len(score))]
    found = labels_to(labels, score, target)
    if max(score) < target:
        assert found is None
    else:
        assert found is not None
        assert np.interp(found, labels, score) >= target - 1e-9
        before = [s for n, s in zip(labels, score, strict=True) if n < found]
        assert all(s < target for s in before)


LABELS = list(range(20, 401, 20))


def test_labels_saved_are_positive_for_a_better_curve_and_negative_for_a_worse() -> None:
    rng = np.random.default_rng(0)
    labels = [100, 200, 300, 400]
    base = np.array([0.6, 0.7, 0.75, 0.78]) + rng.normal(0, 0.002, (5, 4))
    better = savings(labels, base + 0.05, base, rng)
    assert better["value"] is not None
    assert better["low"] <= better["value"] <= better["high"]
    assert better["low"] > 0
    same = savings(labels, base, base, rng)
    assert same["value"] == pytest.approx(0, abs=1e-9)
    worse = savings(labels, base - 0.05, base, rng)
    assert worse["value"] is worse["low"] is worse["high"] is None
    assert worse["at"] == pytest.approx(base[:, -1].mean())


def _found(ours: np.ndarray, base: np.ndarray, seed: int) -> tuple[float, float]:
    found = savings(LABELS, ours, base, np.random.default_rng(seed))
    low, high = (-np.inf if found[end] is None else found[end] for end in ("low", "high"))
    return low, high


def test_equal_strategies_save_nothing_where_the_curve_is_flat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asklearn.curves.RESAMPLES", 400)
    flat = 0.9 - 2.0 * np.array(LABELS, float) ** -1.2
    found = []
    for seed in range(40):
        ours, base = flat + np.random.default_rng(seed).normal(0, 0.008, (2, 5, len(LABELS)))
        found.append(_found(ours, base, seed))
    assert sum(low > 0 for low, _ in found) <= 4
    assert sum(low <= 0 <= high for low, high in found) >= 34


def test_the_interval_of_five_seeds_covers_what_is_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asklearn.curves.RESAMPLES", 400)
    n = np.array(LABELS, float)
    ours, base = (0.9 - 2.0 * rate**-0.6 for rate in (1.35 * n, n))
    held = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        noise = rng.normal(0, 0.004, (2, 5, len(LABELS))) + rng.normal(0, 0.004, (2, 5, 1))
        low, high = _found(ours + noise[0], base + noise[1], seed)
        held += low <= 1 - 1 / 1.35 <= high
    assert held >= 90


def test_a_single_seed_has_no_interval_and_says_none_instead_of_infinity() -> None:
    base = np.array([[0.6, 0.7]])
    found = savings([10, 20], base + 0.2, base, np.random.default_rng(0))
    assert found["value"] == pytest.approx(0.5)
    assert found["low"] is None
    assert found["high"] is None
    assert mean_interval([0.5]) == (0.5, None, None)
    json.dumps(found, allow_nan=False)


def test_the_interval_over_seeds_is_students() -> None:
    values = [0.7, 0.72, 0.75]
    mean, low, high = mean_interval(values)
    assert (low, high) == pytest.approx(student_t(np.array(values)))
    assert mean == pytest.approx(np.mean(values))
