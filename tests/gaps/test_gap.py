"""A gap says what it is in a few lines; of many, those are shown that cost most mistakes."""

from __future__ import annotations

import json

import numpy as np

from asklearn.gaps import Gap, leading
from asklearn.types import Estimate


def gap(rows: range, error: float) -> Gap:
    inside, rest = (Estimate("error", value, 0.0, 1.0, 20, "") for value in (error, 0.1))
    some = np.array(rows)
    return Gap(
        "x", ("x",), (), len(some), 0.1, 0, inside, rest, None, [1], 0.01, some, some * 1.0, some * 1.0
    )


def test_it_reads_as_a_report() -> None:
    inside = Estimate("error", 0.6, 0.4, 0.8, 20, "exact binomial", 0.99)
    rest = Estimate("error", 0.1, 0.05, 0.15, 180, "exact binomial", 0.99)
    found = Gap(
        "contains 'card'", ("contains 'card'",), ("card",), 120, 0.06, 100, inside, rest,
        ("arrival", "delivery", 0.75), ["a", "b"], 0.0004, np.arange(120), np.ones(120), np.ones(120),
    )  # fmt: skip
    assert str(found).splitlines() == [
        "contains 'card': 120 items (6.0% of the pool), 100 unlabelled",
        "  error 60% [40%, 80%] (99.0%, 20 labels); elsewhere 10% [5%, 15%] (99.0%, 180 labels); p = 0.0004",
        "  arrival taken for delivery (75% of its mistakes)",
    ]
    assert "rows" not in repr(found)


def test_those_lead_that_cost_most_mistakes_and_are_not_within_the_ones_before() -> None:
    small, large = gap(range(10), 0.9), gap(range(100), 0.3)
    within, apart = gap(range(60), 0.4), gap(range(95, 130), 0.5)
    assert round(large.excess) == 20
    assert leading([small, large, within, apart]) == [large, apart]
    assert leading([small, large, within, apart], most=1) == [large]
    assert leading([]) == []


def test_it_is_plain_without_its_rows() -> None:
    plain = json.loads(json.dumps(gap(range(10), 0.9).as_plain()))
    assert (plain["size"], plain["error"]["value"], plain["rest"]["n"]) == (10, 0.9, 20)
    assert not {"rows", "belongs", "p_error"} & set(plain)
