"""Features on disk, in files that are added and never changed, and a manifest that says which of them count.

A folder holds ``00000.f32``, ``00001.f32``, ...: rows of little-endian float32, nothing else. A shard counts
from the moment that ``manifest.json`` names it, and that is written after the shard is on the disk. So an
interruption leaves at most a file that nobody reads, and the next one takes its name.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import blake2b, file_digest
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from asklearn.errors import BadInput, NewerFormat
from asklearn.files import replacing
from asklearn.pool import Pool, check_features
from asklearn.types import Floats

FORMAT = 1
MANIFEST = "manifest.json"
_ITEM = 4


class Vectors:
    """The features that one fitted encoder made, row by row, in append-only shards.

    One process may append while others read. A reader sees the shards that were there when it opened.

    Parameters
    ----------
    folder : Path
        Where the shards are; made by the first :meth:`append`.
    encoder : str, optional
        Fingerprint of the encoder that made the features; what another one made is refused. Not checked
        without it.

    Attributes
    ----------
    encoder : str
        Fingerprint of the encoder.
    dim : int
        Number of features D; 0 while there are none.
    sizes : tuple of int
        Number of rows of each shard.

    Raises
    ------
    BadInput
        If the manifest or a shard is missing or not whole, or features of another encoder are there.
    NewerFormat
        If a newer asklearn wrote them.

    Notes
    -----
    Opening takes a look at each file's size; :meth:`damaged` reads everything.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     vectors = Vectors(Path(folder), "text()#1")
    ...     vectors.append(np.zeros((3, 2), np.float32))
    ...     vectors.append(np.ones((1, 2), np.float32))
    ...     Vectors(Path(folder)).pool().take(np.array([3, 0]))
    array([[1., 1.],
           [0., 0.]], dtype=float32)
    """

    def __init__(self, folder: Path, encoder: str | None = None) -> None:
        self.folder = folder
        held, self.dim, self._shards = _read(folder / MANIFEST)
        self.encoder = held if encoder is None else encoder
        if self._shards and self.encoder != held:
            raise BadInput(
                f"The features in {folder} were made by the encoder {held}. Got {self.encoder}. "
                "Encode every item anew, into another folder."
            )
        for number, rows in enumerate(self.sizes):
            self._check_size(number, rows)

    def __len__(self) -> int:
        return sum(self.sizes)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of rows of each shard."""
        return tuple(rows for rows, _ in self._shards)

    def append(self, features_ND: Floats) -> None:
        """Store the features of further items as a shard; on return they are on the disk.

        Raises
        ------
        BadInput
            If they are not finite in float32, not of shape (N, D), or not as wide as those before.
        """
        with np.errstate(over="ignore"):
            made_ND = check_features(np.ascontiguousarray(features_ND, "<f4"))
        if self._shards and made_ND.shape[1] != self.dim:
            raise BadInput(f"Expected {self.dim} features per item, as before. Got {made_ND.shape[1]}.")
        self.folder.mkdir(parents=True, exist_ok=True)
        with replacing(self._file(len(self._shards))) as out:
            out.write(made_ND.data)
        shard = (len(made_ND), blake2b(made_ND.data, digest_size=16).hexdigest())
        self._write(made_ND.shape[1], [*self._shards, shard])

    def cut(self, rows: int) -> None:
        """Forget everything behind the first `rows` rows, which must end with a shard."""
        keep = self._shards_until(rows)
        gone = range(keep, len(self._shards))
        self._write(self.dim, self._shards[:keep])
        for number in gone:
            self._file(number).unlink(missing_ok=True)

    def pool(self, start: int = 0, stop: int | None = None) -> Pool:
        """Return some rows, which must begin and end with a shard, memory-mapped.

        Raises
        ------
        BadInput
            If they do not.
        """
        first, last = self._shards_until(start), self._shards_until(len(self) if stop is None else stop)
        pool = Pool()
        for number in range(first, last):
            shape = (self.sizes[number], self.dim)
            pool.add(np.asarray(np.memmap(self._file(number), "<f4", "r", shape=shape)), check=False)
        return pool

    def damaged(self) -> list[str]:
        """Return the names of the shards whose content has changed since it was written; reads all of it."""
        changed = []
        for number, (_, digest) in enumerate(self._shards):
            with self._file(number).open("rb") as file:
                if file_digest(file, lambda: blake2b(digest_size=16)).hexdigest() != digest:
                    changed.append(self._file(number).name)
        return changed

    def _file(self, number: int) -> Path:
        return self.folder / f"{number:05d}.f32"

    def _shards_until(self, rows: int) -> int:
        ends = [0, *accumulate(self.sizes)]
        if rows not in ends:
            raise BadInput(
                f"The features in {self.folder} come in shards; none ends at row {rows} of {len(self)}. "
                "Restore the folder and the journal from one copy."
            )
        return ends.index(rows)

    def _check_size(self, number: int, rows: int) -> None:
        file, expected = self._file(number), rows * self.dim * _ITEM
        size = file.stat().st_size if file.is_file() else None
        if size != expected:
            raise BadInput(
                f"{file} must have {expected:,} bytes. "
                f"{'It is missing' if size is None else f'It has {size:,}'}; restore it from a copy."
            )

    def _write(self, dim: int, shards: Sequence[tuple[int, str]]) -> None:
        plain = {"format": FORMAT, "encoder": self.encoder, "dim": dim, "shards": list(shards)}
        with replacing(self.folder / MANIFEST) as out:
            out.write(json.dumps(plain).encode())
        self.dim, self._shards = dim, list(shards)


def _read(file: Path) -> tuple[str, int, list[tuple[int, str]]]:
    try:
        plain = json.loads(file.read_bytes())
        if plain["format"] > FORMAT:
            raise NewerFormat(
                f"{file} has format {plain['format']}; this asklearn reads {FORMAT}. "
                "Upgrade with: pip install -U asklearn"
            )
        shards = [(_whole(rows), str(digest)) for rows, digest in plain["shards"]]
        return str(plain["encoder"]), _whole(plain["dim"]) if shards else 0, shards
    except FileNotFoundError:
        return "", 0, []
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise BadInput(f"{file} is damaged ({error!r:.80}). Restore it from a copy.") from error


def _whole(value: Any) -> int:
    if type(value) is not int or not 0 < value < 2**40:
        raise ValueError(f"{value!r:.20} is not a number of rows or columns")
    return value
