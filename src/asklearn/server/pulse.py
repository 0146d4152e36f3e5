"""What is pushed to open pages: one look at the project for all of them, whenever something changed."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from asklearn.errors import AskLearnError
from asklearn.server.guard import BROKEN

PAUSE = 0.5
BEAT = 15.0
"""What did not change is said again after so many seconds, so that a lost connection is noticed."""

_log = logging.getLogger(__name__)


class Pulse:
    """Looks at the project while somebody listens, and tells all who do.

    Parameters
    ----------
    look : callable
        Gives, as a coroutine, what is to be said now, as plain values.
    """

    def __init__(self, look: Callable[[], Coroutine[Any, Any, dict[str, Any]]]) -> None:
        self._look = look
        self._moved = asyncio.Condition()
        self._now: dict[str, Any] = {}
        self._listeners = 0
        self._ended = False

    def end(self) -> None:
        """Let everybody who listens go, soon: a server waits for its connections before it ends."""
        self._ended = True

    async def run(self) -> None:
        """Look again and again until this is cancelled."""
        while not self._ended:
            if self._listeners:
                await self._beat()
            await asyncio.sleep(PAUSE)
        async with self._moved:
            self._moved.notify_all()

    async def _beat(self) -> None:
        try:
            now = await self._look()
        except Exception as error:  # whatever it is, pages hear that there is trouble
            known = isinstance(error, AskLearnError)
            if not known and self._now.get("problem") != BROKEN:
                _log.exception("The project could not be looked at")
            now = {**self._now, "problem": str(error) if known else BROKEN}
        if now != self._now:
            self._now = now
            async with self._moved:
                self._moved.notify_all()

    async def beats(self) -> AsyncIterator[str]:
        """Yield what is to be pushed, as server-sent events: at once, at each change, and now and then."""
        self._listeners += 1
        try:
            told = await self._first()
            while not self._ended:
                yield f"id: {told.get('position', 0)}\nevent: moved\ndata: {json.dumps(told)}\n\n"
                told = await self._changed(told)
        finally:
            self._listeners -= 1

    async def _first(self) -> dict[str, Any]:
        if not self._now:
            await self._beat()
        return self._now

    async def _changed(self, told: dict[str, Any]) -> dict[str, Any]:
        async with self._moved:
            try:
                await asyncio.wait_for(self._moved.wait_for(lambda: self._ended or self._now != told), BEAT)
            except TimeoutError:
                pass
        return self._now
