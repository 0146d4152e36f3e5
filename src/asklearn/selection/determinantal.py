"""Batches whose features span much: the likeliest set of a determinantal point process, picked greedily."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from asklearn.errors import BadInput
from asklearn.selection.base import features_of, labelled_of, scores_of, selection
from asklearn.selection.lazy import LazyGreedy
from asklearn.types import Candidates, Floats, Indices

CHUNK = 4096
FRONT = 4096


@selection("determinantal", why="it points where nothing labelled points")
@dataclass(frozen=True)
class Determinantal:
    """Each pick makes the determinant of the batch's similarities, and so its diversity, largest.

    Parameters
    ----------
    ridge : float
        What an item is unlike any other by, its copies included, beside the 1 of a feature vector; above 0.
        The smaller, the more all directions are taken before one is taken twice.
    quality : float
        Weight of the scores against diversity; 0 leaves them out.

    Notes
    -----
    Greedy maximum a posteriori of the determinantal point process with kernel
    ``L_ij = e^(q s_i / 2) (x_i . x_j + ridge [i = j]) e^(q s_j / 2)``, features x at unit length and scores s,
    given the labelled items. The next pick is ``argmax_i q s_i + log(ridge + v_i)`` with
    ``v_i = ridge x_i' M^-1 x_i`` and ``M = ridge I + sum x x'`` over what is labelled or picked: the
    variance that Bayesian linear regression has left in x_i. So it is greedy D-optimal design too, and goes
    on where the kernel's rank, D, is used up. Chen, Zhang and Zhou keep a Cholesky factor that grows with the
    batch, O(N n^2); here M^-1 is kept, O(n D^2), and what only falls is looked at late (lazy greedy): at
    first O(N D^2). Memory O(N + D^2).

    For batches that must not repeat themselves where a linear model will be fitted. Like k-center it loves
    outliers of direction, and with `quality` 0 it knows nothing of the model.

    References
    ----------
    Kulesza and Taskar (2012), Determinantal point processes for machine learning.
    Chen, Zhang and Zhou (2018), Fast greedy MAP inference for determinantal point process to improve
    recommendation diversity.

    Examples
    --------
    >>> features_ND = np.array([[1.0, 0.0], [1.0, 0.1], [1.0, 1.0], [0.0, 2.0]])
    >>> known = Candidates(4, features_ND=features_ND, labelled_LD=np.array([[3.0, 0.0]]))
    >>> Determinantal()(known, 2, np.random.default_rng(0))
    array([3, 2])
    """

    ridge: float = 0.1
    quality: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.ridge < np.inf or not 0 <= self.quality < np.inf:
            raise BadInput(
                "ridge must be a number above 0, and quality one from 0 up. "
                f"Got ridge={self.ridge}, quality={self.quality}."
            )

    @property
    def needs(self) -> frozenset[str]:
        """Scores only where they count."""
        return frozenset({"features", "labelled"} | ({"scores"} if self.quality else set()))

    def __call__(self, candidates: Candidates, n: int, rng: Generator, /) -> Indices:
        features_ND = features_of(candidates)
        order = rng.permutation(candidates.size)
        worth_N = self.quality * scores_of(candidates)[order] if self.quality else np.zeros(len(order))
        if not np.isfinite(worth_N).all():
            raise BadInput("Scores must be finite numbers: they weigh against diversity.")
        span = _Span(features_ND, order, worth_N, self.ridge)
        span.take(_unit(labelled_of(candidates)))
        greedy = LazyGreedy(span.at_first(), span.hold, span.adds, FRONT)
        picks = np.empty(n, np.int64)
        for turn in range(n):
            picks[turn] = order[greedy.pick()]
            span.take(_unit(features_ND[picks[turn] : picks[turn] + 1]))
        return picks


class _Span:
    """What is labelled or picked, as the inverse of its regularised second moments."""

    def __init__(self, features_ND: Floats, order: Indices, worth_N: Floats, ridge: float) -> None:
        self.features_ND, self.order, self.worth_N, self.ridge = features_ND, order, worth_N, ridge
        self.inverse_DD: Floats = np.eye(features_ND.shape[1]) / ridge

    def take(self, rows_BD: Floats) -> None:
        """Add rows: one by Sherman and Morrison, many at once by inverting anew."""
        if len(rows_BD) == 1:
            turned_D = self.inverse_DD @ rows_BD[0]
            self.inverse_DD -= np.outer(turned_D, turned_D / (1 + rows_BD[0] @ turned_D))
        elif len(rows_BD):
            moments_DD = rows_BD.T @ rows_BD
            self.inverse_DD = np.linalg.inv(moments_DD + self.ridge * np.eye(len(moments_DD)))

    def at_first(self) -> Floats:
        chunks = [np.arange(s, min(s + CHUNK, len(self.order))) for s in range(0, len(self.order), CHUNK)]
        return np.concatenate([self._gain(_unit(self.features_ND[self.order[c]]), c) for c in chunks])

    def hold(self, rows: Indices) -> None:
        self.rows, self.front_FD = rows, _unit(self.features_ND[self.order[rows]])

    def adds(self, places: Indices) -> Floats:
        return self._gain(self.front_FD[places], self.rows[places])

    def _gain(self, rows_BD: Floats, rows: Indices) -> Floats:
        left_B = self.ridge * np.einsum("bd,bd->b", rows_BD @ self.inverse_DD, rows_BD)
        return np.asarray(self.worth_N[rows] + np.log(self.ridge + np.maximum(left_B, 0)))


def _unit(features_BD: Floats) -> Floats:
    """Return rows at unit length, in float64; a row of zeros stays."""
    rows_BD = features_BD.astype(np.float64)
    lengths_B1 = np.linalg.norm(rows_BD, axis=1, keepdims=True)
    if not np.isfinite(lengths_B1).all():
        raise BadInput("features_ND must be finite numbers. Mend or drop rows with NaN or infinity.")
    return np.asarray(rows_BD / np.where(lengths_B1 > 0, lengths_B1, 1))
