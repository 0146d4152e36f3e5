"""Shards that only count when they are whole, and come back as one pool."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import asklearn.vectors
from asklearn.errors import BadInput, NewerFormat
from asklearn.pool import Pool
from asklearn.vectors import Vectors


def filled(folder: Path, sizes: list[int], dim: int = 3) -> tuple[Vectors, np.ndarray]:
    X = np.random.default_rng(0).normal(size=(sum(sizes), dim)).astype(np.float32)
    vectors = Vectors(folder, "text()#1")
    for part in np.split(X, np.cumsum(sizes)[:-1]):
        vectors.append(part)
    return vectors, X


@given(st.lists(st.integers(1, 9), min_size=1, max_size=5), st.data())
@settings(max_examples=25, deadline=None)
def test_what_was_appended_comes_back_between_any_shards(sizes: list[int], data: st.DataObject) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        vectors, X = filled(Path(folder), sizes)
        again = Vectors(Path(folder), "text()#1")
        assert (again.sizes, again.dim, len(again), again.encoder) == (tuple(sizes), 3, len(X), "text()#1")
        ends = [0, *np.cumsum(sizes).tolist()]
        start = data.draw(st.sampled_from(ends[:-1]))
        stop = data.draw(st.sampled_from([end for end in ends if end > start]))
        np.testing.assert_array_equal(again.pool(start, stop)[0 : stop - start], X[start:stop])
        assert again.damaged() == []
        if stop < len(X):
            again.cut(stop)
            again.append(X[:2])
            np.testing.assert_array_equal(Vectors(Path(folder)).pool()[stop : stop + 2], X[:2])
        with pytest.raises(BadInput, match="none ends at row"):
            vectors.pool(0, len(X) + 1)


def test_pages_are_mapped_and_not_writable(tmp_path):
    vectors, _ = filled(tmp_path, [5])
    (shard,) = vectors.pool().shards
    assert not shard.flags.writeable
    assert shard.dtype == np.float32


@pytest.mark.parametrize("step", ["shard", "manifest"])
def test_a_shard_that_was_interrupted_does_not_count(tmp_path, monkeypatch, step):
    """Whether the shard or the manifest was being written: what was there is whole, and it goes on."""
    vectors, X = filled(tmp_path, [4])
    real, calls = asklearn.vectors.replacing, []

    def stopped(path):
        calls.append(path.name)
        if len(calls) == (1 if step == "shard" else 2):
            raise KeyboardInterrupt
        return real(path)

    with monkeypatch.context() as patch:
        patch.setattr(asklearn.vectors, "replacing", stopped)
        with pytest.raises(KeyboardInterrupt):
            vectors.append(X + 1)
    again = Vectors(tmp_path, "text()#1")
    assert len(vectors) == len(again) == 4
    again.append(X + 2)
    np.testing.assert_array_equal(Vectors(tmp_path).pool()[0:8], np.concatenate([X, X + 2]))


def test_only_finite_rows_of_one_width_enter(tmp_path):
    vectors, X = filled(tmp_path, [4])
    for wrong, words in (
        (X[:, :2], "Expected 3 features"),
        (np.full((1, 3), 1e60), "finite"),
        (np.full((1, 3), np.nan), "finite"),
        (np.zeros((0, 3)), "shape"),
        (np.zeros(3), "shape"),
    ):
        with pytest.raises(BadInput, match=words):
            vectors.append(wrong)
    assert len(Vectors(tmp_path)) == 4


def test_features_of_another_encoder_are_refused(tmp_path):
    filled(tmp_path, [4])
    with pytest.raises(BadInput, match=r"made by the encoder text\(\)#1. Got text\(\)#2"):
        Vectors(tmp_path, "text()#2")


def test_a_changed_shard_is_found(tmp_path):
    vectors, _ = filled(tmp_path, [4, 5])
    content = bytearray((tmp_path / "00001.f32").read_bytes())
    content[7] ^= 1
    (tmp_path / "00001.f32").write_bytes(content)
    assert vectors.damaged() == ["00001.f32"]


@pytest.mark.parametrize("change", ["cut", "gone"])
def test_a_shard_that_is_not_whole_is_refused(tmp_path, change):
    filled(tmp_path, [4, 5])
    file = tmp_path / "00001.f32"
    file.write_bytes(file.read_bytes()[:-1]) if change == "cut" else file.unlink()
    with pytest.raises(BadInput, match=r"00001\.f32 must have 60 bytes"):
        Vectors(tmp_path)


def test_a_damaged_or_newer_manifest_is_told(tmp_path):
    filled(tmp_path, [4])
    file = tmp_path / "manifest.json"
    plain = json.loads(file.read_text())
    wrong = ["", "{", "[]", "{}", json.dumps(plain | {"dim": -3}), json.dumps(plain | {"dim": 1e9})]
    wrong += [json.dumps(plain | {"shards": value}) for value in (7, [[4]], [["4", "x"]], [[2**50, "x"]])]
    for text in wrong:
        file.write_text(text)
        with pytest.raises(BadInput, match=r"manifest\.json is damaged"):
            Vectors(tmp_path)
    file.write_text(json.dumps(plain | {"format": 9}))
    with pytest.raises(NewerFormat, match="format 9"):
        Vectors(tmp_path)


def test_a_learner_takes_the_shards_as_they_are(tmp_path):
    from asklearn.learner import ActiveLearner

    vectors, X = filled(tmp_path, [10, 20, 5])
    learner = ActiveLearner("logistic", vectors.pool(), strategy="margin")
    learner.tell(range(0, 12), [row % 2 for row in range(12)])
    batch = learner.ask(5)
    alike = ActiveLearner("logistic", X, strategy="margin")
    alike.tell(range(0, 12), [row % 2 for row in range(12)])
    assert alike.ask(5).ids == batch.ids
    assert Pool(vectors.pool()).fingerprint() == Pool(X).fingerprint()
