"""A full disk, a database that is gone, a clock that jumps: it is said, nothing is lost, it passes by itself."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from asklearn.importing import create
from asklearn.journal import open_state
from asklearn.journals.sql import SqlJournal
from asklearn.project import Project
from asklearn.server.app import create_app
from asklearn.server.board import STANDING
from asklearn.server.desk import Desk
from asklearn.settings import Settings

API = "/api/v1"


@pytest.fixture
def desk(project: Project) -> Desk:
    project.learner.ask(30)
    return Desk(project)


@pytest.fixture
def client(desk: Desk) -> Iterator[TestClient]:
    app = create_app(desk)
    with TestClient(app, base_url="http://localhost:8000", raise_server_exceptions=False) as client:
        yield client


class Full:
    """A disk that takes no further page of the journal."""

    def __init__(self, desk: Desk) -> None:
        self.engine: sa.Engine = desk.recorder.journal._engine  # type: ignore[attr-defined]
        with self.engine.connect() as connection:
            self.pages = connection.exec_driver_sql("PRAGMA page_count").scalar()

    def _limit(self, connection: Any, _: Any) -> None:
        connection.execute(f"PRAGMA max_page_count = {self.pages}")

    def __enter__(self) -> None:
        sa.event.listen(self.engine, "connect", self._limit)
        self.engine.dispose()

    def __exit__(self, *_: object) -> None:
        sa.event.remove(self.engine, "connect", self._limit)
        self.engine.dispose()


def answer(card: dict[str, Any]) -> dict[str, Any]:
    return {"item": card["item"], "label": card["content"]["truth"], "key": f"key-of-{card['item']}"}


def test_a_full_disk_is_said_until_there_is_room(client: TestClient, desk: Desk) -> None:
    cards = client.post(f"{API}/leases", json={"n": 30}).json()["cards"]
    said = []
    with Full(desk):
        for card in cards:
            found = client.post(f"{API}/answers", json=answer(card))
            said.append(found.status_code)
            if found.status_code == 503:
                break
        assert said[-1] == 503
        assert found.json()["error"] == "NotStored"
        assert "the disk is full" in found.json()["detail"]
        assert int(found.headers["Retry-After"]) > 0
        where = client.get(f"{API}/progress")
        assert where.status_code == 200
        assert "the disk is full" in where.json()["problem"]
    for card in cards:
        assert client.post(f"{API}/answers", json=answer(card)).status_code == 204
    assert client.get(f"{API}/progress").json()["problem"] is None
    assert dict(open_state(SqlJournal(desk.project.journal)).answers()) == {
        card["item"]: [card["content"]["truth"]] for card in cards
    }


def test_what_the_worker_is_in_trouble_with_is_the_projects_problem(client: TestClient, desk: Desk) -> None:
    desk.board.put(STANDING, {"doing": "restarting", "error": "The worker was killed."})
    assert client.get(f"{API}/progress").json()["problem"] == "The worker was killed."
    desk.board.put(STANDING, {"doing": "idle", "error": ""})
    assert client.get(f"{API}/progress").json()["problem"] is None


@pytest.mark.parametrize("jump", [86_400.0, -86_400.0])
def test_a_jump_of_the_clock_neither_ends_a_lease_nor_prolongs_it(
    project: Project, jump: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, offset = time.time, [0.0]
    monkeypatch.setattr(time, "time", lambda: now() + offset[0])
    project.learner.ask(30)
    client = TestClient(create_app(Desk(project)), base_url="http://localhost:8000")
    lent = [card["item"] for card in client.post(f"{API}/leases", json={"n": 5}).json()["cards"]]
    offset[0] = jump
    others = {"X-Annotator": "ben"}
    more = client.post(f"{API}/leases", json={"n": 30}, headers=others).json()["cards"]
    assert len(more) == 25
    assert not {card["item"] for card in more} & set(lent)
    assert client.post(f"{API}/leases/renew", json={"items": lent}).json() == 5
    key = {"item": lent[0], "label": "good", "key": "key-after-jump"}
    assert client.post(f"{API}/answers", json=key).status_code == 204


class Gone:
    """A project whose journal is in a PostgreSQL server that a test may stop."""

    def __init__(self, folder: Path, server: Any) -> None:
        rows = [f"number {n},{'good' if n % 2 else 'bad'}" for n in range(80)]
        (folder / "data.csv").write_text("\n".join(["review,truth", *rows]))
        settings = Settings(
            kind="text", columns=("review",), show=("truth",), labels=("good", "bad"), journal=server.url
        )
        create(folder / "project", folder / "data.csv", settings)
        self.project, self.server = Project(folder / "project"), server
        self.project.learner.ask(30)


@pytest.mark.postgresql
def test_a_database_that_is_gone_is_said_until_it_is_back(tmp_path: Path, mortal_postgresql: Any) -> None:
    gone = Gone(tmp_path, mortal_postgresql)
    desk = Desk(gone.project)
    app = create_app(desk)
    with TestClient(app, base_url="http://localhost:8000", raise_server_exceptions=False) as client:
        cards = client.post(f"{API}/leases", json={"n": 5}).json()["cards"]
        assert client.post(f"{API}/answers", json=answer(cards[0])).status_code == 204
        assert client.get(f"{API}/progress").json()["counts"]["answered"] == 1
        mortal_postgresql.stop()
        for path, body in (
            ("/answers", answer(cards[1])), ("/leases", {"n": 5}), ("/leases/renew", {"items": [1]}),
            ("/skips", {"item": cards[2]["item"], "key": "key-of-skip"}),
        ):  # fmt: skip
            found = client.post(f"{API}{path}", json=body)
            assert found.status_code == 503, path
            assert int(found.headers["Retry-After"]) > 0
            assert found.json()["detail"]
        where = client.get(f"{API}/progress")
        assert where.status_code == 200
        assert where.json()["problem"]
        assert where.json()["counts"]["answered"] == 1
        mortal_postgresql.start()
        for card in cards:
            assert client.post(f"{API}/answers", json=answer(card)).status_code == 204
        end = time.monotonic() + 5
        while client.get(f"{API}/progress").json()["problem"] and time.monotonic() < end:
            time.sleep(0.05)  # leases of what was answered end a moment later
        where = client.get(f"{API}/progress").json()
        assert (where["problem"], where["counts"]["answered"]) == (None, 5)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a file system of 32 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    done = mount and subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if not done or done.returncode:
        pytest.skip("no right to mount a small file system")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_disk_that_is_really_full(small_disk: Path, tmp_path: Path) -> None:
    rows = [f"number {n},{'good' if n % 2 else 'bad'}" for n in range(80)]
    (tmp_path / "data.csv").write_text("\n".join(["review,truth", *rows]))
    settings = Settings(kind="text", columns=("review",), show=("truth",), labels=("good", "bad"))
    create(small_disk / "project", tmp_path / "data.csv", settings)
    project = Project(small_disk / "project")
    project.learner.ask(60)
    desk = Desk(project)
    app = create_app(desk)
    with TestClient(app, base_url="http://localhost:8000", raise_server_exceptions=False) as client:
        cards = client.post(f"{API}/leases", json={"n": 60}).json()["cards"]
        told = _until_full(small_disk, lambda n: client.post(f"{API}/answers", json=answer(cards[n])))
        assert "disk" in client.get(f"{API}/progress").json()["problem"]
        (small_disk / "filler").unlink()
        for card in cards:
            assert client.post(f"{API}/answers", json=answer(card)).status_code == 204
        assert client.get(f"{API}/progress").json()["problem"] is None
    stored = dict(open_state(SqlJournal(project.journal)).answers())
    assert set(stored) == {card["item"] for card in cards}
    assert told < 60


def _until_full(disk: Path, send: Callable[[int], Any]) -> int:
    """Fill a disk and send answers until one is not taken; return how many were."""
    with (disk / "filler").open("wb", buffering=0) as filler:
        for size in (1 << 16, 1 << 10, 1):
            try:
                while filler.write(b"x" * size):
                    pass
            except OSError:
                continue
    for number in range(60):
        found = send(number)
        if found.status_code != 204:
            assert (found.status_code, found.json()["error"]) == (503, "NotStored")
            return number
    raise AssertionError("the disk was never full")
