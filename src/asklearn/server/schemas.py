"""What comes in and goes out over HTTP, with limits on every size."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from asklearn.registry import require

require("fastapi", "server")
from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr  # noqa: E402

Item: TypeAlias = Annotated[StrictStr, Field(max_length=1_000)] | Annotated[StrictInt, Field(ge=0, lt=2**63)]
Word: TypeAlias = Annotated[StrictStr, Field(min_length=1, max_length=1_000)]
Comment: TypeAlias = Annotated[StrictStr, Field(min_length=1, max_length=2_000, pattern=r"^[^\x00]*$")]
Key: TypeAlias = Annotated[StrictStr, Field(min_length=8, max_length=100, pattern=r"^[\w-]+$")]
Seconds: TypeAlias = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Wanted(_Strict):
    """How many items somebody wants, and which they have already."""

    n: Annotated[int, Field(ge=1, le=100)] = 5
    without: Annotated[list[Item], Field(max_length=200)] = []


class Some(_Strict):
    """Items that somebody holds."""

    items: Annotated[list[Item], Field(max_length=200)]


class Answer(_Strict):
    """A label for an item; sent again under its key it counts once."""

    item: Item
    label: Word
    key: Key
    seconds: Seconds | None = None


class Answers(_Strict):
    """Several labels, which are recorded together or not at all."""

    answers: Annotated[list[Answer], Field(min_length=1, max_length=100)]


class Retraction(_Strict):
    """Somebody takes back what they said."""

    item: Item
    key: Key


class Said(_Strict):
    """A skip or a flag, and why."""

    item: Item
    key: Key
    note: Comment | None = None


class Remark(_Strict):
    """A note on an item, without a reply."""

    item: Item
    key: Key
    text: Comment


class Like(_Strict):
    """How many items like one somebody wants."""

    item: Item
    n: Annotated[int, Field(ge=1, le=20)] = 8


class Many(_Strict):
    """How many items of one suggested class somebody wants."""

    n: Annotated[int, Field(ge=1, le=60)] = 30


class Suggested(BaseModel):
    """A class that the model believes in, and how much."""

    label: str
    share: float


class Shown(BaseModel):
    """An item as it is shown: texts and numbers as they are, images by their address."""

    item: str | int
    content: dict[str, Any]
    stream: str
    reason: str
    until: float
    suggested: list[Suggested] | None
    notes: list[str]


class Cards(BaseModel):
    """Items that were lent, and for how long a lease lasts."""

    cards: list[Shown]
    lease_seconds: float


class Grid(Cards):
    """Items that the model takes for one class; none where there are no suggestions."""

    label: str | None


class About(BaseModel):
    """What is labelled, and how."""

    name: str
    kind: str
    columns: list[str]
    show: list[str]
    labels: list[str]
    open_labels: bool
    annotator: str
    instructions: str | None
    suggestions: bool
    answers: int


class Where(BaseModel):
    """Where the project stands."""

    counts: dict[str, int]
    labels: dict[str, int]
    annotators: dict[str, int]
    curve: list[dict[str, float]]
    model: int | None
    worker: dict[str, Any] | None
    outlook: dict[str, Any] | None
    problem: str | None
    worker_starts: int
    position: int
    version: str


class Problem(BaseModel):
    """What went wrong, in words that say how to mend it."""

    error: str
    detail: str
