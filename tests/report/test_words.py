"""No number without its interval or its n."""

import math

import pytest

from asklearn.report.numbers import NOTHING, Span
from asklearn.report.words import bounds, measured, percent, spell

NAN = math.nan


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (Span(0.5, 0.4, 0.6, 5), "0.500 [0.400, 0.600]"),
        (Span(0.5, NAN, NAN, 1), "0.500 (1 seed)"),
        (Span(0.5, NAN, 0.6, 3), "0.500 […, 0.600]"),
        (NOTHING, "not measured"),
        (Span(NAN, NAN, 0.2, 3), "not measured"),
    ],
)
def test_spell(span, words):
    assert spell(span) == words


def test_the_seeds_are_said_once():
    assert spell(Span(0.5, NAN, NAN, 1), seeds=True) == "0.500 (1 seed)"
    assert spell(Span(0.5, 0.4, 0.6, 5), seeds=True, signed=True) == "+0.500 [0.400, 0.600], 5 seeds"


def test_a_missing_interval_is_said():
    assert bounds(Span(0.5, NAN, NAN, 4)) == "(no interval)"
    assert percent(Span(0.5, 0.4, 0.61, 4)) == "50% [40%, 61%]"


def test_a_cell_without_a_value_is_a_dash():
    assert measured(NOTHING) == "<td>–</td>"
    assert "[0.400, 0.600]" in measured(Span(0.5, 0.4, 0.6, 5))
