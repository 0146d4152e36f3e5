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


def project(data: str, rows: int, stops: int) -> dict[str, object]:
    """Return what each command took, and whether the interrupted project ends as the other."""
    with tempfile.TemporaryDirectory(prefix="asklearn-init-") as folder:
        here = Path(folder)
        titles = write_titles(here / "titles.parquet", Path(data), rows)
        init = ["init", str(here / "titles.parquet"), "--text", "title"]
        done = {"init": command(init, here / "whole")}
        moments = random.Random(0)
        interrupted = [
            command(init, here / "part", stop=moments.uniform(0.02, 0.4) * done["init"]["seconds"])
            for _ in range(stops)
        ]
        done["resumed"] = command(init, here / "part")
        same = digest(here / "whole" / "pool") == digest(here / "part" / "pool")
        for turn in range(2):
            ask = ["ask", "-n", str(BATCH), "-o", "batch.csv", "--force"]
            done[f"ask_{turn + 1}"] = command(ask, here / "whole")
            fill(here / "whole" / "batch.csv", titles)
            done[f"tell_{turn + 1}"] = command(["tell", "batch.csv"], here / "whole")
        done["status"] = command(["status"], here / "whole")
        return {
            "commands": done, "interrupted": interrupted, "same": same,
            "pool_bytes": sum(one.stat().st_size for one in (here / "whole" / "pool").rglob("*")),
        }  # fmt: skip


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
    """Run a command in a folder, stopped after some seconds if told so."""
    folder.mkdir(exist_ok=True)
    began = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(
            [sys.executable, "-m", "asklearn", *words], cwd=folder, stdout=said, stderr=subprocess.STDOUT
        )
        if stop is not None:
            time.sleep(stop)
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
    rows = run.options["rows"]
    unit = {"data": str(run.path(run.sets[0])), "rows": rows, "stops": run.options["stops"]}
    (found,) = run.map(project, [unit])
    run.details |= found
    for name, one in found["commands"].items():
        print(
            f"{name:8s} {one['cpu']:8.1f} CPU s {one['seconds']:8.1f} s {one['peak_gb']:6.2f} GB at the peak"
        )
    for one in found["interrupted"]:
        print(f"stopped after {one['seconds']:.1f} s with exit status {one['exit']}")
    run.claim("init.rows_per_cpu_second", rows / found["commands"]["init"]["cpu"], None, None, ">=5000")
    run.claim("init.same_after_interruptions", float(found["same"]), None, None, "1..1")
    spent = sum(one["cpu"] for one in [*found["interrupted"], found["commands"]["resumed"]])
    again = spent / found["commands"]["init"]["cpu"]
    run.claim(
        "init.cpu_with_interruptions_over_without", again, None, None, "<=1.5", f"{unit['stops']} of them"
    )
    for name in ("init", "resumed", "ask_1", "ask_2", "status"):
        run.claim(f"init.peak_gb_of_{name}", found["commands"][name]["peak_gb"], None, None, "<=2")


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
