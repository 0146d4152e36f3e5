"""Does ``auto`` lose to random anywhere, and what does it save? On real sets and on traps, audit included.

Pools and test sets are subsampled to 4,000 and 3,000 items by seed; encoder by the data set's columns with its
defaults, model ``logistic``. Every project keeps its default audit, whose labels count. Sets of more than 20
classes get 1,000 labels, others 400 (half the pool at most), in seven geometric rounds from a tenth of that.
Random starts at random, ``auto`` as it does by itself: the start is part of what is compared. The area is the
mean accuracy on the test set over log2(labels); where some class is over ten times rarer than another, balanced
accuracy is stated too. The fixed strategies have fewer seeds (``--fixed-seeds``), paired with the same of
``auto``'s. The guard: a planted strategy that asks what the model is surest of must be caught at an audit of
30%, and ``auto`` and random itself must be let be.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from asklearn import strategies
from asklearn.acquisition.base import acquisition
from asklearn.acquisition.uncertainty import margin
from asklearn.curves import area, labels_to, mean_interval
from asklearn.dataset import Dataset
from asklearn.errors import NotFitted
from asklearn.guard import NAME
from asklearn.intervals import exact_binomial
from asklearn.learner import ActiveLearner
from asklearn.selection.top import Top
from encoded import encoded
from harness import ROOT, Run, main
from traps import TRAPS, trap

SETS = (
    "text_20newsgroups", "text_agnews", "text_airline_tweets", "text_banking77", "text_movie_reviews",
    "text_sms_spam", "text_stackoverflow20", "text_trec", "img_fashion_mnist", "img_sign_digits", "tab_adult",
    "tab_covertype20k", "tab_letter", "tab_mammography", "tab_spambase", "tab_wine_quality",
)  # fmt: skip
ENSEMBLE = "refine"
FIXED = ("margin", "cluster_margin", "max_herding", "badge", "uherding")
POOL, TEST, ROUNDS, MANY, RARE = 4_000, 3_000, 7, 20, 10
TRAP = "trap_"
SLACK, NOT_REACHED = 0.005, 1.5
GUARD = {"audit": 0.3, "labels": 900, "batch": 60}


def project(data: str, name: str, strategy: str, seed: int) -> dict[str, Any]:
    """Replay one project; return its curve, by accuracy and by balanced accuracy, and the guard's looks."""
    items = _items(data, name, seed)
    top = min(1_000 if len(set(items.y_pool)) > MANY else 400, len(items.X_pool) // 2)
    labels = [round(top / 10 * 10 ** (k / (ROUNDS - 1))) for k in range(ROUNDS)]
    curve = _replay(items, strategies.strategy(strategy), seed, labels)
    share = Counter(items.y_pool).values()
    return {**curve, "rare": max(share) > RARE * min(share), "classes": len(share)}


def guarded(data: str, name: str, strategy: str, seed: int) -> dict[str, Any]:
    """Replay one project under guard and return the guard's looks."""
    items = _items(data, name, seed)
    labels = list(range(GUARD["batch"], GUARD["labels"] + 1, GUARD["batch"]))
    how = _sure() if strategy == "sure" else replace(strategies.strategy(strategy), guarded=True)
    return {"looks": _replay(items, how, seed, labels, audit=GUARD["audit"], audit_weighted=0.0)["looks"]}


def _replay(items: Dataset, how: Any, seed: int, labels: list[int], **settings: Any) -> dict[str, Any]:
    from threadpoolctl import threadpool_limits

    truth = np.array(items.y_test)
    curve: dict[str, Any] = {"labels": labels, "accuracy": [], "balanced": []}
    with threadpool_limits(1):
        learner = ActiveLearner("logistic", items.X_pool, strategy=how, seed=seed, **settings)
        for wanted in labels:
            batch = learner.ask(wanted - len(learner.state.asks))
            learner.tell(batch.ids, [items.y_pool[row] for row in batch.rows])
            right = _predicted(learner, items.X_test) == truth
            curve["accuracy"].append(float(right.mean()))
            curve["balanced"].append(float(np.mean([right[truth == one].mean() for one in np.unique(truth)])))
        looks = [one for one in learner.state.measured if one.name == NAME]
    return {**curve, "looks": [[one.n, one.labels, one.value, one.low, one.high] for one in looks]}


def _predicted(learner: ActiveLearner, X: Any) -> Any:
    try:
        return learner.model.predict(X)
    except NotFitted:
        return np.full(len(X), next(iter(learner.labels.values())))


def _items(data: str, name: str, seed: int) -> Dataset:
    if name.startswith(TRAP):
        return trap(name.removeprefix(TRAP), seed)
    items, rng = encoded(data, name), np.random.default_rng(seed)
    pool, test = rng.permutation(len(items.X_pool))[:POOL], rng.permutation(len(items.X_test))[:TEST]
    return replace(
        items, X_pool=items.X_pool[pool], y_pool=[items.y_pool[i] for i in pool], ids=pool,
        X_test=items.X_test[test], y_test=[items.y_test[i] for i in test],
    )  # fmt: skip


def _sure() -> strategies.Strategy:
    """The plant: asks what the model is surest of."""

    @acquisition("sure", needs={"proba"}, why="the model is sure of it")
    def sure(candidates: Any, rng: Any) -> Any:
        return -1 - margin(candidates, rng)

    return strategies.Strategy("sure", Top(), sure, guarded=True)


def measure(run: Run) -> None:
    """Run every project and state the claims."""
    for name in run.sets:
        encoded(run.data, name)
    data = os.path.relpath(run.data, ROOT)
    traps = [TRAP + one for one in str(run.options["traps"]).split(",") if one]
    names = [*run.sets, *traps]
    fixed_seeds = min(run.seeds, int(run.options["fixed_seeds"]))
    units = [
        {"data": data, "name": name, "strategy": strategy, "seed": seed}
        for name in names for strategy in ("random", "auto", ENSEMBLE, *FIXED)
        for seed in range(run.seeds if strategy in ("random", "auto") else fixed_seeds)
    ]  # fmt: skip
    made = run.map(project, units)
    found = {(u["name"], u["strategy"], u["seed"]): one for u, one in zip(units, made, strict=True)}
    for name in names:
        _against_random(run, found, name)
    _against_fixed(run, found, names, fixed_seeds)
    _against_ensemble(run, found, names, fixed_seeds)
    _labels_needed(run, found, run.sets, fixed_seeds)
    _guard(run, found, names, data)


def _areas(found: dict[Any, Any], name: str, strategy: str, seeds: int, by: str = "accuracy") -> Any:
    each = [found[name, strategy, seed] for seed in range(seeds)]
    return np.array([area(one["labels"], one[by]) for one in each])


def _against_random(run: Run, found: dict[Any, Any], name: str) -> None:
    """State non-inferiority: the lower 95% bound of the paired difference in area above -0.5 points."""
    measures = ["accuracy", "balanced"] if found[name, "auto", 0]["rare"] else ["accuracy"]
    for by in measures:
        gain = _areas(found, name, "auto", run.seeds, by) - _areas(found, name, "random", run.seeds, by)
        value, low, high = mean_interval(gain.tolist())
        run.details[f"gain.{name}.{by}"] = [value, low, high]
        claim = f"auto.not_behind_random.{name}" + f".{by}" * (by != "accuracy")
        run.claim(claim, value, low, high, f">={-SLACK}", f"area, {by}, {run.seeds} seeds")


def _against_fixed(run: Run, found: dict[Any, Any], names: list[str], seeds: int) -> None:
    """State on how many sets auto lies within half a point of the best fixed strategy in hindsight."""
    behind = {}
    for name in names:
        areas = {s: _areas(found, name, s, seeds).mean() for s in ("random", *FIXED)}
        best = max(areas, key=areas.__getitem__)
        gap = _areas(found, name, "auto", seeds) - _areas(found, name, best, seeds)
        behind[name] = float(gap.mean())
        run.details[f"best_fixed.{name}"] = [best, *mean_interval(gap.tolist()), areas]
    near = sum(one >= -SLACK for one in behind.values())
    low, high = exact_binomial(near, len(behind))
    note = f"share of {len(behind)} sets; best of {len(FIXED) + 1} by the mean of {seeds} seeds, chosen after"
    run.claim("auto.near_best_fixed", near / len(behind), low, high, ">=0.9", note)


def _against_ensemble(run: Run, found: dict[Any, Any], names: list[str], seeds: int) -> None:
    """State that an ensemble of strategies is not worth its price: auto is not inferior to it over the sets."""
    gaps = [
        (_areas(found, name, "auto", seeds) - _areas(found, name, ENSEMBLE, seeds)).mean() for name in names
    ]
    value, low, high = mean_interval(gaps)
    note = f"area, mean over {len(names)} sets of {seeds} seeds each; margin half a point"
    run.claim("auto.not_behind_ensemble", value, low, high, f">={-SLACK}", note)


def _labels_needed(run: Run, found: dict[Any, Any], names: list[str], fixed_seeds: int) -> None:
    """State the labels to random's final score over random's own, as geometric means over sets."""
    texts = [name for name in names if encoded(run.data, name).encoder == "text"]
    many = [name for name in texts if found[name, "auto", 0]["classes"] >= MANY]
    for claim, some, target in (("all", names, "<=0.75"), ("many_class_text", many, "<=0.7")):
        if not some:
            continue
        rng = np.random.default_rng(0)
        picks = [np.arange(run.seeds), *rng.integers(run.seeds, size=(2_000, run.seeds))]
        each = np.array([[_share(found, name, rows) for name in some] for rows in picks])
        means = np.exp(np.log(each).mean(axis=1))
        low, high = np.quantile(means[1:], [0.025, 0.975])
        run.details[f"labels_needed.{claim}"] = dict(zip(some, each[0].tolist(), strict=True))
        best = [min(_share(found, name, range(fixed_seeds), one) for one in FIXED) for name in some]
        note = (
            f"of random's labels, geometric mean of {len(some)} sets; seeds resampled; not reached: "
            f"{NOT_REACHED}; the best fixed strategy of each set, chosen after: {np.exp(np.mean(np.log(best))):.2f}"
        )
        run.claim(
            f"auto.labels_needed.{claim}", means[0], min(low, means[0]), max(high, means[0]), target, note
        )


def _share(found: dict[Any, Any], name: str, seeds: Any, strategy: str = "auto") -> float:
    labels = found[name, strategy, 0]["labels"]
    ours, lot = (
        np.mean([found[name, s, seed]["accuracy"] for seed in seeds], axis=0) for s in (strategy, "random")
    )
    needed, reached = labels_to(labels, lot, lot[-1]), labels_to(labels, ours, lot[-1])
    return NOT_REACHED if needed is None or reached is None else reached / needed


def _guard(run: Run, found: dict[Any, Any], names: list[str], data: str) -> None:
    """State how often the plant is caught, and how often auto and random are, wrongly."""
    where = [one for one in str(run.options["guard_sets"]).split(",") if one in run.sets] or run.sets[:5]
    units = [
        {"data": data, "name": name, "strategy": strategy, "seed": seed}
        for strategy in ("sure", "auto", "random") for name in where
        for seed in range(int(run.options["guard_seeds"]))
    ]  # fmt: skip
    looks = [one["looks"] for one in run.map(guarded, units)]
    for strategy, target in (("sure", ">=0.8"), ("auto", "<=0.05"), ("random", "<=0.05")):
        mine = [some for u, some in zip(units, looks, strict=True) if u["strategy"] == strategy]
        tripped = [next((one for one in some if one[4] < 0), None) for some in mine]
        caught = [one for one in tripped if one is not None]
        low, high = exact_binomial(len(caught), len(mine))
        when = f", median at {np.median([one[0] for one in caught]):.0f} audit labels" if caught else ""
        note = f"{len(caught)} of {len(mine)} projects{when}"
        run.claim(f"auto.guard.trips.{strategy}", len(caught) / len(mine), low, high, target, note)
    default = [found[name, "auto", seed]["looks"] for name in names for seed in range(run.seeds)]
    seen = sum(bool(some) for some in default)
    alarms = sum(any(one[4] < 0 for one in some) for some in default)
    low, high = exact_binomial(alarms, len(default))
    note = f"auto at the default audit; {seen} of {len(default)} projects had a look at all"
    run.claim("auto.guard.trips.default_audit", alarms / len(default), low, high, "<=0.05", note)


if __name__ == "__main__":
    quick = {
        "sets": ["text_trec"], "seeds": 2, "fixed_seeds": 1, "traps": "duplicates", "guard_sets": "text_trec",
        "guard_seeds": 1,
    }  # fmt: skip
    options = {"fixed_seeds": 5, "traps": ",".join(TRAPS), "guard_seeds": 7}
    places = "text_trec,text_agnews,img_fashion_mnist,tab_covertype20k,text_stackoverflow20"
    sys.exit(
        main("auto", measure, cpu_hours=1.2, sets=SETS, seeds=20, quick=quick, guard_sets=places, **options)
    )
