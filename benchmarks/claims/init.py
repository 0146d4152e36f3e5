"""A million rows through the command line: rows a second, peak memory, and the same end after interruptions.

A Parquet file of a million made-up titles (two real ones of text_stackoverflow20 each, cut to 60 to 100
characters) becomes a project twice: once in one go, and once stopped by SIGINT at random moments and called again.
Then batches are asked, told and looked at. Every command is a process of its own, in one thread; its peak
resident memory is what the system counted for it, mapped pages included.
"""

from __future__ import annotations

import csv
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from harness import Run, main

AT_ONCE = 50_000
BATCH = 50
GB = 1e9


def in_one_go(folder: str, data: str, rows: int) -> dict[str, float]:
    """Return what a project takes that nothing interrupts."""
    here = Path(folder)
    shutil.rmtree(here, ignore_errors=True)
    here.mkdir(parents=True)
    write_titles(here / "titles.parquet", Path(data), rows)
    return command(["init", str(here / "titles.parquet"), "--text", "title"], here / "whole")


def interrupted(folder: str, stops: int) -> dict[str, object]:
    """Return what the same takes when it is stopped, and whether it ends the same.

    Each call is stopped at a random moment after a random number of pieces, of those that are left, was stored.
    """
    here, lot = Path(folder), random.Random(0)
    pieces = len(list((here / "whole" / "pool").glob("items-*")))
    moments = sorted(lot.uniform(0, 0.9 * pieces) for _ in range(stops))
    shutil.rmtree(here / "part", ignore_errors=True)
    init = ["init", str(here / "titles.parquet"), "--text", "title"]
    calls = [command(init, here / "part", stop=moment) for moment in moments]
    calls.append(command(init, here / "part"))
    same = digest(here / "whole" / "pool") == digest(here / "part" / "pool")
    return {"calls": calls, "same": same}


def afterwards(folder: str, data: str, rows: int) -> dict[str, dict[str, float]]:
    """Return what asking, telling and looking take in the project."""
    here, done = Path(folder), {}
    classes = write_titles(here / "again.parquet", Path(data), rows)
    for turn in (1, 2):
        ask = ["ask", "-n", str(BATCH), "-o", "batch.csv", "--force"]
        done[f"ask_{turn}"] = command(ask, here / "whole")
        fill(here / "whole" / "batch.csv", classes)
        done[f"tell_{turn}"] = command(["tell", "batch.csv", "--new-labels"], here / "whole")
    return done | {"status": command(["status"], here / "whole")}


def write_titles(file: Path, data: Path, rows: int) -> list[str]:
    """Write the file and return the class of each row: that of its first half."""
    table = pq.read_table(data, columns=["text", "label"])
    texts, labels = (table[name].to_pylist() for name in ("text", "label"))
    rng = np.random.default_rng(0)
    classes: list[str] = []
    with pq.ParquetWriter(file, pa.schema([("title", pa.string())])) as out:
        for start in range(0, rows, AT_ONCE):
            first, second = rng.integers(len(texts), size=(2, min(AT_ONCE, rows - start)))
            length = rng.integers(60, 101, size=len(first))
            made = [f"{texts[a]}; {texts[b]}"[:n] for a, b, n in zip(first, second, length, strict=True)]
            out.write_table(pa.table({"title": made}))
            classes += [labels[a] for a in first]
    return classes


def command(words: list[str], folder: Path, stop: float | None = None) -> dict[str, float]:
    """Run a command in a folder, stopped when its pool has more than some number of pieces if told so."""
    folder.mkdir(exist_ok=True)
    began = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(
            [sys.executable, "-m", "asklearn", *words], cwd=folder, stdout=said, stderr=subprocess.STDOUT
        )
        if stop is not None:
            while len(list((folder / "pool").glob("items-*"))) < stop and not ended(child.pid):
                time.sleep(0.05)
            time.sleep(stop % 1)
            os.kill(child.pid, signal.SIGINT)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode and stop is None:
            said.seek(0)
            raise SystemExit(f"asklearn {' '.join(words)} failed: {said.read().decode()}")
    return {
        "seconds": round(time.perf_counter() - began, 2),
        "cpu": round(usage.ru_utime + usage.ru_stime, 2),
        "peak_gb": round(usage.ru_maxrss * 1024 / GB, 3),
        "exit": child.returncode,
    }


def ended(child: int) -> bool:
    """Tell whether a process has ended, and leave it to be waited for."""
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def digest(pool: Path) -> str:
    """Return a digest of every item and feature."""
    digest = blake2b()
    for file in sorted([*pool.glob("items-*.parquet"), *pool.glob("features/*")]):
        digest.update(file.name.encode())
        with file.open("rb") as opened:
            for part in iter(lambda: opened.read(1 << 20), b""):
                digest.update(part)
    return digest.hexdigest()


def fill(sheet: Path, classes: list[str]) -> None:
    """Fill the label column of a sheet in."""
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    with sheet.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["id", "label"])
        lines.writerows([row["id"], classes[int(row["id"])]] for row in rows)


def measure(run: Run) -> None:
    rows, stops, data = run.options["rows"], run.options["stops"], str(run.path(run.sets[0]))
    folder = str(Path(tempfile.gettempdir()) / f"asklearn-claim-init-{rows}")
    signal.signal(signal.SIGINT, signal.default_int_handler)  # where it is ignored, so would the commands
    (whole,) = run.map(in_one_go, [{"folder": folder, "data": data, "rows": rows}])
    (part,) = run.map(interrupted, [{"folder": folder, "stops": stops}])
    (after,) = run.map(afterwards, [{"folder": folder, "data": data, "rows": rows}])
    shutil.rmtree(folder, ignore_errors=True)
    *stopped, resumed = part["calls"]
    commands = {"init": whole, "resumed": resumed, **after}
    run.details |= {"commands": commands, "stopped": stopped}
    for name, one in commands.items():
        print(
            f"{name:8s} {one['cpu']:8.1f} CPU s {one['seconds']:8.1f} s {one['peak_gb']:6.2f} GB at the peak"
        )
    for one in stopped:
        print(f"stopped after {one['seconds']:.1f} s with exit status {one['exit']}")
    run.claim("init.rows_per_cpu_second", rows / whole["cpu"], None, None, ">=5000")
    run.claim("init.calls_stopped", sum(one["exit"] != 0 for one in stopped), None, None, f"{stops}..{stops}")
    run.claim("init.same_after_interruptions", float(part["same"]), None, None, "1..1")
    again = sum(one["cpu"] for one in part["calls"]) / whole["cpu"]
    run.claim("init.cpu_with_interruptions_over_without", again, None, None, "<=1.5", f"{stops} of them")
    for name in ("init", "resumed", "ask_1", "ask_2", "status"):
        run.claim(f"init.peak_gb_of_{name}", commands[name]["peak_gb"], None, None, "<=2")


if __name__ == "__main__":
    sys.exit(
        main(
            "init",
            measure,
            cpu_hours=0.1,
            sets=["text_stackoverflow20"],
            rows=1_000_000,
            stops=3,
            quick={"rows": 30_000, "stops": 1},
        )
    )
