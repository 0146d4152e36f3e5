"""What ``asklearn.toml`` says: read, checked, and written."""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any

from asklearn.errors import BadInput, NewerFormat
from asklearn.server.options import options_from
from asklearn.stopping import Stopping, stopping_with

FORMAT = 1
FILE = "asklearn.toml"
KINDS = ("text", "image", "tabular", "embedding")

_HEAD = "# What this project labels, and how. Written by `asklearn init`; yours to edit.\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of a project.

    Attributes
    ----------
    kind : str
        What the items are: ``text``, ``image``, ``tabular`` or ``embedding``.
    columns : tuple of str
        Columns that features are made of; just one unless the kind is ``tabular``.
    show : tuple of str
        Further columns that annotators see.
    id, label : str
        Columns of ids and of known labels; empty if there are none.
    labels : tuple of str
        The classes; empty if annotators make them up.
    encoder, model, strategy : str
        Registered names with options. An encoder or model is empty for the default of its kind.
    audit, audit_weighted : float
        Shares of every batch that are drawn uniformly, and where mistakes are likely. The second is nothing
        without the first, and at most what it leaves.
    budget : int
        Number of items to ask for in all; 0 for no limit.
    seed : int
        Decides everything random.
    journal : str
        Path of the journal, from the project's folder, or ``postgresql://user@host/database``.
    stop : dict
        What :class:`~asklearn.stopping.Stopping` takes: the table ``[stop]``.
    server : dict
        What :class:`~asklearn.server.options.Options` takes: the table ``[server]``.

    Examples
    --------
    >>> text = to_toml(Settings(kind="text", columns=("title",), labels=("a", "b")))
    >>> settings_from(text).labels
    ('a', 'b')
    """

    kind: str
    columns: tuple[str, ...]
    show: tuple[str, ...] = ()
    id: str = ""
    label: str = ""
    labels: tuple[str, ...] = ()
    encoder: str = ""
    model: str = ""
    strategy: str = "auto"
    audit: float = 0.1
    audit_weighted: float = 0.05
    budget: int = 0
    seed: int = 0
    journal: str = "journal.db"
    stop: dict[str, Any] = field(default_factory=dict)
    server: dict[str, Any] = field(default_factory=dict)

    def journal_in(self, folder: Path) -> Path | str:
        """Return the journal of the project in `folder`: its file, or its URL.

        Examples
        --------
        >>> Settings(kind="text", columns=("title",)).journal_in(Path("reviews")).name
        'journal.db'
        """
        return self.journal if "://" in self.journal else folder / self.journal

    @property
    def classifier(self) -> str:
        """The model that is meant: the one that is named, or the default of the kind.

        Examples
        --------
        >>> Settings(kind="text", columns=("title",)).classifier
        'logistic'
        """
        return self.model or ("tabular" if self.kind == "tabular" else "logistic")


def read_settings(folder: Path) -> Settings:
    """Read the settings of the project in a folder.

    Raises
    ------
    BadInput
        If there is no project, or its file is not what it should be.
    NewerFormat
        If a newer asklearn wrote it.
    """
    file = folder / FILE
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BadInput(
            f"There is no project in {folder.resolve()}: it has no {FILE}. Make one with asklearn init, or "
            "name its folder by --project."
        ) from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{file} is not UTF-8. Save it again as UTF-8.") from error
    return settings_from(text, str(file))


def settings_from(text: str, where: str = FILE) -> Settings:
    """Return the settings that a TOML text holds.

    Raises
    ------
    BadInput
        If it is not TOML, or an entry is unknown, missing or of another type.
    NewerFormat
        If a newer asklearn wrote it.

    Examples
    --------
    >>> settings_from('format = 1\\nkind = "text"\\ncolumns = ["title"]\\nlables = ["a"]')
    Traceback (most recent call last):
        ...
    asklearn.errors.BadInput: asklearn.toml has an unknown entry 'lables'. Did you mean 'labels'?
    """
    try:
        plain = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadInput(f"{where} is not valid TOML: {error}.") from error
    version = plain.pop("format", None)
    if type(version) is int and version > FORMAT:
        raise NewerFormat(
            f"{where} has format {version}; this asklearn reads {FORMAT}. "
            "Upgrade with: pip install -U asklearn"
        )
    if type(version) is not int or version != FORMAT:
        raise BadInput(f"{where} must say format = {FORMAT}. Got {version!r}.")
    return _checked(plain, where)


def _checked(plain: Mapping[str, Any], where: str) -> Settings:
    known = {one.name: str(one.type) for one in fields(Settings)}
    for name, value in plain.items():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f" Did you mean {near[0]!r}?" if near else f" Known: {', '.join(known)}."
            raise BadInput(f"{where} has an unknown entry {name!r}.{hint}")
        if not _fits(value, known[name]):
            words = {
                "str": "a text",
                "int": "a whole number from 0 to 2**63 - 1",
                "float": "a number from 0 to 1",
                "dict[str, Any]": "a table",
            }
            expected = words.get(known[name], "a list of texts")
            raise BadInput(f"In {where}, {name} must be {expected}. Got {value!r:.100}.")
    missing = {"kind", "columns"} - set(plain)
    if missing:
        raise BadInput(f"{where} has no entry {sorted(missing)[0]!r}.")
    if plain["kind"] not in KINDS:
        raise BadInput(f"In {where}, kind must be one of {', '.join(KINDS)}. Got {plain['kind']!r}.")
    for table, check in (("stop", partial(stopping_with, Stopping())), ("server", options_from)):
        try:
            check(plain.get(table, {}))
        except BadInput as error:
            raise BadInput(f"In {where}, [{table}]: {error}") from error
    values: dict[str, Any] = {
        name: tuple(one) if isinstance(one, list) else one for name, one in plain.items()
    }
    return Settings(**values)


def _fits(value: Any, kind: str) -> bool:
    if kind == "str":
        return isinstance(value, str)
    if kind == "int":
        return type(value) is int and 0 <= value < 2**63
    if kind == "float":
        return type(value) in (int, float) and 0 <= value <= 1
    if kind.startswith("dict"):
        return isinstance(value, dict)
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def to_toml(settings: Settings) -> str:
    """Write settings as TOML; the inverse of :func:`settings_from`.

    Examples
    --------
    >>> print(to_toml(Settings(kind="text", columns=("title",), id='"x"')).splitlines()[5])
    id = "\\"x\\""
    """
    entries = {"format": FORMAT} | {one.name: getattr(settings, one.name) for one in fields(Settings)}
    tables = {name: entries.pop(name) for name in ("stop", "server")}
    written = (f"\n[{name}]\n{_lines(one)}" for name, one in tables.items() if one)
    return _HEAD + _lines(entries) + "".join(written)


def _lines(entries: Mapping[str, Any]) -> str:
    return "".join(f"{name} = {_toml(value)}\n" for name, value in entries.items())


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)
