"""The pages in a real browser: fifty labels by keyboard, a lost connection, undo, a phone, many classes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from asklearn.events import Answered
from asklearn.journal import open_state
from asklearn.journals.sql import SqlJournal
from asklearn.project import Project
from asklearn.server.people import People
from asklearn.server.serving import NOT_BUILT, STATIC, with_pages

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror='window.pwned=true'><script>window.pwned=true</script>"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Server:
    """A server process that can be killed and started again on its port."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder, self.port, self.options = folder, free_port(), options
        self.url = f"http://localhost:{self.port}/"
        self.start()

    def start(self) -> None:
        command = [
            sys.executable,
            "-m",
            "asklearn",
            "serve",
            "--port",
            str(self.port),
            "--project",
            str(self.folder),
            *self.options,
        ]
        self.process = subprocess.Popen(command, start_new_session=True)
        end = time.monotonic() + 120
        while time.monotonic() < end:
            try:
                urllib.request.urlopen(self.url, timeout=5).read()
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise AssertionError("the server did not start")

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def server(project: Project) -> Iterator[Server]:
    if not (STATIC / "index.html").exists():
        pytest.skip("the web pages are not built: python hatch_build.py")
    project.learner.ask(60)
    made = Server(project.folder)
    yield made
    made.kill()


@pytest.fixture
def page(browser: Any, server: Server) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1100, "height": 800})
    opened = context.new_page()
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda said: wrong.append(said.text) if "Content Security" in said.text else None)
    opened.goto(server.url)
    opened.wait_for_selector(".text")
    yield opened
    assert wrong == []
    context.close()


def told(server: Server) -> dict[Any, list[Any]]:
    return dict(open_state(SqlJournal(server.folder / "journal.db")).answers())


def press_the_right_key(page: Any) -> None:
    """Label the item that is shown by the key of its class, and wait for the next one."""
    before = page.inner_text(".text")
    page.keyboard.press("1" if page.inner_text(".item td") == "good" else "2")
    expect(page.locator(".text")).not_to_have_text(before)


def all_saved(page: Any) -> None:
    expect(page.get_by_role("status")).to_have_text("All answers saved", timeout=20_000)


def test_fifty_labels_by_keyboard(page: Any, server: Server) -> None:
    for _ in range(50):
        press_the_right_key(page)
    all_saved(page)
    page.reload()
    expect(page.locator(".line")).to_contain_text("50 by you")
    found = told(server)
    assert len(found) == 50
    assert all(labels == ["good" if item % 2 == 0 else "bad"] for item, labels in found.items())


def test_undo_takes_back_twenty_in_turn(page: Any, server: Server) -> None:
    shown = []
    for _ in range(22):
        shown.append(page.inner_text(".text"))
        press_the_right_key(page)
    for expected in reversed(shown):
        page.keyboard.press("u")
        page.wait_for_function(
            "wanted => document.querySelector('.text')?.textContent === wanted", arg=expected
        )
    expect(page.get_by_role("status")).to_have_text("", timeout=20_000)
    assert told(server) == {}
    kinds = [type(event).__name__ for event in SqlJournal(server.folder / "journal.db").read()]
    assert (kinds.count("Answered"), kinds.count("Retracted")) == (22, 22)


def test_a_killed_server_loses_nothing_and_the_page_recovers(page: Any, server: Server) -> None:
    press_the_right_key(page)
    all_saved(page)
    server.kill()
    for _ in range(4):
        press_the_right_key(page)
    page.wait_for_selector(".warning")
    assert "4 answers are kept here" in page.inner_text("[role=status]")
    again = page.context.new_page()
    page.close()
    server.start()
    again.goto(server.url)
    again.wait_for_selector(".text")
    expect(again.locator(".warning")).to_have_count(0, timeout=60_000)
    end = time.monotonic() + 60
    while len(told(server)) < 5 and time.monotonic() < end:
        time.sleep(0.2)
    found = told(server)
    assert len(found) == 5
    assert all(labels == ["good" if item % 2 == 0 else "bad"] for item, labels in found.items())


