"""Applying: the gate's decision, then the run, then the truth about it; never twice for one approval."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from sopti_runner.domain.authority import Act, judge
from sopti_runner.domain.court import Court
from sopti_runner.domain.derived import derived
from sopti_runner.domain.gate import Authority, Evidence, Refusal, decide
from sopti_runner.domain.hand_work import not_by_machine
from sopti_runner.domain.ledger.event import Draft
from sopti_runner.domain.plan import Plan
from sopti_runner.domain.reason import Reason
from sopti_runner.domain.request import ActName, Request
from sopti_runner.domain.run import GOOD, Run
from sopti_runner.domain.standing import start_claims, start_words
from sopti_runner.domain.statement import Proof, ProofKind, parse_statement
from sopti_runner.domain.time_rules import Instant
from sopti_runner.errors import N_, DeviceError, ExecutionError, IntegrityError, SoptiError
from sopti_runner.ports import Content, Engine, HostOutcome, Progress, Sealed, StatementSigner
from sopti_runner.ports.access import Escort
from sopti_runner.ports.runs import RunLocks
from sopti_runner.services.access import on_own_keys
from sopti_runner.services.acts import Acts
from sopti_runner.services.books import Books, actor_of, who_tried
from sopti_runner.services.ending import Recorder, bury_dead, close_run, nothing_more
from sopti_runner.services.planning import errand, find, record_read, sealed_of, shuts, stored_plan


class Applying:
    """Carry out an approved plan.

    Args:
        acts: The court's acts.
        content: Playbooks and sealed copies.
        engine: Ansible.
        locks: Each run's, held while it goes on; a run whose lock is free is over, whatever the ledger still says.
        audit: Gives what is wrong with the ledger, or empty: whoever can write events could write an approval, too.
        escort: Gives the engine what opens the hosts.
        way: Gives why a plan is not one that this engine carries out.
        before_end: Records what else is to be told of a run before its end is recorded.
    """

    def __init__(
        self,
        acts: Acts,
        content: Content,
        engine: Engine,
        locks: RunLocks,
        audit: Callable[[Books], str],
        *,
        escort: Escort = on_own_keys,
        way: Callable[[Plan], tuple[Reason, ...]] = not_by_machine,
        before_end: Callable[[Run], None] = nothing_more,
    ) -> None:
        self.acts, self.books, self.content, self.engine, self.locks = acts, acts.books, content, engine, locks
        self.audit, self.escort, self.way, self.before_end = audit, escort, way, before_end

    def apply(self, number: str, signer: StatementSigner, progress: Progress) -> Run:
        """Decide, run, record.

        Raises:
            RefusedError: The gate said no; recorded, no host touched.
            LedgerError: The ledger can't take the start; no host touched.
        """
        self.bury_dead()
        court = self.books.court()
        request = find(court, number)
        owner = court.register.owner(signer.fingerprint)
        plan, evidence = self._look(request)
        start = self._start_act(request, owner.id if owner else "", plan, signer)
        self._require(self.books.court(), self.books.now(), start, request, replace(evidence, drift=()))
        if plan is None:
            raise IntegrityError(N_("The stored plan can't be read"), on=request.number, next="sopti ledger verify")
        compared_at = self.books.court().size
        evidence = self._compare_hosts(request, plan, evidence)
        ident = self.books.new_id(self.books.now())
        with self.locks.hold(ident):
            run = self._start(ident, start, request, evidence, compared_at)
            return self._carry_out(run, plan, sealed_of(request, plan), progress)

    def bury_dead(self) -> tuple[str, ...]:
        """Record the end of runs that died without a word; gives their ids."""
        return bury_dead(self.books, self.engine, self.locks, self.before_end)

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
            way=self.way(plan),
            shuts=shuts(plan),
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
        data = start_words(request, self.books.court().approvals.get(request.approval))
        waiting = self.acts.prepare(ActName.START, person=executor, subjects=[request.id], data=data, display="")
        said = parse_statement(waiting.statement)
        proof = Proof(ProofKind.SIGNATURE, executor, signer.fingerprint, signer.sign(waiting.statement))
        return Act(said.act, said.subjects, said.person, said.office, said.data, waiting.statement, proof)

    def _start(self, ident: str, start: Act, request: Request, evidence: Evidence, compared_at: int) -> Run:
        """Take the approval and all hosts and record the start in one transaction, or refuse.

        Args:
            ident: Id of the run.
            start: Signed by the executor.
            request: Which request.
            evidence: What was found.
            compared_at: Size of the ledger when the hosts began to be compared: a later run on them spoils that.
        """
        books = self.books
        data = {
            **start.data,
            "claims": start_claims(request),
            "statement": start.raw.decode("utf-8"),
            "proof": start.proof.to_data(),
            "nonce": parse_statement(start.raw).nonce,
            "containment": self.engine.containment,
        }

        def judged(court: Court, at: Instant) -> list[Draft]:
            later = {host for run in court.runs.values() if run.seq >= compared_at for host in run.hosts or {}}
            stale = bool(later & set(start.data["hosts"]))
            moment = self._require(court, at, start, request, replace(evidence, drift=None) if stale else evidence)
            follows = derived(court, start, request.id, moment.time)
            return [Draft(ident, "run.started", request.id, actor_of(court, start, moment), {**data, **follows})]

        court, _events = books.settle(judged)
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
        recorder = Recorder(self.books, run)
        why = errand(self.books.court().requests[run.request], plan.hosts, run.id, plan)
        outcomes: Sequence[HostOutcome] | None = None
        left: Mapping[str, Mapping[str, str]] = {}
        try:
            self.books.protect()
            with self.escort(self.engine, why) as engine:
                outcomes = engine.apply(plan, sealed, run.id, recorder.take, progress)
                left = self._left(engine, plan, sealed, [o.host for o in outcomes if o.outcome in GOOD])
        finally:
            if outcomes is None:
                outcomes = self.engine.recall(plan.hosts, run.id, recorder.take)
            recorder.flush()
            self.before_end(run)
            tampered = self.content.altered(sealed.id)
            finished = close_run(self.books, run, outcomes, tampered, left)
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
