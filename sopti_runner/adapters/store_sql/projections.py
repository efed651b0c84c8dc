"""What is derived from events: claims and the index of changed objects, written with them and rebuildable from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, or_, select

from sopti_runner.adapters.store_sql import schema
from sopti_runner.domain.ledger.encoding import utc_text
from sopti_runner.domain.ledger.event import Event, claims_of, objects_of


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
    """Write the projections of new events."""
    for table in schema.PROJECTIONS:
        rows = rows_of(table, events)
        if rows:
            connection.execute(insert(table), rows)


def clear(connection: Connection, log: str) -> None:
    """Remove all projection rows of a log."""
    for table in schema.PROJECTIONS:
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
