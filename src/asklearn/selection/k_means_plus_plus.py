"""Draws that spread out: each in proportion to the squared distance to the nearest one before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

import numpy as np
from numpy.random import Generator

from asklearn.errors import BadInput
from asklearn.types import Floats, Indices

First: TypeAlias = Literal["uniform", "largest"]
RowsOf: TypeAlias = Callable[[slice | Indices], Sequence[Floats]]

PROPOSALS = 128
CHUNK = 4096
SAME = 32


def k_means_plus_plus(
    rows_of: RowsOf,
    size: int,
    n: int,
    rng: Generator,
    first: First = "uniform",
    centres: Sequence[Floats] | None = None,
) -> Indices:
    """Draw `n` of `size` points as k-means++ draws its starting centres.

    A point is the outer product of one row of each of several factors, and is never written out: between
    ``a x b`` and ``a' x b'`` the squared distance is ``|a|^2 |b|^2 + |a'|^2 |b'|^2 - 2 (a.a') (b.b')``.
    With a single factor, points are its rows.

    Parameters
    ----------
    rows_of : callable
        Gives the factors of some rows (a slice, or indices): arrays of shape (B, D), (B, E), ...
    size : int
        Number of points N.
    n : int
        How many to draw, from 1 to N.
    rng : Generator
        Draws.
    first : {"uniform", "largest"}
        The first point: any, as k-means++ has it, or the one farthest from the origin.
    centres : sequence of ndarray, optional
        Factors of the centres that there are already, each of shape (M, D), M >= 1. Then `first` is not
        looked at: every draw is in proportion to distance.

    Returns
    -------
    ndarray of int, shape (n,)
        In the order drawn. When every point is where one drawn before is, the rest falls by lot.

    Raises
    ------
    BadInput
        If a number is not finite; the message names the first such row.

    Notes
    -----
    The draws have exactly the distribution of k-means++. Distances can only fall, so those of a while ago
    serve to propose; a proposal is accepted with probability (distance now) / (distance then). Distances of
    all points are brought up to date once for some hundred draws, by one matrix product, instead of one pass
    over all points for each draw. Points closer than a five-hundredth of their length (in float32) count as
    equal. O(n N (D + E)) as matrix products, memory O(N).

    References
    ----------
    Arthur and Vassilvitskii (2007), k-means++: the advantages of careful seeding.

    Examples
    --------
    >>> line_ND = np.array([[0.0], [0.0], [5.0], [5.0], [9.0]])
    >>> k_means_plus_plus(lambda rows: [line_ND[rows]], 5, 3, np.random.default_rng(0))
    array([4, 0, 2])
    """
    points = _Points(rows_of, size)
    picks: list[int] = []
    if centres is None:
        picks = [_first(points.squares_N, first, rng)]
    else:
        points.see(centres, _squares(centres))
    known = 0
    while len(picks) < n:
        points.leave(picks[known:])
        known = len(picks)
        drawn = points.draw(n - known, rng)
        if not drawn:
            rest = np.setdiff1d(np.arange(size), picks)
            drawn = rng.choice(rest, n - known, replace=False).tolist()
        picks += drawn
    return np.array(picks, np.int64)


def _first(squares_N: Floats, first: First, rng: Generator) -> int:
    if first == "uniform":
        return int(rng.integers(len(squares_N)))
    if first == "largest":
        return int(rng.choice(np.flatnonzero(squares_N == squares_N.max())))
    raise BadInput(f"first must be 'uniform' or 'largest'. Got {first!r}.")


class _Points:
    """Points, and the squared distance of each to the nearest of the centres seen so far."""

    def __init__(self, rows_of: RowsOf, size: int) -> None:
        self.rows_of = rows_of
        self.squares_N = np.empty(size, np.result_type(np.float32, *rows_of(slice(0, 0))))
        self.near_N: Floats = np.full(size, np.inf)
        for start in range(0, size, CHUNK):
            chunk = slice(start, start + CHUNK)
            self.squares_N[chunk] = _squares(rows_of(chunk))
        if not np.isfinite(self.squares_N).all():
            row = int(np.flatnonzero(~np.isfinite(self.squares_N))[0])
            raise BadInput(
                f"Features and probabilities must be finite numbers. Row {row} is not: mend or drop it."
            )

    def leave(self, picks: Sequence[int]) -> None:
        pick_M = np.array(picks, np.int64)
        if len(pick_M):
            self.see(self.rows_of(pick_M), self.squares_N[pick_M])
            self.near_N[pick_M] = 0

    def see(self, centres: Sequence[Floats], squares_M: Floats) -> None:
        for start in range(0, len(self.near_N), CHUNK):
            chunk = slice(start, start + CHUNK)
            gaps_BM = _gaps(self.rows_of(chunk), centres, squares_M)
            nearest_B = _without_noise(gaps_BM.min(axis=1), self.squares_N[chunk])
            np.minimum(self.near_N[chunk], nearest_B, out=self.near_N[chunk])

    def draw(self, room: int, rng: Generator) -> list[int]:
        """Draw up to `room` points, at least one unless every point is where a centre is."""
        mass_N = np.cumsum(self.near_N)
        if mass_N[-1] == 0:
            return []
        places_P = np.searchsorted(mass_N, rng.random(PROPOSALS) * mass_N[-1], side="right")
        proposed_P = np.minimum(places_P, len(mass_N) - 1)
        near_P = self.near_N[proposed_P]
        bar_P = rng.random(PROPOSALS) * near_P
        squares_P, factors = self.squares_N[proposed_P], self.rows_of(proposed_P)
        gaps_PP = _without_noise(_gaps(factors, factors, squares_P).T, squares_P)
        drawn: list[int] = []
        for place, row in enumerate(proposed_P.tolist()):
            if len(drawn) < room and near_P[place] > bar_P[place] and row not in drawn:
                drawn.append(row)
                np.minimum(near_P, gaps_PP[place], out=near_P)
        return drawn


def _squares(factors: Sequence[Floats]) -> Floats:
    with np.errstate(over="ignore", invalid="ignore"):
        squares_B: Floats = np.prod([np.einsum("bd,bd->b", rows, rows) for rows in factors], axis=0)
    return squares_B


def _gaps(factors: Sequence[Floats], centres: Sequence[Floats], squares_M: Floats) -> Floats:
    """Return squared distances from each point to each centre, less the point's own square."""
    gaps_BM: Floats = factors[0] @ centres[0].T
    for rows_BD, centre_MD in zip(factors[1:], centres[1:], strict=True):
        gaps_BM *= rows_BD @ centre_MD.T
    gaps_BM *= -2
    gaps_BM += squares_M
    return gaps_BM


def _without_noise(gaps: Floats, squares_B: Floats) -> Floats:
    """Add each point's own square; what may be rounding alone is zero."""
    squared: Floats = gaps + squares_B.astype(np.float64)
    squared[squared <= SAME * np.finfo(squares_B.dtype).eps * squares_B] = 0
    return squared
