"""The random learner's curve is what random learners do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from asklearn.baseline import random_curve, sizes
from asklearn.crossfit import AuditSample
from asklearn.errors import BadInput
from asklearn.metrics import metric
from asklearn.registry import adapt


def blobs(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    y = rng.integers(0, 3, n)
    return (rng.standard_normal((n, 8)) + 1.2 * np.eye(8)[y]).astype(np.float32), y


def plain(seed: int, params: dict[str, Any] | None) -> Any:
    return adapt("models", LogisticRegression()).fresh(seed, params)


def curve(n: int, seed: int, name: str = "accuracy") -> tuple[list, Any]:
    rng = np.random.default_rng(seed)
    X, y = blobs(n, rng)
    sample = AuditSample(list(range(n)), [int(one) for one in y], [1.0] * n)
    return random_curve(plain, lambda rows: X[rows], sample, metric(name), rng)


@pytest.mark.parametrize("n", [20, 37, 100, 400])
def test_sizes_rise_and_leave_something_to_test_on(n: int) -> None:
    found = sizes(n)
    assert found == sorted(set(found))
    assert found[0] >= 10
    assert found[-1] < n


def test_it_is_without_bias_at_every_size() -> None:
    """40 audits of 60 items against 60 random learners of as many labels; standard error below 0.013."""
    curves = [curve(60, seed)[0] for seed in range(40)]
    rng = np.random.default_rng(99)
    for place, (size, _) in enumerate(curves[0]):
        ours = [one[place][1].value for one in curves]
        theirs = []
        for _ in range(60):
            X, y = blobs(size, rng)
            X_test, y_test = blobs(1000, rng)
            theirs.append(LogisticRegression().fit(X, y).score(X_test, y_test))
        error = np.hypot(np.std(ours) / np.sqrt(len(ours)), np.std(theirs) / np.sqrt(len(theirs)))
        assert abs(np.mean(ours) - np.mean(theirs)) < 3.5 * error
        assert error < 0.013


@pytest.mark.parametrize("name", ["accuracy", "balanced_accuracy", "neg_log_loss"])
def test_every_estimate_counts_the_audit_once_and_lies_in_its_interval(name: str) -> None:
    history, model = curve(80, 0, name)
    assert [size for size, _ in history] == sizes(80)
    assert all(one.n == 80 and one.low <= one.value <= one.high for _, one in history)
    assert model is not None


def test_items_that_nobody_could_label_are_left_out() -> None:
    X, y = blobs(50, np.random.default_rng(0))
    labels = [None if i % 5 == 0 else int(one) for i, one in enumerate(y)]
    sample = AuditSample(list(range(50)), labels, [1.0] * 50)
    history, _ = random_curve(
        plain, lambda rows: X[rows], sample, metric("accuracy"), np.random.default_rng(0)
    )
    assert history[-1][0] == 36
    assert history[-1][1].n == 40


@pytest.mark.parametrize("labels", [[1, 2] * 5, [1] * 40])
def test_an_audit_too_small_to_be_parted_is_refused(labels: list[int]) -> None:
    n = len(labels)
    sample = AuditSample(list(range(n)), list(labels), [1.0] * n)
    with pytest.raises(
        BadInput,
        match=rf"audit of 20 labels, with two classes in each part. It has {n} of {len(set(labels))} classes",
    ):
        random_curve(
            plain, lambda rows: np.zeros((len(rows), 2)), sample, metric("accuracy"), np.random.default_rng(0)
        )
