"""Typed labels: slips are matched, everything else is refused with the nearest class."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from asklearn.labels import match, no_label

classes = st.lists(st.text("abcAB ", min_size=1).map(str.strip).filter(bool), min_size=1, unique=True)


@given(classes, st.data())
def test_an_exact_label_is_itself_and_a_match_is_a_class(known, data):
    one = data.draw(st.sampled_from(known))
    assert match(one, known) == one
    assert match(f"  {one}\t", known) == one
    assert match(one.swapcase(), known) in (*known, None)


@given(classes, st.text("abc "))
def test_never_a_guess_between_two(known, raw):
    found = match(raw, known)
    loose = [one for one in known if "".join(one.split()).lower() == "".join(raw.split()).lower()]
    if found is not None and found != raw.strip():
        assert found in loose
        assert sum(" ".join(one.split()).casefold() == " ".join(raw.split()).casefold() for one in known) == 1


def test_many_classes_are_not_all_shown():
    message = str(no_label("x", [f"class {i}" for i in range(100)], "row 2"))
    assert "and 88 more" in message
