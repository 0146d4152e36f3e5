"""Who is drawn at random, decided before anything is known about them.

Every item has a permanent random number r1 in [0, 1): a keyed hash of its id. Items that were added
together form a cohort, and a cohort's audit sample is a prefix of its items in order of r1. How long the
prefix is follows from how many items were asked in all, never from what was answered or which items a
strategy picked; so the sample is uniform, nested, shared with whatever was labelled for other reasons,
and the same after a restart.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from asklearn.types import Indices, ItemId


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


def audit_order(ids: Sequence[ItemId], seed: int) -> Indices:
    """Return the positions of `ids` in order of r1: the order in which an audit takes them.

    Examples
    --------
    >>> audit_order([0, 1, "a"], seed=0)
    array([1, 0, 2])
    """
    return np.argsort(permanent_numbers(ids, seed), kind="stable")


@dataclass(slots=True)
class AuditPlan:
    """How long the audit's prefix of each cohort is.

    Every asked item adds `share` of a place; a whole place goes to the cohort whose prefix is the
    smallest part of it, so a new cohort catches up first and cohorts are sampled alike.

    Examples
    --------
    >>> plan = AuditPlan(share=0.1)
    >>> plan.add_cohort(1000)
    >>> plan.ask(50)
    >>> plan.prefixes
    [5]
    """

    share: float = 0.1
    sizes: list[int] = field(default_factory=list)
    prefixes: list[int] = field(default_factory=list)
    credit: float = 0.0

    def add_cohort(self, size: int) -> None:
        """Begin a cohort of `size` items."""
        self.sizes.append(size)
        self.prefixes.append(0)

    def ask(self, n: int = 1) -> None:
        """Account for `n` items handed out, whichever stream they came from."""
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
        later = AuditPlan(self.share, list(self.sizes), list(self.prefixes), self.credit)
        later.ask(n)
        return later
