"""The loop as a user meets it: any answer at any time, the same questions after a restart, nothing lost."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from asklearn.asking import choose
from asklearn.audit import permanent_numbers
from asklearn.errors import (
    AskLearnError,
    BadInput,
    Conflict,
    KeyReused,
    NotAllowed,
    NotFitted,
    NotStored,
    PoolExhausted,
    UnknownItem,
    UnknownLabel,
    UnknownName,
)
from asklearn.events import Answered, Asked, Erased, Fitted, Measured
from asklearn.intervals import watched_levels
from asklearn.journal import MemoryJournal
from asklearn.learner import ActiveLearner
from asklearn.pool import Pool
from asklearn.registry import lookup
from asklearn.state import dump, fold
from asklearn.types import Batch

FAST = "logistic(C=10.0, temperature=1.0)"


def make(digits: Any, model: Any = FAST, **options: Any) -> ActiveLearner:
    options.setdefault("strategy", "margin")
    options.setdefault("seed", 0)
    options.setdefault("clock", lambda: 0.0)
    return ActiveLearner(model, digits.X, **options)


def rounds(learner: ActiveLearner, digits: Any, sizes: tuple[int, ...] = (20, 10, 10)) -> list[Batch]:
    batches = []
    for size in sizes:
        batches.append(learner.ask(size))
        learner.tell(batches[-1].ids, digits.label(batches[-1].rows))
    return batches


def asked(learner: ActiveLearner) -> list[Asked]:
    return [event for event in learner.journal.read() if isinstance(event, Asked)]


def told(learner: ActiveLearner) -> list[Answered]:
    return [event for event in learner.journal.read() if isinstance(event, Answered)]


class TestAsk:
    def test_no_item_is_asked_twice_until_none_is_left(self, digits: Any) -> None:
        learner = ActiveLearner(GaussianNB(), digits.X[:60], strategy="margin")
        ids: list[Any] = []
        while len(ids) < 60:
            batch = learner.ask(17)
            ids += batch.ids
            learner.tell(batch.ids[::2], digits.label(batch.rows[::2]))
        assert sorted(ids) == list(range(60))
        with pytest.raises(PoolExhausted, match=r"60 of 60 items were asked.*still have no answer"):
            learner.ask(1)

    def test_two_asks_without_an_answer_between_hand_out_different_items(self, digits: Any) -> None:
        learner = make(digits)
        rounds(learner, digits)
        one, other = learner.ask(10), learner.ask(10)
        assert not set(one.ids) & set(other.ids)
        assert learner.pending == one.ids + other.ids

    def test_pending_is_what_has_no_reply_in_the_order_of_asking(self, digits: Any) -> None:
        learner = make(digits)
        batch = learner.ask(6)
        learner.tell(batch.ids[2:3], digits.label(batch.rows[2:3]))
        learner.skip(batch.ids[4:5])
        learner.flag(batch.ids[0:1])
        assert learner.pending == [batch.ids[1], batch.ids[3], batch.ids[5]]

    def test_the_budget_bounds_what_is_asked_and_should_stop_says_so(self, digits: Any) -> None:
        learner = make(digits, budget=25)
        batches = rounds(learner, digits, (20, 20))
        assert [len(batch) for batch in batches] == [20, 5]
        assert "the budget of 25 labels is spent" in learner.should_stop().reasons
        with pytest.raises(PoolExhausted, match="budget 25"):
            learner.ask(1)

    @pytest.mark.parametrize("n", [0, -3, 2.5, "5", True])
    def test_a_number_of_items_that_is_none_is_refused(self, digits: Any, n: Any) -> None:
        learner = make(digits)
        with pytest.raises(BadInput, match="at least one item"):
            learner.ask(n)
        assert not asked(learner)

    def test_a_numpy_number_of_items_is_taken(self, digits: Any) -> None:
        assert len(make(digits).ask(np.int64(7))) == 7

    def test_same_seed_same_questions_and_another_seed_others(self, digits: Any) -> None:
        first, same, other = (make(digits, seed=seed) for seed in (1, 1, 2))
        questions = [[batch.ids for batch in rounds(one, digits)] for one in (first, same, other)]
        assert questions[0] == questions[1]
        assert all(a != b for a, b in zip(questions[0], questions[2], strict=True))

    @pytest.mark.parametrize(
        "strategy", ["random", "auto", "bald", "power_margin", "k_center", "qbc_vote_entropy"]
    )
    def test_every_kind_of_strategy_is_repeatable_and_asks_each_item_once(
        self, digits: Any, strategy: str
    ) -> None:
        questions = []
        for _ in range(2):
            learner = make(digits, strategy=strategy)
            questions.append([one for batch in rounds(learner, digits, (15, 8, 8)) for one in batch.ids])
        assert questions[0] == questions[1]
        assert len(set(questions[0])) == 31

    def test_every_ask_records_stream_and_probability(self, digits: Any) -> None:
        learner = make(digits, audit=0.2)
        rounds(learner, digits, (20, 20, 20))
        events = asked(learner)
        assert {event.stream for event in events} == {"audit", "exploit"}
        for event in events:
            if event.stream == "audit":
                assert event.probability is not None
                assert 0 < event.probability <= 1
                assert event.score is None
            else:
                assert event.probability is None
        exploit = [event.score for event in events[20:] if event.stream == "exploit"]
        assert None not in exploit
        assert all(type(score) is float for score in exploit)

    @pytest.mark.parametrize(("share", "expected"), [(0.0, 0), (0.1, 8), (0.25, 20), (1.0, 80)])
    def test_the_audits_share_is_the_prefix_of_the_permanent_order(
        self, digits: Any, share: float, expected: int
    ) -> None:
        learner = make(digits, GaussianNB(), audit=share, audit_weighted=0.0)
        rounds(learner, digits, (20, 20, 20, 20))
        order = np.argsort(permanent_numbers(range(300), seed=0))
        assert learner.state.plan.prefixes == [expected]
        assert set(order[:expected].tolist()) <= set(learner.labels)
        drawn = [event.item for event in asked(learner) if event.stream == "audit"]
        assert set(drawn) <= set(order[:expected].tolist())

    def test_an_item_of_the_prefix_that_was_labelled_anyway_is_not_asked_again(self, digits: Any) -> None:
        learner = make(digits, audit=0.5)
        order = np.argsort(permanent_numbers(range(300), seed=0))
        known = order[:5].tolist()
        learner.tell(known, digits.label(known))
        batch = learner.ask(12)
        assert not set(known) & set(batch.ids)
        assert batch.streams.count("audit") == 1
        learner.tell(batch.ids, digits.label(batch.rows))
        assert learner.evaluate().n == 6

    def test_a_cold_start_needs_no_label_and_says_what_is_missing(self, digits: Any) -> None:
        learner = make(digits, strategy="auto")
        for touch in (lambda: learner.model, learner.evaluate, lambda: learner.forecast(10)):
            with pytest.raises(NotFitted, match=r"two classes. Got 0 labels"):
                touch()
        assert not learner.should_stop()
        batch = learner.ask(5)
        assert batch.scores == [None] * 5
        learner.tell(batch.ids, ["same"] * 5)
        with pytest.raises(NotFitted, match="5 labels of 1 class;"):
            learner.evaluate()
        assert len(learner.ask(5)) == 5

    def test_labels_given_before_the_first_ask_train_the_model_that_asks(self, digits: Any) -> None:
        learner = make(digits)
        learner.tell(range(40), digits.y[:40])
        batch = learner.ask(10)
        assert not set(batch.ids) & set(range(40))
        exploit = [
            score for score, stream in zip(batch.scores, batch.streams, strict=True) if stream == "exploit"
        ]
        assert None not in exploit

    def test_the_batch_is_plain_data(self, digits: Any) -> None:
        batch = make(digits).ask(np.int64(5))
        assert all(type(one) is int for one in batch.ids)
        assert {
            len(part) for part in (batch.ids, batch.rows, batch.streams, batch.scores, batch.reasons)
        } == {5}
        assert all(batch.reasons)


class TestTell:
    def test_answers_in_any_order_and_in_pieces_give_one_state_and_the_same_questions(
        self, digits: Any
    ) -> None:
        """The journals differ in order; what they add up to, and what is asked next, does not."""
        rng = np.random.default_rng(0)
        learners = [make(digits) for _ in range(3)]
        for _ in range(3):
            batches = [learner.ask(15) for learner in learners]
            assert batches[0].ids == batches[1].ids == batches[2].ids
            ids, labels = np.array(batches[0].ids), np.array(digits.label(batches[0].rows))
            learners[0].tell(ids, labels)
            shuffled = rng.permutation(15)
            learners[1].tell(ids[shuffled], labels[shuffled])
            for place in rng.permutation(15):
                learners[2].tell([ids[place]], [labels[place]])
        for other in learners[1:]:
            assert other.labels == learners[0].labels
            assert other.evaluate() == learners[0].evaluate()

    def test_a_late_and_a_never_asked_answer_count(self, digits: Any) -> None:
        learner = make(digits)
        early = learner.ask(10)
        rounds(learner, digits)
        learner.tell(early.ids, digits.label(early.rows))
        free = next(one for one in range(300) if one not in learner.labels)
        learner.tell([free], [digits.y[free]])
        assert learner.labels[free] == digits.y[free]
        assert set(early.ids) <= set(learner.labels)
        assert free not in learner.ask(40).ids

    def test_telling_again_replaces_the_label_and_the_model(self, digits: Any) -> None:
        learner = make(digits)
        rounds(learner, digits)
        before = learner.model
        wrong = {one: 9 - label for one, label in learner.labels.items()}
        learner.tell(list(wrong), list(wrong.values()))
        assert learner.labels == wrong
        assert learner.model is not before
        assert (learner.model.predict(digits.X[list(wrong)]) == list(wrong.values())).mean() > 0.9

    def test_a_retracted_label_is_pending_again_and_can_be_told_again(self, digits: Any) -> None:
        learner = make(digits)
        batch = learner.ask(5)
        learner.tell(batch.ids, digits.label(batch.rows))
        learner.retract(batch.ids[1:2])
        assert batch.ids[1] not in learner.labels
        assert learner.pending == batch.ids[1:2]
        assert batch.ids[1] not in learner.ask(50).ids
        learner.tell(batch.ids[1:2], [3])
        assert learner.labels[batch.ids[1]] == 3

    def test_a_retracted_label_of_an_item_that_nobody_asked_lets_it_be_asked(self, digits: Any) -> None:
        learner = ActiveLearner(GaussianNB(), digits.X[:20], strategy="margin")
        learner.tell([4], [1])
        learner.retract([4])
        assert learner.pending == []
        assert 4 in learner.ask(20).ids

    def test_skipped_and_flagged_items_are_not_asked_again_and_train_nothing(self, digits: Any) -> None:
        learner = make(digits)
        rounds(learner, digits)
        batch = learner.ask(4)
        learner.skip(batch.ids[:2])
        learner.flag(batch.ids[2:])
        assert not set(batch.ids) & set(learner.labels)
        assert not set(batch.ids) & set(learner.ask(60).ids)
        assert not learner.pending or not set(batch.ids) & set(learner.pending)

    def test_annotators_who_disagree_leave_no_label_until_a_majority(self, digits: Any) -> None:
        learner = make(digits)
        learner.tell([7], ["cat"], annotator="ann")
        learner.tell([7], ["dog"], annotator="ben")
        assert 7 not in learner.labels
        learner.tell([7], ["dog"], annotator="cyd")
        assert learner.labels == {7: "dog"}
        learner.retract([7], annotator="ben")
        assert 7 not in learner.labels

    def test_a_class_nobody_declared_may_appear(self, digits: Any) -> None:
        learner = make(digits, labels=range(10))
        rounds(learner, digits)
        fresh = learner.ask(3)
        learner.tell(fresh.ids, [10, 10, 10])
        assert 10 in learner.model.classes_.tolist()
        assert learner.evaluate().n >= 3

    def test_declared_only_refuses_others_with_a_suggestion(self, digits: Any) -> None:
        learner = make(digits, labels=["cat", "dog"], open_labels=False)
        with pytest.raises(UnknownLabel, match=r"one of 'cat', 'dog'. Got 'cta'. Did you mean 'cat'"):
            learner.tell([0, 1], ["dog", "cta"])
        assert not told(learner)
        learner.tell([0], ["dog"])
        assert learner.labels == {0: "dog"}

    @pytest.mark.parametrize(
        ("ids", "labels", "error", "words"),
        [
            ([0, 999], [1, 2], UnknownItem, "no item 999 in this pool of 300"),
            ([0, -1], [1, 2], UnknownItem, "no item -1"),
            (["0"], [1], UnknownItem, "no item '0'"),
            ([0, 5, 0], [1, 2, 3], BadInput, "0 occurs again at position 2"),
            ("012", [1, 2, 3], BadInput, "ids must be a list"),
            ([0, 1, 2], "123", BadInput, "labels must be a list"),
            ({0: 1}, [1], BadInput, "ids must be a list"),
            ([0], {0: 1}, BadInput, "labels must be a list"),
            ([0, 1], [1], BadInput, "for each of 2 ids. Got 1 labels"),
            ([0.0], [1], BadInput, "str or an int. Got 0.0"),
            ([True], [1], BadInput, "str or an int. Got True"),
            ([None], [1], BadInput, "str or an int"),
            ([[0]], [1], BadInput, "str or an int"),
            ([0], [1.5], BadInput, "Got 1.5"),
            ([0], [float("nan")], BadInput, "Got nan"),
            ([0], [float("inf")], BadInput, "Got inf"),
            ([0], [b"cat"], BadInput, "Got b'cat'"),
            ([0], [None], BadInput, "Got None"),
            ([0], [""], BadInput, "not empty"),
            ([0], [["cat"]], BadInput, "Got"),
            ([0], ["a\x00"], BadInput, "Got 'a"),
            ([0], ["\ud800"], BadInput, "Got"),
            ([0], [2**70], BadInput, "Got"),
            ([0, 1], ["cat", 3], BadInput, "all texts or all whole numbers"),
        ],
    )  # fmt: skip
    def test_what_is_wrong_is_refused_whole_and_nothing_is_recorded(
        self, digits: Any, ids: Any, labels: Any, error: type[Exception], words: str
    ) -> None:
        learner = make(digits)
        before = learner.state.position
        with pytest.raises(error, match=words):
            learner.tell(ids, labels)
        assert learner.state.position == before == len(list(learner.journal.read()))

    @pytest.mark.parametrize(
        "options",
        [{"seconds": [float("nan")]}, {"seconds": [-1.0]}, {"seconds": ["long"]}, {"seconds": [1.0, 2.0]},
         {"keys": [5]}, {"keys": ["a", "b"]}, {"keys": "k"}, {"keys": [""]}, {"annotator": 5},
         {"annotator": ""}],
    )  # fmt: skip
    def test_what_goes_with_an_answer_is_checked_too(self, digits: Any, options: Any) -> None:
        learner = make(digits)
        with pytest.raises(BadInput):
            learner.tell([0], [1], **options)
        assert not told(learner)

    def test_types_may_not_mix_over_time_either(self, digits: Any) -> None:
        learner = make(digits)
        learner.tell([0], [0])
        with pytest.raises(BadInput, match="Got 'cat' beside 0"):
            learner.tell([1], ["cat"])
        declared = make(digits, labels=[0, 1])
        with pytest.raises(BadInput, match="Got 'cat' beside 0"):
            declared.tell([1], ["cat"])

    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            (np.int64(3), 3),
            (np.float32(3), 3),
            (3.0, 3),
            (True, 1),
            (np.bool_(False), 0),
            (np.str_("a"), "a"),
        ],
    )
    def test_labels_have_one_normal_form(self, digits: Any, given: Any, kept: Any) -> None:
        learner = make(digits)
        learner.tell([0], [given])
        assert learner.labels == {0: kept}
        assert type(learner.labels[0]) is type(kept)

    def test_generators_are_taken(self, digits: Any) -> None:
        learner = make(digits)
        learner.tell((i for i in range(3)), (str(i) for i in range(3)), seconds=iter([1, None, 2.5]))
        assert learner.labels == {0: "0", 1: "1", 2: "2"}
        assert [event.seconds for event in told(learner)] == [1.0, None, 2.5]

    def test_nothing_told_is_nothing_recorded(self, digits: Any) -> None:
        learner = make(digits)
        before = learner.state.position
        learner.tell([], [])
        learner.skip([])
        assert learner.state.position == before

    def test_the_same_answer_under_its_key_counts_once_however_often_it_is_sent(self, digits: Any) -> None:
        learner = make(digits)
        learner.tell([3], ["cat"], keys=["k1"])
        learner.tell([3], ["cat"], keys=["k1"])
        learner.tell([3], ["dog"], keys=["k2"])
        learner.tell([3], ["cat"], keys=["k1"])
        assert len(told(learner)) == 2
        assert learner.labels == {3: "dog"}
        with pytest.raises(KeyReused):
            learner.tell([3], ["emu"], keys=["k1"])
        assert learner.labels == {3: "dog"}

    @pytest.mark.parametrize("verb", ["skip", "flag", "retract"])
    @pytest.mark.parametrize(("ids", "error"), [([999], UnknownItem), ("1", BadInput), ([1, 1], BadInput)])
    def test_the_other_replies_check_ids_too(
        self, digits: Any, verb: str, ids: Any, error: type[Exception]
    ) -> None:
        learner = make(digits)
        before = learner.state.position
        with pytest.raises(error):
            getattr(learner, verb)(ids)
        assert learner.state.position == before

    def test_a_late_answer_to_an_erased_item_is_kept_and_not_used(self, digits: Any) -> None:
        learner = make(digits)
        rounds(learner, digits)
        learner.journal.append([Erased(item=5)])
        learner.tell([5], [digits.y[5]])
        assert 5 not in learner.labels
        assert 5 not in learner.ask(200).ids


class TestFeatures:
    @pytest.mark.parametrize(
        ("X", "words"),
        [
            (None, "X=None"),
            (np.zeros(5), r"shape \(5,\)"),
            (np.zeros((0, 3)), r"shape \(0, 3\)"),
            (np.zeros((3, 0)), r"shape \(3, 0\)"),
            (np.zeros((2, 2, 2)), r"shape \(2, 2, 2\)"),
            ([[1.0], [1.0, 2.0]], "equal length"),
            ([["a", "b"]], "numeric"),
            (np.array([[1, None]], object), "numeric"),
            ("text", "numeric"),
        ],
    )
    def test_what_is_no_table_of_numbers_is_refused(self, X: Any, words: str) -> None:
        with pytest.raises(BadInput, match=words):
            ActiveLearner(FAST, X)

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    def test_a_value_that_is_not_finite_is_named_by_row_and_column(self, value: float) -> None:
        X = np.zeros((70_000, 3), np.float32)
        X[66_000, 2] = value
        with pytest.raises(BadInput, match="row 66000, column 2"):
            ActiveLearner(FAST, X)

    @pytest.mark.parametrize("kind", [bool, np.uint8, np.int64, np.float16, np.float32, np.float64, list])
    def test_every_kind_of_number_is_taken(self, digits: Any, kind: Any) -> None:
        X = (digits.X[:80] * 16).tolist() if kind is list else (digits.X[:80] * 16).astype(kind)
        learner = ActiveLearner(GaussianNB(), X, strategy="margin")
        rounds(learner, digits)
        assert learner.model.predict(X[:5]).shape == (5,)

    def test_one_item_and_constant_features(self, digits: Any) -> None:
        single = ActiveLearner(FAST, np.ones((1, 4)))
        assert single.ask(10).ids == [0]
        constant = ActiveLearner(FAST, np.ones((50, 4)), strategy="auto")
        batches = rounds(constant, digits)
        assert len({one for batch in batches for one in batch.ids}) == 40
        assert np.isfinite(constant.model.predict_proba(np.ones((1, 4)))).all()
        found = constant.evaluate()
        assert 0 <= found.low <= found.value <= found.high <= 1

    @pytest.mark.parametrize("strategy", ["auto", "bald", "k_center", "power_margin"])
    def test_neither_features_nor_estimator_are_changed(self, digits: Any, strategy: str) -> None:
        X = digits.X.copy()
        estimator = make_pipeline(StandardScaler(), LogisticRegression(C=2.0, max_iter=50))
        before = copy.deepcopy(estimator.get_params(deep=False)), repr(estimator)
        learner = ActiveLearner(estimator, X, strategy=strategy)
        rounds(learner, digits)
        learner.evaluate()
        np.testing.assert_array_equal(X, digits.X)
        assert repr(estimator) == before[1]
        for _, step in estimator.steps:
            assert not [name for name in vars(step) if name.endswith("_") and not name.startswith("_")]
        assert learner.model is not estimator

    def test_ids_may_be_given(self, digits: Any) -> None:
        names = [f"img-{i}" for i in range(300)]
        learner = make(digits, ids=names)
        batches = rounds(learner, digits)
        assert [names[row] for row in batches[1].rows] == batches[1].ids
        assert learner.labels[batches[0].ids[0]] == digits.y[batches[0].rows[0]]
        with pytest.raises(UnknownItem, match="no item 0 "):
            learner.tell([0], [1])

    @pytest.mark.parametrize(
        ("ids", "words"),
        [(["a"] * 300, "'a' occurs again at position 1"), (["a"], "each of 300 items. Got 1"),
         ([0.5] * 300, "position 0")],
    )  # fmt: skip
    def test_ids_that_cannot_be_are_refused(self, digits: Any, ids: Any, words: str) -> None:
        with pytest.raises(BadInput, match=words):
            make(digits, ids=ids)

    @pytest.mark.parametrize(
        "options",
        [{"audit": -0.1}, {"audit": 1.5}, {"audit": float("nan")}, {"audit_weighted": 1.5},
         {"audit": 0.7, "audit_weighted": 0.4}, {"budget": -1}, {"seed": -1}, {"seed": 1.5},
         {"seed": "a"}, {"labels": ["a", "a"]}, {"labels": ["a", 1]}, {"labels": "ab"}, {"metric": "acuracy"},
         {"strategy": "margn"}, {"strategy": 5}, {"model": "logistc"}, {"model": 7}, {"annotator": ""},
         {"open_labels": False}],
    )  # fmt: skip
    def test_settings_that_cannot_be_are_refused(self, digits: Any, options: Any) -> None:
        with pytest.raises(BadInput):
            ActiveLearner(**{"X": digits.X, **options})

    def test_names_that_are_nearly_right_come_with_a_suggestion(self, digits: Any) -> None:
        with pytest.raises(UnknownName, match="Did you mean 'margin'"):
            make(digits, strategy="margn")
        with pytest.raises(UnknownName, match="Did you mean 'accuracy'"):
            make(digits, metric="acuracy")
        with pytest.raises(UnknownName, match="Did you mean 'logistic'"):
            make(digits, "logistc")


class TestChoosing:
    @pytest.mark.parametrize("strategy", ["margin", "badge", "bald", "auto"])
    def test_no_question_depends_on_a_label_of_the_audit(self, digits: Any, strategy: str) -> None:
        """Neither what the strategy picks nor whom the weighted audit draws."""
        questions = []
        for lie in (False, True):
            learner = make(digits, GaussianNB(), strategy=strategy, audit=0.3, audit_weighted=0.2)
            asked = []
            for _ in range(4):
                batch = learner.ask(20)
                asked.append(batch.ids)
                by_lot = np.array(batch.streams) == "audit"
                labels = np.array(digits.label(batch.rows))
                labels[by_lot & lie] = 9 - labels[by_lot & lie]
                learner.tell(batch.ids, labels.tolist())
            questions.append(asked)
        assert questions[0] == questions[1]

    def test_what_teaches_the_strategy_is_all_but_the_audit(self, digits: Any) -> None:
        learner = make(digits, GaussianNB(), audit=0.3)
        rounds(learner, digits, (20, 20))
        learner.refresh()
        assert set(learner._chosen_on) == set(learner.labels) - set(learner.state.drawn)
        assert learner._scorer is not learner._fitted
        assert learner._scorer is not None


class TestModels:
    @pytest.mark.parametrize(
        "estimator",
        [GaussianNB(), RandomForestClassifier(10), HistGradientBoostingClassifier(max_iter=3),
         KNeighborsClassifier(), make_pipeline(StandardScaler(), GaussianNB())],
        ids=lambda one: type(one).__name__,
    )  # fmt: skip
    @pytest.mark.parametrize("strategy", ["auto", "bald"])
    def test_any_classifier_serves_and_a_committee_is_made_behind(
        self, digits: Any, estimator: Any, strategy: str
    ) -> None:
        learner = make(digits, estimator, strategy=strategy, audit_weighted=0.0)
        batches = rounds(learner, digits)
        scored = [s for s, t in zip(batches[2].scores, batches[2].streams, strict=True) if t == "exploit"]
        assert np.isfinite(scored).all()
        assert type(learner.model) is type(estimator)
        assert learner.evaluate().n == 4

    @pytest.mark.parametrize("spec", ["logistic", "logistic(C=1.0, temperature=1.0)"])
    def test_draws_of_the_default_model_are_about_itself_and_know_every_class(
        self, digits: Any, spec: str
    ) -> None:
        learner = make(digits, spec, strategy="bald", audit=0.0)
        rounds(learner, digits, (20, 5))
        learner.refresh()
        scorer, X = learner._scorer, digits.X_test[:200]
        assert scorer is not None
        posterior = scorer.posterior(X)
        assert type(scorer.estimator).__name__ == "LaplaceLogisticRegression"
        assert np.allclose(posterior.proba_NC, learner.model.predict_proba(X), atol=1e-5)
        assert scorer.classes == sorted(set(learner.labels.values()))
        assert posterior.draws_KNC.std(axis=0).max() > 0.01

    def test_labels_may_be_texts(self, digits: Any) -> None:
        learner = make(digits, RandomForestClassifier(10))
        for _ in range(2):
            batch = learner.ask(20)
            learner.tell(batch.ids, [f"class {label}" for label in digits.label(batch.rows)])
        assert set(learner.model.predict(digits.X_test[:50])) <= {f"class {i}" for i in range(10)}

    def test_tuning_is_kept_until_there_are_half_as_many_labels_again(self, digits: Any) -> None:
        learner = make(digits, "logistic", strategy="random")
        rounds(learner, digits, (20, 5, 4, 1, 6))
        assert learner.model.C_
        fits = [event for event in learner.journal.read() if isinstance(event, Fitted)]
        assert [(fit.labels, fit.tuned_at) for fit in fits] == [
            (20, 20),
            (25, 20),
            (29, 20),
            (30, 30),
            (36, 30),
        ]
        for before, after in pairwise(fits):
            if after.tuned_at == before.tuned_at:
                assert after.params == before.params
        assert fits[-1].params == {"C": learner.model.C_, "temperature": learner.model.temperature_}

    def test_a_classifier_without_probabilities_is_refused_with_what_to_do(self, digits: Any) -> None:
        from sklearn.svm import LinearSVC

        with pytest.raises(BadInput, match=r"fit and predict_proba. Got LinearSVC.*CalibratedClassifierCV"):
            make(digits, LinearSVC())

    def test_a_model_that_cannot_be_fitted_says_so_every_time_and_the_answers_are_kept(
        self, digits: Any
    ) -> None:
        class Moody(GaussianNB):
            def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
                if len(y) == 30:
                    raise ValueError("thirty is a bad number")
                return super().fit(X, y)

        learner = make(digits, Moody())
        rounds(learner, digits, (20,))
        assert learner.model.predict(digits.X[:1]).shape == (1,)
        batch = learner.ask(10)
        learner.tell(batch.ids, digits.label(batch.rows))
        for touch in (lambda: learner.model, lambda: learner.ask(5), learner.evaluate, lambda: learner.model):
            with pytest.raises(AskLearnError, match=r"Moody.*30 labels.*thirty is a bad number"):
                touch()
        assert len(learner.labels) == 30
        free = next(one for one in range(300) if one not in learner.labels)
        learner.tell([free], [digits.y[free]])
        assert learner.model.predict(digits.X[:1]).shape == (1,)

    def test_a_model_that_answers_nan_says_so_and_nothing_is_asked(self, digits: Any) -> None:
        class Blank(GaussianNB):
            def predict_proba(self, X: Any) -> Any:
                return np.full((len(X), len(self.classes_)), np.nan)

        learner = make(digits, Blank())
        rounds(learner, digits, (20,))
        with pytest.raises(BadInput, match=r"Blank.predict_proba must return finite probabilities"):
            learner.ask(5)
        assert len(asked(learner)) == 20
        assert len(learner.labels) == 20


def uninterrupted(make_one: Callable[[], ActiveLearner], digits: Any) -> list[list[Any]]:
    learner = make_one()
    return [batch.ids for batch in rounds(learner, digits, (20, 7, 11, 9))]


def interrupted(make_one: Callable[[], ActiveLearner], digits: Any) -> list[list[Any]]:
    """Open the journal anew before every ask and before every tell, whose answers come in two parts."""
    questions = []
    for size in (20, 7, 11, 9):
        batch = make_one().ask(size)
        questions.append(batch.ids)
        make_one().tell(batch.ids[3:], digits.label(batch.rows[3:]))
        make_one().tell(batch.ids[:3], digits.label(batch.rows[:3]))
    return questions


class TestRestart:
    @pytest.mark.parametrize(
        ("model", "strategy"),
        [("logistic", "auto"), (RandomForestClassifier(8), "margin"), (GaussianNB(), "bald"),
         ("committee(base='logistic(C=1.0, temperature=1.0)', size=3)", "qbc_vote_entropy"), (FAST, "power_margin"),
         (RandomForestClassifier(8, random_state=None), "qbc_kl")],
        ids=str,
    )  # fmt: skip
    def test_a_restarted_learner_asks_what_an_uninterrupted_one_would(
        self, digits: Any, model: Any, strategy: str
    ) -> None:
        journal = MemoryJournal()
        without = uninterrupted(lambda: make(digits, model, strategy=strategy), digits)
        with_restarts = interrupted(lambda: make(digits, model, strategy=strategy, journal=journal), digits)
        assert with_restarts == without

    def test_a_journal_on_disk_does_the_same(self, digits: Any, tmp_path: Path) -> None:
        without = uninterrupted(lambda: make(digits, "logistic"), digits)
        path = tmp_path / "journal.db"
        assert interrupted(lambda: make(digits, "logistic", journal=path), digits) == without
        again = make(digits, "logistic", journal=str(path), seed=None)
        assert again.seed == 0
        assert len(again.labels) == 47

    def test_what_looks_does_not_change_what_is_asked(self, digits: Any) -> None:
        quiet, curious = make(digits, "logistic", strategy="auto"), make(digits, "logistic", strategy="auto")
        for size in (20, 10, 10, 10):
            batches = [learner.ask(size) for learner in (quiet, curious)]
            assert batches[0].ids == batches[1].ids
            for learner in (quiet, curious):
                learner.tell(batches[0].ids, digits.label(batches[0].rows))
            curious.evaluate()
            curious.evaluate("macro_f1", level=0.8)
            curious.forecast(100)
            curious.should_stop(target=0.9)
            curious.price(10)
            _ = curious.model, curious.pending, curious.labels

    def test_looking_twice_records_once(self, digits: Any) -> None:
        learner = make(digits)
        rounds(learner, digits)
        first = learner.evaluate()
        position = learner.state.position
        assert learner.evaluate() == first
        assert make(digits, journal=learner.journal).evaluate() == first
        assert learner.state.position == position

    @pytest.mark.parametrize(
        ("change", "words"),
        [(lambda X: X[:299], "about 300 items. Got features of 299"),
         (lambda X: X + 1, "other features"),
         (lambda X: X[:, :-1], "other features"),
         (lambda X: X[::-1], "other features")],
    )  # fmt: skip
    def test_other_features_are_refused(self, digits: Any, change: Callable[[Any], Any], words: str) -> None:
        journal = make(digits).journal
        before = len(list(journal.read()))
        with pytest.raises(BadInput, match=words):
            ActiveLearner(FAST, change(digits.X), strategy="random", budget=7, journal=journal)
        assert len(list(journal.read())) == before

    def test_another_seed_and_other_ids_are_refused(self, digits: Any) -> None:
        journal = make(digits, seed=3, ids=[f"a{i}" for i in range(300)]).journal
        assert make(digits, seed=None, journal=journal).seed == 3
        with pytest.raises(BadInput, match=r"begun with seed 3. Got seed=4"):
            make(digits, seed=4, journal=journal)
        with pytest.raises(BadInput, match="other ids"):
            make(digits, seed=3, journal=journal, ids=[f"b{i}" for i in range(300)])
        same = make(digits, seed=3, journal=journal, ids=[f"a{i}" for i in range(300)])
        assert same.ask(1).ids[0].startswith("a")

    def test_the_state_is_the_fold_of_the_journal(self, digits: Any) -> None:
        learner = make(digits)
        rounds(learner, digits)
        learner.skip(learner.ask(2).ids)
        learner.evaluate()
        assert dump(fold(learner.journal.read())) == dump(learner.state)


class TestGrowingPool:
    def test_a_new_cohort_catches_up_with_the_audit(self, digits: Any) -> None:
        learner = ActiveLearner(
            GaussianNB(), digits.X[:100], strategy="margin", audit=0.2, audit_weighted=0.0
        )
        rounds(learner, digits, (20, 20))
        assert learner.state.plan.prefixes == [8]
        learner.add(digits.X[100:300])
        rounds(learner, digits, (20, 20, 20))
        old, new = learner.state.plan.prefixes
        assert (old, new) == (8, 12)
        rounds(learner, digits, (20, 20))
        old, new = learner.state.plan.prefixes
        assert abs(old / 100 - new / 200) < 1.5 / 100
        orders = [start + np.argsort(permanent_numbers(range(start, stop), learner.seed))
                  for start, stop in ((0, 100), (100, 300))]  # fmt: skip
        assert {*orders[0][:old].tolist(), *orders[1][:new].tolist()} <= set(learner.labels)
        assert learner.evaluate().n == old + new

    def test_a_grown_pool_is_opened_with_all_its_features(self, digits: Any) -> None:
        learner = ActiveLearner(FAST, digits.X[:100], ids=[f"a{i}" for i in range(100)], strategy="margin")
        learner.add(digits.X[100:300].astype(np.float64), ids=[f"b{i}" for i in range(200)])
        rounds(learner, digits)
        again = ActiveLearner(FAST, digits.X, strategy="margin", journal=learner.journal)
        assert again.ask(10).ids
        swapped = np.concatenate([digits.X[:100], digits.X[100:300][::-1]])
        with pytest.raises(BadInput, match="other features for rows 100 to 300"):
            ActiveLearner(FAST, swapped, strategy="margin", journal=learner.journal)

    @pytest.mark.parametrize(
        ("X", "ids", "words"),
        [(np.zeros((2, 64)), ["a", "z"], "'a' is already in the pool"),
         (np.zeros((2, 64)), ["y", "y"], "occurs again"),
         (np.zeros((2, 64)), ["y"], "each of 2 items"),
         (np.zeros((2, 5)), ["y", "z"], "Expected 64 features"),
         (np.full((2, 64), np.nan), ["y", "z"], "finite"),
         (np.zeros((0, 64)), [], "shape")],
    )  # fmt: skip
    def test_what_cannot_enter_is_refused_and_leaves_the_learner_as_it_was(
        self, digits: Any, X: Any, ids: Any, words: str
    ) -> None:
        learner = ActiveLearner(FAST, digits.X[:3], ids=["a", "b", "c"])
        before = learner.state.position
        with pytest.raises((BadInput, NotAllowed), match=words):
            learner.add(X, ids)
        assert learner.state.position == before
        assert sorted(learner.ask(10).ids) == ["a", "b", "c"]

    def test_shards_are_one_pool(self, digits: Any) -> None:
        whole = ActiveLearner(FAST, digits.X, strategy="margin")
        learner = ActiveLearner(
            FAST,
            Pool(digits.X[:70], digits.X[70:200]),
            strategy="margin",
            journal=(journal := MemoryJournal()),
        )
        learner.add(Pool(digits.X[200:201], digits.X[201:]))
        assert learner.state.rows == whole.state.rows
        for one in (whole, learner):
            one.tell(range(0, 60, 2), digits.label(range(0, 60, 2)))
        np.testing.assert_array_equal(
            learner.model.predict_proba(digits.X), whole.model.predict_proba(digits.X)
        )
        again = ActiveLearner(FAST, Pool(digits.X[:250], digits.X[250:]), strategy="margin", journal=journal)
        assert again.state.cohorts == learner.state.cohorts

    def test_another_learners_additions_are_noticed(self, digits: Any) -> None:
        one = ActiveLearner(FAST, digits.X[:100], strategy="margin")
        other = ActiveLearner(FAST, digits.X[:100], strategy="margin", journal=one.journal)
        one.add(digits.X[100:200])
        rounds(one, digits)
        with pytest.raises(AskLearnError, match="Another process added items"):
            other.ask(5)
        with pytest.raises(AskLearnError, match="Another process added items"):
            other.add(digits.X[200:250])
        free = next(row for row in range(100, 200) if row not in one.labels)
        other.tell([free], [digits.y[free]])
        assert one.labels[free] == digits.y[free]


class Contested(MemoryJournal):
    """A journal to which somebody else appends just before the first `times` appends at a position."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def append(self, events: Any, *, at: int | None = None) -> int:
        if at and self.times > 0 and any(isinstance(event, Asked | Fitted | Measured) for event in events):
            self.times -= 1
            item = next((e.item for e in events if isinstance(e, Asked)), 0)
            super().append([Asked(item=item, stream="exploit", annotator="rival")])
        return super().append(events, at=at)


