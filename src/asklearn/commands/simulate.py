"""``asklearn simulate``: would active learning have paid on labels that are known?"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import click

from asklearn.commands.shared import INTERRUPTED, bar, listed, plural, writable
from asklearn.errors import BadInput

_INPUTS = ("label", "text", "image", "embedding", "split", "encoder")


@click.command(short_help="Replay active learning on files whose labels are known.")
@click.argument("file", nargs=-1, required=True, metavar="FILE...")
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
@click.option(
    "--results", type=click.Path(file_okay=False), metavar="DIR",
    help="Folder that keeps every finished run; the same command goes on where it stopped.",
)  # fmt: skip
@click.option("--out", type=click.Path(dir_okay=False), metavar="JSON", help="Where to write all numbers.")
@click.option(
    "--parquet", type=click.Path(dir_okay=False), metavar="FILE",
    help="Where to write a table: a row per data set, strategy, seed and round.",
)  # fmt: skip
@click.option("--html", type=click.Path(dir_okay=False), metavar="HTML", help="Where to write a report.")
@click.option("--jobs", default=1, show_default=True, help="Processes; 0 takes every processor.")
def simulate(
    file: tuple[str, ...],
    results: str | None,
    out: str | None,
    parquet: str | None,
    html: str | None,
    jobs: int,
    strategies: str,
    **options: Any,
) -> None:
    """Replay active learning on files whose labels are known, against random.

    FILE is Parquet, CSV, TSV, JSON lines (plain, .gz or .zst), .npz, a folder of images in one folder per
    class, or a saved Hugging Face dataset. Of several files, or of a folder of data files, each is a data set,
    and uses those of the named columns that it has; strategies are then also compared over data sets.

    All strategies of a seed share one random start set, and labels include those of the audit. NAME+k_means
    starts a strategy with the k-means start instead; random is always run both ways.

    With --results, finished runs are kept, nothing is run twice, and the folder also gets results.json,
    rounds.parquet and report.html.

    \b
    Examples:
      asklearn simulate reviews.csv --label mood --text review --html mood.html
      asklearn simulate digits.parquet --label digit --image png --out r.json
      asklearn simulate adult.csv --label income --strategies margin,auto+k_means
      asklearn simulate sets/ --label y --text text --results study --jobs 0
    """
    from asklearn.commands.datasets import data_files
    from asklearn.simulate import check_names, default_jobs

    for one in file:
        writable(*filter(None, (out, parquet, html)), source=one)
    names = listed(strategies)
    check_names(names, options["metric"], options["model"])
    inputs = {name: options.pop(name) for name in _INPUTS} | {"columns": listed(options.pop("columns"))}
    found = data_files(file)
    settings = {**options, "jobs": jobs or default_jobs()}
    whole = len(found) > 1 or results is not None
    result = (
        _many(found, inputs, names, results, settings) if whole else _one(found[0], inputs, names, settings)
    )
    result["command"] = "asklearn " + " ".join(sys.argv[1:])
    if results is not None and _finished(result):
        folder = Path(results)
        places = (folder / "results.json", folder / "rounds.parquet", folder / "report.html")
        out, parquet, html = (
            given or str(place) for given, place in zip((out, parquet, html), places, strict=True)
        )
    finish(result, out, html, parquet)


def _one(path: Path, inputs: dict[str, Any], names: list[str], settings: dict[str, Any]) -> dict[str, Any]:
    from asklearn.dataset import load_dataset
    from asklearn.simulate import one_thread

    with bar("encoding") as progress, one_thread():
        data = load_dataset(path, progress=progress, **inputs)
    jobs = settings.pop("jobs")
    return replay(data, names, jobs, **settings)


def _many(
    files: list[Path], inputs: dict[str, Any], names: list[str], results: str | None, settings: dict[str, Any]
) -> dict[str, Any]:
    """Simulate data set after data set, telling how far it has come."""
    from asklearn.commands.datasets import loaders
    from asklearn.simulate import simulate_many

    with bar("running") as show:
        begun, seen = time.monotonic(), [""]

        def progress(name: str, done: int, total: int) -> None:
            show(done, total)
            if name != seen[0] and not sys.stderr.isatty():
                spent = time.monotonic() - begun
                left = f", about {_duration(spent / done * (total - done))} left" if done else ""
                click.echo(f"{name}: {done:,} of {plural(total, 'run')} done{left}", err=True)
                seen[0] = name

        found = simulate_many(loaders(files, inputs), names, results=results, progress=progress, **settings)
    for name, why in found["left_out"].items():
        click.echo(f"Left out: {name}. {why}", err=True)
    return found


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return (
        f"{seconds:.0f} s"
        if seconds < 90
        else f"{minutes} min"
        if minutes < 90
        else f"{seconds / 3600:.1f} h"
    )


def replay(data: Any, strategies: list[str], jobs: int, **options: Any) -> dict[str, Any]:
    """Simulate on one data set, with a bar that shows how far it has come."""
    from asklearn import simulate as simulating

    with bar("running") as progress:
        return simulating.simulate(
            data, strategies, jobs=jobs or simulating.default_jobs(), progress=progress, **options
        )


def _finished(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the results of the data sets that have any run."""
    return [one for one in result.get("datasets", [result]) if one["runs"]]


