"""Scores from draws at the candidates and at targets: what would a label tell about the answers there?

All rest on one array that is never held as a whole: the joint belief ``mean_k p_kc p*_kmd`` that candidate
n is of class c and target m of class d. It is made a tile at a time by matrix products.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.random import Generator

from asklearn.acquisition.base import acquisition, by_blocks
from asklearn.errors import BadInput
from asklearn.types import Candidates, Floats

Tile: TypeAlias = tuple[Floats, Floats]

ROWS, COLUMNS = 100, 2000  # of a tile of (candidate, class) by (target, class): it stays in the cache
FEW_CLASSES = 64  # up to here a class at a time is faster than a target at a time
NEVER_ZERO = 1e-15  # its square keeps the logarithm finite, and is lost in any other number


@acquisition("epig", needs={"draws", "targets"}, why="its label tells much about the answers that matter")
def epig(candidates: Candidates, rng: Generator) -> Floats:
    """Score by the expected predictive information gain: what the label tells about labels of targets.

    The mean over targets of the mutual information between the candidate's label and the target's,
    ``mean_m KL(p(y, y*_m) || p(y) p(y*_m))`` with ``p(y, y*) = mean_k p_k(y) p_k(y*)``, in nats.

    Wins over :func:`~asklearn.acquisition.committee.bald` where the pool holds much that is irrelevant or
    out of distribution, which BALD likes because the draws disagree there. Loses where the draws are few or
    no draws of a posterior: with K draws the gain is at most ``log K``, and is overestimated for small K. On
    digits (100 labels) it beat random with the draws of a Laplace approximation, and lost to it with ten
    bootstrap copies: copies that lack a rare class disagree for no good reason, and of a class without a label
    no draw knows anything.

    Returns
    -------
    ndarray of shape (N,)
        From 0 (the label says nothing about the targets) to ``log min(K, C)``.

    Notes
    -----
    Time O(N M K C^2), in matrix products and one logarithm for each (candidate, target, class, class);
    memory O(K M C) beside the inputs. The integrand is taken as ``r log r - r + 1`` of the ratio r of joint
    and product, which is nowhere negative, so that nothing cancels.

    References
    ----------
    Bickford Smith et al. (2023), Prediction-oriented Bayesian active learning.

    Examples
    --------
    >>> from asklearn.types import Categorical, Targets
    >>> draws_KNC = np.array([[[0.9, 0.1], [0.5, 0.5]], [[0.1, 0.9], [0.5, 0.5]]])
    >>> known = Categorical(draws_KNC.mean(axis=0), draws_KNC)
    >>> targets = Targets(np.zeros((1, 2)), Categorical(known.proba_NC[:1], draws_KNC[:, :1]))
    >>> epig(Candidates(2, known, targets=targets), np.random.default_rng(0)).round(4)
    array([0.2218, 0.    ])
    """
    draws_KNC, draws_KMC = _draws(candidates)
    classes = draws_KNC.shape[2]
    tiles = [_ratios(part_KMC) for part_KMC in _parts(draws_KMC, COLUMNS // classes)]
    return _by_parts(partial(_shared_nats, tiles=tiles, room=_room(tiles, classes)), draws_KNC)


def epig_gaussian(covariance_NM: Floats, variance_N: Floats, variance_M: Floats) -> Floats:
    """Return the expected predictive information gain of Gaussian predictions, in nats.

    ``mean_m -1/2 log(1 - rho_nm^2)`` with the correlation rho of the answers at candidate n and target m.

    Parameters
    ----------
    covariance_NM : ndarray of shape (N, M)
        Covariance of the answers; without the noise, which two answers do not share.
    variance_N, variance_M : ndarray of shape (N,) and (M,)
        Variance of each answer, the noise included.

    Returns
    -------
    ndarray of shape (N,)
        From 0 up; infinite where an answer is known from another one.

    Raises
    ------
    BadInput
        If a variance is not above 0, or a covariance is larger than its variances allow.

    References
    ----------
    Bickford Smith et al. (2023), Prediction-oriented Bayesian active learning.

    Examples
    --------
    >>> epig_gaussian(np.array([[0.6, 0.0]]), np.array([1.0]), np.array([1.0, 2.0])).round(4)
    array([0.1116])
    """
    if not (np.all(variance_N > 0) and np.all(variance_M > 0)):
        raise BadInput("Variances must be numbers above 0: add the noise, or leave out what is known.")
    squared_NM = covariance_NM**2 / variance_N[:, None] / variance_M
    if not np.all(squared_NM <= 1 + 1e-5):
        raise BadInput(
            f"A covariance must not exceed its variances: a correlation squared is {squared_NM.max():.3g}. "
            "Give variances with the noise included."
        )
    with np.errstate(divide="ignore"):
        gain_N: Floats = -np.log1p(-np.minimum(squared_NM, 1)).mean(axis=1) / 2
    return gain_N


@acquisition("mocu", needs={"draws", "targets"}, why="its label may change decisions that matter")
def mocu(candidates: Candidates, rng: Generator) -> Floats:
    """Score by how many more targets the best decision is expected to get right once the label is known.

    The expected fall of the mean objective cost of uncertainty, ``E_x*[E_k max_y p_k(y) - max_y E_k p_k(y)]``:
    what the Bayes classifier loses, at the targets, to the best classifier of each draw. The draws are
    reweighted by Bayes' rule for each possible label. This is expected error reduction with exact updates.

    Wins with few labels and draws that are true to the posterior (bootstrap copies are less so than those of
    a Laplace approximation). Loses later: it is exactly 0 wherever no single label can turn a decision, so
    that it is blind on plateaus; see :class:`WMOCU`.

    Returns
    -------
    ndarray of shape (N,)
        From 0 (no decision can change) to ``1 - 1 / C``.

    Notes
    -----
    Time O(N M K C^2), in matrix products; memory O(K M C) beside the inputs.

    References
    ----------
    Zhao et al. (2021), Uncertainty-aware active learning for optimal Bayesian classifier.

    Examples
    --------
    >>> from asklearn.types import Categorical, Targets
    >>> draws_KNC = np.array([[[0.9, 0.1], [0.5, 0.5]], [[0.1, 0.9], [0.5, 0.5]]])
    >>> known = Categorical(draws_KNC.mean(axis=0), draws_KNC)
    >>> targets = Targets(np.zeros((1, 2)), Categorical(known.proba_NC[:1], draws_KNC[:, :1]))
    >>> mocu(Candidates(2, known, targets=targets), np.random.default_rng(0)).round(4)
    array([0.32, 0.  ])
    """
    return _cost_reduction(candidates, 0.0)


@acquisition("wmocu", needs={"draws", "targets"}, why="its label may change decisions that matter")
@dataclass(frozen=True)
class WMOCU:
    """Score as :func:`mocu`, with a weight that still sees what no single label can turn.

    The cost of uncertainty K at a target counts as ``(1 - c K) K``. That is strictly concave in the belief,
    so that any label that moves the belief has some worth; where every label is asked often enough, the
    classifier converges to the best one.

    Wins over ``mocu`` on its plateaus. Loses to it in the first few steps, by little.

    Parameters
    ----------
    c : float
        From 0 (``mocu``) up to 1, the authors' choice for two classes. At 1/2 and below no score is
        negative, whatever the number of classes.

    Notes
    -----
    Time O(N M K C^2), in matrix products; memory O(K M C) beside the inputs.

    References
    ----------
    Zhao et al. (2021), Uncertainty-aware active learning for optimal Bayesian classifier.

    Examples
    --------
    >>> from asklearn.types import Categorical, Targets
    >>> draws_KNC = np.array([[[0.6, 0.4], [0.5, 0.5]], [[0.4, 0.6], [0.5, 0.5]]])
    >>> sure_KMC = np.array([[[0.9, 0.1]], [[0.4, 0.6]]])
    >>> targets = Targets(np.zeros((1, 2)), Categorical(sure_KMC.mean(axis=0), sure_KMC))
    >>> of = Candidates(2, Categorical(draws_KNC.mean(axis=0), draws_KNC), targets=targets)
    >>> mocu(of, np.random.default_rng(0)).round(4)
    array([0., 0.])
    >>> WMOCU(c=1.0)(of, np.random.default_rng(0)).round(4)
    array([0.0004, 0.    ])
    """

    c: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.c <= 1:
            raise BadInput(f"c must be a number from 0 to 1. Got {self.c}.")

    def __call__(self, candidates: Candidates, rng: Generator, /) -> Floats:
        """Return a score for each candidate, shape (N,)."""
        return _cost_reduction(candidates, self.c)


def _draws(candidates: Candidates) -> tuple[Floats, Floats]:
    """Return the draws at the candidates and at the targets, checked to be of one model."""
    assert candidates.posterior is not None
    assert candidates.targets is not None
    draws_KNC, draws_KMC = candidates.posterior.draws_KNC, candidates.targets.posterior.draws_KNC
    assert draws_KNC is not None
    if draws_KMC is None or draws_KMC.shape[::2] != draws_KNC.shape[::2] or draws_KMC.shape[1] == 0:
        found = "none" if draws_KMC is None else f"shape {draws_KMC.shape}"
        raise BadInput(
            f"The targets must have draws of shape ({draws_KNC.shape[0]}, M, {draws_KNC.shape[2]}), M > 0: "
            f"the candidates', in the same order. Got {found}."
        )
    return draws_KNC, np.asarray(draws_KMC, np.result_type(draws_KNC.dtype, np.float32))


def _parts(draws_KMC: Floats, step: int) -> Iterator[Floats]:
    for start in range(0, draws_KMC.shape[1], max(1, step)):
        yield draws_KMC[:, start : start + max(1, step)]


def _by_parts(score: Callable[[Floats], Floats], draws_KNC: Floats) -> Floats:
    step = ROWS // draws_KNC.shape[2]
    return by_blocks(lambda block: np.concatenate([score(part) for part in _parts(block, step)]), draws_KNC)


def _room(tiles: list[Tile], classes: int) -> Floats:
    """Return two arrays that hold any tile, to be filled again and again: new memory costs as much as a log."""
    widest_KY = tiles[0][0]
    return np.empty((2, max(1, ROWS // classes) * classes * widest_KY.shape[1]), widest_KY.dtype)


def _ratios(draws_KBC: Floats) -> tuple[Floats, Floats]:
    """Return each draw over the mean of the draws, with one more draw that is next to nothing; the mean."""
    mean_X = draws_KBC.mean(axis=0).ravel()
    ratios_KX = np.full((len(draws_KBC) + 1, mean_X.size), NEVER_ZERO, draws_KBC.dtype)
    floor = np.finfo(mean_X.dtype).tiny
    np.divide(draws_KBC.reshape(len(draws_KBC), -1), np.maximum(mean_X, floor), out=ratios_KX[:-1])
    return ratios_KX, mean_X


def _shared_nats(block_KBC: Floats, tiles: list[Tile], room: Floats) -> Floats:
    members, size, _ = block_KBC.shape
    ratios_KX, weight_X = _ratios(block_KBC)
    ratios_KX *= 1 / (members * np.e)  # of r / e the logarithm is log r - 1
    nats_X = np.zeros_like(weight_X)
    for target_ratios_KY, weight_Y in tiles:
        shape = len(weight_X), len(weight_Y)
        ratio_XY, terms_XY = room[:, : shape[0] * shape[1]].reshape(2, *shape)
        np.matmul(ratios_KX.T, target_ratios_KY, out=ratio_XY)
        np.log(ratio_XY, out=terms_XY)
        terms_XY *= ratio_XY
        terms_XY += 1 / np.e
        nats_X += terms_XY @ weight_Y
    targets = sum(len(weight_Y) for _, weight_Y in tiles) // block_KBC.shape[2]
    nats_B: Floats = (nats_X * weight_X).reshape(size, -1).sum(axis=1) * (np.e / targets)
    return np.maximum(nats_B, 0, out=nats_B)


def _cost_reduction(candidates: Candidates, c: float) -> Floats:
    draws_KNC, draws_KMC = _draws(candidates)
    classes = draws_KNC.shape[2]
    tiles = [_regrets(part_KMC) for part_KMC in _parts(draws_KMC, COLUMNS // classes)]
    return _by_parts(partial(_cost_falls, tiles=tiles, c=c, room=_room(tiles, classes)), draws_KNC)


def _regrets(draws_KMC: Floats) -> tuple[Floats, Floats]:
    """Return what deciding for each class costs each draw at each target, best decision first; the best's."""
    regret_KMC = draws_KMC.max(axis=2, keepdims=True) - draws_KMC
    order_MC = regret_KMC.mean(axis=0).argsort(axis=1)
    regret_KMC = np.take_along_axis(regret_KMC, order_MC[None], axis=2)
    cost_M = regret_KMC[:, :, 0].mean(axis=0)
    if draws_KMC.shape[2] <= FEW_CLASSES:
        regret_KMC = np.ascontiguousarray(regret_KMC.transpose(0, 2, 1))
    return regret_KMC.reshape(len(draws_KMC), -1), cost_M


