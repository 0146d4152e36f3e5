"""Notes: kept once under their key, in a file or in PostgreSQL, and gone when they are erased."""

from __future__ import annotations

from pathlib import Path

import pytest

from asklearn.errors import KeyReused
from asklearn.server.notes import Note, Notes


def test_a_note_is_kept_once_and_another_under_its_key_is_refused(place: Path | str) -> None:
    notes = Notes(place)
    first = Note("k1", 7, "ann", "torn 📄 <b>page</b>", 5.0)
    for time in (5.0, 9.0):
        notes.keep(first._replace(time=time))
    notes.keep(Note("k2", 7, "ben", "I agree", 3.0))
    notes.keep(Note("k3", "7", "ben", "of the text id, not of the number", 4.0))
    with pytest.raises(KeyReused):
        notes.keep(first._replace(text="other"))
    notes.close()
    again = Notes(place)
    assert again.of(7) == [Note("k2", 7, "ben", "I agree", 3.0), first]
    assert (again.erase(7), again.of(7), len(again.of("7"))) == (2, [], 1)
    again.close()
