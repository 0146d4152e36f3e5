"""What can be said of items, and of which ones."""

from __future__ import annotations

import numpy as np
import pytest

from asklearn.errors import BadInput
from asklearn.gaps.predicates import around, clusters, columns, guesses, joined, words


def test_words_hold_where_a_text_contains_them() -> None:
    texts = ["a Red car", "red bus", "blue bus", "bus!", "redder bus"]
    found = words(texts)
    red = found.names.index("contains 'red'")
    assert found.inside([red]).tolist() == [True, True, False, False, False]
    assert "contains 'bus'" not in found.names  # more than half have it


def test_texts_without_a_frequent_word_have_no_predicate() -> None:
    assert words(["", "?", "!"]).names == []


def test_bins_of_a_column_hold_equal_shares_and_are_named_by_their_range() -> None:
    values = np.random.default_rng(0).permutation(400).astype(float)
    found = columns({"age": values})
    shares = np.asarray(found.holds_NP.sum(0)).ravel() / 400
    assert sorted(set(shares.tolist())) == [0.05, 0.1, 0.25]
    for name, inside in ((n, found.inside([p])) for p, n in enumerate(found.names)):
        low, high = map(float, name.removeprefix("age ").split(" to "))
        assert ((values >= low) & (values <= high) == inside).all()


def test_columns_of_few_values_missing_ones_and_words() -> None:
    table = {
        "n": [1.0, 1.0, 2.0, float("nan")],
        "colour": ["red", None, "red", "blue"],
        "ok": [True, False] * 2,
    }
    found = columns(table)
    holds = {name: found.inside([p]).tolist() for p, name in enumerate(found.names)}
    assert len(found.names) == len(set(found.names))
    assert holds["n 1"] == [True, True, False, False]
    assert holds["n is missing"] == holds["colour is blue"] == [False, False, False, True]
    assert holds["colour is missing"] == [False, True, False, False]
    assert holds["ok is True"] == [True, False, True, False]


def test_numbers_with_none_among_them_are_numbers_and_truth_values_are_not() -> None:
    assert columns({"n": [1, None, 3]}).names == ["n 1", "n 3", "n is missing"]
    assert columns({"ok": [True, None, False]}).names == ["ok is False", "ok is True", "ok is missing"]


def test_columns_of_several_lengths_and_none_at_all_are_refused() -> None:
    with pytest.raises(BadInput, match="equal length"):
        columns({"a": [1, 2], "b": [1]})
    with pytest.raises(BadInput, match="Got none"):
        columns({})


def test_each_item_is_in_one_cluster_of_each_number() -> None:
    features = np.random.default_rng(0).normal(size=(200, 3))
    found = clusters(features, np.random.default_rng(1))
    for group in ("8 clusters", "16 clusters", "32 clusters"):
        here = [p for p, one in enumerate(found.groups) if one == group]
        assert (found.holds_NP[:, here].sum(1) == 1).all()
    assert clusters(features[:10], np.random.default_rng(1)).names == []


def test_circles_hold_the_nearest_items() -> None:
    features = np.random.default_rng(0).normal(size=(200, 3))
    found = around(features, np.array([7]), ["item 7"])
    far = ((features - features[7]) ** 2).sum(1)
    for place, count in enumerate((4, 10, 20)):
        assert set(np.flatnonzero(found.inside([place]))) == set(np.argsort(far)[:count])


def test_joined_predicates_keep_their_order() -> None:
    both = joined(guesses(np.array([0, 1, 1]), ["a", "b"]), columns({"n": [1.0, 2.0, 2.0]}))
    assert both.names == ["taken for a", "taken for b", "n 1", "n 2"]
    assert both.kinds == ["guess", "guess", "column", "column"]
    assert both.inside([1, 3]).tolist() == [False, True, True]
    assert both.inside([]).all()
