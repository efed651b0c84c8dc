"""Authority: may this person do this act, now, in this court?

The rule this module keeps:

- ``judge`` is pure and total: it gives every reason at once, an empty tuple means yes, and it is asked twice with the
  same answer: before an act is written, and by a verifier over the stored events.
- Persons are compared, never accounts or keys. Approver ≠ executor is absolute; requester or adviser as approver is
  refused unless the court waived it by a dated, two-signature policy.
- A statement must say what the act does, for this log, under this policy, with a nonce never seen before.
- What is let through can be folded: an act's own words are checked here, because nothing can be taken out of a ledger.

Longer than other modules, so that every reason to refuse an act can be read in one place from top to bottom.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sopti_runner.domain import emergency_rules, governance, restoration, sshsig, standing
from sopti_runner.domain.act_content import malformed_plan, malformed_record, missing_words, unknown_words
from sopti_runner.domain.court import Court
from sopti_runner.domain.governance import Proposal
from sopti_runner.domain.reason import Reason
from sopti_runner.domain.request import ACT_NAMES, BEGINS, RULES, ActName, Request
from sopti_runner.domain.run import RUNNING
from sopti_runner.domain.statement import (
    NAMESPACE,
    Proof,
    ProofKind,
    Statement,
    parse_statement,
    parse_texts,
    readable_statement,
)
from sopti_runner.domain.time_rules import JUMP, TOLERANCE
from sopti_runner.errors import N_, UsageError


@dataclass(frozen=True, slots=True)
class Act:
    """An act as it is put before the ledger.

    Attributes:
        name: An ``ActName`` value, ``propose`` or ``confirm``.
        subjects: Request ids, or one proposal id.
        data: What the event will carry besides statement and proof.
        raw: The exact statement bytes that were signed.
    """

    name: str
    subjects: tuple[str, ...]
    person: str
    office: str
    data: Mapping[str, Any]
    raw: bytes
    proof: Proof


def judge(court: Court, act: Act, now: datetime) -> tuple[Reason, ...]:
    """Give every reason why an act may not be recorded; none means it may.

    Args:
        court: What the ledger says up to here.
        act: The act with its proof.
        now: Time of the event that would record it, aware UTC.
    """
    reasons = [*_statement_reasons(court, act), *unknown_words(court, act), *_proof_reasons(court, act, now)]
    if act.name in (governance.PROPOSE, governance.CONFIRM):
        reasons += _governance_reasons(court, act, now)
    elif act.name in ACT_NAMES:
        reasons += _request_reasons(court, act, now)
    else:
        reasons.append(Reason("act_unknown", N_("There is no act {act}"), {"act": act.name}))
    return tuple(reasons)


BY_DECREE = frozenset({ActName.DECLARE, ActName.PLAN, ActName.START, ActName.CANCEL})
"""Acts that a decree gives to offices of its own."""


def offices_for(court: Court, act: ActName, decree: str = "") -> tuple[str, ...]:
    """Give the offices that may do an act in this court, sorted; ``decree`` is what the act rests on, if anything."""
    if act in BY_DECREE and decree in court.decrees:
        return court.decrees[decree].offices
    return tuple(sorted({court.executor(step) for step in RULES[act].steps}))


def no_office(court: Court, person: str, act: ActName, now: datetime, decree: str = "") -> tuple[Reason, ...]:
    """Give why a person can't do an act in any office that they hold now; empty when they can."""
    offices = offices_for(court, act, decree)
    if any(court.capacity(person, office, now) for office in offices):
        return ()
    fields = {"person": person, "office": ", ".join(offices)}
    return (Reason("not_in_office", N_("{person} does not hold the office {office} now"), fields, offices),)


def _statement_reasons(court: Court, act: Act) -> Iterable[Reason]:
    try:
        said = parse_statement(act.raw)
    except ValueError as error:
        yield Reason("statement_malformed", N_("The signed statement can't be read: {why}"), {"why": str(error)})
        return
    pairs = {
        "log": (said.log, court.origin),
        "act": (said.act, act.name),
        "subjects": (said.subjects, act.subjects),
        "person": (said.person, act.person),
        "office": (said.office, act.office),
        "policy": (said.policy, court.policy.digest),
        "data": (dict(said.data), dict(act.data)),
    }
    for key, (found, expected) in pairs.items():
        if found != expected:
            yield Reason("statement_differs", N_("The signed statement speaks of another {part}"), {"part": key})
    if said.nonce in court.nonces:
        yield Reason("statement_replayed", N_("This signed statement was used before"))
    if said.head_size > court.size:
        yield Reason("statement_ahead", N_("The signed statement names a ledger longer than this one"))


