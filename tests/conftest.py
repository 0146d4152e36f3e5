"""What every test may use: arrays in memory, the data folder, and what is skipped where it is missing."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NEVER_SKIPPED = ("data", "browser", "compiler", "postgresql")


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
    """Where ASKLEARN_NO_SKIP is set, a skipped test of data, a browser, a server or a compiler is a failed one."""
    outcome = yield
    report = outcome.get_result()
    marked = any(item.get_closest_marker(name) for name in NEVER_SKIPPED)
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


class PostgreSQLServer:
    """A PostgreSQL server of one's own on a socket in a new folder; as root it runs as the user postgres."""

    def __init__(self) -> None:
        programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1:]
        path = os.pathsep.join([*map(str, programs), os.environ.get("PATH", "")])
        found = shutil.which("pg_ctl", path=path)
        if found is None:
            pytest.skip("no PostgreSQL: apt-get install postgresql")
        self._programs = Path(found).resolve().parent
        self.folder = Path(tempfile.mkdtemp(prefix="pg"))
        self.url = f"postgresql://al@/postgres?host={self.folder}"
        self._as_user: dict[str, Any] = {"user": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
        if self._as_user:
            shutil.chown(self.folder, "postgres")
        made = ("-U", "al", "-A", "trust", "-E", "UTF8", "--no-sync")
        self._run("initdb", "-D", f"{self.folder}/data", *made)

    def start(self) -> None:
        options = f"-c listen_addresses='' -c unix_socket_directories={self.folder} -c fsync=off"
        self._control("-w", "-l", f"{self.folder}/log", "-o", options, "start")

    def stop(self) -> None:
        self._control("-w", "-m", "immediate", "stop")

    def kill(self) -> None:
        """End it as a power cut would: by SIGKILL."""
        os.kill(int((self.folder / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)

    def _control(self, *arguments: str) -> None:
        self._run("pg_ctl", "-D", f"{self.folder}/data", *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=self.folder, **self._as_user
        )
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Return the URL of a PostgreSQL server that all tests of a process share."""
    server = PostgreSQLServer()
    server.start()
    yield server.url
    server.stop()
    shutil.rmtree(server.folder, ignore_errors=True)


@pytest.fixture
def mortal_postgresql() -> Iterator[PostgreSQLServer]:
    """Return a running PostgreSQL server that a test may stop, kill and start."""
    server = PostgreSQLServer()
    server.start()
    yield server
    with suppress(AssertionError):
        server.stop()
    shutil.rmtree(server.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Return a running Chromium; one for all tests of a process, since Playwright keeps a loop in its thread."""
    if CHROMIUM is None:
        pytest.skip("no Chromium; apt-get install -y chromium")
    api = pytest.importorskip("playwright.sync_api", reason="no Playwright; pip install playwright")
    with api.sync_playwright() as play:
        launched = play.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield launched
        launched.close()
