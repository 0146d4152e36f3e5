"""How good are forecasts, ``labels_to`` and labels saved? Bank and prior are refitted without the set they judge.

Whole projects of ``projects.py``, shared with the other claims. At every round with at least
three estimates the score is forecast for later rounds, by a bank that has seen no project of the same data
set, whatever its strategy or model. Intervals of the figures resample data sets (cluster bootstrap).
Rivals: a plain power law, as wide as its own posterior says, and the last estimate with its interval.
The truth is the score of that project's own later model on items that were dealt with the pool.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator, default_rng

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from asklearn.dataset import Dataset
from asklearn.errors import BadInput
from asklearn.forecast.bank import bank, weighted_quantiles
from asklearn.forecast.outlook import History, outlook
from asklearn.forecast.saved import labels_saved
from asklearn.intervals import exact_binomial
from asklearn.learner import ActiveLearner
from asklearn.types import Estimate
from build_bank import Case, Priors, bank_units, bank_without, cases, guess_of, named
from encoded import encoded
from harness import ROOT, Run, main
from projects import POOL, SEEDS, SETS, dealt, label_counts, project

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
DRAWS, RESAMPLES = 2000, 400
SHARES = (1 / 7, 1 / 10)
LEAST_SETS = 4
LEAST_AUDIT = 30
Row = dict[str, Any]


def look_back(data: str, name: str, seed: int, audit: float, pool: int) -> list[Row]:
    """Replay a project and keep, at its last rounds, what :meth:`ActiveLearner.saved` works with."""
    from threadpoolctl import threadpool_limits

    items = dealt(encoded(data, name), seed, pool)
    learner = ActiveLearner(
        "logistic", items.X_pool, strategy="auto", seed=seed, audit=audit, clock=lambda: 0.0
    )
    with threadpool_limits(1):
        return _looks(learner, items)


def _looks(learner: ActiveLearner, items: Dataset) -> list[Row]:
    counts = label_counts(len(set(items.y_pool)), len(items.X_pool))[::2]
    found = []
    for labels in counts:
        batch = learner.ask(labels - len(learner.labels))
        learner.tell(batch.ids, [items.y_pool[row] for row in batch.rows])
        if len(set(learner.labels.values())) < 2:
            continue
        history, rng, known = learner._history(None)
        if history[-1][1].n >= LEAST_AUDIT:
            try:
                curve, model = learner._at_random("accuracy", rng)
            except BadInput:  # an audit of one class says nothing of random choice, and saved() says so
                continue
            found.append({
                "labels": labels, "audit": curve[-1][1].n, "classes": known["classes"],
                "history": [[n, e.value, e.low, e.high, e.n] for n, e in history],
                "random": [[n, e.value, e.low, e.high, e.n] for n, e in curve],
                "confidence": known["confidence"], "confidence_random": learner._expected(model)["confidence"],
                "score": float(learner.model.score(items.X_test, np.array(items.y_test))),
            })  # fmt: skip
    return found


def judged(some: Sequence[Case], known: Any, number: int) -> list[Row]:
    """Forecast what came of each history, and have the rivals do so."""
    rows = []
    for k, case in enumerate(some):
        rng = default_rng([number, k])
        made = outlook(
            case.history,
            rng,
            classes=case.classes,
            confidence=case.confidence,
            guess=case.guess,
            known=known,
            draws=DRAWS,
        )
        last = case.history[-1][1]
        sure = [*case.history[:-1], (made.now, Estimate("accuracy", case.truth, 0, 1, 10**6, ""))]
        given = outlook(
            sure,
            rng,
            classes=case.classes,
            confidence=case.confidence,
            guess=case.guess,
            known=known,
            draws=DRAWS,
        )
        law_S, weight_S = power_law(case.history, rng)
        for horizon, labels, score in case.came:
            ours = [made.score(labels, level) for level in (0.9, 0.5)]
            law = weighted_quantiles(law_S(labels / made.now), weight_S, LEVELS)
            still = [
                *(quantile_of(last, q) for q in LEVELS[:2]),
                last.value,
                *(quantile_of(last, q) for q in LEVELS[3:]),
            ]
            quantiles = [ours[0].low, ours[1].low, ours[0].value, ours[1].high, ours[0].high]
            rows.append({
                "set": case.source, "horizon": horizon, "audit": case.audit, "n": last.n, "truth": score,
                "held": ours[0].low <= score <= ours[0].high, "held_50": ours[1].low <= score <= ours[1].high,
                "width": ours[0].high - ours[0].low, "error": abs(ours[0].value - score),
                "error_given": abs(given.score(labels).value - score),
                "error_now": abs(last.value - case.truth),
                "law_held": law[0] <= score <= law[-1], "law_width": law[-1] - law[0],
                "law_error": abs(law[2] - score),
                "pinball": pinball(quantiles, score), "law_pinball": pinball(law, score),
                "still_pinball": pinball(still, score), "model": case.model, "strategy": case.strategy,
                "seed": case.seed,
            })  # fmt: skip
    return rows


def power_law(history: History, rng: Generator) -> tuple[Callable[[float], np.ndarray], np.ndarray]:
    """Fit ``c - a n ** -b`` by weighted draws from a prior that knows no other task; return it and weights."""
    now, last = history[-1]
    spread = max(last.high - last.low, 0.02)
    score_S = rng.uniform(max(last.low - spread, 0), min(last.high + spread, 1), DRAWS)
    gap_S = (1 - score_S) * rng.beta(2.0, 1.0, DRAWS)
    rate_S = np.exp(rng.normal(np.log(0.6), 0.8, DRAWS))
    share, log_S = last.n / sum(one.n for _, one in history), np.zeros(DRAWS)
    for labels, one in history:
        right_S = np.clip(score_S + gap_S * (1 - (labels / now) ** -rate_S), 1e-9, 1 - 1e-9)
        log_S += share * one.n * (one.value * np.log(right_S) + (1 - one.value) * np.log1p(-right_S))
    return lambda ratio: score_S + gap_S * (1 - ratio**-rate_S), np.exp(log_S - log_S.max())


def quantile_of(one: Estimate, q: float) -> float:
    """Return the end of the exact binomial interval that leaves `q` below (or above) it."""
    right = round(one.value * one.n)
    low, high = exact_binomial(right, one.n, abs(1 - 2 * q))
    return low if q < 0.5 else high


def pinball(quantiles: Sequence[float], truth: float) -> float:
    """Return the mean pinball loss of quantiles at ``LEVELS``."""
    return float(
        np.mean(
            [
                max(q * (truth - one), (q - 1) * (truth - one))
                for q, one in zip(LEVELS, quantiles, strict=True)
            ]
        )
    )


def clustered(rows: Sequence[Row], figure: Callable[[Sequence[Row]], float]) -> tuple[float, float, float]:
    """Return a figure and its 95% interval over resampled data sets; with few sets, over projects."""
    few = len({row["set"] for row in rows}) < LEAST_SETS
    parts = ("set", "model", "strategy", "seed", "share") if few else ("set",)
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row.get(part) for part in parts), []).append(row)
    if len(groups) < 2:
        return figure(rows), -math.inf, math.inf
    clusters, rng = list(groups.values()), default_rng(0)

    def resampled() -> list[Row]:
        drawn_sets = enumerate(rng.integers(len(clusters), size=len(clusters)))
        return [{**row, "set": place} for place, k in drawn_sets for row in clusters[k]]

    low, high = np.quantile([figure(resampled()) for _ in range(RESAMPLES)], [0.025, 0.975])
    return figure(rows), float(low), float(high)


def mean_of(key: str) -> Callable[[Sequence[Row]], float]:
    """Return the figure that averages `key` over data sets, each counting alike."""

    def figure(rows: Sequence[Row]) -> float:
        sets = {row["set"] for row in rows}
        count = {name: sum(row["set"] == name for row in rows) for name in sets}
        return float(np.average([row[key] for row in rows], weights=[1 / count[row["set"]] for row in rows]))

    return figure


def ratio_of(
    ours: str, theirs: str, middle: Callable[..., Any] = np.mean
) -> Callable[[Sequence[Row]], float]:
    """Return the figure that divides the mean (or median) of one key by that of another."""
    return lambda rows: float(middle([row[ours] for row in rows]) / middle([row[theirs] for row in rows]))


def state(run: Run, rows: Sequence[Row]) -> None:
    """State the claims on forecasts at twice and four times the labels."""
    own = [row for row in rows if row["audit"] == "own"]
    for horizon in (2.0, 4.0):
        at = [row for row in own if row["horizon"] == horizon]
        times = f"at_{horizon:g}x"
        run.claim(f"forecast.coverage_90_{times}", *clustered(at, mean_of("held")), ">=0.87")
        least = {
            name: mean_of("held")([r for r in at if r["set"] == name]) for name in {r["set"] for r in at}
        }
        run.details[f"coverage_by_set_{times}"] = least
        worst = min(least, key=lambda name: least[name])
        run.claim(f"forecast.least_coverage_of_a_set_{times}", least[worst], None, None, ">=0.75", worst)
        run.claim(
            f"forecast.width_over_power_law_{times}", *clustered(at, ratio_of("width", "law_width")), "<=1"
        )
        run.claim(
            f"forecast.pinball_over_last_value_{times}",
            *clustered(at, ratio_of("pinball", "still_pinball")), "<=1",
        )  # fmt: skip
    error = clustered(at, lambda some: float(np.median([row["error_given"] for row in some])))
    run.claim("forecast.error_at_4x_given_present", *error, "<=0.02", "median absolute, accuracy")
    run.claim(
        "forecast.error_at_4x_over_present_error",
        *clustered(at, ratio_of("error", "error_now", np.median)), "<=1.3",
    )  # fmt: skip
    for audit in ("own", "large"):
        for horizon in sorted({row["horizon"] for row in rows}):
            some = [row for row in rows if row["audit"] == audit and row["horizon"] == horizon]
            keys = (
                "held",
                "held_50",
                "width",
                "law_held",
                "law_width",
                "pinball",
                "law_pinball",
                "still_pinball",
            )
            medians = ("error", "error_given", "error_now", "law_error", "n")
            run.details[f"{audit}.{horizon:g}x"] = {
                **{key: round(mean_of(key)(some), 4) for key in keys},
                **{f"median_{key}": round(float(np.median([r[key] for r in some])), 4) for key in medians},
                "forecasts": len(some),
            }


def state_labels_to(
    run: Run, projects: Sequence[Row], some: Sequence[Case], bank_for: Callable[[str], Any]
) -> None:
    """State how often the interval of ``labels_to`` holds the labels at which seeds reach a score on average."""
    curve = mean_curves(projects)
    rows = []
    for k, case in enumerate(one for one in some if one.audit == "own"):
        labels_R, score_R = curve[case.source, case.model, case.strategy]
        now = case.history[-1][0]
        made = None
        for ahead in (2, 4):
            if now * ahead * 0.98 > labels_R[-1]:
                continue
            target = float(np.interp(np.log(now * ahead), np.log(labels_R), score_R))
            if target <= np.interp(np.log(now), np.log(labels_R), score_R) + 0.01:
                continue
            made = made or outlook(
                case.history, default_rng(k), classes=case.classes, confidence=case.confidence,
                guess=case.guess, known=bank_for(case.source), draws=DRAWS,
            )  # fmt: skip
            found = made.labels_to(target)
            held = (found.low or np.inf) <= now * ahead <= (found.high or np.inf)
            rows.append({"set": case.source, "held": held, "bounded": found.high is not None})
    run.claim(
        "forecast.labels_to_coverage_90", *clustered(rows, mean_of("held")), ">=0.87", "targets at 2x and 4x"
    )
    run.details["labels_to"] = {"count": len(rows), "bounded": float(np.mean([r["bounded"] for r in rows]))}


def mean_curves(projects: Sequence[Row]) -> dict[tuple[str, str, str], tuple[np.ndarray, np.ndarray]]:
    """Return labels and never falling mean score over seeds of each (set, model, strategy)."""
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for one in projects:
        groups.setdefault((one["name"], one["model"], one["strategy"]), []).append(one)
    found = {}
    for key, members in groups.items():
        counts = [n for n in members[0]["labels"] if all(n in one["labels"] for one in members)]
        score = [np.mean([one["score"][one["labels"].index(n)] for one in members]) for n in counts]
        found[key] = np.array(counts, float), np.maximum.accumulate(score)
    return found


def state_saved(run: Run, projects: Sequence[Row], bank_for: Callable[[str], Any]) -> None:
    """State how often the interval of labels saved holds what random projects really needed."""
    made = [
        {"data": os.path.relpath(run.data, ROOT), "name": name, "seed": seed, "audit": share, "pool": POOL}
        for seed in range(run.options["looks"]) for name in run.sets for share in SHARES
    ]  # fmt: skip
    curve, rows = mean_curves(projects), []
    for unit, found in zip(made, run.map(look_back, made), strict=True):
        labels_R, score_R = curve[unit["name"], "logistic", "random"]
        for k, one in enumerate(found):
            known = {
                "classes": one["classes"], "guess": guess_of(unit["data"], unit["name"]),
                "known": bank_for(unit["name"]),
            }  # fmt: skip
            past, at_random = (
                outlook([(n, Estimate("accuracy", v, low, high, m, "")) for n, v, low, high, m in one[key]],
                        default_rng([unit["seed"], k]), confidence=one[sure], **known)
                for key, sure in (("history", "confidence"), ("random", "confidence_random"))
            )  # fmt: skip
            saved = labels_saved(past, at_random)
            reached = one["score"] <= score_R[-1]
            needed = float(np.exp(np.interp(one["score"], score_R, np.log(labels_R)))) if reached else np.inf
            truth = min(needed, saved.farthest + 1) - one["labels"]
            if not reached and saved.farthest > labels_R[-1] and saved.high is not None:
                continue  # random was not simulated far enough to tell
            low = saved.low if saved.low is not None else saved.farthest + 1 - one["labels"]
            rows.append({
                "set": unit["name"], "share": unit["audit"], "labels": one["labels"], "audit": one["audit"],
                "held": low <= truth <= (np.inf if saved.high is None else saved.high), "truth": truth,
                "value": saved.value, "low": saved.low, "high": saved.high, "score": one["score"],
            })  # fmt: skip
    run.details["saved"] = rows
    if not rows:
        return
    for share in SHARES:
        some = [row for row in rows if row["share"] == share]
        known = [row["high"] is not None for row in some]
        note = f"{len(some)} looks; bounded above in {np.mean(known):.0%}"
        run.claim(
            f"forecast.saved_coverage_90_at_{1 / share:.0f}x_the_audit",
            *clustered(some, mean_of("held")),
            ">=0.87",
            note,
        )


def measure(run: Run) -> None:
    """Simulate, refit the bank without each set, and judge."""
    for name in run.sets:
        encoded(run.data, name)
    made = bank_units(run.data, run.sets, run.seeds)
    projects = named(made, run.map(project, made, cache="projects"))
    some = cases(projects)
    bank_for = judges(run, projects, some)
    rows = []
    for number, name in enumerate(run.sets):
        rows += judged([one for one in some if one.source == name], bank_for(name), number)
    state(run, rows)
    state_labels_to(run, projects, some, bank_for)
    state_saved(run, projects, bank_for)


def judges(run: Run, projects: Sequence[Row], some: Sequence[Case]) -> Callable[[str], Any]:
    """Return the bank for each set: refitted without it, or the one that ships where it has not seen the set."""
    shipped = bank()
    seen = [name for name in run.sets if name in shipped.provenance["sets"]]
    if len(seen) < LEAST_SETS:
        run.details["bank"] = f"as shipped: too few sets to refit, and it has seen {seen}"
        return lambda name: shipped
    kept = [one for one in projects if one["name"] in seen]
    priors, taught = Priors(kept, default_rng(0)), [one for one in some if one.source in seen]
    made = {name: bank_without(priors, taught, name, every=3) for name in seen}
    run.details["bank"] = f"refitted without each of {seen}; as shipped for others"
    return lambda name: made.get(name, shipped)


if __name__ == "__main__":
    sys.exit(
        main(
            "forecast", measure, cpu_hours=0.4, sets=SETS, seeds=SEEDS, looks=1,
            quick={"sets": ["text_trec"], "seeds": 1, "looks": 1},
        )
    )  # fmt: skip
