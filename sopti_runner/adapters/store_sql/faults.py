"""What a database's own errors mean to the person at the keyboard, in one place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from sopti_runner.errors import N_, IntegrityError, LedgerError


class ContradictionError(IntegrityError):
    """A row would have broken a constraint; the transaction was undone."""


@contextmanager
def translated(engine: Engine, where: str) -> Iterator[None]:
    """Turn any database error inside into a LedgerError, or an IntegrityError for a damaged file.

    Args:
        engine: Whose driver's errors to expect.
        where: The database, as messages name it: a path, or an address without password.
    """
    try:
        yield
    except DBAPIError as error:
        raise _meaning(error.orig or error, where) from error
    except engine.dialect.loaded_dbapi.Error as error:
        raise _meaning(error, where) from error
    except UnicodeDecodeError as error:
        raise damaged(where, str(error)) from error


def missing(where: str) -> LedgerError:
    """Give the error for a ledger that is not there."""
    return LedgerError(
        N_("There is no ledger here"),
        on=where,
        expected=N_("the ledger that sopti init made"),
        found=N_("no such file"),
        next=N_("sopti init --help, to found the court; sopti doctor, if there was a ledger here before"),
    )


def damaged(where: str, found: str) -> IntegrityError:
    """Give the error for a ledger whose file does not hold what was written."""
    return IntegrityError(
        N_("The ledger file is damaged"),
        on=where,
        expected=N_("a sound database file"),
        found=found,
        next=N_("stop, keep this file as it is, and restore the newest copy; then sopti ledger verify"),
    )


def require(kind: type, value: object, where: str) -> None:
    """Raise IntegrityError unless a stored value has the type it was written with (SQLite keeps a type with each)."""
    if not isinstance(value, kind):
        raise damaged(where, f"{type(value).__name__} instead of {kind.__name__}")


def not_a_ledger(where: str, found: str) -> LedgerError:
    """Give the error for a file or database that holds something else."""
    return LedgerError(
        N_("This is not a sopti ledger"),
        on=where,
        expected=N_("the ledger that sopti init made"),
        found=found,
        next=N_("check the path in the settings; nothing was changed"),
    )


def _meaning(error: BaseException, where: str) -> LedgerError:
    code = getattr(error, "sqlite_errorname", None) or ""
    found = f"{error} ({code})" if code else str(error).strip()
    if code.startswith("SQLITE_CORRUPT") or "Could not decode to UTF-8" in str(error):
        return damaged(where, found)
    if code == "SQLITE_NOTADB" or "no such table" in str(error):
        return not_a_ledger(where, found)
    if any(kind.__name__ == "IntegrityError" for kind in type(error).__mro__):  # PEP 249: each driver has one
        return ContradictionError(
            N_("The ledger refuses a row that contradicts what it holds"),
            on=where,
            expected=N_("events that are only added, each claim taken once"),
            found=found,
            next="sopti ledger verify",
        )
    for prefix, what, expected, next_ in _MEANINGS:
        if code.startswith(prefix):
            return LedgerError(what, on=where, expected=expected, found=found, next=next_)
    return LedgerError(
        N_("The ledger can't be used"),
        on=where,
        expected=N_("a database that answers"),
        found=found,
        next="sopti doctor",
    )


_MEANINGS = (
    (
        "SQLITE_BUSY",
        N_("The ledger is in use by another command for too long"),
        N_("the ledger free within the waiting time"),
        N_("wait for the other sopti command to end, then try again"),
    ),
    (
        "SQLITE_LOCKED",
        N_("The ledger is in use by another command for too long"),
        N_("the ledger free within the waiting time"),
        N_("wait for the other sopti command to end, then try again"),
    ),
    (
        "SQLITE_READONLY",
        N_("The ledger can't be written"),
        N_("a file and folder that this user may write"),
        N_("check the owner, the mode and the mount of the state folder"),
    ),
    (
        "SQLITE_FULL",
        N_("The disk of the ledger is full; nothing was written"),
        N_("free space"),
        N_("make room on the disk of the state folder, then try again"),
    ),
    (
        "SQLITE_IOERR",
        N_("The disk refuses to read or write the ledger; nothing was written"),
        N_("a disk that works and has room"),
        N_("look at the system log and the free space of the state folder"),
    ),
    (
        "SQLITE_CANTOPEN",
        N_("The ledger can't be opened"),
        N_("a file in a folder that this user may read and write"),
        N_("check the path in the settings, its owner and mode"),
    ),
)
