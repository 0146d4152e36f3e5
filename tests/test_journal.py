"""Every registered journal keeps the contract, and the suite that says so can fail."""

import pytest

from asklearn.errors import BadInput, Conflict, KeyReused
from asklearn.events import Added, Answered, Configured, Erased
from asklearn.journal import MemoryJournal, open_state, unseen
from asklearn.registry import names
from asklearn.state import fold
from asklearn.testing import journals
from asklearn.testing.journals import CHECKS, check_journal, check_reopening, registered

NAMES = names("journals")


def answer(n, label="cat"):
    return Answered(item=n, annotator="ann", key=f"k{n}", label=label)


def test_discovery_finds_the_journals():
    assert {"memory", "sql"} <= set(NAMES)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_journal(name, check, tmp_path):
    make = {found: make for found, make, _ in registered(tmp_path)}[name]
    check(make)


@pytest.mark.parametrize("name", NAMES)
def test_reopening(name, tmp_path):
    make, reopen = {found: rest for found, *rest in registered(tmp_path)}[name]
    if reopen is None:
        pytest.skip(f"the {name} journal ends with its process")
    check_reopening(make, reopen)


def test_every_check_is_run():
    written = {name for name in vars(journals) if name.startswith("check_")}
    assert written == {check.__name__ for check in CHECKS} | {"check_journal", "check_reopening"}


class Faulty(MemoryJournal):
    """A sound journal, for each fault to spoil."""


class DropsLast(Faulty):
    def read(self, since=0):
        return iter(self._events[since:][:-1])


class IgnoresSince(Faulty):
    def read(self, since=0):
        return iter(self._events)


class IgnoresAt(Faulty):
    def append(self, events, *, at=None):
        return super().append(events)


class IgnoresKeys(Faulty):
    def append(self, events, *, at=None):
        with self._lock:
            if at is not None and at != len(self._events):
                raise Conflict("moved")
            self._events += events
            return len(self._events)


class FirstOneWins(Faulty):
    def append(self, events, *, at=None):
        try:
            return super().append(events, at=at)
        except KeyReused:
            return len(self._events)


class StoresSome(Faulty):
    def append(self, events, *, at=None):
        for event in events:
            position = super().append([event], at=at)
            at = None if at is None else at + 1
        return position if events else super().append([], at=at)


class MergesEqual(Faulty):
    def append(self, events, *, at=None):
        return super().append(list(dict.fromkeys(events)), at=at)


class KeepsCallersList(Faulty):
    def append(self, events, *, at=None):
        position = super().append(events, at=at)
        if isinstance(events, list) and position == len(set(events)):
            self._events = events
            events[:] = list(dict.fromkeys(events))
        return position


class EndlessReader(Faulty):
    def read(self, since=0):
        while since < len(self._events):
            yield self._events[since]
            since += 1


class NoLock(Faulty):
    """Looks, waits for the others, and only then writes."""

    def append(self, events, *, at=None):
        import time

        if at is not None and at != len(self._events):
            raise Conflict("moved")
        new = [events[index] for index in unseen(events, self._keys)]
        time.sleep(0.0005)
        self._events += new
        self._keys |= {event.key: event for event in new if hasattr(event, "key")}
        return len(self._events)


class OldSnapshot(Faulty):
    kept = None

    def load_snapshot(self):
        return self.kept

    def save_snapshot(self, position, snapshot):
        self.kept = position, snapshot


@pytest.mark.parametrize("fault", Faulty.__subclasses__(), ids=lambda fault: fault.__name__)
def test_the_suite_catches(fault):
    with pytest.raises(AssertionError):
        check_journal(fault)


def test_the_suite_catches_a_journal_that_forgets():
    with pytest.raises(AssertionError, match="reopened"):
        check_reopening(MemoryJournal, lambda journal: MemoryJournal())


def test_a_conflict_says_where_the_journal_stands():
    journal = MemoryJournal()
    journal.append([Erased(item=1)])
    with pytest.raises(Conflict, match=r"position 0; it is at 1\. Read the new events"):
        journal.append([], at=0)


def test_a_reused_key_says_what_it_stands_for_and_how_to_mend_it():
    journal = MemoryJournal()
    journal.append([answer(1)])
    with pytest.raises(KeyReused, match=r"'k1' already stands for .*cat.*dog.* higher revision"):
        journal.append([answer(1, label="dog")])


def test_opens_a_journal_without_snapshots():
    journal = MemoryJournal()
    events = [Configured(seed=0), Added(start=0, stop=3), answer(1)]
    journal.append(events)
    state = open_state(journal)
    assert (state.position, state.said) == (3, fold(events).said)


def test_replies_without_a_key_of_their_own_are_one_reply():
    """An empty key is a key."""
    journal = MemoryJournal()
    one = Answered(item=1, annotator="a", key="", label="x")
    journal.append([one])
    assert journal.append([one]) == 1


def test_memory_refuses_what_cannot_be_written_down():
    journal = MemoryJournal()
    with pytest.raises(BadInput):
        journal.append([Erased(item=1), Erased(item="\ud800")])
    assert list(journal.read()) == []
