"""Requests: their states, the acts that move them, and the one table that decides (SOP B1-B9).

The rule this module keeps:

- ``TRANSITIONS`` alone says which act may follow which state; nothing else compares states.
- PLAN is the step the SOP's "Daftar Usulan Pemenuhan" needs and no step of it makes; requests without a technical
  change go ``triage → grant → fulfil`` and never meet it.
- A run that did not reach every host sends the request back to where only PLAN leads on.
- A declared emergency is planned and run by a decree; after its run nothing follows but ratification, or its refusal.

Longer than other modules: the tables of states, acts, offices, events and words are read side by side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sopti_runner.domain.change import ChangeType
from sopti_runner.domain.emergency import Emergency
from sopti_runner.domain.ledger.event import BlobRef
from sopti_runner.errors import N_


class State(StrEnum):
    """Where a request stands."""

    REGISTERED = "registered"
    DISPOSED = "disposed"
    EXAMINED = "examined"
    CLASSIFIED = "classified"
    VERIFIED = "verified"
    PRIORITISED = "prioritised"
    PLANNED = "planned"
    CONSIDERED = "considered"
    APPROVED = "approved"
    RUNNING = "running"
    DONE = "done"
    PARTIAL = "partial"
    RETURNED = "returned"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    TRIAGED = "triaged"
    GRANTED = "granted"
    CLOSED = "closed"
    DECLARED = "declared"
    READIED = "readied"
    UNRATIFIED = "unratified"
    UNRATIFIED_PART = "unratified_part"


class ActName(StrEnum):
    """What a person can do to a request."""

    REGISTER = "register"
    DISPOSE = "dispose"
    EXAMINE = "examine"
    CLASSIFY = "classify"
    VERIFY = "verify"
    PRIORITISE = "prioritise"
    PLAN = "plan"
    CONSIDER = "consider"
    APPROVE = "approve"
    REVOKE = "revoke"
    START = "start"
    CANCEL = "cancel"
    RETURN = "return"
    RESUBMIT = "resubmit"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    TRIAGE = "triage"
    GRANT = "grant"
    FULFIL = "fulfil"
    CLOSE = "close"
    DECLARE = "declare"
    RECORD = "record"
    RATIFY = "ratify"
    REFUSE = "refuse"


ACT_NAMES = frozenset(act.value for act in ActName)
"""The acts as statements and events name them."""

S, A = State, ActName
_BEFORE_APPROVAL = (
    S.REGISTERED,
    S.DISPOSED,
    S.EXAMINED,
    S.CLASSIFIED,
    S.VERIFIED,
    S.PRIORITISED,
    S.PLANNED,
    S.CONSIDERED,
)
_OPEN = (*_BEFORE_APPROVAL, S.TRIAGED)

TRANSITIONS: Mapping[tuple[State, ActName], State] = {
    (S.REGISTERED, A.DISPOSE): S.DISPOSED,
    (S.DISPOSED, A.EXAMINE): S.EXAMINED,
    (S.EXAMINED, A.CLASSIFY): S.CLASSIFIED,
    (S.CLASSIFIED, A.VERIFY): S.VERIFIED,
    (S.VERIFIED, A.PRIORITISE): S.PRIORITISED,
    (S.PRIORITISED, A.PLAN): S.PLANNED,
    (S.PLANNED, A.PLAN): S.PLANNED,
    (S.CONSIDERED, A.PLAN): S.PLANNED,
    (S.APPROVED, A.PLAN): S.PLANNED,
    (S.PARTIAL, A.PLAN): S.PLANNED,
    (S.PLANNED, A.CONSIDER): S.CONSIDERED,
    (S.CONSIDERED, A.APPROVE): S.APPROVED,
    (S.APPROVED, A.REVOKE): S.PLANNED,
    (S.APPROVED, A.START): S.RUNNING,
    (S.RUNNING, A.CANCEL): S.RUNNING,
    (S.DONE, A.CLOSE): S.CLOSED,
    (S.REGISTERED, A.TRIAGE): S.TRIAGED,
    (S.TRIAGED, A.GRANT): S.GRANTED,
    (S.PRIORITISED, A.GRANT): S.GRANTED,
    (S.GRANTED, A.FULFIL): S.CLOSED,
    (S.RETURNED, A.RESUBMIT): S.REGISTERED,
    (S.PARTIAL, A.WITHDRAW): S.WITHDRAWN,
    (S.RETURNED, A.WITHDRAW): S.WITHDRAWN,
    (S.APPROVED, A.WITHDRAW): S.WITHDRAWN,
    (S.GRANTED, A.WITHDRAW): S.WITHDRAWN,
    (S.DECLARED, A.PLAN): S.READIED,
    (S.READIED, A.PLAN): S.READIED,
    (S.READIED, A.START): S.RUNNING,
    (S.DECLARED, A.WITHDRAW): S.WITHDRAWN,
    (S.READIED, A.WITHDRAW): S.WITHDRAWN,
    **{(S.UNRATIFIED, a): S.DONE for a in (A.RATIFY, A.REFUSE)},
    **{(S.UNRATIFIED_PART, a): S.PARTIAL for a in (A.RATIFY, A.REFUSE)},
    **{(s, A.RETURN): S.RETURNED for s in _OPEN},
    **{(s, A.REJECT): S.REJECTED for s in _OPEN},
    **{(s, A.WITHDRAW): S.WITHDRAWN for s in _OPEN},
}
"""(state, act) → state. START is the gate's; a run's end is a fact, not an act: see ``RUN_ENDS``."""

RUN_ENDS: Mapping[str, State] = {"done": S.DONE, "partial": S.PARTIAL, "failed": S.PARTIAL, "interrupted": S.PARTIAL}
"""Outcome of a run → state of its request."""

UNRATIFIED_ENDS: Mapping[State, State] = {S.DONE: S.UNRATIFIED, S.PARTIAL: S.UNRATIFIED_PART}
"""The same for a run by a decree: where it would end → where it waits until somebody answers for it."""

BEGINS: Mapping[ActName, State] = {A.REGISTER: S.REGISTERED, A.DECLARE: S.DECLARED, A.RECORD: S.UNRATIFIED}
"""Acts that make a request → the state it begins in."""

ON_PLAN = frozenset({S.PLANNED, S.CONSIDERED, S.APPROVED})
"""States that stand on the request's plan: there, and only there, an equal plan made again changes nothing."""

