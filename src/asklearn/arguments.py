"""Checks of what callers pass, with errors that say what was expected and what came."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from asklearn.errors import BadInput

LARGEST_DENSE = 2 << 30
"""Bytes that sparse features may take once they are dense."""


def whole(value: Any, expected: str, least: int) -> int:
    """Return a whole number of at least `least`.

    Examples
    --------
    >>> whole(0, "Ask for at least one item", 1)
    Traceback (most recent call last):
        ...
    asklearn.errors.BadInput: Ask for at least one item. Got 0.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or not least <= value < 2**63:
        raise BadInput(f"{expected}. Got {value!r}.")
    return int(value)


def text(value: Any, what: str) -> str:
    """Return a text that is not empty.

    Examples
    --------
    >>> text("ann", "annotator")
    'ann'
    """
    if not isinstance(value, str) or not value:
        raise BadInput(f"The {what} must be a text that is not empty. Got {value!r}.")
    return value


def duration(value: Any) -> float | None:
    """Return a number of seconds, zero or more, or None where it is not known.

    Examples
    --------
    >>> duration(2)
    2.0
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not 0 <= value < math.inf:
        raise BadInput(f"seconds must be numbers, zero or more, or None. Got {value!r}.")
    return float(value)


def confidence(value: Any) -> float:
    """Return the level of an interval, above 0 and below 1.

    Examples
    --------
    >>> confidence(0.9)
    0.9
    """
    if not isinstance(value, float | np.floating) or not 0 < value < 1:
        raise BadInput(f"level is the confidence of an interval, above 0 and below 1. Got {value!r}.")
    return float(value)


def sequence(values: Any, name: str) -> Sequence[Any]:
    """Return several values as a sequence; a text is one value, and refused.

    Examples
    --------
    >>> sequence((one for one in "ab"), "ids")
    ['a', 'b']
    """
    if isinstance(values, str | bytes | dict):
        raise BadInput(f"{name} must be a list or an array, one entry per item. Got {values!r:.200}.")
    return values if isinstance(values, Sequence) else list(values)


def is_sparse(X: Any) -> bool:
    """Tell whether `X` is a scipy sparse matrix or array, without importing scipy.

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> is_sparse(csr_array([[0, 1]])), is_sparse([[0, 1]])
    (True, False)
    """
    return hasattr(X, "toarray") and hasattr(X, "nnz")


def dense(X: Any) -> Any:
    """Return `X` as it is, or as a dense array if it is sparse.

    Raises
    ------
    BadInput
        If that would take over 2 GiB.

    Examples
    --------
    >>> from scipy.sparse import csr_array
    >>> dense(csr_array([[0.0, 1.0]]))
    array([[0., 1.]])
    """
    if not is_sparse(X):
        return X
    needed = X.dtype.itemsize * X.shape[0] * X.shape[1]
    if needed > LARGEST_DENSE:
        raise BadInput(
            f"This needs dense features, and sparse ones of shape {X.shape} take {needed / 2**30:.1f} GiB once "
            f"they are dense; the most is {LARGEST_DENSE / 2**30:.0f}. Use a strategy that looks at "
            "probabilities only, such as margin, with a classifier that takes sparse features, or reduce them "
            "first, by sklearn.decomposition.TruncatedSVD(256), say."
        )
    return X.toarray()
