"""The plain data that travels between the floors.

Arrays are named by their axes: N candidates, C classes, K posterior draws, D features, L labelled
items. Probabilities and features are float32 unless a caller brings float64.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from asklearn.errors import BadInput

ItemId: TypeAlias = str | int
Label: TypeAlias = str | int
Json: TypeAlias = Any
Floats: TypeAlias = NDArray[np.floating[Any]]
Indices: TypeAlias = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Categorical:
    """What a model believes about items that belong to exactly one class.

    Parameters
    ----------
    proba_NC : ndarray of shape (N, C)
        Predictive probability of each class; rows sum to one.
    draws_KNC : ndarray of shape (K, N, C), optional
        The same from each of K posterior draws (committee members, say); their mean is ``proba_NC``.

    Raises
    ------
    BadInput
        If the shapes do not fit together.

    Examples
    --------
    >>> import numpy as np
    >>> Categorical(np.array([[0.7, 0.3], [0.5, 0.5]])).proba_NC.shape
    (2, 2)
    """

    proba_NC: Floats
    draws_KNC: Floats | None = None

    def __post_init__(self) -> None:
        if self.proba_NC.ndim != 2:
            raise BadInput(f"proba_NC must have shape (N, C). Got shape {self.proba_NC.shape}.")
        if self.draws_KNC is not None and self.draws_KNC.shape[1:] != self.proba_NC.shape:
            raise BadInput(
                f"draws_KNC must have shape (K, {self.proba_NC.shape[0]}, {self.proba_NC.shape[1]}) "
                f"to match proba_NC. Got shape {self.draws_KNC.shape}."
            )

    def __len__(self) -> int:
        return len(self.proba_NC)


Posterior: TypeAlias = Categorical


@dataclass(frozen=True, slots=True)
class Targets:
    """Inputs on which the model is to be good: a sample of the pool, or of production.

    Parameters
    ----------
    features_MD : ndarray of shape (M, D)
        Their features.
    posterior : Posterior
        The model's belief about them; with the same draws as the candidates', in the same order.
    """

    features_MD: Floats
    posterior: Posterior


@dataclass(frozen=True, slots=True)
class Candidates:
    """The unlabelled items that may be asked, and what is known about them.

    Only the fields that an acquisition or a selection names in its ``needs`` are filled.

    Parameters
    ----------
    size : int
        Number of candidates N.
    posterior : Posterior, optional
        The model's belief about the candidates (absent before the first fit).
    features_ND : ndarray of shape (N, D), optional
        Their features; may be memory-mapped.
    labelled_LD : ndarray of shape (L, D), optional
        Features of the items that already have a label or are being labelled.
    labels_L : ndarray of int, shape (L,), optional
        Class of each of those, as a column of the posterior; -1 where it is not known yet.
    targets : Targets, optional
        Inputs on which the model is to be good.
    costs_N : ndarray of shape (N,), optional
        What a label of each candidate costs, in seconds or in money; above 0.
    groups_N : ndarray of int, shape (N,), optional
        The group that each candidate belongs to, for quotas.
    predict : callable, optional
        The model's belief about any features of shape (M, D), as a Posterior.
    scores_N : ndarray of shape (N,), optional
        Acquisition score of each candidate, for a selection to use; higher is better.
    blocked_N : ndarray of bool, shape (N,), optional
        Candidates that must not be asked; their score is -inf, and no selection picks them.
    """

    size: int
    posterior: Posterior | None = None
    features_ND: Floats | None = None
    labelled_LD: Floats | None = None
    scores_N: Floats | None = None
    labels_L: Indices | None = None
    targets: Targets | None = None
    costs_N: Floats | None = None
    groups_N: Indices | None = None
    predict: Callable[[Floats], Posterior] | None = None
    blocked_N: NDArray[np.bool_] | None = None

    def take(self, rows: Indices) -> Candidates:
        """Return the candidates of `rows`, in that order; what is not about candidates stays.

        Examples
        --------
        >>> Candidates(3, scores_N=np.array([0.5, 0.25, 0.0])).take(np.array([1])).scores_N
        array([0.25])
        """
        posterior = self.posterior
        if posterior is not None:
            draws = posterior.draws_KNC
            posterior = Categorical(posterior.proba_NC[rows], None if draws is None else draws[:, rows])
        each = {
            name: None if value is None else value[rows]
            for name in ("features_ND", "scores_N", "costs_N", "groups_N", "blocked_N")
            for value in [getattr(self, name)]
        }
        return replace(self, size=len(rows), posterior=posterior, **each)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its interval and what it was measured on.

    Examples
    --------
    >>> print(Estimate("accuracy", 0.91, 0.85, 0.95, n=120, method="exact binomial"))
    accuracy 0.910 [0.850, 0.950] (95%, 120 labels, exact binomial)
    """

    name: str
    value: float
    low: float
    high: float
    n: int
    method: str
    level: float = 0.95

    def __str__(self) -> str:
        return (
            f"{self.name} {self.value:.3f} [{self.low:.3f}, {self.high:.3f}] "
            f"({self.level:.0%}, {self.n} labels, {self.method})"
        )


@dataclass(frozen=True, slots=True)
class Batch:
    """What :meth:`~asklearn.learner.ActiveLearner.ask` hands out.

    Attributes
    ----------
    ids : list
        Item ids, in the order in which to show them.
    rows : ndarray of int
        Row of each item in the pool's features.
    streams : list of str
        ``"audit"`` (drawn at random, may be used for estimates) or ``"exploit"`` (picked by the strategy).
    scores : list of float or None
        Acquisition score of each item; None where no score decided.
    reasons : list of str
        Why each item was picked, in words for an annotator.
    """

    ids: list[ItemId]
    rows: Indices
    streams: list[str]
    scores: list[float | None]
    reasons: list[str]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Advice:
    """What one rule says of stopping.

    Attributes
    ----------
    rule : str
        Its name, such as ``target``, ``cost`` or ``stable``.
    stop : bool or None
        Whether it advises to stop; None where it cannot tell yet.
    reason : str
        In words, with the figures that decided.
    figures : dict of str to float
        Those figures.
    """

    rule: str
    stop: bool | None
    reason: str
    figures: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stop:
    """Advice on stopping; true when any reason holds.

    Attributes
    ----------
    reasons : tuple of str
        In words, why to stop: what the rules say that decide; empty when there is no reason.
    advice : tuple of Advice
        What every rule says, those that do not decide included.
    """

    reasons: tuple[str, ...] = field(default=())
    advice: tuple[Advice, ...] = field(default=())

    def __bool__(self) -> bool:
        return bool(self.reasons)


def check_ids(ids: Sequence[Hashable]) -> list[ItemId]:
    """Return `ids` as a list of unique str or int, or say which one is wrong.

    Raises
    ------
    BadInput
        If an id is neither str nor int, or occurs twice.

    Examples
    --------
    >>> import numpy as np
    >>> check_ids(np.array([3, 1]))
    [3, 1]
    """
    plain = [one.item() if isinstance(one, np.generic) else one for one in ids]
    for position, one in enumerate(plain):
        if not isinstance(one, str | int) or isinstance(one, bool):
            raise BadInput(f"An item id must be a str or an int. Got {one!r} at position {position}.")
    if len(set(plain)) < len(plain):
        seen: set[Hashable] = set()
        for position, one in enumerate(plain):
            if one in seen:
                raise BadInput(f"Item ids must be unique. {one!r} occurs again at position {position}.")
            seen.add(one)
    return plain  # type: ignore[return-value]
