"""Projects to serve, and the processes that serve them: for server_load and label_page."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from asklearn.settings import Settings

PATIENCE = 60.0
TEXTS = "text_stackoverflow20"
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


class Postgres:
    """A PostgreSQL server of one's own on a socket, in a new folder, with every commit put on the disk."""

    def __init__(self) -> None:
        programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1:]
        path = os.pathsep.join([*map(str, programs), os.environ.get("PATH", "")])
        found = shutil.which("pg_ctl", path=path)
        if found is None:
            raise RuntimeError("There is no PostgreSQL on this machine: apt-get install postgresql")
        self._programs = Path(found).resolve().parent
        self.folder = Path(tempfile.mkdtemp(prefix="pg"))
        self.url = f"postgresql://al@/postgres?host={self.folder}"
        self._user: dict[str, Any] = {"user": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
        if self._user:
            shutil.chown(self.folder, "postgres")
        self._run("initdb", "-D", f"{self.folder}/data", "-U", "al", "-A", "trust", "-E", "UTF8")
        options = f"-c listen_addresses='' -c unix_socket_directories={self.folder}"
        self._run(
            "pg_ctl", "-D", f"{self.folder}/data", "-w", "-l", f"{self.folder}/log", "-o", options, "start"
        )

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True, cwd=self.folder, **self._user)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._run("pg_ctl", "-D", f"{self.folder}/data", "-m", "immediate", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)


class Server:
    """An ``asklearn serve`` process on a free port of loopback, and the processes that it started.

    Attributes
    ----------
    page_in, page_cpu, started_in : float
        Seconds from the start of the process to the first page, those of the processor, and to the first answer
        about the project.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = [sys.executable, "-m", "asklearn", "serve", "--port", str(self.port), *options]
        began = time.perf_counter()
        self.process = subprocess.Popen(
            [*command, "--project", str(folder)], stdout=subprocess.DEVNULL, process_group=0
        )
        self._wait(began + PATIENCE)
        self.page_in, self.page_cpu = time.perf_counter() - began, cpu_of(self.process.pid)
        self.get("/project")
        self.started_in = time.perf_counter() - began

    def _wait(self, end: float) -> None:
        while time.perf_counter() < end:
            try:
                urllib.request.urlopen(self.url, timeout=5).read()
            except OSError:
                time.sleep(0.01)
            else:
                return
            if self.process.poll() is not None:
                break
        self.stop()
        raise RuntimeError(f"The server did not answer within {PATIENCE:g} s.")

    def get(self, path: str) -> Any:
        """Return what a route answers."""
        with urllib.request.urlopen(f"{self.url}/api/v1{path}", timeout=30) as found:
            return json.load(found)

    @property
    def cpu(self) -> dict[str, float]:
        """CPU seconds so far of the server processes, and of the worker with what it started."""
        spent = {"server": 0.0, "worker": 0.0}
        for process, works in family_of(self.process.pid):
            spent["worker" if works else "server"] += cpu_of(process)
        return spent

    @property
    def resident(self) -> int:
        """Bytes of the server in memory, files that it maps included."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * PAGE

    def settle(self, seconds: float = 3.0) -> None:
        """Wait until every process of it has begun its work."""
        time.sleep(seconds)

    def stop(self) -> None:
        """End it as Ctrl-C does, or at last without asking."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def children_of(pid: int) -> list[int]:
    """Return the processes that a process started."""
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def family_of(pid: int, works: bool = False) -> Iterator[tuple[int, bool]]:
    """Yield a process and all that it started, directly or not, and whether each is of the worker."""
    with suppress(OSError):  # it may have ended just now
        works = works or b"asklearn.server.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
        yield pid, works
        for child in children_of(pid):
            yield from family_of(child, works)


def cpu_of(pid: int) -> float:
    """Return the CPU seconds of a process so far."""
    spent = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(spent[11]) + int(spent[12])) / TICKS


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def annotators(**plan: Any) -> dict[str, Any]:
    """Let annotators work, in a process of their own; see :class:`annotators.Plan`."""
    script = Path(__file__).with_name("annotators.py")
    done = subprocess.run(
        [sys.executable, str(script), json.dumps(plan)], capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def project(folder: Path, source: Path, settings: Settings, asked: int) -> Path:
    """Make a project of a Parquet file, in whose journal `asked` items, drawn at random, stand as asked; return it."""
    from asklearn.events import Asked
    from asklearn.importing import create
    from asklearn.registry import lookup

    made, _ = create(folder, source, settings)
    state = made.learner.state
    drawn = np.random.default_rng(0).permutation(state.rows)[:asked]
    items, now = [state.item(row) for row in drawn.tolist()], time.time()
    asks = [Asked(item=item, stream="exploit", time=now) for item in items]
    lookup("journals", "sql")(made.journal).append(asks)
    return folder


def texts(
    scratch: Path, data: str, journal: str = "journal.db", n: int | None = None, asked: int = 20_000
) -> Path:
    """Make a project of 20,000 real texts of 20 classes, or the first `n`; see :func:`project`."""
    import pyarrow.parquet as parquet

    from asklearn.settings import Settings

    table = parquet.read_table(Path(data) / f"{TEXTS}.parquet", columns=["text", "label"])
    labels = tuple(sorted(set(table["label"].to_pylist())))
    parquet.write_table(table.select(["text"]).slice(0, n), scratch / "texts.parquet")
    settings = Settings(kind="text", columns=("text",), labels=labels, journal=journal)
    return project(scratch / "project", scratch / "texts.parquet", settings, asked)
