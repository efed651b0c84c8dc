"""A consistent copy of a ledger file, taken while others write, that says of itself that it is a copy.

The mark is SQLite's own ``user_version``, set in the copy to the number of its events: by whatever way the copy is put
back, the court's books see it and refuse to write until it was compared with what left the machine.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from sqlalchemy import Engine

from sopti_runner.errors import N_, LedgerError, UsageError


def copy_file(source: Path | None, target: Path, where: str) -> None:
    """Copy a ledger file into a new one (mode 0600), on the disk when this returns.

    Args:
        source: The ledger's file; None for another database, which this release can't copy.
        target: Must not exist.
        where: How messages name the database.
    """
    if source is None:
        raise UsageError(
            N_("This release backs up ledgers in SQLite only"),
            on=where,
            expected="sqlite:////path/ledger.db",
            next=N_("back up this database with the tools of PostgreSQL"),
        )
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    reading = sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)
    writing = sqlite3.connect(target, isolation_level=None)
    try:
        reading.backup(writing)  # all at once: one moment of the ledger, and writers go on in the write-ahead log
    except sqlite3.Error as error:
        raise LedgerError(
            N_("The ledger can't be copied"), on=where, found=str(error), next="sopti ledger verify"
        ) from error
    finally:
        reading.close()
        writing.close()


def mark(copy: Path, size: int) -> None:
    """Let a copy say how many events it held when it was made, and put it on the disk as a single file."""
    with contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA user_version={int(size)}")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    handle = os.open(copy, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def marked(engine: Engine) -> int:
    """Give the mark, 0 when there is none."""
    if engine.dialect.name != "sqlite":
        return 0
    with engine.connect() as connection:
        return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
