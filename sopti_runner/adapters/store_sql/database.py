"""What a store asks of the database under it; each kind of database answers in a module of its own.

The rule kept here: a store never asks which database it has. Opening, locking, guarding the tables and telling what an
error means differ between kinds, and stand behind these methods.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Dialect, Engine

from sopti_runner.adapters.store_sql import faults
from sopti_runner.domain.check import Check


class Database(ABC):
    """One database, connected to when first used.

    Attributes:
        where: How messages name it: a path, or an address without password.
        file: The file that it is; None for a server's.
    """

    file: Path | None = None

    def __init__(self, where: str, reader: Engine, writer: Engine, meaning: faults.Meaning) -> None:
        self.where = where
        self._reader, self._writer, self._meaning = reader, writer, meaning

    @property
    def dialect(self) -> Dialect:
        """Whose SQL it speaks."""
        return self._reader.dialect

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a transaction that sees one moment of the database throughout and changes nothing."""
        with self.translated(), self._reader.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a transaction whose end is durable: it is on the disk when this returns."""
        with self.translated(), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Turn every database error inside into a LedgerError that says what it means here."""
        with faults.translated(self._reader, self.where, self._meaning):
            yield

    def close(self) -> None:
        """Close every connection; it connects again when used again."""
        self._reader.dispose()

    @abstractmethod
    @contextmanager
    def making(self) -> Iterator[Connection]:
        """Give a transaction in which tables and guards are there, and a new log may be written; all or nothing."""

    @abstractmethod
    def differences(self, connection: Connection) -> Iterator[str]:
        """Give a line for each guard, column, key or right that is not as it was made, and each damage it finds."""

    @abstractmethod
    def mend(self, connection: Connection) -> None:
        """Make indexes anew, where the one who writes may do so."""

    @abstractmethod
    def wipe(self) -> None:
        """After an erasure: remove what is left of erased rows, as far as this kind of database lets a writer do so."""

    @abstractmethod
    def checks(self) -> list[Check]:
        """Examine how this database is set up; empty where there is nothing to say."""
