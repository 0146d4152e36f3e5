"""Who enters the audit when further items are asked: a round of uniform and of weighted draws."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from asklearn.audit import inclusion_probabilities, round_numbers
from asklearn.events import Drawn
from asklearn.pool import Pool
from asklearn.protocols import Model
from asklearn.state import State
from asklearn.types import Floats, Indices

OWED = 1.0
"""Weighted draws are made once so many are owed, so that asking one by one costs no pass over the pool each."""


def audited_items(state: State, orders: Sequence[Indices]) -> set[int]:
    """Return the rows that the audit has drawn so far, in rounds or in a journal that has none yet."""
    if state.rounds:
        return {row for row in map(state.row, state.drawn) if row is not None}
    return {
        int(row) for order, prefix in zip(orders, state.plan.prefixes, strict=True) for row in order[:prefix]
    }


def draw(
    state: State,
    orders: Sequence[Indices],
    numbers: Callable[[], NDArray[np.float64]],
    errors: Callable[[], Floats],
    n: int,
    now: float = 0.0,
) -> list[Drawn]:
    """Return the rounds of the audit that asking `n` more items opens; often one, or none.

    Every item that is not in the audit can enter, one that has a label already too: that one costs no
    question. A journal that was begun before there were rounds has its prefix taken over as a first one.

    Parameters
    ----------
    state : State
        What the journal says.
    orders : sequence of ndarray of int
        The rows of each cohort in order of r1.
    numbers : callable
        Gives r2 of each row.
    errors : callable
        Gives the predicted error of each row, NaN where it is not known.
    n : int
        How many items are about to be asked.
    now : float
        Time of the events.

    Notes
    -----
    O(N) for a pool of N items, besides `errors`; neither callable is called where no weighted draw is due.
    """
    rounds: list[Drawn] = []
    drawn_N = np.zeros(state.rows, bool)
    drawn_N[[row for row in map(state.row, state.drawn) if row is not None]] = True
    reached = list(state.rounds[-1].prefixes) if state.rounds else []
    reached += [0] * (len(orders) - len(reached))
    if not state.rounds and any(state.plan.prefixes):
        rounds.append(_round(state, orders, 0, reached, state.plan.prefixes, None, drawn_N, now))
        reached = state.plan.prefixes
    later = state.plan.after(n)
    owed = later.owed if later.weighted > 0 and later.owed >= OWED - 1e-9 else 0.0
    if owed or reached != later.prefixes:
        number = len(state.rounds) + len(rounds)
        enter = (owed, errors(), round_numbers(numbers(), _seed(state), number)) if owed else None
        rounds.append(_round(state, orders, number, reached, later.prefixes, enter, drawn_N, now))
    return rounds


def _round(
    state: State,
    orders: Sequence[Indices],
    number: int,
    reached: Sequence[int],
    prefixes: Sequence[int],
    weighted: tuple[float, Floats, Floats] | None,
    drawn_N: NDArray[np.bool_],
    now: float,
) -> Drawn:
    """Draw one round, and mark in `drawn_N` who entered."""
    probability_N = np.zeros(len(drawn_N))
    enters_N = np.zeros(len(drawn_N), bool)
    if weighted is not None:
        owed, error_N, number_N = weighted
        open_N = ~drawn_N
        probability_N[open_N] = inclusion_probabilities(error_N[open_N], owed)
        enters_N = number_N < probability_N
    expected = []
    for order, before, prefix in zip(orders, reached, prefixes, strict=True):
        uniform = (prefix - before) / max(len(order) - before, 1)
        probability_N[order] = 1 - (1 - uniform) * (1 - probability_N[order])
        enters_N[order[before:prefix]] = True
        expected.append(float(probability_N[order][~drawn_N[order]].sum()))
    rows = np.flatnonzero(enters_N & ~drawn_N)
    drawn_N[rows] = True
    return Drawn(
        round=number,
        items=tuple(state.item(int(row)) for row in rows),
        probability=tuple(probability_N[rows].tolist()),
        expected=tuple(expected),
        prefixes=tuple(prefixes),
        weighted=0.0 if weighted is None else weighted[0],
        time=now,
    )


def predicted_errors(pool: Pool, model: Model | None, trained_on: Iterable[int]) -> Floats:
    """Return how probably `model` is wrong about each row, by its own belief; float32.

    NaN without a model, and where it has seen the label: there its belief says nothing of a new item's.
    """
    error_N = np.full(len(pool), np.nan, np.float32)
    if model is None:
        return error_N
    for place, features, inside in pool.chunks(np.arange(len(pool))):
        error_N[place] = 1 - model.posterior(features).proba_NC.max(1)[inside]
    error_N[list(trained_on)] = np.nan
    return error_N


def _seed(state: State) -> int:
    assert state.settings is not None
    return state.settings.seed
