"""Forecasts rise, stay possible, and know more when the audit does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asklearn.errors import BadInput
from asklearn.forecast import forecast, labels_to, outlook, weighted_quantiles
from asklearn.forecast.bank import nominal
from asklearn.forecast.prior import BROAD, Prior
from asklearn.intervals import exact_binomial
from asklearn.metrics import metric
from asklearn.types import Estimate


def power_law(n: float) -> float:
    return 0.95 - 2.0 * n**-0.6


def history(share: float, counts: tuple[int, ...] = (50, 100, 200, 400)) -> list[tuple[int, Estimate]]:
    found = []
    for labels in counts:
        n = round(share * labels)
        right = round(power_law(labels) * n)
        found.append((labels, Estimate("accuracy", right / n, *exact_binomial(right, n), n=n, method="")))
    return found


def test_it_covers_the_curve_that_it_was_given() -> None:
    for at in (400, 800, 1600):
        found = forecast(history(0.2), at, np.random.default_rng(0))
        assert found.low <= power_law(at) <= found.high


def test_more_labels_are_never_worth_less() -> None:
    values = [forecast(history(0.2), at, np.random.default_rng(0)) for at in (400, 500, 800, 3200, 10**6)]
    for part in ("low", "value", "high"):
        assert np.all(np.diff([getattr(one, part) for one in values]) >= 0)
    assert values[-1].high <= 1


def test_a_larger_audit_makes_it_narrower() -> None:
    widths = [
        one.high - one.low
        for one in (forecast(history(s), 800, np.random.default_rng(0)) for s in (0.1, 0.4, 1.6))
    ]
    assert widths[0] > widths[1] > widths[2]


def test_it_is_repeatable() -> None:
    one, other = (forecast(history(0.2), 800, np.random.default_rng(3)) for _ in range(2))
    assert one == other


def test_with_too_few_rounds_it_claims_no_more_than_the_last_one() -> None:
    past = history(0.2)[:2]
    found = forecast(past, 900, np.random.default_rng(0))
    assert (found.low, found.high) == (past[-1][1].low, 1.0)
    assert "3 are needed, there are 2" in found.method


def test_a_metric_over_classes_is_forecast_as_cautiously_as_it_is_known() -> None:
    width = {}
    for name in ("accuracy", "balanced_accuracy"):
        past = [
            (n, Estimate(name, s, 0.45, 0.95, n=60, method=""))
            for n, s in ((100, 0.7), (200, 0.74), (400, 0.78))
        ]
        found = forecast(past, 800, np.random.default_rng(0))
        width[name] = found.high - found.low
    assert width["balanced_accuracy"] > 1.4 * width["accuracy"]


def test_estimates_without_a_label_are_no_evidence() -> None:
    past = [(n, Estimate("accuracy", 0.5, 0.0, 1.0, n=0, method="no audit label")) for n in (20, 40, 60, 80)]
    found = forecast(past, 160, np.random.default_rng(0))
    assert (found.low, found.high) == (0.0, 1.0)
    assert "3 are needed, there are 0" in found.method


@pytest.mark.parametrize(
    ("past", "at", "words"), [([], 10, "needs estimates"), (history(0.2), 399, "looks ahead")]
)
def test_what_cannot_be_forecast_is_refused(past: list[tuple[int, Estimate]], at: int, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        forecast(past, at, np.random.default_rng(0))


ESTIMATES = st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.integers(0, 500)).map(
    lambda one: (*sorted(one[:3]), one[3])
)


@pytest.mark.parametrize("name", ["accuracy", "neg_log_loss", "neg_ece"])
@given(past=st.lists(ESTIMATES, min_size=1, max_size=6), ahead=st.integers(0, 10_000), seed=st.integers(0, 9))
@settings(max_examples=25, deadline=None)
def test_whatever_the_past_it_stays_possible(
    name: str, past: list[tuple[float, float, float, int]], ahead: int, seed: int
) -> None:
    low, span = metric(name).low, metric(name).high - metric(name).low
    rounds = [
        (20 * (i + 1), Estimate(name, low + span * v, low + span * lo, low + span * hi, n=n, method=""))
        for i, (lo, v, hi, n) in enumerate(past)
    ]
    found = forecast(rounds, 20 * len(rounds) + ahead, np.random.default_rng(seed))
    assert metric(name).low <= found.low <= found.value <= found.high <= metric(name).high


def test_weighted_quantiles_are_those_of_repeated_values() -> None:
    rng = np.random.default_rng(0)
    values, weights = rng.normal(size=31), rng.integers(1, 5, 31)
    repeated = np.repeat(values, weights)
    levels = [0.05, 0.31, 0.5, 0.95]
    expected = np.quantile(repeated, levels, method="inverted_cdf")
    np.testing.assert_allclose(weighted_quantiles(values, weights.astype(float), levels), expected)


@pytest.mark.parametrize(("end", "part"), [("high", "low"), ("value", "value"), ("low", "high")])
def test_labels_to_is_where_the_forecast_first_crosses_the_target(end: str, part: str) -> None:
    """The lower end of a forecast may stay level further out, where forecasts are less sure."""
    past = history(1.0)
    target = getattr(forecast(past, 1200, np.random.default_rng(0)), end)
    needed = getattr(labels_to(past, target, np.random.default_rng(0)), part)
    assert needed <= 1200 * 1.03
    assert getattr(forecast(past, int(needed), np.random.default_rng(0)), end) == pytest.approx(
        target, abs=2e-3
    )
    before = getattr(forecast(past, int(0.9 * needed), np.random.default_rng(0)), end)
    assert before < target


def test_labels_to_what_is_reached_are_the_present_ones_and_out_of_reach_is_none() -> None:
    past = history(4.0)
    assert labels_to(past, 0.3, np.random.default_rng(0)).value == 400
    never = labels_to(past, 0.999, np.random.default_rng(0))
    assert never.value is None
    assert "more than 4000" in str(never)
    with pytest.raises(BadInput, match="lies between 0 and 1"):
        labels_to(past, 92, np.random.default_rng(0))


def test_labels_to_with_too_few_rounds_knows_nothing() -> None:
    needed = labels_to(history(0.2)[:2], 0.9, np.random.default_rng(0))
    assert (needed.low, needed.value, needed.high) == (100, None, None)


def test_confidence_speaks_where_the_audit_is_small_and_hardly_where_it_is_large() -> None:
    def value(share: float, confidence: float) -> float:
        return forecast(history(share), 800, np.random.default_rng(0), confidence=confidence).value

    assert value(0.1, 0.95) - value(0.1, 0.75) > 0.04
    assert abs(value(10, 0.95) - value(10, 0.75)) < 0.025


def test_the_score_of_guessing_says_what_is_still_to_gain() -> None:
    """Where the most frequent class has 97 items in 100, a score of 98 in 100 is a poor one, and may stay."""
    past = [(n, Estimate("accuracy", 0.98, 0.93, 1.0, n=100, method="")) for n in (100, 200, 400)]
    plain, rare = (forecast(past, 1600, np.random.default_rng(0), classes=2, guess=g) for g in (None, 0.97))
    assert rare.value < plain.value
    assert rare.low < plain.low
    balanced = [
        forecast([(n, Estimate("balanced_accuracy", 0.9, 0.8, 1, n, "")) for n in (50, 100, 200)], 400,
                 np.random.default_rng(0), classes=2, guess=g) for g in (None, 0.97)
    ]  # fmt: skip
    assert balanced[0] == balanced[1]


def test_a_model_that_is_sure_and_wrong_is_found_out() -> None:
    past = [
        (n, Estimate("accuracy", 0.3, *exact_binomial(round(0.3 * n), n), n=n, method=""))
        for n in (50, 100, 200)
    ]
    found = forecast(past, 200, np.random.default_rng(0), confidence=0.97)
    assert found.value < 0.4


def test_intervals_hold_for_tasks_like_those_of_the_prior() -> None:
    """Nominal 90%; 300 tasks drawn from the prior itself, audits of a tenth: standard error 1.7%."""
    rng = np.random.default_rng(1)
    prior = Prior(np.array([[-0.8, -0.6], [0.0, 0.3], [-0.5, 0.0]]), np.diag([0.5, 0.2]), BROAD.family_3)
    counts, held = np.array([50, 100, 200, 400]), []
    for _ in range(300):
        curve = prior.draw(rng.uniform(0.4, 0.95, 1), 400, 4, rng)
        truth = {n: float(np.clip(curve.at(n / 400)[0], 0, 1)) for n in counts}
        luck = rng.random(40)
        past = []
        for n, score in truth.items():
            right = int((luck[: n // 10] < score).sum())
            past.append((int(n), Estimate("accuracy", right / (n // 10), 0, 1, n=int(n // 10), method="")))
        made = outlook(past, rng, classes=4, known=nominal(prior), draws=2000)
        found = made.score(1600)
        held.append(found.low <= curve.at(4.0)[0] <= found.high)
    assert 0.86 <= np.mean(held) <= 0.98
