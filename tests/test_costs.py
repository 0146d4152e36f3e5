"""Costs from annotation times: left-out errors by leaving out, robust to breaks, shrunk where blind."""

import numpy as np
import pytest

from asklearn import costs as module
from asklearn.costs import fit_costs
from asklearn.errors import BadInput


def timed(seed=0, size=300, dims=5, noise=0.3):
    rng = np.random.default_rng(seed)
    features_LD = rng.normal(size=(size, dims))
    logs_L = 2 + 0.8 * features_LD[:, 0] - 0.4 * features_LD[:, 1] + noise * rng.normal(size=size)
    return features_LD, np.exp(logs_L)


def test_times_that_depend_on_features_are_foretold():
    features_LD, seconds_L = timed()
    further_LD, truth_L = timed(1)
    found = fit_costs(features_LD, seconds_L)(further_LD)
    assert np.corrcoef(np.log(found), np.log(truth_L))[0, 1] > 0.9
    assert found.dtype == np.float32


def test_times_that_do_not_are_about_their_median():
    features_LD, _ = timed()
    seconds_L = np.random.default_rng(2).lognormal(2, 1, 300)
    found = fit_costs(features_LD, seconds_L)(timed(1)[0])
    np.testing.assert_allclose(found, np.median(seconds_L), rtol=0.25)


def test_a_few_breaks_change_little(monkeypatch):
    features_LD, seconds_L = timed()
    broken_L = seconds_L.copy()
    broken_L[::20] = 3600
    further_LD, _ = timed(1)
    clean, broken = (fit_costs(features_LD, times)(further_LD) for times in (seconds_L, broken_L))
    assert np.median(np.abs(np.log(clean / broken))) < 0.25
    assert broken.max() < 200
    monkeypatch.setattr(module, "OUTLIER", 1e9)
    assert np.median(np.abs(np.log(clean / fit_costs(features_LD, broken_L)(further_LD)))) > 0.25


@pytest.mark.parametrize("noise", [0.3, 3.0])
def test_strength_and_shrinkage_are_the_best_left_out(noise):
    """The closed form against fits that really leave each one out."""
    features_LD, seconds_L = timed(size=25, noise=noise)
    logs_L = np.log(seconds_L) - np.median(np.log(seconds_L))
    inputs_LD = (features_LD - features_LD.mean(axis=0)) / features_LD.std(axis=0)
    best = None
    for strength in module.STRENGTHS:
        left_out = []
        for i in range(25):
            rest = np.arange(25) != i
            augmented = np.hstack([inputs_LD, np.ones((25, 1))])
            penalty = np.diag([strength] * 5 + [0.0])
            weights = np.linalg.solve(
                augmented[rest].T @ augmented[rest] + penalty, augmented[rest].T @ logs_L[rest]
            )
            left_out.append(augmented[i] @ weights)
        left_out = np.array(left_out)
        shrink = min(1, max(0, left_out @ logs_L / (left_out @ left_out)))
        error = ((logs_L - shrink * left_out) ** 2).sum()
        if best is None or error < best[0]:
            full = np.linalg.solve(augmented.T @ augmented + penalty, augmented.T @ logs_L)
            best = error, shrink * full[:-1], shrink * full[-1]
    weights_D, constant = module._ridge(inputs_LD, logs_L)
    np.testing.assert_allclose(weights_D, best[1], atol=1e-8)
    np.testing.assert_allclose(constant, best[2], atol=1e-8)


def test_never_beyond_what_was_seen():
    features_LD, seconds_L = timed()
    found = fit_costs(features_LD, seconds_L)(100 * timed(1)[0])
    assert seconds_L.min() * 0.99 <= found.min()
    assert found.max() <= seconds_L.max() * 1.01


def test_few_times_give_their_median_and_none_give_1():
    line = np.arange(9.0)[:, None]
    assert fit_costs(line, np.arange(1.0, 10.0))(line[:2]).tolist() == [5, 5]
    assert fit_costs(line[:0], np.empty(0))(line[:2]).tolist() == [1, 1]
    assert fit_costs(np.ones((20, 1)), np.full(20, 3.0))(line[:1]).round(5).tolist() == [3]


def test_constant_features_and_more_features_than_times():
    _, seconds_L = timed(size=30)
    for features_LD in (np.ones((30, 4)), np.random.default_rng(0).normal(size=(30, 200))):
        assert np.isfinite(fit_costs(features_LD, seconds_L)(features_LD)).all()


def test_a_click_by_accident_costs_something():
    assert fit_costs(np.ones((3, 1)), np.zeros(3))(np.ones((1, 1)))[0] > 0


def test_of_many_times_some_are_looked_at(monkeypatch):
    monkeypatch.setattr(module, "MOST", 11)
    line, seconds_L = np.arange(101.0)[:, None], np.exp(np.arange(101.0) / 30)
    seconds_L[np.arange(101) % 10 > 0] = 1e5
    np.testing.assert_allclose(fit_costs(line, seconds_L)(line[[0, 100]]), seconds_L[[0, 100]], rtol=0.2)


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_a_time_that_is_none_is_refused(bad):
    with pytest.raises(BadInput, match="numbers of seconds from 0 up"):
        fit_costs(np.ones((2, 1)), np.array([1.0, bad]))
    with pytest.raises(BadInput, match="one time for each of 2 items"):
        fit_costs(np.ones((2, 1)), np.ones(3))
