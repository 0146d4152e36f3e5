"""What a project's items hold, read for a page: texts, table rows, and images made small."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from asklearn.errors import BadInput
from asklearn.registry import lookup
from asklearn.types import ItemId

if TYPE_CHECKING:
    from asklearn.project import Project

Contents = Mapping[ItemId, Mapping[str, Any]]


def contents(project: Project, ids: Sequence[ItemId]) -> dict[ItemId, dict[str, Any]]:
    """Return what some items hold, as ``text``, ``image`` (a data URI) and ``row``; each where it is there.

    An image that cannot be read is said to be so; erased items are left out.
    """
    state = project.learner.state
    known = [item for item in ids if item not in state.erased and state.row(item) is not None]
    rows = [row for row in map(state.row, known) if row is not None]
    payloads = project.payload(rows) if rows else []
    return {item: _seen(payload, project) for item, payload in zip(known, payloads, strict=True)}


def _seen(payload: Mapping[str, Any], project: Project) -> dict[str, Any]:
    kind, columns = project.settings.kind, project.settings.columns
    row = dict(payload)
    found: dict[str, Any] = {}
    if kind == "text":
        found["text"] = "" if (text := row.pop(columns[0], None)) is None else str(text)
    if kind == "image":
        found |= _image(row.pop(columns[0], None))
    plain = {name: _plain(value) for name, value in row.items()}
    return found | {"row": plain} if plain else found


def _image(content: Any) -> dict[str, str]:
    try:
        return {"image": lookup("encoders", "image").thumbnail(content)}
    except BadInput as error:
        return {"text": f"(an image that cannot be read: {error})"}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return f"({len(value):,} bytes)"
    return value if value is None or isinstance(value, int | float) else str(value)
