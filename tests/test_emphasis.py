"""Weights that emphasise are capped and tempered; what hurts a group is not kept."""

from __future__ import annotations

import numpy as np
import pytest

from asklearn.emphasis import error_weights, pool_weights, worth_keeping
from asklearn.errors import BadInput


def test_weights_rise_with_the_loss_up_to_the_cap() -> None:
    weights = error_weights(np.linspace(0, 1, 50), cap=3, temper=1)
    assert (np.diff(weights) > 0).all()
    assert weights.max() / weights.min() == pytest.approx(3)
    assert weights.mean() == pytest.approx(1)
    np.testing.assert_allclose(error_weights(np.linspace(0, 1, 50), temper=0), 1)
    with pytest.raises(BadInput, match="in \\[0, 1\\]"):
        error_weights(np.array([0.5, 1.5]))


def test_what_was_picked_too_often_counts_for_less() -> None:
    rng = np.random.default_rng(0)
    pool = rng.normal(size=(2000, 2))
    picked = pool[rng.choice(2000, 300, p=(p := np.exp(pool[:, 0])) / p.sum())]
    weights = pool_weights(picked, pool)
    assert weights.max() / weights.min() <= 3 + 1e-9
    assert abs(np.average(picked[:, 0], weights=weights)) < abs(picked[:, 0].mean())


@pytest.mark.parametrize(("effect", "most"), [(0.0, 0.2), (-0.3, 0.02)])
def test_a_change_that_brings_nothing_is_seldom_kept(effect: float, most: float) -> None:
    rng = np.random.default_rng(0)
    group = np.repeat([0, 1, 2], [60, 30, 10])
    kept = [worth_keeping(rng.normal(effect, 1, size=100), group)[0] for _ in range(300)]
    assert np.mean(kept) < most + 2.6 * (most * (1 - most) / 300) ** 0.5


def test_a_group_that_loses_is_named_and_seldom_in_error() -> None:
    rng = np.random.default_rng(0)
    group = np.repeat([0, 1, 2], [60, 30, 10])
    named = [worth_keeping(rng.normal(size=100), group)[1] for _ in range(300)]
    assert np.mean([len(one) > 0 for one in named]) < 0.05 + 0.033
    hurt = np.where(group == 1, -2.0, 1.0) + rng.normal(size=100)
    kept, losing = worth_keeping(hurt, group)
    assert not kept
    assert losing.tolist() == [1]
