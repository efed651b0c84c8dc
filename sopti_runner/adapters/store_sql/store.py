"""The ledger store: appends in one durable transaction, gives back exact bytes.

Any number of processes may write: ``BEGIN IMMEDIATE`` (SQLite) or the locked head row (PostgreSQL) lets one in at a
time, and the head row names the place of the next event.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, or_, select, update

from sopti_runner.adapters.store_sql import copying, faults, schema, soundness, writing
from sopti_runner.adapters.store_sql.engine import WRITE, make_file, open_engine, remove_file, sqlite_path
from sopti_runner.adapters.store_sql.schema import (
    VERSION,
    blob,
    checkpoint,
    create_tables,
    event,
    head,
    object_change,
    version,
)
from sopti_runner.domain.ledger.checkpoint import read_checkpoint
from sopti_runner.domain.ledger.event import ZERO_LEAF, Blob, Draft, Event
from sopti_runner.domain.ledger.merkle import Frontier
from sopti_runner.domain.ledger.note import NoteError, merge_notes
from sopti_runner.domain.time_rules import Instant
from sopti_runner.errors import N_, IntegrityError, LedgerError, OvertakenError
from sopti_runner.ports import Head

PAGE = 500


class SqlStore:
    """A log in a database; opens it when first used.

    Args:
        url: SQLAlchemy address; for SQLite ``sqlite:///`` and the path.
        log: The log's origin; empty for the only log of the database.
        busy_s: Seconds to wait for another writer before LedgerError.
    """

    def __init__(self, url: str, log: str = "", *, busy_s: float = 15.0) -> None:
        self._engine, self._where = open_engine(url, busy_s)
        self._writer = self._engine.execution_options(**WRITE)
        self._statements = writing.Statements(self._engine.dialect)
        self._asked = log

    @cached_property
    def log(self) -> str:
        """The log's origin; LedgerError when the database has no such log, or several and none was named."""
        with self._read() as connection:
            found = connection.execute(select(version.c.version)).scalar()
            logs = connection.execute(select(head.c.log).order_by(head.c.log)).scalars().all()
        if found is not None and found < VERSION:
            found = self._bring_up_to_date(logs)
        if found != VERSION:
            raise faults.not_a_ledger(self._where, f"schema {found}")
        if self._asked in logs:
            return self._asked
        if len(logs) == 1 and not self._asked:
            return str(logs[0])
        raise LedgerError(
            N_("The database has no such log"),
            on=self._where,
            expected=self._asked or N_("exactly one log"),
            found=", ".join(logs) or N_("no log"),
            next="sopti doctor",
        )

    def _bring_up_to_date(self, logs: Sequence[str]) -> int:
        """Make the derived tables that an older sopti did not have, from the events; gives the version it is now."""
        with self._write() as connection:
            create_tables(connection)
            for log in logs:
                soundness.rebuild(connection, log, self._statements)
            connection.execute(update(version).values(version=VERSION))
        return VERSION

    def close(self) -> None:
        """Close every connection; the store opens again when used again."""
        self._engine.dispose()

    def create(self, log: str) -> None:
        """Make the tables for a new log, and the file (mode 0600) when there is none."""
        path = sqlite_path(self._engine, self._where)
        made = False
        try:
            with faults.translated(self._engine, self._where):
                made = make_file(path) if path else False
            with self._write() as connection:
                create_tables(connection)
                if connection.execute(select(head.c.log).where(head.c.log == log)).first():
                    raise IntegrityError(
                        N_("The log exists already"), on=log, expected=N_("a new log"), found=self._where
                    )
                connection.execute(insert(head).values(log=log, size=0, leaf=ZERO_LEAF, frontier=Frontier().dump()))
        except BaseException:
            self.close()
            if made and path:
                remove_file(path)
            raise
        self._asked = log
        self.__dict__.pop("log", None)

    def head(self) -> Head:
        """Give the log's end."""
        log = self.log
        with self._read() as connection:
            end = writing.read_end(connection, log, self._statements)
        return Head(end.frontier.size, end.leaf, end.frontier.root())

    def append(self, drafts: Sequence[Draft], at: Instant, *, expect_size: int | None = None) -> tuple[Event, ...]:
        """Append in one durable transaction, all or none, projections included."""
        log = self.log
        try:
            with self._write() as connection:
                end = writing.read_end(connection, log, self._statements)
                if expect_size in (None, end.frontier.size):
                    return writing.insert_drafts(connection, end, drafts, at, self._statements)
        except faults.ContradictionError:
            pass  # an id or a claim is there already: find out which
        return self._append_what_is_new(drafts, at, expect_size)

    def _append_what_is_new(self, drafts: Sequence[Draft], at: Instant, expect_size: int | None) -> tuple[Event, ...]:
        """Append after finding out which drafts are in the log already and which claims are taken."""
        log = self.log
        with self._write() as connection:
            end = writing.read_end(connection, log, self._statements)
            known = writing.known_events(connection, log, drafts)
            fresh: dict[str, Draft] = {}
            for draft in drafts:
                if draft.id not in known:
                    writing.require_same(draft, fresh.setdefault(draft.id, draft))
            if fresh and expect_size not in (None, end.frontier.size):
                raise OvertakenError(
                    N_("The ledger grew while this was being decided; nothing was written"),
                    on=log,
                    expected=f"size {expect_size}",
                    found=f"size {end.frontier.size}",
                    next=N_("run the same command again"),
                )
            writing.require_free(connection, log, list(fresh.values()))
            for new in writing.insert_drafts(connection, end, list(fresh.values()), at, self._statements):
                known[new.id] = new
        return tuple(known[draft.id] for draft in drafts)

    def events(self, start: int = 0, *, types: Sequence[str] = (), subject: str = "") -> Iterator[Event]:
        """Give parsed events in order, from ``start``."""
        wanted: list[ColumnElement[bool]] = []
        if types:
            exact = [t for t in types if not t.endswith(".*")]
            prefixes = [event.c.type.startswith(t[:-1], autoescape=True) for t in types if t.endswith(".*")]
            wanted.append(or_(event.c.type.in_(exact), *prefixes))
        if subject:
            wanted.append(event.c.subject == subject)
        return self._parsed(start, *wanted)

    def bodies(self, start: int = 0) -> Iterator[bytes]:
        """Give the exact stored bytes in order."""
        return (row.body for row in self._pages(start, event.c.body))

    def leaves(self, start: int = 0) -> Iterator[bytes]:
        """Give the leaves in order, 32 bytes each."""
        return (row.leaf for row in self._pages(start, event.c.leaf))

    def touching(self, host: str, object_: str) -> Iterator[Event]:
        """Give the ``task.finished`` events that touched an object on a host, in order."""
        mine = (object_change.c.log == self.log, object_change.c.host == host, object_change.c.object == object_)
        return self._parsed(0, event.c.seq.in_(select(object_change.c.seq).where(*mine)))

    def blob(self, digest: bytes) -> Blob | None:
        """Give a blob by its digest, or None when it was erased or never stored."""
        mine = select(blob.c.name, blob.c.salt, blob.c.content).where(blob.c.log == self.log, blob.c.digest == digest)
        with self._read() as connection:
            row = connection.execute(mine).first()
        if row is None:
            return None
        faults.require(bytes, row.salt, self._where)
        faults.require(bytes, row.content, self._where)
        return Blob(row.name, row.salt, row.content)

    def erase(self, digest: bytes) -> bool:
        """Erase salt and content, in the file too; True when there was something to erase."""
        log = self.log
        with self._write() as connection:
            gone = connection.execute(delete(blob).where(blob.c.log == log, blob.c.digest == digest)).rowcount
        if self._engine.dialect.name == "sqlite":
            with faults.translated(self._engine, self._where), self._engine.connect() as connection:
                connection.execution_options(isolation_level="AUTOCOMMIT")
                (busy, *_pages) = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
            if busy:
                raise LedgerError(
                    N_("The text is erased, but its remains wait in the write-ahead log while another command reads"),
                    on=self._where,
                    expected=N_("the ledger free within the waiting time"),
                    found=N_("a reader that still sees the text"),
                    next=N_("let the other sopti command end: the last one to close the ledger clears the remains"),
                )
        return bool(gone)

    def save_checkpoint(self, size: int, note: str) -> None:
        """Keep a signed note; of two notes of the same size and root the signature lines are joined.

        Raises:
            IntegrityError: It is no checkpoint of this log at this size, or another root is kept at this size.
        """
        log = self.log
        try:
            new = read_checkpoint(note)
            if (new.origin, new.size) != (log, size):
                raise NoteError(f"it speaks of {new.origin} at size {new.size}")
            with self._write() as connection:
                mine = (checkpoint.c.log == log, checkpoint.c.size == size)
                kept = connection.execute(select(checkpoint.c.note).where(*mine)).scalar()
                if kept is None:
                    connection.execute(insert(checkpoint).values(log=log, size=size, note=note))
                else:
                    connection.execute(update(checkpoint).where(*mine).values(note=merge_notes(kept, note)))
        except NoteError as error:
            raise IntegrityError(
                N_("The checkpoint does not belong here: {why}"),
                on=f"{log} {size}",
                expected=N_("a note over this log at this size, with the root kept before"),
                found=note[:200],
                next="sopti ledger verify",
                why=str(error),
            ) from error

    def checkpoints(self) -> Sequence[tuple[int, str]]:
        """Give all kept notes, by size."""
        mine = select(checkpoint.c.size, checkpoint.c.note).where(checkpoint.c.log == self.log)
        with self._read() as connection:
            rows = connection.execute(mine.order_by(checkpoint.c.size)).all()
        for row in rows:
            faults.require(int, row.size, self._where)
            faults.require(str, row.note, self._where)
        return [(row.size, row.note) for row in rows]

    @property
    def copied_at(self) -> int:
        """Size at which this ledger was copied for a backup; 0 for one that is no copy."""
        with faults.translated(self._engine, self._where):
            return copying.marked(self._engine)

    def copy_to(self, target: Path) -> Head:
        """Copy the ledger, while others may write, into a new marked file, and give the copy's end."""
        with faults.translated(self._engine, self._where):
            copying.copy_file(sqlite_path(self._engine, self._where), target, self._where)
        copy = SqlStore(f"sqlite:///{target}", self.log)
        try:
            end = copy.head()
        finally:
            copy.close()
        copying.mark(target, end.size)
        return end

    def differences(self) -> Sequence[str]:
        """Compare columns, head, claims and projections with the events; gives a line for each row that differs."""
        log = self.log
        with self._read() as connection:
            return [*soundness.differences(connection, log), *self._file_differences(connection)]

    def _file_differences(self, connection: Connection) -> Iterator[str]:
        """Give what SQLite finds wrong with its own file: guards and columns, indexes that contradict tables, pages."""
        if self._engine.dialect.name == "sqlite":
            yield from schema.differences(connection)
            for (line,) in connection.exec_driver_sql("PRAGMA integrity_check").all():
                if line != "ok":
                    yield f"file: {line}"

    def rebuild(self) -> Sequence[str]:
        """Make head, projections and indexes anew from the events; gives a line for each row that differed."""
        log = self.log
        with self._write() as connection:
            found = [*soundness.differences(connection, log), *self._file_differences(connection)]
            soundness.rebuild(connection, log, self._statements)
            if self._engine.dialect.name == "sqlite":
                connection.exec_driver_sql("REINDEX")
        return found

    def _parsed(self, start: int, *wanted: ColumnElement[bool]) -> Iterator[Event]:
        return (soundness.placed(row.body, row.seq, self.log) for row in self._pages(start, event.c.body, *wanted))

    def _pages(self, start: int, column: Any, *wanted: ColumnElement[bool]) -> Iterator[Any]:
        """Give rows in order, a page at a time, so that no read transaction outlives a slow caller."""
        log, at = self.log, start
        while True:
            mine = select(event.c.seq, column).where(event.c.log == log, event.c.seq >= at, *wanted)
            with self._read() as connection:
                page = connection.execute(mine.order_by(event.c.seq).limit(PAGE)).all()
            for row in page:
                faults.require(bytes, row[1], self._where)
                yield row
            if len(page) < PAGE:
                return
            at = page[-1].seq + 1

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with faults.translated(self._engine, self._where), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with faults.translated(self._engine, self._where), self._writer.begin() as connection:
            yield connection
