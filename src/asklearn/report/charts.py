"""Charts as inline SVG: strings whose colours and dashes are CSS classes, so that themes apply.

Class ``s0`` is the baseline, ``s1`` to ``s7`` the strategies; :mod:`asklearn.report.page` defines them.
Tooltips are SVG titles; nothing needs a script.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from asklearn.report.html import Html, join, shorten, tag

STYLES = 7
GLYPH = 6.6


@dataclass(frozen=True, slots=True)
class Series:
    """One thing to draw over x: a line, with a band where `low` and `high` are given, or whiskers.

    `notes` are the tooltips of its points, `style` is 0 for the baseline and from 1 for the others.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] | None = None
    high: Sequence[float] | None = None
    style: int = 1
    notes: Sequence[str] = ()
    whiskers: bool = False

    @property
    def css(self) -> str:
        """The CSS class of the style; styles beyond the last one begin again at 1."""
        return f"s{(self.style - 1) % STYLES + 1 if self.style else 0}"


def nice_ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Return round numbers within [low, high], about `count` of them.

    Examples
    --------
    >>> nice_ticks(0.42, 0.91)
    [0.5, 0.6, 0.7, 0.8, 0.9]
    """
    if not high > low:
        return [low]
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = min((m * power for m in (1, 2, 2.5, 5, 10)), key=lambda one: abs(math.log(one / rough)))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)]


def log_ticks(low: float, high: float, count: int = 6) -> list[float]:
    """Return round numbers within [low, high] that are about evenly spaced on a log axis.

    Examples
    --------
    >>> log_ticks(20, 1400)
    [20, 50, 100, 200, 500, 1000]
    """
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1, 2, 3, 4, 5, 6, 8), (1, 2, 5), (1, 3), (1,)):
        ticks = [s * 10**p for p in powers for s in steps if low * 0.999 <= s * 10**p <= high * 1.001]
        if len(ticks) <= count + 1:
            return ticks or [low]
    return ticks[:: math.ceil(len(ticks) / count)]


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Return positions near the wanted ones that are `gap` apart and within [low, high] where they fit.

    Examples
    --------
    >>> spread([10, 12, 40], gap=10, low=0, high=100)
    [6.0, 16.0, 40.0]
    """
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    blocks: list[tuple[float, int]] = []
    for i in order:
        start, size = max(low, min(wanted[i], high)), 1
        while blocks and blocks[-1][0] + blocks[-1][1] * gap > start:
            before, count = blocks.pop()
            start = (before * count + (start - count * gap) * size) / (count + size)
            size += count
            start = max(low, min(start, high - (size - 1) * gap))
        blocks.append((start, size))
    placed = [start + k * gap for start, size in blocks for k in range(size)]
    positions = [0.0] * len(wanted)
    for i, position in zip(order, placed, strict=True):
        positions[i] = float(position)
    return positions


def decimals(step: float) -> int:
    """Return how many decimals tell multiples of `step` apart.

    Examples
    --------
    >>> decimals(0.05), decimals(2.5), decimals(20)
    (2, 1, 0)
    """
    return next((d for d in range(7) if abs(round(step, d) - step) < 1e-9), 7)


