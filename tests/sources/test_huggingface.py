"""Saved datasets: read by Arrow alone, classes by name, every listed file inside the folder."""

import json
import random

import numpy as np
import pyarrow as pa
import pytest

from asklearn.errors import BadInput
from asklearn.sources.tables import iter_table, read_table

FEATURES = {
    "text": {"dtype": "string", "_type": "Value"},
    "label": {"names": ["neg", "pos"], "_type": "ClassLabel"},
}


def save(folder, *tables, features=FEATURES):
    """Write what ``Dataset.save_to_disk`` writes: a stream per shard, and two notes."""
    folder.mkdir(parents=True)
    names = [f"data-{i:05d}-of-{len(tables):05d}.arrow" for i in range(len(tables))]
    for name, table in zip(names, tables, strict=True):
        with pa.ipc.new_stream(str(folder / name), table.schema) as out:
            out.write_table(table, max_chunksize=2)
    note = {"_data_files": [{"filename": name} for name in names], "_fingerprint": "0", "_split": "train"}
    (folder / "state.json").write_text(json.dumps(note))
    (folder / "dataset_info.json").write_text(json.dumps({"features": features, "citation": ""}))
    return folder


def reviews(labels, start=0):
    texts = [f"review {start + i}" for i in range(len(labels))]
    return pa.table({"text": texts, "label": pa.array(labels, pa.int64())})


@pytest.fixture
def saved(tmp_path):
    return save(tmp_path / "reviews", reviews([0, 1, 1]), reviews([1, 0], 3))


def test_shards_in_the_order_of_the_note_and_classes_by_name(saved):
    table = read_table(saved)
    assert table.columns["text"].tolist() == [f"review {i}" for i in range(5)]
    assert table.labels("label") == ["neg", "pos", "pos", "pos", "neg"]
    state = json.loads((saved / "state.json").read_text())
    state["_data_files"].reverse()
    (saved / "state.json").write_text(json.dumps(state))
    assert read_table(saved, ["text"]).columns["text"].tolist() == [f"review {i}" for i in (3, 4, 0, 1, 2)]


@pytest.mark.parametrize("rows", [1, 2, 3, 100])
def test_in_pieces(saved, rows):
    pieces = list(iter_table(saved, rows=rows))
    assert max(map(len, pieces)) <= rows
    assert [label for piece in pieces for label in piece.labels("label")] == [
        "neg",
        "pos",
        "pos",
        "pos",
        "neg",
    ]


def test_images_embeddings_and_columns_without_classes(tmp_path):
    table = pa.table(
        {
            "image": [{"bytes": b"x", "path": None}, {"bytes": b"y", "path": "p"}],
            "v": pa.array([[1.0, 2.0], [3.0, 4.0]]),
            "n": pa.array([1, None], pa.int32()),
        }
    )
    read = read_table(save(tmp_path / "d", table, features={})).columns
    assert read["image"].tolist() == [b"x", b"y"]
    np.testing.assert_array_equal(read["v"], [[1, 2], [3, 4]])
    np.testing.assert_array_equal(read["n"], [1, np.nan])


def test_unlabelled_rows_are_missing(tmp_path):
    table = read_table(save(tmp_path / "d", reviews([0, -1, None])))
    assert table.columns["label"].tolist() == ["neg", None, None]


def test_a_class_out_of_range_is_named(tmp_path):
    with pytest.raises(BadInput, match=r"'label' of d has 2 classes. Got class 2.* in row 3 "):
        list(iter_table(save(tmp_path / "d", reviews([0, 1]), reviews([1, 2])), rows=2))


