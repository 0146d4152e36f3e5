"""Every registered encoder is found by itself and must pass the suite on some kind of item."""

import io

import numpy as np
import pytest
from PIL import Image

from asklearn import registry
from asklearn.errors import BadInput
from asklearn.testing.encoders import check_encoder


def png(row):
    stream = io.BytesIO()
    Image.fromarray(np.random.default_rng(row).integers(0, 255, (8, 8), dtype=np.uint8)).save(stream, "PNG")
    return stream.getvalue()


KINDS = {
    "texts": [f"text number {n} of {'many' if n % 2 else 'few'}" for n in range(20)],
    "images": [png(row) for row in range(20)],
    "columns": {"a": np.arange(20.0), "b": np.array(["x", "y"] * 10, object)},
    "matrix": np.random.default_rng(0).normal(size=(20, 3)),
}


ELSEWHERE = {"onnx", "sentence_transformers"}
"""They need a model; their own tests bring one and run the same suite."""


@pytest.mark.parametrize("name", sorted(set(registry.names("encoders")) - ELSEWHERE))
def test_every_registered_encoder_conforms(name):
    taken = 0
    for items in KINDS.values():
        try:
            registry.resolve("encoders", name).fit(items)
        except BadInput:
            continue
        check_encoder(lambda: registry.resolve("encoders", name), items)
        taken += 1
    assert taken, f"{name} takes none of {', '.join(KINDS)}"


def test_the_first_four_are_there():
    assert {"embedding", "image", "tabular", "text"} <= set(registry.names("encoders"))
    assert registry.resolve("encoders", "text(dim=8, chars=(3, 4))").dim == 8
