"""A project on disk: a folder that holds what is labelled, how, and everything that was said.

``asklearn.toml`` has the settings and ``journal.db`` the truth. ``pool/`` has the items as Parquet and their
features as float32, which are made once and then memory-mapped: asking, telling and exporting never need the
encoder again. ``pool/manifest.json`` says how far that work has come; an interrupted :func:`create` goes on
from there when it is called again with the same data.

In a project every label is a text, and an item's id is a text too unless ids are row numbers.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any

import numpy as np

from asklearn.asking import WHY_AUDITED
from asklearn.dataset import Progress
from asklearn.errors import BadInput, JournalError, NewerFormat
from asklearn.journal import open_state
from asklearn.labels import match, no_label
from asklearn.learner import ActiveLearner
from asklearn.registry import adapt, lookup
from asklearn.settings import FILE, FORMAT, Settings, read_settings, to_toml
from asklearn.sheets import texts
from asklearn.sources.items import read_items, write_items
from asklearn.state import Status
from asklearn.strategies import strategy as strategy_of
from asklearn.types import Floats, ItemId

IMPORT = "import"
ENCODED_AT_ONCE = 20_000

Answer = tuple[ItemId, str]


class Project:
    """An existing project.

    Parameters
    ----------
    folder : Path
        Where its ``asklearn.toml`` is.

    Raises
    ------
    BadInput
        If there is no project, or its making was interrupted.
    NewerFormat
        If a newer asklearn made it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = read_settings(folder)
        self._manifest = Manifest.read(folder / "pool")
        if not self._manifest.complete or not self.journal_file.exists():
            raise BadInput(
                f"The project in {folder.resolve()} is not finished: its making was interrupted. "
                "Run the same asklearn init again; it goes on where it stopped."
            )

    @property
    def journal_file(self) -> Path:
        """The file of the journal."""
        return self.folder / self.settings.journal

    @cached_property
    def learner(self) -> ActiveLearner:
        """The learner over the project's features and journal."""
        learner = _learner(self.folder, self.settings, self.features, None)
        if learner.state.rows != self._manifest.rows:
            raise JournalError(
                f"The pool of {self.folder.resolve()} has {self._manifest.rows} items and its journal "
                f"{learner.state.rows}. Restore both from one copy."
            )
        return learner

    @cached_property
    def features(self) -> Floats:
        """Features of the pool, of shape (N, D), memory-mapped."""
        return np.asarray(np.load(self.folder / "pool" / "features.npy", mmap_mode="r", allow_pickle=False))

    def payload(self, rows: Sequence[int]) -> list[dict[str, Any]]:
        """Return what annotators see of some pool rows, column by column."""
        names = list(dict.fromkeys([*self.settings.columns, *self.settings.show]))
        if self.settings.kind == "embedding":
            names = list(self.settings.show)
        return (
            read_items(self.folder / "pool" / "items.parquet", rows, names) if names else [{} for _ in rows]
        )

    def item(self, text: str) -> ItemId | None:
        """Return the item that a text names, or None."""
        if self.learner.state.row(text) is not None:
            return text
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1
        return number if str(number) == text and self.learner.state.row(number) is not None else None

    def labels(self) -> list[str]:
        """Return the classes: those of the settings, and what annotators named."""
        told = Counter(str(label) for _, labels in self.learner.state.answers() for label in labels)
        return list(dict.fromkeys([*self.settings.labels, *sorted(told)]))

    def tell(self, answers: Sequence[Answer], annotator: str) -> int:
        """Record one annotator's labels, all or none; return how many say something new.

        An answer that already holds is not recorded again, so that a file may be told twice. The client
        key of an answer is a hash of annotator, item, label and the revision that it replaces: two
        processes that tell one file at the same moment record it once, and a correction has a key of its
        own.
        """
        return tell(self.learner, answers, annotator)

    def reasons(self, items: Sequence[ItemId]) -> list[str]:
        """Return, in words, why each of some asked items was picked."""
        asks = self.learner.state.asks
        picked = f"picked by the strategy {self.settings.strategy}"
        return [WHY_AUDITED if asks[item].stream == "audit" else picked for item in items]

    def counts(self) -> dict[str, int]:
        """Return how many items stand at each status, and how many there are."""
        state = self.learner.state
        known = dict.fromkeys([*state.asks, *state.said, *state.resolved, *state.erased])
        found = Counter(state.status(item).value for item in known)
        found[Status.WAITING.value] += state.rows - len(known)
        return {"items": state.rows, **{one.value: found[one.value] for one in Status}}


