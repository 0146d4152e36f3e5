"""Where events are kept: in memory (:mod:`asklearn.journal`) or in an SQL database."""

from asklearn.journal import MemoryJournal

__all__ = ["MemoryJournal"]
