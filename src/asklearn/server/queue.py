"""Which asked items a person is shown next: plain rules over the state and the running leases."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from asklearn.audit import permanent_numbers
from asklearn.events import Asked, Erased, Event, Reply, Resolved
from asklearn.state import State, Status
from asklearn.types import ItemId

OVERLAP = 0
"""Which permanent random number decides whether several people are asked about an item."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many people are asked about an item.

    Parameters
    ----------
    people : int
        How many, where several are.
    share : float
        Share of the items about which several are asked, in [0, 1], decided by a hash of the id.

    Examples
    --------
    >>> Overlap(people=2, share=1.0).of("a", seed=0), Overlap().of("a", seed=0)
    (2, 1)
    """

    people: int = 2
    share: float = 0.0

    def of(self, item: ItemId, seed: int) -> int:
        """Return how many people are to answer an item."""
        if self.share <= 0 or permanent_numbers([item], seed, OVERLAP)[0] >= self.share:
            return 1
        return self.people


def open_places(state: State, overlap: Overlap, order: Iterable[ItemId]) -> Iterator[tuple[ItemId, int]]:
    """Yield the asked items that still need somebody, in `order`, with the number of people they need.

    One that somebody skipped or flagged goes to one more person, who may be able to say.
    """
    assert state.settings is not None
    for item in order:
        status = state.status(item)
        if status in (Status.RESOLVED, Status.ERASED):
            continue
        said = [one.kind for one in state.said.get(item, ()) if one.kind != "Retracted"]
        needed = overlap.of(item, state.settings.seed)
        if "Answered" not in said and said:
            needed = max(needed, 2)
        if len(said) < needed:
            yield item, needed - len(said)


class OpenPlaces:
    """How many people each asked item still needs, in the order of asking: kept up to date event by event.

    Parameters
    ----------
    state : State
        What the journal says so far.
    overlap : Overlap
        How many people are asked about an item.

    Attributes
    ----------
    needed : dict
        The number of people for each item that still needs somebody.
    """

    def __init__(self, state: State, overlap: Overlap) -> None:
        self._state, self._overlap = state, overlap
        self._turn = {item: turn for turn, item in enumerate(state.asks)}
        self.needed = dict(open_places(state, overlap, state.asks))

    def moved(self, events: Iterable[Event]) -> None:
        """Take in events that were folded into the state."""
        items = (one.item for one in events if isinstance(one, Asked | Reply | Resolved | Erased))
        for item in dict.fromkeys(items):
            if item in self._state.asks:
                self._look(item)

    def _look(self, item: ItemId) -> None:
        turn = self._turn.setdefault(item, len(self._turn))
        people = next((people for _, people in open_places(self._state, self._overlap, [item])), 0)
        if not people:
            self.needed.pop(item, None)
            return
        again = item not in self.needed and turn < len(self._turn) - 1
        self.needed[item] = people
        if again:  # what is needed once more keeps its turn
            self.needed = dict(sorted(self.needed.items(), key=lambda one: self._turn[one[0]]))


def for_annotator(
    places: Iterable[tuple[ItemId, int]],
    state: State,
    taken: Mapping[ItemId, Collection[str]],
    annotator: str,
) -> Iterator[tuple[ItemId, int]]:
    """Yield what an annotator may be shown: nothing that they answered, or that others hold in full.

    `taken` has, for each item, who holds a lease of it. Each item comes with its number of places.
    """
    for item, open_count in places:
        others = [one for one in taken.get(item, ()) if one != annotator]
        answered = any(
            one.annotator == annotator and one.kind != "Retracted" for one in state.said.get(item, ())
        )
        if not answered and len(others) < open_count:
            yield item, open_count
