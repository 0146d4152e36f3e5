"""Learning from the gap: weights of labels in training, by what held-out predictions revealed.

Weights never exceed three times the smallest, and are kept only where held-out predictions say that no group
loses; see :func:`worth_keeping`.
"""

from __future__ import annotations

import numpy as np

from asklearn.errors import BadInput
from asklearn.types import Floats, Indices

CAP = 3.0
TEMPER = 0.5


def error_weights(loss_L: Floats, *, cap: float = CAP, temper: float = TEMPER) -> Floats:
    """Return training weights that emphasise labels that a model had not expected.

    Parameters
    ----------
    loss_L : ndarray of shape (L,)
        One less the probability of each label, by a model that did not see it; in [0, 1].
    cap : float
        Largest ratio of two weights, at least 1.
    temper : float
        Exponent between 0 (equal weights) and 1.

    Returns
    -------
    ndarray of shape (L,)
        Of mean one. Wrong labels are emphasised too: under label noise this hurts.

    Examples
    --------
    >>> error_weights(np.array([0.0, 1.0])).round(2)
    array([0.73, 1.27])
    """
    loss_L = np.asarray(loss_L, np.float64)
    if len(loss_L) and not (np.isfinite(loss_L).all() and 0 <= loss_L.min() <= loss_L.max() <= 1):
        raise BadInput(f"Losses must lie in [0, 1]. Got values from {loss_L.min()} to {loss_L.max()}.")
    return _mean_one((1 + (cap - 1) * loss_L) ** temper)


def pool_weights(
    labelled_LD: Floats, pool_MD: Floats, *, cap: float = CAP, temper: float = TEMPER, seed: int = 0
) -> Floats:
    """Return training weights that undo the bias of what a strategy picks, towards the pool's distribution.

    Parameters
    ----------
    labelled_LD : ndarray of shape (L, D)
        Features of the labelled items.
    pool_MD : ndarray of shape (M, D)
        Features of a random sample of the pool.
    cap : float
        Largest ratio of two weights, at least 1.
    temper : float
        Exponent between 0 (equal weights) and 1 (the estimated ratio of densities).
    seed : int
        Deals the folds.

    Returns
    -------
    ndarray of shape (L,)
        Of mean one. The ratio of densities is the odds of a logistic regression that tells the pool from the
        labelled items, on folds it did not train on (Sugiyama, Suzuki and Kanamori 2012).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> labelled, pool = rng.normal(1, 1, size=(200, 1)), rng.normal(0, 1, size=(2000, 1))
    >>> weights = pool_weights(labelled, pool)
    >>> float(np.corrcoef(weights, labelled[:, 0])[0, 1].round(1))
    -1.0
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    X = np.concatenate([labelled_LD, pool_MD])
    from_pool = np.arange(len(X)) >= len(labelled_LD)
    teller = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, class_weight="balanced", max_iter=200))
    deal = StratifiedKFold(3, shuffle=True, random_state=seed)
    logit_L = cross_val_predict(teller, X, from_pool, cv=deal, method="decision_function")[: len(labelled_LD)]
    half = np.log(cap) / 2
    return _mean_one(np.exp(np.clip(temper * (logit_L - np.median(logit_L)), -half, half)))


def worth_keeping(
    gain_N: Floats, group_N: Indices, weight_N: Floats | None = None, *, level: float = 0.95
) -> tuple[bool, Indices]:
    """Tell whether a change is worth keeping: better overall, and no group surely worse.

    Parameters
    ----------
    gain_N : ndarray of shape (N,)
        By how much each item of the audit is predicted better with the change, by models that did not see its
        label; on any scale.
    group_N : ndarray of int, shape (N,)
        Group of each item, such as its class.
    weight_N : ndarray of shape (N,), optional
        What each item speaks for.
    level : float
        Confidence with which a group is said to lose, all groups together (Holm 1979).

    Returns
    -------
    kept : bool
        Whether the mean gain lies above its standard error, and no group loses.
    losing : ndarray of int
        Groups whose mean gain is surely below zero (paired t-test); a group of fewer than five items cannot
        be told.

    Examples
    --------
    >>> gain, group = np.r_[np.full(90, 0.1), np.full(10, -0.2)], np.repeat([0, 1], [90, 10])
    >>> worth_keeping(gain + np.tile([0.01, -0.01], 50), group)
    (False, array([1]))
    """
    from scipy.stats import t

    w_N = np.ones(len(gain_N)) if weight_N is None else np.asarray(weight_N, np.float64)
    if len(gain_N) < 5:
        return False, np.zeros(0, np.intp)
    groups = [g for g in np.unique(group_N) if (group_N == g).sum() >= 5]
    p_G = np.array(
        [t.cdf(_t(gain_N[group_N == g], w_N[group_N == g]), (group_N == g).sum() - 1) for g in groups]
    )
    order = np.argsort(p_G)
    passed = np.cumprod(p_G[order] <= (1 - level) / np.arange(len(p_G), 0, -1)).astype(bool)
    losing = np.sort(np.array(groups, np.intp)[order[passed]])
    return bool(_t(gain_N, w_N) > 1 and len(losing) == 0), losing


def _t(gain_N: Floats, w_N: Floats) -> float:
    mean = float(np.average(gain_N, weights=w_N))
    spread = float(np.sqrt(((w_N * (gain_N - mean)) ** 2).sum()) / w_N.sum())
    return mean / spread if spread > 0 else float(np.sign(mean)) * 1e9


def _mean_one(weight_L: Floats) -> Floats:
    return np.asarray(weight_L / weight_L.mean() if len(weight_L) else weight_L)
