"""What is derived from events, written with them and rebuildable from them: claims, changed objects, leased hosts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, or_, select

from sopti_runner.adapters.store_sql import schema
from sopti_runner.domain.ledger.encoding import utc_text
from sopti_runner.domain.ledger.event import Event, claims_of, leased_by, objects_of, released_by


def event_row(event: Event) -> dict[str, Any]:
    """Give the row of ``event``: the body, and the columns read from it."""
    return {
        "log": event.log,
        "seq": event.seq,
        "id": event.id,
        "type": event.type,
        "subject": event.subject,
        "time": utc_text(event.time),
        "body": event.body,
        "leaf": event.leaf,
    }


def rows_of(table: Table, events: Iterable[Event]) -> list[dict[str, Any]]:
    """Give the rows of one projection that these events make, in order."""
    if table is schema.claim:
        return [
            {"log": e.log, "kind": c.kind, "key": c.key, "seq": e.seq}
            for e in events
            if "claims" in e.data
            for c in claims_of(e.data)
        ]
    return [
        {"log": e.log, "host": host, "object": name, "seq": e.seq}
        for e in events
        if e.type == "task.finished"
        for host, name in objects_of(e)
    ]


def write(connection: Connection, events: Sequence[Event]) -> None:
    """Write the projections of new events; a host that another run has breaks a constraint."""
    grow(connection, events)
    for event in events:
        ended = released_by(event)
        if ended:
            mine = (schema.lease.c.log == event.log, schema.lease.c.run == ended)
            connection.execute(delete(schema.lease).where(*mine))
        write_leases(connection, event.log, dict.fromkeys(leased_by(event), event.id))


def grow(connection: Connection, events: Sequence[Event]) -> None:
    """Write the projections that only grow."""
    for table in schema.PROJECTIONS:
        rows = rows_of(table, events)
        if rows:
            connection.execute(insert(table), rows)


def write_leases(connection: Connection, log: str, held: Mapping[str, str]) -> None:
    """Add leased hosts (host → run); one that another run has breaks a constraint."""
    if held:
        connection.execute(insert(schema.lease), _lease_rows(log, held))


def lease_differences(connection: Connection, log: str, held: Mapping[str, str]) -> Iterator[str]:
    """Give a line for each leased host (host → run) that the table lacks, and for each that it has too much."""
    stored = connection.execute(select(schema.lease).where(schema.lease.c.log == log)).mappings()
    yield from _compare(schema.lease, _lease_rows(log, held), stored)


def _lease_rows(log: str, held: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"log": log, "host": host, "run": run} for host, run in held.items()]


def clear(connection: Connection, log: str) -> None:
    """Remove all projection rows of a log."""
    for table in schema.DERIVED:
        connection.execute(delete(table).where(table.c.log == log))


def differences(connection: Connection, log: str, events: Sequence[Event]) -> Iterator[str]:
    """Give a line for each projection row that these events (consecutive) make and the table lacks, or the reverse."""
    if not events:
        return
    first, last = events[0].seq, events[-1].seq
    for table in schema.PROJECTIONS:
        stored = select(table).where(table.c.log == log, table.c.seq.between(first, last))
        yield from _compare(table, rows_of(table, events), connection.execute(stored).mappings().all())


def strays(connection: Connection, log: str, size: int) -> Iterator[str]:
    """Give a line for each projection row that names an event the log does not have."""
    for table in schema.PROJECTIONS:
        outside = or_(table.c.seq < 0, table.c.seq >= size)
        yield from _compare(table, [], connection.execute(select(table).where(table.c.log == log, outside)).mappings())


def _compare(table: Table, made: Iterable[Any], stored: Iterable[Any]) -> Iterator[str]:
    expected, found = ({tuple(row[c.name] for c in table.c) for row in rows} for rows in (made, stored))
    for row in sorted(expected - found):
        yield f"{table.name}: {row[1:]} is missing"
    for row in sorted(found - expected, key=repr):  # a damaged row may hold any type
        yield f"{table.name}: {row[1:]} comes from no event"
