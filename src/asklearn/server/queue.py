"""Which asked items a person is shown next: plain rules over the state and the running leases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from asklearn.audit import permanent_numbers
from asklearn.events import Answered, Asked, Erased, Event, Reply, Resolved
from asklearn.state import GOLD, Said, State, Status
from asklearn.types import ItemId

OVERLAP, LOTS = 0, 3
"""Which permanent random number decides whether several people are asked about an item, and what is shown next."""

FURTHER = 2
"""How many more people than planned are asked about an item on which they disagree."""


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

    One that somebody skipped or flagged goes to one more person, who may be able to say. One on which as many
    say this as that goes to one more, and once again.
    """
    assert state.settings is not None
    for item in order:
        said = replies(state, item)
        if state.status(item) in (Status.RESOLVED, Status.ERASED) or any(
            one.annotator == GOLD for one in said
        ):
            continue
        needed = overlap.of(item, state.settings.seed)
        if said and not answered(said):
            needed = max(needed, 2)
        elif disagreed(said):
            needed = max(needed, min(len(said) + 1, needed + FURTHER))
        if len(said) < needed:
            yield item, needed - len(said)


def replies(state: State, item: ItemId) -> list[Said]:
    """Return what holds of an item and was not taken back."""
    return [one for one in state.said.get(item, ()) if one.kind != "Retracted"]


def answered(said: Iterable[Said]) -> bool:
    """Return whether anybody gave a label."""
    return any(one.kind == "Answered" for one in said)


def disagreed(said: Iterable[Said]) -> bool:
    """Return whether the two labels that most gave were given equally often."""
    counts = Counter(one.label for one in said if one.kind == "Answered").most_common(2)
    return len(counts) == 2 and counts[0][1] == counts[1][1]


def in_turn(
    items: Iterable[ItemId],
    state: State,
    rank: Mapping[ItemId, int],
    priority: Callable[[ItemId], float] | None = None,
    group: Callable[[ItemId], str] | None = None,
) -> list[ItemId]:
    """Return open items in the order in which they are shown.

    The strategy's go by priority, highest first, and then by the newest model's order; a group stands together
    where its first item would. They take turns in the places where items of the strategy stood; the audit's keep
    their places, which nothing may move.
    """
    asked = list(items)
    last = len(rank)
    audit = {item for item in asked if state.asks[item].stream == "audit"}
    moved = sorted((item for item in asked if item not in audit), key=lambda item: rank.get(item, last))
    if priority is not None:
        moved.sort(key=priority, reverse=True)
    if group is not None:
        places: dict[str, int] = {}
        of = {
            item: places.setdefault(name, n) if (name := group(item)) else n for n, item in enumerate(moved)
        }
        moved.sort(key=of.__getitem__)
    others = iter(moved)
    return [item if item in audit else next(others) for item in asked]


class Replies:
    """How many replies each person sent, and which items have a label that is known to be right."""

    def __init__(self, state: State) -> None:
        said = [(item, one) for item, all_said in state.said.items() for one in all_said]
        self.count = Counter(one.annotator for _, one in said)
        self.gold = {item: None for item, one in said if one.annotator == GOLD and one.kind == "Answered"}

    def moved(self, events: Iterable[Event]) -> None:
        """Take in events that were folded into the state."""
        for one in events:
            if isinstance(one, Reply):
                self.count[one.annotator] += 1
                if one.annotator == GOLD and isinstance(one, Answered):
                    self.gold[one.item] = None
                elif one.annotator == GOLD:
                    self.gold.pop(one.item, None)


def mixed(
    fresh: Iterable[ItemId],
    review: Iterable[ItemId],
    gold: Callable[[float], ItemId | None],
    lots: Iterable[float],
    shares: tuple[float, float],
) -> Iterator[ItemId]:
    """Yield items of three streams, mixed by lot.

    Parameters
    ----------
    fresh, review : iterables
        Items about which nobody, or somebody, said anything; each ends when there are no more.
    gold : callable
        Gives an item whose label is known, by a number in [0, 1), or None.
    lots : iterable of float
        In [0, 1), one for each item.
    shares : (float, float)
        Of gold, and of review while there are fresh ones.

    Examples
    --------
    >>> list(mixed("abc", "r", lambda u: "g", [0.01, 0.9, 0.1, 0.9, 0.9, 0.9], (0.02, 0.2)))
    ['g', 'a', 'r', 'b', 'c']
    """
    first, second = iter(fresh), iter(review)
    for lot in lots:
        known = gold(lot / shares[0]) if lot < shares[0] else None
        if known is not None:
            yield known
            continue
        streams = (second, first) if lot < sum(shares) else (first, second)
        item = next(streams[0], None)
        item = next(streams[1], None) if item is None else item
        if item is None:
            return
        yield item


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
    entered : int
        How many times an item came to need somebody: while it stays, others have only left.
    """

    def __init__(self, state: State, overlap: Overlap) -> None:
        self._state, self._overlap = state, overlap
        self._turn = {item: turn for turn, item in enumerate(state.asks)}
        self.needed = dict(open_places(state, overlap, state.asks))
        self.entered, self._newest = 0, len(self._turn) - 1

    def moved(self, events: Iterable[Event]) -> None:
        """Take in events that were folded into the state."""
        some = [one for one in events if isinstance(one, Asked | Reply | Resolved | Erased)]
        for one in some:
            if isinstance(one, Asked):
                self._turn.setdefault(one.item, len(self._turn))
        asked = {one.item for one in some if one.item in self._turn}
        for item in sorted(asked, key=self._turn.__getitem__):
            self._look(item, self._turn[item])

    def _look(self, item: ItemId, turn: int) -> None:
        people = next((people for _, people in open_places(self._state, self._overlap, [item])), 0)
        if not people:
            self.needed.pop(item, None)
            return
        self.entered += item not in self.needed
        again = item not in self.needed and turn < self._newest
        self._newest = max(self._newest, turn)
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
