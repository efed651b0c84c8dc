"""What a database's own errors mean to the person at the keyboard: what all kinds of database have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from sopti_runner.errors import N_, IntegrityError, LedgerError

Meaning = Callable[[BaseException, str, bool], LedgerError]
"""Gives what a driver's error means: the error, the database's name, whether the connection was lost by it."""

Maker = Callable[[str, str], LedgerError]
"""Makes an error for a database, by name, and what was found."""

Table = tuple[tuple[str, Maker], ...]
"""Beginnings of error codes, and what each means; the first that fits counts."""


class ContradictionError(IntegrityError):
    """A row would have broken a constraint; the transaction was undone."""


class NoLedgerError(LedgerError):
    """There is no ledger here, or none that this role may see."""


@contextmanager
def translated(engine: Engine, where: str, meaning: Meaning) -> Iterator[None]:
    """Turn any database error inside into a LedgerError, or an IntegrityError for damage.

    Args:
        engine: Whose driver's errors to expect.
        where: The database, as messages name it: a path, or an address without password.
        meaning: What an error of this kind of database means.
    """
    try:
        yield
    except DBAPIError as error:
        raise meaning(error.orig or error, where, error.connection_invalidated) from error
    except engine.dialect.loaded_dbapi.Error as error:
        raise meaning(error, where, False) from error
    except UnicodeDecodeError as error:
        raise damaged(where, str(error)) from error


def told(what: str, expected: str, next_: str, kind: type[LedgerError] = LedgerError) -> Maker:
    """Give what makes an error of these texts, of a kind of LedgerError."""
    return lambda where, found: kind(what, on=where, expected=expected, found=found, next=next_)


missing = told(
    N_("There is no ledger here"),
    N_("the ledger that sopti init made"),
    N_("sopti init --help, to found the court; sopti doctor, if there was a ledger here before"),
    NoLedgerError,
)
"""Makes the error for a ledger that is not there."""

damaged = told(
    N_("The ledger file is damaged"),
    N_("a sound database file"),
    N_("stop, keep this file as it is, and restore the newest copy; then sopti ledger verify"),
    IntegrityError,
)
"""Makes the error for a ledger whose file does not hold what was written."""

not_a_ledger = told(
    N_("This is not a sopti ledger"),
    N_("the ledger that sopti init made"),
    N_("check the path in the settings; nothing was changed"),
)
"""Makes the error for a file or database that holds something else."""

contradiction = told(
    N_("The ledger refuses a row that contradicts what it holds"),
    N_("events that are only added, each claim taken once"),
    "sopti ledger verify",
    ContradictionError,
)
"""Makes the error for a row that a constraint or a guard refused."""

in_use = told(
    N_("The ledger is in use by another command for too long"),
    N_("the ledger free within the waiting time"),
    N_("wait for the other sopti command to end, then try again"),
)
"""Makes the error for a lock that did not come within the waiting time."""

disk_full = told(
    N_("The disk of the ledger is full; nothing was written"),
    N_("free space"),
    N_("make room on the disk of the ledger, then try again"),
)
"""Makes the error for a disk without room."""

_unusable = told(N_("The ledger can't be used"), N_("a database that answers"), "sopti doctor")


def require(kind: type, value: object, where: str) -> None:
    """Raise IntegrityError unless a stored value has the type it was written with (SQLite keeps a type with each)."""
    if not isinstance(value, kind):
        raise damaged(where, f"{type(value).__name__} instead of {kind.__name__}")


def by_code(table: Table, code: str, where: str, found: str) -> LedgerError:
    """Give the error that stands in a table for the first beginning of this code."""
    made = next((make for prefix, make in table if code.startswith(prefix)), _unusable)
    return made(where, found)
