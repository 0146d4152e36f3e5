"""asklearn serve and asklearn invite: what is refused, and what is said; pages are tested in tests/server."""

from __future__ import annotations

import json
import socket
from pathlib import Path


def test_a_token_is_shown_once_and_can_be_ended(run, project, tmp_path: Path):
    done = run("invite", "ann", "--days", 7)
    assert done.exit_code == 0, done.output
    token = done.stdout.splitlines()[1]
    assert len(token) > 30
    assert token not in (tmp_path / "people.json").read_text()
    assert [one["name"] for one in json.loads((tmp_path / "people.json").read_text()).values()] == ["ann"]
    assert "1 token of ann ended" in run("invite", "ann", "--revoke").stdout
    assert json.loads((tmp_path / "people.json").read_text()) == {}


def test_a_port_that_is_taken_is_named(run, project, refused):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused(run("serve", "--port", port, "--no-worker"), str(port), "--port")


def test_a_server_for_others_must_know_its_name(run, project, refused):
    refused(run("serve", "--host", "0.0.0.0"), "--name")


def test_without_a_project_that_is_said(run, refused):
    refused(run("serve"), "no project")
    refused(run("invite", "ann"), "no project")


def test_several_processes_need_a_journal_in_postgresql(run, project, refused):
    refused(run("serve", "--processes", "2"), "PostgreSQL", "journal.db")
