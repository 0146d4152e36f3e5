import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from asklearn.encoders import image as module
from asklearn.encoders.image import ImageEncoder
from asklearn.errors import BadInput, NotFitted
from asklearn.testing.encoders import check_encoder

DIGITS = load_digits()
SMALL = {"dim": 8, "patches": 16}


def packed(pixels, kind="PNG"):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind)
    return stream.getvalue()


def grey(n, side=12, seed=0):
    return np.random.default_rng(seed).integers(0, 255, (n, side, side), dtype=np.uint8)


@pytest.mark.parametrize(
    "items",
    [
        DIGITS.images[:40],
        grey(20),
        np.random.default_rng(0).integers(0, 255, (20, 40, 30, 3), dtype=np.uint8),
        [packed(one) for one in grey(20)],
    ],
    ids=["digits", "uint8", "colour", "bytes"],
)
def test_conformance(items):
    check_encoder(lambda: ImageEncoder(**SMALL), items)


def test_bytes_paths_and_pixels_agree(tmp_path):
    pixels = grey(12)
    files = []
    for row, one in enumerate(pixels):
        files.append(tmp_path / f"{row}.png")
        files[-1].write_bytes(packed(one))
    encoder = ImageEncoder(**SMALL).fit(pixels)
    expected_ND = encoder.encode(pixels)
    np.testing.assert_allclose(encoder.encode(files), expected_ND, atol=1e-4)
    np.testing.assert_allclose(encoder.encode([packed(one) for one in pixels]), expected_ND, atol=1e-4)


def test_triangle_and_cells_by_brute_force():
    rng = np.random.default_rng(0)
    white_MP, centroid_KP = rng.normal(size=(9, 4)), rng.normal(size=(5, 4))
    distance_MK = np.array([[np.linalg.norm(z - c) for c in centroid_KP] for z in white_MP])
    expected = np.maximum(0, distance_MK.mean(axis=1, keepdims=True) - distance_MK)
    np.testing.assert_allclose(module._triangle(white_MP, centroid_KP), expected, atol=1e-6)
    grid = rng.normal(size=(6, 6))
    cells = module._cells(6, 2) @ grid.ravel()
    np.testing.assert_allclose(
        cells, [grid[y : y + 3, x : x + 3].mean() for y in (0, 3) for x in (0, 3)], atol=1e-6
    )


def test_patches_are_those_of_a_loop():
    pixels_NHWC = np.random.default_rng(0).random((2, 5, 5, 3)).astype(np.float32)
    got = module._all_patches(pixels_NHWC, 3).reshape(2, 3, 3, 27)
    windows = np.moveaxis(pixels_NHWC[1, 1:4, 2:5], 2, 0)
    np.testing.assert_array_equal(got[1, 1, 2], windows.ravel())


def test_digits_are_learnt_better_than_from_pixels():
    features_ND = ImageEncoder(dim=64, patches=64).fit(DIGITS.images).encode(DIGITS.images)
    pixels_ND = DIGITS.images.reshape(len(DIGITS.images), -1) / 16
    train, test = slice(0, 100), slice(500, None)
    score = [
        LogisticRegression(max_iter=2000)
        .fit(x[train], DIGITS.target[train])
        .score(x[test], DIGITS.target[test])
        for x in (features_ND, pixels_ND)
    ]
    assert score[0] > score[1] > 0.7


def test_modes_of_files():
    colour = np.random.default_rng(0).integers(0, 255, (14, 14, 3), dtype=np.uint8)
    shades = [
        packed(colour),
        packed(colour, "JPEG"),
        packed(colour[..., 0]),
        packed(colour[..., 0].astype(np.uint16) * 257),
        packed(np.concatenate((colour, colour[..., :1]), axis=2)),
        packed(colour[..., 0] > 100),
        packed(colour, "GIF"),
        packed(colour, "BMP"),
        packed(colour, "WEBP"),
    ]
    assert np.isfinite(ImageEncoder(**SMALL).fit(shades * 2).encode(shades)).all()
    assert ImageEncoder(**SMALL).fit(shades * 2).learnt.channels == 3
    assert ImageEncoder(**SMALL).fit(shades[2:4] * 8).learnt.channels == 1


def test_sixteen_bits_are_scaled_not_cut():
    pixels = grey(12)
    encoder = ImageEncoder(**SMALL).fit(pixels)
    deep = [packed(one.astype(np.uint16) * 257) for one in pixels]
    np.testing.assert_allclose(encoder.encode(deep), encoder.encode(pixels), atol=0.05)


def test_animation_counts_as_its_first_frame():
    frames = [Image.fromarray(one) for one in grey(3, 16)]
    stream = io.BytesIO()
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:])
    encoder = ImageEncoder(**SMALL).fit(grey(12, 16))
    first, moving = encoder.encode([packed(np.asarray(frames[0])), stream.getvalue()])
    np.testing.assert_allclose(moving, first, atol=1e-3)


def bomb(side):
    def chunk(kind, content):
        checksum = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + checksum

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (b"", "position 2 .*cannot be read"),
        (b"hello", "position 2 .*cannot be read as PNG"),
        (packed(grey(1)[0])[:90], "position 2 .*cannot be read"),
        (packed(grey(1, 64)[0], "JPEG")[:400], "position 2 .*cannot be read"),
        (packed(grey(1)[0], "TIFF"), "position 2 .*cannot be read"),
        (bomb(8_000), "at most 50,000,000 pixels. Position 2"),
        (bomb(60_000), "position 2 .*cannot be read"),
        ("picture.png", "Got str at position 2.*Wrap file names in pathlib.Path"),
        (None, "Got NoneType at position 2"),
    ],
)
def test_broken_image_is_named(broken, message):
    good = [packed(one) for one in grey(12)]
    encoder = ImageEncoder(**SMALL).fit(good)
    with pytest.raises(BadInput, match=message):
        encoder.encode([*good[:2], broken])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "WEBP"])
def test_flipped_bytes_are_read_or_refused(kind):
    good = [packed(one) for one in grey(12)]
    encoder = ImageEncoder(**SMALL).fit(good)
    content = packed(grey(1, 24)[0], kind)
    rng = np.random.default_rng(0)
    for _ in range(60):
        broken = bytearray(content)
        broken[rng.integers(len(broken))] ^= 1 << int(rng.integers(8))
        try:
            assert np.isfinite(encoder.encode([bytes(broken)])).all()
        except BadInput:
            continue


@pytest.mark.parametrize(
    ("items", "message"),
    [
        (np.ones((5, 64)), r"reshape flat images to \(N, H, W\)"),
        (np.ones((5, 8, 8, 2)), "C 1, 3 or 4"),
        (np.ones((5, 8, 8), int), "use items.astype"),
        (np.full((5, 8, 8), np.nan), "position 0 .*nan"),
        (b"bytes", "put a single image into a list"),
        ([], "at least one image"),
    ],
)
def test_wrong_items(items, message):
    with pytest.raises(BadInput, match=message):
        ImageEncoder().fit(items)


def test_not_fitted_and_wrong_options():
    with pytest.raises(NotFitted):
        ImageEncoder().encode(grey(2))
    with pytest.raises(BadInput, match="patch must be a whole number"):
        ImageEncoder(patch=1)