class Answering(MemoryJournal):
    """A journal to which somebody else appends answers just before the first `times` asks."""

    def __init__(self, times: int, of_the_batch: bool = False) -> None:
        super().__init__()
        self.times, self.of_the_batch = times, of_the_batch

    def append(self, events: Any, *, at: int | None = None) -> int:
        asked = [event.item for event in events if isinstance(event, Asked)]
        if asked and self.times > 0:
            self.times -= 1
            others = [row for row in range(60, 100) if row not in asked]
            item = asked[0] if self.of_the_batch else others[self.times]
            super().append([Answered(item=item, annotator="bob", key=f"b{self.times}", label=0)])
        return super().append(events, at=at)


class Unwilling(MemoryJournal):
    """A journal that once does not take a fit."""

    unwilling = False

    def append(self, events: Any, *, at: int | None = None) -> int:
        if self.unwilling and any(isinstance(event, Fitted) for event in events):
            self.unwilling = False
            raise NotStored("The disk is full.")
        return super().append(events, at=at)


class TestSharedJournal:
    def test_a_conflict_is_tried_again_with_what_is_still_open(self, digits: Any) -> None:
        journal = Contested(3)
        learner = make(digits, journal=journal)
        mine = learner.ask(10).ids
        rivals = [event.item for event in journal.read() if isinstance(event, Asked) and event.annotator]
        assert len(rivals) == 3
        assert not set(mine) & set(rivals)

    def test_replies_that_come_while_choosing_cost_no_second_choice(
        self, digits: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        choices = []
        monkeypatch.setattr("asklearn.loop.choose", lambda *given: choices.append(1) or choose(*given))
        learner = make(digits, journal=Answering(15))
        batch = learner.ask(10)
        assert len(batch) == 10
        assert len(choices) == 1
        assert len(learner.labels) == 15

    def test_a_choice_that_somebody_answered_meanwhile_is_made_anew(self, digits: Any) -> None:
        journal = Answering(3, of_the_batch=True)
        learner = make(digits, journal=journal)
        assert not set(learner.ask(10).ids) & set(learner.labels)
        assert len(learner.labels) == 3

    def test_a_fit_that_could_not_be_recorded_is_made_again(self, digits: Any) -> None:
        journal = Unwilling()
        learner = make(digits, journal=journal)
        batch = learner.ask(30)
        learner.tell(batch.ids, digits.label(batch.rows))
        journal.unwilling = True
        with pytest.raises(NotStored):
            learner.ask(5)
        assert len(learner.ask(5)) == 5
        assert len(learner.state.fits) == 1

    def test_a_journal_that_never_rests_is_an_error_and_not_a_hang(self, digits: Any) -> None:
        with pytest.raises(Conflict, match="kept moving"):
            make(digits, journal=Contested(10**6)).ask(2)

    @pytest.mark.parametrize("workers", [3])
    def test_learners_on_one_file_hand_out_nothing_twice_and_lose_nothing(
        self, digits: Any, tmp_path: Path, workers: int
    ) -> None:
        path = tmp_path / "journal.db"
        make(digits, GaussianNB(), journal=path)
        got: list[list[Any]] = [[] for _ in range(workers)]
        errors: list[BaseException] = []

        def work(me: int) -> None:
            try:
                learner = make(digits, GaussianNB(), journal=path, annotator=f"worker {me}")
                for _ in range(6):
                    batch = learner.ask(5)
                    got[me] += batch.ids
                    learner.tell(batch.ids, digits.label(batch.rows))
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=work, args=(me,)) for me in range(workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not errors
        everything = [item for items in got for item in items]
        assert len(everything) == len(set(everything)) == workers * 30
        events = list(lookup("journals", "sql")(path).read())
        assert sorted(e.item for e in events if isinstance(e, Asked)) == sorted(everything)
        assert {e.item: e.label for e in events if isinstance(e, Answered)} == {
            item: digits.y[item] for item in everything
        }


class TestEvaluate:
    def test_the_estimate_counts_the_audits_labels_only(self, digits: Any) -> None:
        learner = make(digits, GaussianNB(), audit=0.2, audit_weighted=0.0)
        rounds(learner, digits, (50, 50))
        found = learner.evaluate()
        assert found.n == 20
        assert found.method.startswith("exact binomial")
        assert 0 <= found.low < found.value < found.high <= 1

    def test_a_round_counts_when_all_of_its_draws_have_a_reply(self, digits: Any) -> None:
        learner = make(digits, GaussianNB(), audit=0.5, audit_weighted=0.2)
        batch = rounds(learner, digits, (20,))[0]
        before = learner.evaluate()
        assert before.n == len(learner.state.rounds[0].items)
        batch = learner.ask(20)
        third = [one for one, stream in zip(batch.ids, batch.streams, strict=True) if stream == "audit"][2]
        rest = [one for one in batch.ids if one != third]
        learner.tell(rest, digits.label(rest))
        assert learner.evaluate().n == before.n
        learner.tell([third], [digits.y[third]])
        assert learner.evaluate().n == len(learner.state.drawn) > before.n

    def test_a_skip_after_the_estimate_widens_it_at_both_ends(self, digits: Any) -> None:
        learner = make(digits, GaussianNB(), audit=1.0)
        rounds(learner, digits, (20,))
        batch = learner.ask(20)
        learner.tell(batch.ids[:19], digits.label(batch.rows[:19]))
        assert learner.evaluate().n == 20
        learner.skip(batch.ids[19:])
        after = learner.evaluate()
        assert after.n == 39
        assert "1 without a label counted as wrong and as right" in after.method
        assert make(digits, GaussianNB(), audit=1.0, journal=learner.journal).evaluate() == after

    def test_an_erased_item_leaves_the_estimate(self, digits: Any) -> None:
        learner = make(digits, GaussianNB(), audit=1.0)
        batch = rounds(learner, digits, (40,))[0]
        assert learner.evaluate().n == 40
        learner.journal.append([Erased(item=batch.ids[0])])
        assert learner.evaluate().n == 39

    def test_without_an_audit_the_estimate_claims_nothing(self, digits: Any) -> None:
        learner = make(digits, GaussianNB(), audit=0.0)
        rounds(learner, digits)
        found = learner.evaluate()
        assert (found.low, found.high, found.n) == (0.0, 1.0, 0)
        assert "no audit label" in found.method

    @pytest.mark.parametrize(
        "metric", ["accuracy", "balanced_accuracy", "macro_f1", "neg_log_loss", "neg_brier", "neg_ece"]
    )
    def test_every_metric_has_an_interval_around_its_value(self, digits: Any, metric: str) -> None:
        learner = make(digits, GaussianNB(), audit=0.5, metric=metric)
        rounds(learner, digits, (60, 60))
        found = learner.evaluate()
        assert found.name == metric
        assert found.low <= found.value <= found.high
        ahead = learner.forecast(60)
        assert ahead.low <= ahead.value <= ahead.high

    def test_an_estimate_says_of_how_much_of_the_pool_it_speaks(self, digits: Any) -> None:
        learner = make(digits, GaussianNB(), audit=0.5)
        rounds(learner, digits)
        assert "of the pool" not in learner.evaluate().method
        learner.add(np.zeros((3 * learner.state.rows, digits.X.shape[1])))
        assert "speaks for 25% of the pool" in learner.evaluate().method

    @pytest.mark.parametrize("level", [0.0, 1.0, 95])
    def test_a_level_that_cannot_be_is_refused(self, digits: Any, level: Any) -> None:
        learner = make(digits, GaussianNB())
        rounds(learner, digits)
        for look in (learner.evaluate, lambda **given: learner.forecast(10, **given)):
            with pytest.raises(BadInput, match="above 0 and below 1"):
                look(level=level)

    def test_an_estimate_of_another_level_does_not_enter_the_forecast(self, digits: Any) -> None:
        plain, other = make(digits, GaussianNB()), make(digits, GaussianNB())
        for _ in range(4):
            for learner in (plain, other):
                batch = learner.ask(20)
                learner.tell(batch.ids, digits.label(batch.rows))
                learner.evaluate()
            other.evaluate(level=0.5)
        assert other.forecast(80) == plain.forecast(80)

    def test_labels_to_a_score_lie_ahead_and_rise_with_it(self, digits: Any) -> None:
        learner = make(digits, GaussianNB())
        for _ in range(4):
            rounds(learner, digits)
            learner.evaluate()
        now = len(learner.labels)
        needed = [learner.labels_to(target) for target in (0.05, 0.8, 0.9, 0.999)]
        assert needed[0].value == now
        counts = [one.value or np.inf for one in needed]
        assert counts == sorted(counts)
        assert all((one.low or np.inf) >= now for one in needed)
        with pytest.raises(BadInput, match="lies between 0 and 1"):
            learner.labels_to(80.0)

    def test_labels_saved_compare_the_present_score_with_random_choice(self, digits: Any) -> None:
        learner = make(digits, GaussianNB(), audit=0.5, strategy="random")
        rounds(learner, digits)
        for _ in range(3):
            rounds(learner, digits)
            learner.evaluate()
        found = learner.saved()
        assert found.spent == len(learner.labels)
        assert found.base == 72  # nine tenths of the uniform audit, half of 160
        assert (found.low or -np.inf) <= 0 <= (found.high or np.inf)
        assert learner.saved() == found

    def test_a_forecast_needs_estimates_and_looks_ahead(self, digits: Any) -> None:
        learner = make(digits, GaussianNB())
        rounds(learner, digits)
        assert "too few estimates" in learner.forecast(50).method
        with pytest.raises(BadInput, match="looks ahead"):
            learner.forecast(-1)

    def test_models_that_no_longer_change_are_a_reason_to_stop(self, digits: Any) -> None:
        easy = np.repeat(np.eye(2), 150, axis=0) + np.random.default_rng(0).normal(0, 0.01, (300, 2))
        learner = ActiveLearner(GaussianNB(), easy, strategy="random", audit=1.0)
        for _ in range(5):
            batch = learner.ask(20)
            learner.tell(batch.ids, [int(row >= 150) for row in batch.rows])
            learner.evaluate()
        assert any("agrees with itself" in reason for reason in learner.should_stop().reasons)


def test_the_looks_at_a_curve_hold_together_and_are_kept(digits: Any) -> None:
    journal = MemoryJournal()
    learner = make(digits, audit=0.5, journal=journal)
    for size in (20, 10, 30):
        rounds(learner, digits, (size,))
        looks = learner.curve()
        assert looks == learner.curve()
    assert [labels for labels, _ in looks] == [20, 30, 60]
    assert [one.level for _, one in looks] == watched_levels([one.n for _, one in looks])
    assert sum(1 - one.level for _, one in looks) < 0.05
    now = learner.evaluate()
    assert looks[-1][1].value == now.value
    assert looks[-1][1].low < now.low
    assert make(digits, audit=0.5, journal=journal).curve() == looks
    assert len(learner.curve("neg_log_loss")) == 1


def test_a_curve_has_no_look_before_the_audit_has_a_label(digits: Any) -> None:
    learner = make(digits, audit=0.0)
    rounds(learner, digits, (20,))
    assert learner.curve() == []


def test_reopening_keeps_the_settings_that_are_not_given(digits: Any) -> None:
    journal = MemoryJournal()
    ActiveLearner(
        "logistic", digits.X, journal=journal, seed=4, labels=[0, 1], open_labels=False, audit=0.3, budget=50
    )
    again = ActiveLearner("logistic", digits.X, journal=journal, budget=80)
    settings = again.state.settings
    assert settings is not None
    assert (settings.seed, settings.labels, settings.open_labels) == (4, (0, 1), False)
    assert (settings.audit, settings.budget) == (0.3, 80)
    lifted = ActiveLearner("logistic", digits.X, journal=journal, budget=0).state.settings
    assert lifted is not None
    assert (lifted.audit, lifted.budget) == (0.3, None)
    with pytest.raises(UnknownLabel):
        again.tell([0], [7])


def test_a_quota_by_group_gives_each_group_its_places() -> None:
    rng = np.random.default_rng(0)
    X, groups = rng.normal(size=(200, 3)), (np.arange(200) % 10 == 0).astype(int)
    quota = "quota(select='random', by='group', shares={0: 1, 1: 3})"
    learner = ActiveLearner("logistic", Pool(X, groups=groups.tolist()), strategy=quota, audit=0.0, seed=0)
    for _ in range(2):
        batch = learner.ask(16)
        learner.tell(batch.ids, ["ab"[int(X[row, 0] > 0)] for row in batch.rows])
    assert groups[batch.rows].sum() == 12
    ungrouped = ActiveLearner("logistic", X, strategy=quota, audit=0.0, seed=0)
    batch = ungrouped.ask(16)
    ungrouped.tell(batch.ids, ["ab"[int(X[row, 0] > 0)] for row in batch.rows])
    with pytest.raises(BadInput, match="X as Pool\\(X, groups"):
        ungrouped.ask(16)
