"""The default for tables: a mixture of models, each with the say that cross-validation gives it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from asklearn.errors import BadInput
from asklearn.models._tuning import stratified_folds
from asklearn.registry import adapt, parse, register
from asklearn.types import Floats, Indices

PRIOR = 5.0
LEAST = 0.1
_ROUNDS = 100


@register("models", "tabular")
class Mixture(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Logistic regression, extremely randomised trees and gradient boosting, mixed.

    The predictive probability is a weighted mean. The weights maximise the cross-validated likelihood
    (expectation-maximisation for a mixture, Dempster, Laird and Rubin 1977; stacking, Smyth and Wolpert
    1999), with five labels' worth of belief in each member beforehand, so that few labels give an even
    mixture. A member whose share stays under a tenth is left out.

    Parameters
    ----------
    of : sequence of str
        Registered models, with options if need be.
    recipe : str
        "auto" mixes by cross-validation; otherwise what ``recipe_`` said, for a fit with the same settings.
    folds : int
        Number of cross-validation folds.
    random_state : int or None
        Seed of the folds and the members.

    Attributes
    ----------
    classes_ : ndarray of shape (C,)
        The classes, sorted.
    recipe_ : str
        Weights and settings of the members.
    members_ : list of classifiers
    weights_ : ndarray of shape (M,)

    Notes
    -----
    A fit that mixes anew costs one fit of each member that tunes itself, and one without tuning per fold.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = Mixture(random_state=0).fit(X[:200], y[:200])
    >>> round(float(model.score(X[200:], y[200:])), 2)
    0.96
    """

    def __init__(
        self,
        of: Sequence[str] = ("logistic", "extra_trees", "gradient_boosting"),
        recipe: str = "auto",
        folds: int = 3,
        random_state: int | None = None,
    ) -> None:
        self.of = of
        self.recipe = recipe
        self.folds = folds
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Floats | None = None) -> Self:
        """Train on features of shape (L, D) with at least two classes in `y`."""
        X, y = np.asarray(X), np.asarray(y)
        self.n_features_in_ = X.shape[1]
        self.classes_, codes = np.unique(y, return_inverse=True)
        auto = self.recipe == "auto"
        parts = [(1.0, spec) for spec in self.of] if auto else _read(self.recipe)
        members = [self._fresh(spec).fit(X, y, sample_weight) for _, spec in parts]
        specs = [_settled(spec, member.params()) for (_, spec), member in zip(parts, members, strict=True)]
        weights = np.array([weight for weight, _ in parts])
        if auto:
            proba_MN = np.stack([self._held_out(spec, X, codes, sample_weight) for spec in specs])
            weights = mixture_weights(proba_MN, sample_weight)
        kept = np.flatnonzero(weights >= LEAST)
        weights = (weights[kept] / weights[kept].sum()).round(3)
        self.weights_ = weights / weights.sum()
        self.members_ = [members[one].estimator for one in kept]
        self.recipe_ = " + ".join(f"{w} {specs[m]}" for w, m in zip(weights.tolist(), kept, strict=True))
        return self

    def predict_proba(self, X: Any) -> Floats:
        """Return the probability of each class, shape (N, C)."""
        check_is_fitted(self)
        weighted = (w * m.predict_proba(X) for w, m in zip(self.weights_, self.members_, strict=True))
        return np.asarray(sum(weighted))

    def predict(self, X: Any) -> Any:
        """Return the most probable class of each item."""
        return self.classes_[self.predict_proba(X).argmax(1)]

    def _fresh(self, spec: str) -> Any:
        return adapt("models", spec).fresh(self.random_state or 0)

    def _held_out(self, spec: str, X: Floats, codes: Indices, weight: Floats | None) -> Floats:
        """Return the probability of each item's label by a member that did not see it."""
        proba_N = np.full(len(codes), 1 / len(self.classes_))
        for part in stratified_folds(codes, self.folds, np.random.default_rng(self.random_state)):
            rest = np.setdiff1d(np.arange(len(codes)), part)
            if len(np.unique(codes[rest])) < 2:
                continue
            member = self._fresh(spec).fit(X[rest], codes[rest], None if weight is None else weight[rest])
            seen = np.full(len(self.classes_), -1)
            seen[member.classes] = np.arange(len(member.classes))
            column_P = seen[codes[part]]
            said = member.posterior(X[part]).proba_NC[np.arange(len(part)), column_P]
            proba_N[part] = np.where(column_P >= 0, said, 0)
        return proba_N


def mixture_weights(proba_MN: Floats, weight_N: Floats | None = None) -> Floats:
    """Return the weights of M members under which what they gave to the truth is most likely.

    Examples
    --------
    >>> mixture_weights(np.array([[0.9] * 30, [0.1] * 30])).round(2)
    array([0.86, 0.14])
    """
    weight_N = np.ones(proba_MN.shape[1]) if weight_N is None else np.asarray(weight_N, np.float64)
    proba_MN = np.maximum(proba_MN, 1e-12)
    weights_M = np.full(len(proba_MN), 1 / len(proba_MN))
    for _ in range(_ROUNDS):
        share_MN = weights_M[:, None] * proba_MN
        share_MN /= share_MN.sum(0)
        weights_M = share_MN @ weight_N + PRIOR
        weights_M /= weights_M.sum()
    return weights_M


def _settled(spec: str, params: dict[str, Any]) -> str:
    name, options = parse(spec)
    return f"{name}({', '.join(f'{key}={value!r}' for key, value in (options | params).items())})"


def _read(recipe: str) -> list[tuple[float, str]]:
    try:
        parts = [part.strip().split(" ", 1) for part in recipe.split(" + ")]
        return [(float(weight), spec) for weight, spec in parts]
    except ValueError as error:
        raise BadInput(
            f'A recipe looks like "0.6 logistic(C=10.0) + 0.4 extra_trees". Got {recipe[:200]!r}.'
        ) from error
