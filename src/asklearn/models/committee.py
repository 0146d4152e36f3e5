"""A committee: copies of one classifier, each trained on a bootstrap sample."""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.exceptions import ConvergenceWarning

from asklearn.errors import BadInput
from asklearn.registry import adapt, register
from asklearn.types import Floats


@register("models", "committee")
class BootstrapCommittee(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Posterior draws from any classifier, by the bootstrap (Breiman 1996; Abe & Mamitsuka 1998).

    A member that never saw a class gives it probability zero, so members always agree on the columns.

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
    members_ : list of classifiers

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
        X, y = np.asarray(X), np.asarray(y)
        rng = np.random.default_rng(self.random_state)
        self.classes_ = np.unique(y)
        if len(self.classes_) < 2:
            raise BadInput(f"A committee needs labels of two classes. Got only {self.classes_[0]!r}.")
        base = adapt("models", self.base)
        self.members_ = []
        for _ in range(self.size):
            rows = rng.integers(len(y), size=len(y))
            while len(np.unique(y[rows])) < 2:
                rows = rng.integers(len(y), size=len(y))
            member = clone(base.fresh(int(rng.integers(2**31))).estimator)
            extra = {} if sample_weight is None else {"sample_weight": sample_weight[rows]}
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                self.members_.append(member.fit(X[rows], y[rows], **extra))
        return self

    def predict_proba_draws(self, X: Any) -> Floats:
        """Return the probabilities by each member, shape (K, N, C), float32."""
        draws_KNC = np.zeros((len(self.members_), len(X), len(self.classes_)), np.float32)
        for k, member in enumerate(self.members_):
            draws_KNC[k][:, np.searchsorted(self.classes_, member.classes_)] = member.predict_proba(X)
        return draws_KNC

    def predict_proba(self, X: Any) -> Floats:
        """Return the members' mean probability, shape (N, C)."""
        return np.asarray(self.predict_proba_draws(X).mean(0))

    def predict(self, X: Any) -> Any:
        """Return the most probable class of each item."""
        return self.classes_[self.predict_proba(X).argmax(1)]
