"""What is to come: prices, labels to a score, and the rules of stopping, each with its interval and its words."""

import re

import pytest

from asklearn.report.html import Html
from asklearn.report.outlook import gain_words, needed, price, saved, stop_rules
from asklearn.report.words import Scale


def span(value, low, high, **more):
    return {
        "value": value,
        "low": low,
        "high": high,
        "level": 0.9,
        "n": 40,
        "method": "changed predictions",
        **more,
    }


def words(html):
    return " ".join(re.sub("<[^>]*>", " ", html).split())


@pytest.fixture
def found():
    past = [
        {"labels": at, "more": 20, "said": span(0.02, 0.01, 0.04), "came": span(0.03, -0.05, 0.1)}
        for at in (100, 120)
    ]
    return {
        "estimate": {"metric": "accuracy"},
        "price": {"metric": "accuracy", "next": [span(0.004, 0.001, 0.009, n=20), span(0.01, 0.0, 0.02)],
                  "past": past, "none": None, "corrected": None, "open": []},
        "needed": [
            {"target": 0.9, "value": 640, "low": 410, "high": None, "farthest": 4000, "level": 0.9, "n": 40},
            {"target": 0.925, "value": None, "low": 3100, "high": None, "farthest": 4000, "level": 0.9, "n": 40},
        ],
        "stop": [],
        "advice": [
            {"rule": "plateau", "stop": False, "reason": "twice the labels would bring at most 3 points <b>"},
            {"rule": "stable", "stop": None, "reason": "there is no earlier model yet to compare with"},
        ],
    }  # fmt: skip


def test_a_price_is_in_points_with_its_interval_and_its_method(found, check):
    check(page := price(found))
    said = words(page)
    assert (
        "The next 20 labels, chosen as before, should add +0.4 [+0.1, +0.9] points to accuracy (90% interval, by"
        in said
    )
    assert "Of 2 past batches, what was said and what came do not contradict each other in 2." in said
    assert page.count("<circle") == 2 + 2 * 2 * 2


def test_past_batches_correct_a_price_and_tell_what_one_label_adds(found, check):
    found["price"]["open"] = [{"rank": 1, "item": "<i>7", "gain": None}]
    said = words(price(found))
    assert "&lt;i&gt;7 not known yet" in said
    assert "Five batches that were priced and measured are needed" in said
    found["price"]["corrected"] = [span(0.003, 0.0, 0.008, n=20), span(0.008, 0.0, 0.01)]
    found["price"]["open"][0]["gain"] = span(0.00021, 0.0, 0.0006, n=1)
    check(page := price(found))
    said = words(page)
    assert "own past batches: +0.3 [+0.0, +0.8] points." in said
    assert "+0.021 [+0.000, +0.060]" in said
    assert "are needed" not in said


def test_a_price_that_was_contradicted_is_counted(found):
    found["price"]["past"][0]["came"] = span(-0.2, -0.3, -0.1)
    assert "do not contradict each other in 1." in words(price(found))


def test_other_metrics_are_not_in_points(found):
    found["price"]["metric"] = "neg_log_loss"
    assert "should add +0.004 [+0.001, +0.009] to neg log loss" in words(price(found))
    assert gain_words(span(-0.01, -0.02, 0.0), Scale(False)) == "-0.010 [-0.020, +0.000]"


def test_without_a_price_the_reason_is_told(found):
    found["price"] |= {"next": [], "none": "A price compares with an earlier model."}
    assert words(price(found)) == "What the next labels are worth A price compares with an earlier model."
    assert price({}) == needed({}) == stop_rules({}) == Html("")


def test_labels_beyond_reach_are_said_to_be(found, check):
    check(page := needed(found))
    said = words(page)
    assert "90% 640 [410, beyond]" in said
    assert "92.5% beyond [3,100, beyond]" in said
    assert "Beyond 4,000, ten times the present labels, nothing is said." in said


def test_every_rule_says_what_it_sees(found, check):
    check(page := stop_rules(found))
    said = words(page)
    assert "Plateau go on Twice the labels would bring at most 3 points &lt;b&gt;." in said
    assert "Stable predictions cannot tell There is no earlier model" in said


def random_needs(value, low, high):
    score = span(0.74, 0.64, 0.82, metric="accuracy", level=0.95)
    return {"saved": {"value": value, "low": low, "high": high, "spent": 360, "farthest": 3600, "score": score,
                      "base": 87, "level": 0.9}}  # fmt: skip


def test_labels_saved_say_what_they_can(check):
    check(page := saved(random_needs(210, 40, None)))
    said = words(page)
    assert (
        "For the present accuracy of 74% [64%, 82%], reached with 360 labels, a learner that chooses at random"
        in said
    )
    assert "would have needed 210 more [40, over 3,240] (90% interval)." in said
    assert "So choosing has saved labels." in said


def test_labels_saved_say_when_nothing_is_saved_or_known():
    assert "cannot tell yet" in words(saved(random_needs(20, -100, 300)))
    lost = words(saved(random_needs(-50, -200, -10)))
    assert "50 fewer [-200, -10]" in lost
    assert "has cost labels" in lost
    assert "So choosing has saved labels." in words(saved(random_needs(None, None, None)))
    assert words(saved({"saved": {"none": "The audit is too small."}})).endswith("The audit is too small.")
    assert saved({}) == Html("")
