"""Scores from several draws of the posterior, or members of a committee: do they disagree?"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from asklearn.acquisition.base import acquisition, by_blocks
from asklearn.acquisition.uncertainty import entropy_of
from asklearn.types import Candidates, Floats

DISAGREE = "several versions of the model disagree"


@acquisition("bald", needs={"draws"}, why=DISAGREE)
def bald(candidates: Candidates, rng: Generator) -> Floats:
    """Score by the mutual information between the label and the model's parameters.

    The entropy of the mean of the draws less the mean of their entropies, in nats.

    Returns
    -------
    ndarray of shape (N,)
        From 0 (the draws agree) to ``log min(K, C)``.

    References
    ----------
    Houlsby et al. (2011), Bayesian active learning for classification and preference learning.

    Examples
    --------
    >>> from asklearn.types import Categorical
    >>> draws_KNC = np.array([[[1.0, 0.0], [0.5, 0.5]], [[0.0, 1.0], [0.5, 0.5]]])
    >>> known = Categorical(draws_KNC.mean(axis=0), draws_KNC)
    >>> bald(Candidates(2, known), np.random.default_rng(0)).round(4)
    array([0.6931, 0.    ])
    """
    return by_blocks(_mutual_information, _draws(candidates))


@acquisition("qbc_vote_entropy", needs={"draws"}, why=DISAGREE)
def qbc_vote_entropy(candidates: Candidates, rng: Generator) -> Floats:
    """Score by the entropy of the votes of the committee's members, in nats.

    Each member votes for its likeliest class; where several are equally likely, its vote is split.

    Returns
    -------
    ndarray of shape (N,)
        From 0 (one mind) to ``log min(K, C)``.

    References
    ----------
    Dagan and Engelson (1995), Committee-based sampling for training probabilistic classifiers.

    Examples
    --------
    >>> from asklearn.types import Categorical
    >>> draws_KNC = np.array([[[0.6, 0.4], [0.6, 0.4]], [[0.6, 0.4], [0.4, 0.6]]])
    >>> known = Categorical(draws_KNC.mean(axis=0), draws_KNC)
    >>> qbc_vote_entropy(Candidates(2, known), np.random.default_rng(0)).round(4)
    array([0.    , 0.6931])
    """
    return by_blocks(_vote_entropy, _draws(candidates))


@acquisition("variation_ratio", needs={"draws"}, why=DISAGREE)
def variation_ratio(candidates: Candidates, rng: Generator) -> Floats:
    """Score by the share of the committee's members that do not vote for the commonest vote.

    Each member votes for its likeliest class; where several are equally likely, its vote is split.
    Coarse: with K members there are few different scores, and ties fall by lot.

    Returns
    -------
    ndarray of shape (N,)
        From 0 (one mind) to ``1 - 1 / min(K, C)``.

    References
    ----------
    Freeman (1965), Elementary applied statistics. For draws of a network: Gal, Islam and Ghahramani (2017),
    Deep Bayesian active learning with image data.

    Examples
    --------
    >>> from asklearn.types import Categorical
    >>> draws_KNC = np.array([[[0.6, 0.4], [0.6, 0.4]], [[0.6, 0.4], [0.4, 0.6]]])
    >>> known = Categorical(draws_KNC.mean(axis=0), draws_KNC)
    >>> variation_ratio(Candidates(2, known), np.random.default_rng(0))
    array([0. , 0.5])
    """
    return by_blocks(lambda draws_KBC: 1 - _votes(draws_KBC).max(axis=1), _draws(candidates))


@acquisition("qbc_kl", needs={"draws"}, why=DISAGREE)
def qbc_kl(candidates: Candidates, rng: Generator) -> Floats:
    """Score by the mean Kullback-Leibler divergence of the members from their mean, in nats.

    Equal to :func:`bald` in exact arithmetic when the committee is taken as draws of a posterior; kept
    under its own name because it is the standard one for committees.

    Returns
    -------
    ndarray of shape (N,)
        From 0 (the members agree) to ``log min(K, C)``.

    References
    ----------
    McCallum and Nigam (1998), Employing EM and pool-based active learning for text classification.

    Examples
    --------
    >>> from asklearn.types import Categorical
    >>> draws_KNC = np.array([[[1.0, 0.0]], [[0.5, 0.5]]])
    >>> known = Categorical(draws_KNC.mean(axis=0), draws_KNC)
    >>> qbc_kl(Candidates(1, known), np.random.default_rng(0)).round(4)
    array([0.2158])
    """
    return by_blocks(_mutual_information, _draws(candidates))


def _draws(candidates: Candidates) -> Floats:
    assert candidates.posterior is not None
    assert candidates.posterior.draws_KNC is not None
    return candidates.posterior.draws_KNC


def _mutual_information(draws_KNC: Floats) -> Floats:
    nats_N: Floats = entropy_of(draws_KNC.mean(axis=0)) - entropy_of(draws_KNC).mean(axis=0)
    return np.maximum(nats_N, 0, out=nats_N)


def _vote_entropy(draws_KNC: Floats) -> Floats:
    return entropy_of(_votes(draws_KNC))


def _votes(draws_KNC: Floats) -> Floats:
    """Return the share of votes of each class, shape (N, C)."""
    votes_KNC = (draws_KNC == draws_KNC.max(axis=-1, keepdims=True)).astype(draws_KNC.dtype)
    votes_KNC /= votes_KNC.sum(axis=-1, keepdims=True)
    shares_NC: Floats = votes_KNC.mean(axis=0)
    return shares_NC
