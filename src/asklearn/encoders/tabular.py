"""Columns of a table to features that a linear model can use: ramps for numbers, one-hot for words."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from asklearn.encoders import _base
from asklearn.errors import BadInput
from asklearn.registry import register
from asklearn.types import Floats

_ROWS = 65_536
_WIDEST = 2_048
_QUANTILES = 201
_LARGEST = 1e100
_ABSENT = -1


class _Number(NamedTuple):
    name: str
    median: float
    quantiles: Floats
    scores: Floats
    knots: Floats
    flag: bool

    @property
    def width(self) -> int:
        return max(1, len(self.knots)) + self.flag


class _Words(NamedTuple):
    name: str
    levels: tuple[str, ...]
    pool: bool
    flag: bool

    @property
    def width(self) -> int:
        return len(self.levels) + self.pool + self.flag


_Columns: TypeAlias = dict[str, NDArray[Any]]


@register("encoders", "tabular")
@dataclass(eq=False)
class TabularEncoder:
    """Numbers as normal scores and a row of ramps, words as one column per frequent level.

    A number is imputed by the median (with a column that says so, where `fit` saw any missing) and
    mapped to where it would be if its column were standard normal; then one ramp from 0 to 1 between each pair of
    neighbouring knots follows (piecewise linear encoding, Gorishniy et al. 2022), so that a linear
    model can bend. A word has one column per level, one for all rare or unknown levels, and one for
    missing. Columns that never vary are dropped.

    Parameters
    ----------
    knots : int, default 12
        Knots per number, at most: half-way between the quantiles of the values and those of the
        distinct values; 0 for none. Tables so wide that this would give more than 2,048 features
        from numbers go without.
    levels : int, default 32
        Levels kept per column of words, the most frequent first.
    rare : int, default 3
        A level seen fewer times than this joins the rare ones.
    sample : int, default 100_000
        Number of rows, drawn by `seed`, that quantiles and levels are taken from.
    seed : int, default 0

    Examples
    --------
    >>> import numpy as np
    >>> table = {"age": np.array([20.0, 30.0, np.nan, 40.0]), "town": ["Bonn", "Bonn", "Ulm", None]}
    >>> TabularEncoder(knots=0, rare=1).fit(table).encode(table).round(2)
    array([[-2.81,  0.  ,  1.  ,  0.  ,  0.  ,  0.  ],
           [ 0.  ,  0.  ,  1.  ,  0.  ,  0.  ,  0.  ],
           [ 0.  ,  1.  ,  0.  ,  1.  ,  0.  ,  0.  ],
           [ 2.81,  0.  ,  0.  ,  0.  ,  0.  ,  1.  ]], dtype=float32)
    """

    knots: int = 12
    levels: int = 32
    rare: int = 3
    sample: int = 100_000
    seed: int = 0
    learnt: list[_Number | _Words] | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        for name, low in (("knots", 0), ("levels", 1), ("rare", 1), ("sample", 2), ("seed", 0)):
            _base.whole(getattr(self, name), name, low)

    def fit(self, items: Any, progress: _base.Progress | None = None) -> Self:
        """Learn medians, scales, knots and levels from unlabelled rows.

        Parameters
        ----------
        items : mapping of str to sequence, Table, data frame, or ndarray of shape (N, D)
            Columns of numbers (nan or None where missing) or of str (None where missing).
        progress : callable, optional
            Called with (done, total) columns.

        Raises
        ------
        BadInput
            If there are no rows, columns differ in length, or a column is neither numbers nor words;
            infinite numbers are named by column and row.
        """
        columns = _columns(items)
        rows = _rows(columns)
        if not rows:
            raise BadInput("The tabular encoder needs at least one row to fit on. Got none.")
        drawn: Any = slice(None)
        if rows > self.sample:
            drawn = np.sort(np.random.default_rng(self.seed).choice(rows, self.sample, replace=False))
        numbers = sum(column.dtype != object for column in columns.values())
        knots = self.knots if numbers * self.knots <= _WIDEST else 0
        self.learnt = []
        for done, (name, column) in enumerate(columns.items(), start=1):
            if column.dtype == object:
                one: _Number | _Words | None = _fit_words(name, column[drawn], self.levels, self.rare)
            else:
                one = _fit_number(name, column[drawn], knots)
            if one is not None:
                self.learnt.append(one)
            if progress is not None:
                progress(done, len(columns))
        return self

    def encode(self, items: Any, progress: _base.Progress | None = None) -> Floats:
        """Return features of shape (N, D), float32; one column of zeros where no column varies.

        Raises
        ------
        BadInput
            If a column that `fit` saw is missing or of another kind, or a number is infinite.
        NotFitted
            Before `fit`.
        """
        learnt = _base.fitted(self.learnt, "tabular")
        columns = _columns(items)
        for one in learnt:
            _check_kind(one, columns)
        rows = _rows(columns)
        features_ND = np.zeros((rows, max(1, sum(one.width for one in learnt))), np.float32)
        for part in _base.chunks(rows, _ROWS, progress):
            start = 0
            for one in learnt:
                write = _write_number if isinstance(one, _Number) else _write_words
                write(one, columns[one.name][part], features_ND[part, start : start + one.width])  # type: ignore[arg-type]
                start += one.width
        return features_ND

    def names(self) -> list[str]:
        """Return a name for each feature, in order.

        Examples
        --------
        >>> TabularEncoder(knots=0, rare=1).fit({"town": ["Bonn", "Ulm", None]}).names()
        ['town=Bonn', 'town=Ulm', 'town is rare', 'town is missing']
        """
        names = []
        for one in _base.fitted(self.learnt, "tabular"):
            if isinstance(one, _Number):
                names += [one.name, *(f"{one.name} above {knot:.4g}" for knot in one.knots[:-1])]
            else:
                names += [f"{one.name}={level}" for level in one.levels]
                names += [f"{one.name} is rare"] * one.pool
            names += [f"{one.name} is missing"] * one.flag
        return names or ["nothing varies"]

    def fingerprint(self) -> str:
        """Return the registered name, the options and a digest of what was learnt."""
        learnt = _base.fitted(self.learnt, "tabular")
        return _base.fingerprint("tabular", self, [value for one in learnt for value in one])


def _fit_number(name: str, column: Floats, knots: int) -> _Number | None:
    missing = np.isnan(column)
    known = np.clip(column[~missing].astype(np.float64), -_LARGEST, _LARGEST)
    flag = bool(missing.any())
    if not len(known) or (known.min() == known.max() and not flag):
        return None
    return _Number(name, float(np.median(known)), *_normal_scores(known), _knots(known, knots), flag)


def _normal_scores(known: Floats) -> tuple[Floats, Floats]:
    """Return distinct quantiles and where they would be if the values were standard normal."""
    share_Q = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
    quantiles, tied_Q = np.unique(np.quantile(known, share_Q), return_inverse=True)
    return quantiles, ndtri(np.bincount(tied_Q, share_Q) / np.bincount(tied_Q))


def _knots(known: Floats, knots: int) -> Floats:
    if knots < 3:
        return np.empty(0)
    distinct = np.unique(known)
    share = np.linspace(0, 1, knots)
    knots_K = np.unique((np.quantile(known, share) + np.quantile(distinct, share)) / 2)
    return knots_K if len(knots_K) >= 3 else np.empty(0)


def _fit_words(name: str, column: NDArray[np.object_], levels: int, rare: int) -> _Words | None:
    counts = Counter(column.tolist())
    missing = counts.pop(None, 0)
    frequent = [(level, seen) for level, seen in counts.items() if seen >= rare]
    frequent.sort(key=lambda pair: (-pair[1], pair[0]))
    kept = tuple(level for level, _ in frequent[:levels])
    if len(counts) + bool(missing) < 2 or not (kept or missing):
        return None
    return _Words(name, kept, True, missing > 0)


def _write_number(one: _Number, column: Floats, out_NW: Floats) -> None:
    missing = np.isnan(column)
    value = np.clip(np.where(missing, one.median, column.astype(np.float64)), -_LARGEST, _LARGEST)
    out_NW[:, 0] = np.interp(value, one.quantiles, one.scores)
    _write_ramps(one.knots, value, out_NW[:, 1:])
    if one.flag:
        out_NW[:, -1] = missing


def _write_ramps(knots_K: Floats, value: Floats, out_NR: Floats) -> None:
    for ramp, (start, stop) in enumerate(pairwise(knots_K)):
        out_NR[:, ramp] = (np.clip(value, start, stop) - start) / (stop - start)


def _write_words(one: _Words, column: NDArray[np.object_], out_NW: Floats) -> None:
    place = {level: index for index, level in enumerate(one.levels)}
    place[None] = len(one.levels) + 1 if one.flag else len(one.levels)  # type: ignore[index]
    rare = len(one.levels)
    index = np.fromiter((place.get(value, rare) for value in column.tolist()), np.intp, len(column))
    out_NW[np.arange(len(column)), index] = 1


def _columns(items: Any) -> _Columns:
    columns = items
    held = getattr(items, "columns", None)
    if isinstance(held, Mapping):
        columns = held
    elif held is not None:
        columns = {str(name): np.asarray(items[name]) for name in held}
    elif isinstance(items, np.ndarray) and items.ndim == 2:
        columns = {f"column {index}": items[:, index] for index in range(items.shape[1])}
    if not isinstance(columns, Mapping) or not columns:
        raise BadInput(
            "The tabular encoder takes a mapping from column names to values, a table, or an array of "
            f"shape (N, D). Got {_what(items)}."
        )
    return {str(name): _column(str(name), column) for name, column in columns.items()}


def _what(items: Any) -> str:
    return f"an array of shape {items.shape}" if isinstance(items, np.ndarray) else type(items).__name__


def _column(name: str, column: Any) -> NDArray[Any]:
    """Return `column` as floats (nan where missing) or as objects, each a str or None."""
    values = column if isinstance(column, np.ndarray) else np.array(list(column), dtype=object)
    if values.ndim != 1:
        raise BadInput(
            f"Column {name!r} must have one value per row. Got shape {values.shape}; leave it out."
        )
    if values.dtype.kind in "US":
        values = values.astype(object)
    if values.dtype.kind == "O":
        return _objects(name, values)
    if values.dtype.kind not in "fiub":
        raise BadInput(
            f"Column {name!r} must be numbers or str. Got dtype {values.dtype}; convert it or leave it out."
        )
    return _finite(name, values if values.dtype.kind == "f" else values.astype(np.float64))


def _objects(name: str, values: NDArray[np.object_]) -> NDArray[Any]:
    plain = [None if value is None or value != value else value for value in values.tolist()]
    kinds = {type(value) for value in plain if value is not None}
    if kinds and all(issubclass(kind, int | float | np.number | np.bool_) for kind in kinds):
        try:
            numbers = np.array([np.nan if value is None else value for value in plain], np.float64)
        except OverflowError as error:
            raise BadInput(f"Column {name!r} holds a whole number beyond float64; make it str.") from error
        return _finite(name, numbers)
    for row, value in enumerate(plain):
        if value is not None and not isinstance(value, str):
            raise BadInput(
                f"Column {name!r} must be all numbers or all str. Got {type(value).__name__} in row {row} "
                "(counted from 0). Convert it, or leave the column out."
            )
    words = np.empty(len(plain), object)
    words[:] = plain
    return words


def _finite(name: str, values: Floats) -> Floats:
    infinite = np.isinf(values)
    if infinite.any():
        row = int(np.flatnonzero(infinite)[0])
        raise BadInput(
            f"Numbers must be finite. Got {values[row]} in column {name!r}, row {row} (counted from 0). "
            "Replace it by nan if it is unknown."
        )
    return values


def _rows(columns: _Columns) -> int:
    (first, column), *rest = columns.items()
    for name, other in rest:
        if len(other) != len(column):
            raise BadInput(
                f"All columns must have equally many rows. Column {first!r} has {len(column)}, "
                f"column {name!r} has {len(other)}."
            )
    return len(column)


def _check_kind(one: _Number | _Words, columns: _Columns) -> None:
    if one.name not in columns:
        near = difflib.get_close_matches(one.name, list(columns), n=1)
        hint = f" Is it {near[0]!r}?" if near else ""
        raise BadInput(f"Column {one.name!r}, which the encoder was fitted on, is missing.{hint}")
    column = columns[one.name]
    words = isinstance(one, _Words)
    if words == (column.dtype == object):
        return
    if all(value is None for value in column.tolist()) if not words else bool(np.isnan(column).all()):
        columns[one.name] = np.full(len(column), None if words else np.nan, object if words else np.float64)
        return
    kinds = ("str", "numbers") if words else ("numbers", "str")
    raise BadInput(f"Column {one.name!r} was {kinds[0]} at fit. Got {kinds[1]}; convert it.")
