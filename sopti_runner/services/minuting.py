"""Minutes of execution (Berita Acara, SOP B9): written from the ledger, signed by hand on paper."""

from __future__ import annotations

from sopti_runner.domain.change import Wording
from sopti_runner.domain.court import Court
from sopti_runner.domain.minutes import Minutes
from sopti_runner.domain.request import Request
from sopti_runner.domain.run import GOOD, Run
from sopti_runner.domain.signatory import Signatory
from sopti_runner.errors import N_, NotFoundError
from sopti_runner.ports import Content
from sopti_runner.services.books import Books
from sopti_runner.services.planning import find
from sopti_runner.services.signatories import latest, requester, signed, title


def minutes_of(books: Books, content: Content, number: str) -> Minutes:
    """Give the minutes of a request that was carried out, wholly or in part.

    Raises:
        NotFoundError: Nothing was carried out yet.
    """
    court = books.court()
    request = find(court, number)
    run = next((r for r in reversed(court.runs.values()) if r.request == request.id and r.ended_at), None)
    acted = signed(books, court, request)
    executed = latest(acted, "B9")
    if executed is None or executed.at is None:
        raise NotFoundError(
            N_("Nothing was carried out yet"), on=request.number, next=f"sopti request show {request.number}"
        )
    ended = run.ended_at if run and run.ended_at else executed.at
    return Minutes(
        letterhead=tuple(books.text(court.name).split("\n")),
        place=books.text(court.place),
        zone=court.zone,
        number=request.number,
        work=_work(books, content, request),
        approval=latest(acted, "B8"),
        started_at=run.started_at if run else executed.at,
        ended_at=ended,
        outcome=run.outcome if run else "done",
        hosts=tuple(sorted((run.hosts or {}).items())) if run else (),
        deviations=_deviations(run),
        evidence=_evidence(court, request, run),
        executor=executed,
        requester=Signatory(requester(books, court, request), Wording("Pemohon", "Requester")),
        knowing=Signatory("", title(court, court.executor("B3"))),
        plan=request.plan.digest if request.plan else "",
        made_at=books.now().time,
    )


def _work(books: Books, content: Content, request: Request) -> Wording:
    if request.plan:
        return content.change_model(request.plan.playbook).purpose
    said = [books.text(request.texts[name]) for name in ("description", "result") if name in request.texts]
    return Wording(*["; ".join(said)] * 2)


def _deviations(run: Run | None) -> tuple[str, ...]:
    hosts = sorted((run.hosts or {}).items()) if run else []
    return tuple(f"{host}: {state}" for host, state in hosts if state not in GOOD)


def _evidence(court: Court, request: Request, run: Run | None) -> tuple[str, ...]:
    lines = [
        f"{court.origin} #{step.seq} {step.act}" for step in request.steps if step.act in ("approve", "grant", "start")
    ]
    return (*lines, f"run {run.id}") if run else tuple(lines)
