"""Folders of images: one subfolder per class, or none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from asklearn.errors import BadInput
from asklearn.sources._files import LARGEST_BLOCK, ROWS, Block, Columns, first_line

ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp")
LARGEST_IMAGE = 64 << 20
_BEGINNINGS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"BM", b"RIFF")
_SHOWN = 3


@contextmanager
def open_images(folder: Path) -> Iterator[Columns]:
    """Open a folder of images as the columns "image" (bytes), "path" and, with subfolders, "label".

    Images are in the order of their paths. Hidden files and files of other kinds are passed over.
    """
    files = _files(folder)
    names = ["image", "path", *(["label"] if any(file.parent != folder for file in files) else [])]
    yield Columns(names, lambda chosen, rows: _blocks(folder, files, chosen, rows or ROWS))


def _files(folder: Path) -> list[Path]:
    """Return the images of a folder and its subfolders, all of them inside it."""
    top, root = _visible(folder, folder), folder.resolve()
    here = [file for file in top if _is_image(file)]
    there: list[Path] = []
    for class_ in (one for one in top if one.is_dir()):
        _inside(class_, root, folder)
        inner = _visible(class_, folder)
        deeper = next((one for one in inner if one.is_dir()), None)
        if deeper is not None:
            raise BadInput(
                f"{folder.name} must hold images, or one subfolder of images per class. "
                f"Got a folder in a subfolder: {_relative(deeper, folder)}."
            )
        there += [file for file in inner if _is_image(file)]
    if here and there:
        raise BadInput(
            f"{folder.name} holds images beside subfolders ({_relative(here[0], folder)} and "
            f"{_relative(there[0], folder)}). Move every image into the subfolder of its class, or all into one."
        )
    if not here and not there:
        raise BadInput(
            f"The folder {folder.name!r} holds neither images ({', '.join(ENDINGS)}) nor a dataset as saved "
            "by save_to_disk."
        )
    files = sorted(here or there, key=lambda file: _relative(file, folder))
    for file in files:
        _inside(file, root, folder)
    return files


def _visible(folder: Path, top: Path) -> list[Path]:
    try:
        return sorted(one for one in folder.iterdir() if not one.name.startswith("."))
    except OSError as error:
        raise BadInput(f"The folder {_relative(folder, top)} cannot be read: {first_line(error)}.") from error


def _is_image(file: Path) -> bool:
    return file.suffix.lower() in ENDINGS and not file.is_dir()


def _inside(path: Path, root: Path, folder: Path) -> None:
    try:
        inside = path.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError) as error:
        raise BadInput(f"{_relative(path, folder)} cannot be read: {first_line(error)}.") from error
    if not inside:
        raise BadInput(
            f"{_relative(path, folder)} is a link that leads out of {folder.name}. Copy the file into it."
        )


def _relative(path: Path, folder: Path) -> str:
    name = path.relative_to(folder).as_posix()
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise BadInput(f"File names must be UTF-8. Rename {name!a} in {folder.name!a}.") from error
    return name


def _blocks(folder: Path, files: Sequence[Path], chosen: list[str], rows: int) -> Iterator[Block]:
    for part in _gathered(files, rows, LARGEST_BLOCK if "image" in chosen else None):
        made: dict[str, list[Any]] = {
            "path": [_relative(file, folder) for file in part],
            "label": [file.parent.name for file in part],
        }
        if "image" in chosen:
            made["image"] = _contents(part, folder)
        yield {name: np.array(made[name], dtype=object) for name in chosen}


def _gathered(files: Sequence[Path], rows: int, most: int | None) -> Iterator[list[Path]]:
    held: list[Path] = []
    size = 0
    for file in files:
        held.append(file)
        size += file.stat().st_size
        if len(held) == rows or (most is not None and size > most):
            yield held
            held, size = [], 0
    if held:
        yield held


def _contents(files: Sequence[Path], folder: Path) -> list[bytes | None]:
    contents = [_content(file) for file in files]
    broken = [
        f"{_relative(file, folder)} ({one})"
        for file, one in zip(files, contents, strict=True)
        if isinstance(one, str)
    ]
    if broken:
        more = f" and {len(broken) - _SHOWN} more" if len(broken) > _SHOWN else ""
        raise BadInput(
            f"Some images of {folder.name} cannot be read: {', '.join(broken[:_SHOWN])}{more}. "
            "Mend or remove them."
        )
    return [one for one in contents if isinstance(one, bytes)]


def _content(file: Path) -> bytes | str:
    """Return the bytes of an image, or in words what is wrong with it."""
    try:
        if not file.is_file():
            return "no regular file"
        size = file.stat().st_size
        if size > LARGEST_IMAGE:
            return f"{size >> 20} MB, which is over {LARGEST_IMAGE >> 20}"
        content = file.read_bytes()
    except OSError as error:
        return first_line(error)
    if not content:
        return "empty"
    return content if content.startswith(_BEGINNINGS) else "begins like no image of a known format"
