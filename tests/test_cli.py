"""The command line as a shell sees it: words, files, exit status."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from asklearn import __version__
from asklearn.cli import main
from asklearn.commands.shared import listed

FAST = ["--model", "logistic(C=10.0, temperature=1.0)", "--start", "10", "--batch", "10"]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(one) for one in arguments])


def refused(done: Result, *words: str) -> None:
    assert done.exit_code == 1, done.output
    assert done.stderr.startswith("Error: ")
    assert "Traceback" not in done.output
    for word in words:
        assert word in done.stderr


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two hundred rows with a split, numbers and a text."""
    rng = np.random.default_rng(0)
    lines = ["id,size,weight,note,kind,split"]
    for i in range(200):
        kind = rng.integers(3)
        size, weight = rng.normal([0, 4, 8][kind], 1), rng.normal([0, 4, 0][kind], 1)
        note = " ".join(rng.choice([["red", "round"], ["green", "long"], ["blue", "flat"]][kind], 4))
        lines.append(f"{i},{size:.3f},{weight:.3f},{note},kind {kind},{'test' if i % 4 == 0 else 'train'}")
    path = tmp_path_factory.mktemp("tables") / "things.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("command", [[], *([name] for name in main.commands)])
def test_help_says_what_how_and_an_example(command: list[str]) -> None:
    done = run(*command, "--help")
    assert done.exit_code == 0
    assert "Usage:" in done.output
    assert "Example" in done.output
    assert "Exit status: 0 done, 1 refused" in done.output
    assert run(*command, "-h").output == done.output


def test_version() -> None:
    done = run("--version")
    assert (done.exit_code, done.output) == (0, f"asklearn {__version__}\n")


def test_simulate_writes_what_the_contract_says_and_a_report(table: Path, tmp_path: Path) -> None:
    out, html = tmp_path / "result.json", tmp_path / "report.html"
    done = run(
        "simulate", table, "--label", "kind", "--columns", "size,weight", "--split", "split", "--strategies",
        "random,power(beta=2.0)", "--budget", 30, "--seeds", 2, *FAST, "--out", out, "--html", html,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    result = json.loads(out.read_text(), parse_constant=lambda name: pytest.fail(f"{name} in the result"))
    assert (result["dataset"], result["rows"], result["test_rows"]) == ("things", 200, 50)
    assert list(result["summary"]) == ["random", "power(beta=2.0)", "random+k_means"]
    asked = {item for one in result["runs"] for item in one["asked"]}
    assert not any(item % 4 == 0 for item in asked)
    page = html.read_text()
    assert page.startswith("<!doctype html>") or page.startswith("<!DOCTYPE html>")
    assert "power(beta=2.0)" in page
    assert f"Wrote {out}" in done.stdout
    assert "\x1b[" not in done.output


def test_the_default_features_are_every_column_but_id_label_and_split(table: Path) -> None:
    done = run("simulate", table, "--label", "kind", "--split", "split", "--strategies", "margin", "--budget", 20,
               "--seeds", 1, *FAST)  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "All 150 labels give" in done.stdout


def test_texts(table: Path) -> None:
    done = run("simulate", table, "--label", "kind", "--text", "note", "--strategies", "auto", "--budget", 20,
               "--seeds", 1, *FAST, "--encoder", "text(dim=16)")  # fmt: skip
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (["--label", "knd"], ["knd", "kind"]),
        (["--columns", "size,wieght"], ["wieght", "weight"]),
        (["--split", "splt"], ["splt", "split"]),
        (["--strategies", "random,margn"], ["margn", "Did you mean 'margin'"]),
        (["--metric", "acuracy"], ["Did you mean 'accuracy'"]),
        (["--encoder", "tabullar"], ["Did you mean 'tabular'"]),
        (["--encoder", "tabular(no=1)"], ["'tabular' has no option 'no'", "knots"]),
        (["--model", "logistc"], ["Did you mean 'logistic'"]),
        (["--model", "logistic(C=)"], ["name(option=value"]),
        (["--budget", "151"], ["A budget of 151", "150 items, besides the 50 of the test set"]),
        (["--start", "0"], ["start must be at least 1"]),
        (["--seeds", "-1"], ["seeds must be at least 1"]),
        (["--jobs", "-2"], ["jobs must be at least 1"]),
        (["--audit", "1.5"], ["from 0 to 1"]),
        (["--strategies", ","], ["at least one strategy"]),
        (["--split", "note"], ["as 'test'"]),
        (["--text", "note"], ["Give one of text, image, embedding or columns"]),
    ],
)
def test_what_is_wrong_is_said_in_one_line(table: Path, change: list[str], words: list[str]) -> None:
    base = ["simulate", table, "--label", "kind", "--columns", "size,weight", "--split", "split", "--budget", 20,
            "--seeds", 1, *FAST]  # fmt: skip
    refused(run(*base, *change), *words)


