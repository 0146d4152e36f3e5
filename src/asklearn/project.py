"""A project on disk: a folder that holds what is labelled, how, and everything that was said.

``asklearn.toml`` has the settings and ``journal.db`` the truth. ``pool/`` has the items as Parquet, the fitted
encoder, and the features as memory-mapped shards, which were made once: asking, telling and exporting never
need the encoder again. The journal says how many items there are; what the pool has beyond them is on its way
in. How a pool is made and grows is in :mod:`asklearn.importing`.

In a project every label is a text, and an item's id is a text too unless ids are row numbers.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from asklearn.asking import WHY_AUDITED
from asklearn.audit import weighted_share
from asklearn.errors import BadInput, JournalError
from asklearn.journal import open_state
from asklearn.learner import ActiveLearner
from asklearn.manifest import Manifest
from asklearn.pool import Pool
from asklearn.registry import lookup
from asklearn.server.options import options_from
from asklearn.settings import Settings, read_settings
from asklearn.sources.items import read_items
from asklearn.state import Ask, State, Status
from asklearn.stopping import stopping_with
from asklearn.strategies import strategy as strategy_of
from asklearn.types import ItemId
from asklearn.vectors import Vectors

IMPORT = "import"
POOL = "pool"
FEATURES = "features"
ENCODER = "encoder.skops"
INSTRUCTIONS = "instructions.md"
INSTRUCTIONS_BYTES = 64 << 10

WHY = {
    "audit": WHY_AUDITED,
    "similar": "it is like one that somebody wanted more of",
    "grid": "the model takes it for the same class as others",
}
"""Why items were asked that the strategy did not pick."""

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
        self._manifest = Manifest.read(folder / POOL)
        begun = isinstance(self.journal, str) or self.journal.exists()
        if not any(one.done for one in self._manifest.sources) or not begun:
            raise BadInput(
                f"The project in {folder.resolve()} is not finished: its making was interrupted. "
                "Run the same asklearn init again; it goes on where it stopped."
            )

    @property
    def journal(self) -> Path | str:
        """The file or URL of the journal."""
        return self.settings.journal_in(self.folder)

    @cached_property
    def learner(self) -> ActiveLearner:
        """The learner over the project's features and journal."""
        if lookup("journals", "sql")(self.journal).position == 0:
            raise JournalError(
                f"{shown(self.journal)} is empty, and the pool beside it is not. Restore the journal from a copy."
            )
        return learner_of(self.folder, self.settings, self.features)

    @cached_property
    def features(self) -> Pool:
        """Features of the items that are in the journal, memory-mapped."""
        vectors = Vectors(self.folder / POOL / FEATURES)
        rows = self._manifest.rows
        if not self._manifest.done:
            rows = open_state(lookup("journals", "sql")(self.journal)).rows
        if len(vectors) < rows:
            raise JournalError(
                f"The pool of {self.folder.resolve()} has the features of {len(vectors)} items; {rows} were "
                "added. Restore the pool and the journal from one copy."
            )
        return vectors.pool(0, rows)

    def payload(self, rows: Sequence[int], columns: Sequence[str] | None = None) -> list[dict[str, Any]]:
        """Return what annotators see of some pool rows, column by column, or the `columns` of them."""
        names = list(columns if columns is not None else self.shown)
        found: dict[int, dict[str, Any]] = {}
        if len(rows) and max(rows) >= len(self.features):
            self._manifest = Manifest.read(self.folder / POOL)  # another process added items since
            del self.features
        shard_of = np.searchsorted(self.features.starts, rows, side="right") - 1
        for shard in np.unique(shard_of).tolist() if names else ():
            here = np.asarray(rows)[shard_of == shard]
            file = items_file(self.folder / POOL, shard)
            content = read_items(file, (here - self.features.starts[shard]).tolist(), names)
            found |= zip(here.tolist(), content, strict=True)
        return [found[row] if names else {} for row in map(int, rows)]

    @property
    def shown(self) -> tuple[str, ...]:
        """The columns that annotators see."""
        seen = () if self.settings.kind == "embedding" else self.settings.columns
        return tuple(dict.fromkeys([*seen, *self.settings.show]))

    def described(self) -> dict[str, Any]:
        """Return the texts, or columns, by which :meth:`~asklearn.learner.ActiveLearner.gaps` can name gaps."""
        kind, names = self.settings.kind, self.settings.columns
        if kind not in ("text", "tabular"):
            return {}
        rows = self.payload(range(len(self.features)))
        if kind == "text":
            return {"texts": [str(row[names[0]]) for row in rows]}
        return {"columns": {name: [row[name] for row in rows] for name in names}}

    def instructions(self) -> str | None:
        """Return what annotators are to read first: the text of ``instructions.md``, if there is one."""
        try:
            with (self.folder / INSTRUCTIONS).open("rb") as file:
                return file.read(INSTRUCTIONS_BYTES).decode("utf-8-sig", "replace")
        except FileNotFoundError:
            return None

    def item(self, text: str) -> ItemId | None:
        """Return the item that a text names, or None."""
        if self.learner.state.row(text) is not None:
            return text
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1
        return number if str(number) == text and self.learner.state.row(number) is not None else None

    def labels(self, state: State | None = None) -> list[str]:
        """Return the classes: those of the settings, and what annotators named (as `state` has it, if given)."""
        state = self.learner.state if state is None else state
        told = Counter(str(label) for _, labels in state.answers() for label in labels)
        return list(dict.fromkeys([*self.settings.labels, *sorted(told)]))

    def tell(self, answers: Sequence[Answer], annotator: str) -> int:
        """Record one annotator's labels, all or none; return how many say something new.

        An answer that already holds is not recorded again, so that a file may be told twice. The client
        key of an answer is a hash of annotator, item, label and the revision that it replaces: two
        processes that tell one file at the same moment record it once, and a correction has a key of its
        own.
        """
        return tell(self.learner, answers, annotator)

    def reasons(self, items: Sequence[ItemId], state: State | None = None) -> list[str]:
        """Return, in words, why the present strategy picks such items (as `state` has them, if given)."""
        known = self.learner.state if state is None else state
        first, later = self._why

        def why(ask: Ask | None) -> str:
            if ask is not None and ask.stream in WHY:
                return WHY[ask.stream]
            untrained = not known.fits if ask is None else ask.model is None
            return first if untrained else later

        return [why(known.asks.get(item)) for item in items]

    @cached_property
    def _why(self) -> tuple[str, str]:
        """Why the strategy picks an item, without a model and with one."""
        strategy = strategy_of(self.settings.strategy)
        return strategy.why_first(), strategy.why()

    def counts(self, state: State | None = None) -> dict[str, int]:
        """Return how many items stand at each status, and how many there are (as `state` has it, if given)."""
        state = self.learner.state if state is None else state
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


