"""Everything asklearn raises on purpose, as one tree.

Every message says what was expected, what came, and how to mend it::

    AskLearnError
    ├── BadInput (also a ValueError)     something from outside is not what it should be
    │   ├── UnknownName                  no plug-in of that name
    │   ├── UnknownItem                  an id that is not in the pool
    │   └── UnknownLabel                 a label outside the declared classes
    ├── PoolExhausted                    nothing is left to ask
    ├── NotFitted                        too few labels for a model yet
    ├── MissingExtra (also an ImportError)   an optional dependency is not installed
    └── JournalError
        ├── NotAllowed                   this event may not follow from this state
        ├── Conflict                     the journal moved on; read and try again
        ├── KeyReused                    one client key, two different answers
        ├── NotStored                    the disk refused; nothing was acknowledged
        ├── NewerFormat                  written by a newer asklearn
        └── JournalDamaged               some events cannot be read back
"""

from __future__ import annotations


class AskLearnError(Exception):
    """Base of all errors raised by asklearn."""


class BadInput(AskLearnError, ValueError):
    """A value from outside is not what it should be."""


class UnknownName(BadInput):
    """No plug-in is registered under this name."""


class UnknownItem(BadInput):
    """An item id is not in the pool."""


class UnknownLabel(BadInput):
    """A label is not one of the declared classes."""


class PoolExhausted(AskLearnError):
    """Every item of the pool is answered, pending or erased."""


class NotFitted(AskLearnError):
    """There are too few labels for a model yet."""


class MissingExtra(AskLearnError, ImportError):
    """An optional dependency is not installed."""


class JournalError(AskLearnError):
    """Base of what a journal refuses or cannot do."""


class NotAllowed(JournalError):
    """The event may not follow from the present state."""


class Conflict(JournalError):
    """The journal moved past the position that the event was based on."""


class KeyReused(JournalError):
    """A client key came again with a different content."""


class NotStored(JournalError):
    """The events could not be made durable; none of them was acknowledged."""


class NewerFormat(JournalError):
    """The journal was written by a newer version of asklearn."""


class JournalDamaged(JournalError):
    """Some events of the journal cannot be read back.

    Attributes
    ----------
    good : int
        Number of leading events that are intact.
    """

    def __init__(self, message: str, good: int = 0) -> None:
        super().__init__(message)
        self.good = good
