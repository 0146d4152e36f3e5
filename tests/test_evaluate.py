"""Estimates from an audit: their value, their coverage, and what missing labels and weights do to them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asklearn.errors import BadInput
from asklearn.evaluate import (
    MIN_FOR_CONTROL,
    MIN_FOR_ECE,
    MIN_PER_CLASS,
    UNKNOWN,
    Control,
    estimate,
    folds,
    share_interval,
)
from asklearn.metrics import metric

ALL = ["accuracy", "balanced_accuracy", "macro_f1", "neg_brier", "neg_ece", "neg_log_loss"]


def drawn(n: int, seed: int = 0, classes: int = 3) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    proba = rng.dirichlet(np.ones(classes), n)
    return proba, np.array([rng.choice(classes, p=p) for p in proba])


def enough(covered: int, of: int) -> bool:
    """Whether a coverage of 95% is not refuted (three standard errors)."""
    return covered / of >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / of)


@pytest.mark.parametrize("name", ALL)
def test_the_value_is_the_metric_and_lies_in_its_interval(name: str) -> None:
    proba, truth = drawn(120)
    found = estimate(metric(name), proba, truth, np.random.default_rng(0))
    assert found.value == pytest.approx(metric(name)(proba, truth))
    assert metric(name).low <= found.low < found.value < found.high <= metric(name).high
    assert (found.name, found.n, found.level) == (name, 120, 0.95)


@pytest.mark.parametrize("name", ALL)
def test_it_is_repeatable_and_changes_nothing_it_was_given(name: str) -> None:
    proba, truth = drawn(80)
    truth[3] = UNKNOWN
    given_proba, given_truth = proba.copy(), truth.copy()
    first, second = (estimate(metric(name), proba, truth, np.random.default_rng(1)) for _ in range(2))
    assert first == second
    np.testing.assert_array_equal(proba, given_proba)
    np.testing.assert_array_equal(truth, given_truth)


@pytest.mark.parametrize("name", ALL)
def test_labels_that_nobody_could_give_widen_both_ends(name: str) -> None:
    proba, truth = drawn(150)
    proba[:8] = [0.5, 0.3, 0.2]
    truth[:8] = 0, 0, 0, 0, 1, 1, 2, 2
    known = estimate(metric(name), proba, truth, np.random.default_rng(0))
    truth[:8] = UNKNOWN
    found = estimate(metric(name), proba, truth, np.random.default_rng(0))
    assert found.low < known.low
    assert found.high > known.high or known.high == metric(name).high
    assert found.n == 142
    assert "8 without a label" in found.method


@given(seed=st.integers(0, 10_000), name=st.sampled_from(["accuracy", "balanced_accuracy", "macro_f1"]))
@settings(max_examples=30, deadline=None)
def test_whatever_the_missing_labels_are_the_value_lies_between_the_ends(seed: int, name: str) -> None:
    rng = np.random.default_rng(seed)
    proba, truth = drawn(60, seed)
    hidden = truth.copy()
    hidden[rng.choice(60, 4, replace=False)] = UNKNOWN
    found = estimate(metric(name), proba, hidden, rng)
    filled = np.where(hidden == UNKNOWN, rng.integers(3, size=60), hidden)
    assert found.low <= metric(name)(proba, filled) <= found.high


def test_nothing_known_is_everything_possible() -> None:
    proba, _ = drawn(3)
    for name in ALL:
        found = estimate(metric(name), proba, np.full(3, UNKNOWN), np.random.default_rng(0))
        assert (found.low, found.high, found.n) == (metric(name).low, metric(name).high, 0)
        nothing = estimate(metric(name), proba[:0], np.empty(0, int), np.random.default_rng(0))
        assert (nothing.low, nothing.high) == (metric(name).low, metric(name).high)


@pytest.mark.parametrize("name", ["balanced_accuracy", "macro_f1"])
def test_a_class_with_too_few_labels_is_said(name: str) -> None:
    proba, truth = drawn(60, classes=2)
    truth[:] = 0
    truth[: MIN_PER_CLASS - 1] = 1
    found = estimate(metric(name), proba, truth, np.random.default_rng(0))
    assert (found.low, found.high) == (0.0, 1.0)
    assert f"the rarest has {MIN_PER_CLASS - 1}" in found.method


def test_a_true_class_for_each_prediction() -> None:
    with pytest.raises(BadInput, match=r"each of 5 predictions. Got 4"):
        estimate(metric("accuracy"), np.full((5, 2), 0.5), np.zeros(4, int), np.random.default_rng(0))


WORLDS = {
    "two classes at the minimum": ([0.5, 0.5], [0.9, 0.9], 20),
    "a rare and hard class": ([0.9, 0.1], [0.95, 0.6], 80),
    "four classes": ([0.25] * 4, [0.9, 0.7, 0.8, 0.95], 40),
    "ten classes, few mistakes": ([0.1] * 10, [0.98] * 10, 120),
    "ten classes": ([0.1] * 10, [0.9] * 10, 120),
}


@pytest.mark.parametrize("name", ["balanced_accuracy", "macro_f1"])
@pytest.mark.parametrize("world", WORLDS)
def test_per_class_metrics_are_covered(name: str, world: str) -> None:
    """Samples with too few of a class claim nothing and are left out. A bootstrap with a prior per class
    covers ten classes with few mistakes half the time."""
    prior, recall, n = WORLDS[world]
    classes = len(prior)
    off = (1 - np.array(recall)) / (classes - 1)
    joint = np.array(prior)[:, None] * (np.eye(classes) * (np.array(recall) - off)[:, None] + off[:, None])
    hits = np.diag(joint)
    true = {
        "balanced_accuracy": (hits / joint.sum(1)).mean(),
        "macro_f1": (2 * hits / (joint.sum(0) + joint.sum(1))).mean(),
    }[name]
    rng = np.random.default_rng(0)
    covered = claimed = 0
    width = 0.0
    for _ in range(120):
        truth, guess = np.divmod(rng.choice(classes**2, n, p=joint.ravel()), classes)
        found = estimate(metric(name), np.eye(classes)[guess], truth, rng)
        if not found.method.startswith("too few"):
            claimed += 1
            covered += found.low <= true <= found.high
            width += found.high - found.low
    assert claimed > 60
    assert width / claimed < 0.75
    assert enough(covered, claimed)


@pytest.mark.parametrize(("n", "sharpness"), [(30, 1.0), (100, 1.0), (100, 2.5), (400, 0.5)])
def test_the_bounds_of_the_calibration_error_cover_the_gap_of_the_bins(n: int, sharpness: float) -> None:
    """The population is large and known, so its binned gap is; the confidence is off by `sharpness`."""
    rng = np.random.default_rng(1)
    honest = rng.dirichlet(np.ones(3), 40_000)
    truth = (honest.cumsum(1) > rng.random((40_000, 1))).argmax(1)
    shown = honest**sharpness / (honest**sharpness).sum(1, keepdims=True)
    true = metric("neg_ece")(shown, truth)
    covered = 0
    for _ in range(200):
        rows = rng.choice(40_000, n)
        found = estimate(metric("neg_ece"), shown[rows], truth[rows], rng)
        covered += found.low <= true <= found.high
    assert enough(covered, 200)


@pytest.mark.parametrize("name", ["accuracy", "neg_brier"])
@pytest.mark.parametrize("rates", [(40, 40), (60, 20)])
def test_two_cohorts_that_differ_are_covered_in_whatever_order_they_come(
    name: str, rates: tuple[int, int]
) -> None:
    """The first cohort is always predicted right and the second never; both are half of the pool."""
    n = sum(rates)
    weight = np.r_[np.full(rates[0], n / (2 * rates[0])), np.full(rates[1], n / (2 * rates[1]))]
    rng = np.random.default_rng(0)
    proba = np.tile([0.9, 0.1], (n, 1))
    covered = 0
    for _ in range(200):
        truth = np.r_[rng.random(rates[0]) < 0.05, rng.random(rates[1]) < 0.9].astype(int)
        found = estimate(metric(name), proba, truth, rng, weight_N=weight)
        right = (0.95 + 0.1) / 2
        true = right if name == "accuracy" else -(right * 0.02 + (1 - right) * 1.62)
        covered += found.low <= true <= found.high
    assert enough(covered, 200)


def test_weights_move_the_value() -> None:
    proba, truth = np.tile([0.9, 0.1], (40, 1)), np.r_[np.zeros(20, int), np.ones(20, int)]
    weight = np.r_[np.full(20, 1.5), np.full(20, 0.5)]
    found = estimate(metric("accuracy"), proba, truth, np.random.default_rng(0), weight_N=weight)
    assert found.value == pytest.approx(0.75)
    assert found.method == "exact binomial of effective labels"


# Design weights and a control variate


def population(kind: str, err: float, rng: np.random.Generator, size: int = 20_000) -> tuple[Any, Any, Any]:
    """Chance of a mistake of each item, what a model predicts of it, and the truth's mean."""
    chance = rng.beta(2 * err, 2 * (1 - err), size)
    predicted = {"good": chance, "useless": rng.permutation(chance), "misleading": chance.max() - chance}[
        kind
    ]
    return chance, predicted, 1 - chance.mean()


