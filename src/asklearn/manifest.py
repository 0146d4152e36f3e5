"""What a project's pool holds: which data files went into it, and how far the last one came."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from asklearn.errors import BadInput, NewerFormat
from asklearn.files import replacing

FORMAT = 2
FILE = "manifest.json"


@dataclass(frozen=True, slots=True)
class Source:
    """A data file that went into the pool, or is on its way.

    Attributes
    ----------
    name : str
        Its name.
    digest : str
        Digest of its content.
    rows : int
        Number of its items.
    done : bool
        Whether its items are in the journal, and its labels too.
    """

    name: str
    digest: str
    rows: int
    done: bool = False


@dataclass(frozen=True, slots=True)
class Manifest:
    """The data files of a pool, in order; only the last may be on its way.

    Examples
    --------
    >>> manifest = Manifest().noting(Source("a.csv", "1f", 30, done=True)).noting(Source("b.csv", "9c", 5))
    >>> manifest.start("9c"), manifest.done
    (30, False)
    """

    sources: tuple[Source, ...] = ()

    @classmethod
    def read(cls, pool: Path) -> Manifest:
        """Read the manifest of a pool; an empty one if there is none.

        Raises
        ------
        BadInput
            If it is damaged, or of a version before the first release.
        NewerFormat
            If a newer asklearn wrote it.
        """
        file = pool / FILE
        try:
            plain = json.loads(file.read_bytes())
            version = plain["format"]
            if version > FORMAT:
                raise NewerFormat(
                    f"{file} has format {version}; this asklearn reads {FORMAT}. "
                    "Upgrade with: pip install -U asklearn"
                )
            if version < FORMAT:
                raise BadInput(
                    f"{file} has format {version}, of a version before the first release; this asklearn reads "
                    f"{FORMAT}. Make the project again with asklearn init, in another folder."
                )
            return cls(tuple(_source(one) for one in plain["sources"]))
        except FileNotFoundError:
            return cls()
        except (BadInput, NewerFormat):
            raise
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise BadInput(
                f"{file} is damaged ({error!r:.80}). Restore it from a copy, or remove the "
                "folder pool and run the same asklearn init again."
            ) from error

    def write(self, pool: Path) -> Manifest:
        """Put the manifest on the disk, and return it."""
        with replacing(pool / FILE) as file:
            plain = {"format": FORMAT, "sources": [asdict(one) for one in self.sources]}
            file.write(json.dumps(plain, indent=1).encode())
        return self

    def noting(self, source: Source) -> Manifest:
        """Return the manifest with one more data file, or with other news of it."""
        return Manifest((*(one for one in self.sources if one.digest != source.digest), source))

    def start(self, digest: str) -> int:
        """Return the row of the pool at which a data file begins."""
        return sum(one.rows for one in self.sources if one.digest != digest)

    @property
    def done(self) -> bool:
        """Whether nothing is on its way."""
        return all(one.done for one in self.sources)

    @property
    def rows(self) -> int:
        """Number of items of every data file."""
        return sum(one.rows for one in self.sources)


def _source(plain: dict[str, object]) -> Source:
    kinds = {one.name: {"str": str, "int": int, "bool": bool}[str(one.type)] for one in fields(Source)}
    for name, value in plain.items():
        if type(value) is not kinds[name]:
            raise TypeError(f"{name} may not be {value!r:.40}")
    return Source(**plain)  # type: ignore[arg-type]
