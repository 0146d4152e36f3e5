"""Predictions for labelled items by models that did not see their labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from asklearn.audit import design_weights
from asklearn.evaluate import UNKNOWN, Control, folds
from asklearn.metrics import Metric
from asklearn.protocols import Model
from asklearn.state import State, Status
from asklearn.types import Floats, Indices, ItemId, Label

FOLDS = 10
CONTROL_FOLDS = 5
CONTROL_SAMPLE = 5000


@dataclass(frozen=True, slots=True)
class AuditSample:
    """The audit's items whose round is closed: rows, labels (None: nobody could say), design weights.

    A weight is how many items of the pool one stands for, scaled so that they are one on average over all
    that the audit might have drawn. ``covers`` is the share of the pool that they speak for.
    """

    rows: list[int]
    labels: list[Label | None]
    weights: list[float]
    covers: float = 1.0


@dataclass(frozen=True, slots=True)
class CrossFit:
    """Held-out predictions of an audit sample, in its order."""

    proba_NC: Floats
    truth_N: Indices
    weight_N: Floats
    classes: list[Label]


@dataclass(frozen=True, slots=True)
class Beliefs:
    """What fold models believe about the audit's items and about a uniform sample of the pool.

    An item of either kind is predicted by a model that did not see its label, if it has one: the two are
    alike, so that their difference is chance, which a control variate may take away.
    """

    audit_NC: Floats
    pool_MC: Floats

    def control(self, metric: Metric) -> Control | None:
        """Return what they say of `metric`; None where it is no mean over items."""
        if metric.items is None:
            return None
        pool_M = believed(metric, self.pool_MC)
        return Control(believed(metric, self.audit_NC), float(pool_M.mean()), len(pool_M))


@dataclass(frozen=True, slots=True)
class Audited:
    """The audit's items as :meth:`~asklearn.learner.ActiveLearner.audited` gives them; N items, C classes.

    Attributes
    ----------
    ids : list of str or int
        The items, cohort after cohort, in the order in which they entered.
    labels : list of str, int or None
        The label of each; None where nobody could say.
    proba_NC : ndarray of shape (N, C)
        What models that did not see an item's label believe about it; read-only.
    weight_N : ndarray of shape (N,)
        How much of the pool each stands for, about one on average: an item that the audit would hardly have
        drawn counts for more. Read-only.
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


@dataclass(frozen=True, slots=True)
class _Round:
    """What one round of the audit drew from one cohort."""

    rows: list[int]
    probability: list[float]
    expected: float


def audit_sample(state: State, orders: Sequence[Indices], label_of: Mapping[int, Label]) -> AuditSample:
    """Return what the audit drew from each cohort, up to the first round with an item without a reply.

    Cohorts are weighted by their size; one without an audited item cannot be spoken for and is left out.
    """
    rows: list[int] = []
    weights: list[float] = []
    spoken_for = 0
    erased = {row for row in map(state.row, state.erased) if row is not None}
    for order, rounds in zip(orders, _rounds(state, orders), strict=True):
        closed = list(_closed(state, rounds))
        taken = [row for one in closed for row in one.rows]
        if not set(taken) - erased:
            continue
        weight_N = design_weights(
            np.repeat(np.arange(len(closed)), [len(one.rows) for one in closed]),
            np.array([p for one in closed for p in one.probability]),
            np.array([one.expected for one in closed]),
            len(order),
        )
        kept = [place for place, row in enumerate(taken) if row not in erased]
        rows += [taken[place] for place in kept]
        weights += weight_N[kept].tolist()
        spoken_for += len(order)
    scale = len(rows) / max(spoken_for - len(erased), 1)
    covers = spoken_for / sum(map(len, orders)) if rows else 1.0
    return AuditSample(rows, [label_of.get(row) for row in rows], [one * scale for one in weights], covers)


def spoken_for(state: State, orders: Sequence[Indices], sample: AuditSample) -> Indices:
    """Return the rows of the cohorts that a sample speaks for, those of erased items excepted."""
    rows = [order for order in orders if len(np.intersect1d(order, sample.rows, assume_unique=True))]
    erased = [row for row in map(state.row, state.erased) if row is not None]
    return np.setdiff1d(np.concatenate(rows), erased)


