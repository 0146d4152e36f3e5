"""Recording what people say of a pool's items: ids and a journal, no features and no model."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any, TypeVar

from asklearn.arguments import duration, sequence, text
from asklearn.errors import BadInput, Conflict, UnknownItem
from asklearn.events import Answered, Event, Flagged, Retracted, Skipped
from asklearn.journal import Journal, MemoryJournal, SnapshotStore, open_state
from asklearn.protocols import Task
from asklearn.registry import lookup
from asklearn.state import State, Status, check, dump, fold
from asklearn.types import ItemId, Label, check_ids

TRIES = 20
SNAPSHOT_EVERY = 50_000

Made = TypeVar("Made")


class Recorder:
    """Writes replies to a journal, each checked against what the journal says, and reads them back.

    Parameters
    ----------
    journal : path, URL or Journal, optional
        Where every fact is kept; by default in memory.
    annotator : str
        Whose replies are recorded unless told otherwise.
    clock : callable
        Gives the time that is written into events, in seconds since 1970.
    """

    def __init__(
        self,
        journal: str | os.PathLike[str] | Journal | None = None,
        *,
        annotator: str = "me",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.annotator = text(annotator, "annotator")
        self.journal: Journal = _open_journal(journal)
        self._clock = clock
        self._state = open_state(self.journal)
        self._kept_at = self._state.position
        settings = self._state.settings
        classify = lookup("tasks", "classify")
        self._task: Task = classify(settings.labels, settings.open_labels) if settings else classify()

    @property
    def state(self) -> State:
        """Everything that the journal says, up to date."""
        fold(self.journal.read(self._state.position), self._state)
        if isinstance(self.journal, SnapshotStore) and self._state.position >= self._kept_at + SNAPSHOT_EVERY:
            self._kept_at = self._state.position
            self.journal.save_snapshot(self._kept_at, dump(self._state))
        return self._state

    @property
    def seed(self) -> int:
        """The seed of everything random, from the journal."""
        assert self._state.settings is not None
        return self._state.settings.seed

    @property
    def pending(self) -> list[ItemId]:
        """Items that were asked and have no reply yet, in the order of asking."""
        state = self.state
        return [item for item in state.asks if state.status(item) is Status.ASKED]

    @property
    def labels(self) -> dict[ItemId, Label]:
        """The label of every item that has one, several annotators resolved into one."""
        state = self.state
        rows, labels = self._training_set(state)
        return {state.item(row): label for row, label in zip(rows, labels, strict=True)}

    def tell(
        self,
        ids: Iterable[ItemId],
        labels: Iterable[Label],
        *,
        annotator: str | None = None,
        seconds: Iterable[float | None] | None = None,
        keys: Sequence[str] | None = None,
    ) -> None:
        """Record labels; returns when they are as durable as the journal makes them.

        Any subset of what was asked, in any order, at any time; items that were never asked, and new
        labels for items that have one, are welcome too.

        Parameters
        ----------
        ids, labels : iterables of equal length
            Items and the label of each.
        annotator : str, optional
            Who says so.
        seconds : iterable of float, optional
            How long the annotator looked at each item.
        keys : sequence of str, optional
            A client key for each answer: the same answer sent again under its key counts once.

        Raises
        ------
        UnknownItem, UnknownLabel, BadInput
            If an id or a label is not what it should be; then nothing is recorded.
        NotStored
            If the disk refused; then nothing is recorded.
        """
        self._store(self.answers(ids, labels, annotator=annotator, seconds=seconds, keys=keys))

    def answers(
        self,
        ids: Iterable[ItemId],
        labels: Iterable[Label],
        *,
        annotator: str | None = None,
        seconds: Iterable[float | None] | None = None,
        keys: Sequence[str] | None = None,
    ) -> list[Event]:
        """Return the events that :meth:`tell` would record; for who appends them without waiting."""
        items, raw = list(check_ids(sequence(ids, "ids"))), list(sequence(labels, "labels"))
        times = [None] * len(items) if seconds is None else [duration(one) for one in seconds]
        if not len(items) == len(raw) == len(times):
            raise BadInput(
                f"Expected one label (and one time, if any) for each of {len(items)} ids. "
                f"Got {len(raw)} labels and {len(times)} times."
            )
        checked = [self._task.check(one) for one in raw]
        self._check_kind(checked)
        who = self.annotator if annotator is None else annotator
        extra = [{"label": label, "seconds": s} for label, s in zip(checked, times, strict=True)]
        return self.replies(Answered, items, who, keys, extra)

    def retract(self, ids: Iterable[ItemId], *, annotator: str | None = None) -> None:
        """Take back what an annotator said about items; they stay asked, and may be told again."""
        self._store(self.replies(Retracted, check_ids(sequence(ids, "ids")), annotator or self.annotator))

    def skip(self, ids: Iterable[ItemId], *, annotator: str | None = None) -> None:
        """Record that an annotator cannot say; estimates then reckon with the worst."""
        self._store(self.replies(Skipped, check_ids(sequence(ids, "ids")), annotator or self.annotator))

    def flag(self, ids: Iterable[ItemId], *, annotator: str | None = None) -> None:
        """Record that something is wrong with items."""
        self._store(self.replies(Flagged, check_ids(sequence(ids, "ids")), annotator or self.annotator))

    def replies(
        self,
        kind: Any,
        items: Sequence[ItemId],
        annotator: str,
        keys: Sequence[str] | None = None,
        extra: Sequence[dict[str, Any]] | None = None,
    ) -> list[Event]:
        """Return checked replies of one kind, an event for each item, which are not recorded yet."""
        state = self.state
        keys = None if keys is None else [text(key, "key") for key in sequence(keys, "keys")]
        if keys is not None and len(keys) != len(items):
            raise BadInput(f"Expected one key for each of {len(items)} ids. Got {len(keys)}.")
        text(annotator, "annotator")
        unknown = next((item for item in items if state.row(item) is None), None)
        if unknown is not None:
            raise UnknownItem(f"There is no item {unknown!r} in this pool of {state.rows} items.")
        now = self._clock()
        events = [
            kind(
                item=item,
                annotator=annotator,
                key=keys[i] if keys is not None else uuid.uuid4().hex,
                revision=self._revision(state, item, annotator, keys[i] if keys is not None else None),
                time=now,
                **(extra[i] if extra is not None else {}),
            )
            for i, item in enumerate(items)
        ]
        for event in events:
            check(state, event)
        return events

    # Inside

    def _append_at(self, attempt: Callable[[State], tuple[list[Event], Made]]) -> Made:
        """Append what `attempt` makes of the present state, trying again when somebody was faster."""
        for _ in range(TRIES):
            state = self.state
            events, made = attempt(state)
            for event in events:
                check(state, event)
            try:
                if events:
                    self.journal.append(events, at=state.position)
            except Conflict:
                continue
            self.state  # noqa: B018
            return made
        raise Conflict(f"The journal kept moving for {TRIES} tries; too many processes write to it at once.")

    def _store(self, events: Sequence[Event]) -> None:
        if events:
            self.journal.append(events)
            self.state  # noqa: B018

    def _revision(self, state: State, item: ItemId, annotator: str, key: str | None) -> int:
        held = next((one for one in state.said.get(item, ()) if one.annotator == annotator), None)
        if held is None:
            return 1
        return held.revision if held.key == key else held.revision + 1

    def _check_kind(self, labels: Sequence[Label]) -> None:
        said = (answers[0] for _, answers in self.state.answers())
        known = next(chain(self._task.labels, said, labels), None)
        for label in labels:
            if isinstance(label, str) is not isinstance(known, str):
                raise BadInput(
                    f"Labels must be all texts or all whole numbers. Got {label!r} beside {known!r}; "
                    "convert them to one type."
                )

    def _training_set(self, state: State) -> tuple[list[int], list[Label]]:
        """Rows in order, with their labels: the same whatever order the answers came in."""
        resolved = ((item, self._task.resolve(labels)) for item, labels in state.answers())
        pairs = sorted((state.row(item), label) for item, label in resolved if label is not None)
        return [row for row, _ in pairs if row is not None], [label for _, label in pairs]


def _open_journal(journal: str | os.PathLike[str] | Journal | None) -> Journal:
    if journal is None:
        return MemoryJournal()
    if isinstance(journal, str | os.PathLike):
        opened: Journal = lookup("journals", "sql")(journal)
        return opened
    return journal
