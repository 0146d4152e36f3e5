"""The command line. Every command is a thin door: options in, one call, words out.

Exit status: 0 done; 1 refused, with the reason on stderr; 2 wrong usage; 130 interrupted, after what was
finished has been written.
"""

from __future__ import annotations

import errno
from typing import Any

import click

from asklearn import __version__
from asklearn.commands.add import add
from asklearn.commands.ask import ask
from asklearn.commands.doctor import doctor
from asklearn.commands.export import export
from asklearn.commands.gaps import gaps
from asklearn.commands.init import init
from asklearn.commands.label import label
from asklearn.commands.report import report
from asklearn.commands.serve import invite, serve
from asklearn.commands.shared import INTERRUPTED, writable
from asklearn.commands.simulate import finish, replay, simulate
from asklearn.commands.status import status
from asklearn.commands.tell import tell
from asklearn.errors import AskLearnError

EXIT_STATUS = "Exit status: 0 done, 1 refused (the reason is on stderr), 2 wrong usage, 130 interrupted."


class _Group(click.Group):
    """Turns errors into one line and exit status 1, and an interruption into 130."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which a project needs them."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except AskLearnError as error:
            click.echo(f"Error: {error}", err=True)
            ctx.exit(1)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise
            click.echo(f"Error: {error}", err=True)
            ctx.exit(1)
        except KeyboardInterrupt:
            click.echo("Interrupted before anything was finished.", err=True)
            ctx.exit(INTERRUPTED)


@click.group(
    cls=_Group,
    epilog=EXIT_STATUS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, "--version", message="asklearn %(version)s")
def main() -> None:
    """Ask people only for the labels a model needs, and know what each is worth.

    \b
    Examples:
      asklearn demo
      asklearn simulate reviews.csv --label mood --text review --html mood.html
      asklearn init reviews.csv --text review --labels good,bad
    """


for command in (init, add, ask, label, serve, invite, tell, status, gaps, report, export, doctor):
    main.add_command(command)


@main.command(short_help="See active learning work on images of digits.")
@click.option(
    "--out", default="asklearn-demo.html", show_default=True, type=click.Path(dir_okay=False), help="Report."
)
@click.option("--seeds", default=5, show_default=True, type=click.IntRange(1), help="Repetitions.")
@click.option("--jobs", default=0, type=click.IntRange(0), help="Processes; 0 takes every processor.")
def demo(out: str, seeds: int, jobs: int) -> None:
    """See active learning work on 1,797 images of handwritten digits, in about a minute.

    \b
    Example:
      asklearn demo --out digits.html
    """
    from asklearn.demo import digits, narrate

    writable(out)
    data = digits()
    click.echo(
        f"{len(data.X_pool):,} images of digits to ask from, {len(data.X_test)} kept aside as a test.\n"
        "One project, as you would run it: k-means start, then ask() and tell().\n"
    )
    narrate(data, click.echo)
    click.echo(f"\nNow {seeds} seeds of each strategy, to tell luck from gain.")
    result = replay(
        data, ["random", "margin", "auto+k_means"], jobs, start=20, batch=20, budget=300, seeds=seeds
    )
    result["command"] = "asklearn demo"
    finish(result, None, out)


main.add_command(simulate)
for command in main.commands.values():
    command.epilog = EXIT_STATUS


if __name__ == "__main__":
    main()
