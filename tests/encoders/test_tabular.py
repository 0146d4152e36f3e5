import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asklearn.encoders.tabular import TabularEncoder
from asklearn.errors import BadInput, NotFitted
from asklearn.sources.tables import Table
from asklearn.testing.encoders import check_encoder

RNG = np.random.default_rng(0)
TABLE = {
    "age": np.where(RNG.random(60) < 0.2, np.nan, RNG.normal(40, 12, 60)),
    "visits": RNG.poisson(3, 60).astype(np.int8),
    "town": np.array([["Bonn", "Ulm", None][i] for i in RNG.integers(3, size=60)], dtype=object),
    "listed": [None, 1, 2.5] * 20,
    "same": np.ones(60),
}


@pytest.mark.parametrize("items", [TABLE, RNG.normal(size=(60, 3)), RNG.integers(9, size=(60, 2))])
def test_conformance(items):
    check_encoder(TabularEncoder, items)


def test_table_and_mapping_agree():
    table = Table("t", {name: np.asarray(column) for name, column in TABLE.items()}, 60)
    encoder = TabularEncoder().fit(TABLE)
    np.testing.assert_array_equal(encoder.encode(table), encoder.encode(TABLE))
    assert TabularEncoder().fit(table).fingerprint() == encoder.fingerprint()


def test_names_match_the_width():
    encoder = TabularEncoder().fit(TABLE)
    assert len(encoder.names()) == encoder.encode(TABLE).shape[1]
    assert "town is missing" in encoder.names()
    assert not any(name.startswith("same") for name in encoder.names())


def test_ramps_rise_in_turn_and_interpolate():
    value = {"x": RNG.normal(size=500)}
    encoder = TabularEncoder(knots=6).fit(value)
    ramps_NR = encoder.encode(value)[:, 1:]
    knots_K = encoder.learnt[0].knots
    assert ramps_NR.shape == (500, len(knots_K) - 1)
    assert (np.diff(ramps_NR, axis=1) <= 0).all()
    inside = np.clip(value["x"], knots_K[0], knots_K[-1])
    np.testing.assert_allclose(knots_K[0] + ramps_NR @ np.diff(knots_K), inside, atol=1e-5)


def test_rare_and_unknown_levels_share_a_column():
    encoder = TabularEncoder(rare=3, levels=2).fit({"w": ["a"] * 5 + ["b"] * 4 + ["c"] * 3 + ["d"]})
    features_ND = encoder.encode({"w": ["a", "b", "c", "d", "new", None]})
    np.testing.assert_array_equal(
        features_ND, [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1], [0, 0, 1], [0, 0, 1]]
    )


def test_nothing_varies():
    features_ND = TabularEncoder().fit({"a": [1, 1], "b": ["x", "x"]}).encode({"a": [1, 2], "b": ["x", "y"]})
    np.testing.assert_array_equal(features_ND, [[0], [0]])


def test_extra_columns_are_ignored():
    encoder = TabularEncoder().fit({"a": [1, 2]})
    np.testing.assert_array_equal(encoder.encode({"a": [1], "b": ["x"]}), encoder.encode({"a": [1]}))


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ({"a": [1.0, np.inf]}, "Got inf in column 'a', row 1"),
        (np.array([[1.0], [-np.inf]]), "Got -inf in column 'column 0', row 1"),
        ({"a": [1], "b": [1, 2]}, "Column 'a' has 1, column 'b' has 2"),
        ({"a": ["x", 3]}, "Got int in row 1"),
        ({"a": [b"x"]}, "Got bytes in row 0"),
        ({"a": np.ones((2, 2))}, r"shape \(2, 2\)"),
        ({"a": np.array(["2020-01-01"], "datetime64[D]")}, "datetime64"),
        ({"a": []}, "at least one row"),
        ({}, "mapping from column names"),
        ([1, 2], "mapping from column names"),
        (np.ones(3), r"an array of shape \(3,\)"),
        ({"a": [10**400]}, "beyond float64"),
    ],
)
def test_wrong_items_are_named(items, message):
    with pytest.raises(BadInput, match=message):
        TabularEncoder().fit(items)


def test_encode_checks_against_fit():
    encoder = TabularEncoder().fit({"age": [1, 2], "town": ["a", None]})
    with pytest.raises(BadInput, match=r"Column 'age'.* is missing. Is it 'agee'\?"):
        encoder.encode({"agee": [1], "town": ["a"]})
    with pytest.raises(BadInput, match=r"Column 'age' was numbers at fit\. Got str"):
        encoder.encode({"age": ["x"], "town": ["a"]})
    with pytest.raises(BadInput, match=r"Column 'town' was str at fit\. Got numbers"):
        encoder.encode({"age": [1], "town": [3]})
    missing = encoder.encode({"age": [None], "town": [np.nan]})
    np.testing.assert_array_equal(missing, encoder.encode({"age": [np.nan], "town": [None]}))
    with pytest.raises(NotFitted):
        TabularEncoder().encode({"a": [1]})


numbers = st.lists(
    st.none() | st.floats(allow_infinity=False) | st.integers(-(2**70), 2**70), min_size=6, max_size=6
)
words = st.lists(st.none() | st.text(max_size=3), min_size=6, max_size=6)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text(max_size=4), numbers | words, min_size=1, max_size=4))
def test_odd_columns_give_finite_features(columns):
    encoder = TabularEncoder(rare=1).fit(columns)
    features_ND = encoder.encode(columns)
    assert np.isfinite(features_ND).all()
    assert np.abs(features_ND).max() <= 3
    assert len(encoder.names()) == features_ND.shape[1]
