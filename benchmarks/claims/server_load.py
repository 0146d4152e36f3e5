"""Claims about the server under load, over loopback, while its worker trains in an endless loop.

About 0.3 CPU hours and six minutes; the first time five minutes more, for Label Studio and the pool of a million
items, which are kept in ``benchmarks/results/cache``. Two cores are what the figures are meant for: server, worker
and annotators share them. Annotators are a process of their own; its part of the processor is told. A time is
counted from when a request was due. Values are of all repeats together, low and high those of the repeats.

- ``sqlite``, ``postgresql``: 100 annotators, each of whom takes an item and answers it, 220 times a second in all.
  20,000 texts with their features, 20 classes. All items are asked beforehand, so that the queue does not run dry:
  what people could answer in the time of one training is another figure (``retrain``).
- ``full``: the same annotators as fast as they can.
- ``label_studio``: 10,000 of the texts, 1 and 20 annotators as fast as they can, and ours likewise.
- ``million``: a million items with ids of text, 64 features each; one annotator.
- ``retrain``: 100,000 x 384 made features of 20 classes, 2,000 labels; 4 answers a second come in. From every 20th
  of them to the first item that was chosen by a model that knew it; and what annotators meet with meanwhile.
- ``first_page``: from the start of the process to its page, none of which is in a cache; CPU seconds; the page's size.
"""

from __future__ import annotations

import gzip
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import numpy as np

import label_studio
from harness import RESULTS, ROOT, Run, main
from served import Postgres, Server, annotators, project, texts

CACHE = RESULTS / "cache"
SET = "text_stackoverflow20"
RATE, PEOPLE = 220.0, 100
STATIC = ROOT / "src" / "asklearn" / "server" / "static"


def measure(run: Run) -> None:
    parts = str(run.options["parts"]).split(",")
    for part in parts:
        PARTS[part](run)


# 100 annotators


def hundred(run: Run, journal: str) -> None:
    """Claim what 100 annotators meet with."""
    units = [
        {
            "data": str(run.data),
            "journal": journal,
            "rate": RATE,
            "seconds": run.options["seconds"],
            "repeat": n,
        }
        for n in range(run.options["repeats"])
    ]
    found = run.map(load, units)
    note = f"{len(found)} times {run.options['seconds']} s, {cost(found)}"
    for what in ("next", "answer"):
        for name, share, most in (("p50", 0.5, 30), ("p99", 0.99, 250)):
            quantile(run, f"server_load.{journal}.{what}_{name}_ms", found, what, share, f"<={most}", note)
    rates = [one["rate"] for one in found]
    run.claim(
        f"server_load.{journal}.answers_per_s", float(np.mean(rates)), min(rates), max(rates), ">=200", note
    )
    for what in ("errors", "doubled", "lost", "empty"):
        total = sum(one[what] for one in found)
        run.claim(f"server_load.{journal}.{what}", total, None, None, "0..0", note)


def load(data: str, journal: str, rate: float, seconds: int, repeat: int) -> dict[str, Any]:
    """Return what annotators met with, before one server process on SQLite or two on PostgreSQL."""
    if journal == "sqlite":
        return _load(data, "journal.db", rate, seconds, repeat)
    with Postgres() as database:
        return _load(data, database.url, rate, seconds, repeat, "--processes", "2")


def _load(data: str, journal: str, rate: float, seconds: int, repeat: int, *options: str) -> dict[str, Any]:
    from asklearn.journal import open_state
    from asklearn.journals.sql import SqlJournal

    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        folder = texts(Path(scratch), data, journal)
        with Server(folder, *options) as server:
            labels = server.get("/project")["labels"]
            server.settle()
            before = server.cpu
            found = annotators(
                urls=[server.url], annotators=PEOPLE, rate=rate, seconds=seconds, labels=labels, seed=repeat
            )
            spent = {kind: seconds - before[kind] for kind, seconds in server.cpu.items()}
        place = folder / journal if "://" not in journal else journal
        stored = {str(item) for item, _ in open_state(SqlJournal(place)).answers()}
    return summed(found) | {
        "lost": len(set(found["answered"]) - stored), "cpu_server": spent["server"] / found["wall"],
        "cpu_worker": spent["worker"] / found["wall"], "ms_an_answer": 1e3 * spent["server"] / len(found["answered"]),
    }  # fmt: skip


