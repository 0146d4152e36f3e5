"""Greedy determinants against numpy's, taken whole for every candidate and pick."""

import numpy as np
import pytest

from asklearn.errors import BadInput
from asklearn.selection import lazy
from asklearn.selection.determinantal import Determinantal
from asklearn.testing.selection import selection_checks
from asklearn.types import Candidates


def log_det(rows, worth, ridge, quality):
    units = [row / np.linalg.norm(row) if row.any() else row for row in rows]
    kernel = np.array([[float(a @ b) for b in units] for a in units]) + ridge * np.eye(len(units))
    return np.linalg.slogdet(kernel)[1] + quality * sum(worth)


def pool(seed, size=30, labelled=3, dims=4, dtype=np.float64):
    rng = np.random.default_rng(seed)
    return Candidates(
        size,
        features_ND=(rng.normal(size=(size, dims)) * rng.uniform(0.1, 9, (size, 1))).astype(dtype),
        labelled_LD=rng.normal(size=(labelled, dims)).astype(dtype),
        scores_N=rng.normal(size=size),
    )


@pytest.mark.parametrize(("front", "step"), [(512, 16), (5, 2)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("quality", [0.0, 0.7])
@pytest.mark.parametrize("labelled", [0, 1, 3])
@pytest.mark.parametrize("seed", range(3))
def test_each_pick_makes_the_determinant_largest(monkeypatch, seed, labelled, quality, dtype, front, step):
    monkeypatch.setattr(lazy, "FRONT", front)
    monkeypatch.setattr(lazy, "STEP", step)
    known = pool(seed, labelled=labelled, dtype=dtype)
    picks = Determinantal(ridge=0.2, quality=quality)(known, 12, np.random.default_rng(seed))
    rows, worth = list(known.labelled_LD.astype(float)), [0.0] * labelled
    taken = []
    for pick in picks:  # more picks than dimensions: the ridge keeps the determinant from 0
        each = {
            i: log_det([*rows, known.features_ND[i].astype(float)], [*worth, known.scores_N[i]], 0.2, quality)
            for i in range(30)
            if i not in taken
        }
        assert each[pick] == pytest.approx(max(each.values()), abs=1e-5)
        taken.append(pick)
        rows.append(known.features_ND[pick].astype(float))
        worth.append(known.scores_N[pick])


def test_by_hand():
    features_ND = np.array([[1.0, 0.0, 0.0], [3.0, 0.0, 4.0], [0.0, 7.0, 0.0]])
    known = Candidates(3, features_ND=features_ND, labelled_LD=np.array([[2.0, 0.0, 0.0]]))
    # 1 - cosine squared with the labelled one: 0, 16/25 and 1
    assert Determinantal(ridge=1e-6)(known, 3, np.random.default_rng(0)).tolist() == [2, 1, 0]


def test_copies_come_late():
    features_ND = np.concatenate([np.tile([[1.0, 0.0, 0.0]], (20, 1)), np.eye(3)[1:]])
    for seed in range(5):
        picks = Determinantal()(Candidates(22, features_ND=features_ND), 3, np.random.default_rng(seed))
        assert sorted(np.maximum(picks, 19).tolist()) == [19, 20, 21]


def test_scores_count_where_they_are_weighted():
    known = pool(0)
    best = np.argsort(-known.scores_N)[:5]
    assert set(Determinantal(quality=1e4)(known, 5, np.random.default_rng(0)).tolist()) == set(best.tolist())
    assert Determinantal().needs == {"features", "labelled"}


@pytest.mark.parametrize("check", selection_checks(), ids=lambda check: check.__name__)
def test_the_suite_passes_with_scores_too(check):
    check(Determinantal(quality=2.0))


@pytest.mark.parametrize("options", [{"ridge": 0.0}, {"ridge": np.inf}, {"quality": -1.0}])
def test_options_must_be_sound(options):
    with pytest.raises(BadInput, match="ridge must be a number above 0"):
        Determinantal(**options)


def test_infinite_scores_are_refused():
    known = Candidates(2, features_ND=np.eye(2), scores_N=np.array([0.0, np.inf]))
    with pytest.raises(BadInput, match="finite"):
        Determinantal(quality=1.0)(known, 1, np.random.default_rng(0))
