"""The features of every item, as one or more shards of rows that are never copied as a whole."""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np

from asklearn.arguments import is_sparse
from asklearn.errors import BadInput
from asklearn.features import features_from
from asklearn.types import Floats, Indices

CHUNK_BYTES = 32 << 20
MOSTLY = 0.9
"""From this share of wanted rows on, a stretch is handed out whole: scoring the rest costs less than a copy."""

SCATTERED = 16
"""Where fewer than one row in so many is wanted, a memory-mapped shard is read without reading ahead."""


class Chunk(NamedTuple):
    """Some rows with their features.

    Attributes
    ----------
    place : slice
        Which of the wanted rows these are.
    features_BD : ndarray of shape (B, D)
        Features of a stretch of the pool that holds these rows; a view where it can be.
    inside : ndarray of int, or slice
        Where these rows stand in the stretch.
    """

    place: slice
    features_BD: Floats
    inside: Indices | slice


class Pool:
    """Rows of features in shards, which stay where they are: in memory, or on disk if memory-mapped.

    Parameters
    ----------
    *shards : arrays of shape (N, D), or Pool
        Rows of equal width, in order; see :meth:`add`. All of them are dense or all sparse (CSR).
    groups : sequence of int, length N, optional
        The group of each of these rows, for quotas: the rows of `shards` that are pools have theirs already.

    Examples
    --------
    >>> import numpy as np
    >>> pool = Pool(np.zeros((3, 2), np.float32), np.ones((1, 2), np.float32))
    >>> pool.take(np.array([3, 0]))
    array([[1., 1.],
           [0., 0.]], dtype=float32)
    """

    def __init__(self, *shards: Any, groups: Sequence[int] | None = None) -> None:
        self.shards: list[Floats] = []
        self.starts: list[int] = [0]
        for shard in shards:
            self.add(shard)
        pools = [shard for shard in shards if isinstance(shard, Pool)]
        held = [pool.groups for pool in pools if pool.groups is not None]
        given = [*held, check_groups(groups)] if groups is not None else held
        self.groups: Indices | None = np.concatenate(given) if given else None
        if self.groups is not None and len(self.groups) != len(self):
            raise BadInput(
                f"Expected the group of each of {len(self)} items, or of none. Got {len(self.groups)} groups. "
                "Further items get theirs as Pool(X, groups=...)."
            )

    def __len__(self) -> int:
        return self.starts[-1]

    def __getitem__(self, rows: slice | Indices) -> Floats:
        """Return the features of some rows; of a slice within one shard, a view."""
        if isinstance(rows, slice):
            return self.take(np.arange(*rows.indices(len(self))), view=True)
        return self.take(np.asarray(rows, np.intp))

    def add(self, X: Any, *, check: bool = True) -> None:
        """Append rows, or every shard of another pool; see :func:`check_features` for what is refused.

        Without `check` an array is taken as it is: for what was checked when it was written.
        """
        if isinstance(X, Pool):
            for shard in X.shards:
                self.add(shard, check=False)
            return
        features = check_features(X) if check else X
        if self.shards and features.shape[1] != self.shards[0].shape[1]:
            raise BadInput(
                f"Expected {self.shards[0].shape[1]} features per item, as in the rest of the pool. "
                f"Got {features.shape[1]}."
            )
        if self.shards and is_sparse(features) is not is_sparse(self.shards[0]):
            raise BadInput("All features of a pool must be dense or all sparse. Convert the further ones.")
        self.shards.append(features)
        self.starts.append(len(self) + features.shape[0])

    def take(self, rows: Indices, *, view: bool = False) -> Floats:
        """Return the features of `rows`, in that order: a new array, unless `view` and they are in one piece."""
        if len(rows) and view and rows[-1] - rows[0] + 1 == len(rows):
            shard = self._shard_of(rows[0])
            if rows[-1] < self.starts[shard + 1]:
                return self.shards[shard][rows[0] - self.starts[shard] : rows[-1] + 1 - self.starts[shard]]
        if len(self.shards) == 1:
            return _gathered(self.shards[0], rows)
        shard_of = np.searchsorted(self.starts, rows, side="right") - 1
        if is_sparse(self.shards[0]):
            return _stacked(self.shards, self.starts, rows, shard_of)
        taken = np.empty((len(rows), self.shards[0].shape[1]), np.result_type(*self.shards))
        for number in np.unique(shard_of):
            here = shard_of == number
            taken[here] = _gathered(self.shards[number], rows[here] - self.starts[number])
        return taken

    def chunks(self, rows: Indices) -> Iterator[Chunk]:
        """Yield the features of sorted `rows` in pieces of bounded size, none of which crosses shards.

        Where most rows of a stretch are wanted it is handed out whole, and not copied.
        """
        if len(rows) == 0:
            return
        row_bytes = self.shards[0].shape[1] * self.shards[0].dtype.itemsize
        size = max(CHUNK_BYTES // max(row_bytes, 1), 256)
        bounds = np.searchsorted(rows, self.starts)
        for number, shard in enumerate(self.shards):
            for start in range(bounds[number], bounds[number + 1], size):
                place = slice(start, min(start + size, int(bounds[number + 1])))
                yield _chunk(shard, rows[place] - self.starts[number], place)
                _let_go(shard)

    def fingerprint(self, start: int = 0, stop: int | None = None) -> str:
        """Return a short hash of the shape of some rows and of up to a thousand of them, as float32.

        Examples
        --------
        >>> import numpy as np
        >>> Pool(np.zeros((2, 2), np.float32)).fingerprint() == Pool(np.ones((2, 2), np.float32)).fingerprint()
        False
        """
        count = (len(self) if stop is None else stop) - start
        rows = np.unique(np.linspace(0, count - 1, 1000).astype(np.intp))
        digest = blake2b(repr((count, self.shards[0].shape[1])).encode(), digest_size=8)
        taken: Any = self.take(start + rows)
        for part in (taken.indptr, taken.indices, taken.data) if is_sparse(taken) else (taken,):
            digest.update(np.ascontiguousarray(part, np.float32).tobytes())
        return digest.hexdigest()

    def _shard_of(self, row: int) -> int:
        return int(np.searchsorted(self.starts, row, side="right")) - 1


def _chunk(shard: Floats, rows: Indices, place: slice) -> Chunk:
    first, last = int(rows[0]), int(rows[-1])
    stretch = last - first + 1
    if stretch == len(rows):
        return Chunk(place, shard[first : last + 1], slice(None))
    if len(rows) >= MOSTLY * stretch:
        return Chunk(place, shard[first : last + 1], rows - first)
    return Chunk(place, _gathered(shard, rows), slice(None))


def _stacked(shards: list[Any], starts: list[int], rows: Indices, shard_of: Indices) -> Floats:
    """Copy some rows out of sparse shards, in their order."""
    from scipy.sparse import vstack

    order = np.argsort(shard_of, kind="stable")
    parts = [shards[one][rows[shard_of == one] - starts[one]] for one in np.unique(shard_of)]
    taken: Floats = vstack(parts or [shards[0][:0]], format="csr")[np.argsort(order)]
    return taken


def _gathered(shard: Floats, rows: Indices) -> Floats:
    """Copy some rows out of a shard; of a memory-mapped one, no more stays in memory than that copy."""
    if is_sparse(shard):
        return shard[rows]
    mapping = _mapping(shard) if len(rows) * SCATTERED < len(shard) else None
    if mapping is not None:
        mapping.madvise(mmap.MADV_RANDOM)
    taken = np.asarray(shard[rows])
    if mapping is not None:
        mapping.madvise(mmap.MADV_NORMAL)
    _let_go(shard)
    return taken


def _let_go(shard: Floats) -> None:
    """Let the system have the memory of a mapped shard back; it reads the file again when needed."""
    mapping = _mapping(shard)
    if mapping is not None:
        mapping.madvise(mmap.MADV_DONTNEED)


def _mapping(shard: Floats) -> mmap.mmap | None:
    """Return the read-only mapping that an array lies in, where the system takes advice about it."""
    if is_sparse(shard) or shard.flags.writeable or not hasattr(mmap, "MADV_DONTNEED"):
        return None
    owner: Any = shard
    while owner is not None and not isinstance(owner, mmap.mmap):
        owner = getattr(owner, "base", None)
    return owner


def check_groups(groups: Sequence[int]) -> Indices:
    """Return groups as whole numbers, or say what is wrong with them.

    Raises
    ------
    BadInput
        If one is no whole number.

    Examples
    --------
    >>> check_groups(["north", "south"])
    Traceback (most recent call last):
        ...
    asklearn.errors.BadInput: Groups must be whole numbers, one for each item. Got 'north'; number them first.
    """
    held = np.asarray(groups)
    if held.ndim != 1 or held.dtype.kind not in "iu":
        first = held.tolist()[0] if held.ndim == 1 and held.size else f"shape {held.shape}"
        raise BadInput(f"Groups must be whole numbers, one for each item. Got {first!r}; number them first.")
    return held.astype(np.int64)


def check_features(X: Any) -> Floats:
    """Return `X` as an array of shape (N, D), dense or sparse, or say what is wrong with it.

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
    features: Floats = features_from(X)
    if features.dtype.kind not in "fiub" or features.ndim != 2 or 0 in features.shape:
        raise BadInput(
            "Features must be a numeric array of shape (items, features), neither being zero. "
            f"Got {type(X).__name__} of shape {features.shape} and type {features.dtype}. "
            "Texts, images and table columns are turned into features by an encoder."
        )
    if features.dtype.kind != "f" or features.dtype.itemsize < 4:
        features = features.astype(np.float32)
    if is_sparse(features):
        _check_held(features)
        return features
    for start in range(0, len(features), 65536):
        piece = features[start : start + 65536]
        if not np.isfinite(piece).all():
            row, column = (int(one) for one in np.argwhere(~np.isfinite(piece))[0])
            raise BadInput(
                f"Features must be finite. Got {piece[row, column]} in row {start + row}, column {column}. "
                "Impute missing values first."
            )
        _let_go(features)
    return features


def _check_held(features: Any) -> None:
    wrong = np.flatnonzero(~np.isfinite(features.data))
    if len(wrong):
        row = int(np.searchsorted(features.indptr, wrong[0], side="right")) - 1
        raise BadInput(
            f"Features must be finite. Got {features.data[wrong[0]]} in row {row}, column "
            f"{features.indices[wrong[0]]}. Impute missing values first."
        )
