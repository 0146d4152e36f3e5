"""A tiny BERT encoder with random weights, as a folder that sentence-transformers would save."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

WIDTH, HEADS, LAYERS, INNER, PLACES = 16, 2, 2, 24, 12
WORDS = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "few", "many", "number", "of", "text", "the", "sea", "a", "apple", "red",
    "night",
]  # fmt: skip


def _weights() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    shapes = {
        "embeddings.word_embeddings.weight": (len(WORDS), WIDTH),
        "embeddings.position_embeddings.weight": (PLACES, WIDTH),
        "embeddings.token_type_embeddings.weight": (2, WIDTH),
        "embeddings.LayerNorm.weight": (WIDTH,),
        "embeddings.LayerNorm.bias": (WIDTH,),
    }
    for layer in range(LAYERS):
        name = f"encoder.layer.{layer}"
        for part in (
            "attention.self.query",
            "attention.self.key",
            "attention.self.value",
            "attention.output.dense",
        ):
            shapes |= {f"{name}.{part}.weight": (WIDTH, WIDTH), f"{name}.{part}.bias": (WIDTH,)}
        for part in ("attention.output.LayerNorm", "output.LayerNorm"):
            shapes |= {f"{name}.{part}.weight": (WIDTH,), f"{name}.{part}.bias": (WIDTH,)}
        shapes |= {
            f"{name}.intermediate.dense.weight": (INNER, WIDTH),
            f"{name}.intermediate.dense.bias": (INNER,),
        }
        shapes |= {f"{name}.output.dense.weight": (WIDTH, INNER), f"{name}.output.dense.bias": (WIDTH,)}
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


@pytest.fixture
def tiny_bert(tmp_path: Path) -> Path:
    """Write the folder: config.json, tokenizer.json, model.safetensors, 1_Pooling/config.json."""
    numpy = pytest.importorskip("safetensors.numpy", reason="needs the extra text")
    tokenizers = pytest.importorskip("tokenizers", reason="needs the extra text")
    pytest.importorskip("onnxruntime", reason="needs the extra text")
    pytest.importorskip("onnx", reason="needs the extra text")
    folder = tmp_path / "tiny"
    (folder / "1_Pooling").mkdir(parents=True)
    config = {
        "model_type": "bert", "hidden_act": "gelu", "hidden_size": WIDTH, "num_attention_heads": HEADS,
        "num_hidden_layers": LAYERS, "intermediate_size": INNER, "max_position_embeddings": PLACES,
        "vocab_size": len(WORDS), "layer_norm_eps": 1e-6,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "1_Pooling" / "config.json").write_text(
        '{"word_embedding_dimension": 16, "pooling_mode_mean_tokens": true}'
    )
    tokenizer = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]")
    )
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    numpy.save_file(_weights(), folder / "model.safetensors")
    return folder