def summed(found: dict[str, Any]) -> dict[str, Any]:
    """Return what annotators met with, as short as can be."""
    return {
        **{what: [round(1e3 * one, 2) for one in found[what]] for what in ("next", "answer")},
        "rate": found["rate"], "errors": len(found["errors"]), "said": found["errors"][:3],
        "doubled": len(found["doubled"]), "empty": found["empty"], "cpu_annotators": found["cpu"] / found["wall"],
    }  # fmt: skip


def cost(found: Sequence[dict[str, Any]]) -> str:
    """Say what an answer costs, and who had which part of the processor."""
    mean = {
        key: float(np.mean([one[key] for one in found])) for key in found[0] if key.startswith(("cpu", "ms"))
    }
    return (
        f"{mean['ms_an_answer']:.2f} ms of the server an answer; cores of the server {mean['cpu_server']:.2f}, "
        f"of the worker {mean['cpu_worker']:.2f}, of the annotators {mean['cpu_annotators']:.2f}"
    )


def quantile(
    run: Run, name: str, found: Sequence[dict[str, Any]], what: str, share: float, target: str, note: str
) -> None:
    """Claim a quantile of times in milliseconds."""
    each = [float(np.quantile(one[what], share)) for one in found]
    pooled = float(np.quantile([time for one in found for time in one[what]], share))
    run.claim(name, pooled, min(*each, pooled), max(*each, pooled), target, note)


def full(run: Run) -> None:
    """Tell how many answers a second there can be at most."""
    seconds = run.options["seconds"]
    found = run.map(
        load, [{"data": str(run.data), "journal": "sqlite", "rate": 0, "seconds": seconds, "repeat": 0}]
    )
    run.claim("server_load.full.answers_per_s", found[0]["rate"], None, None, ">=200", cost(found))


# Against Label Studio


def against(run: Run) -> None:
    """Claim ten times its answers a second, and a tenth of its p99."""
    failed = label_studio.install()
    for people in (1, 20):
        name = f"server_load.label_studio.{people}"
        if failed:
            run.claim(f"{name}.throughput_ratio", float("nan"), None, None, ">=10", failed)
            continue
        units = [
            {"data": str(run.data), "people": people, "seconds": run.options["seconds"], "repeat": n}
            for n in range(run.options["repeats"])
        ]
        theirs, ours = run.map(their_load, units), run.map(our_load, units)
        faster = [one["rate"] / other["rate"] for one, other in zip(ours, theirs, strict=True)]
        note = f"ours {ours[0]['rate']:.4g} answers/s, theirs {theirs[0]['rate']:.4g}"
        run.claim(f"{name}.throughput_ratio", float(np.mean(faster)), min(faster), max(faster), ">=10", note)
        for what in ("next", "answer"):
            slow = [[float(np.quantile(one[what], 0.99)) for one in some] for some in (ours, theirs)]
            shares = [one / other for one, other in zip(*slow, strict=True)]
            note = f"p99 of ours {max(slow[0]):.4g} ms, of theirs {max(slow[1]):.4g} ms"
            run.claim(
                f"{name}.{what}_p99_ratio", float(np.mean(shares)), min(shares), max(shares), "<=0.1", note
            )


def our_load(data: str, people: int, seconds: int, repeat: int) -> dict[str, Any]:
    """Return what annotators meet with before our server, with 10,000 texts."""
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        folder = texts(Path(scratch), data, n=10_000)
        with Server(folder) as server:
            labels = server.get("/project")["labels"]
            server.settle()
            return summed(
                annotators(
                    urls=[server.url], annotators=people, rate=0, seconds=seconds, labels=labels, seed=repeat
                )
            )


def their_load(data: str, people: int, seconds: int, repeat: int) -> dict[str, Any]:
    """Return what annotators meet with before Label Studio, with the same texts."""
    import pyarrow.parquet as parquet

    table = parquet.read_table(Path(data) / f"{SET}.parquet", columns=["text", "label"])
    labels = sorted(set(table["label"].to_pylist()))
    label_studio.fill(table["text"].to_pylist()[:10_000], labels)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        copy = shutil.copytree(label_studio.FILLED, Path(scratch) / "data")
        with label_studio.LabelStudio(copy) as server:
            return summed(
                annotators(
                    urls=[server.url], annotators=people, rate=0, seconds=seconds, labels=labels, seed=repeat,
                    tool="label_studio",
                )
            )  # fmt: skip


# A million items


