"""The court as the ledger tells it: every event folded, in order, into what is true now.

The rule this module keeps:

- State has no other source than events, and folding the same events gives the same court.
- The fold believes the ledger; whether an event was allowed is ``authority``'s question, asked by the gate before an
  event is written and by the verifier after.

Longer than other modules: one short function for each type of event, all of one kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from sopti_runner.domain import access
from sopti_runner.domain.access import Access
from sopti_runner.domain.approval import Approval
from sopti_runner.domain.calendar import Calendar
from sopti_runner.domain.emergency import Decree
from sopti_runner.domain.emergency_course import COURSE, ended, registered
from sopti_runner.domain.governance import Proposal
from sopti_runner.domain.holiday import CalendarYear, Override
from sopti_runner.domain.ledger.event import BlobRef, Event
from sopti_runner.domain.office import Appointment, Key, Person, Register, Status
from sopti_runner.domain.period import Zone
from sopti_runner.domain.policy import Policy, policy_from
from sopti_runner.domain.request import (
    ACT_OF,
    BEGINS,
    RUN_ENDS,
    TRANSITIONS,
    UNRATIFIED_ENDS,
    ActName,
    PlanRef,
    Request,
    Step,
)
from sopti_runner.domain.restoration import Restorations, begin_anew
from sopti_runner.domain.run import Run, leases, started
from sopti_runner.domain.sop import Sop
from sopti_runner.domain.time_rules import Instant

OVERTAKES = frozenset({ActName.PLAN, ActName.WITHDRAW, ActName.REVOKE})
"""Acts after which an earlier approval of the request is no longer usable."""

SAYS: Mapping[ActName, tuple[str, ...]] = {
    ActName.CLASSIFY: ("category", "change_type"),
    ActName.PRIORITISE: ("priority",),
    ActName.TRIAGE: ("category", "change_type", "priority"),
    ActName.CONSIDER: ("advice",),
    ActName.RESUBMIT: ("due",),
}
"""Act → what it says of the request; any other act that carries such a word changes nothing by it."""


@dataclass
class Court:
    """Everything the gate judges by.

    Attributes:
        origin: The log's name, fixed at init.
        zone: The court's zone; periods and days are counted in it.
        sop: The court's SOP: steps, offices, and who carries out which; None before genesis.
        years: Adopted calendar years.
        overrides: Local calendar overrides, in order.
        restorations: Copies of this ledger that were put back.
        nonces: Nonces of all statements, to refuse a replay.
        numbers: Year → number of requests registered in it.
        last: Clock reading of the last event, None for an empty log.
    """

    origin: str = ""
    vkey: str = ""
    zone: Zone = Zone.JAKARTA
    sop: Sop | None = None
    name: BlobRef | None = None
    place: BlobRef | None = None
    policy: Policy = field(default_factory=Policy)
    register: Register = field(default_factory=Register)
    years: dict[int, CalendarYear] = field(default_factory=dict)
    overrides: list[Override] = field(default_factory=list)
    witnesses: list[str] = field(default_factory=list)
    proposals: dict[str, Proposal] = field(default_factory=dict)
    requests: dict[str, Request] = field(default_factory=dict)
    approvals: dict[str, Approval] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    access: Access = field(default_factory=Access)
    decrees: dict[str, Decree] = field(default_factory=dict)
    restorations: Restorations = field(default_factory=Restorations)
    nonces: set[str] = field(default_factory=set)
    numbers: dict[int, int] = field(default_factory=dict)
    size: int = 0
    last: Instant | None = None

    @property
    def offices(self) -> tuple[str, ...]:
        """The court's offices, sorted."""
        return tuple(sorted(r.id for r in self.sop.preset.roles)) if self.sop else ()

    @property
    def leases(self) -> dict[str, str]:
        """Host → id of the run that has it now."""
        return leases(self.runs.values())

    def executor(self, step: str) -> str:
        """Give the office that carries out an SOP step, or an empty string before genesis."""
        return self.sop.executor(step).role if self.sop else ""

    @property
    def calendar(self) -> Calendar:
        """The court's calendar as adopted up to now."""
        return Calendar(self.zone, self.years, self.overrides, cut_off=self.policy.cut_off_hour)

    def today(self, now: datetime) -> date:
        """Give the day it is at ``now`` (aware UTC) in the court's zone."""
        return now.astimezone(self.zone.tz).date()

    def capacity(self, person: str, office: str, now: datetime) -> Appointment | None:
        """Give the appointment by which ``person`` holds ``office`` at ``now``, or None."""
        return self.register.capacity(person, office, now, self.today(now))

    def find_request(self, number: str) -> Request | None:
        """Give a request by its registration number or id."""
        if number in self.requests:
            return self.requests[number]
        return next((r for r in self.requests.values() if r.number.lower() == number.lower()), None)

    def apply(self, event: Event) -> None:
        """Fold one event; events of unknown type change nothing but size and clock."""
        nonce = event.data.get("nonce")
        if isinstance(nonce, str):
            self.nonces.add(nonce)
        if event.type in _FOLDS:
            _FOLDS[event.type](self, event)
        if event.type in access.FOLDS:
            access.FOLDS[event.type](self.access, event)
        if event.type in COURSE and event.subject in self.requests:
            self.requests[event.subject] = COURSE[event.type](self.requests[event.subject], event)
        if event.type in ACT_OF and ACT_OF[event.type] not in BEGINS:
            _step(self, event)
        self.restorations.note(event)
        self.size = event.seq + 1
        self.last = Instant(event.time, event.boot, event.mono)


