"""Projects that are served, and the server processes that serve them: for server_load and label_page."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

PATIENCE = 60.0
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


class Server:
    """An ``asklearn serve`` process on a free port of loopback, and the processes that it started.

    Attributes
    ----------
    started_in : float
        Seconds from the start of the process to the first answer of its page.
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
    def cpu(self) -> float:
        """CPU seconds of the server so far, without its worker."""
        return cpu_of(self.process.pid)

    @property
    def resident(self) -> int:
        """Bytes of the server in memory, files that it maps included."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * PAGE

    @property
    def workers(self) -> list[int]:
        """The processes that it started."""
        return [
            int(one)
            for one in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        ]

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
