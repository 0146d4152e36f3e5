"""Scores from one predictive distribution per candidate: how unsure is the model?"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from asklearn.acquisition.base import acquisition, by_blocks
from asklearn.types import Candidates, Floats

FEW_CLASSES = 64  # up to here a column at a time is faster than a row at a time


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
    with np.errstate(divide="ignore", invalid="ignore"):
        return by_blocks(_nats, _proba(candidates), by_logs=True)


def entropy_of(proba: Floats) -> Floats:
    """Return the entropy in nats along the last axis; a probability of 0 contributes 0.

    Examples
    --------
    >>> float(entropy_of(np.array([0.5, 0.25, 0.25])))
    1.0397207708399179
    """
    return _nats(np.maximum(proba, np.finfo(proba.dtype).tiny))


def _nats(positive: Floats) -> Floats:
    parts = np.log(positive)
    parts *= positive
    nats: Floats = np.maximum(-(parts @ np.ones(parts.shape[-1], parts.dtype)), 0)
    return nats


def _proba(candidates: Candidates) -> Floats:
    assert candidates.posterior is not None
    return candidates.posterior.proba_NC


def _highest(block_NC: Floats) -> Floats:
    highest_N: Floats
    if block_NC.shape[1] > FEW_CLASSES:
        highest_N = block_NC.max(axis=1)
    else:
        highest_N = np.ascontiguousarray(block_NC.T).max(axis=0)
    return highest_N


def _minus_margin(block_NC: Floats) -> Floats:
    classes = block_NC.shape[1]
    if classes == 1:
        return np.full(len(block_NC), -1, block_NC.dtype)
    highest_N, second_N = _two_of_many(block_NC) if classes > FEW_CLASSES else _two_of_few(block_NC)
    return np.subtract(second_N, highest_N, out=second_N)


def _two_of_few(block_NC: Floats) -> tuple[Floats, Floats]:
    columns_CN = np.ascontiguousarray(block_NC.T)
    highest_N = np.maximum(columns_CN[0], columns_CN[1])
    second_N = np.minimum(columns_CN[0], columns_CN[1])
    lower_N = np.empty_like(second_N)
    for column_N in columns_CN[2:]:
        np.minimum(highest_N, column_N, out=lower_N)
        np.maximum(second_N, lower_N, out=second_N)
        np.maximum(highest_N, column_N, out=highest_N)
    return highest_N, second_N


def _two_of_many(block_NC: Floats) -> tuple[Floats, Floats]:
    rest_NC = block_NC.copy()
    rows_N, best_N = np.arange(len(rest_NC)), rest_NC.argmax(axis=1)
    highest_N = rest_NC[rows_N, best_N]
    rest_NC[rows_N, best_N] = -1
    return highest_N, rest_NC.max(axis=1)
