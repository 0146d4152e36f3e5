"""What is known of a project, as plain values: what its page and its JSON are made of.

Every number that is not a plain count stands beside its interval, the interval's level, and the number of
labels that it rests on. What the items hold (texts, images) is not in it: items are named by their ids.
"""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np

from asklearn import __version__
from asklearn.asking import WHY_AUDITED
from asklearn.errors import NotFitted
from asklearn.report import people, quality
from asklearn.report.prospects import confidence, gaps, guard, labels_needed, labels_saved, prices, watched
from asklearn.state import State, Status
from asklearn.types import Estimate

if TYPE_CHECKING:
    from asklearn.learner import ActiveLearner

FORMAT = 1
AHEAD = (100, 500)
FAN = 9
EXAMPLES = 9
PACKAGES = ("numpy", "scipy", "scikit-learn")


def facts(
    learner: ActiveLearner,
    *,
    name: str = "unnamed project",
    about: Mapping[str, str] | None = None,
    classes: Sequence[str] = (),
    described: Mapping[str, Any] | None = None,
    now: float = 0.0,
) -> dict[str, Any]:
    """Return everything that a report says, as plain values that JSON can hold.

    The model is trained if labels have changed, and estimates are kept in the journal.

    Parameters
    ----------
    learner : ActiveLearner
        The loop to report on.
    name : str
        What the page is about.
    about : mapping of str to str, optional
        What else should be known of how it was computed: encoder, source, ...
    classes : sequence of str
        The declared classes, in the order in which they should be shown.
    described : mapping, optional
        ``texts`` or ``columns`` of every item, by which gaps are found and named.
    now : float
        The time, in seconds since 1970, that the report bears; 0 for none.

    Notes
    -----
    O(labels), besides some forty fits; independent of the size of the pool, but for the gaps.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from asklearn import ActiveLearner
    >>> X, y = load_digits(return_X_y=True)
    >>> learner = ActiveLearner("logistic", X, audit=0.5, seed=0)
    >>> batch = learner.ask(60)
    >>> learner.tell(batch.ids, y[batch.rows])
    >>> found = facts(learner, name="digits")
    >>> found["labels"]["n"], found["estimate"]["n"], round(found["estimate"]["value"], 2)
    (60, 34, 0.87)
    """
    found: dict[str, Any] = {"format": FORMAT, "name": name, "time": now or None}
    found |= standing(learner, classes)
    found |= _measured(learner) | _outlook(learner, AHEAD)
    found |= {"watched": watched(learner), "needed": labels_needed(learner)}
    if found["calibration"] and found["calibration"]["bins"]:
        found["calibration"] |= confidence(learner)
        if learner.metric.name == "accuracy":
            found["calibration"]["right"] = {
                key: found["estimate"][key] for key in ("value", "low", "high", "n")
            }
    found["price"] = prices(learner, found["labels"]["left"])
    found |= {"saved": labels_saved(learner), "gaps": gaps(learner, described or {})}
    state = learner.state
    found["history"] = _history(state, learner.metric.name)
    found["asked"] = _asked(learner)
    found["guard"] = guard(state)
    found["timeline"] = people.timeline(state)
    found["annotators"] = people.annotators(state)[: people.SHOWN_PEOPLE]
    found["agreement"] = people.agreement(state)
    found["slowest"] = people.slowest(state)
    found["contested"] = people.contested(state)
    found["examples"] = _examples(learner)
    return found | {"how": _how(learner, about or {})}


def standing(learner: ActiveLearner, classes: Sequence[str] = ()) -> dict[str, Any]:
    """Return how many items stand where, and how many labels each class has, the most frequent first.

    Notes
    -----
    O(asked or labelled items), whatever the size of the pool.
    """
    stop = learner.should_stop()
    state, labels = learner.state, learner.labels
    known = dict.fromkeys([*state.asks, *state.said, *state.resolved, *state.erased])
    counts = Counter(state.status(item).value for item in known)
    counts[Status.WAITING.value] += state.rows - len(known)
    said = Counter(str(one) for one in labels.values())
    every = {one: said[one] for one in [*classes, *sorted(said)]}
    times = [one.time for _, one in people.replies(state) if one.kind == "Answered" and one.time > 0]
    return {
        "items": {"all": state.rows, **{one.value: counts[one.value] for one in Status}},
        "labels": {
            "n": len(labels),
            "disputed": sum(1 for _ in state.answers()) - len(labels),
            "first": min(times, default=None),
            "last": max(times, default=None),
            "left": labels_left(learner),
        },
        "classes": dict(sorted(every.items(), key=lambda one: (-one[1], one[0]))),
        "stop": list(stop.reasons),
        "advice": [{"rule": one.rule, "stop": one.stop, "reason": one.reason} for one in stop.advice],
    }


def labels_left(learner: ActiveLearner) -> int:
    """Return how many more items can be labelled: what the pool and the budget leave."""
    state = learner.state
    assert state.settings is not None
    left = state.rows - len({*learner.labels, *state.erased})
    if state.settings.budget is None:
        return left
    waiting = sum(state.status(item) is Status.ASKED for item in state.asks)
    return min(left, max(state.settings.budget - len(state.asks), 0) + waiting)


def ahead(learner: ActiveLearner, more: int) -> dict[str, Any] | None:
    """Return the forecast for up to `more` further labels, as many as there can be; None if there are none.

    ``now`` is what the same curve says of the present; it smooths over all estimates.

    Raises
    ------
    NotFitted
        If there is no model yet.
    """
    more = min(more, labels_left(learner))
    return {"more": more, "now": learner.forecast(0).value, **plain(learner.forecast(more))} if more else None


