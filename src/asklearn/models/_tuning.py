"""What models that tune themselves share: folds, held-out logits, a temperature with its loss, columns to keep."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from asklearn.calibration import fit_temperature, softmax
from asklearn.types import Floats, Indices

_NEVER = -1e4


def stratified_folds(codes: Indices, k: int, rng: Generator) -> list[Indices]:
    """Deal the items of each class over the folds in turn, in random order."""
    order = rng.permutation(len(codes))
    by_class = order[np.argsort(codes[order], kind="stable")]
    fold_N = np.empty(len(codes), np.intp)
    fold_N[by_class] = np.arange(len(codes)) % k
    return [np.flatnonzero(fold_N == f) for f in range(k) if (fold_N == f).any()]


def held_out(
    codes: Indices, parts: list[Indices], outputs: Callable[[Indices, Indices], tuple[Floats, Indices]]
) -> Floats:
    """Return what models of the other folds say of each item, shape (..., N, C); -inf where one cannot say.

    Parameters
    ----------
    codes : ndarray of int, shape (N,)
        Classes as 0 to C-1.
    parts : list of ndarray of int
        The folds.
    outputs : callable
        ``outputs(rest, part)`` trains on the rows `rest` and returns logits of `part`, of shape (..., P, S),
        with the S classes that they are for.
    """
    said = None
    for part in parts:
        rest = np.setdiff1d(np.arange(len(codes)), part)
        if len(np.unique(codes[rest])) < 2:
            continue
        logits, seen = outputs(rest, part)
        if said is None:
            said = np.full((*logits.shape[:-2], len(codes), int(codes.max()) + 1), -np.inf)
        said[..., part[:, None], seen] = logits
    return np.full((len(codes), int(codes.max()) + 1), -np.inf) if said is None else said


def settle_temperature(
    logits_NC: Floats, codes: Indices, weight: Floats | None, temperature: float | str
) -> tuple[float, float] | None:
    """Return the temperature for held-out logits, and the log loss with it; None if there are too few."""
    seen_N = np.isfinite(logits_NC[np.arange(len(codes)), codes])
    if seen_N.sum() < 2:
        return None
    weight_N = np.ones(len(codes)) if weight is None else np.asarray(weight, np.float64)
    kept_NC = np.where(np.isfinite(logits_NC[seen_N]), logits_NC[seen_N], _NEVER)
    truth, weight_N = codes[seen_N], weight_N[seen_N]
    t = fit_temperature(kept_NC, truth, weight_N) if temperature == "auto" else float(temperature)
    proba = softmax(kept_NC / t)[np.arange(len(truth)), truth]
    return float(t), float(-(weight_N * np.log(np.maximum(proba, 1e-12))).sum())


def telling_columns(X: Floats) -> Indices:
    """Return the columns that trees can use: neither constant, nor rising with the kept one before them.

    A tree that may split on a column gains nothing from a second one that never falls where the first
    rises, as the ramps of an encoded number do beside the number itself. Takes O(N log N) a column.

    Examples
    --------
    >>> x = np.array([0.0, 3.0, 1.0, 2.0])
    >>> telling_columns(np.stack([x, np.minimum(x, 1), np.ones(4), -x, x % 2], axis=1))
    array([0, 3, 4])
    """
    kept: list[int] = []
    order = np.arange(len(X))
    for column, values in enumerate(np.asarray(X).T):
        if values.min() == values.max():
            continue
        if kept and (np.diff(values[order]) >= 0).all():
            before = X[order, kept[-1]]
            tied = before[1:] == before[:-1]
            if (values[order][1:][tied] == values[order][:-1][tied]).all():
                continue
        kept.append(column)
        order = np.argsort(values, kind="stable")
    return np.array(kept or [0], np.intp)
