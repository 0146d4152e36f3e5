"""Batches spread over clusters: for the cold start, and among the candidates with the best scores."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from asklearn.errors import BadInput
from asklearn.neighbours import nearest
from asklearn.selection.base import features_of, labelled_of, scores_of, selection
from asklearn.selection.k_means_plus_plus import k_means_plus_plus
from asklearn.selection.top import top
from asklearn.types import Candidates, Floats, Indices

SAMPLE, MOST = 20_000, 500
CORE = 500
NEIGHBOURS = 20
CHUNK = 64


@selection("k_means", needs={"features", "labelled"}, why="it is typical of a group of items")
@dataclass(frozen=True)
class KMeans:
    """One candidate of each of n clusters; a cold start, since it needs no model.

    The largest cluster comes first. What is labelled is clustered along, into as many clusters more (500 at
    most); of those without a label n are drawn by lot, so that the next batch looks elsewhere while all labels
    name one class. Above 20,000 candidates (or ten times n) it works on a sample of as many.

    Parameters
    ----------
    typical : bool
        Take the candidate where its cluster is densest: the least mean distance to its 20 nearest among
        the 500 members nearest to the centroid. Otherwise the one nearest to the centroid.

    References
    ----------
    Hu, Mac Namee and Delany (2010), Off to a good start: using clustering to select the initial training
    set in active learning. Hacohen, Dekel and Weinshall (2022), Active learning on a budget: opposite
    strategies suit high and low budgets (typicality).

    Examples
    --------
    >>> features_ND = np.array([[0.0], [0.1], [0.2], [5.0], [9.0], [9.1]])
    >>> KMeans()(Candidates(6, features_ND=features_ND), 3, np.random.default_rng(0))
    array([1, 4, 3])
    """

    typical: bool = True
    needs: ClassVar[frozenset[str]]

    def __call__(self, candidates: Candidates, n: int, rng: Generator, /) -> Indices:
        features_ND = features_of(candidates)
        size = min(candidates.size, max(SAMPLE, 10 * n))
        sample = np.sort(rng.choice(candidates.size, size, replace=False))
        shuffle = rng.permutation(size)
        sample_SD, labelled_LD = features_ND[sample][shuffle], labelled_of(candidates)
        clusters = min(n + len(labelled_LD), max(n, MOST), size)
        cluster_A, centroids_KD = k_means(np.concatenate([sample_SD, labelled_LD]), clusters, rng)
        cluster_S, labelled_K = cluster_A[:size], np.bincount(cluster_A[size:], minlength=clusters) > 0
        pick_each = _densest_each if self.typical else _nearest_each
        picks = pick_each(sample_SD, cluster_S, centroids_KD)
        small_K = (
            rng.permutation(clusters) if labelled_K.any() else -np.bincount(cluster_S, minlength=clusters)
        )
        first = np.lexsort((small_K, labelled_K))[:n]
        return sample[shuffle[picks[first]]]


@selection(
    "k_means_plus_plus", needs={"features", "labelled"}, why="drawn by lot from what is unlike the rest"
)
@dataclass(frozen=True)
class KMeansPlusPlus:
    """Draw candidates in proportion to their squared distance to the nearest labelled or drawn before.

    With nothing labelled the first is drawn uniformly. Copies of what is labelled or drawn come only when
    nothing else is left.

    Notes
    -----
    ``P(i) = d_i^2 / sum_j d_j^2``, d_i the Euclidean distance to the nearest centre: see
    :func:`~asklearn.selection.k_means_plus_plus.k_means_plus_plus`. O((L + n) N D) as matrix products,
    memory O(N). Less drawn to outliers than k-center, and as blind to what the model knows; in the space of
    gradients it is BADGE.

    References
    ----------
    Arthur and Vassilvitskii (2007), k-means++: the advantages of careful seeding.

    Examples
    --------
    >>> features_ND = np.array([[0.0], [0.0], [9.0], [9.0]])
    >>> known = Candidates(4, features_ND=features_ND, labelled_LD=np.array([[0.0]]))
    >>> KMeansPlusPlus()(known, 1, np.random.default_rng(0)) // 2
    array([1])
    """

    needs: ClassVar[frozenset[str]]
    spares_copies: ClassVar[bool] = True

    def __call__(self, candidates: Candidates, n: int, rng: Generator, /) -> Indices:
        features_ND, labelled_LD = features_of(candidates), labelled_of(candidates)
        centre_D = features_ND.mean(axis=0, dtype=np.float64).astype(features_ND.dtype)
        centres = [labelled_LD - centre_D] if len(labelled_LD) else None
        return k_means_plus_plus(
            lambda rows: [features_ND[rows] - centre_D], candidates.size, n, rng, centres=centres
        )


@selection("cluster_margin", needs={"scores", "features"}, why="it stands for a group of such items")
@dataclass(frozen=True)
class ClusterMargin:
    """The best scores of each cluster in turn, small clusters first.

    Parameters
    ----------
    factor : int
        Only the ``factor * n`` candidates with the best scores are clustered.

    References
    ----------
    Citovsky et al. (2021), Batch active learning at scale. They cluster the whole pool once, by average
    linkage; this clusters the best candidates anew for each batch, by k-means.

    Examples
    --------
    >>> features_ND = np.array([[0.0], [0.1], [0.2], [9.0]])
    >>> known = Candidates(4, features_ND=features_ND, scores_N=np.array([-0.1, -0.2, -0.3, -0.9]))
    >>> ClusterMargin()(known, 2, np.random.default_rng(0))
    array([3, 0])
    """

    factor: int = 10
    needs: ClassVar[frozenset[str]]

    def __post_init__(self) -> None:
        if self.factor < 1:
            raise BadInput(f"factor must be 1 or more. Got {self.factor}.")

    def __call__(self, candidates: Candidates, n: int, rng: Generator, /) -> Indices:
        best = top(scores_of(candidates), min(candidates.size, self.factor * n), rng)
        cluster_M, _ = k_means(features_of(candidates)[best], n, rng)
        return best[_round_robin(cluster_M)[:n]]


def k_means(features_ND: Floats, k: int, rng: Generator) -> tuple[Indices, Floats]:
    """Return the cluster of each row, and the centroids of `k` clusters.

    Raises
    ------
    BadInput
        If a feature is not a finite number.

    Examples
    --------
    >>> k_means(np.array([[0.0], [0.5], [9.0]]), 2, np.random.default_rng(0))[1].ravel()
    array([9.  , 0.25])
    """
    import sklearn.cluster
    from sklearn.exceptions import ConvergenceWarning

    check_finite(features_ND)
    model = sklearn.cluster.KMeans(k, n_init=1, max_iter=50, random_state=int(rng.integers(2**32)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(features_ND)
    return model.labels_.astype(np.int64), model.cluster_centers_


def check_finite(features_ND: Floats) -> None:
    """Refuse features that are not finite numbers.

    Raises
    ------
    BadInput
        Naming the first row with one.

    Examples
    --------
    >>> check_finite(np.zeros((2, 3)))
    """
    if not np.isfinite(features_ND).all():
        row = int(np.flatnonzero(~np.isfinite(features_ND).all(axis=1))[0])
        raise BadInput(f"Features must be finite numbers. Row {row} is not: mend or drop it.")


def _round_robin(cluster_M: NDArray[np.int64]) -> Indices:
    by_cluster = np.argsort(cluster_M, kind="stable")
    sizes = np.bincount(cluster_M)
    starts = np.cumsum(sizes) - sizes
    turn_M = np.empty(len(cluster_M), np.int64)
    turn_M[by_cluster] = np.arange(len(cluster_M)) - np.repeat(starts, sizes)
    return np.lexsort((cluster_M, sizes[cluster_M], turn_M))


def _nearest_each(features_ND: Floats, cluster_N: Indices, centroids_KD: Floats) -> Indices:
    """Return a row for each centroid, no row twice: the nearest that no earlier centroid has taken."""
    return _nearest_free(features_ND, centroids_KD, np.zeros(len(features_ND), bool))


def _densest_each(features_ND: Floats, cluster_N: Indices, centroids_KD: Floats) -> Indices:
    """Return the member of each cluster with the nearest neighbours; of an empty one, the nearest free row."""
    picks_K = np.full(len(centroids_KD), -1, np.int64)
    by_cluster = np.argsort(cluster_N, kind="stable")
    ends = np.cumsum(np.bincount(cluster_N, minlength=len(picks_K)))
    for k, members in enumerate(np.split(by_cluster, ends[:-1])):
        if len(members):
            apart_MD = features_ND[members] - centroids_KD[k]
            core = members[np.argsort(np.einsum("md,md->m", apart_MD, apart_MD), kind="stable")[:CORE]]
            picks_K[k] = core[typicality(features_ND[core]).argmax()]
    empty = np.flatnonzero(picks_K < 0)
    taken_N = np.isin(np.arange(len(features_ND)), picks_K)
    picks_K[empty] = _nearest_free(features_ND, centroids_KD[empty], taken_N)
    return picks_K


def _nearest_free(features_ND: Floats, centroids_KD: Floats, taken_N: NDArray[np.bool_]) -> Indices:
    norms_N = np.einsum("nd,nd->n", features_ND, features_ND)
    picks = np.empty(len(centroids_KD), np.int64)
    for start in range(0, len(picks), CHUNK):
        squared_BN = norms_N - 2 * (centroids_KD[start : start + CHUNK] @ features_ND.T)
        for k, squared_N in enumerate(squared_BN, start):
            squared_N[taken_N] = np.inf
            picks[k] = squared_N.argmin()
            taken_N[picks[k]] = True
    return picks


def typicality(features_MD: Floats, neighbours: int = NEIGHBOURS) -> Floats:
    """Return minus the mean distance of each row to its nearest others; copies have a typicality too.

    Examples
    --------
    >>> typicality(np.array([[0.0], [1.0], [1.5]]), 1)
    array([-1. , -0.5, -0.5])
    """
    size = len(features_MD)
    if size == 1:
        return np.zeros(1)
    _, distance_MK = nearest(features_MD, features_MD, max(1, neighbours), itself_M=np.arange(size))
    return np.asarray(-distance_MK.mean(axis=1))
