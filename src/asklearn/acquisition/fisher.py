"""Scores from what a label would tell a linear head on the features: its gradient, its variance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from asklearn.acquisition.base import acquisition, check_proba
from asklearn.acquisition.linear import Head, blocks, doubt, head, logistic_head, proba_of
from asklearn.types import Candidates, Floats

TELLS = "its label tells much about items like those that matter"


@acquisition("egl", needs={"proba", "features"}, why="its label may change the model much")
def egl(candidates: Candidates, rng: Generator) -> Floats:
    """Score by the expected length of the gradient that the label would give to the last layer.

    ``sum_c p_c ||p - e_c|| ||phi||``: for each class, the Euclidean norm of the gradient of the log loss with
    respect to the weights of a softmax head on the features phi, without bias, weighted by the model's belief.

    Wins with few labels on features of comparable length. Loses where lengths vary for reasons of their own:
    it likes long features, and so outliers; pass features of unit length to leave that out.

    Returns
    -------
    ndarray of shape (N,)
        From 0 (certain) up; in units of the features.

    Notes
    -----
    Time O(N (C + D)), a block of memory.

    References
    ----------
    Settles, Craven and Ray (2008), Multiple-instance active learning.

    Examples
    --------
    >>> from asklearn.types import Categorical
    >>> known = Categorical(np.array([[0.5, 0.5], [1.0, 0.0]]))
    >>> egl(Candidates(2, known, np.array([[3.0, 4.0], [3.0, 4.0]])), np.random.default_rng(0)).round(4)
    array([3.5355, 0.    ])
    """
    assert candidates.posterior is not None
    proba_NC = candidates.posterior.proba_NC
    check_proba(proba_NC)
    scores_N = np.empty(candidates.size, np.result_type(proba_NC.dtype, np.float32))
    for rows, features_BD in blocks(candidates, proba_NC.shape[1]):
        proba_BC = proba_NC[rows].astype(np.float64)
        squared_BC = np.square(proba_BC).sum(axis=1, keepdims=True) - 2 * proba_BC + 1
        length_B = np.einsum("bc,bc->b", proba_BC, np.sqrt(np.maximum(squared_BC, 0)))
        scores_N[rows] = length_B * np.sqrt(np.einsum("bd,bd->b", features_BD, features_BD))
    return scores_N


@acquisition("variance_reduction", needs={"features", "labelled", "targets"}, why=TELLS)
@dataclass(frozen=True)
class VarianceReduction:
    """Score by how much the label would lower the variance of a ridge regression at the targets.

    V-optimal design: the mean over targets of ``K_mn^2 / (1 + K_nn)``, with K the posterior covariance of
    answers. It looks at the features only: neither at labels nor at the model, so that pending items count
    as labelled.

    Wins with few labels, where it covers what targets have in common (in our trial its rank correlation
    with the true gain was +0.6 at 200 labels of Banking77). Loses with many: uncertainty is worth more then
    (-0.6 at 900 labels), and what it adds to random is small.

    Parameters
    ----------
    ridge : float
        Penalty, on features of unit mean squared norm; above 0.

    Notes
    -----
    Time O((N + L + M) D^2 + D^3), memory O(D^2 + (L + M) D) and a block.

    References
    ----------
    Cohn, Ghahramani and Jordan (1996), Active learning with statistical models.
    Yu, Bi and Tresp (2006), Active learning via transductive experimental design.

    Examples
    --------
    >>> from asklearn.types import Categorical, Targets
    >>> targets = Targets(np.array([[1.0], [-1.0]]), Categorical(np.full((2, 2), 0.5)))
    >>> of = Candidates(2, features_ND=np.array([[1.0], [-1.0]]), labelled_LD=np.array([[1.0]]), targets=targets)
    >>> VarianceReduction(ridge=0.5)(of, np.random.default_rng(0)).round(3)
    array([0.178, 1.6  ])
    """

    ridge: float = 0.1

    def __call__(self, candidates: Candidates, rng: Generator, /) -> Floats:
        """Return a score for each candidate, shape (N,)."""
        assert candidates.targets is not None
        assert candidates.labelled_LD is not None
        seen = head(candidates.targets.features_MD, candidates.labelled_LD, self.ridge)
        return _trace_falls(candidates, seen, seen.targets_MP)


@acquisition("fisher", needs={"proba", "features", "labelled", "targets", "predict"}, why=TELLS)
@dataclass(frozen=True)
class FisherRatio:
    """Score by how much the label would lower the Fisher information ratio, ``tr(I_labelled^-1 I_targets)``.

    The information of a label is that of a logistic head for "is the likeliest class right", with weight
    ``w = p (1 - p)``, p the probability of the likeliest class; so it stays D x D for any number of classes.
    The score is ``w s / (1 + w a)`` with ``a = phi^T I^-1 phi`` and ``s = phi^T I^-1 F I^-1 phi``, exact for one
    label. The first pick of BAIT with the same approximation.

    Wins over :class:`VarianceReduction` where the model is calibrated: it leaves out what is certain.
    Loses its meaning where the model is confidently wrong (w near 0).

    Parameters
    ----------
    ridge : float
        Penalty, on features of unit mean squared norm; above 0. A logistic regression with penalty C there
        has ridge 1 / C.

    Notes
    -----
    Time O((N + L + M) D^2 + D^3), memory O(D^2 + (L + M) D) and a block.

    References
    ----------
    Zhang and Oles (2000), The value of unlabeled data for classification problems.
    Ash et al. (2021), Gone fishing: neural active learning with Fisher embeddings.
    Huseljic et al. (2024), Fast Fishing: approximating BAIT.

    Examples
    --------
    >>> from asklearn.types import Categorical, Targets
    >>> half = Categorical(np.full((2, 2), 0.5))
    >>> targets = Targets(np.array([[1.0], [-1.0]]), half)
    >>> of = Candidates(
    ...     2, half, np.array([[1.0], [-1.0]]), np.array([[1.0]]), targets=targets,
    ...     predict=lambda features: Categorical(np.full((len(features), 2), 0.5)))
    >>> FisherRatio(ridge=0.5)(of, np.random.default_rng(0)).round(3)
    array([0.083, 0.25 ])
    """

    ridge: float = 0.1

    def __call__(self, candidates: Candidates, rng: Generator, /) -> Floats:
        """Return a score for each candidate, shape (N,)."""
        proba_NC, proba_MC, targets = proba_of(candidates)
        seen = logistic_head(candidates, targets, self.ridge)
        weighted_MP = seen.targets_MP * np.sqrt(doubt(proba_MC))[:, None]
        return _trace_falls(candidates, seen, weighted_MP, doubt(proba_NC))


def _trace_falls(
    candidates: Candidates, seen: Head, targets_MP: Floats, weight_N: Floats | None = None
) -> Floats:
    """Return how much one more label, counted by its weight, lowers the mean squared length of targets."""
    spread_PP = targets_MP.T @ targets_MP / len(targets_MP)
    scores_N = np.empty(candidates.size, seen.whitening_PP.dtype)
    for rows, features_BD in blocks(candidates, len(spread_PP)):
        features_BP = seen.whitened(features_BD)
        shared_B = np.einsum("bp,bp->b", features_BP @ spread_PP, features_BP)
        own_B = np.einsum("bp,bp->b", features_BP, features_BP)
        weight_B = np.ones_like(own_B) if weight_N is None else weight_N[rows]
        scores_N[rows] = weight_B * shared_B / (1 + weight_B * own_B)
    return scores_N
