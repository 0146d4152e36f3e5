"""Numbers in words: a value, its interval, and what it was measured on."""

from __future__ import annotations

import math
from collections.abc import Callable

from asklearn.report.html import Html, tag
from asklearn.report.numbers import Span


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
