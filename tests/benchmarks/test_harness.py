"""The frame of the claims: verdicts, resuming, and partial runs that say so."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
if not BENCHMARKS.exists():
    pytest.skip("benchmarks/ is not part of this installation", allow_module_level=True)
sys.path.insert(0, str(BENCHMARKS))

import harness  # noqa: E402


@pytest.mark.parametrize(
    ("value", "low", "high", "target", "verdict"),
    [
        (0.3, 0.26, 0.4, ">=0.25", "met"),
        (0.3, 0.2, 0.4, ">=0.25", "open"),
        (0.2, 0.1, 0.24, ">=0.25", "short"),
        (4, 4, 5, "<=5", "met"),
        (4, 4, 5.1, "<=5", "open"),
        (6, 5.5, 7, "<=5", "short"),
        (0.91, 0.89, 0.93, "0.87..0.94", "met"),
        (0.91, 0.80, 0.99, "0.87..0.94", "open"),
        (0.80, 0.75, 0.86, "0.87..0.94", "short"),
        (0, 0, 0, "0..0", "met"),
        (1, 1, 1, "0..0", "short"),
        (float("nan"), float("nan"), float("nan"), ">=0", "short"),
    ],
)
def test_a_verdict_is_by_the_whole_interval(value, low, high, target, verdict):
    assert harness.Claim("x", value, low, high, target).verdict == verdict


def test_results_have_a_line_for_each_claim_and_detail():
    document = {
        "name": "x",
        "claims": [{"value": 1.0}, {"value": None}],
        "details": {"a": {"b": [1, 2]}, 3: []},
    }
    text = harness.in_lines(document)
    assert json.loads(text) == document | {"details": {"a": {"b": [1, 2]}, "3": []}}
    assert text.splitlines()[2:5] == [' "claims": [', '  {"value": 1.0},', '  {"value": null}']


SCRIPT = """
import sys
sys.path.insert(0, {benchmarks!r})
import harness
from pathlib import Path
harness.RESULTS = Path({results!r})

def unit(x, seed):
    with open({log!r}, "a") as log:
        log.write(f"{{x}} {{seed}}\\n")
    if x == 2 and not Path({go!r}).exists():
        raise KeyboardInterrupt
    return x * 10 + seed

def measure(run):
    found = run.map(unit, [{{"x": x, "seed": seed}} for x in (1, 2) for seed in range(run.seeds)])
    run.claim("sum", sum(found), None, None, "<=1000")
    run.claim("short", 1, 1, 1, ">=2")

if __name__ == "__main__":
    sys.exit(harness.main("planted", measure, cpu_hours=0.1, seeds=2, level=3, quick={{"seeds": 1}}))
"""


@pytest.fixture
def script(tmp_path):
    paths = {name: str(tmp_path / name) for name in ("results", "log", "go")}
    (tmp_path / "claim.py").write_text(SCRIPT.format(benchmarks=str(BENCHMARKS), **paths))

    def run(*arguments):
        return subprocess.run(
            [sys.executable, str(tmp_path / "claim.py"), *arguments],
            capture_output=True, text=True, check=False, env={**os.environ, "ASKLEARN_DATA": str(tmp_path)},
        )  # fmt: skip

    return run


def test_an_interrupted_run_goes_on_and_a_partial_one_says_so(script, tmp_path):
    log, results = tmp_path / "log", tmp_path / "results"
    assert script().returncode != 0
    assert log.read_text().split("\n")[:-1] == ["1 0", "1 1", "2 0"]
    with (results / "cache" / "planted.jsonl").open("a") as lines:
        lines.write('{"key": "cut sho')
    (tmp_path / "go").touch()

    done = script()
    assert done.returncode == 0, done.stderr
    assert log.read_text().split("\n")[:-1] == ["1 0", "1 1", "2 0", "2 0", "2 1"]
    assert done.stdout.splitlines()[-2:] == [
        "claim sum value=62 low=62 high=62 target=<=1000 met",
        "claim short value=1 low=1 high=1 target=>=2 short",
    ]
    document = json.loads((results / "planted.json").read_text())
    assert [claim["verdict"] for claim in document["claims"]] == ["met", "short"]
    assert {"versions", "machine", "revision", "cpu_seconds"} <= set(document)
    assert document["units"]["count"] == sum(document["units"]["revisions"].values()) == 4
    assert "units" not in document["details"]
    assert not document["partial"]

    partial = script("--quick", "--strict", "--jobs", "2")
    assert partial.returncode == 1
    assert len(log.read_text().splitlines()) == 5
    assert partial.stdout.endswith("short (partial)\n")
    assert json.loads((results / "planted.partial.json").read_text())["partial"]
    assert "partial" in script("--level", "4").stdout
