"""What the runs of a simulation say, in numbers: curves, differences, labels saved, coverage.

S seeds, R rounds. Runs of one seed share their start and their audit, so strategies are compared within
seeds and intervals count a seed once, however many rounds it has.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from asklearn.errors import BadInput
from asklearn.intervals import betting, student_t
from asklearn.types import Floats

NAN = math.nan


class Span(NamedTuple):
    """A value with its interval and the number of seeds behind it; NaN where there is none."""

    value: float
    low: float
    high: float
    n: int


NOTHING = Span(NAN, NAN, NAN, 0)


@dataclass(frozen=True, slots=True)
class Run:
    """One strategy with one seed; rounds whose score is not a number are left out of `score_R`."""

    strategy: str
    seed: int
    labels_R: Floats
    score_R: Floats
    estimate: dict[float, dict[str, float]] = field(default_factory=dict)
    forecast: dict[float, dict[str, float]] = field(default_factory=dict)
    seconds: dict[str, Floats] = field(default_factory=dict)
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class Curve:
    """The mean over seeds at each label count, with a t-interval; NaN bounds where one seed is left."""

    labels_R: Floats
    mean_R: Floats
    low_R: Floats
    high_R: Floats
    n_R: Floats


def read_runs(result: Mapping[str, Any]) -> list[Run]:
    """Return the runs of a simulation's result, checked.

    Raises
    ------
    BadInput
        If the result holds no runs, or one of them is not as the contract says.

    Examples
    --------
    >>> runs = [{"strategy": "margin", "seed": 0, "labels": [20, 40], "score": [0.5, float("nan")]}]
    >>> read_runs({"runs": runs})[0].score_R
    array([0.5])
    """
    rows = result.get("runs") if isinstance(result, Mapping) else None
    if not isinstance(rows, Sequence) or isinstance(rows, str) or not rows:
        raise BadInput(
            "A simulation's result must hold a list 'runs' with at least one run. Pass what "
            "`asklearn simulate --out result.json` wrote."
        )
    runs = [_read_run(row, position) for position, row in enumerate(rows)]
    seen: set[tuple[str, int]] = set()
    for run in runs:
        if (run.strategy, run.seed) in seen:
            raise BadInput(
                f"Each strategy must have one run per seed. {run.strategy!r} has seed {run.seed} twice."
            )
        seen.add((run.strategy, run.seed))
    return runs


def _read_run(row: Any, position: int) -> Run:
    try:
        labels_R = np.asarray(row["labels"], dtype=float)
        score_R = np.asarray(row["score"], dtype=float)
        strategy, seed = str(row["strategy"]), int(row.get("seed", 0))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInput(
            f"Run {position} must have 'strategy', 'seed', and lists of numbers 'labels' and 'score'. "
            f"Got {type(error).__name__}: {error}."
        ) from error
    if labels_R.ndim != 1 or labels_R.shape != score_R.shape:
        raise BadInput(
            f"Run {position} must have one score per label count. "
            f"Got shapes {labels_R.shape} and {score_R.shape}."
        )
    if not (np.isfinite(labels_R).all() and (labels_R > 0).all() and (np.diff(labels_R) > 0).all()):
        raise BadInput(f"Label counts of run {position} must be positive and increasing.")
    keep_R = np.isfinite(score_R)
    return Run(
        strategy,
        seed,
        labels_R[keep_R],
        score_R[keep_R],
        _by_labels(labels_R, row.get("estimate")),
        _by_labels(labels_R, row.get("forecast")),
        {str(part): _finite(listed(values)) for part, values in mapping(row.get("seconds")).items()},
        int((~keep_R).sum()),
    )


def _by_labels(labels_R: Floats, entries: Any) -> dict[float, dict[str, float]]:
    """Return the entries that hold a finite interval, keyed by the label count they were made at."""
    read = {}
    for labels, entry in zip(labels_R, listed(entries), strict=False):
        if not isinstance(entry, Mapping):
            continue
        numbers = {str(key): number(value) for key, value in entry.items()}
        if all(math.isfinite(numbers.get(key, NAN)) for key in ("value", "low", "high")):
            read[float(labels)] = numbers
    return read


def number(value: Any) -> float:
    """Return `value` as a float, NaN where it is none.

    Examples
    --------
    >>> number("many"), number(True), number(3)
    (nan, nan, 3.0)
    """
    plain = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    return float(value) if plain else NAN


def _finite(values: Any) -> Floats:
    numbers = np.array([number(value) for value in values], dtype=float)
    finite: Floats = numbers[np.isfinite(numbers)]
    return finite


def t_interval(values_S: Floats, level: float = 0.95) -> Span:
    """Return the mean over seeds with Student's t-interval; no bounds from a single seed.

    Examples
    --------
    >>> t_interval([0.80, 0.82, 0.84])
    Span(value=0.82, low=0.770..., high=0.869..., n=3)
    """
    values_S = _finite(values_S)
    n = len(values_S)
    if n < 2:
        return Span(float(values_S[0]), NAN, NAN, 1) if n else NOTHING
    return Span(float(values_S.mean()), *student_t(values_S, level), n)


def on_grid(runs: Sequence[Run], labels_R: Floats) -> Floats:
    """Return each run's score at the given label counts, linear in log labels, NaN outside the run.

    Returns
    -------
    ndarray of shape (S, R)
    """
    return np.array(
        [
            np.interp(np.log2(labels_R), np.log2(run.labels_R), run.score_R, left=NAN, right=NAN)
            if len(run.labels_R)
            else np.full(len(labels_R), NAN)
            for run in runs
        ]
    ).reshape(len(runs), len(labels_R))


def mean_curve(runs: Sequence[Run]) -> Curve:
    """Return the mean learning curve of the runs (one strategy, several seeds).

    Examples
    --------
    >>> runs = [Run("random", s, np.array([20., 40.]), np.array([0.5, 0.7 + s / 10])) for s in (0, 1)]
    >>> mean_curve(runs).mean_R
    array([0.5 , 0.75])
    """
    labels_R = np.unique(np.concatenate([run.labels_R for run in runs]))
    spans = [t_interval(column) for column in on_grid(runs, labels_R).T]
    value, low, high, n = np.array(spans, dtype=float).reshape(-1, 4).T
    return Curve(labels_R, value, low, high, n)


def aulc(labels_R: Floats, score_R: Floats) -> float:
    """Return the area under the learning curve: the mean score over log2(labels).

    Examples
    --------
    >>> float(aulc(np.array([20, 40, 80]), np.array([0.5, 0.7, 0.8])))
    0.675
    """
    if len(labels_R) < 2:
        return float(score_R[0]) if len(score_R) else NAN
    x_R = np.log2(labels_R)
    return float(np.trapezoid(score_R, x_R) / (x_R[-1] - x_R[0]))


def pairs(runs: Sequence[Run], others: Sequence[Run]) -> list[tuple[Run, Run]]:
    """Return the runs of both that share a seed, each cut to nothing where a score is missing."""
    by_seed = {run.seed: run for run in others if len(run.labels_R)}
    return [(run, by_seed[run.seed]) for run in runs if run.seed in by_seed and len(run.labels_R)]


def aulc_difference(runs: Sequence[Run], baseline: Sequence[Run], level: float = 0.95) -> Span:
    """Return the mean difference in AULC within seeds, with a t-interval, over the labels both reached.

    Examples
    --------
    >>> x = np.array([20., 40.])
    >>> a = [Run("margin", s, x, np.array([0.5, 0.7 + s / 50])) for s in range(3)]
    >>> b = [Run("random", s, x, np.array([0.5, 0.6 + s / 50])) for s in range(3)]
    >>> round(aulc_difference(a, b).value, 6)
    0.05
    """
    differences = []
    for one, other in pairs(runs, baseline):
        first = max(one.labels_R[0], other.labels_R[0])
        last = min(one.labels_R[-1], other.labels_R[-1])
        if first <= last:
            grid = np.unique(np.clip(np.concatenate([one.labels_R, other.labels_R]), first, last))
            ours, theirs = on_grid([one, other], grid)
            differences.append(aulc(grid, ours) - aulc(grid, theirs))
    return t_interval(np.array(differences), level)


def isotonic(values_R: Floats) -> Floats:
    """Return the nearest non-decreasing sequence in least squares.

    Examples
    --------
    >>> isotonic(np.array([1.0, 3.0, 2.0]))
    array([1. , 2.5, 2.5])
    """
    from scipy.optimize import isotonic_regression

    return np.asarray(isotonic_regression(values_R).x)


def crossing(labels_R: Floats, excess_R: Floats) -> float:
    """Return the label count at which a non-decreasing excess reaches zero; NaN if it never does.

    Examples
    --------
    >>> round(crossing(np.array([20.0, 80.0]), np.array([-0.1, 0.1])), 6)
    40.0
    """
    reached = np.flatnonzero(excess_R >= 0)
    if not len(reached):
        return NAN
    right = reached[0]
    if right == 0:
        return float(labels_R[0])
    below, above = excess_R[right - 1], excess_R[right]
    share = -below / (above - below)
    return float(labels_R[right - 1] ** (1 - share) * labels_R[right] ** share)


def labels_to(runs: Sequence[Run], targets_S: Floats) -> Span:
    """Return how many labels the runs take to reach a target score (one per run).

    The interval inverts the t-test: it holds every label count at which the mean of score minus target
    over seeds is not significantly different from zero, so it stays right when few seeds reach the target.
    An upper bound of NaN says that the budget was too small to give one.

    Examples
    --------
    >>> x = np.array([20.0, 40.0, 80.0])
    >>> runs = [Run("m", s, x, np.array([0.5, 0.6, 0.7]) + s / 100) for s in range(3)]
    >>> labels_to(runs, np.full(3, 0.65))
    Span(value=52.7..., low=44.4..., high=62.6..., n=3)
    """
    if not runs:
        return NOTHING
    labels_R = np.unique(np.concatenate([run.labels_R for run in runs]))
    excess_SR = on_grid(runs, labels_R) - np.asarray(targets_S)[:, None]
    shared_R = np.isfinite(excess_SR).all(axis=0)
    labels_R, excess_SR = labels_R[shared_R], excess_SR[:, shared_R]
    if not len(labels_R):
        return NOTHING
    mean_R, low_R, high_R, _ = np.array([t_interval(column) for column in excess_SR.T]).T
    value, n = crossing(labels_R, isotonic(mean_R)), len(runs)
    if n < 2:
        return Span(value, NAN, NAN, n)
    return Span(value, crossing(labels_R, isotonic(high_R)), crossing(labels_R, isotonic(low_R)), n)


def labels_saved(runs: Sequence[Run], baseline: Sequence[Run]) -> tuple[Span, float]:
    """Return the share of labels saved at the baseline's final score, and that score.

    It is a share of the labels at which the baseline itself first gets there, as in
    :func:`asklearn.curves.savings`: equal curves that stopped rising save nothing. Within each seed the
    target is the baseline's score at the largest label count that all its runs reached. A NaN lower bound
    says that the budget was too small to exclude a loss.

    Examples
    --------
    >>> x = np.array([20.0, 40.0, 80.0])
    >>> a = [Run("margin", s, x, np.array([0.5, 0.7, 0.8])) for s in range(3)]
    >>> b = [Run("random", s, x, np.array([0.5, 0.6, 0.7])) for s in range(3)]
    >>> labels_saved(a, b)
    (Span(value=0.5, low=0.5, high=0.5, n=3), 0.7)
    """
    both = pairs(runs, baseline)
    if not both:
        return NOTHING, NAN
    last = min(float(other.labels_R[-1]) for _, other in both)
    targets_S = on_grid([other for _, other in both], np.array([last]))[:, 0]
    if not np.isfinite(targets_S).all():
        return NOTHING, NAN
    base = labels_to([other for _, other in both], targets_S).value
    needed = labels_to([one for one, _ in both], targets_S)
    saved = Span(1 - needed.value / base, 1 - needed.high / base, 1 - needed.low / base, needed.n)
    return saved, round(float(targets_S.mean()), 12)


def coverage(hits_by_seed: Mapping[int, Sequence[bool]]) -> Span:
    """Return the share of intervals that held the truth, with a 95% betting interval over seeds.

    Rounds of one seed share labels and fail together, so a seed counts as one draw, whatever its number
    of rounds.

    Examples
    --------
    >>> coverage({0: [True, True], 1: [True, False], 2: [True, True]})
    Span(value=0.833..., low=0.128, high=1.0, n=3)
    """
    shares_S = np.array([np.mean(hits) for hits in hits_by_seed.values() if len(hits)])
    return Span(float(shares_S.mean()), *betting(shares_S), len(shares_S)) if len(shares_S) else NOTHING


def estimate_hits(runs: Sequence[Run]) -> dict[int, list[bool]]:
    """Return, by seed, whether each of the learner's own intervals held the test score."""
    hits: dict[int, list[bool]] = {}
    for run in runs:
        score = dict(zip(run.labels_R.tolist(), run.score_R.tolist(), strict=True))
        for labels, entry in run.estimate.items():
            if labels in score:
                hits.setdefault(run.seed, []).append(entry["low"] <= score[labels] <= entry["high"])
    return hits


