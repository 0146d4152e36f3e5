"""What is shown of items: read once, ahead of those who will ask, and kept within bounds."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from asklearn.errors import UnknownItem
from asklearn.project import Project
from asklearn.server import contents as module
from asklearn.server.contents import Contents


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run it in a thread of its own: a browser of another test may keep a loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


@pytest.fixture
def reads(project: Project, monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """What is read from the disk, call by call."""
    found: list[list[int]] = []
    plain = project.payload

    def noted(rows: Sequence[int]) -> list[dict[str, Any]]:
        found.append(list(rows))
        return plain(rows)

    monkeypatch.setattr(project, "payload", noted)
    return found


def test_many_at_once_are_one_reading_that_looks_ahead(project: Project, reads: list[list[int]]) -> None:
    contents = Contents(project, project.learner.state, lambda: range(3, 6))

    async def ask() -> list[Any]:
        first = await asyncio.gather(contents.of([2, 0]), contents.of([0, 1]))
        while len(reads) < 2:
            await asyncio.sleep(0.01)
        return [*first, await contents.of([5, 3])]

    shown = run(ask())
    numbers = [[int(one["review"].rpartition(" ")[2]) for one in some] for some in shown]
    assert numbers == [[2, 0], [0, 1], [5, 3]]
    assert reads == [[2, 0, 1], [3, 4, 5]]


def test_memory_is_bounded_and_what_fell_out_is_read_again(
    project: Project, reads: list[list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEPT", 3)
    contents = Contents(project, project.learner.state, lambda: ())
    shown = [run(contents.of([item]))[0] for item in (0, 1, 2, 3, 0)]
    assert shown[0] == shown[-1]
    assert reads == [[0], [1], [2], [3], [0]]
    assert len(run(contents.of(list(range(10))))) == 10


def test_images_are_kept_up_to_so_many_bytes(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 250)
    monkeypatch.setattr(project, "payload", lambda rows: [{"image": bytes(100)} for _ in rows])
    contents = Contents(project, project.learner.state, lambda: ())
    for item in (0, 1, 0, 2, 3):
        assert run(contents.of([item])) == [{"image": bytes(100)}]
    assert list(contents._kept) == [2, 3]
    assert len(run(contents.of(list(range(10))))) == 10


def test_an_unknown_item_is_refused(project: Project) -> None:
    with pytest.raises(UnknownItem, match="no item 'x'"):
        run(Contents(project, project.learner.state, lambda: ()).of([0, "x"]))
