"""Small classification problems that ask a strategy for what it lacks; made by code, fresh for each seed.

Each trap is a pool of 2,000 items (500 classes: 5,000) and a test set of as many, drawn from one
distribution. Test labels are never noisy: noise is what annotators do. Planar problems come as random Fourier
features (Rahimi and Recht 2007), so that a linear model can learn them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator, default_rng

from asklearn.dataset import Dataset

POOL = 2_000
Drawn = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Features, true classes, and classes as annotators tell them."""


def trap(name: str, seed: int) -> Dataset:
    """Return a trap as a data set.

    Examples
    --------
    >>> trap("imbalance", 0).X_pool.shape
    (2000, 16)
    """
    rng = default_rng([seed, *name.encode()])
    X, truth, told = TRAPS[name](rng)
    order = rng.permutation(len(X))
    pool, test = np.array_split(order, 2)
    return Dataset(
        name=name, encoder="none", X_pool=X[pool].astype(np.float32), y_pool=told[pool].tolist(),
        X_test=X[test].astype(np.float32), y_test=truth[test].tolist(), ids=np.arange(len(pool)),
    )  # fmt: skip


def checkerboard(rng: Generator) -> Drawn:
    """Four by four squares of two classes: what is uncertain lies everywhere, so few labels mislead."""
    plane = rng.random((2 * POOL, 2))
    truth = (np.floor(4 * plane).sum(axis=1) % 2).astype(int)
    return _fourier(plane, 0.15, 200, rng), truth, truth


def banana(rng: Generator) -> Drawn:
    """Two bent clouds that overlap: the boundary is where labels are worth least."""
    truth = rng.integers(2, size=2 * POOL)
    angle = np.pi * rng.random(2 * POOL)
    plane = np.stack([np.cos(angle) + truth * (1 - 2 * np.cos(angle)), np.sin(angle)], axis=1)
    plane[:, 1] = np.where(truth == 1, 0.5 - plane[:, 1], plane[:, 1])
    return _fourier(plane + rng.normal(0, 0.25, plane.shape), 0.6, 100, rng), truth, truth


def imbalance(rng: Generator) -> Drawn:
    """One item in a hundred is of the rare class, which overlaps with the frequent one a little."""
    truth = (rng.random(2 * POOL) < 0.01).astype(int)
    return _clouds(truth, 16, 3.5, rng), truth, truth


def noise(rng: Generator) -> Drawn:
    """Five classes; one told label in five is wrong, whichever the item."""
    truth = rng.integers(5, size=2 * POOL)
    wrong = rng.random(2 * POOL) < 0.2
    told = np.where(wrong, (truth + rng.integers(1, 5, size=2 * POOL)) % 5, truth)
    return _clouds(truth, 16, 3.0, rng), truth, told


def duplicates(rng: Generator) -> Drawn:
    """Four items in five are near copies of forty, most of which lie between two classes."""
    truth = rng.integers(5, size=2 * POOL)
    X = _clouds(truth, 16, 2.5, rng)
    copies = np.flatnonzero(rng.random(2 * POOL) < 0.8)
    first = rng.choice(2 * POOL, 40, replace=False)
    source = first[rng.integers(40, size=len(copies))]
    X[copies] = X[source] + rng.normal(0, 0.01, (len(copies), X.shape[1]))
    truth[copies] = truth[source]
    return X, truth, truth


def hidden(rng: Generator) -> Drawn:
    """A class of 3% lies in a far cluster, on the side where a model is sure of another class."""
    truth = rng.choice(4, 2 * POOL, p=[0.33, 0.32, 0.32, 0.03])
    X = _clouds(np.minimum(truth, 2), 16, 3.0, rng)
    X[truth == 3] *= 0.3
    X[truth == 3] += 3 * X[truth == 0].mean(axis=0)
    return X, truth, truth


def honeypot(rng: Generator) -> Drawn:
    """A cluster of pure noise, a fifth of the pool, draws whoever asks what is uncertain (CDALBench)."""
    truth = rng.integers(2, size=2 * POOL)
    plane = rng.normal(0, 0.5, (2 * POOL, 2)) + np.stack([2.0 * truth - 1, np.zeros(2 * POOL)], axis=1)
    pot = rng.random(2 * POOL) < 0.2
    plane[pot] = np.array([0, 3]) + rng.normal(0, 0.3, (pot.sum(), 2))
    return _fourier(plane, 0.8, 100, rng), truth, truth


def many_classes(rng: Generator) -> Drawn:
    """Five hundred classes, ten items each in the pool on average, a few of them four times as frequent."""
    share = np.where(np.arange(500) < 50, 4.0, 1.0)
    truth = rng.choice(500, 5 * POOL, p=share / share.sum())
    return _clouds(truth, 16, 6.0, rng), truth, truth


TRAPS: dict[str, Callable[[Generator], Drawn]] = {
    one.__name__: one
    for one in (checkerboard, banana, imbalance, noise, duplicates, hidden, honeypot, many_classes)
}


def _clouds(truth: np.ndarray, dims: int, apart: float, rng: Generator) -> np.ndarray:
    """Return points about a random middle for each class, `apart` standard deviations from each other."""
    middles = rng.normal(size=(truth.max() + 1, dims))
    middles *= apart / np.sqrt(2 * dims)
    return middles[truth] + rng.normal(size=(len(truth), dims))


def _fourier(plane: np.ndarray, scale: float, dims: int, rng: Generator) -> np.ndarray:
    waves = rng.normal(size=(plane.shape[1], dims)) / scale
    return np.sqrt(2 / dims) * np.cos(plane @ waves + 2 * np.pi * rng.random(dims))
