"""``asklearn export``: labels or predictions as a file for others."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from asklearn.commands.shared import in_project, plural, writable
from asklearn.errors import BadInput
from asklearn.registry import adapt

if TYPE_CHECKING:
    from asklearn.project import Project
    from asklearn.types import ItemId

_AT_ONCE = 20_000
_ENDINGS = (".csv", ".jsonl", ".parquet")
_OURS = ("id", "label", "annotators", "time", "prediction", "probability")


@click.command()
@click.option("-o", "out", required=True, metavar="FILE", type=click.Path(dir_okay=False, path_type=Path),
              help="File to write, ending in .csv, .jsonl or .parquet.")  # fmt: skip
@click.option("--what", default="labels", show_default=True, type=click.Choice(["labels", "predictions"]),
              help="The labels told, or what the model says of every item.")  # fmt: skip
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@in_project
def export(out: Path, what: str, force: bool, folder: Path) -> None:
    """Write items with their labels, who gave them and when; or with the model's predictions.

    Where annotators differ evenly, an item is written without a label. Images are written to Parquet only.

    \b
    Examples:
      asklearn export -o labels.csv
      asklearn export -o predictions.parquet --what predictions
    """
    from asklearn.files import replacing
    from asklearn.project import Project

    if out.suffix.lower() not in _ENDINGS:
        raise BadInput(f"The file must end in {', '.join(_ENDINGS)}. Got {out.name!r}.")
    writable(str(out), project=folder)
    if out.exists() and not force:
        raise BadInput(f"{out} is there already. Give another name, or add --force to write over it.")
    project = Project(folder)
    lines = list(_labels(project) if what == "labels" else _predictions(project))
    if not lines:
        raise BadInput("Nothing is labelled yet. Ask and tell first.")
    with replacing(out) as file:
        _write(lines, out.suffix.lower(), file)
    click.echo(f"{plural(len(lines), 'item')} in {out}.")


def _labels(project: Project) -> Iterator[dict[str, Any]]:
    state, labels = project.learner.state, project.learner.labels
    told = sorted((state.row(item), item) for item, _ in state.answers())
    payload = project.payload([row for row, _ in told if row is not None])
    for (_, item), content in zip(told, payload, strict=True):
        said = [one for one in state.said.get(item, ()) if one.kind == "Answered"]
        yield {
            "id": item,
            **_renamed(content),
            "label": labels.get(item),
            "annotators": ", ".join(one.annotator for one in said),
            "time": _time(max((one.time for one in said), default=0.0)),
        }


def _predictions(project: Project) -> Iterator[dict[str, Any]]:
    learner = project.learner
    model, labels, state = learner.model, learner.labels, learner.state
    checked = adapt("models", model)
    classes = [str(one) for one in model.classes_]
    features = project.features
    for start in range(0, len(features), _AT_ONCE):
        proba_NC = checked.posterior(features[start : start + _AT_ONCE]).proba_NC
        rows = range(start, start + len(proba_NC))
        for row, content, proba_C in zip(rows, project.payload(rows), proba_NC, strict=True):
            item: ItemId = state.item(row)
            best = int(proba_C.argmax())
            yield {
                "id": item,
                **_renamed(content),
                "label": labels.get(item),
                "prediction": classes[best],
                "probability": round(float(proba_C[best]), 6),
            }


def _renamed(content: dict[str, Any]) -> dict[str, Any]:
    return {f"{name} (item)" if name.casefold() in _OURS else name: one for name, one in content.items()}


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _write(lines: list[dict[str, Any]], ending: str, file: Any) -> None:
    if ending == ".parquet":
        from asklearn.sources.items import write_items

        write_items(file, {name: [line[name] for line in lines] for name in lines[0]})
        return
    names = [name for name in lines[0] if not any(isinstance(line[name], bytes) for line in lines)]
    if ending == ".jsonl":
        for line in lines:
            file.write(json.dumps({name: line[name] for name in names}, ensure_ascii=False).encode() + b"\n")
        return
    from asklearn.sheets import write_sheet

    text = io.StringIO()
    write_sheet(text, names, ([line[name] for name in names] for line in lines))
    file.write(text.getvalue().encode("utf-8-sig"))
