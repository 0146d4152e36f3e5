"""Every claim script runs in its quick form and ends with its claims."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

CLAIMS = sorted((Path(__file__).resolve().parents[2] / "benchmarks" / "claims").glob("*.py"))
NEED_DATA = {
    "loop",
    "init",
    "evaluation",
    "curves",
    "forecast",
    "price",
    "stopping",
    "auto",
    "gaps",
    "server_load",
    "label_page",
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "script",
    [
        pytest.param(path, id=path.stem, marks=[pytest.mark.data] if path.stem in NEED_DATA else [])
        for path in CLAIMS
    ],
)
def test_the_quick_form_states_its_claims(script: Path, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "result.json"
    command = [sys.executable, str(script), "--quick", "--data", str(data), "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    claims = json.loads(out.read_text())["claims"]
    assert claims
    assert all(f"claim {one['name']} " in done.stdout for one in claims)
    assert json.loads(out.read_text())["partial"] is True


def test_every_claim_script_is_found() -> None:
    assert {"loop", "journal", "startup", "evaluation", "refresh"} <= {path.stem for path in CLAIMS}
