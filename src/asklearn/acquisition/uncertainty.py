"""Scores from one predictive distribution per candidate: how unsure is the model?"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from asklearn.acquisition.base import acquisition, by_blocks
from asklearn.types import Candidates, Floats

FEW_CLASSES = 32


@acquisition("random", why="drawn at random")
def random(candidates: Candidates, rng: Generator) -> Floats:
    """Score every candidate by chance: the baseline that any other score must beat.

    Returns
    -------
    ndarray of shape (N,), float32
        Uniform in [0, 1).

    Examples
    --------
    >>> random(Candidates(2), np.random.default_rng(0)).round(3)
    array([0.851, 0.637], dtype=float32)
    """
    return rng.random(candidates.size, dtype=np.float32)


@acquisition("least_confidence", needs={"proba"}, why="the model is not confident in its best guess")
def least_confidence(candidates: Candidates, rng: Generator) -> Floats:
    """Score by the probability that the likeliest class is wrong, ``1 - max p``.

    Returns
    -------
    ndarray of shape (N,)
        From 0 (certain) to ``1 - 1 / C``.

    References
    ----------
    Lewis and Gale (1994), A sequential algorithm for training text classifiers.

    Examples
    --------
    >>> from asklearn.types import Categorical
    >>> proba_NC = np.array([[0.75, 0.25, 0.0], [0.5, 0.25, 0.25]])
    >>> least_confidence(Candidates(2, Categorical(proba_NC)), np.random.default_rng(0))
    array([0.25, 0.5 ])
    """
    return by_blocks(lambda block_NC: 1 - _highest(block_NC), _proba(candidates))


@acquisition("margin", needs={"proba"}, why="the model hesitates between two classes")
def margin(candidates: Candidates, rng: Generator) -> Floats:
    """Score by how close the two likeliest classes are, ``-(p1 - p2)``.

    Returns
    -------
    ndarray of shape (N,)
        From -1 (certain; also if there is but one class) to 0 (a tie).

    References
    ----------
    Scheffer, Decomain and Wrobel (2001), Active hidden Markov models for information extraction.
    Bahri et al. (2022), Is margin all you need?

    Examples
    --------
    >>> from asklearn.types import Categorical
    >>> proba_NC = np.array([[0.75, 0.25, 0.0], [0.375, 0.375, 0.25]])
    >>> margin(Candidates(2, Categorical(proba_NC)), np.random.default_rng(0))
    array([-0.5,  0. ])
    """
    return by_blocks(_minus_margin, _proba(candidates))


@acquisition("entropy", needs={"proba"}, why="the model spreads its belief over many classes")
def entropy(candidates: Candidates, rng: Generator) -> Floats:
    """Score by the Shannon entropy of the predictive distribution, in nats.

    Returns
    -------
    ndarray of shape (N,)
        From 0 (certain) to ``log C`` (uniform).

    References
    ----------
    Shannon (1948), A mathematical theory of communication. With many classes it tends to do worse than
    asking at random: Schröder et al. (2022), Revisiting uncertainty-based query strategies.

    Examples
    --------
    >>> from asklearn.types import Categorical
    >>> proba_NC = np.array([[0.5, 0.5], [1.0, 0.0]])
    >>> entropy(Candidates(2, Categorical(proba_NC)), np.random.default_rng(0)).round(4)
    array([0.6931, 0.    ])
    """
    return by_blocks(entropy_of, _proba(candidates))


def entropy_of(proba: Floats) -> Floats:
    """Return the entropy in nats along the last axis; a probability of 0 contributes 0.

    Examples
    --------
    >>> float(entropy_of(np.array([0.5, 0.25, 0.25])))
    1.0397207708399179
    """
    logs = np.maximum(proba, np.finfo(proba.dtype).tiny)
    np.log(logs, out=logs)
    nats: Floats = np.maximum(-np.einsum("...c,...c->...", proba, logs), 0)
    return nats


def _proba(candidates: Candidates) -> Floats:
    assert candidates.posterior is not None
    return candidates.posterior.proba_NC


def _highest(block_NC: Floats) -> Floats:
    if block_NC.shape[1] > FEW_CLASSES:
        return np.max(block_NC, axis=1)  # type: ignore[no-any-return]
    highest: Floats = block_NC[:, 0].copy()
    for column in block_NC.T[1:]:
        np.maximum(highest, column, out=highest)
    return highest


def _minus_margin(block_NC: Floats) -> Floats:
    classes = block_NC.shape[1]
    if classes == 1:
        return np.full(len(block_NC), -1, block_NC.dtype)
    if classes > FEW_CLASSES:
        top: Floats = np.partition(block_NC, classes - 2, axis=1)
        return top[:, -2] - top[:, -1]
    highest: Floats = np.maximum(block_NC[:, 0], block_NC[:, 1])
    second: Floats = np.minimum(block_NC[:, 0], block_NC[:, 1])
    for column in block_NC.T[2:]:
        np.maximum(second, np.minimum(highest, column), out=second)
        np.maximum(highest, column, out=highest)
    return second - highest
