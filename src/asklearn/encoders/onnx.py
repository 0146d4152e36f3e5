"""Texts to the vectors of a sentence encoder in a local folder, by onnxruntime: no torch, no download."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np

from asklearn.encoders import _base
from asklearn.encoders._bert import EXTRA, bert_graph
from asklearn.encoders.text import check_texts
from asklearn.errors import AskLearnError, BadInput
from asklearn.registry import register, require
from asklearn.types import Floats, Indices

TOKENS = 8_192
_AT_ONCE = 4_096
_LONGEST = 100_000
_GRAPHS = ("model.onnx", "onnx/model.onnx")
_READ = ("tokenizer.json", "config.json", "1_Pooling/config.json", "model.onnx_data", "onnx/model.onnx_data")


class _Learnt(NamedTuple):
    path: str
    files: str
    dim: int


class _Opened(NamedTuple):
    session: Any
    tokenizer: Any
    inputs: frozenset[str]
    first_token: bool


@register("encoders", "onnx")
@dataclass(eq=False)
class OnnxEncoder:
    """Run a transformer from a folder with ``model.onnx`` and ``tokenizer.json``.

    Token states are averaged over the text (or the first is taken, where ``1_Pooling/config.json`` says so)
    and scaled to unit length. A folder with the weights of a BERT encoder as ``model.safetensors`` instead
    of a graph, as sentence-transformers saves it, is turned into a graph on opening. Nothing is fitted:
    the fingerprint is a hash of the files, which must stay where they are.

    Parameters
    ----------
    folder : str
        Where the model is.
    length : int, default 256
        Tokens that count, as far as the model has places for them; the rest of a text is cut off.
    threads : int, default 1
        Threads of onnxruntime.

    Notes
    -----
    Texts are taken by length, at most 8,192 tokens with padding at a time, so memory is bounded. Needs
    ``pip install 'asklearn[text]'``.

    Examples
    --------
    >>> OnnxEncoder("no/such/folder").fit(["a text"])
    Traceback (most recent call last):
        ...
    asklearn.errors.BadInput: There is no folder 'no/such/folder' with a text model.
    """

    folder: str
    length: int = 256
    threads: int = 1
    learnt: _Learnt | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        _base.whole(self.length, "length", 2)
        _base.whole(self.threads, "threads", 1)
        if not isinstance(self.folder, str) or not self.folder:
            raise BadInput(f"folder must be the path of a folder, as text. Got {self.folder!r}.")

    def fit(self, items: Any, progress: _base.Progress | None = None) -> Self:
        """Open the model and note which it is; `items` are checked, and nothing is learnt from them.

        Raises
        ------
        BadInput
            If the folder has no model that can be run, or `items` is not a sequence of str.
        MissingExtra
            If onnxruntime, tokenizers, or what builds a graph is not installed.
        """
        if not check_texts(items):
            raise BadInput("The onnx encoder needs at least one text to fit on. Got none.")
        path = Path(self.folder)
        if not path.is_dir():
            raise BadInput(f"There is no folder {self.folder!r} with a text model.")
        files = _digest(path)
        opened = _open(str(path.resolve()), files, self.length, self.threads)
        self.learnt = _Learnt(str(path.resolve()), files, _states(opened, ["a"]).shape[1])
        return self

    def encode(self, items: Any, progress: _base.Progress | None = None) -> Floats:
        """Return features of shape (N, D), float32, rows of unit length.

        Raises
        ------
        BadInput
            If `items` is not a sequence of str, or the model's files were changed or moved.
        NotFitted
            Before `fit`.
        """
        learnt = _base.fitted(self.learnt, "onnx")
        texts = check_texts(items)
        opened = _open(learnt.path, learnt.files, self.length, self.threads)
        features_ND = np.empty((len(texts), learnt.dim), np.float32)
        for part in _base.chunks(len(texts), _AT_ONCE, progress):
            features_ND[part] = _states(opened, texts[part])
        return features_ND

    def fingerprint(self) -> str:
        """Return the registered name, how many tokens count, and a digest of the model's files."""
        return f"onnx(length={self.length})#{_base.fitted(self.learnt, 'onnx').files}"


