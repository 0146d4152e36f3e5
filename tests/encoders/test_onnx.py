"""Texts through a local transformer: vectors, batches, files that change, and what cannot be run."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from asklearn.encoders import onnx
from asklearn.encoders._bert import bert_graph
from asklearn.encoders.onnx import OnnxEncoder
from asklearn.errors import BadInput, MissingExtra, NotFitted
from asklearn.registry import resolve
from asklearn.saved_model import load_encoder, load_model, save_encoder, save_model
from asklearn.testing.encoders import check_encoder

TEXTS = [f"{'the sea ' * (n % 4)}text number of {'many' if n % 2 else 'few red apple'}" for n in range(20)]


def test_it_conforms(tiny_bert: Path) -> None:
    check_encoder(lambda: resolve("encoders", f"onnx(folder={str(tiny_bert)!r})"), TEXTS)


def test_a_vector_is_the_mean_of_the_tokens_at_unit_length(tiny_bert: Path) -> None:
    runtime = pytest.importorskip("onnxruntime", reason="needs the extra text")
    encoder = OnnxEncoder(str(tiny_bert)).fit(TEXTS)
    session = runtime.InferenceSession(bert_graph(tiny_bert), providers=["CPUExecutionProvider"])
    ids = np.array([[2, 9, 10, 3]])
    states = session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0][0]
    for first, want in ((False, states.mean(0)), (True, states[0])):
        if first:
            (tiny_bert / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
            encoder = OnnxEncoder(str(tiny_bert)).fit(TEXTS)
        np.testing.assert_allclose(encoder.encode(["the sea"])[0], want / np.linalg.norm(want), atol=1e-5)


def test_a_graph_beside_the_tokenizer_is_taken_as_it_is(tiny_bert: Path) -> None:
    want = OnnxEncoder(str(tiny_bert)).fit(TEXTS).encode(TEXTS)
    graph = bert_graph(tiny_bert)
    (tiny_bert / "onnx").mkdir()
    (tiny_bert / "onnx" / "model.onnx").write_bytes(graph)
    (tiny_bert / "model.safetensors").unlink()
    np.testing.assert_allclose(OnnxEncoder(str(tiny_bert)).fit(TEXTS).encode(TEXTS), want, atol=1e-6)


def test_small_batches_say_the_same_and_stay_small(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = OnnxEncoder(str(tiny_bert)).fit(TEXTS)
    want = encoder.encode(TEXTS)
    monkeypatch.setattr(onnx, "TOKENS", 30)
    monkeypatch.setattr(onnx, "_AT_ONCE", 7)
    done: list[tuple[int, int]] = []
    np.testing.assert_allclose(encoder.encode(TEXTS, lambda *at: done.append(at)), want, atol=1e-6)
    assert done == [(7, 20), (14, 20), (20, 20)]
    lengths = [9, 3, 3, 40, 12, 3]
    batches = [rows.tolist() for rows in onnx._by_length(lengths)]
    assert sorted(row for rows in batches for row in rows) == list(range(6))
    assert all(len(rows) == 1 or max(lengths[row] for row in rows) * len(rows) <= 30 for rows in batches)


def test_only_so_many_tokens_count(tiny_bert: Path) -> None:
    encoder = OnnxEncoder(str(tiny_bert), length=5).fit(TEXTS)
    one, other = encoder.encode(["the sea the red night", "the sea the"])
    np.testing.assert_allclose(one, other, atol=1e-6)
    assert encoder.fingerprint().startswith("onnx(length=5)#")
    whole = OnnxEncoder(str(tiny_bert)).fit(TEXTS)
    assert np.isfinite(whole.encode(["", "\ud800", "sea " * 60_000])).all()
    np.testing.assert_allclose(*whole.encode(["sea " * 10, "sea " * 11]), atol=1e-6)


def test_a_saved_encoder_knows_its_files(tiny_bert: Path, tmp_path: Path) -> None:
    encoder = OnnxEncoder(str(tiny_bert)).fit(TEXTS)
    want = encoder.encode(TEXTS)
    save_encoder(tmp_path / "e.skops", encoder)
    again = load_encoder(tmp_path / "e.skops")
    assert again.fingerprint() == encoder.fingerprint()
    np.testing.assert_array_equal(again.encode(TEXTS), want)
    model = resolve("models", "logistic(C=1.0, temperature=1.0)").fit(want, [n % 2 for n in range(20)])
    save_model(tmp_path / "model", model, encoder, kind="text")
    moved = tmp_path / "moved"
    shutil.copytree(tiny_bert, moved)
    shutil.rmtree(tiny_bert)
    onnx._open.cache_clear()
    with pytest.raises(BadInput, match="was moved or changed"):
        load_model(tmp_path / "model").predict(TEXTS)
    elsewhere = OnnxEncoder(str(moved)).fit(TEXTS)
    loaded = load_model(tmp_path / "model", encoder=elsewhere)
    np.testing.assert_array_equal(loaded.predict(TEXTS), model.predict(want))
    with (moved / "model.safetensors").open("r+b") as file:
        file.seek(-4, 2)
        file.write(b"\0\0\0\0")
    onnx._open.cache_clear()
    with pytest.raises(BadInput, match="was moved or changed"):
        elsewhere.encode(TEXTS)
    assert OnnxEncoder(str(moved)).fit(TEXTS).fingerprint() != elsewhere.fingerprint()


def test_what_is_missing_or_broken_is_named(tiny_bert: Path) -> None:
    def refused(words: str) -> None:
        onnx._open.cache_clear()
        with pytest.raises(BadInput, match=words):
            OnnxEncoder(str(tiny_bert)).fit(TEXTS)

    for text, words in (
        ("{", "as JSON"),
        ('{"pooling_mode_max_tokens": true}', "mean of the tokens"),
        ("[]", "JSON"),
    ):
        (tiny_bert / "1_Pooling" / "config.json").write_text(text)
        refused(words)
    shutil.rmtree(tiny_bert / "1_Pooling")
    (tiny_bert / "model.onnx").write_bytes(b"not a graph")
    refused("cannot be opened")
    (tiny_bert / "model.onnx").unlink()
    tokens = (tiny_bert / "tokenizer.json").read_text()
    (tiny_bert / "tokenizer.json").write_text(tokens[:50])
    refused("cannot be opened")
    (tiny_bert / "tokenizer.json").unlink()
    refused(r"has no tokenizer\.json")
    (tiny_bert / "tokenizer.json").write_text(tokens)
    (tiny_bert / "model.safetensors").unlink()
    refused(r"neither model\.onnx nor model\.safetensors")


def test_a_token_that_the_weights_do_not_have(tiny_bert: Path) -> None:
    tokens = json.loads((tiny_bert / "tokenizer.json").read_text())
    tokens["model"]["vocab"]["apple"] = 900
    (tiny_bert / "tokenizer.json").write_text(json.dumps(tokens))
    with pytest.raises(BadInput, match="The text model failed"):
        OnnxEncoder(str(tiny_bert)).fit(TEXTS).encode(["apple"])


def test_a_graph_with_other_inputs(tiny_bert: Path) -> None:
    helper = pytest.importorskip("onnx.helper", reason="needs the extra text")
    values = [helper.make_tensor_value_info(name, 1, ["n", 3]) for name in ("pixels", "out")]
    graph = helper.make_graph(
        [helper.make_node("Identity", ["pixels"], ["out"])], "g", values[:1], values[1:]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (tiny_bert / "model.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(BadInput, match=r"must take input_ids.*It takes pixels"):
        OnnxEncoder(str(tiny_bert)).fit(TEXTS)


def test_options_and_order_of_calls(tiny_bert: Path) -> None:
    for options in ({"length": 1}, {"threads": 0}, {"folder": ""}):
        with pytest.raises(BadInput):
            OnnxEncoder(**{"folder": str(tiny_bert), **options})
    with pytest.raises(NotFitted):
        OnnxEncoder(str(tiny_bert)).encode(TEXTS)
    with pytest.raises(BadInput, match="A text encoder takes a list of str"):
        OnnxEncoder(str(tiny_bert)).fit("one text")


@pytest.mark.parametrize("module", ["onnxruntime", "tokenizers", "onnx.helper", "safetensors.numpy"])
def test_a_missing_extra_is_named(tiny_bert: Path, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    onnx._open.cache_clear()
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra, match=r"pip install 'asklearn\[text\]'"):
        OnnxEncoder(str(tiny_bert)).fit(TEXTS)