def fold(events: Iterable[Event], court: Court | None = None) -> Court:
    """Fold events, in order, into a court (a new one unless given)."""
    court = court or Court()
    for event in events:
        court.apply(event)
    return court


def _blob(event: Event, name: str) -> BlobRef | None:
    return next((b for b in event.blobs if b.name == name), None)


def _created(court: Court, event: Event) -> None:
    data = event.data
    court.origin, court.vkey, court.zone = event.log, data["vkey"], Zone(data["zone"])
    court.name, court.place = _blob(event, "court"), _blob(event, "place")
    court.sop = Sop.from_data(data["sop"])
    court.policy = policy_from(data["policy"])
    for row in data["persons"]:
        keys = tuple(Key(k["fingerprint"], k["public"], event.seq) for k in row["keys"])
        court.register.enrol(Person(row["person"], _blob(event, f"name:{row['person']}"), keys))
        for n, post in enumerate(row["offices"]):
            ident = f"{event.id}/{row['person']}/{n}"
            court.register.appointments[ident] = Appointment(
                ident,
                row["person"],
                post["office"],
                Status(post["status"]),
                date.fromisoformat(post["first"]),
                date.fromisoformat(post["last"]) if post["last"] else None,
                event.time,
            )


def _proposed(court: Court, event: Event) -> None:
    court.proposals[event.id] = Proposal(
        event.id,
        event.data["kind"],
        event.data["content"],
        {b.name: b for b in event.blobs},
        event.actor.person,
        event.time,
        event.seq,
    )


def _confirmed(court: Court, event: Event) -> None:
    proposal = replace(court.proposals[event.subject], confirmed=True)
    court.proposals[proposal.id] = proposal
    _EFFECTS[proposal.kind](court, proposal, event)


def _enrol(court: Court, proposal: Proposal, event: Event) -> None:
    key = proposal.data["key"]
    keys = (Key(key["fingerprint"], key["public"], event.seq),)
    court.register.enrol(Person(proposal.data["person"], proposal.texts.get("name"), keys))


def _retire_key(court: Court, proposal: Proposal, event: Event) -> None:
    compromised = proposal.data["compromised_from"]
    court.register.retire_key(proposal.data["fingerprint"], event.seq if compromised is None else int(compromised))


def _appoint(court: Court, proposal: Proposal, event: Event) -> None:
    data = proposal.data
    court.register.appointments[proposal.id] = Appointment(
        proposal.id,
        data["person"],
        data["office"],
        Status(data["status"]),
        date.fromisoformat(data["first"]),
        date.fromisoformat(data["last"]) if data["last"] else None,
        event.time,
    )


def _end_appointment(court: Court, proposal: Proposal, event: Event) -> None:
    held = court.register.appointments.get(proposal.data["appointment"])
    if held:
        last = date.fromisoformat(proposal.data["last"])
        court.register.appointments[held.id] = replace(held, last=last if held.last is None else min(held.last, last))


def _policy(court: Court, proposal: Proposal, event: Event) -> None:
    court.policy = policy_from(proposal.data["policy"])


def _calendar(court: Court, proposal: Proposal, event: Event) -> None:
    year = CalendarYear.from_data(proposal.data["year"])
    court.years[year.year] = year


def _calendar_override(court: Court, proposal: Proposal, event: Event) -> None:
    data = proposal.data
    day = date.fromisoformat(data["date"])
    court.overrides.append(Override(day, not data["working"], "", data["legal_number"]))


def _sop_step(court: Court, proposal: Proposal, event: Event) -> None:
    if court.sop:
        court.sop = court.sop.confirm(proposal.data["step"], proposal.data["office"])


def _nothing(court: Court, proposal: Proposal, event: Event) -> None:
    """A corrected clock and an erasure need no more than their events."""


