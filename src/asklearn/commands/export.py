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
_OURS = ("id", "label", "annotators", "time", "stream", "prediction", "probability")


@click.command(short_help="Write labels, predictions or the model to files.")
@click.option("-o", "out", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path),
              help="File to write, ending in .csv, .jsonl or .parquet.")  # fmt: skip
@click.option("--what", default="labels", show_default=True, type=click.Choice(["labels", "predictions"]),
              help="The labels told, or what the model says of every item.")  # fmt: skip
@click.option("--model", "model", metavar="FOLDER", type=click.Path(file_okay=False, path_type=Path),
              help="Folder to write the model and its encoder to.")  # fmt: skip
@click.option("--force", is_flag=True, help="Write over what is there.")
@in_project
def export(out: Path | None, what: str, model: Path | None, force: bool, folder: Path) -> None:
    """Write items with their labels, who gave them and when; the model's predictions; or the model itself.

    Where annotators differ evenly, an item is written without a label. Images are written to Parquet only.
    A model is written without a pickle, with a card that says how good it is; asklearn.saved_model loads it.

    \b
    Examples:
      asklearn export -o labels.csv
      asklearn export -o predictions.parquet --what predictions
      asklearn export --model model
    """
    from asklearn.project import Project

    if out is None and model is None:
        raise BadInput("Say what to write: -o FILE for items, --model FOLDER for the model, or both.")
    if out is not None:
        _check_file(out, force, folder)
    if model is not None:
        _check_folder(model, force, folder)
    project = Project(folder)
    if out is not None:
        click.echo(f"{plural(_items(project, out, what), 'item')} in {out}.")
    if model is not None:
        click.echo(_model(project, model))


def _check_file(out: Path, force: bool, folder: Path) -> None:
    if out.suffix.lower() not in _ENDINGS:
        raise BadInput(f"The file must end in {', '.join(_ENDINGS)}. Got {out.name!r}.")
    writable(str(out), project=folder)
    if out.exists() and not force:
        raise BadInput(f"{out} is there already. Give another name, or add --force to write over it.")


def _check_folder(model: Path, force: bool, folder: Path) -> None:
    from asklearn.saved_model import CARD

    writable(str(model / CARD) if model.exists() else str(model), project=folder)
    if model.exists() and any(model.iterdir()) and not (force and (model / CARD).exists()):
        mend = "add --force to write over it" if (model / CARD).exists() else "it holds no model"
        raise BadInput(f"{model} is there already. Give another folder; {mend}.")


def _items(project: Project, out: Path, what: str) -> int:
    from asklearn.files import replacing

    lines = list(_labels(project) if what == "labels" else _predictions(project))
    if not lines:
        raise BadInput("Nothing is labelled yet. Ask and tell first.")
    with replacing(out) as file:
        _write(lines, out.suffix.lower(), file)
    return len(lines)


def _model(project: Project, folder: Path) -> str:
    """Write the model with its encoder, and return what it is and how good, in words."""
    from asklearn.project import ENCODER, POOL
    from asklearn.saved_model import load_encoder, save_model

    learner, settings = project.learner, project.settings
    estimate = learner.evaluate()
    card = save_model(
        folder,
        learner.model,
        load_encoder(project.folder / POOL / ENCODER),
        kind=settings.kind,
        columns=settings.columns,
        labels=len(learner.labels),
        estimates=[estimate] if estimate.n else [],
    )
    return (
        f"A model of {len(card.classes)} classes, trained on {plural(card.labels, 'label')}, in {folder}: "
        f"{estimate if estimate.n else 'how good it is was not measured, for want of audit labels'}."
    )


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
            "stream": state.asks[item].stream if item in state.asks else "",
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
