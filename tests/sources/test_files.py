"""Bytes from files: inflated within bounds, and the place of what is not UTF-8."""

import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asklearn.errors import BadInput
from asklearn.sources._files import (
    Stream,
    ending,
    joined,
    known,
    listed,
    most_inflated,
    not_utf8,
    reading,
    unique,
)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.csv", (".csv", None)),
        ("a.b.JSONL.ZST", (".jsonl", "zstd")),
        ("a.gz", ("", "gzip")),
        ("a", ("", None)),
    ],
)
def test_ending(tmp_path, name, kind):
    assert ending(tmp_path / name) == kind


@pytest.mark.parametrize("size", [0, 1, 70_000, 3_000_000])
def test_inflated_bytes_come_back_in_members_too(tmp_path, size):
    content = bytes(range(256)) * (size // 256 + 1)
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(content) + gzip.compress(b"more"))
    with reading(tmp_path / "t.csv.gz") as opened:
        assert opened.read() == content + b"more"


def test_the_bound_is_exact(tmp_path):
    file = tmp_path / "t.csv.gz"
    file.write_bytes(gzip.compress(b"x" * 1000))
    stream = Stream(file)
    stream._limit = 1000
    assert stream.readall() == b"x" * 1000
    stream = Stream(file)
    stream._limit = 999
    with pytest.raises(BadInput, match="inflates to more than 999 bytes"):
        stream.readall()


def test_bound_grows_with_the_file():
    assert most_inflated(0) == 64 << 20
    assert most_inflated(1 << 30) == 200 << 30


@pytest.mark.parametrize("content", [b"plain text", gzip.compress(b"x" * 99)[:-5]], ids=["plain", "cut"])
def test_what_is_no_gzip_is_refused(tmp_path, content):
    (tmp_path / "t.csv.gz").write_bytes(content)
    with (
        pytest.raises(BadInput, match=r"t\.csv\.gz is not a whole gzip file"),
        reading(tmp_path / "t.csv.gz") as t,
    ):
        t.read()


def decodes(content):
    return content.decode(errors="replace").encode() == content


@given(st.binary(max_size=40), st.integers(0, 3))
@settings(max_examples=200, deadline=None)
def test_place_of_the_first_byte_that_is_not_utf8(tmp_path_factory, content, shift):
    whole = b"\n\xc3\xa9" * ((1 << 20) // 3) + b"x" * shift + content
    file = tmp_path_factory.mktemp("t") / "t.csv"
    file.write_bytes(whole)
    said = str(not_utf8(file))
    if decodes(whole):
        assert "byte" not in said
    else:
        with pytest.raises(UnicodeDecodeError) as error:
            whole.decode()
        start = error.value.start
        line = whole.count(b"\n", 0, start) + 1
        assert f"byte 0x{whole[start]:02x} at position {start}, line {line}." in said


def test_names():
    assert known(["b"], ["a", "b"], "t") == ["b"]
    assert listed(range(25)).endswith("19 and 5 more")
    unique(["a", "b"], "t")
    with pytest.raises(BadInput, match="t has 'a' more than once"):
        unique(["a", "b", "a"], "t")


def test_joined():
    blocks = [{"a": np.array([1]), "b": np.array(["x"], object)}, {"a": np.array([2]), "b": np.array([None])}]
    whole = joined(blocks)
    assert (whole["a"].tolist(), whole["b"].tolist()) == ([1, 2], ["x", None])
