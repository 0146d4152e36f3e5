"""What is shown in a terminal: text that cannot steer it, in as many columns as there are."""

from __future__ import annotations

import shutil
import textwrap
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

WIDEST = 80
_JOINERS = "\u200c\u200d"


def columns() -> int:
    """Return how wide to write: as the terminal is, from 20 to 80 columns."""
    return max(20, min(shutil.get_terminal_size((WIDEST, 24)).columns, WIDEST))


def printable(value: Any, lines: bool = False) -> str:
    """Return text without what would steer a terminal; line ends stay where `lines` is true.

    Examples
    --------
    >>> printable("red\\x1b[2J\\nblue")
    'red [2J blue'
    """
    text = "" if value is None else str(value).expandtabs(4)
    kept = "\n" + _JOINERS if lines else _JOINERS
    return "".join(one if one.isprintable() or one in kept else " " for one in text)


def cells(text: str) -> int:
    """Return how many columns a text takes: two for East Asian wide letters, none for marks upon others.

    Examples
    --------
    >>> cells("猫 cat")
    6
    """
    return sum(
        0
        if unicodedata.combining(one) or one in _JOINERS
        else 2
        if unicodedata.east_asian_width(one) in "WF"
        else 1
        for one in text
    )


def cut(text: str, most: int) -> str:
    """Return printable text of up to `most` columns, with dots where something was cut off.

    Examples
    --------
    >>> cut("information", 8)
    'infor...'
    """
    text = printable(text)
    if cells(text) <= most:
        return text
    kept = text[: most - 3]
    while cells(kept) > most - 3:
        kept = kept[:-1]
    return kept.rstrip() + "..."


def padded(text: str, width: int) -> str:
    """Return text with spaces behind it, up to `width` columns."""
    return text + " " * (width - cells(text))


def wrapped(text: str, first: str = "", further: str | None = None) -> str:
    """Return text in lines that fit, the first one behind `first` and the others behind `further`.

    Line ends of the text stay; what would steer the terminal does not.

    Examples
    --------
    >>> print(wrapped("one\\ntwo", "1. "))
    1. one
       two
    """
    further = " " * len(first) if further is None else further
    lines: list[str] = []
    for part in printable(text, lines=True).split("\n"):
        start = further if lines else first
        lines += textwrap.wrap(part, columns(), initial_indent=start, subsequent_indent=further) or [
            start.rstrip()
        ]
    return "\n".join(lines)


def flowed(entries: Sequence[str]) -> str:
    """Return entries one after the other, in lines that fit, none of them broken.

    Examples
    --------
    >>> flowed(["[1] cat", "[2] dog"])
    '[1] cat  [2] dog'
    """
    lines = [""]
    for one in entries:
        longer = f"{lines[-1]}  {one}" if lines[-1] else one
        if cells(longer) <= columns():
            lines[-1] = longer
        else:
            lines.append(one)
    return "\n".join(lines)


def estimate_words(one: Mapping[str, Any]) -> str:
    """Return an estimate in words: its value, its interval, and the interval's level.

    Examples
    --------
    >>> estimate_words({"metric": "accuracy", "value": 0.7, "low": 0.56, "high": 0.81, "level": 0.95, "method": ""})
    'accuracy 0.700 [0.560, 0.810] (95% interval)'
    """
    span = f"[{one['low']:.3f}, {one['high']:.3f}] ({one['level']:.0%} interval)"
    value = "unknown" if one["method"].startswith("too few") else f"{one['value']:.3f}"
    return f"{one['metric']} {value} {span}"
