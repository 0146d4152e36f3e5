"""The frame of every claim script: arguments, finished units, verdicts, results.

A script of ``benchmarks/claims/`` is one function that takes a :class:`Run` and states claims::

    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from harness import Run, main

    def measure(run: Run) -> None:
        done = run.map(one_project, [{"set": s, "seed": seed} for s in run.sets for seed in range(run.seeds)])
        run.claim("loop.labels_saved", value, low, high, ">=0.25")

    if __name__ == "__main__":
        sys.exit(main("loop", measure, cpu_hours=1.5, sets=["text_trec"], seeds=5, quick={"seeds": 1}))

``benchmarks/results/NAME.json`` holds what is read: the claims, and the summaries in ``details``. What only an
interrupted run needs to go on, the finished units, is in ``benchmarks/results/cache/NAME.jsonl``, which git ignores
(``--fresh`` begins anew); of them the results say how many there are, with which revisions and where they were run.
A run that does less than the script's defaults (``--quick``, fewer sets or seeds) is labelled partial and written
to ``NAME.partial.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PACKAGES = ("numpy", "scipy", "scikit-learn", "sqlalchemy", "pyarrow", "asklearn")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
os.environ.update({name: os.environ.get(name, "1") for name in THREADS})


@dataclass(frozen=True)
class Claim:
    """One figure, its interval, and what it should be.

    ``target`` is ``>=x``, ``<=x`` or ``a..b``. The claim is ``met`` if the whole interval lies in
    the target, ``short`` if none of it does, and ``open`` if the interval cannot tell.

    Examples
    --------
    >>> print(Claim("forecast.coverage_90", 0.91, 0.89, 0.93, "0.87..0.94"))
    claim forecast.coverage_90 value=0.91 low=0.89 high=0.93 target=0.87..0.94 met
    >>> Claim("loop.saved", 0.3, 0.2, 0.4, ">=0.25").verdict
    'open'
    """

    name: str
    value: float
    low: float
    high: float
    target: str
    note: str = ""

    @property
    def bounds(self) -> tuple[float, float]:
        """The target as an interval."""
        if ".." in self.target:
            low, high = self.target.split("..")
            return float(low), float(high)
        sign, bound = self.target[:2], float(self.target[2:])
        return {">=": (bound, float("inf")), "<=": (float("-inf"), bound)}[sign]

    @property
    def verdict(self) -> str:
        """``met``, ``short`` or ``open``; a value that is not a number is short."""
        least, most = self.bounds
        if least <= self.low <= self.high <= most:
            return "met"
        return "open" if self.low <= most and self.high >= least else "short"

    def __str__(self) -> str:
        figures = f"value={self.value:.4g} low={self.low:.4g} high={self.high:.4g}"
        return f"claim {self.name} {figures} target={self.target} {self.verdict}"


@dataclass
class Run:
    """One run of a claim script: its settings, its finished units and its claims."""

    name: str
    data: Path
    sets: list[str]
    seeds: int
    jobs: int
    quick: bool
    out: Path
    options: dict[str, Any]
    partial: bool
    claims: list[Claim] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)
    units: dict[str, dict[str, Any]] = field(default_factory=dict)
    cpu_seconds: float = 0.0

    def claim(
        self, name: str, value: float, low: float | None, high: float | None, target: str, note: str = ""
    ) -> Claim:
        """State a claim; without `low` and `high` the value is exact."""
        low, high = (value if low is None else low), (value if high is None else high)
        self.claims.append(Claim(name, float(value), float(low), float(high), target, note))
        return self.claims[-1]

    def path(self, name: str) -> Path:
        """Return the Parquet file of a data set."""
        return self.data / f"{name}.parquet"

    @property
    def cache(self) -> Path:
        """The file of finished units."""
        return RESULTS / "cache" / f"{self.name}.jsonl"

    def map(
        self, work: Callable[..., Any], units: Sequence[dict[str, Any]], *, cache: str | None = None
    ) -> list[Any]:
        """Return ``work(**unit)`` of each unit, in order; units that were finished before are not run again.

        `work` is a function of the script's top level whose result JSON can hold. With ``--jobs`` above one
        it runs in processes of one thread each. Claims that name one `cache` share its units, which
        ``--fresh`` leaves alone.
        """
        store = self.cache if cache is None else RESULTS / "cache" / f"{cache}.jsonl"
        done = _finished(store)
        keys = [_key(work, unit) for unit in units]
        todo = {key: unit for key, unit in zip(keys, units, strict=True) if key not in done}
        store.parent.mkdir(parents=True, exist_ok=True)
        with store.open("a", encoding="utf-8") as lines:
            for count, (key, record) in enumerate(self._results(work, todo), 1):
                lines.write("\n" + json.dumps({"key": key, **record}) + "\n")
                lines.flush()
                done[key] = record
                print(f"{self.name} {count}/{len(todo)} {key} {record['cpu']:.1f} CPU s", flush=True)
        self.cpu_seconds += sum(done[key]["cpu"] for key in dict.fromkeys(keys))
        self.units |= {key: done[key] for key in keys}
        return [done[key]["result"] for key in keys]

    def _results(
        self, work: Callable[..., Any], todo: dict[str, dict[str, Any]]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        if self.jobs == 1:
            yield from ((key, _timed(work, unit)) for key, unit in todo.items())
            return
        with ProcessPoolExecutor(self.jobs, mp_context=get_context("spawn")) as pool:
            futures = {pool.submit(_timed, work, unit): key for key, unit in todo.items()}
            try:
                yield from ((futures[one], one.result()) for one in as_completed(futures))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def save(self) -> None:
        """Write all numbers with versions and machine to the results file."""
        document = {
            "name": self.name, "partial": self.partial, "quick": self.quick, "sets": self.sets,
            "seeds": self.seeds, "options": self.options, "cpu_seconds": round(self.cpu_seconds, 1),
            "date": time.strftime("%Y-%m-%d", time.gmtime()), "revision": revision(), "versions": versions(),
            "machine": machine(), "units": summed_up(list(self.units.values())),
            "claims": [{**asdict(one), "verdict": one.verdict} for one in self.claims],
            "details": self.details,
        }  # fmt: skip
        self.out.parent.mkdir(parents=True, exist_ok=True)
        self.out.write_text(in_lines(document), encoding="utf-8")


def summed_up(units: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return how many units there are, and how many of them each revision and each machine ran."""
    counts = {key: dict(Counter(one.get(key, "unknown") for one in units)) for key in ("revision", "machine")}
    return {"count": len(units), "revisions": counts["revision"], "machines": counts["machine"]}


