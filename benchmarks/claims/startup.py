"""Claims about starting: ``import asklearn`` loads numpy alone, and neither it nor the command is slow.

Under a minute. Each figure is the median of fresh processes, in CPU seconds, with bytecode cached.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from harness import Run, main

LOADED = "import asklearn, json, sys; print(json.dumps(sorted({m.partition('.')[0] for m in sys.modules})))"


def measure(run: Run) -> None:
    printed = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, check=True).stdout
    foreign = set(json.loads(printed)) - set(sys.stdlib_module_names) - {"asklearn", "numpy", "__main__"}
    packages = sorted(name for name in foreign if not name.startswith(("_", "sitecustomize")))
    run.claim("startup.import_loads_beside_numpy", len(packages), None, None, "0..0", " ".join(packages))
    seconds(run, "startup.import_cpu_s", [sys.executable, "-c", "import asklearn"])
    seconds(run, "startup.help_cpu_s", [str(Path(sys.executable).with_name("asklearn")), "--help"])
    run.details["bare_python_cpu_s"] = times_of([sys.executable, "-c", "pass"], run.options["processes"])
    run.details["numpy_cpu_s"] = times_of([sys.executable, "-c", "import numpy"], run.options["processes"])


def seconds(run: Run, name: str, command: list[str]) -> None:
    """Claim the CPU seconds of `command` to be at most 0.3."""
    times = times_of(command, run.options["processes"])
    run.claim(name, statistics.median(times), min(times), max(times), "<=0.3", f"{len(times)} processes")


def times_of(command: list[str], processes: int) -> list[float]:
    """Return the CPU seconds of a command that must succeed, of several processes after a first one."""
    times = [_children_cpu()]
    for _ in range(processes + 1):
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        times.append(_children_cpu())
    return [after - before for before, after in pairwise(times)][1:]


def _children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    sys.exit(main("startup", measure, cpu_hours=0.01, processes=15, quick={"processes": 5}))