class TestSplits:
    @pytest.fixture
    def saved(self, tmp_path):
        save(tmp_path / "d" / "train", reviews([0, 1, 1]))
        save(tmp_path / "d" / "test", reviews([1], 3))
        (tmp_path / "d" / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
        return tmp_path / "d"

    def test_become_a_column(self, saved):
        table = read_table(saved)
        assert list(table.columns) == ["text", "label", "split"]
        assert table.columns["split"].tolist() == ["train"] * 3 + ["test"]
        assert table.labels("label") == ["neg", "pos", "pos", "pos"]
        assert read_table(saved, ["split"]).columns["split"].tolist() == ["train"] * 3 + ["test"]
        assert len(read_table(saved / "train")) == 3

    def test_must_have_the_same_columns(self, saved, tmp_path):
        save(saved / "more", pa.table({"words": ["x"]}), features={})
        (saved / "dataset_dict.json").write_text('{"splits": ["train", "more"]}')
        with pytest.raises(BadInput, match=r"All splits of d must have the same columns. 'more' has 'words'"):
            read_table(saved)

    @pytest.mark.parametrize("note", ['{"splits": []}', '{"splits": [1]}', "{}", "[]", "{", "\xff"])
    def test_note_that_cannot_be_read(self, saved, note):
        (saved / "dataset_dict.json").write_bytes(note.encode("latin-1"))
        with pytest.raises(BadInput, match=r"dataset_dict\.json of d"):
            read_table(saved)

    @pytest.mark.parametrize("name", ["../d/train", "..", "", "/etc", "a/b"])
    def test_names_that_lead_elsewhere_are_refused(self, saved, name):
        (saved / "dataset_dict.json").write_text(json.dumps({"splits": [name]}))
        with pytest.raises(BadInput, match="must name files of its own"):
            read_table(saved)


@pytest.mark.parametrize("name", ["../secret.arrow", "/etc/passwd", "..", "", None, 3, "a\0b"])
def test_files_that_lead_elsewhere_are_refused(saved, name):
    (saved / "state.json").write_text(json.dumps({"_data_files": [{"filename": name}]}))
    with pytest.raises(BadInput, match="must name files of its own"):
        read_table(saved)


def test_links_that_lead_out_and_files_that_are_gone(saved, tmp_path):
    file = saved / "data-00000-of-00002.arrow"
    file.rename(tmp_path / "out.arrow")
    with pytest.raises(BadInput, match=r"reviews lacks 'data-00000"):
        read_table(saved)
    file.symlink_to(tmp_path / "out.arrow")
    with pytest.raises(BadInput, match="a link that leads out of reviews"):
        read_table(saved)


def test_shards_of_other_columns_are_refused(tmp_path):
    with pytest.raises(BadInput, match=r"data-00001-of-00002\.arrow of d has other columns"):
        read_table(save(tmp_path / "d", reviews([0]), pa.table({"words": ["x"]})))


def test_cut_or_changed_bytes_are_read_or_refused(saved):
    file = saved / "data-00000-of-00002.arrow"
    content, chance = file.read_bytes(), random.Random(0)
    for size in {0, 1, 8, len(content) // 2, len(content) - 20}:
        file.write_bytes(content[:size])
        try:
            read_table(saved)
        except BadInput as error:
            assert "reviews" in str(error)  # noqa: PT017
    for _ in range(300):
        broken = bytearray(content)
        broken[chance.randrange(len(broken))] ^= 1 << chance.randrange(8)
        file.write_bytes(broken)
        try:
            assert read_table(saved).rows > 0
        except BadInput as error:
            assert "reviews" in str(error)  # noqa: PT017


def test_cut_in_the_middle_is_never_taken_for_whole(saved):
    file = saved / "data-00000-of-00002.arrow"
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    with pytest.raises(BadInput, match="not a whole Arrow stream"):
        read_table(saved)


def test_names_that_are_not_utf8(saved):
    for file in saved.glob("*.arrow"):
        file.write_bytes(file.read_bytes().replace(b"text", b"\xff\xfe\xfd\xfc"))
    with pytest.raises(BadInput, match="not a whole Arrow stream"):
        read_table(saved)