def _proof_reasons(court: Court, act: Act, now: datetime) -> Iterable[Reason]:
    proof = act.proof
    signer = court.register.persons.get(proof.by)
    key = signer.key(proof.key) if signer else None
    if key is None:
        yield Reason("key_unknown", N_("The signature is not by an enrolled key of {person}"), {"person": proof.by})
    elif not key.counts_at(court.size):
        yield Reason("key_retired", N_("The key {key} no longer counts"), {"key": proof.key})
    else:
        try:
            sshsig.verify(proof.armored, act.raw, namespace=NAMESPACE, allowed={key.public})
        except ValueError as error:
            yield Reason("signature_bad", N_("The signature does not verify: {why}"), {"why": str(error)})
    yield from _PROOF_RULES[proof.kind](court, act, now)


def _by_own_signature(court: Court, act: Act, now: datetime) -> Iterable[Reason]:
    if act.proof.by != act.person:
        yield Reason(
            "signer_differs", N_("The statement of {person} is signed by someone else"), {"person": act.person}
        )


def _by_attestation(court: Court, act: Act, now: datetime) -> Iterable[Reason]:
    if act.name in (governance.PROPOSE, governance.CONFIRM) or act.name not in court.policy.attested:
        yield Reason("signature_needed", N_("This act needs the person's own signature"), {"act": act.name})
    operator = court.executor("B1")
    if not court.capacity(act.proof.by, operator, now):
        yield Reason(
            "attester_no_office", N_("Only an operator in office may attest what someone else did"), who=(operator,)
        )


ON_PAPER = frozenset({ActName.APPROVE, ActName.GRANT, ActName.REJECT, ActName.RATIFY, ActName.REFUSE})
"""Decisions of officials that may be signed by hand."""


def _by_paper(court: Court, act: Act, now: datetime) -> Iterable[Reason]:
    if act.name not in ON_PAPER or not court.policy.paper:
        yield Reason("paper_not_accepted", N_("The policy does not accept this act on paper"), {"act": act.name})
    if "scan" not in parse_texts(act.raw):
        yield Reason("scan_missing", N_("An act on paper needs the scan of the signed page"))
    recorder, today = str(act.data.get("recorder", "")), court.today(now)
    requests = [court.requests[s] for s in act.subjects if s in court.requests]
    acted = {p for r in requests if r.emergency for p in r.emergency.persons}
    if act.proof.by in (act.person, recorder, *(r.plan.by for r in requests if r.plan), *acted):
        yield Reason(
            "second_person_needed",
            N_("The scan must be attested by a second person who neither recorded it nor made the plan"),
        )
    if not court.register.offices_of(recorder, now, today):
        yield Reason("recorder_missing", N_("An act on paper names who recorded it, somebody in office now"))
    if not court.register.offices_of(act.proof.by, now, today):
        yield Reason("second_no_office", N_("The second person holds no office now"))


_PROOF_RULES: Mapping[ProofKind, Callable[[Court, Act, datetime], Iterable[Reason]]] = {
    ProofKind.SIGNATURE: _by_own_signature,
    ProofKind.ATTESTED: _by_attestation,
    ProofKind.PAPER: _by_paper,
}


def _capacity_reasons(court: Court, act: Act, offices: tuple[str, ...], now: datetime) -> Iterable[Reason]:
    if act.office not in offices:
        yield Reason(
            "wrong_office",
            N_("In this court the act {act} belongs to: {offices}"),
            {"act": act.name, "offices": ", ".join(offices)},
            offices,
        )
    if not court.capacity(act.person, act.office, now):
        yield Reason(
            "not_in_office",
            N_("{person} does not hold the office {office} now"),
            {"person": act.person, "office": act.office},
            (act.office,),
        )


