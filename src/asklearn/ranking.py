"""From a model's belief to a batch: score the open items in chunks, shortlist, select."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from asklearn.costs import Costs, fit_costs
from asklearn.errors import BadInput
from asklearn.features import narrowed, width
from asklearn.pool import Pool
from asklearn.protocols import Acquisition, Model, Selection
from asklearn.selection.top import top
from asklearn.strategies import Strategy
from asklearn.types import Candidates, Categorical, Floats, Indices, Label, Targets

TARGETS = 1_000
"""Size of the sample of the pool on which a model is to be good, for what needs targets."""

ROOM_BYTES = 1 << 30
"""Bytes that candidates may take together; of more candidates a uniform sample is drawn."""


@dataclass(frozen=True, slots=True)
class Known:
    """The rows that were asked, or have a label already.

    Attributes
    ----------
    rows : ndarray of int, shape (L,)
        Rows of the pool, sorted.
    labels : sequence of length L
        The label of each, None where it has none yet.
    seconds : sequence of length L, optional
        How long an annotator took for each, None where nobody said.
    """

    rows: Indices
    labels: Sequence[Label | None]
    seconds: Sequence[float | None] = ()

    def codes(self, classes: Sequence[Label]) -> Indices:
        """Return the place of each label in `classes`, -1 for none.

        Examples
        --------
        >>> Known(np.array([4, 7]), ["b", None]).codes(["a", "b"])
        array([ 1, -1])
        """
        place = {label: code for code, label in enumerate(classes)}
        return np.array([-1 if one is None else place.get(one, -1) for one in self.labels], np.int64)


def rank(
    strategy: Strategy,
    pool: Pool,
    open_rows: Indices,
    known: Known,
    model: Model | None,
    n: int,
    rng: Generator,
    seconds: dict[str, float],
    room: int = ROOM_BYTES,
) -> tuple[Indices, list[float | None], str]:
    """Return the rows of `n` open items, the score of each (None where none decided), and why.

    Memory stays near one chunk of features, one score per open item, and the shortlist. What cannot be
    streamed gets a uniform sample of the open items that takes `room` bytes at most. `seconds` is told how
    long scoring and selecting took.
    """
    if n == 0:
        return np.empty(0, np.intp), [], ""
    if model is None:
        return _start(strategy, pool, open_rows, known, n, rng, room)
    started = time.perf_counter()
    if strategy.shortlist is None:
        open_rows = _sampled(strategy.select, pool, open_rows, model, n, rng, room)
    scores_N = None
    if strategy.score is not None:
        if not strategy.score.pointwise:
            open_rows = _sampled(strategy.score, pool, open_rows, model, n, rng, room)
        scores_N = scores_by(strategy, pool, open_rows, known, model, rng)
    kept = np.arange(len(open_rows))
    if strategy.shortlist is not None and scores_N is not None:
        kept = np.sort(top(scores_N, min(strategy.shortlist * n, len(kept)), rng))
        kept = _sampled(strategy.select, pool, kept, model, n, rng, room)
    scored = time.perf_counter()
    candidates = _candidates(strategy.select, pool, open_rows[kept], known, model, rng)
    if scores_N is not None:
        candidates = replace(candidates, scores_N=scores_N[kept])
    picked = kept[strategy.select(candidates, n, rng)]
    seconds["score"] = scored - started
    seconds["select"] = time.perf_counter() - scored
    scores = [None if scores_N is None else float(scores_N[i]) for i in picked]
    return open_rows[picked], scores, strategy.why()


def _start(
    strategy: Strategy, pool: Pool, open_rows: Indices, known: Known, n: int, rng: Generator, room: int
) -> tuple[Indices, list[float | None], str]:
    nothing: list[float | None] = [None] * n
    if isinstance(strategy.start, str):
        return rng.choice(open_rows, n, replace=False), nothing, strategy.why_first()
    if strategy.start.needs - {"features", "labelled"}:
        raise BadInput(
            f"The start of strategy {strategy.name!r} may need features only: there is no model yet."
        )
    rows = _sampled(strategy.start, pool, open_rows, None, n, rng, room)
    candidates = _candidates(strategy.start, pool, rows, known, None, rng)
    return rows[strategy.start(candidates, n, rng)], nothing, strategy.why_first()


def _sampled(
    part: Acquisition | Selection,
    pool: Pool,
    rows: Indices,
    model: Model | None,
    n: int,
    rng: Generator,
    room: int,
) -> Indices:
    """Return `rows`, or a uniform sample: what `part` wants at `most`, and what `room` bytes hold of its needs."""
    numbers = width(pool.shards[0], part.needs) if "features" in part.needs else 0
    if model is not None and part.needs & {"proba", "draws"}:
        posterior = model.posterior(pool.take(rows[:1]))
        numbers += posterior.proba_NC.size
        numbers += posterior.draws_KNC.size if posterior.draws_KNC is not None else 0
    wanted = max(getattr(part, "most", None) or len(rows), 20 * n)
    most = max(n, min(wanted, room // (4 * max(numbers, 1))))
    return rows if len(rows) <= most else np.sort(rng.choice(rows, most, replace=False))


def scores_by(
    strategy: Strategy, pool: Pool, open_rows: Indices, known: Known, model: Model, rng: Generator
) -> Floats:
    """Return the score that a strategy, which must have one, gives each of some sorted rows."""
    score = strategy.score
    assert score is not None
    if not score.pointwise:
        return score(_candidates(score, pool, open_rows, known, model, rng), rng)
    if not score.needs:
        return score(Candidates(len(open_rows)), rng)
    same = _shared(score, pool, known, model, rng)
    costs = _costs(score, pool, known)
    scores_N = np.empty(len(open_rows), np.float32)
    for place, features, inside in pool.chunks(open_rows):
        posterior = model.posterior(features) if score.needs & {"proba", "draws"} else None
        _check_draws(score.needs, posterior, strategy.name)
        told = replace(
            same,
            size=features.shape[0],
            posterior=posterior,
            features_ND=narrowed(features, score.needs) if "features" in score.needs else None,
            costs_N=costs and costs(narrowed(features)),
        )
        scores_N[place] = score(told, rng)[inside]
    return scores_N


def _candidates(
    part: Acquisition | Selection,
    pool: Pool,
    rows: Indices,
    known: Known,
    model: Model | None,
    rng: Generator,
) -> Candidates:
    """Materialise what `part` needs about `rows`, and nothing else."""
    needs = part.needs
    posterior = _posterior(pool, rows, model) if needs & {"proba", "draws"} and model is not None else None
    if posterior is not None:
        _check_draws(needs, posterior, type(part).__name__)
    whole = len(pool.shards) == 1 and len(rows) == len(pool)
    features = narrowed(pool.shards[0] if whole else pool.take(rows), needs) if "features" in needs else None
    costs = _costs(part, pool, known)
    costs_N = (
        None
        if costs is None
        else np.concatenate([costs(narrowed(X))[inside] for _, X, inside in pool.chunks(rows)])
    )
    same = _shared(part, pool, known, model, rng)
    groups_N = _groups(pool, rows) if "groups" in needs else None
    return replace(
        same, size=len(rows), posterior=posterior, features_ND=features, costs_N=costs_N, groups_N=groups_N
    )


def _groups(pool: Pool, rows: Indices) -> Indices:
    if pool.groups is None:
        raise BadInput(
            "A quota by group needs the group of each item: give X as Pool(X, groups=[...]), whole numbers."
        )
    return pool.groups[rows]


def _costs(part: Acquisition | Selection, pool: Pool, known: Known) -> Costs | None:
    """Return what labels cost by the times recorded so far, where `part` asks for it."""
    if "costs" not in part.needs:
        return None
    timed = [
        (row, seconds) for row, seconds in zip(known.rows, known.seconds, strict=False) if seconds is not None
    ]
    rows = np.array([row for row, _ in timed], np.intp)
    return fit_costs(narrowed(pool.take(rows)), np.array([seconds for _, seconds in timed]))


def _shared(
    part: Acquisition | Selection, pool: Pool, known: Known, model: Model | None, rng: Generator
) -> Candidates:
    """Return what `part` needs that is not about single candidates."""
    needs, targets = part.needs, None
    if "targets" in needs and model is not None:
        rows = np.sort(rng.choice(len(pool), min(TARGETS, len(pool)), replace=False))
        features_MD = pool.take(rows)
        targets = Targets(narrowed(features_MD, needs), model.posterior(features_MD))
    return Candidates(
        0,
        labelled_LD=narrowed(pool.take(known.rows), needs) if "labelled" in needs else None,
        labels_L=known.codes(model.classes) if "labels" in needs and model is not None else None,
        targets=targets,
        predict=model.posterior if "predict" in needs and model is not None else None,
    )


def _posterior(pool: Pool, rows: Indices, model: Model) -> Categorical:
    proba: list[Floats] = []
    draws: list[Floats] = []
    for _, features, inside in pool.chunks(rows):
        made = model.posterior(features)
        proba.append(made.proba_NC[inside])
        if made.draws_KNC is not None:
            draws.append(made.draws_KNC[:, inside])
    return Categorical(np.concatenate(proba), np.concatenate(draws, 1) if draws else None)


def _check_draws(needs: frozenset[str], posterior: Categorical | None, name: str) -> None:
    if "draws" in needs and (posterior is None or posterior.draws_KNC is None):
        raise BadInput(
            f"{name!r} compares posterior draws, and this model gives none. Use a committee, as in "
            'model="committee(size=10)".'
        )
