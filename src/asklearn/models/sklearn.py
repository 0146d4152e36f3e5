"""Any scikit-learn classifier as a model."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import get_tags

from asklearn.arguments import dense, is_sparse
from asklearn.errors import AskLearnError, BadInput, NotFitted
from asklearn.registry import register
from asklearn.types import Categorical, Floats, Label

TOLERATED = 1e-3


@register("models", "sklearn")
class SklearnModel:
    """A scikit-learn classifier, cloned before every fit so that the caller's object stays as it was.

    Parameters
    ----------
    estimator : classifier
        Anything with ``fit`` and ``predict_proba``; pipelines and searches included. One that also has
        ``predict_proba_draws(X) -> (K, N, C)`` gives posterior draws, whose mean is its probability unless it
        says ``proba_is_mean_of_draws = False``.

    Raises
    ------
    BadInput
        If the estimator has no ``predict_proba``.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> model = SklearnModel(LogisticRegression()).fit([[0.0], [1.0], [3.0], [4.0]], ["a", "a", "b", "b"])
    >>> model.posterior([[0.0]]).proba_NC.round(2)
    array([[0.88, 0.12]], dtype=float32)
    """

    def __init__(self, estimator: Any) -> None:
        if isinstance(estimator, SklearnModel):
            estimator = estimator.estimator
        if not hasattr(estimator, "fit") or not hasattr(estimator, "predict_proba"):
            raise BadInput(
                "A model must be a scikit-learn classifier with fit and predict_proba. "
                f"Got {type(estimator).__name__}. An SVM can be given probability estimates by "
                "sklearn.calibration.CalibratedClassifierCV."
            )
        self.estimator: Any = estimator

    @property
    def classes(self) -> list[Label]:
        """The classes, in the order of the columns of ``proba_NC``."""
        if not hasattr(self.estimator, "classes_"):
            raise NotFitted("This model has not been fitted yet; call fit first.")
        return list(self.estimator.classes_.tolist())

    @property
    def gives_draws(self) -> bool:
        """Whether the posterior comes with draws."""
        return hasattr(self.estimator, "predict_proba_draws")

    def fresh(self, seed: int, params: Mapping[str, Any] | None = None) -> Self:
        """Return an unfitted copy with every unset random state set from `seed`, and `params` settled."""
        copy = clone(self.estimator)
        states = {
            k: seed for k, v in copy.get_params().items() if k.split("__")[-1] == "random_state" and v is None
        }
        known = copy.get_params(deep=False)
        copy.set_params(**states, **{k: v for k, v in (params or {}).items() if k in known})
        return type(self)(copy)

    def fit(self, X: Any, y: Sequence[Label], sample_weight: Floats | None = None) -> Self:
        """Train on features of shape (L, D) and one label each.

        Raises
        ------
        BadInput
            If the classifier cannot, with its own words.
        """
        extra = {} if sample_weight is None else {"sample_weight": sample_weight}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            try:
                self.estimator.fit(self._taken(X), np.asarray(y), **extra)
            except AskLearnError:
                raise
            except Exception as error:
                raise BadInput(
                    f"{type(self.estimator).__name__} could not be trained on {len(y)} labels of {len(set(y))} "
                    f"classes, which are kept: {error}"
                ) from error
        return self

    def posterior(self, X: Any) -> Categorical:
        """Return the predictive probabilities of items, with draws where the classifier gives them.

        Raises
        ------
        BadInput
            If the classifier answers with something that is not a probability.
        """
        draws_KNC, X = None, self._taken(X)
        if self.gives_draws:
            draws_KNC = np.asarray(self.estimator.predict_proba_draws(X), np.float32)
        if draws_KNC is not None and getattr(self.estimator, "proba_is_mean_of_draws", True):
            proba_NC = draws_KNC.mean(0)
        else:
            proba_NC = np.asarray(self.estimator.predict_proba(X), np.float32)
        total_N = proba_NC.sum(1)
        wrong_N = ~(np.isfinite(total_N) & (total_N > 0) & (proba_NC >= 0).all(1))
        if wrong_N.any():
            row = int(np.flatnonzero(wrong_N)[0])
            raise BadInput(
                f"{type(self.estimator).__name__}.predict_proba must return finite probabilities. "
                f"Got {proba_NC[row]} for row {row}."
            )
        if np.abs(total_N - 1).max(initial=0) > TOLERATED:  # float32 does this to GaussianNB
            proba_NC = proba_NC / total_N[:, None]
            draws_KNC = None if draws_KNC is None else draws_KNC / draws_KNC.sum(2, keepdims=True)
        return Categorical(proba_NC, draws_KNC)

    def _taken(self, X: Any) -> Any:
        """Return features as the classifier takes them: sparse ones stay so where it says that it can."""
        if is_sparse(X):
            return X if takes_sparse(self.estimator) else dense(X)
        return np.asarray(X)

    def params(self) -> dict[str, Any]:
        """Return what the fit chose for every setting that was left to ``"auto"``, where it says so."""
        settings = self.estimator.get_params(deep=False)
        automatic = [name for name, value in settings.items() if isinstance(value, str) and value == "auto"]
        chosen = {name: getattr(self.estimator, name + "_", None) for name in automatic}
        return {name: value for name, value in chosen.items() if isinstance(value, str | int | float)}


def takes_sparse(estimator: Any) -> bool:
    """Tell whether a classifier says that it can be trained on sparse features.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.naive_bayes import GaussianNB
    >>> takes_sparse(LogisticRegression()), takes_sparse(GaussianNB())
    (True, False)
    """
    try:
        return bool(get_tags(estimator).input_tags.sparse)
    except (AttributeError, TypeError, ValueError):
        return False