def forecast_hits(runs: Sequence[Run]) -> dict[int, list[bool]]:
    """Return, by seed, whether each forecast interval held the score that came."""
    hits: dict[int, list[bool]] = {}
    for run in runs:
        for came, entry in forecasts_that_came(run):
            hits.setdefault(run.seed, []).append(entry["low"] <= came <= entry["high"])
    return hits


def forecasts_that_came(run: Run) -> list[tuple[float, dict[str, float]]]:
    """Return (score that came, forecast) for the forecasts whose label count the run reached."""
    entries = [entry for entry in run.forecast.values() if entry.get("at", NAN) > 0]
    if not entries:
        return []
    came = on_grid([run], np.array([entry["at"] for entry in entries]))[0]
    return [(float(score), entry) for score, entry in zip(came, entries, strict=True) if math.isfinite(score)]


def mapping(value: Any) -> Mapping[str, Any]:
    """Return `value` if it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def listed(value: Any) -> Sequence[Any]:
    """Return `value` if it is a list, else an empty one."""
    return value if isinstance(value, list | tuple) else ()


def areas(runs: Sequence[Run]) -> Floats:
    """Return the AULC of each run."""
    return np.array([aulc(run.labels_R, run.score_R) for run in runs])


def spans(curve: Curve) -> list[tuple[float, Span]]:
    """Return (labels, span of the score) for each round of the curve."""
    columns = zip(curve.labels_R, curve.mean_R, curve.low_R, curve.high_R, curve.n_R, strict=True)
    return [
        (float(at), Span(float(mean), float(low), float(high), int(n))) for at, mean, low, high, n in columns
    ]
