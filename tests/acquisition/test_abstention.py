"""The band of abstention against every threshold tried in turn."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from asklearn.acquisition import abstention as module
from asklearn.acquisition.abstention import Abstention
from asklearn.errors import BadInput
from asklearn.types import Candidates, Categorical

RNG = np.random.default_rng(0)


def made(seed=0, labelled=60, noise=1.0, size=200):
    rng = np.random.default_rng(seed)
    labelled_LD = rng.normal(size=(labelled, 2))
    labels_L = (labelled_LD[:, 0] + noise * rng.normal(size=labelled) > 0).astype(int)
    return Candidates(
        size, Categorical(rng.dirichlet(np.ones(2), size)), labelled_LD=labelled_LD, labels_L=labels_L
    )


def plain_band(candidates, cost):
    """Predict each item out of fold, then try every confidence as threshold; the lowest of the best."""
    X, y = candidates.labelled_LD, candidates.labels_L
    fold = [sum(1 for j in range(i) if y[j] == y[i]) % 5 for i in range(len(y))]
    sure, wrong = [0.0] * len(y), [False] * len(y)
    for held in range(5):
        rest = [i for i in range(len(y)) if fold[i] != held]
        mean, scale = X[rest].mean(axis=0), X[rest].std(axis=0)
        head = LogisticRegression(tol=1e-10, max_iter=5000).fit((X[rest] - mean) / scale, y[rest])
        for i in range(len(y)):
            if fold[i] == held:
                proba = head.predict_proba([(X[i] - mean) / scale])[0]
                sure[i], wrong[i] = proba.max(), head.classes_[proba.argmax()] != y[i]
    best, chosen = None, None
    for threshold in [0.0, *sorted(sure), np.inf]:
        errors = sum(w for s, w in zip(sure, wrong, strict=True) if s >= threshold)
        risk = errors + cost * sum(s < threshold for s in sure)
        if best is None or risk < best - 1e-9:
            best, chosen = risk, threshold
    return [min(0.0, chosen - p.max()) for p in candidates.posterior.proba_NC]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("cost", [0.1, 0.2, 0.4])
def test_equals_every_threshold_tried(seed, cost):
    candidates = made(seed)
    np.testing.assert_allclose(Abstention(cost)(candidates, RNG), plain_band(candidates, cost), atol=1e-4)


def test_without_errors_it_is_least_confidence():
    rng = np.random.default_rng(0)
    codes_L = np.arange(40) % 2
    candidates = made()
    clean = Candidates(
        200, candidates.posterior, labels_L=codes_L,
        labelled_LD=(9 * codes_L + 0.1 * rng.normal(size=40))[:, None],
    )  # fmt: skip
    np.testing.assert_allclose(Abstention()(clean, RNG), -candidates.posterior.proba_NC.max(axis=1))


def test_pure_noise_puts_everything_in_the_band():
    assert (Abstention(0.1)(made(noise=50.0, labelled=200), RNG) == 0).all()


def test_certainty_never_outranks_ignorance():
    proba_NC = np.linspace([0.5, 0.5], [0.0, 1.0], 30)
    candidates = made(noise=0.5)
    known = Candidates(
        30, Categorical(proba_NC), labelled_LD=candidates.labelled_LD, labels_L=candidates.labels_L
    )
    assert (np.diff(Abstention()(known, RNG)) <= 0).all()


@pytest.mark.parametrize("codes", [[], [-1, -1], [0, 0, 0, 0, 0, 0], [0, 1]])
def test_too_few_answers_for_folds_score_0(codes):
    known = Candidates(
        3, Categorical(np.full((3, 2), 0.5)), labelled_LD=np.ones((len(codes), 1)),
        labels_L=np.array(codes, np.int64),
    )  # fmt: skip
    assert Abstention()(known, RNG).tolist() == [0, 0, 0]


def test_many_labels_are_sampled_by_the_generator(monkeypatch):
    monkeypatch.setattr(module, "SAMPLE", 30)
    candidates = made(labelled=200)
    one, again = (Abstention()(candidates, np.random.default_rng(0)) for _ in range(2))
    np.testing.assert_array_equal(one, again)


@pytest.mark.parametrize("cost", [0, 0.5, 2])
def test_a_cost_that_cannot_be_is_refused(cost):
    with pytest.raises(BadInput, match=r"cost must be above 0 and below 0\.5"):
        Abstention(cost)


ORACLES = {"abstention": "test_equals_every_threshold_tried"}
