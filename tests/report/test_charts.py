"""Ticks, label placement and the geometry of the charts."""

import itertools
import math
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asklearn.report.charts import (
    Series,
    column_chart,
    decimals,
    difference_chart,
    dot_chart,
    line_chart,
    log_ticks,
    nice_ticks,
    rank_chart,
    spread,
    stacked_bar,
)

numbers = st.floats(-1e6, 1e6).filter(lambda x: x == 0 or abs(x) > 1e-6)


@settings(deadline=None)
@given(numbers, numbers)
def test_ticks_are_few_even_and_within(a, b):
    low, high = sorted((a, b))
    ticks = nice_ticks(low, high)
    slack = 1e-6 * max(abs(low), abs(high), 1e-6)
    assert 1 <= len(ticks) <= 12
    assert all(low - slack <= tick <= high + slack for tick in ticks)
    steps = [y - x for x, y in itertools.pairwise(ticks)]
    assert all(step > 0 for step in steps)


@settings(deadline=None)
@given(st.integers(1, 10**6), st.integers(1, 10**4))
def test_log_ticks_are_few_and_within(low, factor):
    ticks = log_ticks(low, low * factor)
    assert 1 <= len(ticks) <= 8
    assert all(low * 0.99 <= tick <= low * factor * 1.01 for tick in ticks)


@settings(deadline=None)
@given(st.lists(st.floats(0, 300), min_size=1, max_size=12))
def test_labels_keep_their_order_distance_and_frame(wanted):
    placed = spread(wanted, gap=16, low=0, high=300)
    order = sorted(range(len(wanted)), key=lambda i: (wanted[i], placed[i]))
    heights = [placed[i] for i in order]
    assert all(b - a >= 16 - 1e-6 for a, b in itertools.pairwise(heights))
    assert min(placed) >= -1e-6
    assert max(placed) <= 300 + 1e-6


@settings(deadline=None)
@given(st.lists(st.integers(0, 10).map(lambda i: i * 30.0), unique=True, min_size=1))
def test_labels_with_room_stay_where_they_are(wanted):
    assert spread(wanted, gap=16, low=0, high=300) == wanted


@pytest.mark.parametrize(("step", "places"), [(0.1, 1), (0.25, 2), (1, 0), (50, 0)])
def test_decimals(step, places):
    assert decimals(step) == places


def parse(svg):
    return ET.fromstring(svg)


def test_points_lie_where_the_data_says():
    svg = line_chart([Series("a", [10, 20, 30], [0.2, 0.4, 0.6])], title="t", y_title="y", end_labels=False)
    points = re.search(r'<polyline points="([^"]*)"', svg)[1]
    (x1, y1), (x2, y2), (x3, y3) = [tuple(map(float, p.split(","))) for p in points.split()]
    assert x2 - x1 == pytest.approx(x3 - x2, abs=0.2)
    assert y1 - y2 == pytest.approx(y2 - y3, abs=0.2)
    assert y1 > y3


def test_a_log_axis_makes_doublings_equal():
    svg = line_chart([Series("a", [10, 20, 40], [0.2, 0.4, 0.6])], title="t", y_title="y", log_x=True)
    points = re.search(r'<polyline points="([^"]*)"', svg)[1]
    x1, x2, x3 = (float(p.split(",")[0]) for p in points.split())
    assert x2 - x1 == pytest.approx(x3 - x2, abs=0.2)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 10**5), st.floats(0, 1), st.floats(0, 5)),
        min_size=1,
        max_size=8,
        unique_by=lambda p: p[0],
    ),
    st.booleans(),
    st.booleans(),
    st.sampled_from([340, 760]),
)
def test_everything_is_drawn_inside_the_frame(rows, log_x, whiskers, width):
    rows = sorted(rows)
    x, y, half = zip(*rows, strict=True)
    low, high = [b - h for b, h in zip(y, half, strict=True)], [b + h for b, h in zip(y, half, strict=True)]
    series = [Series("one", x, y, low, high, 1, ["n"] * len(x), whiskers), Series("two", x, y, style=0)]
    svg = line_chart(
        series, title="t", y_title="y", width=width, height=300, log_x=log_x, reference=(0.5, "all")
    )
    root = parse(svg)
    for node in root.iter():
        for key, limit in (
            ("cx", width),
            ("x1", width),
            ("x2", width),
            ("cy", 300),
            ("y1", 300),
            ("y2", 300),
        ):
            if key in node.attrib:
                assert -0.1 <= float(node.attrib[key]) <= limit + 0.1
        for point in node.attrib.get("points", "").split():
            px, py = map(float, point.split(","))
            assert -0.1 <= px <= width + 0.1
            assert -0.1 <= py <= 300.1
    assert "nan" not in svg
    assert "inf" not in svg


def test_bounds_that_are_unknown_leave_no_mark():
    nan = float("nan")
    svg = line_chart([Series("a", [1, 2], [0.1, 0.2], [nan, nan], [nan, nan])], title="t", y_title="y")
    assert "<polygon" not in svg
    assert "nan" not in svg


def test_one_point_is_a_dot():
    svg = line_chart([Series("a", [20], [0.5])], title="t", y_title="y")
    assert "<polyline" not in svg
    assert "<circle" in svg


