"""The tables, all keyed by ``log``; only ``event``, ``blob`` and ``checkpoint`` hold what can't be made anew.

There is no migration tool: ``event`` never changes shape (a new body version is data), and everything derived from it
is made anew by ``rebuild``: so is what an older sopti did not have, when its database is first opened.
``schema_version`` refuses a database of a newer sopti.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import (
    DDL,
    BigInteger,
    Column,
    Connection,
    Index,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    insert,
)
from sqlalchemy import (
    event as sa_event,
)

VERSION = 2  # 2: leases
APPLICATION_ID = 0x736F7074  # "sopt": what file(1) and our own check find in a SQLite file's header

metadata = MetaData()

version = Table("schema_version", metadata, Column("version", BigInteger, primary_key=True, autoincrement=False))

event = Table(
    "event",
    metadata,
    Column("log", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("time", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    PrimaryKeyConstraint("log", "seq"),
    UniqueConstraint("log", "id"),
    Index("event_by_subject", "log", "subject", "seq"),
    Index("event_by_type", "log", "type", "seq"),
)

head = Table(
    "head",
    metadata,
    Column("log", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    Column("frontier", LargeBinary, nullable=False),
)

blob = Table(
    "blob",
    metadata,
    Column("log", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("name", Text, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("content", LargeBinary, nullable=False),
    PrimaryKeyConstraint("log", "digest"),
)

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("log", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("note", Text, nullable=False),
    PrimaryKeyConstraint("log", "size"),
)

claim = Table(
    "claim",
    metadata,
    Column("log", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    PrimaryKeyConstraint("log", "kind", "key"),
    Index("claim_by_seq", "log", "seq"),
)

object_change = Table(
    "object_change",
    metadata,
    Column("log", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    PrimaryKeyConstraint("log", "host", "object", "seq"),
    Index("object_change_by_seq", "log", "seq"),
)

lease = Table(
    "lease",
    metadata,
    Column("log", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("run", Text, nullable=False),
    PrimaryKeyConstraint("log", "host"),
)

PROJECTIONS = (claim, object_change)
"""Derived tables that only grow: an event's rows stay for good."""

DERIVED = (*PROJECTIONS, lease)
"""Every derived table; leases come with the start of a run and go with its end."""

_GUARDS = {
    "event_not_replaced": "BEFORE INSERT ON event "
    "WHEN EXISTS (SELECT 1 FROM event WHERE log = NEW.log AND seq = NEW.seq) "
    "OR EXISTS (SELECT 1 FROM event WHERE log = NEW.log AND id = NEW.id) "
    "BEGIN SELECT RAISE(ABORT, 'events are never replaced'); END",
    "event_not_updated": "BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'events are never updated'); END",
    "event_not_deleted": "BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END",
    "checkpoint_not_deleted": "BEFORE DELETE ON checkpoint BEGIN SELECT RAISE(ABORT, 'checkpoints are kept'); END",
    "head_not_shortened": "BEFORE UPDATE ON head WHEN NEW.size < OLD.size "
    "BEGIN SELECT RAISE(ABORT, 'a log only grows'); END",
}

for _name, _rule in _GUARDS.items():
    _guard = DDL(f"CREATE TRIGGER IF NOT EXISTS {_name} {_rule}")  # type: ignore[no-untyped-call]  # untyped upstream
    sa_event.listen(metadata, "after_create", _guard.execute_if(dialect="sqlite"))


def differences(connection: Connection) -> Iterator[str]:
    """Give a line for each guard and column that is not as it was made (SQLite)."""
    made = {name: f"CREATE TRIGGER {name} {rule}" for name, rule in _GUARDS.items()}
    there = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all()
    found = {str(name): str(sql).replace("IF NOT EXISTS ", "", 1) for name, sql in there}
    for name in sorted(made.keys() | found.keys()):
        if made.get(name) != found.get(name):
            yield f"trigger {name}: it is not as sopti made it"
    for table in metadata.sorted_tables:
        columns = connection.exec_driver_sql(f"PRAGMA table_info({table.name})").all()
        stored = {(row[1], row[2], bool(row[3])) for row in columns}
        if stored != {(c.name, c.type.compile(connection.dialect), not c.nullable) for c in table.c}:
            yield f"table {table.name}: its columns are not as sopti made them"


def create_tables(connection: Connection) -> None:
    """Make what is missing, triggers included, in the caller's transaction."""
    fresh = not connection.dialect.has_table(connection, version.name)
    metadata.create_all(connection)
    if fresh:
        connection.execute(insert(version).values(version=VERSION))
