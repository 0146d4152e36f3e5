"""``asklearn init``: make a project of a data file."""

from __future__ import annotations

from pathlib import Path

import click

from asklearn.commands.shared import listed, plural, resumable
from asklearn.errors import BadInput

ALL = "all"
_MOST = 2**63 - 1


@click.command(short_help="Make a project of a data file.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--into", default=".", metavar="DIR", type=click.Path(path_type=Path), help="Where to make it.")
@click.option("--task", default="classify", show_default=True, type=click.Choice(["classify"]),
              help="What is labelled: one class per item.")  # fmt: skip
@click.option("--text", metavar="COL", help="Column of texts.")
@click.option("--image", metavar="COL", help="Column of images (PNG or JPEG bytes).")
@click.option("--columns", metavar="A,B,...",
              help="Columns of a table; all for every one but id, label and split.")  # fmt: skip
@click.option("--embedding", metavar="COL", help="Column of ready embeddings.")
@click.option("--show", metavar="A,B,...", help="Further columns that annotators see.")
@click.option("--id", metavar="COL", help="Column of ids; by default an item's id is its row, from 0.")
@click.option("--label", metavar="COL", help="Column of labels that are known already, some or all.")
@click.option("--labels", metavar="A,B,...", help="The classes; without them annotators name them.")
@click.option("--encoder", default="", metavar="SPEC", help="As in text(dim=128); by default by the kind.")
@click.option("--model", default="", metavar="SPEC", help="By default logistic; for tables, tabular.")
@click.option("--strategy", default="auto", show_default=True, metavar="SPEC", help="How to choose.")
@click.option(
    "--audit", default=0.1, show_default=True, type=click.FloatRange(0, 1), help="Share drawn at random."
)
@click.option(
    "--budget", default=0, type=click.IntRange(0, _MOST), help="Items to ask for in all; 0 for no limit."
)
@click.option(
    "--seed", default=0, show_default=True, type=click.IntRange(0, _MOST), help="Decides what is random."
)
@click.option("--journal", default="journal.db", show_default=True, metavar="FILE|URL",
              help="Where answers are kept: a file in the project, or postgresql://user@host/database.")  # fmt: skip
def init(
    file: Path, into: Path, task: str, text: str | None, image: str | None, columns: str | None,
    embedding: str | None, show: str | None, id: str | None, label: str | None, labels: str | None, encoder: str,
    model: str, strategy: str, audit: float, budget: int, seed: int, journal: str,
) -> None:  # fmt: skip
    """Make a project of FILE, whose items are to be labelled.

    FILE is Parquet, CSV, TSV, JSON lines (plain, .gz or .zst), .npy, .npz, a folder of images, or a saved
    Hugging Face dataset. Say what the items are by one of --text, --image, --columns, --embedding. A folder
    of images needs none of them, and its ids are the paths; nor does an .npy file, which holds embeddings.
    Interrupted, the same command goes on where it stopped.

    \b
    Examples:
      asklearn init reviews.csv --text review --labels good,bad
      asklearn init photos/ --label label --into project
      asklearn init adult.parquet --columns all --label income --id person
    """
    from asklearn.importing import create
    from asklearn.settings import Settings

    one_column = {"text": text, "image": image, "embedding": embedding}
    chosen: dict[str, tuple[str, ...]] = {kind: (name,) for kind, name in one_column.items() if name}
    chosen |= {"tabular": tuple(listed(columns))} if columns else {}
    kind, names, by_id = _meant(file, chosen, [id, label, *listed(show)])
    settings = Settings(
        kind=kind, columns=names, show=tuple(listed(show)), id=id or by_id, label=label or "",
        labels=tuple(listed(labels)), encoder=encoder, model=model, strategy=strategy, audit=audit,
        budget=budget, seed=seed, journal=journal,
    )  # fmt: skip
    with resumable() as progress:
        project, entered = create(into, file, settings, progress)
    click.echo(f"{plural(project.learner.state.rows, 'item')} in {into.resolve()}.")
    if entered.labels:
        click.echo(f"{plural(entered.labels, 'label')} of {file.name} told, as answers of import.")
    click.echo("Next: asklearn ask -n 50 -o batch.csv, asklearn label, or asklearn serve.")


def _meant(
    file: Path, chosen: dict[str, tuple[str, ...]], others: list[str | None]
) -> tuple[str, tuple[str, ...], str]:
    """Return the kind of the items, their columns, and the column of ids if none is named."""
    from asklearn.sources.tables import NOT_FEATURES, column_names, is_image_folder

    images = is_image_folder(file)
    if not chosen and (images or file.suffix.lower() == ".npy"):
        chosen = {"image": ("image",)} if images else {"embedding": ("X",)}
    if len(chosen) != 1:
        raise BadInput(
            f"Say what the items are by one of --text, --image, --columns, --embedding. Got {len(chosen)} of them."
        )
    ((kind, names),) = chosen.items()
    if kind == "tabular" and names == (ALL,):
        there = column_names(file)
        if ALL not in there:
            names = tuple(name for name in there if name not in (*NOT_FEATURES, *others))
            if not names:
                raise BadInput(f"{file.name} has no column left for features; it has {', '.join(there)}.")
    return kind, names, "path" if images else ""
