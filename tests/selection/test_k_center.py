"""Farthest-first against plain greedy, and the traps that others fell into."""

from functools import partial

import numpy as np
import pytest

from asklearn.errors import BadInput
from asklearn.selection import k_center
from asklearn.selection.k_center import KCenter, RobustKCenter
from asklearn.types import Candidates

RNG = np.random.default_rng(0)


def plain_greedy(features_ND, labelled_LD, n):
    """Every distance to every centre, anew for each pick."""
    rows, centres = features_ND.astype(float).tolist(), labelled_LD.astype(float).tolist()
    picks, radii = [], []
    for _ in range(n):
        nearest = [-1.0 if i in picks else min(map(partial(gap, row), centres)) for i, row in enumerate(rows)]
        radii.append(max(nearest))
        picks.append(nearest.index(radii[-1]))
        centres.append(rows[picks[-1]])
    return picks, radii


def gap(a, b):
    return sum((x - y) ** 2 for x, y in zip(a, b, strict=True))


def radii_of(features_ND, labelled_LD, picks):
    centres = np.concatenate([labelled_LD, features_ND[picks]]).astype(float)
    before = len(labelled_LD)
    gaps = [((centres[: before + t] - features_ND[p]) ** 2).sum(axis=1).min() for t, p in enumerate(picks)]
    return np.array(gaps)


@pytest.fixture
def small_front(monkeypatch):
    monkeypatch.setattr(k_center, "FRONT", 16)
    monkeypatch.setattr(k_center, "CHUNK", 50)


