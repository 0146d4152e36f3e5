"""What to ask next: the audit's share by lot, the rest by the strategy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

import numpy as np
from numpy.random import default_rng

from asklearn.aiming import aim
from asklearn.errors import PoolExhausted
from asklearn.events import Drawn
from asklearn.gaps import Gap
from asklearn.pool import Pool
from asklearn.protocols import Model
from asklearn.ranking import Known, rank
from asklearn.seeds import seed_for
from asklearn.state import State, Status
from asklearn.strategies import Strategy
from asklearn.types import Batch, Indices, Label

WHY_AUDITED = "drawn at random, to measure how good the model is"


def open_rows(state: State, size: int) -> Indices:
    """Return the rows, of `size`, whose items were neither asked nor replied to, settled or erased."""
    open_N = np.ones(size, bool)
    told = (item for item in state.said if state.status(item) is not Status.WAITING)
    for items in (state.asks, told, state.resolved, state.erased):
        rows = [row for row in map(state.row, items) if row is not None]
        open_N[rows] = False
    return np.flatnonzero(open_N)


def places(state: State, size: int, n: int, gap: Gap | None = None) -> int:
    """Return how many items an ask of `n` can hand out, of a pool of `size` or of one gap in it.

    Raises
    ------
    PoolExhausted
        If nothing is left to ask, or the budget is spent.
    """
    rows = open_rows(state, size)
    most = min(n, _left(state, len(rows)))
    return most if gap is None else min(most, _left_of(gap, rows))


def audit_due(state: State, rounds: Sequence[Drawn], rows: Indices, n: int) -> dict[int, float]:
    """Return up to `n` open `rows` that the audit has drawn by now, with the probability of each draw.

    `rounds` are those that this ask opens; who did not fit into an earlier batch comes first.
    """
    drawn = dict(state.drawn)
    for one in rounds:
        drawn.update(zip(one.items, one.probability, strict=True))
    is_open = set(rows.tolist())
    due = {row: p for item, p in drawn.items() if (row := state.row(item)) in is_open and row is not None}
    return dict(list(due.items())[:n])


def choose(
    state: State,
    rounds: Sequence[Drawn],
    pool: Pool,
    strategy: Strategy,
    model: Model | None,
    labels: Mapping[int, Label],
    n: int,
    seconds: dict[str, float],
    gap: Gap | None = None,
) -> tuple[Batch, list[float | None]]:
    """Choose `n` items, and give the audit's probability of each (None: the strategy picked it).

    The audit's items stand at random places of the batch, so that their place does not tell them apart.
    `model` and `labels` are what the strategy may know: nothing that the audit's labels have taught. With a
    gap, what is not the audit's comes from it instead of from the strategy.
    """
    assert state.settings is not None
    rows = open_rows(state, len(pool))
    audit = audit_due(state, rounds, rows, n)
    audited = np.array(list(audit), np.intp)
    rng = default_rng(seed_for(state.settings.seed, "ask", len(state.asks)))
    rest = np.setdiff1d(rows, audited, assume_unique=True)
    closed = np.setdiff1d(np.arange(len(pool)), rows, assume_unique=True)
    if gap is not None:
        picked, scores, why = aim(gap, pool, rest, closed, n - len(audited), rng)
    else:
        known = Known(closed, [labels.get(row) for row in closed.tolist()], _seconds(state, closed, strategy))
        picked, scores, why = rank(strategy, pool, rest, known, model, n - len(audited), rng, seconds)
    where = np.sort(rng.choice(n, len(audited), replace=False))
    chosen = np.insert(picked, where - np.arange(len(audited)), audited)
    from_audit = np.isin(np.arange(n), where).tolist()
    score = iter(scores)
    batch = Batch(
        ids=[state.item(int(row)) for row in chosen],
        rows=chosen,
        streams=["audit" if audited else "exploit" for audited in from_audit],
        scores=[None if audited else next(score) for audited in from_audit],
        reasons=[WHY_AUDITED if audited else why for audited in from_audit],
    )
    return batch, [
        audit[int(row)] if by_lot else None for row, by_lot in zip(chosen, from_audit, strict=True)
    ]


def _seconds(state: State, rows: Indices, strategy: Strategy) -> list[float | None]:
    """Return the median time that annotators took for each row, where the strategy reckons with costs."""
    if "costs" not in strategy.needs:
        return []
    found: list[float | None] = []
    for row in rows.tolist():
        said = state.said.get(state.item(row), ())
        times = [one.seconds for one in said if one.kind == "Answered" and one.seconds is not None]
        found.append(median(times) if times else None)
    return found


def _left_of(gap: Gap, rows: Indices) -> int:
    left = int(np.isin(gap.rows, rows).sum())
    if not left:
        raise PoolExhausted(
            f"Every item of the gap {gap.name!r} was asked already. Tell the labels, and look at gaps() again."
        )
    return left


def _left(state: State, open_items: int) -> int:
    assert state.settings is not None
    budget = state.settings.budget
    left = open_items if budget is None else min(open_items, budget - len(state.asks))
    if left <= 0:
        waiting = sum(state.status(item) is Status.ASKED for item in state.asks)
        raise PoolExhausted(
            f"Nothing is left to ask: {len(state.asks)} of {state.rows} items were asked (budget {budget}), "
            f"{waiting} of them still have no answer. See learner.pending, or add() further items."
        )
    return left
