"""Tests, their correction, and what they need, against oracles and simulation."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.stats import binomtest, fisher_exact

from asklearn.errors import BadInput
from asklearn.gaps.confirm import benjamini_hochberg, labels_needed, p_of_more_errors, selected_level
from asklearn.intervals import exact_binomial


@pytest.mark.parametrize("table", [(3, 5, 10, 90), (0, 4, 3, 40), (6, 6, 1, 30), (2, 10, 20, 100)])
def test_p_is_that_of_fishers_test(table: tuple[int, int, int, int]) -> None:
    a, n, b, m = table
    wanted = fisher_exact([[a, n - a], [b, m - b]], alternative="greater").pvalue
    assert p_of_more_errors(*table) == pytest.approx(wanted)


def test_p_without_labels_on_a_side_is_one() -> None:
    assert p_of_more_errors(0, 0, 3, 10) == p_of_more_errors(3, 10, 0, 0) == 1.0


def test_p_refuses_more_mistakes_than_labels() -> None:
    with pytest.raises(BadInput, match="5 of 4 inside"):
        p_of_more_errors(5, 4, 0, 10)


def test_rejections_are_those_of_scipy() -> None:
    from scipy.stats import false_discovery_control

    rng = np.random.default_rng(0)
    for _ in range(50):
        p = rng.random(12) ** 3
        assert (benjamini_hochberg(p, 0.1) == (false_discovery_control(p) <= 0.1)).all()
    assert len(benjamini_hochberg(np.zeros(0))) == 0


def test_false_discoveries_and_intervals_of_the_shown_keep_their_rates() -> None:
    """1,000 families of 12 slices, 9 of them no gap: at most a tenth of what is shown is false, 5% misses."""
    rng = np.random.default_rng(0)
    p_of = cache(p_of_more_errors)
    error, n_in, n_out = np.array([0.2] * 9 + [0.5, 0.6, 0.7]), 15, 185
    false, shown, missed = [], 0, []
    for _ in range(1000):
        wrong, out = rng.binomial(n_in, error), rng.binomial(n_out, 0.2)
        p = np.array([p_of(int(w), n_in, int(out), n_out) for w in wrong])
        kept = np.flatnonzero(benjamini_hochberg(p, 0.1))
        level = selected_level(0.95, len(kept), 12)
        bounds = [exact_binomial(int(wrong[i]), n_in, level) for i in kept]
        miss = [not low <= error[i] <= high for i, (low, high) in zip(kept, bounds, strict=True)]
        false.append(np.mean(kept < 9) if len(kept) else 0.0)
        missed.append(np.mean(miss) if miss else 0.0)
        shown += len(kept)
    assert shown > 1000
    for rate, most in ((np.mean(false), 0.1), (np.mean(missed), 0.05)):
        assert binomtest(round(rate * 1000), 1000, most, alternative="greater").pvalue > 0.01


def test_the_labels_said_to_be_needed_give_the_power() -> None:
    share, inside, outside = 0.08, 0.7, 0.15
    n = labels_needed(share, inside, outside, tested=10, power=0.8)
    rng = np.random.default_rng(0)
    passed = 0
    for _ in range(1500):
        n_in = rng.binomial(n // 2, share)
        wrong = int(rng.binomial(n_in, inside)), int(rng.binomial(n // 2 - n_in, outside))
        passed += p_of_more_errors(wrong[0], n_in, wrong[1], n // 2 - n_in) <= 0.1 / 10
    assert 0.75 < passed / 1500 < 0.87


def test_smaller_gaps_need_more_labels() -> None:
    assert labels_needed(0.03, 0.7, 0.2) > labels_needed(0.1, 0.7, 0.2)
    assert labels_needed(0.05, 0.5, 0.2) > labels_needed(0.05, 0.9, 0.2)
    with pytest.raises(BadInput, match="larger error inside"):
        labels_needed(0.05, 0.2, 0.2)


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_a_rate_lies_between_zero_and_one(rate: float) -> None:
    with pytest.raises(BadInput, match="false discovery rate"):
        benjamini_hochberg(np.array([0.1]), rate)
