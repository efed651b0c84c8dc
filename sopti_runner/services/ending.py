"""Ending a run in the ledger: what each task did, then the truth about each host, each of it once.

The process that carried a run out ends it here. When it died first, whoever comes next does (``bury_dead``), from what
the workers had written down, and only when no process of the run lives any more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

from sopti_runner.domain.court import Court
from sopti_runner.domain.ids import uuid7
from sopti_runner.domain.ledger.event import SYSTEM, Draft
from sopti_runner.domain.run import RUNNING, Run, outcome_of
from sopti_runner.domain.time_rules import Instant
from sopti_runner.ports import Engine, HostOutcome, TaskOutcome, Veto
from sopti_runner.ports.runs import RunLocks
from sopti_runner.services.books import Books

BATCH = 100
"""Task events appended in one transaction while a run goes on."""


class Recorder:
    """Collects a run's task outcomes and appends them in batches; what is flushed is in the ledger.

    A task's event has an id that follows from run, host and place, so that it is one event however often it is told.

    Args:
        books: Ledger and court.
        run: What goes on, or went on.
    """

    def __init__(self, books: Books, run: Run) -> None:
        self._books, self._run = books, run
        events = books.store.events(run.seq, types=["task.finished"], subject=run.request)
        self._recorded = {(e.data["host"], e.data["ordinal"]) for e in events if e.data["run"] == run.id}
        self._held: list[Draft] = []

    def take(self, outcome: TaskOutcome | Veto) -> None:
        """Take one outcome, unless it is recorded already; a veto is a refusal, recorded at once."""
        if isinstance(outcome, Veto):
            self._held.append(_refusal(self._run, outcome))
            self.flush()
            return
        if (outcome.host, outcome.ordinal) in self._recorded:
            return
        name = f"{self._run.id}|{outcome.host}|{outcome.ordinal}"
        ident = uuid7(outcome.started_at, hashlib.sha256(name.encode()).digest()[:10])
        self._held.append(Draft(ident, "task.finished", self._run.request, SYSTEM, _data(self._run.id, outcome)))
        if len(self._held) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Append what is held."""
        if self._held:
            self._books.tell(self._held)
            self._held.clear()


def _refusal(run: Run, veto: Veto) -> Draft:
    """Give the refusal that a veto is: the same event however often it is told."""
    named = "|".join((run.id, veto.host, veto.task, veto.reason))
    ident = uuid7(veto.at, hashlib.sha256(named.encode()).digest()[:10])
    said = asdict(veto)
    reason, at = said.pop("reason"), said.pop("at")
    data = {"act": "task", "run": run.id, "reasons": [reason], "clock": at.isoformat(), **said}
    return Draft(ident, "gate.refused", run.request, SYSTEM, data)


def close_run(
    books: Books,
    run: Run,
    outcomes: Sequence[HostOutcome],
    tampered: Sequence[str] = (),
    left: Mapping[str, Mapping[str, str]] | None = None,
) -> Run:
    """Record a run's end with the truth about each host, and so free its hosts; a run that has ended stays as it is.

    Args:
        books: Ledger and court.
        run: Which.
        outcomes: One for each of its hosts.
        tampered: Files of the sealed copy that changed while it ran.
        left: Host → object → what it holds now.
    """
    hosts, stopped = {o.host: o.outcome for o in outcomes}, any(o.stopped for o in outcomes)
    ident = books.new_id(books.now())
    data = {
        "run": run.id,
        "outcome": outcome_of(hosts, stopped=stopped),
        "hosts": hosts,
        "stopped": stopped,
        "tampered": list(tampered),
        "left": left or {},
    }
    blobs = [books.blob(f"reason:{o.host}", o.reason) for o in outcomes if o.reason]

    def judged(court: Court, _at: Instant) -> list[Draft]:
        going_on = court.runs[run.id].outcome == RUNNING
        return [Draft(ident, "run.finished", run.request, SYSTEM, data, blobs)] if going_on else []

    court, _events = books.settle(judged)
    books.protect()
    return court.runs[run.id]


def nothing_more(run: Run) -> None:
    """Tell no more of a run than its tasks and its end."""


def bury_dead(
    books: Books, engine: Engine, locks: RunLocks, before_end: Callable[[Run], None] = nothing_more
) -> tuple[str, ...]:
    """Record the end of every run that the ledger calls running and that no process carries on; gives their ids."""
    going_on = [run for run in books.court().runs.values() if run.outcome == RUNNING]
    return tuple(run.id for run in going_on if _bury(books, engine, locks, run, before_end))


def _bury(books: Books, engine: Engine, locks: RunLocks, run: Run, before_end: Callable[[Run], None]) -> bool:
    with locks.bury(run.id) as dead:
        if not dead or books.court().runs[run.id].outcome != RUNNING:
            return False
        recorder = Recorder(books, run)
        outcomes = engine.recall(sorted(run.hosts or {}), run.id, recorder.take)
        recorder.flush()
        before_end(run)
        close_run(books, run, outcomes)
        return True


def _data(run: str, o: TaskOutcome) -> dict[str, object]:
    return {
        "run": run,
        "host": o.host,
        "ordinal": o.ordinal,
        "task": o.task,
        "module": o.module,
        "item": o.item,
        "args": o.args,
        "kind": o.kind,
        "predicted": o.predicted.value if o.predicted else "",
        "before": o.before,
        "after": o.after,
        "objects": list(o.objects),
        "started": o.started_at.isoformat(),
        "ended": o.ended_at.isoformat(),
    }
