"""What the events add up to: a transition table and a fold.

Rule 1. The fold looks at nothing but events: no clock, no disk, no model.

Rule 2. Replies commute. Whatever order answers, skips, flags and retractions arrive in, the same set of
them gives the same state: per item and annotator the highest revision holds (of equal ones, the highest
key), and an item's status follows from what holds.

Rule 3. An event is checked before it is appended (:func:`check`) and never after: the fold takes whatever
a journal holds, since what is stored has happened. A reply is refused only if its item was never added:
it is a person's work, and may be late.

``TRANSITIONS`` says for each status of an item which events may come, and what the status can be then
(what it was is always among the possibilities, when a reply has been overtaken by a higher revision).
"""

from __future__ import annotations

import gc
import json
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any, NamedTuple

from asklearn.audit import AuditPlan
from asklearn.errors import BadInput, NewerFormat, NotAllowed
from asklearn.events import (
    Added,
    Answered,
    Asked,
    Configured,
    Drawn,
    Erased,
    Event,
    Fitted,
    Flagged,
    Measured,
    Released,
    Reply,
    Resolved,
    Retracted,
    RolledBack,
    Skipped,
    decode,
    encode,
)
from asklearn.types import ItemId, Label

SNAPSHOT_FORMAT = 1
SNAPSHOT_BYTES = 4 << 30

GOLD = "gold"
"""The annotator whose labels are known to be right: where they labelled an item, nobody else's label counts."""


class Status(Enum):
    """Where an item stands."""

    WAITING = "waiting"
    ASKED = "asked"
    ANSWERED = "answered"
    SKIPPED = "skipped"
    FLAGGED = "flagged"
    RESOLVED = "resolved"
    ERASED = "erased"


_W, _A, _Y, _S, _F, _R, _E = Status

TRANSITIONS: dict[Status, dict[type[Event], set[Status]]] = {
    _W: {Asked: {_A}, Answered: {_Y}, Skipped: {_S}, Flagged: {_F}, Retracted: {_W},
         Resolved: {_R, _W}, Erased: {_E}},
    _A: {Asked: {_A}, Answered: {_Y}, Skipped: {_S}, Flagged: {_F}, Retracted: {_A},
         Resolved: {_R, _A}, Erased: {_E}},
    _Y: {Asked: {_Y}, Answered: {_Y}, Skipped: {_Y, _S, _F}, Flagged: {_Y, _F},
         Retracted: {_Y, _F, _S, _A, _W}, Resolved: {_R, _Y}, Erased: {_E}},
    _S: {Asked: {_S}, Answered: {_Y}, Skipped: {_S}, Flagged: {_F}, Retracted: {_S, _A, _W},
         Resolved: {_R, _S}, Erased: {_E}},
    _F: {Asked: {_F}, Answered: {_Y, _F}, Skipped: {_F, _S}, Flagged: {_F}, Retracted: {_F, _S, _A, _W},
         Resolved: {_R, _F}, Erased: {_E}},
    _R: {Answered: {_R}, Skipped: {_R}, Flagged: {_R}, Retracted: {_R},
         Resolved: {_R, _Y, _F, _S, _A, _W}, Erased: {_E}},
    _E: {Answered: {_E}, Skipped: {_E}, Flagged: {_E}, Retracted: {_E}, Erased: {_E}},
}  # fmt: skip


class Said(NamedTuple):
    """What holds of one annotator's replies about one item."""

    kind: str
    annotator: str
    label: Label | None
    revision: int
    key: str
    seconds: float | None
    time: float


class Ask(NamedTuple):
    """How an item was last asked."""

    stream: str
    probability: float | None
    score: float | None
    model: int | None
    annotator: str
    time: float


