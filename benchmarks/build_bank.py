"""Make the bank of finished curves that forecasts learn from: ``python benchmarks/build_bank.py --data FOLDER``.

Simulates projects (``projects.py``; finished ones are shared with the claims), fits the prior to their
curves, and keeps quantiles of scaled residuals: those of each set are made with a prior that has not seen
it. Writes ``src/asklearn/data/forecast_bank.json``.

Each project is forecast from two histories: that of its own audit (10% of the labels), and one whose audit
is drawn as large as half or twice the labels, so that the bank also holds large audits.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator, default_rng

sys.path.insert(0, str(Path(__file__).resolve().parent))
from asklearn.forecast.bank import RATIOS, Bank, nominal, residual_quantiles, weighted_quantiles
from asklearn.forecast.outlook import LEAST_POINTS, SPREAD, History, outlook
from asklearn.forecast.prior import Prior, Window, agreement, fit_prior
from asklearn.intervals import exact_binomial
from asklearn.types import Estimate
from encoded import encoded
from harness import ROOT, Run, revision
from projects import SEEDS, SETS, STRATEGIES, project, units

TREES = "tab_adult", "tab_covertype20k", "tab_spambase", "tab_mammography"
FILE = ROOT / "src" / "asklearn" / "data" / "forecast_bank.json"
PAST, FUTURE = 8, 16
LARGE = 0.5, 2.0
CALIBRATION_DRAWS = 2000
SHARED_LUCK = 0.7  # correlation of an item's hits over rounds, on the normal scale
Project = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A history, and what came of it: (horizon of the bank, labels, score) each."""

    source: str
    classes: int
    history: History
    came: list[tuple[float, int, float]]
    truth: float
    audit: str
    model: str
    strategy: str
    seed: int
    confidence: float | None
    guess: float


def bank_units(data: Path, sets: Sequence[str] = SETS, seeds: int = SEEDS) -> list[dict[str, Any]]:
    """Return the projects that the bank is made of: two strategies, and one seed of trees where they are quick."""
    trees = [name for name in sets if name in TREES]
    return [
        *units(data, sets, STRATEGIES, range(seeds)),
        *units(data, trees, ("random",), range(1), "extra_trees"),
    ]


def windows(projects: Sequence[Project]) -> list[tuple[str, Window]]:
    """Return stretches of the mean curve over seeds of each (set, model, strategy), with their set."""
    groups: dict[tuple[str, ...], list[Project]] = {}
    for one in projects:
        groups.setdefault((one["name"], one["model"], one["strategy"]), []).append(one)
    found = []
    for (name, *_), members in groups.items():
        counts = [n for n in members[0]["labels"] if all(n in one["labels"] for one in members)]
        score_SR = np.array([[one["score"][one["labels"].index(n)] for n in counts] for one in members])
        spread = 0.02 if len(members) < 3 else score_SR.std(0, ddof=1)
        noise_R = np.hypot(0.006, np.maximum(spread, 0.004) / math.sqrt(len(members)))
        labels_R, score_R = np.array(counts), score_SR.mean(0)
        for labels in counts[:-2]:
            near = (labels_R >= labels / PAST * 0.95) & (labels_R <= labels * FUTURE * 1.05)
            window = Window(
                labels, members[0]["classes"], labels_R[near] / labels, score_R[near],
                np.broadcast_to(noise_R, labels_R.shape)[near], guess=members[0]["guess"],
            )  # fmt: skip
            found.append((name, window))
    return weighted_alike(found)


def weighted_alike(found: Sequence[tuple[str, Window]]) -> list[tuple[str, Window]]:
    """Return the windows with weights that make sets count alike."""
    count = Counter(name for name, _ in found)
    return [(name, replace(one, weight=1 / count[name])) for name, one in found]


class Priors:
    """Fits priors without some sets; the likelihoods are worked out once."""

    def __init__(self, projects: Sequence[Project], rng: Generator) -> None:
        named = windows(projects)
        self.names = np.array([name for name, _ in named])
        self.windows = [one for _, one in named]
        self.base, self.log_KS = agreement(self.windows, rng)
        self.belief = beliefs(projects)
        self._made: dict[frozenset[str], Prior] = {}

    def without(self, *names: str) -> Prior:
        """Return the prior of all sets but `names`."""
        key = frozenset(names)
        if key not in self._made:
            kept = np.flatnonzero(~np.isin(self.names, names))
            off = np.concatenate([one for name, one in self.belief.items() if name not in names])
            weight = np.concatenate(
                [np.full(len(one), 1 / len(one)) for name, one in self.belief.items() if name not in names]
            )
            mean = float(np.average(off, weights=weight))
            spread = math.sqrt(np.average((off - mean) ** 2, weights=weight))
            self._made[key] = fit_prior(
                [self.windows[k] for k in kept], self.base, self.log_KS[kept], (mean, spread)
            )
        return self._made[key]


def beliefs(projects: Sequence[Project]) -> dict[str, np.ndarray]:
    """Return logit score less logit confidence of every round, by set."""
    from scipy.special import logit

    found: dict[str, list[float]] = {}
    for one in projects:
        pair_2R = np.clip([one["score"], one["confidence"]], 0.01, 0.99)
        found.setdefault(one["name"], []).extend(np.diff(logit(pair_2R[::-1]), axis=0)[0])
    return {name: np.array(values) for name, values in found.items()}


