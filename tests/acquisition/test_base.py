"""The decorator: what it registers, and what it refuses."""

import pickle
from dataclasses import dataclass, replace

import numpy as np
import pytest

from asklearn.acquisition.base import acquisition
from asklearn.acquisition.uncertainty import margin
from asklearn.errors import BadInput
from asklearn.protocols import Acquisition
from asklearn.registry import lookup, resolve, unregister
from asklearn.types import Candidates, Categorical, Targets

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


@pytest.fixture
def kind():
    @acquisition("planted", needs={"proba"}, pointwise=False, why="it is planted")
    @dataclass(frozen=True)
    class Planted:
        column: int = 0

        def __call__(self, candidates, rng):
            return candidates.posterior.proba_NC[:, self.column]

    yield Planted
    unregister("acquisition", "planted")


def test_a_class_has_options_and_the_same_checks(kind):
    known = Candidates(2, Categorical(np.array([[0.75, 0.25], [np.nan, 0.5]])))
    plugin = resolve("acquisition", "planted(column=1)")
    assert isinstance(plugin, kind)
    assert isinstance(plugin, Acquisition)
    assert (plugin.name, plugin.needs, plugin.pointwise, plugin.why) == (
        "planted", {"proba"}, False, "it is planted",
    )  # fmt: skip
    blocked = replace(known, blocked_N=np.array([True, False]))
    assert plugin(known, RNG).tolist() == [0.25, 0.5]
    assert plugin(blocked, RNG).tolist() == [-np.inf, 0.5]
    with pytest.raises(BadInput, match="needs proba of the candidates"):
        plugin(Candidates(2), RNG)
    with pytest.raises(BadInput, match=r"'planted' must give numbers\. Got NaN for row 1"):
        resolve("acquisition", "planted")(known, RNG)
    with pytest.raises(BadInput, match=r"no option 'colum'"):
        resolve("acquisition", "planted(colum=1)")


def test_a_class_may_say_itself_what_it_needs():
    @acquisition("planted")
    @dataclass(frozen=True)
    class Planted:
        inner: str = "margin"

        @property
        def needs(self):
            return lookup("acquisition", self.inner).needs | {"costs"}

        @property
        def pointwise(self):
            return lookup("acquisition", self.inner).pointwise

        def __call__(self, candidates, rng):
            return candidates.costs_N

    try:
        plugin = resolve("acquisition", "planted")
        assert plugin.needs == {"proba", "costs"}
        assert plugin.pointwise is True
        assert plugin.why == ""
        with pytest.raises(BadInput, match="needs costs of the candidates"):
            plugin(Candidates(1, Categorical(np.ones((1, 1)))), RNG)
    finally:
        unregister("acquisition", "planted")


@pytest.mark.parametrize("row", [0, 3])
def test_features_must_be_finite_and_the_row_is_named(planted, row):
    plugin = planted(
        lambda candidates, rng: np.zeros(candidates.size), needs={"features", "labelled", "targets"}
    )

    def of(**changed):
        arrays = {name: np.zeros((4, 2)) for name in ("candidates", "labelled items", "targets")}
        for name, value in changed.items():
            arrays[name.replace("_", " ")][row, 1] = value
        mine, seen, wanted = arrays.values()
        targets = Targets(wanted, Categorical(np.ones((4, 1))))
        return Candidates(4, features_ND=mine, labelled_LD=seen, targets=targets)

    assert plugin(of(), RNG).tolist() == [0] * 4
    for name in ("candidates", "labelled_items", "targets"):
        for bad in (np.nan, np.inf, -np.inf):
            with pytest.raises(BadInput, match=f"in row {row} of the {name.replace('_', ' ')}: fill in"):
                plugin(of(**{name: bad}), RNG)


def test_large_numbers_are_finite(planted):
    plugin = planted(lambda candidates, rng: np.zeros(candidates.size), needs={"features"})
    assert plugin(Candidates(2, features_ND=np.full((2, 9), 3e38, np.float32)), RNG).tolist() == [0, 0]


def test_beliefs_about_targets_must_be_probabilities(planted):
    plugin = planted(lambda candidates, rng: np.zeros(candidates.size), needs={"targets"})
    draws_KMC = np.full((2, 3, 2), 0.5)
    draws_KMC[1, 2] = [-1, 2]
    targets = Targets(np.zeros((3, 1)), Categorical(np.full((3, 2), 0.5), draws_KMC))
    with pytest.raises(BadInput, match=r"Got -1\.0 in row 2 of the targets"):
        plugin(Candidates(1, targets=targets), RNG)
