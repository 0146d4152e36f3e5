"""Gaps as a reader meets them: error against the rest, confusion, exemplars, or why there is none."""

import re

from asklearn.report.gaps import gaps
from asklearn.report.html import Html


def words(html):
    return " ".join(re.sub("<[^>]*>", " ", html).split())


def gap(name="card & arrival", **more):
    def share(value, n):
        return {"value": value, "low": value - 0.1, "high": value + 0.1, "n": n, "level": 0.95}

    return {
        "name": name, "size": 120, "share": 0.0521, "unlabelled": 100, "error": share(0.6, 25), "rest": share(0.2, 90),
        "confusion": ["a<b", "c", 0.8], "exemplars": [1, 2, 3, 4], "p": 0.01, **more,
    }  # fmt: skip


def test_a_gap_says_how_wrong_it_is_against_the_rest_and_shows_examples(check):
    check(
        page := gaps(
            {"gaps": {"found": [gap()], "confirmed": 1, "none": None}}, {1: {"text": "where is <it>"}}
        )
    )
    said = words(page)
    assert "card &amp; arrival" in said
    assert "Wrong in 60% [50%, 70%] (95% interval, 25 random labels); elsewhere in 20% [10%, 30%]." in said
    assert "120 items, 5.2% of the pool; 100 without a label." in said
    assert "a&lt;b is taken for c in 80% of its mistakes." in said
    assert "where is &lt;it&gt;" in said
    assert page.count("<li>") == 3


def test_without_a_confusion_and_with_many_gaps():
    page = gaps({"gaps": {"found": [gap(confusion=None)] * 5, "confirmed": 7, "none": None}}, {})
    assert "taken for" not in page
    assert "2 more gaps lie within these or cost fewer mistakes." in page


def test_none_found_says_why_and_nothing_known_says_nothing():
    assert "none was confirmed" in words(
        gaps({"gaps": {"found": [], "confirmed": 0, "none": "none was confirmed"}}, {})
    )
    assert gaps({}, {}) == Html("")
