"""The state: its table says what the fold does, replies commute, snapshots lose nothing."""

import itertools
import json
import zlib
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asklearn.errors import BadInput, NewerFormat, NotAllowed
from asklearn.events import (
    KINDS,
    Added,
    Answered,
    Asked,
    Configured,
    Erased,
    Fitted,
    Flagged,
    Measured,
    Released,
    Reply,
    Resolved,
    Retracted,
    RolledBack,
    Skipped,
)
from asklearn.state import _FOLDS, TRANSITIONS, State, Status, check, dump, fold, load

BEGINNING = [Configured(seed=0), Added(start=0, stop=4)]


def reply(kind, item=0, annotator="ann", revision=1, key=None, **more):
    key = key or f"{kind.__name__} {item} {annotator} {revision} {more}"
    return kind(item=item, annotator=annotator, revision=revision, key=key, **more)


def answer(label="cat", **more):
    return reply(Answered, label=label, **more)


def view(state):
    """Everything that a state holds, to compare two of them."""
    return {
        **vars(state),
        "plan": (state.plan.share, state.plan.sizes, state.plan.prefixes, state.plan.credit),
    }


ABOUT_AN_ITEM = [
    Asked(item=0, stream="audit"),
    *(reply(kind, annotator=who, revision=revision, **({"label": "cat"} if kind is Answered else {}))
      for kind in (Answered, Skipped, Flagged, Retracted) for who in "ab" for revision in (1, 2)),
    Resolved(item=0, label="dog", annotator="boss"),
    Resolved(item=0, label=None, annotator="boss"),
    Erased(item=0),
]  # fmt: skip


@pytest.fixture(scope="module")
def explored():
    """Every state of one item with two annotators, and what each event makes of it."""
    seen, paths, outcomes, refused = set(), [()], defaultdict(set), defaultdict(set)
    while paths:
        path = paths.pop()
        state = fold([*BEGINNING, *path])
        before = state.status(0)
        for event in ABOUT_AN_ITEM:
            try:
                check(state, event)
            except NotAllowed:
                refused[before].add(type(event))
                continue
            after = fold([*BEGINNING, *path, event])
            outcomes[before, type(event)].add(after.status(0))
            held = str((sorted(after.said.items()), after.resolved, after.erased, 0 in after.asks))
            if held not in seen:
                seen.add(held)
                paths.append((*path, event))
    return outcomes, refused


def test_the_table_is_what_the_fold_does(explored):
    outcomes, _ = explored
    for (before, kind), found in outcomes.items():
        assert found - {before} == TRANSITIONS[before][kind] - {before}, (before, kind)


def test_the_table_is_complete(explored):
    outcomes, refused = explored
    assert set(TRANSITIONS) == set(Status)
    for status in Status:
        allowed = {kind for before, kind in outcomes if before is status}
        assert allowed == set(TRANSITIONS[status])
        assert refused[status] == {Asked, Resolved, *TRANSITIONS[Status.WAITING]} - allowed


def test_a_reply_is_never_refused_for_being_late():
    for status in Status:
        assert {Answered, Skipped, Flagged, Retracted} <= set(TRANSITIONS[status])


def test_every_kind_is_folded():
    assert set(_FOLDS) == set(KINDS.values())


REPLY_KINDS = st.sampled_from([Answered, Skipped, Flagged, Retracted])


@st.composite
def replies(draw):
    kind = draw(REPLY_KINDS)
    more = {"label": draw(st.sampled_from("xyz"))} if kind is Answered else {}
    return kind(item=draw(st.integers(0, 3)), annotator=draw(st.sampled_from("ab")), time=draw(st.integers(0, 9)),
                revision=draw(st.integers(1, 3)), key=str(draw(st.integers(0, 10**6))), **more)  # fmt: skip


