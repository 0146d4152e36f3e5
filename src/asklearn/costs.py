"""What a label costs: seconds, estimated from the times that annotators took."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from asklearn.errors import BadInput
from asklearn.types import Floats

FEWEST = 10
"""With fewer recorded times than this, every item is taken to cost their median."""

MOST = 2_000
"""Times that are looked at; of more, as many evenly spread over them."""

LEAST_SECONDS = 0.1
OUTLIER = 3.0
STRENGTHS = np.logspace(-2, 5, 22)

Costs = Callable[[Floats], Floats]


def fit_costs(features_LD: Floats, seconds_L: Floats) -> Costs:
    """Learn what a label of an item costs from its features, in seconds.

    Parameters
    ----------
    features_LD : ndarray of shape (L, D)
        Features of the items whose time was recorded.
    seconds_L : ndarray of shape (L,)
        How long an annotator took for each; not negative.

    Returns
    -------
    callable
        From features of shape (N, D) to seconds of shape (N,), each within the range of recorded times.

    Raises
    ------
    BadInput
        If a time is negative or not finite, or the numbers of rows differ.

    Notes
    -----
    Ridge regression of log-seconds about their median, on standardised features. A time further from the
    median than 3 robust standard deviations (of the median absolute deviation) counts as just that far:
    somebody went for coffee. The ridge's strength, and a factor from 0 to 1 by which its predictions shrink
    to the median, are those with the least squared error in leave-one-out prediction, in closed form. So
    where times cannot be foretold, every item costs the median; with fewer than 10 times too, and 1 second
    with none. O(L D min(L, D)) for at most 2,000 times, then O(N D).

    References
    ----------
    Settles, Craven and Friedland (2008), Active learning with real annotation costs.
    Allen (1974), The relationship between variable selection and data augmentation (leave-one-out).

    Examples
    --------
    >>> length_LD = np.arange(1.0, 41.0)[:, None]
    >>> costs = fit_costs(length_LD, 3 * np.exp(length_LD[:, 0] / 20))
    >>> costs(np.array([[1.0], [21.0], [40.0]])).round(1)
    array([ 3.2,  8.6, 22.2], dtype=float32)
    """
    features_LD, seconds_L = np.asarray(features_LD), np.asarray(seconds_L, np.float64)
    if features_LD.ndim != 2 or seconds_L.shape != features_LD.shape[:1]:
        raise BadInput(
            f"Expected one time for each of {len(features_LD)} items. Got shape {seconds_L.shape}."
        )
    if not (np.isfinite(seconds_L) & (seconds_L >= 0)).all():
        raise BadInput("Annotation times must be numbers of seconds from 0 up. Mend or drop the others.")
    rows = np.unique(np.linspace(0, len(seconds_L) - 1, min(MOST, len(seconds_L))).astype(np.intp))
    features_LD, seconds_L = features_LD[rows], np.maximum(seconds_L[rows], LEAST_SECONDS)
    if len(seconds_L) == 0:
        return _always(1.0)
    logs_L = np.log(seconds_L)
    middle = float(np.median(logs_L))
    reach = OUTLIER * 1.4826 * float(np.median(np.abs(logs_L - middle)))
    if len(seconds_L) < FEWEST or reach == 0:
        return _always(float(np.exp(middle)))
    apart_L = np.clip(logs_L - middle, -reach, reach)
    mean_D, scale_D = features_LD.mean(axis=0), features_LD.std(axis=0)
    scale_D = np.where(scale_D > 0, scale_D, 1)
    weights_D, constant = _ridge(((features_LD - mean_D) / scale_D).astype(np.float64), apart_L)
    weights_D /= scale_D
    constant += middle - float(weights_D @ mean_D)
    low, high = apart_L.min() + middle, apart_L.max() + middle

    def costs(features_ND: Floats) -> Floats:
        logs_N = features_ND @ weights_D.astype(np.result_type(features_ND, np.float32)) + constant
        return np.asarray(np.exp(np.clip(logs_N, low, high)), np.float32)

    return costs


def _always(seconds: float) -> Costs:
    return lambda features_ND: np.full(len(features_ND), seconds, np.float32)


def _ridge(inputs_LD: Floats, outputs_L: Floats) -> tuple[Floats, float]:
    """Return weights and constant of the ridge regression, shrunk to 0, that predicts best left out."""
    left_LR, sizes_R, right_RD = np.linalg.svd(inputs_LD, full_matrices=False)
    mean = float(outputs_L.mean())
    turned_R = left_LR.T @ (outputs_L - mean)
    best = np.inf, 0.0, STRENGTHS[-1]
    for strength in STRENGTHS:
        kept_R = sizes_R**2 / (sizes_R**2 + strength)
        leverage_L = (left_LR**2) @ kept_R + 1 / len(outputs_L)
        fitted_L = left_LR @ (kept_R * turned_R) + mean
        left_out_L = outputs_L - (outputs_L - fitted_L) / np.maximum(1 - leverage_L, 1e-9)
        shrink = float(np.clip(left_out_L @ outputs_L / max(left_out_L @ left_out_L, 1e-12), 0, 1))
        error = float(((outputs_L - shrink * left_out_L) ** 2).sum())
        best = min(best, (error, shrink, float(strength)))
    _, shrink, strength = best
    weights_D: Floats = right_RD.T @ (sizes_R / (sizes_R**2 + strength) * turned_R)
    return shrink * weights_D, shrink * mean
