"""The append-only list of events that is the truth.

Position p is the p-th event, counted from one; the position of an empty journal is zero.
``append`` returns only when the events are durable, in the meaning of the journal at hand.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Protocol, runtime_checkable

from asklearn.errors import BadInput, Conflict, KeyReused, NewerFormat
from asklearn.events import Event, Reply, encode, same_content
from asklearn.registry import register
from asklearn.state import State, fold, load


@runtime_checkable
class Journal(Protocol):
    """Two verbs: read and append.

    ``read(since)`` yields the events at positions ``since + 1, since + 2, ...``.

    ``append(events)`` stores all of them or none and returns the journal's position after them.
    A reply whose client key is already stored with the same content is not stored again; with a
    different content the whole append raises :class:`~asklearn.errors.KeyReused`. With ``at``, it
    raises :class:`~asklearn.errors.Conflict` unless the journal's position is exactly ``at``.
    """

    def read(self, since: int = 0) -> Iterable[Event]: ...

    def append(self, events: Sequence[Event], *, at: int | None = None) -> int: ...


@runtime_checkable
class SnapshotStore(Protocol):
    """A journal that also keeps the newest snapshot of the state, so that opening is fast."""

    def load_snapshot(self) -> tuple[int, bytes] | None: ...

    def save_snapshot(self, position: int, snapshot: bytes) -> None: ...


@register("journals", "memory")
class MemoryJournal:
    """A journal that lives and dies with the process.

    Examples
    --------
    >>> from asklearn.events import Erased
    >>> journal = MemoryJournal()
    >>> journal.append([Erased(item=1), Erased(item=2)])
    2
    >>> [event.item for event in journal.read(since=1)]
    [2]
    """

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._keys: dict[str, Reply] = {}
        self._lock = threading.Lock()

    def read(self, since: int = 0) -> Iterator[Event]:
        """Yield the events after position `since`."""
        return iter(self._events[since:])

    def append(self, events: Sequence[Event], *, at: int | None = None) -> int:
        """Store all of `events` or none, and return the position after them.

        Raises
        ------
        Conflict
            If `at` is given and is not the journal's position.
        KeyReused
            If a client key is already stored with a different content.
        BadInput
            If an event holds what cannot be written down, as in any other journal.
        """
        with self._lock:
            if at is not None and at != len(self._events):
                raise Conflict(conflict_message(at, len(self._events)))
            new = [events[index] for index in unseen(events, self._keys)]
            for event in new:
                encode(event)
            self._events += new
            self._keys |= {event.key: event for event in new if isinstance(event, Reply)}
            return len(self._events)


def open_state(journal: Journal) -> State:
    """Return the state that a journal adds up to, from its snapshot where there is a sound one.

    A snapshot only saves time: one that cannot be read is passed over, since the events are the truth.

    Examples
    --------
    >>> from asklearn.events import Added, Configured
    >>> journal = MemoryJournal()
    >>> journal.append([Configured(seed=0), Added(start=0, stop=3)])
    2
    >>> open_state(journal).rows
    3
    """
    state = State()
    kept = journal.load_snapshot() if isinstance(journal, SnapshotStore) else None
    if kept is not None:
        with suppress(BadInput, NewerFormat):
            state = load(kept[1])
            if state.position != kept[0]:
                state = State()
    return fold(journal.read(since=state.position), state)


def unseen(events: Sequence[Event], stored: Mapping[str, Reply]) -> list[int]:
    """Return the indices of `events` without the replies already stored under the same client key.

    Raises
    ------
    KeyReused
        If a client key is stored, or occurs twice in `events`, with a different content.
    """
    here: dict[str, Reply] = {}
    new = []
    for index, event in enumerate(events):
        if isinstance(event, Reply):
            held = here.get(event.key) or stored.get(event.key)
            if held is not None:
                if not same_content(held, event):
                    raise KeyReused(
                        f"The client key {event.key!r} already stands for {held}. Got {event}. "
                        "Send a correction under a new key with a higher revision."
                    )
                continue
            here[event.key] = event
        new.append(index)
    return new


def conflict_message(expected: int, found: int) -> str:
    """Return what to say when a journal moved on."""
    return (
        f"Expected the journal at position {expected}; it is at {found}. Read the new events and try again."
    )
