"""Minutes of execution (Berita Acara, SOP B9): written from the ledger, signed by hand on paper."""

from __future__ import annotations

from contextlib import suppress

from sopti_runner.domain.change import Wording
from sopti_runner.domain.court import Court
from sopti_runner.domain.minutes import EVIDENCE_WORDS, Minutes
from sopti_runner.domain.request import ActName, Request
from sopti_runner.domain.signatory import Signatory
from sopti_runner.errors import N_, NotFoundError, SoptiError
from sopti_runner.ports import Content
from sopti_runner.services.books import Books
from sopti_runner.services.planning import find
from sopti_runner.services.signatories import latest, named, note_of, requester, title


def minutes_of(books: Books, content: Content, number: str) -> Minutes:
    """Give the minutes of a request that was carried out, wholly or in part.

    Raises:
        NotFoundError: Nothing was carried out yet.
    """
    court = books.court()
    request = find(court, number)
    runs = tuple(r for r in court.runs.values() if r.request == request.id)
    upto = runs[-1].seq if runs else court.size
    acted = named(books, court, request, [step for step in request.steps if step.seq <= upto])
    executed = latest(acted, "B9")
    if executed is None or executed.at is None:
        raise NotFoundError(
            N_("Nothing was carried out yet"), on=request.number, next=f"sopti request show {request.number}"
        )
    return Minutes(
        letterhead=tuple(books.text(court.name).split("\n")),
        place=books.text(court.place),
        zone=court.zone,
        number=request.number,
        work=_work(books, content, request, ran=bool(runs)),
        result=note_of(books, request, ActName.CLOSE if runs else ActName.FULFIL, "result"),
        approval=latest(named(books, court, request, request.steps) if request.emergency else acted, "B8"),
        runs=runs,
        ended_at=next((r.ended_at for r in reversed(runs) if r.ended_at), executed.at),
        log=court.origin,
        evidence=tuple((step.act, step.seq) for step in request.steps if step.act in EVIDENCE_WORDS),
        executor=executed,
        requester=_requester(books, court, request),
        knowing=Signatory("", title(court, court.executor("B3"))),
        plan=runs[-1].plan if runs else "",
        made_at=books.now().time,
        emergency=request.emergency,
    )


def _requester(books: Books, court: Court, request: Request) -> Signatory:
    """Give who asked; a section that asked without naming anybody leaves the name to be written by hand."""
    name, unit = requester(books, court, request), books.text(request.texts.get("unit"))
    return Signatory("" if name == unit else name, Wording(unit, unit))


def _work(books: Books, content: Content, request: Request, *, ran: bool) -> Wording:
    """Give what was done: the purpose that was sealed, or the request's own words when no intact copy is left."""
    if ran and request.plan:
        with suppress(SoptiError):
            return content.change_model(request.plan.playbook, request.plan.sealed).purpose
    said = books.text(request.texts.get("description"))
    return Wording(said, said)
