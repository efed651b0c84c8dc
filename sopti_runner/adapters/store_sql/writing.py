"""The one way into the ledger, inside a transaction that holds the log's head."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Dialect, bindparam, insert, select, update

from sopti_runner.adapters.store_sql import projections
from sopti_runner.adapters.store_sql.prepared import Prepared
from sopti_runner.adapters.store_sql.schema import blob, claim, event, head, lease
from sopti_runner.domain.ledger.encoding import canonical, place
from sopti_runner.domain.ledger.event import Draft, Event, blob_digest, claims_of, leased_by, leases_after, parse
from sopti_runner.domain.ledger.merkle import Frontier
from sopti_runner.domain.time_rules import Instant
from sopti_runner.errors import N_, IntegrityError, RefusedError


class Statements:
    """The statements of an append, compiled for one dialect.

    Args:
        dialect: Of the database.
    """

    def __init__(self, dialect: Dialect) -> None:
        mine = select(head.c.size, head.c.leaf, head.c.frontier).where(head.c.log == bindparam("log"))
        grown = update(head).where(head.c.log == bindparam("of"))
        self.read_head = Prepared(mine, dialect)
        self.lock_head = Prepared(mine.with_for_update(), dialect)
        self.grow_head = Prepared(
            grown.values(size=bindparam("size"), leaf=bindparam("leaf"), frontier=bindparam("frontier")), dialect
        )
        self.insert_event = Prepared(insert(event), dialect)


@dataclass(slots=True)
class End:
    """Where a log ends, ready to grow: its origin, the last leaf and the tree's frontier."""

    log: str
    leaf: bytes
    frontier: Frontier


def read_end(connection: Connection, log: str, by: Prepared) -> End:
    """Give the log's end; ``lock_head`` reads it so that no other writer comes in before the transaction ends.

    Raises:
        IntegrityError: Size, last leaf and frontier of the stored head contradict each other.
    """
    size, leaf, state = by.one(connection, {"log": log}) or (0, b"", b"")
    try:
        frontier = Frontier.load(state)
    except (ValueError, TypeError):
        frontier = Frontier()
    if frontier.size != size or not leaf:
        raise IntegrityError(
            N_("The ledger's head contradicts itself"),
            on=log,
            expected=f"size {size}",
            found=f"size {frontier.size}",
            next="sopti ledger rebuild",
        )
    return End(log, leaf, frontier)


def save_end(connection: Connection, end: End, statements: Statements) -> None:
    """Store the log's end."""
    frontier = end.frontier
    values = {"of": end.log, "size": frontier.size, "leaf": end.leaf, "frontier": frontier.dump()}
    statements.grow_head.run(connection, [values])


def insert_drafts(
    connection: Connection, end: End, drafts: Sequence[Draft], at: Instant, statements: Statements
) -> tuple[Event, ...]:
    """Give drafts their place after ``end`` and write them, their projections and blobs."""
    if not drafts:
        return ()
    events = []
    for draft in drafts:
        size = end.frontier.size
        new = place(draft, log=end.log, seq=size, prev=end.leaf, time=at.time, boot=at.boot, mono=at.mono)
        end.leaf = new.leaf
        end.frontier.add(new.leaf)
        events.append(new)
    statements.insert_event.run(connection, [projections.event_row(new) for new in events])
    projections.write(connection, events)
    _insert_blobs(connection, end.log, drafts)
    save_end(connection, end, statements)
    return tuple(events)


def _insert_blobs(connection: Connection, log: str, drafts: Sequence[Draft]) -> None:
    sealed = {blob_digest(b): b for draft in drafts for b in draft.blobs}
    if not sealed:
        return
    kept = select(blob.c.digest).where(blob.c.log == log, blob.c.digest.in_(list(sealed)))
    for digest in connection.execute(kept).scalars():
        del sealed[digest]
    rows = [
        {"log": log, "digest": digest, "name": b.name, "salt": b.salt, "content": b.content}
        for digest, b in sealed.items()
    ]
    if rows:
        connection.execute(insert(blob), rows)


def known_events(connection: Connection, log: str, drafts: Sequence[Draft]) -> dict[str, Event]:
    """Give the events that the log holds under the ids of these drafts.

    Raises:
        IntegrityError: An id stands for something else there.
    """
    by_id = {draft.id: draft for draft in drafts}
    same = select(event.c.seq, event.c.body).where(event.c.log == log, event.c.id.in_(list(by_id)))
    found = [parse(row.body, seq=row.seq) for row in connection.execute(same)]
    for kept in found:
        require_same(by_id[kept.id], kept)
    return {kept.id: kept for kept in found}


def require_same(draft: Draft, kept: Draft | Event) -> None:
    """Raise IntegrityError unless both say the same of the same subject; blobs may have other salts."""
    said, says = ((d.type, d.subject, d.actor, canonical(d.data)) for d in (draft, kept))
    if said != says:
        raise IntegrityError(
            N_("An event id was used for two different events"),
            on=draft.id,
            expected=f"{kept.type} {kept.subject}",
            found=f"{draft.type} {draft.subject}",
            next="sopti ledger verify",
        )


def require_free(connection: Connection, log: str, drafts: Sequence[Draft]) -> None:
    """Raise RefusedError when a claim of these drafts is taken, by the log or by one of them."""
    seen = set()
    for wanted in (c for draft in drafts for c in claims_of(draft.data)):
        mine = (claim.c.log == log, claim.c.kind == wanted.kind, claim.c.key == wanted.key)
        seq = connection.execute(select(claim.c.seq).where(*mine)).scalar()
        if seq is not None or wanted in seen:
            raise RefusedError(
                N_("{kind} {key} was taken already; it can be used only once"),
                on=wanted.key,
                expected=N_("not used before"),
                found=N_("taken by event {seq}"),
                next="sopti trace",
                kind=wanted.kind,
                key=wanted.key,
                seq="?" if seq is None else seq,
            )
        seen.add(wanted)
    _require_unleased(connection, log, drafts)


def _require_unleased(connection: Connection, log: str, drafts: Sequence[Draft]) -> None:
    """Raise RefusedError when a run that starts in these drafts wants a host that another run has."""
    held = {
        row.host: row.run for row in connection.execute(select(lease.c.host, lease.c.run).where(lease.c.log == log))
    }
    for draft in drafts:
        for host in leased_by(draft):
            if host in held:
                raise RefusedError(
                    N_("{host} is taken by run {run}, which has not ended"),
                    on=host,
                    expected=N_("a host that no run has"),
                    found=held[host],
                    next="sopti run list",
                    host=host,
                    run=held[host],
                )
        held = leases_after(held, draft)
