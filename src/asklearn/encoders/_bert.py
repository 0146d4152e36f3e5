"""A BERT encoder's weights as an ONNX graph, for model folders that come without one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from asklearn.errors import BadInput
from asklearn.registry import require
from asklearn.types import Floats

EXTRA = "text"
_OPSET = 17
_MASKED = -1e9


def bert_graph(folder: Path) -> bytes:
    """Return the graph of ``config.json`` and ``model.safetensors``: token ids and a mask in, states out.

    The architecture is that of Devlin et al. (2019) with absolute positions and one kind of token, as in
    MiniLM and most small sentence encoders.

    Raises
    ------
    BadInput
        If the folder holds another architecture, or a weight is missing or misshapen.
    MissingExtra
        If onnx or safetensors is not installed.
    """
    helper, numpy_helper = require("onnx.helper", EXTRA), require("onnx.numpy_helper", EXTRA)
    config = _config(folder)
    graph = _Graph(helper, numpy_helper)
    states = _encoder(graph, config, _Weights(folder, config))
    ids, mask, out = (
        helper.make_tensor_value_info(name, kind, shape)
        for name, kind, shape in (
            ("input_ids", 7, ["batch", "length"]),
            ("attention_mask", 7, ["batch", "length"]),
            (states, 1, ["batch", "length", config["hidden_size"]]),
        )
    )
    made = helper.make_graph(graph.nodes, "bert", [ids, mask], [out], graph.constants)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=8)
    return bytes(model.SerializeToString())


def _config(folder: Path) -> dict[str, Any]:
    wanted = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}
    try:
        config = {"position_embedding_type": "absolute", **json.loads((folder / "config.json").read_bytes())}
        for name in ("hidden_size", "num_attention_heads", "num_hidden_layers"):
            config[name] = int(config[name])
        config["layer_norm_eps"] = float(config.get("layer_norm_eps", 1e-12))
        fits = config["hidden_size"] % config["num_attention_heads"] == 0
    except (OSError, ValueError, TypeError, KeyError, ZeroDivisionError) as error:
        raise BadInput(
            f"{folder / 'config.json'} does not describe a BERT encoder ({error!r:.80})."
        ) from error
    if not fits or any(config.get(name) != value for name, value in wanted.items()):
        got = ", ".join(f"{name}={config.get(name)!r}" for name in wanted)
        raise BadInput(
            f"Of weights alone, only BERT with gelu and absolute positions can be built. {folder} has {got}. "
            "Export the model to ONNX and put model.onnx into the folder."
        )
    return config


class _Weights:
    """The tensors of a file by name, each checked for its shape."""

    def __init__(self, folder: Path, config: dict[str, Any]) -> None:
        file, safetensors = folder / "model.safetensors", require("safetensors.numpy", EXTRA)
        try:
            held = safetensors.load_file(file)
        except Exception as error:
            raise BadInput(f"{file} cannot be read as safetensors: {error}.") from error
        self.file, self.width = file, config["hidden_size"]
        self.held = {name.removeprefix("bert."): value for name, value in held.items()}

    def __call__(self, name: str, columns: int | None = None) -> Floats:
        """Return a tensor as float32; one of two axes must have `columns` (the width by default)."""
        value = self.held.get(name)
        if value is None or value.dtype.kind != "f":
            raise BadInput(
                f"{self.file} has no weights {name!r}; it is not the encoder that config.json describes."
            )
        expected = self.width if columns is None else columns
        if value.shape[-1] != expected:
            raise BadInput(f"In {self.file}, {name!r} must end in {expected}. Got shape {value.shape}.")
        return np.ascontiguousarray(value, np.float32)


class _Graph:
    """Nodes and constants as they are added."""

    def __init__(self, helper: Any, numpy_helper: Any) -> None:
        self.helper, self.numpy_helper = helper, numpy_helper
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, value: Any, kind: Any = np.float32) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(self.numpy_helper.from_array(np.asarray(value, kind), name))
        return name

    def add(self, kind: str, *inputs: str, **options: Any) -> str:
        name = f"{kind}{len(self.nodes)}"
        self.nodes.append(self.helper.make_node(kind, list(inputs), [name], **options))
        return name

    def linear(self, states: str, weights: _Weights, name: str, columns: int | None = None) -> str:
        weight = weights(f"{name}.weight", columns)
        product = self.add("MatMul", states, self.constant(weight.T))
        return self.add("Add", product, self.constant(weights(f"{name}.bias", len(weight))))

    def normalised(self, states: str, weights: _Weights, name: str, epsilon: float) -> str:
        scale, shift = (self.constant(weights(f"{name}.{part}")) for part in ("weight", "bias"))
        return self.add("LayerNormalization", states, scale, shift, axis=-1, epsilon=epsilon)


def _encoder(graph: _Graph, config: dict[str, Any], weights: _Weights) -> str:
    epsilon = config["layer_norm_eps"]
    states = graph.add("Add", *_embedded(graph, weights))
    states = graph.normalised(states, weights, "embeddings.LayerNorm", epsilon)
    mask = graph.add("Cast", "attention_mask", to=1)
    mask = graph.add("Sub", graph.constant(1.0), mask)
    mask = graph.add("Mul", mask, graph.constant(_MASKED))
    mask = graph.add("Unsqueeze", mask, graph.constant([1, 2], np.int64))
    for layer in range(config["num_hidden_layers"]):
        name = f"encoder.layer.{layer}"
        heads = _attended(graph, states, mask, weights, f"{name}.attention.self", config)
        heads = graph.linear(heads, weights, f"{name}.attention.output.dense")
        states = graph.add("Add", states, heads)
        states = graph.normalised(states, weights, f"{name}.attention.output.LayerNorm", epsilon)
        inner = _gelu(graph, graph.linear(states, weights, f"{name}.intermediate.dense"))
        wide = len(weights(f"{name}.intermediate.dense.weight"))
        inner = graph.linear(inner, weights, f"{name}.output.dense", wide)
        states = graph.add("Add", states, inner)
        states = graph.normalised(states, weights, f"{name}.output.LayerNorm", epsilon)
    return states


def _embedded(graph: _Graph, weights: _Weights) -> tuple[str, str]:
    """Return the embeddings of the words, and of their places as tokens of the first kind."""
    words = graph.add("Gather", graph.constant(weights("embeddings.word_embeddings.weight")), "input_ids")
    places_PD = weights("embeddings.position_embeddings.weight")
    table = graph.constant(places_PD + weights("embeddings.token_type_embeddings.weight")[0])
    length = graph.add("Shape", "input_ids", start=1, end=2)
    zero = graph.constant([0], np.int64)
    return words, graph.add("Slice", table, zero, length, zero)


def _attended(
    graph: _Graph, states: str, mask: str, weights: _Weights, name: str, config: dict[str, Any]
) -> str:
    heads, width = config["num_attention_heads"], config["hidden_size"]
    apart = graph.constant([0, 0, heads, width // heads], np.int64)
    query, key, value = (
        graph.add(
            "Transpose",
            graph.add("Reshape", graph.linear(states, weights, f"{name}.{part}"), apart),
            perm=perm,
        )
        for part, perm in (("query", [0, 2, 1, 3]), ("key", [0, 2, 3, 1]), ("value", [0, 2, 1, 3]))
    )
    scores = graph.add("Mul", graph.add("MatMul", query, key), graph.constant((width // heads) ** -0.5))
    shares = graph.add("Softmax", graph.add("Add", scores, mask), axis=-1)
    mixed = graph.add("Transpose", graph.add("MatMul", shares, value), perm=[0, 2, 1, 3])
    return graph.add("Reshape", mixed, graph.constant([0, 0, width], np.int64))


def _gelu(graph: _Graph, states: str) -> str:
    half = graph.add("Erf", graph.add("Div", states, graph.constant(2**0.5)))
    half = graph.add("Add", half, graph.constant(1.0))
    return graph.add("Mul", graph.add("Mul", states, half), graph.constant(0.5))
