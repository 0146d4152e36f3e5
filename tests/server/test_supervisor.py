"""The supervisor: a worker that dies is started again, with its reason said; one worker for all servers."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from apart import run

from asklearn.project import Project, tell
from asklearn.server import supervisor as supervisors
from asklearn.server.board import STANDING, Board
from asklearn.server.supervisor import Supervisor


async def until(reached: Callable[[], Any], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, "it did not get there"
        await asyncio.sleep(0.05)


async def supervised(supervisor: Supervisor, during: Callable[[], Awaitable[None]]) -> None:
    running = asyncio.create_task(supervisor.run())
    try:
        await during()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisors, "FIRST_PAUSE", 0.1)
    monkeypatch.setattr(supervisors, "LOOK", 0.1)


def error(project: Project) -> str:
    return str((Board(project.journal).get(STANDING) or {}).get("error", ""))


def test_a_killed_worker_is_started_again_and_the_reason_is_said_until_it_works(project: Project) -> None:
    supervisor = Supervisor(project.folder, project.journal)

    async def during() -> None:
        await until(lambda: (Board(project.journal).get(STANDING) or {}).get("doing") == "idle")
        first = supervisor.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await until(lambda: "out of memory" in error(project))
        await until(lambda: supervisor.pid not in (first, None))
        await until(lambda: error(project) == "")
        assert supervisor.starts == 2

    run(supervised(supervisor, during))
    assert supervisor.pid is None


def test_what_a_worker_said_last_is_the_reason_and_pauses_grow(project: Project) -> None:
    supervisor = Supervisor(project.folder, project.journal)
    supervisor._command = [supervisor._command[0], "-c", "raise MemoryError('Unable to allocate 3 GiB')"]
    pauses: list[str] = []

    async def during() -> None:
        def enough() -> bool:
            if (now := error(project)) and now not in pauses:
                pauses.append(now)
            return supervisor.starts >= 4

        await until(enough)

    run(supervised(supervisor, during))
    assert "MemoryError: Unable to allocate 3 GiB" in pauses[0]


SMALL = """
import resource, sys
from asklearn.server import worker
pages = int(open("/proc/self/statm").read().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + (8 << 20),) * 2)
worker.work(sys.argv[1])
"""


def test_a_worker_without_memory_says_so_and_goes_on_when_there_is_some(project: Project) -> None:
    supervisor = Supervisor(project.folder, project.journal)
    enough = supervisor._command
    supervisor._command = [enough[0], "-c", SMALL]

    async def during() -> None:
        await until(lambda: error(project))
        tell(project.learner, [(item, "good" if item % 2 == 0 else "bad") for item in range(20)], "ann")
        assert "emory" in error(project)
        supervisor._command = enough
        if supervisor.pid is not None:
            os.kill(supervisor.pid, signal.SIGTERM)
        await until(lambda: project.learner.state.fits and error(project) == "")

    run(supervised(supervisor, during))
    assert [fit.labels for fit in project.learner.state.fits] == [20]


def test_two_servers_have_one_worker_and_the_other_takes_over(project: Project) -> None:
    first, second = (Supervisor(project.folder, project.journal) for _ in range(2))

    async def both() -> None:
        one = asyncio.create_task(first.run())
        await until(lambda: first.pid)
        two = asyncio.create_task(second.run())
        await asyncio.sleep(0.5)
        assert second.pid is None
        held = first.pid
        one.cancel()
        await asyncio.gather(one, return_exceptions=True)
        assert held is not None
        assert not alive(held)
        await until(lambda: second.pid)
        two.cancel()
        await asyncio.gather(two, return_exceptions=True)

    run(both())
    assert (first.starts, second.starts) == (1, 1)


def test_a_worker_whose_server_ended_while_it_started_ends_too(project: Project) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    command = [*Supervisor(project.folder, project.journal)._command, str(project.folder), str(gone.pid)]
    assert subprocess.run(command, timeout=100, check=False).returncode == 0
