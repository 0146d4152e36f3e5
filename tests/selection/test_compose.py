"""Compositions: each does what its parts would do by hand, written out."""

from dataclasses import replace

import numpy as np
import pytest

from asklearn.acquisition.uncertainty import entropy, margin
from asklearn.errors import BadInput, UnknownName
from asklearn.registry import resolve
from asklearn.selection.clustering import ClusterMargin, KMeans
from asklearn.selection.compose import (
    Above,
    Mixture,
    Shortlist,
    Steps,
    Switch,
    WhenRare,
    interleaved,
    pick_after,
    selection_of,
)
from asklearn.selection.coverage import HandOver
from asklearn.selection.k_center import KCenter
from asklearn.selection.stochastic import Power
from asklearn.strategies import strategy
from asklearn.testing.candidates import made_up
from asklearn.types import Categorical

EVERYTHING = {"proba", "features", "labelled", "labels", "scores"}


def rng(seed=0):
    return np.random.default_rng(seed)


def test_an_operator_and_a_text_make_the_same_shortlist():
    made = Shortlist(margin, 7) >> KCenter()
    assert made == Shortlist(margin, 7, KCenter())
    written = resolve("selection", "shortlist(score='margin', factor=7, select='k_center')")
    candidates = made_up(EVERYTHING, size=200)
    np.testing.assert_array_equal(made(candidates, 9, rng()), written(candidates, 9, rng()))
    assert made.needs == written.needs == {"proba", "features", "labelled"}


def test_a_shortlist_picks_among_the_best_only():
    candidates = made_up(EVERYTHING, size=200)
    scores = entropy(candidates, rng()).tolist()
    best = sorted(range(200), key=lambda i: -scores[i])[: 3 * 10]
    picks = (Shortlist(entropy, 3) >> KCenter())(candidates, 10, rng())
    assert set(picks.tolist()) <= set(best)
    alone = np.array(sorted(best))[KCenter()(candidates.take(np.array(sorted(best))), 10, rng())]
    np.testing.assert_array_equal(picks, alone)


def test_a_shortlist_gives_its_own_scores_to_its_selection():
    """Power draws by the scores given; by those of the candidates it would pick others."""
    candidates = made_up(EVERYTHING, size=50)
    misleading = replace(candidates, scores_N=-entropy(candidates, rng()))
    picks = Shortlist(entropy, 50, Power(beta=500.0))(misleading, 1, rng())
    assert picks[0] == entropy(candidates, rng()).argmax()


def test_a_shortlist_of_all_is_the_selection_and_of_one_the_score():
    candidates = made_up(EVERYTHING)
    np.testing.assert_array_equal(
        sorted(Shortlist(margin, 60, KCenter())(candidates, 5, rng())),
        sorted(KCenter()(candidates, 5, rng())),
    )
    best = np.argsort(-margin(candidates, rng()))[:5]
    assert set(Shortlist(margin, 1, KCenter())(candidates, 5, rng()).tolist()) == set(best.tolist())


def test_above_the_bar_where_enough_are_and_else_the_best():
    candidates = made_up({"scores"})
    above = set(np.flatnonzero(candidates.scores_N > 0.5).tolist())
    assert 5 < len(above) < 20
    seen = [set(Above(0.5)(candidates, 5, rng(seed)).tolist()) for seed in range(40)]
    assert set.union(*seen) == above
    best = set(np.argsort(-candidates.scores_N)[:20].tolist())
    assert set(Above(0.5)(candidates, 20, rng()).tolist()) == best


def test_a_score_at_the_bar_is_not_above_it():
    candidates = replace(made_up({"scores"}, size=4), scores_N=np.array([0.5, 0.5, 0.6, 0.7]))
    assert all(set(Above(0.5)(candidates, 2, rng(seed)).tolist()) == {2, 3} for seed in range(20))


def test_above_passes_on():
    assert (Above(0.1) >> KMeans(typical=False)) == Above(0.1, KMeans(typical=False))
    assert Above(0.1, "k_means").needs == {"features", "labelled", "scores"}


