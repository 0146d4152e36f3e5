"""Check that a GPU says what the CPU says, and how fast: python benchmarks/gpu_check.py [--device cuda] [--quick].

Needs asklearn[torch]. Prints one line per check and ends with 1 if one fails, with 2 where the device is not
there. A dry run on the CPU alone: ``--device cpu --quick``.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

import numpy as np
import torch

from asklearn.models.torch import TorchClassifier
from asklearn.types import Floats, Indices

CLASSES, DIMS = 20, 384


def made_up(size: int, seed: int) -> tuple[Floats, Indices]:
    """Return items of overlapping classes, the same middles for every seed."""
    middles_CD = np.random.default_rng(0).normal(size=(CLASSES, DIMS)).astype(np.float32) / 6
    rng = np.random.default_rng(seed)
    codes = rng.integers(CLASSES, size=size)
    return middles_CD[codes] + rng.standard_normal((size, DIMS), np.float32), codes


def on(model: TorchClassifier, device: str, **options: Any) -> TorchClassifier:
    """Return the same trained model, on a device."""
    return model.set_params(device=device, **options)


def agree(
    device: str, posterior: str, X: Floats, y: Indices, X_test: Floats
) -> list[tuple[str, float, float]]:
    """Return what differs between the devices, as (what, by how much, at most)."""
    model = TorchClassifier(
        hidden=(256,), posterior=posterior, epochs=20, precision="float32", device="cpu", random_state=0
    ).fit(X, y)
    proba, draws = model.predict_proba(X_test), model.predict_proba_draws(X_test)
    on(model, device)
    return [
        (f"{posterior}: probabilities", float(np.abs(model.predict_proba(X_test) - proba).max()), 1e-3),
        (f"{posterior}: draws", float(np.abs(model.predict_proba_draws(X_test) - draws).max()), 1e-3),
        (
            f"{posterior}: bfloat16",
            float(np.abs(on(model, device, precision="bfloat16").predict_proba(X_test) - proba).mean()),
            1e-2,
        ),
    ]


def learns(device: str, X: Floats, y: Indices, X_test: Floats, y_test: Indices) -> tuple[str, float, float]:
    """Return how much worse a model is that was trained on the device."""
    scores = [
        TorchClassifier(hidden=(256,), posterior=None, epochs=20, device=where, random_state=0)
        .fit(X, y)
        .score(X_test, y_test)
        for where in ("cpu", device)
    ]
    return (
        f"accuracy {scores[0]:.3f} on the CPU, {scores[1]:.3f} on {device}: loss",
        scores[0] - scores[1],
        0.03,
    )


def rate(device: str, model: TorchClassifier, X: Floats) -> float:
    """Return how many items get their draws in a second."""
    on(model, device, precision=None).predict_proba_draws(X[:2048])
    started = time.perf_counter()
    model.predict_proba_draws(X)
    return len(X) / (time.perf_counter() - started)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    if options.device.startswith("cuda") and not torch.cuda.is_available():
        print("no GPU here")
        return 2
    labelled, pool = (500, 5_000) if options.quick else (4_000, 100_000)
    (X, y), (X_test, y_test) = made_up(labelled, 1), made_up(2_000, 2)
    results = [
        one
        for kind in ("dropout", "ensemble", "laplace")
        for one in agree(options.device, kind, X, y, X_test)
    ]
    results.append(learns(options.device, X, y, X_test, y_test))
    failed = 0
    for what, off, most in results:
        failed += off > most
        print(f"{'ok  ' if off <= most else 'FAIL'} {what} {off:.2g} (at most {most:g})")
    model = TorchClassifier(hidden=(512,), epochs=5, device="cpu", random_state=0).fit(X, y)
    big = made_up(pool, 3)[0]
    rates = {where: rate(where, model, big) for where in dict.fromkeys(("cpu", options.device))}
    print("items per second, 20 dropout draws: " + ", ".join(f"{k} {v:,.0f}" for k, v in rates.items()))
    if options.device.startswith("cuda"):
        print(f"{torch.cuda.get_device_name()}, peak {torch.cuda.max_memory_allocated() / 2**20:.0f} MiB")
    print(f"torch {torch.__version__}, {failed} of {len(results)} checks failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
