"""Sections on questions, answers and people."""

import re

from asklearn.report import told

SHARE = {"value": 0.9, "low": 0.7, "high": 0.98, "n": 20}


def one_person(**changes):
    row = {
        "name": "ann",
        "labels": 30,
        "skipped": 0,
        "flagged": 0,
        "timed": 0,
        "median_seconds": None,
        "agreed": None,
    }
    return row | changes


def test_streams_with_their_reasons_and_counts():
    asked = [
        {"stream": "audit", "why": "drawn at random", "asked": 10, "labelled": 9},
        {"stream": "given", "why": "labelled without being asked", "asked": 0, "labelled": 4},
    ]
    found = {
        "asked": asked,
        "how": {"strategy": "<auto>", "audit": 0.1},
        "timeline": {"period": "day", "counts": []},
    }
    html = told.asked(found)
    assert "&lt;auto&gt;" in html
    assert "10% of all questions" in re.sub(r"\s+", " ", html)
    assert html.count("<td>") == 4
    assert "<svg" not in html
    assert told.asked({**found, "asked": []}) == ""
    guard = {
        "value": 0.03,
        "low": -0.07,
        "high": 0.13,
        "level": 0.95,
        "n": 54,
        "labels": 300,
        "detectable": 0.14,
    }
    said = re.sub(r"\s+", " ", told.asked({**found, "guard": guard}))
    assert (
        "+3 points [-7, +13] when it last looked, after 300 labels (95% interval, 54 random labels)." in said
    )
    assert "A deficit of 14 points it would have seen" in said
    assert "now drawn at random" not in said
    assert "now drawn at random" in told.asked({**found, "guard": guard | {"high": -0.01}})


def test_columns_are_as_many_as_periods():
    counts = [{"begin": f"2026-03-0{day}T00:00+00:00", "labels": day} for day in range(1, 8)]
    found = {
        "asked": [{"stream": "start", "why": "w", "asked": 1, "labelled": 1}],
        "how": {"strategy": "auto", "audit": 0.1},
        "timeline": {"period": "day", "counts": counts},
    }
    html = told.asked(found)
    assert html.count("<rect") == 2 * 7
    assert "1 Mar" in html
    assert "since 1 March 2026, 28 in all" in html


def test_people_say_only_what_is_known_of_them():
    html = told.people({"annotators": [one_person()], "agreement": None})
    assert "nothing is known of how well they agree" in html
    assert html.count("<td>–</td>") == 2
    busy = one_person(name="<ben>", timed=30, median_seconds=3.46, skipped=2, agreed=SHARE)
    html = told.people({"annotators": [busy], "agreement": SHARE})
    for words in ("&lt;ben&gt;", "3.5 s", "of 30", "2 skipped", "90%", "[70%, 98%]", "of 20 items"):
        assert words in html
    assert told.people({"annotators": [], "agreement": None}) == ""


def test_a_second_look_shows_what_each_said():
    contested = {"n": 9, "items": [
        {"id": 1, "answers": [{"annotator": "ann", "label": "a"}, {"annotator": "ben", "label": "b"}], "flagged": []},
        {"id": 2, "answers": [], "flagged": ["cid"]},
    ]}  # fmt: skip
    doubtful = [{"id": 3, "label": "a", "model": "b", "sure": 0.876}]
    html = told.second_look({"contested": contested, "doubtful": doubtful}, {1: {"text": "one"}})
    assert [html.count(words) for words in ("people differ<", ">flagged<", ">model differs<")] == [1, 1, 1]
    assert "88% sure" in html
    assert "7 more items on which people differ" in html
    assert ">one<" in html
    assert told.second_look({"contested": {"n": 0, "items": []}, "doubtful": []}, {}) == ""


def test_slow_items_and_examples_show_their_items():
    slow = [{"id": 1, "seconds": 1234.5, "annotator": "ann", "label": "a"}]
    html = told.slowest({"slowest": slow}, {1: {"text": "hard"}})
    assert "1,234 s" in html
    assert "hard" in html
    examples = [{"id": 1, "stream": "exploit", "reason": "unsure", "score": -0.5, "label": "a"}]
    html = told.examples({"examples": examples}, {1: {"text": "hard"}})
    assert ">picked<" in html
    assert "score -0.5" in html
    assert told.slowest({"slowest": []}, {}) == told.examples({"examples": []}, {}) == ""
