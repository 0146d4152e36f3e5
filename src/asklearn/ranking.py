"""From a model's belief to a batch: score the open items in chunks, shortlist, select."""

from __future__ import annotations

import time

import numpy as np
from numpy.random import Generator

from asklearn.errors import BadInput
from asklearn.pool import Pool
from asklearn.protocols import Acquisition, Model, Selection
from asklearn.selection.top import top
from asklearn.strategies import Strategy
from asklearn.types import Candidates, Categorical, Floats, Indices


def rank(
    strategy: Strategy,
    pool: Pool,
    open_rows: Indices,
    labelled_rows: Indices,
    model: Model | None,
    n: int,
    rng: Generator,
    seconds: dict[str, float],
) -> tuple[Indices, list[float | None], str]:
    """Return the rows of `n` open items, the score of each (None where none decided), and why.

    Memory stays near one chunk of features, one score per open item, and the shortlist; `seconds` is told
    how long scoring and selecting took.
    """
    if n == 0:
        return np.empty(0, np.intp), [], ""
    if model is None:
        return _start(strategy, pool, open_rows, labelled_rows, n, rng)
    started = time.perf_counter()
    scores_N = None
    if strategy.score is not None:
        scores_N = _scores(strategy, pool, open_rows, labelled_rows, model, rng)
    kept = np.arange(len(open_rows))
    if strategy.shortlist is not None and scores_N is not None:
        kept = np.sort(top(scores_N, min(strategy.shortlist * n, len(kept)), rng))
    scored = time.perf_counter()
    candidates = _candidates(strategy.select, pool, open_rows[kept], labelled_rows, model)
    if scores_N is not None:
        candidates = _with_scores(candidates, scores_N[kept])
    picked = kept[strategy.select(candidates, n, rng)]
    seconds["score"] = scored - started
    seconds["select"] = time.perf_counter() - scored
    scores = [None if scores_N is None else float(scores_N[i]) for i in picked]
    return open_rows[picked], scores, strategy.why()


def _start(
    strategy: Strategy, pool: Pool, open_rows: Indices, labelled_rows: Indices, n: int, rng: Generator
) -> tuple[Indices, list[float | None], str]:
    nothing: list[float | None] = [None] * n
    if isinstance(strategy.start, str):
        return rng.choice(open_rows, n, replace=False), nothing, strategy.why_first()
    if strategy.start.needs - {"features", "labelled"}:
        raise BadInput(
            f"The start of strategy {strategy.name!r} may need features only: there is no model yet."
        )
    candidates = _candidates(strategy.start, pool, open_rows, labelled_rows, None)
    return open_rows[strategy.start(candidates, n, rng)], nothing, strategy.why_first()


def _scores(
    strategy: Strategy, pool: Pool, open_rows: Indices, labelled_rows: Indices, model: Model, rng: Generator
) -> Floats:
    score = strategy.score
    assert score is not None
    if not score.pointwise:
        return score(_candidates(score, pool, open_rows, labelled_rows, model), rng)
    if not score.needs:
        return score(Candidates(len(open_rows)), rng)
    labelled_LD = pool.take(labelled_rows) if "labelled" in score.needs else None
    scores_N = np.empty(len(open_rows), np.float32)
    for piece, features in pool.chunks(open_rows):
        posterior = model.posterior(features) if score.needs & {"proba", "draws"} else None
        _check_draws(score.needs, posterior, strategy.name)
        scores_N[piece] = score(Candidates(len(features), posterior, features, labelled_LD), rng)
    return scores_N


def _candidates(
    part: Acquisition | Selection, pool: Pool, rows: Indices, labelled_rows: Indices, model: Model | None
) -> Candidates:
    """Materialise what `part` needs about `rows`, and nothing else."""
    needs = part.needs
    posterior = None
    if needs & {"proba", "draws"} and model is not None:
        pieces = [model.posterior(features) for _, features in pool.chunks(rows)]
        draws = [one.draws_KNC for one in pieces if one.draws_KNC is not None]
        posterior = Categorical(
            np.concatenate([one.proba_NC for one in pieces]), np.concatenate(draws, 1) if draws else None
        )
        _check_draws(needs, posterior, type(part).__name__)
    whole = len(pool.shards) == 1 and len(rows) == len(pool)
    features = (pool.shards[0] if whole else pool.take(rows)) if "features" in needs else None
    labelled = pool.take(labelled_rows) if "labelled" in needs else None
    return Candidates(len(rows), posterior, features, labelled)


def _with_scores(candidates: Candidates, scores_N: Floats) -> Candidates:
    return Candidates(
        candidates.size, candidates.posterior, candidates.features_ND, candidates.labelled_LD, scores_N
    )


def _check_draws(needs: frozenset[str], posterior: Categorical | None, name: str) -> None:
    if "draws" in needs and (posterior is None or posterior.draws_KNC is None):
        raise BadInput(
            f"{name!r} compares posterior draws, and this model gives none. Use a committee, as in "
            'model="committee(size=10)".'
        )
