"""Promises about predictions, made on audit labels that the predicting model did not train on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator, default_rng

from asklearn.audit import uniform_part
from asklearn.calibration import Temperature, fit_isotonic, fit_platt, fit_temperature
from asklearn.calibration.reliability import Reliability, reliability
from asklearn.conformal import Conformal, conformal, conformity, cross_conformal
from asklearn.crossfit import AuditSample, CrossFit
from asklearn.errors import BadInput
from asklearn.evaluate import UNKNOWN, folds
from asklearn.protocols import Model
from asklearn.selective import Selective, select, thresholds
from asklearn.types import Floats, Indices, Label

FOLDS = 10

Features = Callable[[Indices], Floats]
Labelled = tuple[list[int], list[Label]]


def uniform_sample(sample: AuditSample, orders: Sequence[Indices]) -> AuditSample:
    """Return the part of an audit's sample that was drawn uniformly; cohorts are weighted by their size.

    Promises are made on it alone: unequal weights would cost more than the other labels bring.
    """
    kept = uniform_part(orders, sample.rows)
    rows = [sample.rows[place] for place in kept]
    weight_of = {}
    for order in orders:
        here = np.intersect1d(order, rows)
        weight_of.update(dict.fromkeys(here.tolist(), len(order) / max(len(here), 1)))
    mean = sum(weight_of.values()) / max(len(rows), 1)
    weights = [weight_of[row] / mean for row in rows]
    return AuditSample(rows, [sample.labels[place] for place in kept], weights, sample.covers)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the audit, and a model that was trained on every label but its.

    ``classes`` are those of all labels; ``proba_NC`` is zero for a class that the model never saw.
    """

    model: Model
    classes: list[Label]
    proba_NC: Floats
    truth_N: Indices
    weight_N: Floats

    def proba(self, X: Any) -> Floats:
        """Return the model's probabilities with a column for each of `classes`."""
        return _spread(self.model, self.classes, X)


def withhold(
    prototype: Model, features: Features, trained_on: Labelled, sample: AuditSample, part: Indices, seed: int
) -> Part:
    """Train on every label but those of `part` of an audit sample, and predict these.

    Settings that the model tunes are tuned anew, without the withheld labels.

    Raises
    ------
    BadInput
        If the labels that remain are of fewer than two classes.
    """
    rows, labels = np.array(trained_on[0], np.intp), trained_on[1]
    withheld = np.array(sample.rows, np.intp)[part]
    train = np.flatnonzero(~np.isin(rows, withheld))
    told = [labels[i] for i in train]
    if len(set(told)) < 2:
        raise BadInput(
            f"A model needs labels of two classes besides the {len(part)} that are withheld. "
            f"Got {len(told)} labels; ask and tell more."
        )
    known = {*labels, *(label for label in sample.labels if label is not None)}
    classes = sorted(known, key=lambda one: (isinstance(one, str), one))
    column = {label: c for c, label in enumerate(classes)}
    truth = [sample.labels[i] for i in part]
    truth_N = np.array([UNKNOWN if label is None else column[label] for label in truth], np.intp)
    model = prototype.fresh(seed).fit(features(rows[train]), told)
    weight_N = np.array(sample.weights)[part]
    return Part(model, classes, _spread(model, classes, features(withheld)), truth_N, weight_N)


def _spread(model: Model, classes: Sequence[Label], X: Any) -> Floats:
    column = {label: c for c, label in enumerate(classes)}
    given_NC = model.posterior(X).proba_NC
    proba_NC = np.zeros((len(given_NC), len(classes)), np.float32)
    proba_NC[:, [column[label] for label in model.classes]] = given_NC
    return proba_NC