FINAL = frozenset({S.CLOSED, S.REJECTED, S.WITHDRAWN})
"""States that nothing leaves."""

UNTIMED = FINAL | {S.DONE, S.RETURNED}
"""States in which no date of the SOP runs: over, carried out, or back with the requester."""


@dataclass(frozen=True, slots=True)
class ActRule:
    """Who may do an act: holders of the offices that carry out one of these SOP steps.

    Attributes:
        steps: SOP steps; the court's preset maps each to an office.
        reason: Whether the act needs a written reason.
        on_time: SOP step whose deadline this act meets, or empty.
    """

    steps: tuple[str, ...]
    reason: bool = False
    on_time: str = ""


RULES: Mapping[ActName, ActRule] = {
    A.REGISTER: ActRule(("B1",), on_time="B1"),
    A.DISPOSE: ActRule(("B2",), on_time="B2"),
    A.EXAMINE: ActRule(("B3",), on_time="B3"),
    A.CLASSIFY: ActRule(("B4",), on_time="B4"),
    A.VERIFY: ActRule(("B5",), on_time="B5"),
    A.PRIORITISE: ActRule(("B6",), on_time="B6"),
    A.PLAN: ActRule(("B9",)),
    A.CONSIDER: ActRule(("B7",), on_time="B7"),
    A.APPROVE: ActRule(("B8",), on_time="B8"),
    A.REVOKE: ActRule(("B8",), reason=True),
    A.START: ActRule(("B9",), on_time="B9"),
    A.CANCEL: ActRule(("B9",)),
    A.RETURN: ActRule(("B2", "B3", "B5", "B7", "B8"), reason=True),
    A.RESUBMIT: ActRule(("B1",)),
    A.REJECT: ActRule(("B2", "B8"), reason=True),
    A.WITHDRAW: ActRule(("B1",), reason=True),
    A.TRIAGE: ActRule(("B1",)),
    A.GRANT: ActRule(("B8",), on_time="B8"),
    A.FULFIL: ActRule(("B9",), on_time="B9"),
    A.CLOSE: ActRule(("B9",)),
    A.DECLARE: ActRule(("B9",)),
    A.RECORD: ActRule(("B3", "B9"), on_time="B9"),
    A.RATIFY: ActRule(("B8",), on_time="B8"),
    A.REFUSE: ActRule(("B8",), reason=True, on_time="B8"),
}

