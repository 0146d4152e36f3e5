"""The record of a knowledge gap, and which of many to show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from asklearn.types import Estimate, Floats, Indices, ItemId, Label

MOST = 5


@dataclass(frozen=True, slots=True, eq=False)
class Gap:
    """A kind of item on which the model errs more than elsewhere, confirmed on labels that did not find it.

    Attributes
    ----------
    name : str
        What sets it apart, in words.
    predicates : tuple of str
        What defines it: an item belongs where all of these hold.
    words : tuple of str
        Words, or columns with their ranges, that are frequent inside and rare outside; may be empty.
    size, share : int and float
        How many items of the pool belong, and which part of it they are.
    unlabelled : int
        How many of them have no label: what :meth:`~asklearn.learner.ActiveLearner.ask` can still ask for.
    error : Estimate
        The model's error inside, from the confirming audit labels.
    rest : Estimate
        The same of all other items.
    confusion : tuple of (label, label, float), or None
        The most frequent mistake: the true class, the one it is taken for, and its share of the mistakes.
    exemplars : list of str or int
        Ids of items that show it: mistakes first, then unlabelled items most likely to be mistaken.
    p : float
        Of the one-sided test that errors are no more frequent inside than outside.
    rows : ndarray of int, shape (size,)
        The pool's rows that belong.
    belongs, p_error : ndarray of shape (size,)
        For each of them, how typical it is of the gap, in (0, 1], and the probability of an error.
    """

    name: str
    predicates: tuple[str, ...]
    words: tuple[str, ...]
    size: int
    share: float
    unlabelled: int
    error: Estimate
    rest: Estimate
    confusion: tuple[Label, Label, float] | None
    exemplars: list[ItemId]
    p: float
    rows: Indices = field(repr=False)
    belongs: Floats = field(repr=False)
    p_error: Floats = field(repr=False)

    @property
    def excess(self) -> float:
        """About how many of its items are mistaken that would not be elsewhere."""
        return self.size * (self.error.value - self.rest.value)

    def as_plain(self) -> dict[str, Any]:
        """Return it as JSON can hold it, without its rows."""
        return {
            "name": self.name, "predicates": self.predicates, "words": self.words, "size": self.size,
            "share": self.share, "unlabelled": self.unlabelled, "confusion": self.confusion,
            "exemplars": self.exemplars, "p": self.p,
            **{
                key: {"value": one.value, "low": one.low, "high": one.high, "n": one.n, "level": one.level}
                for key, one in (("error", self.error), ("rest", self.rest))
            },
        }  # fmt: skip

    def __str__(self) -> str:
        lines = [
            f"{self.name}: {self.size:,} items ({self.share:.1%} of the pool), {self.unlabelled:,} unlabelled",
            f"  error {_said(self.error)}; elsewhere {_said(self.rest)}; p = {self.p:.2g}",
        ]
        if self.confusion is not None:
            truth, guess, share = self.confusion
            lines.append(f"  {truth} taken for {guess} ({share:.0%} of its mistakes)")
        return "\n".join(lines)


def _said(one: Estimate) -> str:
    return f"{one.value:.0%} [{one.low:.0%}, {one.high:.0%}] ({one.level:.1%}, {one.n} labels)"


def leading(gaps: Sequence[Gap], most: int = MOST) -> list[Gap]:
    """Return the gaps that cost most mistakes, leaving out those that lie mostly in the ones before.

    Parameters
    ----------
    gaps : sequence of Gap
        As :func:`~asklearn.gaps.find.find_gaps` returns them, overlapping ones too.
    most : int
        How many at most.
    """
    chosen: list[Gap] = []
    seen = np.empty(0, np.intp)
    for one in sorted(gaps, key=lambda gap: -gap.excess):
        if 2 * len(np.intersect1d(one.rows, seen)) <= len(one.rows):
            chosen.append(one)
            seen = np.union1d(seen, one.rows)
    return chosen[:most]
