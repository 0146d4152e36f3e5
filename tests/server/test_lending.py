"""Lending: what is known here spares asking the table, and never lends what the table has lent."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from pathlib import Path
from typing import Any

from asklearn.server.health import Health
from asklearn.server.leases import Leases
from asklearn.server.lending import LATE, Lending

ITEMS = [(item, 1) for item in range(6)]


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run it in a thread of its own: a browser of another test may keep a loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def test_what_another_process_lent_is_passed_over_and_then_known(tmp_path: Path) -> None:
    async def lend() -> tuple[Any, ...]:
        here, there = (Lending(Leases(tmp_path / "journal.db"), Health()) for _ in range(2))
        await here.look(0.0)
        await there.take(ITEMS, "ben", until=60.0, now=0.0, most=2)
        lent = await here.take(ITEMS, "ann", until=60.0, now=0.0, most=2)
        return lent, deepcopy(await here.look(0.0))

    lent, taken = run(lend())
    assert lent == [2, 3]
    assert taken == {0: {"ben"}, 1: {"ben"}, 2: {"ann"}, 3: {"ann"}}


def test_others_leases_are_seen_after_a_second_and_ends_at_once(tmp_path: Path) -> None:
    async def look() -> tuple[Any, ...]:
        here, there = (Lending(Leases(tmp_path / "journal.db"), Health()) for _ in range(2))
        await here.look(0.0)
        await there.take(ITEMS, "ben", until=60.0, now=0.0, most=1)
        early, late = deepcopy(await here.look(LATE / 2)), deepcopy(await here.look(LATE))
        await here.give_back([0], "ben")
        return early, late, deepcopy(await here.look(LATE)), deepcopy(await here.look(-5.0))

    assert run(look()) == ({}, {0: {"ben"}}, {}, {})


def test_who_is_being_lent_an_item_has_it_already(tmp_path: Path) -> None:
    async def both() -> list[Any]:
        lending = Lending(Leases(tmp_path / "journal.db"), Health())
        first = asyncio.create_task(lending.take(ITEMS, "ann", until=60.0, now=0.0, most=2))
        await asyncio.sleep(0)
        kept = deepcopy(lending.taken)
        return [kept, await first, await lending.renew([0, 1, 2], "ann", until=70.0)]

    assert run(both()) == [{0: {"ann"}, 1: {"ann"}}, [0, 1], 2]
