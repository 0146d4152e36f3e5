"""What every acquisition function must do, as checks that anyone can run over theirs::

    from asklearn.testing.acquisition import acquisition_checks

    @pytest.mark.parametrize("check", acquisition_checks(), ids=lambda check: check.__name__)
    def test_mine(check):
        check(my_acquisition)

A check raises AssertionError, saying what was expected and what came.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from asklearn.errors import BadInput
from asklearn.protocols import Acquisition
from asklearn.testing.candidates import (
    arrays_of,
    global_random_state,
    made_up,
    on_disk,
    peak_bytes,
    resident_bytes,
    with_proba,
)
from asklearn.types import Candidates, Categorical, Floats, Targets

Check: TypeAlias = Callable[[Acquisition], None]

MANY, DIMS = 10_000, 256
MEMORY_BYTES = 80 << 20


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
    """The order of the classes does not matter, and a label that is not known yet is of no class."""
    if _by_chance(fn) or not fn.needs & {"proba", "draws"}:
        return
    for candidates in (made_up(fn.needs), _some_unknown(made_up(fn.needs))):
        _same(_scores(fn, _renamed(candidates)), _scores(fn, candidates), "classes were renamed")


def check_finite_at_certainty(fn: Acquisition) -> None:
    """Probabilities of exactly 0 and 1 give numbers, at candidates and at targets."""
    if not fn.needs & {"proba", "draws", "targets", "predict"}:
        return
    scores = _scores(fn, _everywhere(made_up(fn.needs), _one_hot))
    assert np.isfinite(scores).all(), f"Scores at probabilities 0 and 1 must be finite. Got {scores[:5]}."


def check_duplicates(fn: Acquisition) -> None:
    """Equal candidates have equal scores."""
    if _by_chance(fn):
        return
    rows = np.repeat(np.arange(30), 2)
    scores = _scores(fn, made_up(fn.needs).take(rows))
    _same(scores[::2], scores[1::2], "candidates are equal in pairs")


def check_constant_features(fn: Acquisition) -> None:
    """Features that are all equal give numbers, of targets and labelled items too."""
    if not fn.needs & {"features", "labelled", "targets"}:
        return
    candidates = _with_features(made_up(fn.needs), np.ones_like)
    scores = _scores(fn, candidates)
    assert np.isfinite(scores).all(), f"Scores of constant features must be finite. Got {scores[:5]}."


def check_same_as_labelled(fn: Acquisition) -> None:
    """Candidates that are copies of labelled items give numbers."""
    candidates = made_up(fn.needs)
    if candidates.features_ND is None or candidates.labelled_LD is None:
        return
    copies_ND = np.tile(candidates.labelled_LD, (12, 1))
    scores = _scores(fn, replace(candidates, features_ND=copies_ND))
    assert np.isfinite(scores).all(), f"Scores of copies of labelled items must be finite. Got {scores[:5]}."


def check_order_of_what_is_known(fn: Acquisition) -> None:
    """The order of targets and of labelled items does not matter."""
    if _by_chance(fn):
        return
    candidates = made_up(fn.needs)
    turned = replace(
        candidates,
        labelled_LD=None if candidates.labelled_LD is None else candidates.labelled_LD[::-1],
        labels_L=None if candidates.labels_L is None else candidates.labels_L[::-1],
    )
    if candidates.targets is not None:
        posterior = candidates.targets.posterior
        draws = posterior.draws_KNC
        turned_posterior = Categorical(posterior.proba_NC[::-1], None if draws is None else draws[:, ::-1])
        turned = replace(turned, targets=Targets(candidates.targets.features_MD[::-1], turned_posterior))
    _same(_scores(fn, turned), _scores(fn, candidates), "targets and labelled items were turned round")


def check_few_labels(fn: Acquisition) -> None:
    """Labels of one class only give numbers; labels of none give numbers or a clear error."""
    if not fn.needs & {"labelled", "labels"}:
        return
    candidates = made_up(fn.needs)
    if candidates.labels_L is not None:
        scores = _scores(fn, replace(candidates, labels_L=np.full_like(candidates.labels_L, 2)))
        assert np.isfinite(scores).all(), f"Labels of one class must give finite scores. Got {scores[:5]}."
    nothing = replace(
        candidates,
        labelled_LD=None if candidates.labelled_LD is None else candidates.labelled_LD[:0],
        labels_L=None if candidates.labels_L is None else candidates.labels_L[:0],
    )
    try:
        scores = _scores(fn, nothing)
    except BadInput:
        return
    assert np.isfinite(scores).all(), f"No label must give finite scores, or BadInput. Got {scores[:5]}."


def check_costs(fn: Acquisition) -> None:
    """A candidate that gets dearer does not gain, whatever the sign of its score; the others stay."""
    candidates = made_up(fn.needs)
    if candidates.costs_N is None or _by_chance(fn):
        return
    dearer_N = np.arange(60) < 30
    costs_N = np.where(dearer_N, 10 * candidates.costs_N, candidates.costs_N)
    before, after = _scores(fn, candidates), _scores(fn, replace(candidates, costs_N=costs_N))
    assert (after <= before + 1e-6).all(), "A score must not rise with the cost: mind scores below 0."
    assert (after < before)[dearer_N].any(), "Scores must fall with the cost. They stayed."


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
    if not fn.needs & {"proba", "draws"} or not fn.needs <= {"proba", "draws", "features", "targets"}:
        return
    for classes in (2, 3, 10):
        scores = _scores(fn, _from_certain_to_open(classes, fn.needs))
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
    """Ten thousand candidates take a few dozen megabytes: nothing N x N, and nothing N x C x D."""
    candidates = made_up(fn.needs, size=MANY, classes=10, members=5, dims=DIMS)
    used = peak_bytes(lambda: _scores(fn, candidates))
    assert used <= MEMORY_BYTES, (
        f"{MANY} candidates must take {MEMORY_BYTES >> 20} MiB at most. Got {used >> 20} MiB: work in blocks."
    )


def check_resident_memory(fn: Acquisition) -> None:
    """The same, as the operating system counts it, in a process of its own."""
    used = resident_bytes(fn, fn.needs, MANY, DIMS)
    assert used <= MEMORY_BYTES, (
        f"{MANY} candidates must take {MEMORY_BYTES >> 20} MiB of a process at most. Got {used >> 20} MiB: "
        "work in blocks."
    )


def check_blocked(fn: Acquisition) -> None:
    """What must not be asked scores -inf, and nothing else does."""
    blocked_N = np.random.default_rng(1).permutation(60) < 20
    scores = _scores(fn, replace(made_up(fn.needs), blocked_N=blocked_N))
    assert np.array_equal(scores == -np.inf, blocked_N), (
        f"Exactly blocked candidates score -inf. Got {scores}."
    )


def check_refuses_not_a_probability(fn: Acquisition) -> None:
    """NaN and negative probabilities that it looks at are refused, by row; of targets too."""
    for names, row in ((("proba_NC", "draws_KNC"), 17), (("targets_proba_MC", "targets_draws_KMC"), 5)):
        for bad in (np.nan, -0.5):
            candidates = made_up(fn.needs)
            if _looks_at(fn, *names):
                for array in _held(candidates, names):
                    array[..., row, 1] = bad
                _refused(fn, candidates, f"a probability of {bad} in row {row}", str(row))


def check_refuses_not_a_number(fn: Acquisition) -> None:
    """NaN among the features that it looks at is refused: of candidates, labelled items and targets."""
    for name in ("features_ND", "labelled_LD", "targets_MD"):
        candidates = made_up(fn.needs)
        if _looks_at(fn, name):
            arrays_of(candidates)[name][3, 2] = np.nan
            _refused(fn, candidates, f"NaN in {name}")


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
    assert candidates.posterior is not None
    return replace(candidates, posterior=_changed(candidates.posterior, change))


def _everywhere(candidates: Candidates, change: Callable[[Floats], Floats]) -> Candidates:
    """Return candidates with each probability changed, what they know of targets and predict included."""
    posterior, targets, predict = candidates.posterior, candidates.targets, candidates.predict
    told = candidates
    if posterior is not None:
        told = replace(told, posterior=_changed(posterior, change))
    if targets is not None:
        told = replace(told, targets=replace(targets, posterior=_changed(targets.posterior, change)))
    if predict is not None:
        told = replace(told, predict=lambda features_MD: _changed(predict(features_MD), change))
    return told


def _changed(posterior: Categorical, change: Callable[[Floats], Floats]) -> Categorical:
    draws = posterior.draws_KNC
    return Categorical(change(posterior.proba_NC), None if draws is None else change(draws))


def _with_features(candidates: Candidates, change: Callable[[Floats], Floats]) -> Candidates:
    features, labelled, targets = candidates.features_ND, candidates.labelled_LD, candidates.targets
    return replace(
        candidates,
        features_ND=None if features is None else change(features),
        labelled_LD=None if labelled is None else change(labelled),
        targets=None if targets is None else replace(targets, features_MD=change(targets.features_MD)),
    )


def _looks_at(fn: Acquisition, *names: str) -> bool:
    """Say whether the scores depend on those arrays at all."""
    candidates = made_up(fn.needs)
    before = _scores(fn, candidates)
    for array in _held(candidates, names):
        array[...] = array.mean()
    return not np.array_equal(_scores(fn, candidates), before)


def _held(candidates: Candidates, names: Sequence[str]) -> list[NDArray[Any]]:
    return [array for name, array in arrays_of(candidates).items() if name in names]


def _some_unknown(candidates: Candidates) -> Candidates:
    if candidates.labels_L is None:
        return candidates
    labels_L = candidates.labels_L.copy()
    labels_L[1] = -1
    return replace(candidates, labels_L=labels_L)


def _renamed(candidates: Candidates) -> Candidates:
    order = np.array([2, 0, 3, 1])
    renamed = _everywhere(candidates, lambda proba: proba[..., order])
    labels_L = candidates.labels_L
    if labels_L is None:
        return renamed
    return replace(renamed, labels_L=np.where(labels_L < 0, labels_L, np.argsort(order)[labels_L]))


def _one_hot(proba: Floats) -> Floats:
    certain: Floats = (proba == proba.max(axis=-1, keepdims=True)).astype(proba.dtype)
    return certain


def _from_certain_to_open(classes: int, needs: frozenset[str]) -> Candidates:
    """Return candidates alike but for the belief, and targets on which the same draws differ most."""
    certain_C, open_C = np.eye(classes, dtype=np.float32)[0], np.full(classes, 1 / classes, np.float32)
    along_N1 = np.linspace(0, 1, 11, dtype=np.float32)[:, None]
    members_KC = np.eye(classes, dtype=np.float32) if "draws" in needs else open_C[None]
    draws_KNC = np.stack([(1 - along_N1) * certain_C + along_N1 * member_C for member_C in members_KC])
    wanted = Categorical(np.tile(open_C, (3, 1)), np.repeat(members_KC[:, None], 3, axis=1))
    return replace(
        with_proba(draws_KNC.mean(axis=0), draws_KNC if "draws" in needs else None),
        features_ND=np.ones((11, 4), np.float32),
        targets=Targets(np.ones((3, 4), np.float32), wanted),
    )


def _refused(fn: Acquisition, candidates: Candidates, what: str, naming: str = "") -> None:
    try:
        scores = _scores(fn, candidates)
    except BadInput as error:
        said = str(error)
    else:
        raise AssertionError(f"It must raise BadInput for {what}. Got {scores[:5]}.")
    assert naming in said, f"The error for {what} must name {naming}. Got: {said}"
