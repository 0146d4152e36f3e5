"""What a pool's manifest takes, and what it refuses."""

from __future__ import annotations

import json

import pytest

from asklearn.errors import BadInput, NewerFormat
from asklearn.manifest import Manifest, Source

TWO = Manifest((Source("a.csv", "1f", 30, True), Source("b.csv", "9c", 5)))


def test_it_comes_back_as_it_was_written(tmp_path):
    assert Manifest.read(tmp_path) == Manifest()
    assert TWO.write(tmp_path) == Manifest.read(tmp_path) == TWO
    assert (TWO.rows, TWO.done, TWO.start("9c"), TWO.start("new")) == (35, False, 30, 35)
    assert TWO.noting(Source("b.csv", "9c", 5, True)).done


def test_a_damaged_older_or_newer_one_is_told(tmp_path):
    file = TWO.write(tmp_path) and tmp_path / "manifest.json"
    plain = json.loads(file.read_text())
    first = plain["sources"][0]
    wrong = ["", "{", "[]", "{}", '{"format": "x"}', json.dumps(plain | {"sources": [1]})]
    wrong += [json.dumps(plain | {"sources": [first | change]}) for change in ({"rows": "1"}, {"more": 1})]
    for text in wrong:
        file.write_text(text)
        with pytest.raises(BadInput, match="damaged"):
            Manifest.read(tmp_path)
    for version, error, words in ((1, BadInput, "before the first release"), (9, NewerFormat, "format 9")):
        file.write_text(json.dumps(plain | {"format": version}))
        with pytest.raises(error, match=words):
            Manifest.read(tmp_path)
