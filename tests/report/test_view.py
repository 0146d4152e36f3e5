"""Order, winner and savings."""

import pytest

from asklearn.report.view import final, log_axis, read, savings


def test_the_best_comes_first_and_random_last(make_result):
    view = read(make_result(("random", "margin", "auto")))
    assert list(view.runs) == ["margin", "auto", "random"]
    assert view.leader == view.winner == "margin"


def test_no_gain_has_no_winner_but_a_leader(make_result):
    view = read(make_result(("random", "margin"), gain=0))
    assert view.winner is None
    assert view.leader == "margin"


def test_one_seed_has_no_winner(make_result):
    assert read(make_result(seeds=1)).winner is None


def test_savings_of_the_result_come_before_ours(result):
    result["savings"] = {"margin": {"value": 0.31, "low": 0.18, "high": 0.4, "at": 0.84}}
    assert savings(read(result), "margin") == ((0.31, 0.18, 0.4, 5), 0.84)
    result["savings"] = {"margin": {"value": None, "low": None, "high": None, "at": 0.84}}
    assert savings(read(result), "margin")[0].value == pytest.approx(1 - 1 / 1.4, abs=0.05)


def test_the_final_score_is_the_last_of_the_mean_curve(result):
    view = read(result)
    expected = sum(run["score"][-1] for run in result["runs"] if run["strategy"] == "auto") / 5
    assert final(view, "auto").value == pytest.approx(expected)


def test_the_axis_is_logarithmic_where_it_spans_enough(make_result):
    assert log_axis(read(make_result(rounds=15)))
    assert not log_axis(read(make_result(rounds=5)))
