"""The desk: nobody gets what others hold, every reply is in the journal when it is acknowledged."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from apart import run

from asklearn.errors import UnknownItem, UnknownLabel
from asklearn.journal import open_state
from asklearn.journals.sql import SqlJournal
from asklearn.project import Project
from asklearn.server.desk import LEASE_SECONDS, Desk
from asklearn.server.queue import Overlap


class Clock:
    """A time that stands still until it is moved."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def asked(project: Project) -> Project:
    project.learner.ask(30)
    return project


def stored(project: Project) -> dict[Any, list[Any]]:
    return dict(open_state(SqlJournal(project.journal)).answers())


def test_what_is_handed_out_and_answered_is_in_the_journal(asked: Project) -> None:
    async def label() -> list[Any]:
        desk = Desk(asked)
        cards = await desk.hand_out("ann", 5)
        for n, card in enumerate(cards):
            await desk.answer("ann", [card.item], [card.content["truth"]], keys=[f"k{n}"], seconds=[1.5])
            assert card.item in stored(asked)
        return cards

    cards = run(label())
    assert [card.item for card in cards] == list(asked.learner.state.asks)[:5]
    assert set(stored(asked)) == {card.item for card in cards}
    assert all(card.content["review"].startswith(("fine", "poor")) for card in cards)
    assert {card.stream for card in cards} <= {"audit", "exploit"}
    said = open_state(SqlJournal(asked.journal)).said[cards[0].item][0]
    assert (said.annotator, said.seconds) == ("ann", 1.5)


def test_two_people_at_once_never_hold_the_same_item(asked: Project) -> None:
    async def both() -> list[list[Any]]:
        desks = [Desk(asked), Desk(asked)]
        return await asyncio.gather(*(desks[n % 2].hand_out(f"person {n}", 4) for n in range(6)))

    handed = [card.item for cards in run(both()) for card in cards]
    assert len(handed) == len(set(handed)) == 24


def test_a_lease_that_ran_out_comes_back_and_a_late_answer_still_counts(asked: Project) -> None:
    async def late() -> tuple[Any, Any, Any]:
        clock = Clock()
        desk = Desk(asked, clock=clock)
        first = await desk.hand_out("ann", 1)
        none = await desk.hand_out("ben", 30)
        clock.now += LEASE_SECONDS + 1
        again = await desk.hand_out("ben", 1)
        await desk.answer("ann", [first[0].item], ["good"], keys=["late"])
        return first, none, again

    first, others, again = run(late())
    assert first[0].item not in {card.item for card in others}
    assert again[0].item == first[0].item
    assert stored(asked)[first[0].item] == ["good"]


def test_the_same_answer_sent_again_counts_once(asked: Project) -> None:
    async def twice() -> Any:
        desk = Desk(asked)
        (card,) = await desk.hand_out("ann", 1)
        for _ in range(3):
            await desk.answer("ann", [card.item], ["good"], keys=["one"])
        return card.item

    item = run(twice())
    journal = SqlJournal(asked.journal)
    assert stored(asked)[item] == ["good"]
    assert sum(getattr(event, "key", "") == "one" for event in journal.read()) == 1


def test_skips_flags_and_retractions(asked: Project) -> None:
    async def work() -> list[Any]:
        desk = Desk(asked)
        skipped, flagged, undone = await desk.hand_out("ann", 3)
        await desk.reply("skip", "ann", skipped.item, key="s")
        await desk.reply("flag", "ann", flagged.item, key="f")
        await desk.answer("ann", [undone.item], ["bad"], keys=["a"])
        await desk.reply("retract", "ann", undone.item, key="r")
        again = await desk.hand_out("ann", 1)
        other = await desk.hand_out("ben", 30)
        return [skipped.item, flagged.item, undone.item, again[0].item, [card.item for card in other]]

    skipped, flagged, undone, again, other = run(work())
    assert again == undone
    assert {skipped, flagged} <= set(other)
    assert undone not in stored(asked)


def test_several_people_are_asked_where_that_is_wanted(asked: Project) -> None:
    async def work() -> list[list[Any]]:
        desk = Desk(asked, overlap=Overlap(people=2, share=1.0))
        return [[card.item for card in await desk.hand_out(who, 3)] for who in ("ann", "ben", "cid")]

    ann, ben, cid = run(work())
    assert ann == ben
    assert not set(cid) & set(ann)


def test_hundred_people_at_once(asked: Project) -> None:
    asked.learner.ask(50)

    async def work() -> list[Any]:
        desk = Desk(asked)

        async def one(who: str) -> list[Any]:
            done = []
            for turn in range(5):
                for card in await desk.hand_out(who, 1):
                    await desk.answer(who, [card.item], ["good"], keys=[f"{who}{turn}"])
                    done.append(card.item)
            return done

        return [item for done in await asyncio.gather(*(one(f"p{n}") for n in range(100))) for item in done]

    done = run(work())
    assert len(done) == len(set(done)) == len(stored(asked)) == 80


def test_what_does_not_fit_is_refused_and_nothing_is_stored(asked: Project) -> None:
    async def work() -> None:
        desk = Desk(asked)
        (card,) = await desk.hand_out("ann", 1)
        with pytest.raises(UnknownLabel):
            await desk.answer("ann", [card.item], ["neither"], keys=["k"])
        with pytest.raises(UnknownItem):
            await desk.answer("ann", ["no such item"], ["good"], keys=["k"])

    run(work())
    assert stored(asked) == {}
