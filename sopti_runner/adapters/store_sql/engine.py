"""Opening a database so that what is acknowledged is on the disk.

SQLite: write-ahead log, ``synchronous=FULL``, ``BEGIN IMMEDIATE`` for writers, deleted content overwritten with zeros.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.pool import QueuePool

from sopti_runner.adapters.store_sql import faults, schema
from sopti_runner.errors import N_, LedgerError

WRITE = {"sopti_write": True}
"""Execution options of an engine whose transactions write."""

_PRAGMAS = (
    "PRAGMA synchronous=FULL",
    "PRAGMA secure_delete=ON",
    "PRAGMA cell_size_check=ON",
    "PRAGMA trusted_schema=OFF",
)


def open_engine(url: str, busy_s: float) -> tuple[Engine, str]:
    """Give an engine that connects when first used, and how messages name the database.

    Args:
        url: SQLAlchemy address (``sqlite:////var/lib/sopti/ledger.db``).
        busy_s: Seconds to wait for another writer.
    """
    address = make_url(url)
    if address.get_backend_name() != "sqlite":
        return create_engine(address, pool_pre_ping=True), address.render_as_string(hide_password=True)
    if not address.database or address.database == ":memory:":
        raise LedgerError(N_("A ledger needs a file"), on=url, expected="sqlite:////path/ledger.db", found=url)
    path = Path(address.database)
    engine = create_engine(
        "sqlite://",
        creator=lambda: _connect(path, busy_s),
        poolclass=QueuePool,
        pool_size=2,
        max_overflow=6,
        pool_reset_on_return=None,
    )
    event.listen(engine, "begin", _begin)
    return engine, str(path)


def sqlite_path(engine: Engine, where: str) -> Path | None:
    """Give the file of a SQLite engine, None for any other database."""
    return Path(where) if engine.dialect.name == "sqlite" else None


def make_file(path: Path) -> bool:
    """Make an empty ledger file (mode 0600) with its write-ahead log; False when there is a file already."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return False
    except OSError as error:
        raise LedgerError(
            N_("The ledger file can't be made"),
            on=str(path),
            expected=N_("a folder that this user may write"),
            found=error.strerror or str(error),
            next=N_("check the path in the settings, its owner and mode"),
        ) from error
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA application_id={schema.APPLICATION_ID}")
    except BaseException:
        remove_file(path)
        raise
    finally:
        connection.close()
    return True


def remove_file(path: Path) -> None:
    """Remove a ledger file that was just made and never came to hold a log."""
    for name in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
        name.unlink(missing_ok=True)


def _connect(path: Path, busy_s: float) -> sqlite3.Connection:
    """Connect to an existing ledger file, and to nothing else."""
    if not path.exists():
        raise faults.missing(str(path))
    uri = f"{path.absolute().as_uri()}?mode=rw"
    connection = sqlite3.connect(uri, uri=True, timeout=busy_s, isolation_level=None, check_same_thread=False)
    try:
        (found,) = connection.execute("PRAGMA application_id").fetchone()
        if found != schema.APPLICATION_ID:
            raise faults.not_a_ledger(str(path), N_("a database of another program, or an empty file"))
        for pragma in _PRAGMAS:
            connection.execute(pragma)
    except BaseException:
        connection.close()
        raise
    return connection


def _begin(connection: Connection) -> None:
    options: Any = connection.get_execution_options()
    driver: Any = connection.connection.driver_connection
    driver.execute("BEGIN IMMEDIATE" if options.get("sopti_write") else "BEGIN")
