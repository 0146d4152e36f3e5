"""Keeps the worker running: starts it, and starts it again when it died, with growing pauses."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from contextlib import suppress
from pathlib import Path

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
STEADY = 30.0
"""A worker that lived so many seconds was sound: the next pause is the shortest again."""

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class Supervisor:
    """Runs one worker process of a project.

    Attributes
    ----------
    starts : int
        How many times a worker was started.
    """

    def __init__(self, folder: Path, *, labels: int, seconds: float) -> None:
        self._command = [
            sys.executable, "-c",
            f"from asklearn.server.worker import work; work({str(folder)!r}, {labels}, {seconds})",
        ]  # fmt: skip
        self._process: asyncio.subprocess.Process | None = None
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
                began = time.monotonic()
                self.starts += 1
                self._process = await asyncio.create_subprocess_exec(
                    *self._command, env={**os.environ, **ONE_THREAD}, stdin=asyncio.subprocess.DEVNULL
                )
                await self._process.wait()
                pause = FIRST_PAUSE if time.monotonic() - began > STEADY else min(2 * pause, LONGEST_PAUSE)
                await asyncio.sleep(pause)
        finally:
            if self.pid is not None and self._process is not None:
                with suppress(ProcessLookupError):
                    self._process.terminate()
                await self._process.wait()