def plain(one: Estimate) -> dict[str, Any]:
    """Return an estimate as plain values."""
    return {
        "metric": one.name, "value": one.value, "low": one.low, "high": one.high, "level": one.level,
        "n": one.n, "method": one.method,
    }  # fmt: skip


def _measured(learner: ActiveLearner) -> dict[str, Any]:
    """Return the estimate, and what the audit's labels say item by item."""
    none: dict[str, Any] = {
        "estimate": None, "no_estimate": None, "audited": 0, "confusion": None, "recall": [], "calibration": None,
        "doubtful": [], "balance": [],
    }  # fmt: skip
    try:
        estimate = plain(learner.evaluate())
        audited = learner.audited()
    except NotFitted as error:
        return none | {"no_estimate": str(error)}
    names = [str(one) for one in audited.classes]
    shares = quality.balance(audited.labels, audited.weight_N, audited.classes)
    return none | {
        "estimate": estimate,
        "audited": len(audited.ids),
        "confusion": quality.confusion(audited),
        "recall": quality.recall(audited),
        "calibration": quality.calibration(audited),
        "doubtful": quality.doubtful(audited),
        "balance": [{"label": name, **part} for name, part in zip(names, shares, strict=True)],
    }


def _outlook(learner: ActiveLearner, steps: Sequence[int]) -> dict[str, Any]:
    """Return the forecasts for some numbers of further labels, and a fan up to the last of them."""
    most = min(max(steps), labels_left(learner))
    wanted = sorted({min(one, most) for one in steps} - {0})
    fan = sorted({round(one) for one in np.linspace(0, most, FAN)} | set(wanted)) if most else []
    try:
        made = {more: {"more": more, **plain(learner.forecast(more))} for more in fan}
    except NotFitted:
        return {"forecast": [], "fan": []}
    return {
        "forecast": [made[more] | {"now": made[0]["value"]} for more in wanted],
        "fan": list(made.values()),
    }


def _history(state: State, metric: str) -> list[dict[str, Any]]:
    """Return the estimates of the metric so far, the last one at each number of labels."""
    last = {one.labels: one for one in state.measured if one.name == metric and one.level == quality.LEVEL}
    return [
        {"labels": at, "value": one.value, "low": one.low, "high": one.high, "level": one.level, "n": one.n}
        for at, one in sorted(last.items())
    ]


def _asked(learner: ActiveLearner) -> list[dict[str, Any]]:
    """Return, by what decided that items were asked: why, how many, and how many of them have a label."""
    state, labels, strategy = learner.state, learner.labels, learner.strategy
    asked: Counter[str] = Counter()
    labelled: Counter[str] = Counter()
    for item in state.asks:
        asked[stream_of(state, item)] += 1
        labelled[stream_of(state, item)] += item in labels
    told = sum(item not in state.asks for item in labels)
    why = {"audit": WHY_AUDITED, "start": strategy.why_first(), "exploit": strategy.why()}
    rows = [
        {"stream": name, "why": why[name], "asked": asked[name], "labelled": labelled[name]}
        for name in why
        if asked[name]
    ]
    given = {"stream": "given", "why": "labelled without being asked", "asked": 0, "labelled": told}
    return [*rows, given] if told else rows


def stream_of(state: State, item: str | int) -> str:
    """Return what decided that an item was asked: audit, start (there was no model yet), exploit, or given."""
    one = state.asks.get(item)
    if one is None:
        return "given"
    return "start" if one.stream != "audit" and one.model is None else one.stream


def _examples(learner: ActiveLearner) -> list[dict[str, Any]]:
    """Return some labelled items from all along the way, and why each was asked."""
    state, labels, strategy = learner.state, learner.labels, learner.strategy
    items = [item for item in state.asks if item in labels]
    chosen = (
        [items[i] for i in sorted({round(i) for i in np.linspace(0, len(items) - 1, EXAMPLES)})]
        if items
        else []
    )
    why = {"audit": WHY_AUDITED, "start": strategy.why_first(), "exploit": strategy.why()}
    return [
        {"id": item, "stream": stream, "reason": why.get(stream, ""), "score": state.asks[item].score,
         "label": str(labels[item])}
        for item in chosen
        for stream in [stream_of(state, item)]
    ]  # fmt: skip


def _how(learner: ActiveLearner, about: Mapping[str, str]) -> dict[str, Any]:
    state = learner.state
    settings = state.settings
    assert settings is not None
    fit = state.fits[-1] if state.fits else None
    return {
        "seed": settings.seed,
        "strategy": settings.strategy,
        "model": settings.model,
        "audit": settings.audit,
        "audit_weighted": settings.audit_weighted,
        "budget": settings.budget,
        "version": None if fit is None else fit.model,
        "params": {} if fit is None else {name: _short(value) for name, value in fit.params.items()},
        "position": state.position,
        "about": dict(about),
        "versions": {"asklearn": __version__, "python": platform.python_version()}
        | {name: metadata.version(name) for name in PACKAGES},
    }


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def shown_items(found: Mapping[str, Any]) -> list[str | int]:
    """Return the ids of the items that a page shows, each once."""
    every = [*found["examples"], *found["slowest"], *found["contested"]["items"], *found["doubtful"]]
    of_gaps = [item for one in (found["gaps"] or {"found": []})["found"] for item in one["exemplars"]]
    return list(dict.fromkeys([*(one["id"] for one in every), *of_gaps]))
