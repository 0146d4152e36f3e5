"""Temperature scaling finds the temperature that was planted, and stays sane where nothing is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asklearn.calibration import fit_temperature, softmax


def world(n: int, classes: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, classes)) * 2
    return logits, (softmax(logits).cumsum(1) > rng.random((n, 1))).argmax(1)


@pytest.mark.parametrize("planted", [0.3, 1.0, 2.0, 6.0])
def test_a_planted_temperature_is_found(planted: float) -> None:
    logits, truth = world(5000)
    assert fit_temperature(logits * planted, truth) == pytest.approx(planted, rel=0.08)


def test_few_labels_leave_it_near_one_and_none_at_one() -> None:
    logits, truth = world(2)
    assert 0.1 < fit_temperature(logits * 50, truth) < 10
    assert fit_temperature(logits[:0], truth[:0]) == 1.0


@pytest.mark.parametrize("right", [True, False])
def test_it_stays_in_its_bounds_when_everything_is_right_or_wrong(right: bool) -> None:
    logits = np.tile([1e4, 0.0], (500, 1))
    found = fit_temperature(logits, np.full(500, 0 if right else 1))
    assert 0.05 <= found <= 20.0001


def test_weights_say_whom_to_believe() -> None:
    logits, truth = world(3000)
    both, answers = np.concatenate([logits * 3, logits]), np.concatenate([truth, truth])
    first = fit_temperature(both, answers, np.r_[np.ones(3000), np.full(3000, 1e-6)])
    assert first == pytest.approx(3.0, rel=0.08)


def test_logits_are_not_changed_by_fitting() -> None:
    logits, truth = world(50)
    before = logits.copy()
    fit_temperature(logits, truth)
    softmax(logits)
    np.testing.assert_array_equal(logits, before)


@given(st.integers(1, 6), st.integers(2, 5), st.floats(-1e4, 1e4), st.integers(0, 999))
@settings(max_examples=40, deadline=None)
def test_softmax_gives_probabilities_that_a_shift_does_not_change(
    n: int, c: int, shift: float, seed: int
) -> None:
    logits = np.random.default_rng(seed).normal(size=(n, c)) * 30
    proba = softmax(logits)
    assert np.isfinite(proba).all()
    np.testing.assert_allclose(proba.sum(1), 1)
    np.testing.assert_allclose(softmax(logits + shift), proba, atol=1e-9)
    assert (proba.argmax(1) == logits.argmax(1)).all()


def test_a_class_that_is_impossible_has_no_probability() -> None:
    np.testing.assert_array_equal(softmax(np.array([[0.0, -np.inf, 0.0]])), [[0.5, 0.0, 0.5]])
