"""Reliability diagrams: the right bins, and intervals that cover, weighted ones too."""

from __future__ import annotations

import numpy as np
import pytest

from asklearn.calibration.reliability import reliability
from asklearn.intervals import exact_binomial
from asklearn.metrics import calibration_bins


def world(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two classes; a prediction of confidence c is right with probability c - 0.1."""
    sure = rng.uniform(0.5, 1, size=n)
    wrong = rng.random(n) > sure - 0.1
    return np.stack([sure, 1 - sure], axis=1), wrong.astype(int)


def test_it_agrees_with_the_bins_of_the_calibration_error() -> None:
    proba, truth = world(300, np.random.default_rng(0))
    made = reliability(proba, truth)
    count, mean, right = (part[5:] for part in calibration_bins(proba, truth))
    np.testing.assert_array_equal(made.count_B, count)
    np.testing.assert_allclose(made.confidence_B, mean)
    np.testing.assert_allclose(made.accuracy_B, right)
    np.testing.assert_allclose(made.share_B, count / 300)
    np.testing.assert_allclose(
        (made.low_B[0], made.high_B[0]), exact_binomial(round(right[0] * count[0]), count[0])
    )


def test_an_item_without_a_label_widens_its_bin() -> None:
    proba = np.tile([0.9, 0.1], (20, 1))
    known = reliability(proba[:18], np.zeros(18, int))
    made = reliability(proba, np.r_[np.zeros(18, int), -1, -1])
    assert made.accuracy_B == [1.0]
    assert made.low_B[0] < known.low_B[0]
    assert made.high_B[0] == 1.0


def test_a_bin_in_which_nobody_could_say_is_known_to_be_anything() -> None:
    made = reliability(np.array([[0.9, 0.1]]), np.array([-1]))
    assert np.isnan(made.accuracy_B[0])
    assert (made.low_B[0], made.high_B[0]) == (0.0, 1.0)


def test_no_items_are_no_bins() -> None:
    assert len(reliability(np.zeros((0, 2)), np.zeros(0, int)).count_B) == 0


@pytest.mark.parametrize("weighted", [False, True])
def test_the_interval_of_each_bin_covers(weighted: bool) -> None:
    rng = np.random.default_rng(1)
    runs, missed, bins = 150, 0, 0
    for _ in range(runs):
        proba, truth = world(4000, rng)
        sure = proba[:, 0]
        rate = np.where(truth == 1, 0.06, 0.02) if weighted else np.full(4000, 0.03)
        drawn = rng.random(4000) < rate
        made = reliability(proba[drawn], truth[drawn], 1 / rate[drawn])
        for low_edge, high_edge, low, high in zip(
            made.from_B, made.to_B, made.low_B, made.high_B, strict=True
        ):
            here = (sure >= low_edge) & (sure < high_edge)
            right = (sure[here] - 0.1).mean()
            missed += not low <= right <= high
            bins += 1
    assert missed / bins < 0.05 + 2.6 * (0.05 * 0.95 / bins) ** 0.5
