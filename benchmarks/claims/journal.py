"""Claims about the journal: nothing acknowledged is lost, an answer is stored fast, a project opens fast.

About 0.4 CPU hours. Files lie in ``benchmarks/results/cache``, on the disk of the checkout; the million
events are read from a warm page cache.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import numpy as np
from sklearn.linear_model import LogisticRegression

from asklearn.audit import AuditPlan, audit_order
from asklearn.errors import AskLearnError
from asklearn.events import Added, Answered, Asked, Configured, Event
from asklearn.journal import open_state
from asklearn.journals.sql import SqlJournal
from asklearn.learner import ActiveLearner
from asklearn.state import dump
from harness import RESULTS, Run, main

Tell = Callable[[int, str, str], None]


def measure(run: Run) -> None:
    for door in ("append", "tell"):
        durability(run, door)
        latency(run, door)
    opening(run)
    audit(run)


def durability(run: Run, door: str) -> None:
    size = {"tells": run.options["tells"], "processes": run.options["processes"]}
    rounds = run.map(crash_round, [{"door": door, "seed": n, **size} for n in range(run.options["rounds"])])
    total = {key: sum(one[key] for one in rounds) for key in rounds[0]}
    run.details[f"crash.{door}"] = total
    note = f"{len(rounds)} rounds, {total['acknowledged']} acknowledged, {total['killed']} processes killed"
    for key in ("lost", "doubled", "changed"):
        run.claim(f"journal.crash.{door}.{key}", total[key], None, None, "0..0", note)
    opens = total["opens"] / len(rounds)
    run.claim(f"journal.crash.{door}.opens", opens, None, None, "1..1", note)


def latency(run: Run, door: str) -> None:
    pairs = np.array(run.map(answer_times, [{"door": door, "n": run.options["answers"]}])[0]) * 1e3
    beyond = np.median(pairs[:, 0]) - np.median(pairs[:, 1])
    rng = np.random.default_rng(0)
    drawn = np.median(pairs[rng.integers(len(pairs), size=(1000, len(pairs)))], axis=1)
    low, high = np.quantile(drawn[:, 0] - drawn[:, 1], [0.025, 0.975])
    p50, p99 = np.quantile(pairs, [0.5, 0.99], axis=0)
    note = f"{door} p50 {p50[0]:.2f} p99 {p99[0]:.2f} ms; the disk alone p50 {p50[1]:.2f} p99 {p99[1]:.2f} ms"
    run.details[f"latency.{door}"] = {"p50_ms": p50.tolist(), "p99_ms": p99.tolist()}
    run.claim(f"journal.{door}_ms_beyond_fsync", beyond, low, high, "<=5", note)


def opening(run: Run) -> None:
    events = run.options["events"]
    times = run.map(opening_times, [{"events": events, "repeats": 3}])[0]
    for kind, most in (("without_snapshot", 15), ("with_snapshot", 2)):
        cpu, wall = ([one[key] for one in times[kind]] for key in ("cpu", "wall"))
        note = f"{events} events, CPU seconds in a new process; wall {min(wall):.2f} to {max(wall):.2f} s"
        run.claim(f"journal.open_{kind}_s", statistics.median(cpu), min(cpu), max(cpu), f"<={most}", note)


def audit(run: Run) -> None:
    shares = run.map(
        cohort_share, [{"pool": pool, "cohort": 10_000} for pool in (20_000, 100_000, 1_000_000)]
    )
    ratios = [one["cohort_s"] / one["share_s"] for one in shares]
    note = "CPU time to order and plan a cohort of 10,000, by its share of doing so for the whole pool"
    run.claim("journal.audit_cohort_cost", max(ratios), min(ratios), max(ratios), "<=1.25", note)


def crash_round(door: str, seed: int, tells: int, processes: int) -> dict[str, int]:
    """Processes tell into one journal and are killed at random moments; say what became of the answers."""
    draw = random.Random(seed)
    with _scratch() as folder:
        path = Path(folder) / "journal.db"
        tellers = [_Teller(door, path, worker, tells // processes, draw) for worker in range(processes)]
        threads = [threading.Thread(target=teller.kill_some_time) for teller in tellers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        acknowledged = [key for teller in tellers for key in teller.acknowledged]
        killed = sum(teller.killed for teller in tellers)
        try:
            with SqlJournal(path) as journal:
                stored = [event for event in journal.read() if isinstance(event, Answered)]
        except AskLearnError:
            return _outcome(acknowledged, [], killed, opens=0)
    return _outcome(acknowledged, stored, killed, opens=1)


def _outcome(acknowledged: list[str], stored: list[Answered], killed: int, opens: int) -> dict[str, int]:
    times = Counter(event.key for event in stored)
    return {
        "acknowledged": len(acknowledged),
        "stored": len(stored),
        "lost": sum(key not in times for key in acknowledged),
        "doubled": sum(count - 1 for count in times.values()),
        "changed": sum(event.label != _label(event.key) for event in stored),
        "opens": opens,
        "killed": killed,
    }


class _Teller:
    """A process that tells, one answer after the other, and says when each call has returned."""

    def __init__(self, door: str, path: Path, worker: int, tells: int, draw: random.Random) -> None:
        self.acknowledged: list[str] = []
        self.killed = False
        self.lives = draw.randrange(tells)
        self.then = draw.uniform(0, 0.004)
        self.pipe, write = os.pipe()
        self.process = os.fork()
        if self.process == 0:
            self._tell_all(door, path, worker, tells, write)
        os.close(write)

    def _tell_all(self, door: str, path: Path, worker: int, tells: int, pipe: int) -> None:
        code = 1
        try:
            tell = DOORS[door](path, tells * 8)
            for n in range(tells):
                key = f"{worker}-{n}"
                tell(worker * tells + n, key, _label(key))
                os.write(pipe, f"{key}\n".encode())
            code = 0
        finally:
            os._exit(code)

    def kill_some_time(self) -> None:
        with os.fdopen(self.pipe) as lines:
            for line in lines:
                self.acknowledged.append(line.strip())
                if len(self.acknowledged) > self.lives and not self.killed:
                    time.sleep(self.then)
                    os.kill(self.process, signal.SIGKILL)
                    self.killed = True
        _, status = os.waitpid(self.process, 0)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status):
            raise RuntimeError(f"A telling process failed with {status}.")


def _label(key: str) -> str:
    return f"class of {key}"


def _append_door(path: Path, rows: int) -> Tell:
    journal = SqlJournal(path)

    def tell(item: int, key: str, label: str) -> None:
        journal.append([Answered(item=item, annotator="ann", key=key, label=label, time=time.time())])

    return tell


def _tell_door(path: Path, rows: int) -> Tell:
    features_ND = np.arange(rows * 2, dtype=np.float32).reshape(rows, 2)
    learner = ActiveLearner(LogisticRegression(), features_ND, journal=path, seed=0)

    def tell(item: int, key: str, label: str) -> None:
        learner.tell([item], [label], keys=[key])

    return tell


DOORS: dict[str, Callable[[Path, int], Tell]] = {"append": _append_door, "tell": _tell_door}


def answer_times(door: str, n: int) -> list[tuple[float, float]]:
    """Return the seconds of each answer, and of a write and fdatasync of the same size just before it."""
    pairs = []
    with _scratch() as folder:
        path = Path(folder) / "journal.db"
        tell = DOORS[door](path, n)
        tell(0, "first", "cat")
        size = max(Path(f"{path}-wal").stat().st_size // 4, 4120)
        disk = os.open(Path(folder) / "disk", os.O_CREAT | os.O_WRONLY)
        for item in range(1, n):
            began = time.perf_counter()
            os.write(disk, bytes(size))
            os.fdatasync(disk)
            written = time.perf_counter()
            tell(item, f"key {item}", "cat")
            pairs.append((time.perf_counter() - written, written - began))
        os.close(disk)
    return pairs


def opening_times(events: int, repeats: int) -> dict[str, list[dict[str, float]]]:
    """Return how long a journal of so many events takes to open, without its snapshot and with it."""
    path = RESULTS / "cache" / f"events-{events}.db"
    if not path.exists():
        _build(path, events)
    times: dict[str, list[dict[str, float]]] = {"without_snapshot": [], "with_snapshot": []}
    with _scratch() as folder:
        copy = Path(shutil.copy(path, Path(folder) / "journal.db"))
        times["without_snapshot"] = [_in_new_process(copy) for _ in range(repeats)]
        with SqlJournal(copy) as journal:
            state = open_state(journal)
            journal.save_snapshot(state.position, dump(state))
        del state
        times["with_snapshot"] = [_in_new_process(copy) for _ in range(repeats)]
    return times


def _in_new_process(path: Path) -> dict[str, float]:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_time_opening, path).result()


def _time_opening(path: Path) -> dict[str, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    with SqlJournal(path) as journal:
        open_state(journal)
    return {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}


def _build(path: Path, events: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    with SqlJournal(part) as journal:
        batch: list[Event] = []
        for event in _project(events):
            batch.append(event)
            if len(batch) == 20_000:
                journal.append(batch)
                batch = []
        journal.append(batch)
    part.rename(path)


def _project(events: int) -> Iterator[Event]:
    yield Configured(seed=0, time=1.7e9)
    yield Added(start=0, stop=events, time=1.7e9)
    for n in range(events // 2 - 1):
        drawn = n % 10 == 0
        yield Asked(
            item=n, stream="audit" if drawn else "exploit", probability=0.1 if drawn else None,
            score=None if drawn else n / events, model=n // 100, time=1.7e9 + n,
        )  # fmt: skip
        yield Answered(
            item=n, annotator=f"annotator {n % 7}", key=f"{n * 7919:032x}", label=f"class {n % 77}",
            seconds=2.5 + n % 13, time=1.7e9 + n + 3.25,
        )  # fmt: skip


def cohort_share(pool: int, cohort: int) -> dict[str, float]:
    """Return the CPU seconds of the audit of one more cohort, and its share of those of the whole pool."""
    ids = [f"item {n}" for n in range(pool)]
    whole = min(_cpu_of(lambda: _audit_of([ids], AuditPlan())) for _ in range(3))
    plan = _audit_of([], AuditPlan())
    for _ in range(pool // cohort - 1):
        plan.add_cohort(cohort)
    new = min(_cpu_of(lambda: _audit_of([ids[-cohort:]], plan)) for _ in range(10))
    return {"cohort_s": new, "share_s": whole * cohort / pool}


def _audit_of(cohorts: list[list[str]], plan: AuditPlan) -> AuditPlan:
    later = plan.after(0)
    for ids in cohorts:
        audit_order(ids, seed=0)
        later.add_cohort(len(ids))
        later.ask(100)
    return later


def _cpu_of(work: Callable[[], Any]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _scratch() -> tempfile.TemporaryDirectory[str]:
    (RESULTS / "cache").mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(dir=RESULTS / "cache")


QUICK = {"rounds": 2, "tells": 200, "answers": 200, "events": 20_000}
FULL = {"rounds": 100, "tells": 2000, "processes": 4, "answers": 2000, "events": 1_000_000}

if __name__ == "__main__":
    sys.exit(main("journal", measure, cpu_hours=0.4, quick=QUICK, **FULL))
