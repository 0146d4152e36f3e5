"""Predicted against realised gain of batches: is the price of labels right, on data sets that it was not made on?

Each data set is priced by numbers fitted to the others (``benchmarks/build_price.py``). A price is one project's;
the gain that it is held against is the mean over the other seeds' projects at the same labels, on the test
part. Thirds are of a project's rounds, which grow by the square root of two. ``slope`` is that of realised on
predicted gains: what the user of one project may take a price for. ``slope_of_means`` takes the noise of
predictions out by the covariance between seeds (errors in variables): above one, prices are shrunk as noise asks.
The ceiling is what a perfect prediction would reach: the correlation of the realised means of two halves of the
seeds, stepped up to all of them (Spearman-Brown) and its root taken. Intervals resample data sets.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from asklearn.price import Bank, calibrated, expected_gain, gain, realised
from asklearn.types import Estimate
from build_price import bank, banks_without, batches
from harness import Run, main
from projects import METRICS, SEEDS, SETS, STRATEGIES, project, units

THIRDS = ("early", "middle", "late")
DRAWS = 1000
Cells = dict[str, np.ndarray]
Project = dict[str, Any]


def cells_of(rows: dict[str, np.ndarray], ahead: int) -> Cells:
    """Return predicted and realised gains of every round of every data set and strategy, a column per seed.

    ``set``, ``third``, ``predicted_RS``, ``realised_RS``, ``others_RS`` (the mean realised gain of other seeds).
    """
    without = banks_without(rows)
    seeds = np.unique(rows["seed"])
    found: dict[tuple[str, str, int], list[np.ndarray]] = {}
    thirds = {}
    for i in np.flatnonzero(rows["ahead"] == ahead):
        name, strategy, place = str(rows["set"][i]), str(rows["strategy"][i]), int(rows["round"][i])
        cell = found.setdefault((name, strategy, place), [np.full(len(seeds), np.nan) for _ in range(2)])
        column = int(np.searchsorted(seeds, rows["seed"][i]))
        cell[0][column] = gain(without[name], rows["believed"][i], rows["ratio"][i])
        cell[1][column] = rows["gain"][i]
        thirds[name, strategy, place] = min(int(3 * rows["over"][i]), 2)
    whole = {key: cell for key, cell in found.items() if not np.isnan(cell).any()}
    predicted_RS, realised_RS = (np.array([cell[side] for cell in whole.values()]) for side in (0, 1))
    others_RS = (realised_RS.sum(1, keepdims=True) - realised_RS) / (len(seeds) - 1)
    return {
        "set": np.array([key[0] for key in whole]), "third": np.array([thirds[key] for key in whole]),
        "predicted_RS": predicted_RS, "realised_RS": realised_RS, "others_RS": others_RS,
    }  # fmt: skip


def slope(cells: Cells) -> float:
    """Return the slope of mean realised gains on the predicted ones of single projects."""
    predicted = cells["predicted_RS"].ravel() - cells["predicted_RS"].mean()
    return float(predicted @ cells["others_RS"].ravel() / (predicted @ predicted))


def slope_of_means(cells: Cells) -> float:
    """Return the slope of realised on predicted gains, free of the noise of either."""
    predicted_RS = cells["predicted_RS"] - cells["predicted_RS"].mean()
    seeds = predicted_RS.shape[1]
    products = (predicted_RS.sum(1) ** 2 - (predicted_RS**2).sum(1)) / (seeds * (seeds - 1))
    return float((predicted_RS * cells["others_RS"]).mean() / products.mean())


def rank_correlation(cells: Cells) -> float:
    """Return Spearman's correlation of each project's predicted gain with what other seeds realised."""
    from scipy.stats import spearmanr

    return float(spearmanr(cells["predicted_RS"].ravel(), cells["others_RS"].ravel()).statistic)


def ceiling(cells: Cells) -> float:
    """Return about the highest rank correlation that the noise of realised gains allows."""
    from scipy.stats import spearmanr

    realised_RS = cells["realised_RS"]
    half = realised_RS.shape[1] // 2
    r = float(spearmanr(realised_RS[:, :half].mean(1), realised_RS[:, half : 2 * half].mean(1)).statistic)
    return float(np.sqrt(max(2 * r / (1 + r), 0.0)))


def resampled(cells: Cells, statistic: Callable[[Cells], float]) -> tuple[float, float]:
    """Return the 95% percentile interval of a statistic over resampled data sets."""
    rng = np.random.default_rng(0)
    names = np.unique(cells["set"])
    rows = {name: np.flatnonzero(cells["set"] == name) for name in names}
    draws = []
    for _ in range(DRAWS):
        chosen = np.concatenate([rows[name] for name in rng.choice(names, len(names))])
        draws.append(statistic({key: value[chosen] for key, value in cells.items()}))
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)


def full_banks(rows: dict[str, np.ndarray]) -> dict[str, Bank]:
    """Return, for each data set, numbers and residuals that it had no part in."""
    return {
        name: bank({key: value[rows["set"] != name] for key, value in rows.items()})
        for name in np.unique(rows["set"]).tolist()
    }


def coverage(rows: dict[str, np.ndarray], banks: dict[str, Bank]) -> dict[str, float]:
    """Return how often 90% intervals held a single project's gain, data set by data set."""
    held = {}
    for name, rest in banks.items():
        here = np.flatnonzero((rows["set"] == name) & (rows["ahead"] <= 1))
        inside = []
        for i in here:
            labels = int(rows["labels"][i])
            more = round(labels * (rows["ratio"][i] - 1))
            one = expected_gain(rows["believed"][i], labels, more, bank=rest)
            inside.append(one.low <= rows["gain"][i] <= one.high)
        held[name] = float(np.mean(inside))
    return held