class State:
    """Everything that is known at one position of a journal.

    Attributes
    ----------
    position : int
        How many events were folded.
    replied_at : int
        Position of the last event that may have changed a label.
    settings : Configured or None
        The settings in force.
    cohorts : list of Added
        What entered the pool, in order.
    said : dict
        Item id to the :class:`Said` of each annotator.
    asks : dict
        Item id to its latest :class:`Ask`.
    resolved, erased : dict, set
        Settled labels, and ids whose content is gone.
    plan : AuditPlan
        The audit's prefix of each cohort, and what the weighted audit is owed.
    rounds : list of Drawn
        The audit's rounds; empty in journals that were begun before there were any.
    drawn : dict
        Item id to the probability with which it entered the audit.
    fits, measured : list
        Every model version and estimate so far.
    serving : list of int
        Released model versions, the serving one last.

    Examples
    --------
    >>> state = fold([Configured(seed=0), Added(start=0, stop=3),
    ...               Answered(item=1, annotator="ann", key="k", label="cat")])
    >>> state.status(1).value, state.status(2).value, state.rows
    ('answered', 'waiting', 3)
    """

    def __init__(self) -> None:
        self.position = 0
        self.replied_at = 0
        self.settings: Configured | None = None
        self.cohorts: list[Added] = []
        self.row_of: dict[ItemId, int] = {}
        self.said: dict[ItemId, tuple[Said, ...]] = {}
        self.asks: dict[ItemId, Ask] = {}
        self.resolved: dict[ItemId, Label] = {}
        self.erased: set[ItemId] = set()
        self.plan = AuditPlan()
        self.rounds: list[Drawn] = []
        self.drawn: dict[ItemId, float] = {}
        self.fits: list[Fitted] = []
        self.measured: list[Measured] = []
        self.serving: list[int] = []

    @property
    def rows(self) -> int:
        """Number of items in the pool."""
        return self.cohorts[-1].stop if self.cohorts else 0

    def row(self, item: ItemId) -> int | None:
        """Return the pool row of an item, or None if there is no such item."""
        found = self.row_of.get(item)
        if found is not None:
            return found
        if type(item) is int and 0 <= item < self.rows:
            for cohort in self.cohorts:
                if cohort.ids is None and cohort.start <= item < cohort.stop:
                    return item
        return None

    def item(self, row: int) -> ItemId:
        """Return the id of the item in a pool row; the inverse of :meth:`row`."""
        cohort = next(one for one in self.cohorts if one.start <= row < one.stop)
        return row if cohort.ids is None else cohort.ids[row - cohort.start]

    def status(self, item: ItemId) -> Status:
        """Return where an item stands."""
        if item in self.erased:
            return Status.ERASED
        if item in self.resolved:
            return Status.RESOLVED
        kinds = {one.kind for one in self.said.get(item, ())}
        for kind, status in (("Answered", _Y), ("Flagged", _F), ("Skipped", _S)):
            if kind in kinds:
                return status
        return Status.ASKED if item in self.asks else Status.WAITING

    def answers(self) -> Iterator[tuple[ItemId, list[Label]]]:
        """Yield each labelled item and the labels that its annotators (or its resolution) give."""
        for item, said in self.said.items():
            if item not in self.erased and item not in self.resolved:
                answered = [one for one in said if one.kind == "Answered"]
                gold = [one for one in answered if one.annotator == GOLD]
                labels = [one.label for one in gold or answered]
                if labels:
                    yield item, labels  # type: ignore[misc]
        for item, label in self.resolved.items():
            if item not in self.erased:
                yield item, [label]

    def revision(self, item: ItemId, annotator: str) -> int:
        """Return the highest revision that an annotator has given to an item; 0 if none."""
        return next((one.revision for one in self.said.get(item, ()) if one.annotator == annotator), 0)


def fold(events: Iterable[Event], state: State | None = None) -> State:
    """Return `state` (a new one by default) with `events` taken in, in order.

    Complexity: a few microseconds an event; nothing is copied.
    """
    state = State() if state is None else state
    with _collector_paused():
        for event in events:
            _FOLDS[type(event)](state, event)
            state.position += 1
    return state


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Millions of small objects that stay: looking through them for garbage takes most of the time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def check(state: State, event: Event) -> None:
    """Say whether `event` may be appended to a journal that stands at `state`.

    Raises
    ------
    NotAllowed
        If it may not, with the reason.

    Examples
    --------
    >>> check(State(), Erased(item=1))
    Traceback (most recent call last):
        ...
    asklearn.errors.NotAllowed: A journal begins with Configured. Got Erased(time=0.0, item=1).
    """
    if state.settings is None and not isinstance(event, Configured):
        raise NotAllowed(f"A journal begins with Configured. Got {event}.")
    if isinstance(event, Asked | Reply | Resolved | Erased):
        if state.row(event.item) is None:
            raise NotAllowed(f"The item {event.item!r} was never added to this pool of {state.rows} items.")
        status = state.status(event.item)
        if type(event) not in TRANSITIONS[status]:
            raise NotAllowed(
                f"{type(event).__name__} cannot follow for item {event.item!r}: it is {status.value}."
            )
    elif isinstance(event, Configured) and state.settings and event.seed != state.settings.seed:
        raise NotAllowed(
            f"The seed decided the audit's order and stays {state.settings.seed}. Got {event.seed}."
        )
    elif isinstance(event, Added):
        _check_added(state, event)
    elif isinstance(event, Drawn):
        _check_drawn(state, event)
    elif isinstance(event, Fitted) and state.fits and event.model <= state.fits[-1].model:
        raise NotAllowed(f"A model version must be above {state.fits[-1].model}. Got {event.model}.")
    elif isinstance(event, Released) and event.model not in {fit.model for fit in state.fits}:
        raise NotAllowed(f"Only a fitted model version can be released. Got {event.model}.")
    elif isinstance(event, RolledBack) and event.model not in state.serving:
        raise NotAllowed(f"Only a version that served can serve again. Got {event.model}.")