def audited(
    chance: Any, predicted: Any, n: int, weighted: float, rng: np.random.Generator
) -> tuple[Any, Any, Any, Any]:
    """Draw an audit, a `weighted` share of it where the prediction is unsure."""
    wish = np.sqrt(predicted * (1 - predicted))
    density = 1 - weighted + weighted * (0.8 * wish / wish.mean() + 0.2)
    rows = np.searchsorted(density.cumsum() / density.sum(), rng.random(n)).clip(max=len(chance) - 1)
    wrong = rng.random(n) < chance[rows]
    proba = np.stack([np.ones(n), np.zeros(n)], 1)
    mean = 1 - float(predicted[rng.integers(len(chance), size=2000)].mean())
    return proba, wrong.astype(int), 1 / density[rows], Control(1 - predicted[rows], mean, 2000)


@pytest.mark.parametrize("weighted", [0.0, 1 / 3, 1.0])
@pytest.mark.parametrize("kind", ["good", "useless", "misleading"])
def test_weighted_and_controlled_accuracy_is_covered(kind: str, weighted: float) -> None:
    """30 to 300 labels, 1% to 60% mistakes, 50 audits each: 750 in all, so three standard errors are 2.4%.

    An audit drawn wholly by predictions that are worse than nothing is the hardest; the default draws a
    third of it so.
    """
    rng = np.random.default_rng(int(weighted * 10))
    covered = []
    for err in (0.01, 0.03, 0.1, 0.3, 0.6):
        chance, predicted, true = population(kind, err, rng)
        for n in (30, 100, 300):
            for _ in range(50):
                proba, truth, weight, control = audited(chance, predicted, n, weighted, rng)
                found = estimate(metric("accuracy"), proba, truth, rng, weight_N=weight, control=control)
                covered.append(found.low <= true <= found.high)
    assert enough(sum(covered), len(covered))


