"""Does advice on stopping come at the right time? Rules replayed on what whole projects saw in each round.

Targets of a data set are what its mean curve (over seeds, on the test part) reaches after 35, 50 and 65% of the
rounds; the oracle stops at that round. Without a target it stops where the mean curve comes within the tolerance
(2 points) of a model that is trained on the whole pool. A stop is good if the project's true score is then within
the tolerance of the target, or of that model. Prices, and what confidence says of accuracy, come from numbers fitted
without the data set. Rounds grow by the square root of two, so no ratio of labels is finer. A project whose rule has
not spoken at its last round counts with all of its labels. Intervals resample data sets.

What limits a rule is said beside it, by stoppers that know more and look at the same rounds. ``true_score`` knows the
score on the test part. ``exact_binomial`` draws as many audit labels as the project had, from that score, and stops
when they alone are as sure as the rule has to be; ``ten_times_the_audit`` draws ten times as many.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import default_rng

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from asklearn.composite import Belief, composite
from asklearn.intervals import exact_binomial
from asklearn.price import Bank, expected_gain
from asklearn.registry import adapt
from asklearn.stopping import Standing, Stopping, advise
from asklearn.types import Estimate
from build_bank import audit_of
from build_price import bank, batches, belief
from encoded import encoded
from harness import ROOT, Run, main
from projects import POOL, SEEDS, SETS, STRATEGIES, dealt, project, scores, units

ADVISED = "auto"
PLACES = (0.35, 0.5, 0.65)
MORE = {"exact_binomial": 1, "ten_times_the_audit": 10}
DRAWS = 2000


def whole_pool(data: str, name: str, seed: int, pool: int) -> float:
    """Return the accuracy of a model that is trained on every label of a project's pool."""
    from threadpoolctl import threadpool_limits

    items = dealt(encoded(data, name), seed, pool)
    with threadpool_limits(1):
        model = adapt("models", "logistic").fresh(0).fit(items.X_pool, items.y_pool).estimator
        return scores(model, items.X_test, items.y_test)["accuracy"]


@dataclass(frozen=True)
class Known:
    """What finished projects of other data sets teach."""

    bank: Bank
    belief: Belief


Stopper = Callable[[dict[str, Any], Stopping], int | None]


def standing(here: dict[str, Any], classes: int, known: Known, wanted: Stopping) -> Standing:
    """Return what a learner would know in a round, as ``ActiveLearner.should_stop`` gathers it."""
    labels, gain = here["labels"], None
    if here["believed"] is not None:
        gain = expected_gain(here["believed"], labels, labels, level=wanted.level, bank=known.bank)
    value, low, high, n = here["estimate"]
    audit = Estimate("accuracy", value, low, high, n, "")
    kappa = here["kappa"]
    return Standing(
        asked=labels, left=1, doubling=gain, batch=gain, confidence=here["confidence"],
        score=composite(audit, here["confidence"], labels / classes, wanted.level, known.belief),
        agreement=None if kappa is None else Estimate("agreement", kappa, kappa, kappa, 2000, ""),
    )  # fmt: skip


def advised(known: Known) -> Stopper:
    """Return the stopper that goes by the rules."""

    def stop(one: dict[str, Any], wanted: Stopping) -> int | None:
        return _first(
            bool(advise(standing(here, one["classes"], known, wanted), wanted)) for here in one["rounds"]
        )

    return stop


def by_true_score(one: dict[str, Any], wanted: Stopping) -> int | None:
    """Stop where the score on the test part is within the tolerance of the target."""
    least = (wanted.target or 1.0) - wanted.tolerance
    return _first(here["score"]["accuracy"] >= least for here in one["rounds"])


def by_fresh_labels(times: int) -> Stopper:
    """Return a stopper that draws so many times the project's audit labels afresh, and believes them alone."""

    def stop(one: dict[str, Any], wanted: Stopping) -> int | None:
        least = (wanted.target or 1.0) - wanted.tolerance
        true = [here["score"]["accuracy"] for here in one["rounds"]]
        sizes = [times * here["estimate"][3] for here in one["rounds"]]
        drawn = audit_of(true, sizes, default_rng([round(1e5 * score) for score in true]))
        return _first(
            exact_binomial(round(found.value * found.n), found.n, wanted.level)[0] >= least for found in drawn
        )

    return stop


