"""The ledger: one reading and one append for all who come at once, and everybody gets their own refusal."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from apart import run

from asklearn.errors import KeyReused
from asklearn.events import Added, Answered, Configured, Event
from asklearn.journal import open_state
from asklearn.journals.sql import SqlJournal
from asklearn.server import ledger as module
from asklearn.server.ledger import Ledger
from asklearn.state import State


@pytest.fixture
def place(tmp_path: Path) -> Path:
    with SqlJournal(tmp_path / "journal.db") as journal:
        journal.append([Configured(seed=0), Added(start=0, stop=50)])
    return tmp_path / "journal.db"


def opened(place: Path, moved: Any = lambda events: None) -> Ledger:
    return Ledger(place, clock=lambda: 0.0, moved=moved)


def said(item: int, key: str, label: str = "x") -> list[Event]:
    return [Answered(item=item, annotator="ann", key=key, label=label)]


def test_many_replies_at_once_take_few_appends(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    appends: list[int] = []
    plain = SqlJournal.put

    def counted(self: SqlJournal, events: Sequence[Event], **at: Any) -> range:
        appends.append(len(events))
        return plain(self, events, **at)

    monkeypatch.setattr(SqlJournal, "put", counted)
    ledger = opened(place)

    async def reply() -> int:
        await asyncio.gather(*(ledger.store(said(item, f"k{item}")) for item in range(50)))
        return len((await ledger.refresh()).said)

    assert run(reply()) == 50
    assert appends == [50]


def test_a_refused_key_refuses_nobody_else(place: Path) -> None:
    async def reply() -> tuple[list[Any], set[Any]]:
        ledger = opened(place)
        await ledger.store(said(0, "used"))
        events = [said(1, "a"), said(2, "used"), said(3, "b")]
        found = await asyncio.gather(*map(ledger.store, events), return_exceptions=True)
        return found, set((await ledger.refresh()).said)

    found, items = run(reply())
    assert [type(one) for one in found] == [type(None), KeyReused, type(None)]
    assert items == {0, 1, 3}


def test_what_was_sent_twice_does_not_hide_what_others_wrote_meanwhile(place: Path) -> None:
    async def reply() -> State:
        ledger = opened(place)
        await ledger.store(said(0, "a"))
        with SqlJournal(place) as other:
            other.append(said(5, "foreign"))
        await asyncio.gather(ledger.store(said(0, "a")), ledger.store(said(1, "b")))
        return await ledger.refresh()

    found, whole = run(reply()), open_state(SqlJournal(place))
    assert set(found.said) == {0, 1, 5}
    assert (found.position, found.said) == (whole.position, whole.said)


def test_what_others_wrote_is_seen_in_order_and_told(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FOLDED_AT_ONCE", 7)
    told: list[Any] = []
    ledger = opened(place, lambda events: told.extend(one.item for one in events))
    with SqlJournal(place) as other:
        other.append([event for item in range(50) for event in said(item, f"k{item}")])
    assert run(ledger.refresh()).position == 52
    assert told == list(range(50))


def test_a_still_state_stays_as_it_was(place: Path) -> None:
    async def look() -> tuple[int, int]:
        ledger = opened(place)
        before = ledger.still()
        await ledger.store(said(1, "one"))
        await ledger.refresh()
        return len(before.said), len(ledger.state.said)

    assert run(look()) == (0, 1)
