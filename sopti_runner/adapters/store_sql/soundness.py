"""Whether everything beside the bodies is what the bodies make of it, and making it anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, select

from sopti_runner.adapters.store_sql import faults, projections
from sopti_runner.adapters.store_sql.schema import DERIVED, blob, checkpoint, event, head
from sopti_runner.adapters.store_sql.writing import End, Statements, save_end
from sopti_runner.domain.ledger.checkpoint import read_checkpoint
from sopti_runner.domain.ledger.event import ZERO_LEAF, Event, leases_after, parse
from sopti_runner.domain.ledger.merkle import Frontier
from sopti_runner.domain.ledger.note import NoteError
from sopti_runner.errors import N_, IntegrityError

PAGE = 500


def placed(body: bytes, seq: int, log: str) -> Event:
    """Give the event of a stored row; IntegrityError when its body names another place or log."""
    found = parse(body, seq=seq)
    if (found.seq, found.log) != (seq, log):
        raise IntegrityError(
            N_("An event stands in another's place"),
            on=f"seq {seq}",
            expected=f"{log} {seq}",
            found=f"{found.log} {found.seq}",
            next="sopti ledger verify",
        )
    return found


def differences(connection: Connection, log: str) -> Iterator[str]:
    """Give a line for each gap and each column, claim, projection, head and checkpoint that the bodies contradict."""
    end, held = End(log, ZERO_LEAF, Frontier()), dict[str, str]()
    for page in _pages(connection, log):
        events = []
        for row in page:
            faults.require(bytes, row["body"], log)
            parsed = placed(row["body"], row["seq"], log)
            made = projections.event_row(parsed)
            wrong = [name for name in made if row[name] != made[name]]
            if wrong:
                yield f"event {parsed.seq}: {', '.join(wrong)} differ from its body"
            yield from _gap_before(parsed, end)
            _extend(end, parsed)
            held = leases_after(held, parsed)
            events.append(parsed)
        yield from projections.differences(connection, log, events)
        yield from _blob_names(connection, log, events)
    yield from projections.lease_differences(connection, log, held)
    yield from projections.strays(connection, log, end.frontier.size)
    yield from _rows_of_no_log(connection)
    yield from _head_difference(connection, end)
    yield from _checkpoint_differences(connection, log)


def rebuild(connection: Connection, log: str, statements: Statements) -> None:
    """Make head and projections anew; the columns beside a body stay: nothing updates an event.

    Raises:
        IntegrityError: The events leave a gap, or one does not follow from the one before it.
    """
    projections.clear(connection, log)
    end, held = End(log, ZERO_LEAF, Frontier()), dict[str, str]()
    for page in _pages(connection, log):
        events = [placed(row["body"], row["seq"], log) for row in page]
        for parsed in events:
            for line in _gap_before(parsed, end):
                raise IntegrityError(
                    N_("The events do not follow each other: nothing can be made anew from them"),
                    on=log,
                    found=line,
                    next="sopti ledger verify",
                )
            _extend(end, parsed)
            held = leases_after(held, parsed)
        projections.grow(connection, events)
    projections.write_leases(connection, log, held)
    save_end(connection, end, statements)


def _gap_before(found: Event, end: End) -> Iterator[str]:
    """Give a line when an event does not stand right after the end so far, and name the one before it."""
    if found.seq != end.frontier.size:
        yield f"event {found.seq}: event {end.frontier.size} is missing before it"
    elif found.prev != end.leaf:
        yield f"event {found.seq}: it does not follow from the one before it"


def _extend(end: End, found: Event) -> None:
    end.leaf = found.leaf
    end.frontier.add(found.leaf)


def _blob_names(connection: Connection, log: str, events: Sequence[Event]) -> Iterator[str]:
    names = {ref.digest: ref.name for found in events for ref in found.blobs}
    kept = select(blob.c.digest, blob.c.name).where(blob.c.log == log, blob.c.digest.in_(list(names)))
    for row in connection.execute(kept) if names else ():
        expected = names.get(row.digest)  # none when a damaged file finds a row that holds another digest
        if row.name != expected:
            yield f"blob {row.digest.hex()}: it is called {row.name!r}, its event says {expected!r}"


def _rows_of_no_log(connection: Connection) -> Iterator[str]:
    """A row whose log is not here would be lost to every reader, and to every other comparison."""
    known = select(head.c.log)
    for table in (event, blob, checkpoint, *DERIVED):
        for log in connection.execute(select(table.c.log).where(table.c.log.not_in(known)).distinct()).scalars():
            yield f"{table.name}: rows of {log!r}, a log that is not here"


def _head_difference(connection: Connection, end: End) -> Iterator[str]:
    row = connection.execute(select(head).where(head.c.log == end.log)).one()
    if (row.size, row.leaf, row.frontier) != (end.frontier.size, end.leaf, end.frontier.dump()):
        yield f"head: it says size {row.size}, the events make size {end.frontier.size}, or leaf or frontier differ"


def _checkpoint_differences(connection: Connection, log: str) -> Iterator[str]:
    for row in connection.execute(select(checkpoint).where(checkpoint.c.log == log)):
        faults.require(str, row.note, log)
        try:
            said = read_checkpoint(row.note)
        except NoteError as error:
            yield f"checkpoint {row.size}: {error}"
        else:
            if (said.origin, said.size) != (log, row.size):
                yield f"checkpoint {row.size}: its note speaks of {said.origin} at size {said.size}"


def _pages(connection: Connection, log: str) -> Iterator[Sequence[Any]]:
    at = -1
    while True:
        after = select(event).where(event.c.log == log, event.c.seq > at).order_by(event.c.seq).limit(PAGE)
        page = connection.execute(after).mappings().all()
        if not page:
            return
        at = page[-1]["seq"]
        yield page
