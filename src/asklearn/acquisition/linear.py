"""A linear head on the features: what it has seen of a direction, and what one more label would change.

Candidates, labelled items and targets get common features: centred on the targets, divided by the root mean
squared norm of the targets, and a 1 for the bias. So one strength of the penalty suits any scale.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from asklearn.acquisition.base import check_proba
from asklearn.errors import BadInput
from asklearn.selection.base import features_of
from asklearn.types import Candidates, Floats, Targets

BLOCK_NUMBERS = 1 << 19


@dataclass(frozen=True, slots=True)
class Head:
    """What a linear head with a quadratic penalty has learnt from the labelled items.

    Attributes
    ----------
    mean_D, scale : ndarray of shape (D,), float
        What features are centred on and divided by.
    whitening_PP : ndarray of shape (P, P), P = D + 1
        ``W W^T = (ridge + sum_l w_l phi_l phi_l^T)^-1``, so that the posterior covariance of two answers is the
        dot product of their whitened features.
    labelled_LP, targets_MP : ndarray of shape (L, P) and (M, P)
        Whitened features of the labelled items and of the targets.
    """

    mean_D: Floats
    scale: float
    whitening_PP: Floats
    labelled_LP: Floats
    targets_MP: Floats

    def whitened(self, features_BD: Floats) -> Floats:
        """Return the whitened features of items, shape (B, P)."""
        found_BP: Floats = _common(features_BD, self.mean_D, self.scale) @ self.whitening_PP
        return found_BP


def head(targets_MD: Floats, labelled_LD: Floats, ridge: float, weight_L: Floats | None = None) -> Head:
    """Return the head that has seen `labelled_LD`, each counted by its weight.

    Time O((L + M) D^2 + D^3), memory O(D^2 + (L + M) D).

    Raises
    ------
    BadInput
        If `ridge` is not above 0, there is no target, or a feature is not finite.

    Examples
    --------
    >>> targets_MD, seen_LD = np.array([[1.0], [-1.0]]), np.array([[1.0]])
    >>> variance_M = (head(targets_MD, seen_LD, ridge=0.5).targets_MP ** 2).sum(axis=1)
    >>> variance_M.round(2)
    array([0.8, 4. ])
    """
    if not 0 < ridge < np.inf:
        raise BadInput(f"ridge must be a number above 0. Got {ridge}.")
    if len(targets_MD) == 0:
        raise BadInput("There must be targets. Got none: give at least one row of features.")
    dtype = np.result_type(targets_MD.dtype, np.float32)
    mean_D = targets_MD.mean(axis=0, dtype=np.float64)
    scale = float(np.sqrt(np.square(targets_MD - mean_D).sum(axis=1).mean())) or 1.0
    labelled_LP = _common(labelled_LD, mean_D, scale).astype(np.float64)
    weighted_LP = labelled_LP if weight_L is None else labelled_LP * weight_L[:, None]
    precision_PP = labelled_LP.T @ weighted_LP
    precision_PP[np.diag_indices_from(precision_PP)] += ridge
    if not (np.isfinite(scale) and np.isfinite(precision_PP).all()):
        raise BadInput("Features of targets and labelled items must be finite. Got NaN or infinity.")
    whitening_PP = np.linalg.inv(np.linalg.cholesky(precision_PP)).T
    return Head(
        mean_D,
        scale,
        whitening_PP.astype(dtype),
        (labelled_LP @ whitening_PP).astype(dtype),
        (_common(targets_MD, mean_D, scale) @ whitening_PP).astype(dtype),
    )


def logistic_head(candidates: Candidates, targets: Targets, ridge: float) -> Head:
    """Return the head of a logistic model: a labelled item weighs as much as the model doubts about it."""
    assert candidates.labelled_LD is not None
    assert candidates.predict is not None
    labelled_LD = candidates.labelled_LD
    weight_L = doubt(candidates.predict(labelled_LD).proba_NC) if len(labelled_LD) else None
    return head(targets.features_MD, labelled_LD, ridge, weight_L)


def blocks(candidates: Candidates, numbers: int) -> Iterator[tuple[slice, Floats]]:
    """Yield the candidates' features in blocks of rows, so many that `numbers` each make a block.

    Examples
    --------
    >>> of = Candidates(3, features_ND=np.zeros((3, 2)))
    >>> [rows.stop for rows, _ in blocks(of, numbers=BLOCK_NUMBERS // 2)]
    [2, 4]
    """
    features_ND = features_of(candidates)
    step = max(1, BLOCK_NUMBERS // max(numbers, features_ND.shape[1]))
    for start in range(0, candidates.size, step):
        yield slice(start, start + step), features_ND[start : start + step]


def proba_of(candidates: Candidates) -> tuple[Floats, Floats, Targets]:
    """Return the probabilities of candidates and targets, checked to be of the same classes; the targets.

    Raises
    ------
    BadInput
        If they are of different classes, or a candidate's is not a probability.
    """
    assert candidates.posterior is not None
    assert candidates.targets is not None
    proba_NC, proba_MC = candidates.posterior.proba_NC, candidates.targets.posterior.proba_NC
    if proba_NC.shape[1] != proba_MC.shape[1]:
        raise BadInput(
            f"Candidates and targets must have probabilities of the same classes. Got {proba_NC.shape[1]} "
            f"and {proba_MC.shape[1]} columns."
        )
    check_proba(proba_NC)
    return proba_NC, proba_MC, candidates.targets


def doubt(proba_NC: Floats) -> Floats:
    """Return ``p (1 - p)`` of the likeliest class: how much a label weighs in a logistic head, shape (N,).

    Examples
    --------
    >>> doubt(np.array([[0.75, 0.25], [1.0, 0.0]]))
    array([0.1875, 0.    ])
    """
    highest_N = proba_NC.max(axis=1)
    weight_N: Floats = highest_N * (1 - highest_N)
    return np.maximum(weight_N, 0)


def _common(features_BD: Floats, mean_D: Floats, scale: float) -> Floats:
    dtype = np.result_type(features_BD.dtype, np.float32)
    common_BP = np.ones((len(features_BD), len(mean_D) + 1), dtype)
    np.subtract(features_BD, mean_D, out=common_BP[:, :-1], casting="unsafe")
    common_BP[:, :-1] /= scale
    return common_BP
