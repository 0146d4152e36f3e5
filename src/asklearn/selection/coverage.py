"""Batches that stand for the whole pool: each pick is the candidate that covers most of what is not covered.

All of them make ``F(B) = sum_j w_j max_i s(x_i, x_j)`` large, over the candidates j and the labelled or
picked items i; they differ in the similarity s and the weight w. Greedy picks reach at least 1 - 1/e of the
best possible F (Nemhauser, Wolsey and Fisher 1978).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import numpy as np
from numpy.random import Generator

from asklearn.errors import BadInput
from asklearn.neighbours import squared_distances
from asklearn.selection.base import features_of, labelled_of, proba_of, scores_of, selection
from asklearn.selection.clustering import check_finite, k_means
from asklearn.selection.lazy import LazyGreedy
from asklearn.selection.top import top
from asklearn.types import Candidates, Floats, Indices

SAMPLE = 20_000
FEW = 5_000
PER_PICK = 5
BLOCK = 256
PURITY_ROWS = 1000
LEAST, SUREST = 1e-3, 1e-2

Similarity: TypeAlias = Callable[[Floats, Floats], Floats]


@selection("max_herding", needs={"features", "labelled"}, why="it stands for many items like it")
@dataclass(frozen=True)
class MaxHerding:
    """Cover the pool by a Gaussian kernel: generalised coverage, maximised greedily.

    Parameters
    ----------
    sigma : float, optional
        Length scale of the kernel ``exp(-|x - x'|^2 / sigma^2)``. By default the root of the features' total
        variance, which is 1 for the unit-length features that the authors set it to 1 for.

    Notes
    -----
    ``argmax_i sum_j [k(x_i, x_j) - max_{l in L} k(x_l, x_j)]_+``, with L the labelled and the picked. Above
    20,000 candidates (or five times n) both i and j run over a uniform sample of as many, S: exact below.
    A sample of a tenth, twenty for each pick, covered 95% of what exact picks cover (20,000 unit vectors in
    300 noisy groups, D = 384, n = 100): more where groups are clear, less where sigma is small.
    Lazy greedy: O(S^2 D) for the first gains, and some ten to fifty times S F D after, F = 512; memory
    O(S F), no S x S. See :func:`greedy_cover`.

    Made for few labels: among the best cold starts, and steadier than ProbCover since nothing hangs on a
    radius. It knows nothing of the model, so later on uncertainty overtakes it; see :class:`UHerding`.

    References
    ----------
    Bae, Noh and Sutherland (2024), Generalized coverage for more robust low-budget active learning.

    Examples
    --------
    >>> features_ND = np.array([[0.0], [0.1], [0.2], [5.0], [9.0], [9.1]])
    >>> MaxHerding(sigma=1.0)(Candidates(6, features_ND=features_ND), 3, np.random.default_rng(0))[[0, 2]]
    array([1, 3])
    """

    sigma: float | None = None
    needs: ClassVar[frozenset[str]]
    spares_copies: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _check_length("sigma", self.sigma)

    def __call__(self, candidates: Candidates, n: int, rng: Generator, /) -> Indices:
        sample = _sample(candidates.size, n, rng)
        points_SD, labelled_LD = _centred(candidates, sample)
        sigma = self.sigma or _spread(points_SD)
        return sample[greedy_cover(_gaussian(sigma), points_SD, labelled_LD, n)]


@selection("uherding", needs={"scores", "features", "labelled"}, why="it stands for many such items like it")
@dataclass(frozen=True)
class UHerding:
    """Cover what the model is unsure of: MaxHerding with each item weighted by its score.

    Parameters
    ----------
    sigma : float, optional
        Length scale of the kernel ``exp(-|x - x'|^2 / sigma^2)``. By default the least distance, above 0,
        between two labelled items, and never more than :class:`MaxHerding`'s: it shrinks as labels come in,
        so that representative picks turn into uncertain ones by themselves.
    zero : float, optional
        The score that is worth nothing (-1 for margin, 0 for entropy); lower scores count as it. By
        default 0, or the lowest score if that is negative.

    Notes
    -----
    ``argmax_i sum_j u_j [k(x_i, x_j) - max_{l in L} k(x_l, x_j)]_+``, u_j = score - zero. The authors take
    margin from calibrated probabilities, whose temperature is set on labelled data; asklearn's ``logistic``
    sets its own. Above 20,000 candidates (or five times n) it works on a sample, of which half are the best
    scores and half a uniform draw of the rest, weighted to stand for them. Time and memory as MaxHerding's.

    Good with few labels and with many, in the authors' study and as the last step of ensembles such as
    REFINE. It loses where scores are wrong: raw probabilities of an overconfident network.

    References
    ----------
    Bae, Oliveira and Sutherland (2025), Uncertainty herding: one active learning method for all label
    budgets.

    Examples
    --------
    >>> features_ND = np.array([[0.0], [0.1], [0.2], [5.0], [9.0], [9.1]])
    >>> scores_N = np.array([0.0, 0.0, 0.0, 0.0, 0.9, 0.8])
    >>> known = Candidates(6, features_ND=features_ND, scores_N=scores_N)
    >>> UHerding(sigma=1.0)(known, 1, np.random.default_rng(0))
    array([4])
    """

    sigma: float | None = None
    zero: float | None = None
    needs: ClassVar[frozenset[str]]

    def __post_init__(self) -> None:
        _check_length("sigma", self.sigma)

    def __call__(self, candidates: Candidates, n: int, rng: Generator, /) -> Indices:
        scores_N = scores_of(candidates).astype(np.float64)
        zero = min(0.0, scores_N.min()) if self.zero is None else self.zero
        worth_N = np.maximum(scores_N - zero, 0)
        if not np.isfinite(worth_N).all():
            raise BadInput("Scores must be finite numbers: they weight what is covered.")
        return _herded(candidates, worth_N, n, self.sigma, SAMPLE, rng)


@selection(
    "hand_over", needs={"proba", "scores", "features", "labelled"}, why="it stands for such items like it"
)
@dataclass(frozen=True)
class HandOver:
    """Cover the pool at first, then ever more what the model is unsure of, as it becomes sure of the rest.

    Parameters
    ----------
    sigma : float, optional
        Length scale of the kernel, as for :class:`UHerding`.
    zero : float
        The score that is worth nothing; lower scores count as it. The best score is worth 1.

    Notes
    -----
    :class:`UHerding` with weights ``u_j ** (c / (1 - c))``, where u_j is the worth of the score and c
    the mean over the candidates of the highest calibrated probability: the share of right answers that the
    model expects of itself. At c near 0 all items weigh alike and this is MaxHerding; at 1/2 the weight is the
    uncertainty, and this is UHerding; at 0.9 its ninth power, so that only what is nearly a tie counts, in
    proportion to how many such items there are. Copies and clusters of noise get the places that their number
    deserves and no more, which is what margin lacks.

    It works on at most 20,000 candidates (or twenty times n), drawn uniformly, and picks among 5,000 of them
    (or five times n), of which half have the greatest weight: time and memory do not grow with the pool.

    References
    ----------
    Bae, Oliveira and Sutherland (2025), Uncertainty herding (the weighted cover). Hacohen, Dekel and Weinshall
    (2022), Active learning on a budget: opposite strategies suit high and low budgets (why to hand over).

    Examples
    --------
    >>> from asklearn.types import Categorical
    >>> features_ND = np.array([[0.0], [0.1], [0.2], [5.0], [9.0], [9.1]])
    >>> def picks(top):
    ...     proba_NC = np.array([[top, 1 - top]] * 5 + [[0.55, 0.45]])
    ...     known = Candidates(6, Categorical(proba_NC), features_ND, scores_N=1 - 2 * proba_NC[:, 0])
    ...     return HandOver(sigma=1.0)(known, 1, np.random.default_rng(0))
    >>> picks(0.55), picks(0.99)
    (array([1]), array([5]))
    """

    sigma: float | None = None
    zero: float = -1.0
    needs: ClassVar[frozenset[str]]
    most: ClassVar[int] = 20_000

    def __post_init__(self) -> None:
        _check_length("sigma", self.sigma)
        if not np.isfinite(self.zero):
            raise BadInput(f"zero must be a number, the score that is worth nothing. Got {self.zero}.")

    def __call__(self, candidates: Candidates, n: int, rng: Generator, /) -> Indices:
        unsure_N = np.maximum(scores_of(candidates).astype(np.float64) - self.zero, 0)
        if not np.isfinite(unsure_N).all():
            raise BadInput("Scores must be finite numbers: they weight what is covered.")
        unsure_N = np.maximum(unsure_N / (unsure_N.max() or 1), LEAST)
        sure = float(proba_of(candidates).max(axis=1).mean())
        worth_N = unsure_N ** (sure / max(1 - sure, SUREST))
        return _herded(candidates, worth_N / worth_N.max(), n, self.sigma, FEW, rng)


@selection("prob_cover", needs={"features", "labelled"}, why="it stands for many items like it")
@dataclass(frozen=True)
class ProbCover:
    """Cover the pool by balls: each pick is the candidate with most uncovered items within a radius.

    Parameters
    ----------
    radius : float, optional
        Radius of a ball. By default the largest at which 95% of the balls are pure: hold one pseudo-label.
    classes : int
        Number of clusters whose k-means labels serve as pseudo-labels; best the number of classes.
    purity : float
        The share of balls that must be pure, between 0 and 1.

    Notes
    -----
    ``argmax_i |{j not covered: |x_i - x_j| < radius}|``; labelled items cover too. A ball is pure below the
    distance from its centre to the nearest item of another cluster, so the radius is a quantile of these
    distances, over 1,000 items. When all is covered, the rest of the batch falls by lot among the
    candidates. Above 20,000 candidates (or five times n) it works on a uniform sample of as many. Time and
    memory as :class:`MaxHerding`'s.

    Good for very few labels. It hangs on the radius: too small and no ball holds two items, so that picks
    are by lot; too large and a few picks cover everything, and again the rest is by lot. MaxHerding
    superseded it.

    References
    ----------
    Yehuda, Dekel, Hacohen and Weinshall (2022), Active learning through a covering lens.

    Examples
    --------
    >>> features_ND = np.array([[0.0], [0.1], [0.2], [5.0], [9.0], [9.1]])
    >>> picks = ProbCover(radius=1.0)(Candidates(6, features_ND=features_ND), 3, np.random.default_rng(0))
    >>> sorted(np.array([0, 0, 0, 1, 2, 2])[picks].tolist())
    [0, 1, 2]
    """

    radius: float | None = None
    classes: int = 10
    purity: float = 0.95
    needs: ClassVar[frozenset[str]]

    def __post_init__(self) -> None:
        _check_length("radius", self.radius)
        if self.classes < 1 or not 0 < self.purity < 1:
            raise BadInput(
                "classes must be 1 or more, and purity between 0 and 1. "
                f"Got classes={self.classes}, purity={self.purity}."
            )

    def __call__(self, candidates: Candidates, n: int, rng: Generator, /) -> Indices:
        sample = _sample(candidates.size, n, rng)
        points_SD, labelled_LD = _centred(candidates, sample)
        radius = self.radius or pure_radius(points_SD, self.classes, self.purity, rng)

        def ball(rows_BD: Floats, points_SD: Floats) -> Floats:
            return (squared_distances(rows_BD, points_SD) < radius**2).astype(np.float32)

        return sample[greedy_cover(ball, points_SD, labelled_LD, n)]


@selection("facility_location", needs={"features", "labelled"}, why="it stands for many items like it")
@dataclass(frozen=True)
class FacilityLocation:
    """Cover the pool by cosine similarity: the classic submodular summary.

    Notes
    -----
    ``argmax_i sum_j [s(x_i, x_j) - max_{l in L} s(x_l, x_j)]_+``, with s the cosine, or 0 where that is
    negative; similarities, not distances. Above 20,000 candidates (or five times n) it works on a uniform
    sample of as many. Time and memory as :class:`MaxHerding`'s.

    For features whose direction carries the meaning, as embeddings of text. It has no scale to set, and
    for the same reason no notion of near enough: dense regions get more picks than MaxHerding gives them.

    References
    ----------
    Wei, Iyer and Bilmes (2015), Submodularity in data subset selection and active learning.
    Minoux (1978), Accelerated greedy algorithms for maximizing submodular set functions.

    Examples
    --------
    >>> features_ND = np.array([[1.0, 0.0], [1.0, 0.1], [1.0, 0.2], [0.0, 3.0]])
    >>> FacilityLocation()(Candidates(4, features_ND=features_ND), 2, np.random.default_rng(0))
    array([2, 3])
    """

    needs: ClassVar[frozenset[str]]
    spares_copies: ClassVar[bool] = True

    def __call__(self, candidates: Candidates, n: int, rng: Generator, /) -> Indices:
        sample = _sample(candidates.size, n, rng)
        points_SD, labelled_LD = features_of(candidates)[sample], labelled_of(candidates)
        check_finite(points_SD)

        def cosine(rows_BD: Floats, points_SD: Floats) -> Floats:
            return np.maximum(rows_BD @ points_SD.T, 0)

        return sample[greedy_cover(cosine, _unit(points_SD), _unit(labelled_LD), n)]


def greedy_cover(
    similarity: Similarity,
    points_SD: Floats,
    centres_LD: Floats,
    n: int,
    weight_S: Floats | None = None,
) -> Indices:
    """Return `n` of the points, each the one that adds most to the weighted coverage of all points.

    Parameters
    ----------
    similarity : callable
        ``similarity(rows_BD, points_SD)`` is an array of shape (B, S), float32, nowhere below 0.
    points_SD : ndarray of shape (S, D)
        What is to be covered, and what may be picked. In random order, so that among equals the lot decides.
    centres_LD : ndarray of shape (L, D)
        What covers from the start.
    n : int
        How many to pick, up to S.
    weight_S : ndarray of shape (S,), optional
        What covering each point is worth; by default all the same.

    Returns
    -------
    ndarray of int64, shape (n,)
        The picks in order. Where nothing adds anything any more, any of the rest.

    Notes
    -----
    The picks of plain greedy, up to rounding: see :class:`~asklearn.selection.lazy.LazyGreedy`.

    Examples
    --------
    >>> near = lambda a, b: (abs(a - b.T) < 1.5).astype(np.float32)
    >>> line_SD = np.array([[0.0], [1.0], [2.0], [7.0]])
    >>> greedy_cover(near, line_SD, line_SD[:0], 2)
    array([1, 3])
    """
    cover = _Cover(similarity, points_SD, centres_LD, weight_S)
    greedy = LazyGreedy(cover.at_first(), cover.hold, cover.adds)
    picks = np.empty(n, np.int64)
    for turn in range(n):
        picks[turn] = greedy.pick()
        cover.take(points_SD[picks[turn] : picks[turn] + 1])
    return picks


class _Cover:
    """How well each point is covered by now, and the similarities of the front to all of them."""

    def __init__(
        self, similarity: Similarity, points_SD: Floats, centres_LD: Floats, weight_S: Floats | None
    ) -> None:
        size = len(points_SD)
        self.similarity, self.points_SD = similarity, points_SD
        self.weight_S = np.ones(size, np.float32) if weight_S is None else weight_S.astype(np.float32)
        self.covered_S = np.zeros(size, np.float32)
        for start in range(0, len(centres_LD), BLOCK):
            self.take(centres_LD[start : start + BLOCK])

    def at_first(self) -> Floats:
        size = len(self.points_SD)
        blocks = [self.points_SD[start : start + BLOCK] for start in range(0, size, BLOCK)]
        return np.concatenate([self._more(self.similarity(block, self.points_SD)) for block in blocks])

    def hold(self, rows: Indices) -> None:
        self.near_FS = self.similarity(self.points_SD[rows], self.points_SD)

    def adds(self, places: Indices) -> Floats:
        blocks = [places[start : start + BLOCK] for start in range(0, max(len(places), 1), BLOCK)]
        return np.concatenate([self._more(self.near_FS[block]) for block in blocks])

    def take(self, centres_BD: Floats) -> None:
        near_S = self.similarity(centres_BD, self.points_SD).max(axis=0)
        np.maximum(self.covered_S, near_S, out=self.covered_S)

    def _more(self, near_BS: Floats) -> Floats:
        more_BS = near_BS - self.covered_S
        return np.asarray(np.maximum(more_BS, 0, out=more_BS) @ self.weight_S)


def pure_radius(points_SD: Floats, classes: int, purity: float, rng: Generator) -> float:
    """Return the largest radius at which a share `purity` of the balls holds items of one cluster only.

    Clusters are those of k-means, the pseudo-labels of ProbCover.

    Examples
    --------
    >>> two_SD = np.array([[0.0], [1.0], [9.0], [10.0]])
    >>> round(pure_radius(two_SD, 2, 0.95, np.random.default_rng(0)), 3)
    8.0
    """
    cluster_S, _ = k_means(points_SD, min(classes, len(points_SD)), rng)
    sampled = rng.permutation(len(points_SD))[:PURITY_ROWS]
    apart = []
    for start in range(0, len(sampled), BLOCK):
        rows = sampled[start : start + BLOCK]
        squares_BS = squared_distances(points_SD[rows], points_SD)
        squares_BS[cluster_S[rows, None] == cluster_S] = np.inf
        apart.append(squares_BS.min(axis=1))
    return float(np.sqrt(np.quantile(np.concatenate(apart), 1 - purity, method="lower")))


def _sample(size: int, n: int, rng: Generator) -> Indices:
    """Return rows in random order: all of them, or as many as can be compared with each other."""
    return rng.permutation(size)[: max(SAMPLE, PER_PICK * n)]


def _herded(
    candidates: Candidates, worth_N: Floats, n: int, sigma: float | None, size: int, rng: Generator
) -> Indices:
    """Return `n` picks that cover what is worthy, chosen among about `size` candidates."""
    sample, weight_S = _best_and_others(worth_N, max(size, PER_PICK * n), rng)
    points_SD, labelled_LD = _centred(candidates, sample)
    sigma = sigma or min(_least_distance(labelled_LD), _spread(points_SD))
    return sample[greedy_cover(_gaussian(sigma), points_SD, labelled_LD, n, weight_S * worth_N[sample])]


def _best_and_others(worth_N: Floats, size: int, rng: Generator) -> tuple[Indices, Floats]:
    """Return rows in random order, half of them the worthiest, and how many rows each stands for."""
    if len(worth_N) <= size:
        return rng.permutation(len(worth_N)), np.ones(len(worth_N))
    best = top(worth_N, size // 2, rng)
    others = rng.choice(np.setdiff1d(np.arange(len(worth_N)), best), size - len(best), replace=False)
    stands = (len(worth_N) - len(best)) / len(others)
    order = rng.permutation(size)
    weight_S = np.repeat([1.0, stands], [len(best), len(others)])
    return np.concatenate([best, others])[order], weight_S[order]


def _centred(candidates: Candidates, sample: Indices) -> tuple[Floats, Floats]:
    """Return features of the sample and of the labelled items, about the sample's mean, in float32."""
    points_SD, labelled_LD = features_of(candidates)[sample], labelled_of(candidates)
    check_finite(points_SD)
    centre_D = points_SD.mean(axis=0, dtype=np.float64)
    return (points_SD - centre_D).astype(np.float32), (labelled_LD - centre_D).astype(np.float32)


def _spread(points_SD: Floats) -> float:
    return float(np.sqrt(np.square(points_SD, dtype=np.float64).sum(axis=1).mean())) or 1.0


def _least_distance(labelled_LD: Floats) -> float:
    """Return the least distance above 0, within rounding, between two items; infinite without two."""
    lengths_L, least = np.einsum("ld,ld->l", labelled_LD, labelled_LD), np.inf
    for start in range(0, len(labelled_LD), BLOCK):
        rows = slice(start, start + BLOCK)
        squares_BL = squared_distances(labelled_LD[rows], labelled_LD)
        squares_BL[squares_BL <= 1e-6 * (lengths_L[rows, None] + lengths_L)] = np.inf
        least = min(least, float(squares_BL.min()))
    return float(np.sqrt(least))


def _gaussian(sigma: float) -> Similarity:
    def similarity(rows_BD: Floats, points_SD: Floats) -> Floats:
        squares_BS = squared_distances(rows_BD, points_SD)
        squares_BS *= -1 / sigma**2
        return np.asarray(np.exp(squares_BS, out=squares_BS))

    return similarity


def _unit(features_ND: Floats) -> Floats:
    lengths_N1 = np.linalg.norm(features_ND.astype(np.float64), axis=1, keepdims=True)
    return (features_ND / np.where(lengths_N1 > 0, lengths_N1, 1)).astype(np.float32)


def _check_length(name: str, value: float | None) -> None:
    if value is not None and not 0 < value < np.inf:
        raise BadInput(f"{name} must be a number above 0, or None. Got {value}.")
