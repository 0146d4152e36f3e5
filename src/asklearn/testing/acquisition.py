"""What every acquisition function must do, as checks that anyone can run over theirs::

    from asklearn.testing.acquisition import acquisition_checks

    @pytest.mark.parametrize("check", acquisition_checks(), ids=lambda check: check.__name__)
    def test_mine(check):
        check(my_acquisition)

A check raises AssertionError, saying what was expected and what came.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from asklearn.errors import BadInput
from asklearn.protocols import Acquisition
from asklearn.testing.candidates import (
    arrays_of,
    global_random_state,
    made_up,
    on_disk,
    peak_bytes,
    with_proba,
)
from asklearn.types import Candidates, Categorical, Floats, Indices

Check: TypeAlias = Callable[[Acquisition], None]

MANY = 20_000
MEMORY_BYTES = 64 << 20


def acquisition_checks() -> list[Check]:
    """Return every check; each takes an acquisition function and raises AssertionError if it fails.

    Examples
    --------
    >>> from asklearn.acquisition.uncertainty import margin
    >>> for check in acquisition_checks():
    ...     check(margin)
    """
    return [found for name, found in sorted(globals().items()) if name.startswith("check_")]


def check_contract(fn: Acquisition) -> None:
    """It has a name, needs and pointwise, and gives one number per candidate, float32 for float32."""
    assert fn.name, "An acquisition must have a name."
    assert isinstance(fn.needs, frozenset), f"needs must be a frozenset. Got {fn.needs!r}."
    assert isinstance(fn.pointwise, bool), f"pointwise must be a bool. Got {fn.pointwise!r}."
    scores = _scores(fn, made_up(fn.needs, size=7))
    assert scores.shape == (7,), f"7 candidates must have 7 scores. Got shape {scores.shape}."
    assert scores.dtype == np.float32, f"float32 must give float32. Got {scores.dtype}."


def check_permutation(fn: Acquisition) -> None:
    """Candidates in another order have the same scores in that order."""
    if _by_chance(fn):
        return
    candidates, order = made_up(fn.needs), np.random.default_rng(1).permutation(60)
    _same(_scores(fn, candidates.take(order)), _scores(fn, candidates)[order], "candidates were reordered")


def check_relabelling(fn: Acquisition) -> None:
    """The order of the classes does not matter."""
    if _by_chance(fn) or not fn.needs & {"proba", "draws"}:
        return
    candidates = made_up(fn.needs)
    _same(_scores(fn, _renamed(candidates)), _scores(fn, candidates), "classes were renamed")


def check_finite_at_certainty(fn: Acquisition) -> None:
    """Probabilities of exactly 0 and 1 give numbers."""
    if not fn.needs & {"proba", "draws"}:
        return
    scores = _scores(fn, _of_posterior(made_up(fn.needs), _one_hot))
    assert np.isfinite(scores).all(), f"Scores at probabilities 0 and 1 must be finite. Got {scores[:5]}."


def check_duplicates(fn: Acquisition) -> None:
    """Equal candidates have equal scores."""
    if _by_chance(fn):
        return
    rows = np.repeat(np.arange(30), 2)
    scores = _scores(fn, made_up(fn.needs).take(rows))
    _same(scores[::2], scores[1::2], "candidates are equal in pairs")


def check_constant_features(fn: Acquisition) -> None:
    """Features that are all equal give numbers."""
    if "features" not in fn.needs:
        return
    scores = _scores(fn, replace(made_up(fn.needs), features_ND=np.ones((60, 6), np.float32)))
    assert np.isfinite(scores).all(), f"Scores of constant features must be finite. Got {scores[:5]}."


def check_few_candidates(fn: Acquisition) -> None:
    """One candidate has one finite score, and none has none."""
    one = _scores(fn, made_up(fn.needs, size=1))
    assert one.shape == (1,), f"One candidate must have one score. Got shape {one.shape}."
    assert np.isfinite(one).all(), f"One candidate must have a finite score. Got {one}."
    none = _scores(fn, made_up(fn.needs, size=0))
    assert none.shape == (0,), f"No candidate must have no score. Got shape {none.shape}."


def check_same_seed(fn: Acquisition) -> None:
    """The generator that is passed in is the only chance there is."""
    candidates = made_up(fn.needs)
    before = global_random_state()
    first, again = _scores(fn, candidates), _scores(fn, candidates)
    assert first.tobytes() == again.tobytes(), "One seed must give the same scores twice: use the rng given."
    assert global_random_state() == before, "The global random state must not be used: use the rng given."


def check_other_seed(fn: Acquisition) -> None:
    """A function that looks at nothing must score by chance."""
    if fn.needs:
        return
    candidates = made_up(fn.needs)
    first, other = _scores(fn, candidates, seed=0), _scores(fn, candidates, seed=1)
    assert (first != other).any(), "Another seed must give other scores where nothing else decides."


def check_inputs_untouched(fn: Acquisition) -> None:
    """What it is given is the same afterwards, and may be read-only."""
    candidates = made_up(fn.needs)
    before = {name: array.tobytes() for name, array in arrays_of(candidates).items()}
    _scores(fn, candidates)
    for name, array in arrays_of(candidates).items():
        assert array.tobytes() == before[name], f"{name} must not be changed: work on a copy."
        array.flags.writeable = False
    _scores(fn, candidates)


def check_direction(fn: Acquisition) -> None:
    """Certainty never outranks ignorance, nor agreement disagreement: higher is better."""
    if not fn.needs or not fn.needs <= {"proba", "draws"}:
        return
    for classes in (2, 3, 10):
        scores = _scores(fn, _from_certain_to_open(classes, committee="draws" in fn.needs))
        steps = np.diff(scores)
        assert (steps >= -1e-6).all(), f"Scores must not fall from certain to open. Got {scores}."
        assert scores[-1] > scores[0], f"An open case must outrank a certain one. Got {scores[[-1, 0]]}."


def check_precision(fn: Acquisition) -> None:
    """float32 and float64 agree."""
    if _by_chance(fn):
        return
    single, double = (_scores(fn, made_up(fn.needs, dtype=dtype)) for dtype in (np.float32, np.float64))
    _same(single, double, "float32 was used in place of float64", 1e-4)


def check_memory_mapped(fn: Acquisition) -> None:
    """Arrays on disk, read-only, give the same scores."""
    candidates = made_up(fn.needs)
    with on_disk(candidates) as there:
        _same(_scores(fn, there), _scores(fn, candidates), "arrays were memory-mapped")


def check_class_counts(fn: Acquisition) -> None:
    """Two classes, a thousand, and the degenerate one."""
    for classes in (1, 2, 1000):
        scores = _scores(fn, made_up(fn.needs, size=20, classes=classes))
        assert np.isfinite(scores).all(), f"Scores for C={classes} must be finite. Got {scores[:5]}."


def check_two_members(fn: Acquisition) -> None:
    """A committee of two is a committee."""
    scores = _scores(fn, made_up(fn.needs, members=2))
    assert np.isfinite(scores).all(), f"Scores for K=2 must be finite. Got {scores[:5]}."


def check_chunks(fn: Acquisition) -> None:
    """A pointwise function scores a chunk as it scores the whole."""
    if _by_chance(fn) or not fn.pointwise:
        return
    candidates = made_up(fn.needs)
    chunks = [candidates.take(rows) for rows in np.split(np.arange(60), [1, 20, 37])]
    parts = np.concatenate([_scores(fn, chunk) for chunk in chunks])
    _same(parts, _scores(fn, candidates), "candidates came in chunks")


def check_memory(fn: Acquisition) -> None:
    """Twenty thousand candidates take a few dozen megabytes: no N x N array."""
    candidates = made_up(fn.needs, size=MANY, classes=10, members=5, dims=16)
    used = peak_bytes(lambda: _scores(fn, candidates))
    assert used <= MEMORY_BYTES, (
        f"{MANY} candidates must take {MEMORY_BYTES >> 20} MiB at most. Got {used >> 20} MiB: work in blocks."
    )


def check_blocked(fn: Acquisition) -> None:
    """What must not be asked scores -inf, and nothing else does."""
    blocked_N = np.random.default_rng(1).permutation(60) < 20
    scores = _scores(fn, replace(made_up(fn.needs), blocked_N=blocked_N))
    assert np.array_equal(scores == -np.inf, blocked_N), (
        f"Exactly blocked candidates score -inf. Got {scores}."
    )


def check_refuses_not_a_probability(fn: Acquisition) -> None:
    """NaN and negative probabilities are refused, by row."""
    if not fn.needs & {"proba", "draws"}:
        return
    for bad in (np.nan, -0.5):
        candidates = made_up(fn.needs)
        for name, array in arrays_of(candidates).items():
            if name in ("proba_NC", "draws_KNC"):
                array[..., 17, 1] = bad
        _refused(fn, candidates, f"a probability of {bad} in row 17", "17")


def check_refuses_unknown(fn: Acquisition) -> None:
    """It says so when what it needs is not there."""
    if fn.needs:
        _refused(fn, Candidates(5), f"candidates without {', '.join(sorted(fn.needs))}")


def _scores(fn: Acquisition, candidates: Candidates, seed: int = 0) -> Floats:
    return np.asarray(fn(candidates, np.random.default_rng(seed)))


def _by_chance(fn: Acquisition) -> bool:
    candidates = made_up(fn.needs)
    return not np.array_equal(_scores(fn, candidates, seed=0), _scores(fn, candidates, seed=1))


def _same(got: Floats, expected: Floats, when: str, tolerance: float = 1e-5) -> None:
    assert got.shape == expected.shape, f"The shape must stay {expected.shape} when {when}. Got {got.shape}."
    off = np.abs(got.astype(np.float64) - expected)
    assert (off <= tolerance * np.maximum(1, np.abs(expected))).all(), (
        f"Scores must stay the same when {when}. Candidate {off.argmax()} moved by {off.max():.3g}."
    )


def _of_posterior(candidates: Candidates, change: Callable[[Floats], Floats]) -> Candidates:
    posterior = candidates.posterior
    assert posterior is not None
    draws = posterior.draws_KNC
    told = Categorical(change(posterior.proba_NC), None if draws is None else change(draws))
    return replace(candidates, posterior=told)


def _renamed(candidates: Candidates) -> Candidates:
    order = np.array([2, 0, 3, 1])
    renamed = _of_posterior(candidates, lambda proba: proba[..., order])
    predict, targets, labels_L = candidates.predict, candidates.targets, candidates.labels_L
    if labels_L is not None:
        renamed = replace(renamed, labels_L=np.argsort(order)[labels_L])
    if targets is not None:
        renamed = replace(renamed, targets=replace(targets, posterior=_ordered(targets.posterior, order)))
    if predict is not None:
        renamed = replace(renamed, predict=lambda features_MD: _ordered(predict(features_MD), order))
    return renamed


def _ordered(posterior: Categorical, order: Indices) -> Categorical:
    draws = posterior.draws_KNC
    return Categorical(posterior.proba_NC[:, order], None if draws is None else draws[..., order])


def _one_hot(proba: Floats) -> Floats:
    certain: Floats = (proba == proba.max(axis=-1, keepdims=True)).astype(proba.dtype)
    return certain


def _from_certain_to_open(classes: int, committee: bool) -> Candidates:
    certain_C, open_C = np.eye(classes, dtype=np.float32)[0], np.full(classes, 1 / classes, np.float32)
    along_N1 = np.linspace(0, 1, 11, dtype=np.float32)[:, None]
    if not committee:
        return with_proba((1 - along_N1) * certain_C + along_N1 * open_C)
    members_KC = np.eye(classes, dtype=np.float32)
    draws_KNC = np.stack([(1 - along_N1) * certain_C + along_N1 * member_C for member_C in members_KC])
    return with_proba(draws_KNC.mean(axis=0), draws_KNC)


def _refused(fn: Acquisition, candidates: Candidates, what: str, naming: str = "") -> None:
    try:
        scores = _scores(fn, candidates)
    except BadInput as error:
        said = str(error)
    else:
        raise AssertionError(f"It must raise BadInput for {what}. Got {scores[:5]}.")
    assert naming in said, f"The error for {what} must name {naming}. Got: {said}"