def test_shares_of_a_mixture_are_held():
    candidates = made_up(EVERYTHING, size=400)
    margin_best = np.argsort(-margin(candidates, rng()))
    picks = Mixture({"margin": 0.7, "random": 0.3})(candidates, 40, rng())
    assert set(margin_best[:28].tolist()) <= set(picks.tolist())
    assert len(set(picks.tolist())) == 40
    assert len(set(picks.tolist()) - set(margin_best[:40].tolist())) > 5


@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_what_is_no_whole_number_falls_by_lot(n):
    """Counts are the share rounded down or up, and the share on average."""
    candidates = replace(made_up({"scores"}, size=100), scores_N=np.arange(100.0))

    class Low:
        needs = frozenset({"scores"})

        def __call__(self, candidates, n, rng, /):
            return np.argsort(candidates.scores_N)[:n]

    mixture = Mixture({"top": 3.0, Low(): 1.0})
    counts = [int((mixture(candidates, n, rng(seed)) < 50).sum()) for seed in range(400)]
    assert set(counts) <= {int(np.floor(n / 4)), int(np.ceil(n / 4))}
    assert abs(np.mean(counts) - n / 4) < 0.08


def test_the_parts_of_a_mixture_do_not_pick_the_same():
    candidates = made_up(EVERYTHING)
    picks = Mixture({"margin": 0.5, "entropy": 0.3, "k_center": 0.2})(candidates, 60, rng())
    assert sorted(picks.tolist()) == list(range(60))


def test_k_center_after_others_keeps_away_from_their_picks():
    features_ND = np.array([[0.0], [10.0], [10.1], [5.0]])
    candidates = replace(
        made_up(EVERYTHING, size=4), features_ND=features_ND, labelled_LD=np.array([[0.0]]),
        labels_L=np.array([1]), scores_N=np.array([0.0, 0.0, 1.0, 0.0]),
    )  # fmt: skip
    picks = Mixture({"top": 0.5, "k_center": 0.5})(candidates, 2, rng())
    assert picks.tolist() == [2, 3]


def test_steps_over_distance_one_at_a_time_are_k_center():
    candidates = made_up({"features", "labelled"})
    np.testing.assert_array_equal(
        Steps("distance", 12)(candidates, 12, rng()), KCenter()(candidates, 12, rng())
    )


def test_steps_count_their_picks_as_labelled_without_an_answer():
    seen = []

    class Spy:
        needs = frozenset({"features", "labelled", "labels"})

        def __call__(self, candidates, n, rng, /):
            seen.append((candidates.labelled_LD, candidates.labels_L, candidates.size))
            return np.arange(n)

    candidates = made_up({"features", "labelled", "labels"})
    picks = Steps(Spy(), 3)(candidates, 6, rng())
    assert picks.tolist() == [0, 1, 2, 3, 4, 5]
    assert [len(one[0]) for one in seen] == [5, 7, 9]
    np.testing.assert_array_equal(seen[2][0][5:], candidates.features_ND[:4])
    assert seen[2][1].tolist() == [*candidates.labels_L.tolist(), -1, -1, -1, -1]
    assert [one[2] for one in seen] == [60, 58, 56]


def test_a_switch_turns_at_so_many_answers_per_class():
    candidates = made_up(EVERYTHING, size=30)  # five answers, four classes

    def with_answers(count):
        return replace(
            candidates,
            labels_L=np.r_[np.zeros(count, int), np.full(10, -1)],
            labelled_LD=np.ones((count + 10, 6), np.float32),
        )

    switch = Switch("random", "top", per_class=3)
    best = candidates.scores_N.argmax()
    assert switch(with_answers(12), 1, rng(1))[0] == best
    assert len({switch(with_answers(11), 1, rng(seed))[0] for seed in range(20)}) > 5
    nothing = replace(candidates, labels_L=None, labelled_LD=None)
    assert len({switch(nothing, 1, rng(seed))[0] for seed in range(20)}) > 5
    assert switch.needs == {"scores", "proba", "labels"}


