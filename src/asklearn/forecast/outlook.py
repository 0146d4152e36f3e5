"""What more labels would bring: learning curves through the estimates so far, and how sure they are.

Many curves of three families are drawn from a prior in which scores only rise and never pass the metric's
upper bound, and each is weighted by how well it agrees with the estimates (importance sampling): by the
binomial likelihood of their labels, which for a mean over items is at least as cautious as its own spread.
A metric over classes rests on its rarest ones, so it counts for as many labels as would give an accuracy of
one half an interval as wide. Estimates of successive rounds share their audit labels; together they count
as the last round's number of labels, so the interval is not made narrow by looking often. The prior, and
the stretching that makes intervals hold as often as they say, are those of the bank.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from asklearn.errors import BadInput
from asklearn.forecast.bank import RATIOS, Bank, bank, weighted_quantiles
from asklearn.forecast.curves import Curves
from asklearn.metrics import metric
from asklearn.types import Estimate, Floats

CURVES = 8000
LEAST_POINTS = 3
FARTHEST = 10
CLASSES = 10
LUCK = 1000
SPREAD = 0.158655, 0.841345
METHOD = "ensemble of learning curves"

History = Sequence[tuple[int, Estimate]]


@dataclass(frozen=True, slots=True)
class Needed:
    """Labels until a score is reached; None where that is more than `farthest`.

    Examples
    --------
    >>> print(Needed("accuracy", 0.9, 640, 410, None, 4000, n=40))
    accuracy 0.900 is reached at 640 labels [410, more than 4000] (90%, 40 labels)
    """

    name: str
    target: float
    value: int | None
    low: int | None
    high: int | None
    farthest: int
    n: int
    level: float = 0.9

    def __str__(self) -> str:
        value, low, high = (
            f"more than {self.farthest}" if one is None else str(one)
            for one in (self.value, self.low, self.high)
        )
        return (
            f"{self.name} {self.target:.3f} is reached at {value} labels [{low}, {high}] "
            f"({self.level:.0%}, {self.n} labels)"
        )


@dataclass(frozen=True, slots=True)
class Outlook:
    """Weighted learning curves through the estimates so far.

    Attributes
    ----------
    now : int
        Present number of labels.
    last : Estimate
        The present estimate.
    curves : Curves
        S draws, scores scaled to [0, 1] between the metric's bounds.
    weight_S : ndarray of shape (S,)
        What each counts for; sums to one.
    bank : Bank
        Stretches the intervals.
    """

    now: int
    last: Estimate
    curves: Curves
    weight_S: Floats
    bank: Bank

    def score(self, at: int, level: float = 0.9) -> Estimate:
        """Return the median and the interval of the score at `at` labels."""
        return self.scores([at], level)[0]

    def scores(self, at: Sequence[int], level: float = 0.9) -> list[Estimate]:
        """Return the same at several numbers of labels, which rise."""
        bands_R3 = self._band([one / self.now for one in at], level).T
        return [self._estimate(low, value, high, level) for low, value, high in bands_R3.tolist()]

    def _estimate(self, low: float, value: float, high: float, level: float) -> Estimate:
        named = metric(self.last.name)
        low, value, high = (named.low + (named.high - named.low) * one for one in (low, value, high))
        return Estimate(self.last.name, value, low, high, self.last.n, METHOD, level)

    def labels_to(self, target: float, level: float = 0.9) -> Needed:
        """Return at how many labels the score reaches `target`.

        Scores only rise, so the interval runs from where the forecast's high end reaches the target to
        where its low end does; it is as reliable as the forecast is there.
        """
        named = metric(self.last.name)
        if not named.low <= target <= named.high:
            raise BadInput(
                f"{named.name} lies between {named.low:g} and {named.high:g}. Got {target}; name a score that "
                "it can reach."
            )
        ratios = np.geomspace(1, FARTHEST, 94)
        wanted = (target - named.low) / (named.high - named.low)
        lines = self._band(ratios.tolist(), level)
        late, value, early = (_first(ratios, line_R, wanted, self.now) for line_R in lines)
        return Needed(self.last.name, target, value, early, late, FARTHEST * self.now, self.last.n, level)

    def _band(self, ratios: Sequence[float], level: float) -> Floats:
        """Return low end, median and high end in [0, 1] at rising multiples of the labels, shape (3, R).

        Scores only rise: what bounds one from below bounds every later one, and so the ends rise too.
        """
        steps = sorted({*ratios, *(one for one in RATIOS if one < ratios[-1])})
        band_R3 = np.maximum.accumulate([self._ends(one, level) for one in steps])
        return np.asarray(np.clip(band_R3[[steps.index(one) for one in ratios]].T, 0, 1))

    def _ends(self, ratio: float, level: float) -> list[float]:
        score_S = np.clip(self.curves.at(ratio), 0, 1)
        below, middle, above = weighted_quantiles(score_S, self.weight_S, [SPREAD[0], 0.5, SPREAD[1]])
        off = [self.bank.residual(q, ratio) for q in ((1 - level) / 2, 0.5, (1 + level) / 2)]
        return [middle + z * (above - middle if z > 0 else middle - below) for z in off]


def _first(ratios: Floats, score_R: Floats, target: float, now: int) -> int | None:
    reached = np.flatnonzero(score_R >= target - 1e-9)
    return None if len(reached) == 0 else math.ceil(ratios[reached[0]] * now - 1e-9)


def outlook(
    history: History,
    rng: Generator,
    *,
    classes: int = CLASSES,
    confidence: float | None = None,
    guess: float | None = None,
    known: Bank | None = None,
    draws: int = CURVES,
) -> Outlook:
    """Fit learning curves to the estimates of past rounds.

    Parameters
    ----------
    history : sequence of (labels, Estimate)
        Estimates of one metric, each with the number of labels that the model had.
    rng : Generator
        Draws the curves.
    classes : int
        Number of classes; the prior asks for it.
    confidence : float, optional
        The model's mean highest probability over unlabelled items, which says something about its accuracy.
    guess : float, optional
        Share of the most frequent class: the accuracy of whoever always says it. By default ``1 / classes``.
    known : Bank, optional
        Prior and residuals; by default those of the package.
    draws : int
        Number of curves.

    Raises
    ------
    BadInput
        If there is no estimate.

    Notes
    -----
    O(draws * rounds).
    """
    if not history:
        raise BadInput("A forecast needs estimates. Call evaluate() after each round of labels.")
    by_labels = dict(history)
    now = max(by_labels)
    known = bank() if known is None else known
    named = metric(by_labels[now].name)
    points = [
        (labels / now, min(max((one.value - named.low) / (named.high - named.low), 0.0), 1.0), _size(one))
        for labels, one in by_labels.items()
    ]
    present = next((right, size) for ratio, right, size in points if ratio == 1)
    score_S, log_proposal_S = _present(*present, draws, rng)
    by_guessing = None if guess is None or named.name != "accuracy" else min(max(guess, 1 / classes), 0.99)
    curves = known.prior.draw(score_S, now, classes, rng, by_guessing)
    log_S = _agreement(points, present[1], curves) - log_proposal_S
    if confidence is not None and named.name == "accuracy":
        log_S += known.prior.believed(score_S, min(max(confidence, 0.01), 0.99))
    weight_S = np.exp(log_S - log_S.max())
    return Outlook(now, by_labels[now], curves, weight_S / weight_S.sum(), known)


def _present(right: float, size: float, draws: int, rng: Generator) -> tuple[Floats, Floats]:
    """Draw present scores somewhat wider than the last estimate tells, and give their log density."""
    a, b = 1 + right * size / 4, 1 + (1 - right) * size / 4
    score_S = np.clip(rng.beta(a, b, draws), 1e-6, 1 - 1e-6)
    return score_S, (a - 1) * np.log(score_S) + (b - 1) * np.log1p(-score_S)


def _agreement(points: Sequence[tuple[float, float, float]], size: float, curves: Curves) -> Floats:
    """Return the log likelihood of each curve; all rounds together count as `size` labels."""
    share = size / max(sum(n for *_, n in points), 1e-9)
    log_S = np.zeros(len(curves.score_S))
    for ratio, right, n in points:
        right_S = np.clip(curves.at(ratio), 1e-6, 1 - 1e-6)
        log_S += share * n * (right * np.log(right_S) + (1 - right) * np.log1p(-right_S))
    return log_S


def _size(one: Estimate) -> float:
    """Return how many labels an estimate counts for, given that a model also strays from its curve by luck."""
    from scipy.stats import norm

    named = metric(one.name)
    n = float(one.n)
    if named.items is None and n > 0:
        width = max((one.high - one.low) / (named.high - named.low), 1e-9)
        n = min(n, float(norm.ppf((1 + one.level) / 2)) ** 2 / width**2)
    return n / (1 + n / LUCK)


def forecast(
    history: History,
    at: int,
    rng: Generator,
    *,
    level: float = 0.9,
    classes: int = CLASSES,
    confidence: float | None = None,
    guess: float | None = None,
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
    classes : int
        Number of classes; the prior asks for it.
    confidence : float, optional
        The model's mean highest probability over unlabelled items. It weighs like a few dozen labels of an
        audit where the score is accuracy, and is not used elsewhere.
    guess : float, optional
        Share of the most frequent class, which says what accuracy is worth nothing. By default ``1 / classes``.

    Returns
    -------
    Estimate
        Median and interval of the score at `at` labels. With fewer than three estimates that rest on
        labels it runs from the low end of the last interval to the best possible score, and says so.

    Raises
    ------
    BadInput
        If there is no estimate, or `at` lies before the last one.

    Notes
    -----
    O(curves * rounds). An extrapolation assumes that questions are chosen as before. The interval was
    calibrated up to sixteen times the labels; beyond, it is stretched no further.

    Examples
    --------
    >>> import numpy as np
    >>> truth = {n: 0.95 - 2.0 * n**-0.6 for n in (100, 200, 400)}
    >>> history = [(n, Estimate("accuracy", s, s - 0.03, s + 0.03, n=n // 10, method="")) for n, s in truth.items()]
    >>> print(forecast(history, 800, np.random.default_rng(0)))
    accuracy 0.9... [0.8..., 0.9...] (90%, 40 labels, ensemble of learning curves)
    """
    made = outlook(history, rng, classes=classes, confidence=confidence, guess=guess)
    if at < made.now:
        raise BadInput(f"A forecast looks ahead: expected at least the present {made.now} labels. Got {at}.")
    lacking = _lacking(history)
    if lacking:
        last = made.last
        return Estimate(last.name, last.value, last.low, metric(last.name).high, last.n, lacking, level)
    return made.score(at, level)


