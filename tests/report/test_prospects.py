"""What is to come agrees with what the learner says."""

import json

import pytest

from asklearn import ActiveLearner
from asklearn.report.prospects import (
    SHOWN_TARGETS,
    confidence,
    gaps,
    labels_needed,
    labels_saved,
    prices,
    watched,
)


@pytest.fixture
def learner(digits):
    return ActiveLearner("logistic(C=1.0, temperature=1.0)", digits.X, audit=0.4, seed=0)


def label(learner, digits, n):
    batch = learner.ask(n)
    learner.tell(batch.ids, digits.label(batch.rows))
    learner.evaluate()


def test_before_the_first_label_there_is_nothing(learner):
    assert (labels_needed(learner), watched(learner)) == ([], [])


def test_labels_to_scores_above_the_present_one(learner, digits):
    for _ in range(2):
        label(learner, digits, 30)
    assert labels_needed(learner) == []
    label(learner, digits, 30)
    found = labels_needed(learner)
    json.dumps(found, allow_nan=False)
    assert 0 < len(found) <= SHOWN_TARGETS
    now = learner.forecast(0).value
    for one in found:
        assert one["target"] > now
        said = learner.labels_to(one["target"])
        assert (one["value"], one["low"], one["high"]) == (said.value, said.low, said.high)


def test_every_call_after_new_labels_is_a_look(learner, digits):
    for turn in range(3):
        label(learner, digits, 30)
        assert len(watched(learner)) == len(watched(learner)) == turn + 1
    found = watched(learner)
    assert [one["labels"] for one in found] == [30, 60, 90]
    json.dumps(found, allow_nan=False)


def test_prices_are_the_learners_own_and_remembered(learner, digits):
    assert prices(learner, 100) is None
    label(learner, digits, 40)
    for _ in range(2):
        learner.price(20)
        label(learner, digits, 20)
    found = prices(learner, 70)
    json.dumps(found, allow_nan=False)
    assert [one["n"] for one in found["next"]] == [20, 70]
    assert found["next"][0]["value"] == learner.price(20).value
    assert [(one["labels"], one["more"]) for one in found["past"]] == [(40, 20), (60, 20)]
    assert (found["corrected"], found["open"]) == (None, [])
    assert prices(learner, 0) is None


def test_open_items_have_a_rank_and_once_five_batches_are_measured_a_gain(learner, digits):
    label(learner, digits, 40)
    for number in range(5):
        learner.ask(15)
        open_items = prices(learner, 70)["open"]
        assert [one["rank"] for one in open_items] == [1, 2, 3, 4, 5]
        assert all(one["gain"] is None for one in open_items), number
        learner.price(15)
        pending = learner.pending
        learner.tell(pending, [digits.y[learner.state.row(item)] for item in pending])
        learner.evaluate()
    learner.ask(15)
    found = prices(learner, 70)
    gains = [one["gain"] for one in found["open"]]
    assert gains[0]["value"] > gains[1]["value"] > 0 or found["corrected"][0]["value"] <= 0
    assert len(found["corrected"]) == 2


def test_a_metric_without_a_price_says_so(digits):
    learner = ActiveLearner(
        "logistic(C=1.0, temperature=1.0)", digits.X, audit=0.4, seed=0, metric="neg_brier"
    )
    label(learner, digits, 40)
    assert "Labels are priced in accuracy" in prices(learner, 70)["none"]


def test_a_promise_is_in_the_words_of_its_guarantee(learner, digits):
    assert confidence(learner) == {"after": [], "promise": None}
    for _ in range(2):
        label(learner, digits, 60)
    found = confidence(learner)
    json.dumps(found, allow_nan=False)
    said = learner.selective(error=0.05)
    assert found["promise"] == {"kept": bool(said), "words": said.guarantee, "share": said.selective.share}
    assert sum(one["n"] for one in found["after"]) == learner.evaluate().n
    assert all(one["low"] <= one["value"] <= one["high"] for one in found["after"])


def test_labels_saved_are_the_learners_own(learner, digits):
    assert labels_saved(learner) is None
    label(learner, digits, 40)
    label(learner, digits, 40)
    found, said = labels_saved(learner), learner.saved()
    json.dumps(found, allow_nan=False)
    assert (found["value"], found["low"], found["high"]) == (said.value, said.low, said.high)
    assert found["spent"] == 80


def test_gaps_before_a_model_with_too_few_labels_and_with_none_found(learner, digits):
    assert gaps(learner, {}) is None
    label(learner, digits, 30)
    assert "at least 20 labels of the audit" in gaps(learner, {})["none"]
    label(learner, digits, 60)
    found = gaps(learner, {})
    json.dumps(found, allow_nan=False)
    if not found["found"]:
        assert "random labels can tell" in found["none"]


def test_a_planted_gap_is_found_with_its_confusion(digits):
    learner = ActiveLearner(
        "logistic(C=1.0, temperature=1.0)", digits.X, audit=0.5, seed=0, strategy="random"
    )
    batch = learner.ask(500)
    truth = digits.label(batch.rows)
    told = [3 if y == 8 and stream != "audit" else y for y, stream in zip(truth, batch.streams, strict=True)]
    learner.tell(batch.ids, told)
    found = gaps(learner, {})["found"]
    json.dumps(found, allow_nan=False)
    assert found[0]["confusion"][:2] == (8, 3)
    assert found[0]["rest"]["value"] < found[0]["error"]["low"]
