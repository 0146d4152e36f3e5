"""Who may do what: people by invitation, programs by tokens, of which only hashes are kept."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from asklearn.errors import BadInput, NotStored
from asklearn.files import locked, replacing

FILE = "people.json"
LOCK = "people.lock"
BUSY = "Somebody else is inviting just now. Run the same command again."
SCOPES = ("label", "progress")


class Person(NamedTuple):
    """Somebody with a token."""

    name: str
    scopes: tuple[str, ...]


class People:
    """The tokens of a project, in a file that holds their hashes.

    Parameters
    ----------
    folder : Path
        Of the project.
    clock : callable
        Gives the time in seconds since 1970.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     people = People(Path(folder))
    ...     token = people.invite("ann", ["label"], days=7)
    ...     people.of(token), people.of("wrong")
    (Person(name='ann', scopes=('label',)), None)
    """

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._file = folder / FILE
        self._clock = clock
        self._read: tuple[tuple[int, ...], dict[str, dict[str, Any]]] = ((), {})

    def invite(self, name: str, scopes: Iterable[str], *, days: float, skills: Iterable[str] = ()) -> str:
        """Return a new token for somebody with `skills`; it is shown here, and never again."""
        wanted = tuple(dict.fromkeys(scopes))
        unknown = [one for one in wanted if one not in SCOPES]
        if unknown or not wanted:
            raise BadInput(f"A token's scopes are some of {', '.join(SCOPES)}. Got {list(wanted)}.")
        if not name or not name.isprintable() or len(name) > 100:
            raise BadInput(f"A name is 1 to 100 printable characters. Got {name!r}.")
        token = secrets.token_urlsafe(32)
        until = self._clock() + days * 86_400
        with locked(self._file.with_name(LOCK), BUSY):
            made = {"name": name, "scopes": wanted, "until": until, "skills": list(dict.fromkeys(skills))}
            self._write({**self._held(), _hash(token): made})
        return token

    def of(self, token: str) -> Person | None:
        """Return whose token this is, or None if it is nobody's, or no longer valid.

        What is looked up is a hash of a random token, so that how long it takes tells nothing of others.
        """
        found = self._held().get(_hash(token))
        if found is None or found["until"] < self._clock():
            return None
        return Person(found["name"], tuple(found["scopes"]))

    def skills(self) -> dict[str, set[str]]:
        """Return the skills of everybody whose token is valid."""
        found: dict[str, set[str]] = {}
        for one in self._held().values():
            if one["until"] >= self._clock():
                found.setdefault(one["name"], set()).update(one.get("skills", ()))
        return found

    def revoke(self, name: str) -> int:
        """End every token of somebody; return how many there were."""
        with locked(self._file.with_name(LOCK), BUSY):
            held = self._held()
            kept = {key: one for key, one in held.items() if one["name"] != name}
            self._write(kept)
        return len(held) - len(kept)

    def _held(self) -> dict[str, dict[str, Any]]:
        """Return what the file holds; it is read again only when it is another file, or was written to."""
        try:
            found = self._file.stat()
        except FileNotFoundError:
            return {}
        seen = (found.st_ino, found.st_mtime_ns, found.st_size)
        if self._read[0] != seen:
            self._read = (seen, _parsed(self._file))
        return self._read[1]

    def _write(self, held: dict[str, dict[str, Any]]) -> None:
        with replacing(self._file) as out:
            out.write(json.dumps(held).encode())
        self._file.chmod(0o600)


def _parsed(file: Path) -> dict[str, dict[str, Any]]:
    try:
        found = json.loads(file.read_bytes())
        return {
            key: {**one, "scopes": tuple(one["scopes"]), "until": float(one["until"])}
            for key, one in found.items()
            if isinstance(one["name"], str)
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise NotStored(
            f"{file} must hold the people of this project, as asklearn invite writes it; it is damaged. "
            "Restore it, or remove it and invite them again."
        ) from error


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
