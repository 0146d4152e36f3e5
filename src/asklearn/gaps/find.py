"""From held-out mistakes to knowledge gaps: suspected on one half of the audit, confirmed on the other.

The halves change places, so every audit label both suspects and confirms, never for the same gap. Labels
that a strategy picked help to suspect and never confirm.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asklearn.gaps.confirm import benjamini_hochberg, p_of_more_errors, selected_level
from asklearn.gaps.gap import Gap
from asklearn.gaps.head import error_head
from asklearn.gaps.naming import WORDS, telling_columns, telling_words
from asklearn.gaps.predicates import Predicates, around, guesses, joined
from asklearn.gaps.slices import slice_line
from asklearn.intervals import exact_binomial
from asklearn.types import Estimate, Floats, Indices, ItemId, Label

BY_AUDIT, BY_ALL = 8, 16
LOOKED_AT = 200
SLICES = 64
PREDICATES = 2
LARGEST = 1 / 3
FEWEST = 3
PRIOR = 10.0
ALIKE = 0.5
EXEMPLARS = 5
CENTRES = 50

Table = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Half:
    """What one half of the audit and the strategy's labels suggest, and the other half can confirm.

    Attributes
    ----------
    rows_L, truth_L : ndarray of int, shape (L,)
        Items that may suggest, and the class of each.
    proba_LC : ndarray of shape (L, C)
        What models that saw neither their labels nor the other half's believe about them.
    random_L : ndarray of bool, shape (L,)
        Which of them the audit drew.
    proba_NC : ndarray of shape (N, C)
        What those models believe about every item.
    rows_M, truth_M : ndarray of int, shape (M,)
        The other half of the audit.
    proba_MC : ndarray of shape (M, C)
        Its held-out predictions.
    """

    rows_L: Indices
    truth_L: Indices
    proba_LC: Floats
    random_L: NDArray[np.bool_]
    proba_NC: Floats
    rows_M: Indices
    truth_M: Indices
    proba_MC: Floats

    @property
    def mistaken(self) -> NDArray[np.bool_]:
        """Which suggesting predictions are wrong."""
        return np.asarray(self.proba_LC.argmax(1) != self.truth_L)

    @property
    def confirmed_mistaken(self) -> NDArray[np.bool_]:
        """Which confirming predictions are wrong."""
        return np.asarray(self.proba_MC.argmax(1) != self.truth_M)

    def guesses(self) -> Indices:
        """Return the class that each item is taken for, by models that did not see its label."""
        guess_N = self.proba_NC.argmax(1)
        guess_N[self.rows_L] = self.proba_LC.argmax(1)
        guess_N[self.rows_M] = self.proba_MC.argmax(1)
        return np.asarray(guess_N)


@dataclass(frozen=True, slots=True)
class _Suspect:
    half: Half
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    groups: tuple[str, ...]
    inside_N: NDArray[np.bool_]
    p_error_N: Floats

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """Mistakes and labels inside, mistakes and labels outside, in the confirming half."""
        inside_M, wrong_M = self.inside_N[self.half.rows_M], self.half.confirmed_mistaken
        return (
            int(wrong_M[inside_M].sum()), int(inside_M.sum()),
            int(wrong_M[~inside_M].sum()), int((~inside_M).sum()),
        )  # fmt: skip


def find_gaps(
    features_ND: Floats,
    halves: Sequence[Half],
    facts: Predicates,
    classes: Sequence[Label],
    *,
    ids: Sequence[ItemId] | None = None,
    labelled_N: NDArray[np.bool_] | None = None,
    texts: Sequence[str] | None = None,
    columns: Table | None = None,
    rate: float = 0.1,
    level: float = 0.95,
) -> list[Gap]:
    """Return the kinds of items on which the model errs more than elsewhere, surest first.

    Parameters
    ----------
    features_ND : ndarray of shape (N, D)
        Features of the pool.
    halves : sequence of Half
        Evidence, each with labels to suspect by and others to confirm by.
    facts : Predicates
        What can be said of the items; what they are taken for is added.
    classes : sequence of C str or int
        Class of each column of the probabilities.
    ids : sequence of N str or int, optional
        Ids of the items; by default their row numbers.
    labelled_N : ndarray of bool, shape (N,), optional
        Which items have a label; by default those of the evidence.
    texts, columns : optional
        What to name gaps by: a text for each item, or columns by name.
    rate : float
        False discovery rate: the share of false ones that is allowed among the gaps, on average.
    level : float
        Confidence of the intervals of errors, kept on average over the gaps that are shown.

    Returns
    -------
    list of Gap
        In order of p; of two that share more than half of their items the surer one.

    Notes
    -----
    Suspects of a half are the 16 slices (one predicate, or two where SliceLine finds them among the best; at
    most a third of the pool) of largest expected evidence: (error inside - error of all) times the root of
    the number of confirming labels inside; eight by the audit's labels alone, the rest by all. The error inside
    is the head's mean over the pool's items, moved towards the mistakes seen as far as there are any. Then
    Fisher's test on the other half, and Benjamini and Hochberg's procedure over all suspects.

    Examples
    --------
    >>> import numpy as np
    >>> from asklearn.gaps.predicates import columns
    >>> rng = np.random.default_rng(0)
    >>> hour = np.arange(1000) % 20
    >>> wrong, truth = rng.random(1000) < np.where(hour == 7, 0.8, 0.1), rng.integers(2, size=1000)
    >>> proba_NC = np.where((wrong == truth)[:, None], [0.6, 0.4], [0.4, 0.6])
    >>> a, b, audit = np.arange(0, 300), np.arange(300, 600), np.ones(300, bool)
    >>> halves = [Half(x, truth[x], proba_NC[x], audit, proba_NC, y, truth[y], proba_NC[y])
    ...           for x, y in ((a, b), (b, a))]
    >>> found = find_gaps(rng.normal(size=(1000, 2)), halves, columns({"hour": hour}), ["yes", "no"])
    >>> found[0].name, found[0].size, round(found[0].error.value, 2)
    ('hour 7', 50, 0.8)
    """
    names = list(range(len(features_ND))) if ids is None else ids
    suspects = [one for half in halves for one in _suspects(half, features_ND, facts, classes, names)]
    p_S = np.array([p_of_more_errors(*one.counts) for one in suspects])
    kept = np.flatnonzero(benjamini_hochberg(p_S, rate)) if len(p_S) else np.empty(0, np.intp)
    stated = selected_level(level, len(kept), len(p_S))
    chosen: list[int] = []
    for place in kept[np.argsort(p_S[kept], kind="stable")].tolist():
        if not any(_alike(suspects[place].inside_N, suspects[one].inside_N) for one in chosen):
            chosen.append(place)
    if labelled_N is None:
        labelled_N = np.zeros(len(features_ND), bool)
        labelled_N[[row for half in halves for row in (*half.rows_L, *half.rows_M)]] = True
    return [
        _gap(
            suspects[one], float(p_S[one]), stated, features_ND, classes, names, labelled_N, texts, columns
        )
        for one in chosen
    ]  # fmt: skip


def _suspects(
    half: Half, features_ND: Floats, facts: Predicates, classes: Sequence[Label], ids: Sequence[ItemId]
) -> list[_Suspect]:
    """Return the slices that look worst by the suggesting labels: the audit's alone, then all of them."""
    guess_N = half.guesses()
    centres = _mistaken_rows(half)
    near = around(features_ND, centres, [f"item {ids[row]}" for row in centres.tolist()])
    all_facts = joined(facts, near, guesses(guess_N, classes))
    group_P = np.unique(np.array(all_facts.groups, str), return_inverse=True)[1]
    head = error_head(half.proba_LC, features_ND[half.rows_L], half.mistaken, random_L=half.random_L)
    head_N = head(half.proba_NC, features_ND)
    head_N[half.rows_L] = head(half.proba_LC, features_ND[half.rows_L])
    holds_LP = all_facts.holds_NP[half.rows_L].toarray()
    chosen: list[_Suspect] = []
    for most, weight_L in ((BY_AUDIT, half.random_L.astype(float)), (BY_ALL, np.ones(len(half.rows_L)))):
        for predicates in _ranked(half, weight_L, head_N, all_facts, holds_LP, group_P):
            inside_N = all_facts.inside(predicates)
            if not any(_alike(inside_N, one.inside_N) for one in chosen):
                names, kinds, groups = (
                    tuple(one[place] for place in predicates)
                    for one in (all_facts.names, all_facts.kinds, all_facts.groups)
                )
                chosen.append(_Suspect(half, names, kinds, groups, inside_N, head_N))
            if len(chosen) == most:
                break
    return chosen


