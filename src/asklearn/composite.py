"""How good a model is, from its audit and from its own confidence together.

Forty audit labels leave an estimate of accuracy within some ten points. The model's mean confidence over the
pool is sharper, and off by an amount that nobody knows on a new task; but how large such amounts are, and how they
go with the confidence itself and with the labels of each class, finished projects tell. A composite estimator
(Ghosh & Rao 1994, "Small area estimation") weighs the two: on a log-odds scale the accuracy is a straight line in
both with errors that have Student's t distribution, and the audit's labels are binomial. With few labels the
confidence leads, with many the audit alone decides.

It is for deciding when to stop and never replaces :func:`~asklearn.evaluate.estimate`: it trusts that
confidence is about as good as in the bank's projects.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from asklearn.types import Estimate, Floats

FREEDOM = 4
EACH = 50
"""Labels of a class at which a belief's shift holds."""


@dataclass(frozen=True, slots=True)
class Belief:
    """What finished projects say of accuracy where confidence and labels are known; all on the log-odds scale.

    Attributes
    ----------
    shift : float
        Accuracy less confidence, where a model that is half sure has ``EACH`` labels of every class.
    confidence, labels : float
        How accuracy rises with confidence, and with the logarithm of the labels of each class.
    scale : float
        Of Student's t with ``FREEDOM`` degrees of freedom, how far accuracies lie from that.
    """

    shift: float
    confidence: float
    labels: float
    scale: float

    def middle(self, confidence: Floats | float, each: Floats | float) -> Floats:
        """Return where accuracies lie, in log-odds, by mean confidence and labels of each class.

        Examples
        --------
        >>> Belief(0.2, 0.8, 0.1, 0.3).middle(0.5, 50).round(2)
        np.float64(0.2)
        """
        sure = np.clip(confidence, 0.01, 0.99)
        return np.asarray(
            self.shift
            + self.confidence * np.log(sure / (1 - sure))
            + self.labels * np.log(np.asarray(each) / EACH)
        )[()]


BELIEF = Belief(shift=0.055, confidence=0.868, labels=0.092, scale=0.251)
"""Of 16 data sets with logistic regression; ``benchmarks/build_price.py`` prints it."""
GRID = np.linspace(-7.0, 7.0, 1401)


def composite(
    audit: Estimate, confidence: float, each: float, level: float = 0.9, belief: Belief = BELIEF
) -> Estimate:
    """Return an accuracy from the audit's estimate of it and from the mean confidence.

    Parameters
    ----------
    audit : Estimate
        Of accuracy. What matters are its value and how many labels its interval is worth.
    confidence : float
        Mean probability of the predicted class over the pool.
    each : float
        Labels that the model has, over its classes.
    level : float
        Probability of the interval.
    belief : Belief, optional
        By default that of the bank.

    Returns
    -------
    Estimate
        Posterior median and central interval; ``n`` is the audit's.

    Examples
    --------
    >>> audit = Estimate("accuracy", 0.70, 0.457, 0.881, n=20, method="exact binomial")
    >>> print(composite(audit, confidence=0.80, each=50))
    accuracy 0.763 [0.669, 0.828] (90%, 20 labels, audit and confidence)
    """
    from scipy.stats import t

    trials = worth(audit)
    log_S = -np.logaddexp(0, -GRID) * trials * audit.value - np.logaddexp(0, GRID) * trials * (
        1 - audit.value
    )
    log_S = log_S + t.logpdf((GRID - belief.middle(confidence, each)) / belief.scale, FREEDOM)
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
