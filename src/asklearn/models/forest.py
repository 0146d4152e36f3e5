"""Extremely randomised trees that mean their probabilities, and the trees of any forest as draws."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.utils.validation import check_is_fitted

from asklearn.calibration import softmax
from asklearn.models._tuning import held_out, settle_temperature, stratified_folds, telling_columns
from asklearn.registry import register
from asklearn.types import Floats, Indices


@register("models", "extra_trees")
class ExtraTrees(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Extremely randomised trees (Geurts, Ernst and Wehenkel 2006) with temperature-scaled probabilities.

    A forest knows most of what it will ever know after very few labels. Columns that trees have no use for
    are left out, such as the ramps of the tabular encoder.

    Parameters
    ----------
    trees : int
        How many.
    temperature : float or "auto"
        Divides the logarithms of the trees' mean probabilities, which are kept half a vote away from zero;
        "auto" fits it by cross-validation (Guo et al. 2017).
    folds : int
        Number of cross-validation folds.
    random_state : int or None
        Seed of the trees and the folds.

    Attributes
    ----------
    classes_ : ndarray of shape (C,)
        The classes, sorted.
    temperature_ : float
        What was used.
    columns_ : ndarray of int
        Features that are used.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = ExtraTrees(random_state=0).fit(X[:200], y[:200])
    >>> round(float(model.score(X[200:], y[200:])), 2)
    0.96
    """

    def __init__(
        self,
        trees: int = 100,
        temperature: float | Literal["auto"] = "auto",
        folds: int = 3,
        random_state: int | None = None,
    ) -> None:
        self.trees = trees
        self.temperature = temperature
        self.folds = folds
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Floats | None = None) -> Self:
        """Train on features of shape (L, D) with at least two classes in `y`."""
        X = np.asarray(X)
        self.n_features_in_ = X.shape[1]
        self.columns_ = telling_columns(X)
        Z = X[:, self.columns_]
        self.classes_, codes = np.unique(np.asarray(y), return_inverse=True)
        self.temperature_ = 1.0 if self.temperature == "auto" else self.temperature
        if self.temperature == "auto":
            self._tune(Z, codes, sample_weight)
        self.forest_ = self._grown(Z, codes, sample_weight)
        return self

    def predict_proba(self, X: Any) -> Floats:
        """Return the probability of each class, shape (N, C)."""
        check_is_fitted(self)
        logits_NC = self._logits(self.forest_, np.asarray(X)[:, self.columns_])
        return softmax(logits_NC / self.temperature_)

    def predict(self, X: Any) -> Any:
        """Return the most probable class of each item."""
        return self.classes_[self.predict_proba(X).argmax(1)]

    def _grown(self, Z: Floats, codes: Indices, weight: Floats | None) -> ExtraTreesClassifier:
        return ExtraTreesClassifier(self.trees, random_state=self.random_state).fit(Z, codes, weight)

    def _logits(self, forest: ExtraTreesClassifier, Z: Floats) -> Floats:
        return np.asarray(np.log(forest.predict_proba(Z) + 0.5 / self.trees))

    def _tune(self, Z: Floats, codes: Indices, weight: Floats | None) -> None:
        parts = stratified_folds(codes, self.folds, np.random.default_rng(self.random_state))
        logits_NC = held_out(codes, parts, partial(self._outputs, Z, codes, weight))
        settled = settle_temperature(logits_NC, codes, weight, "auto")
        if settled is not None:
            self.temperature_ = settled[0]

    def _outputs(
        self, Z: Floats, codes: Indices, weight: Floats | None, rest: Indices, part: Indices
    ) -> tuple[Floats, Indices]:
        forest = self._grown(Z[rest], codes[rest], None if weight is None else weight[rest])
        return self._logits(forest, Z[part]), forest.classes_
