"""How far scores rise and how fast, over tasks: the prior of a forecast, learned from finished curves.

Before its own history says otherwise, a project is taken to be one more draw from the tasks of the bank
(empirical Bayes). The asymptote's share of the room above the score, on the logit scale, and the log rate
are jointly normal around a linear function of labels for each class and of the present skill (how far the
score lies above that of guessing). The bend is uniform; the families have shares.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from asklearn.forecast.curves import FAMILIES, Curves
from asklearn.types import Floats

LEAST_BEND = 0.05
CENTRE, SPREAD = np.array([0.0, math.log(0.4)]), np.array([2.0, 1.0])
BASE, ROUNDS, RIDGE, LEAST_VARIANCE = 3000, 30, 0.1, 0.04
TRUST = 0.8


@dataclass(frozen=True, slots=True)
class Prior:
    """Normal prior of (logit share of the room, log rate).

    Attributes
    ----------
    coef_F2 : ndarray of shape (3, 2)
        For a constant, log labels for each class and logit skill; see :func:`task_features`.
    cov_22 : ndarray of shape (2, 2)
        Their covariance over tasks.
    family_3 : ndarray of shape (3,)
        Share of each of ``FAMILIES``.
    belief : (float, float)
        Mean and standard deviation of logit score less logit of the model's mean confidence.
    """

    coef_F2: Floats
    cov_22: Floats
    family_3: Floats
    belief: tuple[float, float] = (0.0, 1.0)

    def believed(self, score_S: Floats, confidence: float) -> Floats:
        """Return the log density of present scores, given the model's mean confidence.

        Mostly normal around it on the logit scale; for the rest a model's confidence says nothing.
        """
        mean = math.log(confidence / (1 - confidence)) + self.belief[0]
        off_S = (np.log(score_S / (1 - score_S)) - mean) / self.belief[1]
        scale_S = self.belief[1] * math.sqrt(2 * math.pi) * score_S * (1 - score_S)
        return np.asarray(np.log(TRUST * np.exp(-0.5 * off_S**2) / scale_S + 1 - TRUST))

    def draw(
        self, score_S: Floats, labels: int, classes: int, rng: Generator, guess: float | None = None
    ) -> Curves:
        """Draw one curve through each of the present scores, which lie in (0, 1)."""
        size = len(score_S)
        mean_S2 = task_features(score_S, labels, classes, guess) @ self.coef_F2
        share_S, rate_S = (mean_S2 + rng.multivariate_normal(np.zeros(2), self.cov_22, size)).T
        return Curves(
            score_S, (1 - score_S) / (1 + np.exp(-share_S)), np.exp(np.clip(rate_S, -8, 3)),
            rng.uniform(LEAST_BEND, 1, size), rng.choice(len(FAMILIES), size, p=self.family_3),
        )  # fmt: skip


BROAD = Prior(np.vstack([CENTRE, np.zeros((2, 2))]), np.diag(SPREAD**2), np.full(3, 1 / 3))


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of a finished curve, seen from one of its points.

    Attributes
    ----------
    labels, classes : int
        At that point.
    ratio_R, score_R : ndarray of shape (R,)
        Labels as multiples of those, one of them 1, and the scores, in [0, 1].
    noise_R : ndarray of shape (R,)
        Standard errors of the scores.
    weight : float
        What it counts for.
    guess : float, optional
        The score of whoever always says the most frequent class.
    """

    labels: int
    classes: int
    ratio_R: Floats
    score_R: Floats
    noise_R: Floats
    weight: float = 1.0
    guess: float | None = None


def task_features(score_S: Floats, labels: int, classes: int, guess: float | None = None) -> Floats:
    """Return what the prior knows a task by, shape (S, 3); without `guess` classes are taken to be equally frequent.

    Examples
    --------
    >>> task_features(np.array([0.75]), 200, 2).round(2)
    array([[ 1.  , -0.18,  0.  ]])
    """
    guess = 1 / max(classes, 2) if guess is None else guess
    skill_S = np.clip((np.asarray(score_S) - guess) / (1 - guess), 0.02, 0.98)
    each = math.log(max(labels, 1) / max(classes, 2)) - math.log(120)
    return np.stack([np.ones_like(skill_S), np.full_like(skill_S, each), np.log(skill_S / (1 - skill_S))], 1)


