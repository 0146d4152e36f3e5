"""The facts of a project: plain, complete, and not more than is known."""

import json

import numpy as np
import pytest

from asklearn import ActiveLearner
from asklearn.events import Erased
from asklearn.report.facts import ahead, facts, labels_left, shown_items, standing, stream_of

MODEL = "logistic(C=1.0, temperature=1.0)"


def learner_of(digits, **options):
    return ActiveLearner(MODEL, digits.X, **{"audit": 0.3, "seed": 0, **options})


def label(learner, digits, n):
    batch = learner.ask(n)
    learner.tell(batch.ids, digits.label(batch.rows))


def test_before_the_first_label(digits):
    found = facts(learner_of(digits), name="digits", classes=["1", "2"])
    assert found["items"] | {"all": 300, "waiting": 300} == found["items"]
    assert found["classes"] == {"1": 0, "2": 0}
    assert (found["estimate"], found["forecast"], found["fan"]) == (None, [], [])
    assert "two classes" in found["no_estimate"]
    assert shown_items(found) == []


def test_facts_are_json_and_agree_with_the_learner(digits):
    learner = learner_of(digits)
    for _ in range(3):
        label(learner, digits, 30)
        learner.evaluate()
    found = json.loads(json.dumps(facts(learner, now=5.0), allow_nan=False))
    estimate = learner.evaluate()
    assert found["estimate"]["value"] == estimate.value
    assert [one["labels"] for one in found["history"]] == [30, 60, 90]
    assert found["history"][-1]["low"] == estimate.low
    assert found["forecast"][0]["value"] == learner.forecast(100).value
    assert [one["more"] for one in found["forecast"]] == [100, 210]  # 210 are left of 300
    assert (found["fan"][0]["more"], found["fan"][-1]["more"]) == (0, 210)
    assert sum(found["classes"].values()) == found["labels"]["n"] == 90
    assert found["confusion"]["n"] == estimate.n == found["audited"]
    assert found["how"]["position"] == learner.state.position
    assert set(shown_items(found)) <= set(learner.labels)


def test_streams(digits):
    learner = learner_of(digits)
    label(learner, digits, 20)
    label(learner, digits, 20)
    item = next(i for i in range(300) if i not in learner.state.asks)
    learner.tell([item], [digits.y[item]])
    learner.ask(10)
    found = facts(learner)
    rows = {one["stream"]: one for one in found["asked"]}
    assert sum(one["asked"] for one in rows.values()) == 50
    drawn = sum(one.stream == "audit" for one in learner.state.asks.values())
    assert rows["audit"]["asked"] == drawn >= 15
    assert rows["start"]["asked"] == rows["start"]["labelled"] > 0
    assert (rows["given"]["asked"], rows["given"]["labelled"]) == (0, 1)
    assert sum(one["labelled"] for one in rows.values()) == 41
    assert stream_of(learner.state, item) == "given"
    assert found["items"]["asked"] == 10


def test_what_is_left_knows_pool_budget_and_erasure(digits):
    assert labels_left(learner_of(digits)) == 300
    learner = learner_of(digits, budget=50)
    label(learner, digits, 20)
    learner.ask(5)
    assert labels_left(learner) == 30
    assert ahead(learner, 100)["more"] == 30
    learner.ask(25)
    assert labels_left(learner) == 30  # all of them asked, and not answered
    small = ActiveLearner(MODEL, digits.X[:30], audit=0.5, seed=0)
    small.journal.append([Erased(item=3)])
    assert labels_left(small) == 29
    label(small, digits, 29)
    assert labels_left(small) == 0
    assert ahead(small, 100) is None
    assert facts(small)["fan"] == []


def test_standing_counts_every_item_once(digits):
    learner = learner_of(digits)
    batch = learner.ask(10)
    learner.tell(batch.ids[:4], digits.label(batch.rows[:4]))
    learner.tell(batch.ids[:1], [digits.y[int(batch.rows[0])] + 1], annotator="ben")
    learner.skip(batch.ids[4:5])
    found = standing(learner, ["zero"])
    counts = dict(found["items"])
    assert counts.pop("all") == sum(counts.values()) == 300
    assert (counts["answered"], counts["skipped"], counts["asked"], counts["waiting"]) == (4, 1, 5, 290)
    assert (found["labels"]["n"], found["labels"]["disputed"]) == (3, 1)
    assert found["classes"]["zero"] == 0


def test_examples_come_from_all_along_the_way(digits):
    learner = learner_of(digits)
    for _ in range(3):
        label(learner, digits, 30)
    found = facts(learner)["examples"]
    order = list(learner.state.asks)
    places = [order.index(one["id"]) for one in found]
    assert places == sorted(set(places))
    assert (places[0], places[-1]) == (0, 89)
    assert {one["stream"] for one in found} <= {"audit", "start", "exploit"}
    assert all(one["reason"] for one in found)


def test_without_a_label_of_the_audit_nothing_is_estimated(digits):
    learner = learner_of(digits)
    rows = np.arange(20)
    learner.tell(rows.tolist(), digits.label(rows))
    found = facts(learner)
    assert found["estimate"]["n"] == 0
    assert found["estimate"]["method"].startswith("too few")
    assert all(one["n"] == 0 for one in found["balance"])


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1", "neg_log_loss"])
def test_the_learners_own_metric_is_reported(digits, metric):
    learner = learner_of(digits, metric=metric)
    label(learner, digits, 60)
    found = facts(learner)
    assert {found["estimate"]["metric"], found["forecast"][0]["metric"]} == {metric}
