"""What sets a group of items apart: its words, or the columns whose values differ most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

WORDS = 3


def telling_words(texts: Sequence[str], inside_N: NDArray[np.bool_], n: int = WORDS) -> tuple[str, ...]:
    """Return the `n` words that set some texts apart from the rest, by class-based TF-IDF.

    Parameters
    ----------
    texts : sequence of N str
        Everything, the texts to describe among it.
    inside_N : ndarray of bool, shape (N,)
        The texts to describe.
    n : int
        How many words.

    Returns
    -------
    tuple of str
        Words more frequent inside than outside, the most telling first; may be fewer.

    Notes
    -----
    ``tf * log(1 + A / f)``: tf the word's frequency inside, f its frequency inside plus outside, both per
    word of their side, and A the mean of f over all words. Frequencies count texts, so that one text that
    repeats a word does not decide.

    References
    ----------
    Grootendorst (2022), BERTopic: neural topic modeling with a class-based TF-IDF procedure.

    Examples
    --------
    >>> texts = ["the card is lost", "my card", "the rate", "my rate is bad", "the bad day"]
    >>> telling_words(texts, np.array([True, True, False, False, False]), 1)
    ('card',)
    """
    from sklearn.feature_extraction.text import CountVectorizer

    try:
        made = CountVectorizer(binary=True, dtype=np.int32)
        counts_NW = made.fit_transform(texts)
    except ValueError:  # no words at all
        return ()
    within_W = np.asarray(counts_NW[np.flatnonzero(inside_N)].sum(0), float).ravel()
    beyond_W = np.asarray(counts_NW[np.flatnonzero(~inside_N)].sum(0), float).ravel()
    tf_W, rest_W = within_W / max(within_W.sum(), 1), beyond_W / max(beyond_W.sum(), 1)
    both_W = tf_W + rest_W
    score_W = tf_W * np.log1p(both_W.mean() / both_W)
    score_W[(within_W < min(2, inside_N.sum())) | (tf_W <= rest_W)] = 0.0
    score_W *= np.divide(tf_W - rest_W, both_W, out=np.zeros_like(tf_W), where=both_W > 0)
    best = np.argsort(-score_W, kind="stable")[:n]
    found = made.get_feature_names_out()
    return tuple(str(found[w]) for w in best if score_W[w] > 0)


def telling_columns(table: Mapping[str, Any], inside_N: NDArray[np.bool_], n: int = WORDS) -> tuple[str, ...]:
    """Return the `n` columns whose values inside differ most from the rest, with what they are inside.

    Numbers by the largest difference of the two distribution functions, and named by the middle four
    fifths; other values by the largest difference of a value's share.

    Examples
    --------
    >>> table = {"size": np.arange(10.0), "colour": list("rgrgrgrgrg")}
    >>> telling_columns(table, np.arange(10) >= 6, 1)
    ('size 6.3 to 8.7',)
    """
    found = [_apart(name, np.asarray(values), inside_N) for name, values in table.items()]
    best = sorted(found, key=lambda one: -one[0])[:n]
    return tuple(name for apart, name in best if apart > 0.2)


def _apart(name: str, values_N: NDArray[Any], inside_N: NDArray[np.bool_]) -> tuple[float, str]:
    if not inside_N.any() or inside_N.all():
        return 0.0, name
    if values_N.dtype.kind in "iuf":
        return _numbers_apart(name, values_N.astype(float), inside_N)
    as_text = np.array([str(one) for one in values_N.tolist()])
    kinds, place_N = np.unique(as_text, return_inverse=True)
    within = np.bincount(place_N[inside_N], minlength=len(kinds)) / inside_N.sum()
    beyond = np.bincount(place_N[~inside_N], minlength=len(kinds)) / (~inside_N).sum()
    top = int((within - beyond).argmax())
    return float(within[top] - beyond[top]), f"{name} is {kinds[top]}"


def _numbers_apart(name: str, values_N: Any, inside_N: NDArray[np.bool_]) -> tuple[float, str]:
    within, beyond = values_N[inside_N], values_N[~inside_N]
    within, beyond = np.sort(within[np.isfinite(within)]), np.sort(beyond[np.isfinite(beyond)])
    if not len(within) or not len(beyond):
        return 0.0, name
    at = np.concatenate([within, beyond])
    first = np.searchsorted(within, at, side="right") / len(within)
    second = np.searchsorted(beyond, at, side="right") / len(beyond)
    low, high = np.quantile(within, [0.1, 0.9])
    return float(np.abs(first - second).max()), f"{name} {low:.4g}" + (
        f" to {high:.4g}" if high > low else ""
    )
