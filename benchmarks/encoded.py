"""Data sets of a folder as arrays, encoded once: a column of images or of texts, or else a table."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet

from asklearn.dataset import Dataset, load_dataset
from asklearn.registry import adapt
from harness import RESULTS, ROOT


def encoded(folder: Path | str, name: str) -> Dataset:
    """Return a data set with its official split, from the cache if it was encoded before.

    A relative `folder` is taken from the root of the repository.
    """
    path = ROOT / folder / f"{name}.parquet"
    columns = parquet.read_schema(path).names
    kind = next((one for one in ("image", "text") if one in columns), "tabular")
    made = adapt("encoders", kind)
    stamp = f"{os.path.relpath(path, ROOT)}:{path.stat().st_size}:{made!r}"
    store = RESULTS / "cache" / f"{name}-{hashlib.sha256(stamp.encode()).hexdigest()[:12]}.npz"
    if not store.exists():
        by = {} if kind == "tabular" else {kind: kind}
        data = load_dataset(path, label="label", split="split" if "split" in columns else None, **by)
        store.parent.mkdir(parents=True, exist_ok=True)
        unfinished = store.with_suffix(".tmp.npz")
        np.savez(
            unfinished, X_pool=data.X_pool, y_pool=np.array(data.y_pool, str), X_test=data.X_test,
            y_test=np.array(data.y_test, str), ids=data.ids,
        )  # fmt: skip
        unfinished.replace(store)
    with np.load(store, allow_pickle=False) as kept:
        return Dataset(
            name=name, encoder=kind, X_pool=kept["X_pool"], y_pool=kept["y_pool"].tolist(),
            X_test=kept["X_test"], y_test=kept["y_test"].tolist(), ids=kept["ids"],
        )  # fmt: skip


def shuffled(data: Dataset, pool: int, seed: int) -> Dataset:
    """Return the same items parted anew at random: `pool` to ask from (three fifths at most), the rest to test on."""
    X, y = np.concatenate([data.X_pool, data.X_test]), [*data.y_pool, *data.y_test]
    order = np.random.default_rng(seed).permutation(len(X))
    first, rest = np.split(order, [min(pool, 3 * len(order) // 5)])
    return Dataset(
        name=data.name, encoder=data.encoder, X_pool=X[first], y_pool=[y[i] for i in first],
        X_test=X[rest], y_test=[y[i] for i in rest], ids=first,
    )  # fmt: skip
