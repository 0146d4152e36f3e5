"""The built pages in a browser, before a server that is played: any state of it can be shown at once."""

from __future__ import annotations

import json
import mimetypes
import struct
import zlib
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from asklearn.server.guard import HEADERS
from asklearn.server.serving import STATIC

URL = "http://pages.test/"
TEXTS = (
    "The battery lasts two days, and the screen is bright even in the sun.",
    "Arrived broken. The seller does not answer.",
    "השירות היה מצוין והמשלוח הגיע בזמן.",
    "It is fine for the price, I suppose; the second one that I bought rattles a little.",
)
INSTRUCTIONS = """# What counts as good

Read the **whole** text. Choose `good` where the writer would buy it again.

- Irony counts as what is meant.
- Unsure? Skip it.

1. Read.
2. Choose.

<b>HTML stays text</b>
"""
CURVE = [
    {"labels": n, "value": v, "low": v - 0.09, "high": min(v + 0.07, 1.0), "n": n // 5}
    for n, v in ((40, 0.62), (80, 0.71), (160, 0.8), (240, 0.84), (320, 0.86))
]


def card(item: int | str, content: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return an item as the server lends it."""
    said = {
        "stream": "exploit",
        "reason": "the model is least sure of it",
        "until": 4e9,
        "suggested": None,
        "notes": [],
    }
    return {"item": item, "content": content, **said, **more}


def reviews(n: int, **more: Any) -> list[dict[str, Any]]:
    """Return `n` texts to label."""
    return [card(k, {"review": f"{TEXTS[k % 4]} ({k})", "stars": 1 + k % 5}, **more) for k in range(n)]


def about(**more: Any) -> dict[str, Any]:
    """Return what the server says of its project."""
    said = {"name": "reviews", "kind": "text", "columns": ["review"], "show": ["stars"], "annotator": "ann"}
    classes = {
        "labels": ["good", "bad"],
        "open_labels": False,
        "instructions": None,
        "suggestions": False,
        "answers": 0,
    }
    return {**said, **classes, **more}


def png(width: int, height: int, shade: Callable[[int, int], tuple[int, int, int]]) -> bytes:
    """Return a picture of `width` by `height` pixels, each with the colour that `shade` gives it."""
    rows = (b"\0" + bytes(c for x in range(width) for c in shade(x, y)) for y in range(height))

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    packed = zlib.compress(b"".join(rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


PICTURE = png(96, 64, lambda x, y: (40 + 2 * x, 60 + 3 * y, 120 if (x // 8 + y // 8) % 2 else 200))


class Stage:
    """Plays the server to one browser context; what a test sets shows at the page's next request.

    Attributes
    ----------
    sent : list of (str, dict)
        Path and body of every reply that the page sent, in order.
    """

    def __init__(self, *, project: dict[str, Any] | None = None, cards: Sequence[Any] | None = None) -> None:
        self.project = about() if project is None else project
        self.cards = list(reviews(40) if cards is None else cards)
        self.sent: list[tuple[str, Any]] = []
        self.sheets: list[dict[str, Any]] = []
        self.similar: list[Any] = []
        self.moved: dict[str, Any] = {"position": 12, "model": 3, "open": 40, "worker": None, "problem": None}
        self.progress: dict[str, Any] = {
            "counts": {"items": 10_000, "waiting": 9_640, "asked": 40, "answered": 310, "skipped": 6, "flagged": 4},
            "labels": {"good": 190, "bad": 120}, "annotators": {"ann": 200, "ben": 110}, "curve": CURVE,
            "model": 7, "worker_starts": 1, "position": 702,
            "version": "1.0", "problem": None,
            "worker": {"doing": "training", "error": "", "time": 1.7e9, "labels": 300},
            "outlook": {
                "labels": 300, "forecast": {"labels": 600, "value": 0.9, "low": 0.83, "high": 0.94, "level": 0.9},
                "gaps": [{"name": "stars = 3", "size": 420, "error": 0.31, "low": 0.2, "high": 0.44,
                          "rest": 0.12, "level": 0.95}],
            },
        }  # fmt: skip
        self.down = False
        self.problem: str | None = None
        self.signed_out = False

    def open(self, browser: Any, where: str = "", **context: Any) -> Any:
        """Return a page of a new context, at `where`."""
        made = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **context})
        made.route("**/*", self._played)
        page = made.new_page()
        page.goto(URL + where)
        return page

    def _played(self, route: Any) -> None:
        request = route.request
        path = urlsplit(request.url).path
        if self.down:
            route.abort("connectionrefused")
        elif not path.startswith("/api/v1/"):
            _static(route, path)
        elif self.signed_out:
            route.fulfill(status=401, json={"error": "SignIn", "detail": "Sign in."}, headers=HEADERS)
        elif self.problem is not None and path != "/api/v1/project":
            detail = {"error": "NotStored", "detail": self.problem}
            route.fulfill(status=503, json=detail, headers=HEADERS)
        else:
            body = json.loads(request.post_data) if request.post_data else None
            self._answer(route, path.removeprefix("/api/v1/"), body)

    def _answer(self, route: Any, path: str, body: Any) -> None:
        if path == "events":
            event = f"event: moved\ndata: {json.dumps(self.moved)}\n\n"
            route.fulfill(body=event, headers={**HEADERS, "Content-Type": "text/event-stream"})
        elif path == "image":
            wanted = parse_qs(urlsplit(route.request.url).query)["item"][0]
            known = {str(one["item"]): one for one in [*self.cards, *self.similar]}
            bad = known.get(wanted, {}).get("broken")
            route.fulfill(body=b"no" if bad else PICTURE, headers={**HEADERS, "Content-Type": "image/png"})
        elif path in ("project", "progress"):
            route.fulfill(json=getattr(self, path), headers=HEADERS)
        elif path == "leases":
            open_cards = [
                one for one in self.cards if one["item"] not in body["without"] and not self._said(one)
            ]
            route.fulfill(json={"cards": open_cards[: body["n"]], "lease_seconds": 300}, headers=HEADERS)
        elif path == "similar":
            route.fulfill(json={"cards": self.similar, "lease_seconds": 300}, headers=HEADERS)
        elif path == "grid":
            empty = {"label": None, "cards": [], "lease_seconds": 300}
            route.fulfill(json=self.sheets.pop(0) if self.sheets else empty, headers=HEADERS)
        else:
            if not path.startswith("leases"):
                self.sent.append((path, body))
            route.fulfill(status=204, headers=HEADERS)

    def _said(self, one: Any) -> bool:
        last = [path for path, body in self.sent if body.get("item") == one["item"]]
        return bool(last) and last[-1] not in ("retractions", "notes")


def _static(route: Any, path: str) -> None:
    file = STATIC / (path.lstrip("/") or "index.html")
    if file.is_file():
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        route.fulfill(body=file.read_bytes(), headers={**HEADERS, "Content-Type": kind})
    else:
        route.fulfill(status=404)


def sheet(n: int, label: str = "good") -> dict[str, Any]:
    """Return `n` texts of one suggested class."""
    cards = [
        card(f"g{k}", {"review": f"{TEXTS[k % 4]} [{k}]"}, suggested=[{"label": label, "share": 0.9}])
        for k in range(n)
    ]
    return {"label": label, "cards": cards, "lease_seconds": 300}


def pictured(n: int, **more: Any) -> list[dict[str, Any]]:
    """Return `n` pictures to label."""
    return [
        card(f"p{k}", {"image": {"bytes": len(PICTURE)}, "camera": f"north {k}"}, **more) for k in range(n)
    ]
