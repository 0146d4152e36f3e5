"""What the next labels are worth: the expected gain of a batch, before it is asked.

What a user's own audit says of gains is lost in its noise: a batch brings one or two points, and forty audit
labels cannot tell them. What can be seen sharply is what the last labels have changed. Where predictions that
were sure of themselves are overturned there is more to come, and where only ties go the other way there is not::

    gain = rate * (believed + LEAST)**power * (1 - (1 + more / labels)**-decay) / decay

`believed` is what the last labels brought if the model is right about it: the mean, over a fixed part of the
pool, by which the probability of its prediction exceeds that of the class that a model of ``1 / sqrt(2)`` of
its labels predicted (:mod:`asklearn.watching`). Rate, power and decay were fitted on a bank of finished projects
of many data sets, and so were the intervals: quantiles of what the gains of a data set were off by, in units of
the square root of what the labels to come may change, with numbers fitted without that set (split conformal
prediction, by ratio of labels). Both are in ``data/price.json``, made by ``benchmarks/build_price.py``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from asklearn.errors import BadInput
from asklearn.types import Estimate, Floats, Indices

LEVELS = tuple(round(0.01 * i, 3) for i in (1, 2.5, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 97.5, 99))
RATIOS = (1.2, 1.7, 2.4, np.inf)
DECAYS = (0.05, 0.2, 0.4, 0.6, 0.8, 1.0)
LEAST_PAIRS = 5
DOUBT = 0.4
LEAST = 0.001


@dataclass(frozen=True, slots=True)
class Bank:
    """What finished projects teach of one metric: three numbers, and quantiles of their residuals.

    ``residuals`` has a row for each bound of ``RATIOS`` and a column for each of ``LEVELS``; ``made_of``
    says on what it rests.
    """

    rate: float
    power: float
    decay: float
    residuals: tuple[tuple[float, ...], ...] = ()
    made_of: str = ""


@dataclass(frozen=True, slots=True)
class Realised:
    """A price from the journal, beside the difference of the estimates before and after its labels."""

    labels: int
    predicted: Estimate
    realised: Estimate


def expected_gain(
    believed: float, labels: int, more: int, metric: str = "accuracy",
    *, level: float = 0.9, bank: Bank | None = None,
) -> Estimate:  # fmt: skip
    """Return what `more` labels would add to a metric.

    Parameters
    ----------
    believed : float
        What the last labels brought if the model is right about it, against a model of ``1 / sqrt(2)`` of them.
    labels : int
        Labels that the model has.
    more : int
        Labels to come, chosen as before.
    metric : str
        ``accuracy``, ``balanced_accuracy`` or ``macro_f1``.
    level : float
        Probability of the interval, which is about the gain of this one project, not about the mean of many.
    bank : Bank, optional
        By default what ships.

    Returns
    -------
    Estimate
        Named after the metric, as in ``accuracy gain``; ``n`` is the number of labels that are priced.

    Raises
    ------
    BadInput
        If there is no bank for the metric.

    References
    ----------
    The interval: Papadopoulos et al. 2002, "Inductive confidence machines for regression" (normalised).

    Examples
    --------
    >>> bank = Bank(0.9, 0.8, 0.4, ((-0.3,) * 5 + (0.0,) * 5 + (0.3,) * 5,) * 4)
    >>> print(expected_gain(0.01, labels=200, more=50, bank=bank))
    accuracy gain 0.005 [-0.010, 0.020] (90%, 50 labels, changed predictions)
    """
    bank = bank_of(metric) if bank is None else bank
    ratio = 1 + more / labels
    value = float(gain(bank, believed, ratio))
    low, high = np.interp([(1 - level) / 2, (1 + level) / 2], LEVELS, _quantiles(bank, ratio)).tolist()
    unit = float(spread(believed, ratio))
    return Estimate(
        f"{metric} gain", value, min(value + low * unit, value), max(value + high * unit, value), more,
        "changed predictions", level,
    )  # fmt: skip


def gain(bank: Bank, believed: float | Floats, ratio: float | Floats) -> Any:
    """Return the expected gain where labels grow by a ratio."""
    return bank.rate * np.power(np.asarray(believed) + LEAST, bank.power) * _stretch(ratio, bank.decay)


def spread(believed: float | Floats, ratio: float | Floats) -> Any:
    """Return the unit of residuals: changes that go either way add up like a random walk in log labels."""
    return np.sqrt((np.asarray(believed) + LEAST) * np.log(ratio))


def _stretch(ratio: float | Floats, decay: float) -> Any:
    return -np.expm1(-decay * np.log(ratio)) / decay


def _quantiles(bank: Bank, ratio: float) -> tuple[float, ...]:
    return bank.residuals[int(np.searchsorted(RATIOS, ratio))]


def fit_bank(believed_N: Floats, ratio_N: Floats, gain_N: Floats, weight_N: Floats) -> Bank:
    """Fit rate, power and decay to the gains of finished projects.

    Parameters
    ----------
    believed_N, ratio_N, gain_N : ndarray of shape (N,)
        As in :func:`expected_gain`, the ratio by which labels grew, and the gain that came, which may be negative.
    weight_N : ndarray of shape (N,)
        So that every data set counts alike.

    Notes
    -----
    Poisson quasi-likelihood with a logarithmic link, by iteratively reweighted least squares for each decay of a
    grid: predicted gains then add up to the realised ones, which noise and negative gains do not bias.

    Examples
    --------
    >>> import numpy as np
    >>> believed, ratio = np.array([0.2, 0.1, 0.05, 0.02]), np.array([2.0, 1.4, 1.4, 2.0])
    >>> truth = Bank(0.4, 0.8, 0.4)
    >>> found = fit_bank(believed, ratio, gain(truth, believed, ratio), np.ones(4))
    >>> round(found.rate, 3), round(found.power, 3), found.decay
    (0.4, 0.8, 0.4)
    """
    fits = [_fit(np.asarray(believed_N) + LEAST, ratio_N, gain_N, weight_N, decay) for decay in DECAYS]
    _, rate, power, decay = max(fits)
    return Bank(rate, power, decay)


def _fit(
    share_N: Floats, ratio_N: Floats, gain_N: Floats, weight_N: Floats, decay: float
) -> tuple[float, float, float, float]:
    X_N2 = np.column_stack([np.ones(len(share_N)), np.log(share_N)])
    stretch_N = _stretch(ratio_N, decay)
    slope = np.array([np.log(max((weight_N @ gain_N) / (weight_N @ (share_N * stretch_N)), 1e-6)), 1.0])
    for _ in range(50):
        mean_N = stretch_N * np.exp(X_N2 @ slope)
        step = np.linalg.solve((X_N2.T * (weight_N * mean_N)) @ X_N2, X_N2.T @ (weight_N * (gain_N - mean_N)))
        slope = slope + np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-10:
            break
    mean_N = stretch_N * np.exp(X_N2 @ slope)
    quasi = float(weight_N @ (gain_N * np.log(mean_N) - mean_N))
    return quasi, float(np.exp(slope[0])), float(slope[1]), decay


def residuals(bank: Bank, believed_N: Floats, ratio_N: Floats, gain_N: Floats) -> Floats:
    """Return what gains were off by, in units of their spread; see :func:`residual_quantiles`."""
    return np.asarray((gain_N - gain(bank, believed_N, ratio_N)) / spread(believed_N, ratio_N))


def residual_quantiles(
    residual_N: Floats, ratio_N: Floats, weight_N: Floats
) -> tuple[tuple[float, ...], ...]:
    """Return the weighted quantiles at ``LEVELS`` of the residuals in each class of ratios; of all for an empty one."""
    place_N = np.searchsorted(RATIOS, ratio_N)
    rows = []
    for place in range(len(RATIOS)):
        here = np.flatnonzero((place_N == place) | (not (place_N == place).any()))
        here = here[np.argsort(residual_N[here])]
        reached = (np.cumsum(weight_N[here]) - weight_N[here] / 2) / weight_N[here].sum()
        rows.append(tuple(np.interp(LEVELS, reached, residual_N[here]).round(4).tolist()))
    return tuple(rows)


@cache
def _shipped() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(files("asklearn").joinpath("data", "price.json").read_text("utf-8"))
    return found


def has_price(metric: str) -> bool:
    """Return whether a bank ships for a metric.

    Examples
    --------
    >>> has_price("accuracy"), has_price("neg_brier")
    (True, False)
    """
    return metric in _shipped()["banks"]


def bank_of(metric: str) -> Bank:
    """Return the bank that ships for a metric.

    Raises
    ------
    BadInput
        If there is none.

    Examples
    --------
    >>> bank_of("neg_brier")
    Traceback (most recent call last):
        ...
    asklearn.errors.BadInput: Labels are priced in accuracy, balanced_accuracy or macro_f1. Got 'neg_brier'.
    """
    banks = _shipped()["banks"]
    if metric not in banks:
        *some, last = banks
        raise BadInput(f"Labels are priced in {', '.join(some)} or {last}. Got {metric!r}.")
    plain = banks[metric]
    rows = tuple(tuple(row) for row in plain["residuals"])
    return Bank(plain["rate"], plain["power"], plain["decay"], rows, _shipped()["made_of"])


def realised(
    prices: Sequence[tuple[int, Estimate]], scores: Sequence[tuple[int, Estimate]]
) -> list[Realised]:
    """Return what was predicted of each batch, beside what became of it.

    Parameters
    ----------
    prices : sequence of (labels, Estimate)
        Prices, each with the number of labels at that moment.
    scores : sequence of (labels, Estimate)
        Estimates of the same metric.

    Returns
    -------
    list of Realised
        For each price with an estimate at its labels, and one after its further labels (or up to a quarter
        more of them), the difference of the two. Its interval takes them for independent (Zou & Donner 2008):
        they share audit labels, so it is at least as wide as need be.

    Examples
    --------
    >>> before = Estimate("accuracy", 0.70, 0.5, 0.85, 20, "")
    >>> after = Estimate("accuracy", 0.74, 0.6, 0.85, 30, "")
    >>> price = Estimate("accuracy gain", 0.03, 0.0, 0.06, 50, "")
    >>> print(realised([(100, price)], [(100, before), (150, after)])[0].realised)
    accuracy gain 0.040 [-0.165, 0.268] (95%, 50 labels, difference of two estimates)
    """
    at = dict(scores)
    pairs = []
    for labels, price in prices:
        later = min((n for n in at if labels + price.n <= n <= labels + 1.25 * price.n), default=None)
        if labels in at and later is not None:
            pairs.append(
                Realised(labels, price, _difference(price.name, at[labels], at[later], later - labels))
            )
    return pairs


def _difference(name: str, before: Estimate, after: Estimate, more: int) -> Estimate:
    value = after.value - before.value
    below = float(np.hypot(after.value - after.low, before.high - before.value))
    above = float(np.hypot(after.high - after.value, before.value - before.low))
    return Estimate(
        name,
        value,
        value - below,
        value + above,
        more,
        "difference of two estimates",
        min(before.level, after.level),
    )


def calibrated(price: Estimate, pairs: Sequence[Realised]) -> Estimate | None:
    """Return a price as the project's own past rounds correct it; None before there are five of them.

    Notes
    -----
    Isotonic regression of realised on predicted gains, each weighted by the inverse of its variance, together
    with the bank's word for it: that gains are as predicted, give or take two fifths. Where the audit is
    small the bank decides, and where it is large the rounds do.

    Examples
    --------
    >>> price = Estimate("accuracy gain", 0.02, 0.0, 0.05, 50, "")
    >>> half = Estimate("accuracy gain", 0.01, 0.009, 0.011, 50, "")
    >>> round(calibrated(price, [Realised(100 * i, price, half) for i in range(5)]).value, 3)
    0.01
    """
    if len(pairs) < LEAST_PAIRS:
        return None
    from sklearn.isotonic import IsotonicRegression

    own = np.array([one.predicted.value for one in pairs])
    prior = np.geomspace(min(price.value, own.min()) / 2, max(price.value, own.max()) * 2, 20)
    came = np.array([one.realised.value for one in pairs])
    spread = np.array([one.realised.high - one.realised.low for one in pairs]) / 4
    weight = np.concatenate([1 / (DOUBT * prior) ** 2, 1 / np.maximum(spread, 1e-6) ** 2])
    fitted = IsotonicRegression(out_of_bounds="clip").fit(
        np.concatenate([prior, own]), np.concatenate([prior, came]), weight
    )
    value = float(fitted.predict([price.value])[0])
    shift = value - price.value
    method = f"{price.method}, calibrated on {len(pairs)} batches"
    return Estimate(price.name, value, price.low + shift, price.high + shift, price.n, method, price.level)


@dataclass(frozen=True, slots=True)
class ItemPrice:
    """What one item is worth.

    Attributes
    ----------
    rank : int or None
        Its place by the strategy's score, 1 the best; None where chance decided.
    gain : Estimate or None
        What its label should add after those of a better rank; None without a rank, and before past batches have
        calibrated the price.
    """

    rank: int | None
    gain: Estimate | None


def item_prices(
    scores_N: Sequence[float | None], price: Estimate, labels: int, pairs: Sequence[Realised],
    bank: Bank | None = None,
) -> list[ItemPrice]:  # fmt: skip
    """Return each item's rank and, once past batches have calibrated the price of all, its part of that.

    Parameters
    ----------
    scores_N : sequence of float or None
        What the strategy gave the items; None where it had no say.
    price : Estimate
        Of their N labels together.
    labels : int
        Labels that the model has.
    pairs : sequence of Realised
        Past prices beside what came.
    bank : Bank, optional
        By default what ships for the metric.

    Notes
    -----
    The k-th best label adds what k labels add beyond k - 1. Scores of most strategies order items and measure
    nothing, so only their order counts. The interval is the batch's, parted alike.

    Examples
    --------
    >>> price = Estimate("accuracy gain", 0.02, 0.0, 0.05, 2, "")
    >>> pairs = [Realised(100 * i, price, price) for i in range(5)]
    >>> found = item_prices([0.2, 0.9], price, labels=10, pairs=pairs)
    >>> [(one.rank, round(one.gain.value, 4)) for one in found]
    [(2, 0.0094), (1, 0.0106)]
    """
    rank_N, whole = ranks(scores_N), calibrated(price, pairs)
    if whole is None:
        return [ItemPrice(rank, None) for rank in rank_N]
    decay = (bank_of(price.name.removesuffix(" gain")) if bank is None else bank).decay
    reached = _stretch(1 + np.arange(len(rank_N) + 1) / labels, decay)
    part_N = np.diff(reached) / reached[-1]
    return [
        ItemPrice(rank, None if rank is None else _part(whole, float(part_N[rank - 1]))) for rank in rank_N
    ]


def _part(whole: Estimate, part: float) -> Estimate:
    value, low, high = (part * one for one in (whole.value, whole.low, whole.high))
    return replace(whole, value=value, low=low, high=high, n=1)


def ranks(scores_N: Sequence[float | None]) -> list[int | None]:
    """Return the rank of each item by its score, 1 the best; None where no score decided.

    Examples
    --------
    >>> ranks([0.2, None, 0.9])
    [2, None, 1]
    """
    known: Indices = np.array([i for i, one in enumerate(scores_N) if one is not None], np.intp)
    order = known[np.argsort([-float(scores_N[i] or 0.0) for i in known], kind="stable")]
    place = {int(i): rank for rank, i in enumerate(order, 1)}
    return [place.get(i) for i in range(len(scores_N))]
