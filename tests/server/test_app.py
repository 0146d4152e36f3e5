"""The routes: over real HTTP semantics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from asklearn.journal import open_state
from asklearn.journals.sql import SqlJournal
from asklearn.project import Project
from asklearn.server.app import create_app
from asklearn.server.desk import Desk

API = "/api/v1"


@pytest.fixture
def client(project: Project) -> Iterator[TestClient]:
    project.learner.ask(30)
    with TestClient(create_app(Desk(project)), base_url="http://localhost:8000") as client:
        yield client


def told(project: Project) -> dict[Any, Any]:
    return dict(open_state(SqlJournal(project.journal)).answers())


def test_a_session(client: TestClient, project: Project) -> None:
    about = client.get(f"{API}/project").json()
    assert (about["labels"], about["kind"], about["annotator"]) == (["good", "bad"], "text", "me")
    lent = client.post(f"{API}/leases", json={"n": 3}).json()
    assert len(lent["cards"]) == 3
    first, second, third = lent["cards"]
    answer = {"item": first["item"], "label": first["content"]["truth"], "key": "key-0001", "seconds": 2.5}
    for _ in range(2):
        assert client.post(f"{API}/answers", json=answer).status_code == 204
    assert client.post(f"{API}/skips", json={"item": second["item"], "key": "key-0002"}).status_code == 204
    assert client.post(f"{API}/flags", json={"item": third["item"], "key": "key-0003"}).status_code == 204
    assert told(project) == {first["item"]: [first["content"]["truth"]]}
    undo = {"item": first["item"], "key": "key-0004"}
    assert client.post(f"{API}/retractions", json=undo).status_code == 204
    assert told(project) == {}
    where = client.get(f"{API}/progress").json()
    assert where["counts"] | {"skipped": 1, "flagged": 1, "items": 80} == where["counts"]


def test_people_hold_their_own_items(client: TestClient) -> None:
    ann = client.post(f"{API}/leases", json={"n": 4}, headers={"X-Annotator": "ann"}).json()["cards"]
    ben = client.post(f"{API}/leases", json={"n": 4}, headers={"X-Annotator": "ben"}).json()["cards"]
    items = [card["item"] for card in ann]
    assert not set(items) & {card["item"] for card in ben}
    renewed = client.post(f"{API}/leases/renew", json={"items": items}, headers={"X-Annotator": "ben"})
    assert renewed.json() == 0
    given = client.post(f"{API}/leases/return", json={"items": items}, headers={"X-Annotator": "ann"})
    assert given.status_code == 204
    cid = client.post(f"{API}/leases", json={"n": 4}, headers={"X-Annotator": "cid"}).json()["cards"]
    assert {card["item"] for card in cid} == set(items)


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"item": 0, "label": "neither", "key": "k-000001"}, 422, "must be one of"),
        ({"item": "nothing", "label": "good", "key": "k-000001"}, 404, "no item 'nothing'"),
        ({"item": 0, "label": "good", "key": "k"}, 422, "key"),
        ({"item": 0, "label": "", "key": "k-000001"}, 422, "label"),
        ({"item": 0, "label": "good", "key": "k-000001", "seconds": -1}, 422, "seconds"),
        ({"item": 0, "label": "good", "key": "k-000001", "more": 1}, 422, "more"),
        ({"item": True, "label": "good", "key": "k-000001"}, 422, "item"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(
    client: TestClient, project: Project, body: dict[str, Any], status: int, words: str
) -> None:
    done = client.post(f"{API}/answers", json=body)
    assert done.status_code == status
    assert words in done.text
    assert told(project) == {}


def test_a_key_with_another_content_is_refused(client: TestClient, project: Project) -> None:
    first = {"item": 0, "label": "good", "key": "k-000001"}
    assert client.post(f"{API}/answers", json=first).status_code == 204
    assert client.post(f"{API}/answers", json=first | {"label": "bad"}).status_code == 409
    assert told(project) == {0: ["good"]}
