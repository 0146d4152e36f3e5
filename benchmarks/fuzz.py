"""Break things on purpose: mutate files, sheets, settings and journals, and drive the commands with them.

Every case is made from a seed and a number alone. A command may do its work (0), refuse with a reason (1),
complain about usage (2) or be interrupted (130). Everything else is a finding: a traceback, an error without
words, a hang, too much memory, a crash of the interpreter, or a label that was acknowledged and is gone::

    python benchmarks/fuzz.py --seconds 3600 --seed 7 --log findings.jsonl
    python benchmarks/fuzz.py --seed 7 --case 1234          # one case again, with what was run

Cases run in a child process, some dozens each, under a limit of memory; exit status 1 if anything was found.
"""

from __future__ import annotations

import argparse
import contextlib
import gzip
import json
import os
import random
import resource
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

os.environ.setdefault("OMP_NUM_THREADS", "1")

sys.path.insert(0, str(Path(__file__).resolve().parent))
from broken_files import CLASSES, SOURCES, csv_of, jsonl_of, mutate, mutate_file, rows_of

HANG_SECONDS = 20
MEMORY = 3 << 30
CASES_PER_CHILD = 40
ALLOWED = {0, 1, 2, 130}

Door = Callable[["Case"], None]
DOORS: dict[str, tuple[Door, int]] = {}


def door(weight: int) -> Callable[[Door], Door]:
    """Decorate a kind of case; the weight says how often it is tried."""

    def keep(function: Door) -> Door:
        DOORS[function.__name__] = (function, weight)
        return function

    return keep


class Finding(Exception):
    """Something that must not happen."""


class Hang(BaseException):
    """A case took too long; no handler of `Exception` may swallow it."""


@dataclass
class Case:
    """One case: its randomness, its folder, and the commands that it ran."""

    rng: random.Random
    folder: Path
    template: Path
    ran: list[list[str]] = field(default_factory=list)
    codes: Counter[int] = field(default_factory=Counter)

    def run(self, *words: object, keys: str | bytes = "") -> Any:
        """Run a command in the case's folder, and check how it ended."""
        from click.testing import CliRunner

        from asklearn.cli import main

        line = [str(one) for one in words]
        self.ran.append(line)
        os.chdir(self.folder)
        done = CliRunner().invoke(main, line, input=keys)
        self.codes[done.exit_code] += 1
        error = done.exception
        if error is not None and not isinstance(error, SystemExit):
            raise Finding(_described(error)) from error
        if done.exit_code not in ALLOWED:
            raise Finding(f"exit status {done.exit_code}: {done.output[-300:]!r}")
        if "Traceback (most recent" in done.output:
            raise Finding("a traceback was shown")
        if done.exit_code == 1 and not (done.stderr.startswith("Error: ") or "Problem" in done.stdout
                                        or '"problems"' in done.stdout):  # fmt: skip
            raise Finding(f"refused without a reason: {done.output[-300:]!r}")
        if len(done.stderr) > 20_000:
            raise Finding(f"{len(done.stderr)} characters of error")
        return done

    def project(self) -> Path:
        """Copy the small project that has some labels and some open items."""
        there = self.folder / "project"
        shutil.copytree(self.template, there, ignore=shutil.ignore_patterns("*-wal", "*-shm"))
        return there

    def chance(self, share: float) -> bool:
        """Return true with a probability."""
        return self.rng.random() < share


