"""Who is drawn at random, decided before anything is known about their labels.

Every item has two permanent random numbers in [0, 1), keyed hashes of its id. r1 decides the uniform audit:
items that were added together form a cohort, and a cohort's sample is a prefix of its items in order of r1.
How long the prefix is follows from how many items were asked in all, never from what was answered or which
items a strategy picked; so it is uniform, nested, and the same after a restart. r2, mixed with the number of
a round, decides the weighted audit: an item enters with a probability that grows with the error that a model
expects of it. What such a sample says of the pool, :func:`design_weights` says.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

from asklearn.types import Floats, Indices, ItemId

WEIGHTED = 0.05
"""Share of the asked items that the weighted audit takes, unless told otherwise."""

LEAST = 0.2
"""Part of the weighted audit's probability that is the same for every item."""


def permanent_numbers(ids: Iterable[ItemId], seed: int, which: int = 1) -> NDArray[np.float64]:
    """Return the permanent random number of each item.

    Parameters
    ----------
    ids : iterable of str or int
        Item ids; 1 and ``"1"`` are different items.
    seed : int
        The project's seed, from its journal.
    which : int
        1 for the uniform audit, 2 for the weighted one.

    Returns
    -------
    ndarray of shape (N,), float64
        Uniform in [0, 1), independent between items and between `which`.

    Notes
    -----
    BLAKE2b keyed by the seed, 53 bits used. About a microsecond an item.

    Examples
    --------
    >>> permanent_numbers([0, 1, "a"], seed=0).round(3)
    array([0.353, 0.28 , 0.813])
    """
    keyed = blake2b(digest_size=8, key=str(seed).encode(), person=b"asklearn-r%d" % which)
    digests = bytearray()
    for one in ids:
        item = keyed.copy()
        item.update((str(one) if type(one) is int else json.dumps(one)).encode())
        digests += item.digest()
    return (np.frombuffer(digests, dtype="<u8") >> np.uint64(11)).astype(np.float64) * 2.0**-53