def million(run: Run) -> None:
    """Claim a fast start, a fast next item and little memory with a million items."""
    size = {"items": run.options["items"], "seconds": run.options["seconds"]}
    found = run.map(large, [{**size, "repeat": n} for n in range(run.options["repeats"])])
    note = f"{size['items']:,} items"
    starts = [one["start_s"] for one in found]
    run.claim("server_load.million.start_s", float(np.median(starts)), min(starts), max(starts), "<=5", note)
    quantile(run, "server_load.million.next_p99_ms", found, "next", 0.99, "<=50", note)
    memory = [one["resident_mb"] for one in found]
    run.claim("server_load.million.server_mb", max(memory), min(memory), max(memory), "<=1000", note)
    run.claim("server_load.million.errors", sum(one["errors"] for one in found), None, None, "0..0", note)


def large(items: int, seconds: int, repeat: int) -> dict[str, Any]:
    """Return how a server fares with many items."""
    folder = _large(items)
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        copy = Path(scratch) / "project"
        shutil.copytree(folder, copy, copy_function=_linked, ignore=shutil.ignore_patterns("journal.db*"))
        for file in folder.glob("journal.db*"):
            shutil.copy(file, copy)
        with Server(copy) as server:
            labels = server.get("/project")["labels"]
            started = server.started_in
            plan = {
                "annotators": 1,
                "rate": 10,
                "seconds": seconds,
                "labels": labels,
                "warm": 0.0,
                "seed": repeat,
            }
            found = annotators(urls=[server.url], **plan)
            return summed(found) | {"start_s": started, "resident_mb": server.resident / 1e6}


def _linked(source: str, target: str) -> None:
    os.link(source, target)


def _large(items: int) -> Path:
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    from asklearn.settings import Settings

    folder, file = CACHE / f"served-{items}", CACHE / f"served-{items}.parquet"
    if (folder / "made").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    rng = np.random.default_rng(0)
    kind = arrow.schema(
        [("id", arrow.string()), ("text", arrow.string()), ("embedding", arrow.list_(arrow.float32(), 64))]
    )
    with parquet.ParquetWriter(file, kind) as out:
        for start in range(0, items, 50_000):
            rows = range(start, min(start + 50_000, items))
            flat = arrow.array(rng.standard_normal(64 * len(rows), dtype=np.float32))
            columns = {
                "id": [f"item-{row:07d}" for row in rows],
                "text": [f"Item number {row} of a large pool, in a few words." for row in rows],
                "embedding": arrow.FixedSizeListArray.from_arrays(flat, 64),
            }
            out.write_table(arrow.table(columns, schema=kind))
    settings = Settings(kind="embedding", columns=("embedding",), show=("text",), id="id", labels=("a", "b"))
    project(folder, file, settings, 2_000)
    file.unlink()
    (folder / "made").touch()
    return folder


# Training beside the labelling


def retrain(run: Run) -> None:
    """Claim that new labels are soon learnt from, and that answers do not suffer from it."""
    size = {"items": run.options["trained_items"], "seconds": run.options["trained_seconds"]}
    found = run.map(trained, [{**size, "repeat": n} for n in range(1)])
    delays = found[0]["delays"]
    note = f"{len(delays)} rounds, 20 labels each; {size['items']:,} x 384, 20 classes, 2,000 labels before"
    low, high = (min(delays), max(delays)) if delays else (float("nan"), float("nan"))
    run.claim(
        "server_load.retrain.seconds_to_new_queue",
        float(np.median(delays or [np.nan])),
        low,
        high,
        "<=5",
        note,
    )
    for what in ("next", "answer"):
        quantile(run, f"server_load.retrain.{what}_p99_ms", found, what, 0.99, "<=250", note)
    run.claim("server_load.retrain.errors", found[0]["errors"], None, None, "0..0", note)


def trained(items: int, seconds: int, repeat: int) -> dict[str, Any]:
    """Return the seconds from each 20th new label to the first item that a model chose that knew it."""
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        folder, journal = _clouds(Path(scratch), items, repeat)
        with Server(folder) as server, Watch(journal) as watch:
            watch.wait("Fitted")
            time.sleep(5)
            plan = {"annotators": 4, "rate": 4, "seconds": seconds, "labels": [f"c{n}" for n in range(20)]}
            found = annotators(urls=[server.url], warm=0.0, seed=repeat, **plan)
            time.sleep(10)
        return summed(found) | {"delays": watch.delays()}


