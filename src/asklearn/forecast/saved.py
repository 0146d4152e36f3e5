"""Labels saved: what a random learner would have needed for the present score, less what was spent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from asklearn.forecast.outlook import Outlook
from asklearn.types import Estimate, Floats, Indices

REACH = 16
STEPS = 80


@dataclass(frozen=True, slots=True)
class Saved:
    """Labels that a random learner would need for the same score, less the labels spent.

    Attributes
    ----------
    value, low, high : int or None
        Median and interval; negative where random choice would have needed fewer. None: more than
        `farthest` less `spent`, which is as far as the random learner's curve is forecast.
    spent : int
        Present number of labels, the audit's included.
    farthest : int
        Most labels of a random learner that were looked at.
    score : Estimate
        The present score that both must reach.
    base : int
        Labels of the random learner's last measured point.
    level : float
        Probability of the interval.

    Examples
    --------
    >>> print(Saved(300, -50, None, 700, 2000, Estimate("accuracy", 0.9, 0.85, 0.94, 70, ""), 63))
    300 labels saved [-50, more than 1300] (90%; 700 spent; random choice forecast from 63 labels)
    """

    value: int | None
    low: int | None
    high: int | None
    spent: int
    farthest: int
    score: Estimate
    base: int
    level: float = 0.9

    def __str__(self) -> str:
        value, low, high = (
            f"more than {self.farthest - self.spent}" if one is None else str(one)
            for one in (self.value, self.low, self.high)
        )
        return (
            f"{value} labels saved [{low}, {high}] ({self.level:.0%}; {self.spent} spent; random choice "
            f"forecast from {self.base} labels)"
        )


def labels_saved(active: Outlook, random: Outlook, level: float = 0.9) -> Saved:
    """Compare the present score with the forecast curve of a learner that chooses at random.

    Parameters
    ----------
    active : Outlook
        Through the learner's own estimates.
    random : Outlook
        Through estimates of models that were trained on parts of the uniform audit alone.
    level : float
        Probability of the interval.

    Returns
    -------
    Saved

    Notes
    -----
    The random learner needs N labels where its curve reaches the present score. The interval of the
    difference of both at N is made of theirs by square-and-add (Zou and Donner 2008, "Construction of
    confidence limits about effect measures"), and holds every N at which it contains zero. Both are measured
    on the same audit; taking them as independent makes the interval wider, if anything.
    """
    spent, base = active.now, random.now
    farthest = max(REACH * base, 2 * spent)
    present = active.score(active.now, level)
    labels_R = np.unique(np.geomspace(max(base / 4, 1), farthest, STEPS).round().astype(int))
    bands = random.scores(labels_R.tolist(), level)
    low_R, value_R, high_R = np.array([(one.low, one.value, one.high) for one in bands]).T
    off_R = value_R - present.value
    above_R = off_R + np.hypot(high_R - value_R, present.value - present.low)
    below_R = off_R - np.hypot(value_R - low_R, present.high - present.value)
    few, middle, many = (_first(labels_R, line_R) for line_R in (above_R, off_R, below_R))
    value, low, high = (None if one is None else one - spent for one in (middle, few, many))
    return Saved(value, low, high, spent, farthest, present, base, level)


def _first(labels_R: Indices, line_R: Floats) -> int | None:
    reached = np.flatnonzero(line_R >= 0)
    return None if len(reached) == 0 else int(labels_R[reached[0]])
