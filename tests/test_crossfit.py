"""The promise behind every estimate: no label is predicted by a model that saw it, and the sample is fair."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, Self

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier

from asklearn import assessor
from asklearn.crossfit import CrossFit, audit_sample, beliefs, believed, cross_fit, spoken_for
from asklearn.errors import NotFitted
from asklearn.evaluate import UNKNOWN
from asklearn.events import Added, Answered, Asked, Configured, Erased, Skipped
from asklearn.learner import ActiveLearner
from asklearn.metrics import metric
from asklearn.registry import adapt
from asklearn.state import State, fold


def state_of(*events: Any, sizes: tuple[int, ...] = (10,), audit: float = 1.0) -> State:
    starts = np.cumsum([0, *sizes])
    cohorts = [Added(start=int(a), stop=int(b)) for a, b in pairwise(starts)]
    return fold([Configured(seed=0, audit=audit), *cohorts, *events])


def asks(rows: Any) -> list[Asked]:
    return [Asked(item=int(row), stream="audit") for row in rows]


def says(row: int, label: int = 0) -> Answered:
    return Answered(item=row, annotator="a", key=f"k{row}", label=label)


class TestSample:
    order = np.array([3, 1, 4, 0, 5, 9, 2, 6, 8, 7])

    def test_the_closed_prefix_ends_before_the_first_item_without_a_reply(self) -> None:
        state = state_of(*asks(self.order[:6]), *(says(row) for row in (3, 1, 4, 5, 9)))
        sample = audit_sample(state, [self.order], dict.fromkeys((3, 1, 4, 5, 9), 0))
        assert sample.rows == [3, 1, 4]

    def test_an_answer_beyond_the_prefix_does_not_count(self) -> None:
        state = state_of(*asks(self.order[:3]), *(says(int(row)) for row in self.order[:6]))
        assert audit_sample(state, [self.order], dict.fromkeys(range(10), 0)).rows == [3, 1, 4]

    def test_skipped_items_stay_in_as_unknown_and_erased_ones_leave(self) -> None:
        replies = [says(3), Skipped(item=1, annotator="a", key="s"), says(4), Erased(item=4), says(0)]
        state = state_of(*asks(self.order[:4]), *replies)
        sample = audit_sample(state, [self.order], {3: 0, 0: 1})
        assert sample.rows == [3, 1, 0]
        assert sample.labels == [0, None, 1]

    def test_cohorts_count_by_their_size(self) -> None:
        orders = [np.arange(10), np.arange(10, 50)]
        state = state_of(
            *asks(range(4)), *asks(range(10, 14)), *map(says, (0, 1, 2, 10, 11, 12, 13)), sizes=(10, 40)
        )
        state.plan.prefixes = [3, 4]
        sample = audit_sample(state, orders, dict.fromkeys(range(50), 0))
        assert sample.rows == [0, 1, 2, 10, 11, 12, 13]
        weights = np.array(sample.weights)
        assert weights.mean() == pytest.approx(1)
        assert weights[:3].sum() / weights.sum() == pytest.approx(10 / 50)

    def test_nobody_replied(self) -> None:
        sample = audit_sample(state_of(*asks(self.order[:4])), [self.order], {})
        assert (sample.rows, sample.labels, sample.weights) == ([], [], [])


class Spy:
    """A model whose feature is the row number, and which notes what it saw and what it was asked."""

    def __init__(self, log: list[tuple[set[int], set[int]]]) -> None:
        self.log = log

    def fresh(self, seed: int, params: Any = None) -> Spy:
        return Spy(self.log)

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        self.seen, self.classes = set(X[:, 0].astype(int).tolist()), sorted(set(y))
        return self

    def posterior(self, X: Any) -> Any:
        from asklearn.types import Categorical

        self.log.append((self.seen, set(X[:, 0].astype(int).tolist())))
        return Categorical(np.full((len(X), len(self.classes)), 1 / len(self.classes)))


@pytest.mark.parametrize("n_audit", [1, 7, 10, 43])
def test_no_label_is_predicted_by_a_model_that_trained_on_it(n_audit: int) -> None:
    rows = list(range(100))
    X = np.arange(100.0)[:, None]
    order = np.random.default_rng(1).permutation(100)
    state = state_of(*asks(order[:n_audit]), *(says(row, row % 3) for row in rows), sizes=(100,))
    sample = audit_sample(state, [order], {row: row % 3 for row in rows})
    assert len(sample.rows) == n_audit
    log: list[tuple[set[int], set[int]]] = []
    made = cross_fit(
        Spy(log), X.__getitem__, (rows, [row % 3 for row in rows]), sample, np.random.default_rng(0)
    )  # type: ignore[arg-type]
    exploit = set(rows) - set(sample.rows)
    predicted = [row for _, asked in log for row in asked]
    assert sorted(predicted) == sorted(sample.rows)
    for seen, asked in log:
        assert not seen & asked
        assert exploit <= seen
        assert seen | asked >= exploit | asked
        assert len(seen) == 100 - len(asked)
    assert made.truth_N.tolist() == [row % 3 for row in sample.rows]


def test_a_class_that_only_a_held_out_item_has_gets_no_probability() -> None:
    X = np.arange(12.0)[:, None]
    labels = [0] * 6 + [1] * 5 + [2]
    order = np.arange(12)[::-1]
    state = state_of(*asks(range(12)), *map(says, range(12)), sizes=(12,))
    sample = audit_sample(state, [order], dict(enumerate(labels)))
    made = cross_fit(
        adapt("models", GaussianNB()),
        X.__getitem__,
        (list(range(12)), labels),
        sample,
        np.random.default_rng(0),
    )
    assert made.classes == [0, 1, 2]
    last = sample.rows.index(11)
    assert made.proba_NC[last, 2] == 0
    np.testing.assert_allclose(made.proba_NC.sum(1), 1, atol=1e-5)


def test_what_nobody_could_say_is_predicted_all_the_same() -> None:
    X = np.arange(12.0)[:, None]
    labels = [0] * 6 + [1] * 5
    state = state_of(
        *asks(range(12)), *map(says, range(11)), Skipped(item=11, annotator="a", key="s"), sizes=(12,)
    )
    sample = audit_sample(state, [np.arange(12)], dict(enumerate(labels)))
    made = cross_fit(
        adapt("models", GaussianNB()),
        X.__getitem__,
        (list(range(11)), labels),
        sample,
        np.random.default_rng(0),
    )
    assert made.truth_N[11] == UNKNOWN
    assert made.proba_NC[11].sum() == pytest.approx(1, abs=1e-5)


class TestBeliefs:
    rows = range(100)
    X = np.arange(300.0)[:, None]

    def made(self, n_audit: int = 30) -> tuple[Any, list[tuple[set[int], set[int]]], Any]:
        order = np.random.default_rng(1).permutation(300)
        order = np.r_[order[order < 100], order[order >= 100]]
        state = state_of(*asks(order[:n_audit]), *(says(row, row % 3) for row in self.rows), sizes=(300,))
        sample = audit_sample(state, [order], {row: row % 3 for row in self.rows})
        log: list[tuple[set[int], set[int]]] = []
        told = list(self.rows), [row % 3 for row in self.rows]
        spy: Any = Spy(log)
        rng = np.random.default_rng(0)
        found = beliefs(spy, self.X.__getitem__, told, sample, [0, 1, 2], np.arange(300), rng)
        return found, log, sample

    def test_nobody_is_predicted_by_a_model_that_saw_its_label(self) -> None:
        found, log, _ = self.made()
        assert found.audit_NC.shape == (30, 3)
        assert found.pool_MC.shape == (300, 3)
        assert sorted(row for _, asked in log for row in asked) == list(range(300))
        for seen, asked in log:
            assert not seen & asked
            assert len(seen) == 80
            assert 10 < len(asked - set(self.rows)) < 70

    def test_it_is_what_the_metric_expects_of_a_true_belief(self) -> None:
        proba_NC = np.random.default_rng(0).dirichlet(np.ones(4), 5)
        for name in ("accuracy", "neg_log_loss", "neg_brier"):
            measure = metric(name)
            assert measure.items is not None
            by_hand = [
                sum(p[c] * measure.items(p[None], np.array([c]))[0] for c in range(4)) for p in proba_NC
            ]
            np.testing.assert_allclose(believed(measure, proba_NC), by_hand)
        np.testing.assert_allclose(believed(metric("accuracy"), proba_NC), proba_NC.max(1))

    def test_a_metric_that_is_no_mean_has_no_control(self) -> None:
        found, *_ = self.made()
        assert found.control(metric("macro_f1")) is None
        control = found.control(metric("accuracy"))
        assert (len(control.values_N), control.size) == (30, 300)

    def test_the_pools_part_is_that_of_the_cohorts_with_an_audit_item(self) -> None:
        orders = [np.arange(10), np.arange(10, 50)]
        state = state_of(*asks([0, 1]), says(0), says(1), Erased(item=5), sizes=(10, 40))
        state.plan.prefixes = [2, 0]
        sample = audit_sample(state, orders, {0: 0, 1: 0})
        assert spoken_for(state, orders, sample).tolist() == [0, 1, 2, 3, 4, 6, 7, 8, 9]


def in_sample(prototype: Any, features: Any, trained_on: Any, sample: Any, rng: Any) -> CrossFit:
    """The planted fault: the present model is judged on what it was trained on."""
    fitted = prototype.fresh(0).fit(features(np.array(trained_on[0])), trained_on[1])
    column = {label: c for c, label in enumerate(fitted.classes)}
    proba = fitted.posterior(features(np.array(sample.rows))).proba_NC
    return CrossFit(
        proba, np.array([column[one] for one in sample.labels]), np.array(sample.weights), fitted.classes
    )


def on_everything(prototype: Any, features: Any, trained_on: Any, sample: Any, rng: Any) -> CrossFit:
    """The other planted fault: labels that the strategy picked estimate too."""
    every = type(sample)(trained_on[0], list(trained_on[1]), [1.0] * len(trained_on[0]))
    return cross_fit(prototype, features, trained_on, every, rng)


def covered(projects: int, audit: float = 0.4) -> float:
    """Share of tiny projects whose interval holds the accuracy of their final model on the whole world."""
    inside = 0
    for seed in range(projects):
        X, y = make_classification(
            2400, 8, n_informative=4, n_classes=3, class_sep=0.8, flip_y=0.15, random_state=seed
        )
        learner = ActiveLearner(KNeighborsClassifier(3), X[:400], strategy="margin", seed=seed, audit=audit)
        for _ in range(4):
            batch = learner.ask(40)
            learner.tell(batch.ids, y[batch.rows])
        found = learner.evaluate()
        inside += found.low <= learner.model.score(X[400:], y[400:]) <= found.high
    return inside / projects


class TestCoverage:
    """Sixty projects through the learner, exploit picks and refits included; 95% less three standard errors."""

    projects = 60
    enough = 0.95 - 3 * math.sqrt(0.95 * 0.05 / 60)

    def test_the_interval_covers(self) -> None:
        assert covered(self.projects) >= self.enough

    def test_in_sample_evaluation_is_rejected(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(assessor, "cross_fit", in_sample)
        assert covered(self.projects) < self.enough

    def test_estimating_on_what_the_strategy_picked_is_rejected(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(assessor, "cross_fit", on_everything)
        monkeypatch.setattr(assessor, "MIN_FOR_CONTROL", math.inf)
        assert covered(self.projects, audit=0.1) < self.enough


class TestAudited:
    def learner(self, digits: Any) -> ActiveLearner:
        learner = ActiveLearner(
            "logistic(C=1.0, temperature=1.0)", digits.X, audit=0.5, audit_weighted=0.0, seed=0
        )
        batch = learner.ask(60)
        learner.tell(batch.ids, digits.label(batch.rows))
        return learner

    def test_it_holds_what_evaluate_counts(self, digits: Any) -> None:
        learner = self.learner(digits)
        audited = learner.audited()
        truth_N = [audited.classes.index(label) for label in audited.labels if label is not None]
        assert learner.evaluate().value == pytest.approx(
            (audited.proba_NC.argmax(1) == truth_N).mean(), abs=0.03
        )
        assert audited.labels == [digits.y[int(item)] for item in audited.ids]
        assert (len(audited.ids), audited.covers) == (30, 1.0)
        assert audited.weight_N == pytest.approx([1.0] * 30)

    def test_it_cannot_be_written_to_and_follows_new_labels(self, digits: Any) -> None:
        learner = self.learner(digits)
        audited = learner.audited()
        for array in (audited.proba_NC, audited.weight_N):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 0
        batch = learner.ask(20)
        learner.tell(batch.ids, digits.label(batch.rows))
        assert learner.audited().ids[:30] == audited.ids
        learner.skip([audited.ids[0]])
        assert learner.audited().labels[0] is None
        learner.retract([learner.audited().ids[-1]])
        assert learner.audited().ids == audited.ids
        assert len(audited.ids) == 30

    def test_it_needs_two_classes(self, digits: Any) -> None:
        learner = ActiveLearner("logistic", digits.X, seed=0)
        with pytest.raises(NotFitted, match="two classes"):
            learner.audited()
