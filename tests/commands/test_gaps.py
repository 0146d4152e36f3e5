"""asklearn gaps: the same in words of eighty columns and as JSON."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest


def told(run, sheet: str) -> None:
    """Label everything, and take every item that came with a price above 90 for its opposite."""
    assert run("ask", "-n", 400, "-o", sheet).exit_code == 0
    with Path(sheet).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["label"] = "large" if (float(row["width"]) > 50) ^ (float(row["price"]) > 80) else "small"
    with Path(sheet).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    assert run("tell", sheet).exit_code == 0


@pytest.fixture
def shop(run, tmp_path: Path):
    lines = ["width,price,kind"] + [f"{(i * 37) % 101},{(i * 53) % 97},k{i % 3}" for i in range(600)]
    (tmp_path / "shop.csv").write_text("\n".join(lines) + "\n")
    done = run("init", "shop.csv", "--columns", "width,price,kind", "--labels", "small,large",
               "--model", "logistic(C=10.0, temperature=1.0)", "--audit", 0.9)  # fmt: skip
    assert done.exit_code == 0, done.output
    return run


def test_a_range_of_a_column_is_named(shop):
    told(shop, "b.csv")
    words = shop("gaps")
    assert words.exit_code == 0, words.output
    assert words.stdout.startswith("1. price ")
    assert max(len(line) for line in words.stdout.splitlines()) <= 80
    found = json.loads(shop("gaps", "--json").stdout)
    assert found[0]["error"]["low"] > found[0]["rest"]["value"]
    assert found[0]["predicates"][0].startswith("price ")
    assert len(found[0]["exemplars"]) == 5


def test_without_labels_nothing_is_confirmed(run, project):
    done = run("gaps")
    assert done.exit_code == 0
    assert "No gap is confirmed" in done.stdout
    assert json.loads(run("gaps", "--json").stdout) == []
