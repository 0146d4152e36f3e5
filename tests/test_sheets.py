"""Sheets: what is escaped comes back, and whatever bytes come in, an error is one of ours."""

from __future__ import annotations

import csv
import io
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asklearn.errors import BadInput
from asklearn.sheets import escape, read_labels, read_sheet, restore, texts, write_sheet

texts_of_any_kind = st.text(st.characters(exclude_categories=["Cs"]))


@given(texts_of_any_kind | st.text("'=+-@\t\ra", max_size=5))
def test_escaping_is_undone_and_no_formula_is_left(cell):
    escaped = escape(cell)
    assert restore(escaped) == cell
    assert not escaped.startswith(("=", "+", "-", "@", "\t", "\r"))


@given(st.lists(st.tuples(texts_of_any_kind, texts_of_any_kind), max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_written_is_read(tmp_path, pairs):
    pairs = [
        (f"i{i}{item}".strip().replace("\0", ""), label.strip().replace("\0", ""))
        for i, (item, label) in enumerate(pairs)
    ]
    pairs = [(i, restore(escape(v))) for i, v in pairs]
    out = io.StringIO()
    write_sheet(out, ["note", "id", "label"], [["=x\ny", item, label] for item, label in pairs])
    file = tmp_path / "s.csv"
    file.write_bytes(out.getvalue().encode("utf-8-sig"))
    assert [(line.item, line.label) for line in read_sheet(file)] == [(item, label) for item, label in pairs]


@given(st.binary(max_size=200).map(lambda tail: b"id,label\n" + tail) | st.binary(max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
def test_any_bytes_are_read_or_refused(tmp_path, content):
    file = tmp_path / "s.csv"
    file.write_bytes(content)
    with suppress(BadInput):
        assert all(line.item for line in read_sheet(file))


def test_the_limit_of_a_cell_is_put_back(tmp_path):
    before = csv.field_size_limit()
    (tmp_path / "s.csv").write_text("id,label\n1," + "x" * 200_000)
    assert len(read_sheet(tmp_path / "s.csv")[0].label) == 200_000
    assert csv.field_size_limit() == before


def test_a_folder_is_no_sheet(tmp_path: Path):
    with pytest.raises(BadInput, match="cannot be read"):
        read_sheet(tmp_path)


def test_other_files_are_read_by_a_source(tmp_path: Path):
    from asklearn.sources.items import write_items

    write_items(tmp_path / "a.parquet", {"id": [1, 2], "label": [0.0, float("nan")]})
    assert [(line.item, line.label) for line in read_labels(tmp_path / "a.parquet")] == [
        ("1", "0"),
        ("2", ""),
    ]


def test_bytes_are_no_texts():
    import numpy as np

    with pytest.raises(BadInput, match="images"):
        texts(np.array([b"x"], object), "png", "a.parquet")
    with pytest.raises(BadInput, match="arrays"):
        texts(np.eye(2), "v", "a.parquet")
