"""Connections of those who send slowly, endlessly, or nonsense; over real sockets."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest
import uvicorn
from fastapi import FastAPI

from asklearn.server.connections import MOST_HEAD, UVICORN, Connection
from asklearn.server.guard import MOST_BYTES, Guard

GET = b"GET /here HTTP/1.1\r\nHost: localhost\r\n"


class Hasty(Connection):
    arrives = 0.5
    most = 5


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    app = FastAPI()
    app.add_api_route("/here", lambda: "yes", methods=["GET"])
    app.add_middleware(Guard, hosts=["localhost"])
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", **{**UVICORN, "http": Hasty}))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])), daemon=True)
        thread.start()
        yield int(listening.getsockname()[1])
        server.should_exit = True
        thread.join(10)


def open_to(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def everything(connection: socket.socket) -> bytes:
    """Return what comes until the other side ends the connection; a timeout fails the test."""
    found = b""
    try:
        while part := connection.recv(1 << 16):
            found += part
    except ConnectionResetError:
        pass
    return found


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        GET,
        GET + b"X-Slow: ",
        b"\r\n",
        b"POST /here HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nx",
    ],
    ids=["nothing", "half a head", "half a header", "an empty line", "half a body"],
)
def test_what_does_not_arrive_is_waited_for_no_longer(port: int, sent: bytes) -> None:
    with open_to(port) as slow:
        slow.sendall(sent)
        assert b" 200 " not in everything(slow)


def test_dripping_bytes_do_not_keep_a_connection(port: int) -> None:
    def drip(slow: socket.socket) -> None:
        for _ in range(200):
            slow.sendall(b"X-Drip: 1\r\n")
            threading.Event().wait(0.05)

    with open_to(port) as slow:
        slow.sendall(GET)
        with pytest.raises(OSError):
            drip(slow)


def test_an_empty_line_after_an_answer_does_not_keep_a_connection(port: int) -> None:
    with open_to(port) as slow:
        slow.sendall(GET + b"\r\n")
        answer = b""
        while not answer.endswith(b'"yes"'):
            answer += slow.recv(1 << 16)
        assert b" 200 " in answer
        slow.sendall(b"\r\n")
        assert everything(slow) == b""


def test_a_head_without_an_end_is_refused(port: int) -> None:
    with open_to(port) as endless:
        endless.sendall(GET + b"X-Long: " + b"x" * MOST_HEAD)
        assert b"too long" in everything(endless)


def test_what_is_no_request_is_refused_with_the_headers(port: int) -> None:
    with open_to(port) as strange:
        strange.sendall(b"\x16\x03\x01 not HTTP\r\n\r\n")
        found = everything(strange).lower()
    assert found.startswith(b"http/1.1 400 ")
    assert b"x-content-type-options: nosniff" in found
    assert b"content-security-policy: default-src 'none'" in found


def test_a_body_without_an_end_is_refused(port: int) -> None:
    with open_to(port) as endless:
        endless.sendall(b"POST /here HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
        try:
            for _ in range(2 * MOST_BYTES // 0x8000):
                endless.sendall(chunk)
        except OSError:
            pass
        assert b" 200 " not in everything(endless)


def test_too_many_connections_are_told_so_and_the_rest_is_served(port: int) -> None:
    held = [open_to(port) for _ in range(Hasty.most)]
    with open_to(port) as further:
        further.sendall(GET + b"\r\n")
        found = further.recv(1 << 16).lower()
    assert found.startswith(b"http/1.1 503 ")
    assert b"retry-after: 5" in found
    assert b"x-content-type-options: nosniff" in found
    for one in held:
        assert everything(one) == b""
        one.close()
    with open_to(port) as later:
        later.sendall(GET + b"\r\n")
        assert later.recv(1 << 16).startswith(b"HTTP/1.1 200 ")
