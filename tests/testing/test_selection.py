"""The conformance suite passes what is sound and catches each planted fault by name."""

import mmap
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

from asklearn.registry import names, resolve
from asklearn.selection.k_center import KCenter
from asklearn.selection.top import Top
from asklearn.testing.selection import selection_checks


@dataclass(frozen=True)
class Faulty:
    """Top, with something wrong done before or after."""

    fault: object
    needs: ClassVar[frozenset[str]] = frozenset({"scores"})

    def __call__(self, candidates, n, rng):
        return self.fault(candidates, n, rng)


def sign_flip(candidates, n, rng):
    return Top()(replace(candidates, scores_N=-candidates.scores_N), n, rng)


def duplicate_picks(candidates, n, rng):
    picks = Top()(candidates, n, rng)
    return np.concatenate([picks[:1], picks[:-1]]) if n > 1 else picks


def mutated_input(candidates, n, rng):
    picks = Top()(candidates, n, rng)
    candidates.scores_N[picks] = -1
    return picks


def unseeded(candidates, n, rng):
    return Top()(candidates, n, np.random.default_rng())


def global_random_state(candidates, n, rng):
    np.random.shuffle(np.arange(3))  # noqa: NPY002
    return Top()(candidates, n, rng)


def square(candidates, n, rng):
    assert np.zeros((candidates.size, candidates.size), np.float32).shape
    return Top()(candidates, n, rng)


def ignores_rng(candidates, n, rng):
    return Top()(candidates, n, np.random.default_rng(0))


def lets_nan_through(candidates, n, rng):
    return Top()(replace(candidates, scores_N=np.nan_to_num(candidates.scores_N)), n, rng)


def gives_what_there_is(candidates, n, rng):
    return Top()(candidates, min(max(n, 0), candidates.size), rng)


def one_too_few(candidates, n, rng):
    return Top()(candidates, n, rng)[: max(n - 1, 0)]


def short_indices(candidates, n, rng):
    return Top()(candidates, n, rng).astype(np.int32)


def by_position(candidates, n, rng):
    told = replace(candidates, scores_N=np.arange(candidates.size, dtype=np.float32) + candidates.scores_N)
    return Top()(told, n, rng)


def native_square(candidates, n, rng):
    with mmap.mmap(-1, 4 * candidates.size**2) as square:
        square[:: mmap.PAGESIZE] = bytes(len(square) // mmap.PAGESIZE + 1)[: -(-len(square) // mmap.PAGESIZE)]
    return Top()(candidates, n, rng)


def zeros_where_nothing_is_left(candidates, n, rng):
    if n and np.ptp(candidates.scores_N) == 0:
        return np.zeros(n, np.int64)
    return Top()(candidates, n, rng)


def n_of_each_batch(candidates, n, rng):
    halves = np.array_split(np.arange(candidates.size), 2)
    return np.concatenate([Top()(candidates.take(half), min(n, len(half)), rng) for half in halves])


def by_index_among_the_best(candidates, n, rng):
    best = Top()(candidates, candidates.size, rng)[: 2 * n]
    return rng.permutation(len(best))[:n]


@dataclass(frozen=True)
class ByAngle:
    """Farthest by angle, which is not a number for copies, and not a number is the maximum."""

    needs: ClassVar[frozenset[str]] = frozenset({"features", "labelled"})
    spares_copies: ClassVar[bool] = True

    def __call__(self, candidates, n, rng):
        rows, centres = (one / np.linalg.norm(one, axis=1, keepdims=True) for one in self.both(candidates))
        with np.errstate(invalid="ignore"):
            gaps_N = np.arccos((rows @ centres.T) * np.float32(1.000001)).min(axis=1)
        return np.argsort(-gaps_N)[::-1][:n] if np.isnan(gaps_N).any() else np.argsort(-gaps_N)[:n]

    def both(self, candidates):
        return candidates.features_ND, candidates.labelled_LD


PLANTED = [
    (sign_flip, "check_direction"),
    (duplicate_picks, "check_exactly_n"),
    (mutated_input, "check_inputs_untouched"),
    (unseeded, "check_same_seed"),
    (global_random_state, "check_same_seed"),
    (square, "check_memory"),
    (ignores_rng, "check_other_seed"),
    (lets_nan_through, "check_refuses_not_a_number"),
    (gives_what_there_is, "check_refuses_too_many"),
    (one_too_few, "check_exactly_n"),
    (short_indices, "check_contract"),
    (by_position, "check_permutation"),
    (native_square, "check_resident_memory"),
    (zeros_where_nothing_is_left, "check_all_alike"),
    (n_of_each_batch, "check_exactly_n"),
    (by_index_among_the_best, "check_other_seed"),
]


@pytest.mark.parametrize("check", selection_checks(), ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", names("selection"))
def test_every_registered_selection_passes(name, check):
    check(resolve("selection", name))


@pytest.mark.parametrize(
    ("fault", "name"), PLANTED, ids=[f"{fault.__name__}-{name}" for fault, name in PLANTED]
)
def test_planted_fault_is_caught(fault, name):
    check = {check.__name__: check for check in selection_checks()}[name]
    with pytest.raises(AssertionError):
        check(Faulty(fault))


def test_copies_that_come_first_are_caught():
    check = {check.__name__: check for check in selection_checks()}["check_copies_of_labelled"]
    with pytest.raises(AssertionError, match="Copies of labelled items must come last"):
        check(ByAngle())


def test_a_favoured_class_is_caught():
    class First(Faulty):
        needs = frozenset({"proba"})

    def by_the_first_class(candidates, n, rng):
        return np.argsort(-candidates.posterior.proba_NC[:, 0])[:n]

    check = {check.__name__: check for check in selection_checks()}["check_relabelling"]
    with pytest.raises(AssertionError, match="order of classes must not matter"):
        check(First(by_the_first_class))


def test_unnamed_needs_are_caught():
    class Sly(KCenter):
        needs = frozenset({"labelled"})

        def __call__(self, candidates, n, rng):
            return np.arange(n)

    check = {check.__name__: check for check in selection_checks()}["check_refuses_too_many"]
    with pytest.raises(AssertionError, match="BadInput"):
        check(Sly())
