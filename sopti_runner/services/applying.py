"""Applying: the gate's decision, then the run, then the truth about it; never twice for one approval."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace

from sopti_runner.access_ports import Escort
from sopti_runner.domain.authority import Act, judge
from sopti_runner.domain.court import Court
from sopti_runner.domain.gate import Authority, Evidence, Refusal, decide
from sopti_runner.domain.ledger.event import SYSTEM, Draft
from sopti_runner.domain.plan import Plan
from sopti_runner.domain.reason import Reason
from sopti_runner.domain.request import ActName, Request
from sopti_runner.domain.run import GOOD, NOT_STARTED, UNKNOWN, Run, outcome_of
from sopti_runner.domain.statement import Proof, ProofKind, parse_statement
from sopti_runner.domain.time_rules import Instant
from sopti_runner.errors import N_, DeviceError, ExecutionError, IntegrityError, RefusedError, SoptiError
from sopti_runner.ports import Content, Engine, HostOutcome, Progress, RunLock, Sealed, StatementSigner, TaskOutcome
from sopti_runner.services.access import on_own_keys
from sopti_runner.services.acts import Acts
from sopti_runner.services.books import Books, actor_of, who_tried
from sopti_runner.services.planning import errand, find, record_read, sealed_of, stored_plan

BATCH = 100
"""Task events appended in one transaction while a run goes on."""


class Applying:
    """Carry out an approved plan.

    Args:
        acts: The court's acts.
        content: Playbooks and sealed copies.
        engine: Ansible.
        lock: Held for the length of a run; a run whose lock is free is over, whatever the ledger still says.
        audit: Gives what is wrong with the ledger, or empty: whoever can write events could write an approval, too.
        escort: Gives the engine what opens the hosts.
    """

    def __init__(
        self,
        acts: Acts,
        content: Content,
        engine: Engine,
        lock: RunLock,
        audit: Callable[[Books], str],
        *,
        escort: Escort = on_own_keys,
    ) -> None:
        self.acts, self.books, self.content, self.engine, self.lock = acts, acts.books, content, engine, lock
        self.audit, self.escort = audit, escort

    def apply(self, number: str, signer: StatementSigner, progress: Progress) -> Run:
        """Decide, run, record.

        Raises:
            RefusedError: The gate said no; recorded, no host touched.
            LedgerError: The ledger can't take the start; no host touched.
        """
        with ExitStack() as held:
            self._hold(held, number)
            self.bury_dead()
            court = self.books.court()
            request = find(court, number)
            owner = court.register.owner(signer.fingerprint)
            plan, evidence = self._look(request)
            start = self._start_act(request, owner.id if owner else "", plan, signer)
            self._require(self.books.court(), self.books.now(), start, request, replace(evidence, drift=()))
            if plan is None:
                raise IntegrityError(N_("The stored plan can't be read"), on=request.number, next="sopti ledger verify")
            evidence = self._compare_hosts(request, plan, evidence)
            run = self._start(start, request, evidence)
            return self._carry_out(run, plan, sealed_of(request, plan), progress)

    def _hold(self, held: ExitStack, number: str) -> None:
        """Take the lock; when another run has it, this start is refused as any other is."""
        try:
            held.enter_context(self.lock.hold())
        except RefusedError as busy:
            request = find(self.books.court(), number)
            data = {"act": "start", "approval": request.approval}
            why = [reason for reason in busy.reasons if isinstance(reason, Reason)]
            self.books.refuse(request.id, SYSTEM, why, N_("The gate refuses; no host was touched"), data)

    def bury_dead(self) -> tuple[str, ...]:
        """Record runs as interrupted that the ledger calls running; only while the lock is ours. Gives their ids."""
        dead = [r for r in self.books.court().runs.values() if r.outcome == "running"]
        for run in dead:
            recorder = _Recorder(self.books, run.id, run.request, self._recorded(run))
            outcomes = self.engine.recall(sorted(run.hosts or {}), run.id, recorder.take)
            recorder.flush()
            self._close(run, outcomes)
        return tuple(run.id for run in dead)

    def _recorded(self, run: Run) -> frozenset[tuple[str, int]]:
        """Give (host, ordinal) of the tasks of a run that the ledger has already."""
        events = self.books.store.events(run.seq, types=["task.finished"], subject=run.request)
        return frozenset((e.data["host"], e.data["ordinal"]) for e in events if e.data["run"] == run.id)

    def _look(self, request: Request) -> tuple[Plan | None, Evidence]:
        """Gather what the gate judges without touching a host."""
        ledger = self.audit(self.books)
        try:
            plan = stored_plan(self.books, request)
        except SoptiError:
            return None, Evidence(plan="", drift=None, ledger=ledger)
        assert request.plan is not None, "a stored plan has a reference"
        evidence = Evidence(
            plan=request.plan.digest,
            altered=tuple(
                self.content.compare(request.plan.sealed, plan.playbook, limit=plan.hosts, variables=plan.variables)
            ),
            tampered=tuple(self.content.altered(request.plan.sealed)),
            drift=None,
            ledger=ledger,
        )
        return plan, evidence

    def _compare_hosts(self, request: Request, plan: Plan, evidence: Evidence) -> Evidence:
        try:
            with self.escort(self.engine, errand(request, plan.hosts)) as engine:
                drift = tuple(engine.drift(plan, sealed_of(request, plan)))
        except (DeviceError, ExecutionError) as error:
            record_read(self.books, "compare", request, plan.hosts, "failed")
            return replace(evidence, unchecked=((error.on or ", ".join(plan.hosts), str(error)),), drift=())
        record_read(self.books, "compare", request, plan.hosts, "drift" if drift else "ok")
        return replace(evidence, drift=drift)

    def _start_act(self, request: Request, executor: str, plan: Plan | None, signer: StatementSigner) -> Act:
        data = {
            "approval": request.approval,
            "plan": request.plan.digest if request.plan else "",
            "hosts": list(plan.hosts) if plan else [],
        }
        waiting = self.acts.prepare(ActName.START, person=executor, subjects=[request.id], data=data, display="")
        said = parse_statement(waiting.statement)
        proof = Proof(ProofKind.SIGNATURE, executor, signer.fingerprint, signer.sign(waiting.statement))
        return Act(said.act, said.subjects, said.person, said.office, said.data, waiting.statement, proof)

    def _start(self, start: Act, request: Request, evidence: Evidence) -> Run:
        """Take the approval and record the start in one transaction, or refuse."""
        books = self.books
        ident = books.new_id(books.now())
        data = {
            **start.data,
            "claims": [["approval", request.approval]],
            "statement": start.raw.decode("utf-8"),
            "proof": start.proof.to_data(),
            "nonce": parse_statement(start.raw).nonce,
        }

        def judged(court: Court, at: Instant) -> list[Draft]:
            moment = self._require(court, at, start, request, evidence)
            return [Draft(ident, "run.started", request.id, actor_of(court, start, moment), data)]

        court, _events = books.settle(judged)
        books.protect()
        return court.runs[ident]

    def _require(self, court: Court, at: Instant, start: Act, request: Request, evidence: Evidence) -> Instant:
        """Ask the gate, and whether the executor may act at all; refuse with every reason or give the moment judged."""
        request = court.requests[request.id]
        authority = Authority(court, request, court.approvals.get(request.approval), start.person, start.office)
        decision = decide(authority, evidence, at)
        reasons = decision.reasons if isinstance(decision, Refusal) else ()
        said = {r.code for r in reasons} | {"wrong_office", "not_in_office"}
        moment = self.books.believed(court, at)
        judged = [r for r in judge(court, start, moment.time) if r.code not in said]
        reasons = (*self.books.outside_reasons(court), *reasons, *judged)
        if reasons:
            data = {"act": "start", "approval": request.approval, "plan": start.data["plan"]}
            actor = who_tried(court, start, moment, reasons)
            self.books.refuse(request.id, actor, reasons, N_("The gate refuses; no host was touched"), data)
        return moment

    def _carry_out(self, run: Run, plan: Plan, sealed: Sealed, progress: Progress) -> Run:
        recorder = _Recorder(self.books, run.id, run.request)
        outcomes: Sequence[HostOutcome] = [HostOutcome(h, NOT_STARTED, "no certificate") for h in plan.hosts]
        left: Mapping[str, Mapping[str, str]] = {}
        why = errand(self.books.court().requests[run.request], plan.hosts, run.id, plan)
        try:
            with self.escort(self.engine, why) as engine:
                outcomes = [HostOutcome(h, UNKNOWN, "the run did not end") for h in plan.hosts]
                outcomes = engine.apply(plan, sealed, run.id, recorder.take, progress)
                left = self._left(engine, plan, sealed, [o.host for o in outcomes if o.outcome in GOOD])
        finally:
            recorder.flush()
            tampered = self.content.altered(sealed.id)
            finished = self._close(run, outcomes, tampered, left)
        if tampered:
            raise IntegrityError(
                N_("The sealed copy changed while it ran"),
                on=run.id,
                found=", ".join(tampered),
                next=f"sopti trace {run.request}",
            )
        return finished

    def _left(self, engine: Engine, plan: Plan, sealed: Sealed, hosts: Sequence[str]) -> dict[str, dict[str, str]]:
        """Look at what the run left, so that a later trace can say whether it still stands; nothing when it can't."""
        try:
            seen = engine.observe(plan, sealed, hosts) if hosts else {}
        except (DeviceError, ExecutionError):
            return {}
        return {host: {name: state.before for name, state in states.items()} for host, states in seen.items()}

    def _close(
        self,
        run: Run,
        outcomes: Sequence[HostOutcome],
        tampered: Sequence[str] = (),
        left: Mapping[str, Mapping[str, str]] | None = None,
    ) -> Run:
        books, hosts = self.books, {o.host: o.outcome for o in outcomes}
        stopped = any(o.stopped for o in outcomes)
        blobs = [books.blob(f"reason:{o.host}", o.reason) for o in outcomes if o.reason]
        data = {
            "run": run.id,
            "outcome": outcome_of(hosts, stopped=stopped),
            "hosts": hosts,
            "stopped": stopped,
            "tampered": list(tampered),
            "left": left or {},
        }
        court = books.tell([Draft(books.new_id(books.now()), "run.finished", run.request, SYSTEM, data, blobs)])
        books.protect()
        return court.runs[run.id]


class _Recorder:
    """Collects task outcomes and appends them in batches; what is flushed is in the ledger."""

    def __init__(
        self, books: Books, run: str, request: str, recorded: frozenset[tuple[str, int]] = frozenset()
    ) -> None:
        self.books, self.run, self.request, self.recorded = books, run, request, recorded
        self.held: list[TaskOutcome] = []

    def take(self, outcome: TaskOutcome) -> None:
        """Take one outcome, unless it is recorded already."""
        if (outcome.host, outcome.ordinal) in self.recorded:
            return
        self.held.append(outcome)
        if len(self.held) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Append what is held."""
        if not self.held:
            return
        at = self.books.now()
        drafts = [Draft(self.books.new_id(at), "task.finished", self.request, SYSTEM, self._data(o)) for o in self.held]
        self.books.tell(drafts)
        self.held.clear()

    def _data(self, o: TaskOutcome) -> dict[str, object]:
        return {
            "run": self.run,
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