def _governance_reasons(court: Court, act: Act, now: datetime) -> Iterable[Reason]:
    yield from _capacity_reasons(court, act, court.offices, now)
    if len(act.subjects) != 1:
        yield Reason("one_proposal", N_("One signature is for exactly one proposal"))
        return
    proposal = court.proposals.get(act.subjects[0])
    if act.name == governance.PROPOSE:
        if proposal:
            yield Reason("proposed_before", N_("This proposal was made before"))
        yield from _proposal_reasons(court, str(act.data.get("kind")), act.data.get("content"))
        if act.data.get("kind") == "decree" and "decree" not in parse_texts(act.raw):
            yield Reason("decree_text_missing", N_("A decree is registered with its text"))
        return
    yield from _confirmation_reasons(court, act, proposal, now)


def _confirmation_reasons(court: Court, act: Act, proposal: Proposal | None, now: datetime) -> Iterable[Reason]:
    if proposal is None or proposal.confirmed:
        yield Reason("no_such_proposal", N_("There is no proposal that waits for this confirmation"))
        return
    if proposal.person == act.person:
        yield Reason("own_proposal", N_("Nobody confirms a proposal of their own"), who=court.offices)
    if governance.about(proposal) == act.person:
        yield Reason("own_benefit", N_("Nobody confirms a key or an office for themselves"), who=court.offices)
    said = readable_statement(act.raw)
    if said and said.head_size <= proposal.seq:
        yield Reason("confirmed_unseen", N_("The confirmation was signed before the proposal was in the ledger"))
    if said and proposal.kind == "clock" and not _signed_just_now(said, now):
        yield Reason("clock_moved", N_("The clock was set again after the confirmation was made; make it anew"))
    yield from _proposal_reasons(court, proposal.kind, proposal.data)


def _signed_just_now(said: Statement, now: datetime) -> bool:
    """Tell whether the clock still runs as it did when the statement was made: what was confirmed is this clock."""
    try:
        return -TOLERANCE <= now - datetime.fromisoformat(said.made_at) <= JUMP
    except (TypeError, ValueError):
        return False


def _proposal_reasons(court: Court, kind: str, content: Any) -> Iterable[Reason]:
    """Judge what is proposed; again at the confirmation, because the court may have changed in between."""
    steps = tuple(court.sop.preset.executors) if court.sop else ()
    try:
        governance.check_proposal(kind, content, court.offices, steps)
    except UsageError as error:
        yield Reason("proposal_malformed", N_("What is proposed can't be: {why}"), {"why": f"{error} {error.found}"})
        return
    if kind == restoration.KIND:
        yield from restoration.off_the_end(content, court.restorations.ends(court.size))
    if kind == "enrol" and content["person"] in court.register.persons:
        yield Reason("person_known", N_("This person is enrolled already; a further key is proposed as one of theirs"))
    if kind == "key" and content["person"] not in court.register.persons:
        yield Reason("person_unknown", N_("A further key is for a person who is enrolled"))
    if kind == "end_decree" and content["decree"] not in court.decrees:
        yield Reason("decree_unknown", N_("There is no such decree"))
    if kind in ("enrol", "key") and court.register.owner(content["key"]["fingerprint"]):
        yield Reason("key_taken", N_("A key belongs to one person, for good; this one is enrolled already"))


def _request_reasons(court: Court, act: Act, now: datetime) -> Iterable[Reason]:
    name = ActName(act.name)
    yield from _capacity_reasons(court, act, offices_for(court, name, emergency_rules.decree_of(court, act)), now)
    yield from missing_words(act, name)
    count = len(set(act.subjects))
    if count != len(act.subjects) or count < 1 or (count > 1 and name is not ActName.GRANT):
        yield Reason("one_request", N_("This act is about exactly one request"))
    if name in BEGINS:
        if any(s in court.requests for s in act.subjects):
            yield Reason("registered_before", N_("This request is registered already"))
        if name in _BEGINNINGS:
            yield from _BEGINNINGS[name](court, act, now)
        return
    for subject in act.subjects:
        request = court.requests.get(subject)
        if request is None:
            yield Reason("no_such_request", N_("There is no request {request}"), {"request": subject})
            continue
        yield from standing.out_of_order(request, name)
        for check in _CHECKS.get(name, ()):
            yield from check(court, act, request, now)


_BEGINNINGS: Mapping[ActName, Callable[[Court, Act, datetime], Iterable[Reason]]] = {
    ActName.DECLARE: emergency_rules.declared,
    ActName.RECORD: malformed_record,
}


def _technical(court: Court, act: Act, request: Request, now: datetime) -> Iterable[Reason]:
    yield from standing.without_change(request)


