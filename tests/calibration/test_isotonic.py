"""Isotonic calibration: curves that never fall, weights that count, rare classes that share."""

from __future__ import annotations

import numpy as np
import pytest

from asklearn.calibration import fit_isotonic
from asklearn.calibration.isotonic import MIN_PER_CLASS


def binary(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    p = rng.uniform(size=n)
    return np.stack([1 - p, p], axis=1), (rng.random(n) < p**3).astype(int)


def test_a_planted_curve_is_found() -> None:
    calibrate = fit_isotonic(*binary(20_000))
    asked = np.linspace(0.1, 0.9, 9)
    np.testing.assert_allclose(calibrate(np.stack([1 - asked, asked], axis=1))[:, 1], asked**3, atol=0.05)


def test_curves_never_fall_and_never_reach_zero_or_one() -> None:
    calibrate = fit_isotonic(*binary(100))
    for _, should in calibrate.curves:
        assert (np.diff(should) >= 0).all()
        assert should[0] >= 1 / 102
        assert should[-1] <= 101 / 102


def test_an_item_of_weight_two_counts_as_two_items() -> None:
    proba, truth = binary(60)
    weight = np.random.default_rng(1).integers(1, 4, size=60)
    twice = fit_isotonic(np.repeat(proba, weight, axis=0), np.repeat(truth, weight))
    once = fit_isotonic(proba, truth, weight)
    for one, two in zip(once.curves, twice.curves, strict=True):
        inside = (one[1] > 0.03) & (one[1] < 0.97)  # the ends depend on the number of items
        np.testing.assert_allclose(one[1][inside], np.interp(one[0], *two)[inside])


def test_rare_classes_share_a_curve_and_common_ones_have_their_own() -> None:
    rng = np.random.default_rng(0)
    truth = np.repeat([0, 1, 2, 3], [40, 40, MIN_PER_CLASS - 1, MIN_PER_CLASS - 1])
    proba = rng.dirichlet(np.ones(4), size=len(truth))
    curves = fit_isotonic(proba, truth).curves
    assert curves[2] is curves[3]
    assert curves[0] is not curves[1]


def test_without_labels_nothing_changes() -> None:
    proba, truth = binary(5)
    np.testing.assert_allclose(fit_isotonic(proba[:0], truth[:0])(proba), proba)


@pytest.mark.parametrize("classes", [2, 7])
def test_rows_sum_to_one(classes: int) -> None:
    rng = np.random.default_rng(0)
    proba = rng.dirichlet(np.ones(classes), size=80)
    made = fit_isotonic(proba, rng.integers(classes, size=80))(proba)
    np.testing.assert_allclose(made.sum(1), 1)
