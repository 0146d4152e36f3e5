"""Rules on batches: against pairs compared one by one, and places given out one by one."""

import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asklearn.errors import BadInput
from asklearn.selection.restrict import ClassBalanced, Quota, WithoutNearDuplicates
from asklearn.selection.top import Top
from asklearn.testing.candidates import made_up
from asklearn.types import Candidates, Categorical


def rng(seed=0):
    return np.random.default_rng(seed)


def plain_without(candidates, n, near):
    """Go down the scores and keep what is near to nothing kept or labelled; then fill up from the top."""
    kept, passed = [], []
    known = [] if candidates.labelled_LD is None else candidates.labelled_LD.tolist()
    for i in sorted(range(candidates.size), key=lambda i: -candidates.scores_N[i]):
        row = candidates.features_ND[i].tolist()
        (passed if any(near(row, other) for other in known) else kept).append(i)
        if kept and kept[-1] == i:
            known.append(row)
    return (kept + passed)[:n]


@given(seed=st.integers(0, 500), n=st.integers(1, 40), radius=st.sampled_from([0.1, 0.5, 1.0, 5.0]))
def test_by_radius_it_is_the_list_walked_down(seed, n, radius):
    draw = np.random.default_rng(seed)
    candidates = Candidates(
        40, features_ND=draw.normal(size=(40, 2)), labelled_LD=draw.normal(size=(3, 2)),
        scores_N=draw.permutation(40).astype(float),
    )  # fmt: skip
    found = WithoutNearDuplicates("top", radius=radius)(candidates, n, rng())
    assert found.tolist() == plain_without(candidates, n, lambda a, b: math.dist(a, b) < radius)


def cosine(a, b):
    return sum(x * y for x, y in zip(a, b, strict=True)) / (math.hypot(*a) * math.hypot(*b))


@pytest.mark.parametrize("least", [None, 0.5, 0.99])
@pytest.mark.parametrize("seed", range(5))
def test_by_cosine_too(least, seed):
    draw = np.random.default_rng(seed)
    candidates = Candidates(
        60, features_ND=draw.normal(size=(60, 3)), scores_N=draw.permutation(60).astype(float)
    )
    bar = 0.95 if least is None else least
    found = WithoutNearDuplicates("top", cosine=least)(candidates, 15, rng())
    assert found.tolist() == plain_without(candidates, 15, lambda a, b: cosine(a, b) > bar)


def test_a_copy_of_a_labelled_item_comes_last():
    features_ND = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    known = Candidates(
        3, features_ND=features_ND, labelled_LD=2 * features_ND[:1], scores_N=np.array([0.9, 0.5, 0.1])
    )
    assert WithoutNearDuplicates("top")(known, 2, rng()).tolist() == [1, 2]
    assert WithoutNearDuplicates("top")(known, 3, rng()).tolist() == [1, 2, 0]


