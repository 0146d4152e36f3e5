"""Texts to a compact dense space that needs no download: hashed n-grams, TF-IDF, truncated SVD."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack, vstack
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.preprocessing import normalize
from sklearn.utils.extmath import randomized_svd

from asklearn.encoders import _base
from asklearn.errors import BadInput
from asklearn.registry import register
from asklearn.types import Floats

_BUCKETS = 1 << 20
_LONGEST = 100_000
_CHUNK = 1 << 20
_FITTED = 1 << 25


class _Weights(NamedTuple):
    column_of_bucket: NDArray[np.int32]
    idf: Floats


class _Learnt(NamedTuple):
    kinds: list[_Weights]
    components: Floats


@register("encoders", "text")
@dataclass(eq=False)
class TextEncoder:
    """Latent semantic analysis of hashed character and word n-grams (Deerwester et al. 1990).

    Character n-grams inside words on the one hand, words and pairs of words on the other, are hashed
    into a million buckets each (Weinberger et al. 2009). The buckets that most texts have are weighted
    by ``(1 + log tf) * idf``, both kinds count alike, a randomised SVD reduces them (Halko et al.
    2011), components are multiplied by a power of their singular value, and rows are scaled to unit
    length. A text without any known n-gram becomes zeros.

    Parameters
    ----------
    dim : int, default 256
        Number of features D; fewer where the fitted texts do not span so many.
    chars : tuple of (int, int), default (4, 4)
        Shortest and longest character n-gram, in code points; (0, 0) for none.
    words : int, default 2
        Longest word n-gram; 0 for none.
    columns : int, default 50_000
        Number of buckets kept, shared evenly by the kinds of n-gram.
    sample : int, default 20_000
        Number of texts, drawn by `seed`, that are fitted on; fewer where they hold over 33 million
        characters.
    emphasis : float, default 0.5
        Power of its singular value that each component is multiplied by; above 0, the broad themes
        weigh more, which helps while labels are few and costs a little when they are many.
    seed : int, default 0

    Notes
    -----
    Time is linear in the number of characters. Only the first 100,000 characters of a text count, so
    that memory beyond the result is bounded: a chunk's and the sample's n-grams, and
    ``columns * dim * 4`` bytes.

    Examples
    --------
    >>> texts = ["a red apple", "two red apples", "the sea at night", "night falls on the sea"]
    >>> features_ND = TextEncoder(dim=2).fit(texts).encode(texts)
    >>> features_ND.shape
    (4, 2)
    >>> bool(features_ND[0] @ features_ND[1] > 0.9 > features_ND[0] @ features_ND[2])
    True
    """

    dim: int = 256
    chars: tuple[int, int] = (4, 4)
    words: int = 2
    columns: int = 50_000
    sample: int = 20_000
    emphasis: float = 0.5
    seed: int = 0
    learnt: _Learnt | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        for name, low in (("dim", 1), ("words", 0), ("columns", 2), ("sample", 2), ("seed", 0)):
            _base.whole(getattr(self, name), name, low)
        if len(self.chars) != 2 or not 0 <= self.chars[0] <= self.chars[1] <= 16:
            raise BadInput(f"chars must be (shortest, longest), both at most 16. Got {self.chars!r}.")
        if not -1 <= self.emphasis <= 2:
            raise BadInput(f"emphasis must be between -1 and 2. Got {self.emphasis!r}.")
        if not self.words and not self.chars[1]:
            raise BadInput("chars and words cannot both be none. Keep one of them.")

    def fit(self, items: Any, progress: _base.Progress | None = None) -> Self:
        """Learn the vocabulary, its weights and the components from unlabelled texts.

        Parameters
        ----------
        items : sequence of str
            The texts.
        progress : callable, optional
            Called with (done, total) texts.

        Raises
        ------
        BadInput
            If `items` is not a sequence of at least one str.
        """
        texts = _sampled(check_texts(items), self.sample, self.seed)
        if not texts:
            raise BadInput("The text encoder needs at least one text to fit on. Got none.")
        counts = [self._counts(part) for part in _parts(texts, progress)]
        kinds, weighted = [], []
        for parts in zip(*counts, strict=True):
            count_NB = vstack(parts, format="csr")
            kinds.append(_learn_weights(count_NB, self.columns // len(counts[0])))
            weighted.append(_weigh(count_NB, kinds[-1]))
        self.learnt = _Learnt(kinds, self._components(hstack(weighted, format="csr")))
        return self

    def encode(self, items: Any, progress: _base.Progress | None = None) -> Floats:
        """Return features of shape (N, D), float32, rows of unit length.

        Raises
        ------
        BadInput
            If `items` is not a sequence of str.
        NotFitted
            Before `fit`.
        """
        kinds, components_FD = _base.fitted(self.learnt, "text")
        texts = check_texts(items)
        features_ND = np.empty((len(texts), components_FD.shape[1]), np.float32)
        start = 0
        for part in _parts(texts, progress):
            weighted = [_weigh(count, kind) for count, kind in zip(self._counts(part), kinds, strict=True)]
            features_ND[start : start + len(part)] = _unit(hstack(weighted, format="csr") @ components_FD)
            start += len(part)
        return features_ND

    def fingerprint(self) -> str:
        """Return the registered name, the options and a digest of what was learnt."""
        kinds, components_FD = _base.fitted(self.learnt, "text")
        return _base.fingerprint("text", self, [*(part for kind in kinds for part in kind), components_FD])

    def _counts(self, texts: list[str]) -> list[csr_array]:
        kinds = (("char_wb", self.chars), ("word", (1, self.words)))
        return [_hashing(analyzer, lengths).transform(texts) for analyzer, lengths in kinds if lengths[1]]

    def _components(self, weight_NF: csr_array) -> Floats:
        rank = min(self.dim, *weight_NF.shape)
        _, singular_D, components_DF = randomized_svd(weight_NF, rank, n_iter=2, random_state=self.seed)
        used_D = singular_D > 1e-4 * singular_D[0]
        used_D[0] = True
        scale_D = (singular_D[used_D] / max(singular_D[0], 1e-12)) ** self.emphasis
        return np.ascontiguousarray(components_DF[used_D].T * scale_D, dtype=np.float32)


def _hashing(analyzer: str, lengths: tuple[int, int]) -> HashingVectorizer:
    return HashingVectorizer(
        analyzer=analyzer,
        ngram_range=(max(1, lengths[0]), lengths[1]),
        token_pattern=r"\b\w+\b",
        n_features=_BUCKETS,
        alternate_sign=False,
        norm=None,
        dtype=np.float32,
    )


def _learn_weights(count_NB: csr_array, columns: int) -> _Weights:
    """Keep buckets of at least two texts, at most `columns`; every seen bucket if that leaves none."""
    seen_B = np.bincount(count_NB.indices, minlength=_BUCKETS)
    kept_F = np.flatnonzero(seen_B >= min(2, max(seen_B.max(), 1)))
    kept_F = np.sort(kept_F[np.argsort(-seen_B[kept_F], kind="stable")[: max(1, columns)]])
    if not len(kept_F):
        kept_F = np.zeros(1, np.intp)
    column_of_bucket = np.full(_BUCKETS, -1, np.int32)
    column_of_bucket[kept_F] = np.arange(len(kept_F), dtype=np.int32)
    idf_F = np.log((1 + count_NB.shape[0]) / (1 + seen_B[kept_F])) + 1
    return _Weights(column_of_bucket, idf_F.astype(np.float32))


def _weigh(count_NB: csr_array, weights: _Weights) -> csr_array:
    """Return (1 + log tf) * idf of the kept buckets, rows of unit length."""
    column_U = weights.column_of_bucket[count_NB.indices]
    known_U = column_U >= 0
    indptr = np.concatenate(([0], np.cumsum(known_U)))[count_NB.indptr]
    column_U = column_U[known_U]
    value_U = (1 + np.log(count_NB.data[known_U])) * weights.idf[column_U]
    weight_NF = csr_array((value_U, column_U, indptr), (count_NB.shape[0], len(weights.idf)))
    return normalize(weight_NF, copy=False)


def _unit(features_ND: Floats) -> Floats:
    norm_N1 = np.linalg.norm(features_ND, axis=1, keepdims=True)
    return features_ND / np.where(norm_N1 > 1e-8, norm_N1, 1)


def _sampled(texts: list[str], n: int, seed: int) -> list[str]:
    drawn = np.random.default_rng(seed).permutation(len(texts))[:n]
    size = np.cumsum([min(len(texts[row]), _LONGEST) for row in drawn])
    return [texts[row] for row in np.sort(drawn[: max(1, int(np.searchsorted(size, _FITTED, "right")))])]


def _parts(texts: list[str], progress: _base.Progress | None) -> Iterator[list[str]]:
    """Yield runs of texts of about a million characters; one longer text is a run of its own."""
    end_N = np.cumsum([min(len(text), _LONGEST) for text in texts])
    start = 0
    while start < len(texts):
        before = end_N[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(end_N, before + _CHUNK, side="right")))
        yield _encodable([text[:_LONGEST] for text in texts[start:stop]])
        start = stop
        if progress is not None:
            progress(start, len(texts))


def _encodable(texts: list[str]) -> list[str]:
    """Replace lone surrogates, which UTF-8 cannot hold and the hash therefore refuses."""
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        return [text.encode("utf-8", "replace").decode() for text in texts]
    return texts


def check_texts(items: Any) -> list[str]:
    """Return `items` as a list of str, or say what else they are.

    Examples
    --------
    >>> check_texts(("a", "b"))
    ['a', 'b']
    """
    if isinstance(items, str | bytes) or not hasattr(items, "__len__") or isinstance(items, dict):
        raise BadInput(
            f"A text encoder takes a list of str. Got {type(items).__name__}; "
            "put a single text into a list, and pass one column of a table."
        )
    texts = list(items)
    wrong = next((row for row, text in enumerate(texts) if not isinstance(text, str)), None)
    if wrong is not None:
        raise BadInput(
            f"Every text must be a str. Got {type(texts[wrong]).__name__} at position {wrong} "
            "(counted from 0). Fill missing texts with '' or drop those items."
        )
    return texts