EVENT_OF: Mapping[ActName, str] = {
    A.REGISTER: "request.registered",
    A.DISPOSE: "request.disposed",
    A.EXAMINE: "request.examined",
    A.CLASSIFY: "request.classified",
    A.VERIFY: "request.verified",
    A.PRIORITISE: "request.prioritised",
    A.PLAN: "request.planned",
    A.CONSIDER: "request.considered",
    A.APPROVE: "request.approved",
    A.REVOKE: "approval.revoked",
    A.START: "run.started",
    A.CANCEL: "run.cancelled",
    A.RETURN: "request.returned",
    A.RESUBMIT: "request.resubmitted",
    A.REJECT: "request.rejected",
    A.WITHDRAW: "request.withdrawn",
    A.TRIAGE: "request.triaged",
    A.GRANT: "request.granted",
    A.FULFIL: "request.fulfilled",
    A.CLOSE: "request.closed",
    A.DECLARE: "emergency.declared",
    A.RECORD: "emergency.recorded",
    A.RATIFY: "emergency.ratified",
    A.REFUSE: "emergency.refused",
}
"""Act → event type: a past fact for each act."""

ACT_OF: Mapping[str, ActName] = {event: act for act, event in EVENT_OF.items()}

KINDS = ("service_request", "incident")
CATEGORIES = (
    "account",
    "network",
    "computer",
    "case_system",
    "website",
    "mail",
    "data",
    "security",
    "software",
    "development",
    "loan",
)
"""The SOP's service catalogue, domain.md 4.1, in its order."""

IMPACTS = ("wide", "section", "single")
LEVELS = ("high", "medium", "low")
PRIORITY: Mapping[tuple[str, str], str] = {
    (impact, urgency): f"P{max(1, min(4, 1 + i + u))}"
    for i, impact in enumerate(IMPACTS)
    for u, urgency in enumerate(LEVELS)
}
"""(impact, urgency) → P1 critical … P4 low (FM-TI-05)."""

PERSONAL_DATA = ("yes", "no", "unknown")
ADVICE = ("approve", "approve_with_conditions", "defer", "decline")

CHOICES: Mapping[ActName, Mapping[str, tuple[str, ...]]] = {
    A.REGISTER: {"kind": KINDS, "category": CATEGORIES, "urgency": LEVELS, "personal_data": PERSONAL_DATA},
    A.DISPOSE: {"letter_urgency": ("very_urgent", "urgent", "ordinary", "secret")},
    A.CLASSIFY: {"category": CATEGORIES, "change_type": tuple(c.value for c in ChangeType)},
    A.PRIORITISE: {"impact": IMPACTS, "urgency": LEVELS},
    A.TRIAGE: {"category": CATEGORIES, "impact": IMPACTS, "urgency": LEVELS},
    A.CONSIDER: {"advice": ADVICE},
    A.DECLARE: {"category": CATEGORIES, "personal_data": PERSONAL_DATA},
    A.RECORD: {"category": CATEGORIES, "personal_data": PERSONAL_DATA},
}
"""What each act must say besides its texts: field → allowed words."""

