"""A score times a weight: where candidates are dense, or per unit of what a label costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from asklearn.acquisition.base import acquisition
from asklearn.errors import BadInput
from asklearn.protocols import Acquisition
from asklearn.registry import resolve
from asklearn.selection.base import features_of
from asklearn.types import Candidates, Floats

CHUNK = 16_384


@acquisition("density_weighted", pointwise=False, why="the model is unsure of it, and there are many like it")
@dataclass(frozen=True)
class DensityWeighted:
    """Multiply what a score is worth by the mean similarity to all candidates (information density).

    ``(score - zero) * mean(similarity) ** beta``; the similarity of two items is ``(1 + cosine) / 2``, from
    0 to 1, of features about their mean.

    Parameters
    ----------
    score : str or Acquisition
        What is weighted.
    beta : float
        The weight's exponent; 0 leaves the score alone.
    zero : float, optional
        The score that is worth nothing: -1 for margin by default, 0 for others.

    Returns
    -------
    ndarray of shape (N,)
        0 or more.

    Raises
    ------
    BadInput
        If a score is below `zero`, or `beta` is negative.

    Notes
    -----
    O(N D) time: the mean cosine with all candidates is the product with their mean direction, exactly.
    One pass for the mean, one for the lengths, one for the product; no N x N.

    Wins where outliers are many or the pool has a dense core that decides (on TREC, another library's
    density-weighted margin led our table of peers); loses with many classes of equal size (on Banking77 that
    one was below random), since it keeps asking where classes are crowded. An item alike to none is not favoured:
    the weight rises with similarity.

    References
    ----------
    Settles and Craven (2008), An analysis of active learning strategies for sequence labeling tasks.

    Examples
    --------
    >>> from asklearn.types import Categorical
    >>> known = Candidates(3, Categorical(np.array([[0.5, 0.5], [0.5, 0.5], [1.0, 0.0]])),
    ...                    features_ND=np.array([[1.0, 0.0], [-3.0, 0.0], [2.0, 0.0]]))
    >>> DensityWeighted()(known, np.random.default_rng(0)).round(4)
    array([0.6667, 0.3333, 0.    ])
    """

    score: str | Acquisition = "margin"
    beta: float = 1.0
    zero: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.beta < np.inf:
            raise BadInput(f"beta must be a number from 0 up. Got {self.beta}.")
        _base(self.score)

    @property
    def needs(self) -> frozenset[str]:
        """What the score needs, and the features."""
        return _base(self.score).needs | {"features"}

    def __call__(self, candidates: Candidates, rng: Generator, /) -> Floats:
        worth_N = _worth(_base(self.score), self.zero, candidates, rng, "density_weighted")
        weight_N = _mean_similarity(features_of(candidates)) ** self.beta
        return np.asarray(worth_N * weight_N, worth_N.dtype)


@acquisition("per_cost", why="it is worth much for the time that it takes")
@dataclass(frozen=True)
class PerCost:
    """Divide what a score is worth by what the label costs: utility per second, or per unit of money.

    ``(score - zero) / cost``. In a learner, costs are seconds, estimated from the times that annotators
    took (:func:`asklearn.costs.fit_costs`); while none is known all cost the same and the order is that of
    the score.

    Parameters
    ----------
    score : str or Acquisition
        What is divided.
    zero : float, optional
        The score that is worth nothing: -1 for margin by default, 0 for others.

    Returns
    -------
    ndarray of shape (N,)
        0 or more, per unit of cost.

    Raises
    ------
    BadInput
        If a score is below `zero`, or a cost is not above 0.

    Notes
    -----
    O(N) beside the score. Wins where costs vary much and can be foretold (long beside short texts); loses
    where the score is higher for what takes longer, which is common: then it asks the easy items only.
    With costs that cannot be foretold the estimates shrink to the median, and nothing changes.

    References
    ----------
    Settles, Craven and Friedland (2008), Active learning with real annotation costs.
    Haertel et al. (2008), Return on investment for active learning.

    Examples
    --------
    >>> from asklearn.types import Categorical
    >>> known = Candidates(2, Categorical(np.array([[0.5, 0.5], [0.75, 0.25]])), costs_N=np.array([8.0, 2.0]))
    >>> PerCost("margin")(known, np.random.default_rng(0))
    array([0.125, 0.25 ])
    """

    score: str | Acquisition = "margin"
    zero: float | None = None

    def __post_init__(self) -> None:
        _base(self.score)

    @property
    def needs(self) -> frozenset[str]:
        """What the score needs, and the costs."""
        return _base(self.score).needs | {"costs"}

    @property
    def pointwise(self) -> bool:
        """As the score's."""
        return _base(self.score).pointwise

    def __call__(self, candidates: Candidates, rng: Generator, /) -> Floats:
        costs_N = candidates.costs_N
        assert costs_N is not None
        if not (np.isfinite(costs_N).all() and (costs_N > 0).all()):
            row = int(np.flatnonzero(~(np.isfinite(costs_N) & (costs_N > 0)))[0])
            raise BadInput(f"A label must cost more than 0. Got {costs_N[row]} for row {row} of costs_N.")
        worth_N = _worth(_base(self.score), self.zero, candidates, rng, "per_cost")
        return np.asarray(worth_N / costs_N, worth_N.dtype)


def _base(score: str | Acquisition) -> Acquisition:
    found = resolve("acquisition", score) if isinstance(score, str) else score
    if not isinstance(found, Acquisition):
        raise BadInput(f"score must be an acquisition function or its name. Got {type(score).__name__}.")
    return found


def _worth(
    score: Acquisition, zero: float | None, candidates: Candidates, rng: Generator, name: str
) -> Floats:
    scores_N = score(candidates, rng)
    nothing = (-1.0 if score.name == "margin" else 0.0) if zero is None else zero
    open_N = scores_N if candidates.blocked_N is None else scores_N[~candidates.blocked_N]
    if open_N.min(initial=np.inf) < nothing - 1e-6:
        raise BadInput(
            f"{name!r} weighs what a score is worth, so none may be below zero={nothing}. "
            f"Got {open_N.min()} from {score.name!r}: give zero=, the score that is worth nothing."
        )
    return np.maximum(scores_N - scores_N.dtype.type(nothing), 0)


def _mean_similarity(features_ND: Floats) -> Floats:
    """Return the mean over all items of (1 + cosine) / 2 with each, of features about their mean."""
    size, dims = features_ND.shape
    kind = np.result_type(features_ND, np.float32)
    starts = range(0, size, CHUNK)
    mean_D, direction_D, lengths_N = np.zeros(dims), np.zeros(dims), np.empty(size, kind)
    for start in starts:
        mean_D += features_ND[start : start + CHUNK].sum(axis=0, dtype=np.float64) / size
    centre_D = mean_D.astype(kind)
    for start in starts:
        apart_BD = features_ND[start : start + CHUNK] - centre_D
        lengths_B = np.sqrt(np.einsum("bd,bd->b", apart_BD, apart_BD))
        lengths_N[start : start + CHUNK] = lengths_B
        direction_D += np.divide(1, lengths_B, where=lengths_B > 0, out=np.zeros_like(lengths_B)) @ apart_BD
    direction_D = (direction_D / max(size, 1)).astype(kind)
    cosine_N = np.empty(size, kind)
    for start in starts:
        cosine_N[start : start + CHUNK] = (features_ND[start : start + CHUNK] - centre_D) @ direction_D
    cosine_N = np.divide(cosine_N, lengths_N, where=lengths_N > 0, out=np.zeros_like(cosine_N))
    return np.clip((1 + cosine_N) / 2, 0, 1)