def _described(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [one for one in frames if "asklearn" in one.filename and "benchmarks" not in one.filename]
    at = ours[-1] if ours else frames[-1]
    return f"{type(error).__name__}: {error!s:.200} at {Path(at.filename).name}:{at.lineno} in {at.name}"


# The doors


def _one_of(rng: random.Random, usual: str, *others: str) -> str:
    return usual if rng.random() < 0.7 else rng.choice(others)


@door(5)
def init(case: Case) -> None:
    """Make a project of a file, ask, and look at it."""
    rng = case.rng
    path, options = rng.choice(SOURCES)(rng, case.folder)
    words = ["init", path.name, *options, "--into", "new", "--model", "logistic(C=1.0, temperature=1.0)"]
    words += ["--encoder", "text(dim=4)"] if options[:1] == ["--text"] else []
    words += ["--id", "id"] if case.chance(0.3) else []
    words += ["--label", _one_of(rng, "label", "lable", "age", "text")] if case.chance(0.4) else []
    words += (
        ["--labels", _one_of(rng, "red,green,blue", "red", "red,red", ",", "a,b")] if case.chance(0.3) else []
    )
    words += ["--show", _one_of(rng, "age", "label", "image", "id")] if case.chance(0.3) else []
    if case.run(*words).exit_code == 0:
        case.run("ask", "-n", 5, "-o", "batch.csv", "-p", "new")
        case.run("status", "-p", "new")
        case.run("doctor", "-p", "new", "--json")
        case.run("export", "-o", rng.choice(["e.csv", "e.jsonl", "e.parquet"]), "-p", "new")


@door(1)
def simulate(case: Case) -> None:
    """Replay a labelled file."""
    path, options = case.rng.choice(SOURCES)(case.rng, case.folder)
    options = [*options, "--encoder", "text(dim=4)"] if options[:1] == ["--text"] else options
    case.run("simulate", path.name, *options, "--label", _one_of(case.rng, "label", "age", "id", "nothing"),
             "--start", 4, "--batch", 4, "--budget", 8, "--seeds", 1, "--strategies", "random,margin",
             "--model", "logistic(C=1.0, temperature=1.0)", "--out", "r.json",
             *(["--split", "split"] if case.chance(0.3) else []))  # fmt: skip


@door(6)
def sheet(case: Case) -> None:
    """Tell a sheet that a spreadsheet, a script or an accident has changed."""
    rng, there = case.rng, case.project()
    ids = [f"t{i}" for i in range(40)]
    rng.shuffle(ids)
    lines = [
        {"id": one, "text": "x", "label": rng.choice([*CLASSES, "", " RED "]), "reason": "r"} for one in ids
    ]
    kind = rng.choice(["csv", "csv", "csv", "tsv", "txt", "jsonl", "parquet", "csv.gz"])
    path = case.folder / f"sheet.{kind}"
    if kind == "parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.Table.from_pylist(lines), path)
    else:
        content = jsonl_of(lines) if kind == "jsonl" else csv_of(lines, rng.choice(",;\t"))
        content = content.decode().encode(_one_of(rng, "utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32"))
        path.write_bytes(gzip.compress(content, 1) if kind.endswith("gz") else content)
    if case.chance(0.9):
        mutate_file(case.rng, path)
    before = stored(there)
    done = case.run("tell", path, "-p", there, "--annotator", _one_of(rng, "ann", "", "a\nb", "=x", "x" * 500),
                    *(["--new-labels"] if case.chance(0.2) else []))  # fmt: skip
    _kept(before, stored(there), whole=done.exit_code != 0)
    case.run("tell", path, "-p", there)
    case.run("status", "-p", there)
    case.run("export", "-o", case.folder / "out.csv", "-p", there)
    _kept(before, stored(there), whole=False)


@door(2)
def settings(case: Case) -> None:
    """Edit asklearn.toml as people, editors and accidents do."""
    rng, there = case.rng, case.project()
    file = there / "asklearn.toml"
    if case.chance(0.5):
        mutate_file(case.rng, file, 3)
    else:
        lines = file.read_text().splitlines()
        name = rng.choice([line.partition(" =")[0] for line in lines if " = " in line])
        value = rng.choice(['""', "[]", "0", "1", "-1", "1e9", "nan", "true", '"x"', '["a", "a"]', '["red"]', "0.5",
                            "99999999999999999999999", '"margin"', '"power(beta=-1)"', '"../j.db"', '"/dev/null"',
                            '"logistic(C=-1)"', '"logistic(Q=1)"', '"\\u0000"',
                            '["text", "nothing"]', '"pool"'])  # fmt: skip
        file.write_text("\n".join(f"{name} = {value}" if line.startswith(name) else line for line in lines))
    before = stored(there)
    _look(case, there)
    _kept(before, stored(there), whole=False)


@door(3)
def pool(case: Case) -> None:
    """Damage a file of the pool."""
    there = case.project()
    files = sorted(one for one in (there / "pool").rglob("*") if one.is_file())
    for file in case.rng.sample(files, case.rng.randint(1, min(2, len(files)))):
        if case.chance(0.1):
            file.unlink()
        else:
            mutate_file(case.rng, file, 3)
    before = stored(there)
    _look(case, there)
    _kept(before, stored(there), whole=False)


@door(4)
def journal(case: Case) -> None:
    """Damage the journal: what opens must be what was told, and what does not open can be repaired."""
    from asklearn.errors import AskLearnError
    from asklearn.journals.repair import repair

    there = case.project()
    before = stored(there)
    file = there / "journal.db"
    if case.chance(0.03):
        file.write_bytes(b"")
    elif case.chance(0.1):
        (there / "journal.db-wal").write_bytes(mutate(case.rng, file.read_bytes(), 2))
    else:
        mutate_file(case.rng, file, 3)
    with contextlib.suppress(AskLearnError):
        after = (
            stored(there) if file.stat().st_size else before
        )  # an empty file is a new journal, but no project's
        if after[: len(before)] != before:
            raise Finding(
                f"a damaged journal opened with {len(after)} events, not the {len(before)} that were stored"
            )
    _look(case, there)
    with contextlib.suppress(AskLearnError):
        done = repair(file)
        if len(stored(there)) < done.kept:
            raise Finding("the repaired journal has fewer events than were kept")
    _look(case, there)


def _look(case: Case, there: Path) -> None:
    """Run some commands on a project, whatever it has come to."""
    (case.folder / "more.csv").write_text("id,label\nt30,red\nt31,blue\n")
    commands: list[list[object]] = [
        ["doctor"], ["doctor", "--json"], ["status"], ["status", "--json"], ["ask", "-n", 3],
        ["ask", "--pending"], ["tell", case.folder / "more.csv"],
        ["export", "--force", "-o", case.folder / "x.csv"],
        ["export", "--force", "-o", case.folder / "x.parquet", "--what", "predictions"], *_newer(case),
    ]  # fmt: skip
    for words in case.rng.sample(commands, 4):
        case.run(*words, "-p", there)
    case.run("label", "-p", there, keys=case.rng.choice(["1s2uuq", "q", "", "x1", "111"]))


def _newer(case: Case) -> list[list[object]]:
    """Return the calls of commands that not every version has."""
    from asklearn.cli import main

    commands: dict[str, list[list[object]]] = {
        "report": [["report", "-o", case.folder / "r.html"], ["report", "--json"]],
        "add": [["add", case.folder / "more.csv"]],
    }
    return [words for name, calls in commands.items() if name in main.commands for words in calls]


@door(2)
def add(case: Case) -> None:
    """Let the items of a file enter a project, twice."""
    from asklearn.cli import main

    if "add" not in main.commands:
        return
    there = case.project()
    rows = [row | {"id": f"n{i}"} for i, row in enumerate(rows_of(case.rng, case.rng.choice([1, 9])))]
    path = case.folder / case.rng.choice(["more.csv", "more.jsonl", "more.csv.gz"])
    content = jsonl_of(rows) if "json" in path.name else csv_of(rows)
    path.write_bytes(gzip.compress(content, 1) if path.suffix == ".gz" else content)
    if case.chance(0.8):
        mutate_file(case.rng, path)
    before = stored(there)
    for _ in range(2):
        case.run("add", path, "-p", there)
    _look(case, there)
    _kept(before, stored(there), whole=False)


@door(1)
def keys(case: Case) -> None:
    """Press any keys."""
    there = case.project()
    before = stored(there)
    pressed = "".join(
        case.rng.choice("123456suq \n\tüÿ\x04\x1b\x00=") for _ in range(case.rng.randint(0, 60))
    )
    case.run("label", "-p", there, "--annotator", "ann", "-n", 3, keys=pressed)
    _kept(before, stored(there), whole=False)


@door(2)
def options(case: Case) -> None:
    """Give any text as any option."""
    rng, there = case.rng, case.project()
    odd = ["", "-1", "0", "nan", "inf", "1e9", "x", "a,b", ",", "(", "logistic(", "logistic(C=-1)", "logistic(Q=1)",
           "power(beta=nan)", "power(bta=1)", "committee(size=0)", "committee(base='logistic', size=2)",
           "text(dim=0)", "text(dim=10**9)", "sklearn(estimator=1)", "k_means(typical=2)", "\x00", "é", "😀" * 99, "/",
           "margin", "auto", "__class__", "os", "logistic(C=1.0, C=2.0)", "-", "--", "99999999999999999999",
           "cluster_margin(factor=0)", "softmax(beta=1e400)", "random+k_means", "../..",
           "tabular(levels=-1)", "gradient_boosting(depth=0)", "laplace(precision=-1)"]  # fmt: skip
    (case.folder / "data.csv").write_bytes(csv_of(rows_of(rng, 12)))
    commands = [
        ["init", "data.csv", "--text", "text", "--into", "n"],
        ["simulate", "data.csv", "--text", "text", "--label", "label", "--budget", "8", "--start", "4", "--seeds", "1"],
        ["ask", "-p", str(there)], ["status", "-p", str(there)], ["label", "-p", str(there)],
        ["export", "-p", str(there), "-o", "e.csv"], ["tell", "data.csv", "-p", str(there)],
    ]  # fmt: skip
    words = rng.choice(commands)
    from asklearn.cli import main

    choices = [
        one for one in main.commands[words[0]].params if one.param_type_name == "option" and not one.is_flag
    ]
    for option in rng.sample(choices, min(len(choices), rng.randint(1, 2))):
        words = [*words, max(option.opts, key=len), rng.choice(odd)]
    before = stored(there)
    case.run(*[word.replace("\x00", "\\0") for word in words])
    _kept(before, stored(there), whole=False)


# What must hold


def stored(there: Path) -> list[Any]:
    """Return every event of a project's journal."""
    from asklearn.journals.sql import SqlJournal

    return list(SqlJournal(there / "journal.db").read())


def _kept(before: list[Any], after: list[Any], *, whole: bool) -> None:
    if after[: len(before)] != before:
        raise Finding("events that were stored are gone or changed")
    if whole and len(after) != len(before):
        raise Finding("a refused sheet was recorded in part")


# Running


def make_template(folder: Path) -> Path:
    """Make the project that cases copy: forty texts, some labelled, some asked; the same bytes every time."""
    with mock.patch("time.time", return_value=1.7e9):
        return _template(folder)


def _template(folder: Path) -> Path:
    import csv

    there = folder / "template"
    rng = random.Random(0)
    case = Case(rng, folder, there)
    (folder / "data.csv").write_bytes(csv_of(rows_of(rng, 40)))
    case.run("init", "data.csv", "--text", "text", "--id", "id", "--show", "age", "--labels", ",".join(CLASSES),
             "--into", there, "--encoder", "text(dim=4)", "--model", "logistic(C=1.0, temperature=1.0)")  # fmt: skip
    case.run("ask", "-n", 12, "-o", "batch.csv", "-p", there)
    with (folder / "batch.csv").open(encoding="utf-8-sig", newline="") as file:
        ids = [row["id"] for row in csv.DictReader(file)]
    lines = [f"{one},{CLASSES[int(one[1:]) % 3]}" for one in ids[:9]]
    (folder / "filled.csv").write_text("\n".join(["id,label", *lines]))
    case.run("tell", "filled.csv", "-p", there)
    if len([one for one in stored(there) if type(one).__name__ == "Answered"]) != 9:
        raise SystemExit("the template project could not be made")
    with contextlib.closing(sqlite3.connect(there / "journal.db")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return there


def run_case(seed: int, number: int, template: Path, only: str | None = None) -> tuple[str, Case, str | None]:
    """Run one case; return its door, the case, and what was found, if anything."""
    rng = random.Random(f"{seed}:{number}")
    names = [only] if only else list(DOORS)
    name = rng.choices(names, [DOORS[one][1] for one in names])[0]
    with tempfile.TemporaryDirectory(prefix="asklearn-fuzz-") as folder:
        case = Case(rng, Path(folder), template)
        try:
            with _deadline():
                DOORS[name][0](case)
        except Finding as error:
            return name, case, str(error)
        except Hang:
            return name, case, f"took more than {HANG_SECONDS} s of processor time"
        except Exception as error:  # of the checks above, or of what they call in asklearn
            return name, case, _described(error)
        finally:
            os.chdir(template)
    return name, case, None


@contextlib.contextmanager
def _deadline() -> Iterator[None]:
    def late(*_: object) -> None:
        raise Hang

    before = signal.signal(signal.SIGVTALRM, late)
    signal.setitimer(signal.ITIMER_VIRTUAL, HANG_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _child(seed: int, numbers: range, template: Path, pipe: int, only: str | None, until: float) -> None:
    """Run some cases, and write a line before and after each."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY + _virtual(), resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with os.fdopen(pipe, "w", buffering=1) as out:
        for number in numbers:
            if time.monotonic() > until:
                return
            out.write(json.dumps({"case": number}) + "\n")
            name, case, found = run_case(seed, number, template, only)
            line = {"case": number, "door": name, "found": found, "codes": dict(case.codes)}
            if found:
                line["ran"] = [[word[:120] for word in words] for words in case.ran]
            out.write(json.dumps(line) + "\n")


def _virtual() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc/self/statm").exists() else 0
    return pages * resource.getpagesize()


def fuzz(
    seed: int, seconds: float, cases: int, log: Path | None, only: str | None = None, first: int = 0
) -> list[dict[str, Any]]:
    """Run cases until the time or their number is over; return the findings, each kind once.

    Parameters
    ----------
    seed : int
        Decides every case.
    seconds : float
        Stop after so long.
    cases : int
        Stop after so many cases; 0 for no limit.
    log : Path, optional
        Findings are appended here, a JSON object a line.
    only : str, optional
        Try this door alone.
    first : int
        Number of the first case.

    Returns
    -------
    list of dict
        The first finding of each kind: ``case``, ``door``, ``found``, ``ran``.
    """
    started, until = time.monotonic(), time.monotonic() + seconds
    kinds: dict[str, dict[str, Any]] = {}
    codes, doors, commands, number = Counter[str](), Counter[str](), 0, first
    with tempfile.TemporaryDirectory(prefix="asklearn-fuzz-template-") as made:
        template = make_template(Path(made))
        while time.monotonic() < until and (not cases or number < first + cases):
            stop = min(number + CASES_PER_CHILD, first + cases if cases else sys.maxsize)
            lines = _batch(seed, range(number, stop), template, only, until)
            for line in lines:
                doors[line["door"]] += 1
                codes.update(line["codes"])
                commands += sum(line["codes"].values())
                if line["found"]:
                    _note(line, kinds, log, seed)
            number += max(1, len(lines))
            if number % 1000 < CASES_PER_CHILD:
                print(f"{time.monotonic() - started:7.0f} s {number - first:7,} cases {commands:8,} commands "
                      f"{len(kinds)} findings", flush=True)  # fmt: skip
    statuses = ", ".join(f"{count:,} of status {code}" for code, count in sorted(codes.items()))
    print(f"{number - first:,} cases, {commands:,} commands ({statuses}) in {time.monotonic() - started:.0f} s: "
          f"{len(kinds)} findings. By door: {', '.join(f'{k} {v:,}' for k, v in doors.items())}")  # fmt: skip
    return list(kinds.values())


def _batch(seed: int, numbers: range, template: Path, only: str | None, until: float) -> list[dict[str, Any]]:
    """Run some cases in a child; a case that took the child down is a finding too."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(read)
            signal.alarm(CASES_PER_CHILD * 60)
            _child(seed, numbers, template, write, only, until)
            status = 0
        finally:
            os._exit(status)
    os.close(write)
    with os.fdopen(read) as lines:
        told = [json.loads(line) for line in lines if line.endswith("\n")]
    _, status = os.waitpid(child, 0)
    done = [line for line in told if "door" in line]
    if status and len(told) > 2 * len(done):
        done.append({"case": told[-1]["case"], "door": "?", "codes": {}, "ran": [],
                     "found": f"the process ended with status {status}"})  # fmt: skip
    return done


def _note(line: dict[str, Any], kinds: dict[str, dict[str, Any]], log: Path | None, seed: int) -> None:
    place = line["found"].rpartition(" at ")
    kind = f"{line['found'].partition(':')[0]} {place[2] if place[1] else ''}"
    fresh = kind not in kinds
    kinds.setdefault(kind, line)
    if fresh:
        print(
            f"finding: {line['found']}\n  python benchmarks/fuzz.py --seed {seed} --case {line['case']}",
            flush=True,
        )
    if log is not None:
        with log.open("a", encoding="utf-8") as out:
            out.write(json.dumps({"seed": seed, **line}) + "\n")


def main() -> int:
    """Read the arguments, fuzz, and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cases", type=int, default=0, help="stop after so many; 0 for no limit")
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--case", type=int, help="run one case again, and show what it ran")
    parser.add_argument("--door", choices=list(DOORS), help="try this one alone")
    parser.add_argument("--log", type=Path, help="append findings to this file, a JSON object a line")
    told = parser.parse_args()
    if told.case is None:
        log = told.log.resolve() if told.log else None
        return bool(fuzz(told.seed, told.seconds, told.cases, log, told.door, told.first))
    with tempfile.TemporaryDirectory(prefix="asklearn-fuzz-template-") as made:
        name, case, found = run_case(told.seed, told.case, make_template(Path(made)), told.door)
    print(
        f"door {name}",
        *(f"  asklearn {' '.join(words)[:300]}" for words in case.ran),
        f"found {found}",
        sep="\n",
    )
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
