"""CDAL against plain greedy over divergences written out."""

import math

import numpy as np
import pytest

from asklearn.errors import BadInput
from asklearn.selection import cdal as module
from asklearn.selection.cdal import Cdal
from asklearn.types import Candidates, Categorical

RNG = np.random.default_rng(0)


def divergence(p, q):
    p, q = ([max(one, 1e-6) for one in each] for each in (p, q))
    p, q = ([one / sum(each) for one in each] for each in (p, q))
    there = sum(a * math.log(a / b) for a, b in zip(p, q, strict=True))
    back = sum(b * math.log(b / a) for a, b in zip(p, q, strict=True))
    return (there + back) / 2


def greedy(proba, centres, n):
    picks, centres = [], list(centres)
    for _ in range(n):
        gaps = [
            -1.0 if i in picks else min(divergence(p, one) for one in centres) for i, p in enumerate(proba)
        ]
        picks.append(gaps.index(max(gaps)))
        centres.append(proba[picks[-1]])
    return picks


def known(proba_NC, labelled_LC):
    return Candidates(
        len(proba_NC),
        Categorical(proba_NC),
        labelled_LD=np.arange(len(labelled_LC))[:, None],
        predict=lambda features_MD: Categorical(labelled_LC[features_MD[:, 0]]),
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("front", [1, 5, 2048])
@pytest.mark.parametrize("seed", range(3))
def test_picks_are_those_of_plain_greedy(monkeypatch, seed, front, dtype):
    monkeypatch.setattr(module, "FRONT", front)
    monkeypatch.setattr(module, "CHUNK", 16)
    rng = np.random.default_rng(seed)
    proba_NC = rng.dirichlet([0.5, 0.7, 0.9, 0.4], 50).astype(dtype)
    labelled_LC = rng.dirichlet(np.ones(4), 3).astype(dtype)
    picks = Cdal()(known(proba_NC, labelled_LC), 20, RNG)
    assert picks.tolist() == greedy(proba_NC.tolist(), labelled_LC.tolist(), 20)


def test_by_hand():
    proba_NC = np.array([[0.9, 0.1], [0.5, 0.5], [0.1, 0.9], [0.8, 0.2]])
    assert divergence([0.9, 0.1], [0.1, 0.9]) == pytest.approx(0.8 * math.log(9))
    assert divergence([0.9, 0.1], [0.5, 0.5]) == pytest.approx(0.4 * math.log(9) / 2)
    assert Cdal()(known(proba_NC, proba_NC[:1]), 3, RNG).tolist() == [2, 1, 3]


def test_copies_of_labelled_items_come_last():
    rng = np.random.default_rng(0)
    labelled_LC = rng.dirichlet(np.ones(5), 20).astype(np.float32)
    proba_NC = np.concatenate([labelled_LC, rng.dirichlet(np.ones(5), 30).astype(np.float32), labelled_LC])
    picks = Cdal()(known(proba_NC, labelled_LC), 31, RNG)
    assert set(picks[:30].tolist()) == set(range(20, 50))


def test_probabilities_of_zero_are_far_and_finite():
    proba_NC = np.eye(4, dtype=np.float32)[[0, 0, 1, 2, 3, 0, 1]]
    picks = Cdal()(known(proba_NC, proba_NC[:1]), 3, RNG)
    assert set(proba_NC[picks].argmax(axis=1).tolist()) == {1, 2, 3}


def test_the_first_of_all_is_drawn():
    proba_NC = np.random.default_rng(0).dirichlet(np.ones(3), 8)
    nothing = Candidates(8, Categorical(proba_NC), predict=lambda features_MD: None)
    first = {int(Cdal()(nothing, 1, np.random.default_rng(seed))[0]) for seed in range(99)}
    assert first == set(range(8))


def test_what_is_believed_of_labelled_items_must_be_numbers():
    with pytest.raises(BadInput, match="row 0"):
        Cdal()(known(np.full((3, 2), 0.5), np.array([[np.nan, 1.0]])), 1, RNG)
