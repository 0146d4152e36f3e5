"""Training with emphasis: what helps is kept, what hurts a class is not, and the judge is blind."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.random import Generator, default_rng
from sklearn.naive_bayes import GaussianNB

from asklearn.crossfit import AuditSample
from asklearn.emphasised import emphasise, weighing
from asklearn.errors import BadInput
from asklearn.learner import ActiveLearner
from asklearn.models.sklearn import SklearnModel

N, AUDITED = 400, 150


def judged(
    weigh: Callable[[np.ndarray, list[int]], np.ndarray], seed: int, *, noise: float = 0.0
) -> tuple[bool, list[int], float]:
    """Two overlapping classes; with `noise`, labels beside the audit are wrong as often."""
    rng = default_rng(seed)
    truth = rng.integers(2, size=N)
    X = np.c_[rng.normal(size=(N, 2)) + 1.2 * truth[:, None], np.arange(N)].astype(np.float32)
    labels = np.where((rng.random(N) < noise) & (np.arange(N) >= AUDITED), 1 - truth, truth).tolist()
    model = SklearnModel(GaussianNB())
    sample = AuditSample(list(range(AUDITED)), labels[:AUDITED], [1.0] * AUDITED)

    def features(rows: np.ndarray) -> np.ndarray:
        return X[rows]

    def weighed(X: np.ndarray, told: list[int], _: Generator) -> np.ndarray:
        return weigh(X[:, 2], told)

    plain = model.fresh(0).fit(X, labels)
    found = emphasise(model, features, (list(range(N)), labels), sample, weighed, rng, plain)
    assert (found.model is plain) == (not found.kept) == (not found)
    assert found.gain.n == AUDITED
    return found.kept, found.losing, found.gain.value


def test_weights_that_pass_over_wrong_labels_are_kept() -> None:
    def clean(number: np.ndarray, _: list[int]) -> np.ndarray:
        return np.where(number < AUDITED, 1.0, 1e-3)

    found = [judged(clean, seed, noise=0.4) for seed in range(10)]
    assert np.mean([kept for kept, *_ in found]) >= 0.8
    assert np.mean([gain for *_, gain in found]) > 0.02


def test_weights_that_give_up_a_class_are_not() -> None:
    def against_ones(_: np.ndarray, told: list[int]) -> np.ndarray:
        return np.where(np.array(told) == 1, 0.05, 1.0)

    found = [judged(against_ones, seed) for seed in range(10)]
    assert not any(kept for kept, *_ in found)
    assert all(losing == [1] for _, losing, _ in found)


def test_equal_weights_are_no_gain() -> None:
    kept, losing, gain = judged(lambda number, _: np.ones(len(number)), 0)
    assert (kept, losing) == (False, [])
    assert gain == pytest.approx(0)


def test_weights_are_found_without_the_labels_that_judge() -> None:
    seen: list[int] = []

    def counted(number: np.ndarray, told: list[int]) -> np.ndarray:
        seen.append(len(told))
        assert len(set(number.tolist()) & set(range(AUDITED))) in (AUDITED, AUDITED - AUDITED // 5)
        return np.ones(len(told))

    judged(counted, 0)
    assert seen == [N - AUDITED // 5] * 5


@pytest.mark.parametrize("way", ["errors", "pool"])
def test_through_a_learner_it_is_repeatable_and_leaves_it_alone(way: str) -> None:
    rng = default_rng(0)
    y = rng.integers(3, size=600)
    X = (1.5 * np.eye(3, 5)[y] + rng.normal(size=(600, 5))).astype(np.float32)
    learner = ActiveLearner(GaussianNB(), X, strategy="margin", audit=0.4, seed=0)
    batch = learner.ask(120)
    learner.tell(batch.ids, y[batch.rows])
    before = learner.evaluate()
    first, again = learner.emphasised(way), learner.emphasised(way)
    assert first.gain == again.gain
    assert -0.2 < first.gain.value < 0.2
    assert learner.evaluate() == before


def test_what_cannot_be_judged_is_refused() -> None:
    with pytest.raises(BadInput, match="one of errors, pool"):
        weighing("luck", SklearnModel(GaussianNB()), np.zeros((1, 1)))
    learner = ActiveLearner(GaussianNB(), np.arange(60.0).reshape(-1, 1), audit=0.1, seed=0)
    batch = learner.ask(30)
    learner.tell(batch.ids, [row % 2 for row in batch.rows])
    with pytest.raises(BadInput, match="20 labels of the audit"):
        learner.emphasised()
