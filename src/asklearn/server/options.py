"""What a project's settings say of its server: the table ``[server]`` of ``asklearn.toml``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Any

from asklearn.errors import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The settings of a project's server.

    Parameters
    ----------
    refresh_labels : int
        Train anew after so many new labels,
    refresh_seconds : float
        or after so many seconds with any.
    suggestions : bool
        Whether annotators see what the model believes. It saves keys and sways people, so it is off unless
        wanted; items that the audit may draw are always shown without, and the weighted audit, which may
        draw any item, then draws none.
    gold : float
        Share of the hand-outs that are items whose label is known, to measure annotators by.
    review : float
        Share of the hand-outs that are items on which others disagreed or could not say, while there are
        fresh ones.
    skill : str
        Column that names, separated by commas, the skills that an item needs; empty for none.
    priority : str
        Column of numbers; items with a higher one are shown first. Empty for none.
    group : str
        Column; items of one value, like the sentences of a document, are shown one after another. Empty for none.

    Raises
    ------
    BadInput
        If a value is not what it should be.
    """

    refresh_labels: int = 20
    refresh_seconds: float = 15.0
    suggestions: bool = False
    gold: float = 0.02
    review: float = 0.2
    skill: str = ""
    priority: str = ""
    group: str = ""

    def __post_init__(self) -> None:
        if type(self.refresh_labels) is not int or self.refresh_labels < 1:
            raise BadInput(
                f"refresh_labels is a whole number of labels, at least 1. Got {self.refresh_labels!r}."
            )
        if type(self.refresh_seconds) not in (int, float) or not self.refresh_seconds >= 0:
            raise BadInput(
                f"refresh_seconds is a number of seconds, at least 0. Got {self.refresh_seconds!r}."
            )
        if type(self.suggestions) is not bool:
            raise BadInput(f"suggestions is true or false. Got {self.suggestions!r}.")
        for name in ("gold", "review"):
            share = getattr(self, name)
            if type(share) not in (int, float) or not 0 <= share <= 1:
                raise BadInput(f"{name} is a share of the hand-outs, from 0 to 1. Got {share!r}.")
        for name in ("skill", "priority", "group"):
            if not isinstance(getattr(self, name), str):
                raise BadInput(f"{name} is the name of a column. Got {getattr(self, name)!r}.")


def options_from(table: Mapping[str, Any]) -> Options:
    """Return the options that a table holds; what it does not name is as usual.

    Raises
    ------
    BadInput
        If there is no such option, or its value is not what it should be.

    Examples
    --------
    >>> options_from({"refresh_labels": 50}).refresh_seconds
    15.0
    >>> options_from({"refresh_lables": 50})
    Traceback (most recent call last):
        ...
    asklearn.errors.BadInput: There is no setting 'refresh_lables' of the server. Did you mean 'refresh_labels'?
    """
    known = [one.name for one in fields(Options)]
    for name in table:
        if name not in known:
            near = get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(known)}."
            raise BadInput(f"There is no setting {name!r} of the server. {hint}")
    return Options(**table)
