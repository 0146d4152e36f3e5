"""Tokens: only hashes are kept, scopes are checked, an ended one opens nothing."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from asklearn.errors import BadInput, Conflict, NotStored
from asklearn.server.people import FILE, People


def test_a_token_is_whose_it_is_until_it_ends(tmp_path: Path) -> None:
    now = [0.0]
    people = People(tmp_path, clock=lambda: now[0])
    ann, ben = people.invite("ann", ["label"], days=1), people.invite("ben", ["label", "progress"], days=2)
    assert ann != ben
    assert (people.of(ann), people.of(ben)) == (("ann", ("label",)), ("ben", ("label", "progress")))
    now[0] = 86_401.0
    assert people.of(ann) is None
    assert People(tmp_path, clock=lambda: now[0]).of(ben) is not None
    assert people.revoke("ben") == 1
    assert people.of(ben) is None


def test_the_file_tells_no_token_and_is_ones_own(tmp_path: Path) -> None:
    token = People(tmp_path).invite("ann", ["label"], days=1)
    assert token not in (tmp_path / FILE).read_text()
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("name", "scopes"), [("ann", []), ("ann", ["all"]), ("", ["label"]), ("a\nb", ["label"])]
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, name: str, scopes: list[str]) -> None:
    with pytest.raises(BadInput):
        People(tmp_path).invite(name, scopes, days=1)
    assert not (tmp_path / FILE).exists()


def test_a_file_that_did_not_change_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token = People(tmp_path).invite("ann", ["label"], days=1)
    people, read = People(tmp_path), []
    whole = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda self: read.append(self) or whole(self))
    assert all(people.of(token) is not None for _ in range(10))
    assert len(read) == 1
    ben = People(tmp_path).invite("ben", ["progress"], days=1)
    assert people.of(ben) is not None
    assert People(tmp_path).revoke("ann") == 1
    assert people.of(token) is None


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"a": 1}', b'{"a": {"name": "ann"}}', b"\xff"])
def test_a_damaged_file_lets_nobody_in_and_says_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(NotStored, match="is damaged"):
        People(tmp_path).of("token")


def test_two_who_invite_at_once_lose_nobody(tmp_path: Path) -> None:
    def invite(n: int) -> str | None:
        try:
            return People(tmp_path).invite(f"p{n}", ["label"], days=1)
        except Conflict:
            return None

    with ThreadPoolExecutor(8) as pool:
        made = [one for one in pool.map(invite, range(40)) if one is not None]
    people = People(tmp_path)
    assert made
    assert all(people.of(one) is not None for one in made)