def line_chart(
    series: Sequence[Series],
    *,
    title: str,
    y_title: str,
    x_title: str = "labels",
    width: int = 760,
    height: int = 400,
    log_x: bool = False,
    reference: tuple[float, str] | None = None,
    end_labels: bool = True,
    whole: bool = False,
) -> Html:
    """Return lines, bands and whiskers over a common x axis as SVG.

    Parameters
    ----------
    series : sequence of Series
        With finite x and y; a bound that is not finite is left out. The first is drawn on top.
    title : str
        The text alternative of the whole chart.
    x_title, y_title : str
        Written at the axes.
    width, height : int
        Size in user units, about pixels.
    log_x : bool
        Whether the x axis is logarithmic.
    reference : tuple of (float, str), optional
        A dashed horizontal line with its name.
    end_labels : bool
        Whether the names stand at the line ends (else the page needs a legend).
    whole : bool
        Whether bands and whiskers are shown to their ends, even where they dwarf the lines.

    Returns
    -------
    Html
        An ``<svg>`` element; a paragraph where there is nothing to draw.

    Examples
    --------
    >>> svg = line_chart([Series("margin", [20, 40], [0.5, 0.7])], title="Curve", y_title="accuracy")
    >>> svg.count("<polyline")
    1
    """
    drawn = [one for one in series if len(one.x)]
    if not drawn:
        return tag("p", "There is nothing to draw.", class_="muted")
    names = [shorten(one.name, 22) for one in drawn]
    right = 16 + (max(map(len, names)) * GLYPH + 12 if end_labels else 0)
    left, top, bottom = 46, 34, 42
    x_low, x_high = min(min(one.x) for one in drawn), max(max(one.x) for one in drawn)
    y_low, y_high = _y_range(drawn, reference, whole)
    to_x = _scale(x_low, x_high, left, width - right, log_x)
    to_y = _scale(y_low, y_high, height - bottom, top, False)

    def clip_y(value: float) -> float:
        return to_y(min(max(value, y_low), y_high))

    count = 4 if width < 500 else 7
    x_ticks = log_ticks(x_low, x_high, count) if log_x else nice_ticks(x_low, x_high, count)
    if to_x(x_high) - to_x(x_ticks[-1]) > 36:
        x_ticks = [*x_ticks, x_high]
    parts = [_grid(nice_ticks(y_low, y_high), x_ticks, to_x, to_y, left, width - right, height - bottom)]
    parts.append(tag("text", y_title, x=2, y=14, class_="axis-title"))
    parts.append(
        tag("text", x_title, x=_short(width - right), y=height - 6, class_="axis-title", text_anchor="end")
    )
    if reference:
        parts.append(_reference(reference, to_y, left, width - right))
    parts += [_band(one, to_x, clip_y) for one in reversed(drawn) if not one.whiskers]
    parts += [(_whiskers if one.whiskers else _line)(one, to_x, clip_y) for one in reversed(drawn)]
    parts += [_targets(one, to_x, clip_y) for one in reversed(drawn)]
    if end_labels:
        parts.append(_end_labels(drawn, names, to_x, clip_y, top, height - bottom))
    return svg(width, height, title, parts)


def svg(width: float, height: float, title: str, parts: Sequence[Html]) -> Html:
    """Return an SVG image with its text alternative."""
    return tag(
        "svg",
        *parts,
        viewBox=f"0 0 {_short(width)} {_short(height)}",
        role="img",
        aria_label=title,
        class_="chart",
    )


def dot_chart(
    rows: Sequence[str], series: Sequence[Series], *, title: str, x_title: str, width: int = 760
) -> Html:
    """Return one row per name with a dot for each series (whose `y` is ignored), from zero, as SVG.

    A series with `low` and `high` gets a whisker in each row; a value that is not finite gets no dot.

    Examples
    --------
    >>> dots = dot_chart(["cat", "dog"], [Series("margin", [3, 5], [])], title="Asked", x_title="share")
    >>> dots.count("<circle")
    2
    """
    names = [shorten(row, 26 if width > 500 else 14) for row in rows]
    left = max(map(len, names), default=0) * GLYPH + 16
    step, top = 22, 6
    height = top + step * len(rows) + 40
    ends = [value for one in series for value in (*one.x, *(one.high or ())) if math.isfinite(value)]
    highest = max(ends, default=1.0) or 1.0
    highest = 1.0 if 0.9 < highest < 1 else highest
    to_x = _scale(0, highest, left, width - 24, False)
    base = top + step * len(rows)
    ticks = nice_ticks(0, highest, 3 if width < 500 else 7)
    parts = [_grid([], ticks, to_x, to_x, left, width - 24, base, percent=True)]
    parts.append(tag("text", x_title, x=width - 24, y=height - 4, class_="axis-title", text_anchor="end"))
    whiskers = any(one.low is not None for one in series)
    for i, (row, name) in enumerate(zip(rows, names, strict=True)):
        y = top + step * (i + 0.5)
        values = [to_x(one.x[i]) for one in series if math.isfinite(one.x[i])]
        label = tag(
            "text", tag("title", shorten(row, 200)), name, x=_short(left - 10), y=y + 4, text_anchor="end"
        )
        parts.append(label)
        if values and not whiskers:
            parts.append(_segment(min(values), y, max(values), y, "link"))
        for one in series:
            if one.low is not None and one.high is not None:
                parts.append(_segment(to_x(one.low[i]), y, to_x(one.high[i]), y, f"whisker {one.css}"))
            if math.isfinite(one.x[i]):
                dot = {"cx": _short(to_x(one.x[i])), "cy": y, "r": 5, "class_": f"dot {one.css}"}
                parts.append(tag("circle", *_notes(one, i), **dot))
    return svg(width, height, title, parts)


