"""Evidence for gaps: nobody's prediction has seen its label, and one half never the other's."""

from __future__ import annotations

import numpy as np
import pytest

from asklearn.crossfit import CrossFit
from asklearn.errors import BadInput
from asklearn.evidence import gaps_of, halves_of, looked_at
from asklearn.learner import ActiveLearner
from asklearn.pool import Pool
from asklearn.types import Categorical


class Parrot:
    """Says for an item it was trained on what it was told, and the first class for any other."""

    def __init__(self) -> None:
        self.gives_draws, self.classes = False, []

    def fresh(self, seed, params=None):
        return Parrot()

    def fit(self, X, y, sample_weight=None):
        self.classes, self.heard = (
            sorted(set(y)),
            {float(x): label for x, label in zip(X[:, 0], y, strict=True)},
        )
        return self

    def posterior(self, X):
        said = [self.classes.index(self.heard.get(float(x), self.classes[0])) for x in X[:, 0]]
        return Categorical(np.eye(len(self.classes), dtype=np.float32)[said])


def audited(size: int, skipped: int = 0) -> CrossFit:
    truth = np.ones(size, np.intp)
    truth[:skipped] = -1
    return CrossFit(np.tile(np.float32([0.9, 0.1]), (size, 1)), truth, np.ones(size), ["a", "b"])


def test_no_prediction_comes_from_a_model_that_saw_the_label_or_the_other_half() -> None:
    rows = list(range(0, 100, 2))
    labels = ["a" if row % 4 else "b" for row in rows]
    audit = rows[:30]
    pool = Pool(np.arange(100.0, dtype=np.float32)[:, None])
    rng = np.random.default_rng(0)
    halves = halves_of(
        Parrot(), pool, np.arange(100), (rows, labels), audit, np.arange(30), audited(30, 2), rng
    )
    confirming = [set(half.rows_M.tolist()) for half in halves]
    assert not confirming[0] & confirming[1]
    assert confirming[0] | confirming[1] == set(audit[2:])
    for half in halves:
        assert set(half.rows_L.tolist()) == set(rows) - set(half.rows_M.tolist())
        assert (half.proba_LC.argmax(1) == 0).all()  # the parrot never heard what it is asked
        assert (half.proba_NC[half.rows_M].argmax(1) == 0).all()
        assert (half.proba_NC[half.rows_L].argmax(1) == half.truth_L).mean() > 0.9
        assert half.random_L.tolist() == [row in audit for row in half.rows_L.tolist()]
        assert half.mistaken.tolist() == (half.truth_L == 1).tolist()


def test_few_labels_of_the_audit_are_refused() -> None:
    pool = Pool(np.zeros((50, 1), np.float32))
    with pytest.raises(BadInput, match=r"at least 20 labels of the audit.*Got 19"):
        halves_of(
            Parrot(), pool, np.arange(50), ([0, 1], ["a", "b"]), list(range(22)), np.arange(22), audited(22, 3),
            np.random.default_rng(0),
        )  # fmt: skip


def test_a_large_pool_is_looked_at_in_part() -> None:
    rows = looked_at(1000, np.array([3, 999]), np.random.default_rng(0), most=100)
    assert 100 <= len(rows) <= 102
    assert {3, 999} <= set(rows.tolist())
    assert (np.diff(rows) > 0).all()


def test_texts_and_columns_must_fit_the_pool() -> None:
    pool = Pool(np.zeros((50, 1), np.float32))
    for given in ({"texts": ["a"] * 49, "columns": None}, {"texts": None, "columns": {"n": [1.0]}}):
        with pytest.raises(BadInput, match="a value for each of 50 items"):
            gaps_of(
                Parrot(),
                pool,
                ([], []),
                [],
                np.arange(0),
                audited(0),
                int,
                np.random.default_rng(0),
                **given,
                rate=0.1,
                level=0.95,
            )


def test_a_learner_finds_a_kind_and_asks_for_it() -> None:
    """In three hours of the day the classes change places, which the features cannot say."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1500, 2)).astype(np.float32)
    hour = rng.integers(0, 24, 1500)
    y = np.where((X[:, 0] > 0) ^ (hour >= 21), "late", "early")
    learner = ActiveLearner("logistic", X, strategy="random", audit=0.5, seed=0)
    batch = learner.ask(400)
    learner.tell(batch.ids, y[batch.rows])
    found = learner.gaps(columns={"hour": hour})
    gap = found[0]
    assert (hour[gap.rows] >= 21).mean() > 0.8
    assert gap.name.startswith("hour 2")
    asked = learner.ask(30, gap=gap)
    picked = [row for row, stream in zip(asked.rows, asked.streams, strict=True) if stream == "exploit"]
    assert len(asked) == 30
    assert 5 <= asked.streams.count("audit") <= 15
    assert set(picked) <= set(gap.rows.tolist())
    assert any("hour" in reason for reason in asked.reasons)
    assert [one.name for one in learner.gaps(columns={"hour": hour})] == [one.name for one in found]
