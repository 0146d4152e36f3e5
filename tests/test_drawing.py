"""Rounds of the audit: who enters, with what probability, and that the sample then speaks for the pool."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from asklearn.audit import audit_order, permanent_numbers
from asklearn.crossfit import audit_sample
from asklearn.drawing import audited_items, draw, predicted_errors
from asklearn.events import Added, Answered, Asked, Configured, Drawn
from asklearn.pool import Pool
from asklearn.state import State, check, dump, fold, load
from asklearn.types import Categorical


def state_of(sizes: tuple[int, ...] = (100,), seed: int = 0, **settings: Any) -> State:
    starts = np.cumsum([0, *sizes])
    added = [Added(start=int(a), stop=int(b)) for a, b in pairwise(starts)]
    return fold([Configured(seed=seed, **settings), *added])


def orders_of(state: State) -> list[Any]:
    assert state.settings is not None
    seed = state.settings.seed
    return [one.start + audit_order(range(one.start, one.stop), seed) for one in state.cohorts]


def rounds_of(state: State, n: int, errors: Any = None) -> list[Drawn]:
    assert state.settings is not None
    numbers = permanent_numbers(range(state.rows), state.settings.seed, which=2)
    known = np.full(state.rows, np.nan) if errors is None else errors
    return draw(state, orders_of(state), lambda: numbers, lambda: known, n)


def ask(state: State, n: int, errors: Any = None) -> State:
    """Ask `n` items: the audit's, and beyond them the last ones that are open."""
    rounds = rounds_of(state, n, errors)
    for one in rounds:
        check(state, one)
        fold([one], state)
    open_rows = [row for row in range(state.rows) if row not in state.asks]
    audit = [item for item in state.drawn if item not in state.asks][:n]
    exploit = [row for row in open_rows[::-1] if row not in audit][: n - len(audit)]
    for row in [*audit, *exploit]:
        fold([Asked(item=row, stream="x"), Answered(item=row, annotator="a", key=f"{row}", label=0)], state)
    return state


def test_a_uniform_round_draws_the_prefix() -> None:
    state = state_of(audit=0.2)
    (one,) = rounds_of(state, 30)
    assert set(one.items) == set(orders_of(state)[0][:6].tolist())
    assert one.probability == pytest.approx((0.06,) * 6)
    assert (one.expected, one.prefixes, one.weighted) == ((pytest.approx(6.0),), (6,), 0.0)


def test_nothing_is_drawn_before_it_is_due() -> None:
    assert rounds_of(state_of(audit=0.1, audit_weighted=0.05), 5) == []
    assert [one.weighted for one in rounds_of(state_of(audit=0.0, audit_weighted=0.05), 20)] == [1.0]
    assert rounds_of(state_of(audit=0.0), 100) == []


def test_a_round_without_an_item_is_recorded_since_it_counts() -> None:
    found = [rounds_of(state_of(seed=seed, audit=0.0, audit_weighted=0.05), 20) for seed in range(20)]
    assert any(not one[0].items for one in found)
    assert all(one[0].expected == (pytest.approx(1.0),) for one in found)


def test_both_ways_in_make_one_probability() -> None:
    state = state_of(audit=0.2, audit_weighted=0.1)
    errors = np.linspace(0.01, 0.5, 100)
    (one,) = rounds_of(state, 50, errors)
    deviation = np.sqrt(errors * (1 - errors))
    w = 5 * (0.2 + 0.8 * deviation / deviation.mean()) / 100
    both = 1 - 0.9 * (1 - w)
    assert one.probability == pytest.approx([both[int(item)] for item in one.items])
    assert one.expected[0] == pytest.approx(both.sum())
    later = ask(state, 50, errors)
    (two,) = rounds_of(later, 10, errors)
    assert not set(two.items) & set(one.items)
    assert two.round == 1
    uniform = 2 / 90
    open_w = np.array([w[i] for i in range(100) if i not in one.items])
    expected = 1 - (1 - uniform) * (1 - open_w / open_w.sum() * 1.0)
    assert two.expected[0] == pytest.approx(expected.sum(), rel=0.02)


def test_rounds_are_the_same_after_a_restart_and_through_a_snapshot() -> None:
    state = ask(ask(state_of(audit=0.2, audit_weighted=0.1), 20), 20)
    assert rounds_of(load(dump(state)), 20) == rounds_of(state, 20)
    assert load(dump(state)).drawn == state.drawn
    assert load(dump(state)).plan == state.plan


def test_a_journal_without_rounds_has_its_prefix_taken_over() -> None:
    state = state_of((100, 50), audit=0.2, audit_weighted=0.1)
    fold([Asked(item=row, stream="x") for row in range(50)], state)
    assert audited_items(state, orders_of(state)) == {
        int(row) for order, k in zip(orders_of(state), state.plan.prefixes, strict=True) for row in order[:k]
    }
    legacy, new = rounds_of(state, 20)
    assert legacy.prefixes == (7, 3)
    assert legacy.probability == pytest.approx([0.07 if item < 100 else 0.06 for item in legacy.items])
    assert legacy.weighted == 0
    assert new.round == 1
    assert not set(new.items) & set(legacy.items)


def test_a_cohort_that_comes_later_is_drawn_from_since_then() -> None:
    state = ask(state_of(audit=0.2, audit_weighted=0.1), 50)
    fold([Added(start=100, stop=300)], state)
    (one,) = rounds_of(state, 50)
    assert len(one.prefixes) == 2
    assert one.expected[1] > one.expected[0]


@pytest.mark.parametrize("sizes", [(60,), (40, 20)])
def test_the_sample_estimates_the_pool_without_bias(sizes: tuple[int, ...]) -> None:
    """Six hundred designs that chase the mistakes found so far; the mean of the estimates is the truth.

    The plain mean of the same sample is far off, so that the test can fail.
    """
    size = sum(sizes)
    z = np.random.default_rng(1).random(size) ** 2
    weighted, plain = [], []
    for seed in range(600):
        state = state_of(sizes, seed=seed, audit=0.1, audit_weighted=0.2)
        for _ in range(3):
            found = np.mean([z[int(item)] for item in state.drawn]) if state.drawn else 0.3
            state = ask(state, 10, np.clip(z * (0.2 + found), 0.001, 0.5))
        sample = audit_sample(state, orders_of(state), dict.fromkeys(range(size), 0))
        weighted.append(float((np.array(sample.weights) * z[sample.rows]).sum() / max(len(sample.rows), 1)))
        plain.append(float(z[sample.rows].mean()) if sample.rows else 0.0)
    error = np.std(weighted) / np.sqrt(len(weighted))
    assert abs(np.mean(weighted) - z.mean()) < 4 * error
    assert abs(np.mean(plain) - z.mean()) > 4 * error


class Model:
    classes = ("a", "b")

    def posterior(self, X: Any) -> Categorical:
        return Categorical(np.column_stack([X[:, 0], 1 - X[:, 0]]))


def test_predicted_errors_are_one_less_the_highest_probability() -> None:
    pool = Pool(np.array([[0.9], [0.4], [0.5]]))
    found = predicted_errors(pool, Model(), [2])  # type: ignore[arg-type]
    np.testing.assert_allclose(found, [0.1, 0.4, np.nan], rtol=1e-6)
    assert np.isnan(predicted_errors(pool, None, [])).all()
