"""Planted knowledge gaps: a kind of item that training hardly sees, or sees under a wrong class.

Knows nothing of how gaps are found. A kind is a word, a value or range of a column, or a neighbourhood of
the features, with 3 to 10% of the items.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator

LEAST, MOST = 0.03, 0.10
AROUND = (0.04, 0.08)


@dataclass(frozen=True)
class Plant:
    """A kind of item, and what happens to the labels of its items that were not drawn at random.

    Attributes
    ----------
    kind : str
        ``"starved"`` (nobody labels them) or ``"mislabelled"`` (class `was` is told as `told`).
    what : str
        ``"word"``, ``"column"`` or ``"neighbourhood"``.
    key : str
        The word or the column; empty for a neighbourhood.
    inside_N : ndarray of bool, shape (N,)
        Which items are of the kind.
    was, told : str
        For mislabelled plants: the most frequent class inside, and another.
    """

    kind: str
    what: str
    key: str
    inside_N: np.ndarray
    was: str = ""
    told: str = ""

    def labels(self, y_N: Sequence[str], rows: Sequence[int], by_lot: Sequence[bool]) -> list[str | None]:
        """Return what annotators say of some rows; None where nobody says anything."""
        said: list[str | None] = []
        for row, drawn in zip(rows, by_lot, strict=True):
            label: str | None = y_N[row]
            if self.inside_N[row] and not drawn:
                swapped = self.told if label == self.was else label
                label = None if self.kind == "starved" else swapped
            said.append(label)
        return said


def draw(
    X_ND: np.ndarray,
    y_N: Sequence[str],
    described: Sequence[str] | Mapping[str, Any],
    kind: str,
    rng: Generator,
) -> Plant:
    """Draw a plant: texts get a word or a neighbourhood, tables a column or a neighbourhood."""
    if rng.random() < 0.25:
        what, key, inside_N = "neighbourhood", "", _neighbourhood(X_ND, rng)
    elif isinstance(described, Mapping):
        what, (key, inside_N) = "column", _range(described, rng)
    else:
        what, (key, inside_N) = "word", _word(described, rng)
    if kind == "starved":
        return Plant(kind, what, key, inside_N)
    names, counts = np.unique(np.array(y_N)[inside_N], return_counts=True)
    was = str(names[counts.argmax()])
    others = sorted(set(y_N) - {was})
    return Plant(kind, what, key, inside_N, was, str(rng.choice(others)))


def _word(texts: Sequence[str], rng: Generator) -> tuple[str, np.ndarray]:
    from sklearn.feature_extraction.text import CountVectorizer

    made = CountVectorizer(binary=True, stop_words="english", min_df=LEAST, max_df=MOST)
    holds_NW = made.fit_transform(texts)
    one = int(rng.integers(holds_NW.shape[1]))
    return str(made.get_feature_names_out()[one]), holds_NW[:, [one]].toarray().ravel() > 0


def _range(table: Mapping[str, Any], rng: Generator) -> tuple[str, np.ndarray]:
    """A random stretch of a column of numbers, or a value of another, of the right size."""
    names = sorted(table)
    while True:
        name = names[int(rng.integers(len(names)))]
        values_N = np.asarray(table[name])
        if values_N.dtype.kind in "iuf":
            width = rng.uniform(*AROUND)
            start = rng.uniform(0, 1 - width)
            low, high = np.quantile(values_N, [start, start + width], method="nearest")
            inside_N = (values_N >= low) & (values_N <= high)
        else:
            inside_N = values_N == rng.choice(np.unique(values_N.astype(str)))
        if LEAST <= inside_N.mean() <= MOST:
            return name, inside_N


def _neighbourhood(X_ND: np.ndarray, rng: Generator) -> np.ndarray:
    far_N = ((X_ND - X_ND[rng.integers(len(X_ND))]) ** 2).sum(1)
    inside_N = np.zeros(len(X_ND), bool)
    inside_N[np.argsort(far_N, kind="stable")[: int(rng.uniform(*AROUND) * len(X_ND))]] = True
    return inside_N


def description(path: Path) -> list[str] | dict[str, np.ndarray]:
    """Return the texts of a data set, or its columns: training rows first, then those of the test split."""
    import pyarrow.parquet as parquet

    table = parquet.read_table(path).to_pydict()
    if "split" not in table:
        raise ValueError(f"Plants need a data set with a column split (train or test). {path.name} has none.")
    test_N = np.array([one == "test" for one in table["split"]])
    order = np.concatenate([np.flatnonzero(~test_N), np.flatnonzero(test_N)])
    if "text" in table:
        return [str(table["text"][row]) for row in order]
    left_out = ("id", "label", "split")
    return {name: np.array(values)[order] for name, values in table.items() if name not in left_out}
