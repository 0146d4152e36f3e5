"""Expected error reduction, against refitting for every candidate and every label."""

import math
import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asklearn.acquisition import linear
from asklearn.acquisition.error_reduction import EERLogLoss, EERNewton, EERZeroOne
from asklearn.errors import BadInput
from asklearn.registry import resolve
from asklearn.testing.candidates import made_up, peak_bytes
from asklearn.types import Candidates, Categorical, Targets

RNG = np.random.default_rng(0)
SMALLEST = 1e-6


def common(candidates):
    """Centred on the targets, of unit mean squared norm there, with a 1 for the bias."""
    targets = np.asarray(candidates.targets.features_MD, float)
    middle = targets.mean(axis=0)
    scale = math.sqrt(np.mean([row @ row for row in targets - middle]))

    def phi(features):
        return np.array([np.append((row - middle) / scale, 1.0) for row in np.asarray(features, float)])

    return phi(candidates.features_ND), phi(candidates.labelled_LD), phi(targets)


def entropy(beliefs):
    shares = [one / sum(beliefs) for one in beliefs]
    return -sum(one * math.log(one) for one in shares if one > 0)


def doubt_of_best(beliefs):
    return 1 - max(beliefs) / sum(beliefs)


def ridge_loss(features, labels, classes, wanted, ridge, loss):
    """Fit ridge regression on one-hot labels from nothing, and return the loss it expects at the targets."""
    one_hot = np.array([[float(label == c) for c in range(classes)] for label in labels])
    gram = ridge * np.eye(features.shape[1]) + features.T @ features
    weights = np.linalg.solve(gram, features.T @ one_hot)
    return np.mean([loss([max(one, SMALLEST) for one in row]) for row in (wanted @ weights).tolist()])


def plain_ridge(candidates, loss, ridge=0.1):
    mine, seen, wanted = common(candidates)
    proba, classes = candidates.posterior.proba_NC, candidates.posterior.proba_NC.shape[1]
    known = [i for i, label in enumerate(candidates.labels_L) if label >= 0]
    seen, labels = seen[known], [int(candidates.labels_L[i]) for i in known]
    now = ridge_loss(seen, labels, classes, wanted, ridge, loss)
    return [
        now
        - sum(
            proba[n, c] * ridge_loss(np.vstack([seen, phi]), [*labels, c], classes, wanted, ridge, loss)
            for c in range(classes)
        )
        for n, phi in enumerate(mine)
    ]


def plain_log_loss(candidates):
    return plain_ridge(candidates, entropy)


def plain_zero_one(candidates):
    return plain_ridge(candidates, doubt_of_best)


def plain_newton(candidates, loss=entropy, ridge=1.0):
    """Move the weights of every class by the inverse Hessian that has seen the candidate, times its gradient."""
    mine, seen, wanted = common(candidates)
    proba = np.asarray(candidates.posterior.proba_NC, float)
    answers = np.log(np.maximum(np.asarray(candidates.targets.posterior.proba_NC, float), SMALLEST))
    hessian = ridge * np.eye(mine.shape[1])
    for phi, p in zip(seen, candidates.predict(candidates.labelled_LD).proba_NC, strict=True):
        hessian += max(p) * (1 - max(p)) * np.outer(phi, phi)

    def loss_of(logits):
        return np.mean([loss(np.exp(row - row.max()).tolist()) for row in logits])

    scores = []
    for phi, p in zip(mine, proba, strict=True):
        inverse = np.linalg.inv(hessian + max(p) * (1 - max(p)) * np.outer(phi, phi))
        score = loss_of(answers)
        for c in range(len(p)):
            change = np.outer(inverse @ phi, np.eye(len(p))[c] - p)
            score -= p[c] * loss_of(answers + wanted @ change)
        scores.append(score)
    return scores


ORACLES = {"eer_log_loss": plain_log_loss, "eer_zero_one": plain_zero_one, "eer_newton": plain_newton}


@pytest.mark.parametrize("name", sorted(ORACLES))
@pytest.mark.parametrize("shape", [(15, 2, 1), (6, 5, 12), (1, 3, 3), (8, 1, 2)], ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equals_a_refit_for_every_label(name, shape, dtype):
    size, classes, dims = shape
    score = resolve("acquisition", name)
    candidates = made_up(score.needs, size=size, classes=classes, dims=dims, dtype=dtype)
    scores_N = score(candidates, RNG)
    assert scores_N.dtype == dtype
    np.testing.assert_allclose(
        scores_N, ORACLES[name](candidates), atol=2e-5 if dtype == np.float32 else 1e-9
    )


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(sorted(ORACLES)), st.integers(1, 5), st.integers(1, 6))
def test_equals_a_refit_for_any_problem(seed, name, classes, dims):
    score = resolve("acquisition", name)
    candidates = made_up(score.needs, size=4, classes=classes, dims=dims, seed=seed, dtype=np.float64)
    np.testing.assert_allclose(score(candidates, RNG), ORACLES[name](candidates), atol=1e-8)


def test_newton_with_the_other_loss():
    score = EERNewton(loss="zero_one", ridge=0.3)
    candidates = made_up(score.needs, dtype=np.float64)
    np.testing.assert_allclose(
        score(candidates, RNG), plain_newton(candidates, doubt_of_best, 0.3), atol=1e-10
    )
    with pytest.raises(BadInput, match=r"loss must be one of log_loss, zero_one\. Got 'hinge'"):
        EERNewton(loss="hinge")


