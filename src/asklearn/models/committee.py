"""A committee: copies of one classifier, each trained on a bootstrap sample; of a forest, its own trees."""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np
from numpy.random import Generator
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning

from asklearn.arguments import is_sparse
from asklearn.errors import BadInput
from asklearn.models.sklearn import takes_sparse
from asklearn.registry import adapt, register
from asklearn.types import Floats

ENOUGH = 20
PROBES = 200


@register("models", "committee")
class BootstrapCommittee(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Posterior draws from any classifier, by the bootstrap (Breiman 1996; Abe & Mamitsuka 1998).

    A member that never saw a class gives it probability zero, so members always agree on the columns. Random
    forests and extra trees are trained once: their trees, dealt into as many groups, are the members.

    Parameters
    ----------
    base : str or classifier
        A registered model or a scikit-learn classifier.
    size : int
        Number of members K.
    random_state : int or None
        Seed of the bootstrap samples and of the members.

    Attributes
    ----------
    classes_ : ndarray of shape (C,)
    members_ : list of classifiers, or of lists of trees

    Warns
    -----
    UserWarning
        If the members say exactly the same of whatever they are shown, as those of a classifier that does not
        learn from its sample would; their draws are then worth nothing.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> committee = BootstrapCommittee("logistic(C=10.0, temperature=1.0)", size=5, random_state=0).fit(X, y)
    >>> committee.predict_proba_draws(X).shape, round(float(committee.score(X, y)), 2)
    ((5, 150, 3), 0.98)
    """

    def __init__(self, base: Any = "logistic", size: int = 10, random_state: int | None = None) -> None:
        self.base = base
        self.size = size
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Floats | None = None) -> Self:
        """Train every member on a bootstrap sample that has at least two classes."""
        if self.size < 2:
            raise BadInput(f"A committee needs at least 2 members. Got size={self.size}.")
        X, y = X if is_sparse(X) else np.asarray(X), np.asarray(y)
        rng = np.random.default_rng(self.random_state)
        self.classes_ = np.unique(y)
        if len(self.classes_) < 2:
            raise BadInput(f"A committee needs labels of two classes. Got only {self.classes_[0]!r}.")
        self.members_: list[Any] = []
        base = adapt("models", self.base)
        if isinstance(base.estimator, ExtraTreesClassifier | RandomForestClassifier):
            self.members_ = self._groups(base.fresh(int(rng.integers(2**31))).estimator, X, y, sample_weight)
            return self
        for _ in range(self.size):
            rows = rng.integers(len(y), size=len(y))
            while len(np.unique(y[rows])) < 2:
                rows = rng.integers(len(y), size=len(y))
            member = clone(base.fresh(int(rng.integers(2**31))).estimator)
            extra = {} if sample_weight is None else {"sample_weight": sample_weight[rows]}
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                self.members_.append(member.fit(X[rows], y[rows], **extra))
        if len(y) >= ENOUGH:
            self._check_disagreement(X, rng)
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = takes_sparse(adapt("models", self.base).estimator)
        return tags

    def _groups(self, forest: Any, X: Floats, y: Any, sample_weight: Floats | None) -> list[list[Any]]:
        trees = forest.fit(X, y, sample_weight).estimators_
        dealt = np.array_split(np.arange(len(trees)), min(self.size, len(trees)))
        return [[trees[one] for one in group] for group in dealt]

    def _check_disagreement(self, X: Floats, rng: Generator) -> None:
        """Compare members where they have every reason to differ: on columns shuffled apart."""
        probes: Any = X[rng.integers(X.shape[0], size=PROBES)]
        probes = probes if is_sparse(probes) else rng.permuted(probes, axis=0)
        draws_KNC = self.predict_proba_draws(probes)
        if (draws_KNC == draws_KNC[0]).all():
            warnings.warn(
                f"All {self.size} members of the committee of {type(self.members_[0]).__name__} say exactly the "
                "same, although each was trained on another sample. Draws from it are worth nothing: use another "
                'classifier, such as "logistic" or "gradient_boosting".',
                stacklevel=3,
            )

    def predict_proba_draws(self, X: Any) -> Floats:
        """Return the probabilities by each member, shape (K, N, C), float32."""
        draws_KNC = np.zeros((len(self.members_), np.shape(X)[0], len(self.classes_)), np.float32)
        for k, member in enumerate(self.members_):
            if isinstance(member, list):
                draws_KNC[k] = sum(tree.predict_proba(X) for tree in member) / len(member)
            else:
                draws_KNC[k][:, np.searchsorted(self.classes_, member.classes_)] = member.predict_proba(X)
        return draws_KNC

    def predict_proba(self, X: Any) -> Floats:
        """Return the members' mean probability, shape (N, C)."""
        return np.asarray(self.predict_proba_draws(X).mean(0))

    def predict(self, X: Any) -> Any:
        """Return the most probable class of each item."""
        return self.classes_[self.predict_proba(X).argmax(1)]
