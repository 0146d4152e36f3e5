"""Selections made of other selections and of scores: a shortlist, a bar, a mixture, steps, switches.

Each part is a name (with options), an acquisition function (its best scores are taken), a selection or a
strategy; a name is looked for in this order. A selection that needs scores is given those of the
candidates: in a learner, margin's. Compositions can be
written as text, ``"shortlist(score='margin', factor=20, select='k_center')"``, or with an operator,
``Shortlist(margin, 20) >> KCenter()``; parts of parts too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.random import Generator

from asklearn import registry
from asklearn.errors import BadInput
from asklearn.protocols import Acquisition, Selection
from asklearn.selection.base import features_of, scores_of, selection
from asklearn.selection.top import top
from asklearn.types import Candidates, Floats, Indices

Part = str | Acquisition | Selection
"""A strategy is one too; its type lies above this floor's selections."""


@selection("shortlist", why="it is among the best by its score")
@dataclass(frozen=True)
class Shortlist:
    """Keep the candidates with the best scores, then let a selection pick among them.

    ``Shortlist(margin, 20) >> KCenter()`` is the same as ``Shortlist(margin, 20, KCenter())``.

    Parameters
    ----------
    score : str or Acquisition
        Scores the candidates; ties fall by lot.
    factor : int, optional
        How many are kept, times the number to be picked; None keeps all.
    select : str, Acquisition or Selection
        Picks among those, and is given their scores.

    Notes
    -----
    As a strategy, scores are streamed over the pool in chunks and only the shortlist is held in memory.
    Wins over either part alone nearly everywhere that we know of: the score sees to what is informative,
    the selection to variety, and the selection costs a shortlist instead of a pool. A small factor loses
    variety, a large one the score.

    Examples
    --------
    >>> from asklearn.acquisition.uncertainty import margin
    >>> from asklearn.selection.k_center import KCenter
    >>> from asklearn.types import Categorical
    >>> features_ND = np.array([[0.0], [1.0], [2.0], [9.0]])
    >>> proba_NC = np.array([[0.5, 0.5], [0.6, 0.4], [0.7, 0.3], [1.0, 0.0]])
    >>> known = Candidates(4, Categorical(proba_NC), features_ND, labelled_LD=np.array([[0.0]]))
    >>> (Shortlist(margin, 3) >> KCenter())(known, 1, np.random.default_rng(0))
    array([2])
    """

    score: str | Acquisition = "margin"
    factor: int | None = 20
    select: Part = "top"

    def __post_init__(self) -> None:
        if self.factor is not None and self.factor < 1:
            raise BadInput(f"factor must be 1 or more, or None. Got {self.factor}.")
        if not isinstance(score_of(self.score), Acquisition):
            raise BadInput(f"score must be an acquisition function or its name. Got {self.score!r}.")
        selection_of(self.select)

    def __rshift__(self, select: Part) -> Shortlist:
        return replace(self, select=select)

    @property
    def needs(self) -> frozenset[str]:
        """What the score needs, and the selection but for scores."""
        return score_of(self.score).needs | (selection_of(self.select).needs - {"scores"})

    def __call__(self, candidates: Candidates, n: int, rng: Generator, /) -> Indices:
        scores_N = score_of(self.score)(_labelled_or_nothing(candidates), rng)
        kept = np.arange(candidates.size)
        if self.factor is not None:
            kept = np.sort(top(scores_N, min(self.factor * n, candidates.size), rng))
        told = replace(candidates, scores_N=scores_N).take(kept)
        return kept[selection_of(self.select)(told, n, rng)]


@selection("above", why="its score is above the bar")
@dataclass(frozen=True)
class Above:
    """Let a selection pick among the candidates whose score is above a bar.

    ``Above(0.5) >> KMeans()`` is the same as ``Above(0.5, KMeans())``. Where fewer are above the bar than
    are to be picked, those with the best scores are, ties by lot.

    Parameters
    ----------
    bar : float
        The score that must be exceeded.
    select : str, Acquisition or Selection
        Picks among those above it.

    Examples
    --------
    >>> scores_N = np.array([0.9, 0.6, 0.2, 0.1])
    >>> sorted(Above(0.5)(Candidates(4, scores_N=scores_N), 2, np.random.default_rng(0)).tolist())
    [0, 1]
    """

    bar: float = 0.5
    select: Part = "random"

    def __post_init__(self) -> None:
        if np.isnan(self.bar):
            raise BadInput("bar must be a number. Got nan.")
        selection_of(self.select)

    def __rshift__(self, select: Part) -> Above:
        return replace(self, select=select)

    @property
    def needs(self) -> frozenset[str]:
        """Scores, and what the selection needs."""
        return selection_of(self.select).needs | {"scores"}

    def __call__(self, candidates: Candidates, n: int, rng: Generator, /) -> Indices:
        scores_N = scores_of(candidates)
        rows = np.flatnonzero(scores_N > self.bar)
        if len(rows) < n:
            return top(scores_N, n, rng)
        return rows[selection_of(self.select)(candidates.take(rows), n, rng)]


