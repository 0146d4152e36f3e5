"""The pages against hostile content, hostile pages elsewhere, and curious eyes; in a real browser."""

from __future__ import annotations

import asyncio
import io
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from PIL import Image
from playwright.sync_api import Error, expect
from staging import Stage, about, card, pictured, sheet

from asklearn.importing import create
from asklearn.project import Project
from asklearn.server.app import create_app
from asklearn.server.connections import UVICORN
from asklearn.server.desk import Desk
from asklearn.server.guard import HEADERS
from asklearn.server.people import People
from asklearn.server.serving import STATIC, with_pages
from asklearn.settings import Settings

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror='window.pwned=1'><script>window.pwned=1</script><svg onload=window.pwned=1>"
LINK = "[a](javascript:window.pwned=1) <a href=javascript:window.pwned=1>b</a> ${window.pwned=1} {{window.pwned=1}}"
MADE = "script:not([src]), img[src=x], svg[onload], [onerror], [onload], a[href^='javascript:'], iframe, object, embed"


def unharmed(page: Any) -> None:
    page.wait_for_timeout(200)
    assert page.evaluate("window.pwned") is None
    assert page.locator(MADE).count() == 0


def hostile_stage(kind: str = "text") -> Stage:
    labels = [HOSTILE, LINK, "</script><script>window.pwned=1</script>"]
    content = {"review": HOSTILE + LINK, "stars": HOSTILE, HOSTILE: LINK}
    suggested = [{"label": one, "share": 0.3} for one in labels]
    cards = [
        card(f"{HOSTILE}{n}", {**content, "n": n}, reason=HOSTILE, suggested=suggested, notes=[HOSTILE])
        for n in range(9)
    ]
    stage = Stage(
        project=about(
            name=HOSTILE, annotator=HOSTILE, labels=labels, show=["stars", HOSTILE], kind=kind, suggestions=True,
            instructions=f"# {HOSTILE}\n\n- {LINK}\n- **{HOSTILE}**\n\n1. `{HOSTILE}`\n\n{LINK}",
        ),
        cards=cards,
    )  # fmt: skip
    stage.progress |= {"labels": {HOSTILE: 3}, "annotators": {HOSTILE: 2, LINK: 1}, "problem": HOSTILE}
    stage.progress["worker"] = {"doing": HOSTILE, "error": HOSTILE, "time": 1.7e9, "labels": 3}
    stage.moved |= {"problem": HOSTILE, "worker": {"doing": HOSTILE, "error": LINK}}
    stage.similar = cards[:3]
    stage.sheets = [{**sheet(4, HOSTILE), "cards": cards[:4]}]
    return stage


@pytest.mark.parametrize(
    ("where", "kind"),
    [
        ("", "text"),
        ("", "image"),
        ("#progress", "text"),
        ("#grid", "text"),
        (f"#token=x{HOSTILE}", "tabular"),
    ],
)
def test_whatever_comes_is_shown_as_text(
    staged: Callable[..., tuple[Any, Stage]], where: str, kind: str
) -> None:
    page, _ = staged(hostile_stage(kind), where)
    expect(page.locator("h1")).to_have_text(HOSTILE)
    if where == "":
        expect(page.locator(".item")).to_contain_text("<script>")
        for key in ("i", "Escape", "m", "n", "Escape", "f", "Escape", "?", "Escape", "1", "2"):
            page.keyboard.press(key)
            unharmed(page)
    unharmed(page)


def test_what_the_server_says_of_its_trouble_is_text(staged: Callable[..., tuple[Any, Stage]]) -> None:
    stage = hostile_stage()
    page, _ = staged(stage)
    stage.problem = HOSTILE
    for _ in range(3):
        page.keyboard.press("1")
    expect(page.get_by_text("<script>").first).to_be_visible()
    unharmed(page)


def test_a_picture_that_is_a_script_is_no_script(
    staged: Callable[..., tuple[Any, Stage]], monkeypatch: Any
) -> None:
    monkeypatch.setattr(
        "staging.PICTURE", f"<svg xmlns='http://www.w3.org/2000/svg'>{HOSTILE}</svg>".encode()
    )
    page, _ = staged(Stage(project=about(kind="image", columns=["image"]), cards=pictured(3)))
    unharmed(page)


def test_what_got_in_nevertheless_would_not_run(browser: Any) -> None:
    """The policy is a second wall: it holds even where the pages would fail to escape."""
    page = Stage().open(browser)
    page.wait_for_selector("main")
    for attempt in (
        "document.body.innerHTML = html",
        "document.createElement('img').setAttribute('onerror', 'window.pwned = 1')",
        "document.body.append(Object.assign(document.createElement('script'), { text: 'window.pwned = 1' }))",
        "document.body.append(Object.assign(document.createElement('script'), { src: 'data:,window.pwned=1' }))",
    ):
        with pytest.raises(Error, match="Trusted"):
            page.evaluate(f"html => {{ {attempt}; }}", HOSTILE)
    page.evaluate("""() => {
        const one = document.createElement("script");
        one.append("window.pwned = 1");
        document.body.append(one);
    }""")
    page.wait_for_timeout(200)
    assert page.evaluate("window.pwned") is None
    page.context.close()


@contextmanager
def serving(app: Any) -> Iterator[int]:
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", **UVICORN))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])), daemon=True)
        thread.start()
        yield int(listening.getsockname()[1])
        server.should_exit = True
        server.force_exit = True
        thread.join(20)


