"""What is to come, as plain values: labels to a score, prices, labels saved, gaps, and the watched curve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asklearn.errors import NotFitted
from asklearn.metrics import metric as metric_named

if TYPE_CHECKING:
    from asklearn.learner import ActiveLearner

TARGETS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.97, 0.98, 0.99)
SHOWN_TARGETS = 3


def labels_needed(learner: ActiveLearner) -> list[dict[str, Any]]:
    """Return how many labels it takes to round scores above the present one; none without a forecast."""
    named = metric_named(learner.metric.name)
    try:
        now = learner.forecast(0)
    except NotFitted:
        return []
    if (named.low, named.high) != (0.0, 1.0) or now.method.startswith("too few"):
        return []
    targets = [one for one in TARGETS if one > now.value + 0.005][:SHOWN_TARGETS]
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
