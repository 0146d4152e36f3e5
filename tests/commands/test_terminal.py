"""What is shown in a terminal fits it, and cannot steer it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asklearn.commands.terminal import cells, columns, cut, estimate_words, padded, printable, wrapped

ANY = st.text(st.characters(codec=None, exclude_categories=()), max_size=200)


@given(ANY)
def test_nothing_printed_steers_the_terminal(text):
    for shown in (printable(text), cut(text, 20), wrapped(text, "1. ")):
        assert all(one.isprintable() or one in "\n\u200c\u200d" for one in shown)
    assert "\n" not in printable(text)


@given(ANY, st.integers(4, 40))
def test_what_is_cut_fits(text, most):
    shown = cut(text, most)
    assert cells(shown) <= most
    assert shown == printable(text) or shown.endswith("...")
    assert cells(padded(shown, most)) == most


def test_wide_letters_take_two_columns_and_marks_none():
    assert cells("日本") == 4
    assert cells("e\u0301") == 1
    assert cut("日本語のとても長い名前", 10) == "日本語..."


@given(st.lists(st.text("abc ", max_size=100), max_size=5))
def test_lines_fit_and_stay_lines(parts):
    shown = wrapped("\n".join(parts), "12. ").split("\n")
    assert all(len(line) <= 80 for line in shown)
    assert len(shown) >= max(len(parts), 1)
    assert "".join(" ".join(shown).split()) == "".join(" ".join(["12.", *parts]).split())


@pytest.mark.parametrize(("told", "used"), [("40", 40), ("500", 80), ("3", 20)])
def test_the_width_is_the_terminals_within_reason(monkeypatch, told, used):
    monkeypatch.setenv("COLUMNS", told)
    assert columns() == used


def test_an_estimate_that_knows_nothing_says_so():
    one = {
        "metric": "accuracy",
        "value": 0.5,
        "low": 0.0,
        "high": 1.0,
        "level": 0.95,
        "method": "too few labels",
    }
    assert estimate_words(one) == "accuracy unknown [0.000, 1.000] (95% interval)"


def test_help_fits_eighty_columns_and_is_not_cut(run, monkeypatch):
    from asklearn.cli import main

    monkeypatch.setenv("COLUMNS", "80")
    pages = [run("--help").stdout, *(run(name, "--help").stdout for name in main.commands)]
    assert max(len(line) for page in pages for line in page.splitlines()) <= 80
    listed = pages[0].split("Commands:")[1]
    assert "..." not in listed
    assert [listed.index(f"\n  {name} ") for name in main.commands] == sorted(
        listed.index(f"\n  {name} ") for name in main.commands
    )
