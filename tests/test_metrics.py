"""Metrics against scikit-learn's, their bounds, and their one direction."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as theirs

from asklearn.errors import BadInput, UnknownName
from asklearn.metrics import ECE_BINS, LOG_LOSS_FLOOR, metric
from asklearn.registry import names

ALL = ["accuracy", "balanced_accuracy", "macro_f1", "neg_brier", "neg_ece", "neg_log_loss"]


def drawn(n: int, classes: int, seed: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.ones(classes), n), rng.integers(classes, size=n)


def test_these_are_all() -> None:
    assert [name for name in names("metrics") if name in ALL] == ALL


@pytest.mark.parametrize("classes", [2, 3, 7])
@pytest.mark.parametrize("seed", range(5))
def test_they_are_what_scikit_learn_computes(classes: int, seed: int) -> None:
    proba, truth = drawn(60, classes, seed)
    guess, every = proba.argmax(1), np.arange(classes)
    expected = {
        "accuracy": theirs.accuracy_score(truth, guess),
        "balanced_accuracy": theirs.balanced_accuracy_score(truth, guess),
        "macro_f1": theirs.f1_score(truth, guess, average="macro", zero_division=0),
        "neg_log_loss": -theirs.log_loss(truth, proba, labels=every),
        "neg_brier": -((proba - np.eye(classes)[truth]) ** 2).sum(1).mean(),
    }
    for name, value in expected.items():
        assert metric(name)(proba, truth) == pytest.approx(value, abs=1e-6), name


def test_the_calibration_error_by_a_loop() -> None:
    proba, truth = drawn(300, 3, 0)
    confidence, right = proba.max(1), proba.argmax(1) == truth
    error = 0.0
    for b in range(ECE_BINS):
        upper = confidence <= 1 if b == ECE_BINS - 1 else confidence < (b + 1) / ECE_BINS
        here = (confidence >= b / ECE_BINS) & upper
        if here.any():
            error += here.mean() * abs(confidence[here].mean() - right[here].mean())
    assert metric("neg_ece")(proba, truth) == pytest.approx(-error, abs=1e-12)


def test_a_class_that_does_not_occur_does_not_count() -> None:
    proba = np.array([[0.9, 0.1, 0.0], [0.2, 0.8, 0.0]])
    for name in ("balanced_accuracy", "macro_f1"):
        assert metric(name)(proba, np.array([0, 1])) == 1.0


@pytest.mark.parametrize("name", ALL)
def test_right_and_sure_is_best_and_wrong_and_sure_is_worst(name: str) -> None:
    sure, truth = np.eye(2)[[0, 1, 0, 1]], np.array([0, 1, 0, 1])
    scored = metric(name)
    assert scored(sure, truth) == pytest.approx(scored.high)
    assert scored(sure, 1 - truth) == pytest.approx(scored.low)


@pytest.mark.parametrize("name", ALL)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 40), classes=st.integers(2, 6))
@settings(max_examples=25, deadline=None)
def test_bounds_hold_and_the_order_of_items_does_not_matter(
    name: str, seed: int, n: int, classes: int
) -> None:
    proba, truth = drawn(n, classes, seed)
    scored, order = metric(name), np.random.default_rng(seed).permutation(n)
    value = scored(proba, truth)
    assert scored.low <= value <= scored.high
    assert scored(proba[order], truth[order]) == pytest.approx(value)
    if scored.items is not None:
        values = scored.items(proba, truth)
        assert value == pytest.approx(values.mean())
        assert (values >= scored.low).all()
        assert (values <= scored.high).all()


def test_log_loss_is_bounded() -> None:
    assert metric("neg_log_loss")(np.array([[1.0, 0.0]]), np.array([1])) == pytest.approx(
        np.log(LOG_LOSS_FLOOR)
    )


@pytest.mark.parametrize(
    ("proba", "truth"), [(np.eye(2), np.array([0])), (np.empty((0, 2)), np.array([], int))]
)
def test_what_does_not_match_is_refused(proba: Any, truth: Any) -> None:
    with pytest.raises(BadInput, match="true class for each"):
        metric("accuracy")(proba, truth)


def test_an_unknown_name_is_answered_with_a_near_one() -> None:
    with pytest.raises(UnknownName, match="'macro_f1'"):
        metric("macrof1")
