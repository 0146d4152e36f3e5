"""Open items that are like one: nearest by their features, and none that the audit may draw."""

from __future__ import annotations

import math

import numpy as np

from asklearn.asking import open_rows
from asklearn.audit import permanent_numbers
from asklearn.neighbours import nearest
from asklearn.pool import Pool
from asklearn.state import State
from asklearn.types import Indices, ItemId

ROOM_BYTES = 256 << 20
"""Features that are looked at, at most: of a larger pool, a sample of its shards."""

SPARE = 3
"""How many times as many are found as are wanted, since others hold some and the audit may draw some."""


def similar_items(pool: Pool, state: State, item: ItemId, n: int) -> list[ItemId]:
    """Return open items, the nearest to `item` first.

    Parameters
    ----------
    pool : Pool
        The features of every item.
    state : State
        What the journal says.
    item : str or int
        One of the pool.
    n : int
        How many are wanted; up to three times as many come.

    Notes
    -----
    O(N D), of at most 256 MiB of features; some 0.1 s at that size.
    """
    row = state.row(item)
    assert row is not None
    rows = open_rows(state, len(pool))
    rows = _looked_at(pool, rows[rows != row], row)
    if not len(rows):
        return []
    near_1K, _ = nearest(pool.take(np.array([row])), pool.take(rows), SPARE * n)
    found = [state.item(int(one)) for one in rows[near_1K[0]]]
    return [one for one in found if not may_be_audited(state, one)]


def may_be_audited(state: State, item: ItemId) -> bool:
    """Return whether the audit has drawn an item, or its uniform part may reach it when all are asked.

    The uniform part takes a share of the items in order of r1. How high r1 is at that place is not looked up
    but bounded, so that it is missed once in 100,000 projects (Dvoretzky, Kiefer and Wolfowitz 1956).
    """
    assert state.settings is not None
    share = state.settings.audit
    if item in state.drawn:
        return True
    smallest = min(cohort.stop - cohort.start for cohort in state.cohorts)
    bound = share + math.sqrt(math.log(2e5) / (2 * smallest))
    return share > 0 and bool(permanent_numbers([item], state.settings.seed)[0] < bound)


def _looked_at(pool: Pool, rows: Indices, row: int) -> Indices:
    """Return the rows of the shards that fit, the item's own first, then in an order that its row decides."""
    size = pool.shards[0].shape[1] * pool.shards[0].dtype.itemsize
    most = ROOM_BYTES // size
    if len(rows) <= most:
        return rows
    shard_of = np.searchsorted(pool.starts, rows, side="right") - 1
    own = int(np.searchsorted(pool.starts, row, side="right") - 1)
    order = np.random.default_rng(row).permutation(len(pool.shards))
    chosen = [rows[shard_of == shard] for shard in (own, *order[order != own])]
    kept = np.cumsum([len(some) for some in chosen]) <= most
    return np.sort(
        np.concatenate([some for some, fits in zip(chosen, kept, strict=True) if fits] or [rows[:most]])
    )
