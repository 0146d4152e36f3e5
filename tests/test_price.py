"""Prices: the fit against known truth, intervals against simulation, records against what happened."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from asklearn.errors import BadInput, NotFitted
from asklearn.learner import ActiveLearner
from asklearn.price import (
    LEVELS,
    RATIOS,
    Bank,
    Realised,
    bank_of,
    calibrated,
    expected_gain,
    fit_bank,
    gain,
    item_prices,
    ranks,
    realised,
    residual_quantiles,
    residuals,
    spread,
)
from asklearn.types import Estimate

TRUTH = Bank(0.8, 0.7, 0.4)


def batches(rng: np.random.Generator, n: int, noise: float) -> tuple[np.ndarray, ...]:
    believed = np.exp(rng.uniform(np.log(0.002), np.log(0.1), n))
    ratio = rng.choice([1.1, 1.41, 2.0, 2.83], n)
    came = gain(TRUTH, believed, ratio) + noise * spread(believed, ratio) * rng.standard_normal(n)
    return believed, ratio, came


def test_noise_and_negative_gains_do_not_bias_the_fit() -> None:
    rng = np.random.default_rng(0)
    believed, ratio, came = batches(rng, 20_000, 0.1)
    assert (came < 0).mean() > 0.03
    found = fit_bank(believed, ratio, came, np.ones(len(came)))
    predicted, truth = gain(found, believed, ratio), gain(TRUTH, believed, ratio)
    assert predicted.sum() == pytest.approx(came.sum(), rel=1e-6)
    assert np.abs(predicted / truth - 1).max() < 0.15


def test_the_interval_holds_as_often_as_it_says() -> None:
    """Quantiles from 4,000 batches, judged on 4,000 others: 80% and 90% to two points, for every ratio."""
    rng = np.random.default_rng(1)
    believed, ratio, came = batches(rng, 4000, 0.1)
    off = residuals(TRUTH, believed, ratio, came)
    bank = Bank(TRUTH.rate, TRUTH.power, TRUTH.decay, residual_quantiles(off, ratio, np.ones(len(off))))
    believed, ratio, came = batches(rng, 4000, 0.1)
    for level in (0.8, 0.9):
        price = [
            expected_gain(b, 100, round(100 * (r - 1)), level=level, bank=bank)
            for b, r in zip(believed, ratio, strict=True)
        ]
        held = np.array([one.low <= g <= one.high for one, g in zip(price, came, strict=True)])
        for one in np.unique(ratio):
            assert held[ratio == one].mean() == pytest.approx(level, abs=0.035)


def test_weighted_quantiles_are_numpys_where_weights_are_equal() -> None:
    values = np.random.default_rng(2).normal(size=4001)
    rows = residual_quantiles(values, np.full(4001, 1.41), np.ones(4001))
    assert len(rows) == len(RATIOS)
    assert np.allclose(rows[1], np.quantile(values, LEVELS), atol=0.03)
    doubled = residual_quantiles(np.repeat(values, 2), np.full(8002, 1.41), np.ones(8002))
    weighted = residual_quantiles(values, np.full(4001, 1.41), np.full(4001, 2.0))
    assert np.allclose(doubled, weighted, atol=0.01)


def test_more_labels_bring_more_and_each_of_them_less() -> None:
    values = [expected_gain(0.02, 200, more).value for more in (20, 40, 200, 800)]
    assert values == sorted(values)
    assert 2 * values[0] > values[1] > 0
    assert expected_gain(0.03, 200, 40).value > values[1]


@pytest.mark.parametrize("metric", ["accuracy", "balanced_accuracy", "macro_f1"])
def test_what_ships_is_whole(metric: str) -> None:
    bank = bank_of(metric)
    assert bank.rate > 0
    assert 0 < bank.power <= 1.5
    assert np.shape(bank.residuals) == (len(RATIOS), len(LEVELS))
    assert all(np.diff(row).min() >= 0 for row in bank.residuals)
    one = expected_gain(0.01, 100, 50, metric)
    assert one.low <= one.value <= one.high
    assert one.name == f"{metric} gain"
    assert one.n == 50


def test_a_metric_without_a_bank_is_refused() -> None:
    with pytest.raises(BadInput, match="priced in accuracy"):
        expected_gain(0.01, 100, 50, "neg_ece")


def test_realised_gains_are_differences_whose_interval_covers() -> None:
    """Two independent audits of 60 and 80 labels, 600 times: the difference is inside at least 95% of times."""
    from asklearn.intervals import exact_binomial

    def estimate(n: int, p: float, rng: np.random.Generator) -> Estimate:
        right = int(rng.binomial(n, p))
        return Estimate("accuracy", right / n, *exact_binomial(right, n), n, "")

    rng = np.random.default_rng(3)
    price = Estimate("accuracy gain", 0.04, 0, 0.1, 50, "")
    held = 0
    for _ in range(600):
        scores = [(100, estimate(60, 0.75, rng)), (150, estimate(80, 0.80, rng))]
        found = realised([(100, price)], scores)[0].realised
        held += found.low <= 0.05 <= found.high
    assert held / 600 >= 0.94


def test_only_batches_that_came_are_compared() -> None:
    def at(labels: int) -> tuple[int, Estimate]:
        return labels, Estimate("accuracy", 0.7, 0.6, 0.8, 20, "")

    price = Estimate("accuracy gain", 0.02, 0.0, 0.04, 50, "")
    assert len(realised([(100, price)], [at(100), at(160)])) == 1
    assert realised([(100, price)], [at(100), at(170)]) == []
    assert realised([(100, price)], [at(100), at(149)]) == []
    assert realised([(100, price)], [at(150)]) == []


def test_rounds_correct_a_price_as_far_as_their_audit_can_tell() -> None:
    price = Estimate("accuracy gain", 0.02, 0.0, 0.05, 50, "changed predictions")

    def pairs(half: float) -> list[Realised]:
        came = Estimate("accuracy gain", 0.005, 0.005 - half, 0.005 + half, 50, "")
        return [Realised(100 * i, price, came) for i in range(8)]

    sharp, blunt = calibrated(price, pairs(0.001)), calibrated(price, pairs(0.2))
    assert sharp is not None
    assert sharp.value == pytest.approx(0.005, abs=0.001)
    assert blunt is not None
    assert blunt.value == pytest.approx(0.02, rel=0.1)
    assert sharp.high - sharp.low == pytest.approx(price.high - price.low)
    assert calibrated(price, pairs(0.001)[:4]) is None


def test_ranks() -> None:
    assert ranks([]) == []
    assert ranks([0.1, 0.3, None, 0.2]) == [3, 1, None, 2]


def test_gains_of_the_items_of_a_batch_add_up_to_its_own_and_fall_with_rank() -> None:
    price = Estimate("accuracy gain", 0.03, -0.01, 0.08, 40, "changed predictions")
    came = Estimate("accuracy gain", 0.03, 0.02, 0.04, 40, "")
    pairs = [Realised(100 * i, price, came) for i in range(5)]
    found = item_prices([0.1 * k for k in range(40)], price, labels=60, pairs=pairs)
    assert [one.rank for one in found] == list(range(40, 0, -1))
    gains = [one.gain for one in found if one.gain is not None]
    assert len(gains) == 40
    whole = calibrated(price, pairs)
    assert whole is not None
    for part in ("value", "low", "high"):
        assert sum(getattr(one, part) for one in gains) == pytest.approx(getattr(whole, part))
    assert np.all(np.diff([one.value for one in gains]) > 0)
    assert {one.n for one in gains} == {1}


def test_an_item_that_chance_drew_has_no_price_of_its_own() -> None:
    price = Estimate("accuracy gain", 0.03, -0.01, 0.08, 2, "changed predictions")
    pairs = [Realised(100 * i, price, price) for i in range(5)]
    drawn, scored = item_prices([None, 0.4], price, labels=60, pairs=pairs)
    assert (drawn.rank, drawn.gain, scored.rank) == (None, None, 1)
    early = item_prices([None, 0.4], price, labels=60, pairs=pairs[:4])
    assert [(one.rank, one.gain) for one in early] == [(None, None), (1, None)]


def test_only_what_was_asked_has_a_price() -> None:
    learner = ActiveLearner("logistic", np.eye(30), strategy="random", seed=0)
    with pytest.raises(BadInput, match="Only what was asked"):
        learner.item_prices([3])


def test_a_learner_prices_records_once_and_compares() -> None:
    X, y = load_digits(return_X_y=True)
    learner = ActiveLearner("logistic(C=1.0)", X, strategy="random", audit=0.5, seed=0)
    with pytest.raises(NotFitted):
        learner.price(10)
    with pytest.raises(BadInput, match="at least one more"):
        learner.price(0)
    for _ in range(4):
        batch = learner.ask(40)
        learner.tell(batch.ids, y[batch.rows])
        learner.evaluate()
        assert learner.price(40) == learner.price(40)
    assert sum(one.name == "accuracy gain" for one in learner.state.measured) == 4
    pairs = learner.priced()
    assert [one.labels for one in pairs] == [40, 80, 120]
    estimates = [one.value for one in learner.state.measured if one.name == "accuracy"]
    assert [one.realised.value for one in pairs] == pytest.approx(np.diff(estimates).tolist())
