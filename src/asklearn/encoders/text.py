"""Texts to a compact dense space that needs no download: hashed n-grams, TF-IDF, truncated SVD."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack, vstack
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.utils.extmath import randomized_svd

from asklearn.encoders import _base
from asklearn.errors import BadInput
from asklearn.registry import register
from asklearn.types import Floats

_BUCKETS = 1 << 20
_CHARACTERS = 1 << 20


class _Learnt(NamedTuple):
    column_of_bucket: NDArray[np.int32]
    idf_F: Floats
    components_FD: Floats


@register("encoders", "text")
@dataclass(eq=False)
class TextEncoder:
    """Latent semantic analysis of hashed character and word n-grams (Deerwester et al. 1990).

    Words and pairs of words, and the character n-grams inside words, are hashed into a million
    buckets (Weinberger et al. 2009); the buckets seen most often are weighted by
    ``(1 + log tf) * idf``, reduced by a randomised SVD (Halko et al. 2011), each component is
    divided by a power of its singular value, and rows are scaled to unit length. A text without
    any known n-gram becomes zeros.

    Parameters
    ----------
    dim : int, default 256
        Number of features D; fewer where the fitted texts do not span so many.
    chars : tuple of (int, int), default (3, 5)
        Shortest and longest character n-gram, in code points; (0, 0) for none.
    words : int, default 2
        Longest word n-gram, 0, 1 or 2; 0 for none.
    columns : int, default 50_000
        Number of buckets kept, those that most texts have.
    sample : int, default 20_000
        Number of texts, drawn by `seed`, that the SVD is fitted on.
    flatten : float, default 0.5
        Power of the singular value that each component is divided by, in [0, 1]; 1 whitens.
    seed : int, default 0

    Notes
    -----
    Time is linear in the number of characters; memory beyond the result is bounded by the chunk, the
    sample's n-grams and ``columns * dim * 4`` bytes.

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
    chars: tuple[int, int] = (3, 5)
    words: int = 2
    columns: int = 50_000
    sample: int = 20_000
    flatten: float = 0.5
    seed: int = 0
    learnt: _Learnt | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        for name, low in (("dim", 1), ("words", 0), ("columns", 2), ("sample", 2), ("seed", 0)):
            _base.whole(getattr(self, name), name, low)
        if self.words > 2:
            raise BadInput(f"words must be 0, 1 or 2. Got {self.words}.")
        if len(self.chars) != 2 or not 0 <= self.chars[0] <= self.chars[1] <= 16:
            raise BadInput(f"chars must be (shortest, longest) with both at most 16. Got {self.chars!r}.")
        if not self.words and not self.chars[1]:
            raise BadInput("chars and words cannot both be none. Keep one of them.")
        if not 0 <= self.flatten <= 1:
            raise BadInput(f"flatten must be in [0, 1]. Got {self.flatten!r}.")

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
        texts = _check(items)
        if not texts:
            raise BadInput("The text encoder needs at least one text to fit on. Got none.")
        if len(texts) > self.sample:
            drawn = np.random.default_rng(self.seed).choice(len(texts), self.sample, replace=False)
            texts = [texts[row] for row in np.sort(drawn)]
        count_NB = vstack([self._count(part) for part in _parts(texts, progress)], format="csr")
        seen_B = np.bincount(count_NB.indices, minlength=count_NB.shape[1])
        kept_F = _most_seen(seen_B, self.columns)
        column_of_bucket = np.full(len(seen_B), -1, np.int32)
        column_of_bucket[kept_F] = np.arange(len(kept_F), dtype=np.int32)
        idf_F = (np.log((1 + len(texts)) / (1 + seen_B[kept_F])) + 1).astype(np.float32)
        weight_NF = _weigh(count_NB, column_of_bucket, idf_F)
        self.learnt = _Learnt(column_of_bucket, idf_F, self._components(weight_NF))
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
        learnt = _base.fitted(self.learnt, "text")
        texts = _check(items)
        features_ND = np.empty((len(texts), learnt.components_FD.shape[1]), np.float32)
        start = 0
        for part in _parts(texts, progress):
            weight_MF = _weigh(self._count(part), learnt.column_of_bucket, learnt.idf_F)
            features_ND[start : start + len(part)] = _unit(weight_MF @ learnt.components_FD)
            start += len(part)
        return features_ND

    def fingerprint(self) -> str:
        """Return the registered name, the options and a digest of what was learnt."""
        return _base.fingerprint("text", self, _base.fitted(self.learnt, "text"))

    def _count(self, texts: list[str]) -> csr_array:
        return hstack([one.transform(texts) for one in self._vectorizers()], format="csr")

    def _vectorizers(self) -> list[HashingVectorizer]:
        kinds = [("char_wb", self.chars), ("word", (1, self.words))]
        return [
            HashingVectorizer(
                analyzer=analyzer,
                ngram_range=lengths,
                token_pattern=r"\b\w+\b",
                n_features=_BUCKETS,
                alternate_sign=False,
                norm=None,
                dtype=np.float32,
            )
            for analyzer, lengths in kinds
            if lengths[1]
        ]

    def _components(self, weight_NF: csr_array) -> Floats:
        rank = min(self.dim, *weight_NF.shape)
        _, singular_D, components_DF = randomized_svd(weight_NF, rank, n_iter=4, random_state=self.seed)
        used_D = singular_D > 1e-4 * max(singular_D[0], 1e-12)
        used_D[0] = True
        scale_D = np.maximum(singular_D[used_D], 1e-12) ** -self.flatten
        return np.ascontiguousarray(components_DF[used_D].T * scale_D, dtype=np.float32)


