"""Items as people saw them: text, picture or table row, on a card that says why they were asked."""

from __future__ import annotations

import math
import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from asklearn.report.html import Html, join, shorten, tag
from asklearn.report.numbers import number

_IMAGE = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/]+={0,2}")
_MAGIC = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg", b"GIF8": "gif"}


def card(one: Mapping[str, Any], images: Mapping[str, bytes] | None = None) -> Html:
    """Return an item that was asked: its stream, what it holds, the answer, and why.

    Parameters
    ----------
    one : mapping
        ``id``, ``stream``, ``label``, ``score`` and ``reason``, and what it holds as ``text``, ``row`` or
        ``image`` (a data URI); each may be missing.
    images : mapping of str to bytes, optional
        PNG, JPEG, GIF or WebP files by item id.

    Examples
    --------
    >>> card({"id": 7, "text": "1 < 2", "label": "true"}).count("1 &lt; 2")
    1
    """
    stream = shorten(one.get("stream") or "asked", 20)
    parts = [tag("span", stream, class_=f"tag {'audit' if stream == 'audit' else 'exploit'}")]
    parts.append(content(one, images))
    if one.get("label") is not None:
        parts.append(tag("p", "Answer: ", tag("b", tag("bdi", shorten(one["label"], 80)))))
    score = number(one.get("score"))
    why = shorten(one.get("reason") or "", 200)
    told = [tag("bdi", why)] if why else []
    told += [join([f"score {score:.3g}"])] if math.isfinite(score) else []
    told.append(join(["item ", tag("bdi", shorten(one.get("id", "?"), 40))]))
    parts.append(tag("p", join(told, " · "), class_="why"))
    return tag("li", *parts)


def content(one: Mapping[str, Any], images: Mapping[str, bytes] | None = None) -> Html:
    """Return what an item holds: its picture, its text, its row, or that it is not shown."""
    name = shorten(one.get("id", "?"), 40)
    picture = _data_uri((images or {}).get(str(one.get("id")))) or one.get("image")
    parts = []
    if isinstance(picture, str) and _IMAGE.fullmatch(picture):
        parts.append(tag("img", src=picture, alt=f"item {name}"))
    if one.get("text") is not None:
        text = str(one["text"])
        length = tag("p", f"{len(text):,} characters, cut here", class_="why") if len(text) > 400 else ""
        parts.append(tag("div", tag("p", shorten(text, 400), class_="body", dir="auto"), length))
    if isinstance(one.get("row"), Mapping) and one["row"]:
        row = list(one["row"].items())
        lines = [
            tag("tr", tag("th", shorten(key, 40), scope="row"), tag("td", tag("bdi", _plain(value))))
            for key, value in row[:8]
        ]
        more = tag("p", f"and {len(row) - 8} more columns", class_="why") if len(row) > 8 else ""
        parts.append(tag("div", tag("table", tag("tbody", *lines)), more))
    return join(parts) if parts else tag("p", "(not shown)", class_="muted")


def _data_uri(content: bytes | None) -> str | None:
    if not isinstance(content, bytes):
        return None
    kind = next((kind for magic, kind in _MAGIC.items() if content.startswith(magic)), None)
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        kind = "webp"
    return f"data:image/{kind};base64,{b64encode(content).decode()}" if kind else None


def _plain(value: object) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "missing"
    return shorten(f"{value:.6g}" if isinstance(value, float) else value, 120)


def noted(kind: str, one: Mapping[str, Any], *lines: object) -> Html:
    """Return an item on a card with some lines of words below what it holds.

    Examples
    --------
    >>> noted("look again", {"id": 7, "text": "x"}, "Label: a").count("look again")
    1
    """
    name = tag("p", "item ", tag("bdi", shorten(one.get("id", "?"), 40)), class_="why")
    told = [tag("p", line) for line in lines]
    return tag("li", tag("span", kind, class_="tag exploit"), content(one), *told, name)
