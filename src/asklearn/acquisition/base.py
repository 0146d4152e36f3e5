"""What every acquisition function shares: its registration, its checks, its way through large arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial, wraps
from typing import Any, Protocol, TypeAlias, TypeVar, overload

import numpy as np
from numpy.random import Generator

from asklearn.errors import BadInput
from asklearn.protocols import Acquisition
from asklearn.registry import register
from asklearn.types import Candidates, Floats

Scorer: TypeAlias = Callable[[Candidates, Generator], Floats]
Kind = TypeVar("Kind")

NEEDS = ("proba", "draws", "features", "labelled", "labels", "targets", "costs", "predict")
BLOCK_BYTES = 1 << 19


class Decorator(Protocol):
    """What :func:`acquisition` gives: decorates a class, or a function."""

    @overload
    def __call__(self, made: Scorer, /) -> Acquisition: ...  # type: ignore[overload-overlap]

    @overload
    def __call__(self, made: type[Kind], /) -> type[Kind]: ...


def acquisition(
    name: str, *, needs: Iterable[str] | None = None, pointwise: bool | None = None, why: str | None = None
) -> Decorator:
    """Decorate a function of candidates and a random generator as an acquisition function.

    A class is decorated where there are options: a frozen dataclass with the options as fields and
    ``__call__(candidates, rng)``. Then ``"name(option=value)"`` makes an instance.

    Parameters
    ----------
    name : str
        The name it is registered under; also a strategy of that name.
    needs : iterable of str, optional
        What must be known about the candidates, out of ``proba``, ``draws``, ``features``, ``labelled``,
        ``labels``, ``targets``, ``costs``, ``predict``; nothing by default.
    pointwise : bool, optional
        Whether a candidate's score is independent of the other candidates; True by default.
    why : str, optional
        Why an item with a high score is asked, in words for an annotator.

        A class may say `needs`, `pointwise` and `why` itself, as attributes or properties.

    Returns
    -------
    callable
        Decorator. What it decorates checks that what it needs is there, and that there is one score
        per candidate and none is NaN; candidates that must not be asked score -inf.

    Raises
    ------
    BadInput
        If `needs` names something unknown.

    Examples
    --------
    >>> import numpy as np
    >>> from dataclasses import dataclass
    >>> from asklearn.registry import resolve, unregister
    >>> from asklearn.types import Candidates, Categorical
    >>> @acquisition("nth", needs={"proba"})
    ... @dataclass(frozen=True)
    ... class Nth:
    ...     n: int = 0
    ...
    ...     def __call__(self, candidates, rng):
    ...         return candidates.posterior.proba_NC[:, self.n]
    >>> known = Candidates(1, Categorical(np.array([[0.75, 0.25]])))
    >>> resolve("acquisition", "nth(n=1)")(known, np.random.default_rng(0))
    array([0.25])
    >>> unregister("acquisition", "nth")
    """
    _check_needs(needs or ())

    def decorate(made: Any, /) -> Any:
        if isinstance(made, type):
            plugin: Any = made
            plugin.__call__ = _checked_method(made.__call__)
        else:
            plugin = _checked_function(made)
        plugin.name = name
        _settle(plugin, "needs", None if needs is None else frozenset(needs), frozenset())
        _settle(plugin, "pointwise", pointwise, True)
        _settle(plugin, "why", why, "")
        return register("acquisition", name)(plugin)

    return decorate


def _checked_function(scorer: Scorer) -> Scorer:
    @wraps(scorer)
    def checked(candidates: Candidates, rng: Generator, /) -> Floats:
        return _score(checked, scorer, candidates, rng)

    return checked


def _checked_method(scorer: Callable[[Any, Candidates, Generator], Floats]) -> Callable[..., Floats]:
    @wraps(scorer)
    def checked(self: Any, candidates: Candidates, rng: Generator, /) -> Floats:
        return _score(self, partial(scorer, self), candidates, rng)

    return checked


def _score(plugin: Any, scorer: Scorer, candidates: Candidates, rng: Generator) -> Floats:
    require_known(candidates, plugin.needs, plugin.name)
    _check_given(candidates, plugin.needs)
    return _without_blocked(_check_scores(scorer(candidates, rng), candidates.size, plugin.name), candidates)


def _check_given(candidates: Candidates, needs: frozenset[str]) -> None:
    """Refuse features that are not finite, and targets without sound beliefs."""
    targets = candidates.targets if "targets" in needs else None
    if "features" in needs:
        _check_finite(candidates.features_ND, "the candidates")
    if "labelled" in needs:
        _check_finite(candidates.labelled_LD, "the labelled items")
    if targets is not None:
        _check_finite(targets.features_MD, "the targets")
        check_proba(targets.posterior.proba_NC, of="the targets")
        if targets.posterior.draws_KNC is not None:
            check_proba(targets.posterior.draws_KNC, of="the targets")


def _check_finite(features: Floats | None, of: str) -> None:
    with np.errstate(over="ignore", invalid="ignore"):
        if features is None or np.isfinite(features.sum()):
            return
    sound_N = np.isfinite(features).all(axis=1)
    if not sound_N.all():
        raise BadInput(
            f"Features must be finite numbers. Got NaN or infinity in row {sound_N.argmin()} of {of}: "
            "fill in what is missing, or leave the item out."
        )


def _check_needs(needs: Iterable[str]) -> None:
    wanted = frozenset(needs)
    if not wanted <= set(NEEDS):
        raise BadInput(f"needs must be out of {', '.join(NEEDS)}. Got {', '.join(sorted(wanted))}.")


def _settle(plugin: Any, attribute: str, value: object, default: object) -> None:
    if value is not None or not hasattr(plugin, attribute):
        setattr(plugin, attribute, default if value is None else value)


def require_known(candidates: Candidates, needs: Iterable[str], name: str) -> None:
    """Refuse candidates of which something in `needs` is not known.

    Raises
    ------
    BadInput
        If a field is missing.

    Examples
    --------
    >>> require_known(Candidates(3), {"features"}, "k_center")
    Traceback (most recent call last):
        ...
    asklearn.errors.BadInput: 'k_center' needs features of the candidates; fill Candidates.features_ND.
    """
    posterior = candidates.posterior
    fields = {
        "proba": ("posterior", posterior),
        "draws": ("posterior.draws_KNC (a committee model gives them)", posterior and posterior.draws_KNC),
        "features": ("features_ND", candidates.features_ND),
        "labelled": ("labelled_LD", candidates.labelled_LD),
        "labels": ("labels_L", candidates.labels_L),
        "targets": ("targets", candidates.targets),
        "costs": ("costs_N", candidates.costs_N),
        "groups": ("groups_N", candidates.groups_N),
        "predict": ("predict", candidates.predict),
        "scores": ("scores_N", candidates.scores_N),
    }
    for need in sorted(needs):
        field, value = fields[need]
        if value is None:
            raise BadInput(f"{name!r} needs {need} of the candidates; fill Candidates.{field}.")


def by_blocks(score: Callable[[Floats], Floats], proba: Floats, *, by_logs: bool = False) -> Floats:
    """Score probabilities in blocks of rows that stay in the processor's cache.

    Parameters
    ----------
    score : callable
        Scores of a block: (B, C) or (K, B, C) to (B,).
    proba : ndarray of shape (N, C) or (K, N, C)
        Probabilities; may be memory-mapped. Not copied.
    by_logs : bool
        Whether `score` takes logarithms, so that it is not finite where a probability is 0 or none at
        all. Only such blocks are looked at then, and scored again with the least number in place of 0.

    Returns
    -------
    ndarray of shape (N,)
        float32, or float64 for probabilities in float64.

    Raises
    ------
    BadInput
        If a probability is negative or not a number; the message names the first such row.

    Examples
    --------
    >>> by_blocks(lambda block: block.max(-1), np.array([[0.75, 0.25], [0.5, 0.5]]))
    array([0.75, 0.5 ])
    """
    size, classes = proba.shape[-2:]
    scores = np.empty(size, np.result_type(proba.dtype, np.float32))
    if classes == 0:
        raise BadInput("Probabilities must be of at least one class. Got none: fit the model first.")
    per_row = proba.size // max(size, 1) * scores.itemsize
    step = max(1, BLOCK_BYTES // max(per_row, 1))
    for start in range(0, size, step):
        block = np.asarray(proba[..., start : start + step, :], dtype=scores.dtype)
        found = score(block) if by_logs else None
        if found is None or not np.isfinite(found).all():
            check_proba(block, start)
            found = score(np.maximum(block, np.finfo(block.dtype).tiny) if by_logs else block)
        scores[start : start + step] = found
    return scores


def check_proba(proba: Floats, start: int = 0, of: str = "the candidates") -> None:
    """Refuse what is no probability.

    Parameters
    ----------
    proba : ndarray of shape (N, C) or (K, N, C)
        Probabilities.
    start : int
        Number of the first row.
    of : str
        Whose rows they are, for the message.

    Raises
    ------
    BadInput
        If one is negative or not a number; the message names the first such row.

    Examples
    --------
    >>> check_proba(np.array([[1.5, -0.5]]), start=7)
    Traceback (most recent call last):
        ...
    asklearn.errors.BadInput: Probabilities must be numbers from 0 to 1. Got -0.5 in row 7 of the candidates: ...
    """
    if proba.size == 0 or proba.min() >= 0:
        return
    rows = np.moveaxis(proba, -2, 0).reshape(proba.shape[-2], -1)
    first = int(np.flatnonzero(~(rows >= 0).all(axis=1))[0])
    worst = rows[first][~(rows[first] >= 0)][0]
    raise BadInput(
        f"Probabilities must be numbers from 0 to 1. Got {worst} in row {start + first} of {of}: "
        "pass probabilities, not logits, and see that the model's features hold no NaN."
    )


def _check_scores(scores: Floats, size: int, name: str) -> Floats:
    if scores.shape != (size,):
        raise BadInput(f"{name!r} must give one score per candidate, shape ({size},). Got {scores.shape}.")
    if size and np.isnan(scores.min()):
        row = int(np.flatnonzero(np.isnan(scores))[0])
        raise BadInput(f"{name!r} must give numbers. Got NaN for row {row}: see what it was given there.")
    return scores


def _without_blocked(scores: Floats, candidates: Candidates) -> Floats:
    if candidates.blocked_N is None:
        return scores
    return np.where(candidates.blocked_N, scores.dtype.type(-np.inf), scores)
