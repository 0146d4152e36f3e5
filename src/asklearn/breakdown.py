"""An estimate broken down: recall and precision of each class, and any metric for each group of items."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace

import numpy as np
from numpy.random import Generator

from asklearn.errors import BadInput
from asklearn.evaluate import MIN_PER_CLASS, UNKNOWN, Flags, checked_weights, estimate, share_interval
from asklearn.metrics import Metric
from asklearn.types import Estimate, Floats, Indices


def estimate_by_class(
    proba_NC: Floats,
    truth_N: Indices,
    *,
    weight_N: Floats | None = None,
    level: float = 0.95,
    simultaneous: bool = False,
) -> list[tuple[Estimate, Estimate]]:
    """Estimate recall and precision of each class.

    Parameters
    ----------
    proba_NC, truth_N, weight_N
        As for :func:`~asklearn.evaluate.estimate`.
    level : float
        Confidence of each interval, or of all together.
    simultaneous : bool
        Whether all intervals are to hold together (Bonferroni); else each holds by itself, and of many
        some will miss.

    Returns
    -------
    list of (recall, precision)
        One pair for each column. `n` is the number of labels it rests on: of the class for recall, predicted
        as the class for precision. With fewer than five the interval is [0, 1], and `method` says so.

    Examples
    --------
    >>> import numpy as np
    >>> proba = np.eye(2)[np.repeat([0, 1, 1], [18, 2, 20])]
    >>> for one in estimate_by_class(proba, np.repeat([0, 1], 20))[0]:
    ...     print(one)
    recall 0.900 [0.683, 0.988] (95%, 20 labels, exact binomial)
    precision 1.000 [0.815, 1.000] (95%, 18 labels, exact binomial)
    """
    weight_N = checked_weights(proba_NC, truth_N, weight_N)
    guess_N, unknown_N = proba_NC.argmax(1), truth_N == UNKNOWN
    each = 1 - (1 - level) / (2 * proba_NC.shape[1]) if simultaneous else level
    found = []
    for c in range(proba_NC.shape[1]):
        said_N, is_N = guess_N == c, truth_N == c
        recall = (is_N | (unknown_N & ~said_N), is_N | (unknown_N & said_N))
        found.append(
            (
                _share_estimate("recall", is_N, said_N, recall, weight_N, each),
                _share_estimate(
                    "precision", said_N & ~unknown_N, is_N, (said_N, said_N), weight_N, each, unknown_N
                ),
            )
        )
    return found


def _share_estimate(
    name: str,
    known_N: Flags,
    hit_N: Flags,
    possible: tuple[Flags, Flags],
    weight_N: Floats,
    level: float,
    unknown_N: Flags | None = None,
) -> Estimate:
    """Estimate the share of hits among known items, over what the items may be at worst and at best."""
    n = int(known_N.sum())
    value = float(np.average(hit_N[known_N], weights=weight_N[known_N])) if n else 0.5
    if n < MIN_PER_CLASS:
        few = f"too few labels: {MIN_PER_CLASS} are needed, there are {n}"
        return Estimate(name, value, 0.0, 1.0, n, few, level)
    worst_N, best_N = possible
    best_hit_N = hit_N if unknown_N is None else hit_N | unknown_N
    low = share_interval(hit_N[worst_N], weight_N[worst_N], level)[0]
    high = share_interval(best_hit_N[best_N], weight_N[best_N], level)[1]
    equal = np.allclose(weight_N[known_N], weight_N[known_N][0])
    method = "exact binomial" if equal else "exact binomial of effective labels"
    return Estimate(name, value, min(low, value), max(high, value), n, method, level)


def estimate_by_group(
    metric: Metric,
    proba_NC: Floats,
    truth_N: Indices,
    group_N: Sequence[Hashable] | Indices,
    rng: Generator,
    *,
    weight_N: Floats | None = None,
    level: float = 0.95,
    simultaneous: bool = False,
) -> dict[Hashable, Estimate]:
    """Estimate a metric for each group of items.

    Parameters
    ----------
    metric, proba_NC, truth_N, rng, weight_N
        As for :func:`~asklearn.evaluate.estimate`.
    group_N : sequence of length N
        The group of each item: a code, a name.
    level : float
        Confidence of each interval, or of all together.
    simultaneous : bool
        Whether all intervals are to hold together (Bonferroni); else each holds by itself.

    Returns
    -------
    dict
        Groups in order of appearance, each with its estimate. Below five labels the interval is everything
        that is possible, and `method` says so.

    Examples
    --------
    >>> import numpy as np
    >>> from asklearn.metrics import metric
    >>> proba, truth = np.tile([0.8, 0.2], (40, 1)), np.repeat([0, 1], [36, 4])
    >>> found = estimate_by_group(metric("accuracy"), proba, truth, ["a", "b"] * 20, np.random.default_rng(0))
    >>> print(found["a"])
    accuracy 0.900 [0.683, 0.988] (95%, 20 labels, exact binomial)
    """
    weight_N = checked_weights(proba_NC, truth_N, weight_N)
    if len(group_N) != len(truth_N):
        raise BadInput(f"Expected a group for each of {len(truth_N)} items. Got {len(group_N)}.")
    rows: dict[Hashable, list[int]] = {}
    for row, group in enumerate(np.asarray(group_N).tolist()):
        rows.setdefault(group, []).append(row)
    each = 1 - (1 - level) / len(rows) if simultaneous and rows else level
    found: dict[Hashable, Estimate] = {}
    for group, chosen in rows.items():
        one = estimate(metric, proba_NC[chosen], truth_N[chosen], rng, weight_N=weight_N[chosen], level=each)
        if one.n < MIN_PER_CLASS:
            few = f"too few labels: {MIN_PER_CLASS} are needed, there are {one.n}"
            one = replace(one, low=metric.low, high=metric.high, method=few)
        found[group] = one
    return found
