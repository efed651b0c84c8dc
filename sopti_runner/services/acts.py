"""Acts: a person's act is prepared as a statement, proven, judged, and recorded; one way for every act of the SOP."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sopti_runner.domain import restoration
from sopti_runner.domain.act_content import texts_needed
from sopti_runner.domain.authority import Act, judge, offices_for
from sopti_runner.domain.court import Court
from sopti_runner.domain.derived import derived
from sopti_runner.domain.governance import CONFIRM, MENDING, PROPOSE, recorded_as
from sopti_runner.domain.ledger.event import Blob, Draft, Event, blob_digest
from sopti_runner.domain.request import BEGINS, EVENT_OF, ActName
from sopti_runner.domain.statement import Proof, ProofKind, Statement, parse_statement, statement_digest
from sopti_runner.domain.time_rules import Instant
from sopti_runner.errors import N_, NotFoundError, UsageError
from sopti_runner.ports import Outbox, StatementSigner, Waiting
from sopti_runner.services.books import Books, actor_of, who_tried
from sopti_runner.services.ledger_care import carry_out_erasures

CHECKPOINTED = frozenset(
    {
        *("request.approved", "request.granted", "governance.confirmed", "clock.corrected", restoration.RECORDED),
        *("emergency.recorded", "emergency.ratified", "emergency.refused"),
    }
)
"""Events after which the ledger's end is signed and sent off the machine."""

BEGUN = frozenset({*BEGINS, PROPOSE})
"""Acts whose event begins something: its id is made with the statement."""


@dataclass(frozen=True, slots=True)
class OnPaper:
    """What an act signed by hand brings with it.

    Attributes:
        recorder: Id of the person who brings the page in.
        scan: The scanned page, as it came.
    """

    recorder: str
    scan: bytes