@lru_cache(maxsize=2)
def _open(folder: str, files: str, length: int, threads: int) -> _Opened:
    path = Path(folder)
    if not path.is_dir() or _digest(path) != files:
        raise BadInput(
            f"The text model in {folder} was moved or changed. Put it back, or name its new place by a new "
            "encoder onnx(folder='...')."
        )
    runtime, tokenizers = require("onnxruntime", EXTRA), require("tokenizers", EXTRA)
    graph = _graph_file(path)
    settings = runtime.SessionOptions()
    settings.intra_op_num_threads, settings.inter_op_num_threads = threads, 1
    settings.log_severity_level = 4
    try:
        tokenizer = tokenizers.Tokenizer.from_file(str(path / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(min(length, _places(path)))
        content = str(graph) if graph.suffix == ".onnx" else bert_graph(path)
        session = runtime.InferenceSession(content, settings, providers=["CPUExecutionProvider"])
    except AskLearnError:
        raise
    except Exception as error:
        raise BadInput(
            f"The text model in {folder} cannot be opened: {str(error).splitlines()[0]}"
        ) from error
    inputs = frozenset(one.name for one in session.get_inputs())
    if not {"input_ids"} <= inputs <= {"input_ids", "attention_mask", "token_type_ids"}:
        raise BadInput(
            f"{graph} must take input_ids, and may take attention_mask and token_type_ids. "
            f"It takes {', '.join(sorted(inputs))}."
        )
    return _Opened(session, tokenizer, inputs, _first_token(path))


def _graph_file(path: Path) -> Path:
    for name in (*_GRAPHS, "model.safetensors"):
        if (path / name).is_file():
            return path / name
    raise BadInput(f"{path} has neither model.onnx nor model.safetensors. Put one of them there.")


def _places(path: Path) -> int:
    """Return how many tokens the model has places for; no limit where its folder does not say."""
    try:
        places = json.loads((path / "config.json").read_bytes())["max_position_embeddings"]
    except (OSError, ValueError, KeyError, TypeError):
        return _LONGEST
    return places if isinstance(places, int) and places > 1 else _LONGEST


def _first_token(path: Path) -> bool:
    file = path / "1_Pooling" / "config.json"
    try:
        modes = json.loads(file.read_bytes()) if file.exists() else {"pooling_mode_mean_tokens": True}
        chosen = [name for name, on in modes.items() if name.startswith("pooling_mode_") and on is True]
    except (OSError, ValueError, AttributeError) as error:
        raise BadInput(f"{file} cannot be read as JSON.") from error
    if chosen not in (["pooling_mode_mean_tokens"], ["pooling_mode_cls_token"]):
        raise BadInput(
            f"{file} must choose the mean of the tokens or the first token. Got {', '.join(chosen)}."
        )
    return chosen == ["pooling_mode_cls_token"]


def _digest(path: Path) -> str:
    if not (path / "tokenizer.json").is_file():
        raise BadInput(f"{path} has no tokenizer.json, which says how texts become tokens.")
    digest = blake2b(digest_size=8)
    for file in [_graph_file(path), *(path / name for name in _READ)]:
        if file.is_file():
            digest.update(f"{file.relative_to(path).as_posix()}\0{file.stat().st_size}\0".encode())
            with file.open("rb") as opened:
                while part := opened.read(1 << 20):
                    digest.update(part)
    return digest.hexdigest()


def _states(opened: _Opened, texts: list[str]) -> Floats:
    """Return one vector of unit length for each text, shape (N, D)."""
    if not texts:
        return np.empty((0, 0), np.float32)
    cut = [text[:_LONGEST].encode("utf-8", "replace").decode() for text in texts]
    tokens = [one.ids for one in opened.tokenizer.encode_batch(cut)]
    features_ND: Floats | None = None
    for rows in _by_length([len(one) for one in tokens]):
        made_MD = _run(opened, [tokens[row] for row in rows])
        if features_ND is None:
            features_ND = np.empty((len(texts), made_MD.shape[1]), np.float32)
        features_ND[rows] = made_MD
    assert features_ND is not None
    return features_ND


def _by_length(lengths: list[int]) -> Iterator[Indices]:
    """Yield rows, shortest texts first, such that a padded batch stays within the tokens allowed."""
    order = np.argsort(lengths, kind="stable")
    start = 0
    while start < len(order):
        stop = start + 1
        while stop < len(order) and lengths[order[stop]] * (stop + 1 - start) <= TOKENS:
            stop += 1
        yield order[start:stop]
        start = stop


def _run(opened: _Opened, tokens: list[list[int]]) -> Floats:
    longest = max(1, max(map(len, tokens)))
    ids_MT = np.zeros((len(tokens), longest), np.int64)
    mask_MT = np.zeros_like(ids_MT)
    for row, one in enumerate(tokens):
        ids_MT[row, : len(one)] = one
        mask_MT[row, : len(one)] = 1
    fed = {"input_ids": ids_MT, "attention_mask": mask_MT, "token_type_ids": np.zeros_like(ids_MT)}
    try:
        states = opened.session.run(None, {name: fed[name] for name in opened.inputs})[0]
    except Exception as error:
        raise BadInput(f"The text model failed: {str(error).splitlines()[0]}") from error
    states = np.asarray(states, np.float32)
    if states.ndim not in (2, 3) or len(states) != len(tokens):
        raise BadInput(f"The text model must give a vector for each text or token. Got shape {states.shape}.")
    if states.ndim == 3:
        states = states[:, 0] if opened.first_token else _mean(states, mask_MT)
    norm_M1 = np.linalg.norm(states, axis=1, keepdims=True)
    return np.asarray(states / np.where(norm_M1 > 1e-12, norm_M1, 1))


def _mean(states_MTD: Floats, mask_MT: Indices) -> Floats:
    total_MD = np.einsum("mtd,mt->md", states_MTD, mask_MT.astype(np.float32))
    return np.asarray(total_MD / np.maximum(mask_MT.sum(1, keepdims=True), 1), np.float32)
