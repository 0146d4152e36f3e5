"""Connections that may not be held open for nothing: a request must have arrived within seconds.

uvicorn waits for as long as a sender takes. Some hundred senders of one byte a minute would hold every
connection that there is (slow loris), and a header without an end would fill the memory.
"""

from __future__ import annotations

import asyncio
from typing import Any

from asklearn.registry import require
from asklearn.server.guard import HEADERS, crowded

require("uvicorn", "server")
require("httptools", "server")
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol  # noqa: E402

ARRIVES = 20.0
"""Seconds within which a whole request must arrive, from its first byte or from the connection's begin."""

MOST_HEAD = 64 << 10
"""Bytes of a request's head that may arrive before its end."""

MOST_CONNECTIONS = 900
"""Fewer than the 1,024 files that a process usually may have open; on further ones the answer is 503."""

IDLE = 15
"""Seconds for which a connection is kept between requests."""

ENDS = 5
"""Seconds that answers under way have when the server is told to end."""

STARTS = 120
"""Seconds after which one of several processes that says nothing is taken for dead: a busy machine starts slowly."""


class Connection(HttpToolsProtocol):
    """uvicorn's connection, which ends when a request takes too long to arrive, or its head is too long."""

    arrives = ARRIVES
    most = MOST_CONNECTIONS

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._deadline: asyncio.TimerHandle | None = None
        self._in_head = True
        self._head = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._deadline = self.loop.call_later(self.arrives, self._late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._arrived()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take in what came, unless it is more head than any browser sends."""
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.arrives, self._late)
        super().data_received(data)
        self._head = self._head + len(data) if self._in_head else 0
        if self._head > MOST_HEAD and not self.transport.is_closing():
            self.send_400_response("The head of that request is too long.")

    def on_message_begin(self) -> None:
        """Begin with a request."""
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Go on to a request's body."""
        self._in_head = False
        self.app = self.config.loaded_app if len(self.connections) <= self.most else crowded
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Have a whole request."""
        self._arrived()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request, with the headers of every answer."""
        head = {
            "Content-Type": "text/plain",
            "Content-Length": str(len(msg)),
            "Connection": "close",
            **HEADERS,
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        self.transport.write(f"HTTP/1.1 400 Bad Request\r\n{lines}\r\n{msg}".encode("ascii"))
        self.transport.close()

    def _arrived(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _late(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self.transport.close()


UVICORN: dict[str, Any] = {
    "http": Connection, "timeout_keep_alive": IDLE, "backlog": 1_024, "ws": "none", "server_header": False,
    "access_log": False, "timeout_graceful_shutdown": ENDS,
    "timeout_worker_healthcheck": STARTS,
}  # fmt: skip
"""What uvicorn is told. Addresses and queries are never logged, since tokens might be written there by mistake."""
