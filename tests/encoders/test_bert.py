"""The graph that is built from weights, against a forward pass in plain numpy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asklearn.encoders._bert import bert_graph
from asklearn.errors import BadInput


def forward(weights: dict[str, Any], config: dict[str, Any], ids: list[int]) -> Any:
    """One text through the network, written from the paper."""
    erf = np.vectorize(__import__("math").erf)

    def linear(x: Any, name: str) -> Any:
        return x @ weights[f"{name}.weight"].astype(float).T + weights[f"{name}.bias"]

    def norm(x: Any, name: str) -> Any:
        centred = x - x.mean(1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(1, keepdims=True) + config["layer_norm_eps"])
        return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    x = weights["embeddings.word_embeddings.weight"][ids].astype(float)
    x = x + weights["embeddings.position_embeddings.weight"][: len(ids)]
    x = norm(x + weights["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    size = config["hidden_size"] // config["num_attention_heads"]
    for layer in range(config["num_hidden_layers"]):
        name = f"encoder.layer.{layer}"
        q, k, v = (linear(x, f"{name}.attention.self.{part}") for part in ("query", "key", "value"))
        heads = []
        for head in range(config["num_attention_heads"]):
            part = slice(head * size, (head + 1) * size)
            scores = np.exp(q[:, part] @ k[:, part].T / size**0.5)
            heads.append(scores / scores.sum(1, keepdims=True) @ v[:, part])
        x = norm(
            x + linear(np.concatenate(heads, 1), f"{name}.attention.output.dense"),
            f"{name}.attention.output.LayerNorm",
        )
        inner = linear(x, f"{name}.intermediate.dense")
        inner = inner * 0.5 * (1 + erf(inner / 2**0.5))
        x = norm(x + linear(inner, f"{name}.output.dense"), f"{name}.output.LayerNorm")
    return x


def run(graph: bytes, ids: Any, mask: Any) -> Any:
    runtime = pytest.importorskip("onnxruntime", reason="needs the extra text")
    session = runtime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    return session.run(None, {"input_ids": np.array(ids), "attention_mask": np.array(mask)})[0]


@pytest.mark.parametrize("prefix", ["", "bert."])
def test_it_says_what_the_plain_network_says_and_padding_changes_nothing(
    tiny_bert: Path, prefix: str
) -> None:
    numpy = pytest.importorskip("safetensors.numpy", reason="needs the extra text")
    file = tiny_bert / "model.safetensors"
    weights = numpy.load_file(file)
    numpy.save_file({prefix + name: value for name, value in weights.items()}, file)
    config = json.loads((tiny_bert / "config.json").read_text())
    short, long = [2, 9, 3], [2, 5, 7, 11, 4, 3]
    states = run(bert_graph(tiny_bert), [short + [0] * 3, long], [[1, 1, 1, 0, 0, 0], [1] * 6])
    np.testing.assert_allclose(states[0, :3], forward(weights, config, short), atol=2e-5)
    np.testing.assert_allclose(states[1], forward(weights, config, long), atol=2e-5)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model_type": "roberta"}, "only BERT"),
        ({"hidden_act": "relu"}, "only BERT"),
        ({"num_attention_heads": 3}, "only BERT"),
        ({"num_attention_heads": 0}, "does not describe a BERT"),
        ({"hidden_size": "wide"}, "does not describe a BERT"),
        ({"hidden_size": 32}, "must end in 32"),
        ({"num_hidden_layers": 9}, "has no weights 'encoder.layer.2"),
    ],
)
def test_what_it_cannot_build_is_named(tiny_bert: Path, change: dict[str, Any], words: str) -> None:
    config = json.loads((tiny_bert / "config.json").read_text())
    (tiny_bert / "config.json").write_text(json.dumps(config | change))
    with pytest.raises(BadInput, match=words):
        bert_graph(tiny_bert)


def test_weights_that_are_cut_off(tiny_bert: Path) -> None:
    file = tiny_bert / "model.safetensors"
    file.write_bytes(file.read_bytes()[:500])
    with pytest.raises(BadInput, match="cannot be read as safetensors"):
        bert_graph(tiny_bert)
    (tiny_bert / "config.json").unlink()
    with pytest.raises(BadInput, match="does not describe a BERT"):
        bert_graph(tiny_bert)
