"""REFINE: what is left after each round is the union of batches, and the last pick comes from it."""

import numpy as np
import pytest

from asklearn.errors import BadInput
from asklearn.selection.refine import Refine
from asklearn.testing.candidates import made_up
from asklearn.types import Candidates


class Spy:
    """Picks the first n, and writes down the scores of what it was given."""

    needs = frozenset({"scores"})

    def __init__(self):
        self.seen, self.picked = [], []

    def __call__(self, candidates, n, rng, /):
        self.seen.append(candidates.scores_N.tolist())
        self.picked.append(candidates.scores_N[:n].tolist())
        return np.arange(n)


def test_rounds_filter_and_the_last_picks_from_the_union():
    first, second, last = Spy(), Spy(), Spy()
    candidates = Candidates(100, scores_N=np.arange(100.0))
    refine = Refine((first, second), depth=2, batches=5, alpha=0.3, select=last)
    picks = refine(candidates, 4, np.random.default_rng(0))
    assert (len(first.seen), len(second.seen), len(last.seen)) == (6, 4, 1)
    rounds = [first.picked[:3] + second.picked[:2], first.picked[3:] + second.picked[2:]]
    shown = [first.seen[:3] + second.seen[:2], first.seen[3:] + second.seen[2:]]
    union = [set().union(*map(set, batches)) for batches in rounds]
    assert all(len(one) == len(set(one)) == 30 for one in shown[0])
    assert all(set(one) <= union[0] and len(one) == round(0.3 * len(union[0])) for one in shown[1])
    assert set(last.seen[0]) == union[1]
    assert set(picks.astype(float)) == set(last.picked[0]) <= union[1]


def test_each_part_sees_a_random_share_of_its_own():
    spy = Spy()
    Refine((spy,), depth=1, batches=3, alpha=0.5, select="top")(
        Candidates(100, scores_N=np.arange(100.0)), 4, np.random.default_rng(0)
    )
    assert len({tuple(sorted(one)) for one in spy.seen}) == 3


def test_a_large_pool_is_cut_to_what_parts_can_take(monkeypatch):
    monkeypatch.setattr("asklearn.selection.refine.LARGEST", 50)
    spy = Spy()
    candidates = Candidates(1000, scores_N=np.arange(1000.0))
    Refine((spy,), depth=1, batches=2, select="top")(candidates, 4, np.random.default_rng(0))
    assert [len(one) for one in spy.seen] == [50, 50]
    assert (
        len(Refine((spy,), depth=1, batches=2, select="top")(candidates, 200, np.random.default_rng(0)))
        == 200
    )


def test_good_candidates_survive():
    """The best by score that every batch with it picks cannot be lost to chance often."""
    candidates = made_up(Refine().needs, size=300)
    best = set(np.argsort(-candidates.scores_N)[:60].tolist())
    picks = Refine()(candidates, 20, np.random.default_rng(0))
    assert len(best & set(picks.tolist())) > 8


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"parts": ()}, "parts must be a tuple"),
        ({"parts": "top"}, "parts must be a tuple"),
        ({"depth": 0}, "depth and batches must be 1 or more"),
        ({"alpha": 0.0}, "alpha must be a share"),
        ({"parts": ("nothing",)}, "nothing"),
    ],
)
def test_options_are_checked(options, said):
    with pytest.raises(BadInput, match=said):
        Refine(**options)
