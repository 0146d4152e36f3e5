"""The audit's share of a batch, and what may be asked at all."""

import numpy as np
import pytest

from asklearn.asking import WHY_AUDITED, audit_due, choose, open_rows, places
from asklearn.errors import PoolExhausted
from asklearn.events import Added, Answered, Asked, Configured, Drawn, Erased, Resolved, Retracted, Skipped
from asklearn.pool import Pool
from asklearn.state import fold
from asklearn.strategies import strategy


def state_of(*events, size=100, **settings):
    return fold([Configured(seed=3, **settings), Added(start=0, stop=size), *events])


def said(kind, item, revision=1, **more):
    return kind(item=item, annotator="a", key=f"{kind.__name__}{item}{revision}", revision=revision, **more)


def test_open_rows_are_those_nobody_was_asked_about_or_spoke_of():
    state = state_of(
        Asked(item=0, stream="exploit"),
        said(Answered, 1, label="x"),
        said(Skipped, 2),
        Resolved(item=3, label="x", annotator="b"),
        Erased(item=4),
        said(Answered, 5, label="x"),
        said(Retracted, 5, revision=2),
        size=8,
    )
    assert open_rows(state, 8).tolist() == [5, 6, 7]


def drawn(*items, p=0.1, size=100):
    return Drawn(round=0, items=items, probability=(p,) * len(items), expected=(p * size,), prefixes=(0,))


def test_who_was_drawn_is_due_unless_asked_already_the_earliest_first():
    state = state_of(drawn(7, 5, 9), Asked(item=5, stream="exploit"))
    later = Drawn(round=1, items=(2,), probability=(0.3,), expected=(1.0,), prefixes=(0,))
    due = audit_due(state, [later], open_rows(state, 100), 29)
    assert due == {7: 0.1, 9: 0.1, 2: 0.3}
    assert list(due) == [7, 9, 2]


def test_audit_never_takes_more_than_the_batch():
    state = state_of(drawn(*range(40)))
    assert list(audit_due(state, [], open_rows(state, 100), 2)) == [0, 1]


def test_a_batch_says_of_each_item_what_decided():
    pool = Pool()
    pool.add(np.random.default_rng(0).normal(size=(100, 3)))
    batch, probability = choose(
        state_of(), [drawn(3, 8, 50, 70, p=0.04)], pool, strategy("random"), None, {}, 20, {}
    )
    assert len(set(batch.ids)) == 20
    assert batch.rows.tolist() == batch.ids
    by_lot = [stream == "audit" for stream in batch.streams]
    assert {row for row, audited in zip(batch.ids, by_lot, strict=True) if audited} == {3, 8, 50, 70}
    assert [p == 0.04 for p in probability] == by_lot
    assert [reason == WHY_AUDITED for reason in batch.reasons] == by_lot


def test_places_of_the_audit_do_not_tell():
    pool = Pool()
    pool.add(np.random.default_rng(0).normal(size=(400, 2)))
    seen = np.zeros(10)
    for seed in range(200):
        state = fold([Configured(seed=seed), Added(start=0, stop=400)])
        batch, _ = choose(state, [drawn(4, 9)], pool, strategy("random"), None, {}, 10, {})
        seen += np.array([stream == "audit" for stream in batch.streams])
    assert seen.sum() == 400
    assert seen.min() > 40 - 4 * 6


def test_an_exhausted_pool_says_how_many_answers_are_missing():
    state = state_of(Asked(item=0, stream="exploit"), Asked(item=1, stream="exploit"), size=2)
    with pytest.raises(PoolExhausted, match=r"2 of 2 items were asked .* 2 of them still have no answer"):
        places(state, 2, 1)


def test_a_budget_leaves_so_many_places():
    state = state_of(Asked(item=0, stream="exploit"), budget=4)
    assert [places(state, 100, n) for n in (2, 9)] == [2, 3]


def test_recorded_times_reach_a_strategy_that_reckons_with_costs():
    """The median where several annotators said; nothing where nobody did."""
    given = {}

    class Spy:
        needs = frozenset({"costs"})

        def __call__(self, candidates, n, rng, /):
            given["costs_N"] = candidates.costs_N
            return np.arange(n)

    class Model:
        classes = ("x",)

    rng = np.random.default_rng(0)
    features = rng.normal(size=(100, 2))
    events = [
        said(Answered, row, label="x", seconds=float(np.exp(2 + features[row, 0]))) for row in range(60)
    ]
    events += [
        Answered(item=0, annotator=who, key=who, label="x", seconds=seconds)
        for who, seconds in (("b", 1e4), ("c", float(np.exp(2 + features[0, 0]))))
    ]
    state = state_of(*events, audit=0.0)
    pool = Pool()
    pool.add(features)
    choose(state, [], pool, strategy(Spy()), Model(), {}, 5, {})
    truth = np.exp(2 + features[60:, 0])
    assert np.corrcoef(np.log(given["costs_N"]), np.log(truth))[0, 1] > 0.99
