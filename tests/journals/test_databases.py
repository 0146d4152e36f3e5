"""Databases: what a commit counts as, which connections are tried first, and what errors do not say."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from asklearn.journals import databases
from asklearn.journals.databases import PostgreSQL, SQLite


def test_every_commit_of_whoever_is_counted_and_nothing_else(tmp_path: Path) -> None:
    ours, others = SQLite(tmp_path / "one.db"), SQLite(tmp_path / "one.db")
    for database in (ours, others):
        with database.engine.execution_options(turn="append").begin() as connection:
            connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS thing (value)")
    for database in (ours, others):
        before = ours.commits()
        with database.engine.connect() as connection:
            connection.exec_driver_sql("SELECT * FROM thing").all()
        assert ours.commits() == before
        with database.engine.execution_options(turn="append").begin() as connection:
            connection.exec_driver_sql("INSERT INTO thing VALUES (1)")
        assert ours.commits() != before
    ours.close()
    others.close()


def test_errors_do_not_quote_what_was_to_be_stored(tmp_path: Path) -> None:
    database = SQLite(tmp_path / "one.db")
    with pytest.raises(sa.exc.OperationalError) as caught, database.engine.connect() as connection:
        connection.execute(sa.text("INSERT INTO nowhere VALUES (:label)"), {"label": "a secret label"})
    assert "secret" not in str(caught.value)
    database.close()


@pytest.mark.postgresql
def test_a_connection_that_was_lost_while_nobody_used_it_is_replaced(
    postgresql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "QUIET_SECONDS", 0.05)
    database = PostgreSQL(sa.make_url(postgresql))
    looks = database.engine.execution_options(turn="look", isolation_level="AUTOCOMMIT")
    with looks.connect() as connection:
        lost = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    other = PostgreSQL(sa.make_url(postgresql))
    with other.engine.execution_options(turn="look", isolation_level="AUTOCOMMIT").connect() as connection:
        connection.exec_driver_sql(f"SELECT pg_terminate_backend({lost})")
    time.sleep(0.2)
    with looks.connect() as connection:
        assert connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one() != lost
    database.close()
    other.close()
