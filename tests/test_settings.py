"""asklearn.toml: what is written is read, and what is wrong is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asklearn.errors import BadInput, NewerFormat
from asklearn.settings import FILE, KINDS, Settings, read_settings, settings_from, to_toml

texts = st.text(st.characters(exclude_categories=["Cs"]))
lists = st.lists(texts).map(tuple)
every = st.builds(
    Settings, kind=st.sampled_from(KINDS), columns=lists, show=lists, id=texts, label=texts, labels=lists,
    encoder=texts, model=texts, strategy=texts, audit=st.floats(0, 1),
    audit_weighted=st.floats(0, 1), budget=st.integers(0, 2**63 - 1), seed=st.integers(0, 2**63 - 1), journal=texts,
)  # fmt: skip


@given(every)
def test_what_is_written_is_read(settings):
    assert settings_from(to_toml(settings)) == settings


def test_a_spreadsheet_editors_mark_is_fine(tmp_path):
    settings = Settings(kind="text", columns=("a",))
    (tmp_path / FILE).write_bytes(to_toml(settings).encode("utf-8-sig"))
    assert read_settings(tmp_path) == settings


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('kind = "text"', 'kind = "txt"', "kind must be one of text"),
        ('kind = "text"', "", "no entry 'kind'"),
        ("audit = 0.1", "audit = 1.5", "audit must be a number from 0 to 1. Got 1.5"),
        ("audit = 0.1", "audit = nan", "audit must be"),
        ("audit = 0.1", "audit = true", "audit must be"),
        ("seed = 0", "seed = -1", "seed must be a whole number"),
        ("seed = 0", 'seed = "0"', "seed must be a whole number"),
        ('columns = ["a"]', 'columns = "a"', "columns must be a list of texts"),
        ("seed = 0", "sed = 0", "Did you mean 'seed'"),
        ("seed = 0", "seed = ", "not valid TOML"),
        ("format = 1", "", "must say format = 1"),
        ("format = 1", "format = true", "must say format = 1"),
    ],
)
def test_what_is_wrong_is_named(old, new, words):
    text = to_toml(Settings(kind="text", columns=("a",)))
    assert old in text
    with pytest.raises(BadInput, match=words):
        settings_from(text.replace(old, new))


def test_a_newer_project_is_refused():
    with pytest.raises(NewerFormat, match="format 2; this asklearn reads 1"):
        settings_from("format = 2\nwhatever = 1")


def test_other_encodings_and_no_project(tmp_path):
    with pytest.raises(BadInput, match="asklearn init"):
        read_settings(tmp_path)
    (tmp_path / FILE).write_bytes(b"# \xe4")
    with pytest.raises(BadInput, match="not UTF-8"):
        read_settings(tmp_path)


def test_the_model_is_the_one_named_or_the_default_of_the_kind():
    for kind, model in (("tabular", "tabular"), ("text", "logistic"), ("image", "logistic")):
        assert Settings(kind=kind, columns=("a",)).classifier == model
        assert Settings(kind=kind, columns=("a",), model="extra_trees").classifier == "extra_trees"
