"""What an image file is, read from its beginning: its format and its size, without decoding a pixel."""

from __future__ import annotations

import io
from typing import NamedTuple

from asklearn.errors import BadInput
from asklearn.registry import require

FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP")
MOST_PIXELS = 50_000_000
LONGEST_SIDE = 30_000


class Picture(NamedTuple):
    """An image file's format, one of `FORMATS`, and its width and height in pixels."""

    format: str
    width: int
    height: int


def measure(content: bytes) -> Picture:
    """Return what an image file is, by what is in it.

    Parameters
    ----------
    content : bytes
        Of the whole file.

    Raises
    ------
    BadInput
        If it is no image of these formats, or has more pixels than a page can show.
    MissingExtra
        If Pillow is not installed.

    Examples
    --------
    >>> import base64
    >>> measure(base64.b64decode("R0lGODlhAgADAIAAAAAAAP///yH5BAAAAAAALAAAAAACAAMAAAICRF4AOw=="))
    Picture(format='GIF', width=2, height=3)
    """
    pillow = require("PIL.Image", "app")
    try:
        with pillow.open(io.BytesIO(content), formats=FORMATS) as opened:
            found = Picture(opened.format, *opened.size)
    except Exception as error:
        raise BadInput(
            f"An image must be {', '.join(FORMATS)}. These {len(content):,} bytes are none: replace them."
        ) from error
    if found.width * found.height > MOST_PIXELS or max(found.width, found.height) > LONGEST_SIDE:
        raise BadInput(
            f"An image may have at most {MOST_PIXELS:,} pixels, and {LONGEST_SIDE:,} a side. Got "
            f"{found.width:,} x {found.height:,}; make it smaller."
        )
    return found
