"""Embeddings that somebody else computed, checked and passed on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

import numpy as np

from asklearn.encoders import _base
from asklearn.errors import BadInput
from asklearn.registry import register
from asklearn.types import Floats

_ROWS = 65_536


class _Learnt(NamedTuple):
    dim: int


@register("encoders", "embedding")
@dataclass(eq=False)
class EmbeddingEncoder:
    """Pass ready embeddings on as float32, after checking that every value is finite.

    Parameters
    ----------
    normalize : bool, default False
        Scale every row to unit Euclidean length; rows of zeros stay zeros.

    Examples
    --------
    >>> import numpy as np
    >>> EmbeddingEncoder(normalize=True).fit(np.eye(2)).encode(np.array([[3.0, 4.0]]))
    array([[0.6, 0.8]], dtype=float32)
    """

    normalize: bool = False
    learnt: _Learnt | None = field(default=None, init=False, repr=False)

    def fit(self, items: Any, progress: _base.Progress | None = None) -> Self:
        """Remember the number of columns.

        Parameters
        ----------
        items : ndarray of shape (N, D)
            Numbers of any type.
        progress : callable, optional
            Called with (done, total) rows.

        Raises
        ------
        BadInput
            If `items` is not a numeric array of shape (N, D).
        """
        self.learnt = _Learnt(_matrix(items).shape[1])
        return self

    def encode(self, items: Any, progress: _base.Progress | None = None) -> Floats:
        """Return `items` as float32 of shape (N, D); the same array where it already is that.

        Raises
        ------
        BadInput
            If the shape is wrong, or a value is missing, infinite or beyond float32.
        NotFitted
            Before `fit`.
        """
        dim = _base.fitted(self.learnt, "embedding").dim
        items_ND = _matrix(items)
        if items_ND.shape[1] != dim:
            raise BadInput(f"The encoder was fitted on {dim} columns. Got {items_ND.shape[1]}.")
        with np.errstate(over="ignore"):
            features_ND = np.ascontiguousarray(items_ND, dtype=np.float32)
        for rows in _base.chunks(len(features_ND), _ROWS, progress):
            _check_finite(features_ND[rows], rows.start)
        return _unit(features_ND) if self.normalize else features_ND

    def fingerprint(self) -> str:
        """Return the registered name, the options and a digest of what was learnt."""
        return _base.fingerprint("embedding", self, _base.fitted(self.learnt, "embedding"))


def _matrix(items: Any) -> Any:
    try:
        items_ND = np.asarray(items)
    except ValueError as error:
        raise BadInput(f"Embeddings must have shape (N, D), every row of equal length. {error}.") from error
    if items_ND.ndim != 2 or items_ND.shape[1] == 0:
        raise BadInput(f"Embeddings must be an array of shape (N, D). Got shape {items_ND.shape}.")
    if items_ND.dtype.kind not in "fiub":
        raise BadInput(f"Embeddings must be numbers. Got dtype {items_ND.dtype}; convert them to float32.")
    return items_ND


def _check_finite(features_ND: Floats, start: int) -> None:
    bad_ND = ~np.isfinite(features_ND)
    if bad_ND.any():
        row, column = np.argwhere(bad_ND)[0]
        raise BadInput(
            f"Embeddings must be finite in float32. Got {features_ND[row, column]} at row {start + row}, "
            f"column {column} (both counted from 0). Drop that item or compute its embedding again."
        )


def _unit(features_ND: Floats) -> Floats:
    norm_N1 = np.linalg.norm(features_ND.astype(np.float64), axis=1, keepdims=True)
    return (features_ND / np.where(norm_N1 > 0, norm_N1, 1)).astype(np.float32)
