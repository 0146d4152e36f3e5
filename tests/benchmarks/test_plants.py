"""Plants know nothing of gaps, and are what they say."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import numpy as np

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

from plants import Plant, draw  # noqa: E402


def test_they_import_nothing_of_what_they_test() -> None:
    tree = ast.parse((BENCHMARKS / "plants.py").read_text())
    named = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    named += [one.name for node in ast.walk(tree) if isinstance(node, ast.Import) for one in node.names]
    assert not [one for one in named if one.startswith("asklearn")]


def test_a_plant_has_3_to_10_percent_and_its_key_holds_inside_alone() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(500, 3)), rng.choice(["a", "b", "c"], 500).tolist()
    texts = [" ".join(rng.choice([f"word{i}" for i in range(40)], 2)) for _ in range(500)]
    table = {"n": rng.normal(size=500), "kind": rng.choice(list("pqrstuvwxyzabcdef"), 500)}
    for told_of in (texts, table):
        for _ in range(10):
            plant = draw(X, y, told_of, "mislabelled", rng)
            assert 0.03 <= plant.inside_N.mean() <= 0.1
            assert plant.told != plant.was
            if plant.what == "word":
                assert [plant.key in text.split() for text in texts] == plant.inside_N.tolist()


def test_only_labels_that_were_not_drawn_at_random_are_lost_or_changed() -> None:
    inside = np.array([True, True, True, False])
    y, rows, by_lot = ["a", "a", "b", "a"], [0, 1, 2, 3], [True, False, False, False]
    assert Plant("starved", "word", "x", inside).labels(y, rows, by_lot) == ["a", None, None, "a"]
    changed = Plant("mislabelled", "word", "x", inside, "a", "c").labels(y, rows, by_lot)
    assert changed == ["a", "c", "b", "a"]
