"""Coverage by kernel, ball and cosine, against plain greedy over every pair."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asklearn.errors import BadInput
from asklearn.selection import coverage, lazy
from asklearn.selection.coverage import (
    FacilityLocation,
    HandOver,
    MaxHerding,
    ProbCover,
    UHerding,
    greedy_cover,
    pure_radius,
)
from asklearn.types import Candidates, Categorical

LINE = np.array([[0.0], [1.0], [2.0], [6.0], [20.0]])


def gap(a, b):
    return math.dist(a, b)


def gains_of_picks(similarity, points, centres, weights, picks):
    """What each pick added, and the most that any point would have added, by plain loops."""
    centres, added, best = [*centres], [], []
    taken = set()
    for pick in picks:
        covered = [max((similarity(c, p) for c in centres), default=0.0) for p in points]
        adds = [
            sum(w * max(similarity(one, p) - c, 0) for p, c, w in zip(points, covered, weights, strict=True))
            for one in points
        ]
        added.append(adds[pick])
        best.append(max(a for i, a in enumerate(adds) if i not in taken))
        taken.add(pick)
        centres.append(points[pick])
    return added, best


def gaussian(sigma):
    return lambda a, b: math.exp(-(gap(a, b) ** 2) / sigma**2)


def ball(radius):
    return lambda a, b: float(gap(a, b) < radius)


def cosine(a, b):
    lengths = math.hypot(*a) * math.hypot(*b)
    return max(sum(x * y for x, y in zip(a, b, strict=True)) / lengths, 0) if lengths else 0.0


def pool(seed, size=40, labelled=4, dims=3):
    rng = np.random.default_rng(seed)
    middles = rng.normal(size=(5, dims)) * 3
    features_ND = (middles[rng.integers(5, size=size)] + rng.normal(size=(size, dims))).astype(np.float32)
    labelled_LD = (middles[:labelled] + rng.normal(size=(labelled, dims))).astype(np.float32)
    return Candidates(size, features_ND=features_ND, labelled_LD=labelled_LD, scores_N=rng.random(size) - 0.5)


@pytest.fixture(params=[512, 5], ids=["one front", "fronts of five"])
def front(request, monkeypatch):
    monkeypatch.setattr(lazy, "FRONT", request.param)
    monkeypatch.setattr(lazy, "STEP", 3)
    monkeypatch.setattr(coverage, "BLOCK", 7)


@pytest.mark.usefixtures("front")
@pytest.mark.parametrize("labelled", [0, 1, 4])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("select", "similarity"),
    [
        (MaxHerding(sigma=2.0), gaussian(2.0)),
        (UHerding(sigma=1.5, zero=-0.25), gaussian(1.5)),
        (ProbCover(radius=1.75), ball(1.75)),
        (FacilityLocation(), cosine),
    ],
    ids=["max_herding", "uherding", "prob_cover", "facility_location"],
)
def test_each_pick_adds_most(select, similarity, seed, labelled):
    known = pool(seed, labelled=labelled)
    picks = select(known, 12, np.random.default_rng(seed))
    weights = np.maximum(known.scores_N + 0.25, 0) if isinstance(select, UHerding) else np.ones(40)
    added, best = gains_of_picks(
        similarity, known.features_ND.tolist(), known.labelled_LD.tolist(), weights.tolist(), picks.tolist()
    )
    np.testing.assert_allclose(added, best, rtol=1e-4, atol=1e-4)


def test_max_herding_by_hand():
    near, far = math.exp(-1), math.exp(-4)
    picks = MaxHerding(sigma=1.0)(Candidates(5, features_ND=LINE), 3, np.random.default_rng(0))
    assert picks[0] == 1  # 1 + 2 exp(-1), against 1 + exp(-1) + exp(-4) of its neighbours
    assert 1 + 2 * near > 1 + near + far
    assert set(picks[1:].tolist()) == {3, 4}


def test_uherding_by_hand():
    known = Candidates(5, features_ND=LINE, scores_N=np.array([-1.0, -1.0, -1.0, -0.4, -0.1]))
    picks = UHerding(sigma=1.0)(known, 2, np.random.default_rng(0))
    assert picks.tolist() == [4, 3]  # worth 0.9 and 0.6; the rest, sure items, are worth 0


def test_prob_cover_by_hand():
    known = Candidates(5, features_ND=LINE, labelled_LD=np.array([[19.5]]))
    picks = ProbCover(radius=1.5)(known, 3, np.random.default_rng(0))
    assert picks[:2].tolist() == [1, 3]
    assert picks[2] in (0, 2, 4)  # nothing is left to cover


def test_the_radius_is_not_reached_itself():
    near = coverage.ProbCover(radius=1.0)(Candidates(3, features_ND=LINE[:3]), 3, np.random.default_rng(0))
    assert sorted(near.tolist()) == [0, 1, 2]
    first = {
        int(ProbCover(radius=1.0)(Candidates(3, features_ND=LINE[:3]), 1, np.random.default_rng(s))[0])
        for s in range(40)
    }
    assert first == {0, 1, 2}  # each ball holds its centre alone


def test_facility_location_by_hand():
    features_ND = np.array([[2.0, 0.0], [1.0, 1.0], [0.0, 5.0], [-3.0, 0.0], [0.0, 0.0]])
    picks = FacilityLocation()(Candidates(5, features_ND=features_ND), 2, np.random.default_rng(0))
    assert picks.tolist() == [1, 3]  # 1 + 2 cos 45 degrees, and then the opposite


def test_where_all_is_covered_the_rest_falls_by_lot():
    features_ND = np.repeat(LINE[:2] * 100, 20, axis=0)
    known = Candidates(40, features_ND=features_ND, labelled_LD=LINE[:2] * 100)
    draws = [ProbCover(radius=1.0)(known, 5, np.random.default_rng(seed)) for seed in range(60)]
    assert all(len(set(draw.tolist())) == 5 for draw in draws)
    assert len(set(np.concatenate(draws).tolist())) == 40


def test_copies_do_not_add():
    features_ND = np.concatenate([np.repeat(LINE[:1], 30, axis=0), LINE[3:]])
    for select in (MaxHerding(sigma=1.0), ProbCover(radius=1.0)):
        picks = select(Candidates(32, features_ND=features_ND), 3, np.random.default_rng(0))
        assert sorted(np.minimum(np.maximum(picks, 29), 31).tolist()) == [29, 30, 31]


def test_distances_taken_for_similarities_are_caught():
    def distance(rows_BD, points_SD):
        return np.linalg.norm(rows_BD[:, None] - points_SD, axis=2).astype(np.float32)

    points = LINE.tolist()
    wrong = greedy_cover(distance, LINE, LINE[:0], 2).tolist()
    added, best = gains_of_picks(gaussian(1.0), points, [], [1.0] * 5, wrong)
    assert not np.allclose(added, best, rtol=1e-3)


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 30), st.integers(0, 3), st.integers(0, 99))
def test_the_order_of_greedy_gains_falls(size, labelled, seed):
    known = pool(seed, size=size, labelled=labelled)
    points, weights = known.features_ND.tolist(), [1.0] * size
    picks = MaxHerding(sigma=1.0)(known, size, np.random.default_rng(seed)).tolist()
    added, _ = gains_of_picks(gaussian(1.0), points, known.labelled_LD.tolist(), weights, picks)
    assert sorted(picks) == list(range(size))
    assert (np.diff(added) <= 1e-4).all()


@pytest.mark.parametrize("shift", [0.0, 1e4])
def test_where_the_origin_lies_does_not_matter(shift):
    known = pool(3)
    moved = Candidates(
        40,
        features_ND=known.features_ND.astype(float) + shift,
        labelled_LD=known.labelled_LD.astype(float) + shift,
    )
    for select in (MaxHerding(), ProbCover(classes=5)):
        a, b = (select(one, 6, np.random.default_rng(0)).tolist() for one in (known, moved))
        assert a == b


def test_the_radius_is_the_largest_at_which_balls_are_pure():
    rng = np.random.default_rng(0)
    features_ND = np.concatenate([rng.normal(size=(60, 2)), rng.normal(size=(40, 2)) + 4]).astype(np.float32)
    radius = pure_radius(features_ND, 2, 0.9, np.random.default_rng(1))
    cluster, _ = coverage.k_means(features_ND, 2, np.random.default_rng(1))

    def pure(limit):
        balls = [
            {int(cluster[j]) for j in range(100) if gap(features_ND[i], features_ND[j]) < limit}
            for i in range(100)
        ]
        return np.mean([len(one) <= 1 for one in balls])

    assert pure(radius * 0.9999) >= 0.9
    assert pure(radius * 1.2) < 0.9


@pytest.mark.parametrize("labelled", [[[0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]])
def test_the_least_distance_needs_two_that_differ(labelled):
    assert coverage._least_distance(np.array(labelled, np.float32)) == np.inf


def test_the_least_distance_leaves_out_copies(monkeypatch):
    monkeypatch.setattr(coverage, "BLOCK", 2)
    labelled_LD = np.array([[0.0, 0.0], [9.0, 0.0], [0.0, 0.0], [3.0, 4.0], [9.0, 0.0]], np.float32)
    assert coverage._least_distance(labelled_LD) == pytest.approx(5.0)


def test_uherding_narrows_as_labels_come_in():
    rng = np.random.default_rng(0)
    features_ND = rng.normal(size=(200, 2)).astype(np.float32)
    scores_N = -np.abs(features_ND[:, 0])
    dense_LD = rng.normal(size=(300, 2)).astype(np.float32)
    known = Candidates(200, features_ND=features_ND, scores_N=scores_N, labelled_LD=dense_LD)
    assert coverage._least_distance(dense_LD) < 0.02
    late = UHerding()(known, 10, np.random.default_rng(0))
    early = UHerding()(replace(known, labelled_LD=dense_LD[:1]), 10, np.random.default_rng(0))
    rank_N = np.argsort(np.argsort(-scores_N))
    assert rank_N[late].max() < 15  # nearly the most uncertain
    assert rank_N[early].max() > 50  # spread


class TestLargePools:
    @pytest.fixture(autouse=True)
    def small_sample(self, monkeypatch):
        monkeypatch.setattr(coverage, "SAMPLE", 400)

    def objective(self, features_ND, picks, sigma, weights=1.0):
        squares = ((features_ND[:, None] - features_ND[picks]) ** 2).sum(axis=2)
        return (np.exp(-squares / sigma**2).max(axis=1) * weights).mean()

    def test_a_sample_covers_nearly_as_well(self, monkeypatch):
        features_ND = pool(0, size=3000, dims=2).features_ND
        known = Candidates(3000, features_ND=features_ND)
        sampled = MaxHerding(sigma=2.0)(known, 20, np.random.default_rng(0))
        monkeypatch.setattr(coverage, "SAMPLE", 3000)
        exact = MaxHerding(sigma=2.0)(known, 20, np.random.default_rng(0))
        assert self.objective(features_ND, sampled, 2.0) > 0.97 * self.objective(features_ND, exact, 2.0)
        assert sampled.max() >= 400

    def test_the_worthiest_are_looked_at_and_the_rest_is_weighted_to_stand_for_all(self):
        worth_N = np.random.default_rng(0).random(3000) ** 4
        best = set(np.argsort(-worth_N)[:200].tolist())
        totals = []
        for seed in range(300):
            rows, weight = coverage._best_and_others(worth_N, 400, np.random.default_rng(seed))
            assert len(set(rows.tolist())) == 400
            assert best <= set(rows.tolist())
            totals.append(worth_N[rows] @ weight)
        assert np.mean(totals) == pytest.approx(worth_N.sum(), rel=0.01)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: MaxHerding(sigma=0.0), "sigma must be a number above 0"),
        (lambda: UHerding(sigma=np.nan), "sigma must be a number above 0"),
        (lambda: ProbCover(radius=-1.0), "radius must be a number above 0"),
        (lambda: ProbCover(classes=0), "classes must be 1 or more"),
        (lambda: ProbCover(purity=1.0), "purity between 0 and 1"),
    ],
)
def test_options_must_be_sound(make, said):
    with pytest.raises(BadInput, match=said):
        make()


def test_infinite_scores_are_refused():
    known = Candidates(5, features_ND=LINE, scores_N=np.array([0, 0, np.inf, 0, 0]))
    with pytest.raises(BadInput, match="finite"):
        UHerding()(known, 1, np.random.default_rng(0))


def told(top_N, features_ND, **kwargs):
    proba_NC = np.stack([top_N, 1 - np.asarray(top_N)], axis=1)
    return Candidates(
        len(features_ND), Categorical(proba_NC), features_ND, scores_N=1 - 2 * proba_NC[:, 0], **kwargs
    )


def test_hand_over_is_max_herding_for_a_model_that_knows_nothing_and_uherding_for_one_that_half_knows():
    """At confidence 0 (more classes than can be) all weigh alike; at 1/2 the weight is the score."""
    rng = np.random.default_rng(0)
    features_ND = rng.normal(size=(60, 3)).astype(np.float32)
    scores_N = -rng.random(60)
    for sure, twin in ((1e-6, MaxHerding(1.0)), (0.5, UHerding(1.0, zero=-1.0))):
        known = Candidates(60, Categorical(np.full((60, 2), sure)), features_ND, scores_N=scores_N)
        picks = HandOver(1.0)(known, 10, np.random.default_rng(1))
        assert picks.tolist() == twin(known, 10, np.random.default_rng(1)).tolist()


def test_hand_over_turns_from_the_many_to_the_unsure_as_confidence_grows():
    crowd, few = np.zeros((40, 1)), np.full((4, 1), 9.0)
    features_ND = np.concatenate([crowd, few])
    for top, expected in ((0.6, 0.0), (0.99, 9.0)):
        known = told([*[top] * 40, *[0.55] * 4], features_ND)
        assert features_ND[HandOver(1.0)(known, 1, np.random.default_rng(0))[0]] == expected


def test_hand_over_gives_copies_the_places_of_one_and_a_cluster_of_noise_its_share():
    """Margin would spend all twenty places on the forty ties."""
    rng = np.random.default_rng(0)
    features_ND = np.concatenate([np.zeros((40, 2)), rng.normal(5, 2, size=(200, 2))])
    top_N = np.concatenate([np.full(40, 0.5), rng.uniform(0.55, 0.8, 200)])
    picks = HandOver(1.0)(told(top_N, features_ND), 20, np.random.default_rng(0))
    assert (picks < 40).sum() == 1


@given(st.integers(0, 2**32 - 1), st.floats(0.5, 1.0), st.integers(1, 12))
@settings(max_examples=30, deadline=None)
def test_hand_over_picks_different_items_whatever_the_confidence(seed, least, n):
    rng = np.random.default_rng(seed)
    top_N = rng.uniform(least, 1.0, 12)
    picks = HandOver()(told(top_N, np.round(rng.normal(size=(12, 2)))), n, rng)
    assert len(set(picks.tolist())) == n


def test_hand_over_among_many_keeps_the_unsure_and_lets_others_stand_for_the_rest(monkeypatch):
    monkeypatch.setattr(coverage, "FEW", 100)
    rng = np.random.default_rng(0)
    top_N = np.where(np.arange(3_000) % 60 == 0, 0.5, 0.97)
    features_ND = rng.normal(size=(3_000, 2))
    picks = HandOver(0.2)(told(top_N, features_ND), 20, rng)
    assert (picks % 60 == 0).all()


@pytest.mark.parametrize("zero", [np.inf, -np.inf, np.nan])
def test_hand_over_needs_a_worthless_score_that_is_a_number(zero):
    with pytest.raises(BadInput, match="worth nothing"):
        HandOver(zero=zero)
