"""What the server remembers beside the journal: a file next to it, or tables of the same PostgreSQL database."""

from __future__ import annotations

from pathlib import Path

from asklearn.journals.databases import PostgreSQL, SQLite
from asklearn.registry import require

require("sqlalchemy", "app")
import sqlalchemy as sa  # noqa: E402


def beside(journal: Path | str, name: str, tables: sa.MetaData, *, durable: bool) -> sa.Engine:
    """Return an engine whose database has `tables`.

    Parameters
    ----------
    journal : Path or str
        The project's journal: its file, or its URL.
    name : str
        Name of the file next to it; a PostgreSQL database holds the tables itself.
    tables : MetaData
        What is made where it is not there yet.
    durable : bool
        Whether a commit is to survive a power cut; one in PostgreSQL always does.

    Notes
    -----
    What writes begins with the execution option ``turn="other"``.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     engine = beside(Path(folder) / "journal.db", "leases", sa.MetaData(), durable=False)
    ...     engine.url.database.endswith("leases.db")
    True
    """
    if isinstance(journal, Path):
        engine = SQLite(journal.with_name(f"{name}.db"), durable=durable).engine
    else:
        engine = PostgreSQL(sa.make_url(journal)).engine
    with engine.execution_options(turn="create").begin() as connection:
        tables.create_all(connection)
    return engine
