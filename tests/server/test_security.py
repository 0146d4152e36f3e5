"""Who gets in, from where, and with which headers: over every route that there is, found by itself."""

from __future__ import annotations

import ast
import asyncio
import io
import logging
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from apart import run
from fastapi.testclient import TestClient

from asklearn.project import Project
from asklearn.server.app import create_app
from asklearn.server.desk import Desk
from asklearn.server.guard import HEADERS, MOST_BYTES
from asklearn.server.people import SCOPES, People
from asklearn.server.serving import STATIC, with_pages

API = "/api/v1"
SRC = Path(__file__).resolve().parents[2] / "src" / "asklearn"
HOST = {"Host": "localhost"}
OPEN = "nobody need sign in"
NEEDS = {
    "GET /api/v1/openapi.json": OPEN,
    "GET /": OPEN,
    "GET /api/v1/project": "label",
    "POST /api/v1/leases": "label",
    "POST /api/v1/leases/renew": "label",
    "POST /api/v1/leases/return": "label",
    "POST /api/v1/answers": "label",
    "POST /api/v1/answers/many": "label",
    "POST /api/v1/notes": "label",
    "POST /api/v1/similar": "label",
    "POST /api/v1/grid": "label",
    "POST /api/v1/skips": "label",
    "POST /api/v1/flags": "label",
    "POST /api/v1/retractions": "label",
    "GET /api/v1/image": "label",
    "GET /api/v1/events": "label",
    "GET /api/v1/progress": "progress",
}
"""What a token must allow, for every route; a new route without a row here fails."""


