"""Folds, held-out logits and the columns that trees can use."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeClassifier

from asklearn.models._tuning import held_out, settle_temperature, stratified_folds, telling_columns


@given(st.lists(st.integers(0, 4), min_size=1, max_size=40), st.integers(2, 5), st.integers(0, 9))
def test_folds_cover_every_item_once_and_every_class_evenly(codes: list[int], k: int, seed: int) -> None:
    parts = stratified_folds(np.array(codes), k, np.random.default_rng(seed))
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(codes)))
    for code in set(codes):
        counts = [int((np.array(codes)[part] == code).sum()) for part in parts]
        assert max(counts) - min(counts) <= 1 or len(parts) < k


def test_nobody_predicts_what_it_was_trained_on() -> None:
    codes = np.array([0, 0, 1, 1, 2, 2])
    parts = [np.array([0, 2, 4, 5]), np.array([1, 3])]

    def outputs(rest: np.ndarray, part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        seen = np.unique(codes[rest])
        return np.full((len(part), len(seen)), float(rest[0])), seen

    logits = held_out(codes, parts, outputs)
    np.testing.assert_array_equal(logits[[1, 3]], np.zeros((2, 3)))
    np.testing.assert_array_equal(logits[[0, 2, 4, 5]], [[1, 1, -np.inf]] * 4)
    settled = settle_temperature(logits, codes, None, "auto")
    assert settled is not None
    assert np.isfinite(settled).all()


def test_too_few_to_say() -> None:
    codes = np.array([0, 1])
    logits = held_out(codes, [np.array([0]), np.array([1])], lambda rest, part: pytest.fail("one class only"))
    assert np.isneginf(logits).all()
    assert settle_temperature(logits, codes, None, "auto") is None


def test_a_given_temperature_stays_and_the_loss_is_its_own() -> None:
    logits, codes = np.array([[2.0, 0.0], [0.0, 2.0], [2.0, 0.0]]), np.array([0, 1, 1])
    settled = settle_temperature(logits, codes, np.array([1.0, 1.0, 0.5]), 2.0)
    low, high = np.log(1 + np.exp(-1)), np.log(1 + np.exp(1))
    assert settled == pytest.approx((2.0, 2 * low + 0.5 * high))


@given(st.integers(0, 200))
def test_leaving_columns_out_costs_a_tree_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    base = rng.integers(0, 6, size=(30, 3)).astype(float)
    X = np.concatenate([np.stack([c, np.minimum(c, 2), np.maximum(c, 3), 0 * c], 1) for c in base.T], axis=1)
    y = rng.integers(0, 3, size=30)
    kept = telling_columns(X)
    assert set(kept) <= {0, 4, 8} | {1, 2, 5, 6, 9, 10}
    assert len(kept) <= 3
    full = DecisionTreeClassifier(random_state=0).fit(X, y).score(X, y)
    assert DecisionTreeClassifier(random_state=0).fit(X[:, kept], y).score(X[:, kept], y) == full


def test_one_column_stays_where_nothing_tells() -> None:
    assert telling_columns(np.ones((3, 4))).tolist() == [0]
