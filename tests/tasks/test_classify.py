"""Which answers are labels, and how several people's become one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asklearn.errors import BadInput, UnknownLabel
from asklearn.tasks.classify import Classify, plain

LABELS = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1),
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(), st.lists, max_leaves=3
)


@given(LABELS)
def test_a_label_is_its_own_normal_form(label: Any) -> None:
    assert plain(label) == label
    assert type(plain(label)) is type(label)


@given(ANYTHING)
def test_anything_becomes_a_label_that_numpy_and_utf8_keep_or_is_refused(raw: Any) -> None:
    try:
        label = plain(raw)
    except BadInput:
        return
    assert np.asarray([label]).tolist() == [label]
    assert type(label) in (int, str)
    str(label).encode()
    assert plain(label) == label


@pytest.mark.parametrize("labels", [["a", "a"], [1, 1.0], ["a", 1], "ab", [None], [""], [1.5]])
def test_classes_that_cannot_be_declared(labels: Any) -> None:
    with pytest.raises(BadInput):
        Classify(labels)


def test_closed_classes_need_classes() -> None:
    with pytest.raises(BadInput, match="give labels"):
        Classify([], open_labels=False)


def test_only_declared_ones_when_closed_and_any_when_open() -> None:
    assert Classify(["cat"]).check("dog") == "dog"
    closed = Classify(["cat", "dog"], open_labels=False)
    assert closed.check(np.str_("dog")) == "dog"
    with pytest.raises(UnknownLabel, match="Did you mean 'dog'"):
        closed.check("dgo")
    with pytest.raises(UnknownLabel, match="Got 3"):
        closed.check(3)


def test_many_classes_are_not_all_listed() -> None:
    with pytest.raises(UnknownLabel, match="and 80 more"):
        Classify(range(100), open_labels=False).check(100)


@pytest.mark.parametrize(
    ("answers", "label"),
    [(["a"], "a"), (["a", "b", "a"], "a"), (["a", "b"], None), (["a", "b", "c"], None),
     (["a", "a", "b", "b", "c"], None),
     ([0, 0, 1], 0)],
)  # fmt: skip
def test_the_most_votes_win_and_a_tie_is_nobodys(answers: list[Any], label: Any) -> None:
    assert Classify().resolve(answers) == label


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=7), st.randoms())
def test_the_order_of_votes_does_not_matter(answers: list[str], random: Any) -> None:
    shuffled = list(answers)
    random.shuffle(shuffled)
    assert Classify().resolve(shuffled) == Classify().resolve(answers)