def difference_chart(
    rows: Sequence[str], series: Sequence[Series], *, title: str, x_title: str, width: int = 760
) -> Html:
    """Return one row per name with a dot and a whisker for each series, around a line at zero, as SVG.

    Values of a series are its `x`; one that is not finite gets no dot, and a bound that is not no whisker.

    Examples
    --------
    >>> drawn = [Series("margin", [0.02, -0.01], [], [0.01, -0.03], [0.03, 0.01])]
    >>> difference_chart(["wine", "digits"], drawn, title="Gains", x_title="gain").count("<circle")
    2
    """
    names = [shorten(row, 26 if width > 500 else 14) for row in rows]
    left = max(map(len, names), default=0) * GLYPH + 16
    step, top = 12 * len(series) + 12, 6
    base = top + step * len(rows)
    height = base + 40
    ends = [v for one in series for part in (one.x, one.low or (), one.high or ()) for v in part]
    ends = [0.0, *(value for value in ends if math.isfinite(value))]
    low, high = min(ends), max(ends)
    room = 0.03 * (high - low) or 0.01
    to_x = _scale(low - room, high + room, left, width - 24, False)
    ticks = nice_ticks(low - room, high + room, 3 if width < 500 else 7)
    places = decimals(ticks[1] - ticks[0]) if len(ticks) > 1 else 2
    parts = [
        _segment(left, base, width - 24, base, "axis"),
        _segment(to_x(0), top, to_x(0), base, "reference"),
    ]
    for value in ticks:
        x = _short(to_x(value))
        parts.append(_segment(to_x(value), base, to_x(value), base + 5, "axis"))
        words = f"{value:+.{places}f}" if value else "0"
        parts.append(tag("text", words, x=x, y=_short(base + 19), text_anchor="middle"))
    parts.append(tag("text", x_title, x=width - 24, y=height - 4, class_="axis-title", text_anchor="end"))
    for i, (row, name) in enumerate(zip(rows, names, strict=True)):
        middle = top + step * (i + 0.5)
        label = tag("title", shorten(row, 200))
        parts.append(tag("text", label, name, x=_short(left - 10), y=_short(middle + 4), text_anchor="end"))
        if i:
            parts.append(_segment(left, top + step * i, width - 24, top + step * i, "grid"))
        for k, one in enumerate(series):
            y = middle + 12 * (k - (len(series) - 1) / 2)
            bounds = (one.low[i], one.high[i]) if one.low is not None and one.high is not None else ()
            if bounds and all(map(math.isfinite, bounds)):
                parts.append(_segment(to_x(bounds[0]), y, to_x(bounds[1]), y, f"whisker {one.css}"))
            if math.isfinite(one.x[i]):
                dot = {"cx": _short(to_x(one.x[i])), "cy": _short(y), "r": 4, "class_": f"dot {one.css}"}
                parts.append(tag("circle", *_notes(one, i), **dot))
    return svg(width, height, title, parts)


