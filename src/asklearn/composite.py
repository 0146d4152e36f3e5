"""How good a model is, from its audit and from its own confidence together.

Forty audit labels leave an estimate of accuracy within some ten points. The model's mean confidence over the
pool is sharper, and off by an amount that nobody knows on a new task; but how large such amounts are, finished
projects tell. A composite estimator (Ghosh & Rao 1994, "Small area estimation") weighs the two: on a log-odds
scale the accuracy is the confidence plus a shift with Student's t distribution, and the audit's labels are
binomial. With few labels the confidence leads, with many the audit alone decides.

It is for deciding when to stop and never replaces :func:`~asklearn.evaluate.estimate`: it trusts that
confidence is about as good as in the bank's projects.
"""

from __future__ import annotations

import numpy as np

from asklearn.types import Estimate

SHIFT, SCALE, FREEDOM = -0.12, 0.33, 4
"""Of Student's t: location and scale, which ``benchmarks/build_price.py`` finds over 16 data sets (without any one
of them, within 0.03 of these), and degrees of freedom, which are set.
"""
GRID = np.linspace(-7.0, 7.0, 1401)


def composite(audit: Estimate, confidence: float, level: float = 0.9) -> Estimate:
    """Return an accuracy from the audit's estimate of it and from the mean confidence.

    Parameters
    ----------
    audit : Estimate
        Of accuracy. What matters are its value and how many labels its interval is worth.
    confidence : float
        Mean probability of the predicted class over the pool.
    level : float
        Probability of the interval.

    Returns
    -------
    Estimate
        Posterior median and central interval; ``n`` is the audit's.

    Examples
    --------
    >>> audit = Estimate("accuracy", 0.70, 0.457, 0.881, n=20, method="exact binomial")
    >>> print(composite(audit, confidence=0.80))
    accuracy 0.757 [0.645, 0.835] (90%, 20 labels, audit and confidence)
    """
    from scipy.stats import t

    trials = worth(audit)
    log_S = -np.logaddexp(0, -GRID) * trials * audit.value - np.logaddexp(0, GRID) * trials * (
        1 - audit.value
    )
    sure = float(np.clip(confidence, 0.01, 0.999))
    log_S = log_S + t.logpdf((GRID - np.log(sure / (1 - sure)) - SHIFT) / SCALE, FREEDOM)
    reached_S = np.cumsum(np.exp(log_S - log_S.max()))
    tail = (1 - level) / 2
    found = np.interp(np.array([0.5, tail, 1 - tail]) * reached_S[-1], reached_S, GRID)
    value, low, high = (1 / (1 + np.exp(-found))).tolist()
    return Estimate(audit.name, value, low, high, audit.n, "audit and confidence", level)


def worth(audit: Estimate) -> float:
    """Return how many plain labels would give an interval as wide.

    Examples
    --------
    >>> round(worth(Estimate("accuracy", 0.5, 0.402, 0.598, n=60, method="")))
    100
    """
    from scipy.stats import norm

    if audit.n == 0:
        return 0.0
    spread = max(audit.high - audit.low, 1e-6) / (2 * float(norm.ppf((1 + audit.level) / 2)))
    middle = (audit.value * audit.n + 1) / (audit.n + 2)
    return float(min(middle * (1 - middle) / spread**2, 2.0 * audit.n))
