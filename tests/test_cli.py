"""The command line as a shell sees it: words, files, exit status."""

from __future__ import annotations

import pytest
from click.testing import CliRunner, Result

from asklearn import __version__
from asklearn.cli import main
from asklearn.commands.shared import listed


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(one) for one in arguments])


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
