"""Annotators as a load: each takes the next item, answers it, and comes again when it is due.

A process of its own: ``python benchmarks/annotators.py '{"urls": ["http://127.0.0.1:8321"], ...}'`` reads a
:class:`Plan` as JSON and prints a line of JSON. HTTP is spoken over plain sockets, one connection an annotator,
so that asking costs little beside answering; what it costs is told (``cpu``). A time is counted from when the
request was due, so that a stall counts for everybody whom it holds up.
"""

from __future__ import annotations

import asyncio
import json
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
    """

    urls: list[str]
    annotators: int
    rate: float
    seconds: float
    labels: list[str]
    warm: float = 2.0
    seed: int = 0


@dataclass
class Seen:
    """What the annotators met with."""

    next: list[float] = field(default_factory=list)
    answer: list[float] = field(default_factory=list)
    empty: int = 0
    errors: list[str] = field(default_factory=list)
    answered: dict[str, str] = field(default_factory=dict)
    doubled: list[str] = field(default_factory=list)
    counted: int = 0


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
        return status, await reader.readexactly(length) if length else b""

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def _length(top: bytes) -> int:
    lower = top.lower()
    at = lower.find(b"\r\ncontent-length:")
    return 0 if at < 0 else int(lower[at + 17 : lower.index(b"\r\n", at + 2)])


async def annotate(plan: Plan, number: int, start: float, seen: Seen) -> None:
    """Be one annotator until the time is up."""
    rng = random.Random(f"{plan.seed} {number}")
    name = f"annotator {number}"
    line = Connection(plan.urls[number % len(plan.urls)], {"X-Annotator": name})
    gap = plan.annotators / plan.rate if plan.rate else 0.0
    due = start + rng.random() * (gap or 0.2)
    clock = time.perf_counter
    while max(due, clock()) < start + plan.seconds:
        await asyncio.sleep(max(0.0, due - clock()))
        if not plan.rate:
            due = clock()
        try:
            rested = await _one(plan, name, line, due, seen, rng, due - start > plan.warm)
        except (OSError, asyncio.IncompleteReadError) as error:
            seen.errors.append(repr(error))
            line.close()
            rested = REST
        due = max(due + (rng.expovariate(1 / gap) if gap else 0.0), clock() + rested if rested else 0.0)
    line.close()


async def _one(
    plan: Plan, name: str, line: Connection, due: float, seen: Seen, rng: random.Random, counts: bool
) -> float:
    """Take an item and answer it; return how long to rest, where there was none."""
    clock = time.perf_counter
    status, body = await line.ask("POST", "/api/v1/leases", {"n": 1})
    lent = clock()
    if status != 200:
        seen.errors.append(f"leases: {status} {body[:200]!r}")
        return REST
    if counts:
        seen.next.append(lent - due)
    cards = json.loads(body)["cards"]
    if not cards:
        seen.empty += counts
        return REST
    item = cards[0]["item"]
    said = {
        "item": item,
        "label": rng.choice(plan.labels),
        "key": f"{rng.getrandbits(128):032x}",
        "seconds": 1.0,
    }
    status, body = await line.ask("POST", "/api/v1/answers", said)
    if status != 204:
        seen.errors.append(f"answers: {status} {body[:200]!r}")
        return REST
    if counts:
        seen.answer.append(clock() - lent)
        seen.counted += 1
    if str(item) in seen.answered:
        seen.doubled.append(str(item))
    seen.answered[str(item)] = name
    return 0.0


async def _all(plan: Plan) -> dict[str, Any]:
    seen, start = Seen(), time.perf_counter()
    before = time.process_time()
    await asyncio.gather(*(annotate(plan, n, start, seen) for n in range(plan.annotators)))
    spent = time.perf_counter() - start
    return {
        "next": [round(one, 6) for one in seen.next], "answer": [round(one, 6) for one in seen.answer],
        "empty": seen.empty, "errors": seen.errors, "doubled": seen.doubled,
        "answered": list(seen.answered), "rate": seen.counted / (spent - plan.warm), "wall": spent,
        "cpu": time.process_time() - before,
    }  # fmt: skip


if __name__ == "__main__":
    import uvloop

    print(json.dumps(uvloop.run(_all(Plan(**json.loads(sys.argv[1]))))))
