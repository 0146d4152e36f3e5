"""How many items to ask for next: larger batches once a batch hardly changes the model."""

from __future__ import annotations

from collections.abc import Sequence

from asklearn.arguments import whole

FLAT = 0.9
GROWTH = 2


def next_batch_size(size: int, agreements: Sequence[float], *, most: int | None = None) -> int:
    """Advise on the size of the next batch: double while learning is flat, the same while it is not.

    A batch costs an annotator's wait for a model and a strategy its sight of the answers in between. The
    second is cheap where the last two models agree: what is known after a batch is what was known before.

    Parameters
    ----------
    size : int
        Size of the last batch.
    agreements : sequence of float
        Cohen's kappa between successive models on the same items, oldest first: the journal's estimates
        named ``agreement``.
    most : int, optional
        The largest batch that annotators want.

    Returns
    -------
    int
        `size`, or twice it where the last two agreements are both at least 0.9; `most` at most.

    Raises
    ------
    BadInput
        If `size` or `most` is no whole number above 0.

    Examples
    --------
    >>> next_batch_size(50, [0.62, 0.81]), next_batch_size(50, [0.81, 0.93, 0.95])
    (50, 100)
    """
    size = whole(size, "size is the number of items of the last batch", 1)
    flat = len(agreements) >= 2 and min(agreements[-2:]) >= FLAT
    wanted = GROWTH * size if flat else size
    return wanted if most is None else min(wanted, whole(most, "most is the largest batch", 1))