@pytest.mark.parametrize("name", sorted(ORACLES))
def test_blocks_join_without_a_seam(name, monkeypatch):
    monkeypatch.setattr(linear, "BLOCK_NUMBERS", 100)
    score = resolve("acquisition", name)
    candidates = made_up(score.needs, size=23, dtype=np.float64)
    np.testing.assert_allclose(score(candidates, RNG), ORACLES[name](candidates), atol=1e-9)


def test_by_hand():
    """One label at -1, targets at -1 and 1: ridge 1, so that A = inv [[2, -1], [-1, 2]] = [[2, 1], [1, 2]] / 3."""
    half = Categorical(np.full((1, 2), 0.5))
    candidates = Candidates(
        1, half, np.array([[1.0]]), np.array([[-1.0]]), labels_L=np.array([0]),
        targets=Targets(np.array([[1.0], [-1.0]]), Categorical(np.full((2, 2), 0.5))),
    )  # fmt: skip
    # The answers for class 0 are 2/3 at the label and 0 at the other side, and 0 for class 1 everywhere.
    # K = 2 at the other side, and 0 between the sides: its answer for class c becomes 2/3, the label's stays.
    cut = SMALLEST / (SMALLEST + 2 / 3)
    now = (0.5 + cut) / 2
    np.testing.assert_allclose(EERZeroOne(ridge=1.0)(candidates, RNG), [now - cut], atol=1e-12)


@pytest.mark.parametrize("kind", [EERLogLoss, EERZeroOne])
def test_an_item_without_a_label_yet_is_left_out(kind):
    """And does not count as of the last class, as an index of -1 would have it."""
    candidates = made_up(kind().needs)
    pending = replace(
        candidates,
        labelled_LD=np.concatenate([candidates.labelled_LD, candidates.features_ND[:3]]),
        labels_L=np.concatenate([candidates.labels_L, [-1, -1, -1]]),
    )
    assert np.array_equal(kind()(pending, RNG), kind()(candidates, RNG))


@pytest.mark.parametrize("kind", [EERLogLoss, EERZeroOne, EERNewton])
def test_extreme_beliefs_and_weak_penalties_stay_finite(kind):
    candidates = made_up(kind().needs, dims=2)
    sure = np.eye(4, dtype=np.float32)
    candidates = replace(
        candidates,
        posterior=Categorical(sure[np.arange(60) % 4]),
        features_ND=candidates.features_ND * 1e3,
        targets=Targets(candidates.targets.features_MD, Categorical(sure[np.arange(8) % 4])),
        predict=lambda features: Categorical(sure[np.arange(len(features)) % 4]),
    )
    assert np.isfinite(kind(ridge=1e-3)(candidates, RNG)).all()


@pytest.mark.parametrize("kind", [EERLogLoss, EERZeroOne, EERNewton])
def test_no_array_of_candidates_by_targets(kind):
    """Pairs alone would take 160 MB with every class, in single precision."""
    candidates = made_up(kind().needs, size=2000, classes=10)
    targets_MD = np.random.default_rng(0).normal(size=(2000, 6)).astype(np.float32)
    told = replace(candidates, targets=Targets(targets_MD, Categorical(np.full((2000, 10), 0.1, np.float32))))
    assert peak_bytes(lambda: kind()(told, RNG)) < 48 << 20


def digits(labels, candidates, targets):
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    X = (X - X.mean(axis=0)) / 16
    X = X @ np.linalg.svd(X, full_matrices=False)[2][:10].T
    order = np.random.default_rng(0).permutation(len(X))
    parts = np.split(order[: labels + candidates + targets], [labels, labels + candidates])
    return [(X[rows], y[rows]) for rows in parts]


@pytest.mark.parametrize(("loss", "plain"), [("log_loss", entropy), ("zero_one", doubt_of_best)])
def test_ranks_as_exact_refits_of_a_logistic_regression_do(loss, plain):
    """Ten classes of digits: each candidate's label is tried, the model refitted from nothing."""
    from scipy.stats import spearmanr
    from sklearn.linear_model import LogisticRegression

    (X_L, y_L), (X_N, _), (X_M, _) = digits(60, 20, 60)
    middle = X_M.mean(axis=0)
    scale = math.sqrt(((X_M - middle) ** 2).sum(axis=1).mean())

    def phi(X):
        return np.c_[(X - middle) / scale, np.ones(len(X))]

    def fitted(X, y):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return LogisticRegression(C=1.0, fit_intercept=False, max_iter=500, tol=1e-6).fit(phi(X), y)

    model = fitted(X_L, y_L)

    def predict(X):
        return Categorical(model.predict_proba(phi(X)))

    known = predict(X_N)
    candidates = Candidates(20, known, X_N, X_L, targets=Targets(X_M, predict(X_M)), predict=predict)
    scores_N = EERNewton(ridge=1.0, loss=loss)(candidates, RNG)
    exact = [
        -sum(
            known.proba_NC[n, c]
            * np.mean(
                [
                    plain(row)
                    for row in fitted(np.vstack([X_L, x]), [*y_L, c]).predict_proba(phi(X_M)).tolist()
                ]
            )
            for c in range(10)
        )
        for n, x in enumerate(X_N)
    ]
    assert spearmanr(scores_N, exact).statistic >= 0.95
