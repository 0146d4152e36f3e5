"""A clock for leases, which a change of the computer's clock must neither end nor prolong."""

from __future__ import annotations

import time
from collections.abc import Callable


def steady(
    wall: Callable[[], float] = time.time, elapsed: Callable[[], float] = time.monotonic
) -> Callable[[], float]:
    """Return a clock that was set once, by the wall's, and never jumps.

    Parameters
    ----------
    wall, elapsed : callable
        Give the seconds since 1970, looked at once, and those since any other moment.

    Examples
    --------
    >>> walls, seconds = iter([1000.0, 99_000.0]), iter([5.0, 6.5])
    >>> clock = steady(lambda: next(walls), lambda: next(seconds))
    >>> clock()
    1001.5
    """
    set_to, since = wall(), elapsed()
    return lambda: set_to + (elapsed() - since)
