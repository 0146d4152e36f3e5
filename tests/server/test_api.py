"""The whole interface under schemathesis: no 5xx, and no answer outside of what its own OpenAPI says."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings

from asklearn.importing import create
from asklearn.project import Project
from asklearn.server.app import create_app
from asklearn.server.desk import Desk
from asklearn.server.people import SCOPES, People
from asklearn.settings import Settings

schemathesis = pytest.importorskip("schemathesis", reason="no schemathesis; pip install 'asklearn[dev]'")
from schemathesis.checks import load_all_checks, not_a_server_error  # noqa: E402
from schemathesis.specs.openapi import checks  # noqa: E402

load_all_checks()
CHECKS = [
    not_a_server_error, checks.status_code_conformance, checks.content_type_conformance,
    checks.response_schema_conformance,
]  # fmt: skip
ENDLESS = "/api/v1/events"
"""Never ends; tests/server/test_security.py begins it."""


MODES = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)


def statuses(
    app: FastAPI, headers: dict[str, str], examples: int, further: tuple[Any, ...] = ()
) -> dict[str, Counter[int]]:
    """Send what the schema allows and what it does not, check every answer, and count them by route."""
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app).exclude(path=ENDLESS)
    found: dict[str, Counter[int]] = {}
    for result in schema.get_all_operations():
        operation = result.ok()
        seen = found.setdefault(operation.label, Counter())
        for mode in MODES:

            @settings(
                max_examples=examples, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )  # fmt: skip
            @given(case=operation.as_strategy(generation_mode=mode))
            def send(case: Any) -> None:
                response = case.call(headers=headers)
                seen[response.status_code] += 1  # noqa: B023
                case.validate_response(response, checks=[*CHECKS, *further])

            try:
                send()
            except schemathesis.errors.InvalidSchema:  # nothing of this kind can be sent
                assert mode is MODES[1]
    return found


@pytest.fixture
def asked(project: Project) -> Project:
    project.learner.ask(30)
    return project


@pytest.fixture
def open_labels(tmp_path: Path) -> Project:
    (tmp_path / "notes.csv").write_text("note\n" + "\n".join(f"note {n}" for n in range(60)))
    create(tmp_path / "open", tmp_path / "notes.csv", Settings(kind="text", columns=("note",)))
    made = Project(tmp_path / "open")
    made.learner.ask(30)
    return made


@pytest.mark.parametrize("name", ["asked", "open_labels"])
def test_without_people(name: str, request: pytest.FixtureRequest) -> None:
    app = create_app(Desk(request.getfixturevalue(name)), hosts=["testserver"])
    found = statuses(app, {}, 15)
    assert all(max(seen) < 500 for seen in found.values())
    assert found["POST /api/v1/leases"][200] > 0
    assert found["POST /api/v1/answers"][422] > 0


def test_signed_in(asked: Project) -> None:
    people = People(asked.folder)
    token = people.invite("ann", SCOPES, days=1)
    app = create_app(Desk(asked), people=people, hosts=["testserver"])
    signed = {"Authorization": f"Bearer {token}"}
    found = statuses(app, signed, 10, (checks.negative_data_rejection,))
    assert all(403 not in seen and set(seen) - {401, 429} for seen in found.values())


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic YTpi"}])
def test_without_signing_in_nothing_is_told(asked: Project, headers: dict[str, str]) -> None:
    app = create_app(Desk(asked), people=People(asked.folder), hosts=["testserver"])
    before = len(list(asked.learner.journal.read()))
    found = statuses(app, headers, 3)
    broken = {400, 422}  # a body that is no JSON is refused before anything of it is looked at
    assert all(
        set(seen) <= {401, 429} | (broken if label.startswith("POST") else set())
        for label, seen in found.items()
    )
    assert len(list(asked.learner.journal.read())) == before


@pytest.mark.slow
def test_without_people_for_longer(open_labels: Project) -> None:
    statuses(create_app(Desk(open_labels), hosts=["testserver"]), {}, 300)
