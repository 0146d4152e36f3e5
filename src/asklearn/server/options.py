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

    Raises
    ------
    BadInput
        If a value is not what it should be.
    """

    refresh_labels: int = 20
    refresh_seconds: float = 15.0

    def __post_init__(self) -> None:
        if type(self.refresh_labels) is not int or self.refresh_labels < 1:
            raise BadInput(
                f"refresh_labels is a whole number of labels, at least 1. Got {self.refresh_labels!r}."
            )
        if type(self.refresh_seconds) not in (int, float) or not self.refresh_seconds >= 0:
            raise BadInput(
                f"refresh_seconds is a number of seconds, at least 0. Got {self.refresh_seconds!r}."
            )


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
