"""The audit's share of a batch, and what may be asked at all."""

import numpy as np
import pytest

from asklearn.asking import WHY_AUDITED, audit_due, choose, open_rows
from asklearn.audit import audit_order
from asklearn.errors import PoolExhausted
from asklearn.events import Added, Answered, Asked, Configured, Erased, Resolved, Retracted, Skipped
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


def test_audit_takes_the_planned_prefix_less_what_was_asked_already():
    order = audit_order(range(100), 3)
    state = state_of(Asked(item=int(order[1]), stream="exploit"), audit=0.1)
    due = audit_due(state, [order], open_rows(state, 100), 29)
    assert list(due) == [int(order[0]), int(order[2])]
    assert set(due.values()) == {3 / 100}


def test_audit_never_takes_more_than_the_batch():
    order = audit_order(range(100), 3)
    asked = [Asked(item=int(row), stream="exploit") for row in order[-40:]]
    state = state_of(*asked, audit=0.5)
    assert len(audit_due(state, [order], open_rows(state, 100), 2)) == 2


def test_a_batch_says_of_each_item_what_decided():
    order = audit_order(range(100), 3)
    pool = Pool()
    pool.add(np.random.default_rng(0).normal(size=(100, 3)))
    batch, probability = choose(state_of(audit=0.2), [order], pool, strategy("random"), None, {}, 20, {})
    assert len(set(batch.ids)) == 20
    assert batch.rows.tolist() == batch.ids
    by_lot = [stream == "audit" for stream in batch.streams]
    assert {row for row, audited in zip(batch.ids, by_lot, strict=True) if audited} == set(order[:4].tolist())
    assert [p == 4 / 100 for p in probability] == by_lot
    assert [reason == WHY_AUDITED for reason in batch.reasons] == by_lot


def test_places_of_the_audit_do_not_tell():
    pool = Pool()
    pool.add(np.random.default_rng(0).normal(size=(400, 2)))
    seen = np.zeros(10)
    for seed in range(200):
        state = fold([Configured(seed=seed, audit=0.2), Added(start=0, stop=400)])
        batch, _ = choose(state, [audit_order(range(400), seed)], pool, strategy("random"), None, {}, 10, {})
        seen += np.array([stream == "audit" for stream in batch.streams])
    assert seen.sum() == 400
    assert seen.min() > 40 - 4 * 6


def test_an_exhausted_pool_says_how_many_answers_are_missing():
    pool = Pool()
    pool.add(np.zeros((2, 1)))
    state = state_of(Asked(item=0, stream="exploit"), Asked(item=1, stream="exploit"), size=2)
    with pytest.raises(PoolExhausted, match=r"2 of 2 items were asked .* 2 of them still have no answer"):
        choose(state, [audit_order(range(2), 3)], pool, strategy("random"), None, {}, 1, {})


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
    order = audit_order(range(100), 3)
    choose(state, [order], pool, strategy(Spy()), Model(), {}, 5, {})
    truth = np.exp(2 + features[60:, 0])
    assert np.corrcoef(np.log(given["costs_N"]), np.log(truth))[0, 1] > 0.99