def corrected(made: Sequence[Project], of: Sequence[Project], banks: dict[str, Bank]) -> list[dict[str, Any]]:
    """Return what prices said of later batches, before and after the project's own past ones corrected them."""
    found = []
    for one, unit in zip(made, of, strict=True):
        rounds, prices = one["rounds"], []
        scores = [(here["labels"], Estimate("accuracy", *here["estimate"], "")) for here in rounds]
        for k, (here, there) in enumerate(pairwise(rounds)):
            if here["believed"] is None:
                continue
            more = there["labels"] - here["labels"]
            said = expected_gain(here["believed"], here["labels"], more, bank=banks[unit["name"]])
            mended = calibrated(said, realised(prices, scores[: k + 1]))
            prices.append((here["labels"], said))
            if mended is not None:
                came = there["score"]["accuracy"] - here["score"]["accuracy"]
                found.append({"set": unit["name"], "said": said, "mended": mended, "came": came})
    return found


def _state_corrected(run: Run, found: list[dict[str, Any]]) -> None:
    """State coverage and error of corrected prices; intervals resample data sets."""
    if not found:
        return
    came_N = np.array([one["came"] for one in found])
    cells = {
        "set": np.array([one["set"] for one in found]),
        "held": np.array([one["mended"].low <= one["came"] <= one["mended"].high for one in found], float),
        "before": (np.array([one["said"].value for one in found]) - came_N) ** 2,
        "after": (np.array([one["mended"].value for one in found]) - came_N) ** 2,
    }  # fmt: skip

    def held(some: Cells) -> float:
        return float(some["held"].mean())

    def error(some: Cells) -> float:
        return float(np.sqrt(some["after"].mean() / some["before"].mean()))

    note = f"{len(found)} batches after five that were measured"
    run.claim("price.corrected.coverage_90", held(cells), *resampled(cells, held), ">=0.87", note)
    run.claim(
        "price.corrected.error_over_uncorrected", error(cells), *resampled(cells, error), "<=1.05", note
    )


def measure(run: Run) -> None:
    """Run the projects and state slope, rank correlation by thirds, and coverage."""
    of = units(run.data, run.sets, STRATEGIES, range(run.seeds))
    made = run.map(project, of, cache="projects")
    for metric in METRICS:
        rows = batches(made, of, metric)
        for ahead, words in ((1, ""), (0, ".small_batches")):
            cells = cells_of(rows, ahead)
            name = f"price.slope{words}" + ("" if metric == "accuracy" else f".{metric}")
            note = f"{cells['predicted_RS'].size} batches; mean of {run.seeds - 1} other seeds"
            run.claim(name, slope(cells), *resampled(cells, slope), "0.8..1.2", note)
            if metric == "accuracy" and ahead == 1:
                ends = resampled(cells, slope_of_means)
                run.claim(
                    "price.slope_of_means", slope_of_means(cells), *ends, "0.8..1.2", "errors in variables"
                )
                _thirds(run, cells)
    rows = batches(made, of, "accuracy")
    banks = full_banks(rows)
    _state_corrected(run, corrected(made, of, banks))
    held = coverage(rows, banks)
    run.details["coverage_90"] = held
    low, high = np.quantile(
        np.random.default_rng(0).choice(list(held.values()), (DRAWS, len(held))).mean(1), [0.025, 0.975]
    )
    run.claim(
        "price.coverage_90", float(np.mean(list(held.values()))), low, high, "0.85..0.95", "mean over sets"
    )


def _thirds(run: Run, cells: Cells) -> None:
    for third, word in enumerate(THIRDS):
        here = {key: value[cells["third"] == third] for key, value in cells.items()}
        most = ceiling(here)
        print(f"{word}: noise ceiling {most:.2f}, mean realised gain {here['realised_RS'].mean():.4f}")
        run.details[word] = {"ceiling": most, "gain": float(here["realised_RS"].mean()), "slope": slope(here)}
        value = rank_correlation(here)
        run.claim(
            f"price.spearman.{word}",
            value,
            *resampled(here, rank_correlation),
            ">=0.4",
            f"ceiling {most:.2f}",
        )


if __name__ == "__main__":
    sys.exit(
        main("price", measure, cpu_hours=0.25, sets=SETS, seeds=SEEDS,
             quick={"sets": ["tab_adult", "tab_spambase", "tab_wine_quality"], "seeds": 2})
    )  # fmt: skip
