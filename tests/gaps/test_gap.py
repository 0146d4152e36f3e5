"""A gap says what it is in a few lines."""

from __future__ import annotations

import numpy as np

from asklearn.gaps import Gap
from asklearn.types import Estimate


def test_it_reads_as_a_report() -> None:
    inside = Estimate("error", 0.6, 0.4, 0.8, 20, "exact binomial", 0.99)
    rest = Estimate("error", 0.1, 0.05, 0.15, 180, "exact binomial", 0.99)
    gap = Gap(
        "contains 'card'", ("contains 'card'",), ("card",), 120, 0.06, 100, inside, rest,
        ("arrival", "delivery", 0.75), ["a", "b"], 0.0004, np.arange(120), np.ones(120), np.ones(120),
    )  # fmt: skip
    assert str(gap).splitlines() == [
        "contains 'card': 120 items (6.0% of the pool), 100 unlabelled",
        "  error 60% [40%, 80%] (99.0%, 20 labels); elsewhere 10% [5%, 15%] (99.0%, 180 labels); p = 0.0004",
        "  arrival taken for delivery (75% of its mistakes)",
    ]
    assert "rows" not in repr(gap)
