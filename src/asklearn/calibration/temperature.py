"""Temperature scaling (Guo et al. 2017): one number that makes a model as sure of itself as it should be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from asklearn.types import Floats, Indices

_TINY = 1e-12


def softmax(logits_NC: Floats) -> Floats:
    """Return the row-wise softmax, computed without overflow.

    Examples
    --------
    >>> import numpy as np
    >>> softmax(np.array([[1000.0, 0.0]]))
    array([[1., 0.]])
    """
    shifted_NC = logits_NC - logits_NC.max(1, keepdims=True)
    np.exp(shifted_NC, out=shifted_NC)
    shifted_NC /= shifted_NC.sum(1, keepdims=True)
    return np.asarray(shifted_NC)


@dataclass(frozen=True, slots=True)
class Temperature:
    """Probabilities with their logarithms divided by a temperature.

    Examples
    --------
    >>> import numpy as np
    >>> Temperature(2.0)(np.array([[0.9, 0.1]])).round(2)
    array([[0.75, 0.25]])
    """

    value: float

    def __call__(self, proba_NC: Floats) -> Floats:
        """Return the calibrated probabilities, shape (N, C)."""
        return softmax(np.log(np.maximum(proba_NC, _TINY)) / self.value)


def fit_temperature(
    logits_NC: Floats, truth_N: Indices, weight_N: Floats | None = None, prior_sd: float = 0.7
) -> float:
    """Return the temperature T that makes ``softmax(logits / T)`` most likely.

    Parameters
    ----------
    logits_NC : ndarray of shape (N, C)
        Logits of items that the model did not train on.
    truth_N : ndarray of int, shape (N,)
        Column of the true class.
    weight_N : ndarray of shape (N,), optional
        Weight of each item.
    prior_sd : float
        Standard deviation of a normal prior on log T around zero, which keeps T sane on few labels.

    Returns
    -------
    float
        In [0.05, 20]. Above one, the model was too sure of itself.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> logits = rng.normal(size=(4000, 3))
    >>> truth = np.array([rng.choice(3, p=p) for p in softmax(logits)])
    >>> round(fit_temperature(3 * logits, truth), 1)
    3.0
    """
    from scipy.optimize import minimize_scalar

    if len(truth_N) == 0:
        return 1.0
    logits_NC = np.asarray(logits_NC, np.float64)
    logits_NC = logits_NC - logits_NC.max(1, keepdims=True)
    true_N = logits_NC[np.arange(len(truth_N)), truth_N]
    weight_N = np.ones(len(truth_N)) if weight_N is None else weight_N

    def loss(log_t: float) -> float:
        scale = np.exp(-log_t)
        nll_N = np.log(np.exp(logits_NC * scale).sum(1)) - true_N * scale
        return float((weight_N * nll_N).sum() + 0.5 * (log_t / prior_sd) ** 2)

    best = minimize_scalar(loss, bounds=(np.log(0.05), np.log(20.0)), method="bounded")
    return float(np.exp(best.x))
