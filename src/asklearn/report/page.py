"""The frame of every report page: head, content policy, style; and its recurring parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files

from asklearn.report.charts import Series, svg, swatch
from asklearn.report.html import Html, shorten, tag

SHOWN_ROWS = 50
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


def document(title: str, *body: Html) -> str:
    """Return a whole page that loads nothing and runs nothing.

    Examples
    --------
    >>> document("Digits", tag("p", "2 < 3")).count("&lt;")
    1
    """
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", shorten(title, 120)),
        tag("style", style()),
    )
    return f"<!doctype html>\n{tag('html', head, tag('body', *body), lang='en')}\n"


@cache
def style() -> Html:
    """Return the style sheet of the pages and of standalone charts."""
    return Html(files("asklearn.report").joinpath("style.css").read_text("utf-8"))


def section(heading: str, *parts: Html) -> Html:
    """Return a section of the page under its heading."""
    return tag("section", tag("h2", heading), *parts)


def figure(
    draw: Callable[[int], Html],
    caption: object,
    names: Sequence[Series] = (),
    data: Html | None = None,
    css: str | None = None,
) -> Html:
    """Return a chart in two widths, of which the style sheet shows the one that fits, with its caption.

    Parameters
    ----------
    draw : callable
        Takes a width (760 or 340) and returns the SVG.
    caption : object
        Says what was measured and on what.
    names : sequence of Series
        Named above the narrow drawing, whose lines have no room for labels.
    data : Html
        A table of the same numbers, for those who cannot see or want to copy.
    css : str
        Class of the whole.
    """
    return tag(
        "figure",
        tag("div", draw(760), class_="wide"),
        tag("div", legend(swatch, names) if names else "", draw(340), class_="narrow"),
        tag("figcaption", caption),
        data or "",
        class_=css,
    )


def figures(cards: Sequence[tuple[str, str, str]]) -> Html:
    """Return the few numbers that matter, each as (what it is, the number, its interval and basis).

    Examples
    --------
    >>> figures([("Labels", "60", "3% of 1,797 items")]).count("<dt>")
    1
    """
    if not cards:
        return Html("")
    return tag(
        "dl",
        *(
            tag(
                "div",
                tag("dt", shorten(title, 60)),
                tag("dd", big, class_="big"),
                tag("dd", shorten(small, 160), class_="small"),
            )
            for title, big, small in cards
        ),
        class_="figures",
    )


def legend(mark: Callable[[Series], Html], series: Sequence[Series]) -> Html:
    """Return the names of the series, each behind its mark."""
    entries = (tag("li", mark(one), tag("bdi", shorten(one.name, 60))) for one in series)
    return tag("ul", *entries, class_="legend")


def table(
    caption: object, head: Sequence[object], rows: Sequence[Sequence[object]], css: str | None = None
) -> Html:
    """Return a table whose first column holds row headers; it scrolls sideways by itself where it must.

    Examples
    --------
    >>> table("Scores", ["strategy", "AULC"], [["margin", 0.5]]).count('scope="row"')
    1
    """
    top = tag("thead", tag("tr", *(tag("th", one, scope="col") for one in head)))
    body = tag(
        "tbody",
        *(tag("tr", tag("th", row[0], scope="row"), *(_cell(one) for one in row[1:])) for row in rows),
    )
    inner = tag("table", tag("caption", caption), top, body, class_=css)
    return tag(
        "div",
        inner,
        class_="scroll",
        tabindex=0,
        role="region",
        aria_label=shorten(str(head[0]), 60) + " table",
    )


def _cell(value: object) -> Html:
    return value if isinstance(value, Html) and value.startswith("<td") else tag("td", value)


def details(summary: str, *parts: Html) -> Html:
    """Return something folded away until it is asked for."""
    return tag("details", tag("summary", summary), *parts)


def standalone(chart: Html, title: str, width: int, height: int) -> str:
    """Return a chart as an SVG file of its own, with its style and both colour schemes."""
    rules = style().replace("@media screen and", "@media")
    card = tag("rect", width=width, height=height, rx=10, style="fill: var(--card)")
    font = Html(".chart { font-family: system-ui, -apple-system, 'Segoe UI', Roboto, Arial, sans-serif }")
    inner = chart.replace("<svg ", f'<svg x="16" y="14" width="{width - 32}" height="{height - 28}" ', 1)
    whole = svg(width, height, title, [tag("style", Html(_svg_rules(rules) + font)), card, Html(inner)])
    return whole.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1) + "\n"


def _svg_rules(css: str) -> str:
    """Keep the variables and what colours a chart."""
    lines = css.splitlines()
    end = next(i for i, line in enumerate(lines) if line.startswith("* {"))
    wanted = (
        ".chart",
        ".grid",
        ".axis",
        ".leader",
        ".reference",
        ".line",
        ".band",
        ".target {",
        ".s0",
        ".s4",
        ".dot",
        ".whisker",
        ".bracket",
    )
    return "\n".join(lines[:end] + [line for line in lines[end:] if line.startswith(wanted)]) + "\n"
