"""Selective prediction: the promised error is kept as often as said, and something is promised at all."""

from __future__ import annotations

import numpy as np
import pytest

from asklearn.errors import BadInput
from asklearn.selective import Selective, labels_needed, select, thresholds

POOL = np.linspace(0, 1, 2001)


def risk_above(threshold: float, wrong: np.ndarray) -> float:
    return float(wrong[threshold <= POOL].mean())


WORLDS = {
    "steep": 1 - POOL**0.2,
    "easy": 0.3 * (1 - POOL) ** 2,
    "even": np.full(len(POOL), 0.1),
    "at the brink": np.where(POOL > 0.6, 0.099, 0.13),
}


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("n", [60, 300])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_promise_is_broken_no_more_often_than_said(world: str, n: int, weighted: bool) -> None:
    rng = np.random.default_rng(n)
    p_wrong, runs, broken = WORLDS[world], 150 if weighted else 400, 0
    rate = np.where(POOL < 0.5, 3.0, 1.0) if weighted else np.ones(len(POOL))
    tests = thresholds(POOL, n, 0.1)
    for _ in range(runs):
        drawn = rng.choice(len(POOL), n, p=rate / rate.sum())
        wrong = rng.random(n) < p_wrong[drawn]
        found = select(POOL[drawn], wrong, tests, error=0.1, weight_N=1 / rate[drawn])
        broken += bool(found) and risk_above(found.threshold, p_wrong) > 0.1 + 1e-9
    assert broken / runs < 0.1 + 2.6 * (0.09 / runs) ** 0.5


def test_an_easy_pool_is_mostly_accepted_and_a_hopeless_one_never() -> None:
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(50):
        drawn = rng.integers(len(POOL), size=300)
        wrong = rng.random(300) < WORLDS["easy"][drawn]
        shares.append(select(POOL[drawn], wrong, thresholds(POOL, 300, 0.1), error=0.1, pool_M=POOL).share)
        assert not select(POOL[drawn], np.ones(300, bool), thresholds(POOL, 300, 0.1), error=0.1)
    assert np.mean(shares) > 0.7  # the whole pool has 10% errors


def test_thresholds_chosen_after_a_look_would_break_the_promise() -> None:
    """The best of all thresholds, each tested at the full level: what fixed-sequence testing is not."""
    rng = np.random.default_rng(0)
    p_wrong, broken = np.full(len(POOL), 0.1), 0
    for _ in range(200):
        drawn = rng.integers(len(POOL), size=200)
        wrong = rng.random(200) < p_wrong[drawn]
        any_passes = any(
            select(POOL[drawn], wrong, np.array([t]), error=0.0999) for t in np.linspace(0, 0.8, 40)
        )
        broken += any_passes
    assert broken / 200 > 0.15


def test_the_first_failure_ends_the_search() -> None:
    confidence = np.repeat([0.9, 0.8, 0.7], 100)
    wrong = np.r_[np.zeros(100, bool), np.ones(100, bool), np.zeros(100, bool)]
    found = select(confidence, wrong, np.array([0.9, 0.8, 0.7]), error=0.4)
    assert (found.threshold, found.accepted) == (0.9, 100)
    assert found(np.array([[0.9, 0.1], [0.85, 0.15]])).tolist() == [True, False]


def test_the_bound_is_exact_binomial_and_the_share_the_pools() -> None:
    found = select(
        np.ones(100), np.arange(100) < 2, np.array([0.5]), error=0.1, pool_M=np.array([0.4, 0.6, 0.9, 1.0])
    )
    assert found.bound == pytest.approx(0.0523, abs=0.0011)
    assert found.share == 0.75
    assert "at most 10.0%" in found.guarantee


@pytest.mark.parametrize(("error", "confidence"), [(0.05, 0.9), (0.01, 0.95), (0.2, 0.5)])
def test_labels_needed_is_the_least(error: float, confidence: float) -> None:
    n = labels_needed(error, confidence)
    for labels, passes in ((n, True), (n - 1, False)):
        found = select(
            np.ones(labels), np.zeros(labels, bool), np.array([0.5]), error=error, confidence=confidence
        )
        assert bool(found) is passes


def test_where_nothing_can_be_promised_it_says_so() -> None:
    found = select(np.ones(44), np.zeros(44, bool), np.array([0.5]))
    assert not found
    assert (found.threshold, found.bound, found.share, found.accepted) == (np.inf, 1.0, 0.0, 0)
    assert found.guarantee.startswith("No threshold can be promised with 44 labels")
    assert "45 accepted ones" in found.guarantee
    assert not found(np.array([[1.0, 0.0]])).any()
    assert isinstance(select(np.zeros(0), np.zeros(0, bool), np.zeros(0)), Selective)


def test_thresholds_take_ever_more_of_the_pool_up_to_all() -> None:
    found = thresholds(POOL, 200, 0.1)
    assert (np.diff(found) < 0).all()
    assert found[-1] == 0
    assert (found[0] <= POOL).mean() == pytest.approx(labels_needed(0.1, mistakes=2) / 200, abs=0.01)
    assert thresholds(POOL, 10, 0.1).tolist() == [0.0]


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(BadInput, match="in \\(0, 1\\)"):
        select(np.ones(3), np.zeros(3, bool), np.array([0.5]), error=0.0)
