"""Keeps one worker of a project running: starts it when it is this process's turn, and again when it died."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from asklearn.server.board import STANDING, Board
from asklearn.server.endings import reason_of
from asklearn.server.turn import turn_of

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
STEADY = 30.0
"""A worker that lived so many seconds was sound: the next pause is the shortest again."""

LOOK = 2.0
"""Seconds between looks whether it is this process's turn, or still is."""

ENDING = 3.0
"""A worker that has not ended so many seconds after it was told to is killed."""

WORDS = 8_000
"""Bytes of what a worker said last that are kept, for the reason of its end."""

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
LOST_TURN = "its server lost the database for a moment"

T = TypeVar("T")


class Supervisor:
    """Runs the worker of a project, where no other server process does.

    Parameters
    ----------
    folder : Path
        Of the project.
    journal : Path or str
        Its journal: a file, or a URL.

    Attributes
    ----------
    starts : int
        How many times a worker was started.
    """

    def __init__(self, folder: Path, journal: Path | str) -> None:
        self._command = [
            sys.executable,
            "-c",
            "import sys; from asklearn.server.worker import work; work(sys.argv[1], int(sys.argv[2]))",
        ]
        self._folder, self._journal = folder, journal
        self._turn = turn_of(folder, journal)
        self._thread = ThreadPoolExecutor(1, "supervisor")  # the turn is kept and given up in one thread
        self._process: asyncio.subprocess.Process | None = None
        self._words = b""
        self.starts = 0

    @property
    def pid(self) -> int | None:
        """The worker's process, where one runs."""
        alive = self._process is not None and self._process.returncode is None
        return self._process.pid if self._process is not None and alive else None

    async def run(self) -> None:
        """Keep a worker running until this is cancelled, which ends the worker, too."""
        pause = FIRST_PAUSE
        try:
            while True:
                if not await self._blocking(self._turn.take):
                    await asyncio.sleep(LOOK)
                    continue
                began = time.monotonic()
                reason = await self._one_life()
                pause = FIRST_PAUSE if time.monotonic() - began > STEADY else min(2 * pause, LONGEST_PAUSE)
                await self._blocking(partial(self._report, reason, pause))
                await asyncio.sleep(pause)
        finally:
            await self._end()
            await self._blocking(self._turn.end)
            self._thread.shutdown()

    async def _one_life(self) -> str:
        """Run a worker until it ends, or it is this process's turn no longer; return why it ended."""
        self.starts += 1
        self._process = process = await asyncio.create_subprocess_exec(
            *self._command, str(self._folder), str(os.getpid()), env={**os.environ, **ONE_THREAD},
            stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        listening = asyncio.create_task(self._listen(process))
        ended = asyncio.create_task(process.wait())
        try:
            while not (await asyncio.wait([ended], timeout=LOOK))[0]:
                if not await self._blocking(self._turn.held):
                    await self._end()
                    return LOST_TURN
            await listening
            return reason_of(ended.result(), self._words.decode(errors="replace"))
        finally:
            listening.cancel()
            ended.cancel()

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        """Pass on what the worker says on its standard error, and keep the end of it."""
        assert process.stderr is not None
        self._words = b""
        while said := await process.stderr.read(1 << 12):
            self._words = (self._words + said)[-WORDS:]
            sys.stderr.write(said.decode(errors="replace"))

    def _report(self, reason: str, pause: float) -> None:
        """Say on the board why the worker ended; the next one says it on until it has trained."""
        with suppress(Exception):
            board = Board(self._journal)
            said: dict[str, Any] = board.get(STANDING) or {}
            error = f"The worker ended and is started again in {pause:.0f} s: {reason}."
            board.put(STANDING, said | {"doing": "restarting", "error": error, "time": time.time()})
            board.close()

    async def _end(self) -> None:
        if self.pid is None or self._process is None:
            return
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), ENDING)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def _blocking(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
