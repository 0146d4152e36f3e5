"""What more labels would bring: a power law through the estimates so far, with its uncertainty.

The score at n labels is modelled as ``c - a * n**-b`` (Cortes et al. 1993; Figueroa et al. 2012). Instead
of one best fit, many such curves are drawn from a prior in which the score can only rise and cannot pass
the metric's upper bound, and each is weighted by how well it agrees with the estimates (importance
sampling): by the binomial likelihood of its labels, which for a mean over items is at least as cautious as
its own spread. A metric over classes rests on its rarest ones, so it counts for as many labels as would give
an accuracy of one half an interval as wide. Estimates of successive rounds share their audit labels;
together they count as the last round's number of labels, so the interval is not made narrow by looking
often.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator

from asklearn.errors import BadInput
from asklearn.metrics import metric
from asklearn.types import Estimate

CURVES = 20_000
LEAST_POINTS = 3


def forecast(
    history: Sequence[tuple[int, Estimate]], at: int, rng: Generator, *, level: float = 0.9
) -> Estimate:
    """Forecast the score at a number of labels.

    Parameters
    ----------
    history : sequence of (labels, Estimate)
        Estimates of one metric from past rounds, each with the number of labels that the model had.
    at : int
        Number of labels to forecast for; at least that of the last estimate.
    rng : Generator
        Draws the curves.
    level : float
        Probability of the interval.

    Returns
    -------
    Estimate
        Median and central interval of the score at `at` labels. With fewer than three estimates that rest
        on labels it runs from the low end of the last interval to the best possible score, and says so.

    Raises
    ------
    BadInput
        If there is no estimate, or `at` lies before the last one.

    Notes
    -----
    O(curves * rounds). An extrapolation assumes that questions are chosen as before.

    Examples
    --------
    >>> import numpy as np
    >>> truth = {n: 0.95 - 2.0 * n**-0.6 for n in (100, 200, 400)}
    >>> history = [(n, Estimate("accuracy", s, s - 0.03, s + 0.03, n=n // 10, method="")) for n, s in truth.items()]
    >>> print(forecast(history, 800, np.random.default_rng(0)))
    accuracy 0.912 [0.845, 0.966] (90%, 40 labels, power law)
    """
    if not history:
        raise BadInput("A forecast needs estimates. Call evaluate() after each round of labels.")
    by_labels = dict(history)
    now = max(by_labels)
    last = by_labels[now]
    if at < now:
        raise BadInput(f"A forecast looks ahead: expected at least the present {now} labels. Got {at}.")
    top, bottom = metric(last.name).high, metric(last.name).low
    measured = sum(one.n > 0 for one in by_labels.values())
    if measured < LEAST_POINTS:
        method = f"too few estimates: {LEAST_POINTS} are needed, there are {measured}"
        return Estimate(last.name, last.value, last.low, top, last.n, method, level)
    score_S, gap_S, rate_S = _prior(last, top, bottom, rng)
    weight_S = _agreement(by_labels, now, (bottom, top), score_S, gap_S, rate_S)
    later_S = score_S + gap_S * (1 - (at / now) ** -rate_S)
    low, value, high = weighted_quantiles(later_S, weight_S, [(1 - level) / 2, 0.5, (1 + level) / 2])
    return Estimate(last.name, value, low, high, last.n, "power law", level)


def _prior(
    last: Estimate, top: float, bottom: float, rng: Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw the present score, its distance to the asymptote, and the rate of the power law.

    The asymptote lies anywhere above the score, rather near the top; rates are around 0.6.
    """
    spread = max(last.high - last.low, 0.02 * (top - bottom))
    score_S = rng.uniform(max(last.low - spread, bottom), min(last.high + spread, top), CURVES)
    gap_S = (top - score_S) * rng.beta(2.0, 1.0, CURVES)
    rate_S = np.exp(rng.normal(np.log(0.6), 0.8, CURVES))
    return score_S, gap_S, rate_S


def _agreement(
    by_labels: dict[int, Estimate],
    now: int,
    bounds: tuple[float, float],
    score_S: np.ndarray,
    gap_S: np.ndarray,
    rate_S: np.ndarray,
) -> np.ndarray:
    bottom, top = bounds
    size = {labels: _size(one, top - bottom) for labels, one in by_labels.items()}
    share = size[now] / max(sum(size.values()), 1e-9)
    log_S = np.zeros(CURVES)
    for labels, one in by_labels.items():
        curve_S = score_S + gap_S * (1 - (labels / now) ** -rate_S)
        right_S = np.clip((curve_S - bottom) / (top - bottom), 1e-9, 1 - 1e-9)
        right = (one.value - bottom) / (top - bottom)
        log_S += share * size[labels] * (right * np.log(right_S) + (1 - right) * np.log1p(-right_S))
    return np.asarray(np.exp(log_S - log_S.max()))


def _size(one: Estimate, span: float) -> float:
    """Return how many labels an estimate counts for."""
    from scipy.stats import norm

    if metric(one.name).items is not None or one.n == 0:
        return one.n
    width = max((one.high - one.low) / span, 1e-9)
    return min(one.n, float(norm.ppf((1 + one.level) / 2)) ** 2 / width**2)


def weighted_quantiles(values_N: np.ndarray, weight_N: np.ndarray, levels: Sequence[float]) -> list[float]:
    """Return quantiles of weighted values.

    Examples
    --------
    >>> import numpy as np
    >>> weighted_quantiles(np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0, 8.0]), [0.5])
    [3.0]
    """
    order = np.argsort(values_N)
    reached = np.cumsum(weight_N[order]) / weight_N.sum()
    last = len(values_N) - 1
    return [float(values_N[order][min(int(np.searchsorted(reached, q)), last)]) for q in levels]