@given(st.lists(replies(), max_size=8, unique_by=lambda event: event.key), st.randoms())
@settings(max_examples=300, deadline=None)
def test_replies_commute(events, random):
    shuffled = list(events)
    random.shuffle(shuffled)
    assert view(fold([*BEGINNING, *events])) == view(fold([*BEGINNING, *shuffled]))


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_the_highest_revision_holds_whatever_comes_first(order):
    events = [
        answer("a", revision=1),
        reply(Skipped, revision=2),
        answer("c", revision=3),
        answer("d", annotator="b"),
    ]
    state = fold([*BEGINNING, *(events[index] for index in order)])
    assert list(state.answers()) == [(0, ["c", "d"])]
    assert state.revision(0, "ann") == 3
    assert state.revision(0, "nobody") == 0


anything = st.one_of(
    replies(),
    st.builds(
        Asked, item=st.integers(0, 3), stream=st.just("audit"), probability=st.sampled_from([None, 0.5])
    ),
    st.builds(
        Resolved, item=st.integers(0, 3), label=st.sampled_from([None, "x"]), annotator=st.just("boss")
    ),
    st.builds(Erased, item=st.integers(0, 3)),
    st.builds(Configured, seed=st.just(0), audit=st.sampled_from([0.1, 0.5])),
    st.builds(Fitted, model=st.integers(1, 4), position=st.just(0), labels=st.just(1)),
    st.builds(Released, model=st.integers(1, 4)),
    st.builds(RolledBack, model=st.integers(1, 4), reason=st.just("worse")),
    st.just(
        Measured(name="accuracy", value=0.5, low=0.1, high=0.9, n=3, method="m", level=0.9, labels=3, model=1)
    ),
)


@given(st.lists(anything, max_size=30))
@settings(max_examples=200, deadline=None)
def test_what_passes_the_check_ends_where_the_table_allows(events):
    state = fold(BEGINNING)
    for event in events:
        try:
            check(state, event)
        except NotAllowed:
            continue
        before = {item: state.status(item) for item in range(4)}
        fold([event], state)
        for item, was in before.items():
            now = state.status(item)
            if getattr(event, "item", None) == item:
                assert now in TRANSITIONS[was][type(event)] | {was}
            else:
                assert now is was
    assert view(load(dump(state))) == view(state)


@given(st.lists(anything, max_size=30), st.integers(0, 30))
@settings(max_examples=100, deadline=None)
def test_a_fold_may_stop_at_a_snapshot_and_go_on(events, at):
    events = [*BEGINNING, *events]
    assert view(fold(events[at:], load(dump(fold(events[:at]))))) == view(fold(events))


def test_snapshots_keep_ids_and_labels_apart_by_type():
    ids = ("1", 1, "a", 2**70)
    many = [answer("7" if n % 2 else 7, item=ids[n % 4], annotator=f"ann{n}") for n in range(40)]
    state = fold([Configured(seed=0), Added(start=0, stop=4, ids=ids), *many])
    again = load(dump(state))
    assert view(again) == view(state)
    assert {type(one.label) for said in again.said.values() for one in said} == {str, int}
    assert [again.row(item) for item in ids] == [0, 1, 2, 3]


def test_folding_leaves_the_collector_as_it_was():
    import gc

    with pytest.raises(KeyError):
        fold([object()])
    assert gc.isenabled()


@pytest.mark.parametrize(
    "snapshot",
    [b"", b"x", zlib.compress(b""), zlib.compress(b"[]"), zlib.compress(b"{}"), zlib.compress(b"[" * 10**5),
     zlib.compress(json.dumps({"format": 1}).encode()), zlib.compress(b'{"format": "1"}')],
)  # fmt: skip
def test_a_broken_snapshot_is_bad_input(snapshot):
    with pytest.raises(BadInput):
        load(snapshot)


@given(st.integers(0, 2000), st.binary(min_size=1, max_size=4))
@settings(max_examples=200, deadline=None)
def test_a_damaged_snapshot_is_bad_input_or_a_state(at, noise):
    plain = bytearray(zlib.decompress(dump(fold([*BEGINNING, answer(), Asked(item=2, stream="audit")]))))
    plain[at % len(plain) : at % len(plain) + len(noise)] = noise
    try:
        assert isinstance(load(zlib.compress(bytes(plain))), State)
    except (BadInput, NewerFormat):
        pass


