"""Is a strategy behind asking at random? If it surely is, the next batches are drawn by lot.

A strategy's own labels alone, in the order in which they were asked, give the curve of the learner that it
makes. The audit's labels are a uniform sample, so models trained on parts of them give the curve of a learner
that asks at random; it is carried on, to twice its labels at most, as if the error beyond a limit fell
as 1/n: learning curves seldom fall faster (Viering and Loog 2023), so this is a cautious forecast. Both
learners are judged on the same audit items, each by a model that has not seen it. What is estimated is the
strategy's lead at equal numbers of labels; the items' spread is widened for what the training sets have in
common (Nadeau and Bengio 2003).

The guard looks when the audit has 50 labels and at every doubling after, so that many looks do not make many
false alarms. It can only see what so few labels show, and says so: see :func:`detectable`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.random import Generator, default_rng

from asklearn.evaluate import folds
from asklearn.events import Measured
from asklearn.protocols import Model
from asklearn.seeds import seed_for
from asklearn.state import State
from asklearn.strategies import Strategy
from asklearn.types import Candidates, Estimate, Floats, Indices, Label

NAME = "lead over random"
LEAST = 50
GROWTH = 2.0
FOLDS = 4
HORIZON = 2
Z, Z_80 = 1.960, 0.842

Labelled = tuple[Floats, Sequence[Label]]
"""Features of shape (M, D), and a label for each row."""


def look(
    state: State,
    uniform: Sequence[int],
    label_of: Mapping[int, Label],
    features: Callable[[Indices], Floats],
    prototype: Model,
) -> Estimate | None:
    """Compare what the strategy has picked so far with the audit, if the audit has grown enough since last.

    Parameters
    ----------
    state : State
        Says what was asked, in which order, and what was measured before.
    uniform : sequence of int
        Rows of the audit's uniform part that have a reply.
    label_of : mapping of row to label
        Every label that the present model was trained on.
    features : callable
        ``features(rows)`` gives the features of pool rows.
    prototype : Model
        Unfitted, with the present model's settings.
    """
    assert state.settings is not None
    audited = [row for row in uniform if row in label_of]
    looked = max((one.n for one in state.measured if one.name == NAME), default=0)
    if len(audited) < max(LEAST, GROWTH * looked):
        return None
    drawn = set(audited)
    asked = [state.row(item) for item, ask in state.asks.items() if ask.stream == "exploit"]
    picked = [row for row in asked if row is not None and row in label_of and row not in drawn]
    if len(picked) < LEAST:
        return None
    ours, lot = (
        (features(np.array(rows, np.intp)), [label_of[row] for row in rows]) for rows in (picked, audited)
    )
    rng = default_rng(seed_for(state.settings.seed, "guard", len(audited)))
    return lead_over_random(prototype, ours, lot, rng)


def lead_over_random(prototype: Model, picked: Labelled, audited: Labelled, rng: Generator) -> Estimate:
    """Estimate how far a strategy is ahead of asking at random, in points of accuracy.

    Parameters
    ----------
    prototype : Model
        Unfitted, with its settings; fresh copies are trained.
    picked : (features_ED, labels)
        What the strategy picked, in the order of asking; none of it in `audited`.
    audited : (features_MD, labels)
        A uniform sample of the pool, at least as many items as there are folds (4).
    rng : Generator
        Deals the folds and the halves.

    Returns
    -------
    Estimate
        Below 0, with its whole 95% interval, where the strategy is behind. Its method says the number of labels
        at which the two are compared, and what difference could be seen.

    Notes
    -----
    Nine fits: eight on at most M labels each, one on at most twice as many.
    """
    X, labels = audited
    names = np.array([*labels, None], object)[:-1]
    whole_M, half_M = np.empty(len(names)), np.empty(len(names))
    size = len(names)
    for part in folds(len(names), FOLDS, rng):
        rest = rng.permutation(np.setdiff1d(np.arange(len(names)), part))
        size = min(size, len(rest), len(picked[1]))
        for right_M, rows in ((whole_M, rest[:size]), (half_M, rest[: size // 2])):
            right_M[part] = _right(prototype, (X[rows], names[rows].tolist()), (X[part], names[part]))
    at = min(HORIZON * size, len(picked[1]))
    ours_M = _right(prototype, (picked[0][:at], picked[1][:at]), (X, names))
    lead_M = ours_M - whole_M - (1 - size / at) * (whole_M - half_M)
    return _estimate(lead_M, at)


def detectable(lead: Estimate | Measured) -> float:
    """Return the deficit that such a look would see in four cases of five, in points of accuracy.

    Examples
    --------
    >>> round(detectable(Estimate(NAME, -0.02, -0.12, 0.08, 100, "")), 2)
    0.14
    """
    return (lead.high - lead.low) / 2 * (1 + Z_80 / Z)


def guarded(strategy: Strategy, measured: Sequence[Measured]) -> Strategy:
    """Return the strategy for the next batch: a lot that says why, where a guarded one is surely behind."""
    last = next((one for one in reversed(measured) if one.name == NAME), None)
    if not strategy.guarded or last is None or last.high >= 0:
        return strategy
    why = (
        f"drawn at random: {strategy.name} is {-last.value:.0%} [{-last.high:.0%}, {-last.low:.0%}] behind "
        f"asking at random, by {last.n} audit labels"
    )
    return replace(strategy, select=Lot(why), score=None, shortlist=None)


@dataclass(frozen=True)
class Lot:
    """Draws the batch uniformly, and says why."""

    why: str
    needs: frozenset[str] = field(default=frozenset())

    def __call__(self, candidates: Candidates, n: int, rng: Generator, /) -> Indices:
        """Return `n` different rows."""
        return rng.choice(candidates.size, n, replace=False)


def _right(prototype: Model, training: Labelled, tested: tuple[Floats, np.ndarray]) -> Floats:
    """Return which items a model trained on some labels predicts rightly, as 0 and 1."""
    guess = _predictor(prototype, training)
    return np.asarray(guess(tested[0]) == tested[1], np.float64)


def _predictor(prototype: Model, training: Labelled) -> Callable[[Floats], np.ndarray]:
    X, labels = training
    if len(set(labels)) < 2:
        return lambda features_MD: np.array([*labels, None], object)[np.zeros(features_MD.shape[0], np.intp)]
    fitted = prototype.fresh(0).fit(X, labels)
    names = np.array([*fitted.classes, None], object)
    return lambda features_MD: names[fitted.posterior(features_MD).proba_NC.argmax(1)]


def _estimate(lead_M: Floats, at: int) -> Estimate:
    spread = lead_M.std(ddof=1) * np.sqrt((1 + FOLDS / (FOLDS - 1)) / len(lead_M))
    value, low, high = (float(lead_M.mean() + side * Z * spread) for side in (0, -1, 1))
    seen = detectable(Estimate(NAME, value, low, high, len(lead_M), ""))
    method = f"at {at} labels each, the lot's by a 1/n forecast; would see {100 * seen:.0f} points behind"
    return Estimate(NAME, value, low, high, len(lead_M), method)
