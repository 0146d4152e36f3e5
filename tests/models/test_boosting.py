"""Gradient boosting: few labels and many, what it tunes, and draws that disagree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import log_loss

from asklearn.encoders.tabular import TabularEncoder
from asklearn.models.boosting import STAGES, GradientBoosting
from asklearn.models.committee import BootstrapCommittee
from asklearn.models.sklearn import SklearnModel


def table(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 4))
    label = (np.abs(x[:, 0]) + 0.3 * rng.normal(size=rows) > 0.7).astype(int) + (x[:, 1] > 1)
    return x.astype(np.float32), label


@pytest.mark.parametrize("rows", [20, 60, 400])
def test_it_learns_what_no_line_can_tell(rows: int) -> None:
    X, y = table(rows)
    X_test, y_test = table(2000, 1)
    model = GradientBoosting(random_state=0).fit(X, y)
    assert model.score(X_test, y_test) > {20: 0.5, 60: 0.68, 400: 0.82}[rows]
    assert model.iterations_ in STAGES


def test_cross_validated_probabilities_beat_the_plain_classifiers() -> None:
    X, y = table(200)
    X_test, y_test = table(2000, 1)
    plain = HistGradientBoostingClassifier(early_stopping=False).fit(X, y)
    tuned = GradientBoosting(random_state=0).fit(X, y)
    assert log_loss(y_test, tuned.predict_proba(X_test)) < 0.8 * log_loss(y_test, plain.predict_proba(X_test))


def test_columns_that_say_the_same_are_left_out() -> None:
    columns = {"a": np.arange(200.0), "b": np.random.default_rng(0).normal(size=200)}
    features = TabularEncoder().fit(columns).encode(columns)
    y = (columns["a"] % 50 > 25).astype(int)
    model = GradientBoosting(iterations=20, temperature=1.0).fit(features, y)
    assert len(model.columns_) == 2
    assert model.score(features, y) > 0.95


def test_settings_that_were_found_give_the_same_model_again() -> None:
    X, y = table(80)
    first = SklearnModel(GradientBoosting()).fresh(3).fit(X, y.tolist())
    assert set(first.params()) == {"iterations", "temperature"}
    again = SklearnModel(GradientBoosting()).fresh(3, first.params()).fit(X, y.tolist())
    np.testing.assert_array_equal(first.posterior(X).proba_NC, again.posterior(X).proba_NC)


def test_many_classes_get_fewer_trees_each() -> None:
    model = GradientBoosting()
    assert model._stages(2) == STAGES
    assert model._stages(26) == (10, 20)
    assert model._stages(1000) == (10,)


def test_classes_that_are_missing_from_a_fold_and_words_as_labels() -> None:
    X, _ = table(21)
    y = np.array(["often"] * 10 + ["also"] * 10 + ["once"])
    model = GradientBoosting(random_state=0).fit(X, y)
    assert model.classes_.tolist() == ["also", "often", "once"]
    np.testing.assert_allclose(model.predict_proba(X).sum(1), 1, atol=1e-6)


def test_weights_count_as_copies_do() -> None:
    X, y = table(60)
    weight = np.random.default_rng(0).integers(1, 4, size=60)
    settled: dict[str, Any] = {"iterations": 20, "temperature": 1.0}
    weighted = GradientBoosting(**settled).fit(X, y, weight.astype(float))
    assert (
        np.abs(weighted.predict_proba(X) - GradientBoosting(**settled).fit(X, y).predict_proba(X)).max()
        > 0.01
    )


@pytest.mark.parametrize(
    "base",
    ["gradient_boosting(iterations=20, temperature=1.0)", HistGradientBoostingClassifier(max_iter=20)],
    ids=["ours", "scikit-learn's"],
)
def test_a_committee_of_boosted_trees_truly_disagrees(base: Any) -> None:
    X, y = table(120)
    X_test, _ = table(300, 1)
    draws_KNC = BootstrapCommittee(base, size=5, random_state=0).fit(X, y).predict_proba_draws(X_test)
    for k in range(1, 5):
        assert (np.abs(draws_KNC[k] - draws_KNC[0]).max(1) > 1e-3).mean() > 0.9
