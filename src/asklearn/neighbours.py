"""Who is near whom: exact nearest neighbours and radius graphs, in blocks of one matrix product each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from asklearn.errors import BadInput
from asklearn.types import Floats, Indices

QUERIES = 512
REFERENCES = 4096
SPARE = 8


def nearest(
    query_MD: Floats, reference_ND: Floats, k: int, *, itself_M: Indices | None = None
) -> tuple[Indices, Floats]:
    """Return the `k` nearest rows of a reference for each query, by Euclidean distance, nearest first.

    Parameters
    ----------
    query_MD, reference_ND : ndarray of shape (M, D) and (N, D)
        float32 or float64; may be memory-mapped. Not copied.
    k : int
        How many, at least 1. Where the reference is smaller, as many as there are.
    itself_M : ndarray of int, shape (M,), optional
        The row of the reference that each query is: no item is its own neighbour, its copies may be.

    Returns
    -------
    index_MK : ndarray of int64, shape (M, K)
        Rows of the reference; of equal distances the lower row first.
    distance_MK : ndarray of shape (M, K)
        Their distances, from differences, so that copies are at exactly 0; of the inputs' precision.

    Raises
    ------
    BadInput
        If shapes do not fit, `k` is below 1, or a feature is not a finite number.

    Notes
    -----
    O(M N D) time. A matrix product in the inputs' precision, about the reference's mean, finds half as
    many again; their distances from differences decide. Neighbours whose squared distances differ by less
    than some 1e-6 of the squared spread (float32) may be missed for each other. Memory: blocks of
    512 x 4,096 distances, whatever M and N. A sample of the reference gives approximate neighbours.

    Examples
    --------
    >>> index_MK, distance_MK = nearest(np.array([[0.0], [4.0]]), np.array([[1.0], [3.5], [9.0]]), 2)
    >>> index_MK.tolist(), distance_MK.tolist()
    ([[0, 1], [1, 0]], [[1.0, 3.5], [0.5, 3.0]])
    """
    if k < 1:
        raise BadInput(f"k must be 1 or more. Got {k}.")
    centre_D = _centre(query_MD, reference_ND)
    k = min(k, len(reference_ND) - (itself_M is not None))
    kind = np.result_type(query_MD.dtype, reference_ND.dtype, np.float32)
    index_MK, distance_MK = np.empty((len(query_MD), k), np.int64), np.empty((len(query_MD), k), kind)
    if k < 1:
        return index_MK[:, :0], distance_MK[:, :0]
    for start in range(0, len(query_MD), QUERIES):
        rows = slice(start, start + QUERIES)
        itself_B = None if itself_M is None else itself_M[rows]
        query_BD = np.asarray(query_MD[rows], kind)
        index_BW = _likely(query_BD - centre_D, reference_ND, k + k // 2 + SPARE, centre_D, itself_B)
        index_MK[rows], distance_MK[rows] = _nearest_of(query_BD, reference_ND, index_BW, k)
    return index_MK, distance_MK


def within(query_MD: Floats, reference_ND: Floats, radius: float) -> tuple[Indices, Indices]:
    """Return the rows of a reference closer than `radius` to each query: a radius graph.

    Parameters
    ----------
    query_MD, reference_ND : ndarray of shape (M, D) and (N, D)
        float32 or float64; may be memory-mapped. Not copied.
    radius : float
        Euclidean distance, not reached itself.

    Returns
    -------
    starts : ndarray of int64, shape (M + 1,)
        Where each query's rows begin and end, as in a CSR matrix.
    rows : ndarray of int64
        Rows of the reference, query by query, ascending.

    Raises
    ------
    BadInput
        If shapes do not fit, or a feature is not a finite number.

    Notes
    -----
    O(M N D) time; memory for the edges found and one block of distances.

    Examples
    --------
    >>> line_ND = np.array([[0.0], [1.0], [5.0]])
    >>> [found.tolist() for found in within(line_ND, line_ND, 2.0)]
    [[0, 2, 4, 5], [0, 1, 0, 1, 2]]
    """
    centre_D = _centre(query_MD, reference_ND)
    pieces, counts_M = [np.empty(0, np.int64)], np.zeros(len(query_MD), np.int64)
    for start in range(0, len(query_MD), QUERIES):
        query_BD = query_MD[start : start + QUERIES] - centre_D
        limit_B1 = radius**2 - np.einsum("bd,bd->b", query_BD, query_BD)[:, None]
        found = [(np.empty(0, np.int64), np.empty(0, np.int64))]
        for first, squares_BR in _blocks(query_BD, reference_ND, centre_D):
            row, column = np.nonzero(squares_BR < limit_B1)
            found.append((row, column + first))
        row, column = (np.concatenate(each) for each in zip(*found, strict=True))
        pieces.append(column[np.argsort(row, kind="stable")])
        counts_M[start : start + QUERIES] = np.bincount(row, minlength=len(query_BD))
    return np.concatenate([[0], np.cumsum(counts_M)]), np.concatenate(pieces)


def squared_distances(query_MD: Floats, reference_ND: Floats) -> Floats:
    """Return every squared Euclidean distance, by one matrix product; for blocks, since all M x N are held.

    None is negative. The error is that of the product: relative to the squared lengths, not to the
    distance, so subtract a common centre first where lengths are large beside distances.

    Examples
    --------
    >>> squared_distances(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]]))
    array([[25.]])
    """
    squares_MN = query_MD @ (-2 * reference_ND.T)
    squares_MN += np.einsum("md,md->m", query_MD, query_MD)[:, None]
    squares_MN += np.einsum("nd,nd->n", reference_ND, reference_ND)
    return np.asarray(np.maximum(squares_MN, 0, out=squares_MN))


def _centre(query_MD: Floats, reference_ND: Floats) -> Floats:
    """Return the reference's mean, in the inputs' precision, and refuse what cannot be compared."""
    shapes = query_MD.shape, reference_ND.shape
    if query_MD.ndim != 2 or reference_ND.ndim != 2 or shapes[0][1] != shapes[1][1]:
        raise BadInput(f"Queries and reference must have shapes (M, D) and (N, D). Got {shapes}.")
    kind = np.result_type(query_MD.dtype, reference_ND.dtype, np.float32)
    total_D = np.zeros(query_MD.shape[1])
    for features_ND in (query_MD, reference_ND):
        total_D[:] = 0
        for start in range(0, len(features_ND), REFERENCES):
            part_D = features_ND[start : start + REFERENCES].sum(axis=0, dtype=np.float64)
            if not np.isfinite(part_D).all():
                raise BadInput("Features must be finite numbers. Mend or drop rows with NaN or infinity.")
            total_D += part_D
    return np.asarray(total_D / max(len(reference_ND), 1), kind)


def _blocks(query_BD: Floats, reference_ND: Floats, centre_D: Floats) -> Iterator[tuple[int, Floats]]:
    """Give the first row of each block of the reference, and its squared distances to centred queries.

    Each is less the query's own squared length, which changes no order: one product does it all.
    """
    ones_B1 = np.ones((len(query_BD), 1), query_BD.dtype)
    longer_BE = np.concatenate([query_BD, ones_B1], axis=1)
    for start in range(0, len(reference_ND), REFERENCES):
        reference_RD = reference_ND[start : start + REFERENCES] - centre_D
        lengths_R = np.einsum("rd,rd->r", reference_RD, reference_RD)
        longer_RE = np.concatenate([-2 * reference_RD, lengths_R[:, None]], axis=1)
        yield start, longer_BE @ longer_RE.T


def _likely(
    query_BD: Floats, reference_ND: Floats, k: int, centre_D: Floats, itself_B: Indices | None
) -> Indices:
    """Return about the `k` nearest of each query, or all where there are fewer (itself at the end, as -1)."""
    near_BK = np.empty((len(query_BD), 0), query_BD.dtype)
    index_BK = np.empty(near_BK.shape, np.int64)
    every = np.arange(len(query_BD))
    for start, squares_BR in _blocks(query_BD, reference_ND, centre_D):
        if itself_B is not None:
            here = np.flatnonzero((itself_B >= start) & (itself_B < start + squares_BR.shape[1]))
            squares_BR[here, itself_B[here] - start] = np.inf
        if near_BK.shape[1] < k:
            held = near_BK.shape[1]
            both_BW = np.concatenate([near_BK, squares_BR], axis=1) if held else squares_BR
            kept_BK = _lowest(both_BW, k)
            near_BK = np.take_along_axis(both_BW, kept_BK, axis=1)
            old_BK = np.take_along_axis(index_BK, np.minimum(kept_BK, held - 1), axis=1) if held else kept_BK
            index_BK = np.where(kept_BK < held, old_BK, kept_BK - held + start)
            continue
        row, column = np.nonzero(squares_BR < near_BK.max(axis=1)[:, None])
        if len(row):
            owner = np.concatenate([np.repeat(every, k), row])
            squared = np.concatenate([near_BK.ravel(), squares_BR[row, column]])
            order = np.lexsort((squared, owner))
            begins = np.searchsorted(owner[order], every)
            kept = order[begins[:, None] + np.arange(k)]
            near_BK = squared[kept]
            index_BK = np.concatenate([index_BK.ravel(), column + start])[kept]
    return np.where(np.isinf(near_BK), -1, index_BK)


def _lowest(values_BW: Floats, k: int) -> Indices:
    if values_BW.shape[1] <= k:
        return np.broadcast_to(np.arange(values_BW.shape[1]), values_BW.shape)
    return np.argpartition(values_BW, k - 1, axis=1)[:, :k]


def _nearest_of(query_BD: Floats, reference_ND: Floats, index_BW: Indices, k: int) -> tuple[Indices, Floats]:
    """Return the `k` nearest of each query's own few rows (-1 is none), by distances from differences."""
    distance_BW = np.empty(index_BW.shape, query_BD.dtype)
    for column, index_B in enumerate(index_BW.T):
        apart_BD = query_BD - reference_ND[np.maximum(index_B, 0)]
        distance_BW[:, column] = np.sqrt(np.einsum("bd,bd->b", apart_BD, apart_BD))
    distance_BW[index_BW < 0] = np.inf
    order_BK = np.lexsort((index_BW, distance_BW))[:, :k]
    return np.take_along_axis(index_BW, order_BK, 1), np.take_along_axis(distance_BW, order_BK, 1)
