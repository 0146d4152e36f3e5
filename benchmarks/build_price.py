"""Make the bank of finished projects that labels are priced by: ``python benchmarks/build_price.py``.

Runs the projects of ``projects.py`` (finished ones are shared with the claims), fits rate, power and decay of
:mod:`asklearn.price` to their gains, and keeps quantiles of the residuals that each data set has under numbers
fitted without it; and prints what a model's confidence says of its score. Writes ``src/asklearn/data/price.json``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
from asklearn.composite import FREEDOM, Belief
from asklearn.price import Bank, fit_bank, residual_quantiles, residuals
from asklearn.types import Floats
from harness import ROOT, Run, main
from projects import METRICS, SEEDS, SETS, STRATEGIES, project, units

AHEAD = (1, 2, 3)
FILE = ROOT / "src" / "asklearn" / "data" / "price.json"


def batches(
    made: Sequence[dict[str, Any]], of: Sequence[dict[str, Any]], metric: str
) -> dict[str, np.ndarray]:
    """Return a row for each round of each project and each number of labels ahead.

    Parameters
    ----------
    made : sequence of dict
        What :func:`~projects.project` returned.
    of : sequence of dict
        The units that it was called with.
    metric : str
        Whose gains.

    Returns
    -------
    dict of ndarray
        ``set``, ``strategy``, ``seed``, ``round``, ``ahead`` (0: the small batch; 1 to 3: rounds), ``labels``,
        ``over`` (share of the project's rounds that are over), ``believed``, ``ratio``, ``gain``.
    """
    rows = []
    for one, unit in zip(made, of, strict=True):
        rounds = one["rounds"]
        for i, here in enumerate(rounds[:-1]):
            if here["believed"] is None:
                continue
            later = [(0, one["between"][i])] + [(k, rounds[i + k]) for k in AHEAD if i + k < len(rounds)]
            for ahead, there in later:
                rows.append((
                    unit["name"], unit["strategy"], unit["seed"], i, ahead, here["labels"], i / (len(rounds) - 1),
                    here["believed"], there["labels"] / here["labels"],
                    there["score"][metric] - here["score"][metric],
                ))  # fmt: skip
    names = (
        "set",
        "strategy",
        "seed",
        "round",
        "ahead",
        "labels",
        "over",
        "believed",
        "ratio",
        "gain",
    )
    return {name: np.array(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}


def alike(name_N: np.ndarray) -> Floats:
    """Return weights of mean one that let every name count alike.

    Examples
    --------
    >>> alike(np.array(["a", "a", "b"])).tolist()
    [0.75, 0.75, 1.5]
    """
    names, code_N, count = np.unique(name_N, return_inverse=True, return_counts=True)
    return len(name_N) / len(names) / count[code_N]


def banks_without(rows: dict[str, np.ndarray]) -> dict[str, Bank]:
    """Return, for each data set, the numbers that are fitted to the others."""
    weight_N = alike(rows["set"])
    found = {}
    for name in np.unique(rows["set"]).tolist():
        rest = rows["set"] != name
        found[name] = fit_bank(
            rows["believed"][rest], rows["ratio"][rest], rows["gain"][rest], weight_N[rest]
        )
    return found


def residuals_without(rows: dict[str, np.ndarray]) -> Floats:
    """Return each row's residual under the numbers fitted without its data set."""
    residual_N = np.zeros(len(rows["set"]))
    for name, bank in banks_without(rows).items():
        here = rows["set"] == name
        residual_N[here] = residuals(bank, rows["believed"][here], rows["ratio"][here], rows["gain"][here])
    return residual_N


def bank(rows: dict[str, np.ndarray]) -> Bank:
    """Return the numbers fitted to all rows, with residuals of each set under numbers fitted without it."""
    weight_N = alike(rows["set"])
    whole = fit_bank(rows["believed"], rows["ratio"], rows["gain"], weight_N)
    quantiles = residual_quantiles(residuals_without(rows), rows["ratio"], weight_N)
    return Bank(whole.rate, whole.power, whole.decay, quantiles)


def belief(made: Sequence[dict[str, Any]], of: Sequence[dict[str, Any]]) -> Belief:
    """Return what confidence and labels say of accuracy: the most likely numbers where each data set counts alike."""
    from scipy.optimize import minimize
    from scipy.stats import t

    rows = [
        (unit["name"], here["score"]["accuracy"], here["confidence"], here["labels"] / one["classes"])
        for one, unit in zip(made, of, strict=True) for here in one["rounds"]
    ]  # fmt: skip
    name_N, score_N, sure_N, each_N = (np.array(column) for column in zip(*rows, strict=True))
    score_N = np.clip(score_N, 0.01, 0.99)
    odds_N, weight_N = np.log(score_N / (1 - score_N)), alike(name_N)

    def loss(at: np.ndarray) -> float:
        middle_N = Belief(*at[:3], scale=1.0).middle(sure_N, each_N)
        return -float(weight_N @ t.logpdf(odds_N, FREEDOM, middle_N, np.exp(at[3])))

    found = minimize(loss, np.array([0.0, 1.0, 0.0, -1.0]), method="Nelder-Mead", options={"maxiter": 2000}).x
    return Belief(*np.round([*found[:3], np.exp(found[3])], 3).tolist())


def measure(run: Run) -> None:
    """Run the projects, fit, and write the file."""
    of = units(run.data, run.sets, STRATEGIES, range(run.seeds))
    made = run.map(project, of, cache="projects")
    banks = {metric: bank(batches(made, of, metric)) for metric in METRICS}
    for name, one in banks.items():
        print(f"{name}: rate {one.rate:.3f}, power {one.power:.3f}, decay {one.decay:.2f}")
    print(belief(made, of))
    document = {
        "made_of": f"{len(of)} projects: {len(run.sets)} data sets, {', '.join(STRATEGIES)}, {run.seeds} seeds, "
        "logistic regression, made by benchmarks/build_price.py",
        "banks": {
            name: {"rate": round(one.rate, 4), "power": round(one.power, 4), "decay": one.decay,
                   "residuals": one.residuals}
            for name, one in banks.items()
        },
    }  # fmt: skip
    FILE.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main("price_bank", measure, cpu_hours=0.2, sets=SETS, seeds=SEEDS))
