"""The journal in PostgreSQL: the same contract as in a file, several processes, a server that goes away."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from asklearn.cli import main
from asklearn.errors import BadInput, JournalDamaged, JournalError, NotStored
from asklearn.events import Added, Answered, Configured
from asklearn.journal import open_state
from asklearn.journals.sql import SqlJournal
from asklearn.learner import ActiveLearner
from asklearn.testing.journals import check_journal

pytestmark = pytest.mark.postgresql

Place = Callable[[], str]


@pytest.fixture
def place(postgresql: str) -> Iterator[Place]:
    """Return the URL of a schema of its own at each call."""
    engine = sa.create_engine(postgresql.replace("postgresql:", "postgresql+psycopg:"), pool_pre_ping=True)
    made: list[str] = []

    def new() -> str:
        made.append(f"t{os.getpid()}_{time.monotonic_ns()}")
        with engine.begin() as connection:
            connection.exec_driver_sql(f"CREATE SCHEMA {made[-1]}")
        return f"{postgresql}&options=-csearch_path%3D{made[-1]}"

    yield new
    with engine.begin() as connection:
        for name in made:
            connection.exec_driver_sql(f"DROP SCHEMA {name} CASCADE")
    engine.dispose()


def answer(n: int) -> Answered:
    return Answered(item=n, annotator="ann", key=f"k{n}", label="cat \u0000 \U0001f408", time=1.0)


def test_it_keeps_the_contract(place: Place) -> None:
    def reopen(journal: SqlJournal) -> SqlJournal:
        journal.close()
        return SqlJournal(journal.path)

    check_journal(lambda: SqlJournal(place()), reopen)  # type: ignore[arg-type]


def test_a_learner_goes_on_in_another_process(place: Place, digits: object) -> None:
    url = place()
    learner = ActiveLearner("logistic", digits.X, journal=url, seed=0)  # type: ignore[attr-defined]
    batch = learner.ask(20)
    learner.tell(batch.ids, digits.label(batch.rows))  # type: ignore[attr-defined]
    script = f"from asklearn.journals.sql import SqlJournal as J; print(J({url!r}).position)"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(found.stdout) == learner.state.position > 20


def test_processes_that_append_at_once_lose_and_double_nothing(place: Place) -> None:
    url, count = place(), 60
    SqlJournal(url).append([Configured(seed=0), Added(start=0, stop=4 * count)])
    script = textwrap.dedent("""
        import sys
        from asklearn.events import Answered
        from asklearn.journals.sql import SqlJournal
        journal, first, count = SqlJournal(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
        for n in range(first, first + count):
            events = [Answered(item=n, annotator="a", key=f"k{n}", label="x", time=1.0)]
            journal.append(events)
            journal.append(events)
    """)
    running = [
        subprocess.Popen([sys.executable, "-c", script, url, str(part * count), str(count)])
        for part in range(4)
    ]
    assert [one.wait(120) for one in running] == [0] * 4
    journal = SqlJournal(url)
    assert journal.position == 2 + 4 * count
    assert len(list(open_state(journal).answers())) == 4 * count


def test_a_killed_writer_leaves_what_it_was_told_is_stored(place: Place) -> None:
    url = place()
    SqlJournal(url).append([Configured(seed=0), Added(start=0, stop=100_000)])
    script = textwrap.dedent("""
        import sys
        from asklearn.events import Answered
        from asklearn.journals.sql import SqlJournal
        journal = SqlJournal(sys.argv[1])
        for n in range(100_000):
            journal.append([Answered(item=n, annotator="a", key=f"k{n}", label="x", time=1.0)])
            print(n, flush=True)
    """)
    process = subprocess.Popen([sys.executable, "-c", script, url], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    heard = [process.stdout.readline() for _ in range(25)]
    process.send_signal(signal.SIGKILL)
    heard += process.stdout.readlines()
    acknowledged = {int(line) for line in heard if line.endswith("\n")}
    stored = {item for item, _ in open_state(SqlJournal(url)).answers()}
    assert acknowledged <= stored
    assert len(stored) <= len(acknowledged) + 1


def test_what_was_changed_or_cut_off_is_noticed(place: Place) -> None:
    for change in (
        "UPDATE event SET body = replace(body, 'cat', 'dog') WHERE position = 4",
        "DELETE FROM event WHERE position = 7",
    ):
        url = place()
        SqlJournal(url).append([Configured(seed=0), Added(start=0, stop=9), *map(answer, range(5))])
        engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
        with engine.begin() as connection:
            connection.exec_driver_sql(change)
        engine.dispose()
        with pytest.raises(JournalDamaged, match="Restore the database from a copy"):
            list(SqlJournal(url).read())


def test_a_lost_connection_is_said_and_the_next_call_connects_anew(place: Place, postgresql: str) -> None:
    url = place()
    journal = SqlJournal(url)
    journal.append([Configured(seed=0), Added(start=0, stop=9)])
    engine = sa.create_engine(postgresql.replace("postgresql:", "postgresql+psycopg:"))

    def cut(*_: object) -> None:
        with engine.connect() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            )

    sa.event.listen(journal._engine, "begin", cut)
    with pytest.raises(NotStored, match="Sending the same again is safe"):
        journal.append([answer(1)])
    sa.event.remove(journal._engine, "begin", cut)
    assert journal.append([answer(1)]) == 3
    assert journal.append([answer(1)]) == 3
    engine.dispose()


def test_what_cannot_be_reached_is_said_without_the_password() -> None:
    with pytest.raises(JournalError, match="lost or refused") as caught:
        SqlJournal("postgresql://ann:secret@127.0.0.1:1/none?connect_timeout=2")
    assert "secret" not in str(caught.value)


def test_another_programs_database_is_left_alone(place: Place) -> None:
    url = place()
    engine = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE theirs (n integer)")
    engine.dispose()
    with pytest.raises(BadInput, match="another program"):
        SqlJournal(url)


def test_a_commit_waits_for_the_disk(place: Place) -> None:
    journal = SqlJournal(place())
    with journal._engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"


def test_a_project_keeps_its_journal_there(place: Place, tmp_path: Path) -> None:
    url, folder = place(), tmp_path / "project"
    words = ["good fine great", "bad poor awful"]
    rows = [f"{words[n % 2]} {n},{'good' if n % 2 == 0 else 'bad'}" for n in range(60)]
    (tmp_path / "data.csv").write_text("\n".join(["review,truth", *rows]))

    def asklearn(*arguments: str) -> str:
        found = CliRunner().invoke(main, [*arguments, "--project", str(folder)])
        assert found.exit_code == 0, found.output
        return found.output

    begun = ["init", str(tmp_path / "data.csv"), "--text", "review", "--labels", "good,bad", "--journal", url]
    assert CliRunner().invoke(main, [*begun, "--into", str(folder)]).exit_code == 0
    asklearn("ask", "-n", "20", "-o", str(tmp_path / "batch.csv"))
    asked = list(csv.DictReader((tmp_path / "batch.csv").open(encoding="utf-8-sig")))
    with (tmp_path / "told.csv").open("w", newline="") as out:
        table = csv.DictWriter(out, asked[0])
        table.writeheader()
        table.writerows(one | {"label": "good" if "good" in one["review"] else "bad"} for one in asked)
    asklearn("tell", str(tmp_path / "told.csv"))
    said = json.loads(asklearn("status", "--json"))
    assert said["labels"] == 20
    assert said["journal"]["file"] == "postgresql://al@/postgres"
    assert "No problems found" in asklearn("doctor")
    refused = CliRunner().invoke(main, ["doctor", "--repair", "--project", str(folder)])
    assert "Restore its" in refused.output + refused.stderr
    assert not list(folder.glob("journal.db*"))


def test_the_binaries_are_there() -> None:
    assert shutil.which("pg_ctl") or any(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