def routes(found: Iterable[Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield method and path of every route, those of included routers too."""
    for route in found:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from routes(inner.routes, prefix + route.include_context.prefix)
        elif (methods := getattr(route, "methods", None)) is not None:
            yield from ((method, prefix + route.path) for method in methods if method != "HEAD")


async def begin(app: Any, method: str, path: str, headers: dict[str, str]) -> int:
    """Return the status with which an application begins its answer; what it streams then is not waited for."""
    status: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def receive() -> Any:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            status.set_result(message["status"])

    sent = [(name.lower().encode(), value.encode()) for name, value in {**HOST, **headers}.items()]
    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": [*sent, (b"content-type", b"application/json")], "client": ("127.0.0.1", 1), "server": None,
        "scheme": "http", "http_version": "1.1", "root_path": "", "asgi": {"version": "3.0"}, "state": {},
    }  # fmt: skip
    task = asyncio.ensure_future(app(scope, receive, send))
    await asyncio.wait({task, status}, return_when=asyncio.FIRST_COMPLETED)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return status.result()


def test_tokens_open_what_their_scope_says_on_every_route(project: Project, tmp_path: Path) -> None:
    project.learner.ask(10)
    people = People(project.folder)
    tokens = {scope: people.invite(scope, [scope], days=1) for scope in SCOPES}
    app = with_pages(create_app(Desk(project), people=people), tmp_path)
    found = {f"{method} {path}" for method, path in routes(app.routes)}
    assert found == set(NEEDS)

    async def statuses(token: str | None) -> dict[str, int]:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return {one: await begin(app, *one.split(" "), headers) for one in sorted(NEEDS)}

    for token in (None, "wrong", " ", f"{tokens['label']}x"):
        for one, status in run(statuses(token)).items():
            assert (one, status) == (one, 200 if NEEDS[one] == OPEN else 401)
    for scope in SCOPES:
        for one, status in run(statuses(tokens[scope])).items():
            if NEEDS[one] in (OPEN, scope):
                assert status not in (401, 403), one
            else:
                assert (one, status) == (one, 403)


@pytest.fixture
def client(project: Project) -> Iterator[TestClient]:
    project.learner.ask(30)
    app = with_pages(create_app(Desk(project)))
    with TestClient(app, base_url="http://localhost:8000", raise_server_exceptions=False) as client:
        yield client


ANSWER = {"item": 0, "label": "good", "key": "k-000001"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:8001"}, 403),
        ({"Origin": "http://localhost:8000.evil.example"}, 403),
        ({"Origin": "http://evil.example", "Content-Type": "text/plain"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Host": "evil.example"}, 421),
        ({"Host": ""}, 421),
        ({"Host": "localhost.evil.example"}, 421),
        ({"Origin": "http://localhost:8000", "Sec-Fetch-Site": "same-origin"}, 204),
        ({}, 204),
    ],
)
def test_other_sites_may_not_write(client: TestClient, headers: dict[str, str], status: int) -> None:
    assert client.post(f"{API}/answers", json=ANSWER, headers=headers).status_code == status
    counts = client.get(f"{API}/progress").json()["counts"]
    assert counts["answered"] == (status == 204)


def test_other_sites_may_not_read_and_links_to_the_pages_work(client: TestClient) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    for path in ("/project", "/progress", "/image?item=0&column=review"):
        assert client.get(API + path, headers=foreign).status_code == 403
    assert client.get("/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200
    found = client.options(f"{API}/answers", headers={"Origin": "https://evil.example"})
    assert not [name for name in found.headers if name.startswith("access-control-")]


def test_two_names_of_the_host_are_refused(client: TestClient) -> None:
    names = ["localhost:8000", "evil.example"]
    for twice in (names, names[::-1], names[:1] * 2):
        hosts = [("Host", name) for name in twice]
        assert client.get(f"{API}/project", headers=hosts).status_code == 421, twice


def test_sizes_are_limited_whatever_the_head_says(client: TestClient) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(MOST_BYTES // 8_192 + 1):
            yield b"x" * 8_192

    assert client.post(f"{API}/answers", content=b"x" * (MOST_BYTES + 1)).status_code == 413
    assert client.post(f"{API}/answers", content=endless()).status_code == 413
    for length in ("9" * 5_000, "-1", "1e3", "²"):
        sent = client.post(f"{API}/answers", content=b"", headers={"Content-Length": length.encode()})
        assert sent.status_code == 413


def test_every_answer_carries_the_headers(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: Any) -> Any:
        raise RuntimeError("a secret of the inside")

    asked: list[tuple[str, dict[str, str], int]] = [
        (f"{API}/project", {}, 200), ("/", {}, 200), ("/nothing", {}, 404), (f"{API}/nothing", {}, 404),
        (f"{API}/openapi.json", {}, 200), (f"{API}/image", {}, 422),
        (f"{API}/project", {"Host": "evil.example"}, 421), (f"{API}/project", {"X-Annotator": ""}, 401),
        (f"{API}/project", {"Sec-Fetch-Site": "cross-site"}, 403),
    ]  # fmt: skip
    if (STATIC / "index.html").exists():
        asked += [(f"/{file.relative_to(STATIC)}", {}, 200) for file in STATIC.rglob("*.*") if file.is_file()]
    for path, headers, status in asked:
        found = client.get(path, headers=headers)
        assert (path, found.status_code) == (path, status)
        kept = {"Cache-Control": "public, max-age=31536000, immutable"} if path.startswith("/assets/") else {}
        assert {name: found.headers.get(name) for name in HEADERS} == HEADERS | kept, path
    monkeypatch.setattr(Desk, "state", broken)
    found = client.get(f"{API}/progress")
    assert found.status_code == 500
    assert {name: found.headers.get(name) for name in HEADERS} == HEADERS
    assert "secret" not in found.text
    assert "unsafe" not in HEADERS["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path",
    ["/../pyproject.toml", "/%2e%2e/app.py", "/..%2fapp.py", "/assets/../../app.py", "/..%5capp.py", "//etc/passwd",
     "/%2fetc/passwd", "/assets/%00", "/app.py", "/../people.json", "/" + "a" * 300],
)  # fmt: skip
def test_no_path_leads_out_of_the_pages(client: TestClient, path: str) -> None:
    found = run(begin(client.app, "GET", path, {"Host": "localhost:8000"}))
    assert found == 404


def test_a_link_among_the_pages_leads_nowhere(project: Project, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("a secret")
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "index.html").write_text("<!doctype html>")
    (pages / "link.txt").symlink_to(tmp_path / "secret.txt")
    (pages / "here").symlink_to(tmp_path)
    with TestClient(with_pages(create_app(Desk(project)), pages), base_url="http://localhost") as client:
        assert client.get("/").status_code == 200
        assert client.get("/link.txt").status_code == 404
        assert client.get("/here/secret.txt").status_code == 404


def test_tokens_are_in_no_log(project: Project) -> None:
    people = People(project.folder)
    tokens = [people.invite("ann", ["label"], days=1), "a-wrong-token"]
    written = io.StringIO()
    handler, root = logging.StreamHandler(written), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        app = create_app(Desk(project), people=people)
        with TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as client:
            for token in tokens:
                sent = {"Authorization": f"Bearer {token}"}
                client.get(f"{API}/project", headers=sent)
                client.post(f"{API}/answers", headers=sent, content=b"{")
            app.state.desk = None
            assert (
                client.get(f"{API}/project", headers={"Authorization": f"Bearer {tokens[0]}"}).status_code
                == 500
            )
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
    assert "'/api/v1/project' failed" in written.getvalue()
    assert not [one for one in tokens if one in written.getvalue()]


def test_the_server_asks_no_other_machine(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an item holds is never fetched: an address in it is text."""
    called: list[Any] = []
    monkeypatch.setattr(socket.socket, "connect", lambda self, address: called.append(address))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *address, **_: called.append(address))
    cards = client.post(f"{API}/leases", json={"n": 30}).json()["cards"]
    assert len(cards) == 30
    for column in ("review", "truth", "http://169.254.169.254/"):
        assert client.get(f"{API}/image", params={"item": "0", "column": column}).status_code == 404
    assert called == []


FETCHES = {"urllib.request", "http.client", "requests", "httpx", "aiohttp", "urllib3", "ftplib", "smtplib"}
UNPACKS = {"tarfile", "extractall", "unpack_archive", "shutil.unpack_archive", "extract"}


def test_no_module_fetches_addresses_or_unpacks_archives() -> None:
    """Without either there is no SSRF and no zip slip; who adds one adds its checks, and changes this."""
    found = []
    for file in sorted(SRC.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            names = (
                {alias.name for alias in node.names}
                if isinstance(node, ast.Import | ast.ImportFrom)
                else set()
            )
            if isinstance(node, ast.ImportFrom) and node.module:
                names |= {node.module, *(f"{node.module}.{name}" for name in names)}
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                names = {node.func.attr}
            if names & (FETCHES | UNPACKS):
                found.append(f"{file.relative_to(SRC)}: {sorted(names & (FETCHES | UNPACKS))}")
    assert found == []
