"""What every encoder must do, as one check that plug-in authors run over theirs."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from asklearn.protocols import Encoder
from asklearn.types import Floats, Indices

TOLERANCE = 1e-4


def check_encoder(make: Callable[[], Encoder], items: Any, unseen: Any = None) -> None:
    """Run the conformance suite of encoders.

    Parameters
    ----------
    make : callable
        Returns a new encoder that is not fitted, with the same settings every time.
    items : list, ndarray or mapping of columns
        At least ten items of the kind that the encoder takes.
    unseen : same kind as `items`, optional
        Items that `fit` did not see; by default the second half is held back from one fit.

    Raises
    ------
    AssertionError
        If the encoder breaks a rule; the message names it.

    Examples
    --------
    >>> from asklearn.encoders.embedding import EmbeddingEncoder
    >>> check_encoder(EmbeddingEncoder, np.eye(12, 3))
    """
    size = count(items)
    assert size >= 10, f"the suite needs at least ten items, got {size}"
    before = copy.deepcopy(items)
    encoder = make()
    assert isinstance(encoder, Encoder), "an encoder must offer fit, encode and fingerprint"
    assert encoder.fit(items) is encoder, "fit must return the encoder itself"
    features_ND = encoder.encode(items)
    _check_form(features_ND, size)
    _check_rows(encoder, items, features_ND)
    _check_repeats(make, encoder, items, features_ND)
    _check_unseen(make, items, unseen, size)
    assert same(items, before), "fit and encode must not change the items"


def count(items: Any) -> int:
    """Return the number of items in a list, an array or a mapping of columns."""
    return len(next(iter(items.values()))) if isinstance(items, Mapping) else len(items)


def take(items: Any, rows: Indices) -> Any:
    """Return the items at `rows`, in that order, as the same kind."""
    if isinstance(items, Mapping):
        return {name: take(column, rows) for name, column in items.items()}
    return items[rows] if isinstance(items, np.ndarray) else [items[row] for row in rows.tolist()]


def same(left: Any, right: Any) -> bool:
    """Compare two collections of items, missing values included."""
    if isinstance(left, Mapping):
        return list(left) == list(right) and all(same(left[name], right[name]) for name in left)
    return type(left) is type(right) and repr(np.asarray(left).tolist()) == repr(np.asarray(right).tolist())


def _check_form(features_ND: Floats, size: int) -> None:
    assert isinstance(features_ND, np.ndarray), "encode must return an array"
    assert features_ND.ndim == 2, f"features must have shape (N, D), got {features_ND.shape}"
    assert len(features_ND) == size, f"expected {size} rows, got {len(features_ND)}"
    assert features_ND.shape[1] > 0, "there must be at least one feature"
    assert features_ND.dtype == np.float32, f"features must be float32, got {features_ND.dtype}"
    assert features_ND.flags.c_contiguous, "features must be C-contiguous"
    assert np.isfinite(features_ND).all(), "features must be finite"


def _check_rows(encoder: Encoder, items: Any, features_ND: Floats) -> None:
    size = len(features_ND)
    half = size // 2
    for name, rows in {
        "halves": np.concatenate((np.arange(half, size), np.arange(half))),
        "any order": np.random.default_rng(0).permutation(size),
        "one item": np.array([size - 1]),
        "duplicates": np.array([0, size - 1, 0, 0]),
    }.items():
        parts = [rows[:half], rows[half:]] if name == "halves" else [rows]
        got_MD = np.concatenate([encoder.encode(take(items, part)) for part in parts])
        message = f"an item's features must not depend on the items beside it ({name})"
        np.testing.assert_allclose(got_MD, features_ND[rows], atol=TOLERANCE, err_msg=message)


def _check_repeats(make: Callable[[], Encoder], encoder: Encoder, items: Any, features_ND: Floats) -> None:
    assert np.array_equal(encoder.encode(items), features_ND), "encode must be deterministic"
    again = make().fit(items)
    assert np.array_equal(again.encode(items), features_ND), "fit must be deterministic"
    print_ = encoder.fingerprint()
    assert isinstance(print_, str), "the fingerprint must be a str"
    assert print_, "the fingerprint must not be empty"
    assert again.fingerprint() == print_, "equal settings and items must give equal fingerprints"


def _check_unseen(make: Callable[[], Encoder], items: Any, unseen: Any, size: int) -> None:
    half = np.arange(size // 2)
    part = make().fit(take(items, half))
    rest = take(items, np.arange(size // 2, size)) if unseen is None else unseen
    _check_form(part.encode(rest), count(rest))
    repeated = take(items, np.zeros(10, np.intp))
    _check_form(make().fit(repeated).encode(repeated), 10)
    _check_form(make().fit(items).encode(take(items, half[:0])), 0)
