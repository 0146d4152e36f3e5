import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfTransformer

from asklearn.encoders import text as module
from asklearn.encoders.text import TextEncoder
from asklearn.errors import BadInput, NotFitted
from asklearn.testing.encoders import check_encoder

TEXTS = [
    f"{noun} number {n} is {mood}" for n in range(10) for noun in ("apple", "sea") for mood in ("fine", "off")
]


def test_conformance():
    check_encoder(lambda: TextEncoder(dim=8), TEXTS, unseen=["", "quite 新しい", "\ud800", "a\0b"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.characters()), min_size=1, max_size=12))
def test_any_unicode_gives_unit_rows_or_zeros(texts):
    features_ND = TextEncoder(dim=4).fit(texts).encode(texts)
    norm_N = np.linalg.norm(features_ND, axis=1)
    assert len(features_ND) == len(texts)
    assert np.all(np.isclose(norm_N, 1, atol=1e-5) | (norm_N == 0))


def test_weights_are_those_of_scikit_learn():
    hashing = module._hashing("word", (1, 2))
    count_NB = hashing.transform(TEXTS)
    weights = module._learn_weights(count_NB, 1 << 20)
    got_NF = module._weigh(count_NB, weights).toarray()
    kept_F = np.flatnonzero(weights.column_of_bucket >= 0)
    expected_NF = TfidfTransformer(sublinear_tf=True).fit_transform(count_NB)[:, kept_F].toarray()
    expected_NF /= np.linalg.norm(expected_NF, axis=1, keepdims=True)
    np.testing.assert_allclose(got_NF, expected_NF, atol=1e-5)


def test_only_the_most_seen_buckets_are_kept():
    count_NB = module._hashing("word", (1, 1)).transform(["a b", "a b c", "a c d"])
    weights = module._learn_weights(count_NB, 1)
    assert weights.idf.tolist() == [1.0]
    assert len(module._learn_weights(count_NB, 9).idf) == 3


def test_a_text_beyond_the_longest_is_cut():
    long = "apple " * 20_000
    encoder = TextEncoder(dim=4).fit(TEXTS)
    np.testing.assert_array_equal(
        encoder.encode([long[:100_000]]), encoder.encode([long[:100_000] + " sea" * 9])
    )


def test_topics_come_apart():
    features_ND = TextEncoder(dim=2).fit(TEXTS).encode(["an apple", "apples", "the sea"])
    assert features_ND[0] @ features_ND[1] > features_ND[0] @ features_ND[2] + 0.3


def test_seed_and_sample_decide():
    make = lambda seed: TextEncoder(dim=4, sample=10, seed=seed).fit(TEXTS)  # noqa: E731
    assert make(1).fingerprint() == make(1).fingerprint()
    assert make(1).fingerprint() != make(2).fingerprint()


def test_long_and_short_texts_in_one_run():
    texts = ["word " * 250_000, "apple", "", *TEXTS[:4], "sea " * 5]
    encoder = TextEncoder(dim=4).fit(texts)
    together = encoder.encode(texts)
    alone = np.concatenate([encoder.encode([text]) for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_progress_ends_at_the_total():
    seen = []
    TextEncoder(dim=2).fit(TEXTS).encode(TEXTS, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (len(TEXTS), len(TEXTS))


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ("one text", "takes a list of str. Got str"),
        (["a", None], "Got NoneType at position 1"),
        (["a", 3], "Got int at position 1"),
        ({"text": ["a"]}, "Got dict"),
        (iter(["a"]), "takes a list of str"),
        ([], "at least one text"),
    ],
)
def test_wrong_items_are_named(items, message):
    with pytest.raises(BadInput, match=message):
        TextEncoder().fit(items)


@pytest.mark.parametrize(
    "options",
    [
        {"dim": 0},
        {"dim": 2.5},
        {"chars": (5, 3)},
        {"chars": (0, 0), "words": 0},
        {"words": -1},
        {"emphasis": 3},
    ],
)
def test_wrong_options(options):
    with pytest.raises(BadInput):
        TextEncoder(**options)


def test_not_fitted():
    with pytest.raises(NotFitted, match="Call fit"):
        TextEncoder().encode(["a"])
