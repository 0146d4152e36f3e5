"""Who is shown what: rules over the state and the leases, against counting by hand."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from asklearn.events import (
    Added,
    Answered,
    Asked,
    Configured,
    Erased,
    Flagged,
    Resolved,
    Retracted,
    Skipped,
)
from asklearn.server.queue import (
    OpenPlaces,
    Overlap,
    Replies,
    for_annotator,
    in_turn,
    mixed,
    open_places,
)
from asklearn.state import GOLD, State, fold

KINDS = {"y": Answered, "s": Skipped, "f": Flagged, "r": Retracted}


def state_of(said: dict[int, list[tuple[str, str]]], size: int = 6) -> State:
    """Return the state where every item was asked and these are the replies: item to (annotator, kind)."""
    events = [Configured(seed=0), Added(start=0, stop=size)]
    events += [Asked(item=item, stream="exploit") for item in range(size)]
    for item, replies in said.items():
        for n, (who, kind) in enumerate(replies):
            extra = {"label": "x"} if kind == "y" else {}
            events.append(
                KINDS[kind](item=item, annotator=who, key=f"{item}{who}{n}", revision=n + 1, **extra)
            )
    return fold(events, State())


def places(state: State, overlap: Overlap | None = None) -> dict[int, int]:
    return dict(open_places(state, overlap or Overlap(), range(6)))  # type: ignore[arg-type]


def test_one_answer_closes_an_item_and_a_retraction_opens_it_again() -> None:
    assert places(state_of({0: [("ann", "y")], 1: [("ann", "y"), ("ann", "r")]})) == dict.fromkeys(
        range(1, 6), 1
    )


def test_what_somebody_cannot_say_goes_to_one_more_person() -> None:
    said = {
        0: [("ann", "s")],
        1: [("ann", "f")],
        2: [("ann", "s"), ("ben", "s")],
        3: [("ann", "s"), ("ben", "y")],
    }
    assert places(state_of(said)) == {0: 1, 1: 1, 4: 1, 5: 1}


def test_several_are_asked_where_a_hash_says_so() -> None:
    twice = Overlap(people=3, share=1.0)
    assert places(state_of({0: [("ann", "y")]}), twice) == {0: 2, **dict.fromkeys(range(1, 6), 3)}
    counts = Counter(Overlap(people=2, share=0.3).of(item, seed=5) for item in range(4000))
    assert abs(counts[2] / 4000 - 0.3) < 0.03
    assert [Overlap(share=0.3).of(item, 5) for item in range(50)] == [
        Overlap(share=0.3).of(item, 5) for item in range(50)
    ]


def test_settled_items_are_shown_to_nobody() -> None:
    state = fold([Resolved(item=2, label="x", annotator="eve")], state_of({2: [("ann", "y"), ("ben", "s")]}))
    assert 2 not in places(state, Overlap(people=5, share=1.0))


@given(st.data())
def test_nobody_gets_what_they_answered_or_what_others_hold_in_full(data: st.DataObject) -> None:
    people, kinds = st.sampled_from(["ann", "ben", "cid"]), st.sampled_from("ysf")
    said = data.draw(
        st.dictionaries(
            st.integers(0, 5), st.lists(st.tuples(people, kinds), max_size=3, unique_by=lambda one: one[0])
        )
    )
    taken = data.draw(st.dictionaries(st.integers(0, 5), st.sets(people)))
    overlap = Overlap(people=2, share=data.draw(st.sampled_from([0.0, 1.0])))
    state = state_of(said)
    shown = dict(for_annotator(open_places(state, overlap, range(6)), state, taken, "ann"))
    for item in range(6):
        replied = {who for who, _ in said.get(item, [])}
        answered = any(kind == "y" for _, kind in said.get(item, []))
        needed = 2 if overlap.share or (replied and not answered) else 1
        others = taken.get(item, set()) - {"ann"}
        fits = "ann" not in replied and len(replied) < needed and len(others) < needed - len(replied)
        assert (item in shown) == fits


@given(st.data())
def test_places_kept_up_to_date_are_those_counted_anew(data: st.DataObject) -> None:
    overlap = Overlap(people=2, share=data.draw(st.sampled_from([0.0, 1.0])))
    state = fold([Configured(seed=0), Added(start=0, stop=6)])
    kept = OpenPlaces(state, overlap)
    one = st.one_of(
        st.builds(Asked, item=st.integers(0, 5), stream=st.just("exploit")),
        *(
            st.builds(kind, item=st.integers(0, 5), annotator=st.sampled_from(["ann", "ben"]),
                      key=st.uuids().map(str), revision=st.integers(1, 4), **extra)
            for kind, extra in [(Answered, {"label": st.just("x")}), (Skipped, {}), (Flagged, {}), (Retracted, {})]
        ),
        st.builds(Resolved, item=st.integers(0, 5), label=st.sampled_from(["x", None]), annotator=st.just("eve")),
        st.builds(Erased, item=st.integers(0, 5)),
    )  # fmt: skip
    for events in data.draw(st.lists(st.lists(one, max_size=4), max_size=6)):
        fold(events, state)
        kept.moved(events)
        assert list(kept.needed.items()) == list(open_places(state, overlap, state.asks))


def test_who_disagree_are_joined_by_one_more_and_once_again() -> None:
    said = [
        Answered(item=0, annotator=who, key=who, label=label)
        for who, label in zip("abcd", "xyzx", strict=True)
    ]
    asked = state_of({})
    needed = []
    for one in said:
        fold([one], asked)
        needed.append(places(asked).get(0, 0))
    assert needed == [0, 1, 0, 0]
    tied = fold([Answered(item=1, annotator=who, key=who, label=label) for who, label in ("ax", "by")], asked)
    assert places(tied)[1] == 1
    assert 1 not in places(fold([Answered(item=1, annotator="c", key="c", label="y")], tied))


def test_a_known_label_closes_an_item_and_counts_alone() -> None:
    state = state_of({0: [("ann", "y")], 1: [("ann", "s")]})
    fold([Answered(item=item, annotator=GOLD, key=f"g{item}", label="right") for item in (0, 1, 2)], state)
    assert places(state, Overlap(people=3, share=1.0)).keys() == {3, 4, 5}
    assert dict(state.answers()) == {item: ["right"] for item in (0, 1, 2)}
    assert list(Replies(state).gold) == [0, 1, 2]


def test_the_newest_order_moves_what_the_strategy_picked_and_nothing_of_the_audit() -> None:
    state = fold([Configured(seed=0), Added(start=0, stop=8)], State())
    fold([Asked(item=item, stream="audit" if item in (1, 4) else "exploit") for item in range(7)], state)
    rank = {6: 0, 0: 1, 5: 2}
    assert in_turn(range(7), state, rank, lambda item: 0.0) == [6, 1, 0, 5, 4, 2, 3]
    assert in_turn(range(7), state, rank, lambda item: float(item == 3)) == [3, 1, 6, 0, 4, 5, 2]


def test_streams_are_mixed_by_their_shares() -> None:
    lots = [(n + 0.5) / 1000 for n in range(1000)]
    found = Counter(mixed(["f"] * 2000, ["r"] * 2000, lambda lot: "g", lots, (0.02, 0.2)))
    assert found == {"g": 20, "r": 200, "f": 780}
    assert Counter(mixed(["f"] * 5, ["r"] * 2, lambda lot: None, lots, (0.02, 0.2))) == {"f": 5, "r": 2}