def _not_technical(court: Court, act: Act, request: Request, now: datetime) -> Iterable[Reason]:
    if request.technical and request.change_type:
        yield Reason(
            "technical_change",
            N_("Request {request} is a technical change and needs a plan"),
            {"request": request.number},
        )


def _separation(court: Court, act: Act, request: Request, now: datetime) -> Iterable[Reason]:
    """SOP: who asks, who advises, who approves and who carries out are different persons (B7 ≠ B8, B8 ≠ B9)."""
    today = court.today(now)
    if request.requester == act.person and not court.policy.waived("requester_approves", today):
        yield Reason(
            "approver_is_requester", N_("Who asked for it can't approve it"), who=offices_for(court, ActName.APPROVE)
        )
    if request.advised_by == act.person and not court.policy.waived("adviser_approves", today):
        yield Reason(
            "approver_is_adviser", N_("Who gave the advice can't approve"), who=offices_for(court, ActName.APPROVE)
        )
    if request.plan and request.plan.by == act.person:
        yield Reason(
            "approver_is_executor",
            N_("Who made the plan and will carry it out can't approve it"),
            who=offices_for(court, ActName.APPROVE),
        )


def _plan_bound(court: Court, act: Act, request: Request, now: datetime) -> Iterable[Reason]:
    plan = request.plan
    if plan is None or act.data.get("plan") != plan.digest:
        yield Reason("plan_differs", N_("The act names another plan than the request stands on"))
        return
    yield from standing.unpredicted(plan)


def _approval_bound(court: Court, act: Act, request: Request, now: datetime) -> Iterable[Reason]:
    if request.plan and act.data.get("hosts") != list(request.plan.hosts):
        yield Reason("hosts_differ", N_("The approval names other hosts than the plan"))
    if request.plan and request.advised_plan != request.plan.digest:
        yield Reason("advice_on_other_plan", N_("The advice was given on another plan"))
    try:
        opens = datetime.fromisoformat(act.data["not_before"])
        ends = datetime.fromisoformat(act.data["expires"])
        if opens >= ends or ends <= now or ends - now > timedelta(days=court.policy.validity_days):
            raise ValueError
    except (KeyError, TypeError, ValueError):
        yield Reason(
            "validity_wrong",
            N_("An approval ends in the future, after it begins, at most {days} days from now"),
            {"days": court.policy.validity_days},
        )
    if act.data.get("uses") != 1:
        yield Reason("uses_wrong", N_("An approval is for one use"))


def _plan_formed(court: Court, act: Act, request: Request, now: datetime) -> Iterable[Reason]:
    yield from malformed_plan(act)


def _start_bound(court: Court, act: Act, request: Request, now: datetime) -> Iterable[Reason]:
    approval = court.approvals.get(request.approval)
    if request.by_decree:
        yield from emergency_rules.may_not_start(court, request, act.person, now)
    elif approval is None:
        yield standing.no_approval(request, offices_for(court, ActName.APPROVE))
    if dict(act.data) != standing.start_words(request, approval):
        yield Reason("start_differs", N_("The start names another approval, plan or hosts than was approved"))


def _goes_on(court: Court, act: Act, request: Request, now: datetime) -> Iterable[Reason]:
    run = court.runs.get(str(act.data.get("run")))
    if run is None or run.request != request.id or run.outcome != RUNNING:
        yield Reason("run_over", N_("This run of the request is not going on"))


_Check = Callable[[Court, Act, Request, datetime], Iterable[Reason]]
_CHECKS: Mapping[ActName, tuple[_Check, ...]] = {
    ActName.PLAN: (_technical, _plan_formed, emergency_rules.within_decree),
    ActName.TRIAGE: (_not_technical,),
    ActName.GRANT: (_not_technical, _separation),
    ActName.CONSIDER: (_plan_bound,),
    ActName.APPROVE: (_plan_bound, _approval_bound, _separation),
    ActName.START: (_start_bound,),
    ActName.CANCEL: (_goes_on,),
    ActName.RATIFY: (emergency_rules.answerable,),
    ActName.REFUSE: (emergency_rules.answerable,),
}


def waivers_used(court: Court, request: Request, person: str) -> tuple[str, ...]:
    """Give the separations that an approval by ``person`` would need waived, sorted; recaps show them as dirangkap."""
    used = []
    if request.advised_by == person:
        used.append("adviser_approves")
    if request.requester == person:
        used.append("requester_approves")
    return tuple(used)