def half(n: int, rng: Generator) -> Indices:
    """Return a random half of range(n), in order.

    Examples
    --------
    >>> half(5, default_rng(0))
    array([2, 3, 4])
    """
    return np.sort(rng.permutation(n)[: (n + 1) // 2])


@dataclass(frozen=True, slots=True)
class PredictionSets:
    """A model (or several, if cross-conformal) that predicts sets of classes.

    Attributes
    ----------
    parts : list of Part
        The models and the labels that were withheld from each.
    conformal : Conformal or None
        The thresholds of a single model.
    """

    parts: list[Part]
    alpha: float
    score: str
    seed: int
    conformal: Conformal | None

    @property
    def guarantee(self) -> str:
        """What is promised, in words."""
        if self.conformal is not None:
            return self.conformal.guarantee
        n = sum(len(one.truth_N) for one in self.parts)
        k = len(self.parts)
        promised = 1 - 2 * self.alpha - min(2 * (1 - 1 / k) / (n / k + 1), (1 - k / n) / (k + 1))
        return (
            f"If future inputs resemble this pool, a set holds the true class with probability at least "
            f"{max(promised, 0.0):.1%}, over audits and items, not for each (CV+, {n} labels); "
            f"{1 - self.alpha:.0%} is what to expect, but not promised."
        )

    def contain(self, X: Any) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Return which classes are in the set of each item, shape (N, C): columns as ``parts[0].classes``.

        The same features have the same sets every time.
        """
        rng = default_rng(self.seed)
        if self.conformal is not None:
            return self.conformal(self.parts[0].proba(X), rng)
        new_KMC = np.stack(
            [conformity(one.proba(X), self.score, default_rng(self.seed)) for one in self.parts]
        )
        held_NC = np.concatenate([conformity(one.proba_NC, self.score, rng) for one in self.parts])
        truth_N = np.concatenate([one.truth_N for one in self.parts])
        fold_N = np.repeat(np.arange(len(self.parts)), [len(one.truth_N) for one in self.parts])
        return cross_conformal(held_NC, truth_N, fold_N, new_KMC, self.alpha)

    def predict(self, X: Any) -> list[list[Label]]:
        """Return the set of each item, in the order of the classes."""
        classes = self.parts[0].classes
        return [[classes[c] for c in np.flatnonzero(held_C)] for held_C in self.contain(X)]


def split_sets(part: Part, alpha: float, score: str, by_class: bool, seed: int) -> PredictionSets:
    """Make prediction sets of one model and the labels that were withheld from it."""
    made = conformal(
        part.proba_NC, part.truth_N, alpha, score=score, by_class=by_class, weight_N=part.weight_N,
        rng=default_rng(seed),
    )  # fmt: skip
    return PredictionSets([part], alpha, score, seed + 1, made)


@dataclass(frozen=True, slots=True)
class SelectiveModel:
    """A model that predicts where it is sure enough, and abstains elsewhere.

    Attributes
    ----------
    part : Part
        The model, and the labels that were withheld from it.
    selective : Selective
        The threshold, and what is promised.
    """

    part: Part
    selective: Selective

    def __bool__(self) -> bool:
        """Whether anything could be promised."""
        return bool(self.selective)

    @property
    def guarantee(self) -> str:
        """What is promised, in words."""
        return self.selective.guarantee

    def predict(self, X: Any) -> list[Label | None]:
        """Return the class of each item, or None where the model abstains."""
        proba_NC = self.part.proba(X)
        accepted_N = self.selective(proba_NC)
        guess_N = proba_NC.argmax(1)
        return [self.part.classes[c] if yes else None for c, yes in zip(guess_N, accepted_N, strict=True)]


def selective_model(part: Part, pool_X: Any, error: float, confidence: float) -> SelectiveModel:
    """Find the threshold of one model by the labels that were withheld from it; `pool_X` is like the pool."""
    pool_M = part.proba(pool_X).max(1)
    wrong_N = part.proba_NC.argmax(1) != part.truth_N
    tests_T = thresholds(pool_M, len(wrong_N), error, confidence)
    found = select(
        part.proba_NC.max(1), wrong_N, tests_T, error=error, confidence=confidence, weight_N=part.weight_N,
        pool_M=pool_M,
    )  # fmt: skip
    return SelectiveModel(part, found)


@dataclass(frozen=True, slots=True)
class Calibration:
    """How far probabilities can be believed, and what makes them more believable.

    Attributes
    ----------
    before, after : Reliability
        The audit's reliability diagram as the model says, and as calibrated on the other folds' labels.
    calibrate : callable
        ``calibrate(proba_NC)`` as learnt from every label of the audit.
    classes : list of str or int
        The class of each column.
    """

    before: Reliability
    after: Reliability
    calibrate: Callable[[Floats], Floats]
    classes: list[Label]


def calibration(made: CrossFit, method: str, rng: Generator) -> Calibration:
    """Calibrate held-out predictions by the audit's labels, and see what it is worth on labels left out."""
    fit = CALIBRATORS.get(method)
    if fit is None:
        raise BadInput(f"A calibration is one of {', '.join(CALIBRATORS)}. Got {method!r}.")
    known = np.flatnonzero(made.truth_N != UNKNOWN)
    after_NC = np.array(made.proba_NC, np.float64)
    for part in folds(len(made.truth_N), FOLDS, rng):
        rest = np.setdiff1d(known, part)
        after_NC[part] = fit(made.proba_NC[rest], made.truth_N[rest], made.weight_N[rest])(
            made.proba_NC[part]
        )
    return Calibration(
        reliability(made.proba_NC, made.truth_N, made.weight_N),
        reliability(after_NC, made.truth_N, made.weight_N),
        fit(made.proba_NC[known], made.truth_N[known], made.weight_N[known]),
        list(made.classes),
    )


def _temperature(proba_NC: Floats, truth_N: Indices, weight_N: Floats) -> Temperature:
    return Temperature(fit_temperature(np.log(np.maximum(proba_NC, 1e-12)), truth_N, weight_N))


CALIBRATORS: dict[str, Callable[[Floats, Indices, Floats], Callable[[Floats], Floats]]] = {
    "temperature": _temperature,
    "platt": fit_platt,
    "isotonic": fit_isotonic,
}
