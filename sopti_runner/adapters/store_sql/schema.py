"""The tables, all keyed by ``log``; only ``event``, ``blob`` and ``checkpoint`` hold what can't be made anew.

There is no migration tool: ``event`` never changes shape (a new body version is data), and everything derived from it
is made anew by ``rebuild``: so is what an older sopti did not have, when its database is first opened.
``schema_version`` refuses a database of a newer sopti.
"""

from __future__ import annotations

from sqlalchemy import (
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
from sqlalchemy.dialects import postgresql

VERSION = 2  # 2: leases
APPLICATION_ID = 0x736F7074  # "sopt": what file(1) and our own check find in a SQLite file's header

metadata = MetaData()

_TEXT = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")  # no index depends on the system's sorting

version = Table("schema_version", metadata, Column("version", BigInteger, primary_key=True, autoincrement=False))

event = Table(
    "event",
    metadata,
    Column("log", _TEXT, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("id", _TEXT, nullable=False),
    Column("type", _TEXT, nullable=False),
    Column("subject", _TEXT, nullable=False),
    Column("time", _TEXT, nullable=False),
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
    Column("log", _TEXT, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    Column("frontier", LargeBinary, nullable=False),
)

blob = Table(
    "blob",
    metadata,
    Column("log", _TEXT, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("name", _TEXT, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("content", LargeBinary, nullable=False),
    PrimaryKeyConstraint("log", "digest"),
)

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("log", _TEXT, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("note", _TEXT, nullable=False),
    PrimaryKeyConstraint("log", "size"),
)

claim = Table(
    "claim",
    metadata,
    Column("log", _TEXT, nullable=False),
    Column("kind", _TEXT, nullable=False),
    Column("key", _TEXT, nullable=False),
    Column("seq", BigInteger, nullable=False),
    PrimaryKeyConstraint("log", "kind", "key"),
    Index("claim_by_seq", "log", "seq"),
)

object_change = Table(
    "object_change",
    metadata,
    Column("log", _TEXT, nullable=False),
    Column("host", _TEXT, nullable=False),
    Column("object", _TEXT, nullable=False),
    Column("seq", BigInteger, nullable=False),
    PrimaryKeyConstraint("log", "host", "object", "seq"),
    Index("object_change_by_seq", "log", "seq"),
)

lease = Table(
    "lease",
    metadata,
    Column("log", _TEXT, nullable=False),
    Column("host", _TEXT, nullable=False),
    Column("run", _TEXT, nullable=False),
    PrimaryKeyConstraint("log", "host"),
)

PROJECTIONS = (claim, object_change)
"""Derived tables that only grow: an event's rows stay for good."""

DERIVED = (*PROJECTIONS, lease)
"""Every derived table; leases come with the start of a run and go with its end."""

TABLES = sorted(metadata.tables)


def create_tables(connection: Connection) -> None:
    """Make what is missing, in the caller's transaction."""
    fresh = not connection.dialect.has_table(connection, version.name)
    metadata.create_all(connection)
    if fresh:
        connection.execute(insert(version).values(version=VERSION))
