"""What acquisition_speed measures of asklearn and of the machine, one case a process.

Run as ``python benchmarks/kernels.py CASE``; it prints a line of JSON.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
from arrays import DIMS, draws, embeddings, proba, say, spent
from asklearn.registry import resolve
from asklearn.selection.top import RunningTop, top
from asklearn.types import Candidates, Categorical, Targets

MANY, LARGE, HUGE, STREAMED = 5_000_000, 200_000, 1_000_000, 10_000_000
PICKS = 1_000
CASES: dict[str, Callable[[], dict[str, Any]]] = {}


def case(work: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    """Keep a function as a case under its name."""
    CASES[work.__name__] = work
    return work


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)


# The machine


@case
def limit_read() -> dict[str, Any]:
    """One read of 5M x 10 float32."""
    proba_NC = proba(MANY, 10)
    return spent(lambda: proba_NC.max())


@case
def limit_logs() -> dict[str, Any]:
    """The logarithms of 5M x 10 float32, in blocks that stay in the cache."""
    flat = proba(MANY, 10).ravel()
    out = np.empty(1 << 15, np.float32)

    def logs() -> None:
        for start in range(0, len(flat), len(out)):
            block = flat[start : start + len(out)]
            np.log(block, out=out[: len(block)])

    return spent(logs)


@case
def limit_gemm() -> dict[str, Any]:
    """A product of 2000 x 2000 float32 matrices: 16 GFLOP."""
    a = _rng().random((2000, 2000), dtype=np.float32)
    return spent(lambda: a @ a)


@case
def limit_gemv() -> dict[str, Any]:
    """One product of 200k x 384 with a vector."""
    features_ND = embeddings(LARGE)
    return spent(lambda: features_ND @ features_ND[0])


@case
def limit_gemv_gradients() -> dict[str, Any]:
    """One pass over residuals (77) and features (384) of 200k candidates."""
    features_ND, residuals_NC = embeddings(LARGE), proba(LARGE, 77)

    def both() -> None:
        residuals_NC @ residuals_NC[0]
        features_ND @ features_ND[0]

    return spent(both)


@case
def limit_epig() -> dict[str, Any]:
    """The matrix products and float32 logarithms of EPIG, 10k x 1k targets, K=20, C=10."""
    pool_KM = draws(10_000, 10).reshape(20, -1)
    targets_KM = draws(1_000, 10, seed=1).reshape(20, -1)
    step = 2_000
    joint = np.empty((step, targets_KM.shape[1]), np.float32)

    def work() -> None:
        for start in range(0, pool_KM.shape[1], step):
            np.matmul(pool_KM[:, start : start + step].T, targets_KM, out=joint)
            np.log(joint, out=joint)

    return spent(work, most=1)


@contextmanager
def _streamed() -> Iterator[Path]:
    """Give a file of 10M x 10 probabilities, there while it is needed."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "proba.npy"
        stored = np.lib.format.open_memmap(file, "w+", np.float32, (STREAMED, 10))
        for start in range(0, STREAMED, HUGE):
            stored[start : start + HUGE] = proba(HUGE, 10, seed=start)
        stored.flush()
        yield file


@case
def limit_disk() -> dict[str, Any]:
    """One read of the file of 10M x 10 probabilities."""
    with _streamed() as file:
        stored = np.load(file, mmap_mode="r")
        return spent(lambda: [stored[i : i + 200_000].max() for i in range(0, len(stored), 200_000)], most=3)


# asklearn


def _score(name: str) -> dict[str, Any]:
    known, fn, rng = Candidates(MANY, Categorical(proba(MANY, 10))), resolve("acquisition", name), _rng()
    return spent(lambda: top(fn(known, rng), PICKS, rng))


for _name in ("margin", "entropy", "least_confidence"):
    CASES[_name] = lambda name=_name: _score(name)  # type: ignore[misc]


@case
def k_center() -> dict[str, Any]:
    """k-center, and how far each pick lies, against plain greedy's."""
    features_ND = embeddings(LARGE)
    known = Candidates(LARGE, features_ND=features_ND, labelled_LD=features_ND[:1])
    select, picked = resolve("selection", "k_center"), []
    found = spent(lambda: picked.append(select(known, PICKS, _rng())), most=1)
    ours, plain = _radii(features_ND, picked[0]), _radii(features_ND, None)
    return {**found, "worst_relative_radius_error": float(np.max(np.abs(ours - plain) / plain))}


def _radii(features_ND: Any, picks: Any) -> Any:
    """Return the distance of each pick to what was there before it; without `picks`, of plain greedy's."""
    exact_ND = features_ND.astype(np.float64) if picks is not None else features_ND
    nearest_N = ((features_ND - features_ND[0]) ** 2).sum(axis=1, dtype=np.float64)
    norms_N = np.einsum("nd,nd->n", features_ND, features_ND, dtype=np.float64)
    radii = np.empty(PICKS)
    for place in range(PICKS):
        pick = int(nearest_N.argmax()) if picks is None else int(picks[place])
        radii[place] = np.sqrt(nearest_N[pick])
        np.minimum(nearest_N, norms_N + norms_N[pick] - 2 * (exact_ND @ exact_ND[pick]), out=nearest_N)
    return radii


def _diverse(name: str, size: int, n: int, classes: int = 10, least: float = 1.0) -> dict[str, Any]:
    """Select from `size` candidates; a small batch first, so that no import is timed."""
    select = resolve("selection", name)
    select(_candidates(select.needs, 500, classes), 5, _rng())
    known = _candidates(select.needs, size, classes)
    return spent(lambda: select(known, n, _rng()), least, most=3)


