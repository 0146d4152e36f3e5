"""The report's statistics, against brute force and against truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asklearn.errors import BadInput
from asklearn.report.numbers import (
    Run,
    aulc,
    aulc_difference,
    coverage,
    crossing,
    estimate_hits,
    forecast_hits,
    isotonic,
    labels_saved,
    labels_to,
    mean_curve,
    read_runs,
    t_interval,
)

X = np.arange(20.0, 401, 20)


def run(strategy="a", seed=0, labels=(20, 40), score=(0.5, 0.6), **more):
    return {"strategy": strategy, "seed": seed, "labels": list(labels), "score": list(score), **more}


@pytest.mark.parametrize(
    "result",
    [
        {},
        {"runs": []},
        {"runs": "runs"},
        [],
        {"runs": [3]},
        {"runs": [{"strategy": "a"}]},
        {"runs": [run(score=[1])]},
        {"runs": [run(score=["high", "low"])]},
        {"runs": [run(labels=[40, 20])]},
        {"runs": [run(labels=[0, 20])]},
        {"runs": [run(labels=[float("nan"), 20])]},
        {"runs": [run(), run()]},
        {"runs": [run(seed="x")]},
    ],
)
def test_a_broken_result_is_refused_with_words(result):
    with pytest.raises(BadInput) as error:
        read_runs(result)
    assert len(str(error.value)) > 40


def test_none_and_nan_scores_are_dropped_and_counted():
    (one,) = read_runs({"runs": [run(labels=(20, 40, 60), score=(None, float("nan"), 0.7))]})
    assert one.labels_R.tolist() == [60]
    assert one.dropped == 2


@pytest.mark.parametrize("entry", [None, 3, {}, {"value": 1, "low": None, "high": 1}, {"value": "x"}])
def test_an_estimate_without_an_interval_is_none(entry):
    assert read_runs({"runs": [run(estimate=[entry, entry])]})[0].estimate == {}


def test_t_interval_is_scipys():
    from scipy import stats

    values = np.random.default_rng(0).normal(size=7)
    low, high = stats.t.interval(0.9, 6, values.mean(), stats.sem(values))
    assert t_interval(values, 0.9)[:3] == pytest.approx((values.mean(), low, high))


def test_one_seed_has_no_interval():
    span = t_interval(np.array([0.5]))
    assert span.n == 1
    assert np.isnan(span.low)


def test_aulc_is_a_fine_sum():
    score = np.sqrt(X)
    fine = np.linspace(np.log2(X[0]), np.log2(X[-1]), 100_001)
    assert aulc(X, score) == pytest.approx(np.interp(fine, np.log2(X), score).mean(), rel=1e-4)


@settings(deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=1, max_size=9))
def test_isotonic_is_the_nearest(values):
    from sklearn.isotonic import isotonic_regression

    fitted = isotonic(np.array(values))
    assert fitted == pytest.approx(isotonic_regression(np.array(values)), abs=1e-9)


def test_crossing_never_reached_and_reached_at_once():
    assert np.isnan(crossing(X, np.full(len(X), -1.0)))
    assert crossing(X, np.zeros(len(X))) == 20


def test_curves_of_unequal_runs_say_how_many_seeds():
    runs = [Run("a", 0, X, X / 400), Run("a", 1, X[:10], X[:10] / 400)]
    curve = mean_curve(runs)
    assert curve.n_R.tolist() == [2] * 10 + [1] * 10
    assert np.isnan(curve.low_R[10:]).all()


def test_differences_are_paired_within_seeds():
    def runs(name, gain):
        return [Run(name, s, X, np.full(len(X), s / 10 + gain)) for s in range(4)]

    span = aulc_difference(runs("a", 0.05), runs("random", 0.0))
    assert span.value == pytest.approx(0.05)
    assert span.high - span.low < 1e-9


def test_a_strategy_that_never_gets_there_saves_nothing():
    weak = [Run("a", s, X, X / 1000 + s / 100) for s in range(3)]
    strong = [Run("random", s, X, X / 500 + s / 100) for s in range(3)]
    saved, score = labels_saved(weak, strong)
    assert np.isnan(saved.value)
    assert np.isnan(saved.low)
    assert score == pytest.approx(0.81)


def test_equal_curves_that_stopped_rising_save_nothing():
    flat = np.minimum(X / 200, 1.0)
    ours, random = ([Run(name, s, X, flat + s / 100) for s in range(3)] for name in ("a", "random"))
    assert labels_saved(ours, random)[0].value == pytest.approx(0.0)


def test_savings_without_a_shared_seed_are_nothing():
    assert labels_saved([Run("a", 0, X, X)], [Run("random", 1, X, X)])[0].n == 0


def test_labels_to_without_runs():
    assert labels_to([], np.array([])).n == 0


def simulate(rng, seeds, noise, factor):
    """Two strategies of which one needs 1 / factor of the other's labels, sharing a shift per seed."""

    def truth(n):
        return 0.9 - 2 * n**-0.6

    ours, theirs = [], []
    for seed in range(seeds):
        shift = rng.normal(0, noise)
        ours.append(Run("a", seed, X, truth(X * factor) + shift + rng.normal(0, noise, len(X))))
        theirs.append(Run("random", seed, X, truth(X) + shift + rng.normal(0, noise, len(X))))
    return ours, theirs


@pytest.mark.parametrize(("seeds", "noise", "factor"), [(5, 0.01, 1.6), (10, 0.003, 1.3), (3, 0.005, 2.5)])
def test_the_interval_of_labels_saved_holds_the_truth(seeds, noise, factor):
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(250):
        saved, _ = labels_saved(*simulate(rng, seeds, noise, factor))
        held += (np.isnan(saved.low) or saved.low <= 1 - 1 / factor) and 1 - 1 / factor <= saved.high
    assert held >= 0.92 * 250


def test_the_interval_of_labels_saved_is_not_everything():
    saved, _ = labels_saved(*simulate(np.random.default_rng(2), 5, 0.002, 1.6))
    assert 0.25 < saved.low < saved.value < saved.high < 0.5


def test_random_against_its_like_is_rarely_called_better():
    rng = np.random.default_rng(3)
    better = sum(aulc_difference(*simulate(rng, 5, 0.01, 1.0)).low > 0 for _ in range(300))
    assert better <= 0.06 * 300


def test_coverage_counts_a_seed_once():
    """Rounds that fail together must not make the interval narrow."""
    rng = np.random.default_rng(4)
    held = 0
    for _ in range(200):
        hits = {seed: [bool(rng.random() < 0.9)] * 20 for seed in range(8)}
        span = coverage(hits)
        held += span.low <= 0.9 <= span.high
    assert held >= 0.95 * 200
    assert coverage({}).n == 0


def test_hits_compare_with_the_score_of_the_same_round():
    estimate = [{"value": 0.5, "low": 0.4, "high": 0.55}, {"value": 0.5, "low": 0.4, "high": 0.55}]
    forecast = [
        {"at": 30, "value": 0.5, "low": 0.5, "high": 0.6},
        {"at": 80, "value": 1, "low": 1, "high": 1},
    ]
    runs = read_runs({"runs": [run(estimate=estimate, forecast=forecast)]})
    assert estimate_hits(runs) == {0: [True, False]}
    assert forecast_hits(runs) == {0: [True]}
