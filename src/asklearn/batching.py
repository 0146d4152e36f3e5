"""How many items to ask for next: more once learning is flat."""

from __future__ import annotations

SMALL = 20
FLAT = 0.9
SHARE = 5
MOST = 1000


def batch_size(labels: int, agreement: float | None) -> int:
    """Advise on the size of the next batch: 20, or a fifth of the labels once learning is flat.

    A batch costs annotators a wait for the model, and the strategy its sight of the answers in between. The
    second is cheap where the last three tenths of the labels hardly changed a prediction: a fifth more will
    change still less.

    Parameters
    ----------
    labels : int
        Labels that the model has.
    agreement : float or None
        Cohen's kappa of the model with one of seven tenths of its labels
        (:class:`~asklearn.watching.Watched`); None: not known.

    Returns
    -------
    int
        From 20 to 1,000.

    Examples
    --------
    >>> batch_size(400, 0.85), batch_size(400, 0.93), batch_size(60, 0.99)
    (20, 80, 20)
    """
    flat = agreement is not None and agreement >= FLAT
    return min(max(SMALL, labels // SHARE), MOST) if flat else SMALL
