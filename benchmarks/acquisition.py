"""Processor time of acquisition functions and selections, beside what the machine can do at best.

Run as ``OMP_NUM_THREADS=1 python benchmarks/acquisition.py [--quick]``. A line is a method, its processor
seconds (the least of a few runs), and how many times a yardstick that is: one read of the probabilities,
their logarithms, or plain greedy with one matrix-vector product per pick.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from asklearn.acquisition.uncertainty import entropy, least_confidence, margin
from asklearn.selection.clustering import ClusterMargin, KMeans
from asklearn.selection.k_center import KCenter
from asklearn.types import Candidates, Categorical, Floats

DIMS = 384


def seconds(work: Callable[[], Any], tries: int = 1) -> float:
    """Return the least processor time of a few runs of `work`."""
    times = []
    for _ in range(tries):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times)


def groups(size: int, rng: np.random.Generator) -> Floats:
    """Return unit vectors in 300 groups."""
    middles = rng.normal(size=(300, DIMS)).astype(np.float32)
    features_ND = middles[rng.integers(300, size=size)]
    features_ND += 0.5 * rng.normal(size=(size, DIMS)).astype(np.float32)
    return features_ND / np.linalg.norm(features_ND, axis=1, keepdims=True)


def plain_k_center(features_ND: Floats, labelled_LD: Floats, n: int) -> None:
    """Pick the farthest with one matrix-vector product per centre."""
    norms_N = np.einsum("nd,nd->n", features_ND, features_ND)
    nearest_N = np.full(len(features_ND), np.inf, np.float32)
    for centre_D in labelled_LD:
        np.minimum(nearest_N, norms_N + centre_D @ centre_D - 2 * (features_ND @ centre_D), out=nearest_N)
    for _ in range(n):
        pick = int(nearest_N.argmax())
        distances_N = norms_N + norms_N[pick] - 2 * (features_ND @ features_ND[pick])
        np.minimum(nearest_N, distances_N, out=nearest_N)


def main(size: int, rng: np.random.Generator) -> None:
    proba_NC = rng.random((25 * size, 10), dtype=np.float32) ** 4 + np.float32(1e-6)
    proba_NC /= proba_NC.sum(axis=1, keepdims=True)
    known = Candidates(len(proba_NC), Categorical(proba_NC))
    read, logs = seconds(proba_NC.max, 5), seconds(lambda: np.log(proba_NC), 5)
    for fn, yard, name in ((least_confidence, read, "read"), (margin, read, "read"), (entropy, logs, "logs")):
        took = seconds(lambda fn=fn: fn(known, rng), 5)
        print(f"{fn.name} {len(proba_NC)} x 10: {took:.3f} s, {took / yard:.1f} x {name}")
    features_ND, n = groups(size, rng), size // 200
    apart = Candidates(size - 20, features_ND=features_ND[20:], labelled_LD=features_ND[:20])
    took = seconds(lambda: KCenter()(apart, n, rng))
    yard = seconds(lambda: plain_k_center(features_ND[20:], features_ND[:20], n))
    print(f"k_center {size} x {DIMS}, n={n}: {took:.2f} s, {took / yard:.2f} x plain greedy")
    half = Candidates(size // 2, features_ND=features_ND[: size // 2])
    print(f"k_means {size // 2} x {DIMS}, n=50: {seconds(lambda: KMeans()(half, 50, rng)):.2f} s")
    scored = Candidates(size, features_ND=features_ND, scores_N=-rng.random(size, dtype=np.float32))
    print(f"cluster_margin {size} x {DIMS}, n={n}: {seconds(lambda: ClusterMargin()(scored, n, rng)):.2f} s")


if __name__ == "__main__":
    main(10_000 if "--quick" in sys.argv else 200_000, np.random.default_rng(0))
