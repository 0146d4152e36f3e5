"""What an image file is, without decoding it."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image

from asklearn.encoders.pictures import FORMATS, LONGEST_SIDE, measure
from asklearn.errors import BadInput


def encoded(form: str, size: tuple[int, int] = (7, 5)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "red").save(out, form)
    return out.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says that it is huge."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("form", FORMATS)
def test_format_and_size(form: str) -> None:
    assert measure(encoded(form)) == (form, 7, 5)


@pytest.mark.parametrize(
    "size", [(8_000, 8_000), (30_000, 30_000), (100_000, 100_000), (LONGEST_SIDE + 1, 1)]
)
def test_a_bomb_is_refused_before_it_is_decoded(size: tuple[int, int]) -> None:
    with pytest.raises(BadInput, match="image"):
        measure(bomb(*size))


@pytest.mark.parametrize(
    "content", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n" + b"x" * 50, b"<svg xmlns='http://www.w3.org/2000/svg'/>",
                b"%PDF-1.7", encoded("TIFF"), b"\xff\xd8\xff<script>", b"RIFF0000WEBP"],
)  # fmt: skip
def test_what_is_no_image_is_refused(content: bytes) -> None:
    with pytest.raises(BadInput, match="none: replace them"):
        measure(content)
