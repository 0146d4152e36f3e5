"""Servers as they run: told to end, in several processes, and killed at random during load.

Every acknowledged answer is there, none is doubled, and all goes on by itself.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from asklearn.errors import AskLearnError
from asklearn.events import Answered
from asklearn.importing import create
from asklearn.journals.sql import SqlJournal
from asklearn.project import Project
from asklearn.server.board import STANDING, Board
from asklearn.server.connections import UVICORN
from asklearn.settings import Settings

PEOPLE = ("ann", "ben", "cid")
WAIT = 300.0


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def until(reached: Callable[[], Any], what: str, seconds: float = WAIT) -> Any:
    end = time.monotonic() + seconds
    while not (found := reached()):
        assert time.monotonic() < end, f"{what}: not in {seconds} s"
        time.sleep(0.05)
    return found


class Server:
    """`asklearn serve` in a process that can be killed and started again on its port."""

    def __init__(self, folder: Path, *more: str) -> None:
        self.port = free_port()
        self._command = [
            sys.executable, "-m", "asklearn", "serve", "--port", str(self.port), "--project", str(folder), *more,
        ]  # fmt: skip
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            self._command, process_group=0, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def revive(self) -> None:
        """Start it again if it has ended: at its start it may have found no database. A service manager does so."""
        if self.process.poll() is not None:
            self.start()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def end(self) -> int:
        """End it as Ctrl-C would, and return its exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)

    def send(self, path: str, body: Any = None, name: str = "me") -> tuple[int, Any]:
        """Send a request; return status and content of the answer. Raises OSError where there is none."""
        data = None if body is None else json.dumps(body).encode()
        head = {"X-Annotator": name, "Content-Type": "application/json"}
        request = urllib.request.Request(f"http://localhost:{self.port}/api/v1{path}", data, head)
        try:
            with urllib.request.urlopen(request, timeout=30) as found:
                return found.status, json.loads(found.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.loads(error.read() or b"null")


@contextmanager
def serving(folder: Path, *more: str) -> Iterator[Server]:
    server = Server(folder, *more)
    try:
        yield server
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.process.pid, signal.SIGKILL)
        server.process.wait()


class Person(threading.Thread):
    """Labels as the page does: an answer is sent under one key until it is acknowledged.

    Now and then the tab is closed and opened: what was lent then comes again, or goes to others.
    """

    def __init__(self, server: Server, name: str, pause: float) -> None:
        super().__init__(daemon=True)
        self.server, self.person, self.pause = server, name, pause
        self.acknowledged: dict[str, tuple[Any, str]] = {}
        self.refused: list[Any] = []
        self.leaving = threading.Event()

    def run(self) -> None:
        done: list[Any] = []
        while not self.leaving.is_set():
            found = self._sent("/leases", {"n": 3, "without": done[-50:]})
            cards = found.get("cards", ()) if isinstance(found, dict) else ()
            for card in cards:
                if self.leaving.is_set():
                    break
                answer = {"item": card["item"], "label": card["content"]["truth"], "key": uuid.uuid4().hex}
                while self._sent("/answers", answer) is None:
                    time.sleep(0.1)
                self.acknowledged[answer["key"]] = answer["item"], answer["label"]
                done.append(card["item"])
                time.sleep(self.pause)
            if not cards:
                time.sleep(0.1)

    def _sent(self, path: str, body: Any) -> Any:
        """Send it and return the answer's content, None where it did not come through."""
        try:
            status, content = self.server.send(path, body, self.person)
        except (OSError, ValueError, HTTPException):
            return None
        if status >= 500:
            return None
        if status >= 400:
            self.refused.append((path, body, status, content))
        return content if content is not None else True


def made(folder: Path, items: int, journal: str = "journal.db") -> Project:
    kinds = ["good", "bad"] * (items // 2)
    rows = [f"{'fine' if kind == 'good' else 'poor'} number {n},{kind}" for n, kind in enumerate(kinds)]
    (folder / "data.csv").write_text("\n".join(["review,truth", *rows]))
    settings = Settings(
        kind="text", columns=("review",), show=("truth",), labels=("good", "bad"), journal=journal
    )
    create(folder / "project", folder / "data.csv", settings)
    return Project(folder / "project")


def kill_worker(project: Project) -> None:
    with suppress(AskLearnError, OSError, KeyError, TypeError):
        pid = Board(project.journal).get(STANDING)["pid"]
        if b"asklearn.server.worker" in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGKILL)


def check_all_there(project: Project, people: list[Person]) -> None:
    """Every acknowledged answer is in the journal once, and nobody was asked what another one answered."""
    answers = [one for one in SqlJournal(project.journal).read() if isinstance(one, Answered)]
    assert [one.refused for one in people] == [[] for _ in people]
    stored = {one.key: (one.item, one.label) for one in answers}
    assert len(stored) == len(answers)
    for person in people:
        assert person.acknowledged.items() <= stored.items()
    assert set(stored) == {key for person in people for key in person.acknowledged}
    assert max(Counter(one.item for one in answers).values()) == 1