def _clouds(scratch: Path, items: int, seed: int) -> tuple[Path, Path]:
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    from asklearn.importing import create
    from asklearn.settings import Settings

    rng = np.random.default_rng(seed)
    y = rng.integers(20, size=items)
    centres = rng.normal(size=(20, 384)).astype(np.float32)
    X = 0.2 * centres[y] + rng.standard_normal((items, 384), dtype=np.float32)
    told = [f"c{label}" if row < 2_000 else None for row, label in enumerate(y.tolist())]
    columns = {
        "text": [f"Item {row}" for row in range(items)],
        "embedding": arrow.FixedSizeListArray.from_arrays(arrow.array(X.ravel()), 384),
        "label": arrow.array(told, arrow.string()),
    }
    parquet.write_table(arrow.table(columns), scratch / "items.parquet")
    labels = tuple(f"c{n}" for n in range(20))
    settings = Settings(
        kind="embedding", columns=("embedding",), show=("text",), label="label", labels=labels
    )
    made, _ = create(scratch / "project", scratch / "items.parquet", settings)
    return scratch / "project", Path(made.journal)


class Watch:
    """Notes when each event came into a journal, to a twentieth of a second."""

    def __init__(self, journal: Path) -> None:
        self._journal, self._end = journal, threading.Event()
        self.seen: list[tuple[float, Any]] = []
        self._thread = threading.Thread(target=self._look, daemon=True)

    def _look(self) -> None:
        from asklearn.journals.sql import SqlJournal

        with SqlJournal(self._journal) as journal:
            position = journal.position
            while not self._end.wait(0.05):
                now = time.monotonic()
                new = list(journal.read(position))
                position += len(new)
                first = position - len(new)
                self.seen += [(now, first + n + 1, event) for n, event in enumerate(new)]

    def wait(self, kind: str, patience: float = 300) -> None:
        """Wait until an event of a kind came."""
        end = time.monotonic() + patience
        while not any(type(event).__name__ == kind for *_, event in self.seen):
            if time.monotonic() > end:
                raise RuntimeError(f"No {kind} within {patience:g} s.")
            time.sleep(0.1)

    def delays(self) -> list[float]:
        """Return the seconds from every 20th label to the first item that was chosen by a model that knew it."""
        knows = {event.model: event.position for *_, event in self.seen if type(event).__name__ == "Fitted"}
        chosen = [
            (at, knows[event.model])
            for at, _, event in self.seen
            if type(event).__name__ == "Asked" and event.model in knows
        ]
        told = [(at, position) for at, position, event in self.seen if type(event).__name__ == "Answered"]
        found = []
        for at, position in told[19::20]:
            after = next((when for when, known in chosen if known >= position), None)
            if after is not None:
                found.append(after - at)
        return found

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()


# The first page


def first_page(run: Run) -> None:
    """Claim that the page is soon there, and small."""
    starts = run.map(start, [{"data": str(run.data), "repeat": n} for n in range(run.options["starts"])])
    note = f"{len(starts)} starts, Python's own files compiled before"
    for what in ("first_page_s", "first_page_cpu_s"):
        each = [one[what] for one in starts]
        run.claim(f"server_load.{what}", float(np.median(each)), min(each), max(each), "<=2", note)
    files = [file for file in STATIC.rglob("*") if file.is_file()]
    size = sum(len(gzip.compress(file.read_bytes(), 9)) for file in files) / 1e3
    run.claim("server_load.ui_kb_gzipped", size or float("nan"), None, None, "<=200", f"{len(files)} files")


def start(data: str, repeat: int) -> dict[str, float]:
    """Return the seconds from the start of the process to its first page, and those of the processor."""
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        folder = texts(Path(scratch), data, n=2_000, asked=100)
        with Server(folder) as server:
            return {"first_page_s": server.page_in, "first_page_cpu_s": server.page_cpu}


PARTS = {
    "sqlite": lambda run: hundred(run, "sqlite"),
    "postgresql": lambda run: hundred(run, "postgresql"),
    "full": full,
    "label_studio": against,
    "million": million,
    "retrain": retrain,
    "first_page": first_page,
}
QUICK = {
    "repeats": 1, "seconds": 5, "items": 20_000, "starts": 1, "trained_items": 5_000, "trained_seconds": 10,
    "parts": "sqlite,first_page",
}  # fmt: skip

if __name__ == "__main__":
    sys.exit(
        main(
            "server_load", measure, cpu_hours=0.3, sets=[SET], repeats=3, seconds=15, items=1_000_000, starts=5,
            trained_items=100_000, trained_seconds=60, parts=",".join(PARTS), quick=QUICK,
        )
    )  # fmt: skip