def round_numbers(numbers_N: NDArray[np.float64], seed: int, number: int) -> NDArray[np.float64]:
    """Return a fresh random number of each item for one round of the weighted audit.

    Parameters
    ----------
    numbers_N : ndarray of shape (N,)
        The items' r2: :func:`permanent_numbers` with ``which=2``.
    seed : int
        The project's seed.
    number : int
        The round's number.

    Returns
    -------
    ndarray of shape (N,), float64
        Uniform in [0, 1), independent between items and between rounds; the same after a restart.

    Notes
    -----
    The round's key (BLAKE2b of seed and number) is added to the bits of r2, and mixed by the finaliser of
    SplitMix64 (Steele, Lea and Flood 2014). About ten nanoseconds an item.

    Examples
    --------
    >>> round_numbers(permanent_numbers([0, 1, "a"], 0, which=2), seed=0, number=7).round(3)
    array([0.405, 0.097, 0.862])
    """
    key = blake2b(
        str(number).encode(), digest_size=8, key=str(seed).encode(), person=b"asklearn-round"
    ).digest()
    mixed_N = (numbers_N * 2.0**53).astype(np.uint64) + np.frombuffer(key, "<u8")
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed_N = (mixed_N ^ (mixed_N >> np.uint64(shift))) * np.uint64(factor)
    mixed_N ^= mixed_N >> np.uint64(31)
    found_N: NDArray[np.float64] = (mixed_N >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return found_N


def audit_order(ids: Sequence[ItemId], seed: int) -> Indices:
    """Return the positions of `ids` in order of r1: the order in which an audit takes them.

    Examples
    --------
    >>> audit_order([0, 1, "a"], seed=0)
    array([1, 0, 2])
    """
    return np.argsort(permanent_numbers(ids, seed), kind="stable")


def weighted_share(audit: float, wanted: float = WEIGHTED) -> float:
    """Return the share of the weighted audit beside a uniform one of share `audit`.

    None where there is no uniform audit, and what that leaves, where it leaves little.

    Examples
    --------
    >>> weighted_share(0.1), weighted_share(0.0), weighted_share(1.0)
    (0.05, 0.0, 0.0)
    """
    return min(wanted, 1 - audit) if audit > 0 else 0.0


def inclusion_probabilities(error_N: Floats, expected: float) -> Floats:
    """Return the probability with which each item enters a weighted audit.

    Parameters
    ----------
    error_N : ndarray of shape (N,)
        Predicted probability that the model is wrong; NaN where nothing is known, which counts as the mean
        of the others.
    expected : float
        How many items shall enter on average; all of them, if there are not so many.

    Returns
    -------
    ndarray of shape (N,), float64
        In (0, 1], with the sum `expected`: 0.8 parts in proportion to the standard deviation of a mistake,
        sqrt(p (1 - p)), which makes the estimate's variance least (Zrnic and Candes 2024, "Active statistical
        inference"), and 0.2 parts equal, so that none is far below the mean.

    Examples
    --------
    >>> inclusion_probabilities(np.array([0.5, 0.5, 0.02, 0.02]), 1.0).round(2)
    array([0.36, 0.36, 0.14, 0.14])
    """
    known_N = ~np.isnan(error_N)
    spread_N = np.ones(len(error_N))
    if known_N.any():
        p_N = np.clip(error_N[known_N].astype(np.float64), 0, 1)
        deviation_N = np.sqrt(p_N * (1 - p_N))
        mean = float(deviation_N.mean())
        if mean > 0:
            spread_N[known_N] = LEAST + (1 - LEAST) * deviation_N / mean
    return _capped(spread_N, expected)


def _capped(spread_N: Floats, expected: float) -> Floats:
    """Scale to the sum `expected` with no value above one."""
    if expected >= len(spread_N):
        return np.ones(len(spread_N))
    scaled_N: Floats = spread_N * (expected / spread_N.sum())
    while scaled_N.max(initial=0) > 1:
        full_N = scaled_N >= 1
        scaled_N[full_N] = 1
        scaled_N[~full_N] *= (expected - full_N.sum()) / scaled_N[~full_N].sum()
    return scaled_N


def design_weights(round_N: Indices, probability_N: Floats, expected_T: Floats, size: int) -> Floats:
    """Return how many items of the population each drawn item stands for.

    Items enter in rounds. After each round the items drawn so far, and those of this round over their
    probabilities, estimate the total of the population without bias, whatever the earlier rounds have
    taught; an average over the rounds does too (Farquhar, Gal and Rainforth 2021, "On statistical bias in
    active learning", whose weights these are for rounds of one item).

    Parameters
    ----------
    round_N : ndarray of int, shape (N,)
        The round, from 0 to T - 1, in which each item entered.
    probability_N : ndarray of shape (N,)
        The probability with which it entered then, given that it had not entered before.
    expected_T : ndarray of shape (T,)
        How many items each round was expected to draw.
    size : int
        Size of the population.

    Returns
    -------
    ndarray of shape (N,), float64
        Above 0; the sum is `size` on average. All equal where every round was uniform.

    Examples
    --------
    >>> design_weights(np.array([0, 0, 1]), np.array([0.2, 0.2, 0.125]), np.array([2, 1]), 10).round(2)
    array([3.33, 3.33, 3.33])
    """
    least_T = 1e-6 / np.arange(1, len(expected_T) + 1)
    left_T = np.maximum(size - np.cumsum(expected_T), least_T)
    share_T = 1 / left_T - 1 / np.concatenate([[size], left_T[:-1]])
    share_T /= share_T.sum()
    later_T = np.cumsum(share_T[::-1])[::-1] - share_T
    weights_N: Floats = share_T[round_N] / probability_N + later_T[round_N]
    return weights_N


@dataclass(slots=True)
class AuditPlan:
    """How long the audit's prefix of each cohort is, and how many draws the weighted audit is owed.

    Every asked item adds `share` of a place; a whole place goes to the cohort whose prefix is the
    smallest part of it, so a new cohort catches up first and cohorts are sampled alike. To the weighted
    audit it adds `weighted` of a draw.

    Examples
    --------
    >>> plan = AuditPlan(share=0.1, weighted=0.05)
    >>> plan.add_cohort(1000)
    >>> plan.ask(50)
    >>> plan.prefixes, plan.owed
    ([5], 2.5)
    """

    share: float = 0.1
    sizes: list[int] = field(default_factory=list)
    prefixes: list[int] = field(default_factory=list)
    credit: float = 0.0
    weighted: float = 0.0
    owed: float = 0.0

    def add_cohort(self, size: int) -> None:
        """Begin a cohort of `size` items."""
        self.sizes.append(size)
        self.prefixes.append(0)

    def ask(self, n: int = 1) -> None:
        """Account for `n` items handed out, whichever stream they came from."""
        self.owed += n * self.weighted
        self.credit += n * self.share
        while self.credit >= 1 - 1e-9:
            self.credit -= 1
            open_cohorts = [c for c, size in enumerate(self.sizes) if self.prefixes[c] < size]
            if not open_cohorts:
                self.credit = 0.0
                return
            least = min(open_cohorts, key=lambda c: (self.prefixes[c] / self.sizes[c], c))
            self.prefixes[least] += 1

    def after(self, n: int) -> AuditPlan:
        """Return the plan as it will be when `n` more items have been asked."""
        later = AuditPlan(
            self.share, list(self.sizes), list(self.prefixes), self.credit, self.weighted, self.owed
        )
        later.ask(n)
        return later


def uniform_part(orders: Sequence[Indices], sample_rows: Sequence[int]) -> Indices:
    """Return which places of an audit's sample hold its uniform part: the closed prefix of each cohort.

    What the weighted draw added is likelier to be mistaken.

    Examples
    --------
    >>> uniform_part([np.array([4, 2, 0, 1, 3])], [2, 3, 4])
    array([0, 2])
    """
    sampled = set(sample_rows)
    prefix = {row for order in orders for row in takewhile(sampled.__contains__, order.tolist())}
    return np.array([place for place, row in enumerate(sample_rows) if row in prefix], np.intp)
