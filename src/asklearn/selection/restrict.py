"""Selections under a rule: no near-duplicates, so many of each group or class, classes in balance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from asklearn.errors import BadInput
from asklearn.neighbours import within
from asklearn.protocols import Selection
from asklearn.selection.base import features_of, proba_of, scores_of, selection
from asklearn.selection.compose import Part, interleaved, pick_after, selection_of
from asklearn.types import Candidates, Floats, Indices

CHUNK = 4_096


@selection("without_near_duplicates", why="nothing like it is labelled")
@dataclass(frozen=True)
class WithoutNearDuplicates:
    """Pick by a selection, but nothing that is nearly the same as a labelled item or another pick.

    Parameters
    ----------
    select : str, Acquisition or Selection
        Picks; what is too near to its earlier picks is passed over, and it picks again.
    cosine : float, optional
        Items whose features have a cosine above this are near-duplicates; 0.95 by default.
    radius : float, optional
        Items whose features are closer than this are, instead (Euclidean distance).

    Notes
    -----
    O(N (L + n) D) time beside the selection's, which runs again as long as picks were passed over. Where
    only near-duplicates are left, the selection fills the batch up with them.

    Wins where a pool holds many near copies (scraped texts, frames of a video); without them it changes
    nothing. A selection that looks at features sees to variety by itself.

    Examples
    --------
    >>> features_ND = np.array([[1.0, 0.0], [1.0, 0.01], [0.0, 1.0]])
    >>> known = Candidates(3, features_ND=features_ND, scores_N=np.array([0.9, 0.8, 0.1]))
    >>> WithoutNearDuplicates("top")(known, 2, np.random.default_rng(0))
    array([0, 2])
    """

    select: Part = "top"
    cosine: float | None = None
    radius: float | None = None

    def __post_init__(self) -> None:
        if self.cosine is not None and self.radius is not None:
            raise BadInput("Say what a near-duplicate is by cosine or by radius, not both.")
        if self.cosine is not None and not -1 <= self.cosine < 1:
            raise BadInput(f"cosine must be from -1 up to, but not, 1. Got {self.cosine}.")
        if self.radius is not None and not 0 < self.radius < np.inf:
            raise BadInput(f"radius must be a number above 0. Got {self.radius}.")
        selection_of(self.select)

    @property
    def needs(self) -> frozenset[str]:
        """What the selection needs, features, and what is labelled."""
        return selection_of(self.select).needs | {"features", "labelled"}

    def __call__(self, candidates: Candidates, n: int, rng: Generator, /) -> Indices:
        features_ND = features_of(candidates)
        labelled_LD = candidates.labelled_LD
        free_N = np.ones(candidates.size, bool)
        if labelled_LD is not None and len(labelled_LD):
            free_N = ~self._near(features_ND, labelled_LD)
        picks = np.empty(0, np.int64)
        while len(picks) < n and free_N.any():
            more = self._pick(candidates, picks, np.flatnonzero(free_N), n - len(picks), rng)
            more = more[self._apart(features_ND[more])]
            picks = np.concatenate([picks, more])
            free_N &= ~self._near(features_ND, features_ND[more])
            free_N[more] = False
        rest = np.setdiff1d(np.arange(candidates.size), picks)
        return np.concatenate([picks, self._pick(candidates, picks, rest, n - len(picks), rng)])

    def _pick(self, candidates: Candidates, picks: Indices, free: Indices, n: int, rng: Generator) -> Indices:
        """Return up to `n` further picks out of the rows `free`."""
        rows = np.concatenate([picks, free])
        before = np.arange(len(picks))
        select = selection_of(self.select)
        return rows[pick_after(select, candidates.take(rows), before, min(n, len(free)), rng)]

    def _near(self, features_ND: Floats, others_MD: Floats) -> NDArray[np.bool_]:
        """Return which rows are near-duplicates of any of the others."""
        near_N = np.empty(len(features_ND), bool)
        others_MD, radius = self._scaled(others_MD)
        for start in range(0, len(near_N), CHUNK):
            rows_BD, _ = self._scaled(features_ND[start : start + CHUNK])
            near_N[start : start + CHUNK] = np.diff(within(rows_BD, others_MD, radius)[0]) > 0
        return near_N

    def _apart(self, features_BD: Floats) -> Indices:
        """Return which rows, in order, are no near-duplicate of one that is kept before them."""
        scaled_BD, radius = self._scaled(features_BD)
        starts, near = within(scaled_BD, scaled_BD, radius)
        kept_B = np.ones(len(scaled_BD), bool)
        for row in range(len(kept_B)):
            if kept_B[row]:
                twins = near[starts[row] : starts[row + 1]]
                kept_B[twins[twins > row]] = False
        return np.flatnonzero(kept_B)

    def _scaled(self, features_BD: Floats) -> tuple[Floats, float]:
        """Return features and the distance below which they are near-duplicates."""
        if self.radius is not None:
            return features_BD, self.radius
        kind = np.result_type(features_BD, np.float32)
        lengths_B = np.sqrt(np.einsum("bd,bd->b", features_BD, features_BD, dtype=kind))
        unit_BD = features_BD / np.maximum(lengths_B, np.finfo(kind).tiny)[:, None]
        return unit_BD, float(np.sqrt(2 - 2 * (0.95 if self.cosine is None else self.cosine)))


@selection("quota", why="its kind is owed a place")
@dataclass(frozen=True)
class Quota:
    """Give every group, or every predicted class, its share of the batch.

    Parameters
    ----------
    select : str, Acquisition or Selection
        Picks within each kind; what was picked for one counts as labelled for the next.
    by : {"class", "group"}
        The kinds: the likeliest class of each candidate, or its group (``Candidates.groups_N``).
    shares : mapping of int to float, optional
        The share of a kind, in proportion, by the column of the class or the number of the group; kinds that
        are not named have 1. By default all are equal.

    Notes
    -----
    Where a kind has too few candidates the others get its places, in proportion. One run of `select` for
    each kind with a place. Places that are left over fall by lot.

    Wins where groups must be served alike (languages, sites), or where the model's picks would come from a
    few classes; predicted classes are often wrong early, so quotas by class are loose then.

    Examples
    --------
    >>> known = Candidates(4, scores_N=np.array([0.9, 0.8, 0.7, 0.1]), groups_N=np.array([0, 0, 0, 1]))
    >>> Quota("top", by="group")(known, 2, np.random.default_rng(0)).tolist()
    [0, 3]
    """

    select: Part = "top"
    by: str = "class"
    shares: Mapping[int, float] | None = None

    def __post_init__(self) -> None:
        if self.by not in ("class", "group"):
            raise BadInput(f"by must be 'class' or 'group'. Got {self.by!r}.")
        if self.shares is not None and not isinstance(self.shares, Mapping):
            raise BadInput(f"shares must be like {{0: 2.0, 1: 1.0}}. Got {self.shares!r}.")
        if not all(0 <= share < np.inf for share in (self.shares or {}).values()):
            raise BadInput(f"Shares must be numbers from 0 up. Got {dict(self.shares or {})}.")
        selection_of(self.select)

    def __hash__(self) -> int:
        return hash((self.select, self.by, tuple((self.shares or {}).items())))

    @property
    def needs(self) -> frozenset[str]:
        """What the selection needs, and the kinds."""
        return selection_of(self.select).needs | {"proba" if self.by == "class" else "groups"}

    def __call__(self, candidates: Candidates, n: int, rng: Generator, /) -> Indices:
        kind_N, kinds_G = _kinds(candidates, self.by)
        shares = self.shares or {}
        share_G = np.array([shares.get(int(kind), 1.0) for kind in kinds_G])
        return _by_kind(
            selection_of(self.select), candidates, kind_N, np.zeros(len(kinds_G)), share_G, n, rng
        )


@selection("class_balanced", why="its class has few labels")
@dataclass(frozen=True)
class ClassBalanced:
    """Give the batch's places to the predicted classes that have the fewest labels so far.

    Parameters
    ----------
    select : str, Acquisition or Selection
        Picks within each predicted class; what was picked for one counts as labelled for the next.

    Notes
    -----
    Each place goes to the class with the fewest labels, those given in this batch included, that has a
    candidate left; ties by lot. One run of `select` for each class with a place.

    Wins with imbalance, once the model can tell the rare classes at all; loses while it cannot, and where
    the metric counts items and not classes.

    References
    ----------
    Bengar et al. (2022), Class-balanced active learning for image classification (by an optimisation
    with class probabilities; here by the likeliest class).

    Examples
    --------
    >>> from asklearn.types import Categorical
    >>> proba_NC = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.4, 0.6]])
    >>> known = Candidates(4, Categorical(proba_NC), scores_N=np.array([0.9, 0.8, 0.2, 0.1]),
    ...                    labels_L=np.array([0, 0, 0, 1]))
    >>> ClassBalanced("top")(known, 2, np.random.default_rng(0)).tolist()
    [2, 3]
    """

    select: Part = "top"

    def __post_init__(self) -> None:
        selection_of(self.select)

    @property
    def needs(self) -> frozenset[str]:
        """What the selection needs, class probabilities, and labels."""
        return selection_of(self.select).needs | {"proba", "labels"}

    def __call__(self, candidates: Candidates, n: int, rng: Generator, /) -> Indices:
        kind_N, classes_G = _kinds(candidates, "class")
        labels_L = candidates.labels_L
        told_L = np.empty(0, np.int64) if labels_L is None else labels_L[labels_L >= 0]
        given_G = np.bincount(told_L, minlength=int(classes_G.max()) + 1)[classes_G]
        return _by_kind(
            selection_of(self.select), candidates, kind_N, given_G, np.ones(len(classes_G)), n, rng
        )


def _kinds(candidates: Candidates, by: str) -> tuple[Indices, Indices]:
    """Return the place of each candidate's kind among the kinds that there are, and those."""
    if by == "group":
        groups_N = candidates.groups_N
        assert groups_N is not None
        if groups_N.shape != (candidates.size,):
            raise BadInput(f"groups_N must have shape ({candidates.size},). Got {groups_N.shape}.")
        found = groups_N
    else:
        found = proba_of(candidates).argmax(axis=1)
    kinds_G, kind_N = np.unique(found, return_inverse=True)
    return kind_N, kinds_G


