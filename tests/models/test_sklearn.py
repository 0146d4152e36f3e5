"""Any scikit-learn classifier as a model, and the caller's object as it was."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, StandardScaler
from sklearn.svm import LinearSVC

from asklearn.errors import BadInput, NotFitted
from asklearn.models.committee import BootstrapCommittee
from asklearn.models.sklearn import SklearnModel
from asklearn.registry import adapt


@pytest.mark.parametrize(
    "estimator",
    [GaussianNB(), RandomForestClassifier(5), make_pipeline(StandardScaler(), LogisticRegression()),
     GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2)],
    ids=lambda one: type(one).__name__,
)  # fmt: skip
def test_a_classifier_says_the_same_as_a_model(digits: Any, estimator: Any) -> None:
    X, y = digits.X[:150], digits.y[:150]
    model = SklearnModel(estimator).fresh(3).fit(X, y)
    proba = model.posterior(digits.X_test).proba_NC
    assert proba.dtype == np.float32
    assert model.classes == list(range(10))
    np.testing.assert_allclose(proba, model.estimator.predict_proba(digits.X_test), atol=1e-6)
    np.testing.assert_allclose(proba.sum(1), 1, atol=1e-5)


def test_the_callers_estimator_is_never_fitted_nor_seeded(digits: Any) -> None:
    estimator = RandomForestClassifier(3)
    before = copy.deepcopy(estimator.get_params())
    fresh = SklearnModel(estimator).fresh(7, {"n_estimators": 4, "not_a_setting": 1})
    fresh.fit(digits.X[:60], digits.y[:60])
    assert estimator.get_params() == before
    assert not hasattr(estimator, "classes_")
    assert (fresh.estimator.random_state, fresh.estimator.n_estimators) == (7, 4)


def test_every_unset_seed_is_set_and_a_set_one_is_kept() -> None:
    pipeline = make_pipeline(StandardScaler(), ExtraTreesClassifier())
    assert SklearnModel(pipeline).fresh(5).estimator[-1].random_state == 5
    assert SklearnModel(ExtraTreesClassifier(random_state=1)).fresh(5).estimator.random_state == 1


def test_the_same_seed_gives_the_same_model(digits: Any) -> None:
    model = SklearnModel(RandomForestClassifier(4))
    one, same, other = (
        model.fresh(s).fit(digits.X[:90], digits.y[:90]).posterior(digits.X_test).proba_NC for s in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_labels_keep_their_type(digits: Any) -> None:
    words = SklearnModel(GaussianNB()).fit(digits.X[:90], [f"d{label}" for label in digits.y[:90]])
    assert {type(one) for one in words.classes} == {str}
    numbers = SklearnModel(GaussianNB()).fit(digits.X[:90], digits.y[:90])
    assert {type(one) for one in numbers.classes} == {int}


def test_wrapping_twice_is_wrapping_once() -> None:
    inner = GaussianNB()
    assert SklearnModel(SklearnModel(inner)).estimator is inner


@pytest.mark.parametrize("thing", [LinearSVC(), 7, None, object()])
def test_what_gives_no_probabilities_is_refused(thing: Any) -> None:
    with pytest.raises(BadInput, match=f"Got {type(thing).__name__}"):
        SklearnModel(thing)


def test_classes_before_the_fit_are_an_error() -> None:
    with pytest.raises(NotFitted, match="call fit first"):
        _ = SklearnModel(GaussianNB()).classes


def test_a_failed_fit_is_told_in_the_classifiers_words(digits: Any) -> None:
    model = SklearnModel(KNeighborsClassifier(n_neighbors=-1))
    with pytest.raises(
        BadInput, match=r"KNeighborsClassifier could not be trained on 2 labels of 2 classes.*n_neighbors"
    ):
        model.fit(digits.X[:2], [0, 1])


@pytest.mark.parametrize("estimator", [KNeighborsClassifier(), MLPClassifier(max_iter=2), GaussianNB()])
def test_settings_called_auto_that_are_not_learnt_are_no_parameters(digits: Any, estimator: Any) -> None:
    assert SklearnModel(estimator).fit(digits.X[:60], digits.y[:60]).params() == {}


class Drawing(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Gives draws, and nan for the row that begins with a negative number."""

    def fit(self, X: Any, y: Any) -> Any:
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X: Any) -> Any:
        return self.predict_proba_draws(X).mean(0)

    def predict_proba_draws(self, X: Any) -> Any:
        one = np.tile([0.2, 0.8], (len(X), 1))
        one[np.asarray(X)[:, 0] < 0] = np.nan
        return np.stack([one, one[:, ::-1]])


def test_draws_come_along_and_their_mean_is_the_probability() -> None:
    model = SklearnModel(Drawing()).fit([[0.0], [1.0]], ["a", "b"])
    assert model.gives_draws
    posterior = model.posterior(np.ones((3, 1)))
    assert posterior.draws_KNC is not None
    assert posterior.draws_KNC.shape == (2, 3, 2)
    np.testing.assert_allclose(posterior.proba_NC, 0.5)


def test_what_is_not_finite_is_named_by_its_row() -> None:
    model = SklearnModel(Drawing()).fit([[0.0], [1.0]], ["a", "b"])
    with pytest.raises(BadInput, match=r"Drawing.predict_proba must return finite.*for row 1"):
        model.posterior(np.array([[1.0], [-1.0]]))


def test_rows_that_do_not_sum_to_one_are_made_to_and_negative_ones_are_refused() -> None:
    class Double(GaussianNB):
        factor = 2.0

        def predict_proba(self, X: Any) -> Any:
            return super().predict_proba(X) * self.factor

    model = SklearnModel(Double()).fit([[0.0], [1.0], [5.0], [6.0]], [0, 0, 1, 1])
    plain = SklearnModel(GaussianNB()).fit([[0.0], [1.0], [5.0], [6.0]], [0, 0, 1, 1])
    X = np.array([[0.5], [2.9], [7.0]])
    np.testing.assert_allclose(model.posterior(X).proba_NC, plain.posterior(X).proba_NC, atol=1e-6)
    model.estimator.factor = -1.0
    with pytest.raises(BadInput, match="probabilities"):
        model.posterior(X)


@pytest.mark.parametrize(
    ("model", "stays"),
    [(LogisticRegression(), True), (MultinomialNB(), True),
     (CalibratedClassifierCV(LinearSVC(), cv=2), True), (RandomForestClassifier(5), True),
     (make_pipeline(MaxAbsScaler(), LogisticRegression()), True), (GaussianNB(), False), ("logistic", False),
     ("committee(size=2)", False), (BootstrapCommittee(MultinomialNB(), 3), True)],
    ids=str,
)  # fmt: skip
def test_sparse_features_stay_so_where_the_classifier_takes_them(
    digits: Any, model: Any, stays: bool
) -> None:
    X, y = digits.X[:120].round(1), digits.y[:120]
    seen = []
    fitted = adapt("models", model).fresh(0)
    kind = type(fitted.estimator)
    original = kind.fit
    kind.fit = lambda self, X, y, *a, **k: (seen.append(sparse.issparse(X)), original(self, X, y, *a, **k))[1]
    try:
        fitted.fit(sparse.csr_array(X), y)
    finally:
        kind.fit = original
    assert seen[0] is stays
    dense = adapt("models", model).fresh(0).fit(X, y)
    test = digits.X_test.round(1)
    proba = fitted.posterior(sparse.csr_array(test)).proba_NC
    np.testing.assert_allclose(proba, dense.posterior(test).proba_NC, atol=0.05)