_EFFECTS: Mapping[str, Callable[[Court, Proposal, Event], None]] = {
    "enrol": _enrol,
    "key": _enrol,
    "retire_key": _retire_key,
    "appoint": _appoint,
    "end_appointment": _end_appointment,
    "policy": _policy,
    "calendar": _calendar,
    "calendar_override": _calendar_override,
    "step": _sop_step,
    "witness": lambda court, proposal, event: court.witnesses.append(proposal.data["vkey"]),
    "clock": _nothing,
    "erase": _nothing,
    "decree": lambda court, proposal, event: registered(court.decrees, proposal, event),
    "end_decree": lambda court, proposal, event: ended(court.decrees, proposal),
    "restore": begin_anew,
}


def _registered(court: Court, event: Event) -> None:
    data = event.data
    number, year = int(data["number"]), int(data["year"])
    court.numbers[year] = max(court.numbers.get(year, 0), number)
    court.requests[event.subject] = Request(
        id=event.subject,
        number=f"REG-{year}-{number:04d}",
        kind=data["kind"],
        requester=data.get("requester") or event.actor.person,
        state=BEGINS[ACT_OF[event.type]],
        due=data["due"],
        category=data["category"],
        texts={b.name: b for b in event.blobs},
        steps=(_as_step(event),),
    )


def _as_step(event: Event) -> Step:
    proof = event.data.get("proof") or {}
    act = ACT_OF[event.type].value if event.type in ACT_OF else event.type
    return Step(act, event.seq, event.time, event.actor.person, event.actor.capacity, proof.get("kind", ""))


def _step(court: Court, event: Event) -> None:
    """Move the request an act is about; what the act says replaces what was said before."""
    request = court.requests.get(event.subject)
    if request is None:
        return
    act, data = ACT_OF[event.type], event.data
    moved = replace(
        request,
        state=TRANSITIONS.get((request.state, act), request.state),
        steps=(*request.steps, _as_step(event)),
        texts={**request.texts, **{b.name: b for b in event.blobs}},
        **{k: data[k] for k in SAYS.get(act, ()) if k in data},
    )
    if act is ActName.PLAN:
        moved = replace(moved, plan=_plan_ref(event), advice="", advised_by="", advised_plan="")
    if act is ActName.CONSIDER:
        moved = replace(moved, advised_by=event.actor.person, advised_plan=data["plan"])
    if act in OVERTAKES and request.approval:
        court.approvals[request.approval] = replace(court.approvals[request.approval], revoked=True)
        moved = replace(moved, approval="")
    if act is ActName.APPROVE:
        moved = replace(moved, approval=event.id)
    court.requests[request.id] = moved


def _plan_ref(event: Event) -> PlanRef:
    data, blob = event.data, _blob(event, "plan")
    assert blob is not None, "a planned event carries its plan"
    return PlanRef(
        data["plan"],
        data["playbook"],
        data["sealed"],
        tuple(data["hosts"]),
        blob,
        int(data["counts"]["failed"]),
        event.seq,
        event.time,
        event.actor.person,
    )


def _approved(court: Court, event: Event) -> None:
    data = event.data
    court.approvals[event.id] = Approval(
        id=event.id,
        request=event.subject,
        plan=data["plan"],
        hosts=tuple(data["hosts"]),
        not_before=datetime.fromisoformat(data["not_before"]),
        expires=datetime.fromisoformat(data["expires"]),
        person=event.actor.person,
        capacity=event.actor.capacity,
        key=data["proof"]["key"],
        seq=event.seq,
        waived=tuple(data.get("waived", ())),
    )


def _run_started(court: Court, event: Event) -> None:
    court.runs[event.id] = run = started(event)
    if run.approval:
        court.approvals[run.approval] = replace(court.approvals[run.approval], used_by=run.id)


def _run_cancelled(court: Court, event: Event) -> None:
    run = court.runs[event.data["run"]]
    court.runs[run.id] = replace(run, cancelled_by=event.actor.person)


def _run_finished(court: Court, event: Event) -> None:
    data = event.data
    run = court.runs[data["run"]]
    court.runs[run.id] = replace(
        run, outcome=data["outcome"], ended_at=event.time, hosts=data["hosts"], stopped=data.get("stopped", False)
    )
    request, ends = court.requests[run.request], RUN_ENDS[data["outcome"]]
    waits = request.emergency is not None and request.emergency.waits
    state = UNRATIFIED_ENDS[ends] if waits else ends
    court.requests[request.id] = replace(request, state=state, steps=(*request.steps, _as_step(event)))


_FOLDS: Mapping[str, Callable[[Court, Event], None]] = {
    "court.created": _created,
    "governance.proposed": _proposed,
    "governance.confirmed": _confirmed,
    "clock.corrected": _confirmed,
    "log.restored": _confirmed,
    "request.registered": _registered,
    "emergency.declared": _registered,
    "emergency.recorded": _registered,
    "request.approved": _approved,
    "run.started": _run_started,
    "run.cancelled": _run_cancelled,
    "run.finished": _run_finished,
}
"""Event type → what it changes, before the request itself moves."""
