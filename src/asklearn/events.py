"""The facts that a journal holds, and how each is written down.

Everything that asklearn knows is a fold of these events, so they are plain, small and final:
a mistake is mended by a further event, never by changing one. Payloads (texts, images, notes) are
never part of an event; they are referred to by item id, so that they can be deleted.

An event is written as one JSON object: ``{"v": FORMAT, "kind": "Answered", ...its fields}``, without
the fields that hold their default. A reader refuses a format newer than its own, and upgrades an older
one in ``_UPGRADES``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, ClassVar

from asklearn.errors import BadInput, NewerFormat
from asklearn.types import Estimate, ItemId, Label

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What every event carries.

    Attributes
    ----------
    time : float
        When it happened, in seconds since 1970 (UTC), by the clock of whoever appended it.
    """

    time: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured(Event):
    """What the settings meant from here on.

    ``labels`` are the declared classes; with ``open_labels`` an answer may name a further one.
    ``audit`` is the share of every batch that is drawn uniformly for honest estimates, ``audit_weighted``
    the share that is drawn with a probability that follows the predicted error.
    """

    seed: int
    task: str = "classify"
    labels: tuple[Label, ...] = ()
    open_labels: bool = True
    audit: float = 0.1
    audit_weighted: float = 0.0
    strategy: str = "auto"
    model: str = "logistic"
    budget: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Added(Event):
    """Items entered the pool: a cohort of its own for the audit.

    ``start`` and ``stop`` are rows of the pool; ``ids`` are the external ids of those rows, or None
    where an item's id is its row number. ``fingerprint`` tells the features apart from others.
    """

    start: int
    stop: int
    ids: tuple[ItemId, ...] | None = None
    shard: str = ""
    origin: str = "import"
    fingerprint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked(Event):
    """An item was handed out to be labelled.

    ``probability`` is that with which the audit drew the item, as :class:`Drawn` says it, and None where
    nothing random decided: such a label trains and discovers, and never estimates.
    """

    item: ItemId
    stream: str
    probability: float | None = None
    score: float | None = None
    model: int | None = None
    annotator: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn(Event):
    """A round of the audit: who entered it by lot, written down before any of them is asked.

    ``probability`` is that with which each of ``items`` entered in this round, by the uniform or by the
    weighted draw, given that it had not entered before; it is never reckoned anew. ``round`` counts from 0.
    ``expected`` is how many items of each cohort were to enter on average, ``prefixes`` how long each
    cohort's uniform prefix is from here on, ``weighted`` how many weighted draws the round was owed.
    """

    round: int
    items: tuple[ItemId, ...]
    probability: tuple[float, ...]
    expected: tuple[float, ...]
    prefixes: tuple[int, ...]
    weighted: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply(Event):
    """What one annotator said about one item: the base of the four events that follow.

    ``key`` identifies the message: sent again with the same content it counts once. ``revision``
    orders what one annotator says about one item; the highest one holds.
    """

    item: ItemId
    annotator: str
    key: str
    revision: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Reply):
    """A label. ``seconds`` is how long the annotator looked at the item."""

    label: Label
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped(Reply):
    """The annotator cannot say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flagged(Reply):
    """Something is wrong with the item; somebody should look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retracted(Reply):
    """The annotator takes back what they said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved(Event):
    """Somebody with the right to decide settled an item's label; None re-opens it."""

    item: ItemId
    label: Label | None
    annotator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased(Event):
    """The content of an item was deleted on request; it is not asked, trained on or counted again."""

    item: ItemId


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted(Event):
    """A model version, and the journal position of the last event that it was trained on.

    ``params`` are the settings that were tuned, when there were ``tuned_at`` labels.
    """

    model: int
    position: int
    labels: int
    params: dict[str, Any] = field(default_factory=dict)
    tuned_at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured(Event):
    """An estimate with its interval; ``labels`` is the number of labels that the model had seen."""

    name: str
    value: float
    low: float
    high: float
    n: int
    method: str
    level: float
    labels: int
    model: int

    @property
    def estimate(self) -> Estimate:
        """What was measured, without the circumstances."""
        return Estimate(self.name, self.value, self.low, self.high, self.n, self.method, self.level)


@dataclass(frozen=True, slots=True, kw_only=True)
class Released(Event):
    """A model version serves from here on, with the evidence that let it through."""

    model: int
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RolledBack(Event):
    """An earlier model version serves again."""

    model: int
    reason: str


KINDS: dict[str, type[Event]] = {
    kind.__name__: kind
    for kind in (
        Configured, Added, Drawn, Asked, Answered, Skipped, Flagged, Retracted, Resolved, Erased,
        Fitted, Measured, Released, RolledBack,
    )
}  # fmt: skip

_UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}


_INFINITE = (float("inf"), float("-inf"))
_TYPES: dict[str, set[type]] = {
    "str": {str}, "int": {int}, "bool": {bool}, "float": {float, int}, "None": {type(None)},
    "ItemId": {str, int}, "Label": {str, int}, "tuple[ItemId, ...]": {tuple},
    "tuple[Label, ...]": {tuple}, "tuple[float, ...]": {tuple}, "tuple[int, ...]": {tuple},
    "dict[str, Any]": {dict},
}  # fmt: skip
_HOLDS: dict[str, set[type]] = {"tuple[float, ...]": {float, int}, "tuple[int, ...]": {int}}


