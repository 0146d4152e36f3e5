"""Texts to the vectors of any model that sentence-transformers loads, for who has it installed anyway."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple, Self

import numpy as np

from asklearn.encoders import _base
from asklearn.encoders.text import check_texts
from asklearn.errors import AskLearnError, BadInput
from asklearn.registry import register, require
from asklearn.types import Floats

_AT_ONCE = 4_096
_PROBE = "The quick brown fox jumps over the lazy dog."


class _Learnt(NamedTuple):
    dim: int
    probe: str


@register("encoders", "sentence_transformers")
@dataclass(eq=False)
class SentenceTransformersEncoder:
    """Call ``SentenceTransformer(name).encode`` and scale rows to unit length.

    The onnx encoder gives the same vectors of small BERT models three times as fast and without torch;
    this one is for the others. The library may download a model that is not there.

    Parameters
    ----------
    name : str
        A name or a folder that sentence-transformers knows.
    batch : int, default 32
        Texts at a time.

    Notes
    -----
    The fingerprint has a hash of the vector of one sentence, rounded to three decimals. Needs
    ``pip install 'asklearn[sentence_transformers]'``.

    Examples
    --------
    >>> SentenceTransformersEncoder("all-MiniLM-L6-v2").batch
    32
    """

    name: str
    batch: int = 32
    learnt: _Learnt | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        _base.whole(self.batch, "batch", 1)
        if not isinstance(self.name, str) or not self.name:
            raise BadInput(f"name must be a model or a folder, as text. Got {self.name!r}.")

    def fit(self, items: Any, progress: _base.Progress | None = None) -> Self:
        """Load the model; `items` are checked, and nothing is learnt from them.

        Raises
        ------
        BadInput
            If the model cannot be loaded, or `items` is not a sequence of str.
        MissingExtra
            If sentence-transformers is not installed.
        """
        if not check_texts(items):
            raise BadInput("The sentence_transformers encoder needs at least one text to fit on. Got none.")
        vector_1D = self._vectors([_PROBE])
        probe = np.round(vector_1D.astype(np.float64), 3) + 0.0
        self.learnt = _Learnt(vector_1D.shape[1], blake2b(probe.tobytes(), digest_size=8).hexdigest())
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
        dim = _base.fitted(self.learnt, "sentence_transformers").dim
        texts = check_texts(items)
        features_ND = np.empty((len(texts), dim), np.float32)
        for part in _base.chunks(len(texts), _AT_ONCE, progress):
            features_ND[part] = self._vectors(texts[part])
        return features_ND

    def fingerprint(self) -> str:
        """Return the registered name, the options and a digest of one sentence's vector."""
        learnt = _base.fitted(self.learnt, "sentence_transformers")
        return _base.fingerprint("sentence_transformers", self, learnt)

    def _vectors(self, texts: list[str]) -> Floats:
        cut = [text.encode("utf-8", "replace").decode() for text in texts]
        made = _model(self.name).encode(
            cut, batch_size=self.batch, normalize_embeddings=True, show_progress_bar=False
        )
        return np.asarray(made, np.float32)


@lru_cache(maxsize=1)
def _model(name: str) -> Any:
    library = require("sentence_transformers", "sentence_transformers")
    try:
        return library.SentenceTransformer(name)
    except AskLearnError:
        raise
    except Exception as error:
        raise BadInput(f"sentence-transformers cannot load {name!r}: {error}") from error
