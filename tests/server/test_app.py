"""The routes: over real HTTP semantics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from asklearn.journal import open_state
from asklearn.journals.sql import SqlJournal
from asklearn.project import Project, tell
from asklearn.server.app import create_app
from asklearn.server.desk import Desk
from asklearn.server.notes import Notes
from asklearn.server.similar import may_be_audited
from asklearn.server.worker import Worker
from asklearn.state import GOLD

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


def test_many_labels_are_recorded_together_or_not_at_all(client: TestClient, project: Project) -> None:
    answers = [{"item": n, "label": "good", "key": f"key-{n:04}"} for n in range(3)]
    wrong = [*answers, {"item": 4, "label": "neither", "key": "key-0004"}]
    assert client.post(f"{API}/answers/many", json={"answers": wrong}).status_code == 422
    assert told(project) == {}
    for _ in range(2):
        assert client.post(f"{API}/answers/many", json={"answers": answers}).status_code == 204
    assert told(project) == {n: ["good"] for n in range(3)}
    assert client.post(f"{API}/answers/many", json={"answers": []}).status_code == 422


def test_notes_stay_outside_the_journal(client: TestClient, project: Project) -> None:
    flagged = {"item": 1, "key": "key-0001", "note": "torn page"}
    for _ in range(2):
        assert client.post(f"{API}/flags", json=flagged).status_code == 204
    remark = {"item": 1, "key": "key-0002", "text": "see <b>page</b> 2"}
    assert client.post(f"{API}/notes", json=remark).status_code == 204
    assert client.post(f"{API}/notes", json=remark | {"text": "other"}).status_code == 409
    assert client.post(f"{API}/notes", json=remark | {"item": "none"}).status_code == 404
    assert client.post(f"{API}/notes", json=remark | {"text": "x" * 2001}).status_code == 422
    assert [one.text for one in Notes(project.journal).of(1)] == ["torn page", "see <b>page</b> 2"]
    assert not any("page" in str(event) for event in SqlJournal(project.journal).read())


def test_instructions_are_sent_as_text(client: TestClient, project: Project) -> None:
    assert client.get(f"{API}/project").json()["instructions"] is None
    (project.folder / "instructions.md").write_bytes("# Rules\n<script>é".encode() + b"\xff")
    about = client.get(f"{API}/project").json()
    assert (about["instructions"], about["suggestions"]) == ("# Rules\n<script>é\ufffd", False)


def test_more_like_one_are_lent_and_recorded_as_asked(project: Project) -> None:
    journal = SqlJournal(project.journal)
    project.learner.ask(10)
    with TestClient(create_app(Desk(project)), base_url="http://localhost:8000") as client:
        before = open_state(journal)
        cards = client.post(f"{API}/similar", json={"item": 0, "n": 5}).json()["cards"]
        state = open_state(journal)
        items = [card["item"] for card in cards]
        assert items
        assert not set(items) & set(before.asks)
        assert {state.asks[item].stream for item in items} == {"similar"}
        assert {(card["stream"], card["suggested"]) for card in cards} == {("similar", None)}
        assert all(may_be_audited(state, item) is False for item in items)
        other = client.post(f"{API}/leases", json={"n": 60}, headers={"X-Annotator": "ben"}).json()["cards"]
        assert not set(items) & {card["item"] for card in other}
        assert client.post(f"{API}/similar", json={"item": 999}).status_code == 404
        assert client.post(f"{API}/grid", json={}).json() == {
            "cards": [],
            "lease_seconds": 300.0,
            "label": None,
        }


def test_suggestions_and_the_grid_where_they_are_wanted(project: Project) -> None:
    settings = (project.folder / "asklearn.toml").read_text() + "\n[server]\nsuggestions = true\ngold = 0.0\n"
    (project.folder / "asklearn.toml").write_text(settings)
    opened = Project(project.folder)
    opened.learner.ask(24)
    truth = {item: "good" if item % 2 == 0 else "bad" for item in range(80)}
    tell(opened.learner, [(item, truth[item]) for item in opened.learner.pending], "ann")
    Worker(project.folder).step()
    with TestClient(create_app(Desk(opened)), base_url="http://localhost:8000") as client:
        cards = client.post(f"{API}/leases", json={"n": 40}).json()["cards"]
        state = open_state(SqlJournal(project.journal))
        seen = {card["item"]: card["suggested"] for card in cards if card["suggested"]}
        assert seen
        assert all(best[0]["label"] == truth[item] for item, best in seen.items())
        assert not set(seen) & set(state.drawn)
        grid = client.post(f"{API}/grid", json={"n": 12}).json()
        assert grid["cards"]
        assert {truth[card["item"]] for card in grid["cards"]} == {grid["label"]}
        state = open_state(SqlJournal(project.journal))
        assert {state.asks[card["item"]].stream for card in grid["cards"]} == {"grid"}
        assert state.settings is not None
        assert (state.settings.audit, state.settings.audit_weighted) == (0.1, 0.0)


def test_known_labels_are_shown_as_others_and_never_train_twice(project: Project) -> None:
    settings = (project.folder / "asklearn.toml").read_text() + "\n[server]\ngold = 0.5\n"
    (project.folder / "asklearn.toml").write_text(settings)
    opened = Project(project.folder)
    tell(opened.learner, [(item, "good") for item in range(0, 20, 2)], GOLD)
    opened.learner.ask(20)
    with TestClient(create_app(Desk(opened)), base_url="http://localhost:8000") as client:
        cards = client.post(f"{API}/leases", json={"n": 16}).json()["cards"]
        gold = [card for card in cards if card["item"] in range(0, 20, 2)]
        assert gold
        assert {(card["stream"], card["suggested"]) for card in gold} == {("exploit", None)}
        assert {card["reason"] for card in gold} <= {card["reason"] for card in cards if card not in gold}
        for card in gold:
            said = {"item": card["item"], "label": "bad", "key": f"key-{card['item']:04}"}
            assert client.post(f"{API}/answers", json=said).status_code == 204
        assert all(told(project)[card["item"]] == ["good"] for card in gold)
        again = client.post(f"{API}/leases", json={"n": 60}).json()["cards"]
        assert not {card["item"] for card in again} & {card["item"] for card in gold}
        assert client.post(f"{API}/leases", json={}, headers={"X-Annotator": GOLD}).status_code == 403


def test_what_does_not_fit_is_said_in_a_sentence(client: TestClient) -> None:
    for body, words in (
        ({"item": 1, "key": "key-0001"}, "label is missing."),
        ({"item": [], "label": "good", "key": "key-0001"}, "item: Input should be a valid string."),
    ):
        found = client.post(f"{API}/answers", json=body)
        assert found.status_code == 422
        assert found.json()["error"] == "BadInput"
        assert found.json()["detail"].startswith(words)
