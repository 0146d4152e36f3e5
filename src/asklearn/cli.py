"""The command line. Every command is a thin door: options in, one call, words out.

Exit status: 0 done; 1 refused, with the reason on stderr; 2 wrong usage; 130 interrupted, after what was
finished has been written.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from asklearn import __version__
from asklearn.commands.add import add
from asklearn.commands.ask import ask
from asklearn.commands.doctor import doctor
from asklearn.commands.export import export
from asklearn.commands.init import init
from asklearn.commands.label import label
from asklearn.commands.report import report
from asklearn.commands.shared import INTERRUPTED, bar, listed, writable
from asklearn.commands.status import status
from asklearn.commands.tell import tell
from asklearn.errors import AskLearnError, BadInput

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


for command in (init, add, ask, label, tell, status, report, export, doctor):
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
    result = _simulate(
        data, ["random", "margin", "auto+k_means"], jobs, start=20, batch=20, budget=300, seeds=seeds
    )
    result["command"] = "asklearn demo"
    _finish(result, None, out)


@main.command(short_help="Replay active learning on a file whose labels are known.")
@click.argument("file")
@click.option("--label", required=True, metavar="COL", help="Column of the known labels.")
@click.option("--text", metavar="COL", help="Column of texts.")
@click.option("--image", metavar="COL", help="Column of images (PNG or JPEG bytes).")
@click.option(
    "--columns", metavar="A,B,...", help="Columns of a table; by default all but id, label and split."
)
@click.option("--embedding", metavar="COL", help="Column of ready embeddings.")
@click.option(
    "--split", metavar="COL", help="Column in which 'test' marks the test set; else a stratified fifth."
)
@click.option("--strategies", default="random,margin,auto", show_default=True, metavar="A,B,...")
@click.option("--start", default=20, show_default=True, help="Labels of the first batch.")
@click.option("--batch", default=20, show_default=True, help="Labels of every further batch.")
@click.option("--budget", default=400, show_default=True, help="Labels in all, the audit's included.")
@click.option("--seeds", default=5, show_default=True, help="Repetitions.")
@click.option("--metric", default="accuracy", show_default=True)
@click.option("--encoder", metavar="SPEC", help="As in text(dim=128); by default by the kind of column.")
@click.option("--model", default="logistic", show_default=True, metavar="SPEC", help="As in logistic(C=1.0).")
@click.option("--audit", default=0.1, show_default=True, help="Share of each batch drawn at random.")
@click.option("--out", type=click.Path(dir_okay=False), metavar="JSON", help="Where to write all numbers.")
@click.option("--html", type=click.Path(dir_okay=False), metavar="HTML", help="Where to write a report.")
@click.option("--jobs", default=1, show_default=True, help="Processes; 0 takes every processor.")
def simulate(
    file: str, out: str | None, html: str | None, jobs: int, strategies: str, **options: Any
) -> None:
    """Replay active learning on FILE, whose labels are known, against random.

    FILE is Parquet, CSV, TSV, JSON lines (plain, .gz or .zst), .npz, a folder of images in one folder per
    class, or a saved Hugging Face dataset.

    All strategies of a seed share one random start set, and labels include those of the audit. NAME+k_means
    starts a strategy with the k-means start instead; random is always run both ways.

    \b
    Examples:
      asklearn simulate reviews.csv --label mood --text review --html mood.html
      asklearn simulate digits.parquet --label digit --image png --out r.json
      asklearn simulate adult.csv --label income --strategies margin,auto+k_means
    """
    from asklearn.dataset import load_dataset
    from asklearn.simulate import check_names, one_thread

    writable(*filter(None, (out, html)), source=file)
    check_names(listed(strategies), options["metric"], options["model"])
    inputs = {name: options.pop(name) for name in ("label", "text", "image", "embedding", "split", "encoder")}
    columns = listed(options.pop("columns"))
    with bar("encoding") as progress, one_thread():
        data = load_dataset(file, columns=columns, progress=progress, **inputs)
    result = _simulate(data, listed(strategies), jobs, **options)
    result["command"] = "asklearn " + " ".join(sys.argv[1:])
    _finish(result, out, html)


def _simulate(data: Any, strategies: list[str], jobs: int, **options: Any) -> dict[str, Any]:
    from asklearn import simulate as simulating

    with bar("running") as progress:
        return simulating.simulate(
            data, strategies, jobs=jobs or simulating.default_jobs(), progress=progress, **options
        )


def _finish(result: dict[str, Any], out: str | None, html: str | None) -> None:
    """Show the summary, write what was asked for, and leave with the right status."""
    _summary(result)
    if out:
        _write(out, json.dumps(result, ensure_ascii=False, allow_nan=False))
    if html and result["runs"]:
        from asklearn.report.simulation import simulation_page

        _write(html, simulation_page(result))
    if not result["complete"]:
        click.echo(f"Interrupted: {len(result['runs'])} finished runs are in the results.", err=True)
        sys.exit(INTERRUPTED)


def _write(path: str, text: str) -> None:
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"Cannot write {path}: {error.strerror}. Give another path.") from error
    click.echo(f"Wrote {os.path.abspath(path)}")


def _summary(result: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    runs = result["runs"]
    if not runs:
        return
    table = Table(title=f"{result['dataset']}: {result['metric']} over {_count(runs)}", title_justify="left")
    table.add_column("strategy")
    table.add_column(f"at {runs[0]['labels'][-1]} labels", justify="right")
    table.add_column("mean over log2(labels), 95%", justify="right")
    table.add_column("labels saved against random, 95%", justify="right")
    for name, summary in result["summary"].items():
        last = [run["score"][-1] for run in runs if run["strategy"] == name]
        saved = result["savings"].get(name)
        table.add_row(
            name,
            f"{sum(last) / len(last):.3f}",
            f"{summary['aulc']:.3f} {_between(summary['aulc_low'], summary['aulc_high'], '.3f')}",
            ""
            if saved is None
            else f"{_percent(saved['value'])} {_between(saved['low'], saved['high'], '.0%')}",
        )
    width = None if sys.stdout.isatty() else 100
    console = Console(width=width, highlight=False, markup=False, emoji=False)
    console.print(table)
    full = result["full_data_score"]
    if full is not None:
        console.print(f"All {result['rows'] - result['test_rows']:,} labels give {full:.3f}.")


def _count(runs: list[dict[str, Any]]) -> str:
    seeds = len({run["seed"] for run in runs})
    return f"{seeds} seed{'' if seeds == 1 else 's'}"


def _percent(value: float | None) -> str:
    return "not reached" if value is None else f"{value:.0%}"


def _between(low: float | None, high: float | None, form: str) -> str:
    shown = ["?" if one is None else format(one, form) for one in (low, high)]
    return "" if shown == ["?", "?"] else f"[{shown[0]}, {shown[1]}]"


for command in main.commands.values():
    command.epilog = EXIT_STATUS


if __name__ == "__main__":
    main()
