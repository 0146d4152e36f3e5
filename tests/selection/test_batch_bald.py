"""BatchBALD against joint entropies enumerated outcome by outcome, and the faults that others have."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asklearn.errors import BadInput
from asklearn.selection import batch_bald as module
from asklearn.selection.batch_bald import BatchBald, Outcomes
from asklearn.types import Candidates, Categorical

RNG = np.random.default_rng(0)


def joint_information(draws, batch):
    """I(y_batch; draw) of draws[k][i][c], by a plain loop over every joint outcome."""
    members = range(len(draws))
    joint = 0.0
    for outcome in itertools.product(range(len(draws[0][0])), repeat=len(batch)):
        chance = sum(
            math.prod(draws[k][i][c] for i, c in zip(batch, outcome, strict=True)) for k in members
        ) / len(draws)
        joint -= chance * math.log(chance) if chance > 0 else 0
    given_draw = sum(-p * math.log(p) for k in members for i in batch for p in draws[k][i] if p > 0)
    return joint - given_draw / len(draws)


def greedy(draws, n):
    picks = []
    for _ in range(n):
        gains = [-1.0 if i in picks else joint_information(draws, [*picks, i]) for i in range(len(draws[0]))]
        picks.append(gains.index(max(gains)))
    return picks


def made_up(seed, members=4, size=9, classes=3, dtype=np.float64):
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.full(classes, 0.7), (members, size)).astype(dtype)


def candidates(draws_KNC):
    return Candidates(draws_KNC.shape[1], Categorical(draws_KNC.mean(axis=0), draws_KNC))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("groups", [1, 4, 500])
@pytest.mark.parametrize("seed", range(4))
def test_picks_are_those_of_exact_greedy(monkeypatch, seed, groups, dtype):
    monkeypatch.setattr(module, "GROUPS", groups)
    monkeypatch.setattr(module, "BLOCK", 2)
    draws_KNC = made_up(seed, dtype=dtype)
    assert BatchBald()(candidates(draws_KNC), 4, RNG).tolist() == greedy(draws_KNC.tolist(), 4)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(2, 3))
def test_gains_and_information_are_exact(seed, members, classes):
    draws_KNC = made_up(seed, members, 4, classes)
    outcomes = Outcomes(members, 10_000)
    for t in range(3):
        before = joint_information(draws_KNC.tolist(), range(t))
        assert outcomes.information() == pytest.approx(before, abs=1e-9)
        gains = outcomes.gains(draws_KNC)
        for i in range(t, 4):
            after = joint_information(draws_KNC.tolist(), [*range(t), i])
            assert gains[i] == pytest.approx(after - before, abs=1e-9)
        outcomes.add(draws_KNC[:, t], RNG)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(1, 40))
def test_groups_of_outcomes_bound_the_gains_from_above(seed, members, groups):
    draws_KNC = made_up(seed, members, 8, 3)
    outcomes = Outcomes(members, 10_000)
    for t in range(4):
        outcomes.add(draws_KNC[:, t], RNG)
    kept, module.GROUPS = module.GROUPS, groups
    try:
        grouped = outcomes.grouped(RNG)
    finally:
        module.GROUPS = kept
    assert len(grouped.chance_S) <= groups
    assert grouped.chance_S.sum() == pytest.approx(1)
    assert (grouped.gains(draws_KNC) >= outcomes.gains(draws_KNC) - 1e-9).all()


def test_by_hand():
    """Two draws that disagree for certain on A and on its copy B, and half on C: A settles it."""
    say_KN = np.array([[1.0, 1.0, 1.0], [0.0, 0.0, 0.5]])
    known = candidates(np.stack([say_KN, 1 - say_KN], axis=2))
    outcomes = Outcomes(2, 100)
    c = math.log(4 / 3) * 0.75 + math.log(4) * 0.25 - 0.5 * math.log(2)
    assert outcomes.gains(known.posterior.draws_KNC) == pytest.approx([math.log(2), math.log(2), c])
    outcomes.add(known.posterior.draws_KNC[:, 0], RNG)
    assert outcomes.gains(known.posterior.draws_KNC) == pytest.approx([0, 0, 0], abs=1e-12)
    for seed in range(10):
        picks = BatchBald()(known, 3, np.random.default_rng(seed)).tolist()
        assert picks[0] in (0, 1)
        assert picks[2] == 2, "once all is settled, BALD alone orders the rest"


def test_a_copy_is_not_asked_where_plain_bald_asks_it():
    rng = np.random.default_rng(0)
    strong_K2 = np.array([[0.95, 0.05], [0.05, 0.95]] * 4)
    other_K2 = np.array([[0.9, 0.1]] * 4 + [[0.1, 0.9]] * 4)
    flat = rng.dirichlet([50, 50], (8, 6))
    draws_KNC = np.concatenate([np.stack([strong_K2] * 3 + [other_K2], axis=1), flat], axis=1)
    picks = BatchBald()(candidates(draws_KNC), 2, RNG)
    alone = Outcomes(8, 10).gains(draws_KNC)
    assert set(np.argsort(-alone)[:2].tolist()) <= {0, 1, 2}
    assert picks[0] in (0, 1, 2)
    assert picks[1] == 3


def test_no_batch_is_worth_more_than_the_log_of_the_draws():
    """The fault of scikit-activeml: with as many samples as draws, a batch was worth 3.24 > log 20."""
    draws_KNC = made_up(0, members=20, size=30, classes=10)
    for states in (20, 100, 10_000):
        outcomes = Outcomes(20, states)
        for t in range(12):
            known = outcomes.information()
            assert 0 <= known <= math.log(20) + 1e-12
            assert (known + outcomes.gains(draws_KNC) <= math.log(20) + 1e-9).all()
            outcomes.add(draws_KNC[:, t], np.random.default_rng(t))


def few_samples(draws_KNC, batch, rng):
    """One outcome drawn from each draw, and -log p(outcome) averaged: H(y) that way is seldom H(y)."""
    members = len(draws_KNC)
    chance = np.ones((members, members))
    for i in batch:
        label_M = [rng.choice(draws_KNC.shape[2], p=draws_KNC[k, i]) for k in range(members)]
        chance *= draws_KNC[:, i, label_M].T
    within = -(draws_KNC[:, batch] * np.log(draws_KNC[:, batch])).sum(axis=(1, 2)).mean()
    return -np.log(chance.mean(axis=1)).mean() - within


def test_as_many_samples_as_draws_would_pass_that_bound():
    draws_KNC = made_up(0, members=20, size=30, classes=10)
    found = [few_samples(draws_KNC, np.arange(12), np.random.default_rng(seed)) for seed in range(20)]
    assert max(found) > math.log(20), "the planted fault must show"


def test_drawn_outcomes_are_unbiased_and_near_exact():
    draws_KNC = made_up(3, members=6, size=12, classes=3)
    exact = joint_information(draws_KNC.tolist(), range(8))
    found = []
    for seed in range(200):
        outcomes = Outcomes(6, 50)
        for t in range(8):
            outcomes.add(draws_KNC[:, t], np.random.default_rng([seed, t]))
        assert len(outcomes.chance_S) <= 50
        found.append(outcomes.information())
    assert abs(np.mean(found) - exact) < 4 * np.std(found) / math.sqrt(200)
    fine = Outcomes(6, 5_000)
    for t in range(8):
        fine.add(draws_KNC[:, t], np.random.default_rng(t))
    assert fine.information() == pytest.approx(exact, abs=0.01)


def test_one_offset_for_all_strata_would_be_caught():
    """Midpoints instead of draws take the same class of every outcome: the estimate is far off."""

    class Midpoints:
        def random(self, size):
            return np.full(size, 0.5)

    draws_KNC = made_up(3, members=6, size=12, classes=3)
    exact = joint_information(draws_KNC.tolist(), range(8))
    coarse = Outcomes(6, 50)
    for t in range(8):
        coarse.add(draws_KNC[:, t], Midpoints())
    assert abs(coarse.information() - exact) > 0.05


@pytest.mark.parametrize("seed", range(3))
def test_draws_that_hardly_disagree_are_weighed_too(seed):
    """Draws of one network may be near one another: what is settled is measured against the scores at hand."""
    rng = np.random.default_rng(seed)
    say_KN = 0.5 + rng.normal(scale=0.01, size=(6, 8))
    draws_KNC = np.stack([say_KN, 1 - say_KN], axis=2)
    assert Outcomes(6, 10).gains(draws_KNC).max() < 0.001
    picks = BatchBald()(candidates(draws_KNC), 3, RNG)
    best = joint_information(draws_KNC.tolist(), greedy(draws_KNC.tolist(), 3))
    assert joint_information(draws_KNC.tolist(), picks.tolist()) == pytest.approx(best, abs=2e-6)


def test_the_first_pick_comes_first():
    """A fault of baal: ranks were reversed."""
    draws_KNC = made_up(5, members=5, size=20, classes=4)
    alone = Outcomes(5, 10).gains(draws_KNC)
    assert BatchBald()(candidates(draws_KNC), 5, RNG)[0] == alone.argmax()


def test_seeds_give_the_same_picks_beyond_exact_outcomes():
    draws_KNC = made_up(1, members=16, size=40, classes=6)
    picks = {
        tuple(BatchBald()(candidates(draws_KNC), 7, np.random.default_rng(s)).tolist()) for s in range(4)
    }
    assert len(picks) == 1


def test_more_draws_than_states_and_one_draw():
    draws_KNC = made_up(2, members=30, size=15, classes=3)
    picks = BatchBald(states=4)(candidates(draws_KNC), 10, RNG)
    assert len(set(picks.tolist())) == 10
    assert len(set(BatchBald()(candidates(draws_KNC[:1]), 10, RNG).tolist())) == 10


def test_states_must_be_sound():
    with pytest.raises(BadInput, match="states must be 1 or more"):
        BatchBald(states=0)


def test_draws_must_be_numbers():
    draws_KNC = made_up(0)
    draws_KNC[1, 5, 0] = np.nan
    with pytest.raises(BadInput, match="row 5"):
        BatchBald()(Candidates(9, Categorical(made_up(0)[0], draws_KNC)), 2, RNG)
