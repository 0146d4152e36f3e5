"""Confusion: a matrix for few classes, the worst pairs for many."""

import numpy as np

from asklearn.report.confusion import SMALL, confusion_table


def test_few_classes_are_a_matrix():
    how, html = confusion_table(["a", "<b>"], np.array([[3, 1], [0, 2]]), "test rows")
    assert how.startswith("Rows are the true classes")
    assert html.count("<td") == 4
    assert "&lt;b&gt;" in html
    assert "Test rows" in html


def test_many_classes_are_their_worst_pairs():
    counts_CC = np.eye(SMALL + 1) * 5
    counts_CC[2, 7] = 4
    counts_CC[1, 0] = 1
    how, html = confusion_table([f"c{i}" for i in range(SMALL + 1)], counts_CC, "random labels")
    assert how == "The most frequent mistakes."
    assert html.index("4 of 9") < html.index("1 of 6")
    assert "random labels" in html
    assert html.count("<tr>") == 3


def test_no_mistakes_are_said():
    assert "No mistakes" in confusion_table([str(i) for i in range(20)], np.eye(20), "rows")[1]


def test_counts_are_not_changed():
    counts_CC = np.ones((20, 20))
    confusion_table([str(i) for i in range(20)], counts_CC, "rows")
    assert (counts_CC == 1).all()
