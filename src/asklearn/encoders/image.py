"""Images to features that need no download: convolutional k-means over whitened patches."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from sklearn.cluster import MiniBatchKMeans
from sklearn.utils.extmath import randomized_svd

from asklearn.encoders import _base
from asklearn.encoders.pictures import FORMATS, MOST_PIXELS
from asklearn.errors import BadInput
from asklearn.registry import register, require
from asklearn.types import Floats

THUMBNAIL = 96
_ACTIVATIONS = 1 << 22
_PATCHES = 100_000
_CONTRAST = 0.003
_WHITENING = 0.01


class _Learnt(NamedTuple):
    side: int
    channels: int
    peak: float
    mean_P: Floats
    whiten_PP: Floats
    centroid_KP: Floats
    centre_F: Floats
    project_FD: Floats


@register("encoders", "image")
@dataclass(eq=False)
class ImageEncoder:
    """Single-layer convolutional k-means features (Coates, Ng and Lee 2011), reduced by PCA.

    Every patch is normalised in contrast and whitened; its activation for a centroid is by how much
    it is nearer than to the average centroid ("triangle"). Activations are summed over a grid of
    `pool` x `pool` cells, standardised, and projected on their principal components.

    Parameters
    ----------
    dim : int, default 256
        Number of features D; fewer where the fitted images do not span so many.
    size : int, default 32
        Images are resized to this side in pixels; smaller images keep theirs.
    patch : int, default 6
        Side of a patch in pixels; at most half the image's side.
    patches : int, default 256
        Number of centroids.
    pool : int, default 3
        Cells per side over which activations are summed.
    sample : int, default 5_000
        Number of images, drawn by `seed`, that are fitted on.
    seed : int, default 0

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> images_NHW = load_digits().images[:200]
    >>> ImageEncoder(dim=16, patches=32).fit(images_NHW).encode(images_NHW).shape
    (200, 16)
    """

    dim: int = 256
    size: int = 32
    patch: int = 6
    patches: int = 256
    pool: int = 3
    sample: int = 5_000
    seed: int = 0
    learnt: _Learnt | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        lows = {"dim": 1, "size": 2, "patch": 2, "patches": 2, "pool": 1, "sample": 2, "seed": 0}
        for name, low in lows.items():
            _base.whole(getattr(self, name), name, low)

    def fit(self, items: Any, progress: _base.Progress | None = None) -> Self:
        """Learn whitening, centroids and components from unlabelled images.

        Parameters
        ----------
        items : sequence of bytes or Path, or ndarray of shape (N, H, W) or (N, H, W, C)
            PNG, JPEG, GIF, BMP or WebP files, or pixels; C is 1, 3 or 4 (the fourth is ignored).
        progress : callable, optional
            Called with (done, total) images.

        Raises
        ------
        BadInput
            If `items` is something else, or an image cannot be read; the message names its position.
        MissingExtra
            If Pillow is needed and not installed.
        """
        images = _check(items)
        if not len(images):
            raise BadInput("The image encoder needs at least one image to fit on. Got none.")
        rng = np.random.default_rng(self.seed)
        rows = np.arange(len(images))
        if len(rows) > self.sample:
            rows = np.sort(rng.choice(len(rows), self.sample, replace=False))
        side, channels, peak = _form(images, rows, self.size)
        pixels_NHWC = _pixels(images, rows, side, channels, peak)
        patch = max(2, min(self.patch, side // 2))
        some_MP = _normalise(_some_patches(pixels_NHWC, patch, rng))
        mean_P, whiten_PP = _whitening(some_MP)
        white_MP = (some_MP - mean_P) @ whiten_PP
        centroids = min(self.patches, len(white_MP))
        kmeans = MiniBatchKMeans(centroids, batch_size=4096, max_iter=20, n_init=1, random_state=self.seed)
        centroid_KP = kmeans.fit(white_MP).cluster_centers_.astype(np.float32)
        none = np.empty(0, np.float32)
        part = _Learnt(side, channels, peak, mean_P, whiten_PP, centroid_KP, none, none)
        parts = _base.chunks(len(rows), self._chunk(part), progress)
        pooled_NF = np.concatenate([self._pooled(part, pixels_NHWC[one]) for one in parts])
        centre_F, project_FD = _projection(pooled_NF, self.dim, self.seed)
        self.learnt = part._replace(centre_F=centre_F, project_FD=project_FD)
        return self

    def encode(self, items: Any, progress: _base.Progress | None = None) -> Floats:
        """Return features of shape (N, D), float32, of variance one on average.

        Raises
        ------
        BadInput
            If `items` are no images, or one cannot be read; the message names its position.
        NotFitted
            Before `fit`.
        """
        learnt = _base.fitted(self.learnt, "image")
        images = _check(items)
        features_ND = np.empty((len(images), learnt.project_FD.shape[1]), np.float32)
        for chunk in _base.chunks(len(images), self._chunk(learnt), progress):
            rows = np.arange(chunk.start, chunk.stop)
            pixels_NHWC = _pixels(images, rows, learnt.side, learnt.channels, learnt.peak)
            pooled_NF = self._pooled(learnt, pixels_NHWC)
            features_ND[chunk] = (pooled_NF - learnt.centre_F) @ learnt.project_FD
        return features_ND

    def fingerprint(self) -> str:
        """Return the registered name, the options and a digest of what was learnt."""
        return _base.fingerprint("image", self, _base.fitted(self.learnt, "image"))

    @staticmethod
    def thumbnail(image: Any) -> str:
        """Return an image (file bytes, or an array of pixels) as a small PNG or JPEG in a data URI.

        Raises
        ------
        BadInput
            If the bytes are no image, or one of too many pixels.
        """
        pillow = require("PIL.Image", "app")
        if isinstance(image, bytes):
            opened = _open(image, 0)
            try:
                opened.draft("RGB", (4 * THUMBNAIL, 4 * THUMBNAIL))
                opened = opened.convert("RGB" if opened.mode not in ("L", "1") else "L")
            except Exception as error:
                raise BadInput(_unreadable(image, 0, error)) from error
        else:
            pixels = np.asarray(image, float)
            top = pixels.max() or 1.0
            opened = pillow.fromarray((255 * pixels / top).clip(0, 255).astype(np.uint8))
        photo = max(opened.size) > 2 * THUMBNAIL
        if max(opened.size) < THUMBNAIL // 2:
            scale = THUMBNAIL // max(opened.size)
            opened = opened.resize((opened.width * scale, opened.height * scale), pillow.Resampling.NEAREST)
        opened.thumbnail((2 * THUMBNAIL, 2 * THUMBNAIL) if photo else (THUMBNAIL, THUMBNAIL))
        out, form = io.BytesIO(), "JPEG" if photo else "PNG"
        opened.save(out, form)
        return f"data:image/{form.lower()};base64,{base64.b64encode(out.getvalue()).decode()}"

    def _chunk(self, learnt: _Learnt) -> int:
        return max(1, _ACTIVATIONS // (learnt.side**2 * len(learnt.centroid_KP)))

    def _pooled(self, learnt: _Learnt, pixels_NHWC: Floats) -> Floats:
        patch = round((len(learnt.mean_P) / learnt.channels) ** 0.5)
        patches_MP = _normalise(_all_patches(pixels_NHWC, patch))
        white_MP = (patches_MP - learnt.mean_P) @ learnt.whiten_PP
        places = learnt.side - patch + 1
        active_NMK = _triangle(white_MP, learnt.centroid_KP).reshape(len(pixels_NHWC), places**2, -1)
        pooled_NF: Floats = (_cells(places, self.pool) @ active_NMK).reshape(len(pixels_NHWC), -1)
        return pooled_NF


def _all_patches(pixels_NHWC: Floats, patch: int) -> Floats:
    windows = sliding_window_view(pixels_NHWC, (patch, patch), axis=(1, 2))
    return windows.reshape(-1, patch * patch * pixels_NHWC.shape[3])


def _some_patches(pixels_NHWC: Floats, patch: int, rng: np.random.Generator) -> Floats:
    windows = sliding_window_view(pixels_NHWC, (patch, patch), axis=(1, 2))
    n = min(_PATCHES, int(np.prod(windows.shape[:3])))
    image = rng.integers(windows.shape[0], size=n)
    y, x = rng.integers(windows.shape[1], size=n), rng.integers(windows.shape[2], size=n)
    return windows[image, y, x].reshape(n, -1)


def _normalise(patches_MP: Floats) -> Floats:
    centred_MP: Floats = patches_MP - patches_MP.mean(axis=1, keepdims=True)
    variance_M = np.einsum("mp,mp->m", centred_MP, centred_MP) / centred_MP.shape[1]
    centred_MP /= np.sqrt(variance_M + np.float32(_CONTRAST))[:, None]
    return centred_MP


def _whitening(patches_MP: Floats) -> tuple[Floats, Floats]:
    mean_P = patches_MP.mean(axis=0)
    covariance_PP = np.cov(patches_MP - mean_P, rowvar=False)
    value_P, vector_PP = np.linalg.eigh(covariance_PP)
    root_P = 1 / np.sqrt(np.maximum(value_P, 0) + _WHITENING)
    return mean_P, ((vector_PP * root_P) @ vector_PP.T).astype(np.float32)


def _triangle(white_MP: Floats, centroid_KP: Floats) -> Floats:
    distance_MK = white_MP @ (-2 * centroid_KP.T)
    distance_MK += np.einsum("mp,mp->m", white_MP, white_MP)[:, None]
    distance_MK += np.einsum("kp,kp->k", centroid_KP, centroid_KP)
    np.maximum(distance_MK, 0, out=distance_MK)
    np.sqrt(distance_MK, out=distance_MK)
    np.subtract(distance_MK.mean(axis=1, keepdims=True), distance_MK, out=distance_MK)
    return np.maximum(distance_MK, 0, out=distance_MK)


def _cells(places: int, pool: int) -> Floats:
    """Return the (cells, places**2) matrix that averages over a grid of pool x pool cells."""
    pool = min(pool, places)
    row_M = np.arange(places) * pool // places
    cell_MM = (row_M[:, None] * pool + row_M).ravel()
    member: Floats = (cell_MM == np.arange(pool * pool)[:, None]).astype(np.float32)
    member /= member.sum(axis=1, keepdims=True)
    return member


def _projection(pooled_NF: Floats, dim: int, seed: int) -> tuple[Floats, Floats]:
    """Standardise, then principal components, scaled so that the mean variance is one."""
    centre_F = pooled_NF.mean(axis=0)
    spread_F = np.maximum(pooled_NF.std(axis=0), 1e-6)
    scaled_NF = (pooled_NF - centre_F) / spread_F
    rank = min(dim, *scaled_NF.shape)
    _, singular_D, components_DF = randomized_svd(scaled_NF, rank, n_iter=3, random_state=seed)
    used_D = singular_D > 1e-3 * singular_D[0]
    used_D[0] = True
    deviation = np.sqrt(np.mean(singular_D[used_D] ** 2) / len(scaled_NF))
    project_FD = components_DF[used_D].T / spread_F[:, None] / max(float(deviation), 1e-6)
    return centre_F, np.ascontiguousarray(project_FD, dtype=np.float32)


def _check(items: Any) -> Sequence[Any] | NDArray[Any]:
    if isinstance(items, np.ndarray) and items.dtype != object:
        return _check_pixels(items)
    if isinstance(items, str | bytes | PathLike) or not hasattr(items, "__len__") or isinstance(items, dict):
        raise BadInput(
            "The image encoder takes a list of bytes, a list of Path, or an array of shape (N, H, W) or "
            f"(N, H, W, C). Got {type(items).__name__}; put a single image into a list."
        )
    for position, item in enumerate(items):
        if not isinstance(item, bytes | PathLike):
            hint = " Wrap file names in pathlib.Path." if isinstance(item, str) else ""
            raise BadInput(
                f"An image must be the bytes of a file or a Path. Got {type(item).__name__} at position "
                f"{position} (counted from 0).{hint}"
            )
    return list(items)


def _check_pixels(items: NDArray[Any]) -> NDArray[Any]:
    shape = items.shape
    channels = shape[3] if items.ndim == 4 else 1
    if items.ndim not in (3, 4) or channels not in (1, 3, 4) or 0 in shape[1:]:
        raise BadInput(
            f"Pixels must have shape (N, H, W) or (N, H, W, C) with C 1, 3 or 4. Got shape {shape}; "
            "reshape flat images to (N, H, W)."
        )
    if items.dtype != np.uint8 and items.dtype.kind != "f":
        raise BadInput(
            f"Pixels must be uint8 or floats. Got dtype {items.dtype}; use items.astype(np.uint8)."
        )
    if min(shape[1:3]) < 2:
        raise BadInput(f"An image must have at least 2 x 2 pixels. Got {shape[1]} x {shape[2]}.")
    return items if items.ndim == 4 else items[..., None]


def _form(images: Any, rows: NDArray[np.intp], size: int) -> tuple[int, int, float]:
    """Side, channels and largest value that all images are brought to."""
    if isinstance(images, np.ndarray):
        channels = min(images.shape[3], 3)
        peak = 255.0 if images.dtype == np.uint8 else _peak(images, rows)
        return max(4, min(size, max(images.shape[1:3]))), channels, peak
    opened = [_open(images[row], row) for row in rows[:: max(1, len(rows) // 200)]]
    side = int(np.median([max(image.size) for image in opened]))
    return max(4, min(size, side)), 3 if any(_colour(image) for image in opened) else 1, 255.0


def _peak(images: NDArray[Any], rows: NDArray[np.intp]) -> float:
    some = images[rows].astype(np.float32)
    _check_finite(some, rows)
    return max(float(np.abs(some).max()), 1e-6)


def _check_finite(pixels_NHWC: Floats, rows: NDArray[np.intp]) -> None:
    bad = ~np.isfinite(pixels_NHWC).all(axis=(1, 2, 3))
    if bad.any():
        raise BadInput(
            f"Pixels must be finite. The image at position {rows[np.flatnonzero(bad)[0]]} (counted from 0) "
            "holds nan or infinity; repair or drop it."
        )


def _pixels(images: Any, rows: NDArray[np.intp], side: int, channels: int, peak: float) -> Floats:
    """Pixels of shape (N, side, side, channels), float32, largest value about one."""
    if not isinstance(images, np.ndarray):
        return np.stack([_decode(images[row], int(row), side, channels) for row in rows])
    pixels_NHWC = images[rows][..., : max(channels, 1) if images.shape[3] >= channels else 1].astype(
        np.float32
    )
    _check_finite(pixels_NHWC, rows)
    pixels_NHWC /= np.float32(peak)
    if pixels_NHWC.shape[3] != channels:
        pixels_NHWC = np.repeat(pixels_NHWC, channels, axis=3)
    return pixels_NHWC if pixels_NHWC.shape[1:3] == (side, side) else _resize(pixels_NHWC, side)


def _resize(pixels_NHWC: Floats, side: int) -> Floats:
    pillow = require("PIL.Image", "app")
    planes = np.moveaxis(pixels_NHWC, 3, 1).reshape(-1, *pixels_NHWC.shape[1:3])
    small = [np.asarray(pillow.fromarray(plane).resize((side, side), pillow.BILINEAR)) for plane in planes]
    return np.moveaxis(np.stack(small).reshape(len(pixels_NHWC), -1, side, side), 1, 3)


def _decode(item: Any, position: int, side: int, channels: int) -> Floats:
    pillow = require("PIL.Image", "app")
    image = _open(item, position)
    try:
        image.draft("RGB" if channels == 3 else "L", (2 * side, 2 * side))
        if image.mode.startswith("I"):
            image = pillow.fromarray((np.asarray(image, np.float32) / 257).clip(0, 255).astype(np.uint8))
        image = image.convert("RGB" if channels == 3 else "L")
        pixels = np.asarray(image.resize((side, side), pillow.BILINEAR), np.float32)
    except Exception as error:
        raise BadInput(_unreadable(item, position, error)) from error
    return pixels.reshape(side, side, channels) / np.float32(255)


def _open(item: Any, position: int) -> Any:
    """Open without decoding; refuse what would not fit into memory."""
    pillow = require("PIL.Image", "app")
    try:
        image = pillow.open(io.BytesIO(item) if isinstance(item, bytes) else Path(item), formats=FORMATS)
    except Exception as error:
        raise BadInput(_unreadable(item, position, error)) from error
    if image.width * image.height > MOST_PIXELS:
        raise BadInput(
            f"An image may have at most {MOST_PIXELS:,} pixels. Position {position} (counted from 0) has "
            f"{image.width:,} x {image.height:,}; make it smaller."
        )
    return image


def _unreadable(item: Any, position: int, error: Exception) -> str:
    what = f"{len(item)} bytes" if isinstance(item, bytes) else f"file {Path(item)}"
    telling = not isinstance(item, bytes) or "Bomb" in type(error).__name__
    reason = str(error).splitlines()[0] if str(error) and telling else type(error).__name__
    return (
        f"The image at position {position} (counted from 0; {what}) cannot be read as {', '.join(FORMATS)}: "
        f"{reason.rstrip('.')}. Replace or drop it."
    )


def _colour(image: Any) -> bool:
    return image.mode not in ("1", "L", "LA", "La", "F") and not image.mode.startswith("I")
