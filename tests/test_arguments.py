"""What callers pass is checked, and the message shows what came."""

import math

import numpy as np
import pytest
from scipy import sparse

from asklearn import arguments
from asklearn.arguments import confidence, duration, sequence, text, whole
from asklearn.errors import BadInput


@pytest.mark.parametrize("value", [0, -1, True, 1.0, "3", None, 2**63])
def test_whole_numbers_below_the_least_or_of_another_type_are_refused(value):
    with pytest.raises(BadInput, match=r"At least one\. Got"):
        whole(value, "At least one", 1)


def test_numpy_integers_are_whole_numbers():
    assert whole(np.int64(5), "At least one", 1) == 5
    assert type(whole(np.int32(5), "At least one", 1)) is int


@pytest.mark.parametrize("value", ["", None, 5, b"ann"])
def test_text_must_be_there(value):
    with pytest.raises(BadInput, match="annotator must be a text"):
        text(value, "annotator")


@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf, True, "2"])
def test_seconds_are_numbers_from_zero(value):
    with pytest.raises(BadInput, match="seconds must be numbers"):
        duration(value)


@pytest.mark.parametrize("value", [0.0, 1.0, 1, 1.5, 95, -0.1, math.nan, True, "0.95", None])
def test_a_level_lies_between_zero_and_one(value):
    with pytest.raises(BadInput, match="above 0 and below 1"):
        confidence(value)


def test_a_level_of_numpy_becomes_a_plain_number():
    assert type(confidence(np.float64(0.5))) is float


def test_seconds_may_be_unknown():
    assert duration(None) is None
    assert duration(np.float32(1.5)) == 1.5


@pytest.mark.parametrize("value", ["abc", b"abc", {"a": 1}])
def test_one_text_is_not_a_list(value):
    with pytest.raises(BadInput, match="ids must be a list or an array"):
        sequence(value, "ids")


def test_arrays_and_generators_become_sequences():
    assert sequence(np.array([3, 4]), "ids") == [3, 4]
    assert sequence(range(2), "ids") == range(2)


def test_sparse_features_become_dense_up_to_a_limit(monkeypatch):
    X = sparse.csr_array(np.eye(3, 4, dtype=np.float32))
    monkeypatch.setattr(arguments, "LARGEST_DENSE", 48)
    np.testing.assert_array_equal(arguments.dense(X), np.eye(3, 4))
    monkeypatch.setattr(arguments, "LARGEST_DENSE", 47)
    with pytest.raises(BadInput, match=r"sparse ones of shape \(3, 4\).*TruncatedSVD"):
        arguments.dense(X)
    held = np.eye(3, 4)
    assert arguments.dense(held) is held