def test_of_many_copies_one_is_picked():
    features_ND = np.repeat(np.eye(10), 30, axis=0)
    known = Candidates(300, features_ND=features_ND, scores_N=np.repeat(np.arange(10.0), 30))
    for select in ("top", "softmax(beta=3.0)", "random"):
        picks = WithoutNearDuplicates(select)(known, 10, rng())
        assert sorted((picks // 30).tolist()) == list(range(10))


def test_chunks_do_not_matter(monkeypatch):
    candidates = made_up({"features", "labelled", "scores"}, size=100)
    whole = WithoutNearDuplicates("top", radius=1.5)(candidates, 30, rng())
    monkeypatch.setattr("asklearn.selection.restrict.CHUNK", 7)
    np.testing.assert_array_equal(WithoutNearDuplicates("top", radius=1.5)(candidates, 30, rng()), whole)


def grouped(seed=0, size=60, groups=4):
    draw = np.random.default_rng(seed)
    return Candidates(
        size, Categorical(draw.dirichlet(np.ones(3), size)), groups_N=draw.integers(groups, size=size),
        scores_N=draw.permutation(size).astype(float),
    )  # fmt: skip


@given(seed=st.integers(0, 300), n=st.integers(1, 60))
def test_quotas_are_as_level_as_there_is_room(seed, n):
    candidates = grouped(seed)
    picks = Quota("top", by="group")(candidates, n, rng(seed))
    assert len(set(picks.tolist())) == n
    taken, there = Counter(candidates.groups_N[picks].tolist()), Counter(candidates.groups_N.tolist())
    full = {g for g in there if taken[g] == there[g]}
    open_counts = [taken[g] for g in there if g not in full]
    if open_counts:
        assert max(taken.values()) <= min(open_counts) + 1
        assert max(open_counts) - min(open_counts) <= 1
    for g, count in taken.items():
        rows = [i for i in range(60) if candidates.groups_N[i] == g]
        best = sorted(rows, key=lambda i: -candidates.scores_N[i])[:count]
        assert set(best) == {int(i) for i in picks if candidates.groups_N[i] == g}


def test_named_shares_are_held_in_proportion():
    candidates = grouped(size=400, groups=3)
    picks = Quota("top", by="group", shares={0: 6, 1: 3})(candidates, 40, rng())
    assert Counter(candidates.groups_N[picks].tolist()) == {0: 24, 1: 12, 2: 4}
    nothing = Quota("top", by="group", shares={2: 0})(candidates, 40, rng())
    assert 2 not in candidates.groups_N[nothing]


def test_a_share_of_0_is_used_when_nothing_else_is_left():
    candidates = grouped(size=30, groups=2)
    picks = Quota("top", by="group", shares={0: 0})(candidates, 30, rng())
    assert sorted(picks.tolist()) == list(range(30))


def test_classes_are_those_predicted():
    candidates = grouped()
    picks = Quota("top")(candidates, 12, rng())
    guesses = candidates.posterior.proba_NC.argmax(axis=1)
    assert Counter(guesses[picks].tolist()) == {0: 4, 1: 4, 2: 4}
    assert Quota("random").needs == {"proba"}
    assert Quota("top", by="group").needs == {"scores", "groups"}


def test_a_place_too_few_falls_by_lot():
    candidates = grouped()
    kinds = {int(candidates.groups_N[Quota("top", by="group")(candidates, 1, rng(s))[0]]) for s in range(40)}
    assert kinds == {0, 1, 2, 3}


def plain_balance(labels, guesses, n):
    """Give each place to the class with the fewest labels that has a candidate left."""
    have, room, given = Counter(labels), Counter(guesses), Counter()
    for _ in range(n):
        lowest = min((have[c] + given[c], c) for c in room if given[c] < room[c])
        given[lowest[1]] += 1
    return given


@given(seed=st.integers(0, 300), n=st.integers(1, 50))
def test_the_class_with_the_fewest_labels_is_next(seed, n):
    draw = np.random.default_rng(seed)
    labels_L = draw.choice(3, 30, p=[0.7, 0.2, 0.1])
    candidates = replace(grouped(seed), labels_L=labels_L)
    guesses = candidates.posterior.proba_NC.argmax(axis=1)
    picks = ClassBalanced("top")(candidates, n, rng(seed))
    totals = Counter(guesses[picks].tolist()) + Counter(labels_L.tolist())
    expected = plain_balance(labels_L.tolist(), guesses.tolist(), n) + Counter(labels_L.tolist())
    assert sorted(totals.values()) == sorted(expected.values())


def test_labels_that_are_not_known_do_not_count():
    candidates = replace(grouped(), labels_L=np.array([-1] * 50))
    guesses = candidates.posterior.proba_NC.argmax(axis=1)
    picks = ClassBalanced("top")(candidates, 12, rng())
    assert Counter(guesses[picks].tolist()) == {0: 4, 1: 4, 2: 4}


def test_nothing_labelled_is_the_same_as_quota():
    candidates = grouped()
    guesses = candidates.posterior.proba_NC.argmax(axis=1)
    counts = [Counter(guesses[how(candidates, 12, rng())].tolist()) for how in (Quota(), ClassBalanced())]
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: WithoutNearDuplicates(cosine=0.5, radius=1.0), "not both"),
        (lambda: WithoutNearDuplicates(cosine=1.0), "cosine must be from -1"),
        (lambda: WithoutNearDuplicates(radius=0), "radius must be a number above 0"),
        (lambda: Quota(by="colour"), "by must be 'class' or 'group'. Got 'colour'"),
        (lambda: Quota(shares=[1]), "shares must be like"),
        (lambda: Quota(shares={0: -1}), "Shares must be numbers from 0 up"),
        (lambda: ClassBalanced("nothing"), "nothing"),
        (lambda: Quota(by="group")(replace(grouped(), groups_N=np.zeros(3, int)), 2, rng()), "groups_N must"),
    ],
)
def test_options_are_checked(make, said):
    with pytest.raises(BadInput, match=said):
        make()


def test_equal_to_the_selection_where_the_rule_does_not_bind():
    candidates = made_up({"features", "scores"})
    free = WithoutNearDuplicates("top", radius=1e-6)(candidates, 9, rng())
    np.testing.assert_array_equal(free, Top()(candidates, 9, rng()))
