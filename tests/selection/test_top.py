"""The best scores: against sorting, over any cut of the stream, with fair ties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asklearn.errors import BadInput
from asklearn.selection.top import RunningTop, Top, top
from asklearn.types import Candidates

scores = st.lists(st.sampled_from([-np.inf, -1.5, 0.0, 0.25, 0.5, 3.0, np.inf]), min_size=1, max_size=40)
CHI2_11_DF = 31.3  # p = 0.001


def stream(scores_N, k, cuts, seed):
    best, rng = RunningTop(k), np.random.default_rng(seed)
    for rows in np.split(np.arange(len(scores_N)), sorted(cuts)):
        best.update(int(rows[0]) if len(rows) else 0, scores_N[rows], rng)
    return best.best()


@given(scores, st.data())
def test_any_cut_keeps_the_best_scores(values, data):
    scores_N = np.array(values)
    k = data.draw(st.integers(0, len(values) + 3))
    cuts = data.draw(st.lists(st.integers(0, len(values)), max_size=6))
    rows, kept = stream(scores_N, k, cuts, seed=0)
    assert kept.tolist() == sorted(values, reverse=True)[:k]
    assert scores_N[rows].tolist() == kept.tolist()
    assert len(set(rows.tolist())) == len(rows)


@given(scores, st.data())
def test_top_equals_sorting(values, data):
    n = data.draw(st.integers(0, len(values)))
    picks = Top()(Candidates(len(values), scores_N=np.array(values)), n, np.random.default_rng(0))
    assert [values[i] for i in picks] == sorted(values, reverse=True)[:n]


@pytest.mark.parametrize("cuts", [[], [1], [3, 6, 9], list(range(12))], ids=str)
def test_ties_are_uniform_over_the_whole_stream(cuts):
    scores_N = np.array([2.0] + [1.0] * 12 + [0.0])
    counts = np.zeros(14)
    for seed in range(1200):
        counts[stream(scores_N, 4, cuts, seed)[0]] += 1
    assert counts[0] == 1200
    assert counts[13] == 0
    expected = 1200 * 3 / 12
    assert ((counts[1:13] - expected) ** 2 / (expected * 9 / 12)).sum() * 11 / 12 < CHI2_11_DF


def test_the_order_of_ties_is_by_lot_too():
    first = [top(np.zeros(12), 12, np.random.default_rng(seed))[0] for seed in range(1200)]
    counts = np.bincount(first, minlength=12)
    assert ((counts - 100) ** 2 / 100).sum() < CHI2_11_DF


def test_by_hand():
    scores_N = np.array([0.1, 0.9, 0.5, 0.7], np.float32)
    assert Top()(Candidates(4, scores_N=scores_N), 3, np.random.default_rng(0)).tolist() == [1, 3, 2]


def test_nothing_yet():
    rows, kept = RunningTop(3).best()
    assert rows.tolist() == kept.tolist() == []


def test_memory_of_a_stream_is_the_best_only():
    best, rng = RunningTop(5), np.random.default_rng(0)
    for start in range(0, 10_000, 100):
        best.update(start, rng.random(100), rng)
        assert len(best.best()[0]) == 5


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda rng: RunningTop(-1), "k must not be negative"),
        (lambda rng: RunningTop(1).update(0, np.zeros((3, 1)), rng), "have shape"),
        (lambda rng: RunningTop(1).update(0, np.array([0, np.nan]), rng), "Got NaN"),
        (lambda rng: Top()(Candidates(2, scores_N=np.zeros(3)), 1, rng), r"shape \(2,\)"),
        (lambda rng: Top()(Candidates(2, scores_N=np.zeros(2)), 3, rng), "Got 3: ask for fewer"),
    ],
)
def test_refusals(call, said):
    with pytest.raises(BadInput, match=said):
        call(np.random.default_rng(0))
