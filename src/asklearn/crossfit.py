"""Predictions for the audit's items by models that did not see their labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from asklearn.evaluate import UNKNOWN, folds
from asklearn.protocols import Model
from asklearn.state import State, Status
from asklearn.types import Floats, Indices, ItemId, Label

FOLDS = 10


@dataclass(frozen=True, slots=True)
class AuditSample:
    """The audit's items that have a reply: rows, labels (None: nobody could say), weights of mean one.

    ``covers`` is the share of the pool that they speak for.
    """

    rows: list[int]
    labels: list[Label | None]
    weights: list[float]
    covers: float = 1.0


@dataclass(frozen=True, slots=True)
class CrossFit:
    """Held-out predictions of an audit sample, in the order of its permanent random numbers."""

    proba_NC: Floats
    truth_N: Indices
    weight_N: Floats
    classes: list[Label]


@dataclass(frozen=True, slots=True)
class Audited:
    """The audit's items as :meth:`~asklearn.learner.ActiveLearner.audited` gives them; N items, C classes.

    Attributes
    ----------
    ids : list of str or int
        The items, in the order of their permanent random numbers, cohort after cohort.
    labels : list of str, int or None
        The label of each; None where nobody could say.
    proba_NC : ndarray of shape (N, C)
        What models that did not see an item's label believe about it; read-only.
    weight_N : ndarray of shape (N,)
        Weights of mean one; they differ where cohorts were sampled at different rates. Read-only.
    classes : list of str or int
        The class of each column.
    covers : float
        Share of the pool that these items speak for.
    """

    ids: list[ItemId]
    labels: list[Label | None]
    proba_NC: Floats
    weight_N: Floats
    classes: list[Label]
    covers: float


def audit_sample(state: State, orders: Sequence[Indices], label_of: Mapping[int, Label]) -> AuditSample:
    """Return the closed prefix of each cohort's audit: everything before the first item without a reply.

    Cohorts are weighted by their size; one without an audited item cannot be spoken for and is left out.
    """
    rows: list[int] = []
    cohort_of: list[int] = []
    for cohort, (order, prefix) in enumerate(zip(orders, state.plan.prefixes, strict=True)):
        for row in order[:prefix]:
            status = state.status(state.item(int(row)))
            if status is Status.ERASED:
                continue
            if status in (Status.WAITING, Status.ASKED):
                break
            rows.append(int(row))
            cohort_of.append(cohort)
    taken_C = np.bincount(cohort_of, minlength=len(orders)) if rows else np.zeros(len(orders))
    size_C = np.array([len(order) for order in orders], float) * (taken_C > 0)
    weight_C = np.divide(size_C, taken_C, out=np.zeros(len(orders)), where=taken_C > 0)
    weights = [float(weight_C[cohort] * len(rows) / size_C.sum()) for cohort in cohort_of]
    covers = float(size_C.sum() / sum(map(len, orders))) if rows else 1.0
    return AuditSample(rows, [label_of.get(row) for row in rows], weights, covers)


def cross_fit(
    prototype: Model,
    features: Callable[[Indices], Floats],
    trained_on: tuple[list[int], list[Label]],
    sample: AuditSample,
    rng: Generator,
) -> CrossFit:
    """Predict each item of `sample` by a model trained on every label but those of its fold.

    Parameters
    ----------
    prototype : Model
        Unfitted, with its settings; a fresh copy is trained for each of up to ten folds.
    features : callable
        ``features(rows)`` gives the features of pool rows.
    trained_on : (rows, labels)
        Everything that the present model was trained on, the audit's labels included.
    sample : AuditSample
        The audit's items.
    rng : Generator
        Deals the folds.
    """
    rows, labels = np.array(trained_on[0], np.intp), trained_on[1]
    known = [label for label in sample.labels if label is not None]
    classes = list(dict.fromkeys(sorted({*labels, *known}, key=lambda one: (isinstance(one, str), one))))
    column = {label: c for c, label in enumerate(classes)}
    proba_NC = np.zeros((len(sample.rows), len(classes)), np.float32)
    audit_rows = np.array(sample.rows, np.intp)
    X = features(rows)
    for number, part in enumerate(folds(len(audit_rows), FOLDS, rng)):
        train = np.flatnonzero(~np.isin(rows, audit_rows[part]))
        told = [labels[i] for i in train]
        if len(set(told)) < 2:
            proba_NC[part] = _shares(told, classes)
            continue
        fitted = prototype.fresh(number).fit(X[train], told)
        columns = np.array([column[label] for label in fitted.classes], np.intp)
        proba_NC[np.ix_(part, columns)] = fitted.posterior(features(audit_rows[part])).proba_NC
    truth_N = np.array([UNKNOWN if label is None else column[label] for label in sample.labels], np.intp)
    return CrossFit(proba_NC, truth_N, np.array(sample.weights), classes)


def _shares(labels: Sequence[Label], classes: Sequence[Label]) -> Floats:
    counts = np.array([labels.count(one) for one in classes], np.float32)
    return np.asarray(
        counts / counts.sum() if len(labels) else np.full(len(classes), 1 / len(classes)), np.float32
    )
