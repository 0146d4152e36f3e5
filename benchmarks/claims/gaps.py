"""Are planted knowledge gaps found, named and closed? Whole projects through ``ActiveLearner``.

Each project draws a pool of 4,000 items anew, asks for 1,200 labels at random, 600 of them for the audit,
and loses or corrupts the labels of one kind of item (``benchmarks/plants.py``) wherever the audit did not
ask for them. A draw is a plant when the model then errs at least 20 points more often inside than outside.
A gap is real when fresh labels say so: 50 uniform unlabelled items inside it are mistaken more often than
all others outside (Fisher, 5%). The plant is found when a real gap has at least half of its members in it.
Then about 100 labels are asked of that gap, beside the audit's share. ``confirmable`` in the results is the
share of plants that a test of the plant itself would confirm with half as many fresh labels: roughly the most
that can be found. Model ``logistic``, encoder by columns.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from asklearn.intervals import exact_binomial, student_t
from asklearn.learner import ActiveLearner
from asklearn.registry import lookup
from encoded import encoded
from harness import ROOT, Run, main
from plants import Plant, description, draw

SETS = (
    "text_trec", "text_agnews", "text_stackoverflow20", "tab_adult", "tab_covertype20k", "tab_letter",
)  # fmt: skip
POOL, LABELS, AUDIT, TARGETED, FRESH = 4000, 1200, 0.5, 200, 50
EXCESS, TRIES, GROUP = 0.2, 8, 100
KINDS = ("starved", "mislabelled")


def project(data: str, name: str, seed: int) -> dict[str, Any] | None:
    """Plant a gap, look for it, and ask for it; None where no draw made a gap."""
    from threadpoolctl import threadpool_limits

    items = encoded(data, name)
    X, y = np.concatenate([items.X_pool, items.X_test]), [*items.y_pool, *items.y_test]
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(X))[: POOL + 4000]
    told_of = description(ROOT / data / f"{name}.parquet")
    X, y = X[order], [y[i] for i in order]
    words = isinstance(told_of, list)
    told_of = [told_of[i] for i in order] if words else {key: v[order] for key, v in told_of.items()}
    with threadpool_limits(1):
        learner = ActiveLearner(
            "logistic",
            X[:POOL],
            strategy="random",
            audit=AUDIT,
            audit_weighted=0.0,
            seed=seed,
            clock=lambda: 0.0,
        )
        batch = learner.ask(LABELS)
        by_lot = [one == "audit" for one in batch.streams]
        plant = planted(X, y, told_of, batch.rows, by_lot, KINDS[:: 1 if seed % 2 else -1], rng)
        if plant is None:
            return None
        tell(learner, plant, y, batch)
        if excess(learner.model.predict(X) != np.array(y), plant.inside_N) < EXCESS:
            return None
        shown = told_of[:POOL] if words else {key: v[:POOL] for key, v in told_of.items()}
        found = learner.gaps(**({"texts": shown} if words else {"columns": shown}))
        return judged(learner, found, plant, X, y, rng)


def planted(X, y, told_of, rows, by_lot, kinds, rng) -> Plant | None:
    """Return a plant that hurts a quickly trained model by 20 points or more: the first kind, or the other."""
    for kind in np.repeat(kinds, TRIES).tolist():
        plant = draw(X, y, told_of, kind, rng)
        said = plant.labels(y, rows, by_lot)
        kept = [i for i, one in enumerate(said) if one is not None]
        quick = lookup("models", "logistic")(C=10.0, temperature=1.0)
        quick.fit(X[rows[kept]], [said[i] for i in kept])
        wrong = quick.predict(X) != np.array(y)
        wrong[rows] = False
        rest = np.ones(len(X), bool)
        rest[rows] = False
        if wrong[rest & plant.inside_N].mean() - wrong[rest & ~plant.inside_N].mean() >= EXCESS:
            return plant
    return None


def tell(learner, plant, y, batch) -> None:
    """Tell what annotators say of a batch."""
    said = plant.labels(y, batch.rows, [one == "audit" for one in batch.streams])
    answers = [(item, label) for item, label in zip(batch.ids, said, strict=True) if label is not None]
    learner.tell([item for item, _ in answers], [label for _, label in answers])


def judged(learner, found, plant: Plant, X, y, rng) -> dict[str, Any]:
    """Return whether each gap is real and the plant's, and what asking for it did."""
    truth = np.array(y)
    wrong = learner.model.predict(X) != truth
    inside = plant.inside_N
    open_N = np.ones(POOL, bool)
    open_N[list(learner.labels)] = False
    asks = learner.state.asks
    drawn = np.array([row for row in asks if asks[row].stream == "audit"])
    gaps = []
    for gap in found:
        member = np.isin(np.arange(POOL), gap.rows)
        gaps.append({
            "name": gap.name, "size": gap.size, "p": gap.p, "real": real(wrong[:POOL], member, open_N, rng),
            "precision": float(inside[gap.rows].mean()), "named": named(gap, plant),
            "recall": float(member[inside[:POOL]].mean()),
            "covered": bool(gap.error.low <= wrong[:POOL][member & open_N].mean() <= gap.error.high),
        })  # fmt: skip
    hits = [i for i, one in enumerate(gaps) if one["real"] and one["precision"] >= 0.5]
    result = {
        "plant": [plant.kind, plant.what, plant.key, float(inside[:POOL].mean()), plant.was, plant.told],
        "excess": excess(wrong, inside), "ceiling": confirmable(drawn, wrong, inside, rng),
        "gaps": gaps, "found": bool(hits),
    }  # fmt: skip
    if hits:
        result |= closed(learner, found[hits[0]], plant, X, y, wrong)
    return result


