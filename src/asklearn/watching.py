"""What advice on stopping and prices look at: how a model sees a fixed part of the pool, now and earlier.

The model is compared with one of ``1 / STEP`` of its labels, the first that were told. Comparing with the
model of the batch before would let the advice depend on how large batches are: models of 400 and 401 labels
always agree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.random import default_rng

from asklearn.protocols import Model
from asklearn.state import State
from asklearn.stopping import Standing, agreement
from asklearn.types import Estimate, Floats, Indices, Label

STEP = 2**0.5
WATCHED = 2000
HOUR = 3600


@dataclass(frozen=True, slots=True)
class Watched:
    """What a model says of up to 2,000 items of the pool.

    Attributes
    ----------
    size : int
        Number of items.
    confidence : float
        Mean probability of the predicted class.
    changed : int or None
        How many predictions differ from those of the earlier model; None where its labels named one class.
    believed : float or None
        What the changes have brought if the present model is right about them: the mean by which the
        probability of its own prediction exceeds that of the earlier model's.
    agreement : Estimate or None
        Cohen's kappa of the two models.
    """

    size: int
    confidence: float
    changed: int | None = None
    believed: float | None = None
    agreement: Estimate | None = None


def standing(state: State, left: int) -> Standing:
    """Return what a journal says that matters for stopping; the rest is not known yet."""
    assert state.settings is not None
    times = [
        one.seconds / HOUR
        for said in state.said.values() for one in said if one.kind == "Answered" and one.seconds is not None
    ]  # fmt: skip
    return Standing(
        asked=len(state.asks), left=left, budget=state.settings.budget,
        hours=sum(times) if times else None, median_hours=median(times) if times else None,
    )  # fmt: skip


def watched_rows(pool: int, seed: int) -> Indices:
    """Return the rows that are watched: the same ones for as long as the pool does not grow.

    Examples
    --------
    >>> len(watched_rows(10_000, seed=1)), watched_rows(4, seed=1)
    (2000, array([0, 1, 2, 3]))
    """
    return np.sort(default_rng(seed).choice(pool, min(WATCHED, pool), replace=False))


def first_told(state: State, rows: Sequence[int]) -> Indices:
    """Return the places, in `rows`, of the first ``1 / STEP`` of the labels, in the order of their first reply."""
    told = {state.row(item): place for place, item in enumerate(state.said)}
    place_N = np.array([told.get(row, -1) for row in rows])
    return np.sort(np.argsort(place_N, kind="stable")[: round(len(rows) / STEP)])


def watch(
    fresh: Model, now: Model, features: Callable[[Indices], Floats], rows: Indices,
    earlier: tuple[Indices, Sequence[Label]],
) -> Watched:  # fmt: skip
    """Say how a model sees `rows`, and how a model of fewer labels does.

    Parameters
    ----------
    fresh : Model
        Unfitted, with the settings of the present one; is fitted to `earlier`.
    now : Model
        The present model.
    features : callable
        ``features(rows)`` gives the features of pool rows.
    rows : ndarray of int
        The items to look at.
    earlier : (rows, labels)
        What the earlier model knows.

    Notes
    -----
    One fit, and two predictions of 2,000 items.
    """
    X = features(rows)
    proba_NC = now.posterior(X).proba_NC
    confidence = float(proba_NC.max(1).mean())
    if len(set(earlier[1])) < 2:
        return Watched(len(rows), confidence)
    before = fresh.fit(features(earlier[0]), list(earlier[1]))
    code = {label: c for c, label in enumerate(now.classes)}
    now_N = proba_NC.argmax(1)
    before_N = np.array([code[label] for label in before.classes])[before.posterior(X).proba_NC.argmax(1)]
    every = np.arange(len(rows))
    believed = float((proba_NC[every, now_N] - proba_NC[every, before_N]).mean())
    kappa = agreement(before_N, now_N, len(code))
    return Watched(len(rows), confidence, int((now_N != before_N).sum()), believed, kappa)
