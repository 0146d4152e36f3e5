"""Gradient boosting for tables that tunes how long it boosts and means its probabilities."""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import Any, Literal, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.utils.validation import check_is_fitted

from asklearn.calibration import softmax
from asklearn.models._tuning import held_out, settle_temperature, stratified_folds, telling_columns
from asklearn.registry import register
from asklearn.types import Floats, Indices

STAGES = (10, 20, 40, 80, 120, 200)
FEW = 40
_MOST_TREES = 800


@register("models", "gradient_boosting")
class GradientBoosting(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Histogram gradient boosting (Friedman 2001; Ke et al. 2017) for 20 to 20,000 labels.

    Small trees, more leaves the more labels there are; columns that trees have no use for are left out, such
    as the ramps of the tabular encoder. Training with another seed gives the same model, so draws come from
    bootstrap samples: ``committee(base="gradient_boosting")``.

    Parameters
    ----------
    iterations : int or "auto"
        Trees per class; "auto" takes the one of 10, 20, 40, 80, 120 and 200 with the least cross-validated
        log loss, but no more than 800 trees in all.
    temperature : float or "auto"
        Divides the logits; "auto" fits it to the cross-validated logits (Guo et al. 2017).
    learning_rate : float
        Shrinkage of each tree.
    leaves : int
        Most leaves of a tree.
    folds : int
        Number of cross-validation folds.
    random_state : int or None
        Seed of the folds.

    Attributes
    ----------
    classes_ : ndarray of shape (C,)
        The classes, sorted.
    iterations_ : int
    temperature_ : float
        What was used.
    columns_ : ndarray of int
        Features that are used.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = GradientBoosting(random_state=0).fit(X[:200], y[:200])
    >>> round(float(model.score(X[200:], y[200:])), 2)
    0.95
    """

    def __init__(
        self,
        iterations: int | Literal["auto"] = "auto",
        temperature: float | Literal["auto"] = "auto",
        learning_rate: float = 0.1,
        leaves: int = 8,
        folds: int = 3,
        random_state: int | None = None,
    ) -> None:
        self.iterations = iterations
        self.temperature = temperature
        self.learning_rate = learning_rate
        self.leaves = leaves
        self.folds = folds
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Floats | None = None) -> Self:
        """Train on features of shape (L, D) with at least two classes in `y`."""
        X = np.asarray(X)
        self.n_features_in_ = X.shape[1]
        self.columns_ = telling_columns(X)
        Z = X[:, self.columns_]
        self.classes_, codes = np.unique(np.asarray(y), return_inverse=True)
        stages = self._stages(len(self.classes_))
        self.iterations_ = min(FEW, stages[-1]) if self.iterations == "auto" else self.iterations
        self.temperature_ = 1.0 if self.temperature == "auto" else self.temperature
        if "auto" in (self.iterations, self.temperature):
            self._tune(Z, codes, sample_weight, stages)
        self.boosted_ = self._boosted(Z, codes, sample_weight, self.iterations_)
        return self

    def decision_function(self, X: Any) -> Floats:
        """Return the logits, shape (N, C), after the temperature."""
        check_is_fitted(self)
        logits = self.boosted_.decision_function(np.asarray(X)[:, self.columns_])
        return _of_every_class(logits) / self.temperature_

    def predict_proba(self, X: Any) -> Floats:
        """Return the probability of each class, shape (N, C)."""
        return softmax(self.decision_function(X))

    def predict(self, X: Any) -> Any:
        """Return the most probable class of each item."""
        return self.classes_[self.decision_function(X).argmax(1)]

    def _stages(self, classes: int) -> tuple[int, ...]:
        if self.iterations != "auto":
            return (self.iterations,)
        trees = 1 if classes == 2 else classes
        return tuple(one for one in STAGES if one * trees <= _MOST_TREES) or STAGES[:1]

    def _boosted(
        self, Z: Floats, codes: Indices, weight: Floats | None, iterations: int
    ) -> HistGradientBoostingClassifier:
        return HistGradientBoostingClassifier(
            learning_rate=self.learning_rate,
            max_iter=iterations,
            max_leaf_nodes=self.leaves,
            min_samples_leaf=int(np.clip(len(codes) // 40, 2, 20)),
            l2_regularization=1.0,
            max_bins=63,
            early_stopping=False,
            random_state=self.random_state,
        ).fit(Z, codes, weight)

    def _tune(self, Z: Floats, codes: Indices, weight: Floats | None, stages: tuple[int, ...]) -> None:
        parts = stratified_folds(codes, self.folds, np.random.default_rng(self.random_state))
        logits_SNC = held_out(codes, parts, partial(self._outputs, Z, codes, weight, stages))
        found = {}
        for stage, logits_NC in zip(stages, logits_SNC if logits_SNC.ndim == 3 else [], strict=False):
            settled = settle_temperature(logits_NC, codes, weight, self.temperature)
            if settled is not None:
                found[stage] = settled
        if found:
            self.iterations_ = min(found, key=lambda stage: found[stage][1])
            self.temperature_ = found[self.iterations_][0]

    def _outputs(
        self,
        Z: Floats,
        codes: Indices,
        weight: Floats | None,
        stages: tuple[int, ...],
        rest: Indices,
        part: Indices,
    ) -> tuple[Floats, Indices]:
        """Return the logits at every stage, shape (S, P, C)."""
        fitted = self._boosted(Z[rest], codes[rest], None if weight is None else weight[rest], stages[-1])
        staged = fitted.staged_decision_function(Z[part])
        wanted = [one for count, one in enumerate(islice(staged, stages[-1]), start=1) if count in stages]
        return np.stack([_of_every_class(one) for one in wanted]), fitted.classes_


def _of_every_class(logits: Floats) -> Floats:
    if logits.ndim == 2 and logits.shape[1] > 1:
        return logits
    logits = logits.ravel()
    return np.stack([-logits, logits], axis=1) / 2
