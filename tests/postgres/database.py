"""A database of a throw-away server, with the two roles that a ledger wants."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, insert, select, update

from sopti_runner.adapters.store_sql import SqlStore, schema

if TYPE_CHECKING:
    from tests.postgres.cluster import Cluster


@dataclass(frozen=True)
class LedgerDatabase:
    """A fresh database.

    Attributes:
        schema: Where the ledger's tables are.
        owner: The role that makes tables.
        writer: The role that sopti uses.
        password: Of both; asked for over TCP only.
    """

    cluster: Cluster
    name: str
    schema: str
    owner: str
    writer: str
    password: str

    @property
    def url(self) -> str:
        """The address as the writer."""
        return self.address(self.writer)

    @property
    def owner_url(self) -> str:
        """The address as the owner."""
        return self.address(self.owner)

    def address(self, role: str) -> str:
        """Give the address as any role, over the server's socket."""
        return f"postgresql+psycopg://{role}@/{self.name}?{self.cluster.address}"

    def store(self, log: str = "", **options: float) -> SqlStore:
        """Give a store over this database; ``create`` makes its tables as the owner."""
        return SqlStore(self.url, log, owner_url=self.owner_url, **options)

    def take_over(self, file: Path, log: str) -> None:
        """Make the tables and fill them, byte for byte, with the rows of a ledger in a SQLite file."""
        with closing(self.store(log)) as store:
            store.create(log)
        source, target = create_engine(f"sqlite:///{file}"), create_engine(self.owner_url)
        tables = [table for table in schema.metadata.sorted_tables if table not in (schema.version, schema.head)]
        with source.connect() as reading, target.begin() as writing:
            for table in tables:
                if rows := reading.execute(select(table).order_by(*table.primary_key)).mappings().all():
                    writing.execute(insert(table), [dict(row) for row in rows])
            writing.execute(update(schema.head), dict(reading.execute(select(schema.head)).mappings().one()))
        source.dispose()
        target.dispose()

    def run(self, sql: str, *values: object, role: str = "admin") -> list[tuple]:
        """Run a statement as the server's administrator, or as a role."""
        return self.cluster.run(sql, *values, database=self.name, role=role, schema=self.schema)