def test_nothing_to_draw_says_so():
    assert "nothing to draw" in line_chart([], title="t", y_title="y")


def test_names_are_escaped_and_cut():
    svg = line_chart([Series("<script>" * 20, [1, 2], [0, 1])], title="<b>", y_title='"')
    assert "<script" not in svg
    parse(svg)


def test_dots_share_one_scale_from_zero():
    svg = dot_chart(
        ["a", "b"], [Series("s", [0.0, 0.5], []), Series("t", [0.25, 0.5], [])], title="t", x_title="x"
    )
    xs = [float(node.attrib["cx"]) for node in parse(svg).iter("circle")]
    assert xs[1] - xs[0] == pytest.approx((xs[2] - xs[0]) / 2, abs=0.2)
    assert xs[2] == xs[3]


def test_a_bar_is_as_long_as_its_share():
    widths = [
        float(node.attrib["width"]) for node in parse(stacked_bar([1, 3], 8, "t", width=160)).iter("rect")
    ]
    assert widths == [20, 60]
    assert "nan" not in stacked_bar([0], 0, "t")


def test_whole_bands_are_drawn_to_their_ends():
    series = Series("a", [1, 2], [0.5, 0.5], [0.0, 0.1], [1.0, 0.9])
    cut = line_chart([series], title="t", y_title="y", end_labels=False)
    whole = line_chart([series], title="t", y_title="y", end_labels=False, whole=True)
    assert ">0.8<" not in cut
    assert ">0.8<" in whole


def test_dots_with_whiskers_and_without_a_value():
    series = Series("a", [0.5, math.nan], [], [0.2, 0.0], [0.8, 0.0], whiskers=True)
    drawn = dot_chart(["x", "y"], [series], title="t", x_title="share")
    assert drawn.count("<circle") == 1
    assert drawn.count('class="whisker') == 2
    assert "link" not in drawn
    assert "nan" not in drawn


def test_ticks_in_per_cent_are_not_rounded_to_each_other():
    drawn = dot_chart(["x"], [Series("a", [0.2], [])], title="t", x_title="share")
    ticks = re.findall(r">([\d.]+)%<", drawn)
    assert ticks[:3] == ["0.0", "2.5", "5.0"]


@settings(deadline=None)
@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=62), st.sampled_from([340, 760]))
def test_columns_stay_within_their_chart(counts, width):
    drawn = column_chart(
        counts, [f"day {i}" for i in range(len(counts))], title="t", y_title="labels", width=width
    )
    boxes = re.findall(r'<rect x="([\d.]+)" width="([\d.]+)" y="([\d.]+)" height="([\d.]+)"', drawn)
    assert len(boxes) == len(counts)
    left, top = 0.0, 0.0
    for x, wide, y, high in (tuple(map(float, box)) for box in boxes):
        assert x >= left - 0.2
        assert x + wide <= width
        assert y >= top
        left = x + wide
        assert high == pytest.approx(170 - y if width > 500 else 140 - y, abs=0.2)


@settings(deadline=None)
@given(st.lists(st.floats(-1, 1), min_size=1, max_size=9), st.sampled_from([340, 760]))
def test_differences_stand_on_their_side_of_zero_and_within_the_chart(values, width):
    values = [round(value, 3) for value in values]
    series = Series("a", values, [], [v - 0.1 for v in values], [v + 0.1 for v in values])
    drawn = difference_chart([f"set {i}" for i in values], [series], title="t", x_title="gain", width=width)
    zero = float(re.search(r'<line x1="([\d.]+)"[^>]*class="reference"', drawn)[1])
    at = [float(x) for x in re.findall(r'<circle cx="([\d.]+)"', drawn)]
    assert len(at) == len(values)
    for x, value in zip(at, values, strict=True):
        assert 0 <= x <= width
        assert (x - zero) * value >= 0 or abs(x - zero) <= 0.2


def test_a_difference_without_an_interval_has_no_whisker():
    series = Series("a", [0.1, math.nan, 0.2], [], [math.nan, math.nan, 0.1], [math.nan, math.nan, 0.3])
    drawn = difference_chart(["x", "y", "z"], [series], title="t", x_title="gain")
    assert (drawn.count("<circle"), drawn.count("whisker")) == (2, 1)
    assert "nan" not in drawn


@pytest.mark.parametrize("width", [340, 760])
def test_ranks_go_from_left_to_right_and_brackets_beside_their_names(width):
    names = [f"strategy number {i}" for i in range(6)]
    drawn = rank_chart(names, [1.5, 2, 3, 4, 4.5, 6], [(0, 2), (2, 5)], title="t", width=width)
    root = ET.fromstring(drawn)
    at = [(float(one.get("cx")), float(one.get("cy"))) for one in root.iter("circle")]
    assert at == sorted(at)
    brackets = [one for one in root.iter("polyline") if one.get("class") == "bracket"]
    for bracket, (first, last) in zip(brackets, [(0, 2), (2, 5)], strict=True):
        points = [tuple(map(float, point.split(","))) for point in bracket.get("points").split()]
        inside = [i for i, (_, y) in enumerate(at) if points[0][1] <= y <= points[-1][1]]
        assert inside == list(range(first, last + 1))
        assert all(max(x for x, _ in at) < x <= width for x, _ in points)
