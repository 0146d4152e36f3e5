"""What the audit's labels say: against counting by hand, and never more than they can."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from asklearn.crossfit import Audited
from asklearn.report import quality


def audited(labels, proba_NC, classes=("a", "b"), weights=None):
    proba_NC = np.asarray(proba_NC, np.float32)
    weights = np.ones(len(labels)) if weights is None else np.asarray(weights, float)
    return Audited(list(range(len(labels))), list(labels), proba_NC, weights, list(classes), 1.0)


def says(*confidences):
    """Predictions of class a with these probabilities."""
    return [[p, 1 - p] for p in confidences]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_a_share_is_the_exact_binomial_one(hits):
    found = quality.share(np.array(hits), np.ones(len(hits)))
    exact = binomtest(sum(hits), len(hits)).proportion_ci(0.95)
    assert found["value"] == pytest.approx(np.mean(hits))
    assert (found["low"], found["high"]) == pytest.approx((exact.low, exact.high))
    assert found["n"] == len(hits)


def test_unknown_items_widen_the_interval_to_both_sides():
    hits, ones = np.arange(20) < 10, np.ones(20)
    sure = quality.share(hits[:18], ones[:18])
    part = quality.share(hits, ones, np.arange(20) >= 18)
    assert part["n"] == 18
    assert part["value"] == pytest.approx(10 / 18)
    assert part["low"] < quality.share(hits, ones)["low"] + 1e-9
    assert part["high"] > quality.share(hits, ones)["high"]
    assert part["low"] <= sure["value"] <= part["high"]
    nothing = quality.share(np.zeros(3, bool), np.ones(3), np.ones(3, bool))
    assert (nothing["value"], nothing["low"], nothing["high"], nothing["n"]) == (None, 0.0, 1.0, 0)


def test_weights_count():
    hits = np.arange(40) < 20
    weights = np.where(hits, 0.5, 1.5)
    found = quality.share(hits, weights)
    assert found["value"] == pytest.approx(0.25)
    assert found["low"] < 0.25 < found["high"] < 0.6


def test_balance_by_hand():
    labels = ["a"] * 6 + ["b"] * 3 + [None]
    a, b, c = quality.balance(labels, np.ones(10), ["a", "b", "c"])
    assert (a["value"], b["value"], c["value"]) == pytest.approx((6 / 9, 3 / 9, 0))
    assert c["high"] > 0.3  # the item that nobody could label may be a c
    assert a["n"] == 9


def test_confusion_and_recall_leave_out_what_nobody_could_say():
    made = audited(["a"] * 6 + ["b"] * 2 + [None], says(*[0.9] * 5, 0.2, 0.3, 0.8, 0.9))
    assert quality.confusion(made) == {
        "labels": ["a", "b"],
        "counts": [[5, 1], [1, 1]],
        "n": 8,
        "equal": True,
    }
    a, b = quality.recall(made)
    assert a["value"] == pytest.approx(5 / 6)
    assert a["low"] == pytest.approx(binomtest(5, 6).proportion_ci(0.95).low)
    assert (b["value"], b["n"]) == (None, 2)  # two are too few to say


def test_calibration_needs_labels_and_then_counts_each_bin():
    few = audited(["a"] * 29, says(*[0.9] * 29))
    assert quality.calibration(few)["bins"] == []
    labels = ["a"] * 27 + ["b"] * 3 + ["a"] * 5 + ["b"] * 5
    found = quality.calibration(audited(labels, says(*[0.95] * 30, *[0.65] * 10)))
    assert [one["n"] for one in found["bins"]] == [10, 30]
    assert [one["value"] for one in found["bins"]] == pytest.approx([0.5, 0.9])
    assert [one["said"] for one in found["bins"]] == pytest.approx([0.65, 0.95], abs=1e-6)
    assert found["said"] == pytest.approx((30 * 0.95 + 10 * 0.65) / 40)
    assert found["right"]["value"] == pytest.approx(32 / 40)


def test_only_sure_disagreement_is_doubtful_the_surest_first():
    found = quality.doubtful(audited(["b", "b", "b", "a", None], says(0.7, 0.99, 0.55, 0.9, 0.99)))
    assert [(one["id"], one["label"], one["model"]) for one in found] == [(1, "b", "a"), (0, "b", "a")]
    assert found[0]["sure"] == pytest.approx(0.99)
    assert len(quality.doubtful(audited(["b"] * 50, says(*[0.9] * 50)))) == quality.LOOKED_AT


def test_an_empty_audit_says_nothing_and_breaks_nothing():
    nothing = audited([], np.empty((0, 2)))
    assert quality.confusion(nothing)["n"] == 0
    assert [one["value"] for one in quality.recall(nothing)] == [None, None]
    assert quality.calibration(nothing)["bins"] == []
    assert quality.balance([], np.ones(0), ["a"])[0]["n"] == 0
    assert quality.doubtful(nothing) == []
