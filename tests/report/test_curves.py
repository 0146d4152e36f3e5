"""What is drawn of the learning curves, and what is only in the table."""

from asklearn.report.curves import SHOWN_LINES, curve_series, learning_curves
from asklearn.report.view import read


def test_random_is_drawn_last_and_in_its_own_style(result):
    series = curve_series(read(result))
    assert [one.name for one in series] == ["margin", "auto", "random"]
    assert [one.style for one in series] == [1, 2, 0]
    assert all(one.low is not None for one in series)


def test_one_seed_has_no_band_and_says_so(make_result):
    html = learning_curves(read(make_result(seeds=1)))
    assert "no bands, because one seed" in html
    assert "<polygon" not in html


def test_many_strategies_are_cut_and_counted(make_result):
    names = ("random", *(f"s{i}" for i in range(12)))
    view = read(make_result(names, seeds=2, rounds=3))
    assert len(curve_series(view)) == SHOWN_LINES + 1
    assert "5 more strategies only in the table" in learning_curves(view)


def test_the_table_is_thinned_and_says_so(make_result):
    html = learning_curves(read(make_result(("random",), seeds=1, rounds=120)))
    assert "one round in 3" in html
