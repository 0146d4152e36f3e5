"""Platt scaling finds planted curves, and keeps what it knows nothing of."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from asklearn.calibration import Platt, fit_platt, softmax


def binary(n: int, slope: float, shift: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Predictions whose truth follows sigmoid(slope * logit + shift)."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=n) * 2
    p = 1 / (1 + np.exp(-z))
    truth = (rng.random(n) < 1 / (1 + np.exp(-(slope * z + shift)))).astype(int)
    return np.stack([1 - p, p], axis=1), truth


@pytest.mark.parametrize(("slope", "shift"), [(1.0, 0.0), (0.4, 0.5), (2.0, -1.0)])
def test_a_planted_curve_is_found(slope: float, shift: float) -> None:
    found = fit_platt(*binary(8000, slope, shift))
    assert found.slope_C[1] == pytest.approx(slope, abs=0.12)
    assert found.intercept_C[1] == pytest.approx(shift, abs=0.12)


def test_newton_reaches_the_least_loss() -> None:
    proba, truth = binary(60, 0.5, 1.0)
    weight = np.random.default_rng(1).uniform(0.2, 3, size=60)
    found = fit_platt(proba, truth, weight)
    z = np.log(proba[:, 1] / proba[:, 0])
    plus, minus = weight[truth == 1].sum(), weight[truth == 0].sum()
    target = np.where(truth == 1, (plus + 1) / (plus + 2), 1 / (minus + 2))

    def loss(ab: np.ndarray) -> float:
        t = ab[0] * z + ab[1]
        nll = np.logaddexp(0, t) - target * t
        return float((weight * nll).sum() + 0.5 * ((ab[0] - 1) ** 2 + ab[1] ** 2) / 0.7**2)

    best = minimize(loss, [1.0, 0.0], tol=1e-10).x
    np.testing.assert_allclose([found.slope_C[1], found.intercept_C[1]], best, atol=1e-4)


def test_two_classes_are_one_curve_and_rows_sum_to_one() -> None:
    proba, truth = binary(300, 0.5, 1.0)
    found = fit_platt(proba, truth)
    np.testing.assert_allclose(found.slope_C[0], found.slope_C[1])
    np.testing.assert_allclose(found.intercept_C[0], -found.intercept_C[1])
    z = np.log(proba[:, 1] / proba[:, 0]) * found.slope_C[1] + found.intercept_C[1]
    np.testing.assert_allclose(found(proba)[:, 1], 1 / (1 + np.exp(-z)))


def test_without_labels_nothing_changes_and_extremes_stay_finite() -> None:
    proba, truth = binary(20, 1, 0)
    np.testing.assert_allclose(fit_platt(proba[:0], truth[:0])(proba), proba)
    sure = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]] * 40)
    for truth_N in (np.tile([0, 1], 40), np.tile([1, 2], 40)):
        made = fit_platt(sure, truth_N)(sure)
        assert np.isfinite(made).all()
        np.testing.assert_allclose(made.sum(1), 1)


def test_many_classes_with_few_labels_do_not_get_worse_than_too_sure_ones_were() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(1200, 30)) * 2
    truth = (softmax(logits).cumsum(1) > rng.random((1200, 1))).argmax(1)
    sure = softmax(3 * logits)
    made = fit_platt(sure[:200], truth[:200])(sure[200:])
    losses = [-np.log(np.maximum(p[np.arange(1000), truth[200:]], 1e-9)).mean() for p in (sure[200:], made)]
    assert losses[1] < 0.7 * losses[0]


def test_it_is_plain_data() -> None:
    np.testing.assert_allclose(Platt(np.ones(2), np.zeros(2))(np.array([[0.25, 0.75]])), [[0.25, 0.75]])
