"""The whole page: what its first sentence says, hostile input, and a real browser."""

import itertools
import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asklearn.report import learning_curve_svg, simulation_page

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'onmouseover='alert(1)",
    "</style><script>",
    "\u202eevil\u202c",
    "\x00\x1b[31m\ud800",
    "{0}{name}%s%(x)d",
    "https://evil.example/track.png",
    "x" * 10_000,
]


def headline(page):
    return re.sub("<[^>]*>", "", re.search(r"<h1>(.*?)</h1>", page)[1])


def poisoned(value, poison):
    """The same shape with every string, and every key that is data, replaced."""
    if isinstance(value, dict):
        return {(key if key in KEYS else key + poison): poisoned(one, poison) for key, one in value.items()}
    if isinstance(value, list):
        return [poisoned(one, poison) for one in value]
    return value + poison if isinstance(value, str) else value


KEYS = set(
    """
    dataset rows classes metric encoder model versions runs strategy seed labels score estimate value low high
    n_audit forecast at seconds fit select asked summary aulc aulc_low aulc_high labels_to full_data_score audit
    start batch budget test_rows class_counts confusion counts examples id stream reason label text image row
    """.split()  # noqa: SIM905
)


@pytest.mark.parametrize("poison", HOSTILE)
def test_hostile_strings_are_only_ever_text(check, result, poison):
    page = simulation_page(poisoned(result, poison))
    check(page)
    assert len(page) < 1_000_000


@settings(deadline=None, max_examples=25)
@given(text=st.text(st.characters(codec=None, exclude_categories=()), max_size=30))
def test_any_string_is_only_ever_text(check, text):
    run = {"strategy": text, "seed": 0, "labels": [20, 40], "score": [0.5, 0.6]}
    one = {"id": text, "stream": text, "reason": text, "label": text, "text": text}
    table = {"id": 1, "row": {text: text}}
    check(simulation_page({"dataset": text, "metric": text, "runs": [run], "examples": [one, table]}))


def test_no_page_speaks_of_nan_or_none(check, result):
    for page in degenerate(result):
        words = " ".join(check(page).words)
        assert not re.search(r"\b(nan|None|inf)\b", words, re.IGNORECASE), headline(page)
        assert "nan" not in re.sub(r"base64,[^\"]*", "", page).lower().replace("dominant", "")


def degenerate(result):
    """Pages of results that lack almost everything, each in another way."""
    runs = result["runs"]
    yield simulation_page(result)
    yield simulation_page({"runs": runs})
    yield simulation_page({"runs": runs[:1]})
    yield simulation_page({"runs": [r for r in runs if r["strategy"] == "random"]})
    yield simulation_page({"runs": [r for r in runs if r["strategy"] != "random"]})
    yield simulation_page({**result, "runs": [r for r in runs if r["seed"] == 0]})
    yield simulation_page({**result, "runs": [r for r in runs if r["seed"] < 2]})
    yield simulation_page({"runs": [{"strategy": "margin", "labels": [20], "score": [0.5]}]})
    yield simulation_page(
        {"runs": [{"strategy": s, "labels": [], "score": []} for s in ("margin", "random")]}
    )
    lost = [{**r, "score": [math.nan, None, *r["score"][2:]], "estimate": []} for r in runs]
    yield simulation_page({**result, "runs": lost})
    yield simulation_page({**result, "runs": [{**r, "score": [math.nan] * 15} for r in runs]})
    yield simulation_page({**result, "runs": [{**r, "score": [0.5] * 15} for r in runs]})
    junk = dict.fromkeys(
        (
            "summary",
            "versions",
            "savings",
            "class_counts",
            "confusion",
            "examples",
            "classes",
            "full_data_score",
        ),
        3,
    )
    yield simulation_page({**result, **junk})
    yield simulation_page({**result, **dict.fromkeys(junk, "x")})
    yield simulation_page({**result, **dict.fromkeys(junk, math.nan)})
    yield simulation_page({**result, "rows": None, "test_rows": math.inf, "audit": None, "metric": None})


def test_the_headline_tells_a_saving_with_its_interval(result):
    words = headline(simulation_page(result))
    assert re.fullmatch(
        r"On this data margin reached random’s final accuracy \(0\.\d{3}\) with \d+% fewer labels "
        r"\[\d+%, \d+%\] over 5 seeds\.",
        words,
    )


def test_the_headline_is_honest_when_there_is_no_gain(make_result):
    words = headline(simulation_page(make_result(gain=0)))
    assert words.startswith("On this data no strategy beat random by more than chance, over 5 seeds")


