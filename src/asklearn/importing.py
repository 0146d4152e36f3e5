"""Items into a project: a data file is read twice, first to check it, then to store and encode it.

The first reading writes nothing. In the second each piece of rows is stored as Parquet and encoded, and counts
from the moment that the manifest of the features names it. Interrupted, the same call goes on behind the last
piece that counts. Memory holds one piece, the sample that the encoder is fitted on, and the ids and labels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from asklearn import manifest as manifests
from asklearn import vectors as shards
from asklearn.dataset import located
from asklearn.errors import BadInput, Conflict
from asklearn.files import digest_of, locked, replacing
from asklearn.journal import open_state
from asklearn.learner import ActiveLearner
from asklearn.manifest import Manifest, Source
from asklearn.project import ENCODER, FEATURES, IMPORT, POOL, Project, items_file, learner_of, tell
from asklearn.protocols import Encoder
from asklearn.recorder import TRIES
from asklearn.registry import adapt, lookup
from asklearn.saved_model import load_encoder, save_encoder
from asklearn.settings import FILE, Settings, read_settings, to_toml
from asklearn.sources.items import write_items
from asklearn.sources.tables import column_names, is_image_folder
from asklearn.strategies import strategy as strategy_of
from asklearn.survey import PIECE, Progress, Survey, encodable, items_of, survey
from asklearn.types import ItemId
from asklearn.vectors import Vectors

TOLD_AT_ONCE = 20_000
LOCK = "lock"
_BUSY = "Another asklearn init or add is at work in {}. Wait until it has finished, or stop it."
_SHOWN = 3


class Entered(NamedTuple):
    """What a data file brought into a project: its items, and the labels that were told of them."""

    items: int
    labels: int


NOTHING = Entered(0, 0)


def create(
    folder: Path, source: Path, settings: Settings, progress: Progress | None = None
) -> tuple[Project, Entered]:
    """Make a project of a data file, and tell the labels that the file has.

    Nothing is written before the whole file was read and found in order. Called again after an
    interruption it goes on where it stopped; called on a project that is finished it changes nothing.

    Parameters
    ----------
    folder : Path
        Where to make it; made where there is none.
    source : Path
        Whatever the source ``stream`` reads.
    settings : Settings
        What the items are, and how they are labelled.
    progress : callable, optional
        ``progress(phase, done, total)``, where `total` may be None.

    Returns
    -------
    Project, Entered
        The labels are told as those of the annotator ``import``.

    Raises
    ------
    BadInput
        If the data are not what they should be, or the folder has another project.
    Conflict
        If another process is at work in the folder.

    Notes
    -----
    Beyond one piece, the sample, and what the encoder needs, memory grows by some hundred bytes for each
    id and each label. Features stay on the disk.

    Examples
    --------
    >>> import tempfile
    >>> here = Path(tempfile.mkdtemp())
    >>> _ = (here / "n.csv").write_text("size,kind\\n1.5,a\\n2.5,\\n3.5,b\\n")
    >>> create(here, here / "n.csv", Settings(kind="tabular", columns=("size",), label="kind"))[1]
    Entered(items=3, labels=2)
    """
    told = progress or _silent
    _check_names(settings)
    _check_place(folder, source)
    digest = digest_of(source)
    if _begun(folder, settings, digest).done:
        return Project(folder), NOTHING
    found = survey(source, settings, told)
    pool = folder / POOL
    pool.mkdir(parents=True, exist_ok=True)
    with locked(pool / LOCK, _BUSY.format(folder.resolve())):
        held = _begun(folder, settings, digest)
        if held.done:
            return Project(folder), NOTHING
        if not held.digest:
            _begin(folder, settings, Source(source.name, digest, found.rows))
        encoder = _fitted_encoder(pool, source, settings, found, told)
        vectors = Vectors(pool / FEATURES, encoder.fingerprint())
        _store(pool, vectors, encoder, source, settings, 0, found.rows, told)
        learner = learner_of(folder, settings, vectors.pool(), found.ids)
        entered = Entered(found.rows, _tell(learner, found, 0, told))
        Manifest((Source(source.name, digest, found.rows, done=True),)).write(pool)
    return Project(folder), entered


def add(folder: Path, source: Path, label: str = "", progress: Progress | None = None) -> Entered:
    """Let the items of a further data file enter a project's pool, as a cohort of their own.

    They need the columns of the project and are encoded by its encoder. Their ids come from the project's
    column of ids, or go on counting. Called again after an interruption it goes on where it stopped; a file
    whose content is in the project already changes nothing.

    Parameters
    ----------
    folder : Path
        Where the project is.
    source : Path
        Whatever the source ``stream`` reads.
    label : str
        Column of known labels; by default the project's own, if the file has it.
    progress : callable, optional
        ``progress(phase, done, total)``, where `total` may be None.

    Returns
    -------
    Entered
        The labels are told as those of the annotator ``import``.

    Raises
    ------
    BadInput
        If there is no project, or the data are not what they should be; ids that are in the pool already
        are named.
    Conflict
        If another process is at work in the folder.

    Examples
    --------
    >>> import tempfile
    >>> here = Path(tempfile.mkdtemp())
    >>> _ = (here / "n.csv").write_text("size\\n1.5\\n2.5\\n3.5\\n")
    >>> _ = (here / "more.csv").write_text("size\\n4.5\\n")
    >>> _ = create(here, here / "n.csv", Settings(kind="tabular", columns=("size",)))
    >>> add(here, here / "more.csv"), add(here, here / "more.csv")
    (Entered(items=1, labels=0), Entered(items=0, labels=0))
    """
    told = progress or _silent
    project = Project(folder)
    settings, pool = project.settings, folder / POOL
    if not label and settings.label in column_names(source):
        label = settings.label
    digest = digest_of(source)
    with locked(pool / LOCK, _BUSY.format(folder.resolve())):
        manifest = Manifest.read(pool)
        if any(one.done and one.digest == digest for one in manifest.sources):
            return NOTHING
        vectors = Vectors(pool / FEATURES)
        state = open_state(lookup("journals", "sql")(project.journal))
        manifest = _without_abandoned(manifest, pool, vectors, digest, state.rows)
        found = survey(source, settings, told, label=label, sampling=False)
        start = manifest.start(digest)
        if state.rows == start:
            _check_new(found.ids, state.row_of, settings.id, source.name)
        manifest = manifest.noting(Source(source.name, digest, found.rows)).write(pool)
        _store(pool, vectors, _stored_encoder(pool, vectors), source, settings, start, found.rows, told)
        learner = learner_of(folder, settings, vectors.pool(0, state.rows), None)
        if state.rows == start:
            _enter(learner, vectors.pool(start), found.ids)
        entered = Entered(found.rows, _tell(learner, found, start, told))
        manifest.noting(Source(source.name, digest, found.rows, done=True)).write(pool)
    return entered


def _silent(phase: str, done: int, total: int | None) -> None:
    """Say nothing."""


# Before anything is written


def _check_names(settings: Settings) -> None:
    """Refuse what does not exist before any work is done."""
    _check_model(settings.classifier)
    strategy_of(settings.strategy)
    adapt("encoders", settings.encoder or settings.kind)
    lookup("tasks", "classify")(settings.labels)


def _check_model(spec: str) -> None:
    """Refuse options that no model can be trained with, now and not after the first hundred labels."""
    model = adapt("models", spec)
    if "(" not in spec:
        return
    X = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
    try:
        model.fresh(0).fit(X, ["a", "b"] * 20)
    except BadInput as error:
        raise BadInput(f"The model {spec!r} cannot be trained: {error.__cause__ or error}") from error


def _check_place(folder: Path, source: Path) -> None:
    """Refuse to write into what is read, or to read what is written."""
    place, data = folder.resolve(), source.resolve()
    if place.exists() and not place.is_dir():
        raise BadInput(f"A project is a folder. {folder} is a file; give another path.")
    if data.is_dir() and place.is_relative_to(data):
        raise BadInput(
            f"The project cannot be made in {place}, inside the data {data}. Give another folder by --into."
        )
    if data.is_relative_to(place / POOL) or data == place / FILE:
        raise BadInput(f"{source} belongs to a project itself. Give the data file that it was made of.")


def _begun(folder: Path, settings: Settings, digest: str) -> Source:
    """Return how far an earlier call came with the same data; an empty source where there is nothing yet."""
    if (folder / FILE).exists():
        held, manifest = read_settings(folder), Manifest.read(folder / POOL)
        if held == settings and manifest.sources and manifest.sources[0].digest == digest:
            return manifest.sources[0]
        journal = held.journal_in(folder)
        if (isinstance(journal, str) or journal.exists()) and open_state(
            lookup("journals", "sql")(journal)
        ).rows > 0:
            raise BadInput(
                f"{folder.resolve()} is a project already, of other data or settings. Give another folder "
                f"by --into, or edit its {FILE}."
            )
    return Source("", "", 0)


def _begin(folder: Path, settings: Settings, source: Source) -> None:
    """Clear away what an earlier call left of other data, and write down what this one is about."""
    pool = folder / POOL
    for name in (manifests.FILE, ENCODER, f"{FEATURES}/{shards.MANIFEST}"):
        (pool / name).unlink(missing_ok=True)
    for file in (*pool.glob("items-*.parquet"), *(pool / FEATURES).glob("*.f32")):
        file.unlink()
    with replacing(folder / FILE) as out:
        out.write(to_toml(settings).encode())
    Manifest((source,)).write(pool)


def _without_abandoned(
    manifest: Manifest, pool: Path, vectors: Vectors, digest: str, entered: int
) -> Manifest:
    """Clear away another file whose adding was interrupted before its items entered the journal."""
    last = manifest.sources[-1]
    if last.done or last.digest == digest:
        return manifest
    start = manifest.start(last.digest)
    if entered > start:
        raise BadInput(
            f"Adding {last.name} was interrupted after its items had entered the pool. "
            f"Run asklearn add {last.name} again first, so that its labels are told too."
        )
    vectors.cut(start)
    for file in sorted(pool.glob("items-*.parquet"))[len(vectors.sizes) :]:
        file.unlink()
    return Manifest(manifest.sources[:-1]).write(pool)


def _check_new(ids: list[str] | None, known: Mapping[ItemId, int], column: str, file: str) -> None:
    rows = [row for row, one in enumerate(ids or (), 1) if one in known]
    if rows and ids:
        shown = ", ".join(f"{ids[row - 1]!r:.80} in data row {row}" for row in rows[:_SHOWN])
        more = f" and {len(rows) - _SHOWN:,} more" if len(rows) > _SHOWN else ""
        raise BadInput(
            f"Ids must differ from those of the pool. Column {column!r} of {file} has {shown}{more}, which "
            "the pool has already. Drop those rows, or give them ids of their own."
        )


# Items and features


def _fitted_encoder(
    pool: Path, source: Path, settings: Settings, found: Survey, progress: Progress
) -> Encoder:
    """Return the encoder that an earlier call stored, or fit one on the sample and store it."""
    if (pool / ENCODER).exists():
        return load_encoder(pool / ENCODER)
    assert found.sample is not None
    rows, columns = found.sample.taken()
    found.sample = None
    progress("learning the encoder", 0, len(rows))
    with located(source.name, rows, partial(_place, source, settings)):
        encoder: Encoder = adapt("encoders", settings.encoder or settings.kind)
        encoder = encoder.fit(encodable(columns, settings))
    progress("learning the encoder", len(rows), len(rows))
    with suppress(BadInput):  # of a plug-in's own types: it is fitted again when it is needed again
        save_encoder(pool / ENCODER, encoder)
    return encoder


def _place(source: Path, settings: Settings, row: int) -> str:
    """Say where a row is: the path of an image in a folder, else its number and its column."""
    if is_image_folder(source):
        return str(lookup("sources", "tables")(source, ["path"]).columns["path"][row])
    column = f", column {settings.columns[0]!r}" if len(settings.columns) == 1 else ""
    return f"data row {row + 1}{column}"


def _stored_encoder(pool: Path, vectors: Vectors) -> Encoder:
    if not (pool / ENCODER).exists():
        raise BadInput(
            f"{pool / ENCODER} is missing: either it was removed, or the encoder {vectors.encoder} is of "
            "types that cannot be stored. Make a new project of all items."
        )
    encoder = load_encoder(pool / ENCODER)
    if encoder.fingerprint() != vectors.encoder:
        raise BadInput(
            f"{pool / ENCODER} is {encoder.fingerprint()}; the features were made by {vectors.encoder}. "
            "Restore the folder from one copy."
        )
    return encoder


def _store(
    pool: Path, vectors: Vectors, encoder: Encoder, source: Path, settings: Settings, start: int, rows: int,
    progress: Progress,
) -> None:  # fmt: skip
    """Store items and features of a data file that begins at row `start`, from where an earlier call stopped."""
    columns = list(dict.fromkeys([*settings.columns, *settings.show]))
    for first, table in _pieces(source, columns, len(vectors) - start):
        items = items_of(table, settings, first)
        with located(source.name, np.arange(first, first + table.rows), partial(_place, source, settings)):
            features_ND = encoder.encode(encodable(items, settings))
        _check_count(features_ND, table.rows, settings)
        with replacing(items_file(pool, len(vectors.sizes))) as out:
            write_items(out, items)
        vectors.append(features_ND)
        progress("encoding", len(vectors) - start, rows)
    if len(vectors) - start != rows:
        raise BadInput(f"{source.name} changed while it was read. Run the same command again.")


def _pieces(source: Path, columns: list[str], done: int) -> Iterator[tuple[int, Any]]:
    """Yield pieces with their first row, but none of the first `done` rows."""
    first = 0
    for table in lookup("sources", "stream")(source, columns=columns, rows=PIECE):
        over = max(0, done - first)
        if over < table.rows:
            yield first + over, table.take(np.arange(over, table.rows)) if over else table
        first += table.rows


def _check_count(features_ND: Any, rows: int, settings: Settings) -> None:
    if len(features_ND) != rows:
        raise BadInput(
            f"The encoder {settings.encoder or settings.kind} must give one row for each of {rows} items. "
            f"Got {len(features_ND)}."
        )


# Into the journal


def _enter(learner: ActiveLearner, further: Any, ids: list[str] | None) -> None:
    for _ in range(TRIES):
        with suppress(Conflict):
            learner.add(further, ids)
            return
    raise Conflict(f"The journal kept moving for {TRIES} tries; too many processes write to it at once.")


def _tell(learner: ActiveLearner, found: Survey, start: int, progress: Progress) -> int:
    """Tell the labels, some at a time; what an earlier call told is not told again."""
    told = 0
    for done in range(0, len(found.labels), TOLD_AT_ONCE):
        part = found.labels[done : done + TOLD_AT_ONCE]
        answers: list[tuple[ItemId, str]] = [
            (start + row if found.ids is None else found.ids[row], label) for row, label in part
        ]
        told += tell(learner, answers, IMPORT)
        progress("telling labels", done + len(part), len(found.labels))
    return told
