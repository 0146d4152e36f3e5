"""What is pushed: one look for all who listen, at once, at changes, and when nothing changes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from apart import run

from asklearn.errors import NotStored
from asklearn.server import pulse as pulses
from asklearn.server.guard import BROKEN
from asklearn.server.pulse import Pulse


@pytest.mark.parametrize(
    ("error", "heard_of_it"),
    [(NotStored("the disk is full"), "the disk is full"), (ValueError("row 7 says 'secret'"), BROKEN)],
)
def test_every_listener_hears_every_change_of_one_look(
    monkeypatch: pytest.MonkeyPatch, error: Exception, heard_of_it: str
) -> None:
    monkeypatch.setattr(pulses, "PAUSE", 0.001)
    looks = [0]

    async def look() -> dict[str, Any]:
        looks[0] += 1
        if looks[0] == 9:
            raise error
        return {"position": min(looks[0] // 4, 3)}

    async def listen(pulse: Pulse, until: str) -> list[str]:
        heard = []
        async for said in pulse.beats():
            heard.append(said)
            if until in said:
                return heard
        return heard

    async def both() -> list[list[str]]:
        pulse = Pulse(look)
        beating = asyncio.create_task(pulse.run())
        heard = await asyncio.gather(*(listen(pulse, '"position": 3') for _ in range(20)))
        beating.cancel()
        return heard

    heard = run(both())
    assert looks[0] <= 20
    for one in heard:
        assert one[0] == 'id: 0\nevent: moved\ndata: {"position": 0}\n\n'
        assert any(heard_of_it in said for said in one)
        assert not any("secret" in said for said in one)


def test_what_did_not_change_is_said_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulses, "BEAT", 0.01)

    async def look() -> dict[str, Any]:
        return {"position": 5}

    async def twice() -> list[str]:
        beats = Pulse(look).beats()
        return [await anext(beats), await anext(beats)]

    first, second = run(twice())
    assert first == second
