"""HTML that is escaped by construction: only what :func:`tag` made is ever taken as markup."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from asklearn.errors import BadInput

_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9-]*")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_VOID = frozenset({"meta", "img", "br", "hr"})


class Html(str):
    """A string that is markup already."""

    __slots__ = ()


def escape(value: object) -> Html:
    """Return `value` as text that is safe between tags and in quoted attributes.

    Control characters and lone surrogates, which no browser shows, become U+FFFD.

    Examples
    --------
    >>> escape("<b>1 & 2</b>")
    '&lt;b&gt;1 &amp; 2&lt;/b&gt;'
    """
    if isinstance(value, Html):
        return value
    return Html(html.escape(_UNPRINTABLE.sub("\ufffd", str(value))))


def tag(name: str, /, *children: object, **attributes: object) -> Html:
    """Return an element; children and attribute values that are not :class:`Html` are escaped.

    A trailing underscore of an attribute is dropped and others become hyphens; None leaves it out.

    Examples
    --------
    >>> tag("td", "a < b", class_="wide", data_n=3)
    '<td class="wide" data-n="3">a &lt; b</td>'
    """
    opening = name + "".join(
        f' {_attribute_name(key)}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{opening}>" if name in _VOID else f"<{opening}>{join(children)}</{name}>")


def join(parts: Iterable[object], between: str = "") -> Html:
    """Return the parts one after the other, each escaped unless it is markup.

    Examples
    --------
    >>> join(["a", tag("b", 1)], " & ")
    'a &amp; <b>1</b>'
    """
    return Html(str(escape(between)).join(map(escape, parts)))


def shorten(value: object, length: int) -> str:
    """Return the text of `value`, cut to `length` characters with an ellipsis.

    Examples
    --------
    >>> shorten("information", 5)
    'info…'
    """
    text = str(value)
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def _attribute_name(key: str) -> str:
    name = key.rstrip("_").replace("_", "-")
    if not _NAME.fullmatch(name):
        raise BadInput(f"An attribute's name must be letters, digits and hyphens. Got {name!r}.")
    return name
