"""Lazy greedy against plain greedy, on random set covers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asklearn.selection import lazy
from asklearn.selection.lazy import LazyGreedy

covers = st.lists(st.sets(st.integers(0, 30), max_size=8), min_size=1, max_size=60)


def plain_greedy(sets, n):
    picks, seen, gains = [], set(), []
    for _ in range(n):
        adds = [-1 if i in picks else len(one - seen) for i, one in enumerate(sets)]
        gains.append(max(adds))
        picks.append(adds.index(gains[-1]))
        seen |= sets[picks[-1]]
    return gains


def lazily(sets, n, front=512, step=16):
    held, seen, looks, gains = [], set(), [0], []

    def hold(rows):
        held[:] = rows.tolist()

    def adds(places):
        looks[0] += len(places)
        return np.array([len(sets[held[place]] - seen) for place in places], float)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lazy, "FRONT", front)
        patch.setattr(lazy, "STEP", step)
        greedy = LazyGreedy(np.array([len(one) for one in sets], float), hold, adds)
        picks = []
        for _ in range(n):
            picks.append(greedy.pick())
            gains.append(len(sets[picks[-1]] - seen))
            seen |= sets[picks[-1]]
    return picks, gains, looks[0]


@settings(deadline=None, max_examples=200)
@given(covers, st.sampled_from([(512, 16), (4, 2), (1, 1), (7, 3)]), st.data())
def test_every_pick_adds_as_much_as_plain_greedys(sets, sizes, data):
    n = data.draw(st.integers(1, len(sets)))
    picks, gains, _ = lazily(sets, n, *sizes)
    assert len(set(picks)) == n
    assert sum(gains) <= len(set().union(*sets))
    seen = set()
    for pick, gain in zip(picks, gains, strict=True):
        left = [one - seen for i, one in enumerate(sets) if i not in picks[: picks.index(pick)]]
        assert gain == max(map(len, left))
        seen |= sets[pick]
    assert gains[0] == plain_greedy(sets, 1)[0]


def test_few_are_looked_at_again():
    rng = np.random.default_rng(0)
    sets = [set(rng.integers(10_000, size=rng.integers(1, 60)).tolist()) for _ in range(2000)]
    _, gains, looks = lazily(sets, 50)
    assert sum(gains) == pytest.approx(sum(plain_greedy(sets, 50)), rel=0.01)  # ties may lead elsewhere
    assert looks < 2000 * 50 / 4
