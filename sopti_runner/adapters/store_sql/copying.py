"""A consistent copy of a ledger in a SQLite file, taken while others write, that says of itself that it is a copy.

The mark is SQLite's own ``user_version``, set in the copy to the number of its events: by whatever way the copy is put
back, the court's books see it and refuse to write until it was compared with what left the machine.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from sqlalchemy import URL, Connection, Table, insert, select

from sopti_runner.adapters.store_sql import schema
from sopti_runner.adapters.store_sql.database import Database
from sopti_runner.adapters.store_sql.sqlite import SqliteDatabase
from sopti_runner.errors import N_, LedgerError

_ROWS = 500


def copy(source: Database, log: str, target: Path) -> None:
    """Copy a log into a new SQLite file (mode 0600), on the disk when this returns.

    A file is copied with every log in it; from a server's database this log's own rows come, byte for byte.

    Args:
        source: Where the log is.
        log: Its origin.
        target: Must not exist.
    """
    if source.file:
        with source.translated():
            _copy_file(source.file, target, source.where)
    else:
        _copy_rows(source, log, target)


def _copy_file(source: Path, target: Path, where: str) -> None:
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


def _copy_rows(source: Database, log: str, target: Path) -> None:
    copied = SqliteDatabase(URL.create("sqlite", database=str(target)), busy_s=1)
    try:
        with source.read() as reading, copied.making() as writing:
            for table in schema.metadata.sorted_tables:
                if "log" in table.c:
                    _copy_table(reading, writing, table, log)
    finally:
        copied.close()


def _copy_table(reading: Connection, writing: Connection, table: Table, log: str) -> None:
    rows = reading.execute(select(table).where(table.c.log == log).execution_options(yield_per=_ROWS))
    for part in rows.mappings().partitions():
        writing.execute(insert(table), [dict(row) for row in part])


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


def marked(connection: Connection) -> int:
    """Give the mark of a SQLite file, 0 when there is none."""
    return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
