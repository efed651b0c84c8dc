"""Who signed what, as papers name them: one way for the approval sheet and the minutes."""

from __future__ import annotations

from collections.abc import Sequence

from sopti_runner.domain.change import Wording
from sopti_runner.domain.court import Court
from sopti_runner.domain.office import Status
from sopti_runner.domain.request import RULES, ActName, Request, Step
from sopti_runner.domain.signatory import Signatory
from sopti_runner.services.books import Books


def title(court: Court, office: str) -> Wording:
    """Give an office's title, or its id when this court has no such office any more."""
    if court.sop and office in court.offices:
        return court.sop.role(office).title
    return Wording(office, office)


def signed(books: Books, court: Court, request: Request) -> tuple[Signatory, ...]:
    """Give everybody who acted on a request, in order; what the machine recorded is left out."""
    return tuple(_signatory(books, court, step) for step in request.steps if step.act in set(ActName))


def latest(signatories: Sequence[Signatory], step: str) -> Signatory | None:
    """Give who did an SOP step last."""
    return next((s for s in reversed(signatories) if s.step == step), None)


def requester(books: Books, court: Court, request: Request) -> str:
    """Give the name written on the request; else that of the person who counts as the requester."""
    written = request.texts.get("requester")
    return books.text(written) if written else books.name(court, request.requester)


def _signatory(books: Books, court: Court, step: Step) -> Signatory:
    office, _, status = step.capacity.partition(":")
    held = Status(status) if status else Status.DEFINITIVE
    return Signatory(
        books.name(court, step.person), title(court, office), held, RULES[ActName(step.act)].on_time, step.at
    )
