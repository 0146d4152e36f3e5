"""Order, winner and savings."""

import math

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
    assert math.isnan(savings(read(result), "margin")[0].value)
    del result["savings"]
    assert savings(read(result), "margin")[0].value == pytest.approx(1 - 1 / 1.4, abs=0.05)


def test_the_final_score_is_the_last_of_the_mean_curve(result):
    view = read(result)
    expected = sum(run["score"][-1] for run in result["runs"] if run["strategy"] == "auto") / 5
    assert final(view, "auto").value == pytest.approx(expected)


def test_the_axis_is_logarithmic_where_it_spans_enough(make_result):
    assert log_axis(read(make_result(rounds=15)))
    assert not log_axis(read(make_result(rounds=5)))


def compared(gains, copies=1):
    """Random at 0.5, and strategies that differ from it by the given gain in each seed."""
    names = [f"s{i}" for i in range(copies)]
    rows = [(name, seed, 0.5 + gain) for name in names for seed, gain in enumerate(gains)]
    rows += [("random", seed, 0.5) for seed in range(len(gains))]
    runs = [{"strategy": n, "seed": s, "labels": [20, 40], "score": [score] * 2} for n, s, score in rows]
    return read({"runs": runs})


def test_a_mean_gain_within_chance_does_not_win():
    assert compared([0.05, -0.03, 0.02]).winner is None
    assert compared([0.05, 0.04, 0.06]).winner == "s0"


def test_many_strategies_need_a_clearer_gain():
    gains = [0.01, 0.05, 0.02, 0.04, 0.06]
    assert compared(gains).winner == "s0"
    assert compared(gains, copies=40).winner is None