def labels_to(
    history: History,
    target: float,
    rng: Generator,
    *,
    level: float = 0.9,
    classes: int = CLASSES,
    confidence: float | None = None,
    guess: float | None = None,
) -> Needed:
    """Forecast at how many labels the score reaches `target`; see :func:`forecast` for the arguments.

    Returns
    -------
    Needed
        Median and interval; None where it takes more than ten times the present labels. With fewer than
        three estimates nothing is known but that it takes at least the present ones.

    Examples
    --------
    >>> import numpy as np
    >>> truth = {n: 0.95 - 2.0 * n**-0.6 for n in (100, 200, 400)}
    >>> history = [(n, Estimate("accuracy", s, s - 0.03, s + 0.03, n=n, method="")) for n, s in truth.items()]
    >>> needed = labels_to(history, 0.9, np.random.default_rng(0))
    >>> 400 < needed.value < 800
    True
    """
    made = outlook(history, rng, classes=classes, confidence=confidence, guess=guess)
    if _lacking(history):
        return Needed(made.last.name, target, None, made.now, None, FARTHEST * made.now, made.last.n, level)
    return made.labels_to(target, level)


def _lacking(history: History) -> str:
    measured = sum(one.n > 0 for one in dict(history).values())
    few = f"too few estimates: {LEAST_POINTS} are needed, there are {measured}"
    return few if measured < LEAST_POINTS else ""
