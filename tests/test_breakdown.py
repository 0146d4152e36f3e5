"""Estimates of classes and groups: scikit-learn's values, and coverage by themselves and together."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asklearn.breakdown import estimate_by_class, estimate_by_group
from asklearn.errors import BadInput
from asklearn.evaluate import MIN_PER_CLASS, UNKNOWN, estimate
from asklearn.metrics import metric


def drawn(n: int, seed: int = 0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    proba = rng.dirichlet(np.ones(3), n)
    return proba, np.array([rng.choice(3, p=p) for p in proba])


def enough(covered: int, of: int) -> bool:
    """Whether a coverage of 95% is not refuted (three standard errors)."""
    return covered / of >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / of)


def test_recall_and_precision_are_scikit_learns() -> None:
    from sklearn.metrics import precision_score, recall_score

    proba, truth = drawn(200)
    found = estimate_by_class(proba, truth)
    guess = proba.argmax(1)
    assert [one.value for one, _ in found] == pytest.approx(recall_score(truth, guess, average=None))
    assert [one.value for _, one in found] == pytest.approx(precision_score(truth, guess, average=None))
    assert [one.n for one, _ in found] == np.bincount(truth).tolist()


def test_every_line_by_itself_or_all_lines_together() -> None:
    """Ten classes, 20 intervals: each covers 95% of the time, together only if asked to."""
    rng = np.random.default_rng(0)
    single, each, every = [], [], []
    for _ in range(120):
        truth = rng.integers(10, size=300)
        guess = np.where(rng.random(300) < 0.8, truth, rng.integers(10, size=300))
        for simultaneous in (False, True):
            found = estimate_by_class(np.eye(10)[guess], truth, simultaneous=simultaneous)
            inside = [one.low <= 0.82 <= one.high for pair in found for one in pair]
            (every if simultaneous else each).append(all(inside))
            if not simultaneous:
                single.extend(inside)
    assert np.mean(single) >= 0.95
    assert enough(sum(every), 120)
    assert not enough(sum(each), 120)


@given(seed=st.integers(0, 500))
@settings(max_examples=30, deadline=None)
def test_missing_labels_lie_within_the_bounds_of_each_class(seed: int) -> None:
    rng = np.random.default_rng(seed)
    proba, truth = drawn(80, seed)
    hidden = truth.copy()
    hidden[rng.choice(80, 6, replace=False)] = UNKNOWN
    filled = np.where(hidden == UNKNOWN, rng.integers(3, size=80), hidden)
    for told, full in zip(estimate_by_class(proba, hidden), estimate_by_class(proba, filled), strict=True):
        for one, complete in zip(told, full, strict=True):
            assert one.low <= complete.value <= one.high


def test_a_class_without_labels_claims_nothing() -> None:
    proba, truth = np.tile([0.8, 0.2], (20, 1)), np.zeros(20, int)
    recall, precision = estimate_by_class(proba, truth)[1]
    assert (recall.low, recall.high, precision.low, precision.high) == (0, 1, 0, 1)
    assert recall.method == f"too few labels: {MIN_PER_CLASS} are needed, there are 0"


def test_groups_are_estimates_of_their_own() -> None:
    proba, truth = drawn(100)
    group = np.repeat(["b", "a", "c"], [60, 37, 3])
    found = estimate_by_group(metric("accuracy"), proba, truth, group, np.random.default_rng(0))
    assert list(found) == ["b", "a", "c"]
    alone = estimate(metric("accuracy"), proba[:60], truth[:60], np.random.default_rng(0))
    assert found["b"] == alone
    assert (found["c"].low, found["c"].high) == (0, 1)
    assert found["c"].method == "too few labels: 5 are needed, there are 3"
    together = estimate_by_group(
        metric("accuracy"), proba, truth, group, np.random.default_rng(0), simultaneous=True
    )
    assert together["b"].low < alone.low
    assert together["b"].level == pytest.approx(1 - 0.05 / 3)
    with pytest.raises(BadInput, match="a group for each of 100"):
        estimate_by_group(metric("accuracy"), proba, truth, group[:5], np.random.default_rng(0))
