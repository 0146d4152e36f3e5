"""Cover the ways in which the model confuses classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from asklearn.acquisition.base import by_blocks
from asklearn.selection.base import proba_of, selection
from asklearn.types import Candidates, Floats, Indices

FRONT = 2048
CHUNK = 8192
LEAST = 1e-6
SAME = 1e-5


@selection("cdal", needs={"proba", "labelled", "predict"}, why="the model confuses classes here in a new way")
@dataclass(frozen=True)
class Cdal:
    """Farthest-first traversal by contextual diversity, from the labelled items on.

    Two items are as far apart as their predictive distributions p and q by the symmetrised
    Kullback-Leibler divergence, ``(KL(p | q) + KL(q | p)) / 2``, in nats. Each pick is the candidate that is
    farthest from everything labelled or picked. With nothing labelled the first pick is drawn at random;
    ties fall by lot.

    Notes
    -----
    The divergence is ``(sum p log p + sum q log q - p . log q - q . log p) / 2``, one inner product of 2C
    numbers. Probabilities below a millionth count as a millionth. Divergences, which can only fall, are
    brought up to date for the 2,048 farthest candidates alone (lazy greedy). At most O((L + n) N C) time;
    memory O(N C), twice that of the probabilities.

    The paper weighs the regions of an image within each predicted class; an item of one region, as here, is
    its own context. It suits images with many regions, whose confusions it was made for. It seeks extremes,
    confident items among them, and does not ask whether the model is unsure: with logistic regression on
    frozen features it was behind random over the first few hundred labels of TREC, Banking77 and
    Fashion-MNIST (three seeds).

    References
    ----------
    Agarwal, Arora, Anand and Arora (2020), Contextual diversity for active learning (CDAL-CS).

    Examples
    --------
    >>> from asklearn.types import Categorical
    >>> proba_NC = np.array([[0.9, 0.1], [0.5, 0.5], [0.1, 0.9], [0.8, 0.2]])
    >>> known = Candidates(4, Categorical(proba_NC), labelled_LD=np.array([[0]]),
    ...                    predict=lambda features_MD: Categorical(proba_NC[features_MD[:, 0]]))
    >>> Cdal()(known, 2, np.random.default_rng(0))
    array([2, 1])
    """

    needs: ClassVar[frozenset[str]]

    def __call__(self, candidates: Candidates, n: int, rng: Generator, /) -> Indices:
        proba_NC, labelled_LD = proba_of(candidates), candidates.labelled_LD
        if labelled_LD is not None and len(labelled_LD):
            assert candidates.predict is not None
            known_LC = candidates.predict(labelled_LD).proba_NC
            by_blocks(lambda block_LC: block_LC[:, 0], known_LC)
            contexts, picks = _Contexts(proba_NC, known_LC), list[int]()
        else:
            picks = [int(rng.integers(candidates.size))]
            contexts = _Contexts(proba_NC, proba_NC[picks])
            contexts.near_N[picks] = -1
        while len(picks) < n:
            pick = contexts.farthest(rng)
            picks.append(pick)
            contexts.leave(pick)
        return np.array(picks, np.int64)


class _Contexts:
    """Distributions, and how far each is at most from the nearest centre; ``seen_N`` says as of which."""

    def __init__(self, proba_NC: Floats, centres_LC: Floats) -> None:
        self.both_NX, self.own_N = _with_logs(proba_NC)
        self.near_N = np.empty(len(proba_NC))
        self.seen_N = np.zeros(len(proba_NC), np.int64)
        self.left: list[int] = []
        for start in range(0, len(proba_NC), CHUNK):
            rows = np.arange(start, min(start + CHUNK, len(proba_NC)))
            self.near_N[rows] = self._nearest(rows, *_with_logs(centres_LC))

    def farthest(self, rng: Generator) -> int:
        front, rim = self._front()
        while self.near_N[front].max() < rim:
            front, rim = self._front()
        near_F = self.near_N[front]
        return int(rng.choice(front[near_F == near_F.max()]))

    def leave(self, pick: int) -> None:
        self.left.append(pick)
        self.near_N[pick] = -1

    def _front(self) -> tuple[Indices, float]:
        """Return the candidates that seemed farthest, brought up to date, and the bound of all others."""
        size = len(self.near_N)
        order = np.argpartition(self.near_N, max(size - FRONT - 1, 0))
        front, rest = order[-FRONT:], order[:-FRONT]
        unseen = self.left[int(self.seen_N[front].min()) :]
        if unseen:
            nearest_F = self._nearest(front, self.both_NX[unseen], self.own_N[unseen])
            self.near_N[front] = np.minimum(self.near_N[front], nearest_F)
        self.seen_N[front] = len(self.left)
        return front, self.near_N[rest].max(initial=-np.inf)

    def _nearest(self, rows: Indices, centres_MX: Floats, own_M: Floats) -> Floats:
        swapped_MX = np.roll(centres_MX, centres_MX.shape[1] // 2, axis=1)
        gaps_BM = own_M - self.both_NX[rows] @ swapped_MX.T
        nearest_B: Floats = (gaps_BM.min(axis=1) + self.own_N[rows]) / 2
        nearest_B[nearest_B <= SAME] = 0
        return nearest_B


def _with_logs(proba_NC: Floats) -> tuple[Floats, Floats]:
    """Return the distributions beside their logarithms, (N, 2C), and each one's sum of p log p."""
    kept_NC = np.maximum(proba_NC, LEAST)
    kept_NC /= kept_NC.sum(axis=1, keepdims=True)
    logs_NC = np.log(kept_NC)
    return np.concatenate([kept_NC, logs_NC], axis=1), np.einsum("nc,nc->n", kept_NC, logs_NC)
