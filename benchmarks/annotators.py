"""Annotators as a load: each takes the next item, answers it, and comes again when it is due.

A process of its own: ``python benchmarks/annotators.py '{"urls": ["http://127.0.0.1:8321"], ...}'`` reads a
:class:`Plan` as JSON and prints a line of JSON. HTTP is spoken over plain sockets, one connection an annotator,
so that asking costs little beside answering; what it costs is told (``cpu``). A time is counted from when the
request was due, so that a stall counts for everybody whom it holds up.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

REST = 0.05
"""Seconds until somebody who was lent nothing asks again."""


@dataclass(frozen=True)
class Plan:
    """What is asked of the annotators.

    Attributes
    ----------
    urls : list of str
        Servers; annotators are dealt out to them in turn.
    annotators : int
        How many there are.
    rate : float
        Answers a second that all together want to give; 0 for as fast as they can.
    seconds : float
        How long they work.
    labels : list of str
        The classes to answer.
    warm : float
        Seconds at the beginning that are not counted.
    seed : int
        Decides who answers when, and what.
    tool : str
        Whose interface is spoken: ``asklearn`` or ``label_studio``.
    """

    urls: list[str]
    annotators: int
    rate: float
    seconds: float
    labels: list[str]
    warm: float = 2.0
    seed: int = 0
    tool: str = "asklearn"


@dataclass
class Seen:
    """What the annotators met with."""

    next: list[float] = field(default_factory=list)
    answer: list[float] = field(default_factory=list)
    empty: int = 0
    errors: list[str] = field(default_factory=list)
    answered: dict[str, float] = field(default_factory=dict)
    doubled: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.perf_counter)


class Connection:
    """One kept-alive HTTP/1.1 connection."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "127.0.0.1", parts.port or 80
        lines = {"Host": f"{self.host}:{self.port}", "Content-Type": "application/json", **headers}
        self._head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        """Send a request and return the status and the body of what comes back."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(self.host, self.port)
        reader, writer = self._streams
        content = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\n{self._head}Content-Length: {len(content)}\r\n\r\n"
        writer.write(head.encode() + content)
        top = await reader.readuntil(b"\r\n\r\n")
        status, length = int(top[9:12]), _length(top)
        answer = await reader.readexactly(length) if length else b""
        if b"\r\nconnection: close" in top.lower():
            self.close()
        return status, answer

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def _length(top: bytes) -> int:
    lower = top.lower()
    at = lower.find(b"\r\ncontent-length:")
    return 0 if at < 0 else int(lower[at + 17 : lower.index(b"\r\n", at + 2)])


class Asklearn:
    """How an annotator of ours asks and answers."""

    def __init__(self, url: str, number: int) -> None:
        self.line = Connection(url, {"X-Annotator": f"annotator {number}"})

    async def next(self) -> Any:
        """Return an item, or None where there is none now."""
        status, body = await self.line.ask("POST", "/api/v1/leases", {"n": 1})
        _expect(status, 200, body)
        cards = json.loads(body)["cards"]
        return cards[0]["item"] if cards else None

    async def answer(self, item: Any, label: str, key: str) -> None:
        """Answer it."""
        said = {"item": item, "label": label, "key": key, "seconds": 1.0}
        _expect(*await self._posted("/api/v1/answers", said, 204))

    async def _posted(self, path: str, said: Any, wanted: int) -> tuple[int, int, bytes]:
        status, body = await self.line.ask("POST", path, said)
        return status, wanted, body


class LabelStudio(Asklearn):
    """How one of Label Studio's does, by its own interface."""

    def __init__(self, url: str, number: int) -> None:
        self.line = Connection(url, {"Authorization": f"Token {'0' * 36}{number:04d}"})

    async def next(self) -> Any:
        """Return a task, which is locked for this user."""
        status, body = await self.line.ask("GET", "/api/projects/1/next")
        _expect(status, 200, body)
        return json.loads(body)["id"]

    async def answer(self, item: Any, label: str, key: str) -> None:
        """Make an annotation of it."""
        result = {"from_name": "s", "to_name": "t", "type": "choices", "value": {"choices": [label]}}
        said = {"result": [result], "lead_time": 1.0}
        _expect(*await self._posted(f"/api/tasks/{item}/annotations/", said, 201))


TOOLS = {"asklearn": Asklearn, "label_studio": LabelStudio}


class Refused(Exception):
    """An answer of the server that was not what it should be."""


def _expect(status: int, wanted: int, body: bytes) -> None:
    if status != wanted:
        raise Refused(f"{status} instead of {wanted}: {body[:200]!r}")


async def annotate(plan: Plan, number: int, start: float, seen: Seen) -> None:
    """Be one annotator until the time is up."""
    rng = random.Random(f"{plan.seed} {number}")
    one = TOOLS[plan.tool](plan.urls[number % len(plan.urls)], number)
    gap = plan.annotators / plan.rate if plan.rate else 0.0
    due = start + rng.random() * (gap or 0.2)
    clock = time.perf_counter
    while max(due, clock()) < start + plan.seconds:
        await asyncio.sleep(max(0.0, due - clock()))
        if not plan.rate:
            due = clock()
        worked = False
        try:
            worked = await _once(plan, one, due, seen, rng, due - start > plan.warm)
        except (OSError, asyncio.IncompleteReadError, Refused) as error:
            seen.errors.append(repr(error))
            one.line.close()
        due += rng.expovariate(1 / gap) if gap else 0.0
        if not worked:
            due = max(due, clock() + REST)
    one.line.close()


async def _once(plan: Plan, one: Asklearn, due: float, seen: Seen, rng: random.Random, counts: bool) -> bool:
    """Take an item and answer it; return whether there was one."""
    clock = time.perf_counter
    item = await one.next()
    lent = clock()
    if counts:
        seen.next.append(lent - due)
    if item is None:
        seen.empty += counts
        return False
    await one.answer(item, rng.choice(plan.labels), f"{rng.getrandbits(128):032x}")
    if counts:
        seen.answer.append(clock() - lent)
    if str(item) in seen.answered:
        seen.doubled.append(str(item))
    seen.answered[str(item)] = clock() - seen.began
    return True


async def _all(plan: Plan) -> dict[str, Any]:
    seen, start = Seen(), time.perf_counter()
    before = time.process_time()
    await asyncio.gather(*(annotate(plan, n, start, seen) for n in range(plan.annotators)))
    spent = time.perf_counter() - start
    return {
        "next": [round(one, 6) for one in seen.next], "answer": [round(one, 6) for one in seen.answer],
        "empty": seen.empty, "errors": seen.errors, "doubled": seen.doubled,
        "answered": list(seen.answered), "rate": len(seen.answer) / (spent - plan.warm), "wall": spent,
        "cpu": time.process_time() - before,
    }  # fmt: skip


if __name__ == "__main__":
    import uvloop

    found = uvloop.run(_all(Plan(**json.loads(sys.argv[1]))))
    os.set_blocking(sys.stdout.fileno(), True)  # a long line would be cut where the reader is slower
    print(json.dumps(found))
