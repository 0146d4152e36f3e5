"""The table [server] of a project's settings."""

from __future__ import annotations

from typing import Any

import pytest

from asklearn.errors import BadInput
from asklearn.server.options import Options, options_from
from asklearn.settings import Settings, settings_from, to_toml

PLAIN = Settings(kind="text", columns=("title",))


def test_it_is_written_and_read_with_the_other_settings() -> None:
    table = {"refresh_labels": 5, "refresh_seconds": 2.5}
    text = to_toml(Settings(kind="text", columns=("title",), stop={"target": 0.9}, server=table))
    assert settings_from(text).server == table
    assert settings_from(to_toml(PLAIN)).server == {}


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"refresh_labels": 0}, "at least 1. Got 0"),
        ({"refresh_labels": 2.5}, "Got 2.5"),
        ({"refresh_seconds": float("nan")}, "Got nan"),
        ({"refresh_seconds": "1"}, "Got '1'"),
        ({"workers": 2}, "no setting 'workers'"),
    ],
)
def test_what_it_cannot_be_is_said(table: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        options_from(table)
    with pytest.raises(BadInput, match=r"\[server\]"):
        settings_from(to_toml(Settings(kind="text", columns=("title",), server=table)))


def test_nothing_said_is_as_usual() -> None:
    assert options_from({}) == Options(refresh_labels=20, refresh_seconds=15.0)
