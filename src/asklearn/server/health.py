"""What is in trouble: the journal, its disk or database, the worker; said on the page until it is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from asklearn.errors import JournalDamaged, JournalError, NotStored
from asklearn.registry import require

require("sqlalchemy", "app")
import sqlalchemy as sa  # noqa: E402

Answer = TypeVar("Answer")

UNREACHABLE = (
    "The database beside the journal does not answer. Nothing that was acknowledged is lost; try again"
)


def in_trouble(error: BaseException) -> bool:
    """Return whether an error is about the disk or the database, and nobody's mistake.

    Examples
    --------
    >>> in_trouble(NotStored("the disk is full")), in_trouble(ValueError("no number"))
    (True, False)
    """
    refused = isinstance(error, JournalError) and type(error) not in (JournalError, NotStored, JournalDamaged)
    return isinstance(error, JournalError | sa.exc.SQLAlchemyError | OSError) and not refused


class Health:
    """What a server process has found to be in trouble, part by part.

    Examples
    --------
    >>> health = Health()
    >>> for error in (NotStored("The disk is full."), None):
    ...     try:
    ...         with health.of("answers"):
    ...             if error:
    ...                 raise error
    ...     except NotStored:
    ...         print(health.problem())
    The disk is full.
    >>> health.problem({"error": "The worker was killed."})
    'The worker was killed.'
    """

    def __init__(self) -> None:
        self._troubles: dict[str, str] = {}

    @contextmanager
    def of(self, part: str) -> Iterator[None]:
        """Note whether what is done with a part fails for the disk's or the database's sake."""
        try:
            yield
        except Exception as error:
            if in_trouble(error):
                self._troubles[part] = str(error) if isinstance(error, JournalError) else f"{UNREACHABLE}."
            raise
        self._troubles.pop(part, None)

    def asked(self, part: str, question: Callable[[], Answer], otherwise: Answer) -> Answer:
        """Return what a part says to a question, or something else where it is in trouble."""
        try:
            with self.of(part):
                return question()
        except Exception as error:
            if in_trouble(error):
                return otherwise
            raise

    def problem(self, worker: Mapping[str, Any] | None = None) -> str | None:
        """Return what is in trouble now, or None; `worker` is what that said last."""
        return next(iter(self._troubles.values()), None) or (worker or {}).get("error") or None
