"""What replies say of people and items: by hand, and in periods that add up."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asklearn.events import Added, Answered, Configured, Erased, Flagged, Resolved, Retracted, Skipped
from asklearn.report import people
from asklearn.state import fold

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC).timestamp()


def state_of(*events):
    return fold([Configured(seed=0), Added(start=0, stop=100), *events])


def says(item, who, label="a", seconds=None, time=NOON, revision=1):
    key = f"{item} {who} {revision}"
    return Answered(
        item=item, annotator=who, key=key, label=label, seconds=seconds, time=time, revision=revision
    )


def test_annotators_are_counted_by_what_holds():
    state = state_of(
        says(1, "ann", seconds=2), says(2, "ann", seconds=4), says(3, "ann", seconds=9), says(1, "ben", "b"),
        Skipped(item=4, annotator="ben", key="s"), Flagged(item=5, annotator="ben", key="f"),
        says(6, "ann"), Retracted(item=6, annotator="ann", key="r", revision=2),
        says(7, "ann"), Erased(item=7),
    )  # fmt: skip
    ann, ben = people.annotators(state)
    assert (ann["name"], ann["labels"], ann["timed"], ann["median_seconds"]) == ("ann", 3, 3, 4)
    assert (ben["labels"], ben["skipped"], ben["flagged"], ben["median_seconds"]) == (1, 1, 1, None)
    assert ann["agreed"]["value"] == 0.0
    assert ann["agreed"]["n"] == 1


def test_agreement_counts_an_item_once():
    assert people.agreement(state_of(says(1, "ann"), says(2, "ben"))) is None
    pairs = [says(item, who, "a" if item < 8 else who) for item in range(10) for who in ("ann", "ben")]
    found = people.agreement(state_of(*pairs))
    assert (found["value"], found["n"]) == (0.8, 10)
    assert found["low"] == pytest.approx(0.444, abs=1e-3)
    three = [says(1, "ann"), says(1, "ben"), says(1, "cid", "b"), says(2, "ann"), says(2, "ben")]
    assert people.agreement(state_of(*three))["value"] == pytest.approx((1 / 3 + 1) / 2)


def test_the_slowest_items_come_once_each():
    state = state_of(
        *(says(item, "ann", seconds=item) for item in range(10)), says(9, "ben", seconds=99), says(50, "cid")
    )
    found = people.slowest(state)
    assert [(one["id"], one["seconds"], one["annotator"]) for one in found] == [
        (9, 99, "ben"), (8, 8, "ann"), (7, 7, "ann"),
    ]  # fmt: skip


def test_contested_items_the_least_agreed_first():
    state = state_of(
        says(1, "ann"), says(1, "ben"), says(1, "cid", "b"),
        says(2, "ann"), says(2, "ben", "b"),
        says(3, "ann"), says(3, "ben"),
        says(4, "ann"), says(4, "ben", "b"), Resolved(item=4, label="a", annotator="boss"),
        Flagged(item=5, annotator="ann", key="f"),
        says(6, "ann"), says(6, "ben", "b"), Erased(item=6),
    )  # fmt: skip
    found = people.contested(state)
    assert [one["id"] for one in found["items"]] == [2, 1, 5]
    assert found["n"] == 3
    assert found["items"][2] == {"id": 5, "answers": [], "flagged": ["ann"]}
    many = people.contested(state_of(*(says(i, who, who) for i in range(20) for who in ("a", "b"))))
    assert (many["n"], len(many["items"])) == (20, people.SHOWN_CONTESTED)


@pytest.mark.parametrize(
    ("gap", "period", "first"),
    [
        (30, "minute", "2026-03-04T12:00+00:00"),
        (3_600, "hour", "2026-03-04T12:00+00:00"),
        (86_400, "day", "2026-03-04T00:00+00:00"),
        (5 * 86_400, "week", "2026-03-02T00:00+00:00"),
        (40 * 86_400, "month", "2026-03-01T00:00+00:00"),
    ],
)
def test_periods_follow_from_how_long_it_took(gap, period, first):
    found = people.timeline(state_of(*(says(i, "ann", time=NOON + i * gap) for i in range(20))))
    assert found["period"] == period
    assert found["counts"][0]["begin"] == first
    assert sum(one["labels"] for one in found["counts"]) == 20


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(1, 4e9), min_size=1, max_size=20))
def test_every_recent_label_is_in_one_period(times):
    found = people.timeline(state_of(*(says(i, "ann", time=time) for i, time in enumerate(times))))
    begins = [datetime.fromisoformat(one["begin"]) for one in found["counts"]]
    assert begins == sorted(set(begins))
    assert len(begins) <= 2 * people.MOST_PERIODS + 1
    since = begins[0].timestamp()
    assert sum(one["labels"] for one in found["counts"]) == sum(time >= since for time in times)


def test_times_that_no_calendar_holds_are_left_out():
    state = state_of(says(1, "ann", time=0.0), says(2, "ann", time=1e300), says(3, "ann", time=-5.0))
    assert people.timeline(state)["counts"] == []
    assert people.annotators(state)[0]["first"] is None
