"""What PostgreSQL's errors mean, by SQLSTATE (https://www.postgresql.org/docs/15/errcodes-appendix.html)."""

from __future__ import annotations

from sopti_runner.adapters.store_sql import faults
from sopti_runner.errors import N_, LedgerError

_PAGE = "docs/runbooks/postgresql-ledger.md"


def meaning(error: BaseException, where: str, lost: bool) -> LedgerError:
    """Give the LedgerError for a driver's error.

    An error without SQLSTATE did not come from the server: nobody answered, or nobody does any more.
    """
    found = " ".join(str(error).split())[:300]
    state = getattr(error, "sqlstate", None) or ("lost" if lost else type(error).__name__)
    return faults.by_code(_MEANINGS, state, where, found)


_lost = faults.told(
    N_("The connection to the database server was lost; nothing is half-written"),
    N_("a server that answers until the end"),
    N_("when the server answers again, look with sopti whether the last record is there before doing it again"),
)
_faster = faults.told(
    N_("Another command was faster; nothing was written"),
    N_("the ledger free within the waiting time"),
    N_("run the same command again"),
)
_not_allowed = faults.told(
    N_("The database does not let sopti's role do this; nothing was written"),
    N_("tables made by the owner's role, and the rights that it grants to sopti's"),
    _PAGE,
    faults.NoLedgerError,
)
_standby = faults.told(
    N_("This database server is a standby and takes no writes"),
    N_("the address of the server that writes"),
    N_("name every server in the address, with target_session_attrs=read-write"),
)
_MEANINGS: faults.Table = (
    ("lost", _lost),
    ("08", _lost),
    ("57P", _lost),
    ("25P03", _lost),
    (
        "OperationalError",
        faults.told(
            N_("The database server can't be reached; nothing was written"),
            N_("a server that lets sopti's role in"),
            N_("check the server, the address in the settings and the password file"),
        ),
    ),
    ("23", faults.contradiction),
    ("55P03", faults.in_use),
    ("57014", faults.in_use),
    ("40001", _faster),
    ("40P01", _faster),
    ("53100", faults.disk_full),
    ("XX001", faults.damaged),
    ("XX002", faults.damaged),
    (
        "58030",
        faults.told(
            N_("The disk refuses to read or write the ledger; nothing was written"),
            N_("a disk that works and has room"),
            N_("look at the database server's log and the free space of its disk"),
        ),
    ),
    ("42P01", lambda where, _found: faults.missing(where, N_("no such table"))),
    ("42703", faults.not_a_ledger),
    ("42501", _not_allowed),
    ("3F000", _not_allowed),
    ("25006", _standby),
    ("0A000", _standby),  # "cannot set transaction read-write mode during recovery"
)

not_durable = faults.told(
    N_("This database server does not write through to its disk; nothing was written"),
    "fsync=on",
    N_("have its administrator set fsync = on, then try again"),
)
"""Makes the error for a server that acknowledges what is not on its disk."""

not_unicode = faults.told(N_("This database can't hold every text"), "UTF8", _PAGE)
"""Makes the error for a database that can't hold every text."""

two_databases = faults.told(
    N_("The owner's address leads to another database than sopti's own; nothing was made"),
    N_("two addresses of one database, each with its own role"),
    N_("see docs/settings.md"),
)
"""Makes the error for an owner's address that leads elsewhere."""

no_driver = faults.told(
    N_("This machine can't speak with PostgreSQL"), N_("PostgreSQL's client library"), "apt-get install libpq5"
)
"""Makes the error for a machine without PostgreSQL's client library."""

no_address = faults.told(N_("The address of the database can't be used"), "postgresql://sopti@host/database", _PAGE)
"""Makes the error for an address that no driver can follow."""