def test_two_people_with_overlap_answer_each_item_once_each(browser: Any, project: Project) -> None:
    if not (STATIC / "index.html").exists():
        pytest.skip("the web pages are not built: python hatch_build.py")
    project.learner.ask(6)
    people = People(project.folder)
    tokens = {name: people.invite(name, ("label",), days=1) for name in ("ann", "ben")}
    server = Server(project.folder, "--name", "localhost", "--overlap", "1", "--no-worker")
    pages = {}
    try:
        for name, token in tokens.items():
            pages[name] = browser.new_context().new_page()
            pages[name].goto(f"{server.url}#token={token}" if name == "ann" else server.url)
        pages["ben"].get_by_label("Your access token").fill("wrong")
        pages["ben"].keyboard.press("Enter")
        expect(pages["ben"].get_by_role("alert")).to_contain_text("not valid")
        pages["ben"].get_by_label("Your access token").fill(tokens["ben"])
        pages["ben"].keyboard.press("Enter")
        for page in pages.values():
            page.wait_for_selector(".text")
            assert "token" not in page.url
        for _ in range(6):
            for page in pages.values():
                page.keyboard.press("1" if page.inner_text(".item td") == "good" else "2")
        for page in pages.values():
            expect(page.locator(".item")).to_contain_text("Nothing is left to label")
            all_saved(page)
            page.context.close()
    finally:
        server.kill()
    found = told(server)
    assert len(found) == 6
    assert all(labels == ["good" if item % 2 == 0 else "bad"] * 2 for item, labels in found.items())
    said = [event for event in SqlJournal(server.folder / "journal.db").read() if isinstance(event, Answered)]
    assert len({(one.item, one.annotator) for one in said}) == len(said) == 12


def test_a_closed_tab_gives_its_items_to_the_next_person(browser: Any, server: Server) -> None:
    first = browser.new_context(extra_http_headers={"X-Annotator": "ann"}).new_page()
    first.goto(server.url)
    item = first.inner_text(".text")
    first.close()
    second = browser.new_context(extra_http_headers={"X-Annotator": "ben"}).new_page()
    for _ in range(100):
        second.goto(server.url)
        second.wait_for_selector(".text")
        if second.inner_text(".text") == item:
            break
        second.wait_for_timeout(100)
    assert second.inner_text(".text") == item


def test_a_worker_does_not_outlive_its_server(server: Server) -> None:
    def worker() -> int | None:
        found = json.loads(urllib.request.urlopen(f"{server.url}api/v1/progress", timeout=5).read())["worker"]
        return None if found is None else int(found["pid"])

    end = time.monotonic() + 60
    while (pid := worker()) is None and time.monotonic() < end:
        time.sleep(0.1)
    assert pid is not None
    server.process.kill()
    server.process.wait()
    while Path(f"/proc/{pid}").exists() and time.monotonic() < end:
        time.sleep(0.1)
    assert not Path(f"/proc/{pid}").exists()


def test_hostile_content_is_shown_as_text(page: Any, server: Server) -> None:
    page.evaluate("window.pwned = false")
    page.route("**/api/v1/leases", lambda route: route.fulfill(json={
        "lease_seconds": 300,
        "cards": [{"item": 1, "content": {"review": HOSTILE},
                   "stream": "audit", "reason": "<b onmouseover=alert(1)>", "until": 0}],
    }))  # fmt: skip
    for _ in range(9):
        page.keyboard.press("Space")
    expect(page.locator(".text")).to_contain_text("<script>")
    page.wait_for_timeout(300)
    assert page.evaluate("window.pwned") is False
    assert page.locator(".item img, .item script").count() == 0


def test_a_phone_has_everything_in_reach(browser: Any, server: Server) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740}, color_scheme="dark", has_touch=True)
    page = context.new_page()
    page.goto(server.url)
    page.wait_for_selector(".text")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert (
        min(page.locator("button").evaluate_all("all => all.map(one => one.getBoundingClientRect().height)"))
        >= 44
    )
    before = page.inner_text(".text")
    page.tap(".classes button")
    expect(page.locator(".text")).not_to_have_text(before)
    page.goto(f"{server.url}#progress")
    page.wait_for_selector(".progress")
    context.close()


def test_what_has_a_digest_in_its_name_is_kept_by_browsers(tmp_path: Path) -> None:
    from fastapi import FastAPI
    from fastapi.testclient import TestClient

    (tmp_path / "assets").mkdir()
    for name in ("index.html", "icon.svg", "assets/index-1a2b.js"):
        (tmp_path / name).write_text("x")
    client = TestClient(with_pages(FastAPI(), tmp_path))
    kept = {
        name: client.get(name).headers.get("Cache-Control")
        for name in ("/", "/icon.svg", "/assets/index-1a2b.js")
    }
    assert kept == {
        "/": None,
        "/icon.svg": None,
        "/assets/index-1a2b.js": "public, max-age=31536000, immutable",
    }


def test_without_pages_the_server_says_how_to_build_them(tmp_path: Path) -> None:
    from fastapi import FastAPI
    from fastapi.testclient import TestClient

    assert TestClient(with_pages(FastAPI(), tmp_path)).get("/").text == NOT_BUILT
