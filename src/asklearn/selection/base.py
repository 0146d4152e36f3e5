"""What every selection shares: its registration, its checks, and what must not be asked left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeVar

import numpy as np
from numpy.random import Generator

from asklearn.acquisition.base import by_blocks, require_known
from asklearn.errors import BadInput
from asklearn.registry import register
from asklearn.types import Candidates, Floats, Indices

Kind = TypeVar("Kind", bound=type[Any])

OPTIONAL = frozenset({"labelled", "labels"})
"""What may be absent: nothing is labelled before the first batch."""


def selection(name: str, *, needs: Iterable[str] | None = None, why: str = "") -> Callable[[Kind], Kind]:
    """Decorate a class whose instances pick a batch as a selection.

    Parameters
    ----------
    name : str
        The name it is registered under; also a strategy of that name.
    needs : iterable of str, optional
        What must be known about the candidates: as for an acquisition function, and ``scores``,
        ``groups``. Left out where the class says it by a property ``needs`` of its own.
    why : str
        Why an item that it picks is asked, in words for an annotator.

    Returns
    -------
    callable
        Decorator. The decorated ``__call__(candidates, n, rng)`` is reached with 1 <= n <= N and with what
        it needs (``labelled`` and ``labels`` may be None), and never sees a blocked candidate.

    Examples
    --------
    >>> from asklearn.registry import resolve, unregister
    >>> @selection("first", needs=())
    ... class First:
    ...     def __call__(self, candidates, n, rng):
    ...         return np.arange(n)
    >>> blocked_N = np.array([True, False, False])
    >>> resolve("selection", "first")(Candidates(3, blocked_N=blocked_N), 1, np.random.default_rng(0))
    array([1])
    >>> unregister("selection", "first")
    """

    def decorate(kind: Kind) -> Kind:
        pick = kind.__call__

        @wraps(pick)
        def checked(self: Any, candidates: Candidates, n: int, rng: Generator, /) -> Indices:
            allowed = candidates
            if candidates.blocked_N is not None:
                rows = np.flatnonzero(~candidates.blocked_N)
                allowed = candidates.take(rows)
            check_request(allowed, n, self.needs - OPTIONAL, name)
            if n == 0:
                return np.empty(0, np.int64)
            picks = np.asarray(pick(self, allowed, n, rng), np.int64)
            return picks if candidates.blocked_N is None else rows[picks]

        made: Any = kind
        made.__call__ = checked
        made.why = why
        if needs is not None:
            made.needs = frozenset(needs)
        return register("selection", name)(kind)

    return decorate


def check_request(candidates: Candidates, n: int, needs: frozenset[str], name: str) -> None:
    """Refuse a batch that cannot be picked.

    Raises
    ------
    BadInput
        If `n` is negative or more than there are candidates, or something in `needs` is not known.

    Examples
    --------
    >>> check_request(Candidates(3), 4, frozenset(), "top")
    Traceback (most recent call last):
        ...
    asklearn.errors.BadInput: n must be from 0 to the number of candidates, 3. Got 4: ask for fewer.
    """
    if not 0 <= n <= candidates.size:
        raise BadInput(
            f"n must be from 0 to the number of candidates, {candidates.size}. Got {n}: ask for fewer."
        )
    require_known(candidates, needs, name)


def scores_of(candidates: Candidates) -> Floats:
    """Return the candidates' scores, one each and none NaN.

    Raises
    ------
    BadInput
        If there are none, or one is NaN, or their number is wrong.

    Examples
    --------
    >>> scores_of(Candidates(2, scores_N=np.array([0.5, 0.25])))
    array([0.5 , 0.25])
    """
    require_known(candidates, {"scores"}, "this selection")
    scores_N = np.asarray(candidates.scores_N)
    if scores_N.shape != (candidates.size,):
        raise BadInput(f"scores_N must have shape ({candidates.size},). Got {scores_N.shape}.")
    if np.isnan(scores_N).any():
        row = int(np.flatnonzero(np.isnan(scores_N))[0])
        raise BadInput(f"scores_N must be numbers. Got NaN in row {row}: mend the acquisition function.")
    return scores_N


def features_of(candidates: Candidates) -> Floats:
    """Return the candidates' features, one row each; not copied, may be memory-mapped.

    Raises
    ------
    BadInput
        If there are none, or their number is wrong.

    Examples
    --------
    >>> features_of(Candidates(1, features_ND=np.zeros((1, 2))))
    array([[0., 0.]])
    """
    require_known(candidates, {"features"}, "this selection")
    features_ND = candidates.features_ND
    assert features_ND is not None
    if features_ND.ndim != 2 or len(features_ND) != candidates.size:
        raise BadInput(f"features_ND must have shape ({candidates.size}, D). Got {features_ND.shape}.")
    return features_ND


def proba_of(candidates: Candidates) -> Floats:
    """Return the candidates' class probabilities, one row each; not copied, may be memory-mapped.

    Raises
    ------
    BadInput
        If there are none, or their number is wrong, or one is negative or NaN.

    Examples
    --------
    >>> from asklearn.types import Categorical
    >>> proba_of(Candidates(1, Categorical(np.array([[0.75, 0.25]]))))
    array([[0.75, 0.25]])
    """
    require_known(candidates, {"proba"}, "this selection")
    assert candidates.posterior is not None
    proba_NC = candidates.posterior.proba_NC
    if len(proba_NC) != candidates.size:
        raise BadInput(f"proba_NC must have shape ({candidates.size}, C). Got {proba_NC.shape}.")
    by_blocks(lambda block_NC: block_NC[:, 0], proba_NC)
    return proba_NC


def labelled_of(candidates: Candidates) -> Floats:
    """Return the labelled items' features, one row each; no rows where nothing is labelled.

    Raises
    ------
    BadInput
        If they do not have as many numbers each as the candidates' features, or one is not finite.

    Examples
    --------
    >>> labelled_of(Candidates(1, features_ND=np.zeros((1, 2)))).shape
    (0, 2)
    """
    features_ND = features_of(candidates)
    labelled_LD = candidates.labelled_LD
    if labelled_LD is None or not len(labelled_LD):
        return features_ND[:0]
    if labelled_LD.ndim != 2 or labelled_LD.shape[1] != features_ND.shape[1]:
        raise BadInput(f"labelled_LD must have shape (L, {features_ND.shape[1]}). Got {labelled_LD.shape}.")
    if not np.isfinite(labelled_LD).all():
        row = int(np.flatnonzero(~np.isfinite(labelled_LD).all(axis=1))[0])
        raise BadInput(f"labelled_LD must be finite numbers. Row {row} is not: mend or drop it.")
    return labelled_LD


def draws_of(candidates: Candidates) -> Floats:
    """Return the posterior draws of the candidates' class probabilities; not copied.

    Raises
    ------
    BadInput
        If there are none, or their number is wrong.

    Examples
    --------
    >>> from asklearn.types import Categorical
    >>> known = Categorical(np.array([[0.75, 0.25]]), np.array([[[1.0, 0.0]], [[0.5, 0.5]]]))
    >>> draws_of(Candidates(1, known)).shape
    (2, 1, 2)
    """
    require_known(candidates, {"draws"}, "this selection")
    assert candidates.posterior is not None
    assert candidates.posterior.draws_KNC is not None
    draws_KNC = candidates.posterior.draws_KNC
    if draws_KNC.shape[1] != candidates.size:
        raise BadInput(f"draws_KNC must have shape (K, {candidates.size}, C). Got {draws_KNC.shape}.")
    return draws_KNC
