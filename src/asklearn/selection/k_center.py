"""Cover the feature space: each pick is the candidate farthest from everything labelled or picked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from asklearn.registry import register
from asklearn.selection.base import check_request, features_of
from asklearn.types import Candidates, Floats, Indices


@register("selection", "k_center")
@dataclass(frozen=True)
class KCenter:
    """Greedy farthest-first traversal by Euclidean distance, from the labelled items on.

    The farthest distance to a centre is at most twice the best possible. With no labelled item, the first
    pick is drawn at random.

    References
    ----------
    Gonzalez (1985), Clustering to minimize the maximum intercluster distance.
    Sener and Savarese (2018), Active learning for convolutional neural networks: a core-set approach.

    Examples
    --------
    >>> features_ND = np.array([[0.0], [1.0], [5.0], [9.0]])
    >>> known = Candidates(4, features_ND=features_ND, labelled_LD=np.array([[0.0]]))
    >>> KCenter()(known, 2, np.random.default_rng(0))
    array([3, 2])
    """

    needs: ClassVar[frozenset[str]] = frozenset({"features", "labelled"})

    def __call__(self, candidates: Candidates, n: int, rng: Generator, /) -> Indices:
        check_request(candidates, n, self.needs - {"labelled"}, "k_center")
        features_ND = features_of(candidates)
        labelled_LD = candidates.labelled_LD
        nearest_N = np.full(candidates.size, np.inf)
        picks: list[int] = []
        for centre_D in labelled_LD if labelled_LD is not None else ():
            np.minimum(nearest_N, _squared(features_ND, centre_D), out=nearest_N)
        for _ in range(n):
            if np.isinf(nearest_N).all():
                pick = int(rng.integers(candidates.size))
            else:
                pick = int(np.argmax(nearest_N))
            picks.append(pick)
            np.minimum(nearest_N, _squared(features_ND, features_ND[pick]), out=nearest_N)
            nearest_N[picks] = -1
        return np.array(picks, dtype=np.int64)


def _squared(features_ND: Floats, centre_D: Floats) -> Floats:
    difference = features_ND - centre_D
    distances: Floats = np.einsum("nd,nd->n", difference, difference)
    return distances
