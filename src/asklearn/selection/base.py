"""What every selection checks before it picks."""

from __future__ import annotations

import numpy as np

from asklearn.acquisition.base import require_known
from asklearn.errors import BadInput
from asklearn.types import Candidates, Floats


def check_request(candidates: Candidates, n: int, needs: frozenset[str], name: str) -> None:
    """Refuse a batch that cannot be picked.

    Raises
    ------
    BadInput
        If `n` is negative or more than there are candidates, or something in `needs` is not known.

    Examples
    --------
    >>> check_request(Candidates(3), 4, frozenset(), "top")
    Traceback (most recent call last):
        ...
    asklearn.errors.BadInput: n must be from 0 to the number of candidates, 3. Got 4: ask for fewer.
    """
    if not 0 <= n <= candidates.size:
        raise BadInput(
            f"n must be from 0 to the number of candidates, {candidates.size}. Got {n}: ask for fewer."
        )
    require_known(candidates, needs, name)


def scores_of(candidates: Candidates) -> Floats:
    """Return the candidates' scores, one each and none NaN.

    Raises
    ------
    BadInput
        If there are none, or one is NaN, or their number is wrong.

    Examples
    --------
    >>> scores_of(Candidates(2, scores_N=np.array([0.5, 0.25])))
    array([0.5 , 0.25])
    """
    require_known(candidates, {"scores"}, "this selection")
    scores_N = np.asarray(candidates.scores_N)
    if scores_N.shape != (candidates.size,):
        raise BadInput(f"scores_N must have shape ({candidates.size},). Got {scores_N.shape}.")
    if np.isnan(scores_N).any():
        row = int(np.flatnonzero(np.isnan(scores_N))[0])
        raise BadInput(f"scores_N must be numbers. Got NaN in row {row}: mend the acquisition function.")
    return scores_N


def features_of(candidates: Candidates) -> Floats:
    """Return the candidates' features, one row each; not copied, may be memory-mapped.

    Raises
    ------
    BadInput
        If there are none, or their number is wrong.

    Examples
    --------
    >>> features_of(Candidates(1, features_ND=np.zeros((1, 2))))
    array([[0., 0.]])
    """
    require_known(candidates, {"features"}, "this selection")
    features_ND = candidates.features_ND
    assert features_ND is not None
    if features_ND.ndim != 2 or len(features_ND) != candidates.size:
        raise BadInput(f"features_ND must have shape ({candidates.size}, D). Got {features_ND.shape}.")
    return features_ND
