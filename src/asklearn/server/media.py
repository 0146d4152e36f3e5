"""The bytes of items as a browser may have them: pictures of known formats, and nothing that it could run."""

from __future__ import annotations

from typing import Any

from asklearn.encoders.pictures import measure
from asklearn.errors import BadInput
from asklearn.registry import require

require("fastapi", "server")
from fastapi import HTTPException, Response  # noqa: E402

TYPES = {
    "PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "BMP": "image/bmp", "WEBP": "image/webp"
}  # fmt: skip
HEADERS = {
    "Cache-Control": "private, max-age=3600",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Content-Disposition": "attachment",
    "Vary": "Authorization, X-Annotator",
}
"""Opened by its address an image is a download; the pages fetch it, and show what they got."""


def picture(content: Any, column: str) -> Response:
    """Return an image as an answer: its type is what its bytes are, whatever it is called.

    Parameters
    ----------
    content : object
        What an item has in a column.
    column : str
        The column's name, for words.

    Raises
    ------
    HTTPException
        404 if it is no image of `TYPES`, or one so large that a browser would choke on it.
    """
    if not isinstance(content, bytes):
        raise HTTPException(404, f"Column {column[:100]!r} of this item holds no image.")
    try:
        found = measure(content)
    except BadInput as error:
        raise HTTPException(404, str(error)) from error
    return Response(content, media_type=TYPES[found.format], headers=HEADERS)