@selection("mixture", why="picked by one of several ways")
@dataclass(frozen=True)
class Mixture:
    """Share a batch among several ways to pick it.

    What one part has picked counts as labelled for those after it. Of a share that is no whole number of
    items the rest falls by lot, so that the shares hold on average. The parts take turns in the batch's
    order.

    Parameters
    ----------
    shares : mapping of part to float
        The share of each part, in proportion; by default half margin, half random.

    Examples
    --------
    >>> from asklearn.types import Categorical
    >>> proba_NC = np.array([[0.5, 0.5], [1.0, 0.0], [1.0, 0.0], [0.9, 0.1]])
    >>> known = Candidates(4, Categorical(proba_NC))
    >>> Mixture({"margin": 0.5, "random": 0.5})(known, 2, np.random.default_rng(0))[0]
    np.int64(0)
    """

    shares: Mapping[Part, float] = field(default_factory=lambda: {"margin": 0.5, "random": 0.5})

    def __post_init__(self) -> None:
        if not isinstance(self.shares, Mapping) or not self.shares:
            raise BadInput(f"shares must be like {{'margin': 0.5, 'random': 0.5}}. Got {self.shares!r}.")
        for part, share in self.shares.items():
            selection_of(part)
            if not 0 < share < np.inf:
                raise BadInput(f"A share must be a number above 0. Got {share!r} for {part!r}.")

    def __hash__(self) -> int:
        return hash(tuple(self.shares.items()))

    @property
    def needs(self) -> frozenset[str]:
        """What any part needs."""
        return frozenset().union(*(selection_of(part).needs for part in self.shares))

    def __call__(self, candidates: Candidates, n: int, rng: Generator, /) -> Indices:
        share_P = np.array(list(self.shares.values()), float)
        wanted_P = _shared_out(n, share_P / share_P.sum(), rng)
        picks = np.empty(0, np.int64)
        turns: list[Indices] = []
        for part, wanted in zip(self.shares, wanted_P.tolist(), strict=True):
            turns.append(pick_after(selection_of(part), candidates, picks, wanted, rng))
            picks = np.concatenate([picks, turns[-1]])
        return interleaved(turns)


@selection("steps", why="picked step by step")
@dataclass(frozen=True)
class Steps:
    """Pick a batch in steps; what was picked counts as labelled in the steps after it.

    For scores that depend on what is labelled, such as ``distance`` and ``discriminative``: their best are
    alike until one of them counts as labelled.

    Parameters
    ----------
    select : str, Acquisition or Selection
        Picks in each step.
    steps : int
        How many, at most one per item. With ``distance`` and a step per item it is k-center.

    Notes
    -----
    As many runs of `select` as steps.

    References
    ----------
    Gissin and Shalev-Shwartz (2019), Discriminative active learning (ten to twenty steps, called
    mini-queries).

    Examples
    --------
    >>> known = Candidates(4, features_ND=np.array([[3.0], [8.0], [9.0], [9.1]]),
    ...                    labelled_LD=np.array([[0.0]]))
    >>> Steps("distance", 1)(known, 2, np.random.default_rng(0))
    array([3, 2])
    >>> Steps("distance", 2)(known, 2, np.random.default_rng(0))
    array([3, 0])
    """

    select: Part = "distance"
    steps: int = 10

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise BadInput(f"steps must be 1 or more. Got {self.steps}.")
        selection_of(self.select)

    @property
    def needs(self) -> frozenset[str]:
        """What the selection needs."""
        return selection_of(self.select).needs

    def __call__(self, candidates: Candidates, n: int, rng: Generator, /) -> Indices:
        picks = np.empty(0, np.int64)
        for part in np.array_split(np.arange(n), min(self.steps, n)):
            more = pick_after(selection_of(self.select), candidates, picks, len(part), rng)
            picks = np.concatenate([picks, more])
        return picks


