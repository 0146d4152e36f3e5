"""Signing in: who guesses waits, whoever is in stays in, and what is remembered is bounded."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace

import pytest
from apart import run
from fastapi import HTTPException, Request

from asklearn.server.people import People
from asklearn.server.signin import FORGOTTEN, FREE, LONGEST_WAIT, MOST_ADDRESSES, Attempts, SignIn, gone


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def status(sign_in: SignIn, token: str, address: str = "10.0.0.1") -> int:
    try:
        sign_in.person(token, address)
    except HTTPException as refused:
        return refused.status_code
    return 200


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_guesses_wait_longer_each_time_and_are_not_even_looked_at(tmp_path: Path, clock: Clock) -> None:
    people = People(tmp_path)
    sign_in, token = SignIn(people, clock=clock), people.invite("ann", ["label"], days=1)
    assert [status(sign_in, f"guess {n}") for n in range(FREE + 1)] == [401] * (FREE + 1)
    assert status(sign_in, token) == 429
    waits = []
    for n in range(12):
        waits.append(sign_in.attempts.wait("10.0.0.1"))
        clock.now += waits[-1]
        assert status(sign_in, f"further {n}") == 401
    assert waits == [min(2.0**n, LONGEST_WAIT) for n in range(12)]
    assert status(sign_in, token, "10.0.0.2") == 200
    clock.now += LONGEST_WAIT
    assert status(sign_in, token) == 200


def test_whoever_is_in_stays_in_beside_somebody_who_guesses(tmp_path: Path, clock: Clock) -> None:
    people = People(tmp_path)
    sign_in, token = SignIn(people, clock=clock), people.invite("ann", ["label"], days=1)
    assert status(sign_in, token) == 200
    for n in range(50):
        status(sign_in, f"guess {n}")
    assert status(sign_in, token) == 200
    people.revoke("ann")
    assert [status(sign_in, token) for _ in range(2)] == [401, 429]


def test_a_page_with_an_old_token_makes_nobody_wait(tmp_path: Path, clock: Clock) -> None:
    people = People(tmp_path)
    sign_in = SignIn(people, clock=clock)
    assert [status(sign_in, "an old one") for _ in range(100)] == [401] * 100
    assert status(sign_in, people.invite("ann", ["label"], days=1)) == 200


def test_addresses_are_forgotten_and_their_number_is_bounded(clock: Clock) -> None:
    attempts = Attempts(clock=clock)
    for n in range(FREE + 5):
        attempts.wrong("10.0.0.1", f"guess {n}")
    clock.now += FORGOTTEN + LONGEST_WAIT
    attempts.wrong("10.0.0.1", "one more")
    assert attempts.wait("10.0.0.1") == 0
    for n in range(MOST_ADDRESSES + 10):
        attempts.wrong(f"host {n}", "guess")
    assert len(attempts._tries) == MOST_ADDRESSES


def test_all_addresses_of_one_ipv6_user_are_one(clock: Clock) -> None:
    attempts = Attempts(clock=clock)
    for n in range(FREE + 1):
        attempts.wrong(f"2001:db8::{n:x}", f"guess {n}")
    assert attempts.wait("2001:db8::ffff") > 0
    assert attempts.wait("2001:db8:0:1::1") == 0


@pytest.mark.parametrize("left", [False, True])
def test_who_is_gone_is_told_nothing_further(tmp_path: Path, left: bool) -> None:
    people = People(tmp_path)
    token = people.invite("ann", ["label"], days=1)
    app = SimpleNamespace(state=SimpleNamespace(sign_in=SignIn(people)))

    async def receive() -> dict[str, str]:
        if not left:
            await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    def ask() -> bool:
        head = [(b"authorization", f"Bearer {token}".encode())]
        return run(gone(Request({"type": "http", "headers": head, "app": app}, receive)))

    assert ask() == left
    people.revoke("ann")
    assert ask()
