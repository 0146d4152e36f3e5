"""Does advice on stopping come at the right time? Rules replayed on what whole projects saw in each round.

Targets of a data set are what its mean curve (over seeds, on the test part) reaches after 35, 50 and 65% of the
rounds; the oracle stops at that round. Without a target it stops where the mean curve comes within the tolerance
(2 points) of a model that is trained on the whole pool. A stop is good if the project's true score is then within
the tolerance of the target, or of that model. Prices come from numbers fitted without the data set; the two
numbers of the composite of audit and confidence were fitted to all of them, and hardly depend on any one. Rounds
grow by the square root of two, so no ratio of labels is finer. A project whose rule has not spoken at its last
round counts with all of its labels. Intervals resample data sets.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import default_rng

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from asklearn.composite import composite
from asklearn.intervals import exact_binomial
from asklearn.price import Bank, expected_gain
from asklearn.registry import adapt
from asklearn.stopping import Standing, Stopping, advise
from asklearn.types import Estimate
from build_price import SETS, bank, batches
from encoded import encoded
from harness import ROOT, Run, main
from priced import TESTED, priced, scores, units
from projects import drawn

STRATEGIES = ("auto",)
PLACES = (0.35, 0.5, 0.65)
DRAWS = 2000


def whole_pool(data: str, name: str, seed: int) -> float:
    """Return the accuracy of a model that is trained on every label of a project's pool."""
    from threadpoolctl import threadpool_limits

    items = drawn(encoded(data, name), seed)
    with threadpool_limits(1):
        model = adapt("models", "logistic").fresh(0).fit(items.X_pool, items.y_pool).estimator
        return scores(model, items.X_test[:TESTED], items.y_test[:TESTED])["accuracy"]


def standing(here: dict[str, Any], known: Bank, wanted: Stopping) -> Standing:
    """Return what a learner would know in a round, as ``ActiveLearner.should_stop`` gathers it."""
    labels, gain = here["labels"], None
    if here["believed"] is not None:
        gain = expected_gain(here["believed"], labels, labels, level=wanted.level, bank=known)
    value, low, high, n = here["estimate"]
    audit = Estimate("accuracy", value, low, high, n, "")
    kappa = here["kappa"]
    return Standing(
        asked=labels, left=1, doubling=gain, batch=gain, confidence=here["confidence"],
        score=composite(audit, here["confidence"], wanted.level),
        agreement=None if kappa is None else Estimate("agreement", kappa, kappa, kappa, 2000, ""),
    )  # fmt: skip


def stopped(rounds: Sequence[dict[str, Any]], known: Bank, wanted: Stopping) -> int | None:
    """Return the round in which the rules first advise to stop, or None."""
    for place, here in enumerate(rounds):
        if advise(standing(here, known, wanted), wanted):
            return place
    return None


def replays(
    by_set: dict[str, list[dict[str, Any]]], most: dict[str, float], banks: dict[str, Bank]
) -> list[dict[str, Any]]:
    """Replay every project for each target and for the plateau."""
    found = []
    for name, projects in by_set.items():
        length = min(len(one["rounds"]) for one in projects)
        curve = np.mean(
            [[here["score"]["accuracy"] for here in one["rounds"][-length:]] for one in projects], axis=0
        )
        aims: list[tuple[str, float | None, float]] = [
            ("target", float(curve[round(place * (length - 1))]), float(curve[round(place * (length - 1))]))
            for place in PLACES
        ]
        aims.append(("plateau", None, most[name] - Stopping().tolerance))
        for kind, target, enough in aims:
            reached = np.flatnonzero(curve >= enough)
            for one in projects:
                wanted = Stopping(target=target)
                rounds = one["rounds"][-length:]
                at = stopped(rounds, banks[name], wanted)
                last = rounds[-1 if at is None else at]
                floor = min(most[name], np.inf if target is None else target) - wanted.tolerance
                found.append({
                    "set": name, "kind": kind, "stopped": at is not None,
                    "good": bool(last["score"]["accuracy"] >= floor), "missing": floor - last["score"]["accuracy"],
                    "ratio": last["labels"] / rounds[reached[0]]["labels"] if len(reached) else None,
                })  # fmt: skip
    return found


def measure(run: Run) -> None:
    """Run the projects, replay the rules, and state whether stops are good and in time."""
    of = [one for one in units(run.data, run.sets, STRATEGIES, range(run.seeds)) if one["judged"]]
    made = run.map(priced, of, cache="priced")
    folder = os.path.relpath(run.data, ROOT)
    pools = [
        {"data": folder, "name": name, "seed": seed} for name in run.sets for seed in range(min(run.seeds, 2))
    ]
    full = run.map(whole_pool, pools)
    most = {
        name: float(np.mean([one for one, unit in zip(full, pools, strict=True) if unit["name"] == name]))
        for name in run.sets
    }
    by_set = {
        name: [one for one, unit in zip(made, of, strict=True) if unit["name"] == name] for name in run.sets
    }
    rows = batches(made, of, "accuracy")
    banks = {
        name: bank({key: value[rows["set"] != name] for key, value in rows.items()}) for name in run.sets
    }
    found = replays(by_set, most, banks)
    for kind in ("target", "plateau"):
        _state(
            run, kind, [one for one in found if one["kind"] == kind and (one["stopped"] or kind == "target")]
        )


def _state(run: Run, kind: str, found: list[dict[str, Any]]) -> None:
    timed = [one for one in found if one["ratio"] is not None]
    for name in run.sets:
        here = [one for one in found if one["set"] == name]
        if here:
            good = sum(one["good"] for one in here)
            ratios = [one["ratio"] for one in here if one["ratio"] is not None]
            run.details[f"{kind}.{name}"] = {
                "good": [good / len(here), *exact_binomial(good, len(here))], "stops": len(here),
                "ratio": float(np.median(ratios)) if ratios else None,
                "never": sum(not one["stopped"] for one in here),
            }  # fmt: skip
            print(
                f"{kind} {name}: good {good}/{len(here)}, labels by the oracle's {np.median(ratios or [np.nan]):.2f}"
            )
    never = sum(not one["stopped"] for one in found)
    words = f"{len(found)} replays, {never} never stopped"
    run.claim(f"stopping.{kind}.within_tolerance", _share(found), *_resampled(found, _share), ">=0.8", words)
    run.claim(
        f"stopping.{kind}.labels_over_oracle", _middle(timed), *_resampled(timed, _middle), "<=1.5", words
    )


def _share(found: list[dict[str, Any]]) -> float:
    return float(np.mean([one["good"] for one in found]))


def _middle(found: list[dict[str, Any]]) -> float:
    return float(np.median([one["ratio"] for one in found]))


def _resampled(
    found: list[dict[str, Any]], statistic: Callable[[list[dict[str, Any]]], float]
) -> tuple[float, float]:
    rng = default_rng(0)
    by_set: dict[str, list[dict[str, Any]]] = {}
    for one in found:
        by_set.setdefault(one["set"], []).append(one)
    names = list(by_set)
    draws = [
        statistic([one for name in rng.choice(names, len(names)) for one in by_set[name]])
        for _ in range(DRAWS)
    ]
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)


if __name__ == "__main__":
    sys.exit(
        main("stopping", measure, cpu_hours=0.2, sets=SETS, seeds=6,
             quick={"sets": ["tab_adult", "tab_spambase", "tab_wine_quality"], "seeds": 2})
    )  # fmt: skip
