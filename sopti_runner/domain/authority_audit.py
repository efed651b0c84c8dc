"""Authority, asked again: was every recorded act allowed when it was recorded?

The rule this module keeps:

- The same ``judge`` and ``decide`` that stood before the event judge it again from the events before it; nothing else
  is consulted, so an auditor needs no word of the operator or the server.
- What an event says besides its signed statement must follow from it: person, capacity, texts, numbers, deadlines.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sopti_runner.domain import access
from sopti_runner.domain.authority import Act, judge
from sopti_runner.domain.court import Court
from sopti_runner.domain.derived import derived
from sopti_runner.domain.gate import Authority, Evidence, Refusal, decide
from sopti_runner.domain.governance import CONFIRM, PROPOSE, RECORDED_AS, recorded_as
from sopti_runner.domain.ledger.event import SYSTEM, Actor, Event
from sopti_runner.domain.ledger.merkle import Frontier
from sopti_runner.domain.ledger.verification import Defect
from sopti_runner.domain.reason import Reason
from sopti_runner.domain.request import ACT_OF
from sopti_runner.domain.run import CONTAINMENTS, PARENT_DEATH, RUNNING, outcome_of
from sopti_runner.domain.sshsig import PublicKey
from sopti_runner.domain.standing import start_claims
from sopti_runner.domain.statement import Proof, ProofKind, Statement, parse_statement, proof_from
from sopti_runner.domain.time_rules import Instant, clock_reason
from sopti_runner.errors import N_, SoptiError

GOVERNANCE = {
    "governance.proposed": PROPOSE,
    "governance.confirmed": CONFIRM,
    **dict.fromkeys(RECORDED_AS.values(), CONFIRM),
}
MACHINE = access.EVENTS | {
    "task.finished",
    "run.finished",
    "read.finished",
    "gate.refused",
    "blob.erased",
    "witness.cosigned",
    "backup.made",
    "kit.made",
    "secret.set",
    "secret.removed",
}
"""Events that sopti records by itself; whether they are true, only the hosts can tell."""


BROKEN = (KeyError, ValueError, TypeError, AssertionError, AttributeError, SoptiError)
"""What reading an event raises whose words are not those of its type."""

UNPROVEN = frozenset({"does_not_fold", "statement_malformed", "key_unknown", "key_retired", "signature_bad"})
"""Reasons with which a statement says nothing about the ledger that its signer saw."""

PARTED = frozenset({"head_differs", "statement_ahead"})
"""Reasons that show events before the act to be other than those its signer saw."""

WINDOW = 4096
"""How many sizes back a statement may name the ledger it saw and still be checked, in one pass and little memory."""


class AuthorityAudit:
    """Fold a log event by event, judging each before it is folded; ``see`` is an ``on_event`` of the ledger's audit.

    A statement that covers a list is judged once, with its first event; the others must follow, each subject once.

    Args:
        persons: Person id → SSH public keys, from the auditor's own trust file; a key that differs is a defect.

    A signer's statement names the ledger they saw. Where it parts from this one, the first event that no earlier signer
    confirmed is named, once; every later statement parts from it as well.

    Attributes:
        court: The court up to the last event seen.
    """

    def __init__(self, persons: Mapping[str, Sequence[PublicKey]] | None = None) -> None:
        self.court = Court()
        self._persons = {p: {k.fingerprint for k in keys} for p, keys in (persons or {}).items()}
        self._list: tuple[tuple[str, bytes, Proof] | None, frozenset[str]] = (None, frozenset())
        self._tree = Frontier()
        self._agreed, self._matched, self._parted = 0, 0, False
        self._seen: deque[bytes] = deque([self._tree.dump()], WINDOW)

    def see(self, event: Event) -> list[Defect]:
        """Give what is wrong with the next event, and fold it; a fold that fails is itself a defect."""
        found = list(self._defects(event))
        try:
            self.court.apply(event)
        except BROKEN as error:
            found.append(_defect(event, _malformed(error)))
        self._tree.add(event.leaf)
        self._seen.append(self._tree.dump())
        return found

    def _defects(self, event: Event) -> Iterator[Defect]:
        """Give each reason at the first event it concerns; that a signer saw another ledger is said once."""
        self._matched = 0
        try:
            reasons = tuple(self._reasons(event))
        except BROKEN as error:
            reasons = (_malformed(error),)
        if UNPROVEN & {r.code for r in reasons}:
            yield from (_defect(event, r) for r in reasons)
            return
        self._agreed = max(self._agreed, self._matched)
        yield from (_defect(event, r) for r in reasons if r.code not in PARTED)
        parted = next((r for r in reasons if r.code in PARTED), None)
        if parted and not self._parted:
            self._parted = True
            what = N_("History was changed after somebody signed, at or after the event named")
            yield replace(_defect(event, parted), code="head_differs", what=what, seq=self._agreed)

    def _reasons(self, event: Event) -> Iterator[Reason]:
        if (event.seq == 0) != (event.type == "court.created"):
            yield Reason("genesis_misplaced", N_("A log begins with its genesis event and has only one"))
            return
        yield from self._clock(event)
        yield from self._keys(event)
        if event.type in ACT_OF or event.type in GOVERNANCE:
            yield from self._act_reasons(event)
        elif event.type in MACHINE:
            yield from self._machine(event)
        elif event.type != "court.created":
            yield Reason("type_unknown", N_("The event type {type} is unknown"), {"type": event.type})

    def _clock(self, event: Event) -> Iterator[Reason]:
        if event.type in ACT_OF or event.type == "governance.confirmed":
            at = Instant(event.time, event.boot, event.mono)
            reason = clock_reason(self.court.last, at, self.court.policy.pause_days)
            if reason:
                yield reason

    def _act_reasons(self, event: Event) -> Iterator[Reason]:
        name = GOVERNANCE.get(event.type) or ACT_OF[event.type].value
        try:
            raw = str(event.data["statement"]).encode()
            said, proof = parse_statement(raw), proof_from(event.data["proof"])
        except (KeyError, ValueError, TypeError) as error:
            yield Reason("statement_malformed", N_("The signed statement can't be read: {why}"), {"why": str(error)})
            return
        yield from self._head(said)
        act = Act(name, said.subjects, said.person, said.office, said.data, raw, proof)
        first = bool(said.subjects) and event.subject == said.subjects[0]
        same, waiting = (event.type, raw, proof), self._list[1]
        if first:
            yield from judge(self.court, act, event.time)
            self._list = (same, frozenset(said.subjects[1:]))
        elif same == self._list[0] and event.subject in waiting:
            self._list = (same, waiting - {event.subject})
        else:
            yield _differs("subject")
        yield from self._carried(event, act, said, first)
        if event.type == "run.started":
            yield from self._gate(event, act)

    def _carried(self, event: Event, act: Act, said: Statement, first: bool) -> Iterator[Reason]:
        """Compare what the event carries with what was signed and what follows from it."""
        if event.actor != self._actor(act, event):
            yield _differs("actor")
        texts = sorted((b.name, b.digest.hex()) for b in event.blobs)
        if texts != (sorted(said.texts.items()) if first else []):
            yield _differs("texts")
        if event.type != "run.started" and "claims" in event.data:
            yield _differs("claims")
        if act.name == CONFIRM and event.type != self._type_of(act, event):
            yield _differs("type")
        expected: dict[str, Any] = dict(said.data)
        try:
            if act.name not in (PROPOSE, CONFIRM):
                expected |= derived(self.court, act, event.subject, event.time)
        except (KeyError, ValueError, AttributeError):
            return
        added = ("statement", "proof", "nonce", "claims", *(("containment",) if event.type == "run.started" else ()))
        own = {k: v for k, v in event.data.items() if k not in added}
        for key in sorted(set(expected) | set(own)):
            if own.get(key) != expected.get(key):
                yield _differs(key)
        if event.data.get("nonce") != said.nonce:
            yield _differs("nonce")

    def _actor(self, act: Act, event: Event) -> Actor:
        """Give how an event of this act names who did it; an act without an office is refused by ``judge``."""
        held = self.court.capacity(act.person, act.office, event.time)
        credential = act.proof.key if act.proof.kind is ProofKind.SIGNATURE else act.proof.kind.value
        return Actor(act.person, held.capacity if held else "", credential)

    def _type_of(self, act: Act, event: Event) -> str:
        """Give the type that a confirmation of this proposal has; its own when there is no such proposal."""
        proposal = self.court.proposals.get(act.subjects[0]) if act.subjects else None
        return recorded_as(proposal) if proposal else event.type

    def _head(self, said: Statement) -> Iterator[Reason]:
        """Whoever signed saw this ledger: what came before can't have been rewritten without their key."""
        back = self._tree.size - said.head_size
        if 0 <= back < len(self._seen):
            root = Frontier.load(self._seen[-1 - back]).root().hex()
            if root == said.head_root:
                self._matched = said.head_size
            else:
                yield Reason("head_differs", N_("The signer saw another ledger than this one"))

    def _keys(self, event: Event) -> Iterator[Reason]:
        """Compare enrolled keys with those the auditor brought along."""
        for person, fingerprint in _enrolled(event):
            known = self._persons.get(person)
            if known is not None and fingerprint not in known:
                yield Reason(
                    "key_not_trusted", N_("The enrolled key of {person} is not the one you know"), {"person": person}
                )

    def _gate(self, event: Event, act: Act) -> Iterator[Reason]:
        """Ask the gate again with what the ledger knows; what hosts and files were, only the runner saw."""
        request = self.court.requests.get(event.subject)
        if request is None:
            return
        approval = self.court.approvals.get(request.approval)
        evidence = Evidence(plan=str(event.data.get("plan")))
        at = Instant(event.time, event.boot, event.mono)
        decision = decide(Authority(self.court, request, approval, act.person, act.office), evidence, at)
        if isinstance(decision, Refusal):
            yield from decision.reasons
            return
        rests_on = (event.data.get("approval", ""), event.data.get("decree", ""))
        if list(decision.hosts) != event.data.get("hosts") or rests_on != (decision.approval, decision.decree):
            yield _differs("approval")
        if event.data.get("claims") != start_claims(request):
            yield _differs("claims")
        if event.data.get("containment", PARENT_DEATH) not in CONTAINMENTS:
            yield _differs("containment")

    def _machine(self, event: Event) -> Iterator[Reason]:
        """A record of the machine bears nobody's name (a refusal that of who was refused) and takes nothing."""
        if event.actor != SYSTEM and event.type != "gate.refused":
            yield _differs("actor")
        if "claims" in event.data:
            yield _differs("claims")
        if event.type == "run.finished":
            yield from self._run_end(event)
        if event.type == "blob.erased":
            yield from self._erasure(event)
        if event.type == "access.certified":
            yield from self._certificates(event)
        if event.type == "session.recorded":
            yield from self._session(event)

    def _run_end(self, event: Event) -> Iterator[Reason]:
        data: Mapping[str, Any] = event.data
        run = self.court.runs.get(str(data.get("run")))
        if run is None or run.outcome != "running" or run.request != event.subject:
            yield Reason("run_unknown", N_("A run ends that was not going on"))
        elif set(data["hosts"]) != set(run.hosts or {}) or data["outcome"] != _outcome(data):
            yield _differs("outcome")

    def _certificates(self, event: Event) -> Iterator[Reason]:
        """Certificates of a run are for its request and hosts, while it goes on; all others for a look of their own."""
        data, hosts = event.data, {row["host"] for row in event.data["certificates"]}
        request, run = self.court.requests.get(event.subject), self.court.runs.get(data["errand"])
        if data["number"] != (request.number if request else ""):
            yield _differs("number")
        if data["purpose"] != access.Purpose.READ:
            going_on = run is not None and run.outcome == RUNNING and run.request == event.subject
            if run is None or not going_on or not hosts <= set(run.hosts or {}):
                what = N_("Certificates were issued for a run that was not going on, or for hosts that it did not have")
                yield Reason("certificate_without_run", what)
            elif data["purpose"] == access.Purpose.SESSION and data["person"] != run.executor:
                yield _differs("person")
        elif data["errand"] != event.id:
            yield _differs("errand")

    def _session(self, event: Event) -> Iterator[Reason]:
        """What is recorded of work by hand belongs to a run that goes on, and to whom a certificate let in for it."""
        data, known = event.data, self.court.access
        run, let_in = self.court.runs.get(data["run"]), known.opened(data["run"])
        if run is None or run.outcome != RUNNING or run.request != event.subject or data["run"] in known.sessions:
            yield Reason("run_unknown", N_("A run ends that was not going on"))
        elif let_in is None or (let_in.person, let_in.certificate.host) != (data["person"], data["host"]):
            yield _differs("person")

    def _erasure(self, event: Event) -> Iterator[Reason]:
        """An erasure rests on a proposal that another official confirmed, and goes no further than it."""
        proposal = self.court.proposals.get(event.subject)
        allowed = proposal is not None and proposal.kind == "erase" and proposal.confirmed
        if proposal is None or not allowed or event.data.get("digests") != [proposal.data["digest"]]:
            yield Reason("erasure_not_confirmed", N_("A text was erased that no two officials agreed to erase"))


def _outcome(data: Mapping[str, Any]) -> str:
    return outcome_of(data["hosts"], stopped=data.get("stopped") is True)


def _enrolled(event: Event) -> Iterator[tuple[str, str]]:
    """Give (person, fingerprint) of every key that this event puts before the court."""
    try:
        if event.type == "court.created":
            for row in event.data["persons"]:
                for key in row["keys"]:
                    yield row["person"], key["fingerprint"]
        elif event.type == "governance.proposed" and event.data["kind"] in ("enrol", "key"):
            yield event.data["content"]["person"], event.data["content"]["key"]["fingerprint"]
    except (KeyError, TypeError):
        return


def _defect(event: Event, reason: Reason) -> Defect:
    return Defect(
        "unlawful", N_("An act was not allowed when it was recorded"), event.seq, found=f"{reason.code}: {reason}"
    )


def _malformed(error: Exception) -> Reason:
    return Reason("does_not_fold", N_("The event can't be read as one of its type: {why}"), {"why": repr(error)})


def _differs(part: str) -> Reason:
    return Reason(
        "event_differs", N_("The event says something else than its signed statement: {part}"), {"part": part}
    )
