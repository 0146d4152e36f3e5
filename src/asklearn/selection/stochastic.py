"""Batches drawn by lot in proportion to scores: diverse without looking at features.

Each takes the top of the scores plus Gumbel noise, which draws without replacement.

References
----------
Kirsch et al. (2023), Stochastic batch acquisition: a simple baseline for deep active learning.
Kool, van Hoof and Welling (2019), Stochastic beams and where to find them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from asklearn.errors import BadInput
from asklearn.selection.base import scores_of, selection
from asklearn.selection.top import top
from asklearn.types import Candidates, Floats, Indices

BY_LOT = "drawn by lot in favour of such items"


@selection("power", needs={"scores"}, why=BY_LOT)
@dataclass(frozen=True)
class Power:
    """Draw candidates with probability in proportion to their score to the power `beta`.

    Parameters
    ----------
    beta : float
        0 draws uniformly; the larger, the nearer to :class:`~asklearn.selection.top.Top`.
    zero : float, optional
        The score that is worth nothing (-1 for margin, 0 for entropy); lower scores count as it. By
        default 0, or the lowest score if that is negative.

    Notes
    -----
    Scores are taken as ``s - zero``. A candidate worth nothing is drawn only when no other is left.

    Examples
    --------
    >>> scores_N = np.array([0.0, 0.9, 0.5, 0.0])
    >>> sorted(Power(beta=2.0)(Candidates(4, scores_N=scores_N), 2, np.random.default_rng(0)).tolist())
    [1, 2]
    """

    beta: float = 1.0
    zero: float | None = None
    needs: ClassVar[frozenset[str]]

    def __post_init__(self) -> None:
        _check_beta(self.beta)

    def __call__(self, candidates: Candidates, n: int, rng: Generator, /) -> Indices:
        scores_N = scores_of(candidates).astype(np.float64)
        zero = min(0.0, scores_N.min(initial=0.0)) if self.zero is None else self.zero
        with np.errstate(divide="ignore"):
            logs_N = np.log(np.maximum(scores_N - zero, 0))
        return _gumbel_top(logs_N, self.beta, n, rng)


@selection("softmax", needs={"scores"}, why=BY_LOT)
@dataclass(frozen=True)
class Softmax:
    """Draw candidates with probability in proportion to ``exp(beta * score)``.

    Parameters
    ----------
    beta : float
        0 draws uniformly; the larger, the nearer to :class:`~asklearn.selection.top.Top`.

    Examples
    --------
    >>> scores_N = np.array([0.0, 0.9, 0.5, 0.0])
    >>> Softmax(beta=1000.0)(Candidates(4, scores_N=scores_N), 2, np.random.default_rng(0))
    array([1, 2])
    """

    beta: float = 1.0
    needs: ClassVar[frozenset[str]]

    def __post_init__(self) -> None:
        _check_beta(self.beta)

    def __call__(self, candidates: Candidates, n: int, rng: Generator, /) -> Indices:
        return _gumbel_top(scores_of(candidates).astype(np.float64), self.beta, n, rng)


@selection("softrank", needs={"scores"}, why=BY_LOT)
@dataclass(frozen=True)
class Softrank:
    """Draw candidates with probability in proportion to ``rank ** -beta``; the best has rank 1.

    Parameters
    ----------
    beta : float
        0 draws uniformly; the larger, the nearer to :class:`~asklearn.selection.top.Top`.

    Examples
    --------
    >>> scores_N = np.array([0.0, 0.9, 0.5, 0.0])
    >>> Softrank(beta=1000.0)(Candidates(4, scores_N=scores_N), 2, np.random.default_rng(0))
    array([1, 2])
    """

    beta: float = 1.0
    needs: ClassVar[frozenset[str]]

    def __post_init__(self) -> None:
        _check_beta(self.beta)

    def __call__(self, candidates: Candidates, n: int, rng: Generator, /) -> Indices:
        rank_N = np.empty(candidates.size)
        rank_N[top(scores_of(candidates), candidates.size, rng)] = np.arange(1, candidates.size + 1)
        return _gumbel_top(-np.log(rank_N), self.beta, n, rng)


def _check_beta(beta: float) -> None:
    if not 0 <= beta < np.inf:
        raise BadInput(f"beta must be a number from 0 up. Got {beta}.")


def _gumbel_top(logs_N: Floats, beta: float, n: int, rng: Generator) -> Indices:
    pull_N = beta * logs_N if beta > 0 else np.zeros_like(logs_N)
    return top(pull_N + rng.gumbel(size=len(logs_N)), n, rng)