def finish(result: dict[str, Any], out: str | None, html: str | None, parquet: str | None = None) -> None:
    """Show the summary, write what was asked for, and leave with the right status."""
    from asklearn.files import replacing
    from asklearn.report.datasets import datasets_page
    from asklearn.report.simulation import simulation_page
    from asklearn.simulate import rounds
    from asklearn.sources.items import write_items

    done = _finished(result)
    for one in done:
        _summary(one)
        one.setdefault("command", result["command"])
    _over_datasets(result.get("comparison"))
    if out:
        _write(out, json.dumps(result, ensure_ascii=False, allow_nan=False))
    if parquet and done:
        with replacing(Path(parquet)) as file:
            write_items(file, rounds(done))
        click.echo(f"Wrote {os.path.abspath(parquet)}")
    if html and done:
        _write(html, datasets_page(result) if len(done) > 1 else simulation_page(done[0]))
    if not result["complete"]:
        runs = sum(len(one["runs"]) for one in done)
        again = " The same command goes on from there." if result.get("kept") else ""
        click.echo(f"Interrupted: {runs} finished runs are in the results.{again}", err=True)
        sys.exit(INTERRUPTED)


def _write(path: str, text: str) -> None:
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"Cannot write {path}: {error.strerror}. Give another path.") from error
    click.echo(f"Wrote {os.path.abspath(path)}")


def _summary(result: dict[str, Any]) -> None:
    runs = result["runs"]
    title = (
        f"{result['dataset']}: {result['metric']} over {plural(len({run['seed'] for run in runs}), 'seed')}"
    )
    head = ["strategy", f"at {runs[0]['labels'][-1]} labels", "mean over log2(labels), 95%",
            "labels saved against random, 95%"]  # fmt: skip
    rows = []
    for name, summary in result["summary"].items():
        last = [run["score"][-1] for run in runs if run["strategy"] == name]
        saved = result["savings"].get(name)
        rows.append([
            name,
            f"{sum(last) / len(last):.3f}",
            f"{summary['aulc']:.3f} {_between(summary['aulc_low'], summary['aulc_high'], '.3f')}",
            "" if saved is None else f"{_percent(saved['value'])} {_between(saved['low'], saved['high'], '.0%')}",
        ])  # fmt: skip
    full = result["full_data_score"]
    every = (
        f"All {result['rows'] - result['test_rows']:,} labels give {full:.3f}." if full is not None else ""
    )
    _table(title, head, rows, every)


def _over_datasets(found: dict[str, Any] | None) -> None:
    """Show how strategies compare over data sets, and what so few of them cannot tell."""
    if found is None:
        return
    place = dict(zip(found["ranks"]["names"], found["ranks"]["mean_rank"], strict=True))
    head = ["strategy", "mean rank", "gain over random, 95%", "better, even, worse", "labels needed, 95%"]
    rows = []
    for name in found["ranks"]["names"]:
        one = found["strategies"].get(name)
        rows.append([name, f"{place[name]:.2f}", *(["", "", ""] if one is None else [
            f"{one['gain']['value']:+.3f} {_between(one['gain']['low'], one['gain']['high'], '+.3f')}",
            f"{one['better']}, {one['even']}, {one['worse']}",
            f"{_at_least(one['labels_needed'])} "
            f"{_between(one['labels_needed']['low'], one['labels_needed']['high'], '.0%')}",
        ])])  # fmt: skip
    sets = len(found["datasets"])
    needed = found["needed"]
    few = (
        f"{sets} data sets cannot show that a strategy beats random in general; it takes {needed} at least."
        if needed and sets < needed
        else ""
    )
    _table(f"Over {sets} data sets, each counted once", head, rows, few)


def _at_least(needed: dict[str, Any]) -> str:
    return f"{'at least ' if needed['missed'] else ''}{needed['value']:.0%}"


def _table(title: str, head: list[str], rows: list[list[str]], below: str) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for place, name in enumerate(head):
        table.add_column(name, justify="right" if place else "left")
    for row in rows:
        table.add_row(*row)
    console = Console(width=None if sys.stdout.isatty() else 100, highlight=False, markup=False, emoji=False)
    console.print(table)
    if below:
        console.print(below)


def _percent(value: float | None) -> str:
    return "not reached" if value is None else f"{value:.0%}"


def _between(low: float | None, high: float | None, form: str) -> str:
    shown = ["?" if one is None else format(one, form) for one in (low, high)]
    return "" if shown == ["?", "?"] else f"[{shown[0]}, {shown[1]}]"