@pytest.mark.parametrize(
    "wrong", [["--strategies", "margn"], ["--metric", "acuracy"], ["--model", "logistc"]]
)
def test_a_wrong_name_is_refused_before_the_file_is_read(tmp_path: Path, wrong: list[str]) -> None:
    refused(run("simulate", tmp_path / "no.csv", "--label", "y", *wrong), "Did you mean")


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    refused(run("simulate", tmp_path / "no.csv", "--label", "y"), "no.csv")
    refused(run("simulate", tmp_path, "--label", "y"))


@pytest.mark.parametrize("option", ["--out", "--html"])
def test_a_result_that_could_not_be_written_is_refused_before_the_work(table: Path, option: str) -> None:
    refused(run("simulate", table, "--label", "kind", option, "/no/such/folder/x"), "/no/such/folder")


def test_the_file_itself_is_never_written_over_nor_one_result_over_the_other(
    table: Path, tmp_path: Path
) -> None:
    before, alias, result = table.read_bytes(), tmp_path / "alias.csv", tmp_path / "x"
    alias.symlink_to(table)
    for target in (table, alias):
        refused(run("simulate", table, "--label", "kind", "--out", target), "the file to read")
    refused(run("simulate", table, "--label", "kind", "--out", result, "--html", result), "given twice")
    assert table.read_bytes() == before
    assert not result.exists()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_disk_that_is_full_names_the_file_and_leaves_the_numbers_on_the_screen(table: Path) -> None:
    done = run("simulate", table, "--label", "kind", "--strategies", "random", "--budget", 20, "--seeds", 1,
               *FAST, "--out", "/dev/full")  # fmt: skip
    refused(done, "/dev/full", "No space left")
    assert "random+k_means" in done.stdout


def test_a_file_name_is_no_markup(table: Path, tmp_path: Path) -> None:
    odd = tmp_path / "[red]:smile:.csv"
    odd.write_bytes(table.read_bytes())
    done = run(
        "simulate", odd, "--label", "kind", "--strategies", "random", "--budget", 20, "--seeds", 1, *FAST
    )
    assert "[red]:smile:: accuracy" in done.stdout


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "things.parquet"
    path.write_bytes(b"PAR1 and then nothing")
    refused(run("simulate", path, "--label", "y"), "things.parquet")


@pytest.mark.parametrize(
    "arguments",
    [["simulate"], ["simulate", "x.csv"], ["simluate"], ["demo", "--seeds", "0"], ["demo", "--jobs", "-1"]],
)
def test_wrong_usage_is_status_two(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert "Usage:" in done.stderr


@pytest.mark.parametrize(
    ("text", "names"),
    [(None, []), ("", []), ("a,b", ["a", "b"]), (" a , b,", ["a", "b"]),
     ("power(beta=2.0, zero=-1.0),random", ["power(beta=2.0, zero=-1.0)", "random"])],
)  # fmt: skip
def test_lists_are_split_at_commas_outside_brackets(text: str | None, names: list[str]) -> None:
    assert listed(text) == names


def environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "COLUMNS": "100"}


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "asklearn.cli", *map(str, arguments)]


def test_a_real_process_keeps_words_and_progress_apart_and_pipes_no_colours(table: Path) -> None:
    done = subprocess.run(
        command("simulate", table, "--label", "kind", "--split", "split", "--strategies", "margin",
                "--budget", 20, "--seeds", 1, *FAST),
        capture_output=True, text=True, env=environment(), check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "margin" in done.stdout
    assert "\x1b[" not in done.stdout + done.stderr


TELLING = """
import contextlib, sys
from asklearn import cli

@contextlib.contextmanager
def bar(what):
    yield lambda done, total: print(what, done, file=sys.stderr, flush=True)

cli.bar = bar
cli.main()
"""


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_leaves_the_finished_runs_and_status_130(table: Path, tmp_path: Path, jobs: int) -> None:
    """The signal goes to the whole group, as a terminal sends it, once two runs have finished."""
    out, html = tmp_path / "result.json", tmp_path / "report.html"
    process = subprocess.Popen(
        [sys.executable, "-c", TELLING, "simulate", str(table), "--label", "kind", "--split", "split",
         "--strategies", "margin", "--budget", "60", "--seeds", "5000", *FAST, "--out", str(out),
         "--html", str(html), "--jobs", str(jobs)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(), start_new_session=True,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        assert any(line == "running 2\n" for line in process.stderr)
        os.killpg(process.pid, signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, stderr
    assert "Traceback" not in stderr
    result = json.loads(out.read_text())
    assert result["complete"] is False
    assert 2 <= len(result["runs"]) < 5000
    assert f"Interrupted: {len(result['runs'])} finished runs" in stderr
    assert html.read_text()
    assert str(out) in stdout


@pytest.mark.data
def test_a_real_text_dataset(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "result.json"
    done = run("simulate", data / "text_trec.parquet", "--label", "label", "--text", "text", "--split", "split",
               "--strategies", "random,auto", "--budget", 60, "--seeds", 1, *FAST, "--encoder", "text(dim=64)",
               "--out", out)  # fmt: skip
    assert done.exit_code == 0, done.output
    result: dict[str, Any] = json.loads(out.read_text())
    assert result["dataset"] == "text_trec"
    assert result["test_rows"] == 500
    assert all(one["score"][-1] > 0.3 for one in result["runs"])