EVIL = """<!doctype html><title>evil</title><iframe src="{there}/"></iframe><img src="{there}/api/v1/progress">
<iframe name="hidden"></iframe>
<form target="hidden" method="post" enctype="text/plain" action="{there}/api/v1/answers">
<input name='{{"item": 0, "label": "good", "key": "k-000001", "x' value='": 1}}'></form>
<script>
const body = JSON.stringify({{ item: 0, label: "good", key: "k-000001" }});
const there = "{there}/api/v1/answers";
document.forms[0].submit();
navigator.sendBeacon(there, body);
navigator.sendBeacon(there, new Blob([body], {{ type: "text/plain" }}));
const tries = [
  fetch(there, {{ method: "POST", mode: "no-cors", body }}),
  fetch(there, {{ method: "POST", body, headers: {{ "Content-Type": "application/json" }} }}),
  fetch("{there}/api/v1/project").then((found) => found.text()).then((text) => {{ window.read = text; }}),
];
Promise.allSettled(tries).then(() => {{ window.tried = true; }});
</script>"""


class Evil:
    """An application that serves an evil page under another origin, and notes what the real one answered."""

    def __init__(self, app: Any) -> None:
        self.app, self.page = app, b""
        self.answered: list[tuple[str, str, int]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == "/evil":
            head = [(b"content-type", b"text/html")]
            await send({"type": "http.response.start", "status": 200, "headers": head})
            await send({"type": "http.response.body", "body": self.page})
            return

        async def noting(message: Any) -> None:
            if message["type"] == "http.response.start":
                self.answered.append((scope["method"], scope["path"], message["status"]))
            await send(message)

        await self.app(scope, receive, noting)


def test_another_sites_page_can_neither_write_nor_read_nor_frame(browser: Any, project: Project) -> None:
    project.learner.ask(5)
    before = len(list(project.learner.journal.read()))
    evil = Evil(with_pages(create_app(Desk(project))))
    with serving(evil) as port:
        evil.page = EVIL.format(there=f"http://localhost:{port}").encode()
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{port}/evil")
        page.wait_for_function("window.tried === true")
        page.wait_for_timeout(500)
        assert page.evaluate("window.read") is None
        assert not [one for one in page.frames if one.url.startswith(f"http://localhost:{port}")]
        context.close()
    written = [
        status for method, path, status in evil.answered if method == "POST" and path.endswith("answers")
    ]
    assert len(written) >= 3
    assert set(written) == {403}
    assert {status for _, path, status in evil.answered if path.startswith("/api/")} <= {403, 405}
    assert len(list(project.learner.journal.read())) == before


def test_a_token_is_in_no_address_and_nothing_of_it_stays(browser: Any, project: Project) -> None:
    project.learner.ask(20)
    people = People(project.folder)
    token = people.invite("ann", ["label", "progress"], days=1)
    if not (STATIC / "index.html").exists():
        pytest.skip("the web pages are not built: python hatch_build.py")
    with serving(with_pages(create_app(Desk(project), people=people))) as port:
        context = browser.new_context()
        page = context.new_page()
        asked: list[Any] = []
        page.on("request", lambda one: asked.append(one))
        page.goto(f"http://localhost:{port}/#token={token}")
        page.wait_for_selector(".text")
        page.keyboard.press("1")
        page.wait_for_timeout(300)
        assert token not in page.url
        assert (
            page.evaluate("document.cookie + JSON.stringify(localStorage) + history.length").find(token) < 0
        )
        urls = [one.url for one in asked if not one.url.endswith(f"#token={token}")]
        assert len(urls) > 4
        assert not [one for one in urls if token in one]
        assert not [one for one in asked if "referer" in one.headers and token in one.headers["referer"]]
        held = [one for one in asked if one.headers.get("authorization") == f"Bearer {token}"]
        assert held
        other = context.new_page()
        other.goto(f"http://localhost:{port}/")
        expect(other.locator("form.sign-in")).to_be_visible()
        page.goto(f"http://localhost:{port}/")
        page.wait_for_selector(".text")
        other.close()
        page.goto("about:blank")
        context.close()


def test_names_of_files_and_folders_are_text(browser: Any, tmp_path: Path) -> None:
    name = "<img src=x onerror=window.pwned=1>"
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, "PNG")
    for label in (name, "b"):
        (tmp_path / "pets" / label).mkdir(parents=True)
        for n in range(6):
            (tmp_path / "pets" / label / f"{name}{n}.png").write_bytes(out.getvalue())
    wanted = Settings(kind="image", columns=("image",), show=("path",), label="label", labels=(name, "b"))
    create(tmp_path / name, tmp_path / "pets", wanted)
    made = Project(tmp_path / name)
    if made.learner.state.rows == 0:
        raise AssertionError("nothing to label")
    with serving(with_pages(create_app(Desk(made)))) as port:
        context = browser.new_context()
        page = context.new_page()
        for where in ("", "#progress"):
            page.goto(f"http://localhost:{port}/{where}")
            expect(page.locator("h1")).to_have_text(name)
            unharmed(page)
        found = page.goto(f"http://localhost:{port}/%3Cscript%3Ewindow.pwned=1%3C/script%3E")
        assert found.status == 404
        unharmed(page)
        assert found.headers["content-security-policy"] == HEADERS["Content-Security-Policy"]
        context.close()
