"""Each section tells what its data says, and is absent where there is none."""

import copy

import pytest

from asklearn.report import sections
from asklearn.report.view import read


@pytest.mark.parametrize(
    ("section", "field"),
    [
        (sections.class_balance, "class_counts"),
        (sections.confusion, "confusion"),
    ],
)
@pytest.mark.parametrize(
    "value",
    [None, {}, [], 3, "x", {"margin": 3}, {"labels": 3, "counts": 4}, {"labels": ["a"], "counts": [[1, 2]]}],
)
def test_broken_extras_leave_the_section_out(result, section, field, value):
    assert section(read(result))
    result[field] = value
    assert section(read(result)) == ""


@pytest.mark.parametrize(
    ("section", "field"),
    [(sections.own_estimate, "estimate"), (sections.forecasts, "forecast"), (sections.times, "seconds")],
)
@pytest.mark.parametrize("value", [None, [], {}, 3, [None], [{"value": float("nan"), "low": 0, "high": 1}]])
def test_runs_without_a_part_leave_the_section_out(result, section, field, value):
    assert section(read(result))
    for run in result["runs"]:
        run[field] = value
    assert section(read(result)) == ""


def test_coverage_is_counted_over_all_runs(result):
    html = sections.own_estimate(read(result))
    assert "225 of 225 intervals" in html
    for run in result["runs"]:
        run["estimate"][0]["low"] = run["estimate"][0]["high"] = 0.999
    assert "210 of 225 intervals" in sections.own_estimate(read(result))


def test_forecasts_beyond_the_run_are_not_judged(result):
    assert "105 of 105 intervals" in sections.forecasts(read(result))


def test_thousands_of_classes_show_twenty_and_say_the_rest(make_result):
    html = sections.class_balance(read(make_result(classes=3000, seeds=1, rounds=2)))
    assert "2,980 more are not shown" in html
    assert html.count('class="dot') == 2 * 3 * 20 + 3


def test_many_classes_show_the_worst_pairs(make_result):
    result = make_result(classes=30, seeds=1, rounds=2)
    result["confusion"]["counts"][3][7] = 40
    html = sections.confusion(read(result))
    assert html.index("class 3</bdi></th><td><bdi>class 7") < html.index("2 of")
    assert "40 of" in html


def test_images_are_inline_pictures_or_nothing(result):
    for picture in (
        "https://evil.example/x.png",
        "data:image/svg+xml;base64,PHN2Zz4=",
        "data:text/html;base64,PHN2Zz4=",
        'data:image/png;base64,AAAA" onerror="x',
        3,
    ):
        changed = copy.deepcopy(result)
        changed["examples"] = [{"id": 1, "image": picture}]
        assert "<img" not in sections.examples(read(changed), {})
    assert "<img" in sections.examples(read(result), {})


def test_pictures_of_the_caller_are_told_by_their_bytes(result):
    result["examples"] = [{"id": 7}]
    view = read(result)
    assert 'src="data:image/png;base64,iVBORw' in sections.examples(view, {"7": b"\x89PNG\r\n"})
    assert "<img" not in sections.examples(view, {"7": b"<svg onload=x>"})


def test_long_texts_are_cut_and_say_so(result):
    result["examples"] = [{"id": 1, "text": "long " * 2000, "stream": "audit"}]
    html = sections.examples(read(result), {})
    assert "10,000 characters" in html
    assert len(html) < 2000


def test_wide_rows_are_cut_and_missing_values_named(result):
    result["examples"] = [{"id": 1, "row": {f"c{i}": None for i in range(20)}}]
    html = sections.examples(read(result), {})
    assert "and 12 more columns" in html
    assert html.count("missing") == 8


def test_the_command_is_quoted_for_a_shell(result):
    result["encoder"] = "text(dim=64); rm -rf ~"
    words = sections.command(read(result))
    assert "--encoder 'text(dim=64); rm -rf ~'" in words
    assert "--seeds 5" in words
    result["command"] = "asklearn simulate X"
    assert sections.command(read(result)) == "asklearn simulate X"
