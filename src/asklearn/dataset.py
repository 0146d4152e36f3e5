"""A labelled file as arrays: read, split, encode."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from asklearn.errors import BadInput
from asklearn.registry import adapt, lookup
from asklearn.types import Floats, Indices, Label

TEST_SHARE = 0.2

Progress = Callable[[int, int], None]


def no_preview(row: int) -> dict[str, Any]:
    """Show nothing of an item."""
    return {}


@dataclass(frozen=True)
class Dataset:
    """Items with features and known labels, parted into a pool to ask from and a test set.

    Attributes
    ----------
    name : str
        The file's name without its ending.
    encoder : str
        How features were made.
    X_pool, X_test : ndarray of shape (N, D)
        Features.
    y_pool, y_test : list of str or int
        Labels.
    ids : ndarray of int
        Row in the file of each pool item.
    preview : callable
        ``preview(row)`` shows one pool item as ``{"text": ...}``, ``{"row": ...}`` or ``{"image": ...}``.
    """

    name: str
    encoder: str
    X_pool: Floats
    y_pool: list[Label]
    X_test: Floats
    y_test: list[Label]
    ids: Indices
    preview: Callable[[int], dict[str, Any]] = no_preview


def load_dataset(
    path: str | os.PathLike[str],
    *,
    label: str,
    text: str | None = None,
    image: str | None = None,
    columns: Sequence[str] = (),
    embedding: str | None = None,
    split: str | None = None,
    encoder: str | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Read a labelled file and turn its items into features.

    Parameters
    ----------
    path : path
        Whatever the source ``tables`` reads: a file, compressed or not, or a folder of images, say.
    label : str
        Column of the known labels.
    text, image, embedding : str, optional
        Column of the items, and so the kind of encoder; at most one of them.
    columns : sequence of str
        Columns of a table's features. By default a column ``image`` of image files where there is one, else
        every column but ``id``, the label and the split.
    split : str, optional
        Column whose value ``test`` marks the test set; without it a stratified fifth is taken.
    encoder : str, optional
        A registered encoder with options, such as ``"text(dim=128)"``. It is fitted on the pool alone.
    progress : callable, optional
        ``progress(done, total)`` while encoding.

    Raises
    ------
    BadInput
        If the file, a column or a label is not what it should be; the message names it.
    """
    chosen = [
        (kind, column)
        for kind, column in (("text", text), ("image", image), ("embedding", embedding))
        if column
    ]
    if len(chosen) + bool(columns) > 1:
        raise BadInput("Give one of text, image, embedding or columns. Got several.")
    for column in (*(column for _, column in chosen), *columns):
        if column in (label, split):
            raise BadInput(
                f"A feature must not be the label or the split. Got {column!r} as both; leave it out."
            )
    wanted = [label, *([split] if split else []), *(column for _, column in chosen), *columns]
    table = lookup("sources", "tables")(path, columns=wanted if chosen or columns else None)
    labels = table.labels(label)
    if not chosen and not columns and _holds_images(table.columns.get("image")):
        chosen = [("image", "image")]
    if chosen:
        kind, column = chosen[0]
        items = table.columns[column]
    else:
        kind = "tabular"
        names = list(columns) or [one for one in table.feature_columns() if one not in (label, split)]
        items = {one: table.columns[one] for one in names}
        if not names:
            raise BadInput(f"{Path(path).name} has no column left for features beside {label!r}.")
    test_N = _test_rows(labels, table.columns[split] if split else None, split)
    pool, test = np.flatnonzero(~test_N), np.flatnonzero(test_N)
    made = adapt("encoders", encoder or kind)
    with located(Path(path).name, pool):
        made.fit(_take(items, pool))
        X_pool = made.encode(_take(items, pool), **({"progress": progress} if progress else {}))
    with located(Path(path).name, test):
        X_test = made.encode(_take(items, test))
    return Dataset(
        name=Path(Path(path).name.removesuffix(".gz").removesuffix(".zst")).stem,
        encoder=encoder or kind,
        X_pool=X_pool,
        y_pool=[labels[i] for i in pool],
        X_test=X_test,
        y_test=[labels[i] for i in test],
        ids=pool,
        preview=lambda row: _preview(kind, items, int(pool[row])),
    )


def _holds_images(column: Any) -> bool:
    return column is not None and all(isinstance(one, bytes) for one in column)


def _test_rows(labels: Sequence[Label], marks: Any, split: str | None) -> np.ndarray:
    if marks is not None:
        test_N = np.array([one == "test" for one in marks])
        if not test_N.any() or test_N.all():
            raise BadInput(
                f"Column {split!r} must mark some rows, and not all, as 'test'. Got the values "
                f"{sorted({str(one) for one in marks})[:5]}."
            )
        return test_N
    rng = np.random.default_rng(0)
    order = rng.permutation(len(labels))
    codes = np.unique(np.array([f"{type(one).__name__}:{one}" for one in labels]), return_inverse=True)[1]
    by_class = order[np.argsort(codes[order], kind="stable")]
    test_N = np.zeros(len(labels), bool)
    test_N[by_class[np.arange(len(labels)) % round(1 / TEST_SHARE) == 0]] = True
    if test_N.all() or not test_N.any():
        raise BadInput(f"A test set needs more rows than these {len(labels)}; mark one with a split column.")
    return test_N


def _data_row(row: int) -> str:
    return f"data row {row + 1}"


@contextmanager
def located(name: str, rows: Indices, place: Callable[[int], str] = _data_row) -> Iterator[None]:
    """Add the place in the file to an encoder's complaint, which counts the items that it was given."""
    try:
        yield
    except BadInput as error:
        found = re.search(r"\b(?:position|row) (\d+)\b[^'\"]{0,20}counted from 0", str(error))
        if found is None or int(found[1]) >= len(rows):
            raise
        raise BadInput(f"{error} In {name} that is {place(int(rows[int(found[1])]))}.") from error


def _take(items: Any, rows: Indices) -> Any:
    if isinstance(items, dict):
        return {name: _take(values, rows) for name, values in items.items()}
    return items[rows] if isinstance(items, np.ndarray) else [items[i] for i in rows]


def _preview(kind: str, items: Any, row: int) -> dict[str, Any]:
    if kind == "text":
        return {"text": str(items[row])}
    if kind == "image":
        return {"image": lookup("encoders", "image").thumbnail(items[row])}
    if kind == "tabular":
        return {"row": {name: _plain(values[row]) for name, values in items.items()}}
    return {}


def _plain(value: Any) -> Any:
    plain = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(plain, float) and plain != plain else plain