def in_lines(document: dict[str, Any]) -> str:
    """Return JSON with a line for each claim and each detail.

    Examples
    --------
    >>> print(in_lines({"name": "loop", "details": {"at_50": [1, 2]}, "claims": []}), end="")
    {
     "name": "loop",
     "details": {
      "at_50": [1, 2]
     },
     "claims": []
    }
    """

    def told(value: Any, depth: int) -> str:
        if depth == 2 or not value or not isinstance(value, dict | list):
            return json.dumps(value, default=str)
        pairs = (
            [(f"{json.dumps(str(key))}: ", one) for key, one in value.items()]
            if isinstance(value, dict)
            else [("", one) for one in value]
        )
        inner = ",".join(f"\n{' ' * (depth + 1)}{key}{told(one, depth + 1)}" for key, one in pairs)
        begin, end = "{}" if isinstance(value, dict) else "[]"
        return f"{begin}{inner}\n{' ' * depth}{end}"

    return told(document, 0) + "\n"


def main(
    name: str,
    measure: Callable[[Run], None],
    *,
    cpu_hours: float,
    sets: Sequence[str] = (),
    seeds: int = 1,
    quick: dict[str, Any] | None = None,
    argv: Sequence[str] | None = None,
    **options: int | float | str,
) -> int:
    """Run a claim script from the command line and return its exit status.

    `quick` holds what ``--quick`` sets (``sets``, ``seeds`` or an option); every further keyword becomes
    a command-line option of its type.
    """
    normal = {"sets": list(sets), "seeds": seeds, **options}
    args = _arguments(name, cpu_hours, normal, argv)
    chosen = {key: value for key in normal if (value := getattr(args, key)) is not None}
    folder = Path(args.data)
    if sets and not args.sets and not any((folder / f"{one}.parquet").is_file() for one in sets):
        normal["sets"] = classification_sets(folder) or normal["sets"]
        quick = {**(quick or {}), "sets": normal["sets"][:1]}
    settings = {**normal, **((quick or {}) if args.quick else {}), **chosen}
    is_partial = args.quick or settings != normal
    other = "" if normal["sets"] == list(sets) else f".{folder.resolve().name}"
    run = Run(
        name, folder, settings.pop("sets"), settings.pop("seeds"), args.jobs, args.quick,
        args.out or RESULTS / f"{name}{other}{'.partial' if is_partial else ''}.json", settings, is_partial,
    )  # fmt: skip
    print(
        f"{name}: about {cpu_hours:g} CPU hours in full{' (partial run)' if is_partial else ''}", flush=True
    )
    missing = [str(run.path(name)) for name in run.sets if not run.path(name).is_file()]
    if missing:
        print(
            f"Expected the data sets as Parquet files; missing: {', '.join(missing)}. Name their folder with --data."
        )
        return 2
    if args.fresh:
        run.cache.unlink(missing_ok=True)
    began = _cpu()
    measure(run)
    run.cpu_seconds = max(run.cpu_seconds, _cpu() - began)
    run.save()
    print(f"{run.cpu_seconds:.0f} CPU s; all numbers are in {run.out}")
    for claim in run.claims:
        print(claim, *["(partial)"] * is_partial, flush=True)
    return int(args.strict and any(claim.verdict == "short" for claim in run.claims))


