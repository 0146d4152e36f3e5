"""Events: what is written is what is read, and nothing else gets in."""

import json
import math
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from asklearn.errors import BadInput, NewerFormat
from asklearn.events import (
    FORMAT,
    KINDS,
    Answered,
    Configured,
    Erased,
    Event,
    Skipped,
    decode,
    encode,
    same_content,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
WHOLE = st.integers() | st.integers(-(10**40), 10**40)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
NAME = TEXT | WHOLE
JSON = st.recursive(
    st.none() | st.booleans() | WHOLE | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
VALUES = {
    "float": NUMBER, "int": WHOLE, "str": TEXT, "bool": st.booleans(), "ItemId": NAME, "Label": NAME,
    "tuple[Label, ...]": st.lists(NAME, max_size=4).map(tuple),
    "tuple[ItemId, ...]": st.lists(NAME, max_size=4).map(tuple),
    "tuple[float, ...]": st.lists(NUMBER, max_size=4).map(tuple),
    "tuple[int, ...]": st.lists(WHOLE, max_size=4).map(tuple),
    "tuple[ItemId, ...] | None": st.none() | st.lists(NAME, max_size=4).map(tuple),
    "int | None": st.none() | WHOLE, "float | None": st.none() | NUMBER, "Label | None": st.none() | NAME,
    "dict[str, Any]": st.dictionaries(TEXT, JSON, max_size=3),
}  # fmt: skip
EVENTS = st.one_of(
    *(st.builds(kind, **{one.name: VALUES[one.type] for one in fields(kind)}) for kind in KINDS.values())
)


@given(EVENTS)
@settings(max_examples=500, deadline=None)
def test_round_trip(event):
    line = encode(event)
    assert "\n" not in line
    assert decode(line) == event
    assert decode(line.encode()) == event
    assert encode(decode(line)) == line


@pytest.mark.parametrize("kind", KINDS.values())
def test_every_kind_round_trips_with_nothing_but_what_it_must_have(kind):
    plain = {"str": "x", "ItemId": 1, "Label": "a", "Label | None": None}
    needed = {one.name: () if one.type.startswith("tuple") else plain.get(one.type, 1)
              for one in fields(kind) if one.default is one.default_factory}  # fmt: skip
    event = kind(**needed)
    assert decode(encode(event)) == event


def test_defaults_are_not_written():
    assert encode(Configured(seed=0)) == '{"v":1,"kind":"Configured","seed":0}'


def test_a_value_that_equals_its_default_but_is_of_another_type_keeps_its_type():
    event = decode(encode(Answered(item=0, annotator="", key="", label="", revision=1, seconds=0, time=0)))
    assert type(event.seconds) is int
    assert event.time == 0


def test_whole_number_and_text_are_different_items():
    assert decode(encode(Erased(item=1))) != decode(encode(Erased(item="1")))


@pytest.mark.parametrize(
    "change",
    [
        {"item": np.int64(3)}, {"item": True}, {"item": None}, {"item": 1.5}, {"item": ("a", 1)}, {"item": [1]},
        {"label": "\ud800"}, {"label": None}, {"label": np.str_("cat")}, {"label": 10**5000},
        {"key": 5}, {"annotator": b"ann"}, {"revision": 1.0}, {"revision": True},
        {"time": math.nan}, {"seconds": math.inf}, {"seconds": "2"}, {"seconds": np.float32(1)},
    ],
)  # fmt: skip
def test_refuses_to_write_what_cannot_be_read_back(change):
    event = replace(Answered(item=1, annotator="ann", key="k", label="cat"), **change)
    with pytest.raises(BadInput, match="plain values"):
        encode(event)


def test_refuses_an_event_of_a_foreign_kind():
    class Invented(Event):
        pass

    with pytest.raises(BadInput):
        encode(Invented())


@pytest.mark.parametrize(
    "line",
    [
        "", " ", "null", "[]", "7", '"x"', "{}", '{"v":1}', '{"kind":"Erased","item":1}', "[" * 100_000,
        '{"v":1,"kind":"Erased"}', '{"v":1,"kind":"erased","item":1}', '{"v":1,"kind":["Erased"],"item":1}',
        '{"v":0,"kind":"Erased","item":1}', '{"v":"1","kind":"Erased","item":1}',
        '{"v":true,"kind":"Erased","item":1}', '{"v":1.0,"kind":"Erased","item":1}',
        '{"v":1,"kind":"Erased","item":1,"more":1}', '{"v":1,"kind":"Erased","item":1,"__class__":1}',
        '{"v":1,"kind":"Erased","item":[1]}', '{"v":1,"kind":"Erased","item":{"a":1}}',
        '{"v":1,"kind":"Erased","item":true}', '{"v":1,"kind":"Erased","item":1,"time":NaN}',
        '{"v":1,"kind":"Erased","item":1,"time":1e999}', '{"v":1,"kind":"Erased","item":1,"time":"now"}',
        '{"v":1,"kind":"Erased","item":"\\ud800"}', '{"v":1,"kind":"Erased","item":1} trailing',
        '{"v":1,"kind":"Erased","item":1}{"v":1,"kind":"Erased","item":1}',
        '{"v":1,"kind":"Configured","seed":0,"labels":"cat"}', '{"v":1,"kind":"Configured","seed":0,"labels":[[1]]}',
        '{"v":1,"kind":"Erased","item":' + "9" * 5000 + "}", b"\xff\xfe", b'{"v":1,"kind":"Erased","item":"\xff"}',
        '{"v":1,"kind":"Fitted","model":1,"position":1,"labels":1,"params":[]}',
    ],
)  # fmt: skip
def test_refuses_what_is_no_event(line):
    with pytest.raises(BadInput, match="An event must be"):
        decode(line)


@pytest.mark.parametrize("version", [FORMAT + 1, 10**30])
def test_says_when_a_newer_asklearn_wrote_it(version):
    with pytest.raises(NewerFormat, match=r"Upgrade with"):
        decode(json.dumps({"v": version, "kind": "Unheard", "of": [1]}))


@given(st.binary(max_size=60) | st.text(max_size=60) | JSON.map(json.dumps))
@example('{"v":2}')
@settings(max_examples=500, deadline=None)
def test_whatever_comes_it_is_an_event_or_a_clear_error(line):
    try:
        assert isinstance(decode(line), Event)
    except (BadInput, NewerFormat):
        pass


@given(EVENTS, st.data())
@settings(max_examples=500, deadline=None)
def test_a_field_replaced_by_anything_is_read_as_it_will_be_written_or_refused(event, data):
    plain = json.loads(encode(event))
    plain[data.draw(st.sampled_from([*plain, *(one.name for one in fields(event)), "other"]))] = data.draw(
        JSON
    )
    try:
        read = decode(json.dumps(plain))
    except (BadInput, NewerFormat):
        return
    assert decode(encode(read)) == read
    hash(getattr(read, "item", 0))


@given(st.binary(min_size=1, max_size=3), st.integers(0, 200), EVENTS)
@settings(max_examples=300, deadline=None)
def test_flipped_bytes_give_an_event_or_a_clear_error(noise, at, event):
    line = bytearray(encode(event).encode())
    line[at % len(line) : at % len(line) + len(noise)] = noise
    try:
        decode(bytes(line))
    except (BadInput, NewerFormat):
        pass


def test_same_content_looks_at_what_is_said_and_not_at_when():
    one = Answered(item=1, annotator="a", key="k", label="x", seconds=2.0, time=1.0)
    assert same_content(one, replace(one, time=2.0, revision=2))
    for change in (
        {"item": 2},
        {"annotator": "b"},
        {"key": "l"},
        {"label": "y"},
        {"seconds": 3.0},
    ):
        assert not same_content(one, replace(one, **change))
    assert not same_content(one, Skipped(item=1, annotator="a", key="k"))