def survive(
    project: Project, servers: list[Server], rounds: int, kills: dict[str, Callable[[], None]]
) -> None:
    """Label while one of `kills` happens in each round; go on to the next when answers come through again."""
    people = [Person(server, name, pause=0.1) for server, name in zip(cycle(servers), PEOPLE, strict=False)]
    for person in people:
        person.start()

    def count() -> int:
        for server in servers:
            server.revive()
        return sum(len(person.acknowledged) for person in people)

    until(lambda: count() > 5, "first answers")
    rng = random.Random(0)
    order = [*kills] * (rounds // len(kills) + 1)
    for number in range(rounds):
        time.sleep(rng.uniform(0.0, 1.0))
        kills[order[number]]()
        before = count()
        until(lambda before=before: count() >= before + 5, f"round {number}, {order[number]} killed")  # type: ignore[misc]
    for person in people:
        person.leaving.set()
    until(lambda: count() and not any(person.is_alive() for person in people), "the end of the outbox")
    check_all_there(project, people)


def on_sqlite(folder: Path, rounds: int) -> None:
    project = made(folder, 200 + 60 * rounds)
    with serving(project.folder) as server:

        def server_dies() -> None:
            server.kill()
            server.start()

        survive(
            project, [server], rounds,
            {"server": server_dies, "worker": lambda: kill_worker(project)},
        )  # fmt: skip
        assert server.end() == 0


def on_postgresql(folder: Path, rounds: int, database: Any) -> None:
    project = made(folder, 200 + 60 * rounds, database.url)
    with serving(project.folder) as server, serving(project.folder) as other:
        mortal = cycle([server, other])

        def server_dies() -> None:
            one = next(mortal)
            one.kill()
            one.start()

        def database_dies() -> None:
            database.kill()
            time.sleep(0.5)
            until(lambda: _started(database), "the database")

        survive(
            project, [server, other], rounds,
            {"database": database_dies, "server": server_dies, "worker": lambda: kill_worker(project)},
        )  # fmt: skip


def _started(database: Any) -> bool:
    with suppress(AssertionError):
        database.start()
        return True
    return False


def workers(folder: Path) -> list[int]:
    """Return the processes that train a project, without their forks that measure."""
    found: list[int] = []
    for one in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = one.read_bytes()
            if b"asklearn.server.worker" in words and str(folder).encode() in words:
                found.append(int(one.parent.name))
    return [pid for pid in found if _parent(pid) not in found]


def _parent(pid: int) -> int | None:
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[1])
    return None


def ended(folder: Path, server: Server) -> float:
    """End a server as Ctrl-C would; return how long that and its worker's end took."""
    began = time.monotonic()
    assert server.end() == 0
    until(lambda: not workers(folder), "the end of the worker")
    return time.monotonic() - began


def test_told_to_end_it_ends_with_its_worker_and_its_streams(tmp_path: Path) -> None:
    project = made(tmp_path, 80)
    with serving(project.folder) as server:
        until(lambda: workers(project.folder), "the worker")
        until(lambda: _answers(server), "the first page")
        with urllib.request.urlopen(f"http://localhost:{server.port}/api/v1/events", timeout=60) as stream:
            assert stream.readline()
            ended(project.folder, server)
            assert server.process.returncode == 0
            while stream.readline():
                pass


def _answers(server: Server) -> bool:
    with suppress(OSError):
        return server.send("/project")[0] == 200
    return False


@pytest.mark.postgresql
def test_processes_of_one_server_share_the_work_and_one_trains(
    tmp_path: Path, mortal_postgresql: Any
) -> None:
    project = made(tmp_path, 200, mortal_postgresql.url)
    with serving(project.folder, "--processes", "2") as server:
        people = [Person(server, name, pause=0.02) for name in PEOPLE]
        for person in people:
            person.start()
        until(lambda: min(len(person.acknowledged) for person in people) >= 10, "ten answers each")
        assert len(workers(project.folder)) == 1
        for person in people:
            person.leaving.set()
        for person in people:
            person.join(WAIT)
        check_all_there(project, people)
        ended(project.folder, server)


def test_it_runs_on_the_fast_loop_and_parser() -> None:
    config = uvicorn.Config(None, **UVICORN)  # type: ignore[arg-type]
    assert config.get_loop_factory().__module__ == "uvloop"
    assert issubclass(UVICORN["http"], HttpToolsProtocol)


def test_server_and_worker_are_killed_five_times(tmp_path: Path) -> None:
    on_sqlite(tmp_path, 5)


@pytest.mark.postgresql
def test_database_server_and_worker_are_killed_five_times(tmp_path: Path, mortal_postgresql: Any) -> None:
    on_postgresql(tmp_path, 5, mortal_postgresql)


@pytest.mark.slow
def test_server_and_worker_are_killed_a_hundred_times(tmp_path: Path) -> None:
    on_sqlite(tmp_path, 100)


@pytest.mark.slow
@pytest.mark.postgresql
def test_database_server_and_worker_are_killed_a_hundred_times(
    tmp_path: Path, mortal_postgresql: Any
) -> None:
    on_postgresql(tmp_path, 100, mortal_postgresql)
