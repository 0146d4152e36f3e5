"""Strategies: what a name, an acquisition or a selection turns into, and that each of them runs."""

from dataclasses import replace

import numpy as np
import pytest

from asklearn import registry
from asklearn.acquisition.base import NEEDS
from asklearn.acquisition.uncertainty import entropy, margin
from asklearn.errors import BadInput, UnknownName
from asklearn.selection.compose import Shortlist
from asklearn.selection.k_center import KCenter
from asklearn.selection.stochastic import Power, Softmax
from asklearn.selection.top import Top, top
from asklearn.strategies import Strategy, names, strategy
from asklearn.testing.candidates import made_up

EVERYTHING = frozenset(NEEDS)


def batch_of(how, candidates, n, rng):
    if how.score is None:
        return how.select(candidates, n, rng)
    scored = replace(candidates, scores_N=how.score(candidates, rng))
    kept = np.arange(candidates.size)
    if how.shortlist is not None:
        kept = top(scored.scores_N, min(how.shortlist * n, candidates.size), rng)
    return kept[how.select(scored.take(kept), n, rng)]


@pytest.mark.parametrize("name", names())
def test_every_strategy_picks_a_batch_and_says_why(name):
    how = strategy(name)
    assert how.name == name
    assert how.needs <= EVERYTHING
    picks = batch_of(how, made_up(how.needs, size=300), 12, np.random.default_rng(0))
    assert len(set(picks.tolist())) == 12
    assert how.why()[0].islower()
    assert "_" not in how.why()


@pytest.mark.parametrize("name", names())
def test_every_strategy_can_start_without_a_model(name):
    start = strategy(name).start
    if start != "random":
        picks = start(made_up({"features", "labelled"}), 5, np.random.default_rng(0))
        assert len(set(picks.tolist())) == 5


def test_the_promised_names_are_there():
    promised = {"random", "least_confidence", "margin", "entropy", "bald", "qbc_vote_entropy", "qbc_kl"}
    promised |= {"power_margin", "softmax", "softrank", "k_center", "k_means", "cluster_margin", "auto"}
    assert promised <= set(names())


def test_an_acquisition_takes_its_best():
    assert strategy("entropy") == strategy(entropy) == Strategy("entropy", Top(), entropy)


def test_a_selection_takes_margin_where_it_needs_scores():
    assert strategy("softmax(beta=3.0)") == Strategy("softmax(beta=3.0)", Softmax(3.0), margin)
    assert strategy("k_center") == Strategy("k_center", KCenter(), start=KCenter())
    assert strategy(Power(2.0)).score is margin


def test_what_needs_no_model_starts_as_it_goes_on():
    for name in ("k_means", "typiclust", "max_herding", "prob_cover"):
        assert strategy(name).start == strategy(name).select
    for name in ("badge", "margin", "softmax", "cluster_margin"):
        assert strategy(name).start == "random"


def test_a_shortlist_becomes_scores_that_are_streamed():
    expected = Strategy("mine", KCenter(), entropy, 7)
    assert replace(strategy(Shortlist(entropy, 7) >> KCenter()), name="mine") == expected
    written = "shortlist(score='entropy', factor=7, select='k_center')"
    assert replace(strategy(written), name="mine") == expected


@pytest.mark.parametrize(
    "spec",
    [
        "mixture(shares={'margin': 0.5, 'random': 0.5})",
        "quota(select='top')",
        "steps(select='distance', steps=3)",
        "switch(first='typiclust', then='margin')",
        "without_near_duplicates(select='softmax', cosine=0.9)",
        "above(bar=-0.5, select='k_means')",
        """shortlist(score="per_cost(score='entropy')", select="mixture(shares={'top': 1, 'badge': 1})")""",
    ],
)
def test_compositions_can_be_written(spec):
    how = strategy(spec)
    assert how.name == spec
    picks = batch_of(how, made_up(how.needs, size=300), 12, np.random.default_rng(0))
    assert len(set(picks.tolist())) == 12
    assert how.why()


def test_tools_are_no_strategies_of_their_own():
    assert not {"top", "shortlist", "above", "mixture", "steps", "switch", "quota"} & set(names())


def test_options_reach_the_strategy():
    assert strategy("cluster_margin(factor=4)").shortlist == 4
    assert strategy("power_margin(beta=2.5)").select == Power(2.5, zero=-1.0)


def test_a_strategy_is_itself():
    mine = Strategy("mine", Top(), entropy)
    assert strategy(mine) is mine


def test_a_third_party_acquisition_is_a_strategy_by_name():
    from asklearn.acquisition.base import acquisition

    acquisition("planted", needs={"features"})(lambda candidates, rng: candidates.features_ND[:, 0])
    try:
        assert strategy("planted").needs == {"features"}
        assert "planted" in names()
    finally:
        registry.unregister("acquisition", "planted")


@pytest.mark.parametrize(
    ("spec", "error", "said"),
    [
        ("marginn", UnknownName, "There is no strategy 'marginn'. Did you mean 'margin'"),
        ("kcenter", UnknownName, "'k_center'"),
        ("zzz", UnknownName, r"'zzz'\. Known: abstention, alfa_mix, auto"),
        ("margin(", BadInput, "looks like name"),
        ("margin(beta=1)", BadInput, "has no option"),
        ("auto(factor=1)", BadInput, "has no option"),
        ("power(gamma=1)", BadInput, "has no option"),
        (7, BadInput, "Got int"),
        (None, BadInput, "Got NoneType"),
    ],
)
def test_refusals(spec, error, said):
    with pytest.raises(error, match=said):
        strategy(spec)


def test_unsound_strategies_are_refused():
    with pytest.raises(BadInput, match="needs scores: give it an acquisition"):
        Strategy("mine", Top())
    with pytest.raises(BadInput, match="shortlist must be 1 or more"):
        Strategy("mine", Top(), margin, shortlist=0)
