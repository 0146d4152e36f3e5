"""Names hold what sets a group apart."""

from __future__ import annotations

import numpy as np

from asklearn.gaps.naming import telling_columns, telling_words


def test_the_planted_word_comes_first() -> None:
    rng = np.random.default_rng(0)
    vocabulary = np.array([f"w{one:02d}" for one in range(60)])
    texts = [" ".join(rng.choice(vocabulary, 8)) for _ in range(600)]
    inside = np.arange(600) < 40
    texts = [
        f"{text} zebra" if here and i % 5 else text
        for i, (text, here) in enumerate(zip(texts, inside, strict=True))
    ]
    assert telling_words(texts, inside, 1) == ("zebra",)


def test_a_word_of_all_texts_tells_nothing() -> None:
    texts = ["the lion", "the lion", "the rate", "the rate"]
    assert telling_words(texts, np.array([True, True, False, False])) == ("lion",)


def test_texts_without_words_have_no_name() -> None:
    assert telling_words(["?", ""], np.array([True, False])) == ()


def test_the_column_that_differs_most_comes_first() -> None:
    rng = np.random.default_rng(0)
    table = {
        "same": rng.normal(size=500),
        "shifted": rng.normal(size=500),
        "kind": np.array(["a", "b"] * 250),
    }
    inside = np.arange(500) < 50
    table["shifted"][inside] += 3
    named = telling_columns(table, inside)
    assert named[0].startswith("shifted ")
    assert len(named) == 1
    assert telling_columns({"kind": np.where(inside, "c", "a")}, inside) == ("kind is c",)


def test_missing_numbers_and_groups_of_all_or_none_are_no_reason_to_stop() -> None:
    table = {"n": np.array([np.nan, np.nan, 1.0])}
    for inside in ([True, True, False], [True] * 3, [False] * 3):
        assert telling_columns(table, np.array(inside)) == ()
