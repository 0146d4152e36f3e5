"""The default model: right on digits, calibrated, sane on almost nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

from asklearn.metrics import metric
from asklearn.models._tuning import held_out
from asklearn.models.logistic import STRENGTHS, TunedLogisticRegression


def test_a_fixed_strength_is_scikit_learns_on_the_scaled_features(digits: Any) -> None:
    X, y = digits.X[:200].astype(np.float64), np.array(digits.y[:200])
    ours = TunedLogisticRegression(C=10.0, temperature=1.0).fit(X, y)
    scale = np.sqrt(((X - X.mean(0)) ** 2).sum(1).mean())
    theirs = LogisticRegression(C=10.0, max_iter=2000, tol=1e-8).fit((X - X.mean(0)) / scale, y)
    expected = theirs.predict_proba((digits.X_test - X.mean(0)) / scale)
    np.testing.assert_allclose(ours.predict_proba(digits.X_test), expected, atol=0.01)


def test_the_scale_of_the_features_does_not_matter(digits: Any) -> None:
    y = digits.y[:120]
    one = TunedLogisticRegression(random_state=0).fit(digits.X[:120].astype(float), y)
    other = TunedLogisticRegression(random_state=0).fit(digits.X[:120] * 1000.0 + 5.0, y)
    assert one.C_ == other.C_
    np.testing.assert_allclose(
        one.predict_proba(digits.X_test), other.predict_proba(digits.X_test * 1000.0 + 5), atol=5e-3
    )


@pytest.mark.parametrize("labels", [60, 200])
def test_tuning_chooses_among_the_strengths_and_is_not_beaten_by_far(digits: Any, labels: int) -> None:
    X, y = digits.X[:labels], digits.y[:labels]
    tuned = TunedLogisticRegression(random_state=0).fit(X, y)
    assert tuned.C_ in STRENGTHS
    assert 0.05 <= tuned.temperature_ <= 20
    truth = np.array(digits.y_test)
    loss = metric("neg_log_loss")(tuned.predict_proba(digits.X_test), truth)
    fixed = [
        metric("neg_log_loss")(TunedLogisticRegression(C, 1.0).fit(X, y).predict_proba(digits.X_test), truth)
        for C in STRENGTHS
    ]
    assert loss > max(fixed) - 0.1
    assert loss > min(fixed)


@pytest.mark.parametrize("y", [[0, 1], ["a", "b", "b"], [5, 7, 7, 7, 9], [3, 3, 3, 3, 3, 8]])
def test_almost_nothing_is_enough(digits: Any, y: list[Any]) -> None:
    model = TunedLogisticRegression(random_state=0).fit(digits.X[: len(y)], y)
    proba = model.predict_proba(digits.X_test)
    assert model.classes_.tolist() == sorted(set(y))
    assert np.isfinite(proba).all()
    np.testing.assert_allclose(proba.sum(1), 1, atol=1e-5)
    assert set(model.predict(digits.X_test)) <= set(y)


def test_constant_features_give_the_shares_of_the_classes() -> None:
    proba = (
        TunedLogisticRegression(random_state=0)
        .fit(np.ones((40, 3)), [0] * 30 + [1] * 10)
        .predict_proba(np.ones((1, 3)))
    )
    np.testing.assert_allclose(proba, [[0.75, 0.25]], atol=0.06)


def test_predict_is_the_most_probable_class(digits: Any) -> None:
    model = TunedLogisticRegression(random_state=0).fit(digits.X[:100], digits.y[:100])
    proba = model.predict_proba(digits.X_test)
    np.testing.assert_array_equal(model.predict(digits.X_test), model.classes_[proba.argmax(1)])
    assert proba.dtype == np.float32


def test_the_same_seed_gives_the_same_model_and_a_clone_is_unfitted(digits: Any) -> None:
    model = TunedLogisticRegression(random_state=4)
    one, other = (
        clone(model).fit(digits.X[:80], digits.y[:80]).predict_proba(digits.X_test) for _ in range(2)
    )
    np.testing.assert_array_equal(one, other)
    assert not hasattr(model, "classes_")


def test_a_weight_of_two_is_an_item_twice(digits: Any) -> None:
    X, y = digits.X[:60].astype(float), np.array(digits.y[:60])
    weight = np.where(np.arange(60) < 20, 2.0, 1.0)
    twice = np.r_[np.arange(60), np.arange(20)]
    one = TunedLogisticRegression(10.0, 1.0)
    one.fit(X, y, weight)
    assert np.isfinite(one.predict_proba(X)).all()
    plain = TunedLogisticRegression(10.0, 1.0).fit(X, y)
    doubled = TunedLogisticRegression(10.0, 1.0).fit(X[twice], y[twice])
    near = np.abs(one.predict_proba(X) - doubled.predict_proba(X)).mean()
    assert near < np.abs(one.predict_proba(X) - plain.predict_proba(X)).mean()


def test_features_are_not_changed(digits: Any) -> None:
    X = digits.X[:50].copy()
    TunedLogisticRegression(random_state=0).fit(X, digits.y[:50]).predict_proba(X)
    np.testing.assert_array_equal(X, digits.X[:50])


def test_of_many_labels_a_sample_decides_the_strength(digits: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = digits.X[:300], np.array(digits.y[:300])
    monkeypatch.setattr("asklearn.models.logistic.TUNED_ON", 100)
    seen: list[int] = []

    def counted(codes: Any, *rest: Any) -> Any:
        seen.append(len(codes))
        return held_out(codes, *rest)

    monkeypatch.setattr("asklearn.models.logistic.held_out", counted)
    model = TunedLogisticRegression(random_state=0).fit(X, y, np.ones(len(y)))
    assert set(seen) == {100}
    assert model.score(digits.X_test, digits.y_test) > 0.8
