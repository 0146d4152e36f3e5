"""What a person is shown next, of all that waits: the rules of the queue applied to one project."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from itertools import count, islice

from asklearn.audit import permanent_numbers
from asklearn.events import Erased, Event, Reply, Resolved
from asklearn.server.offer import Offer
from asklearn.server.options import Options
from asklearn.server.queue import (
    LOTS,
    OpenPlaces,
    Overlap,
    Replies,
    answered,
    disagreed,
    for_annotator,
    in_turn,
    mixed,
    replies,
)
from asklearn.state import State
from asklearn.types import ItemId

Skills = Mapping[str, Collection[str]]
Lent = Mapping[ItemId, Collection[str]]


class Streams:
    """The items that wait, in the order in which they are shown.

    Parameters
    ----------
    state : State
        What the journal says; it moves, and :meth:`moved` is told.
    overlap : Overlap
        How many people are asked about an item.
    options : Options
        How the streams are mixed.
    priority : callable
        Says how urgent an item is.
    needs : callable
        Gives the skills that an item needs.
    group : callable
        Says what an item belongs to; empty where to nothing.
    skills : callable
        Gives the skills of everybody who has a token.
    """

    def __init__(
        self,
        state: State,
        overlap: Overlap,
        options: Options,
        priority: Callable[[ItemId], float],
        needs: Callable[[ItemId], Set[str]],
        group: Callable[[ItemId], str],
        skills: Callable[[], Skills],
    ) -> None:
        self._state, self._options, self._skills = state, options, skills
        self._priority, self._needs = priority if options.priority else None, needs
        self._group = group if options.group else None
        self._open, self._replies = OpenPlaces(state, overlap), Replies(state)
        self._doubted = {item: None for item in self._open.needed if self._in_doubt(item)}
        self.offer = Offer()
        self._order: deque[ItemId] = deque()
        self._ordered_for: tuple[int, Offer] | None = None

    def moved(self, events: Sequence[Event]) -> None:
        """Take in events that were folded into the state."""
        self._open.moved(events)
        self._replies.moved(events)
        for event in events:
            if isinstance(event, Reply) and event.item in self._open.needed and self._in_doubt(event.item):
                self._doubted[event.item] = None
            elif isinstance(event, Reply | Resolved | Erased):
                self._doubted.pop(event.item, None)

    @property
    def order(self) -> Iterable[ItemId]:
        """The open items as they are shown to somebody who may see all of them; some may have left."""
        entered, offer = self._ordered_for or (None, None)
        if entered != self.entered or offer is not self.offer:
            needed, rank = self._open.needed, self.offer.rank
            self._order = deque(in_turn(needed, self._state, rank, self._priority, self._group))
            self._ordered_for = self.entered, self.offer
        while self._order and self._order[0] not in self._open.needed:
            self._order.popleft()
        return self._order

    @property
    def entered(self) -> int:
        """How many times an item came to wait."""
        return self._open.entered

    @property
    def waiting(self) -> Collection[ItemId]:
        """The items that need somebody."""
        return self._open.needed.keys()

    def reorder(self) -> None:
        """Forget the order: more is known of priorities."""
        self._ordered_for = None

    def __len__(self) -> int:
        return len(self._open.needed)

    def __contains__(self, item: ItemId) -> bool:
        return item in self._open.needed or item in self._replies.gold

    def is_gold(self, item: ItemId) -> bool:
        """Return whether the label of an item is known to be right."""
        return item in self._replies.gold

    def stream(self, item: ItemId) -> str:
        """Return what an annotator is told of who asked; where a label is known they are not to notice."""
        if item in self._replies.gold or item not in self._state.asks:
            return "exploit"
        return "review" if self._in_doubt(item) else self._state.asks[item].stream

    def next(
        self, annotator: str, n: int, without: Collection[ItemId], taken: Lent
    ) -> list[tuple[ItemId, int]]:
        """Return the next `n` items for somebody, each with the number of people that it may be lent to.

        Parameters
        ----------
        annotator : str
            Who asks.
        n : int
            How many.
        without : collection of item ids
            What they have already.
        taken : mapping
            Who holds each item that is lent.
        """
        fits = self._fitting(annotator)

        def shown(items: Iterable[ItemId]) -> Iterator[ItemId]:
            likely = (
                (item, places)
                for item in items
                if (places := self._open.needed.get(item, 0))
                and (item not in taken or len(taken[item]) < places or annotator in taken[item])
                and item not in without
                and fits(item)
            )
            return (item for item, _ in for_annotator(likely, self._state, taken, annotator))

        doubted = self._doubted
        begun = self._replies.count[annotator] + len(without)
        given: set[ItemId] = set(without)
        found = mixed(
            shown(item for item in self.order if item not in doubted), shown(list(doubted)),
            lambda lot: self._gold(annotator, lot, given, taken), self._lots(annotator, begun, n),
            (self._options.gold, self._options.review),
        )  # fmt: skip
        return [(item, self._places(item, taken)) for item in islice(found, n)]

    def _places(self, item: ItemId, taken: Lent) -> int:
        return self._open.needed.get(item) or len(taken.get(item, ())) + 1

    def _gold(self, annotator: str, lot: float, given: set[ItemId], taken: Lent) -> ItemId | None:
        """Return an item whose label is known and that somebody has not seen, chosen by a number in [0, 1)."""
        items = list(self._replies.gold)
        start = int(lot * len(items))
        for item in (*items[start:], *items[:start]):
            told = any(one.annotator == annotator for one in self._state.said.get(item, ()))
            if not told and item not in given and annotator not in taken.get(item, ()):
                given.add(item)
                return item
        return None

    def _lots(self, annotator: str, begun: int, n: int) -> Iterator[float]:
        assert self._state.settings is not None
        for start in count(begun, n):
            turns = [f"{annotator}/{turn}" for turn in range(start, start + n)]
            yield from permanent_numbers(turns, self._state.settings.seed, LOTS).tolist()

    def _in_doubt(self, item: ItemId) -> bool:
        said = replies(self._state, item)
        return bool(said) and (not answered(said) or disagreed(said))

    def _fitting(self, annotator: str) -> Callable[[ItemId], bool]:
        """Return a test of whether somebody has the skills that an item needs; what nobody has, nobody needs."""
        skills = self._skills() if self._options.skill else {}
        if not skills:
            return lambda item: True
        known = {one for some in skills.values() for one in some}
        own = set(skills.get(annotator, ()))
        return lambda item: self._needs(item) & known <= own
