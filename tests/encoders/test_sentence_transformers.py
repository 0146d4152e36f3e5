"""The thin encoder over sentence-transformers, with a stand-in for the library."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from asklearn.encoders import sentence_transformers
from asklearn.encoders.sentence_transformers import SentenceTransformersEncoder
from asklearn.errors import BadInput, MissingExtra, NotFitted
from asklearn.saved_model import load_encoder, save_encoder
from asklearn.testing.encoders import check_encoder

TEXTS = [f"text number {n} of {'many' if n % 2 else 'few'}" for n in range(20)]


class StandIn:
    """Counts letters, as the real class would be called."""

    def __init__(self, name: str) -> None:
        if name == "gone":
            raise OSError("no such model")
        self.shift = len(name)

    def encode(self, texts: Any, batch_size: int, normalize_embeddings: bool, show_progress_bar: bool) -> Any:
        assert (batch_size, normalize_embeddings, show_progress_bar) == (32, True, False)
        counts = np.array(
            [[text.count(chr(97 + (c + self.shift) % 26)) + 1 for c in range(26)] for text in texts], float
        )
        return counts / np.linalg.norm(counts, axis=1, keepdims=True)


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> None:
    sentence_transformers._model.cache_clear()
    monkeypatch.setitem(sys.modules, "sentence_transformers", SimpleNamespace(SentenceTransformer=StandIn))


@pytest.mark.usefixtures("library")
def test_it_conforms_and_comes_back_from_a_file(tmp_path: Path) -> None:
    check_encoder(lambda: SentenceTransformersEncoder("tiny"), TEXTS)
    encoder = SentenceTransformersEncoder("tiny").fit(TEXTS)
    save_encoder(tmp_path / "e.skops", encoder)
    again = load_encoder(tmp_path / "e.skops")
    assert (
        again.fingerprint()
        == encoder.fingerprint()
        != SentenceTransformersEncoder("other").fit(TEXTS).fingerprint()
    )
    np.testing.assert_array_equal(again.encode(TEXTS), encoder.encode(TEXTS))


@pytest.mark.usefixtures("library")
def test_what_is_refused() -> None:
    with pytest.raises(BadInput, match="cannot load 'gone': no such model"):
        SentenceTransformersEncoder("gone").fit(TEXTS)
    with pytest.raises(BadInput, match="name must be a model"):
        SentenceTransformersEncoder("")
    with pytest.raises(NotFitted):
        SentenceTransformersEncoder("tiny").encode(TEXTS)
    with pytest.raises(BadInput, match="at least one text"):
        SentenceTransformersEncoder("tiny").fit([])


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    sentence_transformers._model.cache_clear()
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(MissingExtra, match=r"pip install 'asklearn\[sentence_transformers\]'"):
        SentenceTransformersEncoder("tiny").fit(TEXTS)