def confirmable(drawn, wrong, inside, rng) -> bool:
    """Whether either half of as many fresh labels as the audit's would confirm the plant itself, if suspected.

    By the bar of the strictest of sixteen tests, and Fisher's; roughly the most that can be asked of halves.
    """
    from scipy.stats import fisher_exact

    fresh = rng.permutation(len(wrong) - POOL)[: len(drawn)] + POOL
    for half in (fresh[::2], fresh[1::2]):
        here, out = wrong[half][inside[half]], wrong[half][~inside[half]]
        table = [[here.sum(), (~here).sum()], [out.sum(), (~out).sum()]]
        if fisher_exact(table, alternative="greater").pvalue <= 0.1 / 16:
            return True
    return False


def named(gap, plant: Plant) -> bool:
    """Whether the planted word or column is a word of the gap's name."""
    return bool(plant.key) and plant.key in gap.name.replace("'", " ").replace(",", " ").split()


def real(wrong, member, open_N, rng) -> bool:
    """Whether fresh uniform labels inside a gap are mistaken more often than outside."""
    from scipy.stats import fisher_exact

    inside, outside = np.flatnonzero(member & open_N), np.flatnonzero(~member & open_N)
    inside = rng.permutation(inside)[:FRESH]
    a, b = int(wrong[inside].sum()), int(wrong[outside].sum())
    return bool(
        fisher_exact([[a, len(inside) - a], [b, len(outside) - b]], alternative="greater").pvalue < 0.05
    )


def excess(wrong, inside) -> float:
    """Error inside less error outside, on items of no pool."""
    return float(wrong[POOL:][inside[POOL:]].mean() - wrong[POOL:][~inside[POOL:]].mean())


def closed(learner, gap, plant: Plant, X, y, wrong) -> dict[str, Any]:
    """Ask for a gap, and return what became of the plant's excess and of every other class."""
    batch = learner.ask(TARGETED, gap=gap)
    labels = [y[row] for row in batch.rows]
    learner.tell(batch.ids, labels)
    truth = np.array(y)
    after = learner.model.predict(X) != truth
    rest = np.flatnonzero(~plant.inside_N[POOL:]) + POOL
    change = {
        str(one): float(wrong[here].mean() - after[here].mean()) for one in np.unique(truth)
        if len(here := rest[truth[rest] == one]) >= GROUP
    }  # fmt: skip
    return {
        "targeted": batch.streams.count("exploit"), "excess_after": excess(after, plant.inside_N),
        "rest_change": float(wrong[rest].mean() - after[rest].mean()), "groups": change,
    }  # fmt: skip