def _types(words: list[str]) -> set[type]:
    return {kind for word in words for kind in _TYPES[word]}


class _Codec:
    """How the fields of one kind of event become JSON and come back."""

    made: ClassVar[dict[str, _Codec]] = {}

    def __init__(self, kind: type[Event]) -> None:
        self.kind = kind
        self.names = [one.name for one in fields(kind)]
        self.defaults = {one.name: one.default for one in fields(kind) if one.default is not MISSING}
        words = {one.name: str(one.type).split(" | ") for one in fields(kind)}
        self.tuples = [name for name, kinds in words.items() if kinds[0].startswith("tuple")]
        self.takes: dict[str, set[type]] = {name: _types(kinds) for name, kinds in words.items()}
        self.holds = {name: _HOLDS.get(words[name][0], {str, int}) for name in self.tuples}

    def encode(self, event: Event) -> dict[str, Any]:
        unset = object()
        plain: dict[str, Any] = {"v": FORMAT, "kind": type(event).__name__}
        for name in self.names:
            value = getattr(event, name)
            default = self.defaults.get(name, unset)
            if value is not default and (value != default or type(value) is not type(default)):
                self.check(name, value)
                plain[name] = value
        return plain

    def decode(self, plain: dict[str, Any]) -> Event:
        for name in self.tuples:
            if type(plain.get(name)) is list:
                plain[name] = tuple(plain[name])
        for name, value in plain.items():
            self.check(name, value)
        return self.kind(**plain)

    def check(self, name: str, value: Any) -> None:
        if type(value) not in self.takes[name]:
            raise TypeError(f"{name} may not be {value!r:.99}")
        if type(value) is float and (value != value or value in _INFINITE):
            raise ValueError(f"{name} must be finite")
        if type(value) is tuple and not set(map(type, value)) <= self.holds[name]:
            raise TypeError(
                f"{name} must hold {' or '.join(sorted(k.__name__ for k in self.holds[name]))} only"
            )
        if type(value) is tuple and float in self.holds[name] and not all(map(math.isfinite, value)):
            raise ValueError(f"{name} must be finite")


_Codec.made = {name: _Codec(kind) for name, kind in KINDS.items()}


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a number")


_decoder = json.JSONDecoder(parse_constant=_refuse)


def _parse(line: str | bytes) -> Any:
    """``json.loads`` without its detours, which took half the time of opening a journal."""
    text = (line.decode() if isinstance(line, bytes) else line).strip()
    plain, end = _decoder.raw_decode(text)
    if end != len(text):
        raise ValueError(f"something follows at character {end}")
    if "\\u" in text:
        json.dumps(plain, ensure_ascii=False).encode()  # half a surrogate pair is no text
    return plain


def encode(event: Event) -> str:
    """Write an event as one line of JSON.

    Raises
    ------
    BadInput
        If a field holds what no journal can keep: another type (a numpy number, say), a number that is
        not finite, text that is not valid Unicode.

    Examples
    --------
    >>> encode(Answered(item=7, annotator="ann", key="k1", label="cat", time=2.0))
    '{"v":1,"kind":"Answered","time":2.0,"item":7,"annotator":"ann","key":"k1","label":"cat"}'
    """
    try:
        plain = _Codec.made[type(event).__name__].encode(event)
        line = json.dumps(plain, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        line.encode()
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise BadInput(
            f"An event must be of a known kind and hold plain values ({error}). Got {type(event).__name__}."
        ) from error
    return line


def decode(line: str | bytes) -> Event:
    """Read an event back; the inverse of :func:`encode`.

    Raises
    ------
    NewerFormat
        If a newer asklearn wrote it.
    BadInput
        If it is not an event.

    Examples
    --------
    >>> decode('{"v":1,"kind":"Erased","item":"a"}')
    Erased(time=0.0, item='a')
    """
    try:
        plain = _parse(line)
        version, kind = plain.pop("v"), plain.pop("kind")
        if type(version) is not int or version < 1:
            raise ValueError(f"the format {version!r} is not a positive whole number")
        if version > FORMAT:
            raise NewerFormat(
                f"This journal has events of format {version}; this asklearn reads up to {FORMAT}. "
                "Upgrade with: pip install -U asklearn"
            )
        for older in range(version, FORMAT):
            plain = _UPGRADES[older](plain)
        return _Codec.made[kind].decode(plain)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadInput(
            f"An event must be a JSON object of a known kind with known fields ({error!r:.99}). "
            f"Got {line[:200]!r}."
        ) from error


def same_content(one: Reply, other: Reply) -> bool:
    """Whether two replies say the same, whenever they were sent and whatever revision they were given.

    Examples
    --------
    >>> first = Answered(item=1, annotator="a", key="k", label="x", time=1.0)
    >>> same_content(first, Answered(item=1, annotator="a", key="k", label="x", time=9.0))
    True
    """
    if type(one) is not type(other):
        return False
    told = [f.name for f in fields(one) if f.name not in ("time", "revision")]
    return all(getattr(one, name) == getattr(other, name) for name in told)
