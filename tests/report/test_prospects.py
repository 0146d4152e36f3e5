"""What is to come agrees with what the learner says."""

import json

import pytest

from asklearn import ActiveLearner
from asklearn.report.prospects import SHOWN_TARGETS, labels_needed, watched


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
