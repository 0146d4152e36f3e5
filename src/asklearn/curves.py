"""What learning curves add up to: areas, labels to a score, labels saved.

A curve is (labels, score), both arrays of the same length, labels rising.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.random import Generator

from asklearn.intervals import student_t
from asklearn.types import Floats, Indices

RESAMPLES = 2000


def area(labels: Sequence[int], score: Sequence[float]) -> float:
    """Return the mean score over log2(labels): the area under the curve divided by its width.

    Examples
    --------
    >>> area([50, 100, 200], [0.6, 0.8, 0.9])
    0.775
    """
    x = np.log2(np.asarray(labels, float))
    y = np.asarray(score, float)
    if len(x) == 1:
        return float(y[0])
    return float(((y[1:] + y[:-1]) / 2 * np.diff(x)).sum() / (x[-1] - x[0]))


def labels_to(labels: Sequence[int], score: Sequence[float], target: float) -> float | None:
    """Return the number of labels at which a curve first reaches `target`, or None.

    Between two counts the curve is taken as a straight line.

    Examples
    --------
    >>> labels_to([100, 200, 300], [0.70, 0.80, 0.82], 0.75)
    150.0
    """
    for i, (n, s) in enumerate(zip(labels, score, strict=True)):
        if s >= target:
            if i == 0:
                return float(n)
            before_n, before_s = labels[i - 1], score[i - 1]
            return float(before_n + (n - before_n) * (target - before_s) / (s - before_s))
    return None


def savings(
    labels: Sequence[int], strategy_SL: Floats, baseline_SL: Floats, rng: Generator, level: float = 0.95
) -> dict[str, float | int | None]:
    """Return the share of labels saved on the way to the baseline's final score.

    One less the labels that the strategy needs for it over those that the baseline needs, both counted
    where the mean curve first gets there: so equal curves save nothing, even where they stopped rising long
    before the end.

    Parameters
    ----------
    labels : sequence of int, length L
        Label counts of every curve.
    strategy_SL, baseline_SL : ndarray of shape (S, L)
        Scores of S seeds at those counts, seed by seed.
    rng : Generator
        Resamples seeds, pairs kept together, for the interval.
    level : float
        Confidence of the interval.

    Returns
    -------
    dict
        ``value``, ``low``, ``high`` (negative: more labels were needed; None: not reached within the
        budget, or a single seed), ``at`` (the baseline's final score), ``seeds``.

    Notes
    -----
    The interval is the expanded percentile bootstrap over seeds (Hesterberg 2015, "What teachers should
    know about the bootstrap"). With fewer than five seeds it reaches from the least to the most that any
    resample saves, which is still too narrow.

    Examples
    --------
    >>> import numpy as np
    >>> base = np.array([[0.6, 0.7, 0.8], [0.62, 0.71, 0.79]])
    >>> found = savings([100, 200, 400], base + 0.05, base, np.random.default_rng(0))
    >>> round(found["value"], 3), found["seeds"]
    (0.278, 2)
    """

    def saved(rows: Indices | slice) -> float | None:
        baseline_L = baseline_SL[rows].mean(0)
        needed = labels_to(labels, baseline_L, baseline_L[-1])
        reached = labels_to(labels, strategy_SL[rows].mean(0), baseline_L[-1])
        return None if needed is None or reached is None else 1 - reached / needed

    seeds = len(baseline_SL)
    value = saved(slice(None))
    draws = [saved(rng.integers(seeds, size=seeds)) for _ in range(RESAMPLES)] if seeds > 1 else []
    known = np.array([-math.inf if one is None else one for one in draws])
    tail = _expanded(level, seeds) if seeds > 1 else 0.0
    low, high = np.quantile(known, [tail, 1 - tail], method="nearest") if seeds > 1 else (None, None)
    return {
        "value": value,
        "low": _finite(low),
        "high": _finite(high),
        "at": float(baseline_SL[:, -1].mean()),
        "seeds": seeds,
    }


def _expanded(level: float, seeds: int) -> float:
    """Return the tail of the bootstrap that gives a mean of `seeds` values the width of Student's interval."""
    from scipy.stats import norm, t

    return float(norm.cdf(t.ppf((1 - level) / 2, seeds - 1) * math.sqrt(seeds / (seeds - 1))))


def mean_interval(values: Sequence[float], level: float = 0.95) -> tuple[float, float | None, float | None]:
    """Return the mean over seeds and its t interval; None for the interval of a single seed.

    Examples
    --------
    >>> mean_interval([0.5])
    (0.5, None, None)
    """
    low, high = student_t(np.asarray(values, float), level)
    return float(np.mean(values)), _finite(low), _finite(high)


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