def _candidates(needs: frozenset[str], size: int, classes: int) -> Candidates:
    proba_NC, features_ND = proba(size, classes), embeddings(size)
    scores_N = resolve("acquisition", "margin")(Candidates(size, Categorical(proba_NC)), _rng())
    return Candidates(
        size, Categorical(proba_NC) if "proba" in needs else None, features_ND,
        labelled_LD=features_ND[:1], scores_N=scores_N, labels_L=np.zeros(1, np.int64),
    )  # fmt: skip


DIVERSE = ("max_herding", "uherding", "typiclust", "prob_cover", "cluster_margin")
for _name in DIVERSE:
    CASES[f"{_name}_200k"] = lambda name=_name: _diverse(name, LARGE, PICKS)  # type: ignore[misc]
    CASES[f"{_name}_10k"] = lambda name=_name: _diverse(name, 10_000, 100)  # type: ignore[misc]
CASES["badge_200k"] = lambda: _diverse("badge", LARGE, PICKS, classes=77)
CASES["badge_10k"] = lambda: _diverse("badge", 10_000, 100)
CASES["k_center_10k"] = lambda: _diverse("k_center", 10_000, PICKS)


@case
def batch_bald() -> dict[str, Any]:
    """Ten of 10k by BatchBALD, K=20, C=10."""
    draws_KNC = draws(10_000, 10)
    known = Candidates(10_000, Categorical(draws_KNC.mean(axis=0), draws_KNC))
    return spent(lambda: resolve("selection", "batch_bald")(known, 10, _rng()), most=3)


@case
def epig() -> dict[str, Any]:
    """EPIG of 10k candidates over 1k targets, K=20, C=10."""
    draws_KNC, targets_KMC = draws(10_000, 10), draws(1_000, 10, seed=1)
    targets = Targets(np.zeros((1_000, 1), np.float32), Categorical(targets_KMC.mean(axis=0), targets_KMC))
    known = Candidates(10_000, Categorical(draws_KNC.mean(axis=0), draws_KNC), targets=targets)
    return spent(lambda: resolve("acquisition", "epig")(known, _rng()), most=1)


def _error_reduction(name: str) -> dict[str, Any]:
    features_ND, labelled_LD, targets_MD = embeddings(10_000), embeddings(500, 1), embeddings(2_000, 2)
    weights_DC = _rng().normal(size=(DIMS, 10)).astype(np.float32) * 10

    def predict(some_ND: Any) -> Categorical:
        logits_NC = some_ND @ weights_DC
        odds_NC = np.exp(logits_NC - logits_NC.max(axis=1, keepdims=True))
        return Categorical(odds_NC / odds_NC.sum(axis=1, keepdims=True))

    known = Candidates(
        10_000, predict(features_ND), features_ND, labelled_LD=labelled_LD,
        labels_L=np.arange(500) % 10, targets=Targets(targets_MD, predict(targets_MD)), predict=predict,
    )  # fmt: skip
    return spent(lambda: resolve("acquisition", name)(known, _rng()), most=1)


for _name in ("eer_log_loss", "eer_zero_one", "eer_newton"):
    CASES[_name] = lambda name=_name: _error_reduction(name)  # type: ignore[misc]


@case
def diverse_1m() -> dict[str, Any]:
    """A batch of 1,000 from 1M x 384 on disk, 77 classes, by cluster-margin through the loop's ranking."""
    from asklearn.pool import Pool
    from asklearn.ranking import Known, rank
    from asklearn.strategies import strategy

    weights_DC = _rng().normal(size=(DIMS, 77)).astype(np.float32) * 10

    class Linear:
        classes: ClassVar[list[int]] = list(range(77))
        gives_draws = False

        def posterior(self, some_ND: Any) -> Categorical:
            odds_NC = some_ND @ weights_DC
            odds_NC -= odds_NC.max(axis=1, keepdims=True)
            np.exp(odds_NC, out=odds_NC)
            odds_NC /= odds_NC.sum(axis=1, keepdims=True)
            return Categorical(odds_NC)

    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "X.npy", embeddings(HUGE))
        pool = Pool()
        pool.add(np.load(Path(folder) / "X.npy", mmap_mode="r"))
        nothing, model, rows = Known(np.empty(0, np.intp), []), Linear(), np.arange(HUGE)
        how = strategy("cluster_margin")
        return spent(
            lambda: {"picks": len(rank(how, pool, rows, nothing, model, PICKS, _rng(), {})[0])}, most=1
        )  # type: ignore[arg-type]


@case
def margin_streamed() -> dict[str, Any]:
    """The top 1,000 margins of 10M x 10 probabilities from disk."""
    margin = resolve("acquisition", "margin")
    with _streamed() as file:

        def work() -> None:
            stored = np.load(file, mmap_mode="r")
            best, rng = RunningTop(PICKS), _rng()
            for start in range(0, STREAMED, 200_000):
                block = np.array(stored[start : start + 200_000])
                scores = margin(Candidates(len(block), Categorical(block)), rng)
                best.update(start, scores, rng)
            best.best()

        return spent(work, most=3)


@case
def margin_10m() -> dict[str, Any]:
    """The same from memory."""
    margin = resolve("acquisition", "margin")
    known, rng = Candidates(STREAMED, Categorical(proba(STREAMED, 10))), _rng()
    return spent(lambda: top(margin(known, rng), PICKS, rng), most=3)


if __name__ == "__main__":
    say(CASES[sys.argv[1]]())
