"""What acquisition_speed measures of other libraries, one case a process, in an environment of their own.

Run as ``python benchmarks/peers.py CASE LIBRARY``; it prints a line of JSON. Only what is timed differs from
kernels.py: the arrays are the same.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
from arrays import confine, draws, embeddings, proba, say, spent

REQUIREMENTS = (
    "torch==2.13.0",
    "scikit-activeml==1.0.1",
    "modAL-python==0.4.2.1",
    "structlog",
    "torchmetrics",
    "toma",
)
ALONE = ("baal==2.1.0", "batchbald_redux==2.0.5", "blackhc.project")
"""Installed without what they ask for, which is more than their selection needs."""

MANY, SMALL, PICKS = 5_000_000, 10_000, 1_000
CASES: dict[tuple[str, str], Callable[[], dict[str, Any]]] = {}


def peer(case: str, library: str) -> Callable[[Callable[[], dict[str, Any]]], Callable[[], dict[str, Any]]]:
    """Keep a function as a library's way to do a case."""

    def keep(work: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
        CASES[case, library] = work
        return work

    return keep


def _uncertainty(case: str, ours: str, theirs: str) -> None:
    @peer(case, "modAL")
    def modal() -> dict[str, Any]:
        from modAL import uncertainty
        from modAL.utils.selection import multi_argmax

        proba_NC = proba(MANY, 10)
        score = getattr(uncertainty, f"_proba_{ours}")
        sign = -1 if ours == "margin" else 1
        return spent(lambda: multi_argmax(sign * score(proba_NC), n_instances=PICKS))

    @peer(case, "scikit-activeml")
    def skactiveml() -> dict[str, Any]:
        from skactiveml.pool import uncertainty_scores
        from skactiveml.utils import simple_batch

        proba_NC = proba(MANY, 10)
        return spent(lambda: simple_batch(uncertainty_scores(proba_NC, method=theirs), 0, batch_size=PICKS))

    @peer(case, "baal")
    def baal() -> dict[str, Any]:
        from baal.active import heuristics

        proba_NCK = proba(MANY, 10)[..., None]
        made = getattr(
            heuristics, {"margin": "Margin", "entropy": "Entropy", "uncertainty": "Certainty"}[ours]
        )()
        return spent(lambda: made(proba_NCK))


_uncertainty("margin", "margin", "margin_sampling")
_uncertainty("entropy", "entropy", "entropy")
_uncertainty("least_confidence", "uncertainty", "least_confident")


def _query(strategy: str, n: int) -> Callable[[], dict[str, Any]]:
    def work() -> dict[str, Any]:
        from skactiveml import pool

        features_ND = embeddings(SMALL)
        y = np.full(SMALL, np.nan)
        y[:1] = 0
        made = getattr(pool, strategy)(missing_label=np.nan, random_state=0)
        return spent(lambda: made.query(features_ND, y, batch_size=n), most=1)

    return work


CASES["k_center_10k", "scikit-activeml"] = _query("CoreSet", PICKS)
CASES["typiclust_10k", "scikit-activeml"] = _query("TypiClust", 100)
CASES["prob_cover_10k", "scikit-activeml"] = _query("ProbCover", 100)
CASES["max_herding_10k", "scikit-activeml"] = _query("MaxHerding", 100)


@peer("badge_10k", "scikit-activeml")
def badge() -> dict[str, Any]:
    """BADGE of a linear model that is fitted before the clock starts."""
    from skactiveml.classifier import SklearnClassifier
    from skactiveml.pool import Badge
    from sklearn.linear_model import LogisticRegression

    features_ND = embeddings(SMALL)
    y = np.full(SMALL, np.nan)
    y[:200] = np.arange(200) % 10
    model = SklearnClassifier(LogisticRegression(), classes=range(10)).fit(features_ND[:200], y[:200])
    made = Badge(missing_label=np.nan, random_state=0)
    return spent(lambda: made.query(features_ND, y, model, fit_clf=False, batch_size=100), most=1)


@peer("batch_bald", "batchbald_redux")
def redux() -> dict[str, Any]:
    """batchbald_redux with 1,000 samples, which are fewer than its examples take: it would not finish else."""
    import torch
    from batchbald_redux.batchbald import get_batchbald_batch

    torch.set_num_threads(1)
    logs_NKC = torch.as_tensor(np.log(draws(SMALL, 10).transpose(1, 0, 2)))
    return spent(lambda: get_batchbald_batch(logs_NKC, 10, 1_000, dtype=torch.double), most=1)


@peer("batch_bald", "scikit-activeml")
def bald() -> dict[str, Any]:
    """scikit-activeml with its default of K samples, which is not exact."""
    from skactiveml.pool._bald import batch_bald

    draws_KNC = draws(SMALL, 10)
    return spent(lambda: batch_bald(draws_KNC.copy(), 10, random_state=0), most=1)


@peer("epig", "baal")
def epig() -> dict[str, Any]:
    """EPIG of 10k candidates over 1k targets."""
    import torch
    from baal.active.heuristics.heuristics import EPIG

    torch.set_num_threads(1)
    pool_NCK, targets_MCK = (
        made.transpose(1, 2, 0).copy() for made in (draws(SMALL, 10), draws(1_000, 10, seed=1))
    )
    return spent(lambda: EPIG().compute_score(pool_NCK, targets_MCK), most=1)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    confine()
    say(CASES[sys.argv[1], sys.argv[2]]())
