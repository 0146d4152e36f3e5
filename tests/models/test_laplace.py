"""Laplace's approximation against a Hessian by finite differences, and a posterior by brute force."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.datasets import load_iris

from asklearn.errors import BadInput
from asklearn.models.laplace import LaplaceLogisticRegression
from asklearn.models.logistic import TunedLogisticRegression


def softmax(logits: Any) -> Any:
    proba = np.exp(logits - logits.max(-1, keepdims=True))
    return proba / proba.sum(-1, keepdims=True)


def hessian(loss: Any, at: Any, step: float = 1e-3) -> Any:
    """Second derivatives by central differences."""
    size = len(at)
    found = np.empty((size, size))
    for i in range(size):
        for j in range(size):
            e, f = np.eye(size)[i] * step, np.eye(size)[j] * step
            found[i, j] = (loss(at + e + f) - loss(at + e - f) - loss(at - e + f) + loss(at - e - f)) / (
                4 * step**2
            )
    return found


def iris(classes: int) -> tuple[Any, Any]:
    X, y = load_iris(return_X_y=True)
    keep = y >= 3 - classes
    return X[keep][::2], y[keep][::2]


def noise_of(model: LaplaceLogisticRegression) -> Any:
    """What each draw adds to the weights on scaled features with a one appended, shape (K, D + 1, C)."""
    weights = model.weights_ - model.coef_.T
    biases = model.biases_ - model.intercept_ + weights.transpose(0, 2, 1) @ model.mean_
    return np.concatenate([weights * model.scale_, biases[:, None]], axis=1) * model.temperature_


def parts_of(model: LaplaceLogisticRegression, X: Any) -> tuple[Any, Any]:
    features = np.column_stack([(X - model.mean_) / model.scale_, np.ones(len(X))])
    at = np.column_stack([model.coef_ * model.scale_, model.intercept_ + model.coef_ @ model.mean_])
    return features, at.T * model.temperature_


def test_two_classes_are_exact() -> None:
    X, y = iris(2)
    model = LaplaceLogisticRegression(draws=60_000, C=3.0, temperature=1.7, random_state=0).fit(X, y)
    features, at = parts_of(model, X)
    sign = np.where(y == model.classes_[1], 1, -1)

    def loss(w: Any) -> float:
        return float(np.log1p(np.exp(-sign * (features @ w))).sum() + w @ w / (2 * 3.0))

    covariance = np.linalg.inv(hessian(loss, at[:, 1] - at[:, 0]))
    noise = noise_of(model)
    drawn = noise[:, :, 1] - noise[:, :, 0]
    np.testing.assert_allclose(np.cov(drawn.T), covariance, atol=0.03 * np.abs(covariance).max())
    np.testing.assert_allclose(noise.sum(2), 0, atol=1e-9)


def test_three_classes_have_the_blocks_of_the_hessian() -> None:
    X, y = iris(3)
    model = LaplaceLogisticRegression(draws=60_000, C=3.0, temperature=0.8, random_state=0).fit(X, y)
    features, at = parts_of(model, X)

    def loss(flat: Any) -> float:
        w = flat.reshape(at.shape, order="F")
        proba = softmax(features @ w)
        return float(-np.log(proba[np.arange(len(y)), y]).sum() + (flat @ flat) / (2 * 3.0))

    whole = hessian(loss, at.ravel(order="F"))
    drawn = noise_of(model)
    for c in range(3):
        block = np.linalg.inv(whole[5 * c : 5 * c + 5, 5 * c : 5 * c + 5])
        np.testing.assert_allclose(np.cov(drawn[:, :, c].T), block, atol=0.03 * np.abs(block).max())
    between = np.cov(drawn[:, 0, 0], drawn[:, 0, 1])
    assert abs(between[0, 1]) < 0.02 * between.diagonal().min()


def test_disagreement_ranks_items_as_the_whole_hessian_does(digits: Any) -> None:
    X, y = digits.X[:100, 10:40:2], digits.y[:100]
    X_test = digits.X_test[:, 10:40:2]
    model = LaplaceLogisticRegression(draws=400, C=10.0, temperature=1.0, random_state=0).fit(X, y)
    features, at = parts_of(model, X)
    proba = softmax(features @ at)
    whole = (
        sum(
            np.kron(np.diag(p) - np.outer(p, p), np.outer(f, f)) for p, f in zip(proba, features, strict=True)
        )
        + np.eye(at.size) / 10
    )
    value, vector = np.linalg.eigh(whole)
    rng = np.random.default_rng(1)
    drawn = (rng.standard_normal((400, at.size)) / np.sqrt(value)) @ vector.T
    test = np.column_stack([(X_test - model.mean_) / model.scale_, np.ones(len(X_test))])
    exact = softmax(test @ (at + drawn.reshape(400, *at.shape[::-1]).transpose(0, 2, 1)))

    def bald(draws: Any) -> Any:
        def entropy(p: Any) -> Any:
            return -(p * np.log(p + 1e-12)).sum(-1)

        return entropy(draws.mean(0)) - entropy(draws).mean(0)

    assert spearmanr(bald(exact), bald(model.predict_proba_draws(X_test)))[0] > 0.95


def test_it_predicts_as_the_default_model_does(digits: Any) -> None:
    X, y = digits.X[:200], digits.y[:200]
    plain = TunedLogisticRegression(random_state=0).fit(X, y)
    model = LaplaceLogisticRegression(random_state=0).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(digits.X_test), plain.predict_proba(digits.X_test))
    assert (model.C_, model.temperature_) == (plain.C_, plain.temperature_)


def test_draws_lie_on_either_side_and_come_together_as_labels_come_in(digits: Any) -> None:
    settled = {"draws": 10, "C": 10.0, "temperature": 1.0, "random_state": 0}
    few = LaplaceLogisticRegression(**settled).fit(digits.X[:60], digits.y[:60])
    many = LaplaceLogisticRegression(**settled).fit(digits.X, digits.y)
    np.testing.assert_allclose(few.weights_.mean(0), few.coef_.T, atol=1e-4)
    spread = [model.predict_proba_draws(digits.X_test).std(0).mean() for model in (few, many)]
    assert spread[1] < 0.7 * spread[0]


def test_an_item_that_weighs_more_is_surer() -> None:
    X, y = iris(3)
    settled = {"C": 3.0, "temperature": 1.0, "draws": 4, "random_state": 0}
    once = LaplaceLogisticRegression(**settled).fit(X, y)
    thrice = LaplaceLogisticRegression(**settled).fit(X, y, np.full(len(y), 3.0))
    assert np.abs(noise_of(thrice)).mean() < np.abs(noise_of(once)).mean()


@pytest.mark.parametrize("draws", [0, 1, 3])
def test_draws_come_in_pairs(draws: int, digits: Any) -> None:
    with pytest.raises(BadInput, match="draws must be even"):
        LaplaceLogisticRegression(draws=draws).fit(digits.X[:20], digits.y[:20])
