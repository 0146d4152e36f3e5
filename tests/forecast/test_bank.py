"""The bank that ships is readable, says what it was made of, and stretches intervals as it says."""

from __future__ import annotations

import json

import numpy as np
import pytest

from asklearn.forecast.bank import (
    LEVELS,
    RATIOS,
    bank,
    bank_of,
    nominal,
    residual_quantiles,
    weighted_quantiles,
)
from asklearn.forecast.prior import BROAD


def test_what_ships_is_small_and_says_what_it_was_made_of() -> None:
    made = bank()
    assert {"projects", "sets", "models", "strategies", "seeds", "revision"} <= set(made.provenance)
    assert len(json.dumps(made.to_json())) < 10_000
    assert made.residual_RQ.shape == (len(RATIOS), len(LEVELS))
    assert np.all(np.diff(made.residual_RQ, axis=1) >= 0)


def test_it_is_read_as_it_was_written() -> None:
    again = bank_of(json.loads(json.dumps(bank().to_json())))
    np.testing.assert_allclose(again.residual_RQ, bank().residual_RQ, atol=1e-3)
    np.testing.assert_allclose(again.prior.coef_F2, bank().prior.coef_F2, atol=1e-4)
    assert again.prior.belief == pytest.approx(bank().prior.belief, abs=1e-4)


def test_a_nominal_bank_has_normal_quantiles_at_every_horizon() -> None:
    for ratio in (1.0, 3.0, 100.0):
        assert nominal(BROAD).residual(0.95, ratio) == pytest.approx(1.645, abs=1e-3)
        assert nominal(BROAD).residual(0.995, ratio) == pytest.approx(2.576, abs=1e-3)
        assert nominal(BROAD).residual(0.4, ratio) == pytest.approx(-0.2533, abs=0.02)


def test_horizons_are_kept_apart_and_sources_count_alike() -> None:
    rng = np.random.default_rng(0)
    ratio = np.repeat(RATIOS, 2000)
    residual = rng.standard_normal(len(ratio)) * np.repeat([1, 2, 3, 4, 5, 6], 2000)
    table = residual_quantiles(residual, ratio, np.ones(len(ratio)))
    np.testing.assert_allclose(table[:, 7] / [1, 2, 3, 4, 5, 6], 1.645, atol=0.15)
    few = residual_quantiles(np.r_[np.zeros(10 * len(RATIOS)), np.ones(2 * len(RATIOS))],
                             np.r_[np.repeat(RATIOS, 10), np.repeat(RATIOS, 2)],
                             np.r_[np.full(10 * len(RATIOS), 0.1), np.full(2 * len(RATIOS), 1.0)])  # fmt: skip
    assert np.all(few[:, 5] == 1)


def test_a_new_source_may_be_unlike_all_others() -> None:
    """As one more source whose residuals are half below everything and half above."""
    rng = np.random.default_rng(0)
    sources, each = 23, 53
    residual_N = rng.normal(size=sources * each) + np.repeat(rng.normal(size=sources), each)
    weight_N = np.full(len(residual_N), 1 / each)
    every = np.concatenate([residual_N, [-np.inf, np.inf]])
    told = weighted_quantiles(every, np.concatenate([weight_N, [0.5, 0.5]]), LEVELS)
    ratio_N = np.repeat(RATIOS, len(residual_N))
    found_RQ = residual_quantiles(
        np.tile(residual_N, len(RATIOS)), ratio_N, np.tile(weight_N, len(RATIOS)) / len(RATIOS)
    )
    assert found_RQ[0].tolist() == pytest.approx(told)
