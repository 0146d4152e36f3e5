"""What a project's items hold, as a page shows it."""

import base64
import io

import pytest
from PIL import Image

from asklearn.report.items import contents
from asklearn.settings import Settings


class Held:
    """A project of some payloads, by row."""

    def __init__(self, kind, columns, payloads, erased=()):
        self.settings = Settings(kind=kind, columns=columns)
        self.payloads = payloads
        self.learner = self
        self.state = self
        self.erased = set(erased)

    def row(self, item):
        return item if item < len(self.payloads) else None

    def payload(self, rows):
        return [self.payloads[row] for row in rows]


def picture(size, form="PNG", mode="RGB"):
    out = io.BytesIO()
    Image.new(mode, size, 120).save(out, form)
    return out.getvalue()


def test_texts_with_further_columns():
    found = contents(Held("text", ("t",), [{"t": "Hello", "size": 3}, {"t": None, "size": None}]), [1, 0])
    assert found == {1: {"text": "", "row": {"size": None}}, 0: {"text": "Hello", "row": {"size": 3}}}


def test_rows_are_plain():
    found = contents(Held("tabular", ("a", "b"), [{"a": 1.5, "b": b"xyz"}]), [0])
    assert found == {0: {"row": {"a": 1.5, "b": "(3 bytes)"}}}
    assert contents(Held("embedding", ("e",), [{}]), [0]) == {0: {}}


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (picture((8, 8)), "png"),
        (picture((600, 400)), "jpeg"),
        (picture((600, 400), "JPEG"), "jpeg"),
        (picture((5, 900), mode="L"), "jpeg"),
        (picture((300, 300), "GIF"), "jpeg"),
    ],
)
def test_images_become_small(content, form):
    (found,) = contents(Held("image", ("i",), [{"i": content}]), [0]).values()
    kind, _, data = found["image"].partition(";base64,")
    assert kind == f"data:image/{form}"
    made = Image.open(io.BytesIO(base64.b64decode(data)))
    assert max(made.size) <= 192
    assert len(data) < 40_000


def test_what_is_no_image_or_too_large_is_said():
    bomb = picture((8_000, 8_000), mode="1")
    found = contents(
        Held("image", ("i",), [{"i": b"<svg>"}, {"i": bomb}, {"i": picture((90, 90), "BMP")[:900]}]),
        [0, 1, 2],
    )
    assert all("image" not in one for one in found.values())
    assert "50,000,000 pixels" in found[1]["text"]
    assert all(one["text"].startswith("(an image that cannot be read") for one in found.values())


def test_unknown_and_erased_items_are_left_out():
    assert contents(Held("text", ("t",), [{"t": "a"}, {"t": "b"}], erased=[1]), [0, 1, 9]) == {
        0: {"text": "a"}
    }
    assert contents(Held("text", ("t",), []), []) == {}
