"""Files replaced as a whole, known by content, locked against a second process."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress

import pytest

from asklearn.errors import BadInput, Conflict
from asklearn.files import digest_of, locked, replacing


def test_a_file_is_replaced_as_a_whole_or_not_at_all(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("before")
    with suppress(KeyboardInterrupt), replacing(file) as out:
        out.write(b"half")
        raise KeyboardInterrupt
    assert (file.read_text(), [one.name for one in tmp_path.iterdir()]) == ("before", ["a.txt"])


def test_a_digest_is_of_the_content(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_text("same")
    assert digest_of(tmp_path / "a") == digest_of(tmp_path / "b")
    (tmp_path / "b").write_text("sane")
    assert digest_of(tmp_path / "a") != digest_of(tmp_path / "b")
    with pytest.raises(BadInput, match="There is no file"):
        digest_of(tmp_path / "c")


def test_a_folder_s_digest_is_of_names_and_contents_and_not_of_what_is_hidden(tmp_path):
    def folder(name: str, files: dict[str, str]) -> str:
        for file, text in files.items():
            (tmp_path / name / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / file).write_text(text)
        return digest_of(tmp_path / name)

    plain = folder("plain", {"x/a": "1", "x/b": "2"})
    assert folder("again", {"x/b": "2", "x/a": "1", ".hidden": "3", ".git/x": "4"}) == plain
    others = [{"x/a": "2", "x/b": "1"}, {"x/a": "12", "x/b": ""}, {"x/a": "1"}, {"y/a": "1", "x/b": "2"}]
    assert plain not in {folder(f"o{i}", files) for i, files in enumerate(others)}


def test_a_lock_keeps_another_process_out_and_ends_with_its_process(tmp_path):
    program = (
        "import sys, time; from pathlib import Path; from asklearn.files import locked\n"
        "with locked(Path(sys.argv[1]), 'busy'): print('held', flush=True); time.sleep(60)"
    )
    file = tmp_path / "lock"
    other = subprocess.Popen([sys.executable, "-c", program, str(file)], stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(Conflict, match="busy"), locked(file, "busy"):
            pass
    finally:
        other.kill()
        other.communicate()
    with locked(file, "busy"):
        assert file.read_bytes() == b""
        assert list(tmp_path.iterdir()) == [file]
    with locked(file, "busy"):
        pass


def test_a_lock_that_cannot_be_made_is_told(tmp_path):
    with pytest.raises(BadInput, match="cannot be locked"), locked(tmp_path / "gone" / "lock", "busy"):
        pass
