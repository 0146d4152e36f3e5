"""Learning curves by what they do from now on: how far the score can still rise, how fast, how bent.

Three families (Viering and Loog 2023, "The shape of learning curves"; Mohr et al. 2022, "LCDB 1.0"), each
written with the number of labels as a multiple of the present one, so that rate and bend mean alike in
all of them. With r = labels / present labels, the share of the present gap that is left is

- ``pow4``: (1 - q + q r) ** (-b / q), a power law in labels + offset;
- ``mmf4``: 1 / (1 - q + q r ** (b / q)), Morgan, Mercer and Flodin's sigmoid;
- ``exp3``: exp(-b (r - 1)), which is pow4 as q goes to 0.

b is the share of the gap that closes per unit of log labels now; q in (0, 1] says how bent the curve is,
and at q = 1 the first two are the plain power law r ** -b.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from asklearn.types import Floats, Indices

FAMILIES = ("pow4", "mmf4", "exp3")


@dataclass(frozen=True, slots=True)
class Curves:
    """S learning curves with scores in [0, 1].

    Attributes
    ----------
    score_S : ndarray of shape (S,)
        Score at the present number of labels.
    gap_S : ndarray of shape (S,)
        Distance from it to the asymptote, at least 0.
    rate_S, bend_S : ndarray of shape (S,)
        Rate b above 0 and bend q in (0, 1].
    family_S : ndarray of int, shape (S,)
        Place in ``FAMILIES``.
    """

    score_S: Floats
    gap_S: Floats
    rate_S: Floats
    bend_S: Floats
    family_S: Indices

    def at(self, ratio: float) -> Floats:
        """Return the scores at `ratio` times the present labels, shape (S,).

        Examples
        --------
        >>> one = np.ones(3)
        >>> curves = Curves(0.7 * one, 0.2 * one, 0.5 * one, 0.5 * one, np.arange(3))
        >>> curves.at(2.0).round(3)
        array([0.767, 0.767, 0.779])
        """
        return self.score_S + self.gap_S * (1 - left(self.family_S, self.rate_S, self.bend_S, ratio))


def left(family_S: Indices, rate_S: Floats, bend_S: Floats, ratio: float) -> Floats:
    """Return the share of the present gap that is left at `ratio` times the labels, shape (S,).

    1 at the present, falling to 0; above 1 in the past.
    """
    log_S = np.empty(len(rate_S))
    for family, decay in enumerate((_pow4, _mmf4, _exp3)):
        own = family_S == family
        log_S[own] = decay(rate_S[own], bend_S[own], ratio)
    return np.asarray(np.exp(np.clip(log_S, -300, 300)))


def _pow4(rate_S: Floats, bend_S: Floats, ratio: float) -> Floats:
    return np.asarray(-rate_S / bend_S * np.log1p(bend_S * (ratio - 1)))


def _mmf4(rate_S: Floats, bend_S: Floats, ratio: float) -> Floats:
    risen_S = np.expm1(np.clip(rate_S / bend_S * np.log(ratio), -300, 300))
    return np.asarray(-np.log1p(bend_S * np.maximum(risen_S, -1 + 1e-9)))


def _exp3(rate_S: Floats, bend_S: Floats, ratio: float) -> Floats:
    return np.asarray(-rate_S * (ratio - 1))
