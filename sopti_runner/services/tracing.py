"""Tracing: who asked for, weighed, approved and made this, and does it still stand?

Recaps fold the same events into the same court, so that a figure and its trace can't disagree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sopti_runner.domain.court import Court
from sopti_runner.domain.hand_work import decode_changes
from sopti_runner.domain.ledger.event import Event
from sopti_runner.domain.request import Request
from sopti_runner.domain.run import Run
from sopti_runner.errors import SoptiError
from sopti_runner.ports import Engine
from sopti_runner.ports.access import Escort
from sopti_runner.services.access import on_own_keys
from sopti_runner.services.books import Books
from sopti_runner.services.planning import errand, find, record_read, sealed_of, stored_plan


@dataclass(frozen=True, slots=True)
class TraceLine:
    """One fact of a trace.

    Attributes:
        seq: Where in the ledger.
        at: Aware UTC.
        who: Name, or the pseudonym when the name was erased; ``sopti`` for the machine.
        capacity: ``office:status`` or empty.
        what: Event type.
        facts: Short facts of the event, in order: name and value, enums, digests and hosts.
        proof: ``signature | attested | paper`` or empty.
    """

    seq: int
    at: datetime
    who: str
    capacity: str
    what: str
    facts: Mapping[str, str]
    proof: str


@dataclass(frozen=True, slots=True)
class RequestTrace:
    """All that happened to a request."""

    request: Request
    lines: tuple[TraceLine, ...]
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class ObjectTrace:
    """All that sopti did to one object of one host.

    Attributes:
        lines: Task outcomes that touched it, and people's work by hand after which it was another, in order.
        requests: The requests behind them, in order, each once.
        stands: Whether the host still shows what the last run left, or None when nobody looked or can tell.
        found: What the host shows now, in short, or why it could not be looked at; empty when nobody looked.
    """

    host: str
    object: str
    lines: tuple[TraceLine, ...]
    requests: tuple[RequestTrace, ...]
    stands: bool | None = None
    found: str = ""


def trace_request(books: Books, number: str, *, tasks: bool = False) -> RequestTrace:
    """Give the trace of a request; NotFoundError when there is none.

    Args:
        books: The court's books.
        number: The request.
        tasks: Whether to give the outcome of each task on each host too.
    """
    court = books.court()
    request = find(court, number)
    events = books.store.events(subject=request.id)
    return RequestTrace(
        request,
        tuple(_line(books, court, e) for e in events if tasks or e.type != "task.finished"),
        tuple(r for r in court.runs.values() if r.request == request.id),
    )


def trace_object(
    books: Books, host: str, name: str, engine: Engine | None = None, escort: Escort = on_own_keys
) -> ObjectTrace:
    """Give the trace of an object.

    Args:
        books: The court's books.
        host: Inventory name.
        name: ``kind:key``, or a path for a file.
        engine: When given, the host is looked at, a recorded read, to tell whether the object still stands.
        escort: Gives the engine what opens the host.
    """
    wanted = f"file:{name}" if name.startswith("/") else name
    court = books.court()
    touched = sorted([*books.store.touching(host, wanted), *_by_hand(books, host, wanted)], key=lambda e: e.seq)
    subjects = list(dict.fromkeys(e.subject for e in touched))
    found = ObjectTrace(
        host,
        wanted,
        tuple(_line(books, court, e) for e in touched),
        tuple(trace_request(books, s) for s in subjects),
    )
    return _compared(books, court, found, touched[-1], engine, escort=escort) if touched and engine else found


def _by_hand(books: Books, host: str, wanted: str) -> Iterator[Event]:
    """Give the events of work by hand whose list names the object; a list that was erased names none any more."""
    for event in books.store.events(types=["session.recorded"]):
        lists = (books.store.blob(ref.digest) for ref in event.blobs if event.data["host"] == host)
        if any(change.object == wanted for kept in lists if kept for change in decode_changes(kept.content).listed):
            yield event


def _compared(
    books: Books, court: Court, found: ObjectTrace, last: Event, engine: Engine, *, escort: Escort
) -> ObjectTrace:
    """Look at the object on its host and compare it with what the last run left there."""
    ends = [e for e in books.store.events(types=["run.finished"]) if e.data["run"] == last.data["run"]]
    left = ends[-1].data.get("left", {}).get(found.host, {}).get(found.object, "") if ends else ""
    request = court.requests[last.subject]
    if not left or request.plan is None or request.plan.digest != court.runs[last.data["run"]].plan:
        return found
    try:
        plan = stored_plan(books, request)
        with escort(engine, errand(request, [found.host])) as carrying:
            now = carrying.observe(plan, sealed_of(request, plan), [found.host])[found.host][found.object]
    except SoptiError as error:
        record_read(books, "trace", request, [found.host], "failed")
        return replace(found, found=str(error))
    record_read(books, "trace", request, [found.host], "ok" if now.before == left else "drift")
    return replace(found, stands=now.before == left, found=now.seen)


def _line(books: Books, court: Court, event: Event) -> TraceLine:
    person = event.actor.person
    who = "sopti" if person == "system" else books.name(court, person)
    proof = event.data.get("proof") or {}
    return TraceLine(event.seq, event.time, who, event.actor.capacity, event.type, _facts(event), proof.get("kind", ""))


_SHOWN: Sequence[str] = (
    "letter_urgency",
    "category",
    "change_type",
    "priority",
    "advice",
    "playbook",
    "plan",
    "hosts",
    "expires",
    "run",
    "outcome",
    "reasons",
    "object",
    "expected",
    "found",
    "kind",
    "host",
    "task",
    "waived",
    "decree",
    "done_at",
    "evidence",
    "ratify_by",
    "late",
    "end",
    "changed",
    "unexpected",
    "recording",
)


def _facts(event: Event) -> dict[str, str]:
    found = {}
    for key in _SHOWN:
        value = event.data.get(key)
        if not value:
            continue
        if isinstance(value, dict):
            found[key] = ", ".join(f"{k}: {v}" for k, v in sorted(value.items()))
        elif isinstance(value, list):
            found[key] = ", ".join(map(str, value))
        else:
            found[key] = str(value)[:16] if key == "plan" else str(value)
    return found
