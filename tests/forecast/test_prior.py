"""The prior finds again how gaps and rates were spread over made-up tasks."""

from __future__ import annotations

import numpy as np
import pytest

from asklearn.forecast.curves import Curves
from asklearn.forecast.prior import BROAD, Prior, Window, agreement, fit_prior, task_features

RATIOS = 2.0 ** np.arange(-2, 4)


def tasks(prior: Prior, count: int, rng: np.random.Generator, noise: float = 0.003) -> list[Window]:
    found = []
    for _ in range(count):
        labels, classes = int(rng.integers(50, 800)), int(rng.integers(2, 30))
        score = rng.uniform(0.3 if classes > 2 else 0.6, 0.9, 1)
        curve = prior.draw(score, labels, classes, rng)
        score_R = np.array([curve.at(ratio)[0] for ratio in RATIOS]) + noise * rng.standard_normal(
            len(RATIOS)
        )
        found.append(Window(labels, classes, RATIOS, score_R, np.full(len(RATIOS), noise)))
    return found


def test_it_is_found_again_from_finished_curves() -> None:
    rng = np.random.default_rng(0)
    truth = Prior(
        np.array([[-0.8, -0.6], [0.0, 0.3], [-0.5, 0.0]]), np.diag([0.3, 0.1]), np.array([1.0, 0.0, 0.0])
    )
    windows = tasks(truth, 150, rng)
    found = fit_prior(windows, *agreement(windows, rng))
    score_S = np.full(4000, 0.7)
    # what both say of twice and eight times the labels, in points of accuracy
    for labels, classes in ((100, 2), (400, 10)):
        ours, theirs = (
            one.draw(score_S, labels, classes, np.random.default_rng(1)) for one in (found, truth)
        )
        for ratio in (2.0, 8.0):
            quantiles = [np.quantile(curves.at(ratio), [0.1, 0.5, 0.9]) for curves in (ours, theirs)]
            np.testing.assert_allclose(*quantiles, atol=0.02)


def test_weights_are_what_repeated_windows_are() -> None:
    rng = np.random.default_rng(2)
    windows = tasks(BROAD, 6, rng)
    base, log_KS = agreement(windows, rng)
    twice = [*windows, windows[0]]
    weighted = [Window(w.labels, w.classes, w.ratio_R, w.score_R, w.noise_R, 2.0 if k == 0 else 1.0)
                for k, w in enumerate(windows)]  # fmt: skip
    one = fit_prior(twice, base, log_KS[[*range(6), 0]])
    other = fit_prior(weighted, base, log_KS)
    np.testing.assert_allclose(one.coef_F2, other.coef_F2, atol=1e-8)
    np.testing.assert_allclose(one.cov_22, other.cov_22, atol=1e-8)


def test_draws_never_fall_and_never_pass_the_best_score() -> None:
    curves = BROAD.draw(np.full(500, 0.6), 100, 3, np.random.default_rng(0))
    assert isinstance(curves, Curves)
    assert np.all(curves.gap_S >= 0)
    assert np.all(curves.score_S + curves.gap_S <= 1)
    assert np.all(np.diff([curves.at(ratio) for ratio in RATIOS], axis=0) >= 0)


def test_skill_counts_from_guessing() -> None:
    coin, many = task_features(np.array([0.5]), 100, 2)[0], task_features(np.array([0.5]), 100, 20)[0]
    assert many[2] > coin[2]
    assert coin[1] > many[1]


def test_belief_is_a_density_that_trusts_confidence_for_the_most_part() -> None:
    prior = Prior(BROAD.coef_F2, BROAD.cov_22, BROAD.family_3, (-0.2, 0.4))
    score = np.linspace(0.0005, 0.9995, 1000)
    density = np.exp(prior.believed(score, 0.8))
    assert density.mean() == pytest.approx(1, abs=0.01)
    assert 0.7 < score[density.argmax()] < 0.82
    assert density[50] > 0.15  # confident and wrong is possible
