"""Batches over clusters: where the clusters are plain to see, and where they are not."""

import numpy as np
import pytest
import scipy.stats

from asklearn.errors import BadInput
from asklearn.selection import clustering
from asklearn.selection.clustering import ClusterMargin, KMeans, KMeansPlusPlus, k_means
from asklearn.types import Candidates


def blobs(sizes, seed=0, spread=0.1, dims=5):
    rng = np.random.default_rng(seed)
    middles = np.eye(dims)[np.arange(len(sizes)) % dims] * 10 * (1 + np.arange(len(sizes)) // dims)[:, None]
    blob = np.repeat(np.arange(len(sizes)), sizes)
    return (middles[blob] + spread * rng.normal(size=(len(blob), dims))).astype(np.float32), blob


@pytest.mark.parametrize("seed", range(5))
def test_k_means_takes_the_middle_of_each_group_largest_first(seed):
    features_ND, blob = blobs([40, 10, 30, 20])
    picks = KMeans(typical=False)(Candidates(100, features_ND=features_ND), 4, np.random.default_rng(seed))
    assert blob[picks].tolist() == [0, 2, 3, 1]
    for pick in picks:
        group = features_ND[blob == blob[pick]]
        gaps = np.linalg.norm(group - group.mean(axis=0), axis=1)
        assert np.linalg.norm(features_ND[pick] - group.mean(axis=0)) == pytest.approx(gaps.min(), rel=1e-3)


@pytest.mark.parametrize("seed", range(5))
def test_k_means_takes_the_most_typical_of_each_group(seed):
    features_ND, blob = blobs([60, 30, 45], seed=seed)
    picks = KMeans()(Candidates(135, features_ND=features_ND), 3, np.random.default_rng(seed))
    assert blob[picks].tolist() == [0, 2, 1]
    for pick in picks:
        group = np.flatnonzero(blob == blob[pick])
        mean_gap = {
            one: np.mean(sorted(np.linalg.norm(features_ND[group] - features_ND[one], axis=1))[1:21])
            for one in group
        }
        assert mean_gap[pick] == pytest.approx(min(mean_gap.values()), rel=1e-4)


def test_the_typical_item_is_not_the_middle_of_two_groups_taken_together():
    features_ND = np.r_[np.full((30, 1), -1.0), [[0.0]], np.full((30, 1), 1.0)] + 50
    far = np.zeros((10, 1))
    everything = Candidates(71, features_ND=np.r_[features_ND, far])
    middle = KMeans(typical=False)(everything, 2, np.random.default_rng(0))
    typical = KMeans()(everything, 2, np.random.default_rng(0))
    assert middle[0] == 30
    assert typical[0] != 30


def test_k_means_of_a_large_pool_works_on_a_sample(monkeypatch):
    monkeypatch.setattr(clustering, "SAMPLE", 200)
    features_ND, blob = blobs([400, 300, 300])
    picks = KMeans()(Candidates(1000, features_ND=features_ND), 3, np.random.default_rng(0))
    assert sorted(blob[picks].tolist()) == [0, 1, 2]
    assert picks.max() >= 200


def test_k_means_fills_up_where_there_are_fewer_places_than_picks():
    features_ND = np.repeat(np.eye(3, dtype=np.float32), 20, axis=0)
    picks = KMeans()(Candidates(60, features_ND=features_ND), 12, np.random.default_rng(0))
    assert len(set(picks.tolist())) == 12
    assert set((picks // 20).tolist()) == {0, 1, 2}


def test_k_means_is_seeded():
    features_ND = np.random.default_rng(0).normal(size=(300, 4))
    first = k_means(features_ND, 9, np.random.default_rng(5))
    again = k_means(features_ND, 9, np.random.default_rng(5))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


def test_features_must_be_finite():
    features_ND = np.zeros((5, 2))
    features_ND[3, 1] = np.nan
    with pytest.raises(BadInput, match="Row 3 is not"):
        k_means(features_ND, 2, np.random.default_rng(0))


def test_cluster_margin_takes_the_best_of_each_cluster():
    features_ND, blob = blobs([30, 10, 20])
    scores_N = -np.random.default_rng(1).random(60)
    known = Candidates(60, features_ND=features_ND, scores_N=scores_N)
    picks = ClusterMargin(factor=20)(known, 3, np.random.default_rng(0))
    assert sorted(blob[picks].tolist()) == [0, 1, 2]
    for pick in picks:
        assert scores_N[pick] == scores_N[blob == blob[pick]].max()


def test_cluster_margin_looks_at_the_shortlist_only():
    features_ND, _ = blobs([50, 50])
    scores_N = np.linspace(0, -1, 100)
    known = Candidates(100, features_ND=features_ND, scores_N=scores_N)
    picks = ClusterMargin(factor=3)(known, 5, np.random.default_rng(0))
    assert picks.max() < 15


def test_round_robin_by_hand():
    cluster_M = np.array([0, 1, 0, 1, 1, 2, 1])
    assert clustering._round_robin(cluster_M).tolist() == [5, 0, 1, 2, 3, 4, 6]


def test_factor_must_be_sound():
    with pytest.raises(BadInput, match="factor must be 1 or more"):
        ClusterMargin(factor=0)


POINTS = np.array([[0.0, 0.0], [1.0, 0.0], [3.0, 1.0], [3.0, 1.0], [-2.0, 2.0]])


def d_squared_pairs(points, centres):
    """The probability of every ordered pair of draws, from the definition of k-means++."""
    odds = {}
    for a in range(len(points)):
        first = weights_of(points, centres) if centres else [1 / len(points)] * len(points)
        second = weights_of(points, [*centres, points[a]])
        for b in range(len(points)):
            odds[a, b] = first[a] * second[b]
    return odds


def weights_of(points, centres):
    squares = [min(sum((x - y) ** 2 for x, y in zip(p, c, strict=True)) for c in centres) for p in points]
    return [one / sum(squares) for one in squares]


@pytest.mark.parametrize("labelled", [[], [[0.0, 1.0], [9.0, 9.0]], [[3.0, 1.0]]], ids=str)
def test_k_means_plus_plus_draws_by_squared_distance(labelled):
    known = Candidates(5, features_ND=POINTS, labelled_LD=np.array(labelled).reshape(-1, 2))
    pairs = [tuple(KMeansPlusPlus()(known, 2, np.random.default_rng(s)).tolist()) for s in range(2000)]
    expected = {
        pair: 2000 * odds for pair, odds in d_squared_pairs(POINTS.tolist(), labelled).items() if odds > 0
    }
    assert set(pairs) <= set(expected)
    chi2 = sum((pairs.count(pair) - wanted) ** 2 / wanted for pair, wanted in expected.items())
    assert chi2 < scipy.stats.chi2.ppf(0.999, len(expected) - 1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_k_means_plus_plus_leaves_copies_of_labelled_items_to_the_last(dtype):
    rng = np.random.default_rng(0)
    labelled_LD = (rng.normal(size=(20, 30)) + 100).astype(dtype)
    features_ND = np.concatenate([labelled_LD, labelled_LD + rng.normal(size=(20, 30)).astype(dtype)])
    known = Candidates(40, features_ND=features_ND, labelled_LD=labelled_LD)
    picks = KMeansPlusPlus()(known, 25, rng)
    assert set(picks[:20].tolist()) == set(range(20, 40))
    assert len(set(picks.tolist())) == 25


def plain_turns(blob, scores_N, kept):
    """Clusters by size, and from each in turn its best score that is left, until none is."""
    clusters = [[i for i in kept if blob[i] == k] for k in sorted(set(blob))]
    clusters = sorted((sorted(one, key=lambda i: -scores_N[i]) for one in clusters if one), key=len)
    return [one[turn] for turn in range(max(map(len, clusters))) for one in clusters if turn < len(one)]


@pytest.mark.parametrize("seed", range(6))
def test_cluster_margin_takes_a_turn_of_each_cluster(monkeypatch, seed):
    rng = np.random.default_rng(seed)
    blob, scores_N = rng.choice(4, 80, p=[0.1, 0.2, 0.3, 0.4]), -rng.random(80)
    features_ND = blob[:, None].astype(np.float64)

    def found(rows_MD, k, rng):
        return rows_MD[:, 0].astype(np.int64), None

    monkeypatch.setattr(clustering, "k_means", found)
    known = Candidates(80, features_ND=features_ND, scores_N=scores_N)
    picks = ClusterMargin(factor=5)(known, 10, rng)
    assert picks.tolist() == plain_turns(blob, scores_N, np.argsort(-scores_N)[:50].tolist())[:10]
