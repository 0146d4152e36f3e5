"""An ensemble of strategies that filters the pool, and a last selection that picks from what is left."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from asklearn.errors import BadInput
from asklearn.selection.base import selection
from asklearn.selection.compose import Part, selection_of
from asklearn.types import Candidates, Indices

LARGEST = 10_000


@selection("refine", why="several ways of picking agree on it")
@dataclass(frozen=True)
class Refine:
    """Filter the pool by batches of many strategies on random parts of it, then pick (REFINE).

    In each of `depth` rounds, `batches` batches are picked, each by the next of `parts` from a random share
    `alpha` of what is left; their union is what is left for the next round. Then `select` picks from it.

    Parameters
    ----------
    parts : tuple of str, Acquisition or Selection
        The ensemble.
    depth : int
        Rounds.
    batches : int
        Batches a round.
    alpha : float
        The share that each batch is picked from.
    select : str, Acquisition or Selection
        Picks last.

    Notes
    -----
    ``depth * batches`` runs of the parts, each on at most 10,000 candidates, and one of `select` on what is
    left. The paper runs 100 batches of nine strategies in each of five rounds; the defaults here are 15
    batches of five strategies in each of two, some thirty runs instead of five hundred.

    Wins by never being the worst: in the paper it was ahead of each of its strategies on average over six
    data sets and three foundation models. Loses in time, and to the best single strategy where one suits.

    References
    ----------
    Huseljic et al. (2026), REFINE, at the Conference on Computer Vision and Pattern Recognition.

    Examples
    --------
    >>> scores_N = np.array([0.9, 0.1, 0.8, 0.2, 0.7])
    >>> Refine(("top", "random"), select="top")(Candidates(5, scores_N=scores_N), 2, np.random.default_rng(0))
    array([0, 2])
    """

    parts: tuple[Part, ...] = ("top", "cluster_margin", "badge", "max_herding", "random")
    depth: int = 2
    batches: int = 15
    alpha: float = 0.4
    select: Part = "uherding"

    def __post_init__(self) -> None:
        if not isinstance(self.parts, tuple | list) or not self.parts:
            raise BadInput(f"parts must be a tuple of strategies, at least one. Got {self.parts!r}.")
        if min(self.depth, self.batches) < 1:
            raise BadInput(f"depth and batches must be 1 or more. Got {self.depth} and {self.batches}.")
        if not 0 < self.alpha <= 1:
            raise BadInput(f"alpha must be a share above 0, at most 1. Got {self.alpha}.")
        for part in (*self.parts, self.select):
            selection_of(part)

    def __hash__(self) -> int:
        return hash((tuple(self.parts), self.depth, self.batches, self.alpha, self.select))

    @property
    def needs(self) -> frozenset[str]:
        """What any part needs."""
        return frozenset().union(*(selection_of(part).needs for part in (*self.parts, self.select)))

    def __call__(self, candidates: Candidates, n: int, rng: Generator, /) -> Indices:
        left = np.arange(candidates.size)
        for _ in range(self.depth):
            found = [self._batch(part, candidates, left, n, rng) for part in self._turns()]
            left = np.unique(np.concatenate(found))
        return left[selection_of(self.select)(candidates.take(left), n, rng)]

    def _turns(self) -> list[Part]:
        return [self.parts[turn % len(self.parts)] for turn in range(self.batches)]

    def _batch(self, part: Part, candidates: Candidates, left: Indices, n: int, rng: Generator) -> Indices:
        size = min(max(n, round(self.alpha * len(left))), max(n, LARGEST), len(left))
        rows = rng.choice(left, size, replace=False)
        return rows[selection_of(part)(candidates.take(rows), n, rng)]