def measure(run: Run) -> None:
    """Run the plants and state what was found, named and closed."""
    run.sets = [name for name in run.sets if encoded(run.data, name).encoder != "image"]  # nothing to name by
    each = max(run.options["draws"] // len(run.sets), 1)
    units = [
        {"data": os.path.relpath(run.data, ROOT), "name": name, "seed": seed}
        for seed in range(each)
        for name in run.sets
    ]
    made = [(unit["name"], one) for unit, one in zip(units, run.map(project, units), strict=True)]
    plants = [(name, one) for name, one in made if one is not None]
    if not plants:
        return
    found = [one for _, one in plants if one["found"]]
    ceiling = sum(one["ceiling"] for _, one in plants)
    limit = f"{len(made) - len(plants)} draws made no gap; {ceiling} plants are confirmable"
    share(run, "gaps.found", len(found), len(plants), ">=0.7", limit)
    run.details["confirmable"] = [ceiling, len(plants)]
    gaps = [gap for _, one in plants for gap in one["gaps"]]
    share(run, "gaps.false_finds", sum(not gap["real"] for gap in gaps), len(gaps), "<=0.2")
    share(run, "gaps.interval_misses", sum(not gap["covered"] for gap in gaps), len(gaps), "<=0.1")
    keyed = [one for one in found if one["plant"][2]]
    right = [any(g["named"] and g["real"] and g["precision"] >= 0.5 for g in one["gaps"]) for one in keyed]
    share(run, "gaps.named", sum(right), len(keyed), ">=0.6")
    aimed = [one for one in found if one["excess"] > 0.05]
    removed = np.array([1 - one["excess_after"] / one["excess"] for one in aimed])
    if len(removed):
        run.claim("gaps.excess_removed", float(removed.mean()), *student_t(removed), ">=0.5")
        change = np.array([100 * one["rest_change"] for one in found])
        run.claim("gaps.rest_change_points", float(change.mean()), *student_t(change), ">=-1")
    for kind in KINDS:
        here = [one for _, one in plants if one["plant"][0] == kind]
        run.details[f"found.{kind}"] = [sum(one["found"] for one in here), len(here)]
    worst_group(run, [(name, one) for name, one in plants if one["found"]])
    for name in run.sets:
        here = [one for of, one in plants if of == name]
        run.details[f"found.{name}"] = [sum(one["found"] for one in here), len(here)]


def share(run: Run, name: str, count: int, n: int, target: str, note: str = "") -> None:
    """State a share with its exact binomial interval."""
    low, high = exact_binomial(count, n) if n else (0.0, 1.0)
    run.claim(name, count / n if n else float("nan"), low, high, target, f"{count} of {n}. {note}".strip())


def worst_group(run: Run, plants: list[tuple[str, dict[str, Any]]]) -> None:
    """State the mean change of the class that lost most outside the plants, over at least five of them."""
    changes: dict[str, list[float]] = {}
    for name, one in plants:
        for label, change in one["groups"].items():
            changes.setdefault(f"{name} {label}", []).append(100 * change)
    often = {group: np.array(one) for group, one in changes.items() if len(one) >= 5}
    run.details["groups"] = {group: [float(one.mean()), *student_t(one)] for group, one in often.items()}
    if often:
        worst = min(often, key=lambda group: often[group].mean())
        low, high = student_t(often[worst], 1 - 0.05 / len(often))
        note = f"{worst}, the worst of {len(often)} groups"
        run.claim("gaps.worst_group_points", float(often[worst].mean()), low, high, ">=-1", note)


if __name__ == "__main__":
    sys.exit(
        main("gaps", measure, cpu_hours=0.15, sets=SETS, draws=180, quick={"sets": ["text_trec"], "draws": 4})
    )
