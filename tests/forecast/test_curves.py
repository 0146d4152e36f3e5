"""Three families with one meaning of rate and bend."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asklearn.forecast.curves import FAMILIES, Curves, left


def of(family: str, rate: float, bend: float, ratio: float) -> float:
    place = np.array([FAMILIES.index(family)])
    return float(left(place, np.array([rate]), np.array([bend]), ratio)[0])


def test_pow4_is_a_power_law_with_an_offset() -> None:
    # c - a (n + d) ** -alpha from n = 100 on, with d = 50 and alpha = 0.6
    n, d, alpha = 100, 50, 0.6
    bend = n / (n + d)
    for m in (25, 100, 400):
        assert of("pow4", alpha * bend, bend, m / n) == pytest.approx(((m + d) / (n + d)) ** -alpha)


def test_mmf4_is_morgan_mercer_flodin() -> None:
    # (a b + c n ** d) / (b + n ** d) from n = 100 on: the gap to c is (c - a) b / (b + n ** d)
    n, b, d = 100, 30.0, 0.8
    bend = n**d / (b + n**d)
    for m in (25, 100, 400):
        assert of("mmf4", d * bend, bend, m / n) == pytest.approx((b + n**d) / (b + m**d))


def test_exp3_is_what_pow4_becomes_without_a_bend() -> None:
    assert of("exp3", 0.7, 0.5, 3.0) == pytest.approx(np.exp(-1.4))
    assert of("pow4", 0.7, 1e-9, 3.0) == pytest.approx(np.exp(-1.4), rel=1e-6)


@given(
    st.sampled_from(FAMILIES), st.floats(0.01, 3), st.floats(0.05, 1), st.floats(0.1, 5), st.floats(1.01, 3)
)
def test_the_gap_only_closes_and_is_whole_now(
    family: str, rate: float, bend: float, ratio: float, further: float
) -> None:
    assert of(family, rate, bend, 1.0) == pytest.approx(1)
    assert of(family, rate, bend, ratio * further) <= of(family, rate, bend, ratio) + 1e-12


@given(st.sampled_from(FAMILIES), st.floats(0.05, 2), st.floats(0.05, 1))
def test_the_rate_is_the_share_of_the_gap_that_closes_per_log_label(
    family: str, rate: float, bend: float
) -> None:
    step = 1e-5
    slope = (of(family, rate, bend, 1 + step) - of(family, rate, bend, 1 - step)) / (2 * step)
    assert slope == pytest.approx(-rate, rel=1e-3)


def test_a_curve_goes_from_its_score_to_its_asymptote() -> None:
    one = np.ones(3)
    curves = Curves(0.6 * one, 0.3 * one, one, one, np.arange(3))
    assert curves.at(1.0) == pytest.approx(0.6)
    assert curves.at(1e9) == pytest.approx(0.9)
