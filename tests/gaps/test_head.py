"""The error head tells likely mistakes from unlikely ones."""

from __future__ import annotations

import numpy as np

from asklearn.gaps.head import error_head


def made(size: int, seed: int):
    """Items whose chance of a mistake follows their confidence, but for one region where it is higher."""
    rng = np.random.default_rng(seed)
    first, features = rng.uniform(0.4, 1.0, size), rng.normal(size=(size, 6))
    proba = np.stack([first, (1 - first) * 0.7, (1 - first) * 0.3], 1)
    chance = np.where(features[:, 2] > 1, 0.8, 1 - first)
    return proba, features, chance, rng.random(size) < chance


def test_it_is_near_the_true_chance_and_better_than_confidence_alone() -> None:
    proba, features, _, wrong = made(1500, 0)
    other, others, chance, _ = made(3000, 1)
    said = error_head(proba, features, wrong)(other, others)
    naive = 1 - other.max(1)
    assert ((said - chance) ** 2).mean() < 0.6 * ((naive - chance) ** 2).mean()
    assert abs(said.mean() - chance.mean()) < 0.03


def test_mistakes_of_picked_items_do_not_raise_what_is_said_of_the_pool() -> None:
    proba, features, chance, wrong = made(2000, 0)
    drawn = np.arange(2000) % 4 == 0
    wrong = wrong | (~drawn & (np.random.default_rng(2).random(2000) < 0.4))
    said = error_head(proba, features, wrong, random_L=drawn)(proba, features)
    blind = error_head(proba, features, wrong)(proba, features)
    assert abs(said.mean() - chance.mean()) < 0.05 < blind.mean() - chance.mean()


def test_with_hardly_a_mistake_it_is_the_models_own_doubt() -> None:
    proba = np.array([[0.9, 0.1], [0.4, 0.6]])
    head = error_head(proba, np.zeros((2, 1)), np.array([False, True]))
    np.testing.assert_allclose(head(proba, np.zeros((2, 1))), [0.1, 0.4])
