"""BAIT against matrices inverted anew for every candidate and every step."""

import numpy as np
import pytest

from asklearn.errors import BadInput
from asklearn.selection import bait as module
from asklearn.selection.bait import Bait
from asklearn.types import Candidates, Categorical

RNG = np.random.default_rng(0)


def fisher(p, phi, kind):
    if kind == "binary":
        return max(p) * (1 - max(p)) * np.outer(phi, phi)
    return np.kron(np.diag(p) - np.outer(p, p), np.outer(phi, phi))


def there_and_back(proba, phi, known_proba, known_phi, n, kind, strength, oversample=2):
    each = [fisher(p, x, kind) for p, x in zip(proba, phi, strict=True)]
    base = strength * np.eye(len(each[0]))
    for p, x in zip(known_proba, known_phi, strict=True):
        base = base + fisher(p, x, kind)
    mean = sum(each) / len(each)

    def trace(batch):
        return np.trace(np.linalg.inv(base + sum(each[i] for i in batch)) @ mean)

    picks = []
    while len(picks) < min(len(each), oversample * n):
        rest = [i for i in range(len(each)) if i not in picks]
        picks.append(min(rest, key=lambda i: trace([*picks, i])))
    while len(picks) > n:
        picks.remove(min(picks, key=lambda i: trace([j for j in picks if j != i])))
    return picks


def made_up(seed, size=14, classes=3, dims=3, labelled=4, dtype=np.float64):
    rng = np.random.default_rng(seed)
    phi = rng.normal(size=(size + labelled, dims)) * [2.0, 1.0, 0.3][:dims]
    proba = rng.dirichlet(np.full(classes, 0.8), size + labelled)
    return proba.astype(dtype), phi.astype(dtype)


def candidates(proba, phi, size):
    return Candidates(
        size,
        Categorical(proba[:size]),
        phi[:size],
        phi[size:],
        predict=lambda features_MD: Categorical(proba[size:]),
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("oversample", [1, 2, 3])
@pytest.mark.parametrize("kind", ["binary", "exact"])
@pytest.mark.parametrize("seed", range(4))
def test_picks_are_those_of_inverting_anew(monkeypatch, seed, kind, oversample, dtype):
    monkeypatch.setattr(module, "CHUNK", 5)
    proba, phi = made_up(seed, dtype=dtype)
    scale = np.sqrt((phi[:14].astype(float) ** 2).sum(axis=1).mean())
    expected = there_and_back(
        proba[:14], phi[:14] / scale, proba[14:], phi[14:] / scale, 4, kind, 0.3, oversample
    )
    bait = Bait(kind, strength=0.3, oversample=oversample)
    assert bait(candidates(proba, phi, 14), 4, RNG).tolist() == expected


def test_the_way_back_matters_and_helps():
    better, worse = 0, 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        phi, proba = rng.normal(size=(40, 6)), rng.dirichlet(np.ones(3), 40)
        known = Candidates(40, Categorical(proba), phi, predict=lambda features_MD: None)
        traces = []
        for oversample in (1, 2):
            bait = Bait(strength=0.001, oversample=oversample)
            trace = bait._trace(known)
            for pick in bait(known, 8, RNG):
                trace.move(pick, 1)
            traces.append(np.trace(trace.inverse_DD @ trace.mean_DD))
        better += traces[1] < traces[0] - 1e-9
        worse += traces[1] > traces[0] + 1e-9
    assert better > worse


@pytest.mark.parametrize("seed", range(4))
def test_of_two_classes_exact_is_binary_with_half_the_prior(seed):
    proba, phi = made_up(seed, classes=2)
    known = candidates(proba, phi, 14)
    exact = Bait("exact", strength=1.0)(known, 5, RNG)
    assert exact.tolist() == Bait("binary", strength=0.5)(known, 5, RNG).tolist()


def test_following_by_rank_one_is_computing_anew(monkeypatch):
    rng = np.random.default_rng(0)
    phi = rng.normal(size=(400, 8)).astype(np.float32)
    proba = rng.dirichlet(np.ones(4), 400).astype(np.float32)
    known = Candidates(400, Categorical(proba), phi, predict=lambda features_MD: None)
    trace = Bait()._trace(known)
    for row in range(60):
        trace.move(row, 1)
    for row in range(20):
        trace.move(row, -1)
    followed = trace.change(1)
    trace._renew()
    np.testing.assert_allclose(followed, trace.change(1), rtol=1e-3)
    monkeypatch.setattr(module, "RENEW", 1)
    anew = Bait()(known, 20, np.random.default_rng(0))
    monkeypatch.setattr(module, "RENEW", 10_000)
    assert set(Bait()(known, 20, np.random.default_rng(0)).tolist()) == set(anew.tolist())


def test_by_hand():
    """On a line, features 2 and 1 and 1, all undecided: w = 1/4, and squares scaled to a mean of 1."""
    line = np.array([[2.0], [1.0], [1.0]])
    known = Candidates(3, Categorical(np.full((3, 2), 0.5)), line, predict=lambda features_MD: None)
    trace = Bait(strength=1.0)._trace(known)
    mean = 0.25
    assert trace.change(1) == pytest.approx(
        [mean - mean / 1.5, *[mean - mean / 1.125] * 2]
    )  # 4 and 1 over 2, times 1/4
    trace.move(0, 1)
    assert trace.change(-1)[0] == pytest.approx(mean - mean / 1.5)
    assert Bait()(known, 1, RNG).tolist() == [0]


def test_the_certain_come_last():
    rng = np.random.default_rng(0)
    unsure = rng.permutation(40) < 10
    proba = np.where(unsure[:, None], [0.5, 0.5], [1.0, 0.0])
    known = Candidates(40, Categorical(proba), rng.normal(size=(40, 4)), predict=lambda features_MD: None)
    for kind in ("binary", "exact"):
        assert unsure[Bait(kind)(known, 10, RNG)].all()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"fisher": "full"}, "fisher must be 'binary' or 'exact'"),
        ({"strength": 0.0}, "strength must be a number above 0"),
        ({"oversample": 0.5}, "oversample must be 1 or more"),
    ],
)
def test_options_must_be_sound(options, said):
    with pytest.raises(BadInput, match=said):
        Bait(**options)


def test_exact_is_for_few_weights():
    known = Candidates(
        3, Categorical(np.full((3, 30), 1 / 30)), np.ones((3, 100)), predict=lambda features_MD: None
    )
    with pytest.raises(BadInput, match="takes 2000 weights at most"):
        Bait("exact")(known, 1, RNG)


def test_bad_features_are_named():
    known = Candidates(
        2, Categorical(np.full((2, 2), 0.5)), np.array([[1.0], [np.nan]]), predict=lambda features_MD: None
    )
    with pytest.raises(BadInput, match="Row 1 is not"):
        Bait()(known, 1, RNG)
