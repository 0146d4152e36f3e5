"""Slices of a table where errors gather: SliceLine (Sagadeeva and Boehm 2021), exact, by matrix products.

A slice is a conjunction of predicates ("colour red and size 3 to 5"). Its score weighs how much larger
its mean error is than that of all against how small it is::

    score(S) = alpha * (mean_error(S) / mean_error(all) - 1) - (1 - alpha) * (size(all) / size(S) - 1)

Slices of one more predicate are built level by level from those that may still lead to one of the best:
what lies inside several slices is no larger, and holds no more error, than the least of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from asklearn.errors import BadInput
from asklearn.types import Floats, Indices

ALPHA = 0.95
CHUNK = 4096


@dataclass(frozen=True, slots=True)
class Slice:
    """A conjunction of predicates, with what it holds.

    Attributes
    ----------
    predicates : tuple of int
        Columns of the predicates, in rising order.
    score : float
        SliceLine's; higher is worse for the model, 0 is the score of all items together.
    size : float
        Weight of the items inside.
    error : float
        Their mean error.
    """

    predicates: tuple[int, ...]
    score: float
    size: float
    error: float


@dataclass(frozen=True, slots=True)
class _Level:
    """Slices of one level: predicates, items inside, weight, weighted error, largest error of an item."""

    predicates_SL: Indices
    inside_NS: NDArray[np.bool_]
    size_S: Floats
    error_S: Floats
    most_S: Floats

    def take(self, kept: Indices) -> _Level:
        return _Level(
            self.predicates_SL[kept], self.inside_NS[:, kept], self.size_S[kept], self.error_S[kept],
            self.most_S[kept],
        )  # fmt: skip


def slice_line(
    holds_NP: NDArray[np.bool_],
    error_N: Floats,
    *,
    group_P: Indices | None = None,
    weight_N: Floats | None = None,
    k: int = 10,
    min_size: float = 1.0,
    alpha: float = ALPHA,
    levels: int = 3,
) -> list[Slice]:
    """Return the `k` slices of highest score, best first; only scores above zero count.

    Parameters
    ----------
    holds_NP : ndarray of bool, shape (N, P)
        Whether each predicate holds for each item.
    error_N : ndarray of shape (N,)
        Error of each item, at least 0.
    group_P : ndarray of int, shape (P,), optional
        Predicates of one group (the bins of one column) are never joined; by default each is its own.
    weight_N : ndarray of shape (N,), optional
        Weight of each item, at least 0; by default 1.
    k : int
        How many slices.
    min_size : float
        Least weight inside a slice.
    alpha : float
        In (0, 1]; the closer to one, the less size counts.
    levels : int
        Most predicates in a slice.

    Returns
    -------
    list of Slice
        Of equal scores, the slice of fewer predicates first, then in order of predicates.

    Raises
    ------
    BadInput
        If the arrays do not fit together or an error is negative.

    Notes
    -----
    Exact: what is pruned has an upper bound of its score that is no better than the k-th best found.
    In the worst case all conjunctions are tried; bounds and `min_size` spare nearly all of them.

    References
    ----------
    Sagadeeva and Boehm (2021), SliceLine: fast, linear-algebra-based slice finding for ML model debugging.

    Examples
    --------
    >>> import numpy as np
    >>> red, large = np.array([1, 1, 1, 1, 0, 0, 0, 0]), np.array([1, 1, 0, 0, 1, 1, 0, 0])
    >>> holds_NP = np.stack([red, large], 1).astype(bool)
    >>> found = slice_line(holds_NP, np.array([1.0, 1, 0, 0, 0, 0, 0, 0]), min_size=2)
    >>> found[0].predicates, round(found[0].score, 2)
    ((0, 1), 2.7)
    """
    weight_N, group_P = _checked(holds_NP, error_N, weight_N, group_P, alpha)
    whole = float(weight_N.sum()), float(weight_N @ error_N)
    if min(whole) <= 0:
        return []
    level = _weighed(np.arange(holds_NP.shape[1])[:, None], holds_NP, error_N, weight_N)
    level = level.take(np.flatnonzero((level.size_S >= max(min_size, 1e-12)) & (level.error_S > 0)))
    best: list[Slice] = []
    for depth in range(1, levels + 1):
        best = _merged(best, level, whole, alpha, k)
        if depth == levels or len(level.size_S) < 2:
            break
        bar = best[-1].score if len(best) == k else 0.0
        bound_S = _bound(level.size_S, level.error_S, level.most_S, whole, alpha, min_size)
        level = _joined(
            level.take(np.flatnonzero(bound_S > bar)), group_P, error_N, weight_N, whole, alpha, min_size, bar
        )
    return best


def _checked(
    holds_NP: NDArray[np.bool_],
    error_N: Floats,
    weight_N: Floats | None,
    group_P: Indices | None,
    alpha: float,
) -> tuple[Floats, Indices]:
    size, predicates = holds_NP.shape
    weight_N = np.ones(size) if weight_N is None else np.asarray(weight_N, np.float64)
    group_P = np.arange(predicates) if group_P is None else np.asarray(group_P)
    if len(error_N) != size or len(weight_N) != size or len(group_P) != predicates:
        raise BadInput(
            f"Expected {size} errors, {size} weights and {predicates} groups. "
            f"Got {len(error_N)}, {len(weight_N)} and {len(group_P)}."
        )
    if size and min(error_N.min(), weight_N.min()) < 0:
        raise BadInput("Errors and weights of items must be at least 0. Got a negative one.")
    if not 0 < alpha <= 1:
        raise BadInput(f"alpha must lie above 0, and at most at 1. Got {alpha}.")
    return weight_N, group_P


def _score(size_S: Floats, error_S: Floats, whole: tuple[float, float], alpha: float) -> Floats:
    size, error = whole
    return np.asarray(alpha * (error_S / size_S * size / error - 1) - (1 - alpha) * (size / size_S - 1))


def _bound(
    size_S: Floats, error_S: Floats, most_S: Floats, whole: tuple[float, float], alpha: float, min_size: float
) -> Floats:
    """Return the highest score of anything inside: at the least size, the largest, or where all are wrong.

    With s the size, the error is at most min(error, s * most): up to s = error / most the score rises
    with s, and from there on it is monotone in 1 / s.
    """
    full_S = np.divide(error_S, most_S, out=np.zeros_like(error_S), where=most_S > 0)
    best_S = np.full(len(size_S), -np.inf)
    for at_S in (np.clip(full_S, min_size, size_S), size_S):
        at_S = np.maximum(at_S, 1e-12)
        best_S = np.maximum(best_S, _score(at_S, np.minimum(error_S, at_S * most_S), whole, alpha))
    return np.where(size_S >= min_size, best_S, -np.inf) * (1 + 1e-12) + 1e-12


def _weighed(
    predicates_SL: Indices, inside_NS: NDArray[np.bool_], error_N: Floats, weight_N: Floats
) -> _Level:
    as_float_NS = inside_NS.astype(np.float64)
    return _Level(
        predicates_SL, inside_NS, weight_N @ as_float_NS, (weight_N * error_N) @ as_float_NS,
        (as_float_NS * error_N[:, None]).max(0, initial=0.0),
    )  # fmt: skip


def _joined(
    level: _Level,
    group_P: Indices,
    error_N: Floats,
    weight_N: Floats,
    whole: tuple[float, float],
    alpha: float,
    min_size: float,
    bar: float,
) -> _Level:
    """Return the slices of one more predicate, each of which may still beat `bar`."""
    left, right = _pairs(level.predicates_SL)
    last = level.predicates_SL[:, -1]
    apart = group_P[last[left]] != group_P[last[right]]
    size, error, most = (
        np.minimum(one[left], one[right]) for one in (level.size_S, level.error_S, level.most_S)
    )
    kept = np.flatnonzero(apart & (_bound(size, error, most, whole, alpha, min_size) > bar))
    predicates_SL = np.column_stack([level.predicates_SL[left], last[right]])
    made = [_weighed(predicates_SL[:0], level.inside_NS[:, :0], error_N, weight_N)]
    for start in range(0, len(kept), CHUNK):
        part = kept[start : start + CHUNK]
        inside_NS = level.inside_NS[:, left[part]] & level.inside_NS[:, right[part]]
        fresh = _weighed(predicates_SL[part], inside_NS, error_N, weight_N)
        made.append(fresh.take(np.flatnonzero((fresh.size_S >= max(min_size, 1e-12)) & (fresh.error_S > 0))))
    return _Level(
        np.concatenate([one.predicates_SL for one in made]),
        np.concatenate([one.inside_NS for one in made], 1),
        *(np.concatenate([getattr(one, name) for one in made]) for name in ("size_S", "error_S", "most_S")),
    )


def _pairs(predicates_SL: Indices) -> tuple[Indices, Indices]:
    """Return the pairs of slices that differ in their last predicate alone, the lesser last one first."""
    order = np.lexsort(predicates_SL.T[::-1])
    rows_SL = predicates_SL[order]
    new_S = np.ones(len(rows_SL), bool)
    new_S[1:] = (rows_SL[1:, :-1] != rows_SL[:-1, :-1]).any(1)
    starts = [*np.flatnonzero(new_S), len(rows_SL)]
    lefts, rights = [np.empty(0, np.intp)], [np.empty(0, np.intp)]
    for start, stop in pairwise(starts):
        i, j = np.triu_indices(stop - start, 1)
        lefts.append(order[start + i])
        rights.append(order[start + j])
    return np.concatenate(lefts), np.concatenate(rights)


def _merged(
    best: list[Slice], level: _Level, whole: tuple[float, float], alpha: float, k: int
) -> list[Slice]:
    score_S = _score(level.size_S, level.error_S, whole, alpha)
    top = np.argsort(-score_S, kind="stable")[: 4 * k]
    fresh = [
        Slice(
            tuple(level.predicates_SL[s].tolist()), float(score_S[s]), float(level.size_S[s]),
            float(level.error_S[s] / level.size_S[s]),
        )
        for s in top
        if score_S[s] > 0
    ]  # fmt: skip
    return sorted([*best, *fresh], key=lambda one: (-one.score, len(one.predicates), one.predicates))[:k]
