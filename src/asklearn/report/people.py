"""What the replies say of the people who gave them, and of the items that cost them most, as plain values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import combinations
from statistics import median
from typing import Any

import numpy as np

from asklearn.intervals import betting
from asklearn.report.quality import share
from asklearn.state import Said, State
from asklearn.types import ItemId

SHOWN_PEOPLE = 50
SHOWN_CONTESTED = 6
SHOWN_SLOWEST = 3
MOST_PERIODS = 31
_PERIODS = ("minute", "hour", "day", "week", "month")
_LATEST = 4_102_444_800.0


def replies(state: State) -> Iterator[tuple[ItemId, Said]]:
    """Yield every reply that holds, of items whose content has not been erased."""
    for item, said in state.said.items():
        if item not in state.erased:
            yield from ((item, one) for one in said if one.kind != "Retracted")


def annotators(state: State) -> list[dict[str, Any]]:
    """Return for each annotator what they said, how fast, and how often others agreed; the busiest first."""
    found: dict[str, dict[str, Any]] = {}
    seconds: dict[str, list[float]] = {}
    kinds = {"Answered": "labels", "Skipped": "skipped", "Flagged": "flagged"}
    for _, one in replies(state):
        row = found.setdefault(
            one.annotator,
            {"name": one.annotator, "labels": 0, "skipped": 0, "flagged": 0, "first": None, "last": None},
        )
        row[kinds[one.kind]] += 1
        if 0 < one.time < _LATEST:
            row["first"], row["last"] = (
                min(row["first"] or one.time, one.time),
                max(row["last"] or 0, one.time),
            )
        if one.seconds is not None:
            seconds.setdefault(one.annotator, []).append(one.seconds)
    same = _agreed_with(state)
    for name, row in found.items():
        timed = seconds.get(name, [])
        row |= {
            "timed": len(timed),
            "median_seconds": median(timed) if timed else None,
            "agreed": same.get(name),
        }
    return sorted(found.values(), key=lambda row: (-row["labels"], row["name"]))


def agreement(state: State) -> dict[str, Any] | None:
    """Return the share of pairs of annotators who said the same of an item, over items with more than one.

    None where no two have labelled the same item. An item counts once, however many labelled it.
    """
    shares = [_same(labels) for labels in _overlap(state)]
    return _mean(shares) if shares else None


def _overlap(state: State) -> Iterator[list[tuple[str, Any]]]:
    for item, said in state.said.items():
        labels = [(one.annotator, one.label) for one in said if one.kind == "Answered"]
        if len(labels) > 1 and item not in state.erased:
            yield labels


def _same(labels: list[tuple[str, Any]]) -> float:
    pairs = list(combinations(labels, 2))
    return float(sum(one[1] == other[1] for one, other in pairs)) / len(pairs)


def _agreed_with(state: State) -> dict[str, dict[str, Any]]:
    shares: dict[str, list[float]] = {}
    for labels in _overlap(state):
        for name, label in labels:
            others = [other for who, other in labels if who != name]
            shares.setdefault(name, []).append(sum(other == label for other in others) / len(others))
    return {name: _mean(values) for name, values in shares.items()}


def _mean(values: list[float]) -> dict[str, Any]:
    """Return a mean of shares with its interval: exact where each is 0 or 1, else by betting."""
    value_N = np.array(values)
    if np.isin(value_N, (0, 1)).all():
        return share(value_N == 1, np.ones(len(value_N)))
    low, high = betting(np.random.default_rng(0).permutation(value_N))
    return {"value": float(value_N.mean()), "low": low, "high": high, "n": len(value_N)}


def slowest(state: State) -> list[dict[str, Any]]:
    """Return the items whose answers took longest, each with its slowest answer and the seconds of it."""
    found: dict[ItemId, dict[str, Any]] = {}
    for item, one in replies(state):
        if one.seconds is not None and one.seconds > found.get(item, {"seconds": -1.0})["seconds"]:
            held = {"seconds": one.seconds, "annotator": one.annotator, "label": str(one.label)}
            found[item] = {"id": item, **held}
    return sorted(found.values(), key=lambda one: (-one["seconds"], str(one["id"])))[:SHOWN_SLOWEST]


def contested(state: State) -> dict[str, Any]:
    """Return the items whose annotators differ or that somebody flagged: how many, and some with what was said.

    The least agreed come first. Items that were adjudicated since are settled, and left out.
    """
    found = []
    for item, said in state.said.items():
        if item in state.erased or item in state.resolved:
            continue
        answers = [(one.annotator, str(one.label)) for one in said if one.kind == "Answered"]
        flagged = [one.annotator for one in said if one.kind == "Flagged"]
        differ = len({label for _, label in answers}) > 1
        if differ or flagged:
            least = _same(answers) if differ else 1.0
            said_by = [{"annotator": name, "label": label} for name, label in answers]
            found.append((least, str(item), {"id": item, "answers": said_by, "flagged": flagged}))
    found.sort(key=lambda one: one[:2])
    return {"n": len(found), "items": [one for _, _, one in found[:SHOWN_CONTESTED]]}


def timeline(state: State) -> dict[str, Any]:
    """Return how many labels came in each period: minutes, hours, days, weeks or months, by how long it took.

    Times are in UTC, and each period is named by its begin, in ISO 8601. Empty periods are in it; very old
    ones are left out where even months would be too many.
    """
    times = sorted(one.time for _, one in replies(state) if one.kind == "Answered" and 0 < one.time < _LATEST)
    if not times:
        return {"period": "day", "counts": []}
    period = next((one for one in _PERIODS if _steps(times[0], times[-1], one) <= MOST_PERIODS), "month")
    counts = Counter(_begin(time, period) for time in times)
    begins: list[datetime] = []
    at = _begin(times[-1], period)
    while at >= _begin(times[0], period) and len(begins) < 2 * MOST_PERIODS:
        begins.append(at)
        at = _begin(at.timestamp() - 1, period)
    shown = [{"begin": at.isoformat(timespec="minutes"), "labels": counts[at]} for at in reversed(begins)]
    return {"period": period, "counts": shown}


def _steps(first: float, last: float, period: str) -> float:
    seconds = {"minute": 60, "hour": 3600, "day": 86_400, "week": 604_800, "month": 2_629_800}
    return (last - first) / seconds[period] + 1


def _begin(time: float, period: str) -> datetime:
    at = datetime.fromtimestamp(time, UTC).replace(second=0, microsecond=0)
    if period == "minute":
        return at
    at = at.replace(minute=0)
    if period == "hour":
        return at
    at = at.replace(hour=0)
    if period == "week":
        return at - timedelta(days=at.weekday())
    return at.replace(day=1) if period == "month" else at
