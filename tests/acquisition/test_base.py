"""The decorator: what it registers, and what it refuses."""

import pickle

import numpy as np
import pytest

from asklearn.acquisition.base import acquisition
from asklearn.acquisition.uncertainty import margin
from asklearn.errors import BadInput
from asklearn.protocols import Acquisition
from asklearn.registry import lookup, unregister
from asklearn.types import Candidates

RNG = np.random.default_rng(0)


@pytest.fixture
def planted():
    made = []

    def plant(fn, **settings):
        plugin = acquisition("planted", **settings)(fn)
        made.append(plugin)
        return plugin

    yield plant
    unregister("acquisition", "planted")


def test_ten_lines_make_a_plugin(planted):
    plugin = planted(
        lambda candidates, rng: candidates.features_ND[:, 0], needs={"features"}, pointwise=False
    )
    assert isinstance(plugin, Acquisition)
    assert lookup("acquisition", "planted") is plugin
    assert (plugin.name, plugin.needs, plugin.pointwise) == ("planted", {"features"}, False)


def test_unknown_need_is_refused():
    with pytest.raises(BadInput, match=r"needs must be out of .*labelled.*\. Got logits"):
        acquisition("planted", needs={"logits"})


def test_what_is_needed_must_be_there(planted):
    plugin = planted(lambda candidates, rng: np.zeros(candidates.size), needs={"labelled"})
    with pytest.raises(BadInput, match="'planted' needs labelled of the candidates; fill"):
        plugin(Candidates(2), RNG)


def test_scores_must_be_one_per_candidate(planted):
    with pytest.raises(BadInput, match=r"shape \(3,\). Got \(3, 1\)"):
        planted(lambda candidates, rng: np.zeros((3, 1)))(Candidates(3), RNG)


def test_scores_must_be_numbers(planted):
    with pytest.raises(BadInput, match="Got NaN for row 1"):
        planted(lambda candidates, rng: np.array([0.0, np.nan, np.nan]))(Candidates(3), RNG)


def test_a_registered_function_travels_to_another_process():
    assert pickle.loads(pickle.dumps(margin)) is margin
