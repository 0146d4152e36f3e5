"""What is to come, as plain values: labels to a score, prices, labels saved, gaps, and the watched curve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from asklearn.errors import BadInput, NotFitted
from asklearn.guard import NAME as GUARDED
from asklearn.guard import detectable
from asklearn.metrics import metric as metric_named
from asklearn.price import calibrated
from asklearn.report.quality import bins_of

if TYPE_CHECKING:
    from asklearn.learner import ActiveLearner
    from asklearn.state import State
    from asklearn.types import Estimate

TARGETS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.97, 0.98, 0.99)
SHOWN_TARGETS = 3
RARE = 0.05
STEPS = (20, 100, 500)
PROMISED = 0.05
SHOWN_ITEMS = 5


def labels_needed(learner: ActiveLearner) -> list[dict[str, Any]]:
    """Return how many labels it takes to round scores above the present one; none without a forecast."""
    named = metric_named(learner.metric.name)
    try:
        now = learner.forecast(0)
    except NotFitted:
        return []
    if (named.low, named.high) != (0.0, 1.0) or now.method.startswith("too few"):
        return []
    present = max(now.value, learner.evaluate().value)
    targets = [one for one in TARGETS if one > present + 0.005][:SHOWN_TARGETS]
    needed = [learner.labels_to(target) for target in targets]
    return [
        {"target": one.target, "value": one.value, "low": one.low, "high": one.high, "farthest": one.farthest,
         "level": one.level, "n": one.n}
        for one in needed
    ]  # fmt: skip


def watched(learner: ActiveLearner) -> list[dict[str, Any]]:
    """Return the looks at the learning curve, whose intervals hold together; the present one is added."""
    try:
        looks = learner.curve()
    except NotFitted:
        return []
    return [
        {"labels": labels, "value": one.value, "low": one.low, "high": one.high, "n": one.n}
        for labels, one in looks
    ]


def prices(learner: ActiveLearner, left: int) -> dict[str, Any] | None:
    """Return what further labels should add, and what became of earlier prices; None before there is a model.

    Parameters
    ----------
    learner : ActiveLearner
        The loop to look at.
    left : int
        How many more items can be labelled.
    """
    steps = sorted({min(one, left) for one in STEPS} - {0})
    if not steps or not learner.state.fits:
        return None
    metric = learner.metric.name
    try:
        ahead = [learner.price(more) for more in steps]
    except (NotFitted, BadInput) as error:
        return {"metric": metric, "next": [], "none": str(error), "past": [], "corrected": None, "open": []}
    pairs = learner.priced()
    past = [
        {
            "labels": one.labels,
            "more": one.predicted.n,
            "said": _span(one.predicted),
            "came": _span(one.realised),
        }
        for one in pairs
    ]
    corrected = [calibrated(one, pairs) for one in ahead]
    return {
        "metric": metric, "next": [_span(one) | {"method": one.method} for one in ahead], "none": None, "past": past,
        "corrected": [_span(one) for one in corrected if one is not None] or None, "open": _open(learner),
    }  # fmt: skip


def _open(learner: ActiveLearner) -> list[dict[str, Any]]:
    """Return the open items that the strategy ranks best, each with what its label should add where that is known."""
    ids = learner.pending
    if not ids:
        return []
    ranked = [(one.rank, item, one.gain) for item, one in zip(ids, learner.item_prices(ids), strict=True)]
    best = sorted((one for one in ranked if one[0] is not None), key=lambda one: one[0] or 0)[:SHOWN_ITEMS]
    return [
        {"rank": rank, "item": item, "gain": None if gain is None else _span(gain)}
        for rank, item, gain in best
    ]


def labels_saved(learner: ActiveLearner) -> dict[str, Any] | None:
    """Return how many labels random choice would have needed beyond those spent; None before there is a model.

    Notes
    -----
    Up to 24 fits, on parts of the audit.
    """
    try:
        one = learner.saved()
    except NotFitted:
        return None
    except BadInput as error:
        return {"none": str(error)}
    score = _span(one.score) | {"metric": one.score.name}
    return {
        "value": one.value, "low": one.low, "high": one.high, "spent": one.spent, "farthest": one.farthest,
        "score": score, "base": one.base, "level": one.level,
    }  # fmt: skip


def guard(state: State) -> dict[str, Any] | None:
    """Return what the strategy's guard saw last, and the deficit that it would have seen; None before it looked."""
    last = next((one for one in reversed(state.measured) if one.name == GUARDED), None)
    if last is None:
        return None
    found = {"value": last.value, "low": last.low, "high": last.high, "level": last.level, "n": last.n}
    return {**found, "labels": last.labels, "detectable": detectable(last)}


def confidence(learner: ActiveLearner) -> dict[str, Any]:
    """Return the reliability diagram after temperature scaling, and what may be promised of an abstaining model.

    Notes
    -----
    One fit. ``after`` is measured on labels that the temperature was not learnt from.
    """
    try:
        promise = learner.selective(error=PROMISED)
        return {
            "after": bins_of(learner.calibration().after),
            "promise": {"kept": bool(promise), "words": promise.guarantee, "share": promise.selective.share},
        }
    except (NotFitted, BadInput):
        return {"after": [], "promise": None}


def gaps(learner: ActiveLearner, described: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the confirmed gaps that cost most, and how many there are, or why there is none; None without a model.

    Parameters
    ----------
    learner : ActiveLearner
        The loop to look at.
    described : mapping
        ``texts`` or ``columns`` of every item of the pool, by which gaps are found and named; may be empty.

    Notes
    -----
    Eight fits.
    """
    from asklearn.gaps import leading

    try:
        found = learner.gaps(**described)
    except NotFitted:
        return None
    except BadInput as error:
        return {"found": [], "confirmed": 0, "none": str(error)}
    none = None if found else _none_found(learner)
    return {"found": [one.as_plain() for one in leading(found)], "confirmed": len(found), "none": none}


def _none_found(learner: ActiveLearner) -> str:
    """Say what the labels could have shown, where they showed nothing."""
    from asklearn.gaps.confirm import labels_needed

    told = sum(label is not None for label in learner.audited().labels)
    wrong = min(1 - learner.evaluate("accuracy").value, 0.45)
    many = labels_needed(RARE, wrong + 0.5, wrong)
    return (
        f"No kind of item is surely worse than the rest, as far as {told:,} random labels can tell. To find one "
        f"that is {RARE:.0%} of the pool and wrong in {wrong + 0.5:.0%}, against {wrong:.0%} elsewhere, four times in "
        f"five, takes about {many:,}."
    )


def _span(one: Estimate) -> dict[str, Any]:
    return {"value": one.value, "low": one.low, "high": one.high, "level": one.level, "n": one.n}
