"""Images over HTTP: their type is what their bytes are, and nothing is sent that a browser could run."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from asklearn.importing import create
from asklearn.project import Project
from asklearn.server.app import create_app
from asklearn.server.desk import Desk
from asklearn.settings import Settings

SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert(1)</script></svg>"
GIF = base64.b64decode("R0lGODlhAgADAIAAAAAAAP///yH5BAAAAAAALAAAAAACAAMAAAICRF4AOw==")


def encoded(form: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, form)
    return out.getvalue()


HUGE = bytearray(encoded("PNG"))
HUGE[16:24] = (60_000).to_bytes(4, "big") * 2

CONTENTS = {
    "png": (encoded("PNG"), "image/png"),
    "jpeg": (encoded("JPEG"), "image/jpeg"),
    "webp": (encoded("WEBP"), "image/webp"),
    "bmp": (encoded("BMP"), "image/bmp"),
    "a GIF that is a script, too": (GIF + b";*/=1;alert(1)//<script>alert(1)</script>", "image/gif"),
    "a JPEG with a page in it": (encoded("JPEG") + b"<html><script>alert(1)</script>", "image/jpeg"),
    "svg": (SVG, None),
    "svg after a byte-order mark": (b"\xef\xbb\xbf" + SVG, None),
    "html": (b"<!doctype html><script>alert(1)</script>", None),
    "a bomb": (bytes(HUGE), None),
    "a beginning alone": (b"\x89PNG\r\n\x1a\n<script>", None),
    "nothing": (b"", None),
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("media")
    columns = {
        "size": [float(n) for n in range(len(CONTENTS))],
        "image": [one for one, _ in CONTENTS.values()],
    }
    pq.write_table(pa.table(columns), folder / "data.parquet")
    create(
        folder / "p", folder / "data.parquet", Settings(kind="tabular", columns=("size",), show=("image",))
    )
    with TestClient(create_app(Desk(Project(folder / "p"))), base_url="http://localhost") as client:
        yield client


@pytest.mark.parametrize("name", CONTENTS)
def test_only_pictures_are_sent_as_what_they_are(client: TestClient, name: str) -> None:
    row = list(CONTENTS).index(name)
    content, kind = CONTENTS[name]
    found = client.get("/api/v1/image", params={"item": str(row), "column": "image"})
    assert found.headers["x-content-type-options"] == "nosniff"
    if kind is None:
        assert found.status_code == 404
        assert found.headers["content-type"] == "application/json"
        return
    assert (found.status_code, found.headers["content-type"], found.content) == (200, kind, content)
    assert found.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert found.headers["content-disposition"] == "attachment"


def test_other_columns_and_items_are_no_pictures(client: TestClient) -> None:
    for item, column in (("0", "size"), ("0", "nothing"), ("99", "image"), ("../0", "image"), ("²", "image")):
        assert client.get("/api/v1/image", params={"item": item, "column": column}).status_code == 404
