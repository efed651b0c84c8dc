"""A ledger in a SQLite file, opened so that what is acknowledged is on the disk.

Write-ahead log, ``synchronous=FULL``, ``BEGIN IMMEDIATE`` for writers, deleted content overwritten with zeros.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, create_engine, event
from sqlalchemy.pool import QueuePool

from sopti_runner.adapters.store_sql import faults, faults_sqlite, guards_sqlite, schema
from sopti_runner.adapters.store_sql.database import Database
from sopti_runner.domain.check import Check
from sopti_runner.errors import N_, LedgerError

_WRITE = {"sopti_write": True}
_PRAGMAS = (
    "PRAGMA synchronous=FULL",
    "PRAGMA secure_delete=ON",
    "PRAGMA cell_size_check=ON",
    "PRAGMA trusted_schema=OFF",
)


class SqliteDatabase(Database):
    """A SQLite file.

    Args:
        address: ``sqlite:////var/lib/sopti/ledger.db``.
        busy_s: Seconds to wait for another writer.
    """

    def __init__(self, address: URL, busy_s: float) -> None:
        if not address.database or address.database == ":memory:":
            found = address.render_as_string()
            raise LedgerError(
                N_("A ledger needs a file"),
                on=found,
                expected="sqlite:////path/ledger.db",
                found=found,
                next=N_("see docs/settings.md"),
            )
        path = self.file = self._path = Path(address.database)
        engine = create_engine(
            "sqlite://",
            creator=lambda: _connect(path, busy_s),
            poolclass=QueuePool,
            pool_size=2,
            max_overflow=6,
            pool_reset_on_return=None,
            hide_parameters=True,
        )
        event.listen(engine, "begin", _begin)
        super().__init__(str(path), engine, engine.execution_options(**_WRITE), faults_sqlite.meaning)

    @contextmanager
    def making(self) -> Iterator[Connection]:
        """Make the file (mode 0600) when there is none, and remove it again when nothing came of it."""
        made = False
        try:
            with self.translated():
                made = _make_file(self._path)
            with self.write() as connection:
                schema.create_tables(connection)
                guards_sqlite.guard(connection)
                yield connection
        except BaseException:
            self.close()
            if made:
                _remove_file(self._path)
            raise

    def differences(self, connection: Connection) -> Iterator[str]:
        """Give what is not as it was made, indexes that contradict tables, and damaged pages."""
        yield from guards_sqlite.differences(connection)
        for (line,) in connection.exec_driver_sql("PRAGMA integrity_check").all():
            if line != "ok":
                yield f"file: {line}"

    def mend(self, connection: Connection) -> None:
        """Make indexes anew."""
        connection.exec_driver_sql("REINDEX")

    def wipe(self) -> None:
        """Empty the write-ahead log, which still holds what was overwritten with zeros in the file itself.

        Raises:
            LedgerError: Another command reads the ledger meanwhile, so the remains wait.
        """
        with self.translated(), self._reader.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            (busy, *_pages) = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
        if busy:
            raise LedgerError(
                N_("The text is erased, but its remains wait in the write-ahead log while another command reads"),
                on=self.where,
                expected=N_("the ledger free within the waiting time"),
                found=N_("a reader that still sees the text"),
                next=N_("let the other sopti command end: the last one to close the ledger clears the remains"),
            )

    def checks(self) -> list[Check]:
        """A file of sopti's own has no set-up to examine."""
        return []


def _make_file(path: Path) -> bool:
    """Make an empty ledger file with its write-ahead log; False when there is a file already."""
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
        _remove_file(path)
        raise
    finally:
        connection.close()
    return True


def _remove_file(path: Path) -> None:
    """Remove a ledger file that was just made and never came to hold a log."""
    for name in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
        name.unlink(missing_ok=True)


def _connect(path: Path, busy_s: float) -> sqlite3.Connection:
    """Connect to an existing ledger file, and to nothing else."""
    if not path.exists():
        raise faults.missing(str(path), N_("no such file"))
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