def _check_added(state: State, event: Added) -> None:
    if event.start != state.rows or event.stop <= event.start:
        raise NotAllowed(f"Items are added from row {state.rows} on. Got rows {event.start} to {event.stop}.")
    if event.ids is not None and len(event.ids) != event.stop - event.start:
        raise NotAllowed(f"Expected {event.stop - event.start} ids. Got {len(event.ids)}.")
    if event.ids is not None and len(set(event.ids)) < len(event.ids):
        raise NotAllowed("Every item needs an id of its own. Got an id twice among the new items.")
    ids: Iterable[ItemId] = range(event.start, event.stop) if event.ids is None else event.ids
    for item in ids:
        if state.row(item) is not None:
            raise NotAllowed(
                f"The item id {item!r} is already in the pool. Give the new items ids of their own."
            )


def _check_drawn(state: State, event: Drawn) -> None:
    if event.round < len(state.rounds):
        raise NotAllowed(f"The audit's next round is number {len(state.rounds)}. Got {event.round}.")
    if len(event.items) != len(event.probability) or not all(0 < p <= 1 for p in event.probability):
        raise NotAllowed(
            f"Expected a probability in (0, 1] for each of {len(event.items)} items. Got {event.probability}."
        )
    if not len(event.expected) == len(event.prefixes) == len(state.cohorts):
        raise NotAllowed(
            f"Expected numbers for {len(state.cohorts)} cohorts. Got {event.expected}, {event.prefixes}."
        )
    for item in event.items:
        if state.row(item) is None or item in state.drawn:
            raise NotAllowed(f"Only an item of the pool can be drawn, and once. Got {item!r}.")


def _configured(state: State, event: Configured) -> None:
    state.settings = event
    state.plan.share, state.plan.weighted = event.audit, event.audit_weighted


def _added(state: State, event: Added) -> None:
    state.cohorts.append(event)
    state.plan.add_cohort(event.stop - event.start)
    if event.ids is not None:
        state.row_of.update(zip(event.ids, range(event.start, event.stop), strict=True))


def _drawn(state: State, event: Drawn) -> None:
    state.rounds.append(event)
    state.drawn.update(zip(event.items, event.probability, strict=True))
    state.plan.owed -= event.weighted


def _asked(state: State, event: Asked) -> None:
    state.plan.ask()
    state.asks[event.item] = Ask(
        event.stream, event.probability, event.score, event.model, event.annotator, event.time
    )


def _replied(state: State, event: Answered | Skipped | Flagged | Retracted) -> None:
    state.replied_at = state.position + 1
    label, seconds = (event.label, event.seconds) if isinstance(event, Answered) else (None, None)
    new = Said(type(event).__name__, event.annotator, label, event.revision, event.key, seconds, event.time)
    held = state.said.get(event.item)
    if held is None:
        state.said[event.item] = (new,)
        return
    mine = next((one for one in held if one.annotator == new.annotator), None)
    if mine is None or (new.revision, new.key) > (mine.revision, mine.key):
        others = [one for one in held if one is not mine]
        state.said[event.item] = tuple(sorted([*others, new], key=lambda one: one.annotator))


def _resolved(state: State, event: Resolved) -> None:
    state.replied_at = state.position + 1
    if event.label is None:
        state.resolved.pop(event.item, None)
    else:
        state.resolved[event.item] = event.label


def _erased(state: State, event: Erased) -> None:
    state.replied_at = state.position + 1
    state.erased.add(event.item)


def _rolled_back(state: State, event: RolledBack) -> None:
    state.serving.append(event.model)


_FOLDS: dict[type[Event], Any] = {
    Configured: _configured,
    Added: _added,
    Drawn: _drawn,
    Asked: _asked,
    Answered: _replied,
    Skipped: _replied,
    Flagged: _replied,
    Retracted: _replied,
    Resolved: _resolved,
    Erased: _erased,
    Fitted: lambda state, event: state.fits.append(event),
    Measured: lambda state, event: state.measured.append(event),
    Released: lambda state, event: state.serving.append(event.model),
    RolledBack: _rolled_back,
}


