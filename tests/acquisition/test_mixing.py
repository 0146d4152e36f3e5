"""ALFA-Mix against its formula written out with numerical gradients; DropQuery against every mask."""

import itertools
import math

import numpy as np
import pytest

from asklearn.acquisition.mixing import AlfaMix, DropQuery
from asklearn.errors import BadInput
from asklearn.types import Candidates, Categorical, Targets

RNG = np.random.default_rng(0)


def softmax_model(weights_CD):
    def predict(features_ND):
        logits_NC = features_ND @ weights_CD.T
        odds_NC = np.exp(logits_NC - logits_NC.max(axis=1, keepdims=True))
        return Categorical(odds_NC / odds_NC.sum(axis=1, keepdims=True))

    return predict


def made(seed=0, size=200, dims=4, classes=3):
    rng = np.random.default_rng(seed)
    predict = softmax_model(rng.normal(size=(classes, dims)))
    features_ND, targets_MD = rng.normal(size=(size, dims)), rng.normal(size=(60, dims))
    return Candidates(
        size,
        predict(features_ND),
        features_ND,
        labelled_LD=rng.normal(size=(8, dims)),
        labels_L=np.array([0, 1, 2, 0, -1, 1, 2, 0]),
        targets=Targets(targets_MD, predict(targets_MD)),
        predict=predict,
    )


def plain_alfa_mix(candidates, eps):
    """The paper's closed form, feature by feature, with gradients from differences."""
    shares = []
    anchors = []
    for k in range(3):
        rows = [r for r, c in zip(candidates.labelled_LD, candidates.labels_L, strict=True) if c == k]
        anchors.append([sum(column) / len(rows) for column in zip(*rows, strict=True)])

    def proba(row):
        return candidates.predict(np.array([row])).proba_NC[0]

    for z in candidates.features_ND:
        guess = int(proba(z).argmax())
        gradient = []
        for d in range(len(z)):
            up, down = np.array(z), np.array(z)
            up[d] += 1e-5
            down[d] -= 1e-5
            gradient.append((math.log(proba(down)[guess]) - math.log(proba(up)[guess])) / 2e-5)
        flips = 0
        for anchor in anchors:
            apart = [a - x for a, x in zip(anchor, z, strict=True)]
            scale = eps * math.hypot(*apart) / math.hypot(*gradient)
            a = [scale * g / x for g, x in zip(gradient, apart, strict=True)]
            mixed = [w * s + (1 - w) * x for w, s, x in zip(a, anchor, z, strict=True)]
            flips += int(proba(mixed).argmax()) != guess
        shares.append(flips / len(anchors))
    return shares


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("eps", [None, 0.3])
def test_alfa_mix_equals_the_closed_form(seed, eps):
    candidates = made(seed, size=60)
    found = AlfaMix(eps)(candidates, RNG)
    np.testing.assert_allclose(found, plain_alfa_mix(candidates, 0.2 / math.sqrt(4) if eps is None else eps))
    assert 0 < (found > 0).mean() < 1


def test_a_longer_mix_flips_more():
    shares = [AlfaMix(eps)(made(), RNG).mean() for eps in (0.01, 0.1, 1.0)]
    assert shares[0] < shares[1] < shares[2]


def test_alfa_mix_by_hand():
    """One feature, boundary at 0, anchor at 2: the step of 0.2 * |2 - z| towards 0 must pass it."""
    features_ND = np.array([[0.1], [0.3], [0.4], [-0.3], [-0.6]])
    predict = softmax_model(np.array([[0.0], [1.0]]))
    known = Candidates(
        5, predict(features_ND), features_ND, labelled_LD=np.array([[2.0]]), labels_L=np.array([1]),
        targets=Targets(features_ND, predict(features_ND)), predict=predict,
    )  # fmt: skip
    assert AlfaMix()(known, RNG).tolist() == [1, 1, 0, 1, 0]  # 0.38, 0.34, 0.32, 0.46, 0.52


def test_nothing_answered_scores_0():
    candidates = made(size=4)
    nothing = Candidates(
        4, candidates.posterior, candidates.features_ND, labelled_LD=np.ones((1, 4)), labels_L=np.array([-1]),
        targets=candidates.targets, predict=candidates.predict,
    )  # fmt: skip
    assert AlfaMix()(nothing, RNG).tolist() == [0] * 4


def plain_flip_probability(candidates, drop):
    """Sum the probability of every mask that flips the prediction."""
    found = []
    for z in candidates.features_ND:
        guess = candidates.predict(np.array([z])).proba_NC[0].argmax()
        total = 0.0
        for mask in itertools.product([0, 1], repeat=len(z)):
            kept = np.array([[x * m / (1 - drop) for x, m in zip(z, mask, strict=True)]])
            if candidates.predict(kept).proba_NC[0].argmax() != guess:
                total += math.prod(1 - drop if m else drop for m in mask)
        found.append(total)
    return found


@pytest.mark.parametrize("drop", [0.25, 0.75])
def test_drop_query_flips_as_often_as_the_masks_say(drop):
    candidates = made(size=40)
    found = DropQuery(times=3000, drop=drop)(candidates, np.random.default_rng(1))
    np.testing.assert_allclose(found, plain_flip_probability(candidates, drop), atol=0.05)


def test_drop_query_obeys_the_generator():
    """scikit-activeml's ignores its random_state."""
    candidates = made()
    one, again, other = (DropQuery()(candidates, np.random.default_rng(seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()
    assert set(np.unique(one * 3).round(6)) == {0, 1, 2, 3}


def test_masks_differ_by_candidate_and_by_copy():
    features_ND = np.tile([[1.0, 1.0, 1.0, 1.0]], (50, 1))
    seen = []

    def predict(rows_BD):
        seen.append(rows_BD.copy())
        return Categorical(np.tile([1.0, 0.0], (len(rows_BD), 1)))

    DropQuery(times=2, drop=0.5)(Candidates(50, predict(features_ND), features_ND, predict=predict), RNG)
    first, second = seen[1:]
    assert len(np.unique(first, axis=0)) > 8
    assert (first != second).any()
    assert set(np.unique(first)) == {0.0, 2.0}


def test_chunks_do_not_matter(monkeypatch):
    candidates = made()
    whole = AlfaMix()(candidates, RNG)
    monkeypatch.setattr("asklearn.acquisition.mixing.CHUNK", 20)
    np.testing.assert_array_equal(AlfaMix()(candidates, RNG), whole)


def test_options_are_checked():
    for wrong in (lambda: AlfaMix(0), lambda: DropQuery(times=0), lambda: DropQuery(drop=1)):
        with pytest.raises(BadInput):
            wrong()


ORACLES = {
    "alfa_mix": "test_alfa_mix_equals_the_closed_form",
    "drop_query": "test_drop_query_flips_as_often_as_the_masks_say",
}
