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

from sqlalchemy import ColumnElement, Connection, delete, insert, make_url, or_, select, update

from sopti_runner.adapters.store_sql import copying, faults, soundness, writing
from sopti_runner.adapters.store_sql.database import Database
from sopti_runner.adapters.store_sql.postgresql import PostgresDatabase
from sopti_runner.adapters.store_sql.schema import VERSION, blob, checkpoint, event, head, object_change, version
from sopti_runner.adapters.store_sql.sqlite import SqliteDatabase
from sopti_runner.domain.check import Check
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
        owner_url: Address by which ``create`` makes tables and grants rights (PostgreSQL); empty for ``url`` itself.
        busy_s: Seconds to wait for another writer before LedgerError.
    """

    def __init__(self, url: str, log: str = "", *, owner_url: str = "", busy_s: float = 15.0) -> None:
        self._database = _opened(url, owner_url, busy_s)
        self._read, self._write = self._database.read, self._database.write
        self._where = self._database.where
        self._statements = writing.Statements(self._database.dialect)
        self._asked = log

    @cached_property
    def log(self) -> str:
        """The log's origin; LedgerError when the database has no such log, or several and none was named."""
        with self._read() as connection:
            found = connection.execute(select(version.c.version)).scalar()
            logs = connection.execute(select(head.c.log).order_by(head.c.log)).scalars().all()
        if found != VERSION:
            with self._made():
                pass
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

    @property
    def where(self) -> str:
        """The database, as messages name it: a path, or an address without password."""
        return self._where

    def holds(self, log: str) -> bool:
        """Tell whether there are events of a log here; LedgerError when the database does not answer."""
        try:
            with self._read() as connection:
                return bool(connection.execute(select(head.c.size).where(head.c.log == log)).scalar())
        except faults.NoLedgerError:
            return False

    def close(self) -> None:
        """Close every connection; the store opens again when used again."""
        self._database.close()

    def create(self, log: str) -> None:
        """Make what a new log needs: file and tables when there are none, and the empty log itself.

        Raises:
            IntegrityError: The log holds events already.
        """
        with self._made() as connection:
            size = connection.execute(select(head.c.size).where(head.c.log == log)).scalar()
            if size:
                raise IntegrityError(N_("The log exists already"), on=log, expected=N_("a new log"), found=self._where)
            if size is None:
                connection.execute(insert(head).values(log=log, size=0, leaf=ZERO_LEAF, frontier=Frontier().dump()))
        self._asked = log
        self.__dict__.pop("log", None)

    def head(self) -> Head:
        """Give the log's end."""
        log = self.log
        with self._read() as connection:
            end = writing.read_end(connection, log, self._statements.read_head)
        return Head(end.frontier.size, end.leaf, end.frontier.root())

    def append(self, drafts: Sequence[Draft], at: Instant, *, expect_size: int | None = None) -> tuple[Event, ...]:
        """Append in one durable transaction, all or none, projections included."""
        log = self.log
        try:
            with self._write() as connection:
                end = writing.read_end(connection, log, self._statements.lock_head)
                if expect_size in (None, end.frontier.size):
                    return writing.insert_drafts(connection, end, drafts, at, self._statements)
        except faults.ContradictionError:
            pass  # an id or a claim is there already: find out which
        return self._append_what_is_new(drafts, at, expect_size)

    def _append_what_is_new(self, drafts: Sequence[Draft], at: Instant, expect_size: int | None) -> tuple[Event, ...]:
        """Append after finding out which drafts are in the log already and which claims are taken."""
        log = self.log
        with self._write() as connection:
            end = writing.read_end(connection, log, self._statements.lock_head)
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
        self._database.wipe()
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
                self._statements.lock_head.one(connection, {"log": log})  # one writer at a time, as for events
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
        with self._read() as connection:
            return copying.marked(connection) if self._database.file else 0

    def copy_to(self, target: Path) -> Head:
        """Copy the ledger, while others may write, into a new marked SQLite file, and give the copy's end."""
        copying.copy(self._database, self.log, target)
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
            return [*soundness.differences(connection, log), *self._database.differences(connection)]

    def rebuild(self) -> Sequence[str]:
        """Make head, projections and indexes anew from the events; gives a line for each row that differed."""
        log = self.log
        with self._write() as connection:
            self._statements.lock_head.one(connection, {"log": log})
            found = [*soundness.differences(connection, log), *self._database.differences(connection)]
            soundness.rebuild(connection, log, self._statements)
            self._database.mend(connection)
        return found

    def checks(self) -> list[Check]:
        """Examine how the database is set up, for a doctor; empty where there is nothing to say."""
        return self._database.checks()

    @contextmanager
    def _made(self) -> Iterator[Connection]:
        """Give a transaction that finds this sopti's tables; what an older one had not is made from the events."""
        with self._database.making() as connection:
            found = connection.execute(select(version.c.version)).scalar() or 0
            if found > VERSION:
                raise faults.not_a_ledger(self._where, f"schema {found}")
            if found < VERSION:
                for log in connection.execute(select(head.c.log)).scalars().all():
                    soundness.rebuild(connection, log, self._statements)
                connection.execute(update(version).values(version=VERSION))
            yield connection

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


def _opened(url: str, owner_url: str, busy_s: float) -> Database:
    address = make_url(url)
    if address.get_backend_name() == "postgresql":
        return PostgresDatabase(address, make_url(owner_url or url), busy_s)
    return SqliteDatabase(address, busy_s)
