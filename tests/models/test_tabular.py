"""The mixture for tables: weights from held-out predictions, and a recipe that repeats it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from asklearn.errors import BadInput
from asklearn.models.sklearn import SklearnModel
from asklearn.models.tabular import PRIOR, Mixture, mixture_weights

QUICK = ("logistic(C=10.0)", "extra_trees(trees=20)")


def lines(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    X = np.random.default_rng(seed).normal(size=(rows, 30))
    return X, (X.sum(1) > 0).astype(int)


def boxes(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    X = np.random.default_rng(seed).normal(size=(rows, 3))
    return X, ((np.abs(X[:, 0]) > 0.7) ^ (np.abs(X[:, 1]) > 0.7)).astype(int)


def test_weights_maximise_the_penalised_likelihood() -> None:
    rng = np.random.default_rng(0)
    proba_MN = rng.uniform(0.05, 0.95, size=(3, 50)) ** np.array([[1.0], [0.5], [2.0]])
    weight_N = rng.uniform(0.5, 2, size=50)

    def loss(logits: np.ndarray) -> float:
        w = np.exp(logits) / np.exp(logits).sum()
        return -float(weight_N @ np.log(w @ proba_MN) + PRIOR * np.log(w).sum())

    best = np.exp(minimize(loss, np.zeros(3)).x)
    np.testing.assert_allclose(mixture_weights(proba_MN, weight_N), best / best.sum(), atol=1e-3)


def test_few_labels_mix_evenly_and_many_decide() -> None:
    few, many = np.array([[0.9] * 3, [0.2] * 3]), np.array([[0.9] * 300, [0.2] * 300])
    assert 0.5 < mixture_weights(few)[0] < 0.65
    assert mixture_weights(many)[0] > 0.95
    assert mixture_weights(np.zeros((2, 5))).tolist() == [0.5, 0.5]


@pytest.mark.parametrize(("make", "first"), [(lines, True), (boxes, False)])
def test_the_better_member_has_the_say(make: object, first: bool) -> None:
    X, y = make(300, 0)  # type: ignore[operator]
    model = Mixture(of=QUICK, random_state=0).fit(X, y)
    share = {part.split()[1][:5]: float(part.split()[0]) for part in model.recipe_.split(" + ")}
    assert share["logis" if first else "extra"] > 0.75
    X_test, y_test = make(1000, 1)  # type: ignore[operator]
    assert model.score(X_test, y_test) > 0.75


def test_the_recipe_repeats_the_model() -> None:
    X, y = boxes(90, 0)
    labels = [f"class {one}" for one in y]
    first = SklearnModel(Mixture(of=QUICK)).fresh(5).fit(X, labels)
    assert set(first.params()) == {"recipe"}
    again = SklearnModel(Mixture(of=QUICK)).fresh(5, first.params()).fit(X, labels)
    np.testing.assert_array_equal(first.posterior(X).proba_NC, again.posterior(X).proba_NC)
    assert again.estimator.recipe_ == first.params()["recipe"]


def test_the_probability_is_the_weighted_mean() -> None:
    X, y = boxes(60, 0)
    model = Mixture(
        recipe="0.75 logistic(C=1.0, temperature=1.0) + 0.25 extra_trees(trees=10, temperature=1.0)"
    )
    model.fit(X, y)
    parts = [member.predict_proba(X) for member in model.members_]
    np.testing.assert_allclose(model.predict_proba(X), 0.75 * parts[0] + 0.25 * parts[1])
    np.testing.assert_allclose(model.predict_proba(X).sum(1), 1)


def test_a_class_that_a_fold_never_saw_counts_as_a_miss() -> None:
    X, _ = boxes(21, 0)
    model = Mixture(of=QUICK, random_state=0).fit(X, np.array(["a"] * 10 + ["b"] * 10 + ["once"]))
    assert model.classes_.tolist() == ["a", "b", "once"]
    assert model.predict_proba(X).shape == (21, 3)


def test_two_labels_are_enough() -> None:
    X, _ = boxes(2, 0)
    assert Mixture(random_state=0).fit(X, ["a", "b"]).predict(X).tolist() == ["a", "b"]


@pytest.mark.parametrize("recipe", ["", "much logistic", "0.5", "logistic + extra_trees"])
def test_a_recipe_that_is_none(recipe: str) -> None:
    with pytest.raises(BadInput, match="A recipe looks like"):
        Mixture(recipe=recipe).fit(*boxes(20, 0))
