"""The first reading of a data file: a fair, bounded sample, and what is refused by row, in whichever piece."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import default_rng

from asklearn.errors import BadInput
from asklearn.settings import Settings
from asklearn.survey import Sample, survey


def silent(*_: object) -> None:
    pass


@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=200),
    st.lists(st.integers(1, 30), min_size=1, max_size=30),
    st.integers(1, 60),
    st.integers(1, 900),
)
@settings(max_examples=150, deadline=None)
def test_a_sample_is_the_rows_with_the_smallest_numbers_that_fit(lengths, cuts, rows, size):
    """However the rows are cut into pieces: the oracle sorts all of them by their number."""
    column = np.array(["x" * length for length in lengths], dtype=object)
    sample = Sample(default_rng(5), rows, size)
    start, turn = 0, 0
    while start < len(column):
        piece = cuts[turn % len(cuts)]
        sample.add({"t": column[start : start + piece]})
        start, turn = start + piece, turn + 1
    order = np.argsort(default_rng(5).random(len(column)))
    expected, taken = [], 0
    for row in order:
        taken += lengths[row]
        if len(expected) == rows or (taken > size and expected):
            break
        expected.append(int(row))
    found, columns = sample.taken()
    assert found.tolist() == sorted(expected)
    assert columns["t"].tolist() == column[found].tolist()


def test_every_row_is_as_likely_to_be_drawn():
    drawn = np.zeros(50)
    for seed in range(600):
        sample = Sample(default_rng(seed), 10)
        for start in range(0, 50, 7):
            sample.add({"n": np.arange(start, min(start + 7, 50))})
        drawn[sample.taken()[0]] += 1
    assert abs(drawn / 600 - 0.2).max() < 5 * np.sqrt(0.2 * 0.8 / 600)


def read(file: Path, kind: str = "tabular", columns: tuple[str, ...] = ("v",), **more: object):
    return survey(file, Settings(kind=kind, columns=columns, **more), silent)


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr("asklearn.survey.PIECE", 2)


@pytest.mark.parametrize(
    ("text", "more", "words"),
    [
        ("v\n1.5\n2\n3\ninf\n5\n", {}, "'v' of n.csv has inf in data row 4"),
        ("v,k\n1,a\n2,b\n3,c\n4,b\n", {"id": "k"}, "'b' in data rows 2 and 4"),
        ("v,k\n1,a\n2,b\n3,\n", {"id": "k"}, "no id in data row 3"),
        ("v,k\n1,a\n2,b\n3,c\n", {"label": "k", "labels": ("a", "b")}, "'c' in data row 3 of n.csv"),
    ],
)
def test_what_is_wrong_is_named_by_its_row(tmp_path, text, more, words):
    (tmp_path / "n.csv").write_text(text)
    with pytest.raises(BadInput, match=words):
        read(tmp_path / "n.csv", **more)


def test_columns_of_another_kind(tmp_path):
    from asklearn.sources.items import write_items

    nan = np.eye(4, 2, dtype=np.float32)
    nan[3, 1] = np.nan
    columns = {"image": [b"\x89PNG"] * 4, "vector": np.eye(4, 2), "nan": nan, "word": list("abcd")}
    write_items(tmp_path / "n.parquet", columns)
    for kind, column, words in (
        ("tabular", "image", "holds bytes"),
        ("tabular", "vector", "holds arrays"),
        ("embedding", "word", "must hold embeddings.* Got single values"),
        ("embedding", "nan", "has nan in data row 4"),
        ("image", "word", "must hold images.* Got str in data row 1"),
        ("text", "image", "holds bytes"),
    ):
        with pytest.raises(BadInput, match=words):
            read(tmp_path / "n.parquet", kind, (column,))


def test_what_is_found(tmp_path):
    (tmp_path / "n.csv").write_text("v,k,y\n1,a, No\n,b,\n3,c,YES\n4,d,no\n5,e,yes\n")
    seen = []
    found = survey(
        tmp_path / "n.csv", Settings(kind="tabular", columns=("v",), id="k", label="y", labels=("yes", "no")),
        lambda *one: seen.append(one),
    )  # fmt: skip
    assert (found.rows, found.ids) == (5, list("abcde"))
    assert found.labels == [(0, "no"), (2, "yes"), (3, "no"), (4, "yes")]
    assert seen == [("checking", 2, None), ("checking", 4, None), ("checking", 5, None)]
    rows, columns = found.sample.taken()
    assert rows.tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(columns["v"], [1, np.nan, 3, 4, 5])
