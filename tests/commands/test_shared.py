"""What commands share; the rest of it is tested through the commands."""

from __future__ import annotations

import io
import sys

import pytest

from asklearn.commands.shared import listed, show_json, working, writable
from asklearn.errors import BadInput


def test_commas_inside_brackets_do_not_split():
    assert listed("a, power(beta=2.0, zero=1),b") == ["a", "power(beta=2.0, zero=1)", "b"]
    assert listed(None) == []


def test_a_folder_that_is_not_there_cannot_be_written_to(tmp_path):
    writable(str(tmp_path / "a.csv"))
    with pytest.raises(BadInput, match="Cannot write"):
        writable(str(tmp_path / "gone" / "a.csv"))


def test_json_is_ascii_and_has_no_nan(capsys):
    show_json({"a": "ä"})
    assert capsys.readouterr().out == '{\n "a": "\\u00e4"\n}\n'
    with pytest.raises(ValueError):
        show_json(float("nan"))


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("stream", "said"), [(Terminal(), True), (io.StringIO(), False)])
def test_work_is_said_on_a_terminal_alone(monkeypatch, stream, said):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", stream)
    with working("Looking for gaps"):
        pass
    assert ("Looking for gaps" in stream.getvalue()) is said
