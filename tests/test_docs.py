"""Documents that fail when they lie: names, links, code, targets, the diagram, the changelog.

Run as a script, ``python tests/test_docs.py PAGE``, it runs the Python blocks of one page.
"""

from __future__ import annotations

import csv
import doctest
import importlib.util
import inspect
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
NAMES = ROOT / "docs" / "names.md"
MADE_ELSEWHERE = ("docs/images/learning-curve.svg", "docs/images/report.png", "docs/claims.md")

MADE = ("_build", "reference", "project")

HEADINGS = {
    "acquisition": "Acquisition functions",
    "selection": "Selections",
    "strategies": "Strategies",
    "metrics": "Metrics",
    "models": "Models",
    "encoders": "Encoders",
    "sources": "Sources",
    "tasks": "Tasks",
    "journals": "Journals",
}
WITH_OPTIONS = ("selection", "strategies", "models", "encoders", "tasks", "journals")


# Pages


@dataclass(frozen=True)
class Block:
    """A fenced block of a page; `line` is that of its first line of code, counted from one."""

    language: str
    line: int
    code: str
    skipped: bool


def blocks(text: str) -> Iterator[Block]:
    """Yield the fenced blocks; one after ``<!-- skip -->`` is marked as skipped."""
    opened: tuple[str, int, bool] | None = None
    before, code = "", []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            if opened:
                yield Block(opened[0], opened[1], "\n".join(code) + "\n", opened[2])
                opened = None
            else:
                opened, code = (line.strip("`").strip(), number + 1, before == "<!-- skip -->"), []
        elif opened:
            code.append(line)
        if line.strip():
            before = line.strip()


def pages() -> list[Path]:
    """Every Markdown file of the project, those of tools and environments excepted."""
    folders = [
        one for one in ROOT.iterdir() if one.is_dir() and not one.name.startswith(".") and one.name != "web"
    ]
    found = [*ROOT.glob("*.md"), *(page for folder in folders for page in folder.rglob("*.md"))]
    return sorted(page for page in found if not any(ROOT / "docs" / one in page.parents for one in MADE))


def prose(text: str) -> str:
    """The page without its fenced blocks and comments."""
    return re.sub(r"^```.*?^```|<!--.*?-->", "", text, flags=re.M | re.S)


def code_lines(text: str) -> list[str]:
    """Every line of code that is not Python: inline code, and blocks for a shell."""
    inline = re.findall(r"`([^`\n]+)`", prose(text))
    fenced = [
        line for one in blocks(text) if one.language in ("", "console") for line in one.code.splitlines()
    ]
    return [re.sub(r"\s#\s.*", "", line).strip() for line in [*inline, *fenced]]