def _cost_falls(block_KBC: Floats, tiles: list[Tile], c: float, room: Floats) -> Floats:
    members, size, classes = block_KBC.shape
    shares_KX = (block_KBC / members).reshape(members, -1)
    proba_X = shares_KX.sum(axis=0)
    fall_X, square_X, targets, square = np.zeros_like(proba_X), np.zeros_like(proba_X), 0, 0.0
    for regret_KY, cost_M in tiles:
        shape = len(proba_X), regret_KY.shape[1]
        cost_XY = room[0, : shape[0] * shape[1]].reshape(shape)
        np.matmul(shares_KX.T, regret_KY, out=cost_XY)
        if classes <= FEW_CLASSES:
            cost_XMC = cost_XY.reshape(len(proba_X), classes, -1).transpose(0, 2, 1)
        else:
            cost_XMC = cost_XY.reshape(len(proba_X), -1, classes)
        least_XM = cost_XMC.min(axis=2)
        fall_X += (cost_XMC[:, :, 0] - least_XM).sum(axis=1)
        if c:
            square_X += np.einsum("xm,xm->x", least_XM, least_XM)
            square += float(cost_M @ cost_M)
        targets += len(cost_M)
    fall_X += c * square_X / np.maximum(proba_X, np.finfo(proba_X.dtype).tiny)
    falls_B: Floats = (fall_X.reshape(size, -1).sum(axis=1) - c * square) / targets
    return falls_B