def _mistaken_rows(half: Half) -> Indices:
    """Return up to 50 mistakes of the suggesting labels, the audit's first."""
    order = np.argsort(~half.random_L, kind="stable")
    return half.rows_L[order[half.mistaken[order]]][:CENTRES]


def _ranked(
    half: Half,
    weight_L: Floats,
    head_N: Floats,
    facts: Predicates,
    holds_LP: NDArray[np.bool_],
    group_P: Indices,
) -> list[tuple[int, ...]]:
    """Return slices in order of the evidence that confirming labels may bring; at most 200.

    Every single predicate is among them, and pairs where SliceLine finds them among the best.
    """
    from scipy.sparse import csc_array, hstack

    wrong_L = half.mistaken.astype(float)
    if weight_L @ wrong_L == 0:
        return []
    error = float(weight_L @ wrong_L / weight_L.sum())
    least = max(float(FEWEST), 0.02 * weight_L.sum())
    best = slice_line(
        holds_LP, wrong_L, weight_N=weight_L, group_P=group_P, k=SLICES, min_size=least, levels=PREDICATES
    )
    slices: list[tuple[int, ...]] = [(one,) for one in range(len(facts.names))]
    slices += [one.predicates for one in best if len(one.predicates) > 1]
    joint = [csc_array(facts.inside(one)[:, None]) for one in slices[len(facts.names) :]]
    holds_NS = hstack([facts.holds_NP, *joint], format="csr").astype(np.float64)
    size_S, confirming_S = holds_NS.sum(0), holds_NS[half.rows_M].sum(0)
    within_S = weight_L @ holds_NS[half.rows_L]
    beyond_S = (weight_L * (wrong_L - head_N[half.rows_L])) @ holds_NS[half.rows_L]
    above_S = head_N @ holds_NS / np.maximum(size_S, 1) + beyond_S / (within_S + PRIOR) - error
    fit_S = (confirming_S >= FEWEST) & (size_S <= LARGEST * len(head_N)) & (above_S > 0)
    rating_S = np.where(fit_S, above_S * np.sqrt(confirming_S), 0.0)
    order = np.argsort(-rating_S, kind="stable")[: min(LOOKED_AT, int(fit_S.sum()))]
    return [slices[one] for one in order.tolist()]


