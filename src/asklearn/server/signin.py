"""Who sends a request, and what they may do; whoever guesses tokens waits longer each time."""

from __future__ import annotations

import hashlib
import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, TypeAlias

from asklearn.registry import require
from asklearn.server.people import People, Person
from asklearn.state import GOLD

require("fastapi", "server")
from fastapi import Depends, HTTPException, Request  # noqa: E402
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer  # noqa: E402

FREE = 5
"""Different wrong tokens that an address may send before it has to wait."""

FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
FORGOTTEN = 3_600.0
MOST_ADDRESSES = 10_000


@dataclass(slots=True)
class _Tries:
    wrong: set[bytes] = field(default_factory=set)
    further: int = 0
    until: float = 0.0


class Attempts:
    """Counts the different wrong tokens of each address, and says how long it has to wait.

    A page that goes on sending one token that has ended makes nobody wait. The memory is bounded: of
    very many addresses those that were wrong last are remembered.

    Parameters
    ----------
    clock : callable
        Gives the time in seconds.

    Examples
    --------
    >>> attempts = Attempts(clock=lambda: 0.0)
    >>> for n in range(8):
    ...     attempts.wrong("10.0.0.1", f"guess {n}")
    >>> attempts.wait("10.0.0.1"), attempts.wait("10.0.0.2")
    (4.0, 0.0)
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._tries: OrderedDict[str, _Tries] = OrderedDict()

    def wait(self, address: str) -> float:
        """Return for how many seconds an address has to wait; 0 where it need not."""
        tries = self._tries.get(network(address))
        return max(0.0, tries.until - self._clock()) if tries is not None else 0.0

    def wrong(self, address: str, token: str) -> None:
        """Note that an address sent a token that is nobody's."""
        name, now = network(address), self._clock()
        tries = self._tries.pop(name, _Tries())
        if now - tries.until > FORGOTTEN:
            tries = _Tries()
        mark = _mark(token)
        if mark not in tries.wrong:
            if len(tries.wrong) < FREE:
                tries.wrong.add(mark)
                tries.until = max(tries.until, now)
            else:
                tries.until = now + min(FIRST_WAIT * 2.0 ** min(tries.further, 30), LONGEST_WAIT)
                tries.further += 1
        self._tries[name] = tries
        if len(self._tries) > MOST_ADDRESSES:
            self._tries.popitem(last=False)


def network(address: str) -> str:
    """Return what counts as one address: an IPv4 address, or the network that one IPv6 user has.

    Examples
    --------
    >>> network("::ffff:10.0.0.1"), network("2001:db8::1") == network("2001:db8::2")
    ('10.0.0.1', True)
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((int(found) >> 64 << 64, 64)))


class SignIn:
    """Finds out whose token was sent.

    While an address has to wait, tokens that were right before go on being right, so that nobody is locked
    out by a neighbour who guesses; any other one is not even looked at.

    Parameters
    ----------
    people : People
        Who has tokens.
    clock : callable
        Gives the time in seconds.
    """

    def __init__(self, people: People, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.people = people
        self.attempts = Attempts(clock=clock)
        self._right: set[bytes] = set()

    def person(self, token: str, address: str) -> Person:
        """Return whose token this is.

        Raises
        ------
        HTTPException
            401 if it is nobody's, 429 if the address has to wait.
        """
        mark = _mark(token)
        wait = 0.0 if mark in self._right else self.attempts.wait(address)
        if wait > 0:
            raise HTTPException(
                429, "Too many wrong tokens came from there. Wait, then sign in with your own.",
                {"Retry-After": str(math.ceil(wait))},
            )  # fmt: skip
        found = self.people.of(token)
        if found is None:
            self._right.discard(mark)
            self.attempts.wrong(address, token)
            raise HTTPException(
                401, "That token is not valid here, or no longer. Ask for a new one.",
                {"WWW-Authenticate": "Bearer"},
            )  # fmt: skip
        self._right.add(mark)
        return found


def _mark(token: str) -> bytes:
    return hashlib.blake2b(token.encode(), digest_size=16).digest()


Bearer: TypeAlias = Annotated[
    HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False, description="asklearn invite"))
]


def who(request: Request, sent: HTTPAuthorizationCredentials | None) -> Person:
    """Return who sends a request, or refuse it."""
    sign_in: SignIn | None = request.app.state.sign_in
    if sign_in is None:
        name = request.headers.get("x-annotator", "me")
        if not name or len(name) > 100 or not name.isprintable():
            raise HTTPException(401, "A name is 1 to 100 printable characters, in the header X-Annotator.")
        return Person(name, ("label", "progress"))
    token = "" if sent is None else sent.credentials.strip()
    if not token:
        raise HTTPException(
            401, "Sign in with a token: Authorization: Bearer TOKEN.", {"WWW-Authenticate": "Bearer"}
        )
    return sign_in.person(token, request.client.host if request.client else "")


async def gone(request: Request) -> bool:
    """Say whether somebody to whom an answer streams has left, or may no longer be here."""
    sign_in: SignIn | None = request.app.state.sign_in
    token = request.headers.get("authorization", "").partition(" ")[2].strip()
    ended = sign_in is not None and sign_in.people.of(token) is None
    return ended or await request.is_disconnected()


async def annotator(request: Request, sent: Bearer) -> str:
    """Return the name of somebody who may label."""
    person = who(request, sent)
    if "label" not in person.scopes:
        raise HTTPException(403, "This token may not label.")
    if person.name == GOLD:
        raise HTTPException(403, f"The name {GOLD!r} is kept for labels that are known to be right.")
    return person.name


async def watcher(request: Request, sent: Bearer) -> str:
    """Return the name of somebody who may see the progress."""
    person = who(request, sent)
    if "progress" not in person.scopes:
        raise HTTPException(403, "This token may not see the progress.")
    return person.name


Annotator: TypeAlias = Annotated[str, Depends(annotator)]
Watcher: TypeAlias = Annotated[str, Depends(watcher)]