class Acts:
    """Prepare acts and record them.

    Args:
        books: The court's books.
        outbox: Where statements wait whose signature is made elsewhere.
    """

    def __init__(self, books: Books, outbox: Outbox) -> None:
        self.books, self.outbox = books, outbox

    def prepare(
        self,
        name: str,
        *,
        person: str,
        subjects: Sequence[str],
        data: Mapping[str, Any],
        texts: Mapping[str, str | bytes] | None = None,
        display: str = "",
        office: str = "",
        paper: OnPaper | None = None,
    ) -> Waiting:
        """Make the statement of an act, with its texts sealed; nothing is written.

        Args:
            name: An ``ActName`` value, ``propose`` or ``confirm``.
            person: Who acts.
            subjects: Request ids; empty for an act that begins something (the id is made here).
            data: The act's own words.
            texts: Free texts and files, by name.
            display: What the person was shown; bound by its digest.
            office: In which office; when empty, the first that this person holds and that may do the act.
            paper: When the person signed by hand; a second person then signs the statement.
        """
        if paper:
            data, texts = {**data, "recorder": paper.recorder}, {**(texts or {}), "scan": paper.scan}
        books, at = self.books, self.books.now()
        court, head = books.court(), books.store.head()
        blobs = tuple(books.blob(key, value) for key, value in (texts or {}).items())
        made = name in BEGUN
        statement = Statement(
            log=court.origin,
            act=name,
            subjects=(books.new_id(at),) if made else tuple(subjects),
            person=person,
            office=office or self._office(court, name, person, _decree_of(court, subjects, data)),
            data=data,
            texts={b.name: blob_digest(b).hex() for b in blobs},
            head_size=head.size,
            head_root=head.root.hex(),
            policy=court.policy.digest,
            display=hashlib.sha256(display.encode()).hexdigest(),
            nonce=secrets.token_hex(16),
            made_at=at.time.isoformat(),
        )
        return Waiting(statement.encode(), blobs, display)

    def _office(self, court: Court, name: str, person: str, decree: str) -> str:
        allowed = court.offices if name in (PROPOSE, CONFIRM) else offices_for(court, ActName(name), decree)
        moment = self.books.believed(court, self.books.now()).time
        held = [office for office in allowed if court.capacity(person, office, moment)]
        return held[0] if held else (allowed[0] if allowed else "")

    def sign(self, waiting: Waiting, signer: StatementSigner) -> tuple[Event, ...]:
        """Sign with the person's own key at this terminal, or vouch with the key of whoever sits here, and record.

        Raises:
            NotFoundError: Nobody is enrolled with the key.
            RefusedError: As ``record``.
        """
        statement = parse_statement(waiting.statement)
        owner = self.owner(signer.fingerprint)
        kind = ProofKind.SIGNATURE if owner == statement.person else ProofKind.ATTESTED
        proof = Proof(_or_paper(statement, kind), owner, signer.fingerprint, signer.sign(waiting.statement))
        return self.record(waiting, proof)

    def export(self, waiting: Waiting) -> str:
        """Keep the statement until its signature comes back; gives its SHA-256 (hex)."""
        self.outbox.put(waiting)
        return statement_digest(waiting.statement)

    def bring(self, digest: str, armored: str, fingerprint: str) -> tuple[Event, ...]:
        """Record an exported statement with the signature that came back.

        Args:
            digest: SHA-256 (hex) of the statement, or its beginning.
            armored: The SSHSIG text.
            fingerprint: Of the key inside it: the person's, or the second person's for an act on paper.

        Raises:
            NotFoundError: Nobody is enrolled with the key, or no such statement waits.
            RefusedError: As ``record``.
        """
        waiting, owner = self.outbox.get(digest), self.owner(fingerprint)
        kind = _or_paper(parse_statement(waiting.statement), ProofKind.SIGNATURE)
        return self.record(waiting, Proof(kind, owner, fingerprint, armored))

    def owner(self, fingerprint: str) -> str:
        """Give the id of the person who is enrolled with a key (``SHA256:…``); NotFoundError when nobody is."""
        owner = self.books.court().register.owner(fingerprint)
        if owner is None:
            raise NotFoundError(
                N_("This key is not enrolled"), on=fingerprint, next=N_("sopti office enrol, then sopti office confirm")
            )
        return owner.id

    def record(self, waiting: Waiting, proof: Proof) -> tuple[Event, ...]:
        """Judge an act with its proof and append it, one event a subject; a confirmed erasure is carried out at once.

        Raises:
            RefusedError: The act may not be done; the refusal is an event.
            UsageError: Statement and texts do not belong together, or it starts a run, which the gate alone does.
        """
        books = self.books
        statement = parse_statement(waiting.statement)
        if statement.act == ActName.START:
            raise UsageError(N_("A run starts through the gate only"), on=statement.act, next="sopti apply --help")
        held = {b.name: blob_digest(b).hex() for b in waiting.blobs}
        if held != dict(statement.texts):
            raise UsageError(N_("The texts are not those of the statement"), on=statement_digest(waiting.statement))
        for blob in waiting.blobs:
            if blob.name in texts_needed(statement.act) and not blob.content.strip():
                raise UsageError(N_("{option} is missing; this act needs it"), on=blob.name, option=blob.name)
        act = Act(
            statement.act,
            statement.subjects,
            statement.person,
            statement.office,
            statement.data,
            waiting.statement,
            proof,
        )
        court, events = books.settle(lambda court, at: self._judged(court, act, waiting.blobs, at))
        brought_back = any(e.type == restoration.RECORDED for e in events)
        if brought_back or any(
            e.type == "governance.confirmed" and court.proposals[e.subject].kind == "erase" for e in events
        ):
            carry_out_erasures(books)
        self.outbox.drop(statement_digest(waiting.statement))
        if events and events[0].type in CHECKPOINTED:
            books.protect()
        return events

    def _judged(self, court: Court, act: Act, blobs: Sequence[Blob], at: Instant) -> list[Draft]:
        """Give the events of an act, or record its refusal and raise it."""
        books = self.books
        mends, content = _mends(court, act)
        moment = at if act.name == CONFIRM and mends == "clock" else books.believed(court, at)
        reasons = judge(court, act, moment.time)
        if mends == restoration.KIND:
            reasons = (*books.restoration_reasons(court, content), *reasons)
        else:
            clock = () if mends == "clock" else books.clock_reasons(court, at)
            reasons = (*clock, *books.outside_reasons(court), *reasons)
        if reasons:
            subject = act.subjects[0] if act.subjects else ""
            data = {"act": act.name, "named": act.person}
            books.refuse(subject, who_tried(court, act, moment, reasons), reasons, N_("This act is refused"), data)
        return self._drafts(court, act, blobs, moment)

    def _drafts(self, court: Court, act: Act, blobs: Sequence[Blob], at: Instant) -> list[Draft]:
        statement = parse_statement(act.raw)
        drafts = []
        for subject in act.subjects:
            ident = subject if act.name in BEGUN else self.books.new_id(at)
            data = {**_own_data(court, act, subject, at), **_signed(act, statement)}
            drafts.append(Draft(ident, _event_type(court, act), subject, actor_of(court, act, at), data, blobs))
        return [replace(d, blobs=()) if n else d for n, d in enumerate(drafts)]


def _decree_of(court: Court, subjects: Sequence[str], data: Mapping[str, Any]) -> str:
    requests = [court.requests[s] for s in subjects if s in court.requests]
    return next((r.by_decree for r in requests), str(data.get("decree", "")))


def _or_paper(statement: Statement, otherwise: ProofKind) -> ProofKind:
    return ProofKind.PAPER if "recorder" in statement.data else otherwise


def _own_data(court: Court, act: Act, subject: str, at: Instant) -> dict[str, Any]:
    if act.name in (PROPOSE, CONFIRM):
        return dict(act.data)
    return {**act.data, **derived(court, act, subject, at.time)}


def _signed(act: Act, statement: Statement) -> dict[str, Any]:
    return {"statement": act.raw.decode("utf-8"), "proof": act.proof.to_data(), "nonce": statement.nonce}


def _event_type(court: Court, act: Act) -> str:
    if act.name == PROPOSE:
        return "governance.proposed"
    if act.name == CONFIRM:
        return recorded_as(court.proposals[act.subjects[0]])
    return EVENT_OF[ActName(act.name)]


def _mends(court: Court, act: Act) -> tuple[str, Mapping[str, Any]]:
    """Give kind and content of a proposal that puts right what stops every other act; an empty kind for other acts."""
    if act.name == PROPOSE:
        kind, content = act.data.get("kind"), act.data.get("content")
    else:
        proposal = court.proposals.get(act.subjects[0]) if act.name == CONFIRM and act.subjects else None
        kind, content = (proposal.kind, proposal.data) if proposal else ("", {})
    return (str(kind), content) if str(kind) in MENDING and isinstance(content, Mapping) else ("", {})
