"""Asking for one kind of item: those of a knowledge gap, the most telling first."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from asklearn.arguments import dense
from asklearn.gaps import Gap
from asklearn.neighbours import nearest
from asklearn.pool import Pool
from asklearn.types import Floats, Indices

MOST = 5_000


def aim(
    gap: Gap, pool: Pool, open_rows: Indices, known: Indices, n: int, rng: Generator
) -> tuple[Indices, list[float | None], str]:
    """Return up to `n` open rows of a gap, the score of each, and why.

    Parameters
    ----------
    gap : Gap
        The kind of item.
    pool : Pool
        Features.
    open_rows, known : ndarray of int
        Rows that may be asked, and rows that were asked or have a label.
    n : int
        How many; fewer come when the gap holds fewer.
    rng : Generator
        Draws a sample of the gap where it has more than 5,000 open rows.

    Notes
    -----
    Greedy: each pick has the highest p(error) * p(member) * novelty, novelty being the distance to the
    nearest labelled or picked item of the gap, as a share of the largest at the start.
    O(n M D) for M members.
    """
    here = np.flatnonzero(np.isin(gap.rows, open_rows))
    if len(here) > max(MOST, n):
        here = np.sort(rng.choice(here, max(MOST, n), replace=False))
    rows, value_M = gap.rows[here], gap.p_error[here] * gap.belongs[here]
    features_MD = dense(pool.take(rows))
    seen = np.intersect1d(known, gap.rows)
    apart_M = np.full(len(rows), np.inf)
    if len(seen):
        apart_M = np.asarray(nearest(features_MD, dense(pool.take(seen)), 1)[1][:, 0], np.float64)
    picked, scores = _greedy(features_MD, value_M, apart_M, min(n, len(rows)))
    return rows[picked], scores, f"it is like what the model gets wrong: {gap.name}"


def _greedy(
    features_MD: Floats, value_M: Floats, apart_M: Floats, n: int
) -> tuple[Indices, list[float | None]]:
    finite = np.isfinite(apart_M).all()
    widest = float(apart_M.max(initial=0.0)) if finite else float(np.ptp(features_MD, 0).max(initial=0.0))
    left_M = np.ones(len(value_M), bool)
    picked: list[int] = []
    scores: list[float | None] = []
    for _ in range(n):
        novelty_M = np.minimum(apart_M / max(widest, 1e-12), 1.0)
        score_M = np.where(left_M, value_M * novelty_M, -1.0)
        best = int(score_M.argmax())
        picked.append(best)
        scores.append(float(score_M[best]))
        left_M[best] = False
        apart_M = np.minimum(apart_M, np.sqrt(((features_MD - features_MD[best]) ** 2).sum(1)))
    return np.array(picked, np.intp), scores
