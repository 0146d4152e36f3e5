"""What the audit's labels say of the model and of the pool, as plain values with their intervals.

Only labels that were drawn at random are counted, each beside the prediction of a model that did not see
it; what the strategy picked is unlike the pool and would mislead.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from asklearn.breakdown import estimate_by_class
from asklearn.calibration.reliability import Reliability, reliability
from asklearn.crossfit import Audited
from asklearn.evaluate import MIN_PER_CLASS, UNKNOWN, share_interval
from asklearn.types import Floats, Label

Flags: TypeAlias = NDArray[np.bool_]

LEVEL = 0.95
ENOUGH_TO_CALIBRATE = 30
SURE = 0.6
LOOKED_AT = 6


def share(hit_N: Flags, weight_N: Floats, unknown_N: Flags | None = None) -> dict[str, Any]:
    """Return a share of a random sample with its interval, as ``value``, ``low``, ``high`` and ``n``.

    Parameters
    ----------
    hit_N : ndarray of bool, shape (N,)
        What is counted.
    weight_N : ndarray of shape (N,)
        Design weights; where they differ the interval is at the effective number of labels, else exact binomial.
    unknown_N : ndarray of bool, shape (N,), optional
        Items of which nobody could say: as none at the low end, and as hits at the high end.

    Examples
    --------
    >>> found = share(np.arange(20) < 15, np.ones(20))
    >>> found["value"], round(found["low"], 3), round(found["high"], 3), found["n"]
    (0.75, 0.509, 0.913, 20)
    """
    unknown_N = np.zeros(len(hit_N), bool) if unknown_N is None else unknown_N
    known_N = ~unknown_N
    if not known_N.any():
        return {"value": None, "low": 0.0, "high": 1.0, "n": 0}
    low = share_interval(hit_N & known_N, weight_N, LEVEL)[0]
    high = share_interval(hit_N | unknown_N, weight_N, LEVEL)[1]
    value = float(np.average(hit_N[known_N], weights=weight_N[known_N]))
    return {"value": value, "low": min(low, value), "high": max(high, value), "n": int(known_N.sum())}


def balance(
    labels: Sequence[Label | None], weight_N: Floats, classes: Sequence[Label]
) -> list[dict[str, Any]]:
    """Return the share of the pool that each class has, from the audit's labels.

    Parameters
    ----------
    labels : sequence of length N
        Labels of the audit's items, None where nobody could say.
    weight_N : ndarray of shape (N,)
        Their weights.
    classes : sequence
        In the order of the result.
    """
    unknown_N = np.array([label is None for label in labels], bool)
    held = np.array([str(label) for label in labels], object)
    return [share((held == str(one)) & ~unknown_N, weight_N, unknown_N) for one in classes]


def confusion(audited: Audited) -> dict[str, Any]:
    """Return how often each class was taken for which: counts by true class (rows) and prediction.

    ``equal`` is false where some items were likelier to be drawn than others, so that counts are no shares.
    """
    truth_N, guess_N, weight_N = _known(audited)
    counts_CC = np.zeros((len(audited.classes),) * 2, int)
    np.add.at(counts_CC, (truth_N, guess_N), 1)
    labels = [str(one) for one in audited.classes]
    equal = len(weight_N) == 0 or bool(np.allclose(weight_N, weight_N[0]))
    return {"labels": labels, "counts": counts_CC.tolist(), "n": len(truth_N), "equal": equal}


def recall(audited: Audited) -> list[dict[str, Any]]:
    """Return the share of each class that is recognised, for classes with enough audit labels.

    The others have None as their value. Items that nobody could label may be of any class.
    """
    column = {label: code for code, label in enumerate(audited.classes)}
    truth_N = np.array([UNKNOWN if one is None else column[one] for one in audited.labels], np.intp)
    pairs = estimate_by_class(audited.proba_NC, truth_N, weight_N=audited.weight_N, level=LEVEL)
    return [
        {
            "label": str(label), "value": one.value if one.n >= MIN_PER_CLASS else None, "low": one.low,
            "high": one.high, "n": one.n,
        }
        for label, (one, _) in zip(audited.classes, pairs, strict=True)
    ]  # fmt: skip


def calibration(audited: Audited) -> dict[str, Any]:
    """Return what the model said of its best guesses against how often they were right.

    Returns
    -------
    dict
        ``n``, ``needed``, ``said`` (the mean probability of the best guess), ``right`` (a share), and
        ``bins``: ``said``, ``value``, ``low``, ``high`` and ``n`` of each that is not empty. Without
        enough labels there are none.
    """
    truth_N, guess_N, weight_N = _known(audited)
    found: dict[str, Any] = {
        "n": len(truth_N),
        "needed": ENOUGH_TO_CALIBRATE,
        "said": None,
        "right": None,
        "bins": [],
    }
    if len(truth_N) < ENOUGH_TO_CALIBRATE:
        return found
    known = [row for row, label in enumerate(audited.labels) if label is not None]
    proba_NC = audited.proba_NC[known]
    found["said"] = float(np.average(proba_NC.max(1), weights=weight_N))
    found["right"] = share(guess_N == truth_N, weight_N)
    found["bins"] = bins_of(reliability(proba_NC, truth_N, weight_N, level=LEVEL))
    return found


def bins_of(made: Reliability) -> list[dict[str, Any]]:
    """Return the bins of a reliability diagram as plain values."""
    columns = (made.confidence_B, made.accuracy_B, made.low_B, made.high_B, made.count_B)
    return [
        {
            "said": float(said), "value": float(right), "low": min(float(low), float(right)),
            "high": max(float(high), float(right)), "n": int(n),
        }
        for said, right, low, high, n in zip(*columns, strict=True)
    ]  # fmt: skip


def doubtful(audited: Audited) -> list[dict[str, Any]]:
    """Return the audit labels that a model which did not see them surely disagrees with, the surest first."""
    found: list[dict[str, Any]] = []
    for item, label, proba_C in zip(audited.ids, audited.labels, audited.proba_NC, strict=True):
        guess = int(proba_C.argmax())
        if label is not None and audited.classes[guess] != label and proba_C[guess] >= SURE:
            found.append(
                {
                    "id": item,
                    "label": str(label),
                    "model": str(audited.classes[guess]),
                    "sure": float(proba_C[guess]),
                }
            )
    return sorted(found, key=lambda one: (-one["sure"], str(one["id"])))[:LOOKED_AT]


def _known(audited: Audited) -> tuple[Any, Any, Floats]:
    """Return the true class, the predicted class and the weight of the items that have a label."""
    column = {label: code for code, label in enumerate(audited.classes)}
    rows = [row for row, label in enumerate(audited.labels) if label is not None]
    truth_N = np.array([column[label] for label in audited.labels if label is not None], np.intp)
    return truth_N, audited.proba_NC[rows].argmax(1).astype(np.intp), audited.weight_N[rows]
