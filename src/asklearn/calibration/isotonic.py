"""Isotonic calibration (Zadrozny & Elkan 2002): any curve that never falls, for each class against the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from asklearn.types import Floats, Indices

MIN_PER_CLASS = 10
"""Labels that a class needs for a curve of its own; classes with fewer share one."""


@dataclass(frozen=True, slots=True)
class Isotonic:
    """Calibrated probabilities by a curve for each class, rows summing to one.

    Attributes
    ----------
    curves : list of (ndarray, ndarray)
        Knots of each class: probabilities as said, ascending, and as they should be; straight in between.
    """

    curves: list[tuple[Floats, Floats]]

    def __call__(self, proba_NC: Floats) -> Floats:
        """Return the calibrated probabilities, shape (N, C)."""
        columns = [
            np.interp(p_N, *curve) for p_N, curve in zip(np.asarray(proba_NC).T, self.curves, strict=True)
        ]
        told_NC = np.stack(columns, axis=1)
        return np.asarray(told_NC / told_NC.sum(1, keepdims=True))


def fit_isotonic(proba_NC: Floats, truth_N: Indices, weight_N: Floats | None = None) -> Isotonic:
    """Fit a curve for each class against the rest, by scikit-learn's isotonic regression.

    Parameters
    ----------
    proba_NC : ndarray of shape (N, C)
        Predictions for items that the model did not train on.
    truth_N : ndarray of int, shape (N,)
        Column of the true class.
    weight_N : ndarray of shape (N,), optional
        Weight of each item.

    Returns
    -------
    Isotonic
        Classes with fewer than ten labels share one curve, fitted to all of them. No probability becomes
        zero or one: the curves end at 1 / (n + 2) and (n + 1) / (n + 2).

    Notes
    -----
    Needs many more labels than a temperature: below about 1,000, curves follow noise (Niculescu-Mizil and
    Caruana 2005). O(C N log N).

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> p = rng.uniform(size=20000)
    >>> truth = (rng.random(20000) < p**2).astype(int)
    >>> calibrate = fit_isotonic(np.stack([1 - p, p], axis=1), truth)
    >>> float(calibrate(np.array([[0.5, 0.5]]))[0, 1].round(1))
    0.2
    """
    N, C = proba_NC.shape
    straight = np.array([0.0, 1.0]), np.array([0.0, 1.0])
    if N == 0:
        return Isotonic([straight] * C)
    is_NC = np.eye(C)[truth_N]
    w_N = np.ones(N) if weight_N is None else np.asarray(weight_N, np.float64)
    few = np.flatnonzero(is_NC.sum(0) < MIN_PER_CLASS)
    shared = _curve(proba_NC[:, few], is_NC[:, few], w_N) if len(few) else straight
    return Isotonic([shared if c in few else _curve(proba_NC[:, [c]], is_NC[:, [c]], w_N) for c in range(C)])


def _curve(said_NF: Floats, is_NF: Floats, w_N: Floats) -> tuple[Floats, Floats]:
    from sklearn.isotonic import IsotonicRegression

    least = 1 / (len(w_N) + 2)
    fitted = IsotonicRegression(y_min=least, y_max=1 - least, out_of_bounds="clip")
    fitted.fit(np.ravel(said_NF), np.ravel(is_NF), np.repeat(w_N, said_NF.shape[1]))
    return np.asarray(fitted.X_thresholds_, np.float64), np.asarray(fitted.y_thresholds_, np.float64)
