"""Sets of classes that hold the true one as often as promised: conformal prediction.

Split conformal (Vovk et al. 2005) needs labels that the model did not train on; cross-conformal CV+ (Barber
et al. 2021; Romano et al. 2020) lets every label train, for a weaker guarantee. Every guarantee here is
marginal: over audits and future items together, for future items that are like the audit's. It says nothing
about one item, and is void once inputs have changed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from asklearn.errors import BadInput
from asklearn.evaluate import UNKNOWN
from asklearn.types import Floats, Indices

SCORES = ("lac", "aps", "raps")
RAPS_PENALTY = 0.02
RAPS_RANK = 5


def conformity(proba_NC: Floats, score: str = "aps", rng: Generator | None = None) -> Floats:
    """Return how well each class would conform with what a model says of each item; higher is better.

    Parameters
    ----------
    proba_NC : ndarray of shape (N, C)
        Predicted probabilities.
    score : {"lac", "aps", "raps"}
        ``lac``: the probability itself; smallest sets on average (Sadinle, Lei and Wasserman 2019). ``aps``:
        one less the probability of all likelier classes, and of a random part of the class's own; sets grow
        where the model is unsure (Romano, Sesia and Candes 2020). ``raps``: the same less a penalty for each
        place from the sixth on, against long sets of unlikely classes (Angelopoulos et al. 2021).
    rng : Generator, optional
        Draws the random part, one number an item; without it the part is the whole.

    Returns
    -------
    ndarray of shape (N, C), float64

    Examples
    --------
    >>> import numpy as np
    >>> conformity(np.array([[0.5, 0.3, 0.2]]), "aps").round(2)
    array([[0.5, 0.2, 0. ]])
    """
    if score not in SCORES:
        raise BadInput(f"A conformity score is one of {', '.join(SCORES)}. Got {score!r}.")
    p_NC = np.asarray(proba_NC, np.float64)
    if score == "lac":
        return p_NC
    order_NC = np.argsort(-p_NC, axis=1, kind="stable")
    sorted_NC = np.take_along_axis(p_NC, order_NC, 1)
    part_N1 = np.ones((len(p_NC), 1)) if rng is None else rng.random((len(p_NC), 1))
    told_NC = 1 - (np.cumsum(sorted_NC, 1) - sorted_NC * (1 - part_N1))
    if score == "raps":
        told_NC -= RAPS_PENALTY * np.maximum(np.arange(p_NC.shape[1]) + 1 - RAPS_RANK, 0)
    made_NC = np.empty_like(told_NC)
    np.put_along_axis(made_NC, order_NC, told_NC, 1)
    return made_NC


def conformal_quantile(conformity_N: Floats, alpha: float, weight_N: Floats | None = None) -> float:
    """Return the conformity that a new item's true class reaches with probability at least 1 - alpha.

    Parameters
    ----------
    conformity_N : ndarray of shape (N,)
        Conformity of the true class of items that the model did not train on; -inf where it is not known.
    alpha : float
        Share of new items whose true class may fall below, in (0, 1).
    weight_N : ndarray of shape (N,), optional
        Inverse of each item's probability to be drawn, up to a factor. The new item is given the largest
        weight, whatever its own: conservative (weighted exchangeability, Tibshirani et al. 2019).

    Returns
    -------
    float
        -inf where there are too few labels: fewer than 1 / alpha - 1 of equal weight.

    Examples
    --------
    >>> import numpy as np
    >>> conformal_quantile(np.arange(19.0), 0.05), conformal_quantile(np.arange(18.0), 0.05)
    (0.0, -inf)
    """
    if not 0 < alpha < 1:
        raise BadInput(f"alpha is the share of items that may be missed, in (0, 1). Got {alpha}.")
    if len(conformity_N) == 0:
        return -math.inf
    w_N = np.ones(len(conformity_N)) if weight_N is None else np.asarray(weight_N, np.float64)
    order = np.argsort(conformity_N, kind="stable")
    below_N = w_N.max() + np.cumsum(w_N[order]) - w_N[order]
    allowed = np.flatnonzero(below_N <= alpha * (w_N.sum() + w_N.max()) * (1 + 1e-12))
    return float(conformity_N[order[allowed[-1]]]) if len(allowed) else -math.inf


@dataclass(frozen=True, slots=True)
class Conformal:
    """Prediction sets for one model, conformalised on labels that it did not train on.

    Attributes
    ----------
    score : str
        As for :func:`conformity`.
    alpha : float
        Share of future items whose true class the sets may miss.
    threshold_C : ndarray of shape (C,)
        Least conformity of each class; -inf for a class that every set must hold, for want of labels.
    n : int
        Labels that it was made of.
    by_class : bool
        Whether the promise is kept for each class.
    randomised : bool
        Whether sets are drawn at random, as their thresholds were.
    """

    score: str
    alpha: float
    threshold_C: Floats
    n: int
    by_class: bool
    randomised: bool

    def __call__(self, proba_NC: Floats, rng: Generator | None = None) -> NDArray[np.bool_]:
        """Return which classes are in the set of each item, shape (N, C).

        A set is never empty: it holds the likeliest class at least, which can only raise the coverage.

        Raises
        ------
        BadInput
            If the sets are randomised and there is no `rng`.
        """
        if self.randomised and rng is None:
            raise BadInput(
                "These sets are randomised, as their thresholds were. Got no rng; pass a Generator."
            )
        in_NC = conformity(proba_NC, self.score, rng if self.randomised else None) >= self.threshold_C
        in_NC[np.arange(len(in_NC)), np.argmax(proba_NC, 1)] = True
        return np.asarray(in_NC)

    @property
    def too_few(self) -> Indices:
        """Classes that every set holds, because there are too few labels to leave them out."""
        return np.flatnonzero(np.isneginf(self.threshold_C))

    @property
    def guarantee(self) -> str:
        """What is promised, in words."""
        whom = "every class alike" if self.by_class else "all items together"
        few = len(self.too_few)
        rest = (
            f" For {few} of {len(self.threshold_C)} classes there are too few labels: every set holds them."
        )
        return (
            f"If future inputs resemble this pool, a set holds the true class with probability at least "
            f"{1 - self.alpha:.0%}, for {whom}: over audits and items, not for each audit or item "
            f"({self.n} labels).{rest if few else ''}"
        )


def conformal(
    proba_NC: Floats,
    truth_N: Indices,
    alpha: float = 0.1,
    *,
    score: str = "aps",
    by_class: bool = False,
    weight_N: Floats | None = None,
    rng: Generator | None = None,
) -> Conformal:
    """Make prediction sets from labels that the model did not train on (split conformal).

    Parameters
    ----------
    proba_NC : ndarray of shape (N, C)
        The model's predictions for a random sample of items.
    truth_N : ndarray of int, shape (N,)
        Column of the true class; -1 for an item that nobody could label, which counts as missed by every set.
    alpha : float
        Share of future items whose true class may be missed, in (0, 1).
    score : {"lac", "aps", "raps"}
        As for :func:`conformity`.
    by_class : bool
        Whether to keep the promise for each class (Mondrian): a class needs 1 / alpha - 1 labels of its own,
        or every set holds it.
    weight_N : ndarray of shape (N,), optional
        Inverse of each item's probability to be drawn, up to a factor.
    rng : Generator, optional
        Randomises ``aps`` and ``raps``; without it an item always has the same set, but sets are larger.

    Returns
    -------
    Conformal
        If future items and the sample are exchangeable (or weighted exchangeable, given the weights), and the
        sample had no part in the model: P(true class in set) >= 1 - alpha, over samples and items together.
        Given one sample, coverage scatters: see :func:`coverage_given_sample`.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> proba = rng.dirichlet(np.ones(5), size=1200)
    >>> truth = (proba.cumsum(1) > rng.random((1200, 1))).argmax(1)
    >>> made = conformal(proba[:200], truth[:200], alpha=0.1, rng=rng)
    >>> sets = made(proba[200:], rng)
    >>> float(sets[np.arange(1000), truth[200:]].mean().round(2)), float(sets.sum(1).mean().round(1))
    (0.9, 3.2)
    """
    if len(proba_NC) != len(truth_N):
        raise BadInput(f"Expected a true class for each of {len(proba_NC)} predictions. Got {len(truth_N)}.")
    own_N = _own(conformity(proba_NC, score, rng), truth_N)
    w_N = np.ones(len(truth_N)) if weight_N is None else np.asarray(weight_N, np.float64)
    C = proba_NC.shape[1]
    if by_class:
        mine = [np.flatnonzero((truth_N == c) | (truth_N == UNKNOWN)) for c in range(C)]
        threshold_C = np.array([conformal_quantile(own_N[here], alpha, w_N[here]) for here in mine])
    else:
        threshold_C = np.full(C, conformal_quantile(own_N, alpha, w_N))
    randomised = rng is not None and score != "lac"
    return Conformal(score, alpha, threshold_C, int((truth_N != UNKNOWN).sum()), by_class, randomised)


def cross_conformal(
    held_NC: Floats, truth_N: Indices, fold_N: Indices, new_KMC: Floats, alpha: float = 0.1
) -> NDArray[np.bool_]:
    """Return prediction sets made of every label, each judged by the model that did not see it (CV+).

    Parameters
    ----------
    held_NC : ndarray of shape (N, C)
        :func:`conformity` of a random sample of items, by the model that left out the item's fold.
    truth_N : ndarray of int, shape (N,)
        Column of the true class, or -1 for an item that nobody could label.
    fold_N : ndarray of int, shape (N,)
        Fold of each item, from 0 to K-1.
    new_KMC : ndarray of shape (K, M, C)
        Conformity of the new items, by each of the K models.
    alpha : float
        As for :func:`conformal`; but see below.

    Returns
    -------
    ndarray of bool, shape (M, C)
        A class is in the set unless its conformity is below that of the true class in at least
        (1 - alpha) (N + 1) items, each compared under the model that left it out. If the N items and the new
        one are exchangeable: P(true class in set) >= 1 - 2 alpha - min(2 (1 - 1/K) / (N/K + 1),
        (1 - K/N) / (K + 1)) (Barber et al. 2021, theorem 4), which is never more than sqrt(2 / N) below
        1 - 2 alpha. In practice it is close to 1 - alpha, but that is not promised.

    Notes
    -----
    O(K M C log N).

    Examples
    --------
    >>> import numpy as np
    >>> held = np.linspace(0, 1, 99)[:, None].repeat(2, axis=1)
    >>> cross_conformal(held, np.zeros(99, int), np.zeros(99, int), np.array([[[0.05, 0.5]]]), alpha=0.1)
    array([[False,  True]])
    """
    own_N = _own(held_NC, truth_N)
    beaten_MC = np.zeros(new_KMC.shape[1:], np.intp)
    for k, new_MC in enumerate(new_KMC):
        held = np.sort(own_N[fold_N == k])
        beaten_MC += len(held) - np.searchsorted(held, new_MC, side="right")
    return np.asarray(beaten_MC < (1 - alpha) * (len(truth_N) + 1) - 1e-9)


def coverage_given_sample(n: int, alpha: float, confidence: float = 0.9) -> float:
    """Return the coverage that split conformal sets reach in a share `confidence` of samples of n labels.

    The coverage given one sample follows a beta distribution (Vovk 2012).

    Examples
    --------
    >>> round(coverage_given_sample(50, 0.1), 3), round(coverage_given_sample(1000, 0.1), 3)
    (0.846, 0.888)
    """
    from scipy.stats import beta

    missed = math.floor((n + 1) * alpha + 1e-9)
    return float(beta.ppf(1 - confidence, n + 1 - missed, missed)) if missed else 1.0


def _own(conformity_NC: Floats, truth_N: Indices) -> Floats:
    own_N = np.array(conformity_NC[np.arange(len(truth_N)), truth_N])
    own_N[truth_N == UNKNOWN] = -np.inf
    return own_N