def _alike(one_N: NDArray[np.bool_], other_N: NDArray[np.bool_]) -> bool:
    return bool((one_N & other_N).sum() > ALIKE * (one_N | other_N).sum())


def _gap(
    suspect: _Suspect,
    p: float,
    level: float,
    features_ND: Floats,
    classes: Sequence[Label],
    ids: Sequence[ItemId],
    labelled_N: NDArray[np.bool_],
    texts: Sequence[str] | None,
    columns: Table | None,
) -> Gap:
    rows = np.flatnonzero(suspect.inside_N)
    wrong_in, n_in, wrong_out, n_out = suspect.counts
    words = () if texts is None else telling_words(texts, suspect.inside_N)
    if columns is not None:
        rest = {name: values for name, values in columns.items() if name not in suspect.groups}
        words += telling_columns(rest, suspect.inside_N)
    belongs = _typical(features_ND[rows])
    p_error = suspect.p_error_N[rows]
    return Gap(
        name=_name(suspect, words),
        predicates=suspect.names,
        words=words,
        size=len(rows),
        share=len(rows) / len(features_ND),
        unlabelled=int((~labelled_N[rows]).sum()),
        error=_estimate(wrong_in, n_in, level),
        rest=_estimate(wrong_out, n_out, level),
        confusion=_confusion(suspect, classes),
        exemplars=[ids[row] for row in _exemplars(suspect, rows, belongs * p_error, labelled_N)],
        p=p,
        rows=rows,
        belongs=belongs,
        p_error=p_error,
    )


def _name(suspect: _Suspect, words: Sequence[str]) -> str:
    """Say what defines the gap, and, where that is a cluster, what sets its items apart."""
    said = [name for name, kind in zip(suspect.names, suspect.kinds, strict=True) if kind != "cluster"]
    if "cluster" in suspect.kinds or "column" not in suspect.kinds:
        said += [word for word in words if not any(repr(word) in name for name in said)][:WORDS]
    return ", ".join(said) or suspect.names[0]


def _typical(features_MD: Floats) -> Floats:
    """Return how near each item is to their middle: 1 there, 0.5 at the median distance."""
    square_M = ((features_MD - features_MD.mean(0)) ** 2).sum(1)
    return np.asarray(0.5 ** (square_M / max(float(np.median(square_M)), 1e-12)), np.float64)


def _estimate(wrong: int, n: int, level: float) -> Estimate:
    low, high = exact_binomial(wrong, n, level) if n else (0.0, 1.0)
    return Estimate("error", wrong / max(n, 1), low, high, n, "exact binomial, confirming half", level)


def _mistakes(suspect: _Suspect) -> list[tuple[int, int, int]]:
    """Return row, true class and guess of each mistake inside that the audit has seen."""
    half = suspect.half
    made: list[tuple[int, int, int]] = []
    for rows, truth, proba, kept in (
        (half.rows_M, half.truth_M, half.proba_MC, half.confirmed_mistaken),
        (half.rows_L, half.truth_L, half.proba_LC, half.mistaken & half.random_L),
    ):
        here = np.flatnonzero(kept & suspect.inside_N[rows])
        made += zip(rows[here].tolist(), truth[here].tolist(), proba[here].argmax(1).tolist(), strict=True)
    return made


def _confusion(suspect: _Suspect, classes: Sequence[Label]) -> tuple[Label, Label, float] | None:
    pairs = Counter((truth, guess) for _, truth, guess in _mistakes(suspect) if truth >= 0)
    if not pairs:
        return None
    (truth, guess), count = pairs.most_common(1)[0]
    return classes[truth], classes[guess], count / pairs.total()


def _exemplars(suspect: _Suspect, rows: Indices, score_M: Floats, labelled_N: NDArray[np.bool_]) -> list[int]:
    mistaken = [row for row, _, _ in _mistakes(suspect)][: EXEMPLARS - 2]
    ranked = rows[np.argsort(-score_M, kind="stable")]
    return [*mistaken, *ranked[~labelled_N[ranked]].tolist()][:EXEMPLARS]