def test_an_acquisition_that_looks_at_labels_can_start_without_any():
    candidates = made_up(EVERYTHING)
    nothing = replace(candidates, labelled_LD=None, labels_L=None)
    assert len(Shortlist("distance", 2)(nothing, 3, rng())) == 3


def test_what_a_part_may_be():
    assert selection_of(KCenter()) == KCenter()
    assert selection_of(margin) == Shortlist(margin, 1)
    assert selection_of("power(beta=2.0)") == Power(2.0)
    with pytest.raises(UnknownName, match=r"'k_centre'.*'k_center'"):
        selection_of("k_centre")
    with pytest.raises(BadInput, match=r"A part must be .* Got int"):
        selection_of(3)


def test_a_strategy_can_be_a_part():
    """Its score and shortlist go with it, and options; its cold start does not."""
    assert selection_of(strategy("power_margin(beta=3.0)")) == selection_of("power_margin(beta=3.0)")
    assert selection_of("power_margin(beta=3.0)") == Shortlist(margin, None, Power(3.0, zero=-1.0))
    assert selection_of(strategy("cluster_margin")) == Shortlist(margin, 10, ClusterMargin(10))
    assert selection_of(strategy("k_center")) == KCenter()
    candidates = made_up({"proba", "features"}, size=300)
    picks = Mixture({"auto": 0.9, "random": 0.1})(candidates, 20, rng())
    assert len(set(picks.tolist())) == 20
    with pytest.raises(BadInput, match="option"):
        selection_of("power_margin(gamma=1)")


def test_a_shortlist_of_all_keeps_all():
    candidates = made_up(EVERYTHING)
    everything = Shortlist(margin, None, KCenter())(candidates, 9, rng())
    np.testing.assert_array_equal(everything, KCenter()(candidates, 9, rng()))


def test_pick_after_none_is_the_selection():
    candidates = made_up(EVERYTHING)
    np.testing.assert_array_equal(
        pick_after(KCenter(), candidates, np.empty(0, np.int64), 4, rng()), KCenter()(candidates, 4, rng())
    )


def test_interleaved_keeps_shares_in_every_beginning():
    order = interleaved([np.arange(30), 100 + np.arange(10)])
    for length in range(4, 41, 4):
        assert (order[:length] >= 100).sum() == length // 4


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Shortlist(factor=0), "factor must be 1 or more"),
        (lambda: Shortlist(score=3), "score must be an acquisition function"),
        (lambda: Shortlist(select="nothing"), "nothing"),
        (lambda: Above(float("nan")), "bar must be a number"),
        (lambda: Mixture({}), "shares must be like"),
        (lambda: Mixture({"margin": 0}), "A share must be a number above 0. Got 0 for 'margin'"),
        (lambda: Steps(steps=0), "steps must be 1 or more"),
        (lambda: Switch(per_class=-1), "per_class must be 0 or more"),
    ],
)
def test_options_are_checked(make, said):
    with pytest.raises(BadInput, match=said):
        make()


@pytest.mark.parametrize(("rare", "expected"), [(0.2, 0), (0.02, 5)])
def test_when_rare_gives_half_to_the_other_only_while_a_class_is_rare(rare, expected):
    candidates = made_up(EVERYTHING, size=100)
    proba_NC = np.full((100, 3), (1 - rare) / 2)
    proba_NC[:, 2] = rare
    told = replace(candidates, posterior=Categorical(proba_NC))
    best = set(np.argsort(-np.asarray(told.scores_N))[:5].tolist())
    picks = WhenRare("k_center", "top")(told, 10, rng()).tolist()
    alone = KCenter()(told, 10, rng()).tolist()
    assert (picks == alone) == (expected == 0)
    if expected:
        assert set(picks[::2]) == best
        assert len(set(picks)) == 10


def test_when_rare_looks_at_as_many_as_its_usual_part_and_refuses_no_ratio():
    assert WhenRare().most == HandOver.most
    assert WhenRare("margin").most is None
    with pytest.raises(BadInput, match="above 1"):
        WhenRare(ratio=1.0)
