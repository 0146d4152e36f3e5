"""What every selection must do, as checks that anyone can run over theirs::

    from asklearn.testing.selection import selection_checks

    @pytest.mark.parametrize("check", selection_checks(), ids=lambda check: check.__name__)
    def test_mine(check):
        check(MySelection())

A check raises AssertionError, saying what was expected and what came.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from asklearn.errors import BadInput
from asklearn.protocols import Selection
from asklearn.testing.candidates import (
    arrays_of,
    changed,
    global_random_state,
    made_up,
    on_disk,
    peak_bytes,
    resident_bytes,
)
from asklearn.types import Candidates, Categorical, Floats, Indices

Check: TypeAlias = Callable[[Selection], None]

MANY = 10_000
DIMS = 16
MEMORY_BYTES = 96 << 20


def selection_checks() -> list[Check]:
    """Return every check; each takes a selection and raises AssertionError if it fails.

    Examples
    --------
    >>> from asklearn.selection.top import Top
    >>> for check in selection_checks():
    ...     check(Top())
    """
    return [found for name, found in sorted(globals().items()) if name.startswith("check_")]


def check_contract(select: Selection) -> None:
    """It says what it needs, and gives int64 indices."""
    assert isinstance(select.needs, frozenset), f"needs must be a frozenset. Got {select.needs!r}."
    picks = _picks(select, made_up(select.needs), 5)
    assert picks.dtype == np.int64, f"Picks must be int64. Got {picks.dtype}."


def check_exactly_n(select: Selection) -> None:
    """As many as asked for, all different, all there; down to none and up to all."""
    candidates = made_up(select.needs)
    for n in (0, 1, 2, 30, 59, 60):
        _exactly(_picks(select, candidates, n), n, 60, "generic candidates")


def check_duplicates(select: Selection) -> None:
    """Equal candidates are still different picks."""
    candidates = made_up(select.needs).take(np.repeat(np.arange(6), 10))
    for n in (5, 7, 30, 60):
        _exactly(_picks(select, candidates, n), n, 60, "candidates of which each comes ten times")


def check_all_alike(select: Selection) -> None:
    """Constant scores and features give n different picks too."""
    for n in (1, 5, 60):
        _exactly(_picks(select, _alike(select), n), n, 60, "candidates that are all alike")


def check_few_candidates(select: Selection) -> None:
    """One candidate can be picked, and none of none."""
    for n, size in ((1, 1), (0, 1), (0, 0)):
        _exactly(_picks(select, made_up(select.needs, size=size), n), n, size, f"{size} candidates")


def check_blocked(select: Selection) -> None:
    """What must not be asked is never picked, however good, and the rest as if it were not there."""
    candidates = made_up(select.needs)
    blocked_N = np.random.default_rng(1).permutation(60) < 30
    if candidates.scores_N is not None:
        candidates = replace(candidates, scores_N=candidates.scores_N + blocked_N.astype(np.float32))
    told = replace(candidates, blocked_N=blocked_N)
    free = np.flatnonzero(~blocked_N)
    for n in (0, 1, 10, 30):
        picks = _picks(select, told, n)
        _exactly(picks, n, 60, "candidates of which half are blocked")
        assert not blocked_N[picks].any(), f"A blocked candidate must not be picked. Got {picks}."
    alone = free[_picks(select, candidates.take(free), 10)]
    picks = _picks(select, told, 10)
    assert np.array_equal(picks, alone), f"Blocked candidates must not matter: {alone}. Got {picks}."
    _refused(select, told, 31, "31 of 30 candidates that are not blocked")


def check_refuses_too_many(select: Selection) -> None:
    """More than there are, or fewer than none, is refused."""
    for n in (61, -1):
        _refused(select, made_up(select.needs), n, f"n={n} of 60 candidates")


def check_refuses_not_a_number(select: Selection) -> None:
    """NaN among what it looks at is refused."""
    for name in arrays_of(made_up(select.needs)):
        if name not in ("features_ND", "labelled_LD", "scores_N"):
            continue
        candidates = made_up(select.needs)
        arrays_of(candidates)[name][3] = np.nan
        _refused(select, candidates, 5, f"NaN in {name}")


def check_refuses_unknown(select: Selection) -> None:
    """It says so when what it needs is not there."""
    if select.needs - {"labelled", "labels"}:
        _refused(select, Candidates(5), 2, f"candidates without {', '.join(sorted(select.needs))}")


def check_nothing_labelled(select: Selection) -> None:
    """Without labelled items (the first batch) it still picks."""
    candidates = made_up(select.needs)
    nothing = replace(candidates, labelled_LD=None, labels_L=None)
    _exactly(_picks(select, nothing, 5), 5, 60, "nothing labelled")
    if candidates.features_ND is not None:
        none = replace(candidates, labelled_LD=candidates.features_ND[:0], labels_L=np.empty(0, np.int64))
        _exactly(_picks(select, none, 5), 5, 60, "an empty labelled_LD")


def check_copies_of_labelled(select: Selection) -> None:
    """Where it says ``spares_copies = True``, copies of labelled items are left to the last."""
    if not getattr(select, "spares_copies", False):
        return
    candidates = made_up(select.needs)
    assert candidates.features_ND is not None, "Only what looks at features can tell copies."
    for copies, dtype in ((1, np.float32), (5, np.float32), (5, np.float64)):
        features_ND: Floats = candidates.features_ND.astype(dtype)
        told = replace(candidates, features_ND=features_ND, labelled_LD=features_ND[:copies].copy())
        picks = _picks(select, told, 50)
        assert picks.min() >= copies, f"Copies of labelled items must come last. Got {np.sort(picks)[:5]}."


def check_permutation(select: Selection) -> None:
    """Candidates in another order are picked the same, where chance does not decide."""
    if _by_chance(select):
        return
    candidates, order = made_up(select.needs), np.random.default_rng(1).permutation(60)
    picks, other = _picks(select, candidates, 10), order[_picks(select, candidates.take(order), 10)]
    assert np.array_equal(picks, other), f"Picks must follow the candidates' order. Got {other}, not {picks}."


def check_relabelling(select: Selection) -> None:
    """Classes in another order change nothing, where chance does not decide."""
    candidates = made_up(select.needs)
    posterior = candidates.posterior
    if posterior is None or select.needs & {"labels", "targets", "predict"} or _by_chance(select):
        return
    order = np.array([2, 0, 3, 1])
    draws_KNC = None if posterior.draws_KNC is None else posterior.draws_KNC[..., order]
    renamed = replace(candidates, posterior=Categorical(posterior.proba_NC[:, order], draws_KNC))
    picks, other = _picks(select, candidates, 10), _picks(select, renamed, 10)
    assert np.array_equal(picks, other), f"The order of classes must not matter: {picks}. Got {other}."


def check_same_seed(select: Selection) -> None:
    """The generator that is passed in is the only chance there is."""
    before = global_random_state()
    for candidates in (made_up(select.needs), _alike(select)):
        first, again = _picks(select, candidates, 10), _picks(select, candidates, 10)
        assert np.array_equal(first, again), (
            f"One seed must give the same picks twice: use the rng given. Got {first} and {again}."
        )
    assert global_random_state() == before, "The global random state must not be used: use the rng given."


def check_other_seed(select: Selection) -> None:
    """Where all candidates are alike, chance decides, and no place in the pool is preferred."""
    picked = np.bincount(
        np.concatenate([_picks(select, _alike(select), 6, seed) for seed in range(60)]), minlength=60
    )
    assert (picked > 0).sum() >= 45, (
        "Ties must fall by lot: 60 seeds must pick nearly every one of 60 candidates that are alike. "
        f"Got {(picked > 0).sum()} of them; break ties by the rng given."
    )


def check_inputs_untouched(select: Selection) -> None:
    """What it is given is the same afterwards, and may be read-only."""
    candidates = made_up(select.needs)
    before = {name: array.tobytes() for name, array in arrays_of(candidates).items()}
    _picks(select, candidates, 10)
    for name, array in arrays_of(candidates).items():
        assert array.tobytes() == before[name], f"{name} must not be changed: work on a copy."
        array.flags.writeable = False
    _picks(select, candidates, 10)


def check_direction(select: Selection) -> None:
    """High scores are picked more often than low ones."""
    if "scores" not in select.needs:
        return
    candidates = made_up(select.needs, size=200)
    high_N = np.random.default_rng(1).permutation(200) < 100
    told = replace(candidates, scores_N=np.where(high_N, 0.9, 0.1).astype(np.float32))
    picks = np.concatenate([_picks(select, told, 6, seed) for seed in range(20)])
    assert high_N[picks].mean() > 0.55, (
        f"High scores must be picked more often than low ones. Got {high_N[picks].mean():.0%} of the picks."
    )


def check_precision(select: Selection) -> None:
    """float32 and float64 are both taken."""
    for dtype in (np.float32, np.float64):
        _exactly(_picks(select, made_up(select.needs, dtype=dtype), 10), 10, 60, np.dtype(dtype).name)


def check_memory_mapped(select: Selection) -> None:
    """Arrays on disk, read-only, give the same picks."""
    candidates = made_up(select.needs)
    with on_disk(candidates) as there:
        picks, expected = _picks(select, there, 10), _picks(select, candidates, 10)
    assert np.array_equal(picks, expected), f"Memory-mapped arrays must give {expected}. Got {picks}."


def check_memory(select: Selection) -> None:
    """Ten thousand candidates take a few dozen megabytes: no N x N array."""
    candidates = made_up(select.needs, size=MANY, classes=10, members=5, dims=DIMS)
    used = peak_bytes(lambda: _picks(select, candidates, 50))
    assert used <= MEMORY_BYTES, (
        f"{MANY} candidates must take {MEMORY_BYTES >> 20} MiB at most. Got {used >> 20} MiB: work in blocks."
    )


def check_resident_memory(select: Selection) -> None:
    """The same, as the operating system counts it, in a process of its own."""
    used = resident_bytes(select, select.needs, MANY, DIMS, 50)
    assert used <= MEMORY_BYTES, (
        f"{MANY} candidates must take {MEMORY_BYTES >> 20} MiB of a process at most. Got {used >> 20} MiB: "
        "work in blocks."
    )


def _picks(select: Selection, candidates: Candidates, n: int, seed: int = 0) -> Indices:
    return np.asarray(select(candidates, n, np.random.default_rng(seed)))


def _exactly(picks: Indices, n: int, size: int, among: str) -> None:
    assert picks.shape == (n,), f"Among {among}, n={n} must give {n} picks. Got shape {picks.shape}."
    assert len(np.unique(picks)) == n, f"Among {among}, picks must be different. Got {np.sort(picks)}."
    assert n == 0 or (picks.min() >= 0 and picks.max() < size), (
        f"Picks must be from 0 to {size - 1}. Got {picks.min()} to {picks.max()}."
    )


def _alike(select: Selection) -> Candidates:
    candidates = made_up(select.needs)
    return changed(candidates, lambda array, axis: array.take(np.zeros(60, int), axis=axis), 60)


def _by_chance(select: Selection) -> bool:
    candidates = made_up(select.needs)
    tries = [_picks(select, candidates, 10, seed) for seed in range(3)]
    return not all(np.array_equal(tries[0], other) for other in tries[1:])


def _refused(select: Selection, candidates: Candidates, n: int, what: str) -> None:
    try:
        picks = _picks(select, candidates, n)
    except BadInput:
        return
    raise AssertionError(f"It must raise BadInput for {what}. Got {picks}.")
