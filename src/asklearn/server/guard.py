"""What every request passes: its host, its origin, its size, and the headers that answers carry."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from asklearn.registry import require
from asklearn.server.problems import problem

require("fastapi", "server")
from starlette.exceptions import HTTPException  # noqa: E402

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
        "font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
_EXTRA = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
_LOOKED_AT = {b"host", b"origin", b"sec-fetch-site", b"content-length"}

MOST_BYTES = 256 << 10
"""Of a request: a hundred answers at once, with room for long labels."""

TOO_LONG = f"A request may have {MOST_BYTES} bytes at most. Send less at a time."
OTHER_SITE = "That request comes from another site; open the pages of this server itself."
BROKEN = "The server failed at this; its log says where. Try again, and report it if it stays so."
_log = logging.getLogger(__name__)


class Guard:
    """Turns away what no page of ours would send, before any route sees it.

    Parameters
    ----------
    app : callable
        The ASGI application behind it.
    hosts : sequence of str
        Names by which this server may be called: other ones come from a page that had its own name point
        here (DNS rebinding).
    """

    def __init__(self, app: Any, hosts: Sequence[str]) -> None:
        self.app = app
        self.hosts = {one.lower() for one in hosts}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request; what breaks inside is told to the log, and to the caller only that it broke."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answer = _Answer(send)
        refusal = self._refusal(scope)
        if refusal is not None:
            await problem(*refusal)(scope, receive, answer.send)
            return
        try:
            await self.app(scope, _limited(receive), answer.send)
        except Exception:
            if answer.begun:
                raise
            _log.exception("%s %.200r failed", scope["method"], scope["path"])
            await problem(500, BROKEN)(scope, receive, answer.send)

    def _refusal(self, scope: Any) -> tuple[int, str] | None:
        sent = {name: value.decode("latin-1") for name, value in scope["headers"] if name in _LOOKED_AT}
        host = sent.get(b"host", "").lower()
        hosts = sum(name == b"host" for name, _ in scope["headers"])
        if hosts != 1 or _name(host) not in self.hosts:
            return (
                421,
                "This server is not called by that name; its owner allows names by asklearn serve --name.",
            )
        origin = sent.get(b"origin")
        foreign = origin is not None and urlsplit(origin).netloc.lower() != host
        if scope["method"] not in ("GET", "HEAD") and foreign:
            return 403, OTHER_SITE
        if scope["path"].startswith("/api/") and sent.get(b"sec-fetch-site") in ("cross-site", "same-site"):
            return 403, OTHER_SITE
        length = sent.get(b"content-length", "0")
        if len(length) > 9 or not length.isdecimal() or int(length) > MOST_BYTES:
            return 413, TOO_LONG
        return None


class _Answer:
    """Sends an answer with the headers that it lacks, and knows whether it has begun."""

    def __init__(self, send: Any) -> None:
        self._send, self.begun = send, False

    async def send(self, message: Any) -> None:
        self.begun = True
        if message["type"] == "http.response.start":
            there = {name for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(one for one in _EXTRA if one[0] not in there)]
        await self._send(message)


async def crowded(scope: Any, receive: Any, send: Any) -> None:
    """Answer, in place of the application, that too many are here just now."""
    refusal = problem(
        503, "Too many connections are open just now. Try again soon.", headers={"Retry-After": "5"}
    )
    await refusal(scope, receive, _Answer(send).send)


def _limited(receive: Any) -> Any:
    seen = 0

    async def limited() -> Any:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > MOST_BYTES:
            raise HTTPException(413, TOO_LONG)
        return message

    return limited


def _name(host: str) -> str:
    """Return a host without its port.

    Examples
    --------
    >>> _name("localhost:8000"), _name("[::1]:8000")
    ('localhost', '[::1]')
    """
    return host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