def cases(projects: Sequence[Project]) -> list[Case]:
    """Return every history of at least three estimates, of the project's own audit and of a larger one."""
    found = []
    for number, one in enumerate(projects):
        own = [Estimate("accuracy", v, low, high, n, "") for v, low, high, n in one["estimate"]]
        larger = [
            audit_of(one["score"], [round(share * n) for n in one["labels"]], default_rng([number, k]))
            for k, share in enumerate(LARGE)
        ]
        for now in range(LEAST_POINTS - 1, len(own) - 1):
            for audit, estimates in (("own", own), ("large", larger[now % 2])):
                history = [
                    (n, e) for n, e in zip(one["labels"], estimates[: now + 1], strict=False) if e.n > 0
                ]
                if len(history) >= LEAST_POINTS:
                    found.append(_case(one, now, history, audit))
    return found


def _case(one: Project, now: int, history: History, audit: str) -> Case:
    came = []
    for labels, score in zip(one["labels"][now:], one["score"][now:], strict=True):
        ratio = labels / one["labels"][now]
        nearest = min(RATIOS, key=lambda r: abs(math.log(ratio / r)))
        if abs(math.log(ratio / nearest)) < 0.1:
            came.append((nearest, labels, score))
    return Case(
        one["name"], one["classes"], history, came, one["score"][now], audit, one["model"],
        one["strategy"], one["seed"], one["confidence"][now], one["guess"],
    )  # fmt: skip


def audit_of(scores: Sequence[float], sizes: Sequence[int], rng: Generator) -> list[Estimate]:
    """Return what audits of some sizes would say of a score each, nested over the rounds."""
    from scipy.stats import norm

    luck_N = rng.standard_normal(max(sizes))
    found = []
    for n, score in zip(sizes, scores, strict=True):
        mixed_N = math.sqrt(SHARED_LUCK) * luck_N[:n] + math.sqrt(1 - SHARED_LUCK) * rng.standard_normal(n)
        right = int((mixed_N < norm.ppf(score)).sum())
        found.append(Estimate("accuracy", right / max(n, 1), *exact_binomial(right, n), n=n, method=""))
    return found


def residuals(some: Sequence[Case], known: Bank, seed: int = 0) -> np.ndarray:
    """Return rows of (residual in units of the spread, horizon), one for each forecast."""
    rows = []
    for number, case in enumerate(some):
        made = outlook(
            case.history, default_rng([seed, number]), classes=case.classes, confidence=case.confidence,
            guess=case.guess, known=known, draws=CALIBRATION_DRAWS,
        )  # fmt: skip
        for horizon, labels, score in case.came:
            score_S = np.clip(made.curves.at(labels / made.now), 0, 1)
            below, middle, above = weighted_quantiles(score_S, made.weight_S, [SPREAD[0], 0.5, SPREAD[1]])
            side = (above - middle) if score > middle else (middle - below)
            rows.append(((score - middle) / max(side, 1e-4), horizon))
    return np.array(rows)


def bank_without(priors: Priors, some: Sequence[Case], *names: str, every: int = 1) -> Bank:
    """Return prior and residuals of all sets but `names`; each set's residuals by a prior without it.

    With `every`, only every so many-th history of a set is forecast, to save time.
    """
    parts, weights = [], []
    for source in sorted({case.source for case in some} - set(names)):
        own = [case for case in some if case.source == source][::every]
        parts.append(residuals(own, nominal(priors.without(*names, source))))
        weights.append(np.full(len(parts[-1]), 1 / len(parts[-1])))
    rows = np.concatenate(parts)
    table = residual_quantiles(rows[:, 0], rows[:, 1], np.concatenate(weights))
    return Bank(priors.without(*names), table, {})


def named(made: Sequence[dict[str, Any]], found: Sequence[Project]) -> list[Project]:
    """Return finished projects, a list of each of what their rounds were like, with the unit that asked for them."""
    return [
        {
            **unit, "classes": one["classes"], "guess": guess_of(unit["data"], unit["name"]),
            "labels": [here["labels"] for here in one["rounds"]],
            "score": [here["score"]["accuracy"] for here in one["rounds"]],
            "estimate": [here["estimate"] for here in one["rounds"]],
            "confidence": [here["open_confidence"] for here in one["rounds"]],
        }
        for unit, one in zip(made, found, strict=True)
    ]  # fmt: skip


@cache
def guess_of(data: str, name: str) -> float:
    """Return the share of the most frequent class of a data set."""
    items = encoded(data, name)
    counts = Counter([*items.y_pool, *items.y_test])
    return max(counts.values()) / sum(counts.values())


def build(data: Path, jobs: int) -> Bank:
    """Simulate what is not finished, and return the bank of all sets."""
    run = Run("forecast_bank", data, list(SETS), SEEDS, jobs, False, FILE, {}, False)
    made = bank_units(data)
    projects = named(made, run.map(project, made, cache="projects"))
    found = bank_without(Priors(projects, default_rng(0)), cases(projects))
    provenance = {
        "projects": len(projects), "sets": sorted({one["name"] for one in made}),
        "models": sorted({one["model"] for one in made}),
        "strategies": sorted({one["strategy"] for one in made}),
        "seeds": SEEDS, "revision": revision(),
        "date": time.strftime("%Y-%m-%d", time.gmtime()), "command": "python benchmarks/build_bank.py",
    }  # fmt: skip
    return Bank(found.prior, found.residual_RQ, provenance)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="About 0.5 CPU hours.")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--jobs", type=int, default=1)
    args = parser.parse_args()
    made = build(args.data, args.jobs)
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(made.to_json()) + "\n", encoding="utf-8")
    print(f"{made.provenance['projects']} projects are in {FILE}")
