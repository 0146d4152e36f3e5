"""One seed for each purpose, all from the project's."""

from __future__ import annotations

import numpy as np


def seed_for(seed: int, purpose: str, number: int) -> int:
    """Return a seed for the `number`-th time of one purpose, independent of all others.

    Examples
    --------
    >>> seed_for(0, "ask", 20), seed_for(0, "fit", 20)
    (230688392, 1855955833)
    """
    words = np.random.SeedSequence([seed, int.from_bytes(purpose.encode(), "big"), number])
    return int(words.generate_state(1, np.uint32)[0] >> 1)