@pytest.mark.usefixtures("small_front")
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("shift", [0.0, 1000.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_lazy_is_plain_greedy(seed, shift, dtype):
    rng = np.random.default_rng(seed)
    middles = rng.normal(size=(7, 4)) * 5
    features_ND = (middles[rng.integers(7, size=100)] + rng.normal(size=(100, 4)) + shift).astype(dtype)
    labelled_LD = (middles[:3] + shift).astype(dtype)
    picks = KCenter()(Candidates(100, features_ND=features_ND, labelled_LD=labelled_LD), 40, RNG)
    expected, radii = plain_greedy(features_ND, labelled_LD, 40)
    np.testing.assert_allclose(radii_of(features_ND, labelled_LD, picks), radii, rtol=1e-5)
    assert picks.tolist() == expected


def test_lazy_is_plain_greedy_beyond_the_front():
    rng = np.random.default_rng(0)
    features_ND = rng.normal(size=(6000, 8)).astype(np.float32)
    labelled_LD = features_ND[:100] + np.float32(0.01)
    picks = KCenter()(Candidates(6000, features_ND=features_ND, labelled_LD=labelled_LD), 40, RNG)
    nearest = np.full(6000, np.inf)
    double = features_ND.astype(float)
    for centre in [*labelled_LD.astype(float), *double[picks[:-1]]]:
        np.minimum(nearest, ((double - centre) ** 2).sum(axis=1), out=nearest)
    assert picks[-1] == nearest.argmax()


def test_by_hand():
    line_ND = np.array([[0.0], [1.0], [5.0], [9.0]])
    known = Candidates(4, features_ND=line_ND, labelled_LD=np.array([[0.0]]))
    assert KCenter()(known, 4, RNG).tolist() == [3, 2, 1, 0]


def test_copies_of_labelled_items_come_last():
    rng = np.random.default_rng(0)
    labelled_LD = rng.normal(size=(20, 30)).astype(np.float32)
    labelled_LD /= np.linalg.norm(labelled_LD, axis=1, keepdims=True)
    others = rng.normal(size=(30, 30)).astype(np.float32)
    features_ND = np.concatenate([labelled_LD, others, labelled_LD])
    picks = KCenter()(Candidates(70, features_ND=features_ND, labelled_LD=labelled_LD), 31, RNG)
    assert set(picks[:30].tolist()) == set(range(20, 50))


def test_no_better_cover_is_more_than_twice_as_good():
    rng = np.random.default_rng(0)
    features_ND = np.concatenate(
        [middle + rng.uniform(-1, 1, (50, 2)) for middle in [(0, 0), (9, 0), (0, 9)]]
    )
    picks = KCenter()(Candidates(150, features_ND=features_ND), 3, RNG)
    gaps = np.linalg.norm(features_ND[:, None] - features_ND[picks], axis=2).min(axis=1)
    assert gaps.max() <= 2 * np.sqrt(2) * 2


def test_the_first_of_all_is_drawn():
    features_ND = np.arange(10.0)[:, None]
    first = {
        int(KCenter()(Candidates(10, features_ND=features_ND), 1, np.random.default_rng(s))[0])
        for s in range(99)
    }
    assert first == set(range(10))


def test_bad_labelled_row_is_named():
    known = Candidates(2, features_ND=np.zeros((2, 3)), labelled_LD=np.array([[0, 0, 0], [0, np.inf, 0]]))
    with pytest.raises(BadInput, match=r"labelled_LD must be finite numbers\. Row 1"):
        KCenter()(known, 1, RNG)


def test_shapes_must_fit():
    with pytest.raises(BadInput, match=r"labelled_LD must have shape \(L, 3\)\. Got \(1, 2\)"):
        KCenter()(Candidates(2, features_ND=np.zeros((2, 3)), labelled_LD=np.zeros((1, 2))), 1, RNG)
    with pytest.raises(BadInput, match=r"features_ND must have shape \(3, D\)"):
        KCenter()(Candidates(3, features_ND=np.zeros((2, 3))), 1, RNG)


def outlying(features_ND, neighbours, share):
    rows = features_ND.tolist()
    isolation = [
        sorted(gap(a, b) for j, b in enumerate(rows) if j != i)[neighbours - 1] for i, a in enumerate(rows)
    ]
    return set(np.argsort(isolation)[::-1][: int(share * len(rows))].tolist())


@pytest.mark.parametrize("seed", range(4))
def test_robust_k_center_is_plain_greedy_without_the_most_isolated(seed):
    rng = np.random.default_rng(seed)
    features_ND = np.concatenate([rng.normal(size=(90, 3)), rng.normal(size=(10, 3)) * 20]).astype(np.float32)
    features_ND = rng.permutation(features_ND)
    labelled_LD = rng.normal(size=(3, 3)).astype(np.float32)
    known = Candidates(100, features_ND=features_ND, labelled_LD=labelled_LD)
    out = outlying(features_ND, 4, 0.1)
    inside = np.array([i for i in range(100) if i not in out])
    expected, _ = plain_greedy(features_ND[inside], labelled_LD, 20)
    picks = RobustKCenter(outliers=0.1, neighbours=4)(known, 20, rng)
    assert picks.tolist() == inside[expected].tolist()
    assert set(KCenter()(known, 10, rng).tolist()) & out


def test_robust_k_center_by_hand():
    line_ND = np.array([[0.0], [1.0], [2.0], [50.0], [5.0]])
    known = Candidates(5, features_ND=line_ND, labelled_LD=np.array([[0.0]]))
    robust = RobustKCenter(outliers=0.2, neighbours=1)
    assert robust(known, 2, RNG).tolist() == [4, 2]
    assert robust(known, 5, RNG).tolist()[0] == 3  # when all are asked for, outliers are too


def test_outliers_among_many_are_found_by_a_sample(monkeypatch):
    monkeypatch.setattr(k_center, "SAMPLE", 100)
    rng = np.random.default_rng(0)
    features_ND = rng.normal(size=(2000, 4)).astype(np.float32)
    features_ND[:20] += 30 * rng.choice([-1, 1], (20, 4)).astype(np.float32)
    picks = RobustKCenter()(Candidates(2000, features_ND=features_ND), 100, rng)
    assert picks.min() >= 20
    assert (KCenter()(Candidates(2000, features_ND=features_ND), 100, rng) < 20).sum() > 10


@pytest.mark.parametrize("options", [{"outliers": 1.0}, {"outliers": -0.1}, {"neighbours": 0}])
def test_robust_options_must_be_sound(options):
    with pytest.raises(BadInput, match="outliers must be a share"):
        RobustKCenter(**options)