def test_the_coverage_test_can_fail() -> None:
    """A normal interval from the same weighted mean misses far too often where mistakes are rare."""
    from asklearn.estimators import weighted_mean

    rng = np.random.default_rng(0)
    chance, predicted, true = population("good", 0.02, rng)
    covered = 0
    for _ in range(200):
        _, wrong, weight, _ = audited(chance, predicted, 60, 1 / 3, rng)
        found = weighted_mean(1 - wrong, weight)
        covered += abs(found.value - true) <= 1.96 * math.sqrt(found.variance)
    assert not enough(covered, 200)


@pytest.mark.parametrize("name", ["neg_brier", "neg_log_loss"])
@pytest.mark.parametrize("sharpness", [1.0, 2.0])
def test_other_means_are_covered_with_weights_and_control(name: str, sharpness: float) -> None:
    """Probabilities are right, or twice too sure; 100 and 300 labels, 200 audits each."""
    rng = np.random.default_rng(5)
    honest = rng.dirichlet(np.ones(4), 20_000)
    truth = (honest.cumsum(1) > rng.random((20_000, 1))).argmax(1)
    shown = honest**sharpness / (honest**sharpness).sum(1, keepdims=True)
    values = metric(name).items(shown, truth)  # type: ignore[misc]
    clipped = np.clip(shown, 1e-6, 1)
    expected = (shown * np.log(clipped)).sum(1) if name == "neg_log_loss" else (shown**2).sum(1) - 1
    density = 2 / 3 + (1 - shown.max(1)) / (1 - shown.max(1)).mean() / 3
    covered = 0
    for n in (100, 300):
        for _ in range(200):
            rows = rng.choice(20_000, n, p=density / density.sum())
            control = Control(expected[rows], float(expected[rng.integers(20_000, size=2000)].mean()), 2000)
            found = estimate(
                metric(name), shown[rows], truth[rows], rng, weight_N=1 / density[rows], control=control
            )
            covered += found.low <= values.mean() <= found.high
    assert enough(covered, 400)


def test_a_good_control_variate_narrows_and_a_useless_one_does_not_widen() -> None:
    rng = np.random.default_rng(0)
    widths: dict[str, list[float]] = {"none": [], "good": [], "useless": []}
    for kind in ("good", "useless"):
        chance, predicted, _ = population(kind, 0.2, rng)
        for _ in range(40):
            proba, truth, weight, control = audited(chance, predicted, 200, 1 / 3, rng)
            for name, chosen in ((kind, control), ("none", None)):
                found = estimate(metric("accuracy"), proba, truth, rng, weight_N=weight, control=chosen)
                if kind == "useless" or name != "none":
                    widths[name].append(found.high - found.low)
    mean = {name: np.mean(one) for name, one in widths.items()}
    assert mean["good"] < 0.9 * mean["none"]
    assert mean["useless"] < 1.02 * mean["none"]


def test_few_labels_take_no_control_variate_and_equal_weights_are_exact() -> None:
    n = MIN_FOR_CONTROL - 1
    proba, truth = np.tile([0.9, 0.1], (n, 1)), (np.arange(n) < 3).astype(int)
    control = Control(np.linspace(0, 1, n), 0.9, 1000)
    plain = estimate(metric("accuracy"), proba, truth, np.random.default_rng(0))
    found = estimate(
        metric("accuracy"), proba, truth, np.random.default_rng(0), weight_N=np.full(n, 3.0), control=control
    )
    assert found == plain
    assert found.method == "exact binomial"


