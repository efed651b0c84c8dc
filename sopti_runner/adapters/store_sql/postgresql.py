"""A ledger in a PostgreSQL database, used so that what is acknowledged is on the server's disk.

Readers see one moment (REPEATABLE READ, read only). Writers are let in one at a time by the locked head row and then
see all that was written before (READ COMMITTED). No wait is without an end: locks, statements, a client that stopped in
the middle and a network that went silent all have one. No password stands in an address: libpq finds it in a password
or service file of the user that runs sopti.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect
from sqlalchemy.exc import ArgumentError

from sopti_runner.adapters.store_sql import (
    faults,
    faults_postgresql,
    guards_postgresql,
    rights_postgresql,
    schema,
    shape_postgresql,
)
from sopti_runner.adapters.store_sql.database import Database
from sopti_runner.domain.check import Check
from sopti_runner.errors import N_, LedgerError

_PAGE = "docs/runbooks/postgresql-ledger.md"
_SHOWN = ("host", "port", "service", "dbname", "sslmode")
_SESSION = """
SELECT set_config('lock_timeout', %(lock)s, false), set_config('statement_timeout', %(long)s, false),
       set_config('idle_in_transaction_session_timeout', %(long)s, false),
       set_config('synchronous_commit', replace(current_setting('synchronous_commit'), 'off', 'on'), false)
"""
_PLACE = (
    "SELECT current_database(), pg_postmaster_start_time(), quote_ident(current_user), quote_ident(current_schema())"
)
_SETTINGS = """
SELECT current_setting('full_page_writes'), inet_server_addr() IS NULL
       OR host(inet_server_addr()) IN ('127.0.0.1', '::1') OR coalesce(
       (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false)
"""


class PostgresDatabase(Database):
    """A PostgreSQL database.

    Args:
        address: As the role that writes.
        owner: As the role that makes tables; the same address where one role does both.
        busy_s: Seconds to wait for another writer; the server itself is given up after eight times as long.
    """

    def __init__(self, address: URL, owner: URL, busy_s: float) -> None:
        where = _named(address)
        self._engine = _engine(address, where, busy_s)
        self._owner, self._busy_s = owner, busy_s
        reader = self._engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        writer = self._engine.execution_options(isolation_level="READ COMMITTED")
        super().__init__(where, reader, writer, faults_postgresql.meaning)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a transaction that is durable at its end; LedgerError on a server that can't promise it."""
        with super().write() as connection:
            self._require_durable(connection)
            yield connection

    @contextmanager
    def making(self) -> Iterator[Connection]:
        """As the owner: make tables and guards when there are none, and let the writer's role in."""
        with self.read() as connection:
            name, started, writer, _schema = connection.exec_driver_sql(_PLACE).one()
        where = _named(self._owner)
        engine = _engine(self._owner, where, self._busy_s)
        try:
            with faults.translated(engine, where, faults_postgresql.meaning), engine.begin() as connection:
                other, since, owner, namespace = connection.exec_driver_sql(_PLACE).one()
                if (name, started) != (other, since):
                    raise faults_postgresql.two_databases(self.where, where)
                self._require_durable(connection)
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({schema.APPLICATION_ID})")
                _make_tables(connection, self.where, namespace)
                yield connection
                if owner != writer:
                    rights_postgresql.grant(connection, namespace, writer)
        finally:
            engine.dispose()

    def differences(self, connection: Connection) -> Iterator[str]:
        """Give what is not as it was made: guards, columns, keys, rights. Pages are the server's own matter."""
        yield from guards_postgresql.differences(connection)
        yield from shape_postgresql.differences(connection)
        yield from rights_postgresql.differences(connection)

    def mend(self, connection: Connection) -> None:
        """Leave indexes to the owner: the writer may not touch them."""

    def wipe(self) -> None:
        """Leave what remains in the server's files to the owner's VACUUM and the server's log: no writer reaches it."""

    def checks(self) -> list[Check]:
        """Examine the role, the server's promise to keep what it acknowledges, and who could read along."""
        try:
            with self.read() as connection:
                role = rights_postgresql.weak_role(connection)
                durable = connection.exec_driver_sql("SHOW fsync").scalar() == "on"
                whole, private = connection.exec_driver_sql(_SETTINGS).one()
        except LedgerError:
            return []  # the ledger's own check says why it can't be read
        torn = "" if whole == "on" else N_("a crash may tear pages (full_page_writes=off)")
        server = torn if durable else N_("does not write through to its disk (fsync=off)")
        exposed = "" if private else N_("not encrypted: names and texts can be read on it")
        return [
            _judged(N_("Role in the database"), role, N_("may only add")),
            _judged(N_("Database server"), server, N_("keeps what it acknowledges"), "warning" if durable else "fault"),
            *([_judged(N_("Way to the database"), exposed)] if exposed else []),
        ]

    def _require_durable(self, connection: Connection) -> None:
        if connection.exec_driver_sql("SHOW fsync").scalar() != "on":
            raise faults_postgresql.not_durable(self.where, "fsync=off")


def _judged(name: str, weak: str, well: str = "", verdict: str = "warning") -> Check:
    """Give a check: what is weak about something and where to read on, or that it is well."""
    return Check(name, verdict, weak, _PAGE) if weak else Check(name, "ok", well)


def _engine(address: URL, where: str, busy_s: float) -> Engine:
    waits = {
        "connect_timeout": max(2, ceil(busy_s)),
        "tcp_user_timeout": ceil(busy_s * 8000),
        "client_encoding": "utf8",
    }
    given = {name: value for name, value in waits.items() if name not in address.query}
    try:
        engine = create_engine(
            address.set(drivername="postgresql+psycopg"),
            connect_args={**given, "application_name": "sopti"},
            pool_pre_ping=True,
            pool_size=2,
            use_native_hstore=False,
            hide_parameters=True,
        )
        engine.dialect.create_connect_args(engine.url)
    except ImportError as error:
        raise faults_postgresql.no_driver(where, str(error).splitlines()[0]) from error
    except ArgumentError as error:
        raise faults_postgresql.no_address(where, str(error)) from error

    def prepare(driver: Any, _record: Any) -> None:
        """Set how long to wait, and take back a server-wide permission to acknowledge before writing."""
        driver.autocommit = True
        milliseconds = {"lock": str(ceil(busy_s * 1000)), "long": str(ceil(busy_s * 8000))}
        driver.execute(_SESSION, milliseconds)
        driver.autocommit = False
        if (encoding := driver.info.parameter_status("server_encoding")) != "UTF8":
            raise faults_postgresql.not_unicode(where, encoding)

    event.listen(engine, "connect", prepare)
    return engine


def _make_tables(connection: Connection, where: str, namespace: str) -> None:
    there = set(inspect(connection).get_table_names())
    fresh = schema.version.name not in there
    if fresh and there & set(schema.TABLES):
        raise faults.not_a_ledger(where, ", ".join(sorted(there & set(schema.TABLES))))
    schema.create_tables(connection)
    if fresh:
        guards_postgresql.guard(connection, namespace)


def _named(address: URL) -> str:
    """Give an address as messages show it: neither password nor anything else that might hold one."""
    shown = {name: value for name, value in address.query.items() if name in _SHOWN}
    return address.set(drivername="postgresql", query=shown, password=None).render_as_string()
