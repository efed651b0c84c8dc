"""Runs as people ask for them: which there were, what each left on each host, and stopping one that goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sopti_runner.domain.court import Court
from sopti_runner.domain.ledger.event import Event
from sopti_runner.domain.plan import PlanRecord, RecordClass
from sopti_runner.domain.request import ActName, Request
from sopti_runner.domain.run import RUNNING, UNKNOWN, Run
from sopti_runner.errors import N_, NotFoundError, SoptiError, UsageError
from sopti_runner.ports import Engine, StatementSigner
from sopti_runner.services.acts import Acts
from sopti_runner.services.books import Books
from sopti_runner.services.planning import stored_plan

ACTS = frozenset({RecordClass.CHANGE, RecordClass.OPAQUE})
"""Classes of planned tasks that do something to a host."""


@dataclass(frozen=True, slots=True)
class HostTold:
    """What a run left on one host.

    Attributes:
        outcome: As ``Run.hosts``.
        reason: In words, as it was recorded; empty when there was nothing to say.
        done: Tasks that acted and ended well, in order.
        failed: Tasks that failed, in order.
        unknown: The task of which nobody knows whether it came to its end, or empty.
        missing: Planned tasks that would act and did not begin, in order; None when the plan can't be read any more.
    """

    host: str
    outcome: str
    reason: str
    done: tuple[str, ...]
    failed: tuple[str, ...]
    unknown: str
    missing: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class RunTold:
    """A run with its request, and what it left on each host, sorted by name."""

    run: Run
    request: Request
    hosts: tuple[HostTold, ...]


def find_run(court: Court, named: str) -> Run:
    """Give a run by its id, by an unambiguous beginning of it, or by its request (its newest); the newest by nothing.

    Raises:
        NotFoundError: There is none, or the beginning fits several.
    """
    runs = list(court.runs.values())
    request = court.find_request(named) if named else None
    if not named or request:
        found = [run for run in runs if request is None or run.request == request.id][-1:]
    else:
        found = [run for run in runs if run.id.startswith(named)]
    if len(found) != 1:
        raise NotFoundError(
            N_("There is no such run"),
            on=named,
            expected=N_("a run's id or its beginning, or a request that was carried out"),
            found=N_("{count} runs"),
            next="sopti run list",
            count=len(found),
        )
    return found[0]


def tell_run(books: Books, named: str) -> RunTold:
    """Tell a run host by host; NotFoundError when there is none."""
    court = books.court()
    run = find_run(court, named)
    request = court.requests[run.request]
    events = [e for e in books.store.events(run.seq, subject=run.request) if e.data.get("run") == run.id]
    tasks = [e for e in events if e.type == "task.finished"]
    ends = [e for e in events if e.type == "run.finished"]
    reasons = {b.name: books.text(b) for e in ends for b in e.blobs}
    planned = _planned(books, request, run)
    hosts = sorted(run.hosts or {})
    return RunTold(
        run, request, tuple(_host(run, host, reasons.get(f"reason:{host}", ""), tasks, planned) for host in hosts)
    )


def _planned(books: Books, request: Request, run: Run) -> Sequence[PlanRecord] | None:
    """Give the plan of a run, None when the request stands on another by now or it can't be read."""
    if request.plan is None or request.plan.digest != run.plan:
        return None
    try:
        return stored_plan(books, request).records
    except SoptiError:
        return None


def _host(run: Run, host: str, reason: str, events: Sequence[Event], planned: Sequence[PlanRecord] | None) -> HostTold:
    mine = [e.data for e in events if e.data["host"] == host]
    names = {(r.task, r.item): r.name or r.module for r in planned or ()}

    def called(data: Mapping[str, Any]) -> str:
        return str(names.get((data["task"], data["item"]), data["task"]))

    done = tuple(called(d) for d in mine if d["kind"] == "changed")
    failed = tuple(called(d) for d in mine if d["kind"] in ("failed", "unreachable"))
    ended = Counter((d["task"], d["item"], d["args"]) for d in mine)
    missing: list[str] | None = None if planned is None else []
    for record in planned or ():
        key = (record.task, record.item, record.args)
        if record.host != host or not ACTS & {record.kind}:
            continue
        if ended[key]:
            ended[key] -= 1
        elif missing is not None:
            missing.append(record.name or record.module)
    outcome = (run.hosts or {})[host]
    open_ = missing.pop(0) if missing and outcome == UNKNOWN and run.outcome != RUNNING else ""
    return HostTold(host, outcome, reason, done, failed, open_, None if missing is None else tuple(missing))


def cancel_run(acts: Acts, engine: Engine, named: str, signer: StatementSigner, pause: Callable[[], bool]) -> Run:
    """Record who stops a run and ask it to end; SIGTERM first, by force after a grace.

    Args:
        acts: The court's acts.
        engine: Whose run it is.
        named: As ``find_run`` takes it.
        signer: The person's key.
        pause: Waits a moment; False when it has waited long enough.

    Returns:
        The run, ended; or still running, when it did not end in time.

    Raises:
        UsageError: The run is over.
        RefusedError: This person may not carry out changes, so may not stop them; recorded.
    """
    books = acts.books
    court = books.court()
    run = find_run(court, named)
    request = court.requests[run.request]
    if run.outcome != RUNNING:
        raise UsageError(
            N_("This run is over; nothing of it goes on"),
            on=run.id,
            expected=N_("a run that goes on"),
            found=run.outcome,
            next=f"sopti run show {run.id}",
        )
    owner = court.register.owner(signer.fingerprint)
    who = owner.id if owner else ""
    waiting = acts.prepare(ActName.CANCEL, person=who, subjects=[request.id], data={"run": run.id}, display=run.id)
    acts.sign(waiting, signer)
    engine.stop(run.id)
    while books.court().runs[run.id].outcome == RUNNING and pause():
        pass
    return books.court().runs[run.id]
