"""One process trains: the turn of a project, by a file and by a PostgreSQL server."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from asklearn.server.turn import turn_of

SCRIPT = """
import sys
import time
from collections.abc import Callable
from pathlib import Path
from asklearn.server.turn import turn_of
journal = sys.argv[2] if "://" in sys.argv[2] else Path(sys.argv[2])
turn = turn_of(Path(sys.argv[1]), journal)
print(turn.take(), flush=True)
sys.stdin.read()
"""


def other(folder: Path, journal: Path | str) -> subprocess.Popen[str]:
    """Let another process take the turn, and keep it while it lives."""
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(folder), str(journal)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def heard(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def check_turn(folder: Path, journal: Path | str) -> None:
    mine = turn_of(folder, journal)
    first = other(folder, journal)
    assert heard(first) == "True"
    assert not mine.take()
    first.kill()
    first.wait()
    assert soon(mine.take)
    assert mine.take()
    assert mine.held()
    with other(folder, journal) as second:
        assert heard(second) == "False"
        second.kill()
    mine.end()
    assert not mine.held()
    with other(folder, journal) as third:
        assert heard(third) == "True"
        third.kill()


def soon(take: Callable[[], bool]) -> bool:
    """A database notices a moment later that a process is gone."""
    end = time.monotonic() + 30
    while not take() and time.monotonic() < end:
        time.sleep(0.05)
    return take()


def test_of_a_file(tmp_path: Path) -> None:
    check_turn(tmp_path, tmp_path / "journal.db")


@pytest.mark.postgresql
def test_of_a_server(tmp_path: Path, postgresql: str) -> None:
    check_turn(tmp_path, postgresql)


@pytest.mark.postgresql
def test_a_lost_connection_is_a_lost_turn(tmp_path: Path, postgresql: str) -> None:
    mine = turn_of(tmp_path, postgresql)
    assert mine.take()
    engine = sa.create_engine(postgresql.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        connection.execute(
            sa.text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
        )
    engine.dispose()
    assert not mine.held()
    assert mine.take()
    mine.end()


@pytest.mark.postgresql
def test_projects_in_schemas_of_their_own_have_turns_of_their_own(tmp_path: Path, postgresql: str) -> None:
    engine = sa.create_engine(postgresql.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE SCHEMA IF NOT EXISTS turn_a"))
    engine.dispose()
    one, two = (
        turn_of(tmp_path, postgresql),
        turn_of(tmp_path, f"{postgresql}&options=-csearch_path%3Dturn_a"),
    )
    assert one.take()
    assert two.take()
    one.end()
    two.end()


def test_a_folder_that_cannot_be_written_to_gives_nobody_a_turn(tmp_path: Path) -> None:
    assert not turn_of(tmp_path / "missing", tmp_path / "journal.db").take()