@selection("switch", why="picked in the way that suits so many labels")
@dataclass(frozen=True)
class Switch:
    """Pick in one way while there are few labels, in another once there are enough.

    Parameters
    ----------
    first : str, Acquisition or Selection
        Picks while there are fewer answers than `per_class` times the number of classes.
    then : str, Acquisition or Selection
        Picks from then on.
    per_class : int
        Answers per class, on average over the classes that the model knows.

    References
    ----------
    Doucet et al. (2024), Bridging diversity and uncertainty in active learning with self-supervised
    pre-training (TypiClust, then margin).

    Examples
    --------
    >>> from asklearn.types import Categorical
    >>> known = Candidates(3, Categorical(np.array([[0.9, 0.1], [0.5, 0.5], [0.8, 0.2]])),
    ...                    features_ND=np.array([[0.0], [0.1], [9.0]]),
    ...                    labelled_LD=np.array([[0.0], [1.0]]), labels_L=np.array([0, 1]))
    >>> [Switch("k_center", "margin", at)(known, 1, np.random.default_rng(0)).item() for at in (9, 1)]
    [2, 1]
    """

    first: Part = "k_means"
    then: Part = "margin"
    per_class: int = 5

    def __post_init__(self) -> None:
        if self.per_class < 0:
            raise BadInput(f"per_class must be 0 or more. Got {self.per_class}.")
        for part in (self.first, self.then):
            selection_of(part)

    @property
    def needs(self) -> frozenset[str]:
        """What either needs, and how many answers there are."""
        return selection_of(self.first).needs | selection_of(self.then).needs | {"proba", "labels"}

    def __call__(self, candidates: Candidates, n: int, rng: Generator, /) -> Indices:
        assert candidates.posterior is not None
        labels_L = candidates.labels_L
        answers = 0 if labels_L is None else int((labels_L >= 0).sum())
        few = answers < self.per_class * candidates.posterior.proba_NC.shape[1]
        return selection_of(self.first if few else self.then)(candidates, n, rng)


@selection("when_rare", why="it stands for a group of such items")
@dataclass(frozen=True)
class WhenRare:
    """Give half of the batch to another selection while some class is expected to be rare.

    What stands for many items finds few of a rare class; among the smallest margins, spread over clusters,
    are more of them.

    Parameters
    ----------
    usual : str, Acquisition or Selection
        Picks the batch, or half of it.
    also : str, Acquisition or Selection
        Picks the other half, first, while a class is rare.
    ratio : float
        A class is rare where the model expects it this many times less often, over the candidates, than the
        most frequent one. Labels cannot say: a strategy has picked them.

    Notes
    -----
    Only classes that have a label count: nobody can look for what nobody has seen. Measured against half a
    batch by ``direct``, whose cost grows with the number of classes, on mammography (1:46): level.

    Examples
    --------
    >>> from asklearn.types import Categorical
    >>> proba_NC = np.array([[0.99, 0.01], [0.98, 0.02], [0.9, 0.1]])
    >>> known = Candidates(3, Categorical(proba_NC), scores_N=np.array([-0.98, -0.96, -0.8]),
    ...                    features_ND=np.zeros((3, 1)))
    >>> WhenRare("random", "top")(known, 2, np.random.default_rng(0))
    array([2, 0])
    """

    usual: Part = "hand_over"
    also: Part = "cluster_margin"
    ratio: float = 10.0

    def __post_init__(self) -> None:
        if not self.ratio > 1:
            raise BadInput(f"ratio must be a number above 1. Got {self.ratio}.")
        for part in (self.usual, self.also):
            selection_of(part)

    @property
    def most(self) -> int | None:
        """How many candidates the usual selection looks at."""
        found: int | None = getattr(selection_of(self.usual), "most", None)
        return found

    @property
    def needs(self) -> frozenset[str]:
        """What either needs, and the classes that the model expects."""
        return selection_of(self.usual).needs | selection_of(self.also).needs | {"proba"}

    def __call__(self, candidates: Candidates, n: int, rng: Generator, /) -> Indices:
        assert candidates.posterior is not None
        share_C = candidates.posterior.proba_NC.mean(axis=0, dtype=np.float64)
        spread = (n + 1) // 2 if share_C.max() > self.ratio * share_C.min() else 0
        apart = pick_after(selection_of(self.also), candidates, np.empty(0, np.int64), spread, rng)
        rest = pick_after(selection_of(self.usual), candidates, apart, n - spread, rng)
        return interleaved([apart, rest]) if spread else rest


