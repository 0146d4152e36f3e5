"""Work that is done at once for all who wait for it, so that nothing is done once for each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Generic, TypeVar

Asked = TypeVar("Asked")
Given = TypeVar("Given")


class Together(Generic[Asked, Given]):
    """A coroutine that serves all who wait; who calls while it runs is served by its next run.

    So every call is served by a run that began after it, and sees what was there when it was made.

    Parameters
    ----------
    work : coroutine function
        Takes what all who wait ask for, in the order of asking, and returns what each is given, or an error
        to raise there. It never runs twice at the same time; what it raises, all get.

    Examples
    --------
    >>> async def ask():
    ...     runs = []
    ...     async def double(numbers):
    ...         runs.append(len(numbers))
    ...         return [2 * one for one in numbers]
    ...     return await asyncio.gather(*map(Together(double), range(3))), runs
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> ThreadPoolExecutor(1).submit(asyncio.run, ask()).result()
    ([0, 2, 4], [3])
    """

    def __init__(
        self, work: Callable[[Sequence[Asked]], Coroutine[Any, Any, Sequence[Given | BaseException]]]
    ) -> None:
        self._work = work
        self._waiting: list[tuple[Asked, asyncio.Future[Given]]] = []
        self._running: asyncio.Task[None] | None = None

    async def __call__(self, asked: Asked) -> Given:
        """Return what is given for `asked`, or raise its error."""
        given: asyncio.Future[Given] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, given))
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return await given

    async def _run(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting, []
                try:
                    found = await self._work([asked for asked, _ in group])
                except Exception as error:
                    found = [error] * len(group)
                for (_, future), one in zip(group, found, strict=True):
                    _settle(future, one)
        finally:
            self._running = None


def _settle(future: asyncio.Future[Given], given: Given | BaseException) -> None:
    if future.done():  # whoever asked does not wait any longer
        return
    if isinstance(given, BaseException):
        future.set_exception(given)
    else:
        future.set_result(given)
