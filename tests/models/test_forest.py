"""Extremely randomised trees whose probabilities mean something."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.metrics import log_loss

from asklearn.models.forest import ExtraTrees
from asklearn.models.sklearn import SklearnModel


def test_it_guesses_as_the_forest_does_and_means_its_probabilities(digits: Any) -> None:
    X, y = digits.X[:200], digits.y[:200]
    ours = ExtraTrees(random_state=0).fit(X, y)
    plain = ExtraTreesClassifier(100, random_state=0).fit(X[:, ours.columns_], y)
    proba = ours.predict_proba(digits.X_test)
    theirs = plain.predict_proba(digits.X_test[:, ours.columns_])
    assert (proba.argmax(1) == theirs.argmax(1)).mean() > 0.999
    assert ours.temperature_ < 1
    assert log_loss(digits.y_test, proba) < log_loss(digits.y_test, theirs)
    np.testing.assert_allclose(proba.sum(1), 1, atol=1e-6)
    assert (proba > 0).all()


def test_a_seed_decides_everything_and_settings_are_kept(digits: Any) -> None:
    X, y = digits.X[:80], [f"d{one}" for one in digits.y[:80]]
    first = SklearnModel(ExtraTrees()).fresh(3).fit(X, y)
    again = SklearnModel(ExtraTrees()).fresh(3, first.params()).fit(X, y)
    other = SklearnModel(ExtraTrees()).fresh(4, first.params()).fit(X, y)
    assert set(first.params()) == {"temperature"}
    one, same, different = (model.posterior(digits.X_test).proba_NC for model in (first, again, other))
    np.testing.assert_array_equal(one, same)
    assert (one != different).any()


def test_two_labels_are_enough_to_answer(digits: Any) -> None:
    model = ExtraTrees(random_state=0).fit(digits.X[:2], [0, 1])
    assert model.temperature_ == 1.0
    assert model.predict(digits.X[:2]).tolist() == [0, 1]


def test_weights_are_heard() -> None:
    X = np.zeros((4, 1))
    proba = (
        ExtraTrees(temperature=1.0, random_state=0)
        .fit(X, [0, 0, 0, 1], np.array([1.0, 1, 1, 9]))
        .predict_proba(X)
    )
    np.testing.assert_allclose(proba[0], [0.25, 0.75], atol=0.01)
