"""The features of every item, as one or more shards of rows that are never copied as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

import numpy as np

from asklearn.errors import BadInput
from asklearn.features import features_from
from asklearn.types import Floats, Indices

CHUNK_BYTES = 32 << 20


class Pool:
    """Rows of features; memory-mapped arrays stay on disk.

    Examples
    --------
    >>> import numpy as np
    >>> pool = Pool()
    >>> pool.add(np.zeros((3, 2), np.float32))
    >>> pool.add(np.ones((1, 2), np.float32))
    >>> pool.take(np.array([3, 0]))
    array([[1., 1.],
           [0., 0.]], dtype=float32)
    """

    def __init__(self) -> None:
        self.shards: list[Floats] = []
        self.starts: list[int] = [0]

    def __len__(self) -> int:
        return self.starts[-1]

    def add(self, X: Any) -> None:
        """Append rows; see :func:`check_features` for what is refused."""
        features = check_features(X)
        if self.shards and features.shape[1] != self.shards[0].shape[1]:
            raise BadInput(
                f"Expected {self.shards[0].shape[1]} features per item, as in the rest of the pool. "
                f"Got {features.shape[1]}."
            )
        self.shards.append(features)
        self.starts.append(len(self) + len(features))

    def take(self, rows: Indices) -> Floats:
        """Return the features of `rows`, in that order, as a new array."""
        if len(self.shards) == 1:
            return np.asarray(self.shards[0][rows])
        taken = np.empty((len(rows), self.shards[0].shape[1]), np.result_type(*self.shards))
        shard_of = np.searchsorted(self.starts, rows, side="right") - 1
        for number in np.unique(shard_of):
            here = shard_of == number
            taken[here] = self.shards[number][rows[here] - self.starts[number]]
        return taken

    def chunks(self, rows: Indices) -> Iterator[tuple[slice, Floats]]:
        """Yield the features of sorted `rows` in pieces of bounded size, with their place in `rows`."""
        if len(rows) == 0:
            return
        row_bytes = self.shards[0].shape[1] * self.shards[0].dtype.itemsize
        size = max(CHUNK_BYTES // max(row_bytes, 1), 256)
        for start in range(0, len(rows), size):
            piece = slice(start, min(start + size, len(rows)))
            yield piece, self._contiguous(rows[piece])

    def _contiguous(self, rows: Indices) -> Floats:
        first, last = int(rows[0]), int(rows[-1])
        shard = int(np.searchsorted(self.starts, first, side="right")) - 1
        if last - first + 1 == len(rows) and last < self.starts[shard + 1]:
            return self.shards[shard][first - self.starts[shard] : last + 1 - self.starts[shard]]
        return self.take(rows)


def check_features(X: Any) -> Floats:
    """Return `X` as an array of shape (N, D), or say what is wrong with it.

    Data frames, Arrow tables and sparse matrices are taken too; see :func:`asklearn.features.features_from`.

    Raises
    ------
    BadInput
        If it is not numeric, not two-dimensional, empty, or has a value that is not finite.

    Examples
    --------
    >>> check_features([[1.0, float("nan")]])
    Traceback (most recent call last):
        ...
    asklearn.errors.BadInput: Features must be finite. Got nan in row 0, column 1. Impute missing values first.
    """
    features = features_from(X)
    if features.dtype.kind not in "fiub" or features.ndim != 2 or 0 in features.shape:
        raise BadInput(
            "Features must be a numeric array of shape (items, features), neither being zero. "
            f"Got {type(X).__name__} of shape {features.shape} and type {features.dtype}. "
            "Texts, images and table columns are turned into features by an encoder."
        )
    if features.dtype.kind != "f" or features.dtype.itemsize < 4:
        features = features.astype(np.float32)
    for start in range(0, len(features), 65536):
        piece = features[start : start + 65536]
        if not np.isfinite(piece).all():
            row, column = (int(one) for one in np.argwhere(~np.isfinite(piece))[0])
            raise BadInput(
                f"Features must be finite. Got {piece[row, column]} in row {start + row}, column {column}. "
                "Impute missing values first."
            )
    return features


def fingerprint(X: Floats) -> str:
    """Return a short hash of an array's shape and of up to a thousand of its rows, as float32.

    Examples
    --------
    >>> import numpy as np
    >>> fingerprint(np.zeros((2, 2), np.float32)) == fingerprint(np.ones((2, 2), np.float32))
    False
    """
    rows = np.unique(np.linspace(0, len(X) - 1, 1000).astype(np.intp))
    digest = blake2b(repr(X.shape).encode(), digest_size=8)
    digest.update(np.ascontiguousarray(X[rows], np.float32).tobytes())
    return digest.hexdigest()
