"""A tiny transformer from a configuration made here: nothing is downloaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asklearn.errors import BadInput
from asklearn.models.sklearn import SklearnModel
from asklearn.models.transformers import TransformersClassifier

GOOD, BAD = ["good", "fine", "great", "nice", "lovely"], ["bad", "poor", "awful", "weak", "dreadful"]
REASON = "transformers is not installed: pip install 'asklearn[transformers]'"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of two small layers with random weights, and a tokenizer of some words."""
    pytest.importorskip("torch", reason=REASON)
    hub = pytest.importorskip("transformers", reason=REASON)
    tokenizers = pytest.importorskip("tokenizers", reason=REASON)
    path = tmp_path_factory.mktemp("bert")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "film", "was", "very", *GOOD, *BAD]
    plain = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]")
    )
    plain.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    fast = hub.PreTrainedTokenizerFast(tokenizer_object=plain, pad_token="[PAD]", unk_token="[UNK]")
    fast.save_pretrained(path)
    config = hub.BertConfig(
        vocab_size=len(words), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=32,
    )  # fmt: skip
    config.save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def texts() -> tuple[list[str], list[str]]:
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=160)
    said = [
        " ".join(["the film was", *["very"] * int(rng.integers(4)), str(rng.choice(GOOD if one else BAD))])
        for one in labels
    ]
    return said, ["good" if one else "bad" for one in labels]


def tiny(folder: Path, **options: Any) -> TransformersClassifier:
    settings = {"epochs": 12, "learning_rate": 5e-3, "draws": 4, "device": "cpu", "random_state": 0}
    return TransformersClassifier(folder, **settings | options)


@pytest.mark.parametrize("posterior", ["dropout", "laplace"])
def test_it_learns_from_texts_and_gives_draws(folder: Path, texts: Any, posterior: str) -> None:
    said, labels = texts
    model = SklearnModel(tiny(folder, posterior=posterior, random_state=None)).fresh(0)
    model.fit(said[:100], labels[:100])
    belief = model.posterior(said[100:])
    assert model.classes == ["bad", "good"]
    assert belief.draws_KNC is not None
    assert belief.draws_KNC.shape == (4, 60, 2)
    assert belief.draws_KNC.std(0).max() > 1e-5
    guessed = np.array(model.classes)[belief.proba_NC.argmax(1)]
    assert (guessed == np.array(labels[100:])).mean() > 0.9


def test_a_draw_does_not_depend_on_what_a_text_is_padded_with(folder: Path, texts: Any) -> None:
    said, labels = texts
    model = tiny(folder, epochs=2).fit(said[:60], labels[:60])
    together = model.predict_proba_draws([said[0], "the film was very very very very very good"])
    alone = model.predict_proba_draws([said[0]])
    np.testing.assert_allclose(together[:, 0], alone[:, 0], atol=1e-5)


def test_references_stand_for_texts(folder: Path, texts: Any) -> None:
    said, labels = texts
    rows = np.arange(60, dtype=np.float32)[:, None]
    by_text = tiny(folder, epochs=2).fit(said[:60], labels[:60])
    by_row = tiny(folder, epochs=2, items=said).fit(rows, labels[:60])
    np.testing.assert_array_equal(by_row.predict_proba(rows[:9]), by_text.predict_proba(said[:9]))
    with pytest.raises(BadInput, match="References must be places from 0 to 159"):
        by_row.predict_proba(np.array([[160.0]]))
    with pytest.raises(BadInput, match="Got numbers, and items is None"):
        by_text.predict_proba(rows)


def test_the_loop_turns_over_references(folder: Path, texts: Any) -> None:
    from asklearn import ActiveLearner

    said, labels = texts
    model = tiny(folder, epochs=4, items=said, random_state=None)
    learner = ActiveLearner(model, np.arange(160, dtype=np.float32)[:, None], strategy="bald", seed=0)
    for _ in range(2):
        batch = learner.ask(16)
        learner.tell(batch.ids, [labels[row] for row in batch.rows])
    assert len(learner.labels) == 32


def test_weights_of_the_folder_are_the_start(folder: Path, texts: Any, tmp_path: Path) -> None:
    import transformers

    said, labels = texts
    torch = pytest.importorskip("torch")
    torch.manual_seed(3)
    network = transformers.AutoModel.from_config(transformers.AutoConfig.from_pretrained(folder))
    network.save_pretrained(tmp_path)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    model = tiny(tmp_path, epochs=1, learning_rate=1e-12, weight_decay=0.0).fit(said[:60], labels[:60])
    want = network.state_dict()["encoder.layer.1.output.dense.weight"].numpy()
    got = model.members_[0]["0.network.encoder.layer.1.output.dense.weight"]
    np.testing.assert_allclose(got, want, atol=1e-6)
    network.eval()
    tokens = transformers.AutoTokenizer.from_pretrained(tmp_path)(said[:1], return_tensors="pt")
    with torch.no_grad():
        states = network(tokens["input_ids"], attention_mask=tokens["attention_mask"]).last_hidden_state
    np.testing.assert_allclose(model.embed(said[:1])[0], states[0].mean(0).numpy(), atol=1e-4)


def test_weights_that_are_a_pickle_are_not_read(folder: Path, texts: Any, tmp_path: Path) -> None:
    said, labels = texts
    for one in folder.iterdir():
        (tmp_path / one.name).write_bytes(one.read_bytes())
    (tmp_path / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    model = tiny(tmp_path, epochs=1).fit(said[:40], labels[:40])
    assert model.predict_proba(said[:2]).shape == (2, 2)


def test_no_code_of_the_folder_is_run(folder: Path, texts: Any, tmp_path: Path) -> None:
    said, labels = texts
    for one in folder.iterdir():
        (tmp_path / one.name).write_bytes(one.read_bytes())
    config = json.loads((tmp_path / "config.json").read_text())
    config["model_type"] = "strange"
    config["auto_map"] = {"AutoConfig": "evil.Config", "AutoModel": "evil.Model"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()")
    with pytest.raises(BadInput, match="cannot be read"):
        tiny(tmp_path, epochs=1).fit(said[:40], labels[:40])
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("given", ["", "no/such/folder"])
def test_a_folder_must_hold_a_transformer(given: str) -> None:
    with pytest.raises(BadInput, match="with a config"):
        TransformersClassifier(given).fit(["a", "b"], [0, 1])


def test_only_texts_are_taken(folder: Path) -> None:
    with pytest.raises(BadInput, match="takes texts, shape"):
        tiny(folder).fit([["a"], ["b"]], [0, 1])