def tell(learner: ActiveLearner, answers: Sequence[Answer], annotator: str) -> int:
    """Record the answers that do not hold already; see :meth:`Project.tell`."""
    state = learner.state
    new, keys = [], []
    for item, label in answers:
        held = next((one for one in state.said.get(item, ()) if one.annotator == annotator), None)
        if held is None or held.label != label:
            revision = 0 if held is None else held.revision
            content = json.dumps([annotator, item, label, revision]).encode()
            new.append((item, label))
            keys.append(blake2b(content, digest_size=16).hexdigest())
    learner.tell([item for item, _ in new], [label for _, label in new], annotator=annotator, keys=keys)
    return len(new)


def create(
    folder: Path, source: Path, settings: Settings, progress: Progress | None = None
) -> tuple[Project, int]:
    """Make a project of a data file, and tell the labels that the file has.

    Nothing is written before the whole file was read and found in order. Called again after an
    interruption it goes on where it stopped; called on a project that has items it changes nothing but
    what is missing.

    Returns
    -------
    Project, int
        The project, and how many labels of the file were told, as those of the annotator ``import``.

    Raises
    ------
    BadInput
        If the data are not what they should be, or the folder has another project.
    """
    _check_names(settings)
    table, items, ids, told = _read(source, settings)
    manifest = _resumed(folder, settings, _digest(source), table.rows)
    pool = folder / "pool"
    if not manifest.items:
        with replacing(pool / "items.parquet") as file:
            write_items(file, items)
        manifest = manifest.noted(pool, items=True)
    if not manifest.complete:
        manifest = _encode(pool, manifest, settings, progress)
    features = np.load(pool / "features.npy", mmap_mode="r", allow_pickle=False)
    learner = _learner(folder, settings, features, ids)
    answers = [(row if ids is None else ids[row], label) for row, label in told]
    said = any(one.annotator == IMPORT for every in learner.state.said.values() for one in every)
    new = 0 if said or not answers else tell(learner, answers, IMPORT)
    return Project(folder), new


def _learner(folder: Path, settings: Settings, features: Floats, ids: list[str] | None) -> ActiveLearner:
    return ActiveLearner(
        settings.model,
        features,
        ids=ids,
        strategy=settings.strategy,
        seed=settings.seed,
        labels=settings.labels,
        open_labels=not settings.labels,
        audit=settings.audit,
        budget=settings.budget or None,
        journal=folder / settings.journal,
    )


def _check_names(settings: Settings) -> None:
    """Refuse what does not exist before any work is done."""
    adapt("models", settings.model)
    strategy_of(settings.strategy)
    adapt("encoders", settings.encoder or settings.kind)
    lookup("tasks", "classify")(settings.labels)


# What is in the data file


def _read(
    source: Path, settings: Settings
) -> tuple[Any, dict[str, Any], list[str] | None, list[tuple[int, str]]]:
    """Return the table, the columns to keep, the ids, and the rows that have a label with it."""
    wanted = [*settings.columns, *settings.show, settings.id, settings.label]
    table = lookup("sources", "tables")(source, columns=list(dict.fromkeys(filter(None, wanted))))
    items = {name: table.columns[name] for name in dict.fromkeys([*settings.columns, *settings.show])}
    if settings.kind == "text":
        (name,) = settings.columns
        items[name] = [one or "" for one in texts(table.columns[name], name, table.name)]
    if settings.kind == "image":
        (name,) = settings.columns
        _check_images(table.columns[name], name, table.name)
    ids = _ids(table, settings.id) if settings.id else None
    told = _known_labels(table, settings) if settings.label else []
    return table, items, ids, told


def _check_images(column: Any, name: str, file: str) -> None:
    for row, value in enumerate(column.tolist() if column.ndim == 1 else [None]):
        if not isinstance(value, bytes):
            raise BadInput(
                f"Column {name!r} of {file} must hold images (PNG or JPEG bytes). "
                f"Got {type(value).__name__} in data row {row + 1}."
            )


def _ids(table: Any, name: str) -> list[str]:
    found = [(one or "").strip() for one in texts(table.columns[name], name, table.name)]
    first: dict[str, int] = {}
    for row, one in enumerate(found, start=1):
        if not one or "\0" in one:
            raise BadInput(f"Column {name!r} of {table.name} has no id in data row {row}. Fill it in.")
        if one in first:
            raise BadInput(
                f"Ids must differ. Column {name!r} of {table.name} has {one!r} in data rows {first[one]} "
                f"and {row}."
            )
        first[one] = row
    return found


def _known_labels(table: Any, settings: Settings) -> list[tuple[int, str]]:
    told = []
    for row, raw in enumerate(texts(table.columns[settings.label], settings.label, table.name)):
        if raw is None or not raw.strip():
            continue
        label = match(raw, settings.labels) if settings.labels else raw.strip()
        if label is None:
            raise no_label(raw, settings.labels, f"data row {row + 1} of {table.name}")
        told.append((row, label))
    return told


