"""Is a suspected gap real? One-sided tests on labels that had no part in finding it, and what they allow.

Discovery looks at many slices and keeps those that look worst, so their error on the labels that chose
them says nothing. Labels of the other half of the audit do: given the slice they are a fresh uniform sample.
"""

from __future__ import annotations

from bisect import bisect_left

import numpy as np

from asklearn.errors import BadInput
from asklearn.types import Floats


def p_of_more_errors(wrong_in: int, n_in: int, wrong_out: int, n_out: int) -> float:
    """Return the probability of so many errors inside, if errors were as frequent outside (Fisher 1935).

    Parameters
    ----------
    wrong_in, n_in : int
        Errors and labels inside the suspected gap.
    wrong_out, n_out : int
        Errors and labels outside.

    Returns
    -------
    float
        One-sided p value, exact; 1 where there is no label inside or none outside.

    Examples
    --------
    >>> round(p_of_more_errors(6, 8, 20, 192), 6)
    6.5e-05
    """
    from scipy.stats import hypergeom

    if not (0 <= wrong_in <= n_in and 0 <= wrong_out <= n_out):
        raise BadInput(
            "Expected 0 <= wrong <= n inside and outside. "
            f"Got {wrong_in} of {n_in} inside, {wrong_out} of {n_out} outside."
        )
    if not n_in or not n_out:
        return 1.0
    return float(hypergeom.sf(wrong_in - 1, n_in + n_out, wrong_in + wrong_out, n_in))


def benjamini_hochberg(p_M: Floats, rate: float = 0.1) -> Floats:
    """Return which of M hypotheses to reject, so that at most `rate` of the rejected are false on average.

    Parameters
    ----------
    p_M : ndarray of shape (M,)
        A p value for each hypothesis; independent, or positively dependent (slices that overlap).
    rate : float
        The false discovery rate, in (0, 1).

    Returns
    -------
    ndarray of bool, shape (M,)

    References
    ----------
    Benjamini and Hochberg (1995), Controlling the false discovery rate; Benjamini and Yekutieli (2001) for
    positive dependence.

    Examples
    --------
    >>> import numpy as np
    >>> benjamini_hochberg(np.array([0.001, 0.04, 0.03, 0.8]), 0.1)
    array([ True,  True,  True, False])
    """
    if not 0 < rate < 1:
        raise BadInput(f"A false discovery rate lies between 0 and 1. Got {rate}.")
    order = np.argsort(p_M, kind="stable")
    below = np.flatnonzero(p_M[order] <= rate * np.arange(1, len(p_M) + 1) / max(len(p_M), 1))
    rejected_M = np.zeros(len(p_M), bool)
    if len(below):
        rejected_M[order[: below[-1] + 1]] = True
    return rejected_M


def selected_level(level: float, selected: int, tested: int) -> float:
    """Return the confidence at which to state each of the `selected` intervals of `tested` ones.

    Intervals that are shown because a test passed miss more often than they say. At this level at most
    ``1 - level`` of the shown ones miss, on average (Benjamini and Yekutieli 2005, False discovery
    rate-adjusted multiple confidence intervals for selected parameters).

    Examples
    --------
    >>> round(selected_level(0.95, selected=2, tested=10), 2)
    0.99
    """
    return 1 - (1 - level) * selected / max(tested, 1)


def labels_needed(
    share: float,
    error_in: float,
    error_out: float,
    *,
    tested: int = 16,
    rate: float = 0.1,
    power: float = 0.8,
) -> int:
    """Return how many audit labels a gap needs to be confirmed with probability `power`.

    Half of them confirm, and the share of these that falls inside is binomial.

    Parameters
    ----------
    share : float
        Share of the pool inside the gap, in (0, 1).
    error_in, error_out : float
        Probability of an error inside and outside.
    tested : int
        How many suspected gaps are tested along with it; the strictest bar is taken, ``rate / tested``.
    rate : float
        The false discovery rate.
    power : float
        Wanted probability of confirmation, given that the gap is among the suspected.

    Returns
    -------
    int
        To within 5%; at most 100,000, which stands for more.

    Examples
    --------
    >>> labels_needed(0.05, 0.7, 0.2)
    521
    """
    if not (0 < share < 1 and 0 <= error_out < error_in <= 1):
        raise BadInput(
            "Expected a share in (0, 1) and a larger error inside than outside. "
            f"Got share={share}, error_in={error_in}, error_out={error_out}."
        )
    sizes = np.unique(np.geomspace(20, 100_000, 176).astype(int)).tolist()
    return int(
        sizes[
            bisect_left(
                sizes[:-1], power, key=lambda n: _power(n // 2, share, error_in, error_out, rate / tested)
            )
        ]
    )


def _power(n: int, share: float, error_in: float, error_out: float, bar: float) -> float:
    """Probability that Fisher's test stays below `bar`, errors outside taken at their mean."""
    from scipy.stats import binom, hypergeom

    spread = 4 * np.sqrt(n * share) + 4
    total = 0.0
    for inside in range(1, min(n - 1, int(n * share + spread)) + 1):
        wrong_out = round((n - inside) * error_out)
        wrong = np.arange(inside + 1)
        p = hypergeom.sf(wrong - 1, n, wrong + wrong_out, inside)
        passed = binom.pmf(wrong, inside, error_in)[p <= bar].sum()
        total += float(binom.pmf(inside, n, share) * passed)
    return total
