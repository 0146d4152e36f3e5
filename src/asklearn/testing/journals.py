"""What every journal must do, as checks that any author of a journal can run.

Each ``check_*`` function takes `make`, which returns a new and empty journal at each call, and raises
``AssertionError`` saying what was expected. :func:`check_journal` runs them all.
"""

from __future__ import annotations

import inspect
import itertools
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from asklearn.errors import Conflict, JournalError, KeyReused
from asklearn.events import Added, Answered, Configured, Erased, Event, Retracted
from asklearn.journal import Journal, SnapshotStore
from asklearn.registry import lookup, names

Make: TypeAlias = Callable[[], Journal]
Reopen: TypeAlias = Callable[[Journal], Journal]


def check_journal(make: Make, reopen: Reopen | None = None) -> None:
    """Run every check.

    Parameters
    ----------
    make : callable
        Returns a new and empty journal.
    reopen : callable, optional
        Closes a journal and returns it opened anew; for journals that outlive their process.

    Raises
    ------
    AssertionError
        If the journal breaks the contract, with what was expected and what came.

    Examples
    --------
    >>> from asklearn.journal import MemoryJournal
    >>> check_journal(MemoryJournal)
    """
    for check in CHECKS:
        check(make)
    if reopen is not None:
        check_reopening(make, reopen)


def registered(folder: Path) -> Iterator[tuple[str, Make, Reopen | None]]:
    """Yield the name of every registered journal, how to make one, and how to reopen it.

    A journal whose class takes a ``path`` gets one in `folder`, and must be there when it is opened again.
    """
    for name in names("journals"):
        kind = lookup("journals", name)
        if "path" in inspect.signature(kind).parameters:
            yield name, _maker(kind, folder, name), _reopener(kind)
        else:
            yield name, kind, None


def check_reads_back(make: Make) -> None:
    """What was appended is read, in order, field by field."""
    journal = make()
    _expect(list(journal.read()), [], "an empty journal reads as nothing")
    _expect(journal.append([]), 0, "appending nothing to an empty journal returns position 0")
    events: list[Event] = [
        Configured(seed=2**63, labels=("ä", "🙂", 7), time=1.5),
        Added(start=0, stop=2, ids=("7", 7)),
        _answer("7", "k0"),
    ]
    _expect(journal.append(events), 3, "append returns the position after the events")
    _expect(list(journal.read()), events, "read yields what was appended")
    _expect(list(journal.read()), events, "reading again yields the same")
    _expect(journal.append([Erased(item=7), Erased(item=7)]), 5, "equal events without a key are stored each")


def check_since(make: Make) -> None:
    """``read(since)`` begins after that position, wherever it is."""
    journal = make()
    events = [_answer(item, f"k{item}") for item in range(5)]
    journal.append(events)
    for since in range(7):
        _expect(list(journal.read(since)), events[since:], f"read(since={since}) yields the later events")


def check_reading_while_appending(make: Make) -> None:
    """A reader that has begun does not keep others from appending, and sees what was there."""
    journal = make()
    events = [_answer(item, f"k{item}") for item in range(3)]
    journal.append(events)
    reader = iter(journal.read())
    first = next(reader)
    journal.append([_answer(3, "k3")])
    _expect([first, *reader], events, "a reader yields the events that were there when it began")


def check_position(make: Make) -> None:
    """With ``at``, an append is refused unless the journal stands exactly there."""
    journal = make()
    journal.append([Configured(seed=0)], at=0)
    for at in (0, 2):
        _expect_error(Conflict, partial(journal.append, [Erased(item=1)], at=at), f"at={at} of 1")
        _expect(len(list(journal.read())), 1, "a refused append stores nothing")
    _expect(journal.append([Erased(item=1)], at=1), 2, "the right position is accepted")


def check_keys(make: Make) -> None:
    """A client key counts once with one content, and is refused with another."""
    journal = make()
    journal.append([_answer(1, "k")])
    _expect(journal.append([_answer(1, "k", time=9.0)]), 1, "the same reply again is not stored again")
    _expect(
        journal.append([_answer(2, "m"), _answer(2, "m")]), 2, "a reply twice in one append is stored once"
    )
    _expect_error(KeyReused, lambda: journal.append([_answer(1, "k", label="dog")]), "another label")
    _expect_error(KeyReused, lambda: journal.append([_answer(3, "k")]), "another item")
    other_kind = Retracted(item=1, annotator="ann", key="k")
    _expect_error(KeyReused, lambda: journal.append([other_kind]), "another kind of reply")
    _expect_error(
        KeyReused, lambda: journal.append([_answer(4, "n"), _answer(5, "n")]), "a key for two items"
    )
    _expect(len(list(journal.read())), 2, "refused replies are not stored")


