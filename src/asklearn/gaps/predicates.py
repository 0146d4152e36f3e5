"""What can be said of an item in a few words: a word it contains, a column's range, its cluster, a guess.

Each kind of predicate is a sparse matrix with one row per item; slices are conjunctions of its columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from asklearn.errors import BadInput
from asklearn.types import Floats, Indices, Label

LEAST, MOST = 0.01, 0.5
BINS = (4, 10, 20)
CLUSTERS = (8, 16, 32)
NEAREST = (0.02, 0.05, 0.1)
CATEGORIES = 50
SAMPLE = 20_000
TOKEN = r"(?u)\b\w\w+\b"


@dataclass(frozen=True, slots=True)
class Predicates:
    """Named yes-or-no facts of items.

    Attributes
    ----------
    names : list of str
        Each predicate in words.
    kinds : list of str
        ``"word"``, ``"column"``, ``"cluster"`` or ``"guess"``.
    groups : list of str
        Predicates of one group are never joined.
    holds_NP : scipy.sparse.csc_array of bool, shape (N, P)
        Whether each holds for each item.
    """

    names: list[str]
    kinds: list[str]
    groups: list[str]
    holds_NP: Any

    def inside(self, predicates: Sequence[int]) -> NDArray[np.bool_]:
        """Return which items all of some predicates hold for."""
        inside_N = np.ones(self.holds_NP.shape[0], bool)
        for one in predicates:
            here_N = np.zeros_like(inside_N)
            here_N[self.holds_NP.indices[self.holds_NP.indptr[one] : self.holds_NP.indptr[one + 1]]] = True
            inside_N &= here_N
        return inside_N


def joined(*parts: Predicates) -> Predicates:
    """Return the predicates of several kinds as one.

    Examples
    --------
    >>> both = joined(words(["a red car", "a car"]), guesses(np.array([0, 1]), ["car", "bus"]))
    >>> both.names
    ["contains 'red'", 'taken for car', 'taken for bus']
    """
    from scipy.sparse import hstack

    return Predicates(
        [name for one in parts for name in one.names],
        [kind for one in parts for kind in one.kinds],
        [group for one in parts for group in one.groups],
        hstack([one.holds_NP for one in parts], format="csc"),
    )


def words(texts: Sequence[str]) -> Predicates:
    """Return a predicate for each word that 1% to 50% of the texts contain, in lower case.

    Examples
    --------
    >>> words(["Red car", "red bus", "blue bus", "bus"]).names
    ["contains 'blue'", "contains 'car'", "contains 'red'"]
    """
    from sklearn.feature_extraction.text import CountVectorizer

    made = CountVectorizer(
        binary=True, dtype=np.bool_, token_pattern=TOKEN, min_df=min(LEAST, 1.0), max_df=MOST
    )
    try:
        holds_NP = made.fit_transform(texts)
    except ValueError:  # no word is frequent enough
        return _empty(len(texts))
    found = made.get_feature_names_out().tolist()
    names = [f"contains {word!r}" for word in found]
    return _made(names, "word", names, holds_NP)


def columns(table: Mapping[str, Any]) -> Predicates:
    """Return a predicate for each quarter, tenth and twentieth of a column of numbers, and for each value else.

    Parameters
    ----------
    table : mapping of str to sequence of length N
        Columns by name; numbers, or texts, truth values and None. Missing values are a predicate too.

    Examples
    --------
    >>> columns({"size": [1.0, 2.0, 3.0, 4.0], "colour": ["red", "red", "blue", "red"]}).names[:5]
    ['size 1', 'size 2', 'size 3', 'size 4', 'colour is blue']
    """
    parts = [_column(name, as_column(values)) for name, values in table.items()]
    if len({part.holds_NP.shape[0] for part in parts}) > 1:
        lengths = {name: len(values) for name, values in table.items()}
        raise BadInput(f"Expected columns of equal length. Got {lengths}.")
    if not parts:
        raise BadInput("Expected at least one column to describe items by. Got none.")
    return joined(*parts)


def as_column(values: Sequence[Any] | NDArray[Any]) -> NDArray[Any]:
    """Return the values of a column as an array, numbers with None among them as floats.

    Examples
    --------
    >>> as_column([1, None, 3])
    array([ 1., nan,  3.])
    """
    values_N = np.asarray(values)
    if values_N.dtype.kind != "O":
        return values_N
    numbers = [isinstance(one, int | float) and not isinstance(one, bool) for one in values_N.tolist()]
    if any(numbers) and all(ok or one is None for ok, one in zip(numbers, values_N.tolist(), strict=True)):
        return np.array([np.nan if one is None else one for one in values_N.tolist()], np.float64)
    return values_N


def clusters(features_ND: Floats, rng: Generator) -> Predicates:
    """Return a predicate for each of 8, 16 and 32 clusters of the features (k-means).

    Clusters are found on a sample of at most 20,000 items; the rest go to the nearest centre.

    Examples
    --------
    >>> features_ND = np.random.default_rng(0).normal(size=(400, 2))
    >>> clusters(features_ND, np.random.default_rng(0)).holds_NP.shape
    (400, 56)
    """
    from asklearn.selection.clustering import k_means

    size = len(features_ND)
    sample = np.sort(rng.choice(size, min(size, SAMPLE), replace=False))
    parts = []
    for k in (k for k in CLUSTERS if 4 * k <= size):
        centre_KD = k_means(features_ND[sample], k, rng)[1]
        square_K = (centre_KD**2).sum(1)
        nearest_N = (square_K - 2 * features_ND @ centre_KD.T).argmin(1)
        names = [f"cluster {one + 1} of {k}" for one in range(k)]
        parts.append(_made(names, "cluster", [f"{k} clusters"] * k, _one_hot(nearest_N, k)))
    return joined(*parts) if parts else _empty(size)


def around(features_ND: Floats, centres: Indices, names: Sequence[str]) -> Predicates:
    """Return a predicate for each of the nearest 2%, 5% and 10% of the items to each of some items.

    Parameters
    ----------
    features_ND : ndarray of shape (N, D)
        Features.
    centres : ndarray of int, shape (M,)
        Rows of the items in the middle.
    names : sequence of M str
        What to call them.

    Notes
    -----
    The circles of a scan statistic (Kulldorff 1997), in the space of the features. O(M N D).

    Examples
    --------
    >>> near = around(np.arange(100.0)[:, None], np.array([0]), ["0"])
    >>> near.names, near.holds_NP.sum(0).tolist()
    (['like 0 (nearest 2%)', 'like 0 (nearest 5%)', 'like 0 (nearest 10%)'], [2, 5, 10])
    """
    size = len(features_ND)
    counts = [max(round(share * size), 1) for share in NEAREST]
    square_N = (features_ND**2).sum(1)
    holds_NP = np.zeros((size, len(centres) * len(NEAREST)), bool)
    for place, centre in enumerate(centres.tolist()):
        far_N = square_N - 2 * features_ND @ features_ND[centre]
        order = np.argpartition(far_N, counts[-1] - 1)[: counts[-1]]
        order = order[np.argsort(far_N[order], kind="stable")]
        for one, count in enumerate(counts):
            holds_NP[order[:count], place * len(NEAREST) + one] = True
    said = [f"like {name} (nearest {share:.0%})" for name in names for share in NEAREST]
    return _made(said, "cluster", ["like"] * len(said), holds_NP)


def guesses(guess_N: Indices, classes: Sequence[Label]) -> Predicates:
    """Return a predicate for each class: whether the model takes an item for it.

    Examples
    --------
    >>> guesses(np.array([1, 0, 1]), ["ham", "spam"]).inside([1])
    array([ True, False,  True])
    """
    names = [f"taken for {one}" for one in classes]
    return _made(names, "guess", ["guess"] * len(classes), _one_hot(guess_N, len(classes)))


def _column(name: str, values_N: NDArray[Any]) -> Predicates:
    if values_N.dtype.kind in "iuf":
        return _ranges(name, values_N.astype(np.float64))
    as_text = np.array(["missing" if one is None or one != one else str(one) for one in values_N.tolist()])
    found, place_N, count = np.unique(as_text, return_inverse=True, return_counts=True)
    kept = np.sort(np.argsort(-count, kind="stable")[:CATEGORIES])
    names = [f"{name} is {found[one]}" for one in kept]
    return _made(names, "column", [name] * len(kept), _one_hot(place_N, len(found))[:, kept])


def _ranges(name: str, values_N: Floats) -> Predicates:
    """Bins of equal count; where values are few, several bins are one."""
    known_N = np.isfinite(values_N)
    names: list[str] = []
    made: list[NDArray[np.bool_]] = []
    for k in BINS if known_N.any() else ():
        edges = np.unique(np.quantile(values_N[known_N], np.arange(1, k) / k, method="lower"))
        place_N = np.searchsorted(edges, values_N, side="left")
        for one in range(len(edges) + 1):
            inside_N = known_N & (place_N == one)
            if inside_N.any():
                low, high = values_N[inside_N].min(), values_N[inside_N].max()
                names.append(f"{name} {low:.4g}" + (f" to {high:.4g}" if high > low else ""))
                made.append(inside_N)
    if not known_N.all():
        names.append(f"{name} is missing")
        made.append(~known_N)
    first = {one: place for place, one in reversed(list(enumerate(names)))}
    kept = sorted(first.values())
    return _made([names[i] for i in kept], "column", [name] * len(kept), np.stack([made[i] for i in kept], 1))


def _one_hot(place_N: Indices, size: int) -> Any:
    from scipy.sparse import csc_array

    rows = np.arange(len(place_N))
    return csc_array((np.ones(len(rows), bool), (rows, place_N)), shape=(len(rows), size))


def _made(names: list[str], kind: str, groups: list[str], holds_NP: Any) -> Predicates:
    from scipy.sparse import csc_array

    return Predicates(names, [kind] * len(names), groups, csc_array(holds_NP, dtype=np.bool_))


def _empty(size: int) -> Predicates:
    return _made([], "word", [], np.zeros((size, 0), bool))
