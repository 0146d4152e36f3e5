"""TypiClust against the paper's steps in plain loops, and the duplicates that others fell over."""

import math

import numpy as np
import pytest

from asklearn.errors import BadInput
from asklearn.selection import typiclust
from asklearn.selection.typiclust import TypiClust
from asklearn.types import Candidates

LABELLED = [0, 2]
SIZES = [40, 12, 30, 20, 3, 25]


def blobs(seed, labelled=LABELLED):
    """Groups so far apart that k-means finds them, and labelled items in some."""
    rng = np.random.default_rng(seed)
    middles = rng.permutation(np.eye(6) * 50)
    blob = rng.permutation(np.repeat(np.arange(6), SIZES))
    features_ND = (middles[blob] + rng.normal(size=(len(blob), 6))).astype(np.float32)
    labelled_LD = (middles[labelled] + rng.normal(size=(len(labelled), 6))).astype(np.float32)
    return features_ND, labelled_LD, blob


def plain_typiclust(features_ND, blob, labelled, n, smallest):
    seen = [labelled.count(k) for k in range(6)]
    sizes = [int((blob == k).sum()) for k in range(6)]
    left = {k: [i for i in range(len(blob)) if blob[i] == k] for k in range(6)}
    picks = []
    for _ in range(n):
        k = min((k for k in range(6) if left[k]), key=lambda k: (sizes[k] < smallest, seen[k], -sizes[k]))
        mean_gap = {}
        for i in left[k]:
            gaps = sorted(math.dist(features_ND[i], features_ND[j]) for j in left[k] if j != i)
            count = max(1, min(20, len(left[k]) // 2))
            mean_gap[i] = sum(gaps[:count]) / count if gaps else 0.0
        picks.append(min(mean_gap, key=mean_gap.get))
        left[k].remove(picks[-1])
        seen[k] += 1
    return picks


@pytest.mark.parametrize("labelled", [[], LABELLED, [0, 1, 2, 3, 5]], ids=str)
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("n", [1, 6, 40])
def test_equals_the_papers_steps(monkeypatch, seed, labelled, n):
    features_ND, labelled_LD, blob = blobs(seed, labelled)
    monkeypatch.setattr(typiclust, "_join", lambda *_: (blob, np.array(labelled, np.int64)))
    select = TypiClust(clusters=6)
    known = Candidates(130, features_ND=features_ND, labelled_LD=labelled_LD)
    if len(labelled) + n < 6:
        return
    picks = select(known, n, np.random.default_rng(seed))
    assert picks.tolist() == plain_typiclust(features_ND, blob, labelled, n, 6)


@pytest.mark.parametrize("seed", range(4))
def test_clusters_without_a_label_come_first(seed):
    features_ND, labelled_LD, blob = blobs(seed)
    known = Candidates(130, features_ND=features_ND, labelled_LD=labelled_LD)
    picks = TypiClust(clusters=6, smallest=5)(known, 6, np.random.default_rng(seed))
    assert blob[picks].tolist()[:3] == [5, 3, 1]
    assert 4 not in blob[picks]


def test_by_hand():
    features_ND = np.array([[0.0], [1.0], [1.1], [1.3], [9.0], [9.5], [9.6], [9.8], [10.6]])
    known = Candidates(9, features_ND=features_ND, labelled_LD=np.array([[0.5]]))
    picks = TypiClust(clusters=2, smallest=1)(known, 2, np.random.default_rng(0))
    # One label against none: the right. One each: the right again, since it is larger, and there 9.5, whose
    # mean distance to its two nearest is 0.4 now that 9.6, with 0.15, is gone.
    assert picks.tolist() == [6, 5]


@pytest.mark.parametrize("n", [1, 30, 100])
def test_duplicates_are_picked_once_each(n):
    features_ND = np.repeat(np.random.default_rng(0).normal(size=(4, 3)), 25, axis=0).astype(np.float32)
    for labelled_LD in (None, features_ND[:30]):
        known = Candidates(100, features_ND=features_ND, labelled_LD=labelled_LD)
        picks = TypiClust()(known, n, np.random.default_rng(0))
        assert len(set(picks.tolist())) == n


def test_of_a_large_pool_a_sample_is_clustered_and_all_may_be_picked(monkeypatch):
    monkeypatch.setattr(typiclust, "SAMPLE", 60)
    monkeypatch.setattr(typiclust, "LARGE", 30)
    features_ND, _, blob = blobs(1)
    known = Candidates(130, features_ND=features_ND)
    picks = TypiClust(clusters=5, smallest=1)(known, 100, np.random.default_rng(0))
    assert len(set(picks.tolist())) == 100
    assert len(set(blob[picks[:5]].tolist())) >= 4


@pytest.mark.parametrize("options", [{"clusters": 0}, {"smallest": 0}])
def test_options_must_be_sound(options):
    with pytest.raises(BadInput, match="must be 1 or more"):
        TypiClust(**options)