def _by_kind(
    select: Selection,
    candidates: Candidates,
    kind_N: Indices,
    given_G: NDArray[Any],
    share_G: Floats,
    n: int,
    rng: Generator,
) -> Indices:
    """Return `n` picks, of each kind as many as bring what it was given nearest to its share."""
    if "scores" in select.needs:
        scores_of(candidates)  # refuses NaN in any kind
    wanted_G = _places(n, np.bincount(kind_N, minlength=len(share_G)), given_G, share_G, rng)
    picks, turns = np.empty(0, np.int64), []
    for kind in np.flatnonzero(wanted_G):
        rows = np.concatenate([picks, np.flatnonzero(kind_N == kind)])
        before = np.arange(len(picks))
        told = candidates.take(rows)
        turns.append(rows[pick_after(select, told, before, int(wanted_G[kind]), rng)])
        picks = np.concatenate([picks, turns[-1]])
    return interleaved(turns)


def _places(n: int, room_G: Indices, given_G: NDArray[Any], share_G: Floats, rng: Generator) -> Indices:
    """Give out `n` places, each to the kind furthest below its share that has room; ties by lot."""
    wanted_G = np.zeros(len(room_G), np.int64)
    lot_G = rng.permutation(len(room_G))
    with np.errstate(divide="ignore"):
        step_G = 1 / np.asarray(share_G, float)
    for _ in range(n):
        level_G = np.where(share_G > 0, (given_G + wanted_G + 1) * np.where(share_G > 0, step_G, 1), np.inf)
        level_G[wanted_G >= room_G] = np.nan
        wanted_G[np.lexsort((lot_G, level_G))[0]] += 1
    return wanted_G
