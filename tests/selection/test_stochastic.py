"""Draws by lot: how often each candidate comes first, against its exact probability."""

import numpy as np
import pytest

from asklearn.errors import BadInput
from asklearn.selection.stochastic import Power, Softmax, Softrank
from asklearn.types import Candidates

TRIES = 1500
SCORES = np.array([0.0, 0.1, 0.2, 0.3, 0.4])


def first_picks(select, scores_N):
    candidates = Candidates(len(scores_N), scores_N=scores_N)
    first = [select(candidates, 1, np.random.default_rng(seed))[0] for seed in range(TRIES)]
    return np.bincount(first, minlength=len(scores_N))


def odds(weights):
    return np.array(weights) / np.sum(weights)


@pytest.mark.parametrize(
    ("select", "scores_N", "expected"),
    [
        (Power(1.0), SCORES, odds([0, 1, 2, 3, 4])),
        (Power(2.0), SCORES, odds([0, 1, 4, 9, 16])),
        (Power(0.0), SCORES, odds([1, 1, 1, 1, 1])),
        (Power(1.0), SCORES - 0.4, odds([0, 1, 2, 3, 4])),
        (Power(1.0, zero=-1.0), SCORES - 1, odds([0, 1, 2, 3, 4])),
        (Power(1.0, zero=0.2), SCORES, odds([0, 0, 0, 1, 2])),
        (Softmax(5.0), SCORES, odds(np.exp(5 * SCORES))),
        (Softmax(0.0), SCORES, odds([1, 1, 1, 1, 1])),
        (Softrank(1.0), SCORES, odds([1 / 5, 1 / 4, 1 / 3, 1 / 2, 1])),
        (Softrank(2.0), SCORES * 100, odds([1 / 25, 1 / 16, 1 / 9, 1 / 4, 1])),
    ],
    ids=str,
)
def test_first_pick_has_the_stated_probability(select, scores_N, expected):
    counts = first_picks(select, scores_N)
    possible = expected > 0
    assert counts[~possible].sum() == 0
    wanted = TRIES * expected[possible]
    assert ((counts[possible] - wanted) ** 2 / wanted).sum() < 18.5  # chi-square, 4 degrees, p = 0.001


def test_second_pick_is_drawn_from_the_rest():
    candidates = Candidates(3, scores_N=np.array([1.0, 2.0, 3.0]))
    pairs = [tuple(Power()(candidates, 2, np.random.default_rng(seed)).tolist()) for seed in range(TRIES)]
    weights = {0: 1, 1: 2, 2: 3}
    chi2 = 0.0
    for a in range(3):
        for b in {0, 1, 2} - {a}:
            expected = TRIES * weights[a] / 6 * weights[b] / (6 - weights[a])
            chi2 += (pairs.count((a, b)) - expected) ** 2 / expected
    assert chi2 < 20.5  # 5 degrees of freedom, p = 0.001


def test_worthless_candidates_come_last_and_by_lot():
    candidates = Candidates(4, scores_N=np.array([0.0, 1.0, 0.0, 0.0]))
    picks = np.array([Power()(candidates, 2, np.random.default_rng(seed)) for seed in range(300)])
    assert (picks[:, 0] == 1).all()
    assert set(picks[:, 1].tolist()) == {0, 2, 3}


@pytest.mark.parametrize("kind", [Power, Softmax, Softrank])
@pytest.mark.parametrize("beta", [-1.0, np.nan, np.inf])
def test_beta_must_be_sound(kind, beta):
    with pytest.raises(BadInput, match="beta must be a number from 0 up"):
        kind(beta)


@pytest.mark.parametrize("kind", [Power, Softmax, Softrank])
def test_infinite_scores_and_large_beta(kind):
    scores_N = np.array([0.5, 0.25, 0.125])
    assert kind(1e6)(Candidates(3, scores_N=scores_N), 3, np.random.default_rng(0)).tolist() == [0, 1, 2]