def headings(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ +(.+?)\s*$", prose(text), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


# What docs/names.md must list


def section(page: str, heading: str) -> str:
    """The text below a heading, up to the next one of any level."""
    found = re.search(rf"^#+ {re.escape(heading)}$(.*?)(?=^#|\Z)", page, flags=re.M | re.S)
    return found[1] if found else ""


def rows(text: str) -> dict[str, str]:
    """The names in the first column of a section's tables, each with its row."""
    found = {}
    for line in text.splitlines():
        if line.startswith("| `"):
            for name in re.findall(r"`([^`(]+)[^`]*`", line.split("|")[1]):
                found[name] = line
    return found


def expected() -> dict[str, dict[str, set[str]]]:
    """Heading to the names that must be listed there, and the words that the row of each must hold."""
    import asklearn
    from asklearn import cli, errors, events, registry
    from asklearn.learner import ActiveLearner
    from asklearn.settings import Settings
    from asklearn.state import Status

    wanted: dict[str, dict[str, set[str]]] = {}
    for group, heading in HEADINGS.items():
        wanted[heading] = {name: _options(group, name) for name in registry.names(group)}
    members = [name for name in dir(ActiveLearner) if not name.startswith("_")]
    wanted["Python"] = {name: set() for name in [*asklearn.__all__, *members]}
    wanted["Events"] = {
        name: {one.name for one in fields(kind)} - {"time"} for name, kind in events.KINDS.items()
    }
    wanted["Statuses"] = {one.value: set() for one in Status}
    wanted["Errors"] = {
        name: set()
        for name, thing in vars(errors).items()
        if isinstance(thing, type) and issubclass(thing, errors.AskLearnError)
    }
    wanted["asklearn.toml"] = {"format": set()} | {one.name: set() for one in fields(Settings)}
    wanted["asklearn"] = {"--version": set(), "--help": set(), "-h": set()}
    for name, command in cli.main.commands.items():
        wanted[f"asklearn {name}"] = {option: set() for one in command.params for option in one.opts}
        wanted[f"asklearn {name}"].pop("file", None)
    return wanted


def _options(group: str, name: str) -> set[str]:
    from asklearn.registry import lookup

    plugin = lookup(group, name)
    if group not in WITH_OPTIONS and not isinstance(plugin, type):
        return set()
    return set(inspect.signature(plugin).parameters)


def lies(page: str) -> list[str]:
    """What `page` leaves out, and what it lists that is not there."""
    found = []
    for heading, wanted in expected().items():
        listed = rows(section(page, heading))
        found += [f"{heading}: {name} is not documented" for name in wanted if name not in listed]
        found += [f"{heading}: {name} does not exist" for name in listed if name not in wanted]
        for name, words in wanted.items():
            row = listed.get(name, "")
            found += [f"{heading}: {name} does not mention {w}" for w in sorted(words) if f"`{w}`" not in row]
    return found


def test_names_page_agrees_with_the_code():
    assert lies(NAMES.read_text(encoding="utf-8")) == []


def test_every_group_and_command_is_looked_at():
    from asklearn import cli, registry

    assert set(HEADINGS) == set(registry.GROUPS)
    assert {f"asklearn {name}" for name in cli.main.commands} <= set(expected())
    assert all(expected().values())


@pytest.mark.parametrize(
    "start",
    ["| `--budget`", "| `Flagged`", "| `k_center`", "| `macro_f1`", "| `Conflict`", "| `text`", "| `sql`",
     "| `tables`", "| `classify`", "| `auto`", "| `bald`", "| `logistic`", "| `skipped`", "| `add(X, ids)`",
     "| `Estimate`", "| `--version`"],
)  # fmt: skip
def test_a_missing_row_is_noticed(start: str):
    lines = NAMES.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith(start)]
    assert len(kept) < len(lines)
    assert any("is not documented" in lie for lie in lies("\n".join(kept)))


@pytest.mark.parametrize("word", ["`tuned_at`", "`temperature`", "`probability`"])
def test_a_missing_field_or_option_is_noticed(word: str):
    page = NAMES.read_text(encoding="utf-8")
    assert any(f"does not mention {word.strip('`')}" in lie for lie in lies(page.replace(word, "")))


def test_a_row_for_nothing_is_noticed():
    page = NAMES.read_text(encoding="utf-8").replace("| `margin` |", "| `margn` |")
    assert [lie for lie in lies(page) if "margn does not exist" in lie]


def test_a_command_without_a_section_is_noticed():
    page = NAMES.read_text(encoding="utf-8").replace("### asklearn demo", "### asklearn dem")
    assert any(lie.startswith("asklearn demo: --out is not documented") for lie in lies(page))


# Links


