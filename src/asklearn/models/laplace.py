"""Posterior draws of logistic regression in closed form, by Laplace's approximation."""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np
from numpy.random import Generator
from scipy.linalg import cholesky, solve_triangular
from sklearn.utils.validation import check_is_fitted

from asklearn.calibration import softmax
from asklearn.errors import BadInput
from asklearn.models.logistic import TunedLogisticRegression
from asklearn.registry import register
from asklearn.types import Floats


@register("models", "laplace")
class LaplaceLogisticRegression(TunedLogisticRegression):
    """The default logistic regression with a Gaussian around its weights (MacKay 1992).

    The precision of the weights is the Hessian of the penalised log likelihood at its maximum: the penalty
    plus, over the items that it was trained on, the curvature of the softmax times the outer product of the
    features (a one is appended to them for the intercept, and penalised like the rest). For two classes
    it is exact. For more, where it would have (C D)^2 entries, the D x D block of each class is kept and what
    lies between classes is left out.

    It predicts as ``logistic`` does, from the maximum itself: averaging over the draws would cost accuracy
    while labels are few. Draws come in pairs, on either side of the maximum.

    Parameters
    ----------
    draws : int
        Number of draws K, an even number.
    C, temperature, folds, random_state
        As in ``logistic``; the seed also decides the draws.

    Attributes
    ----------
    weights_ : ndarray of shape (K, D, C)
        Weights of each draw on the features as they came, temperature included.
    biases_ : ndarray of shape (K, C)

    Notes
    -----
    Beyond the fit of ``logistic``: O(C D^2 (L + D)) once, with one block in memory, and O(K C D^2) for the
    draws.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> X, y = load_digits(return_X_y=True)
    >>> model = LaplaceLogisticRegression(random_state=0).fit(X[:300], y[:300])
    >>> draws_KNC = model.predict_proba_draws(X[300:])
    >>> draws_KNC.shape, round(float(model.score(X[300:], y[300:])), 2)
    ((20, 1497, 10), 0.87)
    """

    proba_is_mean_of_draws = False

    def __init__(
        self,
        draws: int = 20,
        C: float | Literal["auto"] = "auto",
        temperature: float | Literal["auto"] = "auto",
        folds: int = 3,
        random_state: int | None = None,
    ) -> None:
        super().__init__(C, temperature, folds, random_state)
        self.draws = draws

    def fit(self, X: Any, y: Any, sample_weight: Floats | None = None) -> Self:
        """Train on features of shape (L, D) with at least two classes in `y`."""
        if self.draws < 2 or self.draws % 2:
            raise BadInput(f"draws must be even and at least 2. Got draws={self.draws}.")
        X = np.asarray(X)
        super().fit(X, y, sample_weight)
        proba_LC = softmax(self.temperature_ * self.decision_function(X).astype(np.float64))
        features_LD = np.ones((len(X), X.shape[1] + 1))
        features_LD[:, :-1] = self._scaled(X)
        weight_L = np.ones(len(X)) if sample_weight is None else np.asarray(sample_weight, np.float64)
        rng = np.random.default_rng(self.random_state)
        noise_KDC = _noise(features_LD, weight_L, proba_LC, 1 / self.C_, self.draws // 2, rng)
        noise_KDC = np.concatenate([noise_KDC, -noise_KDC]) / self.temperature_
        moved_KDC = noise_KDC[:, :-1] / self.scale_
        shift_KC = noise_KDC[:, -1] - np.einsum("kdc,d->kc", moved_KDC, self.mean_)
        self.weights_ = (self.coef_.T + moved_KDC).astype(self.coef_.dtype)
        self.biases_ = (self.intercept_ + shift_KC).astype(self.coef_.dtype)
        return self

    def predict_proba_draws(self, X: Any) -> Floats:
        """Return the probabilities by each draw, shape (K, N, C)."""
        check_is_fitted(self)
        X = np.asarray(X)
        draws_KNC = np.empty((len(self.weights_), len(X), len(self.classes_)), np.float32)
        for proba_NC, weights_DC, bias_C in zip(draws_KNC, self.weights_, self.biases_, strict=True):
            proba_NC[...] = softmax(X @ weights_DC + bias_C)
        return draws_KNC


def precision(features_LD: Floats, curvature_L: Floats, penalty: float) -> Floats:
    """Return the Hessian of one class: features' outer products by curvature, and the penalty.

    Examples
    --------
    >>> precision(np.array([[1.0, 2.0]]), np.array([0.25]), 1.0)
    array([[1.25, 0.5 ],
           [0.5 , 2.  ]])
    """
    precision_DD: Floats = (features_LD * curvature_L[:, None]).T @ features_LD
    precision_DD[np.diag_indices_from(precision_DD)] += penalty
    return precision_DD


def _noise(
    features_LD: Floats, weight_L: Floats, proba_LC: Floats, penalty: float, draws: int, rng: Generator
) -> Floats:
    """Draw deviations from the maximum, shape (draws, D, C), class by class.

    For two classes the posterior is that of the difference of their logits, which they share.
    """
    classes = proba_LC.shape[1]
    noise_KDC = np.empty((draws, features_LD.shape[1], classes))
    for c in range(classes if classes > 2 else 1):
        curvature_L = weight_L * proba_LC[:, c] * (1 - proba_LC[:, c])
        root_DD = cholesky(precision(features_LD, curvature_L, penalty), lower=True)
        drawn_DK = rng.standard_normal((len(root_DD), draws))
        noise_KDC[:, :, c] = solve_triangular(root_DD, drawn_DK, lower=True, trans="T").T
    if classes == 2:
        noise_KDC[:, :, 0] /= -2
        noise_KDC[:, :, 1] = -noise_KDC[:, :, 0]
    return noise_KDC