def agreement(windows: Sequence[Window], rng: Generator) -> tuple[Curves, Floats]:
    """Return broad draws of curves and the log likelihood of each window under each, shape (K, S)."""
    base = BROAD.draw(np.full(BASE, 0.5), 1, 2, rng)
    noise_S = rng.standard_normal(BASE)
    share_S = base.gap_S / 0.5
    log_KS = np.empty((len(windows), BASE))
    for row, one in zip(log_KS, windows, strict=True):
        present = int(np.argmin(np.abs(one.ratio_R - 1)))
        score_S = np.clip(one.score_R[present] + one.noise_R[present] * noise_S, 0.001, 0.999)
        curves = Curves(score_S, share_S * (1 - score_S), base.rate_S, base.bend_S, base.family_S)
        row[:] = 0
        for ratio, score, noise in zip(one.ratio_R, one.score_R, one.noise_R, strict=True):
            if ratio != 1:
                row -= 0.5 * ((np.clip(curves.at(ratio), 0, 1) - score) / noise) ** 2
    return base, log_KS


def fit_prior(
    windows: Sequence[Window], base: Curves, log_KS: Floats, belief: tuple[float, float] = (0.0, 1.0)
) -> Prior:
    """Fit the prior to windows of finished curves by maximum likelihood.

    Expectation maximisation over weighted draws: each window weights the broad draws by likelihood and
    prior; the weighted draws are then regressed on the features of their windows.

    Parameters
    ----------
    windows : sequence of Window
        K of them.
    base, log_KS
        From :func:`agreement`, for these windows.
    belief : (float, float)
        As :class:`Prior` keeps it.

    Notes
    -----
    O(rounds * K * S). Slopes are shrunk towards none by a ridge.
    """
    share_S = np.clip(base.gap_S / (1 - base.score_S), 1e-6, 1 - 1e-6)
    theta_S2 = np.stack([np.log(share_S / (1 - share_S)), np.log(base.rate_S)], 1)
    x_KF = np.concatenate(
        [task_features(one.score_R[np.argmin(np.abs(one.ratio_R - 1))][None], one.labels, one.classes, one.guess)
         for one in windows]
    )  # fmt: skip
    weight_K = np.array([one.weight for one in windows])
    weight_K = weight_K / weight_K.sum()
    proposal_S = -0.5 * (((theta_S2 - CENTRE) / SPREAD) ** 2).sum(1) - np.log(SPREAD).sum()
    coef_F2, cov_22, family_3 = BROAD.coef_F2, BROAD.cov_22, BROAD.family_3
    ridge_FF = RIDGE * np.diag([0.0, 1.0, 1.0])
    for _ in range(ROUNDS):
        white_22 = np.linalg.cholesky(np.linalg.inv(cov_22))
        task_K2, draw_S2 = x_KF @ coef_F2 @ white_22, theta_S2 @ white_22
        distance_KS = (task_K2**2).sum(1)[:, None] - 2 * task_K2 @ draw_S2.T + (draw_S2**2).sum(1)
        log_w_KS = log_KS - 0.5 * distance_KS - proposal_S + np.log(family_3 + 1e-9)[base.family_S]
        w_KS = np.exp(log_w_KS - log_w_KS.max(1, keepdims=True))
        w_KS *= (weight_K / w_KS.sum(1))[:, None]
        mean_K2 = w_KS @ theta_S2
        gram_FF = x_KF.T @ (x_KF * weight_K[:, None]) + ridge_FF
        coef_F2 = np.linalg.solve(gram_FF, x_KF.T @ mean_K2)
        fitted_K2 = x_KF @ coef_F2
        cross_22 = mean_K2.T @ fitted_K2
        spread_22 = (theta_S2.T * w_KS.sum(0)) @ theta_S2 + (fitted_K2.T * weight_K) @ fitted_K2
        cov_22 = spread_22 - cross_22 - cross_22.T + LEAST_VARIANCE * np.eye(2)
        family_3 = np.asarray(np.bincount(base.family_S, w_KS.sum(0), 3), np.float64)
    return Prior(coef_F2, cov_22, family_3 / family_3.sum(), belief)