# What is on the disk


@dataclass(frozen=True, slots=True)
class Manifest:
    """How far the making of a pool has come.

    Attributes
    ----------
    source : str
        Digest of the data file.
    rows : int
        Number of items.
    items : bool
        Whether the items are stored.
    encoder : str
        Fingerprint of the fitted encoder; empty before.
    encoded : int
        How many items have their features stored.
    complete : bool
        Whether all is done.
    """

    source: str = ""
    rows: int = 0
    items: bool = False
    encoder: str = ""
    encoded: int = 0
    complete: bool = False

    @classmethod
    def read(cls, pool: Path) -> Manifest:
        """Read the manifest of a pool; an empty one if there is none."""
        try:
            plain = json.loads((pool / "manifest.json").read_bytes())
            version = plain.pop("format")
            if version > FORMAT:
                raise NewerFormat(
                    f"{pool / 'manifest.json'} has format {version}; this asklearn reads {FORMAT}. "
                    "Upgrade with: pip install -U asklearn"
                )
            return cls(**plain)
        except FileNotFoundError:
            return cls()
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise BadInput(
                f"{pool / 'manifest.json'} is damaged ({error!r:.80}). Restore it from a copy, or remove the "
                "folder pool and run the same asklearn init again."
            ) from error

    def noted(self, pool: Path, **changes: Any) -> Manifest:
        """Write down that something more is done."""
        new = replace(self, **changes)
        with replacing(pool / "manifest.json") as file:
            file.write(json.dumps({"format": FORMAT, **asdict(new)}, indent=1).encode())
        return new


def _resumed(folder: Path, settings: Settings, source: str, rows: int) -> Manifest:
    """Return how far an earlier call came with the same data, or begin anew where nothing was asked yet."""
    pool = folder / "pool"
    if (folder / FILE).exists():
        held, manifest = read_settings(folder), Manifest.read(pool)
        if (held, manifest.source) == (settings, source):
            return manifest
        if _has_items(folder / held.journal):
            raise BadInput(
                f"{folder.resolve()} is a project already, of other data or settings. Give another folder "
                f"by --into, or edit its {FILE}."
            )
    pool.mkdir(parents=True, exist_ok=True)
    with replacing(folder / FILE) as file:
        file.write(to_toml(settings).encode())
    return Manifest(source, rows).noted(pool)


def _has_items(journal: Path) -> bool:
    return journal.exists() and open_state(lookup("journals", "sql")(journal)).rows > 0


def _encode(pool: Path, manifest: Manifest, settings: Settings, progress: Progress | None) -> Manifest:
    """Fit the encoder on the stored items, and store features piece by piece."""
    names = list(settings.columns)
    table = lookup("sources", "tables")(pool / "items.parquet", columns=names)
    items = table.columns if settings.kind == "tabular" else table.columns[names[0]]
    encoder = adapt("encoders", settings.encoder or settings.kind).fit(items)
    if manifest.encoder != encoder.fingerprint():
        manifest = manifest.noted(pool, encoder=encoder.fingerprint(), encoded=0)
    part = pool / "features.part.npy"
    while manifest.encoded < manifest.rows:
        start, stop = manifest.encoded, min(manifest.encoded + ENCODED_AT_ONCE, manifest.rows)
        made = np.asarray(encoder.encode(_slice(items, start, stop)), np.float32)
        if start == 0:
            shape = (manifest.rows, made.shape[1])
            stored = np.lib.format.open_memmap(part, "w+", np.float32, shape)
        else:
            stored = np.lib.format.open_memmap(part, "r+")
        stored[start:stop] = made
        stored.flush()
        del stored
        manifest = manifest.noted(pool, encoded=stop)
        if progress is not None:
            progress(stop, manifest.rows)
    if part.exists():
        os.replace(part, pool / "features.npy")
    return manifest.noted(pool, complete=True)


def _slice(items: Any, start: int, stop: int) -> Any:
    if isinstance(items, Mapping):
        return {name: column[start:stop] for name, column in items.items()}
    return items[start:stop]


def _digest(source: Path) -> str:
    digest = blake2b(digest_size=16)
    with source.open("rb") as file:
        for part in iter(lambda: file.read(1 << 20), b""):
            digest.update(part)
    return digest.hexdigest()


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Write a file under another name in its folder, and rename it once all of it is on the disk.

    Examples
    --------
    >>> file = Path(tempfile.mkdtemp()) / "a.txt"
    >>> with replacing(file) as out:
    ...     out.write(b"whole or not at all")
    19
    >>> file.read_text(), len(list(file.parent.iterdir()))
    ('whole or not at all', 1)
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o666 & ~mask)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
