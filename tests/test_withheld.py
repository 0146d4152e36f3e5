"""Promises through a whole learner: what predicts never saw what judges it."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB

from asklearn.errors import BadInput, NotFitted
from asklearn.learner import ActiveLearner
from asklearn.models.sklearn import SklearnModel
from asklearn.withheld import half, withhold


def blobs(n: int, seed: int, classes: int = 4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(classes, size=n)
    centres = np.random.default_rng(7).normal(size=(classes, 5)) * 1.3
    return (centres[truth] + rng.normal(size=(n, 5))).astype(np.float32), truth


def told(n: int, seed: int, *, pool: int = 1500, strategy: str = "margin", audit: float = 0.4) -> tuple:
    X, y = blobs(pool, seed)
    learner = ActiveLearner(GaussianNB(), X, strategy=strategy, audit=audit, seed=seed)
    for _ in range(2):
        batch = learner.ask(n // 2)
        learner.tell(batch.ids, y[batch.rows])
    return learner, X, y


def test_the_withheld_labels_have_no_say_in_the_model() -> None:
    learner, X, y = told(60, 0)
    sample = learner._audit()
    part = half(len(sample.rows), np.random.default_rng(0))
    one = withhold(learner._prototype, lambda rows: X[rows], learner._trained_on, sample, part, 0)
    rows, labels = learner._trained_on
    withheld = {sample.rows[i] for i in part}
    rest = [i for i, row in enumerate(rows) if row not in withheld]
    same = SklearnModel(GaussianNB()).fit(X[np.array(rows)[rest]], [labels[i] for i in rest])
    np.testing.assert_allclose(one.proba(X[:50]), same.posterior(X[:50]).proba_NC)
    assert [one.classes[c] for c in one.truth_N] == [
        y[row] for row in sorted(withheld, key=sample.rows.index)
    ]


@pytest.mark.parametrize("cross", [False, True])
def test_sets_cover_the_pool_over_whole_projects(cross: bool) -> None:
    runs = 12 if cross else 40
    hits, sizes = [], []
    for seed in range(runs):
        learner, _, _ = told(100, seed)
        fresh_X, fresh_y = blobs(400, 1000 + seed)
        contain = learner.prediction_sets(alpha=0.2, score="lac", cross=cross).contain(fresh_X)
        hits.append(contain[np.arange(400), fresh_y].mean())
        sizes.append(contain.sum(1).mean())
    assert np.mean(hits) > 0.8 - 2.6 * np.std(hits) / runs**0.5
    assert np.mean(sizes) < 3


def test_errors_among_accepted_items_stay_below_the_promise() -> None:
    broken, shares, runs = 0, [], 40
    for seed in range(runs):
        learner, _, _ = told(240, seed, audit=0.5)
        sure = learner.selective(error=0.15)
        X, y = blobs(3000, 1000 + seed)
        said = sure.predict(X)
        accepted = [i for i, one in enumerate(said) if one is not None]
        wrong = np.mean([said[i] != y[i] for i in accepted]) if accepted else 0.0
        broken += wrong > 0.15
        shares.append(len(accepted) / 3000)
    assert broken / runs < 0.1 + 2.6 * (0.09 / runs) ** 0.5
    assert np.mean(shares) > 0.1


def test_where_nothing_can_be_promised_it_abstains() -> None:
    learner, X, _ = told(20, 0)
    sure = learner.selective(error=0.01)
    assert not sure
    assert sure.predict(X[:5]) == [None] * 5
    assert "No threshold can be promised with 4 labels" in sure.guarantee


def test_the_same_features_have_the_same_sets_and_sets_hold_labels() -> None:
    learner, X, _ = told(100, 0)
    sets = learner.prediction_sets(alpha=0.1)
    assert sets.predict(X[:20]) == sets.predict(X[:20])
    assert {label for one in sets.predict(X[:20]) for label in one} <= {0, 1, 2, 3}
    assert "at least 90%" in sets.guarantee
    assert "CV+, 40 labels" in learner.prediction_sets(alpha=0.1, cross=True).guarantee


def test_a_class_that_only_withheld_labels_name_can_enter_a_set() -> None:
    X, y = blobs(400, 0)
    learner = ActiveLearner(GaussianNB(), X, strategy="random", audit=1.0, seed=0)
    batch = learner.ask(40)
    seen = np.isin(np.arange(40), half(40, np.random.default_rng(0)))
    learner.tell(batch.ids, [int(y[row]) for row in batch.rows])
    sample = learner._audit()
    labels = [9 if i in np.flatnonzero(seen) else int(y[row]) for i, row in enumerate(sample.rows)]
    trained = sample.rows, labels
    renamed = type(sample)(sample.rows, labels, sample.weights, sample.covers)
    part = withhold(learner._prototype, lambda rows: X[rows], trained, renamed, np.flatnonzero(seen), 0)
    assert part.classes[-1] == 9
    assert (part.proba(X[:3])[:, -1] == 0).all()
    assert (part.truth_N == len(part.classes) - 1).all()


def test_calibration_is_measured_on_labels_that_it_did_not_see() -> None:
    X, y = blobs(1500, 0)
    learner = ActiveLearner(
        GaussianNB(), np.repeat(X, 4, axis=1), strategy="random", audit=1.0, audit_weighted=0.0, seed=0
    )
    batch = learner.ask(300)
    learner.tell(batch.ids, y[batch.rows])
    errors = {}
    for method in ("temperature", "platt", "isotonic"):
        made = learner.calibration(method)
        for when in ("before", "after"):
            bins = getattr(made, when)
            errors[method, when] = float((bins.share_B * np.abs(bins.confidence_B - bins.accuracy_B)).sum())
        assert made.calibrate(learner.audited().proba_NC).shape == (300, 4)
    before = errors["temperature", "before"]
    assert before > 0.1  # four copies of each feature make naive Bayes too sure
    assert errors["temperature", "after"] < 0.8 * before, errors


def test_what_cannot_be_is_refused() -> None:
    learner, _, _ = told(60, 0)
    with pytest.raises(BadInput, match="temperature, platt, isotonic"):
        learner.calibration("best")
    with pytest.raises(BadInput, match="Leave out cross=True or by_class=True"):
        learner.prediction_sets(cross=True, by_class=True)
    with pytest.raises(NotFitted):
        ActiveLearner(GaussianNB(), np.zeros((5, 1))).selective()
    X, _ = blobs(50, 0)
    lone = ActiveLearner(GaussianNB(), X, audit=1.0)
    batch = lone.ask(2)
    lone.tell(batch.ids, ["a", "b"])
    with pytest.raises(BadInput, match="besides the 1 that are withheld"):
        lone.selective()
