"""A batch of typical items of clusters that hold no label yet."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from asklearn.errors import BadInput
from asklearn.neighbours import nearest
from asklearn.selection.base import features_of, labelled_of, selection
from asklearn.selection.clustering import NEIGHBOURS, k_means, typicality
from asklearn.types import Candidates, Floats, Indices

SAMPLE = 20_000
LARGE = 5_000


@selection(
    "typiclust", needs={"features", "labelled"}, why="it is typical of items of which none is labelled"
)
@dataclass(frozen=True)
class TypiClust:
    """The most typical candidate of each cluster, those without a label first, the largest first.

    Parameters
    ----------
    clusters : int
        At most so many clusters; there are as many as items labelled and to pick, if that is less.
    smallest : int
        Clusters with fewer candidates come last.

    Notes
    -----
    Candidates and labelled items are clustered together by k-means. Each pick comes from the cluster with
    the fewest items labelled or picked, of these the largest, and is the candidate with the highest
    typicality: 1 / mean distance to its 20 nearest others in the cluster (half the cluster, if that is
    less), among what is not picked yet. Above 20,000 items (or ten times the clusters) k-means is fitted to
    a sample and the rest joins the nearest centroid; of a cluster above 5,000, a sample is looked at.
    O(20,000 K D) a step of k-means, O(N K D) to join, O(M^2 D) per pick in a cluster of M.

    Made for the cold start, where it is strong; once every cluster has its label it asks for more of the
    same, and uncertainty overtakes it.

    References
    ----------
    Hacohen, Dekel and Weinshall (2022), Active learning on a budget: opposite strategies suit high and low
    budgets.

    Examples
    --------
    >>> features_ND = np.array([[0.0], [0.1], [0.2], [5.0], [5.1], [5.3], [9.0]])
    >>> known = Candidates(7, features_ND=features_ND, labelled_LD=np.array([[0.1]]))
    >>> TypiClust(smallest=1)(known, 1, np.random.default_rng(0))
    array([4])
    """

    clusters: int = 500
    smallest: int = 6
    needs: ClassVar[frozenset[str]]

    def __post_init__(self) -> None:
        if self.clusters < 1 or self.smallest < 1:
            raise BadInput(
                "clusters and smallest must be 1 or more. "
                f"Got clusters={self.clusters}, smallest={self.smallest}."
            )

    def __call__(self, candidates: Candidates, n: int, rng: Generator, /) -> Indices:
        features_ND, labelled_LD = features_of(candidates), labelled_of(candidates)
        size = candidates.size
        count = min(self.clusters, len(labelled_LD) + n, size)
        cluster_N, cluster_L = _join(features_ND, labelled_LD, count, rng)
        shuffled = rng.permutation(size)
        members = np.split(
            shuffled[np.argsort(cluster_N[shuffled], kind="stable")],
            np.cumsum(np.bincount(cluster_N, minlength=count))[:-1],
        )
        seen_K = np.bincount(cluster_L, minlength=count)
        turns = [
            (len(rows) < self.smallest, int(seen_K[k]), -len(rows), k)
            for k, rows in enumerate(members)
            if len(rows)
        ]
        heapq.heapify(turns)
        picks: list[int] = []
        while len(picks) < n:
            small, seen, minus, k = heapq.heappop(turns)
            looked_at = members[k][:LARGE]
            neighbours = min(NEIGHBOURS, len(looked_at) // 2)
            place = typicality(features_ND[looked_at], neighbours).argmax()
            picks.append(int(members[k][place]))
            members[k] = np.delete(members[k], place)
            if len(members[k]):
                heapq.heappush(turns, (small, seen + 1, minus, k))
        return np.array(picks, np.int64)


def _join(features_ND: Floats, labelled_LD: Floats, count: int, rng: Generator) -> tuple[Indices, Indices]:
    """Return the cluster of each candidate and of each labelled item."""
    room = max(SAMPLE, 10 * count)
    some_N = np.sort(rng.permutation(len(features_ND))[:room])
    some_L = np.sort(rng.permutation(len(labelled_LD))[:room])
    _, centroids_KD = k_means(np.concatenate([features_ND[some_N], labelled_LD[some_L]]), count, rng)
    cluster_N, _ = nearest(features_ND, centroids_KD, 1)
    cluster_L, _ = nearest(labelled_LD, centroids_KD, 1)
    return cluster_N[:, 0], cluster_L[:, 0]
