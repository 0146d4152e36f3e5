"""Greedy picks where what a candidate adds can only fall: old figures are upper bounds (lazy greedy).

References
----------
Minoux (1978), Accelerated greedy algorithms for maximizing submodular set functions.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from asklearn.types import Floats, Indices

FRONT = 512
STEP = 16


class LazyGreedy:
    """Picks the candidate that adds most, again and again, looking anew at few.

    A front of the candidates with the highest bounds is held; its best are brought up to date in small steps
    until one, up to date, reaches every bound in the front and outside (the rim). The picks are those of
    plain greedy.

    Parameters
    ----------
    bound_N : ndarray of shape (N,)
        What each candidate adds at first. In random order, so that among equals the lot decides.
    hold : callable
        ``hold(rows)`` is told which candidates are in the front from now on.
    adds : callable
        ``adds(places)`` is what some of the front, by place, add by now.
    front : int, optional
        How many to hold; by default 512. More where holding is cheap and figures fall together.

    Examples
    --------
    >>> worth = np.array([5.0, 4.0, 3.0])
    >>> greedy = LazyGreedy(worth, lambda rows: None, lambda places: worth[places] / (1 + places))
    >>> greedy.pick(), greedy.pick()
    (0, 1)
    """

    def __init__(
        self,
        bound_N: Floats,
        hold: Callable[[Indices], None],
        adds: Callable[[Indices], Floats],
        front: int | None = None,
    ) -> None:
        self.bound_N = bound_N.astype(np.float64)
        self.hold, self.adds, self.front = hold, adds, front or FRONT
        self.seen_N, self.turn = np.zeros(len(bound_N), np.int64), 0
        self.rows: Indices = np.empty(0, np.int64)
        self.rim = np.inf

    def pick(self) -> int:
        """Return the candidate that adds most; it is not picked again."""
        while True:
            bound_F = self.bound_N[self.rows]
            order = np.argsort(-bound_F, kind="stable")[:STEP]
            if not len(order) or bound_F[order[0]] < self.rim:
                self._renew()
                continue
            stale = order[self.seen_N[self.rows[order]] < self.turn]
            if len(stale) and stale[0] == order[0]:
                self._refresh(stale)
                continue
            row = int(self.rows[order[0]])
            self.bound_N[row] = -np.inf
            self.turn += 1
            return row

    def _renew(self) -> None:
        size = len(self.bound_N)
        self.rows, self.rim = np.arange(size), -np.inf
        if size > self.front:
            order = np.argpartition(self.bound_N, size - self.front - 1)
            self.rows = np.sort(order[size - self.front :])
            self.rim = float(self.bound_N[order[size - self.front - 1]])
        self.hold(self.rows)
        bound_F, seen_F = self.bound_N[self.rows], self.seen_N[self.rows]
        self._refresh(np.flatnonzero(np.isfinite(bound_F) & (seen_F < self.turn)))

    def _refresh(self, places: Indices) -> None:
        rows = self.rows[places]
        self.bound_N[rows] = np.minimum(self.bound_N[rows], self.adds(places))
        self.seen_N[rows] = self.turn