def broken_links(page: Path, text: str) -> list[str]:
    """The relative links and images of a page that lead nowhere."""
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(text)):
        file, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", file):
            continue
        there = (page.parent / file).resolve() if file else page
        if not there.exists():
            if not there.is_relative_to(ROOT) or there.relative_to(ROOT).as_posix() not in MADE_ELSEWHERE:
                broken.append(target)
        elif anchor and anchor not in headings(text if there == page else there.read_text(encoding="utf-8")):
            broken.append(target)
    return broken


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path):
    assert broken_links(page, page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("file", MADE_ELSEWHERE)
def test_generated_files_are_there(file: str):
    if not (ROOT / file).exists():
        pytest.skip(f"{file} has not been generated yet")
    assert (ROOT / file).stat().st_size > 0


def test_broken_links_are_noticed(tmp_path: Path):
    (tmp_path / "there.md").write_text("# A heading, with `code`\n", encoding="utf-8")
    text = (
        "# Here\n[a](there.md) [b](there.md#a-heading-with-code) [c](#here) [d](https://example.org/x)\n"
        "[e](gone.md) [f](there.md#gone) [g](#gone) ![h](gone.png)\n```\n[i](in-code.md)\n```\n"
    )
    (tmp_path / "page.md").write_text(text, encoding="utf-8")
    assert broken_links(tmp_path / "page.md", text) == ["gone.md", "there.md#gone", "#gone", "gone.png"]


# Code


class Nearly(doctest.OutputChecker):
    """Takes decimals that differ by no more than a tenth: other versions of numpy ask other questions."""

    NUMBER = re.compile(r"\d+\.\d+")

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        """Compare the text between decimals exactly, and the decimals nearly."""
        wanted, given = (list(map(float, self.NUMBER.findall(text))) for text in (want, got))
        return self.NUMBER.sub("#", want) == self.NUMBER.sub("#", got) and all(
            abs(one - other) <= 0.1 for one, other in zip(wanted, given, strict=True)
        )


def run_blocks(page: Path) -> int:
    """Run the Python blocks of a page in order, as one script; return how many examples failed."""
    known: dict[str, object] = {"__name__": "__main__"}
    runner = doctest.DocTestRunner(checker=Nearly())
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.language != "python" or block.skipped:
            continue
        if block.code.startswith(">>>"):
            examples = doctest.DocTestParser().get_doctest(
                block.code, known, page.name, str(page), block.line - 1
            )
            runner.run(examples, clear_globs=False)
            known.update(examples.globs)
        else:
            exec(compile("\n" * (block.line - 1) + block.code, str(page), "exec"), known)  # noqa: S102
    return runner.summarize(verbose=False).failed


def run_page(page: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the blocks of a page in a process of their own, so that what they register goes with it."""
    return subprocess.run(
        [sys.executable, __file__, str(page)],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def with_python() -> list[Path]:
    """Pages whose Python runs by itself; what the other tutorials show, tests/test_tutorials.py runs."""
    some = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]
    needed = [page for page in some if page.stem in ("tutorial-text", "tutorial-images", "tutorial-table")]
    return [page for page in some if page not in needed and "```python" in page.read_text(encoding="utf-8")]


@pytest.mark.parametrize("page", with_python(), ids=lambda page: page.name)
def test_python_blocks_run(page: Path, tmp_path: Path):
    done = run_page(page, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_readme_shows_the_library():
    assert ROOT / "README.md" in with_python()


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("```python\nx = 1\n```\n```python\nassert x == 1\n```\n", 0),
        ("```python\nassert 1 == 2\n```\n", 1),
        ("```python\n>>> 1 + 1\n3\n```\n", 1),
        ("```python\n>>> 1 + 1\n2\n```\n", 0),
        ("```python\n>>> 'score', 0.85\n('score', 0.91)\n```\n", 0),
        ("```python\n>>> 'score', 0.85\n('score', 0.96)\n```\n", 1),
        ("```python\n>>> 'score', 0.85\n('error', 0.85)\n```\n", 1),
        ("<!-- skip -->\n\n```python\nraise SystemExit(3)\n```\n", 0),
    ],
)
def test_broken_blocks_are_noticed(code: str, status: int, tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text(code, encoding="utf-8")
    assert run_page(page, tmp_path).returncode == status


# Commands


def targets() -> set[str]:
    return set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.M))


def wrong_commands(text: str) -> list[str]:
    """Lines of a page that call a make target, a claim, a command or an option that is not there."""
    from asklearn import cli

    wrong = []
    for line in code_lines(text):
        if called := re.match(r"make (?!-)([\w-]+)(.*)", line):
            claims = [
                ROOT / "benchmarks" / "claims" / f"{name}.py"
                for name in re.findall(r"\bNAME=(\w+)", called[2])
            ]
            if called[1] not in targets() or not all(path.exists() for path in claims):
                wrong.append(line)
        elif line.startswith("asklearn "):
            name, *words = shlex.split(line)[1:]
            command = cli.main if name.startswith("-") else cli.main.commands.get(name)
            known = {option for one in command.params for option in one.opts} if command else set()
            used = {word.partition("=")[0] for word in [name, *words] if word.startswith("-")}
            if command is None or not used <= known | {"--help", "-h"}:
                wrong.append(line)
    return wrong


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_exist(page: Path):
    assert wrong_commands(page.read_text(encoding="utf-8")) == []


def test_wrong_commands_are_noticed():
    wrong = ["make tset", "make claim NAME=nothing", "asklearn simulte x.csv", "asklearn demo --sed 3"]
    right = ["make test", "make claim NAME=loop DATA=folder", "asklearn demo --seeds 3", "asklearn --version"]
    for template in ("Type `{}` now.", "```console\n{}  # a remark\n```\n"):
        assert wrong_commands("\n\n".join(template.format(line) for line in [*wrong, *right])) == wrong


# What the README says of result.json


def test_readme_names_every_key_of_a_result(tmp_path: Path):
    from click.testing import CliRunner
    from sklearn.datasets import load_iris

    from asklearn.cli import main

    X, y = load_iris(return_X_y=True)
    table, out = tmp_path / "iris.csv", tmp_path / "result.json"
    with table.open("w", newline="", encoding="utf-8") as lines:
        csv.writer(lines).writerows([["a", "b", "c", "d", "kind"], *([*x, f"k{k}"] for x, k in zip(X, y))])  # noqa: B905
    sizes = [
        "--start",
        "10",
        "--batch",
        "10",
        "--budget",
        "20",
        "--seeds",
        "1",
        "--strategies",
        "random,margin",
    ]
    done = CliRunner().invoke(main, ["simulate", str(table), "--label", "kind", *sizes, "--out", str(out)])
    assert done.exit_code == 0, done.output
    result = json.loads(out.read_text(encoding="utf-8"))
    run = result["runs"][0]
    keys = {*result, *run, *run["estimate"][0], *run["forecast"][0], *run["seconds"]}
    keys |= {*result["summary"]["margin"], *result["savings"]["margin"]}
    said = (ROOT / "README.md").read_text(encoding="utf-8")
    told = set(
        re.findall(r"`(\w+)`", said[said.index("`result.json` holds") : said.index("## What to trust")])
    )
    assert keys - told == set()
    listed = rows(section(said, "Would it pay on my data?"))
    assert {name for name in listed if not name.startswith("--")} <= set(result)


# Architecture


def modules() -> set[str]:
    """Every module that a newcomer may look for; those inside the report are its own affair."""
    source = ROOT / "src" / "asklearn"
    found = {".".join(path.relative_to(source).with_suffix("").parts) for path in source.rglob("*.py")}
    return {
        name
        for name in found
        if not name.startswith("report.") and not any(part.startswith("_") for part in name.split("."))
    }


def test_every_module_has_its_floor():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w.]+)`", section(page, "Floors")))
    assert modules() - named == set()
    listed = {name for name in named if "." in name and not name.startswith("registry.")}
    assert listed <= modules()


def _script(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_state_diagram_is_current():
    script = _script(ROOT / "docs" / "make_state_diagram.py")
    page = script.PAGE.read_text(encoding="utf-8")
    assert script.drawn(page) == page, "run: make docs"
    assert script.drawn(page.replace("asked --> answered", "asked --> erased")) == page
    with pytest.raises(SystemExit, match="Expected the marks"):
        script.drawn(page.replace(script.END, ""))


def test_every_method_has_its_page_and_each_is_current():
    script = _script(ROOT / "docs" / "make_methods.py")
    made = script.files()
    there = {*script.PAGES.iterdir(), *script.FIGURES.iterdir()}
    assert there == set(made), "run: make docs"
    assert [file.name for file, text in made.items() if file.read_text(encoding="utf-8") != text] == []
    named = {name for group in script.GROUPS for name in script.registry.names(group)}
    assert named == {file.stem for file in script.PAGES.iterdir()} - {"index"}


def test_a_method_s_losses_are_said(tmp_path: Path):
    script = _script(ROOT / "docs" / "make_methods.py")
    flat = {"curve": [[10, 20], [0.5, 0.6]], "saved": dict.fromkeys(["value", "low", "high"]), "final": 0.6}
    rows = {"random": {**flat, "area": [0.5]}, "bad": {**flat, "area": [0.4], "gain": [-0.1, -0.2, -0.05]}}
    curves = {"seeds": 2, "details": {"table": {"text_x": rows}, "mean_rank": {"random": 1.0, "bad": 2.0}}}
    said = " ".join(script.measured("bad", curves))
    assert "surely worse on x" in said
    assert "better than random on none" in said
    assert "-10.0 [-20.0, -5.0]" in said


# The built pages


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a copy of the documents; any warning is an error."""
    pytest.importorskip("sphinx", reason="no sphinx; make check installs it")
    out = tmp_path_factory.mktemp("built")
    shutil.copytree(ROOT / "docs", out / "docs", ignore=shutil.ignore_patterns(*MADE))
    for page in ROOT.glob("*.md"):
        shutil.copy(page, out)
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-d", str(out / "trees"), str(out / "docs"),
         str(out / "pages")],
        env={**os.environ, "OMP_NUM_THREADS": "1", "NO_COLOR": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return out / "pages"


def test_documents_build_without_a_warning(built: Path):
    for name in (
        "index",
        "names",
        "architecture",
        "project/readme",
        "reference/index",
        "reference/registered",
    ):
        assert (built / f"{name}.html").stat().st_size > 1000


def test_everything_registered_has_its_entry_in_the_reference(built: Path):
    from asklearn import registry

    reference = _script(ROOT / "docs" / "make_reference.py")
    listed = zlib.decompress((built / "objects.inv").read_bytes().split(b"\n", 4)[4]).decode()
    known = {line.split(" ")[0] for line in listed.splitlines()}
    page = (built / "reference" / "registered.html").read_text(encoding="utf-8")
    for group in registry.GROUPS:
        for name in registry.names(group):
            assert f'id="{group}-{name.replace("_", "-")}"' in page
            assert reference.object_of(registry.lookup(group, name)) in known


def test_no_page_asks_another_server_for_anything(built: Path):
    loaded = re.compile(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=\"(?:https?:)?//[^\"]*")
    assert [
        found[0] for page in built.rglob("*.html") if (found := loaded.search(page.read_text("utf-8")))
    ] == []


# Changelog


def test_fragments_are_well_named():
    collect = _script(ROOT / "changelog.d" / "collect.py")
    for path in collect.fragments(ROOT / "changelog.d"):
        assert path.read_text(encoding="utf-8").strip(), f"{path.name} is empty"


def test_fragments_are_collected(tmp_path: Path):
    collect = _script(ROOT / "changelog.d" / "collect.py")
    page, folder = tmp_path / "CHANGELOG.md", tmp_path / "changelog.d"
    folder.mkdir()
    page.write_text(f"# Changes\n\n{collect.MARK}\n\n## 0.1.0 (2000-01-01)\n", encoding="utf-8")
    for name, text in {"10.fixed.md": "C.", "9.fixed.md": "B.", "12.added.md": "A.\n- D.\n"}.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "README.md").write_text("How.", encoding="utf-8")
    collect.collect("0.2.0", folder, page)
    text = re.sub(r"0\.2\.0 \(\d{4}-\d\d-\d\d\)", "0.2.0 (today)", page.read_text(encoding="utf-8"))
    assert text == (
        f"# Changes\n\n{collect.MARK}\n\n## 0.2.0 (today)\n\n### Added\n\n- A. (#12)\n- D. (#12)\n\n"
        "### Fixed\n\n- B. (#9)\n- C. (#10)\n\n## 0.1.0 (2000-01-01)\n"
    )
    assert [path.name for path in folder.iterdir()] == ["README.md"]


@pytest.mark.parametrize("name", ["2.new.md", "added.md", "2-added.md"])
def test_a_misnamed_fragment_is_refused(name: str, tmp_path: Path):
    (tmp_path / name).write_text("A.", encoding="utf-8")
    with pytest.raises(SystemExit, match="rename it"):
        _script(ROOT / "changelog.d" / "collect.py").fragments(tmp_path)


if __name__ == "__main__":
    sys.exit(bool(run_blocks(Path(sys.argv[1]))))


def test_what_the_readme_says_of_the_curves_is_what_was_measured() -> None:
    result = json.loads((ROOT / "benchmarks" / "results" / "curves.json").read_text(encoding="utf-8"))
    ranks, table = result["details"]["mean_rank"], result["details"]["table"]
    gains = [rows["auto+k_means"]["gain"] for rows in table.values()]
    counts = ["none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    said = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    assert f"All {len(ranks) - 2} strategies" in said
    assert f"on {counts[len(table)]} data sets with {counts[result['seeds']]} seeds" in said
    assert min(ranks, key=ranks.__getitem__) == "auto+k_means"
    above = counts[sum(low > 0 for _, low, _ in gains)]
    assert f"the best mean rank, surely above random on {above} sets and never surely below" in said
    assert all(high >= 0 for _, _, high in gains)
