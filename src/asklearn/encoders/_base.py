"""What every encoder shares: a fingerprint, chunks that report progress, and the words for wrong input."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from hashlib import blake2b
from typing import Any, TypeAlias, TypeVar

import numpy as np

from asklearn.errors import BadInput, NotFitted

Progress: TypeAlias = Callable[[int, int], None]
T = TypeVar("T")


def fingerprint(name: str, encoder: Any, learnt: Iterable[Any]) -> str:
    """Name a fitted encoder by its options and a BLAKE2b digest of what it has learnt."""
    options = ", ".join(f"{one.name}={getattr(encoder, one.name)!r}" for one in fields(encoder) if one.init)
    digest = blake2b(digest_size=8)
    for part in learnt:
        array = np.asarray(part)
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(repr(array.tolist()).encode() if array.dtype == object else array.tobytes())
    return f"{name}({options})#{digest.hexdigest()}"


def fitted(learnt: T | None, name: str) -> T:
    """Return what was learnt, or say that `fit` comes first."""
    if learnt is None:
        raise NotFitted(f"The {name} encoder is not fitted. Call fit(items) on unlabelled items first.")
    return learnt


def chunks(total: int, size: int, progress: Progress | None = None) -> Iterator[slice]:
    """Yield slices that cover ``range(total)``; after each, tell `progress` how many are done."""
    for start in range(0, total, size):
        stop = min(start + size, total)
        yield slice(start, stop)
        if progress is not None:
            progress(stop, total)


def whole(value: Any, name: str, low: int) -> None:
    """Check that an option is an int of at least `low`."""
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < low:
        raise BadInput(f"{name} must be a whole number of at least {low}. Got {value!r}.")