def score_of(score: str | Acquisition) -> Acquisition:
    """Return the acquisition function that a name means, or `score` itself."""
    found: Acquisition = registry.resolve("acquisition", score) if isinstance(score, str) else score
    return found


def selection_of(part: Part) -> Selection:
    """Return `part` as a selection; of an acquisition function, the best scores are taken.

    Of a strategy, its cold start is left out.

    Raises
    ------
    BadInput
        If it is neither.

    Examples
    --------
    >>> selection_of("entropy")
    Shortlist(score='entropy', factor=1, select='top')
    >>> selection_of("power(beta=2.0)").beta
    2.0
    >>> selection_of("cluster_margin").factor
    10
    """
    found: object = part
    if isinstance(part, str):
        name, options = registry.parse(part)
        if name in registry.names("acquisition"):
            return Shortlist(part, 1)
        if name in registry.names("strategies") and name not in registry.names("selection"):
            make = registry.lookup("strategies", name)
            registry.check_options("strategies", name, make, options)
            found = make(**options)
        else:
            found = registry.resolve("selection", part)
    if isinstance(found, Acquisition):
        return Shortlist(found, 1)
    if isinstance(found, Selection):
        return found
    if isinstance(select := getattr(found, "select", None), Selection):
        score = getattr(found, "score", None)
        return select if score is None else Shortlist(score, getattr(found, "shortlist", None), select)
    raise BadInput(
        f"A part must be a name, an acquisition function, a selection or a strategy. Got {type(part).__name__}."
    )


def pick_after(select: Selection, candidates: Candidates, picks: Indices, n: int, rng: Generator) -> Indices:
    """Return `n` further picks, as if `picks` had been asked already: labelled, without an answer yet.

    Examples
    --------
    >>> known = Candidates(3, features_ND=np.array([[3.0], [8.0], [9.0]]), labelled_LD=np.array([[0.0]]))
    >>> pick_after(selection_of("k_center"), known, np.array([2]), 1, np.random.default_rng(0))
    array([0])
    """
    if n == 0:
        return np.empty(0, np.int64)
    left_N = np.ones(candidates.size, bool)
    left_N[picks] = False
    rest = np.flatnonzero(left_N)
    if len(picks) == 0:
        return select(candidates, n, rng)
    told = candidates.take(rest)
    if candidates.features_ND is not None and "labelled" in select.needs:
        also_LD = np.asarray(features_of(candidates)[picks])
        labelled_LD, labels_L = candidates.labelled_LD, candidates.labels_L
        if labelled_LD is not None and len(labelled_LD):
            also_LD = np.concatenate([labelled_LD, also_LD])
        if labels_L is not None:
            labels_L = np.concatenate([labels_L, np.full(len(picks), -1, labels_L.dtype)])
        told = replace(told, labelled_LD=also_LD, labels_L=labels_L)
    return rest[select(told, n, rng)]


def interleaved(turns: Sequence[Indices]) -> Indices:
    """Return all picks, those of each part spread evenly over the whole.

    Examples
    --------
    >>> interleaved([np.array([1, 2, 3, 4]), np.array([9, 8])])
    array([1, 9, 2, 3, 8, 4])
    """
    place = np.concatenate([(np.arange(len(picks)) + 0.5) / max(len(picks), 1) for picks in turns])
    return np.concatenate(turns)[np.argsort(place, kind="stable")]


def _labelled_or_nothing(candidates: Candidates) -> Candidates:
    """Return the candidates with what is labelled empty where it is None, as acquisition functions want it."""
    labelled_LD, labels_L, features_ND = candidates.labelled_LD, candidates.labels_L, candidates.features_ND
    if labelled_LD is None:
        labelled_LD = np.empty((0, 0), np.float32) if features_ND is None else features_ND[:0]
    if labels_L is None:
        labels_L = np.full(len(labelled_LD), -1, np.int64)
    return replace(candidates, labelled_LD=labelled_LD, labels_L=labels_L)


def _shared_out(n: int, share_P: Floats, rng: Generator) -> Indices:
    """Return whole numbers that add up to `n` and are in proportion on average: systematic sampling."""
    ends_P = np.floor(np.cumsum(share_P) * n + rng.random()).astype(np.int64)
    ends_P[-1] = n
    return np.asarray(np.diff(np.minimum(ends_P, n), prepend=0))