def classification_sets(folder: Path) -> list[str]:
    """Return the names of a folder's Parquet files whose items each have one label.

    For folders with none of the sets that a claim is usually stated on: there it is stated on all of these.
    """
    import pyarrow.parquet as parquet

    not_one_label = {"worker", "tokens", "boxes"}
    columns = {one.stem: set(parquet.read_schema(one).names) for one in sorted(folder.glob("*.parquet"))}
    return [name for name, there in columns.items() if "label" in there and not there & not_one_label]


def _arguments(
    name: str, cpu_hours: float, normal: dict[str, Any], argv: Sequence[str] | None
) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=name, description=f"About {cpu_hours:g} CPU hours.")
    default = os.environ.get("ASKLEARN_DATA") or str(ROOT.parent / "shared" / "data")
    parser.add_argument("--data", default=default, help="folder of Parquet files")
    names: Callable[[str], list[str]] = partial(str.split, sep=",")
    parser.add_argument("--sets", type=names, help=f"of: {','.join(normal['sets'])}")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--quick", action="store_true", help="under a minute")
    parser.add_argument("--fresh", action="store_true", help="run finished units again")
    parser.add_argument("--strict", action="store_true", help="exit with 1 if a claim is short")
    parser.add_argument("--out", type=Path, help="results file")
    for key, value in normal.items():
        if key != "sets":
            parser.add_argument(f"--{key.replace('_', '-')}", type=type(value), help=f"default {value}")
    return parser.parse_args(argv)


def _key(work: Callable[..., Any], unit: dict[str, Any]) -> str:
    return f"{work.__name__} {json.dumps(unit, sort_keys=True)}"


def _finished(store: Path) -> dict[str, dict[str, Any]]:
    done = {}
    for line in store.read_text(encoding="utf-8").splitlines() if store.exists() else []:
        try:
            record = json.loads(line)
            done[record.pop("key")] = record
        except ValueError:
            continue  # the line that an interruption cut short
    return done


def _timed(work: Callable[..., Any], unit: dict[str, Any]) -> dict[str, Any]:
    began = _cpu()
    result = work(**unit)
    kind = machine()
    return {
        "result": result, "cpu": round(_cpu() - began, 3), "revision": revision(),
        "machine": f"{kind['cores']} cores of {kind['cpu']}",
    }  # fmt: skip


def _cpu() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def revision() -> str:
    """Return the git revision, with ``+`` if files differ from it."""
    git = partial(subprocess.run, cwd=ROOT, capture_output=True, text=True, check=False)
    head = git(["git", "rev-parse", "--short", "HEAD"]).stdout.strip()
    changed = git(["git", "status", "--porcelain", "--untracked-files=no"]).stdout.strip()
    return (head or "unknown") + ("+" if changed else "")


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that matter."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, Any]:
    """Return what kind of machine this is."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
    }


if __name__ == "__main__":
    sys.exit("Run a script of benchmarks/claims/, such as: python benchmarks/claims/startup.py")
