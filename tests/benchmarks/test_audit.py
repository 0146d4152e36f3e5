"""The audit of dependencies: loud about what is known, and about what it could not look up."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def audit():
    spec = importlib.util.spec_from_file_location("audit", ROOT / "benchmarks" / "audit.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["audit"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["audit"]


SOUND = {"name": "numpy", "version": "2.0", "vulns": []}
BAD = {"name": "h11", "version": "0.14", "vulns": [{"id": "PYSEC-1", "fix_versions": ["0.16"]}]}
SKIPPED = {"name": "scipy", "skip_reason": "Dependency not found on PyPI and could not be audited"}
SELF = {"name": "asklearn", "skip_reason": "is not on PyPI"}


@pytest.mark.parametrize(
    ("packages", "audited", "known", "unknown"),
    [
        ([SOUND, SELF], 1, 0, ""),
        ([SOUND, BAD], 2, 1, ""),
        ([SKIPPED, SKIPPED], 0, 0, "2 packages: Dependency"),
    ],
)
def test_python(audit, packages, audited, known, unknown):
    found = audit.of_python(json.dumps({"dependencies": packages}))
    assert (found.audited, len(found.known)) == (audited, known)
    assert found.unknown.startswith(unknown)
    assert bool(found.unknown) == bool(unknown)


def test_a_service_that_cannot_be_reached_is_not_taken_for_no_problem(audit):
    assert audit.of_python("", "Traceback\nConnectionError: no route").unknown == "ConnectionError: no route"
    assert audit.of_pages('{"message": "405 Method Not Allowed"}').unknown == "405 Method Not Allowed"
    assert audit.of_pages("").unknown
    assert "NOT AUDITED" in str(audit.of_pages("npm error audit endpoint returned an error"))


def test_pages(audit):
    said = {"metadata": {"dependencies": {"total": 18}}, "vulnerabilities": {"vite": {"severity": "high"}}}
    found = audit.of_pages(json.dumps(said))
    assert (found.audited, found.known, found.unknown) == (18, ("vite: high",), "")


def test_every_package_of_the_pages_is_named_by_its_digest(audit):
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text())
    found = audit.of_lock(lock)
    assert found.audited > 1
    assert found.known == ()
    elsewhere, bare = [one for one in lock["packages"] if one][:2]
    lock["packages"][elsewhere]["resolved"] = "https://evil.example/x.tgz"
    del lock["packages"][bare]["integrity"]
    assert [one.split()[0] for one in audit.of_lock(lock).known] == [elsewhere, bare]


@pytest.mark.parametrize(("known", "unknown", "strict", "status"), [
    ((), "", True, 0), (("x",), "", False, 1), ((), "no network", False, 0), ((), "no network", True, 1),
])  # fmt: skip
def test_the_exit_status(audit, monkeypatch, capsys, known, unknown, strict, status):
    monkeypatch.setattr(audit, "audit", lambda: [audit.Found("Python", 3, known, unknown)])
    assert audit.main(["--strict"] if strict else []) == status
    assert ("NOT AUDITED: no network" in capsys.readouterr().out) == bool(unknown)