def _first(said: Iterable[bool]) -> int | None:
    return next((place for place, one in enumerate(said) if one), None)


def replays(
    by_set: dict[str, list[dict[str, Any]]], most: dict[str, float], stoppers: dict[str, Stopper]
) -> list[dict[str, Any]]:
    """Replay every project for each target and for the plateau, with the stopper of its data set."""
    found = []
    for name, projects in by_set.items():
        length = min(len(one["rounds"]) for one in projects)
        alike = [{**one, "rounds": one["rounds"][-length:]} for one in projects]
        curve = np.mean([[here["score"]["accuracy"] for here in one["rounds"]] for one in alike], axis=0)
        aims = [
            ("target", target, target) for target in (float(curve[round(p * (length - 1))]) for p in PLACES)
        ]
        for kind, target, enough in (*aims, ("plateau", None, most[name] - Stopping().tolerance)):
            reached = np.flatnonzero(curve >= enough)
            wanted = Stopping(target=target)
            floor = min(most[name], np.inf if target is None else target) - wanted.tolerance
            for one in alike:
                at = stoppers[name](one, wanted)
                last = one["rounds"][-1 if at is None else at]
                found.append({
                    "set": name, "kind": kind, "stopped": at is not None,
                    "good": bool(last["score"]["accuracy"] >= floor), "missing": floor - last["score"]["accuracy"],
                    "ratio": last["labels"] / one["rounds"][reached[0]]["labels"] if len(reached) else None,
                })  # fmt: skip
    return found


def measure(run: Run) -> None:
    """Run the projects, replay the rules, and state whether stops are good and in time."""
    of = units(run.data, run.sets, STRATEGIES, range(run.seeds))
    made = run.map(project, of, cache="projects")
    folder = os.path.relpath(run.data, ROOT)
    pools = [
        {"data": folder, "name": name, "seed": seed, "pool": POOL}
        for name in run.sets for seed in range(min(run.seeds, 2))
    ]  # fmt: skip
    full = run.map(whole_pool, pools)
    most = {
        name: float(np.mean([one for one, unit in zip(full, pools, strict=True) if unit["name"] == name]))
        for name in run.sets
    }
    by_set = {
        name: [
            one for one, unit in zip(made, of, strict=True)
            if (unit["name"], unit["strategy"]) == (name, ADVISED)
        ]
        for name in run.sets
    }  # fmt: skip
    known = {name: without(name, made, of) for name in run.sets}
    found = replays(by_set, most, {name: advised(known[name]) for name in run.sets})
    for kind in ("target", "plateau"):
        _state(
            run, kind, [one for one in found if one["kind"] == kind and (one["stopped"] or kind == "target")]
        )
    others = {"true_score": by_true_score} | {name: by_fresh_labels(times) for name, times in MORE.items()}
    for word, stopper in others.items():
        _state_other(run, word, replays(by_set, most, dict.fromkeys(run.sets, stopper)))


def without(name: str, made: Sequence[dict[str, Any]], of: Sequence[dict[str, Any]]) -> Known:
    """Return what the projects of all data sets but one teach."""
    kept = [k for k, unit in enumerate(of) if unit["name"] != name]
    rest = [made[k] for k in kept], [of[k] for k in kept]
    return Known(bank(batches(*rest, "accuracy")), belief(*rest))


def _state_other(run: Run, word: str, found: list[dict[str, Any]]) -> None:
    """State what a stopper that knows more would reach for the same targets."""
    some = [one for one in found if one["kind"] == "target"]
    run.claim(
        f"stopping.target.labels_over_oracle.{word}", _middle(some), *_resampled(some, _middle), ">=0",
        f"a ceiling; {_share(some):.0%} within tolerance",
    )  # fmt: skip


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
        main("stopping", measure, cpu_hours=0.2, sets=SETS, seeds=SEEDS,
             quick={"sets": ["tab_adult", "tab_spambase", "tab_wine_quality"], "seeds": 2})
    )  # fmt: skip
