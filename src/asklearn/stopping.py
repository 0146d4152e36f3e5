"""When to stop asking: rules that each give advice with a reason in words, and which of them decide.

| rule | advises to stop when |
| --- | --- |
| ``target`` | the score is at least the target, less a tolerance, with the wanted confidence |
| ``cost`` | the next batch costs more than the most it is likely to bring |
| ``plateau`` | twice the labels are likely to bring less than the tolerance |
| ``stable`` | the last labels changed hardly any prediction |
| ``uncertainty`` | the model is much surer than it is right: what is wrong, it does not doubt |
| ``budget``, ``money``, ``hours``, ``pool`` | nothing is left to spend, or to ask |

The rules of the last line decide always. Of the others decide those that are named, and ``a+b`` only where
both say so; by default ``cost+stable`` where value and cost are known, else ``target`` where there is one, and
``plateau+stable``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import Any

import numpy as np

from asklearn.errors import BadInput
from asklearn.intervals import exact_binomial
from asklearn.types import Advice, Estimate, Indices, Stop

STABLE = 0.95
SURER = 0.5
RULES = ("target", "cost", "plateau", "stable", "uncertainty")
POINT = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopping:
    """What stopping depends on.

    Attributes
    ----------
    target : float, optional
        The score that is wanted.
    tolerance : float
        How much less will do; also what a plateau may still rise by.
    value : float, optional
        What one point of the metric (0.01) is worth.
    cost : float, optional
        Of one label, in the unit of `value`; by default the median time recorded for one, in hours.
    more : int, optional
        Labels in the next batch; by default as many as there are, so that labels double.
    money : float, optional
        What may be spent in all, in the unit of `cost`.
    hours : float, optional
        Time that annotators may spend in all, by what is recorded of them.
    confidence : float
        How sure ``target``, ``cost`` and ``plateau`` have to be.
    rules : tuple of str
        Which rules decide; empty for the default.

    Raises
    ------
    BadInput
        If a number or a rule is not what it should be.

    Examples
    --------
    >>> Stopping(target=0.9).deciding
    ('target', 'plateau+stable')
    """

    target: float | None = None
    tolerance: float = 0.02
    value: float | None = None
    cost: float | None = None
    more: int | None = None
    money: float | None = None
    hours: float | None = None
    confidence: float = 0.75
    rules: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for one in fields(self):
            number = getattr(self, one.name)
            if one.name == "rules" or number is None:
                continue
            if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
                raise BadInput(f"{one.name} is a number. Got {number!r:.100}.")
            if one.name != "target" and number < 0:
                raise BadInput(f"{one.name} is at least 0. Got {number}.")
        if not 0.5 <= self.confidence < 1:
            raise BadInput(f"confidence is from 0.5 to below 1. Got {self.confidence}.")
        for rule in self.rules:
            for part in rule.split("+"):
                if part not in RULES:
                    raise BadInput(f"A rule is one of {', '.join(RULES)}, or some joined by +. Got {rule!r}.")

    @property
    def deciding(self) -> tuple[str, ...]:
        """The rules that decide."""
        if self.rules:
            return self.rules
        if self.value is not None:
            return ("cost+stable",)
        return ("plateau+stable",) if self.target is None else ("target", "plateau+stable")

    @property
    def level(self) -> float:
        """Level of the central interval whose lower or upper end has the wanted confidence."""
        return 2 * self.confidence - 1


def stopping_with(settings: Stopping, wanted: Mapping[str, Any]) -> Stopping:
    """Return settings with some of them changed.

    Raises
    ------
    BadInput
        If there is no such setting, or its value is not what it should be.

    Examples
    --------
    >>> stopping_with(Stopping(target=0.9), {"tolerence": 0.01})
    Traceback (most recent call last):
        ...
    asklearn.errors.BadInput: There is no setting 'tolerence' of stopping. Did you mean 'tolerance'?
    """
    known = [one.name for one in fields(Stopping)]
    for name in wanted:
        if name not in known:
            near = get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(known)}."
            raise BadInput(f"There is no setting {name!r} of stopping. {hint}")
    plain = dict(wanted)
    if "rules" in plain:
        plain["rules"] = (plain["rules"],) if isinstance(plain["rules"], str) else tuple(plain["rules"])
    return replace(settings, **plain)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known when advice is asked for; None: not known.

    Attributes
    ----------
    asked, left : int
        Items that were asked, and that can be asked yet.
    budget : int or None
        Items that may be asked in all.
    hours, median_hours : float or None
        Time that answers took in all, and that one takes.
    score : Estimate or None
        How good the model is, at the level that is wanted.
    batch, doubling : Estimate or None
        What the next batch, and twice the labels, would bring, likewise.
    agreement : Estimate or None
        Of the model with one of fewer labels.
    confidence : float or None
        Mean probability of the predicted class over the pool.
    """

    asked: int
    left: int
    budget: int | None = None
    hours: float | None = None
    median_hours: float | None = None
    score: Estimate | None = None
    batch: Estimate | None = None
    doubling: Estimate | None = None
    agreement: Estimate | None = None
    confidence: float | None = None


