"""Platt scaling (Platt 1999): a logistic curve for each class against the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from asklearn.types import Floats, Indices

_STEPS = 50
_WIDEST = 12.0


@dataclass(frozen=True, slots=True)
class Platt:
    """Calibrated probabilities ``sigmoid(slope * logit(p) + intercept)`` of each class, rows summing to one.

    Examples
    --------
    >>> import numpy as np
    >>> Platt(np.array([0.5, 0.5]), np.zeros(2))(np.array([[0.9, 0.1]])).round(2)
    array([[0.75, 0.25]])
    """

    slope_C: Floats
    intercept_C: Floats

    def __call__(self, proba_NC: Floats) -> Floats:
        """Return the calibrated probabilities, shape (N, C)."""
        told_NC = _sigmoid(_logit(proba_NC) * self.slope_C + self.intercept_C)
        return np.asarray(told_NC / told_NC.sum(1, keepdims=True))


def fit_platt(
    proba_NC: Floats, truth_N: Indices, weight_N: Floats | None = None, prior_sd: float = 0.7
) -> Platt:
    """Fit a slope and an intercept for each class against the rest.

    Parameters
    ----------
    proba_NC : ndarray of shape (N, C)
        Predictions for items that the model did not train on.
    truth_N : ndarray of int, shape (N,)
        Column of the true class.
    weight_N : ndarray of shape (N,), optional
        Weight of each item.
    prior_sd : float
        Standard deviation of a normal prior on slope and intercept around one and zero, so that a class of
        few labels keeps its probability.

    Returns
    -------
    Platt
        With two classes, exactly one logistic curve.

    Notes
    -----
    Targets are Platt's, (n + 1) / (n + 2) and 1 / (n + 2) instead of 1 and 0. Newton's method for all classes
    at once, O(N C) a step.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> p = rng.uniform(0.05, 0.95, size=4000)
    >>> truth = (rng.random(4000) < p).astype(int)
    >>> sure = p**2 / (p**2 + (1 - p) ** 2)
    >>> float(fit_platt(np.stack([1 - sure, sure], axis=1), truth).slope_C[1].round(1))
    0.5
    """
    N, C = proba_NC.shape
    slope_C, intercept_C = np.ones(C), np.zeros(C)
    if N == 0:
        return Platt(slope_C, intercept_C)
    z_NC = _logit(proba_NC)
    w_N1 = (np.ones(N) if weight_N is None else np.asarray(weight_N, np.float64))[:, None]
    target_NC = _targets(np.eye(C)[truth_N], w_N1)
    ridge = prior_sd**-2
    for _ in range(_STEPS):
        p_NC = _sigmoid(z_NC * slope_C + intercept_C)
        off_NC, curve_NC = w_N1 * (p_NC - target_NC), w_N1 * np.maximum(p_NC * (1 - p_NC), 1e-3)
        g_slope, g_intercept = (
            (off_NC * z_NC).sum(0) + ridge * (slope_C - 1),
            off_NC.sum(0) + ridge * intercept_C,
        )
        h_ss, h_si = (curve_NC * z_NC**2).sum(0) + ridge, (curve_NC * z_NC).sum(0)
        h_ii = curve_NC.sum(0) + ridge
        det = h_ss * h_ii - h_si**2
        down_slope = (h_ii * g_slope - h_si * g_intercept) / det
        down_intercept = (h_ss * g_intercept - h_si * g_slope) / det
        slope_C, intercept_C = slope_C - down_slope, intercept_C - down_intercept
        if max(np.abs(down_slope).max(), np.abs(down_intercept).max()) < 1e-8:
            break
    return Platt(slope_C, intercept_C)


def _targets(is_NC: Floats, w_N1: Floats) -> Floats:
    with_C, without_C = (is_NC * w_N1).sum(0), ((1 - is_NC) * w_N1).sum(0)
    return np.asarray(np.where(is_NC > 0, (with_C + 1) / (with_C + 2), 1 / (without_C + 2)))


def _logit(proba_NC: Floats) -> Floats:
    p_NC = np.asarray(proba_NC, np.float64)
    with np.errstate(divide="ignore"):
        return np.asarray(np.clip(np.log(p_NC) - np.log1p(-np.minimum(p_NC, 1.0)), -_WIDEST, _WIDEST))


def _sigmoid(z_NC: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(z_NC, -700, 700))))