ALSO_SAID: Mapping[ActName, tuple[str, ...]] = {
    A.REGISTER: ("requester",),
    A.PLAN: ("plan", "playbook", "sealed", "hosts", "counts"),
    A.CONSIDER: ("plan",),
    A.APPROVE: ("plan", "hosts", "not_before", "expires", "uses"),
    A.START: ("approval", "decree", "plan", "hosts"),
    A.CANCEL: ("run",),
    A.DECLARE: ("decree",),
    A.RECORD: ("acted", "done_at", "hosts", "evidence"),
}
"""Fields besides the choices; an act on paper also has ``recorder``. There are no others: what is free is a text."""

WORDS_NEEDED: Mapping[ActName, tuple[str, ...]] = {
    A.REGISTER: ("description", "unit"),
    A.FULFIL: ("result",),
    A.DECLARE: ("description",),
    A.RECORD: ("description",),
}
"""Texts an act can't do without; a reason is asked for by its rule."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened to a request.

    Attributes:
        act: Name of the act, or ``run.finished``.
        seq: Where in the ledger.
        at: When, aware UTC.
        person: Id of who acted, or empty for the machine.
        capacity: In which capacity, as the event says.
        proof: ``signature | attested | paper``, or empty for what the machine recorded.
    """

    act: str
    seq: int
    at: datetime
    person: str
    capacity: str
    proof: str


@dataclass(frozen=True, slots=True)
class PlanRef:
    """The plan a request stands on.

    Attributes:
        digest: The plan digest, 64 hex digits.
        sealed: Id of the sealed copy it was made from.
        blob: The stored plan.
        unapprovable: Number of ``failed`` records.
        at: When it was made, aware UTC.
    """

    digest: str
    playbook: str
    sealed: str
    hosts: tuple[str, ...]
    blob: BlobRef
    unapprovable: int
    seq: int
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Request:
    """A request as folded from its events."""

    id: str
    number: str
    kind: str
    requester: str
    state: State
    due: Mapping[str, str]
    category: str = ""
    change_type: str = ""
    priority: str = ""
    advice: str = ""
    advised_by: str = ""
    advised_plan: str = ""
    plan: PlanRef | None = None
    approval: str = ""
    texts: Mapping[str, BlobRef] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    emergency: Emergency | None = None

    @property
    def technical(self) -> bool:
        """Whether it was classified as a change of hosts or gear; unclassified counts as technical."""
        return self.change_type != ChangeType.NONE.value

    @property
    def by_decree(self) -> str:
        """Id of the decree by which it may be planned and run once without an approval, or empty."""
        return self.emergency.decree if self.emergency and self.emergency.may_start else ""


def may_follow(state: State) -> tuple[ActName, ...]:
    """Give the acts that can follow a state, in the table's order."""
    return tuple(act for (s, act) in TRANSITIONS if s is state)


STATE_WORDS: Mapping[State, str] = {
    S.REGISTERED: N_("registered"),
    S.DISPOSED: N_("disposed"),
    S.EXAMINED: N_("examined"),
    S.CLASSIFIED: N_("classified"),
    S.VERIFIED: N_("verified"),
    S.PRIORITISED: N_("prioritised"),
    S.PLANNED: N_("planned"),
    S.CONSIDERED: N_("considered"),
    S.APPROVED: N_("approved"),
    S.RUNNING: N_("being carried out"),
    S.DONE: N_("carried out"),
    S.PARTIAL: N_("partly carried out"),
    S.RETURNED: N_("returned"),
    S.REJECTED: N_("rejected"),
    S.WITHDRAWN: N_("withdrawn"),
    S.TRIAGED: N_("ready for approval"),
    S.GRANTED: N_("approved, no technical change"),
    S.CLOSED: N_("finished"),
    S.DECLARED: N_("declared an emergency"),
    S.READIED: N_("planned as an emergency"),
    S.UNRATIFIED: N_("carried out, waits for ratification"),
    S.UNRATIFIED_PART: N_("partly carried out, waits for ratification"),
}
"""What people read for each state."""
