"""Tokens: only hashes are kept, scopes are checked, an ended one opens nothing."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from asklearn.errors import BadInput
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
