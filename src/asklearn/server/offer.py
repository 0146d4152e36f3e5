"""What the worker offers the servers beside what is asked: the newest order, and what the model believes.

It is put on the board after each training and each ask, so that no server needs a model.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from asklearn.asking import open_rows
from asklearn.learner import ActiveLearner
from asklearn.seeds import seed_for
from asklearn.types import ItemId

OFFER, OFFERED = "offer", "offered"
"""Names on the board: the offer, and a mark that tells the newest from the one before."""

LOOKED_AT = 2_048
"""Open items, drawn at random, among which the grid's are found."""

SURE = 0.5
"""The model's belief from which on an item is put among those of its class."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a server knows of the newest model.

    Attributes
    ----------
    rank : dict
        Place of each waiting item of the strategy in the newest model's order.
    suggested : dict
        The classes in which the model believes most, as ``label`` and ``share``; no item of the audit.
    grid : dict
        Class to items, not yet asked, that the model takes for it.
    """

    rank: dict[ItemId, int] = field(default_factory=dict)
    suggested: dict[ItemId, list[dict[str, Any]]] = field(default_factory=dict)
    grid: dict[str, list[ItemId]] = field(default_factory=dict)


def offered(learner: ActiveLearner, *, suggestions: bool) -> dict[str, Any]:
    """Return what a learner has to offer, as plain values that JSON can hold."""
    order = learner.rerank()
    fits = learner.state.fits
    found: dict[str, Any] = {"model": fits[-1].model if fits else None, "order": order}
    if suggestions:
        waiting = [item for item in learner.pending if learner.state.asks[item].stream != "audit"]
        found["suggested"] = _suggested(learner, waiting)
        found["open"] = _suggested(learner, _sample(learner))
    return found


def offer_from(found: Any) -> Offer:
    """Return what :func:`offered` gave, for looking things up.

    Examples
    --------
    >>> offer_from({"order": [7, "a"], "open": [[3, [["cat", 0.9], ["dog", 0.1]]]]}).grid
    {'cat': [3]}
    """
    plain = found or {}
    pairs = [*plain.get("suggested", ()), *plain.get("open", ())]
    grid: dict[str, list[ItemId]] = {}
    for item, best in plain.get("open", ()):
        if best[0][1] >= SURE:
            grid.setdefault(str(best[0][0]), []).append(item)
    return Offer(
        {item: place for place, item in enumerate(plain.get("order", ()))},
        {item: [{"label": str(label), "share": share} for label, share in best] for item, best in pairs},
        grid,
    )


def _suggested(learner: ActiveLearner, items: list[ItemId]) -> list[list[Any]]:
    pairs = zip(items, learner.suggest(items), strict=True)
    return [[item, [[label, round(share, 4)] for label, share in best]] for item, best in pairs if best]


def _sample(learner: ActiveLearner) -> list[ItemId]:
    state = learner.state
    rows = open_rows(state, state.rows)
    rng = np.random.default_rng(seed_for(learner.seed, "offer", len(state.asks)))
    chosen = rng.choice(rows, min(LOOKED_AT, len(rows)), replace=False)
    return [state.item(int(row)) for row in chosen]