def _rounds(state: State, orders: Sequence[Indices]) -> list[list[_Round]]:
    """Return the rounds of each cohort; a prefix that no round recorded counts as rounds of one item."""
    if not state.rounds:
        return [
            [_Round([int(row)], [1 / (len(order) - place)], 1.0) for place, row in enumerate(order[:prefix])]
            for order, prefix in zip(orders, state.plan.prefixes, strict=True)
        ]
    found: list[list[_Round]] = [[] for _ in orders]
    for one in state.rounds:
        pairs = [(state.row(item), p) for item, p in zip(one.items, one.probability, strict=True)]
        for cohort, expected in enumerate(one.expected):
            held = state.cohorts[cohort]
            here = [(row, p) for row, p in pairs if row is not None and held.start <= row < held.stop]
            found[cohort].append(_Round([row for row, _ in here], [p for _, p in here], expected))
    return found


def _closed(state: State, rounds: Sequence[_Round]) -> Iterator[_Round]:
    """Yield the rounds before the first one with an item that has no reply yet."""
    for one in rounds:
        if any(state.status(state.item(row)) in (Status.WAITING, Status.ASKED) for row in one.rows):
            return
        if one.expected > 0:
            yield one


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
        proba_NC[part] = _predicted(prototype, number, X[train], told, features(audit_rows[part]), classes)
    truth_N = np.array([UNKNOWN if label is None else column[label] for label in sample.labels], np.intp)
    return CrossFit(proba_NC, truth_N, np.array(sample.weights), classes)


def beliefs(
    prototype: Model,
    features: Callable[[Indices], Floats],
    trained_on: tuple[list[int], list[Label]],
    sample: AuditSample,
    classes: Sequence[Label],
    population: Indices,
    rng: Generator,
) -> Beliefs:
    """Predict the audit's items and a sample of `population` alike, by models that are blind to them.

    All labelled items are dealt into five folds. A labelled item is predicted by the model that was trained
    without its fold, another one by any of the five; up to 5,000 rows of `population` are drawn.
    """
    rows, labels = np.array(trained_on[0], np.intp), trained_on[1]
    audit_rows = np.array(sample.rows, np.intp)
    drawn = np.sort(rng.choice(population, min(CONTROL_SAMPLE, len(population)), replace=False))
    asked = np.union1d(audit_rows, drawn)
    parts = folds(len(rows), CONTROL_FOLDS, rng)
    fold_of = dict(zip(asked.tolist(), rng.integers(len(parts), size=len(asked)).tolist(), strict=True))
    for number, part in enumerate(parts):
        fold_of.update(dict.fromkeys(rows[part].tolist(), number))
    fold_A = np.array([fold_of[row] for row in asked.tolist()])
    proba_AC = np.zeros((len(asked), len(classes)), np.float32)
    X = features(rows)
    for number, part in enumerate(parts):
        train = np.setdiff1d(np.arange(len(rows)), part)
        here = np.flatnonzero(fold_A == number)
        told = [labels[i] for i in train]
        proba_AC[here] = _predicted(prototype, number, X[train], told, features(asked[here]), classes)
    return Beliefs(proba_AC[np.searchsorted(asked, audit_rows)], proba_AC[np.searchsorted(asked, drawn)])


def believed(metric: Metric, proba_NC: Floats) -> Floats:
    """Return what each item is worth to `metric` on average, if a class is as probable as it says.

    Examples
    --------
    >>> from asklearn.metrics import metric
    >>> believed(metric("accuracy"), np.array([[0.75, 0.25], [0.5, 0.5]]))
    array([0.75, 0.5 ])
    """
    assert metric.items is not None
    value_N = np.zeros(len(proba_NC))
    for c in range(proba_NC.shape[1]):
        value_N += proba_NC[:, c] * metric.items(proba_NC, np.full(len(proba_NC), c))
    return value_N


def _predicted(
    prototype: Model, number: int, X: Floats, told: list[Label], asked: Floats, classes: Sequence[Label]
) -> Floats:
    """Train a fresh copy, and return its probabilities of `classes`; of one class alone, the labels' shares."""
    if len(set(told)) < 2:
        return np.broadcast_to(_shares(told, classes), (asked.shape[0], len(classes)))
    fitted = prototype.fresh(number).fit(X, told)
    column = {label: c for c, label in enumerate(classes)}
    proba_NC = np.zeros((asked.shape[0], len(classes)), np.float32)
    if len(proba_NC):
        proba_NC[:, [column[label] for label in fitted.classes]] = fitted.posterior(asked).proba_NC
    return proba_NC


def _shares(labels: Sequence[Label], classes: Sequence[Label]) -> Floats:
    counts = np.array([labels.count(one) for one in classes], np.float32)
    return np.asarray(
        counts / counts.sum() if len(labels) else np.full(len(classes), 1 / len(classes)), np.float32
    )