def rank_chart(
    names: Sequence[str],
    mean_rank: Sequence[float],
    groups: Sequence[tuple[int, int]],
    *,
    title: str,
    width: int = 760,
) -> Html:
    """Return mean ranks, best first, with a bracket beside each run of names that is not told apart, as SVG.

    A critical-difference diagram (Demsar 2006) with a row per name, so that long names and small screens do
    no harm.

    Examples
    --------
    >>> rank_chart(["auto", "random"], [1.2, 1.8], [(0, 1)], title="Ranks").count("bracket")
    1
    """
    short = [shorten(name, 26 if width > 500 else 14) for name in names]
    left, step, top = max(map(len, short), default=0) * GLYPH + 16, 24, 6
    right = 24 + 14 * len(groups)
    base = top + step * len(names)
    to_x = _scale(1, max(len(names), 2), left + 8, width - right - 14, False)
    parts = [_segment(left, base, width - right, base, "axis")]
    every = math.ceil(len(names) / (12 if width > 500 else 6))
    for place in range(1, len(names) + 1, every):
        parts.append(_segment(to_x(place), base, to_x(place), base + 5, "axis"))
        parts.append(tag("text", place, x=_short(to_x(place)), y=base + 19, text_anchor="middle"))
    parts.append(
        tag(
            "text",
            "mean rank; 1 is best",
            x=width - right,
            y=base + 36,
            class_="axis-title",
            text_anchor="end",
        )
    )
    for i, (name, rank) in enumerate(zip(names, mean_rank, strict=True)):
        y = top + step * (i + 0.5)
        label = tag("title", shorten(name, 200))
        note = tag("title", f"{shorten(name, 60)}: mean rank {rank:.2f}")
        parts.append(tag("text", label, short[i], x=_short(left - 10), y=_short(y + 4), text_anchor="end"))
        parts.append(_segment(left, y, to_x(rank), y, "link"))
        parts.append(tag("circle", note, cx=_short(to_x(rank)), cy=_short(y), r=5, class_="dot s1"))
    for k, (first, last) in enumerate(groups):
        x = width - right + 14 * (k + 1)
        ends = (top + step * (first + 0.2), top + step * (last + 0.8))
        note = tag(
            "title", f"not told apart: {', '.join(shorten(one, 30) for one in names[first : last + 1])}"
        )
        points = _points([(x - 5, ends[0]), (x, ends[0]), (x, ends[1]), (x - 5, ends[1])])
        parts.append(tag("polyline", note, points=points, class_="bracket"))
    return svg(width, base + 44, title, parts)


def column_chart(
    counts: Sequence[int], names: Sequence[str], *, title: str, y_title: str, width: int = 760
) -> Html:
    """Return a column for each count, named below as far as there is room, as SVG.

    Examples
    --------
    >>> column_chart([3, 0, 5], ["Mon", "Tue", "Wed"], title="Labels", y_title="labels").count("<rect")
    3
    """
    left, right, top, bottom, height = 46, 8, 30, 30, 200 if width > 500 else 170
    base, most = height - bottom, max([1, *counts])
    to_y = _scale(0, most, base, top, False)
    slot = (width - left - right) / max(len(counts), 1)
    ticks = [tick for tick in nice_ticks(0, most, 3) if tick == int(tick)]
    parts = [_grid(ticks, [], to_y, to_y, left, width - right, base)]
    parts.append(tag("text", y_title, x=2, y=14, class_="axis-title"))
    every = max(1, math.ceil((max(map(len, names), default=0) * GLYPH + 14) / slot))
    for i, (count, name) in enumerate(zip(counts, names, strict=True)):
        x, y = left + slot * i, to_y(count)
        note = tag("title", f"{name}: {count:,}")
        size = {"x": _short(x + 0.1 * slot), "width": _short(min(0.8 * slot, 48)), "y": _short(y)}
        parts.append(tag("rect", note, **size, height=_short(base - y), class_="part0"))
        if i % every == 0:
            middle = x + 0.1 * slot + min(0.4 * slot, 24)
            anchor = "start" if middle < left + len(name) * GLYPH / 2 else "middle"
            place = x + 0.1 * slot if anchor == "start" else middle
            parts.append(tag("text", name, x=_short(place), y=height - 8, text_anchor=anchor))
    return svg(width, height, title, parts)