def test_the_headline_names_what_did_worse(make_result):
    words = headline(simulation_page(make_result(gain=-0.4)))
    assert "no strategy beat random" in words
    assert "margin" in words
    assert "did worse" in words


def test_the_headline_of_one_seed_claims_nothing(make_result):
    words = headline(simulation_page(make_result(seeds=1)))
    assert words.startswith("One seed cannot tell a gain from chance")
    assert "(1 seed)" in words


def test_without_random_nothing_is_compared(make_result):
    page = simulation_page(make_result(("margin",)))
    assert "no random run to compare with" in headline(page)
    assert "gain over random" not in page


def test_a_gain_whose_saving_is_unknown_is_told_as_a_gain(result):
    result["savings"] = {"margin": {"value": 0.2, "low": None, "high": 0.3, "at": 0.84}}
    page = simulation_page(result)
    assert "beat random along the way, by accuracy +0." in headline(page)
    assert "at most 30%" in page


def test_the_order_of_runs_does_not_matter(result):
    page = simulation_page(result)
    result["runs"] = result["runs"][::-1]
    assert simulation_page(result) == page


def test_the_result_is_not_changed(result):
    before = repr(result)
    simulation_page(result)
    assert repr(result) == before


def test_labels_to_a_fraction_are_the_results_own_with_an_interval_around(result):
    page = simulation_page(result)
    value, low, high = re.search(r"<td><b>(160)</b><small>\[(\d+), (\d+|…)\]", page).groups()
    assert int(low) <= int(value)
    assert high == "…" or int(value) <= int(high)


def test_missing_scores_are_counted(result):
    result["runs"][0]["score"][3] = None
    assert "1 round had no score and is left out" in simulation_page(result)


def test_the_picture_for_the_readme_needs_no_page(result):
    svg = learning_curve_svg(result)
    assert svg.startswith("<svg xmlns=")
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.browser
@pytest.mark.parametrize("poison", ["", *HOSTILE[:4], HOSTILE[-1]])
def test_the_page_is_quiet_and_fits_a_phone(browser, opened, result, tmp_path, poison):
    path = tmp_path / "report.html"
    path.write_text(simulation_page(poisoned(result, poison)), encoding="utf-8")
    tab, noise, requests = opened(browser, path, viewport={"width": 360, "height": 740})
    assert noise == []
    assert requests == [path.as_uri()]
    assert tab.evaluate("document.documentElement.scrollWidth") == 360
    assert tab.locator("script").count() == 0
    tab.close()


@pytest.mark.browser
def test_one_width_of_each_chart_shows(browser, opened, result, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(simulation_page(result), encoding="utf-8")
    for width, shown, hidden in ((360, "narrow", "wide"), (1280, "wide", "narrow")):
        tab, _, _ = opened(browser, path, viewport={"width": width, "height": 800})
        assert tab.locator(f"figure .{shown} svg.chart").first.is_visible()
        assert not tab.locator(f"figure .{hidden} svg.chart").first.is_visible()
        tab.close()


@pytest.mark.browser
def test_names_at_line_ends_do_not_overlap(browser, opened, make_result, tmp_path):
    path = tmp_path / "report.html"
    names = ("random", "margin", "entropy", "cluster_margin", "k_center", "auto")
    path.write_text(simulation_page(make_result(names, gain=0.01)), encoding="utf-8")
    tab, _, _ = opened(browser, path, viewport={"width": 1280, "height": 800})
    boxes = [one.bounding_box() for one in tab.locator(".wide text.end").all()]
    frame = tab.locator(".wide svg.chart").first.bounding_box()
    assert len(boxes) == 6
    boxes.sort(key=lambda box: box["y"])
    assert all(b["y"] >= a["y"] + a["height"] * 0.8 for a, b in itertools.pairwise(boxes))
    assert all(box["x"] + box["width"] <= frame["x"] + frame["width"] + 12 for box in boxes)
    tab.close()


@pytest.mark.browser
def test_dark_differs_and_print_has_pages(browser, opened, result, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(simulation_page(result), encoding="utf-8")
    grounds = set()
    for scheme in ("light", "dark"):
        tab, _, _ = opened(browser, path, color_scheme=scheme)
        grounds.add(tab.evaluate("getComputedStyle(document.body).backgroundColor"))
        pdf = tab.pdf()
        assert len(re.findall(rb"/Type\s*/Page\b", pdf)) >= 2
        tab.close()
    assert len(grounds) == 2