def test_a_newer_snapshot_says_so():
    with pytest.raises(NewerFormat):
        load(zlib.compress(b'{"format": 99}'))


FITTED = [*BEGINNING, Fitted(model=2, position=2, labels=1)]
REFUSED = {
    "before Configured": ([], Added(start=0, stop=3), "begins with Configured"),
    "another seed": (BEGINNING, Configured(seed=12345), "seed .* stays"),
    "an unknown item": (BEGINNING, answer(item=4), "never added"),
    "a negative row": (BEGINNING, answer(item=-1), "never added"),
    "an id of another type": (BEGINNING, answer(item="0"), "never added"),
    "asking about an unknown item": (BEGINNING, Asked(item=9, stream="audit"), "never added"),
    "asking again what is settled": (
        [*BEGINNING, Resolved(item=0, label="x", annotator="b")], Asked(item=0, stream="audit"), "resolved"),
    "asking what was erased": ([*BEGINNING, Erased(item=0)], Asked(item=0, stream="audit"), "erased"),
    "resolving what was erased": (
        [*BEGINNING, Erased(item=0)], Resolved(item=0, label="x", annotator="b"), "erased"),
    "a gap in the rows": (BEGINNING, Added(start=5, stop=6), "from row 4"),
    "rows twice": (BEGINNING, Added(start=3, stop=6), "from row 4"),
    "no rows": (BEGINNING, Added(start=4, stop=4), "from row 4"),
    "too few ids": (BEGINNING, Added(start=4, stop=6, ids=("a",)), "Expected 2 ids"),
    "an id that is a row": (BEGINNING, Added(start=4, stop=5, ids=(3,)), "already in the pool"),
    "an id twice": (
        [*BEGINNING, Added(start=4, stop=5, ids=("a",))], Added(start=5, stop=6, ids=("a",)), "already in"),
    "an older model": (FITTED, Fitted(model=2, position=2, labels=1), "above 2"),
    "an unfitted release": (FITTED, Released(model=3), "fitted model version"),
    "rolling back to what never served": (FITTED, RolledBack(model=2, reason="r"), "that served"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_check_refuses(case):
    events, event, why = REFUSED[case]
    with pytest.raises(NotAllowed, match=why):
        check(fold(events), event)


def test_check_refuses_an_id_twice_in_one_batch():
    with pytest.raises(NotAllowed, match="twice"):
        check(fold(BEGINNING), Added(start=4, stop=6, ids=("a", "a")))


def test_check_changes_nothing():
    state = fold(FITTED)
    before = dump(state)
    for event in (answer(), Asked(item=1, stream="audit"), Added(start=4, stop=9), Released(model=2)):
        check(state, event)
    assert dump(state) == before


def test_settled_and_erased_items_answer_as_they_should():
    events = [*BEGINNING, answer("a", item=0), answer("b", item=1), answer("c", item=2),
              Resolved(item=1, label="z", annotator="boss"), Erased(item=2)]  # fmt: skip
    assert dict(fold(events).answers()) == {0: ["a"], 1: ["z"]}
    reopened = fold([*events, Resolved(item=1, label=None, annotator="boss")])
    assert dict(reopened.answers()) == {0: ["a"], 1: ["b"]}


def test_rows_of_mixed_cohorts():
    state = fold(
        [
            Configured(seed=0),
            Added(start=0, stop=2),
            Added(start=2, stop=4, ids=("x", 77)),
            Added(start=4, stop=6),
        ]
    )
    found = {item: state.row(item) for item in (0, 1, 2, 4, 5, 6, "x", 77, "0")}
    assert found == {0: 0, 1: 1, 2: None, 4: 4, 5: 5, 6: None, "x": 2, 77: 3, "0": None}


def test_replies_are_all_kinds_of_replies():
    assert {kind for kind in KINDS.values() if issubclass(kind, Reply)} == {
        Answered,
        Skipped,
        Flagged,
        Retracted,
    }
