"""The composite of audit and confidence: its limits, its order, and its coverage where its assumptions hold."""

from __future__ import annotations

import numpy as np
import pytest

from asklearn.composite import BELIEF, EACH, FREEDOM, Belief, composite, worth
from asklearn.intervals import exact_binomial
from asklearn.types import Estimate


def audit(right: int, n: int) -> Estimate:
    low, high = exact_binomial(right, n)
    return Estimate("accuracy", right / n, low, high, n, "exact binomial")


def test_an_audit_of_thousands_decides_alone_and_one_of_none_not_at_all() -> None:
    assert composite(audit(7000, 10000), 0.9, EACH).value == pytest.approx(0.7, abs=0.01)
    nothing = Estimate("accuracy", 0.5, 0.0, 1.0, 0, "too few labels")
    usual = 1 / (1 + np.exp(-(BELIEF.shift + BELIEF.confidence * np.log(9))))
    assert composite(nothing, 0.9, EACH).value == pytest.approx(usual, abs=0.01)
    assert composite(nothing, 0.9, EACH).high < 1


def test_more_labels_of_each_class_make_the_same_confidence_worth_more() -> None:
    few, many = (composite(audit(14, 20), 0.7, each) for each in (5, 200))
    assert few.value < many.value
    plain = Belief(0.0, 1.0, 0.0, 0.3)
    assert composite(audit(14, 20), 0.7, 5, belief=plain) == composite(audit(14, 20), 0.7, 200, belief=plain)


def test_it_lies_between_its_two_sources_and_is_narrower_than_the_audit() -> None:
    found = composite(audit(28, 40), 0.8, EACH, 0.95)
    assert 0.7 < found.value < 0.8
    assert found.high - found.low < audit(28, 40).high - audit(28, 40).low


def test_worth_is_about_the_number_of_labels_of_an_exact_interval() -> None:
    for n, p in ((30, 0.9), (100, 0.7), (400, 0.5)):
        assert worth(audit(round(n * p), n)) == pytest.approx(n, rel=0.25)


def test_the_extremes_are_numbers() -> None:
    for right, sure in ((0, 0.0), (0, 1.0), (20, 0.0), (20, 1.0)):
        found = composite(audit(right, 20), sure, EACH)
        assert 0 <= found.low <= found.value <= found.high <= 1


def test_its_interval_covers_where_shifts_are_as_in_the_bank() -> None:
    """Shifts drawn from the prior, audits from the binomial: 90% intervals hold, over 1,500 draws, to 3 points."""
    rng = np.random.default_rng(0)
    held = []
    for _ in range(1500):
        sure = rng.uniform(0.4, 0.97)
        each = rng.uniform(2, 300)
        odds = BELIEF.middle(sure, each) + BELIEF.scale * rng.standard_t(FREEDOM)
        truth = 1 / (1 + np.exp(-odds))
        n = int(rng.integers(10, 120))
        found = composite(audit(int(rng.binomial(n, truth)), n), sure, each)
        held.append(found.low <= truth <= found.high)
    assert np.mean(held) == pytest.approx(0.9, abs=0.03)
