"""Which data sets the arguments of a command name, and which of their columns are meant."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from asklearn.dataset import Dataset, load_dataset
from asklearn.errors import BadInput

Progress = Callable[[int, int], None]
_KINDS = ("text", "image", "embedding")


def data_files(paths: Sequence[str]) -> list[Path]:
    """Return the data sets that paths name: themselves, or the files of a folder of data files.

    A folder with data files and no folder in it stands for the files; any other is one data set of images, or
    a saved one.

    Raises
    ------
    BadInput
        If two of them have the same name.

    Examples
    --------
    >>> [path.name for path in data_files(["b.csv", "a.parquet"])]
    ['b.csv', 'a.parquet']
    """
    found = [file for path in paths for file in _within(Path(path))]
    names = [name_of(path) for path in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        both = [str(path) for path in found if name_of(path) == twice]
        raise BadInput(f"Every data set needs a name of its own. {both[0]} and {both[1]} are both {twice!r}.")
    return found


def _within(path: Path) -> list[Path]:
    from asklearn.sources._files import ending
    from asklearn.sources.huggingface import is_saved
    from asklearn.sources.tables import FORMATS

    if not path.is_dir() or is_saved(path):
        return [path]
    inside = [one for one in sorted(path.iterdir()) if not one.name.startswith(".")]
    files = [one for one in inside if one.is_file() and ending(one)[0] in FORMATS]
    return files if files and not any(one.is_dir() for one in inside) else [path]


def name_of(path: Path) -> str:
    """Return a data set's name: its file's, without endings.

    Examples
    --------
    >>> name_of(Path("data/reviews.csv.gz"))
    'reviews'
    """
    return Path(path.name.removesuffix(".gz").removesuffix(".zst")).stem


def loaders(
    files: Sequence[Path], options: Mapping[str, Any], progress: Progress | None = None
) -> dict[str, Callable[[], Dataset]]:
    """Return what loads each of several files, by name; each takes those of the named columns that it has.

    Parameters
    ----------
    files : sequence of Path
        At least one. Those without the label column are left out.
    options : mapping
        ``label``, ``text``, ``image``, ``embedding``, ``columns``, ``split`` and ``encoder``, as
        :func:`~asklearn.dataset.load_dataset` takes them.
    progress : callable, optional
        ``progress(done, total)`` while encoding.

    Raises
    ------
    BadInput
        If no file has a column that is named, or none has the label.
    """
    from asklearn.sources.tables import column_names

    has = {path: column_names(path) for path in files}
    for name in ("label", *_KINDS, "split"):
        if options[name] and not any(options[name] in columns for columns in has.values()):
            raise BadInput(f"None of {len(has)} files has a column {options[name]!r}, given as {name}.")
    chosen = {path: _own(options, columns) for path, columns in has.items() if options["label"] in columns}
    return {
        name_of(path): partial(load_dataset, path, **some, progress=progress) for path, some in chosen.items()
    }


def _own(options: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    own = dict(options)
    for name in (*_KINDS, "split"):
        own[name] = options[name] if options[name] in columns else None
    if any(own[kind] for kind in _KINDS):
        own["columns"] = []
    return own