def dump(state: State) -> bytes:
    """Write a state down as a snapshot: compressed JSON, by columns."""
    with _collector_paused():
        text = json.dumps(_to_plain(state), ensure_ascii=False, separators=(",", ":"))
        return zlib.compress(text.encode(), 1)


def load(snapshot: bytes) -> State:
    """Read a snapshot back; the inverse of :func:`dump`.

    Raises
    ------
    NewerFormat
        If a newer asklearn wrote it.
    BadInput
        If it cannot be read; a snapshot can always be thrown away and made anew.

    Examples
    --------
    >>> load(dump(fold([Configured(seed=0), Added(start=0, stop=3)]))).rows
    3
    """
    try:
        with _collector_paused():
            plain = json.loads(_inflate(snapshot))
            if plain["format"] > SNAPSHOT_FORMAT:
                raise NewerFormat(
                    f"The snapshot has format {plain['format']}; this asklearn reads {SNAPSHOT_FORMAT}."
                )
            return _from_plain(plain)
    except (zlib.error, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise BadInput(f"The snapshot cannot be read: {error}.") from error


def _columns(rows: list[tuple[Any, ...]]) -> list[Any]:
    """Turn rows into columns; one with few different values becomes those and an index into them."""
    columns: list[Any] = []
    for column in zip(*rows, strict=True):
        values = {value: index for index, value in enumerate(dict.fromkeys(column))}
        few = len(values) * 4 < len(column)
        columns.append({"values": list(values), "at": [values[one] for one in column]} if few else column)
    return columns


def _unpacked(columns: list[Any]) -> list[Any]:
    """Undo the index of :func:`_columns`."""
    return [
        [one["values"][index] for index in one["at"]] if isinstance(one, dict) else one for one in columns
    ]


def _to_plain(state: State) -> dict[str, Any]:
    said = [(item, *one) for item, all_said in state.said.items() for one in all_said]
    asks = [(item, *one) for item, one in state.asks.items()]
    return {
        "format": SNAPSHOT_FORMAT,
        "position": state.position,
        "replied_at": state.replied_at,
        "settings": encode(state.settings) if state.settings else None,
        "cohorts": [encode(one) for one in state.cohorts],
        "said": _columns(said),
        "asks": _columns(asks),
        "resolved": list(state.resolved.items()),
        "erased": list(state.erased),
        "credit": state.plan.credit,
        "prefixes": state.plan.prefixes,
        "owed": state.plan.owed,
        "rounds": [encode(one) for one in state.rounds],
        "fits": [encode(one) for one in state.fits],
        "measured": [encode(one) for one in state.measured],
        "serving": state.serving,
    }


def _inflate(snapshot: bytes) -> bytes:
    inflater = zlib.decompressobj()
    inflated = inflater.decompress(snapshot, SNAPSHOT_BYTES)
    if inflater.unconsumed_tail:
        raise BadInput(f"A snapshot must inflate to at most {SNAPSHOT_BYTES:,} bytes.")
    return inflated


def _from_plain(plain: dict[str, Any]) -> State:
    state = State()
    if plain["settings"]:
        _configured(state, decode(plain["settings"]))  # type: ignore[arg-type]
    for line in plain["cohorts"]:
        _added(state, decode(line))  # type: ignore[arg-type]
    items, *columns = _unpacked(plain["said"]) or [[]]
    all_said = list(map(Said._make, zip(*columns, strict=True)))
    state.said = dict(zip(items, zip(all_said, strict=True), strict=True))
    if len(state.said) < len(items):
        state.said = {}
        for item, one in zip(items, all_said, strict=True):
            state.said[item] = (*state.said.get(item, ()), one)
    items, *columns = _unpacked(plain["asks"]) or [[]]
    state.asks = dict(zip(items, map(Ask._make, zip(*columns, strict=True)), strict=True))
    state.resolved = dict(plain["resolved"])
    state.erased = set(plain["erased"])
    for line in plain.get("rounds", ()):
        _drawn(state, decode(line))  # type: ignore[arg-type]
    state.plan.credit, state.plan.prefixes = plain["credit"], plain["prefixes"]
    state.plan.owed = plain.get("owed", 0.0)
    state.fits = [decode(line) for line in plain["fits"]]  # type: ignore[misc]
    state.measured = [decode(line) for line in plain["measured"]]  # type: ignore[misc]
    state.serving = plain["serving"]
    state.position, state.replied_at = plain["position"], plain["replied_at"]
    return state
