"""What is known of a model's mistakes: held-out predictions of every labelled item, in two halves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.random import Generator

from asklearn.arguments import dense
from asklearn.crossfit import CrossFit
from asklearn.errors import BadInput
from asklearn.evaluate import UNKNOWN, folds
from asklearn.gaps import Gap, Half, find_gaps
from asklearn.gaps.predicates import as_column, clusters, joined, words
from asklearn.gaps.predicates import columns as described
from asklearn.pool import Pool
from asklearn.protocols import Model
from asklearn.types import Floats, Indices, ItemId, Label

FOLDS = 4
FEWEST = 20
MOST = 50_000


def looked_at(size: int, labelled: Indices, rng: Generator, most: int = MOST) -> Indices:
    """Return the rows to look for gaps in: all of them, or a uniform sample and what is labelled.

    Examples
    --------
    >>> looked_at(4, np.array([1]), np.random.default_rng(0))
    array([0, 1, 2, 3])
    """
    if size <= most:
        return np.arange(size)
    return np.union1d(rng.choice(size, most, replace=False), labelled)


def halves_of(
    prototype: Model,
    pool: Pool,
    view_N: Indices,
    trained_on: tuple[Sequence[int], Sequence[Label]],
    audit_rows: Sequence[int],
    uniform: Indices,
    audited: CrossFit,
    rng: Generator,
) -> list[Half]:
    """Return the evidence for gaps, twice: either half of the audit confirms what the rest suggests.

    Parameters
    ----------
    prototype : Model
        Unfitted; four fresh copies are trained for each half.
    pool : Pool
        Features.
    view_N : ndarray of int, shape (N,)
        The rows in which gaps are looked for, sorted; every labelled row is among them.
    trained_on : (rows, labels)
        Everything that the present model was trained on.
    audit_rows : sequence of int
        Rows of the audit, in the order of `audited`.
    uniform : ndarray of int
        The places in it of what was drawn uniformly; only this part confirms.
    audited : CrossFit
        Their held-out predictions; those without a label are left out.
    rng : Generator
        Deals halves and folds.

    Raises
    ------
    BadInput
        With fewer than 20 labels of the audit.
    """
    known_A = uniform[audited.truth_N[uniform] != UNKNOWN]
    if len(known_A) < FEWEST:
        raise BadInput(
            f"Gaps need at least {FEWEST} labels of the audit, half to suspect by and half to confirm by, and "
            f"hundreds to find what is rare. Got {len(known_A)}; ask and tell more, or raise audit=."
        )
    features_ND = dense(pool.take(view_N))
    order = rng.permutation(known_A)
    parts = np.sort(order[::2]), np.sort(order[1::2])
    rows_A = np.asarray(audit_rows, np.intp)
    drawn_U = rows_A[uniform]
    return [
        _half(prototype, features_ND, view_N, trained_on, rows_A, drawn_U, audited, part, rng) for part in parts
    ]  # fmt: skip


def _half(
    prototype: Model,
    features_ND: Floats,
    view_N: Indices,
    trained_on: tuple[Sequence[int], Sequence[Label]],
    rows_A: Indices,
    drawn_U: Indices,
    audited: CrossFit,
    part: Indices,
    rng: Generator,
) -> Half:
    """Return the evidence that the audit's labels at `part` confirm; no model here has seen them."""
    column = {label: c for c, label in enumerate(audited.classes)}
    rows, labels = np.asarray(trained_on[0], np.intp), trained_on[1]
    kept = np.flatnonzero(~np.isin(rows, rows_A[part]))
    place_L = np.searchsorted(view_N, rows[kept])
    told = [labels[i] for i in kept.tolist()]
    proba_NC = np.zeros((len(view_N), len(column)), np.float32)
    proba_LC = np.zeros((len(kept), len(column)), np.float32)
    parts = folds(len(kept), FOLDS, rng)
    for number, held in enumerate(parts):
        train = np.setdiff1d(np.arange(len(kept)), held)
        fitted = prototype.fresh(number).fit(features_ND[place_L[train]], [told[i] for i in train.tolist()])
        columns = np.array([column[label] for label in fitted.classes], np.intp)
        made_NC = fitted.posterior(features_ND).proba_NC
        proba_NC[:, columns] += made_NC / len(parts)
        proba_LC[np.ix_(held, columns)] = made_NC[place_L[held]]
    return Half(
        rows_L=place_L,
        truth_L=np.array([column[one] for one in told], np.intp),
        proba_LC=proba_LC,
        random_L=np.isin(rows[kept], drawn_U),
        proba_NC=proba_NC,
        rows_M=np.searchsorted(view_N, rows_A[part]),
        truth_M=audited.truth_N[part],
        proba_MC=audited.proba_NC[part],
    )


def gaps_of(
    prototype: Model,
    pool: Pool,
    trained_on: tuple[Sequence[int], Sequence[Label]],
    audit_rows: Sequence[int],
    uniform: Indices,
    audited: CrossFit,
    item: Callable[[int], ItemId],
    rng: Generator,
    *,
    texts: Sequence[str] | None,
    columns: Mapping[str, Any] | None,
    rate: float,
    level: float,
) -> list[Gap]:
    """Return the gaps of a model over a pool; see :meth:`~asklearn.learner.ActiveLearner.gaps`.

    `item` gives the id of a row; the rest is as in :func:`halves_of` and
    :func:`~asklearn.gaps.find.find_gaps`.
    """
    for name, values in {**(columns or {}), **({} if texts is None else {"texts": texts})}.items():
        if len(values) != len(pool):
            raise BadInput(
                f"Expected {name!r} to hold a value for each of {len(pool)} items. Got {len(values)}."
            )
    labelled = np.union1d(np.asarray(trained_on[0], np.intp), np.asarray(audit_rows, np.intp))
    view_N = looked_at(len(pool), labelled, rng)
    halves = halves_of(prototype, pool, view_N, trained_on, audit_rows, uniform, audited, rng)
    features_ND = dense(pool.take(view_N))
    facts = [clusters(features_ND, rng)]
    if texts is not None:
        texts = [str(texts[row]) for row in view_N.tolist()]
        facts.append(words(texts))
    if columns is not None:
        columns = {name: as_column(values)[view_N] for name, values in columns.items()}
        facts.append(described(columns))
    found = find_gaps(
        features_ND, halves, joined(*facts), audited.classes, ids=[item(row) for row in view_N.tolist()],
        labelled_N=np.isin(view_N, labelled), texts=texts, columns=columns, rate=rate, level=level,
    )  # fmt: skip
    return [_of_pool(gap, view_N, len(pool)) for gap in found]


def _of_pool(gap: Gap, view_N: Indices, size: int) -> Gap:
    """Return a gap in terms of the pool's rows; its size is reckoned up where only a sample was looked at."""
    inside = gap.size if len(view_N) == size else round(gap.share * size)
    return replace(gap, rows=view_N[gap.rows], size=inside, unlabelled=inside - (gap.size - gap.unlabelled))
