"""A project's items: written once, read back by row."""

from __future__ import annotations

import numpy as np
import pytest

from asklearn.errors import BadInput
from asklearn.registry import lookup
from asklearn.sources import items
from asklearn.sources.items import read_items, write_items


def test_rows_come_in_the_order_asked_from_any_group(tmp_path, monkeypatch):
    monkeypatch.setattr(items, "_GROUP", 10)
    write_items(tmp_path / "a.parquet", {"n": np.arange(95), "t": [str(i) for i in range(95)]})
    rows = np.random.default_rng(0).integers(0, 95, 40)
    assert read_items(tmp_path / "a.parquet", rows) == [{"n": int(i), "t": str(i)} for i in rows]
    assert read_items(tmp_path / "a.parquet", [94], ["t"]) == [{"t": "94"}]
    assert read_items(tmp_path / "a.parquet", []) == []


def test_the_source_reads_what_was_written(tmp_path):
    columns = {
        "f": np.array([1.5, np.nan]), "i": np.array([1, 2]), "t": np.array(["a", None], object),
        "b": np.array([b"x", b"y"], object), "v": np.eye(2, dtype=np.float32),
    }  # fmt: skip
    write_items(tmp_path / "a.parquet", columns)
    read = lookup("sources", "tables")(tmp_path / "a.parquet").columns
    for name, values in columns.items():
        assert read[name].dtype == values.dtype
        assert read[name].tolist()[0] == values.tolist()[0]
    assert np.isnan(read["f"][1])


def test_what_cannot_be_kept_or_read(tmp_path):
    with pytest.raises(BadInput, match="'x' must hold values of one kind"):
        write_items(tmp_path / "a.parquet", {"x": np.array(["a", 1], object)})
    (tmp_path / "b.parquet").write_bytes(b"PAR1 cut")
    with pytest.raises(BadInput, match="not a whole Parquet file"):
        read_items(tmp_path / "b.parquet", [0])
