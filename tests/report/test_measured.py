"""Sections on the audit's labels: absent, modest or drawn, as the labels allow."""

import re

import pytest

from asklearn.report import measured

PART = {"value": 0.8, "low": 0.5, "high": 0.95, "n": 10}
ESTIMATE = {"metric": "accuracy", "level": 0.95, "method": "exact binomial", **PART}


def history(n):
    return [{"labels": 20 * (i + 1), "level": 0.95, **PART} for i in range(n)]


def found_of(**changes):
    found = {
        "labels": {"n": 60}, "estimate": ESTIMATE, "history": history(3), "fan": [], "balance": [],
        "classes": {"a": 40, "b": 20}, "recall": [], "confusion": None, "calibration": None,
    }  # fmt: skip
    return found | changes


def test_the_curve_has_a_bar_for_each_estimate_and_a_fan_if_there_is_a_forecast():
    fan = [{"more": more, **ESTIMATE, "level": 0.9, "method": "power law"} for more in (0, 50, 100)]
    html = measured.learning_curve(found_of(fan=fan))
    wide = html[html.index('class="wide"') : html.index('class="narrow"')]
    assert wide.count('class="whisker s1"') == 3
    assert wide.count('class="band s2"') == 1
    assert "160" in html
    none = measured.learning_curve(found_of(fan=[{**one, "method": "too few estimates: 3"} for one in fan]))
    assert "band s2" not in none
    assert "forecast" not in re.sub('<title.*?</title>|aria-label="[^"]*"', "", none)


def test_many_estimates_become_a_band():
    html = measured.learning_curve(found_of(history=history(measured.WHISKERS + 1)))
    assert "whisker" not in html
    assert 'class="band s1"' in html


def test_nothing_measured_is_nothing_drawn():
    assert measured.learning_curve(found_of(estimate=None)) == ""
    unknown = [{**one, "n": 0} for one in history(3)]
    assert measured.learning_curve(found_of(history=unknown)) == ""
    assert measured.class_balance(found_of(classes={"a": 0})) == ""
    for part in (measured.recalls, measured.confused, measured.calibration):
        assert part(found_of()) == ""


def test_the_balance_stands_beside_the_share_of_the_pool():
    html = measured.class_balance(
        found_of(balance=[{"label": "a", **PART}, {"label": "b", **PART, "value": 0.2}])
    )
    assert "by 10 labels drawn at random" in html
    assert "80% [50%, 95%] of the pool, by 10 random labels" in html
    assert "40 of 60 labels" in html
    assert "none yet" in measured.class_balance(found_of())


def test_recall_names_how_many_classes_have_too_few_labels():
    few = {"label": "b", "value": None, "low": 0.0, "high": 1.0, "n": 2}
    html = measured.recalls(found_of(recall=[{"label": "a", **PART}, few]))
    assert "1 class has fewer than 5 random labels, too few to say." in html
    assert "80% [50%, 95%] of 10 random labels" in html
    assert "<svg" not in measured.recalls(found_of(recall=[few]))


def test_the_confusion_says_how_few_labels_it_rests_on():
    given = {"labels": ["a", "b"], "counts": [[8, 0], [1, 1]], "n": 10}
    assert "That is few" in measured.confused(found_of(confusion=given))
    many = {**given, "counts": [[80, 0], [10, 10]], "n": 100}
    assert "That is few" not in measured.confused(found_of(confusion=many))
    assert measured.confused(found_of(confusion={**given, "n": 0})) == ""


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (0.97, "It is too sure of itself."),
        (0.4, "It is better than it says."),
        (0.8, "it means what it says."),
    ],
)
def test_calibration_judges_only_what_the_interval_allows(said, words):
    given = {"n": 40, "needed": 30, "said": said, "right": PART, "bins": [{"said": 0.9, **PART}]}
    html = measured.calibration(found_of(calibration=given))
    assert words in html
    assert f"{said:.0%} sure of its best guess, and right in 80% [50%, 95%]" in html
    few = measured.calibration(found_of(calibration={**given, "n": 12, "bins": []}))
    assert "30 drawn at random are needed, there are 12" in few


def test_unequal_chances_of_being_drawn_are_told():
    given = {"labels": ["a", "b"], "counts": [[5, 1], [1, 1]], "n": 8, "equal": True}
    assert "likelier to be drawn" not in measured.confused({"confusion": given})
    assert "likelier to be drawn" in measured.confused({"confusion": given | {"equal": False}})


def test_a_promise_is_quoted_and_escaped():
    bins = [{"said": 0.8, "value": 0.7, "low": 0.5, "high": 0.9, "n": 40}]
    given = {"n": 40, "bins": bins, "said": 0.8, "right": bins[0], "needed": 30, "after": bins,
             "promise": {"words": "the error is <at most> 5%"}}  # fmt: skip
    page = measured.calibration({"calibration": given})
    assert "<q>the error is &lt;at most&gt; 5%</q>" in page
    assert "learnt anew" in page
