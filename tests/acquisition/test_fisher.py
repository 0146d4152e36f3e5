"""Gradients and variances of a linear head, against explicit gradients and inverses, and by hand."""

import math

import numpy as np
import pytest

from asklearn.acquisition import linear
from asklearn.acquisition.fisher import FisherRatio, VarianceReduction, egl
from asklearn.errors import BadInput
from asklearn.registry import resolve
from asklearn.testing.candidates import made_up
from asklearn.types import Candidates, Categorical, Targets

RNG = np.random.default_rng(0)


def plain_egl(candidates):
    """The gradient of the log loss with respect to every weight, for every class."""
    scores = []
    for p, phi in zip(candidates.posterior.proba_NC.tolist(), candidates.features_ND.tolist(), strict=True):
        score = 0.0
        for label in range(len(p)):
            gradient = [(p[c] - (c == label)) * x for c in range(len(p)) for x in phi]
            score += p[label] * math.sqrt(sum(one * one for one in gradient))
        scores.append(score)
    return scores


def common(candidates):
    """Centred on the targets, of unit mean squared norm there, with a 1 for the bias."""
    targets = np.asarray(candidates.targets.features_MD, float)
    middle = targets.mean(axis=0)
    scale = math.sqrt(np.mean([row @ row for row in targets - middle]))

    def phi(features):
        return [np.append((row - middle) / scale, 1.0) for row in np.asarray(features, float)]

    return phi(candidates.features_ND), phi(candidates.labelled_LD), phi(targets)


def plain_variance_reduction(candidates, ridge=0.1):
    mine, seen, wanted = common(candidates)
    before = ridge * np.eye(len(wanted[0])) + sum(np.outer(phi, phi) for phi in seen)

    def variance(precision):
        return np.mean([phi @ np.linalg.inv(precision) @ phi for phi in wanted])

    return [variance(before) - variance(before + np.outer(phi, phi)) for phi in mine]


def plain_fisher(candidates, ridge=0.1):
    mine, seen, wanted = common(candidates)

    def information(features, posterior):
        weights = [max(p) * (1 - max(p)) for p in posterior.proba_NC.tolist()]
        return [w * np.outer(phi, phi) for w, phi in zip(weights, features, strict=True)]

    wanted_information = sum(information(wanted, candidates.targets.posterior)) / len(wanted)
    before = ridge * np.eye(len(wanted[0])) + sum(
        information(seen, candidates.predict(candidates.labelled_LD))
    )

    def ratio(precision):
        return np.trace(np.linalg.inv(precision) @ wanted_information)

    return [ratio(before) - ratio(before + one) for one in information(mine, candidates.posterior)]


ORACLES = {"egl": plain_egl, "variance_reduction": plain_variance_reduction, "fisher": plain_fisher}


@pytest.mark.parametrize("name", sorted(ORACLES))
@pytest.mark.parametrize("shape", [(30, 2, 1), (9, 7, 20), (1, 3, 3)], ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equals_the_definition(name, shape, dtype):
    size, classes, dims = shape
    score = resolve("acquisition", name)
    candidates = made_up(score.needs, size=size, classes=classes, dims=dims, dtype=dtype)
    scores_N = score(candidates, RNG)
    assert scores_N.dtype == dtype
    np.testing.assert_allclose(
        scores_N, ORACLES[name](candidates), rtol=1e-4 if dtype == np.float32 else 1e-8
    )


@pytest.mark.parametrize("name", sorted(ORACLES))
def test_blocks_join_without_a_seam(name, monkeypatch):
    monkeypatch.setattr(linear, "BLOCK_NUMBERS", 40)
    score = resolve("acquisition", name)
    candidates = made_up(score.needs, size=23, dtype=np.float64)
    np.testing.assert_allclose(score(candidates, RNG), ORACLES[name](candidates), rtol=1e-8)


def test_gradient_by_hand():
    known = Categorical(np.array([[0.5, 0.5], [1.0, 0.0], [0.6, 0.4]]))
    candidates = Candidates(3, known, np.array([[3.0, 4.0], [3.0, 4.0], [0.0, 2.0]]))
    expected = [5 * math.sqrt(0.5), 0, 2 * (0.6 * math.sqrt(0.32) + 0.4 * math.sqrt(0.72))]
    np.testing.assert_allclose(egl(candidates, RNG), expected, atol=1e-12)


def test_the_sum_of_absolute_gradients_is_another_score():
    """Euclidean length it is: the sum of absolute values ranks these two the other way round."""
    proba_NC = np.array([[0.49, 0.17, 0.17, 0.17], [0.64, 0.36, 0.0, 0.0]])
    features_ND = np.array([[1.0, 1.0], [2.0, 0.0]])
    lengths = egl(Candidates(2, Categorical(proba_NC), features_ND), RNG)
    absolute = [
        sum(p[c] * np.abs(np.outer(p - np.eye(4)[c], phi)).sum() for c in range(4))
        for p, phi in zip(proba_NC, features_ND, strict=True)
    ]
    assert (lengths[0] > lengths[1]) != (absolute[0] > absolute[1])


def test_near_certainty_the_gradient_keeps_its_digits():
    proba_NC = np.array([[1 - 1e-6, 1e-6, 0.0]], np.float32)
    exact = plain_egl(Candidates(1, Categorical(proba_NC.astype(float)), np.ones((1, 1))))
    score = egl(Candidates(1, Categorical(proba_NC), np.ones((1, 1), np.float32)), RNG)
    np.testing.assert_allclose(score, exact, rtol=1e-5)


def test_variance_by_hand():
    """Two targets at -1 and 1, one label at 1, ridge 1/2: the other side is worth nine times as much."""
    targets = Targets(np.array([[1.0], [-1.0]]), Categorical(np.full((2, 2), 0.5)))
    candidates = Candidates(
        2, features_ND=np.array([[1.0], [-1.0]]), labelled_LD=np.array([[1.0]]), targets=targets
    )
    np.testing.assert_allclose(VarianceReduction(ridge=0.5)(candidates, RNG), [0.32 / 1.8, 1.6])


def test_a_pending_item_counts_as_labelled():
    score = VarianceReduction()
    candidates = made_up(score.needs)
    assert score.needs == {"features", "labelled", "targets"}
    asked = Candidates(
        60,
        features_ND=candidates.features_ND,
        labelled_LD=np.concatenate([candidates.labelled_LD, candidates.features_ND[:1]]),
        targets=candidates.targets,
    )
    assert score(asked, RNG)[0] < 0.6 * score(candidates, RNG)[0]


def test_what_is_certain_tells_nothing_to_fisher():
    score = FisherRatio()
    candidates = made_up(score.needs, classes=2)
    proba_NC = candidates.posterior.proba_NC.copy()
    proba_NC[7] = [0.0, 1.0]
    sure = Candidates(
        60, Categorical(proba_NC), candidates.features_ND, candidates.labelled_LD,
        targets=candidates.targets, predict=candidates.predict,
    )  # fmt: skip
    scores_N = score(sure, RNG)
    assert scores_N[7] == 0
    assert (np.delete(scores_N, 7) > 0).all()


@pytest.mark.parametrize("kind", [VarianceReduction, FisherRatio])
@pytest.mark.parametrize("ridge", [0.0, -1.0, math.nan, math.inf])
def test_ridge_must_be_sound(kind, ridge):
    score = kind(ridge=ridge)
    with pytest.raises(BadInput, match="ridge must be a number above 0"):
        score(made_up(score.needs), RNG)