def advise(known: Standing, wanted: Stopping) -> Stop:
    """Return what every rule says, with the reasons of those that decide.

    Examples
    --------
    >>> gain = Estimate("accuracy gain", 0.004, 0.001, 0.008, 400, "changed predictions", 0.6)
    >>> same = Estimate("agreement", 0.97, 0.96, 0.98, 2000, "")
    >>> found = advise(Standing(asked=400, left=600, doubling=gain, agreement=same), Stopping())
    >>> print(found.reasons[0].replace(", and", ",\\nand"))
    twice the labels would bring at most 0.8 points (75% sure), less than 2,
    and the model agrees with itself at seven tenths of the labels (kappa 0.970, 0.95 is enough)
    """
    limits = [_budget(known), _money(known, wanted), _hours(known, wanted), _pool(known)]
    rules = [
        _target(known, wanted), _cost(known, wanted), _plateau(known, wanted), _stable(known),
        _uncertainty(known, wanted),
    ]  # fmt: skip
    said = {one.rule: one for one in (*limits, *rules) if one is not None}
    decide = [one.rule for one in limits if one is not None] + list(wanted.deciding)
    reasons = []
    for rule in decide:
        parts = [said.get(part) for part in rule.split("+")]
        if all(part is not None and part.stop for part in parts):
            reasons.append(", and ".join(part.reason for part in parts if part is not None))
    return Stop(tuple(reasons), tuple(said.values()))


def _target(known: Standing, wanted: Stopping) -> Advice | None:
    score, target = known.score, wanted.target
    if target is None:
        return None
    if score is None:
        return Advice("target", None, "there is no estimate yet to hold against the target")
    least = target - wanted.tolerance
    needed = labels_to_know(score.value, least, wanted.tolerance)
    reached = score.low >= least
    words = (
        f"the {score.name} is {'at least' if reached else 'not yet surely'} {least:.3g}, the target of {target:.3g} "
        f"less the tolerance: {score.value:.3f}, at least {score.low:.3f} ({wanted.confidence:.0%} sure, by "
        f"{score.method}); the audit alone has {score.n} labels and would need about {needed}"
    )
    return Advice(
        "target", reached, words, {"score": score.value, "low": score.low, "audit_labels_needed": needed}
    )


def labels_to_know(score: float, least: float, tolerance: float) -> int:
    """Return about how many audit labels would show by themselves, 95% sure, on which side of `least` a score is.

    Nearer than half the tolerance nobody asks for more.

    Examples
    --------
    >>> labels_to_know(0.92, 0.90, 0.02)
    498
    """
    gap = max(abs(score - least), tolerance / 2, 1e-3)
    spread = min(max(score, 0.01), 0.99)
    return math.ceil(1.645**2 * spread * (1 - spread) / gap**2)


def _cost(known: Standing, wanted: Stopping) -> Advice | None:
    if wanted.value is None:
        return None
    each = known.median_hours if wanted.cost is None else wanted.cost
    if each is None or known.batch is None:
        missing = "the cost of a label" if each is None else "the price of a batch"
        return Advice("cost", None, f"{missing} is not known yet")
    brings = max(known.batch.high, 0.0) / POINT * wanted.value
    costs = each * known.batch.n
    more = "more" if brings < costs else "less"
    words = (
        f"the next {known.batch.n} labels cost {costs:.4g}, {more} than the {brings:.4g} that they bring at most "
        f"({known.batch.high / POINT:.2g} points, {wanted.confidence:.0%} sure)"
    )
    return Advice("cost", brings < costs, words, {"costs": costs, "brings_at_most": brings})