def check_all_or_nothing(make: Make) -> None:
    """One refused event refuses the whole append."""
    journal = make()
    journal.append([_answer(1, "k")])
    _expect_error(
        KeyReused, lambda: journal.append([_answer(2, "new"), _answer(3, "k")]), "one reused key of two"
    )
    _expect(list(journal.read()), [_answer(1, "k")], "nothing of a refused append is stored")
    _expect(journal.append([_answer(2, "new")]), 2, "a key of a refused append is free")


def check_input_untouched(make: Make) -> None:
    """The list that was passed in stays as it was, and changing it later changes nothing."""
    journal = make()
    events: list[Event] = [_answer(1, "k"), _answer(1, "k")]
    journal.append(events)
    _expect(len(events), 2, "append does not change its argument")
    events.clear()
    _expect(len(list(journal.read())), 1, "the journal does not keep the caller's list")


def check_threads(make: Make) -> None:
    """Threads that append at once lose nothing, store nothing twice, and get positions of their own."""
    journal = make()
    threads, each = 8, 25
    positions: list[list[int]] = [[] for _ in range(threads)]

    def work(thread: int) -> None:
        for n in range(each):
            positions[thread].append(journal.append([_answer(n, f"{thread}/{n}"), _answer(n, f"shared{n}")]))

    _run_threads(threads, work)
    events = list(journal.read())
    keys = [event.key for event in events if isinstance(event, Answered)]
    _expect(len(keys), len(set(keys)), "no client key is stored twice")
    _expect(len(keys), threads * each + each, "every reply is stored")
    for mine in positions:
        _expect(mine, sorted(set(mine)), "positions rise within a thread")
    for thread, mine in enumerate(positions):
        for n, position in enumerate(mine):
            stored = keys[:position]
            _expect(f"{thread}/{n}" in stored, True, "what was appended lies before the position returned")


def check_one_winner(make: Make) -> None:
    """Of threads that append at the same position, exactly one gets through."""
    journal = make()
    results: list[str] = []

    def work(thread: int) -> None:
        try:
            journal.append([_answer(thread, f"k{thread}")], at=0)
            results.append("won")
        except Conflict:
            results.append("conflict")

    _run_threads(8, work)
    _expect(results.count("won"), 1, "exactly one append at a position gets through")
    _expect(len(results), 8, "the others raise Conflict")
    _expect(len(list(journal.read())), 1, "only the winner's event is stored")


def check_snapshots(make: Make) -> None:
    """If it keeps snapshots: the newest is returned as it was given, and none at first."""
    journal = make()
    if not isinstance(journal, SnapshotStore):
        return
    _expect(journal.load_snapshot(), None, "a new journal has no snapshot")
    journal.append([_answer(item, f"k{item}") for item in range(3)])
    for position, body in ((1, b"one"), (3, bytes(range(256))), (2, b"older")):
        journal.save_snapshot(position, body)
    _expect(journal.load_snapshot(), (3, bytes(range(256))), "the snapshot of the highest position is kept")


def check_reopening(make: Make, reopen: Reopen) -> None:
    """Opened anew, a journal holds the same, and knows its keys and its position."""
    journal = make()
    events = [_answer(item, f"k{item}") for item in range(3)]
    journal.append(events)
    journal = reopen(journal)
    _expect(list(journal.read()), events, "a reopened journal reads the same")
    _expect(journal.append(events[:1]), 3, "a reopened journal knows its client keys")
    _expect_error(Conflict, lambda: journal.append([], at=2), "a reopened journal knows its position")


CHECKS: tuple[Callable[[Make], None], ...] = (
    check_reads_back,
    check_since,
    check_reading_while_appending,
    check_position,
    check_keys,
    check_all_or_nothing,
    check_input_untouched,
    check_threads,
    check_one_winner,
    check_snapshots,
)


def _answer(item: int | str, key: str, label: str = "cat", time: float = 1.0) -> Answered:
    return Answered(item=item, annotator="ann", key=key, label=label, time=time)


def _expect(found: object, expected: object, rule: str) -> None:
    if found != expected:
        raise AssertionError(f"Expected that {rule}: {expected!r:.500}. Got {found!r:.500}.")


def _expect_error(kind: type[JournalError], call: Callable[[], Any], case: str) -> None:
    try:
        result = call()
    except kind:
        return
    raise AssertionError(f"Expected {kind.__name__} for {case}. Got {result!r} instead.")


def _run_threads(count: int, work: Callable[[int], None]) -> None:
    failures: list[BaseException] = []
    start = threading.Barrier(count)

    def run(thread: int) -> None:
        start.wait()
        try:
            work(thread)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(thread,)) for thread in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise AssertionError(f"Expected no error from {count} threads. Got {failures[0]!r}.") from failures[0]


def _maker(kind: Callable[..., Journal], folder: Path, name: str) -> Make:
    count = itertools.count()
    return lambda: kind(path=folder / f"{name}-{next(count)}.db")


def _reopener(kind: Callable[..., Journal]) -> Reopen:
    def reopen(journal: Any) -> Journal:
        journal.close()
        return kind(path=journal.path)

    return reopen
