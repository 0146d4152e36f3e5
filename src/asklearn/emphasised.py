"""A model trained with emphasis, kept only where held-out predictions say that it is better and no group loses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from asklearn.crossfit import AuditSample
from asklearn.emphasis import error_weights, pool_weights, worth_keeping
from asklearn.errors import BadInput
from asklearn.evaluate import folds
from asklearn.intervals import student_t
from asklearn.protocols import Model
from asklearn.types import Estimate, Floats, Indices, Label

WAYS = ("errors", "pool")
OUTER, INNER = 5, 3

Features = Callable[[Indices], Floats]
Weighing = Callable[[Floats, list[Label], Generator], Floats]


@dataclass(frozen=True, slots=True)
class Emphasised:
    """What came of training with emphasis.

    Attributes
    ----------
    model : Model
        The emphasised one where it is worth keeping, otherwise the plain one.
    kept : bool
        Whether it is: better on the audit by more than a standard error, and no class surely worse.
    losing : list of str or int
        Classes that are surely predicted worse with emphasis.
    gain : Estimate
        What emphasis adds to the probability of the true class, on audit items whose labels neither model saw.
    """

    model: Model
    kept: bool
    losing: list[Label]
    gain: Estimate

    def __bool__(self) -> bool:
        return self.kept


def emphasise(
    prototype: Model,
    features: Features,
    trained_on: tuple[list[int], list[Label]],
    sample: AuditSample,
    weigh: Weighing,
    rng: Generator,
    plain: Model,
) -> Emphasised:
    """Train with emphasis and without it, on all labels but a fifth of the audit's at a time, and compare.

    Weights of a fold are found without its labels, too.

    Raises
    ------
    BadInput
        With fewer than 20 labels of the audit.
    """
    rows, labels = np.array(trained_on[0], np.intp), trained_on[1]
    known = {row: label for row, label in zip(sample.rows, sample.labels, strict=True) if label is not None}
    weight_of = dict(zip(sample.rows, sample.weights, strict=True))
    audited = np.array([place for place, row in enumerate(rows.tolist()) if row in known], np.intp)
    if len(audited) < 20:
        raise BadInput(f"Emphasis is judged on 20 labels of the audit or more. There are {len(audited)}.")
    X = features(rows)
    gain_N = np.empty(len(audited))
    for part in folds(len(audited), OUTER, rng):
        train = np.setdiff1d(np.arange(len(rows)), audited[part])
        told, asked = [labels[i] for i in train], audited[part]
        weights_L = weigh(X[train], told, rng)
        truth = [labels[i] for i in asked]
        before, after = (
            _of_truth(prototype.fresh(0).fit(X[train], told, weights), X[asked], truth)
            for weights in (None, weights_L)
        )
        gain_N[part] = after - before
    weight_N = np.array([weight_of[row] for row in rows[audited].tolist()])
    names = sorted({labels[i] for i in audited}, key=lambda one: (isinstance(one, str), one))
    kept, losing = worth_keeping(gain_N, np.array([names.index(labels[i]) for i in audited]), weight_N)
    model = prototype.fresh(0).fit(X, labels, weigh(X, labels, rng)) if kept else plain
    value = float(np.average(gain_N, weights=weight_N))
    low, high = student_t(gain_N * weight_N / weight_N.mean())
    gain = Estimate("gain in the probability of the truth", value, low, high, len(audited), "paired t")
    return Emphasised(model, kept, [names[g] for g in losing.tolist()], gain)


def weighing(way: str, prototype: Model, pool_MD: Floats) -> Weighing:
    """Return what gives weights to labels: ``errors``, by held-out mistakes, or ``pool``, by what was picked too often.

    Raises
    ------
    BadInput
        If there is no such way.
    """
    if way == "errors":
        return lambda X, told, rng: error_weights(_held_out_losses(prototype, X, told, rng))
    if way == "pool":
        return lambda X, told, rng: pool_weights(X, pool_MD, seed=int(rng.integers(2**31)))
    raise BadInput(f"Emphasis goes by one of {', '.join(WAYS)}. Got {way!r}.")


def _held_out_losses(prototype: Model, X: Floats, told: Sequence[Label], rng: Generator) -> Floats:
    """One less the probability of each label, by a model that was trained without its fold."""
    loss_L = np.ones(len(told))
    for part in folds(len(told), INNER, rng):
        train = np.setdiff1d(np.arange(len(told)), part)
        some = [told[i] for i in train]
        if len(set(some)) > 1:
            fitted = prototype.fresh(0).fit(X[train], some)
            loss_L[part] = 1 - _of_truth(fitted, X[part], [told[i] for i in part])
    return np.clip(loss_L, 0, 1)


def _of_truth(model: Model, X: Floats, truth: Sequence[Label]) -> Floats:
    """The probability that a model gives to the true class of each item; 0 for a class that it never saw."""
    column = {label: c for c, label in enumerate(model.classes)}
    proba_NC = model.posterior(X).proba_NC
    return np.array([proba_NC[i, column[one]] if one in column else 0.0 for i, one in enumerate(truth)])
