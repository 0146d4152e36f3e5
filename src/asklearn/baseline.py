"""The curve of a learner that chooses at random, from the audit of one that does not.

The audit is a uniform sample, so a model trained on part of it alone is what random choice would have given
with as few labels, and the rest of it tests that model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.random import Generator

from asklearn.crossfit import FOLDS, AuditSample
from asklearn.errors import BadInput
from asklearn.evaluate import estimate
from asklearn.metrics import Metric
from asklearn.protocols import Model
from asklearn.types import Estimate, Floats, Indices, Label

LEAST = 10
HALVINGS = 3
SMALLEST = 20


def sizes(audit: int) -> list[int]:
    """Return how many of `audit` items to train on: nine tenths, and halvings down to ten.

    Examples
    --------
    >>> sizes(100), sizes(15)
    ([12, 25, 50, 90], [13])
    """
    halves = [audit // 2**k for k in range(HALVINGS, 0, -1)]
    return [*(one for one in halves if one >= LEAST), audit - -(-audit // FOLDS)]


def random_curve(
    prototype: Callable[[int, dict[str, Any] | None], Model],
    features: Callable[[Indices], Floats],
    sample: AuditSample,
    metric: Metric,
    rng: Generator,
) -> tuple[list[tuple[int, Estimate]], Model | None]:
    """Measure a random learner at several numbers of labels, no larger than the audit.

    Parameters
    ----------
    prototype : callable
        ``prototype(seed, params)`` gives an unfitted model; with None it tunes itself.
    features : callable
        ``features(rows)`` gives the features of pool rows.
    sample : AuditSample
        The uniform audit; items that nobody could label are left out.
    metric : Metric
        What to estimate.
    rng : Generator
        Deals the audit into a ring.

    Returns
    -------
    history : list of (labels, Estimate)
        Sizes at which every stretch of the ring holds two classes. A stretch trains a model, and the items
        outside it test that model. The estimate counts as many labels as the audit has, for its items are
        all that was seen.
    model : Model or None
        One of the largest size.

    Notes
    -----
    24 fits or fewer on parts of the audit. A model tunes itself once for each size.

    Raises
    ------
    BadInput
        If the audit has too few labels for any size.
    """
    known = rng.permutation([i for i, label in enumerate(sample.labels) if label is not None]).astype(int)
    ring = _Ring(
        features(np.array(sample.rows, np.intp)[known]),
        [label for i in known if (label := sample.labels[i]) is not None],
        np.array(sample.weights)[known],
    )
    history: list[tuple[int, Estimate]] = []
    model: Model | None = None
    for size in sizes(len(known)) if len(known) >= SMALLEST else []:
        fitted = ring.fit(prototype, size)
        if fitted:
            model = fitted[0]
            history.append((size, ring.test(fitted, size, metric, rng)))
    if not history:
        raise BadInput(
            f"The curve of random choice needs an audit of {SMALLEST} labels, with two classes in each part. "
            f"It has {len(known)} of {len(set(ring.labels))} classes; ask and tell more, or raise its share."
        )
    return history, model


@dataclass(frozen=True, slots=True)
class _Ring:
    """The audit's items in a ring."""

    features_ND: Floats
    labels: list[Label]
    weight_N: Floats

    def starts(self, size: int) -> Indices:
        """Where stretches begin: as many as make each item be left out at least once."""
        n = len(self.labels)
        return np.linspace(0, n, -(-n // min(size, n - size)), endpoint=False).astype(np.intp)

    def fit(self, prototype: Callable[[int, dict[str, Any] | None], Model], size: int) -> list[Model]:
        """Return a model for each stretch of `size`; none if one of them holds a single class."""
        fitted: list[Model] = []
        params = None
        for start in self.starts(size):
            train = (start + np.arange(size)) % len(self.labels)
            told = [self.labels[i] for i in train]
            if len(set(told)) < 2:
                return []
            fitted.append(prototype(len(fitted), params).fit(self.features_ND[train], told))
            params = fitted[0].params() if params is None else params
        return fitted

    def test(self, fitted: Sequence[Model], size: int, metric: Metric, rng: Generator) -> Estimate:
        """Estimate the metric from every model's predictions outside its stretch."""
        n = len(self.labels)
        tests = [(start + np.arange(size, n)) % n for start in self.starts(size)]
        classes = sorted(set(self.labels), key=lambda one: (isinstance(one, str), one))
        column = {label: c for c, label in enumerate(classes)}
        proba_MC = np.zeros((sum(map(len, tests)), len(classes)), np.float32)
        rows = np.split(np.arange(len(proba_MC)), np.cumsum([len(one) for one in tests])[:-1])
        for model, part, row in zip(fitted, tests, rows, strict=True):
            columns = np.array([column[label] for label in model.classes], np.intp)
            proba_MC[np.ix_(row, columns)] = model.posterior(self.features_ND[part]).proba_NC
        every = np.concatenate(tests)
        truth_M = np.array([column[self.labels[i]] for i in every], np.intp)
        found = estimate(metric, proba_MC, truth_M, rng, weight_N=self.weight_N[every])
        wider = max(len(every) / n, 1.0) ** 0.5
        return replace(
            found, n=n, method="random learner, from parts of the audit",
            low=max(found.value - wider * (found.value - found.low), metric.low),
            high=min(found.value + wider * (found.high - found.value), metric.high),
        )  # fmt: skip
