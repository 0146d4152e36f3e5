"""What is watched: the same rows, the first labels, and a comparison that a restart does not change."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_digits

from asklearn.events import Added, Answered, Asked, Configured
from asklearn.journal import MemoryJournal
from asklearn.learner import ActiveLearner
from asklearn.models.sklearn import SklearnModel
from asklearn.state import fold
from asklearn.watching import STEP, first_told, standing, watch, watched_rows

X, y = load_digits(return_X_y=True)


def answered(item: int, seconds: float | None = None) -> Answered:
    return Answered(item=item, annotator="a", key=str(item), label="x", seconds=seconds)


def test_the_first_labels_are_those_that_were_told_first_and_not_those_of_the_first_rows() -> None:
    state = fold([Configured(seed=0), Added(start=0, stop=9), *(answered(i) for i in (8, 7, 1, 0))])
    rows = [0, 1, 7, 8]
    assert [rows[i] for i in first_told(state, rows)] == [1, 7, 8]
    assert len(first_told(state, rows)) == round(4 / STEP)


def test_what_the_journal_says_of_time_and_budget() -> None:
    asks = [Asked(item=i, stream="audit") for i in range(3)]
    state = fold(
        [Configured(seed=0, budget=7), Added(start=0, stop=9), *asks, answered(0, 1800.0), answered(1)]
    )
    found = standing(state, 6)
    assert (found.asked, found.left, found.budget, found.hours, found.median_hours) == (3, 6, 7, 0.5, 0.5)


def test_the_watched_rows_are_fixed_different_and_in_the_pool() -> None:
    rows = watched_rows(5000, 7)
    assert len(set(rows.tolist())) == 2000
    assert rows.max() < 5000
    assert (rows == watched_rows(5000, 7)).all()
    assert (rows != watched_rows(5000, 8)).any()


def test_changes_and_belief_by_hand() -> None:
    from sklearn.linear_model import LogisticRegression

    fresh = SklearnModel(LogisticRegression(max_iter=500))
    some = np.arange(200)
    now = fresh.fresh(0).fit(X[some], y[some].tolist())
    rows = np.arange(500, 1500)
    found = watch(fresh.fresh(1), now, lambda at: X[at], rows, (some[:100], y[:100].tolist()))
    before = LogisticRegression(max_iter=500).fit(X[:100], y[:100])
    proba = now.posterior(X[rows]).proba_NC
    guess, old = now.estimator.predict(X[rows]), before.predict(X[rows])
    assert found.changed == (guess != old).sum() > 0
    assert np.isclose(found.confidence, proba.max(1).mean())
    assert np.isclose(
        found.believed, np.mean([p[a] - p[b] for p, a, b in zip(proba, guess, old, strict=True)])
    )


def test_labels_of_one_class_give_no_earlier_model() -> None:
    from sklearn.naive_bayes import GaussianNB

    fresh = SklearnModel(GaussianNB())
    now = fresh.fresh(0).fit(X[:50], y[:50].tolist())
    found = watch(fresh.fresh(1), now, lambda at: X[at], np.arange(9), (np.arange(3), [1, 1, 1]))
    assert found.changed is found.believed is found.agreement is None


def test_a_restart_sees_the_same() -> None:
    journal = MemoryJournal()
    learner = ActiveLearner("logistic(C=1.0)", X, journal=journal, seed=1)
    for _ in range(3):
        batch = learner.ask(30)
        learner.tell(batch.ids, y[batch.rows])
        price = learner.price(30)
    assert ActiveLearner("logistic(C=1.0)", X, journal=journal).price(30) == price
