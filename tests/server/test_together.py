"""Work for all who wait: nobody is served by a run that began before, everybody gets their own error."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from apart import run

from asklearn.server.together import Together


def test_who_asks_while_it_runs_is_served_by_one_further_run() -> None:
    runs = []

    async def ask() -> list[int]:
        began, go_on = asyncio.Event(), asyncio.Event()

        async def work(asked: Sequence[int]) -> list[int]:
            runs.append(list(asked))
            began.set()
            await go_on.wait()
            return [one + 1 for one in asked]

        together = Together(work)
        first = asyncio.create_task(together(1))
        await began.wait()
        rest = [asyncio.create_task(together(n)) for n in (2, 3)]
        await asyncio.sleep(0)
        go_on.set()
        return await asyncio.gather(first, *rest)

    assert run(ask()) == [2, 3, 4]
    assert runs == [[1], [2, 3]]


def test_each_gets_its_own_error_and_a_failing_run_stops_nothing() -> None:
    async def work(asked: Sequence[str]) -> list[str | BaseException]:
        if "all" in asked:
            raise OSError("no disk")
        return [ValueError(one) if one == "bad" else one for one in asked]

    async def ask() -> list[Any]:
        together = Together(work)
        mixed = await asyncio.gather(together("bad"), together("good"), return_exceptions=True)
        failed = await asyncio.gather(together("all"), return_exceptions=True)
        return [*mixed, *failed, await together("after")]

    bad, good, failed, after = run(ask())
    assert isinstance(bad, ValueError)
    assert isinstance(failed, OSError)
    assert (good, after) == ("good", "after")


def test_who_does_not_wait_any_longer_holds_up_nobody() -> None:
    async def echo(asked: Sequence[str]) -> Sequence[str]:
        return asked

    async def ask() -> str:
        together = Together(echo)
        gone = asyncio.create_task(together("gone"))
        stays = asyncio.create_task(together("stays"))
        await asyncio.sleep(0)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        return await stays

    assert run(ask()) == "stays"
