"""CAL against plain loops; the discriminative head against a minimiser of the loss written out."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from asklearn.acquisition import contrastive as module
from asklearn.acquisition.contrastive import Contrastive, Discriminative
from asklearn.errors import BadInput
from asklearn.types import Candidates, Categorical

RNG = np.random.default_rng(0)


def softmax_model(weights_CD):
    def predict(features_ND):
        logits_NC = features_ND @ weights_CD.T
        odds_NC = np.exp(logits_NC - logits_NC.max(axis=1, keepdims=True))
        return Categorical(odds_NC / odds_NC.sum(axis=1, keepdims=True))

    return predict


def made(seed=0, size=10, labelled=7):
    rng = np.random.default_rng(seed)
    predict = softmax_model(rng.normal(size=(3, 2)))
    features_ND = rng.normal(size=(size, 2))
    return Candidates(
        size,
        predict(features_ND),
        features_ND,
        labelled_LD=rng.normal(size=(labelled, 2)),
        labels_L=rng.integers(-1, 3, labelled),
        predict=predict,
    )


def plain_cal(candidates, k):
    scores = []
    answered = [
        row for row, label in zip(candidates.labelled_LD, candidates.labels_L, strict=True) if label >= 0
    ]
    for row, p in zip(candidates.features_ND, candidates.posterior.proba_NC, strict=True):
        near = sorted(answered, key=lambda other: math.dist(row, other))[:k]
        divergences = []
        for other in near:
            q = candidates.predict(np.array([other])).proba_NC[0]
            divergences.append(sum(a * math.log(a / b) for a, b in zip(q, p, strict=True)))
        scores.append(sum(divergences) / len(divergences) if divergences else 0)
    return scores


@given(seed=st.integers(0, 1000), k=st.integers(1, 9))
def test_equals_plain_loops(seed, k):
    candidates = made(seed)
    np.testing.assert_allclose(Contrastive(k)(candidates, RNG), plain_cal(candidates, k), atol=1e-9)


def test_by_hand():
    def predict(features_ND):
        return Categorical(np.where(features_ND > 0, [[0.25, 0.75]], [[0.5, 0.5]]))

    features_ND = np.array([[1.0], [-1.0]])
    known = Candidates(
        2, predict(features_ND), features_ND,
        labelled_LD=np.array([[0.9], [-0.9]]), labels_L=np.array([1, 0]), predict=predict,
    )  # fmt: skip
    np.testing.assert_allclose(Contrastive(1)(known, RNG), [0, 0], atol=1e-12)
    flat = 0.5 * math.log(0.5 / 0.25) + 0.5 * math.log(0.5 / 0.75)
    steep = 0.25 * math.log(0.25 / 0.5) + 0.75 * math.log(0.75 / 0.5)
    np.testing.assert_allclose(Contrastive(2)(known, RNG), [flat / 2, steep / 2])


def test_an_item_without_an_answer_is_no_neighbour():
    """Nor is the candidate itself, though it was asked: its divergence from itself is 0 (small-text)."""
    candidates = made(3)
    asked = Candidates(
        10, candidates.posterior, candidates.features_ND, predict=candidates.predict,
        labelled_LD=np.concatenate([candidates.features_ND, candidates.labelled_LD]),
        labels_L=np.concatenate([np.full(10, -1), candidates.labels_L]),
    )  # fmt: skip
    scores_N = Contrastive(1)(asked, RNG)
    assert (scores_N > 1e-6).all()
    np.testing.assert_allclose(scores_N, Contrastive(1)(candidates, RNG))


def test_nothing_answered_scores_0():
    candidates = made()
    nothing = Candidates(
        10, candidates.posterior, candidates.features_ND, predict=candidates.predict,
        labelled_LD=np.ones((2, 2)), labels_L=np.array([-1, -1]),
    )  # fmt: skip
    assert Contrastive()(nothing, RNG).tolist() == [0] * 10


def plain_head(open_rows, labelled_rows, C):
    """Minimise the balanced, penalised log-loss on standardised features, written out."""
    both = np.concatenate([open_rows, labelled_rows])
    scaled = (both - both.mean(axis=0)) / both.std(axis=0)
    sign = np.array([1.0] * len(open_rows) + [-1.0] * len(labelled_rows))
    weight = np.where(sign > 0, len(both) / (2 * len(open_rows)), len(both) / (2 * len(labelled_rows)))

    def loss(parameters):
        odds = scaled @ parameters[:-1] + parameters[-1]
        return C * (weight * np.log1p(np.exp(-sign * odds))).sum() + 0.5 * (parameters[:-1] ** 2).sum()

    best = minimize(loss, np.zeros(both.shape[1] + 1), tol=1e-10).x
    return (scaled @ best[:-1] + best[-1])[: len(open_rows)]


@pytest.mark.parametrize("C", [0.1, 1.0, 10.0])
def test_the_head_minimises_its_loss(C):
    candidates = made(size=30)
    expected = plain_head(candidates.features_ND, candidates.labelled_LD, C)
    np.testing.assert_allclose(Discriminative(C)(candidates, RNG), expected, atol=1e-4)


def test_what_is_unlike_the_labelled_comes_first():
    features_ND = np.concatenate([np.zeros((20, 2)), np.full((5, 2), 3.0)]) + 0.1 * RNG.normal(size=(25, 2))
    known = Candidates(25, features_ND=features_ND, labelled_LD=0.1 * RNG.normal(size=(4, 2)))
    assert set(Discriminative()(known, RNG).argsort()[-5:]) == set(range(20, 25))


def test_a_sample_of_a_large_pool_is_drawn_by_the_generator(monkeypatch):
    monkeypatch.setattr(module, "SAMPLE", 50)
    candidates = made(size=300)
    one, again, other = (Discriminative()(candidates, np.random.default_rng(seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()
    assert one.shape == (300,)


def test_options_and_features_are_checked():
    with pytest.raises(BadInput, match="neighbours must be 1 or more"):
        Contrastive(0)
    with pytest.raises(BadInput, match="C must be a number above 0"):
        Discriminative(0)
    with pytest.raises(BadInput, match="finite"):
        Discriminative()(Candidates(1, features_ND=np.array([[np.nan]]), labelled_LD=np.ones((1, 1))), RNG)


def test_the_planted_fault_of_taking_every_item_asked_as_a_neighbour_is_caught():
    candidates = made(3)
    faulty = Contrastive(1)(replace(candidates, labels_L=np.maximum(candidates.labels_L, 0)), RNG)
    assert not np.allclose(faulty, plain_cal(candidates, 1), atol=1e-9)


ORACLES = {
    "contrastive": lambda candidates: plain_cal(candidates, 10),
    "discriminative": "test_the_head_minimises_its_loss",
}
