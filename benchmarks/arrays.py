"""Arrays that speed is measured on: numpy alone, so that every library gets the same."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float32]]

DIMS = 384
SECONDS, BYTES = 120, 16 << 30
"""What a child process may use before it is said not to finish."""


def proba(size: int, classes: int, seed: int = 0) -> Floats:
    """Return probabilities of shape (N, C), from sure to open."""
    rng = np.random.default_rng(seed)
    proba_NC = np.empty((size, classes), np.float32)
    for start in range(0, size, 100_000):
        block_BC = rng.random((min(100_000, size - start), classes), dtype=np.float32) ** 4 + np.float32(1e-6)
        proba_NC[start : start + len(block_BC)] = block_BC / block_BC.sum(axis=1, keepdims=True)
    return proba_NC


def draws(size: int, classes: int, members: int = 20, seed: int = 0) -> Floats:
    """Return the probabilities of K members that share a tendency, shape (K, N, C)."""
    rng = np.random.default_rng(seed)
    logits_KNC = rng.normal(size=(1, size, classes)) * 2 + rng.normal(size=(members, size, classes))
    draws_KNC = np.exp(logits_KNC).astype(np.float32)
    draws_KNC /= draws_KNC.sum(axis=2, keepdims=True)
    return draws_KNC


def embeddings(size: int, seed: int = 0, dims: int = DIMS) -> Floats:
    """Return unit vectors in 300 groups, shape (N, D)."""
    rng = np.random.default_rng(seed)
    middles = rng.normal(size=(300, dims)).astype(np.float32)
    features_ND = np.empty((size, dims), np.float32)
    for start in range(0, size, 50_000):
        rows = min(50_000, size - start)
        block_BD = 0.5 * rng.standard_normal((rows, dims), dtype=np.float32)
        block_BD += middles[rng.integers(300, size=rows)]
        block_BD /= np.linalg.norm(block_BD, axis=1, keepdims=True)
        features_ND[start : start + rows] = block_BD
    return features_ND


def spent(work: Callable[[], Any], least: float = 1.0, most: int = 7) -> dict[str, Any]:
    """Return processor seconds of a few runs of `work`, and the memory it took beyond what was there.

    Runs are repeated until they took `least` seconds together, `most` times at most.
    """
    seconds: list[float] = []
    before = _resident()
    while len(seconds) < most and sum(seconds) < least:
        began = time.process_time()
        made = work()
        seconds.append(time.process_time() - began)
    peak = _status("VmHWM") - before
    note = made if isinstance(made, dict) else {}
    return {"seconds": seconds, "peak_mb": round(max(peak, 0) / 2**20, 1), **note}


def say(found: dict[str, Any]) -> None:
    """Print a child's result for its parent."""
    print("\n" + json.dumps(found), flush=True)


def confine() -> None:
    """Let this process end itself when it takes too long or too much."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS + 60, SECONDS + 61))
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))


def _resident() -> int:
    """Return the memory in use, and let the peak begin there."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass
    return _status("VmRSS")


def _status(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    return 0
