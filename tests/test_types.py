"""The plain data refuses what does not fit together."""

import numpy as np
import pytest

from asklearn.errors import BadInput
from asklearn.types import Batch, Categorical, Estimate, Stop, check_ids


def test_a_posterior_has_a_row_for_each_item():
    proba_NC = np.full((5, 2), 0.5)
    assert len(Categorical(proba_NC)) == 5
    assert len(Categorical(proba_NC, np.stack([proba_NC] * 3))) == 5


@pytest.mark.parametrize("shape", [(), (3,), (2, 3, 4)])
def test_a_posterior_is_a_table(shape):
    with pytest.raises(BadInput, match=r"shape \(N, C\). Got shape"):
        Categorical(np.zeros(shape))


@pytest.mark.parametrize("shape", [(5, 2), (3, 5, 3), (3, 4, 2), (2, 3, 5, 2)])
def test_draws_match_the_probabilities(shape):
    with pytest.raises(BadInput, match="draws_KNC"):
        Categorical(np.zeros((5, 2)), np.zeros(shape))


def test_an_estimate_shows_its_interval_and_what_it_was_measured_on():
    shown = str(Estimate("macro_f1", 0.5, 0.25, 0.75, n=30, method="bootstrap", level=0.9))
    assert shown == "macro_f1 0.500 [0.250, 0.750] (90%, 30 labels, bootstrap)"


def test_stop_is_true_when_there_is_a_reason():
    assert not Stop()
    assert Stop(("the budget is spent",))


def test_a_batch_is_as_long_as_its_ids():
    assert len(Batch([1, "a"], np.array([0, 1]), ["audit"] * 2, [None] * 2, [""] * 2)) == 2


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], []),
        (["a", 1, "1"], ["a", 1, "1"]),
        (np.arange(3), [0, 1, 2]),
        (np.array(["x", "y"]), ["x", "y"]),
        (range(2), [0, 1]),
        ([-1, 2**70], [-1, 2**70]),
        ((), []),
    ],
)
def test_ids_become_plain(given, expected):
    found = check_ids(given)
    assert found == expected
    assert {type(one) for one in found} <= {str, int}


@pytest.mark.parametrize(
    "wrong", [True, 1.0, None, b"a", ("a",), [1], np.float64(1), np.bool_(True), float("nan")]
)
def test_ids_of_another_type_are_refused_with_their_place(wrong):
    with pytest.raises(BadInput, match="at position 1"):
        check_ids(["a", wrong])


@pytest.mark.parametrize("ids", [["a", "b", "a"], np.array([1, 2, 1])])
def test_an_id_twice_is_refused_with_its_place(ids):
    with pytest.raises(BadInput, match="again at position 2"):
        check_ids(ids)
