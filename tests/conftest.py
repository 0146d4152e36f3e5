"""What every test may use: arrays in memory, the data folder, and what is skipped where it is missing."""

from __future__ import annotations

import os
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]


def data_folder() -> Path:
    """Return the folder of datasets: ASKLEARN_DATA, or the one beside the repository."""
    return Path(os.environ.get("ASKLEARN_DATA", ROOT.parent / "shared" / "data"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    folder = data_folder()
    if any(folder.glob("*.parquet")):
        return
    missing = pytest.mark.skip(reason=f"no datasets in {folder}; name a folder of them in ASKLEARN_DATA")
    for item in items:
        if item.get_closest_marker("data"):
            item.add_marker(missing)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    """Where ASKLEARN_NO_SKIP is set, a skipped test of data, a browser or a compiler is a failed one."""
    outcome = yield
    report = outcome.get_result()
    marked = any(item.get_closest_marker(name) for name in ("data", "browser", "compiler"))
    if report.skipped and marked and os.environ.get("ASKLEARN_NO_SKIP"):
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be skipped: {report.longrepr}"


@dataclass(frozen=True)
class Arrays:
    """A pool with known labels, and a test set."""

    X: np.ndarray
    y: list[int]
    X_test: np.ndarray
    y_test: list[int]

    def label(self, rows: object) -> list[int]:
        return [self.y[row] for row in rows]


@pytest.fixture(scope="session")
def digits() -> Arrays:
    """Three hundred digits to ask from and five hundred to test on; the arrays may not be written to."""
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    X = (X / 16).astype(np.float32)
    X.flags.writeable = False
    return Arrays(X[:300], y[:300].tolist(), X[300:800], y[300:800].tolist())


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real datasets, for tests marked ``data``."""
    return data_folder()
