"""``asklearn simulate`` as a shell sees it: one file or many, words, files, exit status."""

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

from asklearn.cli import main
from asklearn.sources.tables import read_table

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
from asklearn.commands import simulate

@contextlib.contextmanager
def bar(what):
    yield lambda done, total: print(what, done, file=sys.stderr, flush=True)

simulate.bar = bar
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


@pytest.fixture
def folder(table: Path, tmp_path: Path) -> Path:
    """Three data sets: one of texts, one without, one that has no label."""
    rows = [line.split(",") for line in table.read_text().splitlines()]
    sets = tmp_path / "sets"
    sets.mkdir()
    for name, kept in {"notes": [3, 4, 5], "sizes": [1, 2, 4], "bare": [1, 2]}.items():
        lines = [",".join(row[place] for place in kept) for row in rows]
        (sets / f"{name}.csv").write_text("\n".join(lines) + "\n")
    (sets / "README.md").write_text("Three sets.\n")
    return sets


def test_a_folder_of_data_sets_is_compared_kept_and_resumed(folder: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    call = ["simulate", folder, "--label", "kind", "--text", "note", "--split", "split", "--strategies",
            "random,margin", "--budget", 20, "--seeds", 2, *FAST, "--results", study]  # fmt: skip
    done = run(*call)
    assert done.exit_code == 0, done.output
    assert "Over 2 data sets, each counted once" in done.stdout
    assert "2 data sets cannot show" in done.stdout
    result = json.loads((study / "results.json").read_text())
    assert [one["dataset"] for one in result["datasets"]] == ["notes", "sizes"]
    assert [one["encoder"] for one in result["datasets"]] == ["text", "tabular"]
    assert [one["test_rows"] for one in result["datasets"]] == [50, 40]
    rows = read_table(study / "rounds.parquet")
    assert rows.rows == 2 * 3 * 2 * 2
    assert rows.columns["score"].tolist() == [
        score for one in result["datasets"] for kept in one["runs"] for score in kept["score"]
    ]
    assert "sizes" in (study / "report.html").read_text()
    again = run(*call)
    assert again.exit_code == 0, again.output
    assert "runs done" not in again.stderr
    assert json.loads((study / "results.json").read_text()) == result
    refused(run(*call, "--budget", 30), "holds runs with budget=20. Got budget=30", "another results folder")


@pytest.mark.parametrize(
    ("change", "words"),
    [(["--label", "knd"], ["None of 3 files has a column 'knd', given as label"]),
     (["--text", "nte"], ["None of 3 files has a column 'nte', given as text"]),
     (["--split", "splt"], ["'splt', given as split"])],
)  # fmt: skip
def test_a_column_that_no_file_has_is_refused(folder: Path, change: list[str], words: list[str]) -> None:
    refused(run("simulate", folder, "--label", "kind", "--seeds", 1, *FAST, *change), *words)


def test_two_files_of_one_name_are_refused(folder: Path, table: Path) -> None:
    (folder.parent / "notes.csv").write_bytes(table.read_bytes())
    refused(run("simulate", folder, folder.parent / "notes.csv", "--label", "kind"), "both 'notes'")


def test_a_table_of_one_data_set(table: Path, tmp_path: Path) -> None:
    done = run("simulate", table, "--label", "kind", "--split", "split", "--strategies", "margin", "--budget", 20,
               "--seeds", 1, *FAST, "--parquet", tmp_path / "t.parquet")  # fmt: skip
    assert done.exit_code == 0, done.output
    assert read_table(tmp_path / "t.parquet").columns["labels"].tolist() == [10, 20]


def test_what_is_left_out_is_told(folder: Path, table: Path) -> None:
    (folder / "tiny.csv").write_text("kind,size\n" + "a,1\nb,2\n" * 5)
    done = run(
        "simulate", folder, "--label", "kind", "--strategies", "margin", "--budget", 20, "--seeds", 1, *FAST
    )
    assert done.exit_code == 0, done.output
    assert "Left out: tiny. A budget of 20 is more than the pool" in done.stderr
