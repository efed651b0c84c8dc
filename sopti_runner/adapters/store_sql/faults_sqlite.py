"""What SQLite's errors mean, by their names (https://www.sqlite.org/rescode.html)."""

from __future__ import annotations

import sqlite3

from sopti_runner.adapters.store_sql import faults
from sopti_runner.errors import N_, LedgerError


def meaning(error: BaseException, where: str, _lost: bool) -> LedgerError:
    """Give the LedgerError for a driver's error."""
    code = getattr(error, "sqlite_errorname", None) or ""
    found = f"{error} ({code})" if code else str(error).strip()
    if "Could not decode to UTF-8" in str(error):
        return faults.damaged(where, found)
    if "no such table" in str(error):
        return faults.not_a_ledger(where, found)
    if isinstance(error, sqlite3.IntegrityError):
        return faults.contradiction(where, found)
    return faults.by_code(_MEANINGS, code, where, found)


_MEANINGS: faults.Table = (
    ("SQLITE_CORRUPT", faults.damaged),
    ("SQLITE_NOTADB", faults.not_a_ledger),
    ("SQLITE_BUSY", faults.in_use),
    ("SQLITE_LOCKED", faults.in_use),
    ("SQLITE_FULL", faults.disk_full),
    (
        "SQLITE_READONLY",
        faults.told(
            N_("The ledger can't be written"),
            N_("a file and folder that this user may write"),
            N_("check the owner, the mode and the mount of the state folder"),
        ),
    ),
    (
        "SQLITE_IOERR",
        faults.told(
            N_("The disk refuses to read or write the ledger; nothing was written"),
            N_("a disk that works and has room"),
            N_("look at the system log and the free space of the state folder"),
        ),
    ),
    (
        "SQLITE_CANTOPEN",
        faults.told(
            N_("The ledger can't be opened"),
            N_("a file in a folder that this user may read and write"),
            N_("check the path in the settings, its owner and mode"),
        ),
    ),
)