def learner_of(
    folder: Path, settings: Settings, pool: Pool, ids: Sequence[ItemId] | None = None
) -> ActiveLearner:
    """Return the learner of a project over some features; `ids` are told when it is opened first."""
    weighted = 0.0 if options_from(settings.server).suggestions else settings.audit_weighted
    learner = ActiveLearner(
        settings.classifier,
        pool,
        ids=ids,
        strategy=settings.strategy,
        seed=settings.seed,
        labels=settings.labels,
        open_labels=not settings.labels,
        audit=settings.audit,
        audit_weighted=weighted_share(settings.audit, weighted),
        budget=settings.budget,
        journal=settings.journal_in(folder),
    )
    learner.stopping = stopping_with(learner.stopping, settings.stop)
    return learner


def shown(journal: Path | str) -> str:
    """Return a journal's file or URL without what may stand in the URL but not on a screen.

    Examples
    --------
    >>> shown("postgresql://ann:secret@server/labels?sslmode=require")
    'postgresql://ann:***@server/labels'
    """
    if isinstance(journal, Path):
        return str(journal)
    return re.sub(r"(://[^:/@]*):[^@]*@", r"\1:***@", journal).partition("?")[0]


def items_file(pool: Path, shard: int) -> Path:
    """Return the file that holds the items whose features are in one shard.

    Examples
    --------
    >>> items_file(Path("pool"), 3).name
    'items-00003.parquet'
    """
    return pool / f"items-{shard:05d}.parquet"
