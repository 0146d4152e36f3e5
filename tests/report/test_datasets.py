"""The page over data sets: what it claims, what it does not, and what it shows where there is little."""

import pytest

from asklearn.report.datasets import datasets_page, headline
from asklearn.report.view import read
from asklearn.simulate.comparison import compared


@pytest.fixture
def make(make_result):
    def make(sets=8, gain=0.4, seeds=3, **options):
        results = []
        for i in range(sets):
            one = make_result(seeds=seeds, gain=gain, **options) | {"dataset": f"set <{i}>", "complete": True}
            for run in one["runs"]:
                run["score"] = [score - 0.01 * i for score in run["score"]]
            results.append(one)
        return {
            "datasets": results,
            "comparison": compared(results),
            "left_out": {},
            "complete": True,
            "command": "asklearn simulate X",
        }

    return make


def words(check, result):
    return " ".join("".join(check(datasets_page(result)).words).split())


def test_a_strategy_that_wins_is_named_with_its_gain(make, check):
    found = words(check, make())
    assert "Over 8 data sets margin beat random: by accuracy +0." in found
    assert "set <7>" in found
    for heading in (
        "Against random",
        "Which strategies can be told apart",
        "On each data set",
        "Learning curves",
    ):
        assert heading in found


def test_it_claims_no_more_than_the_number_of_data_sets_allows(make, check):
    found = words(check, make(sets=3))
    assert "3 data sets cannot show that a strategy beats random in general" in found
    assert "It takes 7 data sets at least" in found or "It takes 6 data sets at least" in found
    assert "cannot tell any two of 3 strategies apart, whatever came out" in found


def test_without_a_difference_it_says_so(make, check):
    result = make()
    comparison = result["comparison"]
    for one in comparison["strategies"].values():
        one["p_holm"] = 0.4
    views = [read(one) for one in result["datasets"]]
    assert "no strategy beat random by more than chance." in headline(comparison, views)
    comparison["strategies"]["auto"] |= {"p_holm": 0.01, "median": {"value": -0.1}}
    assert "by more than chance; <bdi>auto</bdi> did worse." in headline(comparison, views)


def test_what_was_left_out_and_interrupted_is_told(make, check):
    result = make() | {"left_out": {"tiny": "A budget of 20 is too much <b>"}, "complete": False}
    found = words(check, result)
    assert "tiny: A budget of 20 is too much <b>" in found
    assert "Interrupted: the same command" in found
    assert "1 data set was left out" in found


def test_without_a_comparison_there_are_curves(make, check):
    result = make(sets=2) | {"comparison": None}
    assert "No comparison over data sets" in words(check, result)


def test_without_random_there_are_ranks(make, check):
    result = make(strategies=("margin", "auto"))
    found = words(check, result)
    assert "random was not run" in found
    assert "Against random" not in found


def test_a_score_that_was_missed_is_a_bound(make, check):
    result = make()
    needed = result["comparison"]["strategies"]["margin"]["labels_needed"]
    needed |= {"missed": 2, "value": 0.9}
    assert "at least 90%" in words(check, result)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_a_browser_shows_it_whole_and_quietly(make, browser, opened, tmp_path, scheme, width):
    path = tmp_path / "page.html"
    path.write_text(datasets_page(make()))
    tab, noise, requests = opened(
        browser, path, viewport={"width": width, "height": 900}, color_scheme=scheme
    )
    assert (noise, requests) == ([], [path.as_uri()])
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tab.close()
