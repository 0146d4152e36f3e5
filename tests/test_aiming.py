"""Asking for the items of a gap."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest

from asklearn.aiming import aim
from asklearn.errors import PoolExhausted
from asklearn.gaps import Gap
from asklearn.learner import ActiveLearner
from asklearn.pool import Pool
from asklearn.types import Estimate


def made(rows: list[int], belongs: list[float], p_error: list[float]) -> Gap:
    nothing = Estimate("error", 0.5, 0.0, 1.0, 0, "")
    return Gap(
        "odd", ("odd",), (), len(rows), 0.1, len(rows), nothing, nothing, None, [], 0.01,
        np.array(rows), np.array(belongs), np.array(p_error),
    )  # fmt: skip


def test_each_pick_has_the_highest_product_of_error_membership_and_novelty() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 3))
    rows = list(range(10, 50))
    gap = made(rows, rng.random(40).tolist(), rng.random(40).tolist())
    open_rows, known = np.setdiff1d(np.arange(60), [12, 15, 20, 55]), np.array([12, 15, 20, 55])
    picked, scores, why = aim(gap, Pool(X), open_rows, known, 6, rng)
    left, seen = [row for row in rows if row in open_rows], [12, 15, 20]
    widest = max(min(np.linalg.norm(X[row] - X[one]) for one in seen) for row in left)
    for pick, score in zip(picked, scores, strict=True):
        value = {
            row: gap.p_error[row - 10] * gap.belongs[row - 10]
            * min(min(np.linalg.norm(X[row] - X[one]) for one in seen) / widest, 1)
            for row in left
        }  # fmt: skip
        assert pick == max(value, key=value.get)
        assert score == pytest.approx(value[pick], rel=1e-4)
        left.remove(pick)
        seen.append(int(pick))
    assert why.endswith("odd")


def test_a_gap_without_a_label_begins_with_its_likeliest_mistake() -> None:
    gap = made([0, 1, 2], [1.0, 1.0, 1.0], [0.2, 0.9, 0.8])
    picked, _, _ = aim(gap, Pool(np.array([[0.0], [1.0], [1.0]])), np.arange(3), np.array([], int), 2, None)
    assert picked.tolist() == [1, 0]  # 2 is a copy of what was picked


def test_a_small_gap_gives_what_it_has_and_then_nothing() -> None:
    X = np.random.default_rng(0).normal(size=(200, 2))
    learner = ActiveLearner("logistic", X, audit=0.2, seed=0)
    gap = made([3, 4, 5, 6, 7], [1.0] * 5, [0.5] * 5)
    first = learner.ask(20, gap=gap)
    assert len(first) == 5
    assert first.streams.count("audit") == 1
    learner.ask(1, gap=gap)
    for _ in range(2):
        with contextlib.suppress(PoolExhausted):
            learner.ask(5, gap=gap)
    with pytest.raises(PoolExhausted, match="Every item of the gap 'odd'"):
        learner.ask(5, gap=gap)