def stacked_bar(values: Sequence[float], longest: float, title: str, width: int = 150) -> Html:
    """Return a small horizontal bar of parts, `longest` filling the width.

    Examples
    --------
    >>> stacked_bar([1, 2], longest=4, title="times").count("<rect")
    2
    """
    x, parts = 0.0, []
    for i, value in enumerate(values):
        length = width * value / longest if longest > 0 else 0.0
        parts.append(tag("rect", x=_short(x), y=1, width=_short(length), height=12, class_=f"part{i}"))
        x += length
    return tag(
        "svg",
        *parts,
        viewBox=f"0 0 {width} 14",
        width=width,
        height=14,
        role="img",
        aria_label=title,
        class_="bar",
    )


def swatch(series: Series) -> Html:
    """Return a short stretch of the series' line or whisker, for a legend."""
    if series.whiskers:
        mark = join([_segment(13, 2, 13, 14, f"whisker {series.css}"), _dot(13, 8, series)])
    else:
        mark = _segment(1, 8, 27, 8, f"line {series.css}")
    return tag("svg", mark, viewBox="0 0 28 16", width=28, height=16, aria_hidden="true", class_="swatch")


def dot_swatch(series: Series) -> Html:
    """Return the dot of a series, for a legend."""
    return tag(
        "svg",
        _dot(8, 8, series),
        viewBox="0 0 16 16",
        width=16,
        height=16,
        aria_hidden="true",
        class_="swatch",
    )


def _scale(low: float, high: float, start: float, end: float, log: bool) -> Callable[[float], float]:
    if not high > low:
        return lambda _: (start + end) / 2
    if log:
        return lambda value: start + (end - start) * math.log(value / low) / math.log(high / low)
    return lambda value: start + (end - start) * (value - low) / (high - low)


def _y_range(
    series: Sequence[Series], reference: tuple[float, str] | None, whole: bool
) -> tuple[float, float]:
    """Span all lines, and bands as far as they do not dwarf them; up to 1 at most where nothing is above."""
    middle = np.concatenate([np.asarray(one.y, float) for one in series])
    if reference:
        middle = np.append(middle, reference[0])
    room = max(float(np.ptp(middle)), 0.04)
    bounds = [b for one in series for b in (one.low, one.high) if b is not None]
    edges = np.concatenate([middle, *(np.asarray(b, float) for b in bounds)])
    edges = edges[np.isfinite(edges)]
    if not whole:
        edges = np.clip(edges, middle.min() - 0.35 * room, middle.max() + 0.35 * room)
    low, high = float(edges.min()) - 0.04 * room, float(edges.max()) + 0.04 * room
    if middle.min() >= 0 and middle.max() <= 1:
        low, high = max(low, 0.0), min(high, 1.0)
    return low, high


def _grid(
    y_ticks: Sequence[float],
    x_ticks: Sequence[float],
    to_x: Callable[[float], float],
    to_y: Callable[[float], float],
    left: float,
    right: float,
    base: float,
    percent: bool = False,
) -> Html:
    places = decimals(y_ticks[1] - y_ticks[0]) if len(y_ticks) > 1 else 3
    percent_places = max(decimals(x_ticks[1] - x_ticks[0]) - 2, 0) if len(x_ticks) > 1 else 0
    parts = []
    for value in y_ticks:
        y = to_y(value)
        parts.append(_segment(left, y, right, y, "grid"))
        parts.append(tag("text", f"{value:.{places}f}", x=left - 8, y=_short(y + 4), text_anchor="end"))
    parts.append(_segment(left, base, right, base, "axis"))
    for value in x_ticks:
        x = to_x(value)
        parts.append(_segment(x, base, x, base + 5, "axis"))
        words = f"{value:.{percent_places}%}" if percent else f"{value:,.12g}"
        parts.append(tag("text", words, x=_short(x), y=_short(base + 19), text_anchor="middle"))
    return tag("g", *parts)


