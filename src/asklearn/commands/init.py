"""``asklearn init``: make a project of a data file."""

from __future__ import annotations

from pathlib import Path

import click

from asklearn.commands.shared import bar, listed, plural
from asklearn.errors import BadInput


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--into", default=".", metavar="DIR", type=click.Path(path_type=Path), help="Where to make it.")
@click.option("--text", metavar="COL", help="Column of texts.")
@click.option("--image", metavar="COL", help="Column of images (PNG or JPEG bytes).")
@click.option("--columns", metavar="A,B,...", help="Columns of a table.")
@click.option("--embedding", metavar="COL", help="Column of ready embeddings.")
@click.option("--show", metavar="A,B,...", help="Further columns that annotators see.")
@click.option("--id", metavar="COL", help="Column of ids; by default an item's id is its row, from 0.")
@click.option("--label", metavar="COL", help="Column of labels that are known already, some or all.")
@click.option("--labels", metavar="A,B,...", help="The classes; without them annotators name them.")
@click.option("--encoder", default="", metavar="SPEC", help="As in text(dim=128); by default by the kind.")
@click.option("--model", default="logistic", show_default=True, metavar="SPEC", help="As in logistic(C=1.0).")
@click.option("--strategy", default="auto", show_default=True, metavar="SPEC", help="How to choose.")
@click.option(
    "--audit", default=0.1, show_default=True, type=click.FloatRange(0, 1), help="Share drawn at random."
)
@click.option("--budget", default=0, type=click.IntRange(0), help="Items to ask for in all; 0 for no limit.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Decides what is random.")
def init(
    file: Path, into: Path, text: str | None, image: str | None, columns: str | None, embedding: str | None,
    show: str | None, id: str | None, label: str | None, labels: str | None, encoder: str, model: str,
    strategy: str, audit: float, budget: int, seed: int,
) -> None:  # fmt: skip
    """Make a project of FILE, whose items are to be labelled.

    Say what the items are by one of --text, --image, --columns, --embedding. Interrupted, the same command
    goes on where it stopped.

    \b
    Examples:
      asklearn init reviews.csv --text review --labels good,bad
      asklearn init digits.parquet --image png --label digit --into digits
      asklearn init adult.parquet --columns age,education,hours --labels low,high --id person
    """
    from asklearn.project import create
    from asklearn.settings import Settings

    one_column = {"text": text, "image": image, "embedding": embedding}
    chosen: dict[str, tuple[str, ...]] = {kind: (name,) for kind, name in one_column.items() if name}
    chosen |= {"tabular": tuple(listed(columns))} if columns else {}
    if len(chosen) != 1:
        raise BadInput(
            f"Say what the items are by one of --text, --image, --columns, --embedding. Got {len(chosen)} of them."
        )
    ((kind, names),) = chosen.items()
    settings = Settings(
        kind=kind, columns=names, show=tuple(listed(show)), id=id or "", label=label or "",
        labels=tuple(listed(labels)), encoder=encoder, model=model, strategy=strategy, audit=audit,
        budget=budget, seed=seed,
    )  # fmt: skip
    with bar("encoding") as progress:
        project, told = create(into, file, settings, progress)
    counts = project.counts()
    click.echo(f"{plural(counts['items'], 'item')} in {into.resolve()}.")
    if told:
        click.echo(f"{plural(told, 'label')} of {file.name} told, as answers of import.")
    click.echo("Next: asklearn ask -n 50 -o batch.csv, or asklearn label.")
