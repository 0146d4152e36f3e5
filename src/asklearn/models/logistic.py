"""The default model: logistic regression that sets its own strength and means its probabilities."""

from __future__ import annotations

import warnings
from functools import partial
from typing import Any, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.utils.validation import check_is_fitted

from asklearn.calibration import softmax
from asklearn.models._tuning import held_out, settle_temperature, stratified_folds
from asklearn.registry import lookup, register
from asklearn.types import Floats, Indices

STRENGTHS = (1.0, 10.0, 100.0, 1000.0)
FEW = 10.0
TUNED_ON = 5_000
"""Of more items than these, a random sample decides strength and temperature."""


@register("models", "logistic")
class TunedLogisticRegression(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Multinomial logistic regression with tuned strength and temperature-scaled probabilities.

    Features are centred and divided by one common scale (their root mean squared norm), so that the same
    strengths suit embeddings and standardised tables; relative scales between features are kept.

    Parameters
    ----------
    C : float or "auto"
        Inverse strength of the L2 penalty on the scaled features; "auto" takes the one of 1, 10, 100 and
        1000 with the least cross-validated log loss.
    temperature : float or "auto"
        Divides the logits; "auto" fits it to the cross-validated logits (Guo et al. 2017).
    folds : int
        Number of cross-validation folds.
    random_state : int or None
        Seed of the folds.

    Attributes
    ----------
    classes_ : ndarray of shape (C,)
        The classes, sorted.
    C_, temperature_ : float
        What was used.
    coef_ : ndarray of shape (C, D)
        Weights on the features as they came, temperature included; two rows for two classes.
    intercept_ : ndarray of shape (C,)

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> X, y = load_digits(return_X_y=True)
    >>> model = TunedLogisticRegression(random_state=0).fit(X[:300], y[:300])
    >>> round(float(model.score(X[300:], y[300:])), 2)
    0.87
    """

    def __init__(
        self,
        C: float | Literal["auto"] = "auto",
        temperature: float | Literal["auto"] = "auto",
        folds: int = 3,
        random_state: int | None = None,
    ) -> None:
        self.C = C
        self.temperature = temperature
        self.folds = folds
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Floats | None = None) -> Self:
        """Train on features of shape (L, D) with at least two classes in `y`."""
        X = np.asarray(X)
        self.mean_ = X.mean(0)
        self.scale_ = float(np.sqrt(((X - self.mean_) ** 2).sum(1).mean())) or 1.0
        Z = self._scaled(X)
        self.classes_, codes = np.unique(np.asarray(y), return_inverse=True)
        self.C_ = self.C if self.C != "auto" else FEW
        self.temperature_ = self.temperature if self.temperature != "auto" else 1.0
        if "auto" in (self.C, self.temperature):
            self._tune(Z, codes, sample_weight)
        weights_CD, bias_C = _linear(_regression(self.C_, Z, codes, sample_weight))
        self.coef_ = (weights_CD / (self.scale_ * self.temperature_)).astype(Z.dtype)
        self.intercept_ = (bias_C / self.temperature_ - self.coef_ @ self.mean_).astype(Z.dtype)
        return self

    def decision_function(self, X: Any) -> Floats:
        """Return the logits, shape (N, C), after the temperature."""
        check_is_fitted(self)
        logits_NC = np.asarray(X) @ self.coef_.T
        logits_NC += self.intercept_
        return np.asarray(logits_NC)

    def predict_proba(self, X: Any) -> Floats:
        """Return the probability of each class, shape (N, C)."""
        return softmax(self.decision_function(X))

    def predict(self, X: Any) -> Any:
        """Return the most probable class of each item."""
        return self.classes_[self.decision_function(X).argmax(1)]

    def with_draws(self) -> Any:
        """Return the same classifier, not fitted, that also gives posterior draws (Laplace's)."""
        return lookup("models", "laplace")(
            C=self.C, temperature=self.temperature, folds=self.folds, random_state=self.random_state
        )

    def _scaled(self, X: Floats) -> Floats:
        return np.asarray((X - self.mean_) / self.scale_, X.dtype if X.dtype == np.float64 else np.float32)

    def _tune(self, Z: Floats, codes: Indices, weight: Floats | None) -> None:
        rng = np.random.default_rng(self.random_state)
        if len(codes) > TUNED_ON:
            some = np.sort(rng.permutation(len(codes))[:TUNED_ON])
            Z, codes, weight = Z[some], codes[some], None if weight is None else weight[some]
        parts = stratified_folds(codes, self.folds, rng)
        found = {}
        for C in STRENGTHS if self.C == "auto" else (self.C,):
            logits_NC = held_out(codes, parts, partial(_outputs, Z, codes, weight, C))
            settled = settle_temperature(logits_NC, codes, weight, self.temperature)
            if settled is not None:
                found[C] = settled
        if found:
            self.C_ = min(found, key=lambda C: found[C][1])
            self.temperature_ = found[self.C_][0]


def _regression(C: float, Z: Floats, codes: Indices, weight: Floats | None) -> LogisticRegression:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", message="The number of unique classes")
        return LogisticRegression(C=C, max_iter=300, tol=1e-4).fit(Z, codes, weight)


def _linear(regression: LogisticRegression) -> tuple[Floats, Floats]:
    """Return weights and bias of one logit for each class the regression has seen."""
    if len(regression.classes_) > 2:
        return regression.coef_, regression.intercept_
    return np.concatenate([-regression.coef_, regression.coef_]) / 2, (
        np.concatenate([-regression.intercept_, regression.intercept_]) / 2
    )


def _outputs(
    Z: Floats, codes: Indices, weight: Floats | None, C: float, rest: Indices, part: Indices
) -> tuple[Floats, Indices]:
    fitted = _regression(C, Z[rest], codes[rest], None if weight is None else weight[rest])
    weights_CD, bias_C = _linear(fitted)
    return Z[part] @ weights_CD.T + bias_C, fitted.classes_