def _most_seen(seen_B: NDArray[np.int64], columns: int) -> NDArray[np.intp]:
    """Buckets of at least two texts, at most `columns` of them; every seen bucket if that leaves none."""
    candidates = np.flatnonzero(seen_B >= 2)
    if not len(candidates):
        candidates = np.flatnonzero(seen_B)
    if not len(candidates):
        return np.zeros(1, np.intp)
    order = np.argsort(-seen_B[candidates], kind="stable")
    return np.sort(candidates[order[:columns]])


def _weigh(count_NB: csr_array, column_of_bucket: NDArray[np.int32], idf_F: Floats) -> csr_array:
    column_U = column_of_bucket[count_NB.indices]
    known_U = column_U >= 0
    before = np.concatenate(([0], np.cumsum(known_U)))
    indptr = before[count_NB.indptr]
    column_U = column_U[known_U]
    value_U = (1 + np.log(count_NB.data[known_U])) * idf_F[column_U]
    square = np.concatenate(([0.0], np.cumsum(value_U.astype(np.float64) ** 2)))
    norm_N = np.sqrt(np.maximum(square[indptr[1:]] - square[indptr[:-1]], 1e-12))
    value_U = (value_U / np.repeat(norm_N, np.diff(indptr))).astype(np.float32)
    return csr_array((value_U, column_U, indptr), (count_NB.shape[0], len(idf_F)))


def _unit(features_ND: Floats) -> Floats:
    norm_N1 = np.linalg.norm(features_ND, axis=1, keepdims=True)
    return features_ND / np.where(norm_N1 > 1e-8, norm_N1, 1)


def _parts(texts: list[str], progress: _base.Progress | None) -> Iterator[list[str]]:
    """Yield runs of texts of about a million characters; one longer text is a run of its own."""
    end_N = np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)) + 2)
    start = 0
    while start < len(texts):
        before = end_N[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(end_N, before + _CHARACTERS, side="right")))
        yield _encodable(texts[start:stop])
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


def _check(items: Any) -> list[str]:
    if isinstance(items, str | bytes) or not hasattr(items, "__len__") or isinstance(items, dict):
        raise BadInput(
            f"The text encoder takes a list of str. Got {type(items).__name__}; "
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
