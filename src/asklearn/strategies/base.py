"""What a strategy is, and what a name, an acquisition function or a selection means as one."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from typing import Any

from asklearn import registry
from asklearn.acquisition.uncertainty import margin
from asklearn.errors import BadInput, UnknownName
from asklearn.protocols import Acquisition, Selection
from asklearn.selection.compose import Shortlist, score_of, selection_of
from asklearn.selection.top import Top


@dataclass(frozen=True)
class Strategy:
    """A complete way to choose a batch.

    Parameters
    ----------
    name : str
        What it is called in results.
    select : Selection
        Picks the batch.
    score : Acquisition, optional
        Scores the candidates first, streamed over the pool in chunks.
    shortlist : int, optional
        Keep ``shortlist * n`` candidates with the best scores for `select`; None keeps all.
    start : Selection or "random"
        Picks while there is no model yet; may need features only.
    source : str
        Where it was published.
    guarded : bool
        Whether batches fall by lot once it is surely behind asking at random; see :mod:`asklearn.guard`.

    Examples
    --------
    >>> sorted(Strategy("mine", Top(), margin).needs)
    ['proba']
    """

    name: str
    select: Selection
    score: Acquisition | None = None
    shortlist: int | None = None
    start: Selection | str = "random"
    source: str = ""
    guarded: bool = False

    def __post_init__(self) -> None:
        if self.shortlist is not None and self.shortlist < 1:
            raise BadInput(f"shortlist must be 1 or more, or None. Got {self.shortlist}.")
        if "scores" in self.select.needs and self.score is None:
            raise BadInput(f"The selection of strategy {self.name!r} needs scores: give it an acquisition.")

    @property
    def needs(self) -> frozenset[str]:
        """What must be known about the candidates, once there is a model."""
        scored = self.score.needs if self.score is not None else frozenset()
        return (self.select.needs | scored) - {"scores"}

    def why(self) -> str:
        """Say why an item was picked, in words for an annotator.

        Examples
        --------
        >>> strategy("margin").why()
        'the model hesitates between two classes'
        >>> strategy("cluster_margin").why()
        'the model hesitates between two classes; it stands for a group of such items'
        """
        scored = getattr(self.score, "why", "") or getattr(self.score, "name", "")
        selected = getattr(self.select, "why", "")
        return "; ".join(filter(None, [scored, selected])) or self.name

    def why_first(self) -> str:
        """Say why an item was picked while there was no model, in words for an annotator.

        Examples
        --------
        >>> strategy("auto").why_first()
        'it is typical of a group of items'
        """
        if isinstance(self.start, str):
            return "drawn at random: there is no model yet"
        return getattr(self.start, "why", "") or type(self.start).__name__


def strategy(spec: str | Strategy | Acquisition | Selection) -> Strategy:
    """Return the strategy that `spec` means.

    Parameters
    ----------
    spec : str, Strategy, Acquisition or Selection
        A registered strategy; an acquisition (its best scores are taken); a selection (of margin's
        scores, where it needs scores; itself the cold start, where it needs no model); a name of any of
        them, with options: ``"power(beta=2.0)"``.

    Raises
    ------
    UnknownName
        If nothing has that name; the message suggests the nearest.
    BadInput
        If the specification cannot be read, or an option is not known.

    Examples
    --------
    >>> strategy("power(beta=2.0)").select.beta
    2.0
    >>> strategy("margn")
    Traceback (most recent call last):
        ...
    asklearn.errors.UnknownName: There is no strategy 'margn'. Did you mean 'margin' or ...
    """
    if isinstance(spec, str):
        return _named(spec)
    return _composed(spec, getattr(spec, "name", type(spec).__name__))


def names() -> list[str]:
    """Return the name of every strategy: the composed ones, the acquisitions and the selections.

    Selections that only make sense with parts of one's own, such as ``shortlist``, are left out; they can
    be written all the same: ``"shortlist(score='entropy', select='k_center')"``.

    Examples
    --------
    >>> "auto" in names() and "margin" in names() and "k_center" in names()
    True
    """
    return sorted({name for group in _GROUPS for name in registry.names(group)} - TOOLS)


_GROUPS = ("strategies", "acquisition", "selection")

TOOLS = {
    "top", "shortlist", "above", "mixture", "steps", "switch", "when_rare", "without_near_duplicates", "quota",
}  # fmt: skip
"""Selections that strategies are made of; by themselves they are none that one would name."""


def _named(spec: str) -> Strategy:
    name, options = registry.parse(spec)
    group = next((group for group in _GROUPS if name in registry.names(group)), None)
    if group is None:
        known = names()
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        raise UnknownName(f"There is no strategy {name!r}.{hint} Known: {', '.join(known)}.")
    if group != "strategies":
        return _composed(registry.resolve(group, spec), spec)
    plugin = registry.lookup(group, name)
    registry.check_options(group, name, plugin, options)
    try:
        made: Strategy = plugin(**options)
    except TypeError as error:
        raise BadInput(f"The strategy {spec!r} cannot be made: {error}.") from error
    return replace(made, name=spec)


def _composed(part: Any, name: str) -> Strategy:
    if isinstance(part, Strategy):
        return part
    if isinstance(part, Acquisition):
        return Strategy(name, Top(), part)
    if isinstance(part, Shortlist):  # so that the scores are streamed
        return Strategy(name, selection_of(part.select), score_of(part.score), part.factor)
    if isinstance(part, Selection):
        score = margin if "scores" in part.needs else None
        return Strategy(name, part, score, start=part if _needs_no_model(part) else "random")
    raise BadInput(
        f"A strategy must be a name, a Strategy, an Acquisition or a Selection. Got {type(part).__name__}."
    )


def _needs_no_model(part: Selection) -> bool:
    return "features" in part.needs and part.needs <= {"features", "labelled"}
