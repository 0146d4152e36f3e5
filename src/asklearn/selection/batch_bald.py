"""Batches that together say most about the model's parameters, without asking one thing twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from asklearn.acquisition.base import by_blocks
from asklearn.acquisition.uncertainty import entropy_of
from asklearn.errors import BadInput
from asklearn.selection.base import draws_of, selection
from asklearn.selection.k_means_plus_plus import k_means_plus_plus
from asklearn.selection.top import top
from asklearn.types import Candidates, Floats, Indices

BLOCK = 64
GROUPS = 500
CACHE = 1 << 18
NOTHING = 1e-6
SETTLED = 1e-2


@selection("batch_bald", needs={"draws"}, why="several versions of the model disagree on it, each time anew")
@dataclass(frozen=True)
class BatchBald:
    """Take, again and again, what adds most to the mutual information of the batch's labels and the model.

    The gain of a candidate is what its label would tell about which of the K draws is right, averaged over
    what the labels of the picks so far may turn out to be: the mean over these joint outcomes of
    ``H(sum_k w_k p_k) - sum_k w_k H(p_k)``, where ``w`` weighs the draws by how well they foretold the
    outcome. All gains together are at most ``log K``: when the picks have settled which draw is right (no
    gain is above a hundredth of the highest BALD score), the rest is taken by BALD.

    Parameters
    ----------
    states : int
        Most joint outcomes that are kept. While there are no more (C to the power of the picks so far), gains
        are exact; then as many are drawn, in strata, and gains have a standard error of about
        ``1 / sqrt(states)`` of a gain.

    Notes
    -----
    Only candidates are looked at whose gain has an upper bound above the best gain found: first the gain of a
    while ago (mutual information is submodular, so gains only fall), and, from 500 outcomes on, the gain
    under 500 groups of like outcomes (it is concave in ``w``). So the cost is about O(n N K C G) with G = 500
    groups in place of O(n N K C S) with S states. Memory O(S (K + C)).

    Wins over the best BALD scores where the pool holds near-copies, and in small batches. Batches of more
    than some ten picks exhaust few draws: use more draws, or ``power`` on ``bald``, which did as well in
    Kirsch et al. (2023).

    References
    ----------
    Kirsch, van Amersfoort and Gal (2019), BatchBALD: efficient and diverse batch acquisition for deep
    Bayesian active learning. Minoux (1978), Accelerated greedy algorithms for maximizing submodular set
    functions.

    Examples
    --------
    >>> from asklearn.types import Categorical
    >>> say_KN = np.array([[0.9, 0.9, 0.5], [0.1, 0.1, 0.5], [0.9, 0.9, 0.9], [0.1, 0.1, 0.9]])
    >>> draws_KNC = np.stack([say_KN, 1 - say_KN], axis=2)
    >>> known = Candidates(3, Categorical(draws_KNC.mean(axis=0), draws_KNC))
    >>> sorted(BatchBald()(known, 2, np.random.default_rng(0)).tolist())
    [0, 1]
    >>> int(BatchBald()(known, 3, np.random.default_rng(0))[2])
    2
    """

    states: int = 10_000
    needs: ClassVar[frozenset[str]]

    def __post_init__(self) -> None:
        if not self.states >= 1:
            raise BadInput(f"states must be 1 or more. Got {self.states}.")

    def __call__(self, candidates: Candidates, n: int, rng: Generator, /) -> Indices:
        draws_KNC = draws_of(candidates)
        outcomes = Outcomes(len(draws_KNC), self.states)
        alone_N = by_blocks(outcomes.gains, draws_KNC)
        open_N = rng.permutation(candidates.size)
        bound_N, picks = alone_N[open_N], list[int]()
        while len(picks) < n:
            if len(outcomes.chance_S) > GROUPS:
                bound_N = by_blocks(outcomes.grouped(rng).gains, draws_KNC)[open_N]
            best, gain = _highest(bound_N, open_N, outcomes, draws_KNC)
            if gain <= max(SETTLED * alone_N.max(), NOTHING):
                break
            picks.append(int(open_N[best]))
            outcomes.add(draws_KNC[:, picks[-1]], rng)
            open_N, bound_N = np.delete(open_N, best), np.delete(bound_N, best)
        alone_N[picks] = -np.inf
        return np.array([*picks, *top(alone_N, n - len(picks), rng)], np.int64)


def _highest(bound_N: Floats, open_N: Indices, outcomes: Outcomes, draws_KNC: Floats) -> tuple[int, float]:
    """Return where the highest gain is, and the gain; bounds that were looked into become gains."""
    order = np.argsort(-bound_N, kind="stable")
    best, seen = -np.inf, 0
    while seen < len(order) and bound_N[order[seen]] > best + NOTHING:
        places = order[seen : seen + BLOCK]
        bound_N[places] = outcomes.gains(draws_KNC[:, open_N[places]])
        best, seen = max(best, float(bound_N[places].max())), seen + len(places)
    return int(order[:seen][bound_N[order[:seen]] >= best - NOTHING][0]), best


class Outcomes:
    """What the labels of some items may turn out to be together, and which draws each outcome speaks for.

    Parameters
    ----------
    members : int
        Number of draws K.
    most : int
        Outcomes that are kept; of more, as many are drawn in proportion to their probability.

    Attributes
    ----------
    chance_S : ndarray of shape (S,)
        Probability of each outcome; they sum to one.
    belief_SK : ndarray of shape (S, K)
        Probability of each draw after that outcome.

    Examples
    --------
    >>> outcomes = Outcomes(members=2, most=100)
    >>> outcomes.add(np.array([[1.0, 0.0], [0.0, 1.0]]), np.random.default_rng(0))
    >>> round(outcomes.information(), 4)
    0.6931
    """

    def __init__(self, members: int, most: int) -> None:
        self.most = most
        self.chance_S: Floats = np.ones(1)
        self.belief_SK: Floats = np.full((1, members), 1 / members)

    def gains(self, draws_KBC: Floats) -> Floats:
        """Return what the label of each of B items would add to what is known about the draws, in nats."""
        members, size, classes = draws_KBC.shape
        flat_KX = draws_KBC.reshape(members, size * classes)
        mean_K = self.chance_S @ self.belief_SK
        nats_B: Floats = -(mean_K @ entropy_of(draws_KBC)).astype(np.float64)
        step = max(1, CACHE // flat_KX.shape[1])
        for start in range(0, len(self.chance_S), step):
            belief_SK = self.belief_SK[start : start + step].astype(draws_KBC.dtype)
            mixed_SX = belief_SK @ flat_KX
            logs_SX = np.log(np.maximum(mixed_SX, np.finfo(mixed_SX.dtype).tiny))
            logs_SX *= mixed_SX
            chance_S = self.chance_S[start : start + step].astype(draws_KBC.dtype)
            nats_B -= (chance_S @ logs_SX).reshape(size, classes).sum(axis=1)
        return np.maximum(nats_B, 0)

    def add(self, draws_KC: Floats, rng: Generator) -> None:
        """Split every outcome by the label of one more item."""
        joint_SC = self.chance_S[:, None] * (self.belief_SK @ draws_KC)
        kept = np.flatnonzero(joint_SC)
        self.chance_S = joint_SC.ravel()[kept]
        if len(kept) > self.most:
            mass = np.cumsum(self.chance_S)
            marks = (np.arange(self.most) + rng.random(self.most)) / self.most * mass[-1]
            found = np.minimum(np.searchsorted(mass, marks, side="right"), len(kept) - 1)
            drawn, times = np.unique(found, return_counts=True)
            kept, self.chance_S = kept[drawn], times.astype(np.float64)
        self.chance_S /= self.chance_S.sum()
        before, label = np.divmod(kept, joint_SC.shape[1])
        self.belief_SK = self.belief_SK[before] * draws_KC.T[label]
        self.belief_SK /= self.belief_SK.sum(axis=1, keepdims=True)

    def grouped(self, rng: Generator) -> Outcomes:
        """Return fewer outcomes, each the mean of some that speak for nearly the same draws.

        Gains under them are upper bounds, since the entropy of a mean is at least the mean entropy.
        """
        roots_SK = np.sqrt(self.belief_SK)
        middles = k_means_plus_plus(lambda rows: [roots_SK[rows]], len(roots_SK), GROUPS, rng)
        group_S = (roots_SK @ roots_SK[middles].T).argmax(axis=1)
        chance_G: Floats = np.bincount(group_S, self.chance_S, GROUPS).astype(np.float64)
        joint_SK = self.chance_S[:, None] * self.belief_SK
        joint_GK = np.stack([np.bincount(group_S, joint_S, GROUPS) for joint_S in joint_SK.T], axis=1)
        some = np.flatnonzero(chance_G)
        fewer = Outcomes(self.belief_SK.shape[1], self.most)
        fewer.chance_S, fewer.belief_SK = chance_G[some], joint_GK[some] / chance_G[some, None]
        return fewer

    def information(self) -> float:
        """Return how much the labels tell about the draws on average, in nats; at most ``log K``."""
        left = float(self.chance_S @ entropy_of(self.belief_SK))
        return float(np.log(self.belief_SK.shape[1])) - left
