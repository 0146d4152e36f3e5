"""What a person is shown next: gold, reviews and fresh items mixed, skills, and nothing twice."""

from __future__ import annotations

from typing import Any

from asklearn.events import Added, Answered, Asked, Configured, Event
from asklearn.server.offer import Offer
from asklearn.server.options import Options
from asklearn.server.queue import Overlap
from asklearn.server.streams import Streams
from asklearn.server.tags import named, number
from asklearn.state import GOLD, State, fold


def told(item: int, who: str, label: str = "x") -> Event:
    return Answered(item=item, annotator=who, key=f"{item}{who}", label=label)


def streams(
    *events: Event, contents: dict[int, dict[str, Any]] | None = None, skills: dict[str, set[str]] | None = None,
    overlap: Overlap | None = None, **options: Any,
) -> Streams:  # fmt: skip
    """Thirty items were asked, 5 and 9 by the audit; of the rest of the hundred nobody was."""
    asked = [Asked(item=item, stream="audit" if item in (5, 9) else "exploit") for item in range(30)]
    state = fold([Configured(seed=3), Added(start=0, stop=100), *asked, *events], State())
    held = contents or {}
    chosen = Options(**options)
    return Streams(
        state, overlap or Overlap(), chosen, lambda item: number(held.get(item, {}).get(chosen.priority)),
        lambda item: named(held.get(item, {}).get(chosen.skill)),
        lambda item: held.get(item, {}).get(chosen.group, ""), lambda: skills or {},
    )  # fmt: skip


def shown(found: Streams, who: str, n: int = 60, **known: Any) -> list[Any]:
    return [item for item, _ in found.next(who, n, **{"without": (), "taken": {}} | known)]


def test_known_labels_come_now_and_then_once_for_each_person_and_look_like_others() -> None:
    found = streams(*(told(item, GOLD) for item in range(40, 60)), gold=0.3)
    ann = shown(found, "ann")
    gold = [item for item in ann if item >= 40]
    assert 3 <= len(gold) == len(set(gold)) <= 20
    assert ann == shown(found, "ann") != shown(found, "ben")
    assert {found.stream(item) for item in ann} == {"exploit", "audit"}
    assert [item for item in ann if item < 40] == list(range(30))
    found.moved(())
    fold([told(gold[0], "ann")], found._state)
    assert gold[0] not in shown(found, "ann")
    assert not [item for item in shown(streams(told(40, GOLD), gold=0.0), "ann") if item >= 40]


def test_what_others_disagree_on_goes_to_somebody_else_and_says_so() -> None:
    found = streams(told(0, "ann"), told(0, "ben", "y"), review=1.0, gold=0.0)
    assert shown(found, "cid", 3) == [0, 1, 2]
    assert (found.stream(0), found.stream(1), found.stream(5)) == ("review", "exploit", "audit")
    assert 0 not in shown(found, "ann")
    assert shown(streams(told(0, "ann"), told(0, "ben", "y"), review=0.0, gold=0.0), "cid")[-1] == 0


def test_items_go_to_those_who_have_the_skill_and_what_nobody_has_to_all() -> None:
    contents = {
        0: {"needs": "German, law"},
        1: {"needs": "German"},
        2: {"needs": "Latin"},
        5: {"needs": "law"},
    }
    skills = {"ann": {"German", "law"}, "ben": {"German"}, "cid": set()}
    found = streams(contents=contents, skills=skills, skill="needs", gold=0.0)
    hidden = {who: set(range(30)) - set(shown(found, who)) for who in (*skills, "dan")}
    assert hidden == {"ann": set(), "ben": {0, 5}, "cid": {0, 1, 5}, "dan": {0, 1, 5}}
    assert shown(streams(contents=contents, skill="needs", gold=0.0), "me") == list(range(30))


def test_priority_and_the_newest_order_move_only_what_the_strategy_picked() -> None:
    found = streams(contents={20: {"due": "7"}, 9: {"due": 99}, 3: {"due": "soon"}}, priority="due", gold=0.0)
    assert shown(found, "ann", 4) == [20, 0, 1, 2]
    found.offer = Offer(rank={29: 0, 28: 1})
    order = shown(found, "ann")
    assert order[:4] == [20, 29, 28, 0]
    assert (order.index(5), order.index(9)) == (5, 9)


def test_a_group_is_shown_together_where_its_most_urgent_item_stands() -> None:
    of = {4: "a", 20: "a", 7: "b", 8: "b", 3: "", 9: "a"}
    contents = {item: {"film": name, "due": item == 20} for item, name in of.items()}
    order = shown(streams(contents=contents, group="film", gold=0.0), "ann")
    assert [item for item in order if item not in (5, 9)][:9] == [0, 1, 2, 3, 4, 20, 6, 7, 8]
    assert (order.index(5), order.index(9)) == (5, 9)
    urgent = shown(streams(contents=contents, group="film", priority="due", gold=0.0), "ann")
    assert urgent[:3] == [20, 4, 0]


def test_leases_of_others_are_respected_by_every_stream() -> None:
    found = streams(told(40, GOLD), gold=1.0)
    places = dict(found.next("ann", 9, without=(), taken={0: {"ben"}, 40: {"ben", "cid"}}))
    assert 0 not in places
    assert places[40] == 3
    assert 40 not in shown(found, "ben", taken={40: {"ben"}})
    assert 40 not in shown(found, "ann", without=[40])