def _reference(
    reference: tuple[float, str], to_y: Callable[[float], float], left: float, right: float
) -> Html:
    y = to_y(reference[0])
    name = tag("text", reference[1], x=_short(left + 6), y=_short(y - 6), class_="reference-name")
    return tag("g", _segment(left, y, right, y, "reference"), name)


def _band(one: Series, to_x: Callable[[float], float], to_y: Callable[[float], float]) -> Html:
    if one.low is None or one.high is None:
        return Html("")
    known = [
        (to_x(x), to_y(low), to_y(high))
        for x, low, high in zip(one.x, one.low, one.high, strict=True)
        if math.isfinite(low) and math.isfinite(high)
    ]
    if len(known) < 2:
        return Html("")
    edge = [(x, high) for x, _, high in known] + [(x, low) for x, low, _ in reversed(known)]
    return tag("polygon", points=_points(edge), class_=f"band {one.css}")


def _line(one: Series, to_x: Callable[[float], float], to_y: Callable[[float], float]) -> Html:
    if len(one.x) == 1:
        return _dot(to_x(one.x[0]), to_y(one.y[0]), one)
    points = [(to_x(x), to_y(y)) for x, y in zip(one.x, one.y, strict=True)]
    return tag("polyline", points=_points(points), class_=f"line {one.css}")


def _whiskers(one: Series, to_x: Callable[[float], float], to_y: Callable[[float], float]) -> Html:
    parts = []
    lows, highs = one.low if one.low is not None else one.y, one.high if one.high is not None else one.y
    for x, y, low, high in zip(one.x, one.y, lows, highs, strict=True):
        if math.isfinite(low) and math.isfinite(high):
            parts.append(_segment(to_x(x), to_y(low), to_x(x), to_y(high), f"whisker {one.css}"))
        parts.append(_dot(to_x(x), to_y(y), one))
    return tag("g", *parts)


def _targets(one: Series, to_x: Callable[[float], float], to_y: Callable[[float], float]) -> Html:
    """Invisible circles that carry the tooltips; at most 40 a series keep the page small."""
    every = max(1, math.ceil(len(one.notes) / 40))
    return tag(
        "g",
        *(
            tag(
                "circle",
                *_notes(one, i),
                cx=_short(to_x(one.x[i])),
                cy=_short(to_y(one.y[i])),
                r=8,
                class_="target",
            )
            for i in range(0, len(one.notes), every)
        ),
    )


def _end_labels(
    drawn: Sequence[Series],
    names: Sequence[str],
    to_x: Callable[[float], float],
    to_y: Callable[[float], float],
    top: float,
    base: float,
) -> Html:
    ends = [(to_x(one.x[-1]), to_y(one.y[-1])) for one in drawn]
    column = max(x for x, _ in ends) + 12
    heights = spread([y for _, y in ends], 16, top, base)
    parts = []
    for one, name, (x, y), height in zip(drawn, names, ends, heights, strict=True):
        if abs(height - y) > 3 or column - x > 13:
            parts.append(_segment(x + 2, y, column - 2, height, "leader"))
        parts.append(tag("text", name, x=_short(column + 1), y=_short(height + 4), class_=f"end {one.css}"))
    return tag("g", *parts)


def _notes(one: Series, i: int) -> list[Html]:
    return [tag("title", one.notes[i])] if i < len(one.notes) else []


def _dot(x: float, y: float, one: Series) -> Html:
    return tag("circle", cx=_short(x), cy=_short(y), r=3.5, class_=f"dot {one.css}")


def _segment(x1: float, y1: float, x2: float, y2: float, css: str) -> Html:
    return tag("line", x1=_short(x1), y1=_short(y1), x2=_short(x2), y2=_short(y2), class_=css)


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{_short(x)},{_short(y)}" for x, y in points)


def _short(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
