"""What is taken for what: a small matrix, or the most frequent mistakes where classes are many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from asklearn.report.html import Html, shorten, tag
from asklearn.report.page import table

SMALL = 12

Counts: TypeAlias = "np.ndarray[Any, Any]"


def confusion_table(labels: Sequence[str], counts_CC: Counts, what: str) -> tuple[str, Html]:
    """Return a sentence that says how to read it, and the table.

    Parameters
    ----------
    labels : sequence of str
        The classes, C of them.
    counts_CC : ndarray of shape (C, C)
        Rows are the true classes, columns what the model said.
    what : str
        What was counted, in the plural: "test rows".

    Examples
    --------
    >>> confusion_table(["cat", "dog"], np.array([[3, 1], [0, 2]]), "test rows")[0]
    'Rows are the true classes, columns what the model said.'
    """
    if len(labels) <= SMALL:
        return "Rows are the true classes, columns what the model said.", _heat(labels, counts_CC, what)
    return "The most frequent mistakes.", _worst_pairs(labels, counts_CC, what)


def _heat(labels: Sequence[str], counts_CC: Counts, what: str) -> Html:
    share_CC = counts_CC / np.maximum(counts_CC.sum(axis=1, keepdims=True), 1)
    worst = max(float((share_CC - np.diag(np.diag(share_CC))).max()), 0.02)
    rows = [
        [
            tag("bdi", shorten(labels[i], 40)),
            *(
                tag(
                    "td",
                    f"{n:,.0f}",
                    class_="right" if i == j else None,
                    style=_shade("right" if i == j else "wrong", share_CC[i, j] / (1 if i == j else worst)),
                )
                for j, n in enumerate(row)
            ),
        ]
        for i, row in enumerate(counts_CC)
    ]
    return table(
        f"{what.capitalize()}: true class by predicted class",
        ["true", *(shorten(one, 20) for one in labels)],
        rows,
        "heat",
    )


def _shade(tone: str, strength: float) -> str:
    return f"background: rgba(var(--{tone}), {0.45 * strength:.2f})"


def _worst_pairs(labels: Sequence[str], counts_CC: Counts, what: str) -> Html:
    wrong_CC = counts_CC.copy()
    np.fill_diagonal(wrong_CC, 0)
    worst = [divmod(int(k), len(labels)) for k in np.argsort(-wrong_CC, axis=None, kind="stable")[:10]]
    rows = [
        [
            tag("bdi", shorten(labels[i], 60)),
            tag("td", tag("bdi", shorten(labels[j], 60))),
            f"{wrong_CC[i, j]:,.0f} of {counts_CC[i].sum():,.0f}",
        ]
        for i, j in worst
        if wrong_CC[i, j] > 0
    ]
    return (
        table("Most frequent mistakes", ["true class", "taken for", what], rows)
        if rows
        else tag("p", "No mistakes.")
    )
