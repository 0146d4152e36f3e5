"""What finished curves teach a forecast: the prior, and how far off its intervals were.

The bank is a small file made by ``benchmarks/build_bank.py`` from simulated projects. Of every forecast of
a source, made with a prior that had not seen that source, it keeps the residual in units of the forecast's
own spread. The quantiles of these residuals replace the nominal ones, for each horizon apart (conformal
prediction, Mondrian by horizon: Vovk, Lindsay, Nouretdinov and Gammerman 2003). Residuals of one source are
alike, so sources are what is exchangeable: a new source may be unlike all of them with the weight of one
(hierarchical conformal prediction: Lee, Barber and Willett 2023).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from statistics import NormalDist
from typing import Any

import numpy as np

from asklearn.forecast.curves import FAMILIES
from asklearn.forecast.prior import Prior
from asklearn.types import Floats

FILE = "forecast_bank.json"
RATIOS = (1.0, 1.5, 2.0, 4.0, 8.0, 16.0)
LEVELS = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)
NORMAL = tuple(NormalDist().inv_cdf(one) for one in LEVELS)


@dataclass(frozen=True, slots=True)
class Bank:
    """Prior and scaled residuals of finished curves.

    Attributes
    ----------
    prior : Prior
        How gaps and rates are spread over tasks.
    residual_RQ : ndarray of shape (6, 9)
        Quantiles (``LEVELS``) of (truth - median) / spread on that side, by horizon (``RATIOS``).
    provenance : mapping
        What it was made of.
    """

    prior: Prior
    residual_RQ: Floats
    provenance: Mapping[str, Any]

    def residual(self, level: float, ratio: float) -> float:
        """Return the quantile `level` of scaled residuals at `ratio` times the labels.

        Between horizons it is interpolated in log labels; beyond the last it stays. Between levels and
        beyond them it follows the normal quantile.
        """
        place = float(np.interp(np.log(ratio), np.log(RATIOS), np.arange(len(RATIOS))))
        before, after = math.floor(place), math.ceil(place)
        at_Q = self.residual_RQ[before] + (place - before) * (
            self.residual_RQ[after] - self.residual_RQ[before]
        )
        wanted = NormalDist().inv_cdf(level)
        return float(np.interp(wanted, NORMAL, at_Q)) * max(abs(wanted) / NORMAL[-1], 1.0)

    def to_json(self) -> dict[str, Any]:
        """Return plain data; :func:`bank_of` reads it back."""
        return {
            "provenance": dict(self.provenance), "ratios": RATIOS, "levels": LEVELS,
            "prior": {
                "coef": self.prior.coef_F2.round(4).tolist(), "cov": self.prior.cov_22.round(4).tolist(),
                "families": dict(zip(FAMILIES, self.prior.family_3.round(4).tolist(), strict=True)),
                "belief": [round(one, 4) for one in self.prior.belief],
            },
            "residuals": self.residual_RQ.round(3).tolist(),
        }  # fmt: skip


def bank_of(raw: Mapping[str, Any]) -> Bank:
    """Return the bank that :meth:`Bank.to_json` wrote."""
    families = np.array([raw["prior"]["families"][name] for name in FAMILIES])
    prior = Prior(
        np.array(raw["prior"]["coef"]),
        np.array(raw["prior"]["cov"]),
        families / families.sum(),
        tuple(raw["prior"]["belief"]),
    )
    return Bank(prior, np.array(raw["residuals"]), raw["provenance"])


@cache
def bank() -> Bank:
    """Return the bank that comes with the package.

    Examples
    --------
    >>> bank().residual_RQ.shape
    (6, 9)
    """
    text = files("asklearn").joinpath("data", FILE).read_text(encoding="utf-8")
    return bank_of(json.loads(text))


def nominal(prior: Prior) -> Bank:
    """Return a bank that leaves the intervals of forecasts as they are."""
    return Bank(prior, np.tile(NORMAL, (len(RATIOS), 1)), {})


def residual_quantiles(residual_N: Floats, ratio_N: Floats, weight_N: Floats) -> Floats:
    """Return quantiles of scaled residuals by horizon, shape (6, 9).

    The weights of each source sum to one, however many forecasts it has; their sum is the number of sources.
    As one more source half of its weight lies below all residuals and half above.
    """
    sources = float(weight_N.sum())
    levels = [min(max((q * (sources + 1) - 0.5) / sources, 0.0), 1.0) for q in LEVELS]
    cells = [np.isclose(ratio_N, ratio) for ratio in RATIOS]
    return np.array([weighted_quantiles(residual_N[cell], weight_N[cell], levels) for cell in cells])


def weighted_quantiles(values_N: Floats, weight_N: Floats, levels: Sequence[float]) -> list[float]:
    """Return quantiles of weighted values.

    Examples
    --------
    >>> import numpy as np
    >>> weighted_quantiles(np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0, 8.0]), [0.5])
    [3.0]
    """
    order = np.argsort(values_N)
    reached = np.cumsum(weight_N[order]) / weight_N.sum()
    last = len(values_N) - 1
    return [float(values_N[order][min(int(np.searchsorted(reached, q)), last)]) for q in levels]
