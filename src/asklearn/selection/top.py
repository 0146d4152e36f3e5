"""The best scores, at once or from a stream; ties fall by lot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from asklearn.errors import BadInput
from asklearn.selection.base import scores_of, selection
from asklearn.types import Candidates, Floats, Indices

STEP = 1 << 16


@selection("top", needs={"scores"})
@dataclass(frozen=True)
class Top:
    """The n candidates with the highest scores, best first; ties are broken by lot.

    Notes
    -----
    O(N), plus O(n log n) for the order.

    Examples
    --------
    >>> scores_N = np.array([0.1, 0.9, 0.5, 0.7])
    >>> Top()(Candidates(4, scores_N=scores_N), 2, np.random.default_rng(0))
    array([1, 3])
    """

    needs: ClassVar[frozenset[str]]

    def __call__(self, candidates: Candidates, n: int, rng: Generator, /) -> Indices:
        return top(scores_of(candidates), n, rng)


def top(scores_N: Floats, n: int, rng: Generator) -> Indices:
    """Return where the `n` highest of `scores_N` are, best first; ties are broken by lot.

    Examples
    --------
    >>> top(np.array([1.0, 3.0, 2.0]), 2, np.random.default_rng(0))
    array([1, 2])
    """
    best = RunningTop(n)
    step = max(STEP, 8 * n)
    for start in range(0, max(len(scores_N), 1), step):
        best.update(start, scores_N[start : start + step], rng)
    return best.best()[0]


class RunningTop:
    """The k best scores of a stream that comes in chunks.

    A candidate that may belong to the best gets a random number the first time it is seen; equal scores
    are ranked by it. So ties are uniform over the whole stream, however it is cut.

    Parameters
    ----------
    k : int
        How many to keep.

    Examples
    --------
    >>> best, rng = RunningTop(2), np.random.default_rng(0)
    >>> best.update(0, np.array([0.3, 0.1, 0.2]), rng)
    >>> best.update(3, np.array([0.0, 0.9]), rng)
    >>> best.best()
    (array([4, 0]), array([0.9, 0.3]))
    """

    def __init__(self, k: int) -> None:
        if k < 0:
            raise BadInput(f"k must not be negative. Got {k}.")
        self.k = k
        self._indices: Indices = np.empty(0, np.int64)
        self._scores: Floats = np.empty(0, np.float32)
        self._lots: NDArray[np.float64] = np.empty(0)

    def update(self, start: int, scores: Floats, rng: Generator) -> None:
        """Take in the next chunk.

        Parameters
        ----------
        start : int
            Index of the chunk's first candidate.
        scores : ndarray of shape (M,)
            Their scores.
        rng : Generator
            Breaks ties.

        Raises
        ------
        BadInput
            If a score is NaN, or there is more than one for a candidate.
        """
        if scores.ndim != 1:
            raise BadInput(f"Scores must have shape (M,). Got {scores.shape}.")
        promising = np.flatnonzero(~(scores < self._floor(scores)))
        if np.isnan(scores[promising]).any():
            raise BadInput("Scores must be numbers. Got NaN: mend the acquisition function.")
        self._indices = np.concatenate([self._indices, start + promising])
        self._scores = np.concatenate([self._scores, scores[promising]])
        self._lots = np.concatenate([self._lots, rng.random(len(promising))])
        if len(self._scores) > self.k:
            self._keep(self._best_k())

    def best(self) -> tuple[Indices, Floats]:
        """Return the indices and the scores of the best so far, best first."""
        order = np.lexsort((self._lots, self._scores))[::-1]
        return self._indices[order], self._scores[order]

    def _floor(self, scores: Floats) -> float:
        if 0 < self.k == len(self._scores):
            return float(self._scores.min())
        if 0 < self.k < len(scores):
            return float(np.partition(scores, -self.k)[-self.k])
        return -np.inf

    def _best_k(self) -> Indices:
        if self.k == 0:
            return np.empty(0, np.int64)
        bar = np.partition(self._scores, -self.k)[-self.k]
        above, level = np.flatnonzero(self._scores > bar), np.flatnonzero(self._scores == bar)
        room = self.k - len(above)
        drawn = np.argpartition(self._lots[level], -room)[-room:]
        return np.concatenate([above, level[drawn]])

    def _keep(self, rows: Indices) -> None:
        self._indices, self._scores, self._lots = self._indices[rows], self._scores[rows], self._lots[rows]
