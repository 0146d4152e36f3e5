"""The floors: imports run one way, heavy dependencies have one home, every module has its test."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SRC = ROOT / "src" / "asklearn"

FLOORS = {
    "words": ["types", "errors", "arguments", "files", "seeds", "protocols", "registry", "__init__"],
    "mathematics": [
        "batching", "acquisition", "selection", "strategies", "metrics", "intervals", "estimators", "evaluate",
        "breakdown", "calibration", "conformal", "selective", "emphasis", "forecast", "stopping", "price", "composite",
        "curves", "neighbours", "costs",
        "statistics", "gaps",
    ],
    "truth": ["audit", "events", "state", "journal"],
    "edges": ["journals", "models", "encoders", "sources", "tasks"],
    "loop": [
        "learner", "assessor", "loop", "recorder", "asking", "drawing", "pool", "vectors", "features",
        "ranking", "crossfit", "withheld", "emphasised", "watching", "baseline", "evidence", "aiming", "guard",
        "simulate", "dataset",
    ],
    "testing": ["testing"],
    "doors": [
        "__main__", "cli", "commands", "project", "importing", "survey", "manifest", "saved_model", "settings",
        "sheets", "labels", "demo", "report", "server",
    ],
}  # fmt: skip

MAY_IMPORT = {
    "words": {"words"},
    "mathematics": {"words", "mathematics"},
    "truth": {"words", "truth"},
    "edges": {"words", "mathematics", "truth", "edges"},
    "loop": {"words", "mathematics", "truth", "loop"},
    "testing": {"words", "mathematics", "truth", "testing"},
    "doors": {"words", "mathematics", "truth", "edges", "loop", "doors"},
}

HOMES = {
    "sqlalchemy": {"journals", "server"},
    "psycopg": {"journals"},
    "fastapi": {"server"},
    "uvicorn": {"server"},
    "pyarrow": {"sources"},
    "PIL": {"encoders"},
    "skops": {"saved_model"},
    "onnx": {"encoders"},
    "onnxruntime": {"encoders"},
    "tokenizers": {"encoders"},
    "safetensors": {"encoders"},
    "sentence_transformers": {"encoders"},
    "torch": {"models"},
    "transformers": {"models"},
    "click": {"cli", "commands"},
    "rich": {"cli", "commands"},
}

UNTESTED = {
    "asklearn": "its two promises are tested here",
    "asklearn.__main__": "tests/commands/test_bad_input.py interrupts every command through it",
    "asklearn.acquisition.base": "its checks are tested through every acquisition function",
    "asklearn.selection.base": "its checks are tested through every selection",
    "asklearn.encoders._base": "shared by the encoders, whose tests cover it",
    "asklearn.journals.repair": "tested beside the journal that it mends, in tests/journals/test_sql.py",
    "asklearn.assessor": "the learner is one; tests/test_learner.py and test_withheld.py test what it says",
    "asklearn.loop": "the learner is one; tests/test_learner.py tests how it asks and fits",
    "asklearn.recorder": "the learner is one; tests/test_learner.py tests what it records",
    "asklearn.server.board": "tests/server/test_worker.py reads what the worker puts there",
    "asklearn.server.database": "what is kept in it is tested, in tests/server/test_leases.py",
    "asklearn.server.endings": "tests/server/test_supervisor.py ends workers in several ways",
    "asklearn.server.measuring": "tests/server/test_worker.py measures, and lets it fail",
    "asklearn.server.guard": "tests/server/test_security.py sends what it turns away",
    "asklearn.server.problems": "tests/server/test_api.py holds every answer to its form",
    "asklearn.server.progress": "tests/server/test_app.py reads it",
    "asklearn.server.routes": "tests/server/test_app.py goes through them",
    "asklearn.server.schemas": "tests/server/test_app.py sends what fits and what does not",
    "asklearn.protocols": "contracts without code; every plug-in's suite tests them",
    "asklearn.simulate.replay": "one run; tests/simulate/test_single.py tests what it holds",
    "asklearn.simulate.result": "what runs add up to; tests/simulate/test_single.py tests it",
    "asklearn.simulate.workers": "tests/simulate/test_single.py compares one process with two",
    "asklearn.testing.candidates": "made-up inputs of the suites, which planted faults test",
    "asklearn.testing.journals": "its planted faults are in tests/test_journal.py",
}


def modules(src: Path) -> dict[str, Path]:
    """Return every module of the package by its dotted name; a package is its ``__init__``."""
    found = {}
    for path in sorted(src.rglob("*.py")):
        parts = ("asklearn", *path.relative_to(src).with_suffix("").parts)
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(path: Path, *, late: bool = True) -> set[str]:
    """Return the names that a module imports, inside functions too unless not `late`.

    ``require("x")`` and ``import_module("x")`` are imports as well; what only types need is not.
    """
    names = set()
    for node in _nodes(ast.parse(path.read_text()), late):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("require", "import_module", "__import__"):
                names.add(str(node.args[0].value))
    return names


def _nodes(tree: ast.AST, late: bool) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if late or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node
            yield from _nodes(node, late)


def floor_of(module: str) -> str | None:
    part = module.split(".")[1] if "." in module else "__init__"
    return next((floor for floor, parts in FLOORS.items() if part in parts), None)


def violations(src: Path) -> list[str]:
    """Return every broken rule of the floors, in words."""
    known = modules(src)
    broken = [f"{module} belongs to no floor" for module in known if floor_of(module) is None]
    graph = {}
    for module, path in known.items():
        floor = floor_of(module)
        for name in sorted(imported(path) & set(known)):
            below = floor_of(name)
            if floor and below and below not in MAY_IMPORT[floor] and name != "asklearn":
                broken.append(f"{module} ({floor}) imports {name} ({below})")
        graph[module] = (imported(path, late=False) & set(known)) - {module, "asklearn"}
        for package, homes in HOMES.items():
            used = any(name.partition(".")[0] == package for name in imported(path))
            if used and not homes & set(module.split(".")[1:2]):
                broken.append(f"{module} imports {package}, whose home is {', '.join(sorted(homes))}")
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        broken.append(f"a cycle of imports: {' <- '.join(error.args[1])}")
    return broken


def test_the_floors_hold() -> None:
    assert violations(SRC) == []


@pytest.mark.parametrize(
    ("file", "line", "words"),
    [
        (
            "types.py",
            "from asklearn.metrics import metric",
            "types (words) imports asklearn.metrics (mathematics)",
        ),
        ("metrics.py", "from asklearn import state", "metrics (mathematics) imports asklearn.state (truth)"),
        ("audit.py", "import asklearn.metrics", "audit (truth) imports asklearn.metrics (mathematics)"),
        (
            "learner.py",
            "def f():\n    from asklearn.models.logistic import x",
            "imports asklearn.models.logistic (edges)",
        ),
        (
            "learner.py",
            "import_module('asklearn.models.logistic')",
            "imports asklearn.models.logistic (edges)",
        ),
        ("models/logistic.py", "from asklearn import learner", "imports asklearn.learner (loop)"),
        ("pool.py", "from asklearn.cli import main", "imports asklearn.cli (doors)"),
        ("learner.py", "from asklearn import pool\n", "a cycle of imports"),
        ("metrics.py", "from rich.table import Table", "imports rich, whose home is cli"),
        (
            "learner.py",
            "arrow = registry.require('pyarrow.csv', 'app')",
            "imports pyarrow, whose home is sources",
        ),
        ("novelty.py", "", "asklearn.novelty belongs to no floor"),
    ],
)
def test_a_planted_violation_is_caught(tmp_path: Path, file: str, line: str, words: str) -> None:
    for name in ("__init__", "types", "metrics", "state", "audit", "pool", "learner", "cli"):
        (tmp_path / f"{name}.py").write_text("")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "__init__.py").write_text("")
    (tmp_path / "models" / "logistic.py").write_text("from asklearn.types import X")
    (tmp_path / "pool.py").write_text("import asklearn.learner" if "cycle" in words else "")
    assert violations(tmp_path) == []
    (tmp_path / file).write_text(line)
    assert any(words in one for one in violations(tmp_path))


def _lists_names(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"


def test_every_module_has_a_test_of_its_name() -> None:
    missing = []
    for module, path in modules(SRC).items():
        tree = ast.parse(path.read_text())
        empty = all(
            isinstance(node, ast.Expr | ast.ImportFrom | ast.Import) or _lists_names(node)
            for node in tree.body
        )
        if module in UNTESTED or empty:
            continue
        relative = path.relative_to(SRC)
        test = ROOT / "tests" / relative.parent / f"test_{relative.name.strip('_')}"
        if not test.is_file():
            missing.append(f"{module} has no {test.relative_to(ROOT)}, and no reason in UNTESTED")
    assert missing == []


def test_importing_the_package_loads_numpy_alone_and_every_name_is_there() -> None:
    program = (
        "import sys; before = set(sys.modules); import asklearn; "
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}; "
        "print(sorted(new & {'scipy', 'sklearn', 'sqlalchemy', 'pyarrow', 'PIL', 'click', 'rich', 'pandas'})); "
        "[getattr(asklearn, name) for name in asklearn.__all__]"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr, done.returncode) == ("[]", "", 0)


def test_reasons_for_having_no_test_are_not_outdated() -> None:
    assert set(UNTESTED) <= set(modules(SRC))
