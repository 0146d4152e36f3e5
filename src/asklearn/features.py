"""Features as users hold them, without importing the library they come from; and as they are compared."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asklearn.arguments import dense, is_sparse
from asklearn.errors import BadInput

_NUMBERS = ("int", "uint", "float", "double", "bool", "boolean")
_SHOWN = 5

WIDE = 1_024
"""Sparse features of more columns are compared by a random projection of them."""

NARROW = 256
"""Columns of that projection: distances keep their proportions within some 10%."""


def features_from(X: Any) -> Any:
    """Return `X` as an array, dense or sparse; the values are checked by :func:`asklearn.pool.check_features`.

    Parameters
    ----------
    X : array, list, data frame, Arrow table or sparse matrix
        A numpy array is returned as it is. Of pandas and polars data frames and Arrow tables every
        column must be numeric; missing values become nan, and a pandas index is no feature and no id.
        A scipy sparse matrix stays sparse, in rows (CSR). Anything else goes through ``numpy.asarray``.

    Returns
    -------
    ndarray or csr_array
        Of shape (N, D) where `X` has that shape.

    Raises
    ------
    BadInput
        If columns are not numeric (they are named), or rows are of unequal length.

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> features_from(csr_array([[0, 2], [3, 0]])).dtype
    dtype('float32')
    """
    if isinstance(X, np.ndarray):
        return _from_array(X)
    if is_sparse(X):
        return _from_sparse(X)
    if hasattr(X, "column_names") and hasattr(X, "itercolumns"):
        return _from_arrow(X)
    if all(hasattr(X, name) for name in ("to_numpy", "columns", "dtypes")):
        return _from_frame(X)
    try:
        return np.asarray(X)
    except (ValueError, TypeError, RuntimeError) as error:
        raise BadInput(f"Features must be rows of equal length. {error}.") from error


def narrowed(X: Any, needs: Set[str] = frozenset()) -> Any:
    """Return features as acquisitions and selections take them: dense, and not too wide to compare.

    Parameters
    ----------
    X : array or CSR array of shape (N, D)
        Dense features, which are returned as they are, or sparse ones.
    needs : set of str
        What is needed about candidates. With ``predict`` the columns must be the model's own.

    Returns
    -------
    ndarray of shape (N, D) or (N, 256)
        Wide sparse features as a very sparse random projection (Li, Hastie and Church 2006), which keeps
        distances in proportion: the same one for all features of so many columns.

    Raises
    ------
    BadInput
        If sparse features are needed whole and would take over 2 GiB.

    Notes
    -----
    The projection takes O(256 sqrt(D)) memory, and O(sqrt(D) / D) of 256 products for each number held.

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> narrowed(csr_array((3, 30_000), dtype=np.float32)).shape
    (3, 256)
    """
    if width(X, needs) == X.shape[1]:
        return dense(X)
    from sklearn.random_projection import SparseRandomProjection

    made = SparseRandomProjection(NARROW, random_state=0).fit(np.zeros((1, X.shape[1]), X.dtype))
    narrow_NF: NDArray[Any] = (X @ made.components_.T).toarray().astype(X.dtype, copy=False)
    return narrow_NF


def width(X: Any, needs: Set[str] = frozenset()) -> int:
    """Return how many columns :func:`narrowed` leaves.

    Examples
    --------
    >>> width(np.zeros((1, 3))), width(np.zeros((1, 3_000)))
    (3, 3000)
    """
    wide = is_sparse(X) and X.shape[1] > WIDE and "predict" not in needs
    return NARROW if wide else int(X.shape[1])


def _from_array(X: NDArray[Any]) -> NDArray[Any]:
    if np.ma.is_masked(X):
        if X.dtype.kind != "f":
            raise BadInput("Features must be complete. Got a masked array with masked values; fill them in.")
        return np.asarray(np.ma.filled(X, np.nan))
    return np.asarray(X) if isinstance(X, np.ma.MaskedArray | np.matrix) else X


def _from_sparse(X: Any) -> Any:
    if X.dtype.kind not in "fiub":
        raise BadInput(f"Features must be numbers. Got a sparse matrix of type {X.dtype}.")
    rows = X.tocsr()
    if rows.dtype.kind != "f" or rows.dtype.itemsize < 4 or not rows.has_canonical_format:
        rows = rows.astype(rows.dtype if rows.dtype in (np.float32, np.float64) else np.float32, copy=True)
        rows.sum_duplicates()
    return rows


def _from_arrow(X: Any) -> NDArray[Any]:
    columns = [np.asarray(column) for column in X.itercolumns()]
    _all_numbers(
        [(str(name), column.dtype) for name, column in zip(X.column_names, columns, strict=True)],
        lambda kind: kind.kind in "fiub",
    )
    return np.column_stack(columns) if columns else np.empty((len(X), 0))


def _from_frame(X: Any) -> NDArray[Any]:
    values = np.asarray(X.to_numpy())
    if values.dtype.kind in "fiub":
        return values
    _all_numbers(
        list(zip(map(str, X.columns), X.dtypes, strict=True)),
        lambda kind: str(kind).lower().rstrip("0123456789") in _NUMBERS,
    )
    return np.asarray(X.to_numpy(dtype=np.float32, na_value=np.nan))


def _all_numbers(columns: list[tuple[str, Any]], is_number: Any) -> None:
    wrong = [f"{name!r} ({kind})" for name, kind in columns if not is_number(kind)]
    if wrong:
        more = f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise BadInput(
            f"Every column must be numeric. These are not: {', '.join(wrong[:_SHOWN])}{more}. Leave them out, "
            "or turn them into features by an encoder, such as asklearn's tabular one."
        )
