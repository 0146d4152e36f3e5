"""Numbers in words: a value, its interval, and what it was measured on."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from asklearn.metrics import metric
from asklearn.report.html import Html, tag
from asklearn.report.numbers import Span

_MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)


def spell(span: Span, seeds: bool = False, signed: bool = False) -> str:
    """Return a span in words: value, interval, and its seeds where wanted.

    Examples
    --------
    >>> spell(Span(0.84, 0.82, 0.86, 5), seeds=True)
    '0.840 [0.820, 0.860], 5 seeds'
    """
    if not span.n or not math.isfinite(span.value):
        return "not measured"
    value = f"{span.value:+.3f}" if signed else f"{span.value:.3f}"
    interval = f" {bounds(span)}" if span.n > 1 else " (1 seed)"
    return value + interval + (f", {plural(span.n, 'seed')}" if seeds and span.n > 1 else "")


def percent(span: Span) -> str:
    """Return a share with its interval in per cent.

    Examples
    --------
    >>> percent(Span(0.314, 0.18, 0.4, 5))
    '31% [18%, 40%]'
    """
    return f"{span.value:.0%} {bounds_percent(span)}"


def bounds(span: Span) -> str:
    """Return the interval alone, three dots for a bound that is not known."""
    return _bracket(span, lambda value: f"{value:.3f}")


def bounds_percent(span: Span) -> str:
    """Return the interval alone, in per cent."""
    return _bracket(span, lambda value: f"{value:.0%}")


def _bracket(span: Span, form: Callable[[float], str]) -> str:
    if not (math.isfinite(span.low) or math.isfinite(span.high)):
        return "(1 seed)" if span.n == 1 else "(no interval)"
    return "[" + ", ".join(form(one) if math.isfinite(one) else "…" for one in (span.low, span.high)) + "]"


def measured(span: Span, signed: bool = False, share: bool = False) -> Html:
    """Return a table cell with the value and, below it, its interval."""
    if not span.n or not math.isfinite(span.value):
        return tag("td", "–")
    value = f"{span.value:.0%}" if share else f"{span.value:+.3f}" if signed else f"{span.value:.3f}"
    return tag("td", tag("b", value), tag("small", bounds_percent(span) if share else bounds(span)))


def plural(count: int, one: str, many: str | None = None) -> str:
    """Return a count with its noun.

    Examples
    --------
    >>> plural(1, "seed"), plural(5, "seed")
    ('1 seed', '5 seeds')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def nowrap(text: str) -> Html:
    """Return text that is kept on one line."""
    return tag("span", text, class_="nowrap")


class Scale(NamedTuple):
    """How values of a metric are written: as shares in per cent, or as numbers."""

    share: bool

    def value(self, one: float) -> str:
        """Return a value alone."""
        return f"{one:.0%}" if self.share else f"{one:.3f}"

    def words(self, one: Mapping[str, Any]) -> tuple[str, str]:
        """Return the value of an estimate, and its interval in brackets.

        Examples
        --------
        >>> scale("accuracy").words({"value": 0.702, "low": 0.56, "high": 0.812})
        ('70%', '[56%, 81%]')
        """
        return self.value(one["value"]), f"[{self.value(one['low'])}, {self.value(one['high'])}]"


SHARE = Scale(True)


def percentage(part: Mapping[str, Any]) -> str:
    """Return a share with its interval in per cent.

    Examples
    --------
    >>> percentage({"value": 0.702, "low": 0.56, "high": 0.812})
    '70% [56%, 81%]'
    """
    return " ".join(SHARE.words(part))


def value_cell(words: tuple[str, str], *more: str) -> Html:
    """Return a table cell with a value and, below it, its interval and what else is to be said."""
    return tag("td", tag("b", words[0]), *(tag("small", one) for one in (words[1], *more)))


def scale(name: str) -> Scale:
    """Return how values of a metric are written: in per cent where it lies between 0 and 1."""
    found = metric(name)
    return Scale((found.low, found.high) == (0.0, 1.0))


def day(time: float) -> str:
    """Return the day of a time in seconds since 1970, in UTC.

    Examples
    --------
    >>> day(1762500000)
    '7 November 2025'
    """
    at = datetime.fromtimestamp(time, UTC)
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}"
