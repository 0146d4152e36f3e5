"""BADGE against gradients written out, and the faults that others have."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest

from asklearn.errors import BadInput
from asklearn.selection.badge import Badge, residuals
from asklearn.types import Candidates, Categorical

TRIES = 3000


def gradients(proba, features, bias=False):
    """d/dW of -log p(likeliest class), entry by entry."""
    rows = []
    for p, x in zip(proba, features, strict=True):
        x = [*x, 1.0] if bias else list(x)
        likeliest = max(range(len(p)), key=lambda c: p[c])
        rows.append([(p[c] - (c == likeliest)) * one for c in range(len(p)) for one in x])
    return rows


def numeric_gradient(weights, x, label, step=1e-6):
    def loss(w):
        logits = [sum(a * b for a, b in zip(row, x, strict=True)) for row in w]
        return math.log(sum(math.exp(one) for one in logits)) - logits[label]

    found = []
    for c, d in itertools.product(range(len(weights)), range(len(x))):
        up, down = ([row[:] for row in weights] for _ in range(2))
        up[c][d] += step
        down[c][d] -= step
        found.append((loss(up) - loss(down)) / (2 * step))
    return found


def exact_odds(points, n):
    odds = {}
    for draw in itertools.permutations(range(len(points)), n):
        chance = 1 / len(points)
        for t in range(1, n):
            gaps = [
                min(sum((a - b) ** 2 for a, b in zip(one, points[j], strict=True)) for j in draw[:t])
                for one in points
            ]
            chance *= gaps[draw[t]] / sum(gaps)
        odds[draw] = chance
    return odds


def misfit(pick, odds):
    counts = Counter(tuple(pick(seed)) for seed in range(TRIES))
    likely = [one for one in odds if odds[one] * TRIES >= 5]
    chi2 = sum((counts[one] - TRIES * odds[one]) ** 2 / (TRIES * odds[one]) for one in likely)
    return (chi2 - len(likely)) / np.sqrt(2 * len(likely))


def made_up(seed=0, size=5, classes=3, dims=2):
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.full(classes, 0.5), size), rng.normal(size=(size, dims))


@pytest.mark.parametrize("bias", [False, True])
def test_picks_have_the_distribution_of_the_definition(bias):
    proba_NC, features_ND = made_up()
    odds = exact_odds(gradients(proba_NC.tolist(), features_ND.tolist(), bias), 3)
    known = Candidates(5, Categorical(proba_NC), features_ND=features_ND)
    badge = Badge(bias=bias)
    assert misfit(lambda seed: badge(known, 3, np.random.default_rng(seed)).tolist(), odds) < 4


def test_the_written_out_gradient_is_that_of_the_loss():
    weights = [[0.5, -1.0], [0.25, 0.75], [-0.5, 0.0]]
    x = [1.5, -0.5]
    logits = np.array([sum(a * b for a, b in zip(row, x, strict=True)) for row in weights])
    proba = (np.exp(logits) / np.exp(logits).sum()).tolist()
    likeliest = proba.index(max(proba))
    np.testing.assert_allclose(gradients([proba], [x])[0], numeric_gradient(weights, x, likeliest), atol=1e-8)


def test_residuals_left_at_the_probability_are_caught():
    """The fault of small-text: the likeliest class keeps p where p - 1 belongs, so the confident win."""
    proba_NC, features_ND = made_up()
    faulty = [[c * x for c in p for x in row] for p, row in zip(proba_NC, features_ND, strict=True)]
    badge = Badge()
    known = Candidates(5, Categorical(proba_NC), features_ND=features_ND)
    assert (
        misfit(lambda seed: badge(known, 3, np.random.default_rng(seed)).tolist(), exact_odds(faulty, 3)) > 10
    )


def test_lengths_by_hand():
    proba_NC = np.array([[0.98, 0.01, 0.01], [0.4, 0.3, 0.3]])
    assert np.linalg.norm(residuals(proba_NC), axis=1) == pytest.approx([0.0245, 0.7348], abs=1e-4)


def test_the_confident_are_seldom_drawn():
    rng = np.random.default_rng(0)
    unsure = rng.permutation(300) < 30
    proba_NC = np.where(unsure[:, None], [0.4, 0.3, 0.3], [0.99, 0.005, 0.005])
    known = Candidates(300, Categorical(proba_NC), features_ND=rng.normal(size=(300, 8)))
    picks = Badge(first="largest")(known, 20, np.random.default_rng(0))
    assert unsure[picks].mean() > 0.9


def test_largest_takes_the_longest_gradient_first():
    proba_NC, features_ND = made_up(size=40, seed=3)
    lengths = np.linalg.norm(gradients(proba_NC.tolist(), features_ND.tolist()), axis=1)
    known = Candidates(40, Categorical(proba_NC), features_ND=features_ND)
    assert Badge(first="largest")(known, 1, np.random.default_rng(0))[0] == lengths.argmax()
    picks = Badge(prefilter=2)(known, 5, np.random.default_rng(0))
    assert set(picks.tolist()) <= set(np.argsort(-lengths)[:10].tolist())


def test_with_a_bias_features_of_zero_still_differ():
    proba_NC = np.array([[0.5, 0.5], [0.5, 0.5], [0.1, 0.9], [0.1, 0.9]])
    known = Candidates(4, Categorical(proba_NC), features_ND=np.zeros((4, 3)))
    for seed in range(10):
        picks = Badge(bias=True)(known, 2, np.random.default_rng(seed))
        assert {int(i) // 2 for i in picks} == {0, 1}


def test_gradients_are_never_written_out():
    from asklearn.testing.candidates import peak_bytes

    rng = np.random.default_rng(0)
    proba_NC = rng.dirichlet(np.ones(50), 8000).astype(np.float32)
    features_ND = rng.normal(size=(8000, 100)).astype(np.float32)
    known = Candidates(8000, Categorical(proba_NC), features_ND=features_ND)
    used = peak_bytes(lambda: Badge()(known, 300, np.random.default_rng(0)))
    assert used < 10 << 20 < 8000 * 50 * 100 * 4


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Badge(first="best"), "first must be 'uniform' or 'largest'"),
        (lambda: Badge(prefilter=0), "prefilter must be 1 or more"),
    ],
)
def test_options_must_be_sound(make, said):
    with pytest.raises(BadInput, match=said):
        make()


def test_probabilities_must_be_numbers():
    known = Candidates(2, Categorical(np.array([[0.5, 0.5], [np.nan, 1]])), features_ND=np.ones((2, 2)))
    with pytest.raises(BadInput, match="row 1"):
        Badge()(known, 1, np.random.default_rng(0))