def test_no_mistake_seen_is_not_certainty() -> None:
    proba, control = np.tile([0.9, 0.1], (60, 1)), Control(np.full(60, 0.9), 0.9, 1000)
    weight = np.linspace(0.5, 2, 60)
    found = estimate(
        metric("accuracy"),
        proba,
        np.zeros(60, int),
        np.random.default_rng(0),
        weight_N=weight,
        control=control,
    )
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low < 0.95


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"weight_N": np.zeros(10)}, "weight above zero"),
        ({"weight_N": np.ones(4)}, "weight above zero for each of 10"),
        ({"control": Control(np.ones(3), 0.5, 10)}, "a control value for each of 10"),
    ],
)
def test_weights_and_control_that_do_not_fit_are_refused(more: Any, said: str) -> None:
    proba, truth = drawn(10)
    with pytest.raises(BadInput, match=said):
        estimate(metric("accuracy"), proba, truth, np.random.default_rng(0), **more)


@pytest.mark.parametrize("name", ["balanced_accuracy", "macro_f1"])
def test_per_class_metrics_are_covered_under_weights(name: str) -> None:
    """Mistakes are drawn twice as often and weighted back; six classes from 40% to 4%."""
    prior, recall = np.array([0.4, 0.25, 0.15, 0.1, 0.06, 0.04]), np.array([0.9, 0.9, 0.8, 0.7, 0.6, 0.5])
    off = (1 - recall) / 5
    joint = prior[:, None] * (np.eye(6) * (recall - off)[:, None] + off[:, None])
    hits = np.diag(joint)
    true = {
        "balanced_accuracy": (hits / joint.sum(1)).mean(),
        "macro_f1": (2 * hits / (joint.sum(0) + joint.sum(1))).mean(),
    }[name]
    often = np.where(np.eye(6) > 0, 1.0, 2.0)
    rng = np.random.default_rng(0)
    covered = claimed = 0
    for _ in range(200):
        cell = rng.choice(36, 300, p=(joint * often).ravel() / (joint * often).sum())
        truth, guess = np.divmod(cell, 6)
        found = estimate(metric(name), np.eye(6)[guess], truth, rng, weight_N=1 / often.ravel()[cell])
        claimed += not found.method.startswith("too few")
        covered += not found.method.startswith("too few") and found.low <= true <= found.high
    assert claimed > 150
    assert enough(covered, claimed)


def test_the_calibration_error_counts_weights() -> None:
    """Half of the population was sampled three times as often; it is the half that is sure and wrong."""
    rng = np.random.default_rng(2)
    sure = rng.random(40_000) < 0.5
    proba = np.where(sure[:, None], [0.95, 0.05], [0.55, 0.45])
    truth = (rng.random(40_000) < np.where(sure, 0.4, 0.45)).astype(int)
    true = metric("neg_ece")(proba, truth)
    density = np.where(sure, 3.0, 1.0)
    covered, values = 0, []
    for _ in range(200):
        rows = rng.choice(40_000, 200, p=density / density.sum())
        found = estimate(metric("neg_ece"), proba[rows], truth[rows], rng, weight_N=1 / density[rows])
        covered += found.low <= true <= found.high
        values.append(found.value)
    assert enough(covered, 200)
    assert np.mean(values) == pytest.approx(true, abs=0.03)
    ignored = metric("neg_ece")(proba[rows], truth[rows])
    assert abs(ignored - true) > 0.05


def test_a_calibration_error_from_too_few_labels_is_said() -> None:
    proba, truth = drawn(MIN_FOR_ECE - 1)
    found = estimate(metric("neg_ece"), proba, truth, np.random.default_rng(0))
    assert (found.low, found.high) == (-1.0, 0.0)
    assert found.method == f"too few labels: {MIN_FOR_ECE} are needed, there are {MIN_FOR_ECE - 1}"


def test_a_share_of_nothing_may_be_anything() -> None:
    assert share_interval(np.zeros(0, bool), np.ones(0)) == (0.0, 1.0)


@given(n=st.integers(0, 50), k=st.integers(1, 12), seed=st.integers(0, 99))
@settings(max_examples=50, deadline=None)
def test_folds_part_the_items_evenly(n: int, k: int, seed: int) -> None:
    parts = folds(n, k, np.random.default_rng(seed))
    assert sorted(np.concatenate([[], *parts]).tolist()) == list(range(n))
    assert len(parts) == min(n, k)
    assert not parts or max(map(len, parts)) - min(map(len, parts)) <= 1
