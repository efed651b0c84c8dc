"""Who did what and how it is known, as papers name it: one way for the approval sheet and the minutes."""

from __future__ import annotations

from collections.abc import Sequence

from sopti_runner.domain.change import Wording
from sopti_runner.domain.court import Court
from sopti_runner.domain.ledger.event import Event
from sopti_runner.domain.office import Status
from sopti_runner.domain.request import ACT_OF, RULES, ActName, Request, Step
from sopti_runner.domain.signatory import Signatory
from sopti_runner.domain.statement import ProofKind
from sopti_runner.services.books import Books


def title(court: Court, office: str) -> Wording:
    """Give an office's title, or its id when this court has no such office any more."""
    if court.sop and office in court.offices:
        return court.sop.role(office).title
    return Wording(office, office)


def named(books: Books, court: Court, request: Request, steps: Sequence[Step]) -> tuple[Signatory, ...]:
    """Give who did some of a request's steps, in order; what the machine recorded is left out."""
    acts = [step for step in steps if step.act in set(ActName)]
    events = _acts_of(books, request)
    return tuple(_signatory(books, court, step, events[step.seq]) for step in acts)


def latest(signatories: Sequence[Signatory], step: str) -> Signatory | None:
    """Give who did an SOP step last."""
    return next((s for s in reversed(signatories) if s.step == step), None)


def requester(books: Books, court: Court, request: Request) -> str:
    """Give the name written on the request; else that of the person who counts as the requester."""
    written = request.texts.get("requester")
    return books.text(written) if written else books.name(court, request.requester)


def note_of(books: Books, request: Request, act: ActName, name: str) -> str:
    """Give a text of the newest act of a kind, or empty when that act had none, whatever an earlier one said."""
    event = next((e for _, e in sorted(_acts_of(books, request).items(), reverse=True) if ACT_OF[e.type] is act), None)
    blob = next((b for b in event.blobs if b.name == name), None) if event else None
    return books.text(blob) if blob else ""


def _acts_of(books: Books, request: Request) -> dict[int, Event]:
    found = books.store.events(request.steps[0].seq, types=tuple(ACT_OF), subject=request.id)
    return {event.seq: event for event in found}


def _signatory(books: Books, court: Court, step: Step, event: Event) -> Signatory:
    office, _, status = step.capacity.partition(":")
    data = event.data
    recorder = data.get("recorder") if step.proof == ProofKind.PAPER.value else (data.get("proof") or {}).get("by")
    return Signatory(
        books.name(court, step.person),
        title(court, office),
        Status(status) if status else Status.DEFINITIVE,
        RULES[ActName(step.act)].on_time,
        step.at,
        step.act,
        step.proof,
        books.name(court, recorder) if recorder else "",
    )