def _plateau(known: Standing, wanted: Stopping) -> Advice:
    if known.doubling is None:
        return Advice("plateau", None, "the price of more labels is not known yet")
    most = known.doubling.high
    flat = most <= wanted.tolerance
    words = (
        f"twice the labels would bring at most {most / POINT:.2g} points ({wanted.confidence:.0%} sure), "
        f"{'less' if flat else 'more'} than {wanted.tolerance / POINT:.2g}"
    )
    return Advice("plateau", flat, words, {"brings": known.doubling.value, "brings_at_most": most})


def _stable(known: Standing) -> Advice:
    if known.agreement is None:
        return Advice("stable", None, "there is no earlier model yet to compare with")
    kappa = known.agreement.value
    words = f"kappa {kappa:.3f}, {STABLE} is enough"
    if kappa >= STABLE:
        return Advice(
            "stable",
            True,
            f"the model agrees with itself at seven tenths of the labels ({words})",
            {"kappa": kappa},
        )
    return Advice(
        "stable",
        False,
        f"the last three tenths of the labels still changed predictions ({words})",
        {"kappa": kappa},
    )


def _uncertainty(known: Standing, wanted: Stopping) -> Advice | None:
    if known.confidence is None or known.score is None:
        return None
    doubt, wrong = 1 - known.confidence, 1 - known.score.value
    least = max(wanted.tolerance, SURER * wrong)
    words = f"the model doubts {doubt:.1%} of its predictions and errs in about {wrong:.1%}"
    return Advice("uncertainty", doubt <= least, words, {"doubt": doubt, "error": wrong})


def _budget(known: Standing) -> Advice | None:
    if known.budget is None:
        return None
    gone = known.asked >= known.budget
    words = f"the budget of {known.budget} labels is {'spent' if gone else f'not spent: {known.asked} were asked'}"
    return Advice("budget", gone, words, {"asked": known.asked, "budget": known.budget})


def _money(known: Standing, wanted: Stopping) -> Advice | None:
    if wanted.money is None or wanted.cost is None:
        return None
    paid = known.asked * wanted.cost
    gone = paid + wanted.cost > wanted.money
    words = f"{paid:.4g} of {wanted.money:.4g} is spent, and a label costs {wanted.cost:.4g}"
    return Advice("money", gone, words, {"spent": paid, "budget": wanted.money})


def _hours(known: Standing, wanted: Stopping) -> Advice | None:
    if wanted.hours is None:
        return None
    if known.hours is None:
        return Advice("hours", None, "no answer says how long it took")
    gone = known.hours >= wanted.hours
    words = f"annotators spent {known.hours:.3g} of {wanted.hours:.3g} hours"
    return Advice("hours", gone, words, {"spent": known.hours, "budget": wanted.hours})


def _pool(known: Standing) -> Advice:
    words = (
        "every item of the pool has been asked" if not known.left else f"{known.left} items are left to ask"
    )
    return Advice("pool", not known.left, words, {"left": known.left})


def agreement(before_N: Indices, after_N: Indices, classes: int) -> Estimate:
    """Return Cohen's kappa between the predictions of two models on the same items.

    Parameters
    ----------
    before_N, after_N : ndarray of int, shape (N,)
        Predicted class of each item by the earlier and the later model.
    classes : int
        Number of classes.

    Returns
    -------
    Estimate
        The interval comes from the exact binomial one of the share of equal predictions.

    References
    ----------
    Bloodgood & Vijay-Shanker 2009, "A method for stopping active learning based on stabilizing
    predictions".

    Examples
    --------
    >>> import numpy as np
    >>> round(agreement(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 0]), 2).value, 2)
    0.5
    """
    n = len(before_N)
    share_B = np.bincount(before_N, minlength=classes) / n
    share_A = np.bincount(after_N, minlength=classes) / n
    chance = float(share_B @ share_A)
    same = int((before_N == after_N).sum())

    def kappa(observed: float) -> float:
        return 1.0 if chance >= 1 else max((observed - chance) / (1 - chance), -1.0)

    low, high = exact_binomial(same, n)
    return Estimate("agreement", kappa(same / n), kappa(low), kappa(high), n, "Cohen's kappa")
