"""Cover the feature space: each pick is the candidate farthest from everything labelled or picked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from asklearn.errors import BadInput
from asklearn.neighbours import nearest
from asklearn.selection.base import features_of, labelled_of, selection
from asklearn.selection.top import top
from asklearn.types import Candidates, Floats, Indices

FRONT = 2048
CHUNK = 8192
SAME = 1e-12
SAMPLE = 5000

Doubles = NDArray[np.float64]


@selection("k_center", needs={"features", "labelled"}, why="it is unlike everything labelled so far")
@dataclass(frozen=True)
class KCenter:
    """Greedy farthest-first traversal by Euclidean distance, from the labelled items on.

    The farthest candidate from its centre is at most twice as far as in the best possible batch. With no
    labelled item, the first pick is drawn at random; ties fall by lot.

    Notes
    -----
    The picks are those of plain greedy, which compares every candidate with every centre: O((L + n) N D).
    Here distances, which can only fall, are brought up to date for the farthest candidates alone (lazy
    greedy), so the cost is between that and O(N D + (L + n) F D), with a front of F = 2048 candidates.
    Features closer than a millionth of their length count as equal.

    References
    ----------
    Gonzalez (1985), Clustering to minimize the maximum intercluster distance.
    Sener and Savarese (2018), Active learning for convolutional neural networks: a core-set approach.
    Minoux (1978), Accelerated greedy algorithms for maximizing submodular set functions.

    Examples
    --------
    >>> features_ND = np.array([[0.0], [1.0], [5.0], [9.0]])
    >>> known = Candidates(4, features_ND=features_ND, labelled_LD=np.array([[0.0]]))
    >>> KCenter()(known, 2, np.random.default_rng(0))
    array([3, 2])
    """

    needs: ClassVar[frozenset[str]]
    spares_copies: ClassVar[bool] = True

    def __call__(self, candidates: Candidates, n: int, rng: Generator, /) -> Indices:
        features_ND = features_of(candidates)
        labelled_LD = labelled_of(candidates)
        if len(labelled_LD):
            cover, picks = _Cover(features_ND, labelled_LD, n), []
        else:
            first = int(rng.integers(candidates.size))
            cover, picks = _Cover(features_ND, features_ND[[first]], n), [first]
            cover.leave_out(first)
        while len(picks) < n:
            picks.append(cover.farthest(rng))
            cover.add(picks[-1])
        return np.array(picks, dtype=np.int64)


@selection("robust_k_center", needs={"features", "labelled"}, why="it is unlike everything labelled so far")
@dataclass(frozen=True)
class RobustKCenter:
    """K-center among all but the outliers: candidates that are far from every other one.

    Parameters
    ----------
    outliers : float
        Share of the candidates to leave out, from 0 to below 1.
    neighbours : int
        An outlier is far from this many others.

    Notes
    -----
    Outliers are the candidates with the largest distance to the k-th nearest of a sample of 5,000 others;
    they are picked only where the rest is not enough. O(5,000 N D) more than :class:`KCenter`.

    K-center asks for outliers first, by construction; where a pool has broken or foreign items, its batches
    are full of them. Sener and Savarese let a share of the pool go uncovered by a mixed integer programme;
    leaving the most isolated out beforehand serves the same end in one pass.

    References
    ----------
    Ramaswamy, Rastogi and Shim (2000), Efficient algorithms for mining outliers from large data sets.
    Sener and Savarese (2018), Active learning for convolutional neural networks: a core-set approach.

    Examples
    --------
    >>> features_ND = np.array([[0.0], [2.0], [5.0], [6.0], [99.0]])
    >>> known = Candidates(5, features_ND=features_ND, labelled_LD=np.array([[0.0]]))
    >>> RobustKCenter(outliers=0.2, neighbours=1)(known, 2, np.random.default_rng(0))
    array([3, 1])
    """

    outliers: float = 0.02
    neighbours: int = 10
    needs: ClassVar[frozenset[str]]
    spares_copies: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if not 0 <= self.outliers < 1 or self.neighbours < 1:
            raise BadInput(
                "outliers must be a share from 0 to below 1, and neighbours 1 or more. "
                f"Got outliers={self.outliers}, neighbours={self.neighbours}."
            )

    def __call__(self, candidates: Candidates, n: int, rng: Generator, /) -> Indices:
        size = candidates.size
        kept = max(n, size - int(self.outliers * size))
        inside = np.sort(top(-self._isolation(features_of(candidates), rng), kept, rng))
        return inside[KCenter()(candidates.take(inside), n, rng)]

    def _isolation(self, features_ND: Floats, rng: Generator) -> Floats:
        sample = rng.permutation(len(features_ND))[:SAMPLE]
        itself_N = np.full(len(features_ND), -1)
        itself_N[sample] = np.arange(len(sample))
        if len(sample) == 1:
            return np.zeros(1)
        _, distance_NK = nearest(features_ND, features_ND[sample], self.neighbours, itself_M=itself_N)
        return distance_NK[:, -1]


class _Cover:
    """Squared distance of each candidate to the nearest centre: an upper bound, exact in the front.

    The front holds the candidates whose bound is highest. While its farthest is at least as far as the
    highest bound outside (`rim`), that one is the farthest of all.
    """

    def __init__(self, features_ND: Floats, centres_LD: Floats, room: int) -> None:
        size, dims = features_ND.shape
        self.features_ND = features_ND
        self.centres = np.empty((len(centres_LD) + room, dims))
        self.centres[: len(centres_LD)] = centres_LD
        self.lengths = np.einsum("ld,ld->l", self.centres, self.centres)
        self.known = len(centres_LD)
        self.norms_N, self.bound_N = np.empty(size), np.empty(size)
        self.seen_N = np.ones(size, np.int64)
        for start in range(0, size, CHUNK):
            chunk = slice(start, start + CHUNK)
            rows_BD = features_ND[chunk].astype(np.float64)
            self.norms_N[chunk] = np.einsum("bd,bd->b", rows_BD, rows_BD)
            self.bound_N[chunk] = self._nearest(rows_BD, self.norms_N[chunk], 0, 1)
        self._check_finite()
        self.rows = np.empty(0, np.int64)
        self.rim = np.inf

    def farthest(self, rng: Generator) -> int:
        while len(self.rows) == 0 or self.bound_N[self.rows].max() < self.rim:
            self._renew()
        bound_F = self.bound_N[self.rows]
        tied = self.rows[bound_F == bound_F.max()]
        return int(tied[0] if len(tied) == 1 else rng.choice(tied))

    def leave_out(self, pick: int) -> None:
        self.bound_N[pick] = -1

    def add(self, pick: int) -> None:
        self.centres[self.known] = self.features_ND[pick]
        self.lengths[self.known] = self.norms_N[pick]
        self.known += 1
        self._refresh(self.rows, self.front_FD, self.known - 1)
        self.leave_out(pick)

    def _renew(self) -> None:
        size = len(self.bound_N)
        if size <= FRONT:
            self.rows, self.rim = np.arange(size), -np.inf
        else:
            order = np.argpartition(self.bound_N, size - FRONT - 1)
            self.rows, self.rim = np.sort(order[size - FRONT :]), self.bound_N[order[size - FRONT - 1]]
        self.front_FD = self.features_ND[self.rows].astype(np.float64)
        self._refresh(self.rows, self.front_FD, int(self.seen_N[self.rows].min()))

    def _refresh(self, rows: Indices, rows_FD: Doubles, since: int) -> None:
        nearest = self._nearest(rows_FD, self.norms_N[rows], since, self.known)
        self.bound_N[rows] = np.minimum(self.bound_N[rows], nearest)
        self.seen_N[rows] = self.known

    def _nearest(self, rows_BD: Doubles, norms_B: Doubles, since: int, until: int) -> Doubles:
        nearest_B = np.full(len(rows_BD), np.inf)
        for start in range(since, until, CHUNK):
            stop = min(start + CHUNK, until)
            sums = norms_B[:, None] + self.lengths[start:stop]
            squared = rows_BD @ self.centres[start:stop].T
            squared *= -2
            squared += sums
            squared[squared <= SAME * sums] = 0
            np.minimum(nearest_B, squared.min(axis=1), out=nearest_B)
        return nearest_B

    def _check_finite(self) -> None:
        for name, squares in (("features_ND", self.norms_N), ("labelled_LD", self.lengths[: self.known])):
            if not np.isfinite(squares).all():
                row = int(np.flatnonzero(~np.isfinite(squares))[0])
                raise BadInput(f"{name} must be finite numbers. Row {row} is not: mend or drop it.")
